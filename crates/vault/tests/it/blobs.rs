//! Blobs: of the deployment under the keyring, of subjects under theirs.

use std::fs;

use prosopa_model::AccountId;
use prosopa_vault::{BlobError, VaultError};

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
    let world = World::new();
    let blobs = world.start().await.blobs;
    blobs.put("img_1", b"picture".to_vec()).await.unwrap();
    let blobs = blobs.leaving_free(u64::MAX);
    assert!(matches!(blobs.put("img_2", b"picture".to_vec()).await, Err(BlobError::Full(_))));
    assert!(matches!(blobs.get("img_2").await, Err(BlobError::Missing(_))));
    assert_eq!(blobs.get("img_1").await.unwrap(), b"picture");
    blobs.delete("img_1").await.unwrap();
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
    fs::copy(world.blob_path("img_1aa"), world.blob_path("img_2aa")).unwrap();
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
    let file = fs::read(world.blob_path("img_1aa")).unwrap();
    fs::write(world.blob_path("img_2aa"), &file).unwrap();
    for (who, name) in [(other, "img_1aa"), (subject, "img_2aa"), (other, "img_2aa")] {
        let refused = process.vault.get_blob(who, name).await;
        assert!(matches!(refused, Err(VaultError::Blob(BlobError::Open { .. }))), "{refused:?}");
    }
    let refused = process.vault.open(subject, "img_1aa", file).await;
    assert!(matches!(refused, Err(VaultError::Open { .. })), "{refused:?}");
    let refused = process.blobs.get("img_1aa").await;
    assert!(matches!(refused, Err(BlobError::Open { .. })), "{refused:?}");
}
