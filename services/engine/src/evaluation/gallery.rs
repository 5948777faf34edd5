//! A folder of labelled faces: one folder a person, its pictures in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use prosopa_contract::engine::{AnalyzeFacesRequest, Engine, EngineError, IMAGE_BYTES_MAX};
use tokio::task::JoinSet;

use super::pairs::{Pair, Pairs, PairsError};
use crate::pack::digest;

/// Most pictures: all of them are compared with each other, some two million pairs.
const PICTURES_MAX: usize = 2_000;

/// Pictures that are with the engine at a time.
const IN_HAND: usize = 16;

/// A picture of a known person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portrait {
    /// The person's number, from 0.
    pub person: u32,
    /// The picture.
    pub path: PathBuf,
}

/// The faces of a folder.
#[derive(Debug)]
pub struct Gallery {
    faces: Vec<(u32, Vec<f32>)>,
    people: u32,
    source: String,
    /// Pictures in which no face was found; they are in no pair.
    pub without_face: Vec<PathBuf>,
    /// Pictures that the engine refused, and why; they are in no pair.
    pub refused: Vec<(PathBuf, EngineError)>,
}

/// A folder of faces cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// A folder or picture cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More pictures than can all be compared with each other.
    #[error("more than {PICTURES_MAX} pictures")]
    TooMany,
    /// There are not two persons.
    #[error("{} must hold a folder for each of at least two persons, with their pictures", path.display())]
    NoPeople {
        /// The folder.
        path: PathBuf,
    },
    /// The engine is gone.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A task of ours broke off.
    #[error("the work on a picture broke off")]
    Broken(#[from] tokio::task::JoinError),
}

/// The pictures in the folders of `folder`, by name. What is hidden, what is deeper and what ends in no picture's name is
/// passed over.
///
/// # Errors
/// A folder cannot be read, or there are not two persons, or too many pictures.
pub fn find_portraits(folder: &Path) -> Result<Vec<Portrait>, GalleryError> {
    let mut portraits = Vec::new();
    let mut person = 0;
    for own in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let pictures: Vec<PathBuf> =
            entries(&own)?.into_iter().filter(|path| path.is_file() && is_picture(path)).collect();
        if pictures.is_empty() {
            continue;
        }
        portraits.extend(pictures.into_iter().map(|path| Portrait { person, path }));
        if portraits.len() > PICTURES_MAX {
            return Err(GalleryError::TooMany);
        }
        person += 1;
    }
    if person < 2 { Err(GalleryError::NoPeople { path: folder.to_path_buf() }) } else { Ok(portraits) }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, GalleryError> {
    let fault = |source| GalleryError::File { path: folder.to_path_buf(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["jpg", "jpeg", "png", "webp"].iter().any(|known| ending == *known)
}

impl Gallery {
    /// Has the engine embed the largest face of each picture; `done` hears how many are.
    ///
    /// # Errors
    /// A picture cannot be read, or the engine is gone. What is wrong with one picture is noted, and the rest goes on.
    pub async fn embed(
        engine: Arc<dyn Engine>,
        portraits: &[Portrait],
        done: impl Fn(usize),
    ) -> Result<Self, GalleryError> {
        let people = portraits.iter().map(|portrait| portrait.person + 1).max().unwrap_or_default();
        let mut gallery = Self {
            faces: Vec::new(),
            people,
            source: String::new(),
            without_face: Vec::new(),
            refused: Vec::new(),
        };
        for group in portraits.chunks(IN_HAND) {
            let mut tasks = JoinSet::new();
            for (index, portrait) in group.iter().enumerate() {
                let image = read(&portrait.path)?;
                gallery.source.push_str(&format!("{} {}\n", portrait.person, digest::of_bytes(&image)));
                let engine = Arc::clone(&engine);
                let request = AnalyzeFacesRequest {
                    image: image.into(),
                    max_faces: Some(1),
                    with_embeddings: true,
                    ..AnalyzeFacesRequest::default()
                };
                tasks.spawn(async move { (index, engine.analyze_faces(request).await) });
            }
            let mut answers = Vec::new();
            while let Some(answer) = tasks.join_next().await {
                answers.push(answer?);
            }
            answers.sort_by_key(|(index, _)| *index);
            for ((_, answer), portrait) in answers.into_iter().zip(group) {
                match answer.map(|answer| answer.faces.into_iter().next()) {
                    Ok(Some(face)) => gallery.faces.push((portrait.person, face.embedding)),
                    Ok(None) => gallery.without_face.push(portrait.path.clone()),
                    Err(error @ (EngineError::Unavailable { .. } | EngineError::Internal { .. })) => {
                        return Err(error.into());
                    }
                    Err(error) => gallery.refused.push((portrait.path.clone(), error)),
                }
            }
            done(gallery.faces.len() + gallery.without_face.len() + gallery.refused.len());
        }
        Ok(gallery)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, GalleryError> {
    let fault = |source| GalleryError::File { path: path.to_path_buf(), source };
    if fs::metadata(path).map_err(fault)?.len() > IMAGE_BYTES_MAX as u64 {
        return Err(fault(io::Error::new(io::ErrorKind::FileTooLarge, "more than 20 MiB")));
    }
    fs::read(path).map_err(fault)
}

/// Compares every face with every other.
///
/// # Errors
/// There are not both pairs of one person and pairs of two.
pub fn compare(gallery: &Gallery) -> Result<Pairs, PairsError> {
    let mut pairs = Vec::new();
    for (index, (person, one)) in gallery.faces.iter().enumerate() {
        for (other_person, other) in &gallery.faces[index + 1..] {
            let squares = one.iter().zip(other).map(|(x, y)| f64::from(x - y).powi(2));
            pairs.push(Pair {
                distance: squares.sum::<f64>().sqrt(),
                is_same: person == other_person,
                people: Some([*person, *other_person]),
            });
        }
    }
    Pairs::new(pairs, gallery.people, gallery.source.as_bytes())
}
