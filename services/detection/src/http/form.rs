//! Forms with pictures (multipart/form-data): pictures and short texts, in any order.

use std::collections::BTreeMap;

use axum::extract::{
    FromRequest, Multipart, Request,
    multipart::{Field, MultipartError},
};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;

use prosopa_contract::engine::{IMAGE_BYTES_MAX, ImageFormat};
use prosopa_http::{content_type, signatures::RestOfBody};
use prosopa_problem::{Code, Problem};

use crate::{budget::Claim, state::State};

/// Longest text, bytes.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Which fields a form may have.
pub(super) struct Fields {
    /// Those that are pictures.
    pub(super) pictures: &'static [&'static str],
    /// Those that are texts. An empty one counts as absent, as browsers send it.
    pub(super) texts: &'static [&'static str],
}

/// A picture and the type it was declared to have; none where the bytes shall speak.
pub(super) type Picture = (Bytes, Option<ImageFormat>);

/// A form as it was sent.
pub(super) struct Form {
    pictures: BTreeMap<String, Picture>,
    texts: BTreeMap<String, String>,
    /// The room it takes.
    pub(super) claim: Claim,
}

impl Form {
    /// Waits for room, then reads the whole form.
    pub(super) async fn read(request: Request, state: &State, fields: &Fields) -> Result<Self, Problem> {
        let claim = state.budget.claim(body_len(&request)).await?;
        if !content_type(request.headers())
            .is_some_and(|name| name.eq_ignore_ascii_case("multipart/form-data"))
        {
            let detail = "the content type must be multipart/form-data";
            return Err(Problem::new(Code::UnsupportedMediaType).with_detail(detail));
        }
        let (parts, body) = request.into_parts();
        let (body, rest) = RestOfBody::of(body);
        let form = Multipart::from_request(Request::from_parts(parts, body), state).await;
        let mut form = form.map_err(|error| malformed(&error))?;
        let mut read = Self { pictures: BTreeMap::new(), texts: BTreeMap::new(), claim };
        while let Some(field) = form.next_field().await.map_err(form_problem)? {
            read.add(field, fields).await?;
        }
        drop(form);
        // A form ends before its body does: only at the end is known whether the body is what was signed.
        rest.read().await.map_err(|error| malformed(&error))?;
        Ok(read)
    }

    async fn add(&mut self, field: Field<'_>, fields: &Fields) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let is_picture = fields.pictures.contains(&name.as_str());
        let is_again = if is_picture {
            let media_type = field.content_type().and_then(|text| text.split(';').next());
            let media_type = media_type.map(|text| text.trim().to_ascii_lowercase());
            let declared = declared_format(media_type.as_deref())?;
            let bytes = field.bytes().await.map_err(form_problem)?;
            self.pictures.insert(name.clone(), (bytes, declared)).is_some()
        } else if fields.texts.contains(&name.as_str()) {
            let text = read_text(field, &name).await?;
            self.texts.insert(name.clone(), text).is_some()
        } else {
            let known: Vec<String> =
                fields.pictures.iter().chain(fields.texts).map(|known| format!("`{known}`")).collect();
            let detail = format!("unknown field, expected {}", known.join(", "));
            return Err(Problem::invalid(format!("/{name}"), detail));
        };
        if is_again {
            return Err(Problem::invalid(format!("/{name}"), "given more than once"));
        }
        Ok(())
    }

    /// A picture that there must be.
    pub(super) fn take_picture(&mut self, name: &str) -> Result<Picture, Problem> {
        self.pictures.remove(name).ok_or_else(|| Problem::invalid(format!("/{name}"), "missing field"))
    }

    /// A text that there may be.
    pub(super) fn take_text(&mut self, name: &str) -> Option<String> {
        self.texts.remove(name).filter(|text| !text.is_empty())
    }
}

/// Bytes that a request's body takes. One without a declared length may grow to the limit.
pub(super) fn body_len(request: &Request) -> u64 {
    request.body().size_hint().exact().unwrap_or(IMAGE_BYTES_MAX as u64)
}

/// What a media type says of a picture.
pub(super) fn declared_format(media_type: Option<&str>) -> Result<Option<ImageFormat>, Problem> {
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

async fn read_text(mut field: Field<'_>, name: &str) -> Result<String, Problem> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(form_problem)? {
        if text.len() + chunk.len() > TEXT_BYTES_MAX {
            return Err(Problem::invalid(format!("/{name}"), format!("longer than {TEXT_BYTES_MAX} bytes")));
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| Problem::invalid(format!("/{name}"), "is not UTF-8"))
}

/// What is wrong with a form that cannot be read.
pub(super) fn form_problem(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::BodyTooLarge).with_cause(error)
    } else {
        malformed(&error.body_text())
    }
}

/// The same in words.
pub(super) fn malformed(reason: &impl ToString) -> Problem {
    Problem::new(Code::MalformedRequest)
        .with_detail(format!("the form cannot be read: {}", reason.to_string()))
}
