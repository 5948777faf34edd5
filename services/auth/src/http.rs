//! The routes of this service, all of them on one screen.

mod api_keys;
mod jwks;
mod registrations;
mod sessions;
mod users;

use ::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;

use prosopa_http::{Endpoints, Operation, PageQuery};
use prosopa_model::Scope;
use prosopa_problem::Code;

use crate::state::State;

pub(crate) fn endpoints() -> Endpoints<State> {
    Endpoints::new()
        .add(
            Operation::post("register", "/api/v1/auth/register")
                .summary("Register a user, with an account of its own")
                .json_request::<registrations::Registration>()
                .keyed()
                .json_answer::<users::User>(StatusCode::CREATED, "The new user")
                .accepted_answer::<registrations::QueuedRegistration>("The registration that will make it")
                .problems(&[Code::UserNameTaken, Code::EmailTaken, Code::Overloaded]),
            registrations::register,
        )
        .add(
            Operation::get("show_registration", "/api/v1/auth/registrations/{id}")
                .summary("Show where a registration stands")
                .own_secret()
                .path_id("The registration's id, `reg_…`")
                .json_answer::<registrations::RegistrationProgress>(StatusCode::OK, "The registration"),
            registrations::show,
        )
        .add(
            Operation::delete("delete_registration", "/api/v1/auth/registrations/{id}")
                .summary("Forget a registration whose outcome is known; the user stays")
                .own_secret()
                .path_id("The registration's id, `reg_…`"),
            registrations::delete,
        )
        .add(
            Operation::post("log_in", "/api/v1/auth/login")
                .summary("Begin a session")
                .json_request::<sessions::Login>()
                .json_answer::<sessions::Tokens>(StatusCode::OK, "The session's tokens")
                .problems(&[Code::InvalidCredentials, Code::Overloaded]),
            sessions::log_in,
        )
        .add(
            Operation::post("refresh_session", "/api/v1/auth/refresh")
                .summary("Exchange a refresh token for new tokens; the old one works no more")
                .json_request::<sessions::RefreshToken>()
                .json_answer::<sessions::Tokens>(StatusCode::OK, "The session's new tokens")
                .problems(&[Code::Unauthenticated]),
            sessions::refresh,
        )
        .add(
            Operation::post("log_out", "/api/v1/auth/logout")
                .summary("End a session; succeeds also when it has ended already")
                .json_request::<sessions::RefreshToken>(),
            sessions::log_out,
        )
        .add(
            Operation::get("show_me", "/api/v1/users/me")
                .summary("Show the caller's user and quota")
                .scope(Scope::AccountRead)
                .json_answer::<users::Me>(StatusCode::OK, "The user and the quota"),
            users::show_me,
        )
        .add(
            Operation::post("create_api_key", "/api/v1/auth/api-keys")
                .summary("Create an API key, as a signed-in user; its text is shown this once")
                .scope(Scope::AccountWrite)
                .json_request::<api_keys::NewApiKey>()
                .keyed()
                .json_answer::<api_keys::CreatedApiKey>(StatusCode::CREATED, "The new key"),
            api_keys::create,
        )
        .add(
            Operation::get("list_api_keys", "/api/v1/auth/api-keys")
                .summary("List the account's API keys, newest first")
                .scope(Scope::AccountRead)
                .query::<PageQuery>()
                .page_answer::<api_keys::ApiKey>("A page of keys"),
            api_keys::list,
        )
        .add(
            Operation::delete("revoke_api_key", "/api/v1/auth/api-keys/{id}")
                .summary("Revoke an API key, at once and for good")
                .scope(Scope::AccountWrite)
                .path_id("The key's id"),
            api_keys::revoke,
        )
        .add(
            Operation::get("show_jwks", "/.well-known/jwks.json")
                .summary("Show the public keys that access tokens are signed with (RFC 7517)")
                .json_answer::<jwks::KeySet>(StatusCode::OK, "The keys"),
            jwks::show,
        )
}

/// Answers with secrets are not to be kept by anybody on the way (RFC 6749, section 5.1).
const NO_STORE: (::http::HeaderName, &str) = (::http::header::CACHE_CONTROL, "no-store");

/// Writes a secret into an answer, where it is meant to be read.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
