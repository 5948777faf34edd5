//! How a detection is made: the engine looks at a picture, and what it finds is kept.

use std::time::Instant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use prosopa_contract::engine::{AnalyzeFacesRequest, AnalyzeFacesResponse, ImageFormat, ImageInfo};
use prosopa_model::{AccountId, DetectionId, ImageId, UserId};
use prosopa_store::{Tx, idempotency};

use super::{Detection, assemble, findings::Findings, timings::Timings};
use crate::{
    billing::{self, Charge, FACES_DETECTION},
    budget::Claim,
    error::Error,
    events,
    faces::Face,
    image_kind::ImageKind,
    images, once,
    state::State,
    store::{self, detections::DetectionRow, images::ImageRow},
    subjects::{self, Subject},
};

/// How a picture is to be looked at.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) min_face_px: Option<u32>,
    pub(crate) max_faces: Option<u32>,
}

/// A detection that is asked for.
pub(crate) struct NewDetection {
    pub(crate) account_id: AccountId,
    /// On whose behalf.
    pub(crate) user_id: UserId,
    pub(crate) source: Source,
    pub(crate) look: Look,
    /// The right to do a request that may be sent again.
    pub(crate) once: Option<idempotency::Claim>,
}

/// Which picture it is of.
pub(crate) enum Source {
    /// One that comes with the request, and is kept with what is found.
    Sent(SentPicture),
    /// One that is kept already.
    Kept(ImageId),
}

/// A picture that comes with a request.
pub(crate) struct SentPicture {
    pub(crate) bytes: Bytes,
    /// The type that was declared; none where the bytes shall speak.
    pub(crate) declared: Option<ImageFormat>,
    /// The caller's own name of the person; none where the upload is a subject of its own.
    pub(crate) subject: Option<String>,
    /// The room that the picture takes for as long as this lives.
    pub(crate) claim: Claim,
}

/// What is to be written of a detection.
pub(crate) struct Made {
    row: DetectionRow,
    faces: Vec<Face>,
    sealed: Vec<u8>,
    /// The row of a picture that has none yet.
    image: Option<ImageRow>,
    /// Processor time that it took the engine.
    cpu_us: u64,
}

/// Has the engine look at a picture and keeps what it finds.
pub(crate) async fn create(state: &State, new: NewDetection) -> Result<Detection, Error> {
    let began = Instant::now();
    let NewDetection { account_id, user_id, source, look, once } = new;
    let (analysis, kept) = match source {
        Source::Sent(sent) => {
            images::check_type(sent.declared, &sent.bytes)?;
            let analysis = analyze(state, account_id, &sent.bytes, look).await?;
            (analysis, Unkept::Sent(sent))
        }
        Source::Kept(id) => {
            let image = images::find(state, account_id, id).await?;
            let analysis = analyze_kept(state, &image, look).await?;
            (analysis, Unkept::Found(Box::new(image)))
        }
    };
    let engine_timings = analysis.timings.unwrap_or_default();

    let store_began = Instant::now();
    // A caller who goes away now must not leave a picture without its row: what has begun is finished.
    let state_of_task = state.clone();
    let keep = async move {
        match kept {
            Unkept::Sent(sent) => keep_sent(state_of_task, (account_id, user_id), sent, once, analysis).await,
            Unkept::Found(image) => keep_found(state_of_task, user_id, *image, once, analysis).await,
        }
    };
    let Made { row, faces, .. } = tokio::spawn(keep).await.map_err(Error::Broken)??;

    let timings = Timings::new(&engine_timings, store_began, began);
    timings.record(state);
    state.metrics.record_detection(faces.len());
    Ok(Detection { timings: Some(timings), ..assemble(row, faces) })
}

/// A picture that was looked at.
enum Unkept {
    Sent(SentPicture),
    Found(Box<ImageRow>),
}

/// Looks at a picture that waited for it without a row of its own.
pub(crate) async fn look_at_sent(
    state: &State,
    account_id: AccountId,
    (image_id, subject): (ImageId, Subject),
    look: Look,
) -> Result<Made, Error> {
    let picture = images::open(state, Some(subject.id), image_id).await?.into();
    let analysis = analyze(state, account_id, &picture, look).await?;
    Made::of_sent(state, account_id, subject, image_id, &picture, analysis).await
}

/// Looks at a picture that is kept.
pub(crate) async fn look_at_kept(
    state: &State,
    account_id: AccountId,
    image_id: ImageId,
    look: Look,
) -> Result<Made, Error> {
    let image = images::find(state, account_id, image_id).await?;
    let analysis = analyze_kept(state, &image, look).await?;
    Made::new(state, &image, analysis).await
}

/// Faces with their embeddings, largest first, for who compares them: they are shown to nobody.
pub(crate) struct FoundFaces {
    pub(crate) faces: Vec<(Face, Vec<f32>)>,
    /// SHA-256 of the model pack's manifest, hexadecimal.
    pub(crate) model_digest: String,
    /// Processor time that it took the engine.
    pub(crate) cpu_us: u64,
}

