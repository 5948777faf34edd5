//! Requests that are done once.

use std::time::Duration;

use futures::future::join_all;

use prosopa_model::{AccountId, Timestamp};
use prosopa_store::{
    Database,
    idempotency::{self, Claim, KeyedRequest, Known, Sender},
};
use prosopa_testkit::TestHome;

async fn open(home: &TestHome) -> Database {
    Database::open(&home.options("test"), &[idempotency::MIGRATION]).await.unwrap()
}

fn request(account_id: AccountId, body: u8) -> KeyedRequest {
    KeyedRequest::new(account_id, "create", b"key", &[b"always", &[body]])
}

fn noon() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

async fn claim(database: &Database, request: &KeyedRequest, now: Timestamp) -> Option<Claim> {
    match idempotency::claim(database, request.clone(), now).await.unwrap() {
        Known::New(claim) => Some(claim),
        _ => None,
    }
}

async fn finish(database: &Database, claim: &Claim, id: &str) -> bool {
    let mut tx = database.begin().await.unwrap();
    let is_finished = idempotency::finish(&mut tx, claim, id).await.unwrap();
    tx.commit().await.unwrap();
    is_finished
}

/// N9: a request is new once, then running, then done; another one with its key is told so; other accounts have keys of
/// their own.
#[tokio::test]
async fn a_request_is_new_once() {
    let home = TestHome::new();
    let (database, account) = (open(&home).await, AccountId::new());
    let (first, other) = (request(account, 1), request(account, 2));
    let claimed = claim(&database, &first, noon()).await.unwrap();
    let known = |request: &KeyedRequest| idempotency::claim(&database, request.clone(), noon());
    assert!(matches!(known(&first).await.unwrap(), Known::Running));
    assert!(matches!(known(&other).await.unwrap(), Known::OtherRequest));
    assert!(finish(&database, &claimed, "det_1").await);
    assert!(matches!(known(&first).await.unwrap(), Known::Done { resource_id } if resource_id == "det_1"));
    assert!(matches!(known(&other).await.unwrap(), Known::OtherRequest));
    assert!(claim(&database, &request(AccountId::new(), 2), noon()).await.is_some());
}

/// N9: of callers that race, one does it.
#[tokio::test]
async fn one_of_many_racing_callers_claims() {
    let home = TestHome::new();
    let (database, request) = (open(&home).await, request(AccountId::new(), 1));
    let claims = join_all((0..20).map(|_| claim(&database, &request, noon()))).await;
    assert_eq!(claims.into_iter().flatten().count(), 1);
}

/// N9: what a vanished process had begun may be begun again after a while, and that process can finish it no more.
#[tokio::test]
async fn a_vanished_request_is_taken_over() {
    let home = TestHome::new();
    let (database, request) = (open(&home).await, request(AccountId::new(), 1));
    let vanished = claim(&database, &request, noon()).await.unwrap();
    assert!(claim(&database, &request, noon().after(Duration::from_secs(119))).await.is_none());
    let later = noon().after(Duration::from_secs(120));
    let heir = claim(&database, &request, later).await.unwrap();
    assert!(!finish(&database, &vanished, "det_1").await, "it must not be committed");
    idempotency::release(&database, &vanished).await.unwrap();
    assert!(finish(&database, &heir, "det_2").await);
    let known = idempotency::claim(&database, request, later).await.unwrap();
    assert!(matches!(known, Known::Done { resource_id } if resource_id == "det_2"));
}

/// N9: what failed may be tried again at once; what was done is known for a day.
#[tokio::test]
async fn keys_are_released_and_forgotten() {
    let home = TestHome::new();
    let (database, account) = (open(&home).await, AccountId::new());
    let failed = claim(&database, &request(account, 1), noon()).await.unwrap();
    idempotency::release(&database, &failed).await.unwrap();
    let again = claim(&database, &request(account, 2), noon()).await.unwrap();
    assert!(finish(&database, &again, "det_1").await);
    let day = noon().after(Duration::from_hours(24));
    assert_eq!(
        idempotency::delete_expired(&database, day.before(Duration::from_secs(1)), 10).await.unwrap(),
        0
    );
    assert!(claim(&database, &request(account, 3), day).await.is_some(), "after a day a key is new");
    let next = day.after(Duration::from_hours(24));
    assert_eq!(idempotency::delete_expired(&database, next, 10).await.unwrap(), 1);
}

/// N9: strangers of different networks have keys of their own, beside those of accounts.
#[tokio::test]
async fn a_strangers_key_belongs_to_its_network() {
    let home = TestHome::new();
    let database = open(&home).await;
    let here =
        |body: u8| KeyedRequest::new(Sender::Stranger([1; 32]), "create", b"key", &[b"always", &[body]]);
    let there = KeyedRequest::new(Sender::Stranger([2; 32]), "create", b"key", &[b"always", &[2]]);
    let claimed = claim(&database, &here(1), noon()).await.unwrap();
    let known = |request: KeyedRequest| idempotency::claim(&database, request, noon());
    assert!(matches!(known(here(1)).await.unwrap(), Known::Running));
    assert!(matches!(known(here(2)).await.unwrap(), Known::OtherRequest));
    assert!(claim(&database, &there, noon()).await.is_some());
    assert!(claim(&database, &request(AccountId::new(), 2), noon()).await.is_some());
    assert!(finish(&database, &claimed, "reg_1").await);
    assert!(matches!(known(here(1)).await.unwrap(), Known::Done { resource_id } if resource_id == "reg_1"));
}

/// N9: where what was made came to nothing, the key is free again, but not for who comes too late to say so.
#[tokio::test]
async fn a_withdrawn_key_is_new() {
    let home = TestHome::new();
    let (database, account) = (open(&home).await, AccountId::new());
    let withdraw = async |resource_id: &str| {
        let mut tx = database.begin().await.unwrap();
        idempotency::withdraw(&mut tx, &request(account, 1), resource_id).await.unwrap();
        tx.commit().await.unwrap();
    };
    let first = claim(&database, &request(account, 1), noon()).await.unwrap();
    withdraw("reg_1").await;
    assert!(finish(&database, &first, "reg_1").await, "only what is finished is withdrawn");
    withdraw("reg_1").await;
    let second = claim(&database, &request(account, 2), noon()).await.unwrap();
    assert!(finish(&database, &second, "reg_2").await);
    withdraw("reg_1").await;
    let known = idempotency::claim(&database, request(account, 2), noon()).await.unwrap();
    assert!(matches!(known, Known::Done { resource_id } if resource_id == "reg_2"));
}
