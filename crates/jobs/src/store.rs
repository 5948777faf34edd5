//! Every SQL statement about jobs.
//!
//! A statement that a worker writes is conditional on its lease token; where several transactions could decide by the
//! same row, the condition stands in the statement that writes.

pub(crate) mod control;
pub(crate) mod leases;
pub(crate) mod listing;
pub(crate) mod queue;
pub(crate) mod schedules;
pub(crate) mod steps;

/// What stands in place of an input that was forgotten. Statements that end jobs take `forgetful`, the names of the kinds
/// that forget theirs, each between two commas.
pub(crate) const FORGOTTEN: &[u8] = &[];

/// The columns of a [`JobRow`](crate::JobRow).
macro_rules! columns {
    () => {
        "id, account_id, kind, class, status, phase, output, remark, problem_code, attempts, attempts_max, \
         cancel_requested, progress_done, progress_total, created_at, started_at, finished_at, changed_at"
    };
}
pub(crate) use columns;

/// The largest power of two, up to 32, that is not larger than `len`: statements over several rows exist in these sizes
/// only, so that few are prepared.
pub(crate) fn chunk_len(len: usize) -> usize {
    [32, 16, 8, 4, 2].into_iter().find(|size| *size <= len).unwrap_or(1)
}

/// `($2, $3), ($4, $5)` for two rows of two values behind one other parameter.
pub(crate) fn placeholders(rows: usize, values: usize, first: usize) -> String {
    let row = |row: usize| {
        let numbers = (0..values).map(|value| format!("${}", first + row * values + value));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
