//! How many answers are kept, and which.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use prosopa_contract::verifier::Verified;
use prosopa_model::{AccountId, Credential, Principal, Role, Scopes, SessionId, Timestamp, UserId};

use super::{super::answer::Beginning, *};

fn answer() -> Arc<Answer<Verified>> {
    let principal = Principal {
        account_id: AccountId::new(),
        user_id: UserId::new(),
        role: Role::User,
        scopes: Scopes::all(),
        credential: Credential::Session(SessionId::new()),
        requests_per_day_max: None,
        plan: None,
        quota: None,
    };
    let said = Verified { principal, valid_until: Some(Timestamp::MAX) };
    Arc::new(Answer { said, beginning: Beginning { generation: 0, at: Instant::now() } })
}

fn len(answers: &Answers<Verified>) -> (usize, usize) {
    let kept = answers.kept.lock().unwrap();
    (kept.by_digest.len(), kept.order.len())
}

#[tokio::test(start_paused = true)]
async fn the_oldest_answer_leaves_first() {
    let answers = Answers::new(2);
    for number in [1, 2, 3] {
        answers.insert([number; 32], answer());
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert!(
        answers.get(&[1; 32]).is_none() && answers.get(&[2; 32]).is_some() && answers.get(&[3; 32]).is_some()
    );
}

/// One credential that is asked for again and again takes no more room, and is not let go of by its own past.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_replaced_is_kept_once() {
    let answers = Answers::new(3);
    for _ in 0..100 {
        answers.insert([1; 32], answer());
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert!(len(&answers).0 == 1 && len(&answers).1 <= 3);
    assert!(answers.get(&[1; 32]).is_some());
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_too_old_leave() {
    let answers = Answers::new(100);
    for number in 0..50 {
        answers.insert([number; 32], answer());
    }
    tokio::time::advance(ANSWER_LIFE).await;
    answers.insert([77; 32], answer());
    assert_eq!(len(&answers), (1, 1));
    answers.clear();
    assert_eq!(len(&answers), (0, 0));
}
