//! What identifies the people in a picture, in the form it is kept: sealed for its detection.

use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{self, ImageInfo};
use prosopa_model::{DetectionId, SubjectId};
use prosopa_vault::VaultError;

use crate::{error::Error, faces::Face, state::State};

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

    /// Each face with its embedding.
    pub(super) fn into_faces(self) -> Vec<(Face, Vec<f32>)> {
        self.faces.into_iter().zip(self.embeddings).collect()
    }

    /// Without a subject: in a picture from before there were any.
    pub(super) async fn seal(
        &self,
        state: &State,
        subject_id: Option<SubjectId>,
        id: DetectionId,
    ) -> Result<Vec<u8>, Error> {
        let json = serde_json::to_vec(self).map_err(|error| Error::Findings { id, source: error.into() })?;
        match subject_id {
            Some(subject_id) => Ok(state.vault.seal(subject_id, &context(id), &json).await?),
            None => state.keyring.seal(&context(id), &json).map_err(|error| VaultError::from(error).into()),
        }
    }

    /// As above.
    pub(super) async fn open(
        state: &State,
        subject_id: Option<SubjectId>,
        id: DetectionId,
        sealed: Vec<u8>,
    ) -> Result<Self, Error> {
        let fault = |source| Error::Findings { id, source };
        let json = match subject_id {
            Some(subject_id) => state.vault.open(subject_id, &context(id), sealed).await?,
            None => state.keyring.open(&context(id), sealed).map_err(|error| fault(error.into()))?,
        };
        serde_json::from_slice(&json).map_err(|error| fault(error.into()))
    }
}

fn context(id: DetectionId) -> String {
    format!("detection/findings/{id}")
}
