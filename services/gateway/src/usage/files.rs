//! The files of the spool that this run writes: appended to, and a new one begun when one is large.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{LOCK_FILE, list_segments, segment_path};

/// Bytes after which another file is begun.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;

/// Pause before what could not be written is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Files {
    folder: PathBuf,
    bytes_max: u64,
    file: File,
    number: u32,
    /// Bytes of whole frames in the newest file.
    len: u64,
    /// Before that nothing is tried.
    pub(super) retry_at: Option<Instant>,
    /// Kept locked for as long as the spool is written.
    _lock: File,
}

impl Files {
    /// Makes the folder of a spool below `parent`.
    pub(super) fn create(parent: &Path, id: Uuid, bytes_max: u64) -> io::Result<Self> {
        let folder = parent.join(id.to_string());
        create_private_folder(&folder)?;
        let lock = File::create(folder.join(LOCK_FILE))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        let file = File::create(segment_path(&folder, 0))?;
        Ok(Self { folder, bytes_max, file, number: 0, len: 0, retry_at: None, _lock: lock })
    }

    /// Appends whole frames; whether it did.
    pub(super) fn append(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        if self.retry_at.is_some_and(|time| Instant::now() < time) {
            return false;
        }
        match self.try_append(bytes) {
            Ok(()) => self.retry_at = None,
            Err(error) => {
                tracing::warn!(%error, "usage cannot be written; requests go on");
                self.retry_at = Some(Instant::now() + RETRY_PAUSE);
            }
        }
        self.retry_at.is_none()
    }

    fn try_append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.len >= SEGMENT_BYTES {
            self.begin_segment()?;
        }
        if let Err(error) = self.file.write_all(bytes) {
            // Half a frame would hide what follows.
            self.file.set_len(self.len)?;
            self.file.seek(SeekFrom::Start(self.len))?;
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Files go away as what they tell is published.
    fn begin_segment(&mut self) -> io::Result<()> {
        let kept = list_segments(&self.folder)?.len() as u64;
        if kept.saturating_mul(SEGMENT_BYTES) >= self.bytes_max {
            return Err(io::Error::other(
                "the spool is as large as it may be: nobody publishes what lies in it",
            ));
        }
        self.file = File::create_new(segment_path(&self.folder, self.number + 1))?;
        self.number += 1;
        self.len = 0;
        Ok(())
    }
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
