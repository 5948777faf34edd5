//! SHA-256 digests as lower-case hexadecimal.

use std::{fmt::Write, path::Path};

use sha2::{Digest, Sha256};

use super::Error;

/// Digest of some bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Compares the digest of the bytes of the file at `path`.
///
/// # Errors
/// [`Error::Digest`].
pub(super) fn check(path: &Path, bytes: &[u8], expected: &str) -> Result<(), Error> {
    let found = of_bytes(bytes);
    if found == expected {
        return Ok(());
    }
    Err(Error::Digest { path: path.to_path_buf(), expected: expected.into(), found })
}
