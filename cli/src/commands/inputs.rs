//! Which pictures the arguments name: files, folders, patterns, stdin; and reading one.

mod given;
mod reading;

use std::collections::HashSet;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

pub(crate) use given::Opener;
pub(crate) use reading::{media_type, on_thread};

use crate::exit::Failure;

/// Endings of pictures that are looked for in folders.
const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Deepest folder that is entered.
const DEPTH_LIMIT: usize = 64;

/// The pictures to send, in the order of the arguments; folders and patterns sorted by name.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The pictures, and what was not found.
    pub(crate) inputs: Vec<Input>,
    /// Whether exactly one picture was named as such.
    pub(crate) is_single: bool,
}

/// One thing to send.
#[derive(Debug)]
pub(crate) struct Input {
    /// How it is called in output.
    pub(crate) name: String,
    /// Where it is, or why there is none.
    pub(crate) source: Result<Source, Failure>,
}

/// Where a picture is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// In a file.
    File(PathBuf),
    /// It comes through stdin.
    Stdin,
}

impl Source {
    /// Stdin, unless a person sits there.
    fn stdin() -> Result<Self, Failure> {
        if std::io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "-: stdin is a terminal; send a picture through a pipe or `<`".to_owned(),
            ));
        }
        Ok(Self::Stdin)
    }
}

impl Plan {
    /// Finds the pictures. What is missing becomes an input that fails when its turn comes.
    pub(crate) fn new(arguments: &[PathBuf]) -> Result<Self, Failure> {
        let mut inputs = Vec::new();
        for argument in arguments {
            if argument.as_os_str() == "-" {
                inputs.push(Input { name: "-".to_owned(), source: Ok(Source::stdin()?) });
            } else if argument.is_dir() {
                inputs.extend(in_folder(argument));
            } else if argument.exists() {
                inputs.push(Input::file(argument.clone()));
            } else if has_wildcard(argument) {
                inputs.extend(matching(argument)?);
            } else {
                inputs.push(Input::missing(argument, "there is no such file"));
            }
        }
        let is_single = match arguments {
            [only] => only.as_os_str() == "-" || !(only.is_dir() || (has_wildcard(only) && !only.exists())),
            _ => false,
        };
        let mut seen = HashSet::new();
        inputs.retain(|input| input.source.as_ref().map_or(true, |source| seen.insert(source.clone())));
        Ok(Self { inputs, is_single })
    }
}

impl Input {
    /// The name without folders and ending, for what is derived from the picture.
    pub(crate) fn stem(&self) -> String {
        match &self.source {
            Ok(Source::File(path)) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            _ => "stdin".to_owned(),
        }
    }

    fn file(path: PathBuf) -> Self {
        Self { name: path.display().to_string(), source: Ok(Source::File(path)) }
    }

    fn missing(path: &Path, reason: &str) -> Self {
        Self { name: path.display().to_string(), source: Err(Failure::Local(reason.to_owned())) }
    }
}

/// The pictures in a folder and below, sorted. What is hidden is passed over (thumbnails, other systems' leftovers);
/// links to folders are not followed, so that it ends.
fn in_folder(folder: &Path) -> Vec<Input> {
    let mut found = Vec::new();
    let mut failed = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                failed.push(Input::missing(&folder, &format!("cannot read the folder: {error}")));
                continue;
            }
        };
        for entry in entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth < DEPTH_LIMIT {
                    folders.push((path, depth + 1));
                }
            } else if is_picture_name(&path) && path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() && failed.is_empty() {
        failed.push(Input::missing(folder, "there is no .jpg, .jpeg, .png or .webp in this folder"));
    }
    found.into_iter().map(Input::file).chain(failed).collect()
}

/// What a pattern matches, sorted; pictures alone where it matches whatever there is.
fn matching(pattern: &Path) -> Result<Vec<Input>, Failure> {
    let text = pattern.to_string_lossy();
    let paths = glob::glob(&text).map_err(|error| {
        Failure::Usage(format!("{text}: this is not a pattern that can be read: {error}"))
    })?;
    let mut inputs = Vec::new();
    for path in paths {
        match path {
            Ok(path) if path.is_dir() => {}
            Ok(path) => inputs.push(Input::file(path)),
            Err(error) => inputs.push(Input::missing(error.path(), &error.error().to_string())),
        }
    }
    if inputs.is_empty() {
        inputs.push(Input::missing(pattern, "no file matches this pattern"));
    }
    Ok(inputs)
}

fn has_wildcard(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

/// Whether a name in a folder is a picture's, and not one that we drew on.
fn is_picture_name(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    ENDINGS.iter().any(|known| ending == *known) && !stem.ends_with(".annotated")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8: pictures are known by their ending in any case; what was drawn by an earlier run is passed over.
    #[test]
    fn pictures_in_a_folder_are_known_by_name() {
        for name in ["a.jpg", "a.JPEG", "b.Png", "c.webp", "annotated.jpg"] {
            assert!(is_picture_name(Path::new(name)), "{name}");
        }
        for name in ["a.gif", "jpg", ".jpg", "a.jpg.txt", "a.annotated.jpg"] {
            assert!(!is_picture_name(Path::new(name)), "{name}");
        }
    }

    /// F8: a picture that is named twice is sent once.
    #[test]
    fn picture_named_twice_is_sent_once() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.jpg");
        fs::write(&path, b"x")?;
        let plan = Plan::new(&[path.clone(), folder.path().to_path_buf(), folder.path().join("*.jpg")])?;
        assert_eq!(plan.inputs.len(), 1);
        assert!(!plan.is_single);
        assert!(Plan::new(&[path])?.is_single);
        Ok(())
    }
}
