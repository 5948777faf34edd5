//! `/faces/detections/batch`: faces in several kept pictures at once, one result or one job each.

use std::{collections::HashSet, time::Duration};

use axum::{
    extract,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use prosopa_http::{
    Caller, Endpoints, IdempotencyKey, Json, Operation, Preferences, accepted, set_units_done,
};
use prosopa_jobs::{Job, JobRow};
use prosopa_model::{AccountId, DetectionId, JobId, Meter, Principal, Scope};
use prosopa_problem::{Code, Problem};

use super::{
    detections::check_range,
    jobs::JOBS,
    once::{Once, check, settle},
};
use crate::{
    config::MIN_FACE_PX,
    detections::{self, Detection, Look, NewDetection, Source},
    jobs, once,
    state::State,
    work,
};

/// Most pictures of one request.
const IMAGES_MAX: usize = 100;

/// Pictures that are looked at at the same time.
const PARALLEL: usize = 4;

/// How many faces of each picture may be asked for: the answer holds those of all pictures.
const MAX_FACES: std::ops::RangeInclusive<u32> = 1..=25;

/// Faces of each picture unless the caller says otherwise.
const MAX_FACES_DEFAULT: u32 = 10;

/// Looking at as many pictures as there may be, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(110);

pub(super) fn endpoints() -> Endpoints<State> {
    let create = Operation::post("create_detections", "/api/v1/faces/detections/batch")
        .summary("Find the faces in up to 100 kept pictures; of what it counts as only the pictures that were looked at are charged")
        .scope(Scope::FacesWrite)
        .metered(100)
        .counting(Meter::Images, 100)
        .deadline(DEADLINE)
        .json_request::<Batch>()
        .json_answer::<BatchAnswer>(StatusCode::OK, "One result for each picture, in the order asked for")
        .keyed()
        .accepted_answer::<BatchAnswer>("A job for each picture; all of them are listed with the other jobs");
    Endpoints::new().add(create, create_detections)
}

/// Kept pictures, and how to look at them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Batch {
    /// Ids of 1 to 100 pictures, each once.
    #[schema(min_items = 1, max_items = 100, example = json!(["img_01k5zv0c8hf6w9t3m2n4p6r8s0"]))]
    images: Vec<String>,
    /// Shorter side of the smallest face looked for, pixels; max(20, shorter side / 12) if absent.
    #[schema(minimum = 12, maximum = 4096)]
    min_face_px: Option<u32>,
    /// At most this many faces of each picture, the largest first; 10 if absent.
    #[schema(minimum = 1, maximum = 25)]
    max_faces: Option<u32>,
}

/// What became of the pictures.
#[derive(Serialize, ToSchema)]
struct BatchAnswer {
    /// How many were looked at, or will be.
    succeeded: usize,
    /// How many were not.
    failed: usize,
    /// One for each picture, in the order asked for.
    results: Vec<BatchResult>,
}

/// What became of one picture.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    /// As it was asked for.
    image_id: String,
    /// The status that a request for this picture alone would have been answered with.
    #[schema(example = 201)]
    status: u16,
    /// Its faces.
    #[serde(skip_serializing_if = "Option::is_none")]
    detection: Option<Detection>,
    /// The job that will look at it, for who does not wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Job>,
    /// Why there are none, as a problem document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
    /// Whether an earlier request with the same key has made the detection or the job.
    #[serde(skip)]
    is_replay: bool,
}

impl Batch {
    fn check(&self) -> Result<Look, Problem> {
        if !(1..=IMAGES_MAX).contains(&self.images.len()) {
            return Err(Problem::invalid("/images", format!("must be 1 to {IMAGES_MAX}")));
        }
        let mut seen = HashSet::new();
        if let Some(at) = self.images.iter().position(|id| !seen.insert(id)) {
            return Err(Problem::invalid(format!("/images/{at}"), "given more than once"));
        }
        check_range("/min_face_px", self.min_face_px, &MIN_FACE_PX)?;
        check_range("/max_faces", self.max_faces, &MAX_FACES)?;
        let max_faces = Some(self.max_faces.unwrap_or(MAX_FACES_DEFAULT));
        Ok(Look { min_face_px: self.min_face_px, max_faces })
    }
}

