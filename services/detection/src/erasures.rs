//! What is removed when persons and accounts are gone: rows and pictures, which nobody can open any more by then.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use prosopa_contract::events::{AUTH_EVENTS, UserDeleted};
use prosopa_events::{Delivery, HandlerError};
use prosopa_jobs::{Handler, JobContext, Jobs, NewJob, Outcome, Stop};
use prosopa_model::{AccountId, Clock};
use prosopa_problem::Code;
use prosopa_store::Tx;

use crate::{error::Error, events, state::State, store, store::detections::DetectionRow};

/// Kind of the job that erases everything of an account that is gone.
pub(crate) const ERASE_ACCOUNT: &str = "erase-account";

/// What the subscription to deleted accounts hears.
pub(crate) const TOPICS: &[&str] = &[AUTH_EVENTS];

/// Detections that are removed in one transaction, and keys that are destroyed in one.
const STEP: u32 = 100;

/// By then whatever the account had in hand when it was deleted is over: no request lives longer.
const IN_HAND: Duration = Duration::from_secs(5 * 60);

/// What the job is to do. It belongs to no account: there is none any more.
#[derive(Debug, Serialize, Deserialize)]
struct EraseAccount {
    account_id: AccountId,
}

/// Removes detections, whose keys are destroyed, and their pictures.
pub(crate) async fn remove(
    state: &State,
    account_id: AccountId,
    rows: &[DetectionRow],
) -> Result<(), prosopa_store::Error> {
    let mut tx = state.database.begin().await?;
    for row in rows {
        if store::detections::delete(&mut tx, account_id, row.id, row.image_id).await? {
            events::publish_deleted(state, &mut tx, account_id, row).await?;
        }
    }
    tx.commit().await?;
    for row in rows {
        // One that cannot be removed now is swept; nobody can open it.
        if let Err(error) = state.vault.delete_blob(&row.image_id.to_string()).await {
            tracing::warn!(%error, image_id = %row.image_id, "an erased picture waits for the sweep");
        }
    }
    Ok(())
}

/// Hears of accounts that are gone, and has them erased: now, and once more when what they had in hand is over.
pub(crate) struct DeletedAccounts {
    pub(crate) jobs: Jobs,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl prosopa_events::Handler for DeletedAccounts {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let Some(deleted) = event.read::<UserDeleted>()? else { return Ok(()) };
        if !deleted.is_account_deleted {
            return Ok(());
        }
        let account_id = deleted.account_id.parse();
        let account_id =
            account_id.map_err(|_| HandlerError::Poison("the account's id is none".to_owned()))?;
        let input = serde_json::to_vec(&EraseAccount { account_id });
        let input = input.map_err(|error| HandlerError::Poison(error.to_string()))?;
        let now = NewJob::new(ERASE_ACCOUNT, input.clone());
        let later = NewJob::new(ERASE_ACCOUNT, input).run_at(self.clock.now().after(IN_HAND));
        for job in [now, later] {
            let enqueued = self.jobs.enqueue(tx, job).await;
            enqueued.map_err(|error| HandlerError::Retry(error.to_string()))?;
        }
        Ok(())
    }
}

/// Destroys the keys of an account's subjects, then removes its rows and pictures. It may be repeated: it erases what is
/// still there.
pub(crate) struct EraseAccountHandler {
    pub(crate) state: State,
}

#[async_trait]
impl Handler for EraseAccountHandler {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        let Ok(EraseAccount { account_id }) = serde_json::from_slice(ctx.input()) else {
            return Ok(Outcome::failed(Code::Internal, "the job's input cannot be read"));
        };
        match self.erase(account_id).await {
            Ok(()) => Ok(Outcome::Completed(None)),
            Err(error) => {
                tracing::warn!(%error, %account_id, "an account that is gone is not erased yet");
                let remark = "what is left cannot be erased at the moment".to_owned();
                Ok(Outcome::Retry { code: Code::Unavailable, remark, after: None })
            }
        }
    }
}

impl EraseAccountHandler {
    async fn erase(&self, account_id: AccountId) -> Result<(), Error> {
        while self.state.vault.erase_of_account(account_id, STEP).await? > 0 {}
        loop {
            let rows = store::detections::list_of_account(&self.state.database, account_id, STEP).await?;
            if rows.is_empty() {
                return Ok(());
            }
            remove(&self.state, account_id, &rows).await?;
        }
    }
}
