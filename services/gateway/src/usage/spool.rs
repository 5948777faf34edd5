//! Where requests are noted: a bounded buffer in memory, which whoever needs it written empties into the file.
//!
//! There is no thread that writes: a request writes its intent itself, with whatever else waits by then, shortly before
//! it is answered. Most of the time another request has done so already.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use prosopa_contract::events::{UsageHeader, UsageRecord};
use uuid::Uuid;

use super::{
    files::Files,
    frame::{self, Kind},
};
use crate::metrics::SpoolMetrics;

/// Bytes that may wait to be written. Intents are not noted beyond; the ends of those that were have room behind it.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Notes requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Spool(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    files: Mutex<Files>,
    /// Every intent with a smaller number is in the files.
    written_below: AtomicU64,
    metrics: SpoolMetrics,
}

/// Frames that are not in the files yet.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Number of the next intent.
    next: u64,
}

impl Spool {
    /// Begins the spool of this run below `parent`, of about so many bytes at most.
    pub(crate) fn begin(parent: &Path, id: Uuid, bytes_max: u64, metrics: SpoolMetrics) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            waiting: Mutex::default(),
            files: Mutex::new(Files::create(parent, id, bytes_max)?),
            written_below: AtomicU64::new(0),
            metrics,
        })))
    }

    /// Notes that a request was admitted: everything of the record that is known by then. Dropped without an end, it
    /// ends as aborted.
    pub(crate) fn note(&self, mut intent: UsageRecord) -> Entry {
        let mut waiting = self.0.lock_waiting();
        let has_room = waiting.bytes.len() + frame::len_of(&intent) <= WAITING_BYTES_MAX;
        let sequence = has_room.then_some(waiting.next);
        if let Some(sequence) = sequence {
            intent.sequence = sequence;
            waiting.next += 1;
            frame::append(&mut waiting.bytes, Kind::Intent, &intent);
        } else {
            self.0.metrics.lost.inc();
        }
        Entry { shared: Arc::clone(&self.0), sequence }
    }

    /// Writes what waits.
    pub(crate) fn flush(&self) {
        self.0.write(&mut self.0.lock_files());
    }
}

#[cfg(test)]
impl Spool {
    /// Requests of which nothing is told.
    pub(super) fn lost(&self) -> u64 {
        self.0.metrics.lost.get()
    }

    /// Tries again at once what could not be written.
    pub(super) fn retry_now(&self) {
        self.0.lock_files().retry_at = None;
    }
}

/// Where the time of a request went, microseconds.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Timings {
    /// Until the caller was known.
    pub(crate) verify_us: u64,
    /// Rate, scope and quota, before and after.
    pub(crate) admit_us: u64,
    /// In the service's hands, until the head of its answer.
    pub(crate) upstream_us: u64,
}

/// What is known when a request is over.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// Of the answer.
    pub(crate) status: u16,
    /// Of the problem that was answered.
    pub(crate) problem_code: &'static str,
    /// Until the head of the answer, microseconds.
    pub(crate) duration_us: u64,
    /// Of the body, as far as it was read.
    pub(crate) request_bytes: u64,
    /// Of the answer's body, where it is announced.
    pub(crate) response_bytes: u64,
    /// Of the answer.
    pub(crate) headers: Vec<UsageHeader>,
    /// Names of the answer's other headers.
    pub(crate) other_headers: String,
    /// Where the time went.
    pub(crate) timings: Timings,
    /// As far as it is kept.
    pub(crate) request_body: String,
    /// As far as it is kept.
    pub(crate) response_body: String,
}

/// A request that was admitted and is not over.
pub(crate) struct Entry {
    shared: Arc<Shared>,
    /// None: nothing is told of it.
    sequence: Option<u64>,
}

impl Entry {
    /// The request is about to be answered: sees to it that its intent lies in the files, where they can be written.
    pub(crate) fn end(mut self, end: End) {
        if let Some(sequence) = self.sequence
            && !self.shared.is_written(sequence)
        {
            let mut files = self.shared.lock_files();
            if !self.shared.is_written(sequence) {
                self.shared.write(&mut files);
            }
        }
        self.note_end("answered", end);
    }

    fn note_end(&mut self, outcome: &str, end: End) {
        let Some(sequence) = self.sequence.take() else { return };
        let message = UsageRecord {
            sequence,
            outcome: outcome.to_owned(),
            status: end.status.into(),
            problem_code: end.problem_code.to_owned(),
            duration_us: end.duration_us,
            request_bytes: end.request_bytes,
            response_bytes: end.response_bytes,
            response_headers: end.headers,
            other_response_headers: end.other_headers,
            verify_us: end.timings.verify_us,
            admit_us: end.timings.admit_us,
            upstream_us: end.timings.upstream_us,
            request_body: end.request_body,
            response_body: end.response_body,
            ..UsageRecord::default()
        };
        frame::append(&mut self.shared.lock_waiting().bytes, Kind::End, &message);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.note_end("aborted", End::default());
    }
}

impl Shared {
    fn is_written(&self, sequence: u64) -> bool {
        self.written_below.load(Ordering::Acquire) > sequence
    }

    fn lock_waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends what waits; what cannot be written waits on.
    fn write(&self, files: &mut Files) {
        let (mut bytes, next) = {
            let mut waiting = self.lock_waiting();
            (std::mem::take(&mut waiting.bytes), waiting.next)
        };
        if files.append(&bytes) {
            self.written_below.store(next, Ordering::Release);
        } else {
            let mut waiting = self.lock_waiting();
            bytes.append(&mut waiting.bytes);
            waiting.bytes = bytes;
        }
    }
}
