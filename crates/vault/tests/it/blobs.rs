//! Blobs: of the deployment under the keyring, of subjects under theirs.

use std::{collections::BTreeSet, time::Duration};

use prosopa_model::{AccountId, Timestamp};
use prosopa_testkit::TestHome;
use prosopa_vault::{BlobError, BlobStore, Keyring, VaultError};

use crate::support::World;

#[tokio::test]
async fn a_blob_is_given_back_until_it_is_deleted() {
    let world = World::new();
    let blobs = world.start().await.blobs;
    blobs.put("img_1", b"picture".to_vec()).await.unwrap();
    assert_eq!(blobs.get("img_1").await.unwrap(), b"picture");
    blobs.delete("img_1").await.unwrap();
    blobs.delete("img_1").await.unwrap();
    assert!(matches!(blobs.get("img_1").await, Err(BlobError::Missing(_))));
}

/// F5: what makes room finds room.
#[tokio::test]
async fn blobs_leave_the_room_that_they_are_told_to() {
    let home = TestHome::of_files();
    let keyring = Keyring::open_or_create(&home.path().join("keyring.json")).unwrap();
    let blobs = home.blobs().store("vault", keyring);
    blobs.put("img_1", b"picture".to_vec()).await.unwrap();
    let blobs = blobs.leaving_free(u64::MAX);
    assert!(matches!(blobs.put("img_2", b"picture".to_vec()).await, Err(BlobError::Full(_))));
    assert!(matches!(blobs.get("img_2").await, Err(BlobError::Missing(_))));
    assert_eq!(blobs.get("img_1").await.unwrap(), b"picture");
    blobs.delete("img_1").await.unwrap();
}

/// F10: what was kept stays as it is, whoever comes second; every name is one writer's.
#[tokio::test]
async fn a_name_is_written_once() {
    let world = World::new();
    let blobs = world.start().await.blobs;
    blobs.put("img_1", b"picture".to_vec()).await.unwrap();
    let refused = blobs.put("img_1", b"another".to_vec()).await;
    assert!(matches!(&refused, Err(BlobError::Taken(name)) if name == "img_1"), "{refused:?}");
    assert_eq!(blobs.get("img_1").await.unwrap(), b"picture");
    blobs.delete("img_1").await.unwrap();
    blobs.put("img_1", b"another".to_vec()).await.unwrap();
    assert_eq!(blobs.get("img_1").await.unwrap(), b"another");
}

/// K9: a blob that is too large for one request is there whole, or not at all, and its name is written once too.
#[tokio::test]
async fn a_large_blob_is_given_back_whole() {
    let world = World::new();
    let blobs = world.start().await.blobs;
    let large: Vec<u8> = (0..20_000_000_u32).map(|index| (index % 251) as u8).collect();
    blobs.put("img_1", large.clone()).await.unwrap();
    assert!(blobs.get("img_1").await.unwrap() == large);
    let refused = blobs.put("img_1", large).await;
    assert!(matches!(refused, Err(BlobError::Taken(_))), "{refused:?}");
}

async fn names_before(blobs: &BlobStore, time: Timestamp) -> BTreeSet<String> {
    let mut names = blobs.list_before(time);
    let mut found = BTreeSet::new();
    while let Some(name) = names.next().await.unwrap() {
        found.insert(name);
    }
    found
}

/// N7: what was kept before a time is listed, with names of all kinds, and nothing else.
#[tokio::test]
async fn blobs_are_listed_by_age() {
    let world = World::new();
    let blobs = world.start().await.blobs;
    let (long_ago, later) = (Timestamp::from_micros(0), Timestamp::now().after(Duration::from_secs(3_600)));
    assert_eq!(names_before(&blobs, later).await, BTreeSet::new());
    let kept: BTreeSet<String> = (0..20).map(|number| format!("img_{number}-{}", number % 3)).collect();
    for name in &kept {
        blobs.put(name, b"picture".to_vec()).await.unwrap();
    }
    assert_eq!(names_before(&blobs, later).await, kept);
    assert_eq!(names_before(&blobs, long_ago).await, BTreeSet::new());
}

#[tokio::test]
async fn a_place_that_can_be_used_says_so() {
    let world = World::new();
    let blobs = world.start().await.blobs;
    blobs.check().await.unwrap();
    blobs.put("img_1", b"picture".to_vec()).await.unwrap();
    blobs.check().await.unwrap();
}

#[tokio::test]
async fn names_cannot_leave_the_folder() {
    let world = World::new();
    let process = world.start().await;
    let subject = process.vault.subject_of(AccountId::new(), None).await.unwrap();
    for name in ["../keyring.json", "a/b", "", "..", "a\0b"] {
        assert!(process.blobs.put(name, vec![1]).await.is_err(), "{name}");
        assert!(process.vault.put_blob(subject, name, vec![1]).await.is_err(), "{name}");
        assert!(process.vault.delete_blob(name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_blob_moved_to_another_name_does_not_open() {
    let world = World::new();
    let blobs = world.start().await.blobs;
    blobs.put("img_1aa", b"one".to_vec()).await.unwrap();
    world.write_blob("img_2aa", &world.read_blob("img_1aa").await.unwrap()).await;
    assert!(matches!(blobs.get("img_2aa").await, Err(BlobError::Open { .. })));
}

/// S10: a picture is sealed under its subject's key, off the disk it is given back whole, by every process.
#[tokio::test]
async fn a_subjects_blob_is_given_back_until_it_is_deleted() {
    let world = World::new();
    let (one, other) = (world.start().await.vault, world.start().await.vault);
    let subject = one.subject_of(AccountId::new(), None).await.unwrap();
    let picture: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    one.put_blob(subject, "img_1", picture.clone()).await.unwrap();
    assert_eq!(other.get_blob(subject, "img_1").await.unwrap(), picture);
    other.delete_blob("img_1").await.unwrap();
    other.delete_blob("img_1").await.unwrap();
    let gone = one.get_blob(subject, "img_1").await;
    assert!(matches!(gone, Err(VaultError::Blob(BlobError::Missing(_)))), "{gone:?}");
}

/// S10: a blob opens under its own name, for its own subject, and as a blob only.
#[tokio::test]
async fn a_subjects_blob_opens_nowhere_else() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    let [subject, other] = [
        process.vault.subject_of(account_id, None).await.unwrap(),
        process.vault.subject_of(account_id, None).await.unwrap(),
    ];
    process.vault.put_blob(subject, "img_1aa", b"picture".to_vec()).await.unwrap();
    let file = world.read_blob("img_1aa").await.unwrap();
    world.write_blob("img_2aa", &file).await;
    for (who, name) in [(other, "img_1aa"), (subject, "img_2aa"), (other, "img_2aa")] {
        let refused = process.vault.get_blob(who, name).await;
        assert!(matches!(refused, Err(VaultError::Blob(BlobError::Open { .. }))), "{refused:?}");
    }
    let refused = process.vault.open(subject, "img_1aa", file).await;
    assert!(matches!(refused, Err(VaultError::Open { .. })), "{refused:?}");
    let refused = process.blobs.get("img_1aa").await;
    assert!(matches!(refused, Err(BlobError::Open { .. })), "{refused:?}");
}
