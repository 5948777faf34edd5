//! `GET /api/v1/jobs`, and the table of everything about them.

use axum::extract;
use serde::Deserialize;
use utoipa::IntoParams;

use prosopa_http::{Caller, Endpoints, ListQuery, Operation, Page, Query};
use prosopa_model::Scope;
use prosopa_problem::{Code, Problem};

use super::{State, job_events};
use crate::jobs::{self, ListedJob};

pub(super) fn endpoints() -> Endpoints<State> {
    let list = Operation::get("list_all_jobs", "/api/v1/jobs")
        .summary("All of one's jobs, whichever service runs them, newest first")
        .scope(Scope::AccountRead)
        .query::<JobsQuery>()
        .page_answer::<ListedJob>("A page of jobs");
    let follow = Operation::get("follow_all_jobs", "/api/v1/jobs/events")
        .summary("A WebSocket that tells how one's unfinished jobs stand, then every job that changes")
        .scope(Scope::AccountRead)
        .problems(&[Code::CsrfRefused, Code::Overloaded])
        .upgrades(
            "Messages of the form of `ListedJob`; `{\"resync\": true}` in place of changes that were left out, since the \
             reader was too slow",
        );
    Endpoints::new().add(list, list_all_jobs).add(follow, job_events::follow)
}

/// Query parameters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct JobsQuery {
    /// Only jobs of this status: `queued`, `processing`, `completed`, `failed` or `cancelled`.
    status: Option<String>,
    /// Only jobs of this service, such as `detection`.
    service: Option<String>,
    /// Only jobs made at this RFC 3339 time or later; a date means its beginning.
    start_date: Option<String>,
    /// Only jobs made before this RFC 3339 time; a date includes its whole day.
    end_date: Option<String>,
    /// IANA time zone in which dates begin, such as `Europe/Berlin`; UTC if absent.
    tz: Option<String>,
    /// Rows a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

const STATUSES: [&str; 5] = ["queued", "processing", "completed", "failed", "cancelled"];

async fn list_all_jobs(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    Query(query): Query<JobsQuery>,
) -> Result<axum::Json<Page<ListedJob>>, Problem> {
    let JobsQuery { status, service, start_date, end_date, tz, limit, cursor } = query;
    let (status, service) = (status.unwrap_or_default(), service.unwrap_or_default());
    if !status.is_empty() && !STATUSES.contains(&status.as_str()) {
        return Err(Problem::invalid("?status", format!("must be one of {}", STATUSES.join(", "))));
    }
    let request = ListQuery { start_date, end_date, tz, limit, cursor }.check()?;
    Ok(axum::Json(jobs::list(&state.database, principal.account_id, (&status, &service), request).await?))
}
