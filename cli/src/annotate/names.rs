//! Names of annotated pictures: decided before anything is sent, so that no two collide and a second run gives the same.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::exit::Failure;

/// A name for each picture of a run, all in one folder.
#[derive(Debug)]
pub(crate) struct AnnotationNames {
    folder: PathBuf,
    stems: Vec<String>,
}

impl AnnotationNames {
    /// Makes the folder and a name from each stem: `photo`, and `photo-2` for the next one of that name. Names that
    /// differ in case alone count as one: some file systems think so.
    pub(crate) fn new(folder: &Path, stems: impl Iterator<Item = String>) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|cause| {
            let error = Error::Io { path: folder.to_path_buf(), cause };
            Failure::Local(format!("cannot make the folder for annotated pictures: {error}"))
        })?;
        Ok(Self { folder: folder.to_path_buf(), stems: distinct(stems) })
    }

    /// Where the `index`-th picture goes, without the ending.
    pub(crate) fn stem_path(&self, index: usize) -> PathBuf {
        self.folder.join(self.stems.get(index).map_or("picture", String::as_str))
    }
}

fn distinct(stems: impl Iterator<Item = String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut choose = |stem: String| {
        let mut name = stem.clone();
        let mut number = 1;
        while !taken.insert(name.to_lowercase()) {
            number += 1;
            name = format!("{stem}-{number}");
        }
        name
    };
    stems.map(&mut choose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8: pictures of one name in several folders are all kept.
    #[test]
    fn repeated_names_are_numbered() {
        let stems = ["photo", "Photo", "photo-2", "other", "photo"].map(str::to_owned);
        assert_eq!(distinct(stems.into_iter()), ["photo", "Photo-2", "photo-2-2", "other", "photo-3"]);
    }
}
