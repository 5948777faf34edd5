//! Erasure: nothing opens any more, whoever kept what.

use std::time::Duration;

use futures::future::join_all;

use prosopa_model::{AccountId, SubjectId};
use prosopa_problem::{Code, Problem};
use prosopa_store::Backend;
use prosopa_vault::VaultError;

use crate::support::{Process, Row, World};

/// A subject with a value and a blob.
struct Person {
    account_id: AccountId,
    id: SubjectId,
    sealed: Vec<u8>,
}

impl Person {
    async fn new(process: &Process) -> Self {
        let account_id = AccountId::new();
        let id = process.vault.subject_of(account_id, Some("patient 7")).await.unwrap();
        let sealed = process.vault.seal(id, "findings/1", b"value").await.unwrap();
        process.vault.put_blob(id, "img_1", b"picture".to_vec()).await.unwrap();
        let person = Self { account_id, id, sealed };
        person.assert_opens(process).await;
        person
    }

    async fn row(&self, process: &Process) -> Row {
        process.rows().await.into_iter().find(|row| row.id == self.id).unwrap()
    }

    async fn assert_opens(&self, process: &Process) {
        let value = process.vault.open(self.id, "findings/1", self.sealed.clone()).await.unwrap();
        assert_eq!(value, b"value");
        assert_eq!(process.vault.get_blob(self.id, "img_1").await.unwrap(), b"picture");
    }

    async fn assert_erased(&self, process: &Process) {
        let vault = &process.vault;
        let outcomes = [
            vault.open(self.id, "findings/1", self.sealed.clone()).await.map(drop),
            vault.seal(self.id, "findings/1", b"value").await.map(drop),
            vault.get_blob(self.id, "img_1").await.map(drop),
            vault.put_blob(self.id, "img_1", b"picture".to_vec()).await,
        ];
        for outcome in outcomes {
            assert!(matches!(outcome, Err(VaultError::Erased(id)) if id == self.id), "{outcome:?}");
        }
    }
}

/// S10: after erasure nothing opens: here, in a process that has just used the key, and in one that starts later.
#[tokio::test]
async fn an_erased_subject_opens_nowhere() {
    let world = World::new();
    let (process, other) = (world.start().await, world.start().await);
    let person = Person::new(&process).await;
    person.assert_opens(&other).await;
    let tombstone = process.vault.erase(person.account_id, person.id).await.unwrap();
    assert_eq!((tombstone.subject_id, tombstone.account_id), (person.id, person.account_id));
    assert_eq!(tombstone.erased_at, "2026-01-31T12:00:00Z".parse().unwrap());
    for process in [&process, &other, &world.start().await] {
        person.assert_erased(process).await;
    }
    assert_eq!(process.rows().await, []);
}

/// S10: what a backup brings back stays shut: the ciphertext, the blob, even the key's row.
#[tokio::test]
async fn what_is_copied_back_does_not_open() {
    let world = World::new();
    let process = world.start().await;
    let person = Person::new(&process).await;
    let (row, blob) = (person.row(&process).await, world.read_blob("img_1").await.unwrap());
    process.vault.erase(person.account_id, person.id).await.unwrap();
    process.vault.delete_blob("img_1").await.unwrap();
    assert_eq!(world.read_blob("img_1").await, None);
    world.write_blob("img_1", &blob).await;
    person.assert_erased(&process).await;
    process.restore(&row).await;
    person.assert_erased(&process).await;
    person.assert_erased(&world.start().await).await;
    process.keyring.rotate().unwrap();
    assert_eq!(process.vault.rewrap(100).await.unwrap(), 1, "the look-up key alone is worth moving");
    assert_eq!(process.rows().await, [row]);
    process.vault.erase(person.account_id, person.id).await.unwrap();
    assert_eq!(process.rows().await, [], "erased again, the row is gone again");
}

/// Under the reference of somebody who was erased a new subject begins, also if the old row has come back.
#[tokio::test]
async fn the_reference_of_an_erased_subject_is_free_again() {
    let world = World::new();
    let process = world.start().await;
    let person = Person::new(&process).await;
    let row = person.row(&process).await;
    process.vault.erase(person.account_id, person.id).await.unwrap();
    process.restore(&row).await;
    let subject_of = || process.vault.subject_of(person.account_id, Some("patient 7"));
    let new = subject_of().await.unwrap();
    assert_ne!(new, person.id);
    assert_eq!(subject_of().await.unwrap(), new);
    let refused = process.vault.open(new, "findings/1", person.sealed.clone()).await;
    assert!(matches!(refused, Err(VaultError::Open { .. })), "{refused:?}");
    person.assert_erased(&process).await;
}

