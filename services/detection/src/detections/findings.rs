//! What identifies the people in a picture, in the form it is kept: sealed for its detection.

use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{self, ImageInfo};
use prosopa_model::DetectionId;
use prosopa_vault::Keyring;

use crate::{
    error::{Error, FindingsError},
    faces::Face,
};

/// The faces of one detection with their embeddings.
#[derive(Serialize, Deserialize)]
pub(super) struct Findings {
    pub(super) faces: Vec<Face>,
    /// One for each face, 128 numbers each; never shown to callers.
    embeddings: Vec<Vec<f32>>,
}

impl Findings {
    pub(super) fn from_engine(faces: Vec<engine::Face>, info: &ImageInfo) -> Self {
        let (width, height) = (info.width as f32, info.height as f32);
        let (faces, embeddings) = faces
            .into_iter()
            .map(|mut face| {
                let embedding = std::mem::take(&mut face.embedding);
                (Face::from_engine(face, width, height), embedding)
            })
            .unzip();
        Self { faces, embeddings }
    }

    pub(super) fn seal(&self, keyring: &Keyring, id: DetectionId) -> Result<Vec<u8>, Error> {
        let seal = || -> Result<Vec<u8>, FindingsError> {
            let json = serde_json::to_vec(self)?;
            Ok(keyring.seal(&context(id), &json)?)
        };
        seal().map_err(|source| Error::Findings { id, source })
    }

    pub(super) fn open(keyring: &Keyring, id: DetectionId, sealed: Vec<u8>) -> Result<Self, Error> {
        let open = || -> Result<Self, FindingsError> {
            let json = keyring.open(&context(id), sealed)?;
            Ok(serde_json::from_slice(&json)?)
        };
        open().map_err(|source| Error::Findings { id, source })
    }
}

fn context(id: DetectionId) -> String {
    format!("detection/findings/{id}")
}
