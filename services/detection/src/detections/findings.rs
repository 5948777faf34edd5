//! What identifies the people in a picture, in the form it is kept: sealed for its detection.

use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{self, ImageInfo};
use prosopa_model::{DetectionId, SubjectId};

use crate::{error::Error, faces::Face, sealed, state::State};

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
        let (faces, embeddings) =
            faces.into_iter().map(|face| Face::with_embedding(face, width, height)).unzip();
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
        sealed::seal(state, subject_id, &context(id), self).await
    }

    /// As above; none of a person who is erased.
    pub(super) async fn open(
        state: &State,
        subject_id: Option<SubjectId>,
        id: DetectionId,
        sealed: Vec<u8>,
    ) -> Result<Option<Self>, Error> {
        sealed::open(state, subject_id, &context(id), sealed).await
    }
}

fn context(id: DetectionId) -> String {
    format!("detection/findings/{id}")
}
