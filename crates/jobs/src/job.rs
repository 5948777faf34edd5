//! What a job is: its class, its status, its row without the input, and a job that is to be enqueued.

use std::{fmt, str::FromStr, time::Duration};

use prosopa_model::{AccountId, JobId, Timestamp};
use prosopa_store::{Column, ColumnError, row};

/// Largest input of a job, bytes; more belongs into a blob or a table of the service.
pub const INPUT_BYTES_MAX: usize = 256 * 1024;

/// Largest output of a job, bytes: it names what was made, it is not the thing.
pub const OUTPUT_BYTES_MAX: usize = 4 * 1024;

/// Longest remark, bytes.
pub(crate) const REMARK_BYTES_MAX: usize = 1024;

/// How urgent a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobClass {
    /// Somebody waits for it.
    Interactive,
    /// Somebody will ask for it.
    Normal,
    /// Nobody waits.
    Backfill,
}

impl JobClass {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Normal, Self::Backfill];

    /// Spoken form, also in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Normal => "normal",
            Self::Backfill => "backfill",
        }
    }

    /// How much later a job may have become due and still go first, against the most urgent class.
    ///
    /// This is the ageing: a job that has waited longer than this goes before every newer one.
    pub const fn penalty(self) -> Duration {
        match self {
            Self::Interactive => Duration::ZERO,
            Self::Normal => Duration::from_secs(30),
            Self::Backfill => Duration::from_secs(600),
        }
    }

    /// Stored form.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Interactive => 0,
            Self::Normal => 1,
            Self::Backfill => 2,
        }
    }
}

impl Column for JobClass {
    type Stored = i64;

    fn from_stored(stored: i64) -> Result<Self, ColumnError> {
        Self::ALL
            .into_iter()
            .find(|class| class.number() == stored)
            .ok_or_else(|| ColumnError(stored.to_string()))
    }
}

/// Where a job stands; [`JobRow::phase`] tells more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// It waits: for its turn, its time or its next attempt.
    Queued,
    /// A worker has it.
    Processing,
    /// It was done.
    Completed,
    /// It was given up.
    Failed,
    /// It was called off.
    Cancelled,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled];

    /// Stored and spoken form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens unless somebody asks for it.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl FromStr for JobStatus {
    type Err = ColumnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let status = Self::ALL.into_iter().find(|status| status.as_str() == text);
        status.ok_or_else(|| ColumnError(text.to_owned()))
    }
}

impl Column for JobStatus {
    type Stored = String;

    fn from_stored(stored: String) -> Result<Self, ColumnError> {
        stored.parse()
    }
}

row! {
    /// A job without its input.
    #[derive(Clone)]
    pub struct JobRow {
        /// Its id.
        pub id: JobId,
        /// Whose it is; none where it is the service's own, which nobody sees over HTTP.
        pub account_id: Option<AccountId>,
        /// Name of its kind.
        pub kind: String,
        /// How urgent it is.
        pub class: JobClass,
        /// Where it stands.
        pub status: JobStatus,
        /// What it does there: `queued`, `waiting_retry`, `running`, the name of a step, `cancelling`, or the status.
        pub phase: String,
        /// What the handler gave back; opaque.
        pub output: Option<Vec<u8>>,
        /// A sentence for its owner: why it failed or is tried again.
        pub remark: Option<String>,
        /// Why it failed, a problem code.
        pub problem_code: Option<String>,
        /// How often it was begun since it was enqueued, or since somebody had it retried.
        pub attempts: u64,
        /// How often it may be begun.
        pub attempts_max: u64,
        /// Whether it is to be called off.
        pub cancel_requested: bool,
        /// Units of work done, in the handler's own unit.
        pub progress_done: u64,
        /// Units of work in all; 0 where nobody knows.
        pub progress_total: u64,
        /// When it was enqueued.
        pub created_at: Timestamp,
        /// When it was begun first.
        pub started_at: Option<Timestamp>,
        /// When it ended.
        pub finished_at: Option<Timestamp>,
        /// When any of this changed last.
        pub changed_at: Timestamp,
    }
}

/// Without the output and the remark, which may say something of a person.
impl fmt::Debug for JobRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JobRow")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("phase", &self.phase)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A job that is to be enqueued.
#[derive(Clone)]
pub struct NewJob {
    pub(crate) id: JobId,
    pub(crate) kind: &'static str,
    pub(crate) input: Vec<u8>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) class: Option<JobClass>,
    pub(crate) run_at: Option<Timestamp>,
}

/// Without the input, which may hold something of a person.
impl fmt::Debug for NewJob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("NewJob");
        shown.field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl NewJob {
    /// A job of a declared kind that runs as soon as it can.
    pub fn new(kind: &'static str, input: Vec<u8>) -> Self {
        Self { id: JobId::new(), kind, input, account_id: None, class: None, run_at: None }
    }

    /// Its id, known before the transaction.
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// Whose it is. The handler is to check again what the account may do when it runs.
    #[must_use]
    pub const fn account(mut self, account_id: AccountId) -> Self {
        self.account_id = Some(account_id);
        self
    }

    /// Another class than its kind's.
    #[must_use]
    pub const fn class(mut self, class: JobClass) -> Self {
        self.class = Some(class);
        self
    }

    /// Not before this time.
    #[must_use]
    pub const fn run_at(mut self, time: Timestamp) -> Self {
        self.run_at = Some(time);
        self
    }
}
