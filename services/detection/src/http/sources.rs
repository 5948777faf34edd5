//! Pictures that a request names by id or brings along, in a form or in JSON.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request, multipart::Field};
use bytes::Bytes;
use http_body::Body as _;
use serde::de::DeserializeOwned;

use prosopa_contract::engine::{IMAGE_BYTES_MAX, ImageFormat};
use prosopa_http::{Json, content_type, signatures::RestOfBody};
use prosopa_model::{AccountId, ImageId};
use prosopa_problem::Problem;

use super::form::{declared_format, form_problem, malformed};
use crate::{
    budget::Claim,
    error::Error,
    image_kind::ImageKind,
    images::{self, Details, Kept, NewImage},
    state::State,
};

/// Longest value of a form's field that is no picture, bytes.
const VALUE_BYTES_MAX: usize = 256;

/// A picture, or something that was made of pictures before.
pub(super) enum Source {
    /// One that is kept, by the text of its id.
    Kept(String),
    /// One that came with the request.
    Sent {
        picture: Bytes,
        /// The type it was declared to have; none where the bytes shall speak.
        declared: Option<ImageFormat>,
    },
}

/// Which fields a form may have.
pub(super) struct SourceFields {
    /// Those that are pictures or ids, and how often each may be given.
    pub(super) sources: &'static [(&'static str, usize)],
    /// Those that are short texts.
    pub(super) values: &'static [&'static str],
}

/// A form as it was sent.
pub(super) struct SourceForm {
    sources: BTreeMap<String, Vec<Source>>,
    values: BTreeMap<String, String>,
}

/// What a request brings.
pub(super) enum SourceBody<J> {
    Json(J),
    Form(SourceForm),
}

impl<J: DeserializeOwned> SourceBody<J> {
    /// Waits for room, then reads the whole body, which takes the room for as long as the claim lives.
    pub(super) async fn read(
        request: Request,
        state: &State,
        fields: &SourceFields,
    ) -> Result<(Self, Claim), Problem> {
        // A body without a declared length may grow to the limit.
        let length = request.body().size_hint().exact().unwrap_or(2 * IMAGE_BYTES_MAX as u64);
        let claim = state.budget.claim(length).await?;
        let declared = content_type(request.headers()).map(str::to_ascii_lowercase);
        if declared.as_deref() != Some("multipart/form-data") {
            let Json(request) = Json::<J>::from_request(request, state).await?;
            return Ok((Self::Json(request), claim));
        }
        let (parts, body) = request.into_parts();
        let (body, rest) = RestOfBody::of(body);
        let form = Multipart::from_request(Request::from_parts(parts, body), state).await;
        let form = SourceForm::read(form.map_err(|error| malformed(&error))?, fields).await?;
        // A form ends before its body does: only at the end is known whether the body is what was signed.
        rest.read().await.map_err(|error| malformed(&error))?;
        Ok((Self::Form(form), claim))
    }
}

impl SourceForm {
    async fn read(mut form: Multipart, fields: &SourceFields) -> Result<Self, Problem> {
        let mut read = Self { sources: BTreeMap::new(), values: BTreeMap::new() };
        while let Some(field) = form.next_field().await.map_err(form_problem)? {
            read.add(field, fields).await?;
        }
        Ok(read)
    }

    async fn add(&mut self, field: Field<'_>, fields: &SourceFields) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let pointer = format!("/{name}");
        if let Some((_, most)) = fields.sources.iter().find(|(known, _)| *known == name) {
            let known = self.sources.entry(name).or_default();
            if known.len() == *most {
                return Err(Problem::invalid(pointer, too_often(*most)));
            }
            known.push(read_source(field).await?);
        } else if fields.values.contains(&name.as_str()) {
            if self.values.insert(name, read_text(field).await?).is_some() {
                return Err(Problem::invalid(pointer, too_often(1)));
            }
        } else {
            return Err(Problem::invalid(pointer, "unknown field"));
        }
        Ok(())
    }

