//! Where a pack may be put.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn folder(parent: &Path, name: &str, file: &str) -> PathBuf {
    let dir = parent.join(name);
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join(file), name).unwrap();
    dir
}

#[test]
fn an_older_pack_and_an_empty_folder_are_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let target = folder(parent.path(), "target", MANIFEST_FILE);
    let new = folder(parent.path(), "new", MANIFEST_FILE);
    replace(&new, &target, &parent.path().join("old")).unwrap();
    assert_eq!(fs::read_to_string(target.join(MANIFEST_FILE)).unwrap(), "new");
    assert!(parent.path().join("old").exists() && !new.exists());

    let empty = parent.path().join("empty");
    fs::create_dir(&empty).unwrap();
    replace(&target, &empty, &parent.path().join("older")).unwrap();
    assert!(empty.join(MANIFEST_FILE).is_file());
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let target = folder(parent.path(), "photos", "a.jpg");
    let new = folder(parent.path(), "new", MANIFEST_FILE);
    assert!(matches!(replace(&new, &target, &parent.path().join("old")), Err(Error::File { .. })));
    assert_eq!(fs::read_to_string(target.join("a.jpg")).unwrap(), "photos");
}

#[test]
fn an_older_pack_is_put_back_when_the_new_one_cannot_be_moved() {
    let parent = tempfile::tempdir().unwrap();
    let target = folder(parent.path(), "target", MANIFEST_FILE);
    let old = parent.path().join("old");
    assert!(matches!(replace(&parent.path().join("absent"), &target, &old), Err(Error::File { .. })));
    assert_eq!(fs::read_to_string(target.join(MANIFEST_FILE)).unwrap(), "target");
    assert!(!old.exists());
}
