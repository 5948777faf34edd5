//! Work on kept pictures that is done at once or as a job: what comes of it is written in one transaction, with what it costs.

use std::{fmt::Display, marker::PhantomData, str::FromStr, time::Duration};

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

use prosopa_jobs::{Handler, JobContext, JobRow, NewJob, Outcome, Stop};
use prosopa_model::{AccountId, UserId};
use prosopa_problem::{Code, Problem};
use prosopa_store::{Tx, idempotency};

use crate::{error::Error, once, state::State, subjects};

/// A piece of work, as it is asked for. It names nobody but by ids, so that a job may hold it.
#[async_trait]
pub(crate) trait Work: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Kind of the job that does it.
    const JOB_KIND: &'static str;
    /// Where what came of it is asked for: below this, by its id.
    const PATH: &'static str;
    /// Names what came of it.
    type Id: FromStr + Display + Copy + Send + Sync;
    /// What came of it and is not written yet.
    type Done: Send + Sync;
    /// The same as callers see it.
    type Shown: Serialize + Send;

    /// On whose behalf.
    fn user_id(&self) -> UserId;

    /// Does it. Nothing is written.
    async fn perform(&self, state: &State, account_id: AccountId) -> Result<Self::Done, Error>;

    /// Writes what came of it, and says what it costs. A picture may be gone meanwhile.
    async fn write(
        done: &Self::Done,
        state: &State,
        tx: &mut Tx,
        account_id: AccountId,
    ) -> Result<Self::Id, Error>;

    /// Shows what came of it to who waited for it.
    fn show(done: Self::Done) -> Self::Shown;

    /// What came of it earlier; anybody else's is told not to exist.
    async fn get(state: &State, account_id: AccountId, id: Self::Id) -> Result<Self::Shown, Error>;
}

/// Does it while the caller waits.
pub(crate) async fn perform<W: Work>(
    state: &State,
    account_id: AccountId,
    work: &W,
    once: Option<&idempotency::Claim>,
) -> Result<(W::Id, W::Shown), Error> {
    let done = work.perform(state, account_id).await?;
    let mut tx = state.database.begin().await?;
    let id = W::write(&done, state, &mut tx, account_id).await?;
    once::finish(&mut tx, once, &id.to_string()).await?;
    tx.commit().await?;
    Ok((id, W::show(done)))
}

/// Enqueues it. The row tells where it stands, at most `wait` later.
pub(crate) async fn submit<W: Work>(
    state: &State,
    account_id: AccountId,
    work: &W,
    once: Option<&idempotency::Claim>,
    wait: Duration,
) -> Result<JobRow, Error> {
    let input = serde_json::to_vec(work).map_err(Error::Input)?;
    let mut tx = state.database.begin().await?;
    let row = state.jobs.enqueue(&mut tx, NewJob::new(W::JOB_KIND, input).account(account_id)).await?;
    once::finish(&mut tx, once, &row.id.to_string()).await?;
    tx.commit().await?;
    subjects::wait(state, row, wait).await
}

/// Address of what a completed job made, if it did this kind of work.
pub(crate) fn href_of<W: Work>(row: &JobRow) -> Option<String> {
    made_by::<W::Id>(row).map(|id| format!("{}/{id}", W::PATH))
}

/// What a completed job made, if it is of this kind.
pub(crate) fn made_by<I: FromStr>(row: &JobRow) -> Option<I> {
    std::str::from_utf8(row.output.as_deref()?).ok()?.parse().ok()
}

/// Does work of one kind, and writes what came of it in the transaction that ends the job.
pub(crate) struct WorkHandler<W> {
    state: State,
    kind: PhantomData<fn() -> W>,
}

impl<W> WorkHandler<W> {
    pub(crate) fn new(state: &State) -> Self {
        Self { state: state.clone(), kind: PhantomData }
    }
}

#[async_trait]
impl<W: Work> Handler for WorkHandler<W> {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        let state = &self.state;
        let Some(account_id) = ctx.job().account_id else {
            return Ok(Outcome::failed(Code::Internal, "the job belongs to nobody"));
        };
        let Ok(work) = serde_json::from_slice::<W>(ctx.input()) else {
            return Ok(Outcome::failed(Code::Internal, "the job's input cannot be read"));
        };
        if let Some(barred) = bar(state, account_id, work.user_id()).await {
            return Ok(barred);
        }
        let done = tokio::select! {
            done = work.perform(state, account_id) => done.map_err(stop)?,
            () = ctx.cancelled() => return Ok(Outcome::Cancelled),
        };
        let mut tx = state.database.begin().await?;
        let id = W::write(&done, state, &mut tx, account_id).await.map_err(stop)?;
        let outcome = ctx.complete_in(&mut tx, Some(id.to_string().into_bytes())).await?;
        tx.commit().await?;
        Ok(outcome)
    }
}

/// How a job ends whose account may not act any more, or of which that cannot be told: what was allowed when it was asked for
/// may be so no more.
pub(crate) async fn bar(state: &State, account_id: AccountId, user_id: UserId) -> Option<Outcome> {
    match state.accounts.may_act(account_id, user_id).await {
        Ok(true) => None,
        Ok(false) => Some(Outcome::failed(Code::Forbidden, "the account may not do this any more")),
        Err(error) => {
            tracing::warn!(%error, "nobody can tell whether a job's account may act");
            Some(Outcome::retry("the account cannot be checked at the moment"))
        }
    }
}

/// A picture that is at fault stays so; everything else may go better the next time.
pub(crate) fn stop(error: Error) -> Stop {
    let problem = Problem::from(error);
    let (code, remark) =
        (problem.code(), problem.detail().unwrap_or_else(|| problem.code().title()).to_owned());
    Stop::With(if code.is_retryable() || code == Code::Internal {
        Outcome::Retry { code, remark, after: None }
    } else {
        Outcome::Failed { code, remark }
    })
}
