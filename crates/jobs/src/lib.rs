//! Durable jobs: a row enqueued in the caller's transaction, claimed under a fenced lease, done once in effect.
//!
//! A service declares its kinds of jobs to [`Jobs`], enqueues with [`Jobs::enqueue`], and lets a [`Worker`] run a
//! [`Handler`] for each kind. The row is the truth: a wake-up only shortens the wait, and every write of a worker is
//! conditional on its lease, so that one whose lease was lost can change nothing any more. Knows no service, no events
//! and nothing of what a job's bytes mean; what is personal in them is sealed by the service.

mod context;
mod error;
mod hook;
mod http;
mod job;
mod jobs;
mod kind;
mod maintenance;
mod metrics;
mod outcome;
mod running;
mod schedule;
mod store;
mod waiting;
mod worker;

use prosopa_store::{Migration, migration};

pub use self::{
    context::JobContext,
    error::{Error, SetupError},
    hook::ChangeHook,
    http::{Job, JobRoutes, job_endpoints},
    job::{INPUT_BYTES_MAX, JobClass, JobRow, JobStatus, NewJob, OUTPUT_BYTES_MAX},
    jobs::{Jobs, Setup},
    kind::{Backoff, JobKind},
    outcome::{Outcome, STEP_OUTPUT_BYTES_MAX, StepOutput, Stop},
    schedule::{Recurrence, Schedule},
    store::steps::StepRow,
    worker::{Handler, Worker, WorkerConfig},
};

/// The tables of jobs, for the list of migrations of every service that has some.
pub const MIGRATION: Migration = migration!("jobs");
