//! What is heard: changes of jobs.

use async_trait::async_trait;

use prosopa_contract::events::JobChanged;
use prosopa_events::{Delivery, Handler, HandlerError};
use prosopa_model::Timestamp;
use prosopa_store::{Bell, Tx};

use crate::store::jobs::{self, JobRow};

/// Keeps how each job stood last, in the order of what its service said, whatever order it is told in.
pub(crate) struct JobProjection {
    /// Rings when something was listed.
    pub(crate) listed: Bell,
}

#[async_trait]
impl Handler for JobProjection {
    async fn handle(&self, tx: &mut Tx, event: &Delivery) -> Result<(), HandlerError> {
        let Some(changed) = event.read::<JobChanged>()? else { return Ok(()) };
        let id = |text: &str| HandlerError::Poison(format!("`{text}` is no id"));
        let row = JobRow {
            job_id: changed.job_id.parse().map_err(|_| id(&changed.job_id))?,
            account_id: changed.account_id.parse().map_err(|_| id(&changed.account_id))?,
            service: changed.service,
            kind: changed.kind,
            class: changed.class,
            status: changed.status,
            phase: changed.phase,
            progress_done: changed.progress_done,
            progress_total: changed.progress_total,
            attempts: changed.attempts,
            problem_code: changed.problem_code,
            href: changed.href,
            created_at: Timestamp::from_micros(changed.created_at_us),
            changed_at: Timestamp::from_micros(changed.changed_at_us),
            position: event.position,
            change_number: jobs::count_change(tx).await?,
        };
        tx.ring_on_commit(&self.listed);
        Ok(jobs::put(tx, &row).await?)
    }
}
