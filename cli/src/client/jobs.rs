//! The operations on jobs.

use reqwest::Method;

use super::transport::Call;
use super::types::{Job, Page};
use super::{Client, Error, PAGE_ITEMS};

/// What narrows a list of jobs.
#[derive(Debug, Default)]
pub(crate) struct JobFilter {
    /// Of this status.
    pub(crate) status: Option<&'static str>,
    /// Made from this time on.
    pub(crate) start_date: Option<String>,
    /// Made up to this time.
    pub(crate) end_date: Option<String>,
}

impl Client {
    /// A page of jobs, newest first, with at most so many items.
    pub(crate) async fn jobs(
        &self,
        filter: &JobFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<Job>, Error> {
        let call = Call::new(Method::GET, &["detection", "jobs"])
            .query("status", filter.status)
            .query("start_date", filter.start_date.as_deref())
            .query("end_date", filter.end_date.as_deref())
            .query("limit", Some(limit.min(PAGE_ITEMS)))
            .query("cursor", cursor);
        self.authorized(call).await?.document()
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
