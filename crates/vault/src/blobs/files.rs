//! What is asked of the files of blobs, sealed as they are.

use std::{fs, io, path::Path, time::UNIX_EPOCH};

use prosopa_model::Timestamp;

/// The file's content; none where there is no file.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Removes the file if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Fails, as a full disk does, where less than so many bytes are free to who runs this.
pub(super) fn require_room(folder: &Path, bytes: u64) -> io::Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < bytes { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// Names of the files below `folder` that were written before `time`.
pub(super) fn list_before(folder: &Path, time: Timestamp) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // What is removed meanwhile is no concern here.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            names.extend(list_before(&entry.path(), time)?);
            continue;
        }
        let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_before = Timestamp::default().after(age) < time;
        if let Some(name) = entry.file_name().to_str().filter(|_| is_before) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
