//! Matches of callers who do not wait.

use std::time::Duration;

use async_trait::async_trait;

use prosopa_jobs::{Handler, JobContext, JobRow, NewJob, Outcome, Stop};
use prosopa_model::{AccountId, MatchId};
use prosopa_problem::Code;
use prosopa_store::idempotency;

use super::{bar, stop};
use crate::{
    error::Error,
    matches::{self, NewMatch},
    once,
    state::State,
    subjects,
};

/// Kind of the job that compares faces.
pub(super) const MATCH_FACES: &str = "match-faces";

/// The match that a completed job made.
pub(crate) fn match_of(row: &JobRow) -> Option<MatchId> {
    std::str::from_utf8(row.output.as_deref()?).ok()?.parse().ok()
}

/// Enqueues a match. The row tells where it stands, at most `wait` later.
pub(crate) async fn submit_match(
    state: &State,
    account_id: AccountId,
    new: &NewMatch,
    once: Option<&idempotency::Claim>,
    wait: Duration,
) -> Result<JobRow, Error> {
    let input = serde_json::to_vec(new).map_err(Error::Input)?;
    let mut tx = state.database.begin().await?;
    let row = state.jobs.enqueue(&mut tx, NewJob::new(MATCH_FACES, input).account(account_id)).await?;
    once::finish(&mut tx, once, &row.id.to_string()).await?;
    tx.commit().await?;
    subjects::wait(state, row, wait).await
}

/// Compares, and writes what came of it in the transaction that ends the job.
pub(super) struct MatchFacesHandler {
    pub(super) state: State,
}

#[async_trait]
impl Handler for MatchFacesHandler {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        let Some(account_id) = ctx.job().account_id else {
            return Ok(Outcome::failed(Code::Internal, "the job belongs to nobody"));
        };
        let Ok(new) = serde_json::from_slice::<NewMatch>(ctx.input()) else {
            return Ok(Outcome::failed(Code::Internal, "the job's input cannot be read"));
        };
        if let Some(barred) = bar(&self.state, account_id, new.user_id).await {
            return Ok(barred);
        }
        let compared = tokio::select! {
            compared = matches::compare(&self.state, account_id, &new) => compared.map_err(stop)?,
            () = ctx.cancelled() => return Ok(Outcome::Cancelled),
        };
        let mut tx = self.state.database.begin().await?;
        compared.insert(&self.state, &mut tx, account_id).await.map_err(stop)?;
        let outcome = ctx.complete_in(&mut tx, Some(compared.id().to_string().into_bytes())).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}
