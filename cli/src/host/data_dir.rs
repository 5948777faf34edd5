//! The data folder belongs to one process at a time: two would each count their own quota.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use super::Failure;

/// Makes the folder if there is none and keeps every other process out of it for as long as the
/// result lives.
///
/// The system gives the lock back when the process ends, however it ends.
pub(super) fn lock(folder: &Path) -> Result<File, Failure> {
    let unusable =
        |source: std::io::Error| format!("cannot use the data folder {}: {source}", folder.display());
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(unusable)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = file.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("the data folder {} is used by another prosopa", folder.display()).into())
        }
        Err(TryLockError::Error(error)) => Err(unusable(error).into()),
    }
}
