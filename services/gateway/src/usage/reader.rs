//! Reads a spool in order, from where its records were published last, and makes records of intents and ends.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
};

use prosopa_contract::events::UsageRecord;
use prost::Message;
use uuid::Uuid;

use super::{
    LOCK_FILE,
    frame::{self, Frame, Kind},
    list_segments, segment_path,
};

/// Bytes read at once.
const CHUNK_LEN: u64 = 256 * 1024;

/// Bytes of records after which no more are told at once: as one event they are far from the largest that is published.
const BATCH_LEN_MAX: usize = 4 * 1024 * 1024;

/// Stands for a file behind all others: a spool of which only open intents are left to be published.
const CLOSING: u32 = i32::MAX as u32;

/// A place in a spool, behind a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Position {
    /// Number of the file.
    pub(super) segment: u32,
    /// Bytes from its beginning.
    pub(super) offset: u32,
}

impl Position {
    /// Where so many batches of a spool's open intents are published, and everything else.
    pub(super) fn closing(batches: usize) -> Self {
        Self { segment: CLOSING, offset: u32::try_from(batches).unwrap_or(u32::MAX) }
    }

    /// The batches of open intents that are published.
    pub(super) fn closed(self) -> usize {
        if self.segment == CLOSING { self.offset as usize } else { 0 }
    }

    /// As one number, which grows with the place.
    pub(super) fn to_number(self) -> i64 {
        (i64::from(self.segment) << 32) | i64::from(self.offset)
    }

    /// The place of a number.
    pub(super) fn of_number(number: i64) -> Self {
        let (segment, offset) = (number >> 32, number & i64::from(u32::MAX));
        Self { segment: u32::try_from(segment).unwrap_or(0), offset: u32::try_from(offset).unwrap_or(0) }
    }
}

/// An intent whose end has not been read.
struct Open {
    /// Encoded.
    intent: Vec<u8>,
    segment: u32,
}

/// See the module.
pub(super) struct Reader {
    pub(super) spool_id: Uuid,
    pub(super) position: Position,
    folder: PathBuf,
    /// What was read last, kept for its room.
    chunk: Vec<u8>,
    /// By sequence.
    open: BTreeMap<u64, Open>,
    /// Records up to here were published.
    published: Position,
}

impl Reader {
    /// Reads from the oldest file that there is; what ended before `published` is not told again.
    pub(super) fn new(folder: PathBuf, spool_id: Uuid, published: Position) -> io::Result<Self> {
        let segment = list_segments(&folder)?.first().copied().unwrap_or(published.segment);
        let position = Position { segment, offset: 0 };
        Ok(Self { spool_id, position, folder, chunk: Vec::new(), open: BTreeMap::new(), published })
    }

    /// The next records, each an encoded [`UsageRecord`], `count_max` at most, and fewer where they are large; nothing where
    /// there is nothing more yet.
    pub(super) fn read_some(&mut self, count_max: usize) -> io::Result<Vec<Vec<u8>>> {
        let (mut records, mut len) = (Vec::new(), 0);
        loop {
            let mut chunk = std::mem::take(&mut self.chunk);
            self.read_chunk(&mut chunk)?;
            let mut rest = chunk.as_slice();
            while records.len() < count_max
                && len < BATCH_LEN_MAX
                && let Some(frame) = frame::read(rest)
            {
                rest = &rest[frame.len..];
                self.position.offset += u32::try_from(frame.len).unwrap_or(u32::MAX);
                if let Some(record) = self.take(frame) {
                    len += record.len();
                    records.push(record);
                }
            }
            let is_full = records.len() >= count_max || len >= BATCH_LEN_MAX;
            let is_stuck = rest.len() == chunk.len();
            self.chunk = chunk;
            if is_full || (is_stuck && !self.go_to_next_segment()?) {
                return Ok(records);
            }
        }
    }

    /// Everything that is still open in a spool that nobody writes any more: how it ended is not known.
    pub(super) fn close(&mut self) -> Vec<Vec<u8>> {
        let end = UsageRecord { outcome: "unknown".into(), ..UsageRecord::default() }.encode_to_vec();
        let open = std::mem::take(&mut self.open);
        open.into_values().map(|open| [open.intent, end.clone()].concat()).collect()
    }

    /// Removes files of which everything was published.
    pub(super) fn remove_published(&self) -> io::Result<()> {
        let kept_from = self.open.values().map(|open| open.segment).min();
        let kept_from = kept_from.unwrap_or(u32::MAX).min(self.position.segment);
        for number in list_segments(&self.folder)?.into_iter().take_while(|number| *number < kept_from) {
            fs::remove_file(segment_path(&self.folder, number))?;
        }
        Ok(())
    }

    /// Removes a spool that was published to the end.
    pub(super) fn remove(&self) -> io::Result<()> {
        for number in list_segments(&self.folder)? {
            fs::remove_file(segment_path(&self.folder, number))?;
        }
        fs::remove_file(self.folder.join(LOCK_FILE))?;
        fs::remove_dir(&self.folder)
    }

    fn take(&mut self, frame: Frame<'_>) -> Option<Vec<u8>> {
        let Frame { kind, sequence, message, .. } = frame;
        match kind {
            Kind::Intent => {
                let open = Open { intent: message.to_vec(), segment: self.position.segment };
                self.open.insert(sequence, open);
                None
            }
            Kind::End => {
                let mut record = self.open.remove(&sequence)?.intent;
                record.extend_from_slice(message);
                (self.position > self.published).then_some(record)
            }
        }
    }

    /// What follows, without what the chunk held before.
    fn read_chunk(&self, chunk: &mut Vec<u8>) -> io::Result<()> {
        chunk.clear();
        let mut file = match File::open(segment_path(&self.folder, self.position.segment)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(self.position.offset.into()))?;
        file.take(CHUNK_LEN).read_to_end(chunk)?;
        Ok(())
    }

    /// A file with a greater number is begun only when the one before it is complete.
    fn go_to_next_segment(&mut self) -> io::Result<bool> {
        let numbers = list_segments(&self.folder)?;
        let next = numbers.into_iter().find(|number| *number > self.position.segment);
        let Some(segment) = next else { return Ok(false) };
        // What came between the reading and the beginning of the next file.
        let mut chunk = Vec::new();
        self.read_chunk(&mut chunk)?;
        if frame::read(&chunk).is_none() {
            self.position = Position { segment, offset: 0 };
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
