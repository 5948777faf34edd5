//! `/faces/matches`: compare the faces of two pictures, or of one with many; ask for matches again; delete them.

use std::time::Duration;

use axum::{extract, response::Response};
use http::StatusCode;

use prosopa_contract::engine::IMAGE_BYTES_MAX;
use prosopa_http::{
    Caller, Endpoints, IdempotencyKey, ListQuery, Operation, Page, PathId, Preferences, Query,
};
use prosopa_jobs::Job;
use prosopa_model::{Meter, Principal, Scope};
use prosopa_problem::{Code, Problem};

use super::{
    match_body::{MatchBody, MatchForm, MatchRequest},
    sources::Sent,
    work::{WorkRequest, answer},
};
use crate::{
    image_kind::ImageKind,
    matches::{self, Match, MatchSummary, NewMatch},
    state::State,
};

/// The form around two pictures of the largest size.
const FORM_BYTES: usize = 128 * 1024;

/// Decoding and searching large pictures on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) fn endpoints() -> Endpoints<State> {
    let create = Operation::post("create_match", "/api/v1/faces/matches")
        .summary("Compare the faces of two pictures, or of one with up to 100 others")
        .scope(Scope::FacesWrite)
        .metered(1)
        .counting(Meter::Images, 2)
        .deadline(DEADLINE)
        .body_bytes_max(2 * IMAGE_BYTES_MAX + FORM_BYTES)
        .json_request::<MatchRequest>()
        .form_request::<MatchForm>()
        .json_answer::<Match>(StatusCode::CREATED, "What came of each comparison")
        .location()
        .keyed()
        .accepted_answer::<Job>("The job that will compare them")
        .problems(&[
            Code::NotFound,
            Code::NoFace,
            Code::SeveralFaces,
            Code::NotCalibrated,
            Code::ImageEmpty,
            Code::ImageUndecodable,
            Code::ImageAnimated,
            Code::ImageTooLarge,
            Code::Overloaded,
        ]);
    let list = Operation::get("list_matches", "/api/v1/faces/matches")
        .summary("One's own matches, newest first")
        .scope(Scope::FacesRead)
        .query::<ListQuery>()
        .page_answer::<MatchSummary>("A page of matches");
    let get = Operation::get("get_match", "/api/v1/faces/matches/{id}")
        .summary("One match")
        .scope(Scope::FacesRead)
        .path_id("The match's id, `mat_…`")
        .json_answer::<Match>(StatusCode::OK, "The match");
    let delete = Operation::delete("delete_match", "/api/v1/faces/matches/{id}")
        .summary("Delete a match; pictures that were uploaded stay")
        .scope(Scope::FacesWrite)
        .path_id("The match's id, `mat_…`");
    Endpoints::new()
        .add(create, create_match)
        .add(list, list_matches)
        .add(get, get_match)
        .add(delete, delete_match)
}

async fn create_match(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    preferences: Preferences,
    key: Option<IdempotencyKey>,
    body: MatchBody,
) -> Result<Response, Problem> {
    let request = WorkRequest {
        account_id: principal.account_id,
        key,
        preferences,
        content: body.content(),
        units: None,
    };
    answer(&state, request, async |sent: &mut Sent| keep(&state, &principal, sent, body).await).await
}

/// Keeps the pictures that came with the request, as uploads are kept.
async fn keep(
    state: &State,
    principal: &Principal,
    sent: &mut Sent,
    body: MatchBody,
) -> Result<NewMatch, Problem> {
    let MatchBody { image_a, images_b, is_list, options, claim } = body;
    let image_a = sent.keep(state, image_a, ImageKind::Face).await.map_err(|error| error.at("/image_a"))?;
    let mut ids = Vec::with_capacity(images_b.len());
    for (index, source) in images_b.into_iter().enumerate() {
        let pointer = if is_list { format!("/image_b/{index}") } else { "/image_b".to_owned() };
        let id = sent.keep(state, source, ImageKind::Face).await;
        ids.push(id.map_err(|error| error.at(pointer))?);
    }
    drop(claim);
    Ok(NewMatch { user_id: principal.user_id, image_a, images_b: ids, is_list, options })
}

async fn list_matches(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<Page<MatchSummary>>, Problem> {
    Ok(axum::Json(matches::list(&state, principal.account_id, query.check()?).await?))
}

async fn get_match(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Match>,
) -> Result<axum::Json<Match>, Problem> {
    Ok(axum::Json(matches::get(&state, principal.account_id, id).await?))
}

async fn delete_match(
    extract::State(state): extract::State<State>,
    Caller(principal): Caller,
    PathId(id): PathId<prosopa_model::id::Match>,
) -> Result<StatusCode, Problem> {
    matches::delete(&state, principal.account_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