/// Looks for the faces in a picture that is kept, without keeping what is found.
pub(crate) async fn find_faces(state: &State, image: &ImageRow) -> Result<FoundFaces, Error> {
    let look = Look { min_face_px: None, max_faces: None };
    let analysis = analyze_kept(state, image, look).await?;
    let info = size_of(&analysis)?;
    let cpu_us = billing::cpu_us(&analysis.timings.unwrap_or_default());
    let faces = Findings::from_engine(analysis.faces, &info).into_faces();
    Ok(FoundFaces { faces, model_digest: analysis.model_digest, cpu_us })
}

async fn analyze_kept(state: &State, image: &ImageRow, look: Look) -> Result<AnalyzeFacesResponse, Error> {
    let _claim = state.budget.claim(image.bytes).await?;
    let picture = images::open(state, image.subject_id, image.id).await?.into();
    analyze(state, image.account_id, &picture, look).await
}

/// Asks the engine.
async fn analyze(
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
        decode_only: false,
    };
    Ok(state.engine.analyze_faces(request).await?)
}

/// Writes the picture, then its rows: no caller is told of a picture that is not there.
async fn keep_sent(
    state: State,
    (account_id, user_id): (AccountId, UserId),
    sent: SentPicture,
    once: Option<idempotency::Claim>,
    analysis: AnalyzeFacesResponse,
) -> Result<Made, Error> {
    let image_id = ImageId::new();
    let picture = images::without_metadata(sent.bytes).await?;
    let subject = subjects::choose(&state, account_id, sent.subject.as_deref()).await?;
    let write = async {
        let made = Made::of_sent(&state, account_id, subject, image_id, &picture, analysis).await?;
        state.vault.put_blob(subject.id, &image_id.to_string(), picture).await?;
        drop(sent.claim);
        made.write(&state, account_id, user_id, once.as_ref()).await?;
        Ok(made)
    };
    let written = write.await;
    if written.is_err() {
        images::discard(&state, account_id, image_id, Some(subject)).await;
    }
    written
}

async fn keep_found(
    state: State,
    user_id: UserId,
    image: ImageRow,
    once: Option<idempotency::Claim>,
    analysis: AnalyzeFacesResponse,
) -> Result<Made, Error> {
    let account_id = image.account_id;
    let made = Made::new(&state, &image, analysis).await?;
    made.write(&state, account_id, user_id, once.as_ref()).await?;
    Ok(made)
}

impl Made {
    /// Puts together what is kept of a picture whose bytes are, or will be, the blob of `image_id`.
    async fn of_sent(
        state: &State,
        account_id: AccountId,
        subject: Subject,
        image_id: ImageId,
        picture: &Bytes,
        analysis: AnalyzeFacesResponse,
    ) -> Result<Self, Error> {
        let image = images::describe(image_id, picture, &size_of(&analysis)?).await?;
        let image = ImageRow::new(image, account_id, ImageKind::Face, subject, state.clock.now());
        let made = Self::new(state, &image, analysis).await?;
        Ok(Self { image: Some(image), ..made })
    }

    /// The same for a picture that has its row.
    async fn new(state: &State, image: &ImageRow, analysis: AnalyzeFacesResponse) -> Result<Self, Error> {
        let id = DetectionId::new();
        let info = size_of(&analysis)?;
        let cpu_us = billing::cpu_us(&analysis.timings.unwrap_or_default());
        let findings = Findings::from_engine(analysis.faces, &info);
        let sealed = findings.seal(state, image.subject_id, id).await?;
        let row = DetectionRow {
            id,
            created_at: state.clock.now(),
            face_count: findings.faces.len() as u64,
            model_digest: analysis.model_digest,
            image_id: image.id,
            sha256: image.sha256.clone(),
            width: image.width,
            height: image.height,
            format: image.format.clone(),
            bytes: image.bytes,
            subject_id: image.subject_id,
            is_subject_named: image.is_subject_named,
        };
        Ok(Self { row, faces: findings.faces, sealed, image: None, cpu_us })
    }

    /// The detection's id.
    pub(crate) const fn id(&self) -> DetectionId {
        self.row.id
    }

    /// How many faces there are.
    pub(crate) const fn face_count(&self) -> usize {
        self.faces.len()
    }

    async fn write(
        &self,
        state: &State,
        account_id: AccountId,
        user_id: UserId,
        once: Option<&idempotency::Claim>,
    ) -> Result<(), Error> {
        let mut tx = state.database.begin().await?;
        self.insert(state, &mut tx, account_id, user_id).await?;
        once::finish(&mut tx, once, &self.id().to_string()).await?;
        Ok(tx.commit().await?)
    }

    /// Writes the rows and says so, and what it costs. A picture that was kept may be gone meanwhile.
    pub(crate) async fn insert(
        &self,
        state: &State,
        tx: &mut Tx,
        account_id: AccountId,
        user_id: UserId,
    ) -> Result<(), Error> {
        match &self.image {
            Some(image) => {
                store::images::insert(tx, image, None).await?;
            }
            None if store::images::hold(tx, account_id, self.row.image_id).await? => {}
            None => return Err(Error::NoImage(self.row.image_id)),
        }
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
        Ok(billing::publish(state, tx, &charge).await?)
    }
}

fn size_of(analysis: &AnalyzeFacesResponse) -> Result<ImageInfo, Error> {
    analysis.image.filter(|info| info.width > 0 && info.height > 0).ok_or(Error::NoSize)
}
