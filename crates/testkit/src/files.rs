//! Looks at files the way somebody does who found the disk.

use std::{fs, path::Path};

/// Whether these bytes stand in any file below `folder`.
pub fn contains_anywhere(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return contains_anywhere(&path, needle);
        }
        let bytes = fs::read(&path).expect("a readable file");
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
