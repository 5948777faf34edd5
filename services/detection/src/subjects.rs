//! Subjects: the persons whose faces are processed, each with a key of its own, and their erasure.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use prosopa_jobs::{Handler, JobContext, JobRow, NewJob, Outcome, Stop};
use prosopa_model::{AccountId, SubjectId};
use prosopa_problem::Code;

use crate::{erasures, error::Error, state::State, store};

/// Kind of the job that removes what is left of an erased subject.
pub(crate) const ERASE_SUBJECT: &str = "erase-subject";

/// Pictures that are removed between two looks at the job's lease.
const STEP: u32 = 100;

/// Whose face is in a picture.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Subject {
    /// The subject's id.
    pub(crate) id: SubjectId,
    /// Whether the caller named the person; else the upload itself is the subject.
    pub(crate) is_named: bool,
}

/// What the job is to do.
#[derive(Debug, Serialize, Deserialize)]
struct EraseSubject {
    subject_id: SubjectId,
}

/// The subject that the caller calls `reference`; without one the upload is a subject of its own.
pub(crate) async fn choose(
    state: &State,
    account_id: AccountId,
    reference: Option<&str>,
) -> Result<Subject, Error> {
    let id = state.vault.subject_of(account_id, reference).await?;
    Ok(Subject { id, is_named: reference.is_some() })
}

/// The subject with this id, or the one that the account calls so; none is made.
pub(crate) async fn find(
    state: &State,
    account_id: AccountId,
    name: &str,
) -> Result<Option<SubjectId>, Error> {
    match name.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) => Ok(state.vault.find_subject(account_id, name).await?),
    }
}

/// Destroys the key of an upload that is gone. A named subject may have other pictures; its key stays.
pub(crate) async fn let_go(state: &State, account_id: AccountId, subject: Option<Subject>) {
    let Some(subject) = subject.filter(|subject| !subject.is_named) else { return };
    if let Err(error) = state.vault.erase(account_id, subject.id).await {
        tracing::warn!(%error, subject_id = %subject.id, "the key of an upload that is gone is still there");
    }
}

/// Erases a subject: when this returns nothing of it opens any more. The job removes what is left of it.
pub(crate) async fn erase(state: &State, account_id: AccountId, id: SubjectId) -> Result<JobRow, Error> {
    state.vault.erase(account_id, id).await?;
    let input = serde_json::to_vec(&EraseSubject { subject_id: id }).map_err(Error::Input)?;
    let mut tx = state.database.begin().await?;
    store::images::forget_uploads(&mut tx, account_id, id).await?;
    let row = state.jobs.enqueue(&mut tx, NewJob::new(ERASE_SUBJECT, input).account(account_id)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Waits for a job's end, at most so long.
pub(crate) async fn wait(state: &State, row: JobRow, longest: Duration) -> Result<JobRow, Error> {
    if longest.is_zero() {
        return Ok(row);
    }
    Ok(state.jobs.wait(row.id, longest).await?.unwrap_or(row))
}

/// Removes the rows and pictures of an erased subject. It may be repeated: it removes what is still there.
pub(crate) struct EraseSubjectHandler {
    pub(crate) state: State,
}

#[async_trait]
impl Handler for EraseSubjectHandler {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        let Some(account_id) = ctx.job().account_id else {
            return Ok(Outcome::failed(Code::Internal, "the job belongs to nobody"));
        };
        let Ok(input) = serde_json::from_slice::<EraseSubject>(ctx.input()) else {
            return Ok(Outcome::failed(Code::Internal, "the job's input cannot be read"));
        };
        let database = &self.state.database;
        loop {
            let ids = store::images::list_of_subject(database, account_id, input.subject_id, STEP).await?;
            if ids.is_empty() {
                return Ok(Outcome::Completed(None));
            }
            erasures::remove(&self.state, account_id, &ids).await?;
        }
    }
}
