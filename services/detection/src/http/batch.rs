//! `/faces/detections/batch`: faces in several kept pictures at once, one result each.

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

use prosopa_http::{Caller, Endpoints, IdempotencyKey, Json, Operation, set_units_done};
use prosopa_model::{Meter, Principal, Scope};
use prosopa_problem::{Code, Problem};

use super::{
    detections::check_range,
    once::{Once, check, settle},
};
use crate::{
    config::MIN_FACE_PX,
    detections::{self, Detection, Look, NewDetection, Source},
    once,
    state::State,
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
        .keyed();
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
    /// How many were looked at.
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
    /// Why there are none, as a problem document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<Value>,
    /// Whether an earlier request with the same key has made the detection.
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
    key: Option<IdempotencyKey>,
    Json(batch): Json<Batch>,
) -> Result<Response, Problem> {
    let look = batch.check()?;
    let looks = batch.images.into_iter().map(|image_id| {
        let (state, principal, key) = (&state, &principal, key.as_ref());
        async move {
            let made = look_at(state, principal, key, &image_id, look).await;
            BatchResult::new(image_id, made)
        }
    });
    let results: Vec<BatchResult> = stream::iter(looks).buffered(PARALLEL).collect().await;
    let succeeded = results.iter().filter(|result| result.detection.is_some()).count();
    let replayed = results.iter().filter(|result| result.is_replay).count();
    let is_replay = replayed == results.len();
    let answer = BatchAnswer { succeeded, failed: results.len() - succeeded, results };
    let mut response = axum::Json(answer).into_response();
    set_units_done(response.headers_mut(), (succeeded - replayed) as u64);
    Ok(if is_replay { prosopa_http::replayed(response) } else { response })
}

impl BatchResult {
    fn new(image_id: String, made: Result<(Detection, bool), Problem>) -> Self {
        match made {
            Ok((detection, is_replay)) => {
                let status = StatusCode::CREATED.as_u16();
                Self { image_id, status, detection: Some(detection), problem: None, is_replay }
            }
            Err(problem) => {
                let status = problem.code().status().as_u16();
                Self {
                    image_id,
                    status,
                    detection: None,
                    problem: Some(problem.to_json(None)),
                    is_replay: false,
                }
            }
        }
    }
}

/// Looks at one picture, once for each key: a batch that is sent again goes on where the first one broke off. Whether the
/// detection was there already is told too.
async fn look_at(
    state: &State,
    principal: &Principal,
    key: Option<&IdempotencyKey>,
    image_id: &str,
    look: Look,
) -> Result<(Detection, bool), Problem> {
    let account_id = principal.account_id;
    let id = image_id.parse::<prosopa_model::ImageId>().map_err(|_| Problem::new(Code::NotFound))?;
    let mut claim = None;
    if let Some(key) = key {
        let number = |value: Option<u32>| value.map_or(-1, i64::from).to_be_bytes();
        let content: [&[u8]; 2] = [&number(look.min_face_px), &number(look.max_faces)];
        let uuid = id.uuid();
        let part = (key, uuid.as_bytes().as_slice());
        match check(once::claim_part(state, account_id, "create_detections", part, &content).await?)? {
            Once::Do(new) => claim = Some(new),
            Once::Done(made) => {
                let made = made.parse().map_err(Problem::internal)?;
                return Ok((detections::get(state, account_id, made).await?, true));
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
    let made = detections::create(state, new).await;
    Ok((settle(state, claim.as_ref(), made).await?, false))
}
