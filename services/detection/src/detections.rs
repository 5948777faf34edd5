//! Detections: a picture is looked at, kept with what was found, given back, deleted.

mod findings;

use std::time::Instant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use prosopa_contract::engine::{AnalyzeFacesRequest, AnalyzeFacesResponse, ImageFormat, StageTimings};
use prosopa_http::{ListRequest, Page};
use prosopa_model::{AccountId, Cursor, DetectionId, ImageId, SubjectId, Timestamp, UserId};
use prosopa_store::{Tx, idempotency};

use self::findings::Findings;
use crate::{
    billing::{self, Charge, FACES_DETECTION},
    budget::Claim,
    error::Error,
    events,
    faces::Face,
    images::{self, Image},
    state::State,
    store::{self, detections::DetectionRow},
    subjects::{self, Subject},
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

/// Wall time of each stage, microseconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Timings {
    /// Waiting for the engine, and for memory to decode into.
    pub(crate) queue_us: u64,
    /// Decoding the picture.
    pub(crate) decode_us: u64,
    /// Finding the faces.
    pub(crate) detect_us: u64,
    /// Landmarks and alignment.
    pub(crate) align_us: u64,
    /// Embeddings.
    pub(crate) embed_us: u64,
    /// Writing picture and result.
    pub(crate) store_us: u64,
    /// Processor time on the engine's device.
    pub(crate) device_us: u64,
    /// From the whole request to the answer.
    pub(crate) total_us: u64,
}

/// How a picture is to be looked at.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) min_face_px: Option<u32>,
    pub(crate) max_faces: Option<u32>,
}

/// A picture that is to be looked at.
pub(crate) struct NewDetection {
    pub(crate) account_id: AccountId,
    /// On whose behalf.
    pub(crate) user_id: UserId,
    pub(crate) picture: Bytes,
    /// The type that was declared; none where the bytes shall speak.
    pub(crate) declared: Option<ImageFormat>,
    pub(crate) look: Look,
    /// The caller's own name of the person; none where the upload is a subject of its own.
    pub(crate) subject: Option<String>,
    /// The room that the picture takes for as long as this lives.
    pub(crate) claim: Claim,
    /// The right to do a request that may be sent again.
    pub(crate) once: Option<idempotency::Claim>,
}

/// What is to be written of a detection.
pub(crate) struct Made {
    row: DetectionRow,
    faces: Vec<Face>,
    sealed: Vec<u8>,
    /// Processor time that it took the engine.
    cpu_us: u64,
}

/// Has the engine look at a picture and keeps both.
pub(crate) async fn create(state: &State, new: NewDetection) -> Result<Detection, Error> {
    let began = Instant::now();
    check_type(new.declared, &new.picture)?;
    let analysis = analyze(state, new.account_id, &new.picture, new.look).await?;
    let engine_timings = analysis.timings.unwrap_or_default();

    let store_began = Instant::now();
    // A caller who goes away now must not leave a picture without its row: what has begun is finished.
    let kept = tokio::spawn(keep(state.clone(), new, analysis)).await;
    let Made { row, faces, .. } = kept.map_err(Error::Broken)??;

    let timings = Timings::new(&engine_timings, store_began, began);
    timings.record(state);
    state.metrics.record_detection(faces.len());
    Ok(Detection { timings: Some(timings), ..assemble(row, faces) })
}

/// Asks the engine.
pub(crate) async fn analyze(
    state: &State,
    account_id: AccountId,
    picture: &Bytes,
    look: Look,
) -> Result<AnalyzeFacesResponse, Error> {
    let request = AnalyzeFacesRequest {
        image: picture.clone(),
        min_face_px: look.min_face_px.or(state.config.min_face_px_default),
        max_faces: look.max_faces,
        with_embeddings: true,
        account_id: account_id.to_string(),
    };
    Ok(state.engine.analyze_faces(request).await?)
}

/// Writes the picture, then its rows: no caller is told of a picture that is not there.
async fn keep(state: State, new: NewDetection, analysis: AnalyzeFacesResponse) -> Result<Made, Error> {
    let image_id = ImageId::new();
    let picture = images::without_metadata(new.picture).await?;
    let account_id = new.account_id;
    let subject = subjects::choose(&state, account_id, new.subject.as_deref()).await?;
    let write = async {
        let made = Made::new(&state, subject, image_id, &picture, analysis).await?;
        state.vault.put_blob(subject.id, &image_id.to_string(), picture).await?;
        drop(new.claim);
        let mut tx = state.database.begin().await?;
        made.insert(&state, &mut tx, account_id, new.user_id).await?;
        finish(&mut tx, new.once.as_ref(), &made.id().to_string()).await?;
        tx.commit().await?;
        Ok(made)
    };
    let written = write.await;
    if written.is_err() {
        images::discard(&state, account_id, image_id, Some(subject)).await;
    }
    written
}

/// Notes what a request that may be sent again has made.
pub(crate) async fn finish(
    tx: &mut Tx,
    once: Option<&idempotency::Claim>,
    resource_id: &str,
) -> Result<(), Error> {
    match once {
        Some(claim) if !idempotency::finish(tx, claim, resource_id).await? => Err(Error::Superseded),
        _ => Ok(()),
    }
}

