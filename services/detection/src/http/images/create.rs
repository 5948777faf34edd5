//! `POST /images`: a picture is sent with what is said of it.

use std::time::Duration;

use axum::{
    extract::{self, Request},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use utoipa::ToSchema;

use prosopa_contract::engine::IMAGE_BYTES_MAX;
use prosopa_http::{Caller, Endpoints, IdempotencyKey, Operation, created, replayed};
use prosopa_model::{AccountId, Meter, Scope, Timestamp};
use prosopa_problem::{Code, Problem};

use super::parse_kind;
use crate::{
    error::Error,
    fetching::Fetched,
    http::{
        form::{Fields, Form, declared_format},
        once::{Once, check, settle},
    },
    image_kind::ImageKind,
    images::{self, Details, Kept, NewImage, StoredImage, parse_metadata},
    metadata::CaptureField,
    once,
    state::State,
};

/// The form around a picture of the largest size, with its texts.
const FORM_BYTES: usize = 64 * 1024;

/// Decoding the largest picture on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Longest id of a consent, characters.
const CONSENT_CHARS_MAX: usize = 200;

/// The fields of an upload.
const FIELDS: Fields = Fields { pictures: &["image"], texts: &TEXTS };

const TEXTS: [&str; 7] = ["type", "subject_id", "metadata", "consent_id", "delete_at", "exif", "image_url"];

pub(super) fn endpoints() -> Endpoints<State> {
    let create = Operation::post("create_image", "/api/v1/images")
        .summary("Keep a picture; 200 where the same bytes are kept already for the same person")
        .scope(Scope::FacesWrite)
        .metered(1)
        .counting(Meter::Images, 1)
        .deadline(DEADLINE)
        .body_bytes_max(IMAGE_BYTES_MAX + FORM_BYTES)
        .form_request::<ImageForm>()
        .json_answer::<StoredImage>(StatusCode::CREATED, "The picture as it is kept")
        .existing_answer::<StoredImage>(
            "The picture that an upload before has kept; what that one said of it stays",
        )
        .location()
        .keyed()
        .problems(&[
            Code::ImageEmpty,
            Code::ImageUndecodable,
            Code::ImageAnimated,
            Code::ImageTooLarge,
            Code::Overloaded,
        ]);
    Endpoints::new().add(create, create_image)
}

/// A picture with what is said of it, as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the form is read as a stream")]
struct ImageForm {
    /// The picture: JPEG, PNG or WebP, at most 20 MiB, 50 megapixels and 65,535 pixels a side.
    #[schema(value_type = Option<String>, format = Binary, content_media_type = "application/octet-stream")]
    image: Option<Vec<u8>>,
    /// An https address from which the picture is fetched, instead of it; refused unless the server fetches from that host
    /// (`detection.image_url_hosts`). Redirects are not followed.
    image_url: Option<String>,
    /// What it is of; `other` if absent.
    #[schema(rename = "type")]
    kind: Option<ImageKind>,
    /// Your own name of the person, 1 to 200 characters; kept as a keyed hash only. All that is kept of one person can be
    /// erased together. If absent, the upload is a person by itself.
    subject_id: Option<String>,
    /// A JSON object of your own: at most 20 keys, 4 KiB, three levels.
    #[schema(value_type = Option<String>, example = r#"{"case": "A-17"}"#)]
    metadata: Option<String>,
    /// Your own name of the consent under which the picture is kept, at most 200 characters.
    consent_id: Option<String>,
    /// An RFC 3339 time in the future: from then on the picture is removed, with all that was found in it.
    #[schema(value_type = Option<String>, format = DateTime)]
    delete_at: Option<String>,
    /// What is to be read of what the camera wrote, separated by commas: `taken_at`, `camera`, `lens`, `software`, `gps`.
    /// Nothing else of it is kept.
    #[schema(value_type = Option<String>, example = "taken_at,camera")]
    exif: Option<String>,
}

async fn create_image(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    key: Option<IdempotencyKey>,
    request: Request,
) -> Result<Response, Problem> {
    let form = Form::read(request, &state, &FIELDS).await?;
    let account_id = principal.account_id;
    let (mut new, content, url) = read_form(form, account_id, state.clock.now())?;
    if let Some(key) = key {
        let parts: Vec<&[u8]> = content.iter().map(String::as_bytes).chain([new.picture.as_ref()]).collect();
        match check(once::claim(&state, account_id, "create_image", &key, &parts).await?)? {
            Once::Do(claim) => new.once = Some(claim),
            Once::Done(made) => {
                return Ok(replayed(answer(images::replay(&state, account_id, &made).await?)?));
            }
        }
    }
    let once = new.once.clone();
    let keep = async {
        if let Some(url) = url {
            new.claim = state.budget.claim(IMAGE_BYTES_MAX as u64).await?;
            let Fetched { picture, media_type } = state.fetcher.fetch(&url).await.map_err(Error::from)?;
            (new.picture, new.declared) = (picture, declared_format(media_type.as_deref())?);
        }
        Ok::<_, Problem>(images::keep(&state, new).await?)
    };
    let kept = keep.await;
    answer(settle(&state, once.as_ref(), kept).await?)
}

/// Checks a form; gives back its texts too, in their order, and the address of a picture that did not come with it.
fn read_form(
    mut form: Form,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(NewImage, Vec<String>, Option<String>), Problem> {
    let [kind, subject, metadata, consent_id, delete_at, exif, url] = TEXTS.map(|name| form.take_text(name));
    let content = [&kind, &subject, &metadata, &consent_id, &delete_at, &exif, &url];
    let (picture, declared) = match (&url, form.take_picture("image")) {
        (Some(_), Ok(_)) => return Err(Problem::invalid("/image_url", "not beside a picture")),
        (Some(_), Err(_)) => (Bytes::new(), None),
        (None, picture) => picture?,
    };
    let content = content.map(|text| text.clone().unwrap_or_default()).to_vec();
    let invalid = |pointer: &str, error: &dyn ToString| Problem::invalid(pointer, error.to_string());
    let metadata = metadata.map(|text| parse_metadata(&text)).transpose();
    let metadata = metadata.map_err(|error| invalid("/metadata", &error))?.unwrap_or_default();
    let consent_id = consent_id.map(check_consent).transpose()?;
    let capture = exif.map(|names| CaptureField::parse_list(&names)).transpose();
    let capture = capture.map_err(|error| invalid("/exif", &error))?.unwrap_or_default();
    let new = NewImage {
        account_id,
        kind: kind.map_or(Ok(ImageKind::Other), |name| parse_kind("/type", &name))?,
        picture,
        declared,
        subject,
        details: Details { metadata, consent_id, ..Details::default() },
        capture,
        delete_at: delete_at.map(|text| parse_deadline(&text, now)).transpose()?,
        claim: form.claim,
        once: None,
    };
    Ok((new, content, url))
}

fn check_consent(text: String) -> Result<String, Problem> {
    if text.chars().count() <= CONSENT_CHARS_MAX && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let detail = format!("must be at most {CONSENT_CHARS_MAX} characters without control characters");
    Err(Problem::invalid("/consent_id", detail))
}

fn parse_deadline(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let time: Timestamp = text.parse().map_err(|error| Problem::invalid("/delete_at", format!("{error}")))?;
    if time > now { Ok(time) } else { Err(Problem::invalid("/delete_at", "must be in the future")) }
}

/// 201 for a picture that is new here, 200 for one that was there before.
fn answer(kept: Kept) -> Result<Response, Problem> {
    let (status, image) = match kept {
        Kept::New(image) => (StatusCode::CREATED, image),
        Kept::Known(image) => (StatusCode::OK, image),
    };
    let mut response = created(&format!("/api/v1/images/{}", image.id), image)?;
    *response.status_mut() = status;
    Ok(response)
}
