//! Accounts that are gone, as auth tells of them.

use std::time::Duration;

use prost::Message;
use uuid::Uuid;

use prosopa_contract::events::{Event, UserDeleted};
use prosopa_events::{Delivery, HandlerError};
use prosopa_model::{AccountId, Timestamp};

use crate::support::Detection;

const LIST: &str = "/api/v1/faces/detections";

fn deleted(account_id: &str, is_account_deleted: bool) -> Delivery {
    let event = UserDeleted { user_id: "usr".into(), account_id: account_id.into(), is_account_deleted };
    Delivery {
        position: 1,
        event_id: Uuid::now_v7(),
        topic: UserDeleted::TOPIC.into(),
        key: event.key().into(),
        kind: UserDeleted::TYPE.into(),
        time: Timestamp::default(),
        traceparent: None,
        data: event.encode_to_vec(),
    }
}

impl Detection {
    /// Hears what auth says.
    async fn hear(&self, event: &Delivery) -> Result<(), HandlerError> {
        let listening = &self.parts.as_ref().unwrap().listens[0];
        let mut tx = listening.database.begin().await.unwrap();
        listening.subscription.handler.handle(&mut tx, event).await?;
        tx.commit().await.unwrap();
        Ok(())
    }

    async fn count(&self, account: AccountId) -> usize {
        self.get(account, LIST).await.json()["items"].as_array().unwrap().len()
    }

    pub(crate) async fn pictures(&self) -> usize {
        self.test.home.blobs().names("detection").await.len()
    }
}

/// R4, N7: with an account go its keys, rows and pictures, those of requests that were in hand too; nobody else's.
#[tokio::test]
async fn an_account_that_is_gone_is_erased() {
    let detection = Detection::start().await;
    let (gone, other) = (AccountId::new(), AccountId::new());
    detection.detect_person(gone, "patient-7").await;
    for account in [gone, gone, other] {
        detection.detect(account).await;
    }
    detection.keep(gone, &[], b"a picture that nobody looked at").await;
    detection.hear(&deleted(&gone.to_string(), true)).await.unwrap();
    assert_eq!(detection.work().await, 1);
    assert_eq!((detection.count(gone).await, detection.count(other).await), (0, 1));
    assert_eq!((detection.count_keys().await, detection.pictures().await), (1, 1));
    // It was on its way when the account was deleted.
    detection.detect(gone).await;
    detection.test.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(detection.work().await, 1);
    assert_eq!((detection.count(gone).await, detection.count(other).await), (0, 1));
    assert_eq!((detection.count_keys().await, detection.pictures().await), (1, 1));
}

/// R4: an account that others still use stays as it is.
#[tokio::test]
async fn an_account_with_other_users_stays() {
    let detection = Detection::start().await;
    let account = AccountId::new();
    detection.detect(account).await;
    detection.hear(&deleted(&account.to_string(), false)).await.unwrap();
    assert_eq!((detection.work().await, detection.count(account).await), (0, 1));
}

/// R4: an event that names no account is put aside, not repeated for ever.
#[tokio::test]
async fn an_event_that_names_nobody_is_poison() {
    let detection = Detection::start().await;
    let heard = detection.hear(&deleted("nobody", true)).await;
    assert!(matches!(heard, Err(HandlerError::Poison(_))), "{heard:?}");
}
