//! The commands about jobs, and what each takes.

use clap::{Args, Subcommand, ValueEnum};

use super::client::typed_id;
use super::examples;
use super::list::ListArgs;

/// Commands about jobs: what was asked for without waiting.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs, newest first
    #[command(visible_alias = "ls", after_help = examples::JOBS_LIST)]
    List(JobsList),
    /// Show one job with its steps
    #[command(after_help = examples::JOBS_SHOW)]
    Show(JobsShow),
    /// Wait until jobs have ended, and tell how far they are
    #[command(after_help = examples::JOBS_WATCH)]
    Watch(JobsWatch),
    /// Call jobs off
    #[command(after_help = examples::JOBS_CANCEL)]
    Cancel(JobsChange),
    /// Queue failed or cancelled jobs again, from their first step that is not done
    #[command(after_help = examples::JOBS_RETRY)]
    Retry(JobsChange),
}

/// What `jobs list` takes.
#[derive(Debug, Args)]
pub(crate) struct JobsList {
    /// Only jobs that are so
    #[arg(long, value_enum)]
    pub(crate) status: Option<JobStatus>,
    /// Of what time, and how many.
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum JobStatus {
    /// Waits for its turn
    Queued,
    /// Is being worked on
    Processing,
    /// Has made its result
    Completed,
    /// Has ended without one
    Failed,
    /// Was called off
    Cancelled,
}

impl JobStatus {
    /// As the server says it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What `jobs show` takes.
#[derive(Debug, Args)]
pub(crate) struct JobsShow {
    /// Id of the job
    #[arg(value_name = "ID", value_parser = job_id)]
    pub(crate) id: String,
}

/// What `jobs watch` takes.
#[derive(Debug, Args)]
pub(crate) struct JobsWatch {
    /// Ids of the jobs
    #[arg(required = true, value_name = "ID", value_parser = job_id)]
    pub(crate) ids: Vec<String>,
    /// Seconds between two looks (1 to 3600)
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) every: u64,
}

/// What `jobs cancel` and `jobs retry` take.
#[derive(Debug, Args)]
pub(crate) struct JobsChange {
    /// Ids of the jobs
    #[arg(required = true, value_name = "ID", value_parser = job_id)]
    pub(crate) ids: Vec<String>,
}

fn job_id(text: &str) -> Result<String, String> {
    typed_id(text, "job_")
}
