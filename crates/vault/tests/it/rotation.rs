//! Keys move from one master key to the next while the vault is used.

use futures::future::join_all;

use prosopa_model::{AccountId, SubjectId};
use prosopa_vault::{Keyring, OpenError, VaultError};

use crate::{
    keyring::{drop_old_keys, ids},
    support::{Process, World},
};

struct Sealed {
    subject: SubjectId,
    reference: String,
    value: Vec<u8>,
}

async fn seal_for(process: &Process, account_id: AccountId, count: usize) -> Vec<Sealed> {
    let mut all = Vec::new();
    for number in 0..count {
        let reference = format!("patient {number}");
        let subject = process.vault.subject_of(account_id, Some(&reference)).await.unwrap();
        let value = process.vault.seal(subject, "findings", reference.as_bytes()).await.unwrap();
        let picture = reference.clone().into_bytes();
        process.vault.put_blob(subject, &format!("img_{number}"), picture).await.unwrap();
        all.push(Sealed { subject, reference, value });
    }
    all
}

async fn assert_all_open(process: &Process, account_id: AccountId, all: &[Sealed]) {
    for (number, Sealed { subject, reference, value }) in all.iter().enumerate() {
        let vault = &process.vault;
        assert_eq!(vault.subject_of(account_id, Some(reference)).await.unwrap(), *subject);
        assert_eq!(vault.open(*subject, "findings", value.clone()).await.unwrap(), reference.as_bytes());
        let picture = vault.get_blob(*subject, &format!("img_{number}")).await.unwrap();
        assert_eq!(picture, reference.as_bytes());
    }
}

async fn to_the_end(process: &Process) {
    while process.vault.rewrap(7).await.unwrap() > 0 {}
}

/// S10: rotate, move every key in steps, take the old master key away: everything opens and is found as before.
#[tokio::test]
async fn an_old_master_key_can_go_once_every_key_was_moved() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    let all = seal_for(&process, account_id, 7).await;
    let new_kid = process.keyring.rotate().unwrap();
    assert_all_open(&process, account_id, &all).await;
    let mut steps = Vec::new();
    loop {
        match process.vault.rewrap(3).await.unwrap() {
            0 => break,
            found => steps.push(found),
        }
    }
    assert_eq!(steps, [4, 3, 1], "three a step, and the look-up key with the first");
    assert!(process.rows().await.iter().all(|row| row.kid == new_kid));
    drop_old_keys(&world.keyring_path());
    assert_eq!(ids(&world.keyring_path()), [new_kid]);
    assert_all_open(&world.start().await, account_id, &all).await;
}

/// The opposite of the above, so that it proves something: taken away too early, the old key is missed.
#[tokio::test]
async fn an_old_master_key_taken_away_too_early_is_missed() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    let all = seal_for(&process, account_id, 1).await;
    process.keyring.rotate().unwrap();
    drop_old_keys(&world.keyring_path());
    process.keyring.reload().unwrap();
    let missed = |error: VaultError| matches!(error, VaultError::Key { source: OpenError::UnknownKey(kid), .. } if kid == "k1");
    let value = all[0].value.clone();
    assert!(missed(process.vault.open(all[0].subject, "findings", value).await.unwrap_err()));
    assert!(missed(process.vault.rewrap(100).await.unwrap_err()));
}

/// F10: processes that move keys at the same time, one of which learns of the new master key only then, do no harm.
#[tokio::test]
async fn racing_moves_do_no_harm() {
    let world = World::new();
    let (one, other) = (world.start().await, world.start().await);
    let account_id = AccountId::new();
    let all = seal_for(&one, account_id, 30).await;
    for _ in 0..2 {
        let new_kid = one.keyring.rotate().unwrap();
        join_all([&one, &other, &one, &other].map(to_the_end)).await;
        assert!(one.rows().await.iter().all(|row| row.kid == new_kid));
        for process in [&one, &other] {
            assert_all_open(process, account_id, &all).await;
        }
    }
}

/// F10: a process that was slow to move keys does not bring back a master key that others have moved on from.
#[tokio::test]
async fn a_slow_move_does_not_undo_a_later_one() {
    let world = World::new();
    let (slow, other) = (world.start().await, world.start().await);
    seal_for(&slow, AccountId::new(), 20).await;
    for pause in 0..40 {
        slow.keyring.rotate().unwrap();
        let overtake = async {
            for _ in 0..pause {
                tokio::task::yield_now().await;
            }
            let new_kid = other.keyring.rotate().unwrap();
            to_the_end(&other).await;
            new_kid
        };
        let (moved, new_kid) = tokio::join!(slow.vault.rewrap(100), overtake);
        moved.unwrap();
        assert!(slow.rows().await.iter().all(|row| row.kid == new_kid), "after {pause} steps");
    }
}

/// F10: an erasure in the middle of a move holds.
#[tokio::test]
async fn a_key_erased_while_keys_move_stays_erased() {
    let world = World::new();
    let (one, other) = (world.start().await, world.start().await);
    let account_id = AccountId::new();
    let all = seal_for(&one, account_id, 20).await;
    one.keyring.rotate().unwrap();
    let erase = join_all(all.iter().map(|sealed| other.vault.erase(account_id, sealed.subject)));
    let (moved, erased) = tokio::join!(one.vault.rewrap(100), erase);
    moved.unwrap();
    assert!(erased.iter().all(Result::is_ok));
    assert_eq!(one.rows().await, []);
    for sealed in &all {
        let refused = one.vault.open(sealed.subject, "findings", sealed.value.clone()).await;
        assert!(matches!(refused, Err(VaultError::Erased(_))), "{refused:?}");
    }
}

/// F10: a process that has run since before a rotation seals no new subject's key with the old master key.
#[tokio::test]
async fn a_long_running_process_learns_of_the_new_key() {
    let world = World::new();
    let running = world.start().await;
    let rotated = Keyring::open_or_create(&world.keyring_path()).unwrap().rotate().unwrap();
    assert_eq!(running.keyring.active_id(), "k1");
    let subject = running.vault.subject_of(AccountId::new(), None).await.unwrap();
    let row = running.rows().await.into_iter().find(|row| row.id == subject).unwrap();
    assert_eq!(row.kid, rotated);
}

/// A key that does not open is told and left alone; the others are moved.
#[tokio::test]
async fn a_damaged_key_holds_up_no_other() {
    let world = World::new();
    let process = world.start().await;
    let account_id = AccountId::new();
    let all = seal_for(&process, account_id, 5).await;
    let mut key = process.rows().await.remove(2).wrapped_key;
    *key.last_mut().unwrap() ^= 1;
    process.overwrite_key(all[2].subject, &key).await;
    let new_kid = process.keyring.rotate().unwrap();
    let failure = process.vault.rewrap(100).await.unwrap_err();
    let is_told = matches!(&failure, VaultError::Key { owner, source: OpenError::Damaged }
        if *owner == all[2].subject.to_string());
    assert!(is_told, "{failure:?}");
    for row in process.rows().await {
        assert_eq!(row.kid == new_kid, row.id != all[2].subject);
    }
}
