//! Durable jobs: what callers ask for who do not wait.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use prosopa_jobs::{
    Handler, JobClass, JobContext, JobKind, JobRow, NewJob, Outcome, SetupError, Stop, Worker, WorkerConfig,
};
use prosopa_model::{AccountId, DetectionId, ImageId, UserId};
use prosopa_problem::Code;
use prosopa_store::idempotency;

use crate::{
    detections::{self, Look, Made, NewDetection, SentPicture, Source},
    documents::NewDocument,
    erasures::{ERASE_ACCOUNT, EraseAccountHandler},
    error::Error,
    images,
    matches::NewMatch,
    once,
    state::State,
    store,
    subjects::{self, ERASE_SUBJECT, EraseSubjectHandler, Subject},
    verifications::NewVerification,
    work::{self, Work, WorkHandler, bar, stop},
};

/// Every kind of job.
pub(crate) const KINDS: &[JobKind] = &[
    JobKind { class: JobClass::Normal, ..JobKind::new(DETECT_FACES) },
    JobKind { class: JobClass::Normal, ..JobKind::new(ERASE_SUBJECT) },
    JobKind { class: JobClass::Normal, ..JobKind::new(ERASE_ACCOUNT) },
    JobKind { class: JobClass::Normal, ..JobKind::new(NewMatch::JOB_KIND) },
    JobKind { class: JobClass::Normal, ..JobKind::new(NewDocument::JOB_KIND) },
    JobKind { class: JobClass::Normal, ..JobKind::new(NewVerification::JOB_KIND) },
];

const DETECT_FACES: &str = "detect-faces";

/// How many detections are in hand at the same time; the engine has a queue of its own.
const CONCURRENCY: usize = 8;

/// What a detection's job is to do. Nothing in it tells who is in the picture.
#[derive(Debug, Serialize, Deserialize)]
struct DetectFaces {
    user_id: UserId,
    image_id: ImageId,
    /// Of a picture that came with the request and has no row yet; none of one that is kept.
    #[serde(default)]
    subject: Option<Subject>,
    bytes: u64,
    look: Look,
}

/// The worker of this service.
pub(crate) fn worker(state: &State) -> Result<Worker, SetupError> {
    let config =
        WorkerConfig { concurrency: CONCURRENCY, reserved_for_interactive: 2, ..WorkerConfig::default() };
    let handler: Arc<dyn Handler> = Arc::new(DetectFacesHandler { state: state.clone() });
    let erasing: Arc<dyn Handler> = Arc::new(EraseSubjectHandler { state: state.clone() });
    let leaving: Arc<dyn Handler> = Arc::new(EraseAccountHandler { state: state.clone() });
    let comparing: Arc<dyn Handler> = Arc::new(WorkHandler::<NewMatch>::new(state));
    let reading: Arc<dyn Handler> = Arc::new(WorkHandler::<NewDocument>::new(state));
    let verifying: Arc<dyn Handler> = Arc::new(WorkHandler::<NewVerification>::new(state));
    let handlers = [
        (DETECT_FACES, handler),
        (ERASE_SUBJECT, erasing),
        (ERASE_ACCOUNT, leaving),
        (NewMatch::JOB_KIND, comparing),
        (NewDocument::JOB_KIND, reading),
        (NewVerification::JOB_KIND, verifying),
    ];
    Worker::new(state.jobs.clone(), config, handlers)
}

/// Address of what a completed job made.
pub(crate) fn result_href(row: &JobRow) -> Option<String> {
    let detection = work::made_by::<DetectionId>(row).map(|id| format!("/api/v1/faces/detections/{id}"));
    detection
        .or_else(|| work::href_of::<NewMatch>(row))
        .or_else(|| work::href_of::<NewDocument>(row))
        .or_else(|| work::href_of::<NewVerification>(row))
}

