//! `GET /api/v1/auth/oidc`, `GET …/{provider}/start`, `GET …/{provider}/callback`, `POST …/{provider}/link`.

use axum::{
    Extension,
    extract::{self, Path},
    response::{AppendHeaders, IntoResponse},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use prosopa_http::{
    Answer, Caller, Json, Operation, Query,
    cookies::{Cookie, Transport},
};
use prosopa_problem::Problem;
use prosopa_runtime::PeerAddress;

use super::{NO_STORE, sessions};
use crate::{oidc, state::State};

/// What the browser keeps between the beginning of a sign-in and its return.
const SIGN_IN_COOKIE: Cookie = Cookie::named("__Host-prosopa_sign_in", "prosopa_sign_in");

/// The providers that people may sign in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Providers {
    /// By name; empty where there are none.
    items: Vec<Provider>,
}

/// A provider that people may sign in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Provider {
    /// As it stands in addresses.
    #[schema(example = "google")]
    name: String,
    /// What people call it.
    #[schema(example = "Google")]
    display_name: String,
    /// Where the browser goes to sign in.
    #[schema(example = "/api/v1/auth/oidc/google/start")]
    start: String,
}

/// Where to go after a sign-in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// A path of this host; `/` if absent.
    #[param(example = "/dashboard", max_length = 1024)]
    return_to: Option<String>,
}

/// What the provider lets the browser bring back; whatever else it adds is passed over (RFC 6749, section 4.1.2).
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct Callback {
    /// As it was given to the provider.
    state: String,
    /// What tokens are had for.
    #[param(value_type = Option<String>)]
    code: Option<SecretString>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Where to go after the link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// A path of this host; `/` if absent.
    #[schema(example = "/settings", max_length = 1024)]
    return_to: Option<String>,
}

/// A link that has begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BegunLink {
    /// Where the browser goes to say who it is.
    #[schema(example = "https://accounts.google.com/o/oauth2/v2/auth?response_type=code")]
    location: String,
}

/// An operation that a browser follows to somewhere else.
pub(super) fn leading_on(mut operation: Operation, description: &'static str) -> Operation {
    operation.answer = Answer { status: StatusCode::SEE_OTHER, description, content: Vec::new() };
    operation.location()
}

pub(super) async fn list(extract::State(state): extract::State<State>) -> impl IntoResponse {
    let items = state.providers.iter().map(|(name, provider)| Provider {
        name: name.clone(),
        display_name: provider.config.display_name.clone(),
        start: format!("/api/v1/auth/oidc/{name}/start"),
    });
    axum::Json(Providers { items: items.collect() })
}

pub(super) async fn start(
    extract::State(state): extract::State<State>,
    Path(provider): Path<String>,
    Query(query): Query<Start>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let begun = oidc::begin(&state, &provider, query.return_to.as_deref()).await?;
    let keep = keep(&state, &uri, &headers, &begun)?;
    Ok((StatusCode::SEE_OTHER, [NO_STORE], [(header::SET_COOKIE, keep), location(&begun.location)?]))
}

pub(super) async fn link(
    extract::State(state): extract::State<State>,
    Caller(caller): Caller,
    Path(provider): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Json(new): Json<NewLink>,
) -> Result<impl IntoResponse, Problem> {
    let begun = oidc::begin_link(&state, &caller, &provider, new.return_to.as_deref()).await?;
    let keep = keep(&state, &uri, &headers, &begun)?;
    Ok(([NO_STORE], [(header::SET_COOKIE, keep)], axum::Json(BegunLink { location: begun.location })))
}

pub(super) async fn complete(
    extract::State(state): extract::State<State>,
    peer: Option<Extension<PeerAddress>>,
    Path(provider): Path<String>,
    Query(query): Query<Callback>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let transport = Transport::of(&uri, &headers).held_to(state.config.cookie_security);
    let Callback { state: sign_in_state, code, iss: issuer, error } = query;
    // Two of them are as good as none.
    let cookie = SIGN_IN_COOKIE.find(transport, &headers).unwrap_or_default();
    let returned = oidc::Return { state: sign_in_state, code, issuer, error, cookie };
    let client = sessions::client_of(peer, &headers);
    let completed = oidc::complete(&state, &provider, &returned, &client).await?;
    let mut set = vec![(header::SET_COOKIE, SIGN_IN_COOKIE.remove(transport).ok_or_else(unwritable)?)];
    if let Some(cookie) = &completed.cookie {
        set.push((header::SET_COOKIE, sessions::browser::set_cookie(&state, &uri, &headers, cookie)?));
    }
    set.push(location(&completed.return_to)?);
    Ok((StatusCode::SEE_OTHER, [NO_STORE], AppendHeaders(set)))
}

fn keep(state: &State, uri: &Uri, headers: &HeaderMap, begun: &oidc::Begun) -> Result<HeaderValue, Problem> {
    let transport = Transport::of(uri, headers).held_to(state.config.cookie_security);
    SIGN_IN_COOKIE.set(transport, begun.cookie.expose_secret(), oidc::LIFE).ok_or_else(unwritable)
}

fn location(to: &str) -> Result<(http::HeaderName, HeaderValue), Problem> {
    Ok((header::LOCATION, HeaderValue::try_from(to).map_err(|_| unwritable())?))
}

fn unwritable() -> Problem {
    Problem::internal("a header cannot be written")
}
