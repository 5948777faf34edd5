//! `/verifications`: check a document and a selfie in one call; ask for the check again; delete it.

use std::time::Duration;

use axum::{
    extract::{self, FromRequest, Request},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use prosopa_contract::engine::IMAGE_BYTES_MAX;
use prosopa_http::{
    Caller, Endpoints, IdempotencyKey, ListQuery, Operation, Page, PathId, Preferences, Query,
};
use prosopa_jobs::Job;
use prosopa_model::{DocumentId, Meter, Scope, UserId, id};
use prosopa_problem::{Code, Problem};

use super::{
    documents::READING_PROBLEMS,
    sources::{Sent, Source, SourceBody, SourceFields},
    work::{WorkRequest, answer},
};
use crate::{
    budget::Claim,
    image_kind::ImageKind,
    state::State,
    verifications::{self, NewVerification, Subject, Verification, VerificationSummary},
};

/// The form around three pictures of the largest size.
const FORM_BYTES: usize = 192 * 1024;

/// Reading two sides and looking at a selfie on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// The fields of the form.
const FIELDS: SourceFields =
    SourceFields { sources: &[("document", 1), ("document_back", 1), ("selfie", 1)], values: &["max_fmr"] };

/// What is to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationRequest {
    /// Id of a document that was read (`doc_…`), or of a kept picture of its front (`img_…`).
    #[schema(example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    document: String,
    /// Id of a kept picture of the other side, where there is one; not beside a document that was read.
    document_back: Option<String>,
    /// Id of a kept picture of one person.
    #[schema(example = "img_01k5zv0c8hf6w9t3m2n4p6r8s1")]
    selfie: String,
    /// The false match rate that you accept, above 0 and at most 0.5; the least that can be kept if absent.
    #[schema(exclusive_minimum = 0.0, maximum = 0.5, example = 0.02)]
    max_fmr: Option<f64>,
}

/// The same as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the form is read as a stream")]
struct VerificationForm {
    /// A picture of a card's front or of a passport's page with the portrait (JPEG, PNG or WebP, at most 20 MiB, 50 megapixels
    /// and 65,535 pixels a side), which is kept, or an id as above.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    document: Vec<u8>,
    /// The other side.
    #[schema(value_type = Option<String>, format = Binary, content_media_type = "application/octet-stream")]
    document_back: Option<Vec<u8>>,
    /// A picture of one person, which is kept, or the id of one that is kept.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    selfie: Vec<u8>,
    /// The false match rate that you accept, above 0 and at most 0.5; the least that can be kept if absent.
    max_fmr: Option<f64>,
}

/// A request for a verification as it was sent.
struct VerificationBody {
    document: Source,
    document_back: Option<Source>,
    selfie: Source,
    max_fmr: Option<f64>,
    /// The room it takes.
    claim: Claim,
}

pub(super) fn endpoints() -> Endpoints<State> {
    let create = Operation::post("create_verification", "/api/v1/verifications")
        .summary("Read a document, compare its portrait with a selfie, and decide")
        .scope(Scope::FacesWrite)
        .metered(1)
        .counting(Meter::Images, 3)
        .deadline(DEADLINE)
        .body_bytes_max(3 * IMAGE_BYTES_MAX + FORM_BYTES)
        .json_request::<VerificationRequest>()
        .form_request::<VerificationForm>()
        .json_answer::<Verification>(StatusCode::CREATED, "The decision with its parts")
        .location()
        .keyed()
        .accepted_answer::<Job>("The job that will check them")
        .problems(READING_PROBLEMS)
        .problems(&[Code::NoFace, Code::SeveralFaces, Code::NotCalibrated]);
    let list = Operation::get("list_verifications", "/api/v1/verifications")
        .summary("One's own verifications, newest first")
        .scope(Scope::FacesRead)
        .query::<ListQuery>()
        .page_answer::<VerificationSummary>("A page of verifications");
    let get = Operation::get("get_verification", "/api/v1/verifications/{id}")
        .summary("One verification")
        .scope(Scope::FacesRead)
        .path_id("The verification's id, `ver_…`")
        .json_answer::<Verification>(StatusCode::OK, "The verification");
    let delete = Operation::delete("delete_verification", "/api/v1/verifications/{id}")
        .summary("Delete a verification; its document and pictures that were uploaded stay")
        .scope(Scope::FacesWrite)
        .path_id("The verification's id, `ver_…`");
    Endpoints::new()
        .add(create, create_verification)
        .add(list, list_verifications)
        .add(get, get_verification)
        .add(delete, delete_verification)
}

