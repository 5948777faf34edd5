//! With databases in files the data folder belongs to one process at a time: two would each count their own quota.
//! With databases on a server any number of processes may share it.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use super::{Failure, settings::Settings};

/// Whom a process lets into its data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Nobody.
    Alone,
    /// Others whose databases are on the same server.
    Shared,
}

impl Sharing {
    /// What the settings ask for.
    pub(super) const fn of(settings: &Settings) -> Self {
        let is_server = settings.database.url.is_some() || settings.database.url_file.is_some();
        if is_server { Self::Shared } else { Self::Alone }
    }
}

/// Makes the folder if there is none and keeps out of it whom `sharing` excludes, for as long as the result lives.
///
/// The system gives the lock back when the process ends, however it ends.
pub(super) fn lock(folder: &Path, sharing: Sharing) -> Result<File, Failure> {
    let unusable =
        |source: std::io::Error| format!("cannot use the data folder {}: {source}", folder.display());
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(unusable)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = file.map_err(unusable)?;
    let outcome = match sharing {
        Sharing::Alone => file.try_lock(),
        Sharing::Shared => file.try_lock_shared(),
    };
    match outcome {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("the data folder {} is used by another prosopa", folder.display()).into())
        }
        Err(TryLockError::Error(error)) => Err(unusable(error).into()),
    }
}
