//! The faces of a kept picture: those that a detection has found already, else the engine looks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_model::ImageId;

use crate::{
    detections::{self, FoundFaces},
    error::Error,
    faces::{Quality, Rectangle},
    state::State,
    store::images::ImageRow,
};

/// The face of a picture that was compared.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct MatchedFace {
    /// The picture.
    #[schema(value_type = String, example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) id: ImageId,
    /// How many faces were found in it.
    pub(crate) faces_found: usize,
    /// Which of them was compared; 0 is the largest.
    pub(crate) face_index: usize,
    /// Where it is, in pixels of the upright picture.
    #[serde(rename = "box")]
    pub(crate) bounds: Rectangle,
    /// The detector's score, 0 to 1.
    pub(crate) confidence: f32,
}

/// Which face of a picture is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Place among the faces, the largest first; none: the largest.
    pub(crate) face: Option<u32>,
    /// Whether there may be no other.
    pub(crate) is_single: bool,
}

/// A face and what it took to see it.
pub(crate) struct Seen {
    pub(crate) face: MatchedFace,
    pub(crate) quality: Quality,
    pub(crate) embedding: Vec<f32>,
    pub(crate) model_digest: String,
    /// Processor time of the engine; 0 where it was known before.
    pub(crate) cpu_us: u64,
    /// Size of the picture, if the engine looked at it.
    pub(crate) bytes: u64,
}

/// The wanted face of a picture, as the model of this digest sees it.
pub(crate) async fn see(
    state: &State,
    image: &ImageRow,
    wanted: Wanted,
    model_digest: &str,
) -> Result<Seen, Error> {
    if let Some(known) = detections::find_known_faces(state, image, model_digest).await? {
        // It may have been told to find fewer faces than there are.
        if known.faces.len() > wanted.least_known() {
            return choose(image, wanted, known, 0);
        }
    }
    choose(image, wanted, detections::find_faces(state, image).await?, image.bytes)
}

impl Wanted {
    /// How many faces must be known for there to be nothing to look for any more, less one.
    fn least_known(self) -> usize {
        let single = usize::from(self.is_single);
        single.max(self.face.unwrap_or_default() as usize)
    }
}

/// `bytes` is how much the engine was given to look at.
fn choose(image: &ImageRow, wanted: Wanted, found: FoundFaces, bytes: u64) -> Result<Seen, Error> {
    let FoundFaces { faces, model_digest, cpu_us } = found;
    let faces_found = faces.len();
    if faces_found == 0 {
        return Err(Error::NoFace);
    }
    if wanted.is_single && faces_found > 1 {
        return Err(Error::SeveralFaces { faces_found });
    }
    let face_index = wanted.face.unwrap_or_default() as usize;
    let chosen = faces.into_iter().nth(face_index);
    let (face, embedding) = chosen.ok_or(Error::NoSuchFace { faces_found })?;
    let quality = face.quality;
    let face = MatchedFace {
        id: image.id,
        faces_found,
        face_index,
        bounds: face.bounds,
        confidence: face.confidence,
    };
    Ok(Seen { face, quality, embedding, model_digest, cpu_us, bytes })
}