async fn create_detections(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    preferences: Preferences,
    key: Option<IdempotencyKey>,
    Json(batch): Json<Batch>,
) -> Result<Response, Problem> {
    let look = batch.check()?;
    let looks = batch.images.into_iter().map(|image_id| {
        let (state, principal, key) = (&state, &principal, key.as_ref());
        async move {
            let asked = Asked { look, is_deferred: preferences.respond_async };
            let made = look_at(state, principal, key, &image_id, asked).await;
            BatchResult::new(image_id, made)
        }
    });
    let results: Vec<BatchResult> = stream::iter(looks).buffered(PARALLEL).collect().await;
    let succeeded = results.iter().filter(|result| result.problem.is_none()).count();
    let replayed = results.iter().filter(|result| result.is_replay).count();
    let is_replay = replayed == results.len();
    let answer = BatchAnswer { succeeded, failed: results.len() - succeeded, results };
    let mut response = if preferences.respond_async {
        accepted(JOBS.list, preferences, answer)?
    } else {
        axum::Json(answer).into_response()
    };
    set_units_done(response.headers_mut(), (succeeded - replayed) as u64);
    Ok(if is_replay { prosopa_http::replayed(response) } else { response })
}

impl BatchResult {
    fn new(image_id: String, made: Result<(Found, bool), Problem>) -> Self {
        match made {
            Ok((found, is_replay)) => {
                let (status, detection, job) = match found {
                    Found::Detection(detection) => (StatusCode::CREATED, Some(*detection), None),
                    Found::Job(job) => (StatusCode::ACCEPTED, None, Some(*job)),
                };
                Self { image_id, status: status.as_u16(), detection, job, problem: None, is_replay }
            }
            Err(problem) => {
                let status = problem.code().status().as_u16();
                Self {
                    image_id,
                    status,
                    detection: None,
                    job: None,
                    problem: Some(problem.to_json(None)),
                    is_replay: false,
                }
            }
        }
    }
}

/// How each picture is to be looked at.
#[derive(Clone, Copy)]
struct Asked {
    look: Look,
    /// Whether a job is to do it.
    is_deferred: bool,
}

/// What there is for one picture.
enum Found {
    Detection(Box<Detection>),
    Job(Box<Job>),
}

/// Looks at one picture, or has a job do it, once for each key: a batch that is sent again goes on where the first one broke
/// off. Whether the outcome was there already is told too.
async fn look_at(
    state: &State,
    principal: &Principal,
    key: Option<&IdempotencyKey>,
    image_id: &str,
    Asked { look, is_deferred }: Asked,
) -> Result<(Found, bool), Problem> {
    let account_id = principal.account_id;
    let id = image_id.parse::<prosopa_model::ImageId>().map_err(|_| Problem::new(Code::NotFound))?;
    let mut claim = None;
    if let Some(key) = key {
        let number = |value: Option<u32>| value.map_or(-1, i64::from).to_be_bytes();
        let content: [&[u8]; 3] =
            [&number(look.min_face_px), &number(look.max_faces), &[u8::from(is_deferred)]];
        let uuid = id.uuid();
        let part = (key, uuid.as_bytes().as_slice());
        match check(once::claim_part(state, account_id, "create_detections", part, &content).await?)? {
            Once::Do(new) => claim = Some(new),
            Once::Done(made) => {
                return Ok((find(state, account_id, &made).await?, true));
            }
        }
    }
    let new = NewDetection {
        account_id,
        user_id: principal.user_id,
        source: Source::Kept(id),
        look,
        once: claim.clone(),
    };
    if is_deferred {
        let row = jobs::submit(state, new, Duration::ZERO).await;
        let row = settle(state, claim.as_ref(), row).await?;
        return Ok((Found::Job(Box::new(JOBS.show(row))), false));
    }
    let made = detections::create(state, new).await;
    Ok((Found::Detection(Box::new(settle(state, claim.as_ref(), made).await?)), false))
}

/// What an earlier request made for a picture, as it stands now.
async fn find(state: &State, account_id: AccountId, made: &str) -> Result<Found, Problem> {
    let shown = async |id| Ok(Found::Detection(Box::new(detections::get(state, account_id, id).await?)));
    if let Ok(id) = made.parse::<DetectionId>() {
        return shown(id).await;
    }
    let id = made.parse::<JobId>().map_err(Problem::internal)?;
    let row: Option<JobRow> = state.jobs.find_of(account_id, id).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    match work::made_by::<DetectionId>(&row) {
        Some(id) => shown(id).await,
        None => Ok(Found::Job(Box::new(JOBS.show(row)))),
    }
}
