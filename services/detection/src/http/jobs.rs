//! `/detection/jobs`: what callers ask for who do not wait.

use prosopa_http::Endpoints;
use prosopa_jobs::{JobRoutes, job_endpoints, job_routes};
use prosopa_model::Scope;

use crate::{jobs, state::State};

/// Where the list of jobs is.
pub(crate) const JOBS_PATH: &str = JOBS.list;

/// Where the jobs are asked for.
pub(super) const JOBS: JobRoutes =
    job_routes!("/api/v1/detection/jobs", Scope::FacesRead, Scope::FacesWrite, jobs::result_href);

pub(super) fn endpoints() -> Endpoints<State> {
    job_endpoints(JOBS)
}