    /// A source that there must be.
    pub(super) fn take(&mut self, name: &str) -> Result<Source, Problem> {
        self.find(name).ok_or_else(|| Problem::invalid(format!("/{name}"), "missing field"))
    }

    /// A source that there may be.
    pub(super) fn find(&mut self, name: &str) -> Option<Source> {
        self.take_all(name).pop()
    }

    /// All sources of this name, in their order.
    pub(super) fn take_all(&mut self, name: &str) -> Vec<Source> {
        self.sources.remove(name).unwrap_or_default()
    }

    /// A value that there may be; `form` says what it has to be.
    pub(super) fn value<T: std::str::FromStr>(
        &mut self,
        name: &str,
        form: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.values.remove(name) else { return Ok(None) };
        let value =
            text.parse().map_err(|_| Problem::invalid(format!("/{name}"), format!("must be {form}")))?;
        Ok(Some(value))
    }
}

fn too_often(most: usize) -> String {
    match most {
        1 => "given more than once".to_owned(),
        most => format!("may be given at most {most} times"),
    }
}

/// A field with a file's name or a type of its own is a picture, any other an id.
async fn read_source(field: Field<'_>) -> Result<Source, Problem> {
    let media_type = field.content_type().and_then(|text| text.split(';').next()).map(str::trim);
    let media_type = media_type.map(str::to_ascii_lowercase).filter(|media_type| media_type != "text/plain");
    if field.file_name().is_none() && media_type.is_none() {
        return Ok(Source::Kept(read_text(field).await?));
    }
    let declared = declared_format(media_type.as_deref())?;
    Ok(Source::Sent { picture: field.bytes().await.map_err(form_problem)?, declared })
}

async fn read_text(field: Field<'_>) -> Result<String, Problem> {
    let pointer = format!("/{}", field.name().unwrap_or_default());
    let text = field.text().await.map_err(form_problem)?;
    if text.len() > VALUE_BYTES_MAX {
        return Err(Problem::invalid(pointer, "too long"));
    }
    Ok(text.trim().to_owned())
}

impl Source {
    /// What of a request's outcome depends on it, for repetitions of the request.
    pub(super) fn content(&self) -> [Vec<u8>; 2] {
        match self {
            Self::Kept(id) => [b"id".to_vec(), id.clone().into_bytes()],
            Self::Sent { picture, declared } => [format!("{declared:?}").into_bytes(), picture.to_vec()],
        }
    }
}

/// Pictures that came with a request and were not kept before.
pub(super) struct Sent {
    account_id: AccountId,
    new: Vec<ImageId>,
}

impl Sent {
    pub(super) const fn new(account_id: AccountId) -> Self {
        Self { account_id, new: Vec::new() }
    }

    /// Keeps a picture as uploads are kept, if it came with the request.
    pub(super) async fn keep(
        &mut self,
        state: &State,
        source: Source,
        kind: ImageKind,
    ) -> Result<ImageId, Error> {
        let (picture, declared) = match source {
            // A text that is no id answers like an id that does not exist.
            Source::Kept(text) => return text.parse().map_err(|_| Error::NoSuchImage),
            Source::Sent { picture, declared } => (picture, declared),
        };
        let new = NewImage {
            account_id: self.account_id,
            kind,
            picture,
            declared,
            subject: None,
            details: Details::default(),
            capture: Vec::new(),
            delete_at: None,
            // The request's own room holds it.
            claim: state.budget.claim(0).await?,
            once: None,
        };
        match images::keep(state, new).await? {
            Kept::New(image) => {
                self.new.push(image.id);
                Ok(image.id)
            }
            Kept::Known(image) => Ok(image.id),
        }
    }

    /// Gives back an outcome; what nothing came of does not stay.
    pub(super) async fn settle<T, E>(self, state: &State, outcome: Result<T, E>) -> Result<T, E> {
        if outcome.is_err() {
            for id in &self.new {
                if let Err(error) = images::delete(state, self.account_id, *id).await {
                    tracing::warn!(%error, image_id = %id, "a picture of a request that failed stays");
                }
            }
        }
        outcome
    }
}
