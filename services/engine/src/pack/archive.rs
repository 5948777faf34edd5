//! Reading single entries out of the package archives.

use std::{
    collections::HashMap,
    io::{Cursor, Read},
    path::Path,
};

use flate2::read::GzDecoder;

use super::Error;

/// Largest entry that is unpacked, bytes.
const ENTRY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most that is unpacked of one archive while looking for entries, bytes.
const ARCHIVE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Entries by their name inside the archive.
pub(super) type Entries = HashMap<String, Vec<u8>>;

/// Reads the named entries of a gzipped tar archive.
pub(super) fn read_tar_gz(path: &Path, bytes: &[u8], names: &[&str]) -> Result<Entries, Error> {
    let fault = |detail: String| Error::Archive { path: path.to_path_buf(), detail };
    let mut archive = tar::Archive::new(GzDecoder::new(bytes).take(ARCHIVE_BYTES_MAX));
    let mut entries = Entries::new();
    for entry in archive.entries().map_err(|error| fault(error.to_string()))? {
        let entry = entry.map_err(|error| fault(error.to_string()))?;
        let name = entry.path().map_err(|error| fault(error.to_string()))?.to_string_lossy().into_owned();
        if names.contains(&name.as_str()) {
            let content = read_entry(entry, &name).map_err(fault)?;
            entries.insert(name, content);
        }
    }
    complete(entries, names).map_err(fault)
}

/// Reads the named entries of a zip archive.
pub(super) fn read_zip(path: &Path, bytes: &[u8], names: &[&str]) -> Result<Entries, Error> {
    let fault = |detail: String| Error::Archive { path: path.to_path_buf(), detail };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| fault(error.to_string()))?;
    let mut entries = Entries::new();
    for name in names {
        let entry = archive.by_name(name).map_err(|error| fault(format!("{name}: {error}")))?;
        let content = read_entry(entry, name).map_err(fault)?;
        entries.insert((*name).into(), content);
    }
    Ok(entries)
}

fn read_entry(entry: impl Read, name: &str) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    entry.take(ENTRY_BYTES_MAX + 1).read_to_end(&mut content).map_err(|error| format!("{name}: {error}"))?;
    if content.len() as u64 > ENTRY_BYTES_MAX {
        return Err(format!("{name} has more than {ENTRY_BYTES_MAX} bytes"));
    }
    Ok(content)
}

fn complete(entries: Entries, names: &[&str]) -> Result<Entries, String> {
    match names.iter().find(|name| !entries.contains_key(**name)) {
        Some(name) => Err(format!("{name} is missing")),
        None => Ok(entries),
    }
}
