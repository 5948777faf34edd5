//! How work on kept pictures is asked for: once for a key, at once or as a job.

use std::time::Duration;

use axum::response::Response;

use prosopa_http::{IdempotencyKey, Preferences, created};
use prosopa_model::AccountId;
use prosopa_problem::Problem;
use prosopa_store::idempotency::Claim;

use super::{
    jobs::JOBS,
    once::{Once, check, replay},
};
use crate::{
    once,
    state::State,
    work::{self, Work},
};

/// Longest that `Prefer: wait` waits for a job.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Whether a request is to be done, with the claim if it has a key, or was answered before.
pub(super) enum Begun {
    Do(Option<Claim>),
    Answered(Response),
}

/// Claims a request with a key; `content` is all that its outcome depends on but for whether it waits.
pub(super) async fn begin<W: Work>(
    state: &State,
    account_id: AccountId,
    key: Option<IdempotencyKey>,
    mut content: Vec<Vec<u8>>,
    preferences: Preferences,
) -> Result<Begun, Problem> {
    let Some(key) = key else { return Ok(Begun::Do(None)) };
    content.push(vec![u8::from(preferences.respond_async)]);
    let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
    match check(once::claim(state, account_id, W::JOB_KIND, &key, &content).await?)? {
        Once::Do(claim) => Ok(Begun::Do(Some(claim))),
        Once::Done(made) => {
            let tell = async |id| show::<W>(id, W::get(state, account_id, id).await?);
            let answer = replay(state, account_id, &made, preferences, work::made_by::<W::Id>, tell).await?;
            Ok(Begun::Answered(answer))
        }
    }
}

/// Does the work, or has a job do it.
pub(super) async fn perform<W: Work>(
    state: &State,
    account_id: AccountId,
    work: &W,
    once: Option<&Claim>,
    preferences: Preferences,
) -> Result<Response, Problem> {
    if !preferences.respond_async {
        let (id, shown) = work::perform(state, account_id, work, once).await?;
        return show::<W>(id, shown);
    }
    let row = work::submit(state, account_id, work, once, preferences.wait_at_most(WAIT_MAX)).await?;
    match work::made_by::<W::Id>(&row) {
        Some(id) => show::<W>(id, W::get(state, account_id, id).await?),
        None => JOBS.accepted(row, preferences),
    }
}

fn show<W: Work>(id: W::Id, shown: W::Shown) -> Result<Response, Problem> {
    created(&format!("{}/{id}", W::PATH), shown)
}
