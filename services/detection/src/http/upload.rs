//! A picture in a request: a multipart form with the field `image`, or the picture itself as the body.

use axum::extract::{FromRequest, Multipart, Request, multipart::MultipartError};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;

use prosopa_contract::engine::{IMAGE_BYTES_MAX, ImageFormat};
use prosopa_http::{BodyBytes, content_type, signatures::RestOfBody};
use prosopa_problem::{Code, Problem};

use crate::{budget::Claim, state::State};

/// Name of the form's field.
const FIELD: &str = "image";

/// A picture as it was sent.
pub(super) struct Upload {
    /// The encoded picture.
    pub(super) bytes: Bytes,
    /// The type it was declared to have; none where the bytes shall speak.
    pub(super) declared: Option<ImageFormat>,
    /// The room it takes.
    pub(super) claim: Claim,
}

/// A picture and its declared type.
type Picture = (Bytes, Option<ImageFormat>);

impl FromRequest<State> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        // A body without a declared length may grow to the limit.
        let length = request.body().size_hint().exact().unwrap_or(IMAGE_BYTES_MAX as u64);
        let claim = state.budget.claim(length).await?;
        let declared = content_type(request.headers()).map(str::to_ascii_lowercase);
        let (bytes, declared) = if declared.as_deref() == Some("multipart/form-data") {
            let (parts, body) = request.into_parts();
            let (body, rest) = RestOfBody::of(body);
            let form = Multipart::from_request(Request::from_parts(parts, body), state).await;
            let picture = read_form(form.map_err(|error| malformed(&error))?).await?;
            // A form ends before its body does: only at the end is known whether the body is what was signed.
            rest.read().await.map_err(|error| malformed(&error))?;
            picture
        } else {
            let declared = declared_format(declared.as_deref())?;
            let BodyBytes(bytes) = BodyBytes::from_request(request, state).await?;
            (bytes, declared)
        };
        Ok(Self { bytes, declared, claim })
    }
}

async fn read_form(mut form: Multipart) -> Result<Picture, Problem> {
    let mut picture: Option<Picture> = None;
    while let Some(field) = form.next_field().await.map_err(form_problem)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != FIELD {
            return Err(Problem::invalid(format!("/{name}"), "unknown field, expected `image`"));
        }
        let media_type = field.content_type().and_then(|text| text.split(';').next());
        let declared = declared_format(media_type.map(|text| text.trim().to_ascii_lowercase()).as_deref())?;
        let bytes = field.bytes().await.map_err(form_problem)?;
        if picture.replace((bytes, declared)).is_some() {
            return Err(Problem::invalid("/image", "given more than once"));
        }
    }
    picture.ok_or_else(|| Problem::invalid("/image", "missing field"))
}

fn declared_format(media_type: Option<&str>) -> Result<Option<ImageFormat>, Problem> {
    match media_type {
        None | Some("application/octet-stream") => Ok(None),
        Some("image/jpeg" | "image/jpg") => Ok(Some(ImageFormat::Jpeg)),
        Some("image/png") => Ok(Some(ImageFormat::Png)),
        Some("image/webp") => Ok(Some(ImageFormat::Webp)),
        Some(other) => {
            let detail = format!("{other} is not one of image/jpeg, image/png, image/webp");
            Err(Problem::new(Code::UnsupportedMediaType).with_detail(detail))
        }
    }
}

fn form_problem(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::BodyTooLarge).with_cause(error)
    } else {
        malformed(&error.body_text())
    }
}

fn malformed(reason: &impl ToString) -> Problem {
    Problem::new(Code::MalformedRequest)
        .with_detail(format!("the form cannot be read: {}", reason.to_string()))
}