impl FromRequest<State> for VerificationBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let (body, claim) = SourceBody::<VerificationRequest>::read(request, state, &FIELDS).await?;
        let (document, document_back, selfie, max_fmr) = match body {
            SourceBody::Json(json) => (
                Source::Kept(json.document),
                json.document_back.map(Source::Kept),
                Source::Kept(json.selfie),
                json.max_fmr,
            ),
            SourceBody::Form(mut form) => (
                form.take("document")?,
                form.find("document_back"),
                form.take("selfie")?,
                form.value("max_fmr", "a number")?,
            ),
        };
        let body = Self { document, document_back, selfie, max_fmr, claim };
        if body.read_before().is_some() && body.document_back.is_some() {
            return Err(Problem::invalid("/document_back", "not beside a document that was read before"));
        }
        Ok(body)
    }
}

impl VerificationBody {
    /// The document, if it was read before.
    fn read_before(&self) -> Option<DocumentId> {
        match &self.document {
            Source::Kept(text) => text.parse().ok(),
            Source::Sent { .. } => None,
        }
    }

    /// All that the outcome depends on, for repetitions of a request.
    fn content(&self) -> Vec<Vec<u8>> {
        let sources = std::iter::once(&self.document).chain(&self.document_back).chain([&self.selfie]);
        let mut content: Vec<_> = sources.flat_map(Source::content).collect();
        content.push(format!("{:?}", self.max_fmr).into_bytes());
        content
    }

    /// How many pictures are looked at.
    fn pictures(&self) -> u64 {
        let of_document = if self.read_before().is_some() { 0 } else { 1 };
        1 + of_document + u64::from(self.document_back.is_some())
    }

    async fn keep(self, state: &State, user_id: UserId, sent: &mut Sent) -> Result<NewVerification, Problem> {
        let read_before = self.read_before();
        let selfie = sent.keep(state, self.selfie, ImageKind::Face).await;
        let selfie = selfie.map_err(|error| error.at("/selfie"))?;
        let document = match read_before {
            Some(id) => Subject::Read(id),
            None => {
                let front = sent.keep(state, self.document, ImageKind::IdFront).await;
                let front = front.map_err(|error| error.at("/document"))?;
                let back = match self.document_back {
                    Some(back) => {
                        let back = sent.keep(state, back, ImageKind::IdBack).await;
                        Some(back.map_err(|error| error.at("/document_back"))?)
                    }
                    None => None,
                };
                Subject::Pictures { front, back }
            }
        };
        drop(self.claim);
        Ok(NewVerification { user_id, document, selfie, max_fmr: self.max_fmr })
    }
}

async fn create_verification(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    preferences: Preferences,
    key: Option<IdempotencyKey>,
    body: VerificationBody,
) -> Result<Response, Problem> {
    let request = WorkRequest {
        account_id: principal.account_id,
        key,
        preferences,
        content: body.content(),
        units: Some(body.pictures()),
    };
    answer(&state, request, async |sent: &mut Sent| body.keep(&state, principal.user_id, sent).await).await
}

async fn list_verifications(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<Page<VerificationSummary>>, Problem> {
    Ok(axum::Json(verifications::list(&state, principal.account_id, query.check()?).await?))
}

async fn get_verification(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<id::Verification>,
) -> Result<axum::Json<Verification>, Problem> {
    Ok(axum::Json(verifications::get(&state, principal.account_id, id).await?))
}

async fn delete_verification(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<id::Verification>,
) -> Result<StatusCode, Problem> {
    verifications::delete(&state, principal.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
