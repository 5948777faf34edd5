//! The stored formats, byte by byte. What these bytes hold must open for as long as anybody has such files.
//!
//! They were made by another implementation of AES-256-GCM-SIV and HMAC-SHA-256 than the product's.

use std::fs;

use prosopa_model::{AccountId, SubjectId};
use prosopa_store::{Database, Options, affected, on_db, query, testing::describe};
use prosopa_vault::{Keyring, MIGRATIONS};

use crate::support::{Row, World};

/// Master key `k1`: the bytes 0 to 31.
const KEYRING: &str = r#"{"keys":[{"id":"k1","secret":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}]}"#;
const ACCOUNT: &str = "acc_01j2gv5gymfsfrmtvwhpf0y6hb";
const SUBJECT: &str = "sub_01j2gv5gymfsfsp71d7s7nmtvw";
/// The look-up key, bytes 32 to 63, sealed by the keyring for `vault/lookup-key`.
const LOOKUP_KEY: &str = "\
    01026b31a1a1a1a1a1a1a1a1a1a1a1a1207eb596fd4acf015fdcc3dc5a451801f9b374c84b1fa088faf5c73e364637a9\
    5bc4026d30221dcff1f4462081ead287";
/// `patient 7` of the account, under the look-up key.
const REFERENCE_HASH: &str = "a316fd13e12e6d4c347a64b0570e53155f71468476e5aab82a34249a2afc0fb6";
/// The subject's data key, bytes 64 to 95, sealed by the keyring for its row.
const DATA_KEY: &str = "\
    01026b31a2a2a2a2a2a2a2a2a2a2a2a24bcdb22a6a59307fc8c90cb20f6523f22c1254040200ce1d3a4eb66e996bbb17\
    d9de258b85803c1bc55f9913447969d9";
/// `value`, sealed under the data key for `findings/1`.
const VALUE: &str = "01a3a3a3a3a3a3a3a3a3a3a3a34771f05e3f43209c1b73b710444d4c5e43ad80e01d";
/// `picture`, sealed under the data key as the blob `img_golden`.
const BLOB: &str = "01a4a4a4a4a4a4a4a4a4a4a4a4da4b531cc0ad7909ac9cbf603cc4744881e810432e829a";
/// `secret`, sealed by the keyring itself for `signing/1`.
const BY_KEYRING: &str = "01026b31a5a5a5a5a5a5a5a5a5a5a5a5f1041d97f30b904eb588a6028ab8a5ddfcf744140726";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// S10: files and rows that were written once open in every later version.
#[tokio::test]
async fn what_was_stored_before_opens() {
    let world = World::new();
    fs::write(world.keyring_path(), KEYRING).unwrap();
    let database = Database::open(&world.home.options("keys"), MIGRATIONS).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    let sql = "INSERT INTO lookup_key (id, wrapped_key, kid) VALUES (1, $1, 'k1')";
    on_db!(tx, c => query(sql).bind(bytes(LOOKUP_KEY)).execute(c).await.map(affected)).unwrap();
    tx.commit().await.unwrap();
    database.close().await;

    let process = world.start().await;
    let (account_id, subject): (AccountId, SubjectId) = (ACCOUNT.parse().unwrap(), SUBJECT.parse().unwrap());
    let row = Row {
        id: subject,
        account_id,
        reference_hash: Some(bytes(REFERENCE_HASH)),
        wrapped_key: bytes(DATA_KEY),
        kid: "k1".into(),
        created_at: 0,
    };
    process.restore(&row).await;
    world.write_blob("img_golden", &bytes(BLOB)).await;

    let vault = &process.vault;
    assert_eq!(vault.subject_of(account_id, Some("patient 7")).await.unwrap(), subject);
    assert_eq!(vault.open(subject, "findings/1", bytes(VALUE)).await.unwrap(), b"value");
    assert_eq!(vault.get_blob(subject, "img_golden").await.unwrap(), b"picture");
}

/// K9: both backends have the same tables, columns, keys and indexes. Where a run has no server there is nothing to
/// compare.
#[tokio::test]
async fn both_backends_have_one_schema() {
    let world = World::new();
    let process = world.start().await;
    let file = Database::open(&Options::file(world.home.path().join("file.db")), MIGRATIONS).await.unwrap();
    let (one, other) = (describe(&process.database).await.unwrap(), describe(&file).await.unwrap());
    assert!(one.contains("subjects: key id"), "{one:?}");
    assert_eq!(one, other);
}

/// What auth and others seal with the keyring itself.
#[test]
fn what_the_keyring_sealed_before_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring.json");
    fs::write(&path, KEYRING).unwrap();
    let keyring = Keyring::open_or_create(&path).unwrap();
    assert_eq!(keyring.open("signing/1", bytes(BY_KEYRING)).unwrap(), b"secret");
    let sealed = keyring.seal("signing/1", b"secret").unwrap();
    assert_eq!((&sealed[..4], sealed.len()), (&b"\x01\x02k1"[..], BY_KEYRING.len() / 2));
}
