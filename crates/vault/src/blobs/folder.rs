//! Blobs as files: written durably, each under its own name, sealed as they come.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use prosopa_model::Timestamp;

use super::BlobError;
use crate::durable;

/// Files in a folder, which is made when the first one is.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    /// Bytes that stay free on the disk.
    pub(super) free_bytes_min: u64,
}

impl Folder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, free_bytes_min: 0 }
    }

    /// Writes what `seal` makes, unless there is a file of that name.
    pub(super) async fn put(
        &self,
        name: &str,
        seal: impl FnOnce() -> Result<Vec<u8>, BlobError> + Send + 'static,
    ) -> Result<(), BlobError> {
        let (path, name, free_bytes_min) = (self.path_of(name), name.to_owned(), self.free_bytes_min);
        run_blocking(move || {
            let sealed = seal()?;
            if let Some(folder) = path.parent() {
                durable::create_folder(folder)?;
                require_room(folder, free_bytes_min.saturating_add(sealed.len() as u64))?;
            }
            if durable::create(&path, &sealed)? { Ok(()) } else { Err(BlobError::Taken(name)) }
        })
        .await
    }

    /// What `open` makes of the file; none where there is no file.
    pub(super) async fn get<T: Send + 'static>(
        &self,
        name: &str,
        open: impl FnOnce(Vec<u8>) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<Option<T>, BlobError> {
        let path = self.path_of(name);
        run_blocking(move || match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => open(read?).map(Some),
        })
        .await
    }

    /// Removes the file if there is one.
    pub(super) async fn delete(&self, name: &str) -> Result<(), BlobError> {
        let path = self.path_of(name);
        run_blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        })
        .await
    }

    /// Fails where the folder is there and cannot be read, or something else is in its place.
    pub(super) async fn check(&self) -> Result<(), BlobError> {
        let path = self.path.clone();
        run_blocking(move || match fs::read_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        })
        .await
    }

    /// The files that were written before `time`.
    pub(super) fn files_before(&self, time: Timestamp) -> Files {
        Files { time, folders: vec![self.path.clone()], names: Vec::new() }
    }

    /// Spreads the blobs over 1,024 folders by the end of their names, the random part of an id.
    fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(&name[name.len() - 2..]).join(name)
    }
}

/// Names of files, of which those of one folder are in memory.
pub(super) struct Files {
    time: Timestamp,
    folders: Vec<PathBuf>,
    names: Vec<String>,
}

impl Files {
    /// The next name; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<String>, BlobError> {
        loop {
            if let Some(name) = self.names.pop() {
                return Ok(Some(name));
            }
            let Some(folder) = self.folders.pop() else { return Ok(None) };
            let time = self.time;
            let (folders, names) = run_blocking(move || Ok(list_before(&folder, time)?)).await?;
            self.folders.extend(folders);
            self.names = names;
        }
    }
}

/// Fails, as a full disk does, where less than so many bytes are free to who runs this.
fn require_room(folder: &Path, bytes: u64) -> io::Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < bytes { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// The folders in a folder, and the names of its files that were written before `time`, as the disk's clock saw it.
fn list_before(folder: &Path, time: Timestamp) -> io::Result<(Vec<PathBuf>, Vec<String>)> {
    let (mut folders, mut names) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((folders, names)),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // What is removed meanwhile is no concern here.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            folders.push(entry.path());
            continue;
        }
        let age = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_before = Timestamp::default().after(age) < time;
        if let Some(name) = entry.file_name().to_str().filter(|_| is_before) {
            names.push(name.to_owned());
        }
    }
    Ok((folders, names))
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| BlobError::Folder(io::Error::other(error)))?
}
