//! The job resource over HTTP, the same in every service: list, look, cancel, retry.

use axum::{
    extract::{FromRef, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use prosopa_http::{Caller, Endpoints, ListQuery, ListRequest, Operation, PathId, Preferences, Query};
use prosopa_model::{JobId, Scope, Timestamp, id};
use prosopa_problem::{Code, Problem};

use crate::{
    job::{JobRow, JobStatus},
    jobs::Jobs,
    store::steps::StepRow,
};

/// Where the job resource of a service lies and who may use it. Made by [`job_routes!`](crate::job_routes).
#[derive(Debug, Clone, Copy)]
pub struct JobRoutes {
    /// The list, such as `/api/v1/detection/jobs`.
    pub list: &'static str,
    /// One job: the list's path and `/{id}`.
    pub item: &'static str,
    /// One job's path and `/cancel`.
    pub cancel: &'static str,
    /// One job's path and `/retry`.
    pub retry: &'static str,
    /// Needed to look.
    pub read: Scope,
    /// Needed to cancel and retry.
    pub write: Scope,
    /// Address of what a completed job made; none where it made nothing that has one.
    pub result_href: fn(&JobRow) -> Option<String>,
}

/// The routes of the job resource below a path: `job_routes!("/api/v1/detection/jobs", read, write, result_href)`.
#[macro_export]
macro_rules! job_routes {
    ($list:literal, $read:expr, $write:expr, $result_href:expr) => {
        $crate::JobRoutes {
            list: $list,
            item: concat!($list, "/{id}"),
            cancel: concat!($list, "/{id}/cancel"),
            retry: concat!($list, "/{id}/retry"),
            read: $read,
            write: $write,
            result_href: $result_href,
        }
    };
}

/// The routes of the job resource over a state that holds [`Jobs`].
pub fn job_endpoints<S>(routes: JobRoutes) -> Endpoints<S>
where
    S: Clone + Send + Sync + 'static,
    Jobs: FromRef<S>,
{
    let list = Operation::get("list_jobs", routes.list)
        .summary("One's own jobs, newest first")
        .scope(routes.read)
        .query::<JobListQuery>()
        .page_answer::<Job>("A page of jobs, without their steps");
    let get = Operation::get("get_job", routes.item)
        .summary("One job with its steps")
        .scope(routes.read)
        .path_id("The job's id, `job_…`")
        .json_answer::<Job>(StatusCode::OK, "The job");
    let cancel = Operation::post("cancel_job", routes.cancel)
        .summary("Call a job off: at once if it is queued, else as soon as its worker notices; a finished one stays")
        .scope(routes.write)
        .path_id("The job's id, `job_…`")
        .json_answer::<Job>(StatusCode::OK, "The job as it stands now");
    let retry = Operation::post("retry_job", routes.retry)
        .summary(
            "Queue a failed or cancelled job again, from its first step that is not done; any other stays",
        )
        .scope(routes.write)
        .path_id("The job's id, `job_…`")
        .json_answer::<Job>(StatusCode::OK, "The job as it stands now");
    Endpoints::new()
        .add(list, move |State(jobs): State<Jobs>, Caller(caller): Caller, Query(query): Query<JobListQuery>| async move {
            let (status, request) = query.check()?;
            let page = jobs.list(caller.account_id, status, request).await?;
            Ok::<_, Problem>(axum::Json(page.map(|row| Job::new(routes, row, None))))
        })
        .add(get, move |State(jobs): State<Jobs>, Caller(caller): Caller, PathId(id): PathId<id::Job>| async move {
            answer(routes, &jobs, jobs.find_of(caller.account_id, id).await?).await
        })
        .add(cancel, move |State(jobs): State<Jobs>, Caller(caller): Caller, PathId(id): PathId<id::Job>| async move {
            answer(routes, &jobs, jobs.cancel(caller.account_id, id).await?).await
        })
        .add(retry, move |State(jobs): State<Jobs>, Caller(caller): Caller, PathId(id): PathId<id::Job>| async move {
            answer(routes, &jobs, jobs.retry(caller.account_id, id).await?).await
        })
}

impl JobRoutes {
    /// The answer 202 to who made a job and does not wait for it.
    pub fn accepted(self, row: JobRow, preferences: Preferences) -> Result<Response, Problem> {
        let location = self.item.replace("{id}", &row.id.to_string());
        prosopa_http::accepted(&location, preferences, self.show(row))
    }

    /// A job as callers see it, without its steps.
    pub fn show(self, row: JobRow) -> Job {
        Job::new(self, row, None)
    }
}

async fn answer(routes: JobRoutes, jobs: &Jobs, row: Option<JobRow>) -> Result<axum::Json<Job>, Problem> {
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    let steps = jobs.list_steps(row.id).await?;
    Ok(axum::Json(Job::new(routes, row, Some(steps))))
}

/// Query parameters of the list of jobs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct JobListQuery {
    /// Only jobs of this status: `queued`, `processing`, `completed`, `failed` or `cancelled`.
    status: Option<String>,
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

impl JobListQuery {
    fn check(self) -> Result<(Option<JobStatus>, ListRequest), Problem> {
        let status = self.status.as_deref().map(str::parse).transpose().map_err(|_| {
            let names = JobStatus::ALL.map(JobStatus::as_str).join(", ");
            Problem::invalid("?status", format!("must be one of {names}"))
        })?;
        let Self { start_date, end_date, tz, limit, cursor, .. } = self;
        let request = ListQuery { start_date, end_date, tz, limit, cursor }.check()?;
        Ok((status, request))
    }
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub struct Job {
    /// The job's id.
    #[schema(value_type = String, example = "job_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    id: JobId,
    /// What kind of work it is.
    kind: String,
    /// How urgent it is: `interactive`, `normal` or `backfill`.
    class: &'static str,
    /// Where it stands: `queued`, `processing`, `completed`, `failed` or `cancelled`.
    status: &'static str,
    /// What it does there: such as `waiting_retry`, `cancelling` or the name of a step.
    phase: String,
    /// How far it is.
    progress: Progress,
    /// How often it was begun.
    attempts: u64,
    /// A sentence about why it failed or is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<JobProblem>,
    /// Its parts; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was begun first.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// Address of what it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    result_href: Option<String>,
}

/// How far a job is.
#[derive(Debug, Serialize, ToSchema)]
struct Progress {
    /// Units of work done.
    done: u64,
    /// Units of work in all; 0 where nobody knows.
    total: u64,
}

/// Why a job failed, in the words of problem documents.
#[derive(Debug, Serialize, ToSchema)]
struct JobProblem {
    /// The page that explains the code.
    #[serde(rename = "type")]
    page: String,
    /// Short summary.
    title: &'static str,
    /// The code.
    code: &'static str,
}

/// A part of a job.
#[derive(Debug, Serialize, ToSchema)]
struct Step {
    /// Its name.
    name: String,
    /// SHA-256 of what it works on, hexadecimal.
    input_digest: String,
    /// SHA-256 of what it gave, hexadecimal.
    output_digest: Option<String>,
    /// How often it was begun.
    attempts: u64,
    /// What it cost, microseconds of the device that did it.
    cost_us: u64,
    /// When it was begun last.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it was finished.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl Job {
    fn new(routes: JobRoutes, row: JobRow, steps: Option<Vec<StepRow>>) -> Self {
        let is_completed = row.status == JobStatus::Completed;
        let code = row.problem_code.as_deref().and_then(Code::find);
        Self {
            result_href: is_completed.then(|| (routes.result_href)(&row)).flatten(),
            id: row.id,
            kind: row.kind,
            class: row.class.as_str(),
            status: row.status.as_str(),
            phase: row.phase,
            progress: Progress { done: row.progress_done, total: row.progress_total },
            attempts: row.attempts,
            remark: row.remark,
            problem: code.map(|code| JobProblem {
                page: code.page_path(),
                title: code.title(),
                code: code.as_str(),
            }),
            steps: steps.map(|steps| steps.into_iter().map(Step::new).collect()),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

impl Step {
    fn new(row: StepRow) -> Self {
        let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            name: row.name,
            input_digest: hexadecimal(&row.input_digest),
            output_digest: row.output_digest.as_deref().map(hexadecimal),
            attempts: row.attempts,
            cost_us: row.cost_us,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}
