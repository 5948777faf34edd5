//! What a request for a match says: JSON with ids of kept pictures, or a form in which pictures may lie themselves.

use axum::extract::{FromRequest, Multipart, Request, multipart::Field};
use bytes::Bytes;
use http_body::Body;
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_contract::engine::{IMAGE_BYTES_MAX, ImageFormat};
use prosopa_http::{Json, content_type, signatures::RestOfBody};
use prosopa_problem::Problem;

use super::form::{declared_format, form_problem, malformed};
use crate::{
    budget::Claim,
    matches::{COMPARISONS_MAX, MatchOptions},
    state::State,
};

/// Longest value of a form's field that is no picture, bytes.
const VALUE_BYTES_MAX: usize = 256;

/// Which faces to compare, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchRequest {
    /// Id of a kept picture.
    #[schema(example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    image_a: String,
    /// With which it is compared: the id of a kept picture, or 1 to 100 of them.
    image_b: OneOrMany,
    /// The false match rate that you accept, above 0 and at most 0.5; the least that can be kept if absent.
    #[serde(default)]
    #[schema(exclusive_minimum = 0.0, maximum = 0.5, example = 0.02)]
    max_fmr: Option<f64>,
    /// Which face of the first picture, where there are several; 0, the largest, if absent.
    #[serde(default)]
    #[schema(maximum = 999)]
    face_a: Option<u32>,
    /// Which face of the others.
    #[serde(default)]
    #[schema(maximum = 999)]
    face_b: Option<u32>,
    /// Refuse pictures in which there are several faces.
    #[serde(default)]
    require_single_face: bool,
}

/// One id, or a list of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "must be an image's id, or a list of 1 to 100 of them")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The same as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the form is read as a stream")]
pub(super) struct MatchForm {
    /// A picture (JPEG, PNG or WebP, at most 20 MiB, 50 megapixels and 65,535 pixels a side), which is kept, or the id of
    /// one that is kept.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    image_a: Vec<u8>,
    /// With which it is compared; may be given up to 100 times.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    image_b: Vec<u8>,
    /// The false match rate that you accept, above 0 and at most 0.5; the least that can be kept if absent.
    max_fmr: Option<f64>,
    /// Which face of the first picture, where there are several; 0, the largest, if absent.
    face_a: Option<u32>,
    /// Which face of the others.
    face_b: Option<u32>,
    /// Refuse pictures in which there are several faces.
    require_single_face: Option<bool>,
}

/// A picture to be compared.
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

/// A request for a match as it was sent.
pub(super) struct MatchBody {
    pub(super) image_a: Source,
    /// 1 to [`COMPARISONS_MAX`].
    pub(super) images_b: Vec<Source>,
    pub(super) is_list: bool,
    pub(super) options: MatchOptions,
    /// The room it takes.
    pub(super) claim: Claim,
}

impl FromRequest<State> for MatchBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        // A body without a declared length may grow to the limit.
        let length = request.body().size_hint().exact().unwrap_or(2 * IMAGE_BYTES_MAX as u64);
        let claim = state.budget.claim(length).await?;
        let declared = content_type(request.headers()).map(str::to_ascii_lowercase);
        if declared.as_deref() != Some("multipart/form-data") {
            let Json(request) = Json::<MatchRequest>::from_request(request, state).await?;
            return Self::of_json(request, claim);
        }
        let (parts, body) = request.into_parts();
        let (body, rest) = RestOfBody::of(body);
        let form = Multipart::from_request(Request::from_parts(parts, body), state).await;
        let body = Self::of_form(form.map_err(|error| malformed(&error))?, claim).await?;
        // A form ends before its body does: only at the end is known whether the body is what was signed.
        rest.read().await.map_err(|error| malformed(&error))?;
        Ok(body)
    }
}

impl MatchBody {
    fn of_json(request: MatchRequest, claim: Claim) -> Result<Self, Problem> {
        let MatchRequest { image_a, image_b, max_fmr, face_a, face_b, require_single_face } = request;
        let (images_b, is_list) = match image_b {
            OneOrMany::One(id) => (vec![Source::Kept(id)], false),
            OneOrMany::Many(ids) => (ids.into_iter().map(Source::Kept).collect(), true),
        };
        let options = MatchOptions { max_fmr, face_a, face_b, require_single_face };
        let body = Self { image_a: Source::Kept(image_a), images_b, is_list, options, claim };
        body.check_count()
    }

    async fn of_form(mut form: Multipart, claim: Claim) -> Result<Self, Problem> {
        let (mut image_a, mut images_b, mut options) = (None, Vec::new(), MatchOptions::default());
        while let Some(field) = form.next_field().await.map_err(form_problem)? {
            let name = field.name().unwrap_or_default().to_owned();
            let pointer = format!("/{name}");
            let is_again = match name.as_str() {
                "image_a" => image_a.replace(read_source(field).await?).is_some(),
                "image_b" => {
                    if images_b.len() == COMPARISONS_MAX {
                        return Err(too_many());
                    }
                    images_b.push(read_source(field).await?);
                    false
                }
                "max_fmr" => options.max_fmr.replace(read_value(field, "a number").await?).is_some(),
                "face_a" => options.face_a.replace(read_value(field, "a whole number").await?).is_some(),
                "face_b" => options.face_b.replace(read_value(field, "a whole number").await?).is_some(),
                "require_single_face" => {
                    options.require_single_face = read_value(field, "true or false").await?;
                    false
                }
                _ => return Err(Problem::invalid(pointer, "unknown field")),
            };
            if is_again {
                return Err(Problem::invalid(pointer, "given more than once"));
            }
        }
        let image_a = image_a.ok_or_else(|| Problem::invalid("/image_a", "missing field"))?;
        let is_list = images_b.len() > 1;
        Self { image_a, images_b, is_list, options, claim }.check_count()
    }

    fn check_count(self) -> Result<Self, Problem> {
        match self.images_b.len() {
            0 => Err(Problem::invalid("/image_b", "at least one picture is needed")),
            1..=COMPARISONS_MAX => Ok(self),
            _ => Err(too_many()),
        }
    }

    /// All that the outcome depends on, for repetitions of a request.
    pub(super) fn content(&self) -> Vec<Vec<u8>> {
        let mut content = vec![format!("{:?}{}", self.options, self.is_list).into_bytes()];
        for source in std::iter::once(&self.image_a).chain(&self.images_b) {
            match source {
                Source::Kept(id) => content.extend([b"id".to_vec(), id.clone().into_bytes()]),
                Source::Sent { picture, declared } => {
                    content.extend([format!("{declared:?}").into_bytes(), picture.to_vec()]);
                }
            }
        }
        content
    }
}

fn too_many() -> Problem {
    Problem::invalid("/image_b", format!("at most {COMPARISONS_MAX} pictures are compared at once"))
}

/// A field with a file's name or a type of its own is a picture, any other the id of one.
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

async fn read_value<T: std::str::FromStr>(field: Field<'_>, form: &str) -> Result<T, Problem> {
    let pointer = format!("/{}", field.name().unwrap_or_default());
    read_text(field).await?.parse().map_err(|_| Problem::invalid(pointer, format!("must be {form}")))
}
