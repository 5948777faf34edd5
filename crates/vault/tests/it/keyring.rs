//! The keyring: its file, its rotation, and processes that race for it.

use std::{collections::HashSet, fs, path::Path, sync::Barrier, thread};

use prosopa_vault::{Keyring, KeyringError, OpenError};

fn keyring(folder: &Path) -> Keyring {
    Keyring::open_or_create(&folder.join("keyring.json")).unwrap()
}

/// The ids in the file, the active one first.
pub(crate) fn ids(path: &Path) -> Vec<String> {
    let file: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let keys = file["keys"].as_array().unwrap();
    keys.iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

/// Takes all keys but the active one out of the file, as an operator does.
pub(crate) fn drop_old_keys(path: &Path) {
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    file["keys"].as_array_mut().unwrap().truncate(1);
    fs::write(path, file.to_string()).unwrap();
}

#[test]
fn what_is_sealed_opens_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = keyring(folder.path()).seal("images/1", b"picture").unwrap();
    assert!(!sealed.windows(7).any(|window| window == b"picture"));
    assert_eq!(keyring(folder.path()).open("images/1", sealed).unwrap(), b"picture");
}

#[test]
fn another_place_and_a_flipped_bit_do_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring(folder.path());
    let sealed = keyring.seal("images/1", b"picture").unwrap();
    assert_eq!(keyring.open("images/2", sealed.clone()), Err(OpenError::Damaged));
    for position in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[position] ^= 1;
        assert!(keyring.open("images/1", damaged).is_err(), "byte {position}");
    }
    for length in 0..sealed.len() {
        assert!(keyring.open("images/1", sealed[..length].to_vec()).is_err(), "length {length}");
    }
}

/// A new key seals at once, the old ones still open, and a process that does not know it yet learns of it.
#[test]
fn a_new_key_seals_and_older_ones_still_open() {
    let folder = tempfile::tempdir().unwrap();
    let (rotated, running) = (keyring(folder.path()), keyring(folder.path()));
    let sealed = rotated.seal("x", b"old").unwrap();
    let id = rotated.rotate().unwrap();
    assert_eq!(ids(&folder.path().join("keyring.json")), [id.as_str(), "k1"]);
    assert_eq!((rotated.active_id(), running.active_id()), (id.clone(), "k1".into()));
    assert_eq!(rotated.open("x", sealed).unwrap(), b"old");
    let resealed = rotated.seal("x", b"new").unwrap();
    assert_eq!(running.open("x", resealed).unwrap(), b"new");
    assert_eq!(running.active_id(), id);
}

#[test]
fn a_removed_key_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring(folder.path());
    let sealed = keyring.seal("x", b"old").unwrap();
    keyring.rotate().unwrap();
    drop_old_keys(&folder.path().join("keyring.json"));
    keyring.reload().unwrap();
    assert_eq!(keyring.open("x", sealed), Err(OpenError::UnknownKey("k1".into())));
}

/// F10: processes that start on one folder at the same time agree on one key.
#[test]
fn simultaneous_starts_make_one_key() {
    const STARTS: usize = 16;
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(STARTS);
        let start = || {
            barrier.wait();
            let keyring = keyring(folder.path());
            keyring.seal("x", b"value").unwrap()
        };
        let sealed: Vec<Vec<u8>> = thread::scope(|scope| {
            let running: Vec<_> = (0..STARTS).map(|_| scope.spawn(start)).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let later = keyring(folder.path());
        for sealed in sealed {
            assert_eq!(later.open("x", sealed).unwrap(), b"value");
        }
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1, "nothing but the keyring is left behind");
    }
}

/// F10: of keys that several processes add at the same time none is lost, nor what was sealed with it.
#[test]
fn simultaneous_rotations_lose_no_key() {
    const ROTATIONS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let rings: Vec<Keyring> = (0..ROTATIONS).map(|_| keyring(folder.path())).collect();
    let barrier = Barrier::new(ROTATIONS);
    let rotate = |ring: &Keyring| {
        barrier.wait();
        ring.rotate().unwrap();
        ring.seal("x", b"value").unwrap()
    };
    let sealed: Vec<Vec<u8>> = thread::scope(|scope| {
        let running: Vec<_> = rings.iter().map(|ring| scope.spawn(|| rotate(ring))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ids: HashSet<String> = ids(&folder.path().join("keyring.json")).into_iter().collect();
    assert_eq!(ids.len(), 1 + ROTATIONS);
    let later = keyring(folder.path());
    for sealed in sealed {
        assert_eq!(later.open("x", sealed).unwrap(), b"value");
    }
}

/// A file that is damaged stops the process and stays as it is: a new key would lock everything up.
#[test]
fn a_damaged_file_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring.json");
    let secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let twice = format!(r#"{{"keys":[{{"id":"a","secret":"{secret}"}},{{"id":"a","secret":"{secret}"}}]}}"#);
    for text in [
        "",
        "{}",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"id":"a","secret":"AAAA"}]}"#,
        r#"{"keys":[{"id":"","secret":"AAAA"}]}"#,
        &twice,
    ] {
        fs::write(&path, text).unwrap();
        let refused = Keyring::open_or_create(&path).err();
        assert!(matches!(refused, Some(KeyringError::Malformed { .. })), "{text}: {refused:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn reloading_a_damaged_file_keeps_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring(folder.path());
    let sealed = keyring.seal("x", b"value").unwrap();
    fs::write(folder.path().join("keyring.json"), "{").unwrap();
    assert!(keyring.reload().is_err());
    assert_eq!(keyring.open("x", sealed).unwrap(), b"value");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    keyring(folder.path()).rotate().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
    }
}

/// Secrets do not come into logs by way of `Debug`.
#[test]
fn debug_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let keyring = keyring(folder.path());
    let file = fs::read(folder.path().join("keyring.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let secret = file["keys"][0]["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 44);
    assert_eq!(format!("{keyring:?}"), r#"Keyring { active: "k1", .. }"#);
}

/// Every process of a deployment derives the same keys; others, other purposes and newer master keys give others.
#[test]
fn derived_keys_are_the_deployments_own() {
    let folder = tempfile::tempdir().unwrap();
    let (one, same) = (keyring(folder.path()), keyring(folder.path()));
    let derived = one.derive("a").unwrap();
    assert!(derived == same.derive("a").unwrap());
    assert!(derived != one.derive("b").unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(derived != keyring(elsewhere.path()).derive("a").unwrap());
    one.rotate().unwrap();
    assert!(derived != one.derive("a").unwrap());
}
