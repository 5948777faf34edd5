//! How requests with an `Idempotency-Key` are answered.

use std::str::FromStr;

use axum::response::Response;

use prosopa_http::{Preferences, key_in_use, key_reused, replayed};
use prosopa_jobs::JobRow;
use prosopa_model::{AccountId, JobId};
use prosopa_problem::{Code, Problem};
use prosopa_store::idempotency::{Claim, Known};

use super::jobs::JOBS;
use crate::{once::release, state::State};

/// What is to be done with a request that has a key.
pub(super) enum Once {
    /// It is to be done, and finished with this.
    Do(Claim),
    /// It was done, and made the thing of this id.
    Done(String),
}

/// Refuses a key that is at work or came with another request.
pub(super) fn check(known: Known) -> Result<Once, Problem> {
    match known {
        Known::New(claim) => Ok(Once::Do(claim)),
        Known::Done { resource_id } => Ok(Once::Done(resource_id)),
        Known::OtherRequest => Err(key_reused()),
        Known::Running => Err(key_in_use()),
    }
}

/// The outcome of a request; one that failed lets its repetition be a new attempt.
pub(super) async fn settle<T, E>(
    state: &State,
    claim: Option<&Claim>,
    outcome: Result<T, E>,
) -> Result<T, E> {
    if let (Err(_), Some(claim)) = (&outcome, claim) {
        release(state, claim).await;
    }
    outcome
}

/// Tells again of what the first request made, or of the job that makes it; as it stands now.
pub(super) async fn replay<I: FromStr>(
    state: &State,
    account_id: AccountId,
    resource_id: &str,
    preferences: Preferences,
    result_of: fn(&JobRow) -> Option<I>,
    tell: impl AsyncFnOnce(I) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    if let Ok(id) = resource_id.parse::<I>() {
        return Ok(replayed(tell(id).await?));
    }
    let id = resource_id.parse::<JobId>().map_err(Problem::internal)?;
    let row = state.jobs.find_of(account_id, id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(replayed(match result_of(&row) {
        Some(id) => tell(id).await?,
        None => JOBS.accepted(row, preferences)?,
    }))
}
