//! Requests with an `Idempotency-Key` whose answer is rendered again from what they made.

use prosopa_http::{key_in_use, key_reused};
use prosopa_problem::Problem;
use prosopa_store::idempotency::{Claim, KeyedRequest, Known};

use crate::{error::Error, state::State};

/// What is to be done with a request.
pub(super) enum Once {
    /// It is to be done, and finished with its claim if it has a key.
    Do(Option<Claim>),
    /// It was done, and made the thing of this id.
    Done(String),
}

/// Claims a request that has a key.
pub(super) async fn claim(state: &State, request: Option<KeyedRequest>) -> Result<Once, Problem> {
    let Some(request) = request else { return Ok(Once::Do(None)) };
    match state.store.claim(request, state.clock.now()).await? {
        Known::New(claim) => Ok(Once::Do(Some(claim))),
        Known::Done { resource_id } => Ok(Once::Done(resource_id)),
        Known::OtherRequest => Err(key_reused()),
        Known::Running => Err(key_in_use()),
    }
}

/// The outcome of a request; one that failed lets its repetition be a new attempt.
pub(super) async fn settle<T>(
    state: &State,
    claim: Option<&Claim>,
    outcome: Result<T, Error>,
) -> Result<T, Problem> {
    match outcome {
        Ok(made) => Ok(made),
        Err(error) => {
            if let Some(claim) = claim {
                state.store.release(claim).await;
            }
            Err(error.into())
        }
    }
}
