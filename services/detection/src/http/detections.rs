//! `/faces/detections`: send a picture, get its faces; ask for them again; delete them.

use std::time::Duration;

use axum::{extract, response::Response};
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use prosopa_contract::engine::IMAGE_BYTES_MAX;
use prosopa_http::{
    Caller, Endpoints, IdempotencyKey, ListQuery, Operation, Page, PathId, Preferences, Query, created,
};
use prosopa_jobs::Job;
use prosopa_model::{DetectionId, Meter, Scope};
use prosopa_problem::{Code, Problem};
use prosopa_store::idempotency::Known;

use super::{
    jobs::JOBS,
    once::{Once, check, replay, settle},
    upload::{Asked, KeptPicture, Upload},
};
use crate::{
    config::{MAX_FACES, MIN_FACE_PX},
    detections::{self, Detection, DetectionSummary, Look, NewDetection, SentPicture, Source},
    jobs, once,
    state::State,
    work,
};

/// The form around a picture of the largest size.
const FORM_BYTES: usize = 64 * 1024;

/// Decoding and searching the largest picture on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Longest that `Prefer: wait` waits for a job.
const WAIT_MAX: Duration = Duration::from_secs(30);

pub(super) fn endpoints() -> Endpoints<State> {
    let create = Operation::post("create_detection", "/api/v1/faces/detections")
        .summary("Find the faces in a picture")
        .scope(Scope::FacesWrite)
        .metered(1)
        .counting(Meter::Images, 1)
        .deadline(DEADLINE)
        .body_bytes_max(IMAGE_BYTES_MAX + FORM_BYTES)
        .query::<CreateQuery>()
        .form_request::<Form>()
        .json_request::<KeptPicture>()
        .bytes_request(&["image/jpeg", "image/png", "image/webp", "application/octet-stream"])
        .json_answer::<Detection>(StatusCode::CREATED, "The faces; none is a valid answer")
        .location()
        .keyed()
        .accepted_answer::<Job>("The job that will find them")
        .problems(&[
            Code::ImageEmpty,
            Code::ImageUndecodable,
            Code::ImageAnimated,
            Code::ImageTooLarge,
            Code::Overloaded,
        ]);
    let list = Operation::get("list_detections", "/api/v1/faces/detections")
        .summary("One's own detections, newest first")
        .scope(Scope::FacesRead)
        .query::<ListQuery>()
        .page_answer::<DetectionSummary>("A page of detections");
    let get = Operation::get("get_detection", "/api/v1/faces/detections/{id}")
        .summary("One detection")
        .scope(Scope::FacesRead)
        .path_id("The detection's id, `det_…`")
        .json_answer::<Detection>(StatusCode::OK, "The detection");
    let delete = Operation::delete("delete_detection", "/api/v1/faces/detections/{id}")
        .summary("Delete a detection, and its picture unless that was uploaded by itself")
        .scope(Scope::FacesWrite)
        .path_id("The detection's id, `det_…`");
    Endpoints::new()
        .add(create, create_detection)
        .add(list, list_detections)
        .add(get, get_detection)
        .add(delete, delete_detection)
}

/// How to look at the picture.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CreateQuery {
    /// Shorter side of the smallest face looked for, pixels; max(20, shorter side / 12) if absent. In pictures above
    /// 4 megapixels it is raised: to 22 at 12 megapixels, to 43 at 50.
    #[param(minimum = 12, maximum = 4096)]
    min_face_px: Option<u32>,
    /// At most this many faces, the largest first; 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    max_faces: Option<u32>,
    /// Your own name of the person in the picture, 1 to 200 characters; kept as a keyed hash only. All that is kept of
    /// one person can be erased together. If absent, the upload is a person by itself.
    subject_id: Option<String>,
}

/// A picture as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the form is read as a stream")]
struct Form {
    /// The picture: JPEG, PNG or WebP, at most 20 MiB, 50 megapixels and 65,535 pixels a side.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    image: Vec<u8>,
}

impl CreateQuery {
    /// A picture that comes with the request, looked at as the address says.
    fn picture_of(self, upload: Upload) -> Result<(Source, Look), Problem> {
        check_range("?min_face_px", self.min_face_px, &MIN_FACE_PX)?;
        check_range("?max_faces", self.max_faces, &MAX_FACES)?;
        let Upload { bytes, declared, claim } = upload;
        let sent = SentPicture { bytes, declared, subject: self.subject_id, claim };
        Ok((Source::Sent(sent), Look { min_face_px: self.min_face_px, max_faces: self.max_faces }))
    }

