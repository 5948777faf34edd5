//! What a request for a match says: JSON with ids of kept pictures, or a form in which pictures may lie themselves.

use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_problem::Problem;

use super::sources::{Source, SourceBody, SourceFields, SourceForm};
use crate::{
    budget::Claim,
    matches::{COMPARISONS_MAX, MatchOptions},
    state::State,
};

/// The fields of the form. One picture more than may be compared is read, so that it is refused like a list that is too long.
const FIELDS: SourceFields = SourceFields {
    sources: &[("image_a", 1), ("image_b", COMPARISONS_MAX + 1)],
    values: &["max_fmr", "face_a", "face_b", "require_single_face"],
};

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
        let (body, claim) = SourceBody::read(request, state, &FIELDS).await?;
        match body {
            SourceBody::Json(request) => Self::of_json(request, claim),
            SourceBody::Form(form) => Self::of_form(form, claim),
        }
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

    fn of_form(mut form: SourceForm, claim: Claim) -> Result<Self, Problem> {
        let options = MatchOptions {
            max_fmr: form.value("max_fmr", "a number")?,
            face_a: form.value("face_a", "a whole number")?,
            face_b: form.value("face_b", "a whole number")?,
            require_single_face: form.value("require_single_face", "true or false")?.unwrap_or_default(),
        };
        let (image_a, images_b) = (form.take("image_a")?, form.take_all("image_b"));
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
        let sources = std::iter::once(&self.image_a).chain(&self.images_b);
        content.extend(sources.flat_map(Source::content));
        content
    }
}

fn too_many() -> Problem {
    Problem::invalid("/image_b", format!("at most {COMPARISONS_MAX} pictures are compared at once"))
}
