//! Values of subjects: what is sealed for one place opens there and nowhere else.

use proptest::{prelude::*, sample::Index};

use prosopa_model::{AccountId, SubjectId};
use prosopa_vault::{OpenError, VaultError};
use tokio::runtime::Runtime;

use crate::support::World;

fn is_damaged<T>(outcome: &Result<T, VaultError>) -> bool {
    matches!(outcome, Err(VaultError::Open { source: OpenError::Damaged, .. }))
}

/// S10: for all values, subjects and contexts: it opens at its own place, at no other, and not damaged.
#[test]
fn a_sealed_value_opens_at_its_own_place_only() {
    let runtime = Runtime::new().unwrap();
    let world = World::new();
    let vault = runtime.block_on(world.start()).vault;
    let account_id = AccountId::new();
    let make = || runtime.block_on(vault.subject_of(account_id, None)).unwrap();
    let (subject, other) = (make(), make());
    let values = (
        prop::collection::vec(any::<u8>(), 0..200),
        ".{0,20}",
        ".{0,20}",
        any::<Index>(),
        1_u8..,
        any::<Index>(),
    );
    proptest!(ProptestConfig::with_cases(64), |((plain, context, elsewhere, position, flip, length) in values)| {
        runtime.block_on(async {
            let sealed = vault.seal(subject, &context, &plain).await.unwrap();
            prop_assert_eq!(sealed.len(), 1 + 12 + plain.len() + 16);
            prop_assert_eq!(sealed[0], 1);
            let open = |who, context| vault.open(who, context, sealed.clone());
            prop_assert_eq!(open(subject, &context).await.unwrap(), plain);
            prop_assert!(is_damaged(&open(other, &context).await));
            if elsewhere != context {
                prop_assert!(is_damaged(&open(subject, &elsewhere).await));
            }
            let mut damaged = sealed.clone();
            damaged[position.index(sealed.len())] ^= flip;
            prop_assert!(is_damaged(&vault.open(subject, &context, damaged).await));
            let short = sealed[..length.index(sealed.len())].to_vec();
            prop_assert!(is_damaged(&vault.open(subject, &context, short).await));
            Ok(())
        })?;
    });
}

/// The same value sealed twice does not show that it is the same.
#[tokio::test]
async fn equal_values_are_sealed_differently() {
    let world = World::new();
    let vault = world.start().await.vault;
    let subject = vault.subject_of(AccountId::new(), None).await.unwrap();
    let seal = || vault.seal(subject, "findings/1", b"value");
    let (one, other) = (seal().await.unwrap(), seal().await.unwrap());
    assert_ne!(one, other);
}

#[tokio::test]
async fn an_unknown_subject_has_no_key() {
    let world = World::new();
    let vault = world.start().await.vault;
    let refused = vault.seal(SubjectId::new(), "findings/1", b"value").await;
    assert!(matches!(refused, Err(VaultError::NoSubject(_))), "{refused:?}");
}

/// S10: neither the database nor the blobs hold anything readable.
#[tokio::test]
async fn files_and_rows_hold_nothing_readable() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    let vault = &process.vault;
    let subject = vault.subject_of(account_id, Some("reference-of-a-person")).await.unwrap();
    let value = vault.seal(subject, "findings/1", b"value-of-a-person").await.unwrap();
    assert!(!value.windows(17).any(|window| window == b"value-of-a-person"));
    vault.put_blob(subject, "img_1", b"picture-of-a-person".to_vec()).await.unwrap();
    for open in ["reference-of-a-person", "picture-of-a-person"] {
        assert!(!world.home.holds_anywhere(open.as_bytes()).await, "{open}");
    }
    // What is not secret is found, so that this looks where it should.
    assert!(world.home.holds_anywhere(subject.uuid().as_bytes()).await);
    let file = world.read_blob("img_1").await.unwrap();
    assert!(world.home.holds_anywhere(&file).await);
}

/// A subject's key put into another subject's or account's row opens nothing.
#[tokio::test]
async fn a_key_in_another_row_does_not_open() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    let one = process.vault.subject_of(account_id, None).await.unwrap();
    let other = process.vault.subject_of(account_id, None).await.unwrap();
    let sealed = process.vault.seal(one, "findings/1", b"value").await.unwrap();
    let key = process.rows().await.into_iter().find(|row| row.id == one).unwrap().wrapped_key;
    process.overwrite_key(other, &key).await;
    let refused = process.vault.open(other, "findings/1", sealed).await;
    assert!(matches!(refused, Err(VaultError::Key { .. })), "{refused:?}");
}

/// Secrets do not come into logs by way of `Debug`.
#[tokio::test]
async fn debug_shows_the_keys_name_only() {
    let world = World::new();
    let vault = world.start().await.vault;
    assert_eq!(format!("{vault:?}"), r#"Vault { keyring: Keyring { active: "k1", .. }, .. }"#);
}
