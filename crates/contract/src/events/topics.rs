//! The topics of the product, as a broker keeps them.

use super::{AUTH_EVENTS, DETECTION_EVENTS, JOB_EVENTS, USAGE_EVENTS};

/// Requests for registration, for auth's workers.
pub const REGISTRATIONS: &str = "prosopa.auth.registrations.v1";

/// Quota plans as they are now, one record a plan, for every gateway.
pub const QUOTA_PLANS: &str = "prosopa.quota.plans.v1";

/// Wake-ups of detection's workers; the truth about its jobs are rows.
pub const DETECTION_JOBS: &str = "prosopa.detection.jobs.v1";

/// What the name of the topic adds to that of another whose records somebody could not use.
pub const DEAD_LETTERS_SUFFIX: &str = ".dlq";

/// A topic and what a broker does with what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name, beginning with `prosopa`.
    pub name: &'static str,
    /// Which records are kept.
    pub keeps: Keeps,
}

/// Which records of a topic are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// All, for this many days.
    Days(u32),
    /// The newest of each key, for ever.
    Newest,
}

/// Every topic; each has one for dead letters beside it.
pub const TOPICS: &[Topic] = &[
    Topic { name: REGISTRATIONS, keeps: Keeps::Days(7) },
    Topic { name: AUTH_EVENTS, keeps: Keeps::Days(7) },
    Topic { name: USAGE_EVENTS, keeps: Keeps::Days(7) },
    Topic { name: QUOTA_PLANS, keeps: Keeps::Newest },
    Topic { name: DETECTION_JOBS, keeps: Keeps::Days(1) },
    Topic { name: DETECTION_EVENTS, keeps: Keeps::Days(7) },
    Topic { name: JOB_EVENTS, keeps: Keeps::Days(7) },
];
