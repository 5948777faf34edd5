//! The picture of a request for faces: a multipart form with the field `image`, the picture itself as the body, or JSON that
//! names one that is kept.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_contract::engine::ImageFormat;
use prosopa_http::{BodyBytes, Json, content_type};
use prosopa_problem::Problem;

use super::form::{Fields, Form, body_len, declared_format};
use crate::{budget::Claim, state::State};

/// Name of the form's field.
const FIELD: &str = "image";

/// The fields of the form.
const FIELDS: Fields = Fields { pictures: &[FIELD], texts: &[] };

/// What a request is about.
pub(super) enum Asked {
    /// A picture that comes with it.
    Sent(Upload),
    /// One that is kept.
    Kept(KeptPicture),
}

/// A picture as it was sent.
pub(super) struct Upload {
    /// The encoded picture.
    pub(super) bytes: Bytes,
    /// The type it was declared to have; none where the bytes shall speak.
    pub(super) declared: Option<ImageFormat>,
    /// The room it takes.
    pub(super) claim: Claim,
}

/// A picture that is kept, and how to look at it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptPicture {
    /// The picture's id, `img_…`.
    #[schema(example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    pub(super) image_id: String,
    /// Shorter side of the smallest face looked for, pixels, as above.
    #[schema(minimum = 12, maximum = 4096)]
    pub(super) min_face_px: Option<u32>,
    /// At most this many faces, the largest first; 100 if absent.
    #[schema(minimum = 1, maximum = 1000)]
    pub(super) max_faces: Option<u32>,
}

impl FromRequest<State> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let declared = content_type(request.headers()).map(str::to_ascii_lowercase);
        match declared.as_deref() {
            Some("application/json") => {
                let _claim = state.budget.claim(body_len(&request)).await?;
                let Json(kept) = Json::from_request(request, state).await?;
                Ok(Self::Kept(kept))
            }
            Some("multipart/form-data") => {
                let mut form = Form::read(request, state, &FIELDS).await?;
                let (bytes, declared) = form.take_picture(FIELD)?;
                Ok(Self::Sent(Upload { bytes, declared, claim: form.claim }))
            }
            other => {
                let declared = declared_format(other)?;
                let claim = state.budget.claim(body_len(&request)).await?;
                let BodyBytes(bytes) = BodyBytes::from_request(request, state).await?;
                Ok(Self::Sent(Upload { bytes, declared, claim }))
            }
        }
    }
}
