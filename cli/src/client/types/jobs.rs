//! Jobs, as the API tells of them.

use serde::{Deserialize, Serialize};

use super::Unknown;

/// A job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Id (`job_…`).
    pub(crate) id: String,
    /// What kind of work it is.
    pub(crate) kind: String,
    /// `queued`, `processing`, `completed`, `failed` or `cancelled`.
    pub(crate) status: String,
    /// What it does there.
    pub(crate) phase: String,
    /// How far it is.
    pub(crate) progress: JobProgress,
    /// How often it was begun.
    pub(crate) attempts: u64,
    /// Why it failed or is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remark: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<JobProblem>,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// RFC 3339; absent while it has not ended.
    #[serde(default)]
    pub(crate) finished_at: Option<String>,
    /// Address of what it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result_href: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// How far a job is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobProgress {
    /// Units of work done.
    pub(crate) done: u64,
    /// Units of work in all; 0 where nobody knows.
    pub(crate) total: u64,
}

/// Why a job failed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JobProblem {
    /// Short summary.
    pub(crate) title: String,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

impl Job {
    /// Whether it will not change any more by itself.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed" | "cancelled")
    }

    /// Why it failed or waits, as far as the server says.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.remark.as_deref().or_else(|| self.problem.as_ref().map(|problem| problem.title.as_str()))
    }
}
