//! `/faces/matches`: compare the faces of two pictures, or of one with many; ask for matches again; delete them.

use std::time::Duration;

use axum::{
    extract,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use prosopa_contract::engine::IMAGE_BYTES_MAX;
use prosopa_http::{
    Caller, Endpoints, IDEMPOTENT_REPLAYED, IdempotencyKey, ListQuery, Operation, Page, PathId, Preferences,
    Query, key_in_use, key_reused,
};
use prosopa_jobs::Job;
use prosopa_model::{AccountId, ImageId, JobId, MatchId, Meter, Principal, Scope};
use prosopa_problem::{Code, Problem};
use prosopa_store::idempotency::{self, Known};

use super::{
    jobs::JOBS,
    match_body::{MatchBody, MatchForm, MatchRequest, Source},
};
use crate::{
    error::Error,
    image_kind::ImageKind,
    images::{self, Details, Kept, NewImage},
    jobs,
    matches::{self, Match, MatchSummary, NewMatch},
    once,
    state::State,
};

/// The form around two pictures of the largest size.
const FORM_BYTES: usize = 128 * 1024;

/// Decoding and searching large pictures on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Longest that `Prefer: wait` waits for a job.
const WAIT_MAX: Duration = Duration::from_secs(30);

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
        .summary("Delete a match; its pictures stay")
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
    let account_id = principal.account_id;
    let mut once = None;
    if let Some(key) = key {
        let mut content = body.content();
        content.push(vec![u8::from(preferences.respond_async)]);
        let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
        match once::claim(&state, account_id, "create_match", &key, &content).await? {
            Known::New(claim) => once = Some(claim),
            Known::Done { resource_id } => {
                return replay(&state, account_id, &resource_id, preferences).await;
            }
            Known::OtherRequest => return Err(key_reused()),
            Known::Running => return Err(key_in_use()),
        }
    }
    let outcome = perform(&state, &principal, body, once.as_ref(), preferences).await;
    if let (Err(_), Some(claim)) = (&outcome, &once) {
        once::release(&state, claim).await;
    }
    outcome
}

/// Keeps what was sent, and compares.
async fn perform(
    state: &State,
    principal: &Principal,
    body: MatchBody,
    once: Option<&idempotency::Claim>,
    preferences: Preferences,
) -> Result<Response, Problem> {
    let mut sent = Sent { account_id: principal.account_id, new: Vec::new() };
    let outcome = match sent.keep(state, principal, body).await {
        Ok(new) => compare(state, principal.account_id, &new, once, preferences).await,
        Err(problem) => Err(problem),
    };
    if outcome.is_err() {
        sent.discard(state).await;
    }
    outcome
}

async fn compare(
    state: &State,
    account_id: AccountId,
    new: &NewMatch,
    once: Option<&idempotency::Claim>,
    preferences: Preferences,
) -> Result<Response, Problem> {
    if !preferences.respond_async {
        return created(matches::create(state, account_id, new, once).await?);
    }
    let wait = preferences.wait_at_most(WAIT_MAX);
    let row = jobs::submit_match(state, account_id, new, once, wait).await?;
    match jobs::match_of(&row) {
        Some(id) => created(matches::get(state, account_id, id).await?),
        None => JOBS.accepted(row, preferences),
    }
}

/// Pictures that came with a request and were not kept before.
struct Sent {
    account_id: AccountId,
    new: Vec<ImageId>,
}

impl Sent {
    /// Keeps the pictures that came with the request, as uploads are kept.
    async fn keep(
        &mut self,
        state: &State,
        principal: &Principal,
        body: MatchBody,
    ) -> Result<NewMatch, Problem> {
        let MatchBody { image_a, images_b, is_list, options, claim } = body;
        let image_a = self.keep_one(state, image_a).await.map_err(|error| error.at("/image_a"))?;
        let mut ids = Vec::with_capacity(images_b.len());
        for (index, source) in images_b.into_iter().enumerate() {
            let pointer = if is_list { format!("/image_b/{index}") } else { "/image_b".to_owned() };
            ids.push(self.keep_one(state, source).await.map_err(|error| error.at(pointer))?);
        }
        drop(claim);
        Ok(NewMatch { user_id: principal.user_id, image_a, images_b: ids, is_list, options })
    }

    async fn keep_one(&mut self, state: &State, source: Source) -> Result<ImageId, Error> {
        let (picture, declared) = match source {
            // A text that is no id answers like an id that does not exist.
            Source::Kept(text) => return text.parse().map_err(|_| Error::NoSuchImage),
            Source::Sent { picture, declared } => (picture, declared),
        };
        let new = NewImage {
            account_id: self.account_id,
            kind: ImageKind::Face,
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

    /// What nothing came of does not stay.
    async fn discard(&self, state: &State) {
        for id in &self.new {
            if let Err(error) = images::delete(state, self.account_id, *id).await {
                tracing::warn!(%error, image_id = %id, "a picture of a match that failed stays");
            }
        }
    }
}

/// Tells again of what the first request made; as it stands now.
async fn replay(
    state: &State,
    account_id: AccountId,
    resource_id: &str,
    preferences: Preferences,
) -> Result<Response, Problem> {
    let mut response = if let Ok(id) = resource_id.parse::<MatchId>() {
        created(matches::get(state, account_id, id).await?)?
    } else {
        let id = resource_id.parse::<JobId>().map_err(Problem::internal)?;
        let row = state.jobs.find_of(account_id, id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
        match jobs::match_of(&row) {
            Some(id) => created(matches::get(state, account_id, id).await?)?,
            None => JOBS.accepted(row, preferences)?,
        }
    };
    response.headers_mut().insert(IDEMPOTENT_REPLAYED.0, IDEMPOTENT_REPLAYED.1);
    Ok(response)
}

fn created(made: Match) -> Result<Response, Problem> {
    let location = format!("/api/v1/faces/matches/{}", made.id());
    let location = HeaderValue::try_from(location).map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(made)).into_response())
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
