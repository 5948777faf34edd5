//! The file that holds the administrator's password, and the one beside it that holds the next.
//!
//! A new password is first written beside, then made valid in the database, then moved to its place. Whoever touches the
//! file beside holds the database's write lock.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;

const NAME: &str = "administrator-password";
const NEXT_NAME: &str = "administrator-password.new";

/// Where the administrator's password is kept.
pub(super) struct PasswordFile {
    folder: PathBuf,
}

impl PasswordFile {
    /// The file in the data folder, which may not exist yet.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where it lies.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// Whether a password waits beside it.
    pub(super) fn has_next(&self) -> bool {
        self.next_path().exists()
    }

    /// The password that waits beside it.
    pub(super) fn read_next(&self) -> Result<Option<SecretString>, Error> {
        match fs::read_to_string(self.next_path()) {
            Ok(text) => Ok(Some(text.trim_end().into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // Not what was written here.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Some("".into())),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Writes a password beside the file, durably and whole or not at all; a temporary file has mode 0600.
    pub(super) fn write_next(&self, password: &SecretString) -> Result<(), Error> {
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            writeln!(file, "{}", password.expose_secret())?;
            file.as_file().sync_all()?;
            file.persist(self.next_path())?;
            self.sync_folder()
        };
        write().map_err(|error| self.failed(error))
    }

    /// Moves the password that waits beside the file to its place.
    pub(super) fn promote_next(&self) -> Result<(), Error> {
        let moved = fs::rename(self.next_path(), self.path()).and_then(|()| self.sync_folder());
        moved.map_err(|error| self.failed(error))
    }

    /// Removes the password that waits beside the file.
    pub(super) fn remove_next(&self) -> Result<(), Error> {
        fs::remove_file(self.next_path()).map_err(|error| self.failed(error))
    }

    fn next_path(&self) -> PathBuf {
        self.folder.join(NEXT_NAME)
    }

    fn sync_folder(&self) -> io::Result<()> {
        fs::File::open(&self.folder)?.sync_all()
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::PasswordFile { path: self.path().display().to_string(), source }
    }
}
