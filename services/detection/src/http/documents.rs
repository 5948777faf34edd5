//! `/documents`: have identity documents read; ask for what was read again; delete it.

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
use prosopa_model::{Meter, Scope, UserId, id};
use prosopa_problem::{Code, Problem};

use super::{
    sources::{Sent, Source, SourceBody, SourceFields},
    work::{WorkRequest, answer},
};
use crate::{
    budget::Claim,
    documents::{self, Document, DocumentSummary, NewDocument},
    image_kind::ImageKind,
    state::State,
};

/// The form around two pictures of the largest size.
const FORM_BYTES: usize = 128 * 1024;

/// Reading two sides on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// The fields of the form.
const FIELDS: SourceFields = SourceFields { sources: &[("front", 1), ("back", 1)], values: &[] };

/// What a reading may fail with.
pub(super) const READING_PROBLEMS: &[Code] = &[
    Code::NotFound,
    Code::NoDocument,
    Code::SeveralDocuments,
    Code::ImageEmpty,
    Code::ImageUndecodable,
    Code::ImageAnimated,
    Code::ImageTooLarge,
    Code::Overloaded,
];

/// Which document to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DocumentRequest {
    /// Id of a kept picture: of a card's front, or of a passport's page with the portrait.
    #[schema(example = "img_01k5zv0c8hf6w9t3m2n4p6r8s0")]
    front: String,
    /// Id of a kept picture of the other side, where there is one.
    back: Option<String>,
}

/// The same as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the form is read as a stream")]
struct DocumentForm {
    /// A picture of a card's front or of a passport's page with the portrait (JPEG, PNG or WebP, at most 20 MiB, 50 megapixels
    /// and 65,535 pixels a side), which is kept, or the id of one that is kept.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    front: Vec<u8>,
    /// The other side.
    #[schema(value_type = Option<String>, format = Binary, content_media_type = "application/octet-stream")]
    back: Option<Vec<u8>>,
}

/// A request for a reading as it was sent.
struct DocumentBody {
    front: Source,
    back: Option<Source>,
    /// The room it takes.
    claim: Claim,
}

pub(super) fn endpoints() -> Endpoints<State> {
    let create = Operation::post("create_document", "/api/v1/documents")
        .summary("Read an identity document: machine readable zone, printed zone, portrait")
        .scope(Scope::FacesWrite)
        .metered(1)
        .counting(Meter::Images, 2)
        .deadline(DEADLINE)
        .body_bytes_max(2 * IMAGE_BYTES_MAX + FORM_BYTES)
        .json_request::<DocumentRequest>()
        .form_request::<DocumentForm>()
        .json_answer::<Document>(StatusCode::CREATED, "What the document says")
        .location()
        .keyed()
        .accepted_answer::<Job>("The job that will read it")
        .problems(READING_PROBLEMS);
    let list = Operation::get("list_documents", "/api/v1/documents")
        .summary("One's own documents, newest first")
        .scope(Scope::FacesRead)
        .query::<ListQuery>()
        .page_answer::<DocumentSummary>("A page of documents");
    let get = Operation::get("get_document", "/api/v1/documents/{id}")
        .summary("One document")
        .scope(Scope::FacesRead)
        .path_id("The document's id, `doc_…`")
        .json_answer::<Document>(StatusCode::OK, "The document");
    let delete = Operation::delete("delete_document", "/api/v1/documents/{id}")
        .summary("Delete what was read and the verifications of it; pictures that were uploaded stay")
        .scope(Scope::FacesWrite)
        .path_id("The document's id, `doc_…`");
    Endpoints::new()
        .add(create, create_document)
        .add(list, list_documents)
        .add(get, get_document)
        .add(delete, delete_document)
}

impl FromRequest<State> for DocumentBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        let (body, claim) = SourceBody::<DocumentRequest>::read(request, state, &FIELDS).await?;
        let (front, back) = match body {
            SourceBody::Json(DocumentRequest { front, back }) => {
                (Source::Kept(front), back.map(Source::Kept))
            }
            SourceBody::Form(mut form) => (form.take("front")?, form.find("back")),
        };
        Ok(Self { front, back, claim })
    }
}

impl DocumentBody {
    /// All that the outcome depends on, for repetitions of a request.
    fn content(&self) -> Vec<Vec<u8>> {
        std::iter::once(&self.front).chain(&self.back).flat_map(Source::content).collect()
    }

    /// How many pictures are read.
    fn sides(&self) -> u64 {
        1 + u64::from(self.back.is_some())
    }

    async fn keep(self, state: &State, user_id: UserId, sent: &mut Sent) -> Result<NewDocument, Problem> {
        let front = sent.keep(state, self.front, ImageKind::IdFront).await;
        let front = front.map_err(|error| error.at("/front"))?;
        let back = match self.back {
            Some(back) => {
                let back = sent.keep(state, back, ImageKind::IdBack).await;
                Some(back.map_err(|error| error.at("/back"))?)
            }
            None => None,
        };
        drop(self.claim);
        Ok(NewDocument { user_id, front, back })
    }
}

async fn create_document(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    preferences: Preferences,
    key: Option<IdempotencyKey>,
    body: DocumentBody,
) -> Result<Response, Problem> {
    let request = WorkRequest {
        account_id: principal.account_id,
        key,
        preferences,
        content: body.content(),
        units: Some(body.sides()),
    };
    answer(&state, request, async |sent: &mut Sent| body.keep(&state, principal.user_id, sent).await).await
}

async fn list_documents(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<Page<DocumentSummary>>, Problem> {
    Ok(axum::Json(documents::list(&state, principal.account_id, query.check()?).await?))
}

async fn get_document(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<id::Document>,
) -> Result<axum::Json<Document>, Problem> {
    Ok(axum::Json(documents::get(&state, principal.account_id, id).await?))
}

async fn delete_document(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<id::Document>,
) -> Result<StatusCode, Problem> {
    documents::delete(&state, principal.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
