//! What is told of every request whose caller is known (S5, S12, K7): noted in a spool when the request is admitted and
//! when it is answered, and published from there.
//!
//! ```text
//! request known -> intent -> | spool of this run: | -> shipper -> outbox -> whoever listens
//! request over  -> end    -> | files, appended to |
//! ```
//!
//! The intent lies in the file before the answer is given: whatever was answered is told of, after a kill -9 too (a loss
//! of power may take the last moments). An intent without an end, once its run is over, is told as `unknown`. A record
//! is named by its spool and sequence, and published once. It is telemetry: bills are made of what services publish.

mod files;
mod frame;
mod privacy;
mod reader;
mod record;
mod sampling;
mod shipper;
mod spool;

use std::{
    io,
    path::{Path, PathBuf},
};

pub(crate) use self::{
    privacy::redacted_json,
    record::{intent_of, kept_headers},
    sampling::{Sample, Sampling},
    shipper::Shipper,
    spool::{End, Entry, Spool, Timings},
};

/// What comes after the number in the names of a spool's files.
const SEGMENT_SUFFIX: &str = ".spool";

/// Held locked by the run that writes a spool.
const LOCK_FILE: &str = "lock";

/// The file of a spool with this number.
fn segment_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}{SEGMENT_SUFFIX}"))
}

/// The numbers of a spool's files, in order.
fn list_segments(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(SEGMENT_SUFFIX)?.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}