#[tokio::test]
async fn erasing_again_gives_the_first_tombstone() {
    let world = World::new();
    let process = world.start().await;
    let person = Person::new(&process).await;
    let first = process.vault.erase(person.account_id, person.id).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(process.vault.erase(person.account_id, person.id).await.unwrap(), first);
}

/// F10: several processes that erase one subject at the same time write one tombstone.
#[tokio::test]
async fn racing_erasures_write_one_tombstone() {
    let world = World::new();
    let (one, other) = (world.start().await, world.start().await);
    let person = Person::new(&one).await;
    let calls = [&one, &other].into_iter().cycle().take(8);
    let calls = calls.map(|process| process.vault.erase(person.account_id, person.id));
    let first = one.vault.erase(person.account_id, person.id);
    let (first, others) = tokio::join!(first, join_all(calls));
    let first = first.unwrap();
    assert!(others.into_iter().all(|tombstone| tombstone.unwrap() == first));
}

/// Another account's subject answers like one that is not there, and stays, before its erasure and after.
#[tokio::test]
async fn another_accounts_subject_is_not_there() {
    let world = World::new();
    let process = world.start().await;
    let person = Person::new(&process).await;
    let stranger = AccountId::new();
    let refused = process.vault.erase(stranger, person.id).await;
    assert!(matches!(refused, Err(VaultError::NoSubject(id)) if id == person.id), "{refused:?}");
    person.assert_opens(&process).await;
    process.vault.erase(person.account_id, person.id).await.unwrap();
    let refused = process.vault.erase(stranger, person.id).await;
    assert!(matches!(refused, Err(VaultError::NoSubject(id)) if id == person.id), "{refused:?}");
    let absent = process.vault.erase(person.account_id, SubjectId::new()).await;
    assert!(matches!(absent, Err(VaultError::NoSubject(_))), "{absent:?}");
}

/// Whoever asks for something erased hears what is heard of something that never was.
#[test]
fn erased_and_absent_are_one_answer() {
    let id = SubjectId::new();
    let [erased, absent] = [VaultError::Erased(id), VaultError::NoSubject(id)].map(Problem::from);
    assert_eq!(erased.code(), Code::NotFound);
    assert_eq!(erased.to_json(None), absent.to_json(None));
}

/// S10: others are not touched by an erasure.
#[tokio::test]
async fn other_subjects_still_open() {
    let world = World::new();
    let process = world.start().await;
    let person = Person::new(&process).await;
    let erased = process.vault.subject_of(person.account_id, Some("patient 8")).await.unwrap();
    process.vault.erase(person.account_id, erased).await.unwrap();
    person.assert_opens(&process).await;
}

/// S10: once the database is closed, its files do not hold the destroyed key, not even sealed.
#[tokio::test]
async fn a_destroyed_key_is_in_no_file() {
    let world = World::new();
    let process = world.start().await;
    let person = Person::new(&process).await;
    let key = person.row(&process).await.wrapped_key;
    assert!(world.home.holds_anywhere(&key).await);
    process.vault.erase(person.account_id, person.id).await.unwrap();
    let backend = process.database.backend();
    process.database.close().await;
    assert!(!world.home.holds_anywhere(&key).await);
    if backend == Backend::Sqlite {
        let tombstone = person.id.uuid();
        assert!(world.home.holds_anywhere(tombstone.as_bytes()).await);
    }
}

/// N7: with an account go all its subjects, some at a time, and nobody else's.
#[tokio::test]
async fn the_subjects_of_an_account_are_erased_together() {
    let world = World::new();
    let vault = world.start().await.vault;
    let (gone, other) = (AccountId::new(), AccountId::new());
    let mut subjects = vec![vault.subject_of(gone, Some("patient-7")).await.unwrap()];
    for _ in 0..2 {
        subjects.push(vault.subject_of(gone, None).await.unwrap());
    }
    let kept = vault.subject_of(other, Some("patient-7")).await.unwrap();
    for count in [2, 1, 0] {
        assert_eq!(vault.erase_of_account(gone, 2).await.unwrap(), count);
    }
    for subject in subjects {
        assert!(matches!(vault.seal(subject, "c", b"v").await, Err(VaultError::Erased(_))));
    }
    vault.seal(kept, "c", b"v").await.unwrap();
}
