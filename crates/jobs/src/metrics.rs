//! What is counted of jobs; the queue's length and age are what workers are scaled by.

use prosopa_model::Timestamp;
use prosopa_telemetry::{IntCounterVec, IntGaugeVec, Metrics as Registry, MetricsError};

use crate::{
    job::{JobClass, JobStatus},
    kind::JobKind,
    store::control::CountRow,
};

/// Gauges and counters of one service's jobs. Labels are declared names: kind, class, outcome.
pub(crate) struct Metrics {
    queued: IntGaugeVec,
    oldest: IntGaugeVec,
    processing: IntGaugeVec,
    ended: IntCounterVec,
    step_repeats: IntCounterVec,
}

impl Metrics {
    pub(crate) fn declare(registry: &Registry, service: &str) -> Result<Self, MetricsError> {
        let name = |rest: &str| format!("prosopa_{service}_jobs_{rest}");
        let by_class = ["kind", "class"];
        Ok(Self {
            queued: registry.gauges(&name("queued"), "Jobs that wait", &by_class)?,
            oldest: registry.gauges(
                &name("oldest_due_seconds"),
                "How long the job that has been due longest has waited",
                &by_class,
            )?,
            processing: registry.gauges(&name("processing"), "Jobs that a worker has", &by_class)?,
            ended: registry.counters(
                &name("runs_total"),
                "Runs of jobs that ended, by how: completed, failed, cancelled, retried, returned, lost",
                &["kind", "outcome"],
            )?,
            step_repeats: registry.counters(
                &name("step_repeats_total"),
                "Steps that were begun again because they had not come to their end",
                &["kind"],
            )?,
        })
    }

    /// Sets the gauges; what is not among `counts` is zero. Kinds that were not declared here are left out.
    pub(crate) fn observe<'k>(
        &self,
        kinds: impl Iterator<Item = &'k JobKind>,
        counts: &[CountRow],
        now: Timestamp,
    ) {
        for kind in kinds {
            for class in JobClass::ALL {
                let labels = [kind.name, class.as_str()];
                let find = |status| {
                    counts
                        .iter()
                        .find(|row| row.kind == kind.name && row.class == class && row.status == status)
                };
                let queued = find(JobStatus::Queued);
                let age = queued.and_then(|row| row.due_at).map_or(0, |due_at| now.since(due_at).as_secs());
                self.queued.with_label_values(&labels).set(queued.map_or(0, |row| row.jobs));
                self.oldest.with_label_values(&labels).set(i64::try_from(age).unwrap_or(i64::MAX));
                let processing = find(JobStatus::Processing).map_or(0, |row| row.jobs);
                self.processing.with_label_values(&labels).set(processing);
            }
        }
    }

    /// Counts the end of a run.
    pub(crate) fn count_end(&self, kind: &str, outcome: &'static str) {
        self.ended.with_label_values(&[kind, outcome]).inc();
    }

    /// Counts a step that is begun again.
    pub(crate) fn count_step_repeat(&self, kind: &str) {
        self.step_repeats.with_label_values(&[kind]).inc();
    }
}
