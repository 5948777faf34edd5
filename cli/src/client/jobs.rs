//! The operations on jobs.

use reqwest::Method;

use super::transport::Call;
use super::types::{Job, Page};
use super::{Client, Error, Period};

/// What narrows a list of jobs.
#[derive(Debug, Default)]
pub(crate) struct JobFilter {
    /// Of this status.
    pub(crate) status: Option<&'static str>,
    /// When they were made.
    pub(crate) period: Period,
}

impl Client {
    /// A page of jobs, newest first, with at most so many items.
    pub(crate) async fn jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<Job>, Error> {
        let call = Call::new(Method::GET, &["detection", "jobs"]).query("status", filter.status);
        self.authorized(call.page(&filter.period, limit, cursor)).await?.document()
    }

    /// One job.
    pub(crate) async fn job(&self, id: &str) -> Result<Job, Error> {
        self.authorized(Call::new(Method::GET, &["detection", "jobs", id])).await?.document()
    }

    /// Calls a job off; it tells where it stands now.
    pub(crate) async fn cancel_job(&self, id: &str) -> Result<Job, Error> {
        self.authorized(Call::new(Method::POST, &["detection", "jobs", id, "cancel"])).await?.document()
    }

    /// Queues a job again; it tells where it stands now.
    pub(crate) async fn retry_job(&self, id: &str) -> Result<Job, Error> {
        self.authorized(Call::new(Method::POST, &["detection", "jobs", id, "retry"])).await?.document()
    }
}