    /// A picture that is kept has its person, and its request says all the rest in its body.
    fn refuse_all(&self) -> Result<(), Problem> {
        let given = [
            ("?min_face_px", self.min_face_px.is_some()),
            ("?max_faces", self.max_faces.is_some()),
            ("?subject_id", self.subject_id.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((pointer, _)) => Err(Problem::invalid(pointer, "not for a picture that is kept")),
            None => Ok(()),
        }
    }
}

fn check_kept(kept: &KeptPicture) -> Result<(Source, Look), Problem> {
    check_range("/min_face_px", kept.min_face_px, &MIN_FACE_PX)?;
    check_range("/max_faces", kept.max_faces, &MAX_FACES)?;
    // A text that is no id answers like an id that does not exist.
    let id = kept.image_id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    Ok((Source::Kept(id), Look { min_face_px: kept.min_face_px, max_faces: kept.max_faces }))
}

async fn create_detection(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    preferences: Preferences,
    key: Option<IdempotencyKey>,
    Query(query): Query<CreateQuery>,
    asked: Asked,
) -> Result<Response, Problem> {
    let (source, look) = match asked {
        Asked::Sent(upload) => query.picture_of(upload)?,
        Asked::Kept(kept) => {
            query.refuse_all()?;
            check_kept(&kept)?
        }
    };
    let account_id = principal.account_id;
    let mut new = NewDetection { account_id, user_id: principal.user_id, source, look, once: None };
    if let Some(key) = key {
        match check(claim(&state, &key, &new, preferences).await?)? {
            Once::Do(claim) => new.once = Some(claim),
            Once::Done(made) => {
                let tell = async |id| answer(detections::get(&state, account_id, id).await?);
                return replay(&state, account_id, &made, preferences, work::made_by::<DetectionId>, tell)
                    .await;
            }
        }
    }
    let once = new.once.clone();
    settle(&state, once.as_ref(), perform(&state, new, preferences).await).await
}

/// Claims a request by all that its outcome depends on.
async fn claim(
    state: &State,
    key: &IdempotencyKey,
    new: &NewDetection,
    preferences: Preferences,
) -> Result<Known, prosopa_store::Error> {
    let number = |value: Option<u32>| value.map_or(-1, i64::from).to_be_bytes();
    let (min_face_px, max_faces) = (number(new.look.min_face_px), number(new.look.max_faces));
    let is_async = [u8::from(preferences.respond_async)];
    let (declared, image_id);
    let content: Vec<&[u8]> = match &new.source {
        Source::Sent(sent) => {
            declared = number(sent.declared.map(|format| format as u32));
            let subject = sent.subject.as_deref().unwrap_or_default();
            vec![&min_face_px, &max_faces, &declared, &is_async, subject.as_bytes(), &sent.bytes]
        }
        Source::Kept(id) => {
            image_id = id.uuid();
            vec![&min_face_px, &max_faces, &is_async, image_id.as_bytes()]
        }
    };
    once::claim(state, new.account_id, "create_detection", key, &content).await
}

async fn perform(state: &State, new: NewDetection, preferences: Preferences) -> Result<Response, Problem> {
    let account_id = new.account_id;
    if preferences.respond_async {
        let row = jobs::submit(state, new, preferences.wait_at_most(WAIT_MAX)).await?;
        return match work::made_by::<DetectionId>(&row) {
            Some(id) => answer(detections::get(state, account_id, id).await?),
            None => JOBS.accepted(row, preferences),
        };
    }
    answer(detections::create(state, new).await?)
}

fn answer(detection: Detection) -> Result<Response, Problem> {
    created(&format!("/api/v1/faces/detections/{}", detection.id), detection)
}

async fn list_detections(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<Page<DetectionSummary>>, Problem> {
    let page = detections::list(&state, principal.account_id, query.check()?).await?;
    Ok(axum::Json(page))
}

async fn get_detection(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Detection>,
) -> Result<axum::Json<Detection>, Problem> {
    Ok(axum::Json(detections::get(&state, principal.account_id, id).await?))
}

async fn delete_detection(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Detection>,
) -> Result<StatusCode, Problem> {
    detections::delete(&state, principal.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn check_range(
    pointer: &str,
    value: Option<u32>,
    range: &std::ops::RangeInclusive<u32>,
) -> Result<(), Problem> {
    match value {
        Some(value) if !range.contains(&value) => {
            Err(Problem::invalid(pointer, format!("must be {} to {}", range.start(), range.end())))
        }
        _ => Ok(()),
    }
}
