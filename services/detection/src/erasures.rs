//! What is removed when persons and accounts are gone: rows and pictures, which nobody can open any more by then.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use prosopa_contract::events::{AUTH_EVENTS, UserDeleted};
use prosopa_events::{Delivery, HandlerError};
use prosopa_jobs::{Handler, JobContext, Jobs, NewJob, Outcome, Stop};
use prosopa_model::{AccountId, Clock, ImageId};
use prosopa_problem::Code;
use prosopa_store::Tx;

use crate::{error::Error, events, state::State, store};

/// Kind of the job that erases everything of an account that is gone.
pub(crate) const ERASE_ACCOUNT: &str = "erase-account";

/// What the subscription to deleted accounts hears.
pub(crate) const TOPICS: &[&str] = &[AUTH_EVENTS];

/// Pictures that are removed in one transaction, detections that are read at once, and keys that are destroyed together.
const STEP: u32 = 100;

/// By then whatever the account had in hand when it was deleted is over: no request lives longer.
const IN_HAND: Duration = Duration::from_secs(5 * 60);

/// What the job is to do. It belongs to no account: there is none any more.
#[derive(Debug, Serialize, Deserialize)]
struct EraseAccount {
    account_id: AccountId,
}

/// Removes pictures with all that was found in them, in the order of their ids. Those that are gone already are passed over.
pub(crate) async fn remove(
    state: &State,
    account_id: AccountId,
    ids: &[ImageId],
) -> Result<(), prosopa_store::Error> {
    let mut tx = state.database.begin().await?;
    for id in ids {
        if store::images::hold(&mut tx, account_id, *id).await? {
            remove_found(state, &mut tx, account_id, *id).await?;
            store::images::delete(&mut tx, account_id, *id).await?;
        }
    }
    tx.commit().await?;
    for id in ids {
        // One that cannot be removed now is swept.
        if let Err(error) = state.vault.delete_blob(&id.to_string()).await {
            tracing::warn!(%error, image_id = %id, "a removed picture waits for the sweep");
        }
    }
    Ok(())
}

/// Removes what was found in a picture that is held.
async fn remove_found(
    state: &State,
    tx: &mut Tx,
    account_id: AccountId,
    id: ImageId,
) -> Result<(), prosopa_store::Error> {
    store::matches::delete_of_image(tx, id).await?;
    store::documents::delete_of_image(tx, id).await?;
    store::verifications::delete_of_image(tx, id).await?;
    loop {
        let rows = store::detections::list_of_image(tx, id, STEP).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            store::detections::delete(tx, account_id, row.id).await?;
            events::publish_deleted(state, tx, account_id, row).await?;
        }
    }
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
            let ids = store::images::list_of_account(&self.state.database, account_id, STEP).await?;
            if ids.is_empty() {
                return Ok(());
            }
            remove(&self.state, account_id, &ids).await?;
        }
    }
}
