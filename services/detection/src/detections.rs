//! Detections: what was found in a picture, given back, deleted.

mod findings;
mod making;
mod timings;

use serde::Serialize;
use utoipa::ToSchema;

use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, DetectionId, SubjectId, Timestamp};

pub(crate) use self::making::{
    FoundFaces, Look, Made, NewDetection, SentPicture, Source, create, find_faces, look_at_kept, look_at_sent,
};
use self::{findings::Findings, timings::Timings};
use crate::{
    error::Error,
    events,
    faces::Face,
    images::{self, Image},
    state::State,
    store::{self, detections::DetectionRow, images::ImageRow},
};

/// What was found in a picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Detection {
    /// The detection's id.
    #[schema(value_type = String, example = "det_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) id: DetectionId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// The picture.
    pub(crate) image: Image,
    /// Whose face it is: the person whom the request named, else the upload by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "sub_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(crate) subject: Option<SubjectId>,
    /// How many faces.
    pub(crate) face_count: usize,
    /// The faces, largest first.
    pub(crate) faces: Vec<Face>,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(crate) model_digest: String,
    /// How long each stage took; only in the answer to the request that made the detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timings: Option<Timings>,
}

/// A detection without its faces.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetectionSummary {
    /// The detection's id.
    #[schema(value_type = String)]
    pub(crate) id: DetectionId,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// The picture.
    pub(crate) image: Image,
    /// How many faces.
    pub(crate) face_count: u64,
}

/// One page of an account's detections, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<DetectionSummary>, Error> {
    let page = store::detections::list(&state.database, account_id, request).await?;
    Ok(page.map(|row| DetectionSummary {
        id: row.id,
        created_at: row.created_at,
        face_count: row.face_count,
        image: image_of(row),
    }))
}

/// One detection of an account; anybody else's is told not to exist.
pub(crate) async fn get(state: &State, account_id: AccountId, id: DetectionId) -> Result<Detection, Error> {
    let row =
        store::detections::find(&state.database, account_id, id).await?.ok_or(Error::NoDetection(id))?;
    let sealed = store::detections::find_findings(&state.database, account_id, id).await?;
    let sealed = sealed.ok_or(Error::NoDetection(id))?;
    let findings = Findings::open(state, row.subject_id, id, sealed).await?.ok_or(Error::NoDetection(id))?;
    Ok(assemble(row, findings.faces))
}

/// The faces that a detection has found in a picture with the model of this digest; none where no face is known. There may be
/// more of them in the picture.
pub(crate) async fn find_known_faces(
    state: &State,
    image: &ImageRow,
    model_digest: &str,
) -> Result<Option<FoundFaces>, Error> {
    let found = store::detections::find_findings_in(&state.database, image.id, model_digest).await?;
    let Some(found) = found else { return Ok(None) };
    let findings = Findings::open(state, image.subject_id, found.id, found.findings).await?;
    Ok(findings.map(|findings| FoundFaces {
        faces: findings.into_faces(),
        model_digest: model_digest.to_owned(),
        cpu_us: 0,
    }))
}

/// Deletes a detection, and its picture if that was not uploaded by itself and nothing else is left in it.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: DetectionId) -> Result<(), Error> {
    let row =
        store::detections::find(&state.database, account_id, id).await?.ok_or(Error::NoDetection(id))?;
    let mut held = images::Held::new(state, account_id, [row.image_id].into()).await?;
    if store::detections::delete(held.tx(), account_id, id).await? {
        events::publish_deleted(state, held.tx(), account_id, &row).await?;
    }
    held.let_go(state).await
}

fn assemble(row: DetectionRow, faces: Vec<Face>) -> Detection {
    Detection {
        id: row.id,
        created_at: row.created_at,
        subject: row.subject_id,
        face_count: faces.len(),
        faces,
        model_digest: row.model_digest.clone(),
        timings: None,
        image: image_of(row),
    }
}

fn image_of(row: DetectionRow) -> Image {
    Image {
        id: row.image_id,
        sha256: row.sha256,
        width: row.width,
        height: row.height,
        format: row.format,
        bytes: row.bytes,
    }
}