/// Enqueues a detection, and keeps its picture if that came with the request. The row tells where it stands, at most
/// `wait` later.
pub(crate) async fn submit(state: &State, new: NewDetection, wait: Duration) -> Result<JobRow, Error> {
    let NewDetection { account_id, user_id, source, look, once } = new;
    let row = match source {
        Source::Sent(sent) => {
            images::check_type(sent.declared, &sent.bytes)?;
            // As with a detection that is waited for, what has begun is finished though the caller goes away.
            let kept = tokio::spawn(keep(state.clone(), (account_id, user_id), sent, look, once)).await;
            kept.map_err(Error::Broken)??
        }
        Source::Kept(image_id) => {
            let image = images::find(state, account_id, image_id).await?;
            let input = DetectFaces { user_id, image_id, subject: None, bytes: image.bytes, look };
            let job = input.to_job()?.account(account_id);
            let mut tx = state.database.begin().await?;
            let row = state.jobs.enqueue(&mut tx, job).await?;
            once::finish(&mut tx, once.as_ref(), &row.id.to_string()).await?;
            tx.commit().await?;
            row
        }
    };
    subjects::wait(state, row, wait).await
}

impl DetectFaces {
    fn to_job(&self) -> Result<NewJob, Error> {
        Ok(NewJob::new(DETECT_FACES, serde_json::to_vec(self).map_err(Error::Input)?))
    }
}

async fn keep(
    state: State,
    (account_id, user_id): (AccountId, UserId),
    sent: SentPicture,
    look: Look,
    once: Option<idempotency::Claim>,
) -> Result<JobRow, Error> {
    let image_id = ImageId::new();
    let picture = images::without_metadata(sent.bytes).await?;
    let subject = subjects::choose(&state, account_id, sent.subject.as_deref()).await?;
    let input = DetectFaces { user_id, image_id, subject: Some(subject), bytes: picture.len() as u64, look };
    let job = input.to_job()?.account(account_id);
    let write = async {
        state.vault.put_blob(subject.id, &image_id.to_string(), picture).await?;
        drop(sent.claim);
        let mut tx = state.database.begin().await?;
        let row = state.jobs.enqueue(&mut tx, job).await?;
        store::awaited_images::insert(&mut tx, image_id, row.id).await?;
        once::finish(&mut tx, once.as_ref(), &row.id.to_string()).await?;
        tx.commit().await?;
        Ok::<_, Error>(row)
    };
    let written = write.await;
    if written.is_err() {
        images::discard(&state, account_id, image_id, Some(subject)).await;
    }
    written
}

/// Looks at the picture, and writes what it found in the transaction that ends the job.
struct DetectFacesHandler {
    state: State,
}

#[async_trait]
impl Handler for DetectFacesHandler {
    async fn run(&self, ctx: &JobContext) -> Result<Outcome, Stop> {
        let Some(account_id) = ctx.job().account_id else {
            return Ok(Outcome::failed(Code::Internal, "the job belongs to nobody"));
        };
        let Ok(input) = serde_json::from_slice::<DetectFaces>(ctx.input()) else {
            return Ok(Outcome::failed(Code::Internal, "the job's input cannot be read"));
        };
        if let Some(barred) = bar(&self.state, account_id, input.user_id).await {
            return Ok(barred);
        }
        let made = tokio::select! {
            made = self.look(account_id, &input) => made.map_err(stop)?,
            () = ctx.cancelled() => return Ok(Outcome::Cancelled),
        };
        let mut tx = self.state.database.begin().await?;
        made.insert(&self.state, &mut tx, account_id, input.user_id).await.map_err(stop)?;
        store::awaited_images::delete(&mut tx, input.image_id).await?;
        let outcome = ctx.complete_in(&mut tx, Some(made.id().to_string().into_bytes())).await?;
        tx.commit().await?;
        self.state.metrics.record_detection(made.face_count());
        Ok(outcome)
    }
}

impl DetectFacesHandler {
    async fn look(&self, account_id: AccountId, input: &DetectFaces) -> Result<Made, Error> {
        let (image_id, look) = (input.image_id, input.look);
        let Some(subject) = input.subject else {
            return detections::look_at_kept(&self.state, account_id, image_id, look).await;
        };
        let _claim = self.state.budget.claim(input.bytes).await?;
        detections::look_at_sent(&self.state, account_id, (image_id, subject), look).await
    }
}
