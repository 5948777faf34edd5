//! How work on kept pictures is asked for: once for a key, at once or as a job.

use std::time::Duration;

use axum::response::Response;

use prosopa_http::{IdempotencyKey, Preferences, created, set_units_done};
use prosopa_model::AccountId;
use prosopa_problem::Problem;
use prosopa_store::idempotency::Claim;

use super::{
    jobs::JOBS,
    once::{Once, check, replay, settle},
    sources::Sent,
};
use crate::{
    once,
    state::State,
    work::{self, Work},
};

/// Longest that `Prefer: wait` waits for a job.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A request for work.
pub(super) struct WorkRequest {
    pub(super) account_id: AccountId,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) preferences: Preferences,
    /// All that the outcome depends on but for whether the caller waits.
    pub(super) content: Vec<Vec<u8>>,
    /// How many units the answer counts; what the operation counts by itself if absent.
    pub(super) units: Option<u64>,
}

/// Whether a request is to be done, with the claim if it has a key, or was answered before.
enum Begun {
    Do(Option<Claim>),
    Answered(Response),
}

/// Answers a request: once for a key, at once or by a job. `keep` keeps the pictures that came with it; they do not stay where
/// nothing comes of them.
pub(super) async fn answer<W: Work>(
    state: &State,
    request: WorkRequest,
    keep: impl AsyncFnOnce(&mut Sent) -> Result<W, Problem>,
) -> Result<Response, Problem> {
    let WorkRequest { account_id, key, preferences, content, units } = request;
    let once = match begin::<W>(state, account_id, key, content, preferences).await? {
        Begun::Do(once) => once,
        Begun::Answered(answer) => return Ok(answer),
    };
    let mut sent = Sent::new(account_id);
    let outcome = async {
        let work = keep(&mut sent).await?;
        let mut answer = perform(state, account_id, &work, once.as_ref(), preferences).await?;
        if let Some(units) = units {
            set_units_done(answer.headers_mut(), units);
        }
        Ok::<_, Problem>(answer)
    };
    let outcome = outcome.await;
    let outcome = sent.settle(state, outcome).await;
    settle(state, once.as_ref(), outcome).await
}

/// Claims a request with a key.
async fn begin<W: Work>(
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
async fn perform<W: Work>(
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
