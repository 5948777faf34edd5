//! The list of all jobs of an account.

use serde::Serialize;
use utoipa::ToSchema;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, Cursor, JobId, Timestamp};
use prosopa_store::{Database, Error};

use crate::store::jobs::{self, JobRow};

/// Most unfinished jobs that a follower is told of at first.
const UNFINISHED_MAX: u32 = 100;

/// A job as it was heard of last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedJob {
    /// The job's id.
    #[schema(value_type = String, example = "job_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) id: JobId,
    /// The service that runs it.
    #[schema(example = "detection")]
    pub(crate) service: String,
    /// What kind of work it is.
    #[schema(example = "detect-faces")]
    pub(crate) kind: String,
    /// How urgent it is: `interactive`, `normal` or `backfill`.
    pub(crate) class: String,
    /// Where it stands: `queued`, `processing`, `completed`, `failed` or `cancelled`.
    pub(crate) status: String,
    /// What it does there.
    pub(crate) phase: String,
    /// Units of work done.
    pub(crate) progress_done: u64,
    /// Units of work in all; 0 where nobody knows.
    pub(crate) progress_total: u64,
    /// How often it was begun.
    pub(crate) attempts: u64,
    /// Code of the problem it failed with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) problem_code: String,
    /// Where its details, its cancellation and its repetition are.
    pub(crate) href: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) changed_at: Timestamp,
}

/// One page, newest first.
pub(crate) async fn list(
    database: &Database,
    account_id: AccountId,
    (status, service): (&str, &str),
    request: ListRequest,
) -> Result<Page<ListedJob>, Error> {
    let rows = jobs::list(database, account_id, (status, service), request).await?;
    let position = |row: &JobRow| Cursor { created_at: row.created_at, id: row.job_id.uuid() };
    Ok(Page::cut(rows, request.page.limit, position).map(ListedJob::from))
}

/// The newest of the jobs that have not ended, newest first; and a change that all of them are told behind.
pub(crate) async fn list_unfinished(
    database: &Database,
    account_id: AccountId,
) -> Result<(i64, Vec<JobRow>), Error> {
    let begun_at = jobs::find_newest_change(database).await?;
    Ok((begun_at, jobs::list_unfinished(database, account_id, UNFINISHED_MAX).await?))
}

impl From<JobRow> for ListedJob {
    fn from(row: JobRow) -> Self {
        Self {
            id: row.job_id,
            service: row.service,
            kind: row.kind,
            class: row.class,
            status: row.status,
            phase: row.phase,
            progress_done: row.progress_done,
            progress_total: row.progress_total,
            attempts: row.attempts,
            problem_code: row.problem_code,
            href: row.href,
            created_at: row.created_at,
            changed_at: row.changed_at,
        }
    }
}
