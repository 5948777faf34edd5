//! Reads a producer's outbox in order, and passes no place that may still be filled.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use prosopa_model::Timestamp;
use prosopa_store::{Bell, Database, Error};

use crate::{delivery::Delivery, store::producer};

/// Rows deleted in one transaction.
const TRIM_STEP: i64 = 500;

/// How far each reader of a producer is, in this process, which has every subscription.
pub(crate) type Readers = Arc<Mutex<BTreeMap<String, i64>>>;

/// A producer's events.
///
/// PostgreSQL gives positions in the order of the statements and shows rows in the order of the commits: a missing place
/// may be filled later. It is passed only once every transaction that ran when it was missed has ended, since one that
/// begins later takes a higher place.
pub struct Source {
    database: Database,
    wake: Bell,
    readers: Readers,
    /// Missing places, each with a number that is higher than those of all transactions that ran when it was missed.
    missing: BTreeMap<i64, i64>,
    is_trimmed: bool,
}

impl Source {
    pub(crate) const fn new(database: Database, wake: Bell, readers: Readers) -> Self {
        Self { database, wake, readers, missing: BTreeMap::new(), is_trimmed: true }
    }

    /// Leaves the deleting to the producer.
    pub(crate) fn without_trimming(self) -> Self {
        Self { is_trimmed: false, ..self }
    }

    /// Says how far a reader is.
    pub(crate) fn note(&self, reader: &str, position: i64) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.insert(reader.to_owned(), position);
    }

    /// Rung when something was published.
    pub(crate) const fn wake(&self) -> &Bell {
        &self.wake
    }

    /// The first that follow a position without a gap that may be filled; none where there are none, or not yet.
    pub(crate) async fn read_after(&mut self, position: i64, limit: i64) -> Result<Vec<Delivery>, Error> {
        self.missing.retain(|place, _| *place > position);
        // Before the rows: whatever has ended by now is seen by the reading that follows. Nobody asks where nothing is missed.
        let all_ended_before =
            if self.has_gap() { producer::all_ended_before(&self.database).await? } else { 0 };
        let mut rows = producer::list_after(&self.database, position, limit).await?;
        let mut expected = position + 1;
        let (mut passable, mut unknown) = (rows.len(), Vec::new());
        for (index, row) in rows.iter().enumerate() {
            for place in expected..row.position {
                match self.missing.get(&place) {
                    Some(number) if *number <= all_ended_before => {}
                    Some(_) => passable = passable.min(index),
                    None => {
                        passable = passable.min(index);
                        unknown.push(place);
                    }
                }
            }
            expected = row.position + 1;
        }
        if !unknown.is_empty() {
            let youngest = producer::take_number(&self.database).await?;
            self.missing.extend(unknown.into_iter().map(|place| (place, youngest)));
        }
        rows.truncate(passable);
        Ok(rows)
    }

    /// Whether a gap is being waited for.
    pub(crate) fn has_gap(&self) -> bool {
        !self.missing.is_empty()
    }

    /// How many places follow a position, filled or not.
    pub(crate) async fn lag(&self, position: i64) -> Result<i64, Error> {
        Ok((producer::last_position(&self.database).await? - position).max(0))
    }

    /// When the first event behind a position was said; none where there is none.
    pub(crate) async fn find_time_after(&self, position: i64) -> Result<Option<Timestamp>, Error> {
        producer::find_time_after(&self.database, position).await
    }

    /// Deletes what every reader of this process has had and was said before a time.
    pub(crate) async fn trim(&self, time: Timestamp) -> Result<(), Error> {
        if !self.is_trimmed {
            return Ok(());
        }
        let position = self.readers.lock().unwrap_or_else(PoisonError::into_inner).values().copied().min();
        let Some(position) = position else { return Ok(()) };
        while producer::delete_before(&self.database, position, time, TRIM_STEP).await? > 0 {}
        Ok(())
    }
}
