//! Which subject a picture belongs to.

use std::collections::HashSet;

use futures::future::join_all;

use prosopa_model::AccountId;
use prosopa_problem::{Code, Problem};
use prosopa_vault::VaultError;

use crate::support::World;

#[tokio::test]
async fn uploads_without_a_reference_have_subjects_of_their_own() {
    let world = World::new();
    let vault = world.start().await.vault;
    let account_id = AccountId::new();
    let one = vault.subject_of(account_id, None).await.unwrap();
    assert_ne!(vault.subject_of(account_id, None).await.unwrap(), one);
}

#[tokio::test]
async fn a_reference_finds_its_subject_again_in_every_process() {
    let world = World::new();
    let vault = world.start().await.vault;
    let account_id = AccountId::new();
    let known = vault.subject_of(account_id, Some("patient 7")).await.unwrap();
    assert!(known.to_string().starts_with("sub_"));
    assert_eq!(vault.subject_of(account_id, Some("patient 7")).await.unwrap(), known);
    let other = world.start().await.vault;
    assert_eq!(other.subject_of(account_id, Some("patient 7")).await.unwrap(), known);
    assert_ne!(other.subject_of(account_id, Some("Patient 7")).await.unwrap(), known);
}

/// K3: who only asks for a subject makes none, and finds none that is another account's or erased.
#[tokio::test]
async fn a_subject_is_found_by_its_reference_alone() {
    let world = World::new();
    let process = world.start().await;
    let (vault, account_id) = (&process.vault, AccountId::new());
    assert_eq!(vault.find_subject(account_id, "patient 7").await.unwrap(), None);
    assert_eq!(process.rows().await.len(), 0);
    let known = vault.subject_of(account_id, Some("patient 7")).await.unwrap();
    assert_eq!(vault.find_subject(account_id, "patient 7").await.unwrap(), Some(known));
    assert_eq!(vault.find_subject(AccountId::new(), "patient 7").await.unwrap(), None);
    vault.require_living(known).await.unwrap();
    vault.erase(account_id, known).await.unwrap();
    assert_eq!(vault.find_subject(account_id, "patient 7").await.unwrap(), None);
    assert!(matches!(vault.require_living(known).await, Err(VaultError::Erased(_))));
    assert!(matches!(vault.find_subject(account_id, "").await, Err(VaultError::Reference)));
}

/// One person in two accounts is two subjects, and the rows do not show that it is one person.
#[tokio::test]
async fn a_reference_belongs_to_its_account() {
    let world = World::new();
    let process = world.start().await;
    for account_id in [AccountId::new(), AccountId::new()] {
        process.vault.subject_of(account_id, Some("patient 7")).await.unwrap();
    }
    let rows = process.rows().await;
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0].id, rows[1].id);
    assert_ne!(rows[0].reference_hash, rows[1].reference_hash);
}

/// F10: callers that race for one reference, in several processes, get one subject, whose key works for all.
#[tokio::test]
async fn racing_callers_get_one_subject() {
    let world = World::new();
    let processes = [world.start().await, world.start().await, world.start().await];
    let account_id = AccountId::new();
    for round in 0..10 {
        let reference = format!("patient {round}");
        let calls = processes.iter().cycle().take(12);
        let calls = calls.map(|process| process.vault.subject_of(account_id, Some(&reference)));
        let subjects: HashSet<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(subjects.len(), 1);
        let subject = subjects.into_iter().next().unwrap();
        let sealed = processes[0].vault.seal(subject, "x", b"value").await.unwrap();
        assert_eq!(processes[1].vault.open(subject, "x", sealed).await.unwrap(), b"value");
    }
    assert_eq!(processes[0].rows().await.len(), 10);
}

/// F10: processes that start together on an empty database hash references alike.
#[tokio::test]
async fn simultaneous_starts_make_one_lookup_key() {
    for _ in 0..5 {
        let world = World::new();
        // Two processes never share a new file: the first makes it here, without a key in it.
        let options = world.home.options("keys");
        prosopa_store::Database::open(&options, prosopa_vault::MIGRATIONS).await.unwrap().close().await;
        let processes = join_all((0..4).map(|_| world.start())).await;
        let account_id = AccountId::new();
        let mut subjects = HashSet::new();
        for process in &processes {
            subjects.insert(process.vault.subject_of(account_id, Some("patient 7")).await.unwrap());
        }
        assert_eq!(subjects.len(), 1);
    }
}

#[tokio::test]
async fn unacceptable_references_are_refused() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    for reference in ["", "a\nb", "\u{7f}", "a\0", &"x".repeat(201), &"é".repeat(201)] {
        let refused = process.vault.subject_of(account_id, Some(reference)).await;
        assert!(matches!(refused, Err(VaultError::Reference)), "{reference:?}: {refused:?}");
    }
    assert_eq!(process.rows().await, []);
    for reference in ["x", &"é".repeat(200)] {
        process.vault.subject_of(account_id, Some(reference)).await.unwrap();
    }
    assert_eq!(Problem::from(VaultError::Reference).code(), Code::ValidationFailed);
}
