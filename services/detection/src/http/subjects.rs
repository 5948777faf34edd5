//! `/faces/subjects`: a person whose face was processed is forgotten.

use std::time::Duration;

use axum::{extract, response::Response};
use http::StatusCode;

use prosopa_http::{Caller, Endpoints, Operation, PathId, Preferences};
use prosopa_jobs::Job;
use prosopa_model::Scope;
use prosopa_problem::Problem;

use super::jobs::JOBS;
use crate::{state::State, subjects};

/// Longest that `Prefer: wait` waits for the job.
const WAIT_MAX: Duration = Duration::from_secs(10);

pub(super) fn endpoints() -> Endpoints<State> {
    let erase = Operation::delete("erase_subject", "/api/v1/faces/subjects/{id}")
        .summary("Erase a person: nothing that was kept of it opens any more; the job removes the rest")
        .scope(Scope::FacesWrite)
        .path_id("The subject's id, `sub_…`, as detections name it")
        .json_answer::<Job>(StatusCode::ACCEPTED, "The person is erased; the job removes what is left");
    Endpoints::new().add(erase, erase_subject)
}

async fn erase_subject(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    preferences: Preferences,
    PathId(id): PathId<prosopa_model::id::Subject>,
) -> Result<Response, Problem> {
    let row = subjects::erase(&state, principal.account_id, id).await?;
    // The person is erased already: nobody needs to wait unless it was asked for.
    let wait = preferences.wait.unwrap_or_default().min(WAIT_MAX);
    let row = subjects::wait(&state, row, wait).await?;
    JOBS.accepted(row, preferences)
}
