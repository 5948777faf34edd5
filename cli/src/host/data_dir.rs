//! With databases in files a service of the data folder belongs to one process at a time: two would each count their own
//! quota. With databases on a server any number of processes may share it.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use super::{Failure, hosted::Hosted, settings::Settings};

/// Makes the folder if there is none, and keeps others out of the hosted services for as long as the result lives.
///
/// The system gives the locks back when the process ends, however it ends.
pub(super) fn lock(settings: &Settings, hosted: &Hosted) -> Result<Vec<File>, Failure> {
    let folder = &settings.server.data_dir;
    let unusable = |source: std::io::Error| unusable(folder, source);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(unusable)?;
    let is_on_server = settings.database.url.is_some() || settings.database.url_file.is_some();
    if is_on_server {
        return Ok(vec![take(folder, "lock", File::try_lock_shared)?]);
    }
    if hosted.is_all() {
        return Ok(vec![take(folder, "lock", File::try_lock)?]);
    }
    let mut locks = vec![take(folder, "lock", File::try_lock_shared)?];
    for name in hosted.names() {
        locks.push(take(folder, &format!("lock.{name}"), File::try_lock)?);
    }
    Ok(locks)
}

fn take(
    folder: &Path,
    name: &str,
    lock: impl FnOnce(&File) -> Result<(), TryLockError>,
) -> Result<File, Failure> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(name));
    let file = file.map_err(|source| unusable(folder, source))?;
    match lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("the data folder {} is used by another prosopa", folder.display()).into())
        }
        Err(TryLockError::Error(error)) => Err(unusable(folder, error)),
    }
}

fn unusable(folder: &Path, source: std::io::Error) -> Failure {
    format!("cannot use the data folder {}: {source}", folder.display()).into()
}
