//! Records that were received and not used yet.

use std::collections::VecDeque;

use rdkafka::message::{Message, OwnedMessage};

use super::record::{Received, Unreadable};

/// Records that wait at most, but for one that each look at the group may bring.
const PENDING_MAX: usize = 100;

/// A record, and what it says if it is an event.
pub(super) struct Record {
    pub(super) raw: OwnedMessage,
    pub(super) read: Result<Received, Unreadable>,
}

/// Records in the order in which they came.
#[derive(Default)]
pub(super) struct Pending {
    records: VecDeque<Record>,
    /// How many of the first are used one at a time, since together they could not be.
    singly: usize,
    /// How often the first one was tried in vain.
    attempts: u32,
}

impl Pending {
    pub(super) fn push(&mut self, record: Record) {
        self.records.push_back(record);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.records.len() < PENDING_MAX
    }

    /// Those to be used next, together: events up to the first record that is none.
    pub(super) fn events(&mut self) -> &[Record] {
        let count = if self.singly > 0 { 1 } else { usize::MAX };
        let records = self.records.make_contiguous();
        let events = records.iter().take(count).take_while(|record| record.read.is_ok()).count();
        &records[..events]
    }

    /// The first, whatever it is.
    pub(super) fn first(&self) -> Option<&Record> {
        self.records.front()
    }

    /// Takes those away that are done with.
    pub(super) fn finish(&mut self, count: usize) -> impl Iterator<Item = Record> {
        self.singly = self.singly.saturating_sub(count);
        self.attempts = 0;
        self.records.drain(..count.min(self.records.len()))
    }

    /// From now on these are used one at a time.
    pub(super) fn use_singly(&mut self, count: usize) {
        self.singly = count;
    }

    /// Counts a vain attempt at the first; gives back how many there were.
    pub(super) fn count_attempt(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    /// Forgets those of partitions that are no longer ours.
    pub(super) fn retain(&mut self, is_held: impl Fn(&Record) -> bool) {
        let before = self.records.len();
        let place = |record: &Record| (record.raw.partition(), record.raw.offset());
        let first = self.records.front().map(place);
        self.records.retain(is_held);
        if self.records.len() < before {
            self.singly = self.singly.min(self.records.len());
        }
        if self.records.front().map(place) != first {
            self.attempts = 0;
        }
    }
}