impl Made {
    /// Puts together what is kept of a picture whose bytes are, or will be, the blob of `image_id`.
    pub(crate) async fn new(
        state: &State,
        subject: Subject,
        image_id: ImageId,
        picture: &Bytes,
        analysis: AnalyzeFacesResponse,
    ) -> Result<Self, Error> {
        let info = analysis.image.filter(|info| info.width > 0 && info.height > 0).ok_or(Error::NoSize)?;
        let id = DetectionId::new();
        let cpu_us = billing::cpu_us(&analysis.timings.unwrap_or_default());
        let image = images::describe(image_id, picture, &info).await?;
        let findings = Findings::from_engine(analysis.faces, &info);
        let sealed = findings.seal(&state.vault, subject.id, id).await?;
        let row = DetectionRow {
            id,
            created_at: state.clock.now(),
            face_count: findings.faces.len() as u64,
            model_digest: analysis.model_digest,
            image_id,
            sha256: image.sha256,
            width: image.width,
            height: image.height,
            format: image.format,
            bytes: image.bytes,
            subject_id: Some(subject.id),
            is_subject_named: subject.is_named,
        };
        Ok(Self { row, faces: findings.faces, sealed, cpu_us })
    }

    /// The detection's id.
    pub(crate) const fn id(&self) -> DetectionId {
        self.row.id
    }

    /// How many faces there are.
    pub(crate) const fn face_count(&self) -> usize {
        self.faces.len()
    }

    /// Writes the rows and says so, and what it costs.
    pub(crate) async fn insert(
        &self,
        state: &State,
        tx: &mut Tx,
        account_id: AccountId,
        user_id: UserId,
    ) -> Result<(), prosopa_store::Error> {
        store::detections::insert(tx, account_id, &self.row, &self.sealed).await?;
        events::publish_created(state, tx, account_id, &self.row).await?;
        let charge = Charge {
            account_id,
            user_id,
            operation: FACES_DETECTION,
            units: 1,
            resource_id: self.row.id.to_string(),
            cpu_us: self.cpu_us,
            device_us: 0,
            bytes: self.row.bytes,
            model_digest: self.row.model_digest.clone(),
        };
        billing::publish(state, tx, &charge).await
    }
}

/// One page of an account's detections, newest first.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    request: ListRequest,
) -> Result<Page<DetectionSummary>, Error> {
    let rows = store::detections::list(&state.database, account_id, request).await?;
    let position = |row: &DetectionRow| Cursor { created_at: row.created_at, id: row.id.uuid() };
    let page = Page::cut(rows, request.page.limit, position);
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
    let findings = Findings::open(state, row.subject_id, id, sealed).await?;
    Ok(assemble(row, findings.faces))
}

/// Deletes a detection and its picture. Its rows go first, so that nobody is promised what is gone; a picture that stays
/// behind is swept.
pub(crate) async fn delete(state: &State, account_id: AccountId, id: DetectionId) -> Result<(), Error> {
    let row =
        store::detections::find(&state.database, account_id, id).await?.ok_or(Error::NoDetection(id))?;
    let mut tx = state.database.begin().await?;
    if store::detections::delete(&mut tx, account_id, id, row.image_id).await? {
        events::publish_deleted(state, &mut tx, account_id, &row).await?;
    }
    tx.commit().await?;
    images::discard(state, account_id, row.image_id, row.subject()).await;
    Ok(())
}

/// Refuses bytes that say they are something else; what says nothing is the engine's to judge.
pub(crate) fn check_type(declared: Option<ImageFormat>, picture: &[u8]) -> Result<(), Error> {
    match (declared, ImageFormat::of_bytes(picture)) {
        (Some(declared), Some(actual)) if declared != actual => Err(Error::OtherType {
            declared: images::format_name(declared),
            actual: images::format_name(actual),
        }),
        _ => Ok(()),
    }
}

impl DetectionRow {
    fn subject(&self) -> Option<Subject> {
        self.subject_id.map(|id| Subject { id, is_named: self.is_subject_named })
    }
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

impl Timings {
    fn new(engine: &StageTimings, store_began: Instant, began: Instant) -> Self {
        let micros_since =
            |instant: Instant| u64::try_from(instant.elapsed().as_micros()).unwrap_or(u64::MAX);
        Self {
            queue_us: engine.queue_us,
            decode_us: engine.decode_us,
            detect_us: engine.detect_us,
            align_us: engine.align_us,
            embed_us: engine.embed_us,
            store_us: micros_since(store_began),
            device_us: engine.device_us,
            total_us: micros_since(began),
        }
    }

    fn record(&self, state: &State) {
        let stages = [
            ("queue", self.queue_us),
            ("decode", self.decode_us),
            ("detect", self.detect_us),
            ("align", self.align_us),
            ("embed", self.embed_us),
            ("store", self.store_us),
            ("total", self.total_us),
        ];
        for (stage, micros) in stages {
            state.metrics.record_stage(stage, micros);
        }
    }
}
