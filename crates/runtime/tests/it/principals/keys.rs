use std::{fs, sync::Arc, thread, time::Duration};

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use prosopa_model::Clock;
use prosopa_runtime::{
    PrincipalConfig, PrincipalKeyError, PrincipalKeys, PrincipalPublicKeys, PrincipalSigner,
    PrincipalVerifier, TokenError,
};
use prosopa_testkit::{TestHome, TestPlatform};
use prosopa_vault::Keyring;

use super::{anybody, token, verifier};

const FILE: &str = "principal-keys.json";

fn kids(keys: &PrincipalKeys) -> Vec<String> {
    keys.public_keys().keys.into_iter().map(|key| key.kid).collect()
}

/// K9: processes that start at once agree on the keys.
#[test]
fn processes_that_start_together_make_one_pair_of_keys() {
    let home = TestHome::new();
    let clock: Arc<dyn Clock> = TestPlatform::new().clock;
    let opened: Vec<Vec<String>> = thread::scope(|scope| {
        let open = || {
            let keys = home.platform(Arc::clone(&clock)).principal_keys().unwrap();
            kids(&keys)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(opened[0].len(), 2);
    assert!(opened.iter().all(|kids| *kids == opened[0]), "{opened:?}");
}

/// Nothing in the file signs without the keyring.
#[test]
fn the_keys_do_not_open_with_another_keyring() {
    let (ours, theirs) = (TestPlatform::new(), TestPlatform::new());
    ours.platform.principal_keys().unwrap();
    fs::copy(ours.home.path().join(FILE), theirs.home.path().join(FILE)).unwrap();
    let refused = theirs.platform.principal_keys().unwrap_err();
    assert!(matches!(refused, PrincipalKeyError::Open { .. }), "{refused}");
}

/// K9: a rotation seals every key with the newest master key, so that the older ones are needed no more.
#[test]
fn a_rotation_moves_all_keys_to_the_newest_master_key() {
    let test = TestPlatform::new();
    let keys = test.platform.principal_keys().unwrap();
    let before = kids(&keys);
    test.platform.keyring.rotate().unwrap();
    keys.rotate().unwrap();
    let path = test.home.path().join("keyring.json");
    let mut keyring: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    keyring["keys"].as_array_mut().unwrap().truncate(1);
    fs::write(&path, keyring.to_string()).unwrap();
    let newest = Keyring::open_or_create(&path).unwrap();
    let reopened = kids(&PrincipalKeys::open_or_create(&test.home.path().join(FILE), newest).unwrap());
    assert!(before.iter().all(|kid| reopened.contains(kid)), "{before:?} {reopened:?}");
}

/// A sealed key that is given the id of another one does not open.
#[test]
fn a_key_does_not_open_under_another_id() {
    let test = TestPlatform::new();
    test.platform.principal_keys().unwrap();
    let path = test.home.path().join(FILE);
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let moved = file["keys"][1]["sealed_private_key"].clone();
    file["keys"][0]["sealed_private_key"] = moved;
    fs::write(&path, file.to_string()).unwrap();
    assert!(matches!(test.platform.principal_keys(), Err(PrincipalKeyError::Open { .. })));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let test = TestPlatform::new();
    test.platform.principal_keys().unwrap().rotate().unwrap();
    let mode = fs::metadata(test.home.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A key is known everywhere before it signs, so that a rotation makes no token fail.
#[test]
fn the_next_key_is_known_before_it_signs() {
    let test = TestPlatform::new();
    let keys = test.platform.principal_keys().unwrap();
    let copy = test.home.path().join("copy.json");
    fs::write(&copy, serde_json::to_vec(&keys.public_keys()).unwrap()).unwrap();
    let elsewhere = PrincipalVerifier::with_public_keys(PrincipalPublicKeys::open(&copy).unwrap());
    let before = kids(&keys);
    keys.rotate().unwrap();
    let after = kids(&keys);
    assert_eq!((after.len(), &after[0], &after[2]), (3, &before[1], &before[0]));
    let signer = PrincipalSigner::new(keys, Arc::clone(&test.platform.clock));
    let (who, now) = (anybody(), test.platform.clock.now());
    let token = signer.sign(&who, "detection").unwrap();
    assert_eq!(elsewhere.verify(token.expose_secret(), "detection", now), Ok(who));
}

/// Other processes go on with the key before, then sign with the new one; both verify everywhere.
#[test]
fn a_rotation_reaches_other_processes_within_a_minute() {
    let test = TestPlatform::new();
    let other = test.home.platform(Arc::clone(&test.platform.clock)).principal_keys().unwrap();
    let there = PrincipalSigner::new(other.clone(), Arc::clone(&test.platform.clock));
    let (verifier, who) = (verifier(&test), anybody());
    let is_believed = || {
        let token = there.sign(&who, "detection").unwrap();
        verifier.verify(token.expose_secret(), "detection", test.clock.now()) == Ok(who.clone())
    };
    assert!(is_believed());
    let keys = test.platform.principal_keys().unwrap();
    keys.rotate().unwrap();
    assert!(is_believed());
    assert_ne!(kids(&other), kids(&keys));
    test.clock.advance(Duration::from_secs(60));
    assert!(is_believed());
    assert_eq!(kids(&other), kids(&keys));
}

/// A key that was taken out of the file is refused by everybody after a minute, also where the clock is set back.
#[test]
fn a_key_that_was_taken_out_verifies_no_more() {
    let test = TestPlatform::new();
    let (verifier, who) = (verifier(&test), anybody());
    let is_believed = |token: &str| verifier.verify(token, "detection", test.clock.now()).is_ok();
    let first = token(&test, &who, "detection");
    assert!(is_believed(&first));
    let path = test.home.path().join(FILE);
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    file["keys"].as_array_mut().unwrap().remove(0);
    fs::write(&path, file.to_string()).unwrap();
    assert!(is_believed(&first));
    test.clock.set_back(Duration::from_secs(1));
    assert!(!is_believed(&first));
    let second = token(&test, &who, "detection");
    assert!(is_believed(&second));
}

/// Nobody who sends unknown keys makes the file be read more than once a second.
#[test]
fn an_unknown_key_is_looked_for_once_a_second() {
    let test = TestPlatform::new();
    let path = test.home.path().join("public.json");
    let stranger = TestPlatform::new();
    let write = |test: &TestPlatform| {
        let set = test.platform.principal_keys().unwrap().public_keys();
        fs::write(&path, serde_json::to_vec(&set).unwrap()).unwrap();
    };
    write(&stranger);
    let config = PrincipalConfig { public_keys_file: Some(path.clone()) };
    let verifier = test.platform.principal_verifier(&config).unwrap();
    let who = anybody();
    let token = token(&test, &who, "detection");
    let verify = || verifier.verify(&token, "detection", test.clock.now());
    assert_eq!(verify(), Err(TokenError::UnknownKey));
    write(&test);
    assert_eq!(verify(), Err(TokenError::UnknownKey));
    test.clock.advance(Duration::from_secs(1));
    assert_eq!(verify(), Ok(who.clone()));
    // What cannot be read later changes nothing.
    fs::write(&path, "{").unwrap();
    test.clock.advance(Duration::from_secs(60));
    assert_eq!(verify(), Ok(who));
}

/// At most four keys are kept, however often they are changed.
#[test]
fn old_keys_go() {
    let test = TestPlatform::new();
    let keys = test.platform.principal_keys().unwrap();
    let first = kids(&keys)[0].clone();
    for rotations in 1..=4 {
        keys.rotate().unwrap();
        assert_eq!(kids(&keys).contains(&first), rotations <= 2);
        assert!(kids(&keys).len() <= 4);
    }
}

/// A file that says anything else is an error at the start, not a refusal of every request.
#[test]
fn what_is_no_set_of_keys_is_refused() {
    let test = TestPlatform::new();
    let path = test.home.path().join("public.json");
    let key = test.platform.principal_keys().unwrap().public_keys().keys.remove(0);
    let set = |keys: Value| json!({ "keys": keys }).to_string();
    let named = |kid: &str| json!({ "kid": kid, "public_key": key.public_key });
    let good = set(json!([named("a"), named("b")]));
    let bad = [
        String::new(),
        "[]".to_owned(),
        set(json!([])),
        set(json!([named("")])),
        set(json!([named(&"k".repeat(65))])),
        set(json!([named("a"), named("a")])),
        set(json!([{ "kid": "a", "public_key": "AAAA" }])),
        set(json!([{ "kid": "a", "public_key": "?" }])),
        set(json!([{ "kid": "a", "public_key": key.public_key, "private_key": "x" }])),
        set((0..17).map(|index| named(&index.to_string())).collect()),
        format!("{good}{}", " ".repeat(64 * 1024)),
    ];
    fs::write(&path, good).unwrap();
    PrincipalPublicKeys::open(&path).unwrap();
    for text in bad {
        fs::write(&path, &text).unwrap();
        let refused = PrincipalPublicKeys::open(&path);
        assert!(matches!(refused, Err(PrincipalKeyError::Malformed { .. })), "{text}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(PrincipalPublicKeys::open(&path), Err(PrincipalKeyError::File { .. })));
}
