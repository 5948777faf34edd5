//! The routes of this service, all of them on one screen.

mod api_keys;
mod clients;
mod jwks;
mod oidc;
mod once;
mod password_resets;
mod passwords;
mod registration_events;
mod registrations;
mod sessions;
mod tokens;
mod users;

use std::time::Duration;

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
            Operation::get("follow_registration", "/api/v1/auth/registrations/{id}/events")
                .summary("A WebSocket that tells where a registration stands until it has ended; its first message may be the secret")
                .own_secret()
                .path_id("The registration's id, `reg_…`")
                .problems(&[Code::Overloaded])
                .upgrades("Messages of the form of `RegistrationProgress`"),
            registration_events::follow,
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
            Operation::get("list_sessions", "/api/v1/auth/sessions")
                .summary("List the caller's live sessions, newest first")
                .scope(Scope::AccountRead)
                .query::<PageQuery>()
                .page_answer::<sessions::Session>("A page of sessions"),
            sessions::list,
        )
        .add(
            Operation::delete("end_session", "/api/v1/auth/sessions/{id}")
                .summary("End one of the caller's sessions; succeeds also when there is no such session, or none any more")
                .scope(Scope::AccountWrite)
                .path_id("The session's id"),
            sessions::end,
        )
        .add(
            Operation::delete("end_other_sessions", "/api/v1/auth/sessions")
                .summary("End the caller's sessions, but the one that this request is made in")
                .scope(Scope::AccountWrite),
            sessions::end_others,
        )
        .add(
            Operation::post("begin_browser_session", "/api/v1/auth/session")
                .summary("Begin a session that the browser keeps in a cookie, out of reach of scripts")
                .same_origin()
                .json_request::<sessions::Login>()
                .json_answer::<sessions::browser::BrowserSession>(StatusCode::CREATED, "The session")
                .problems(&[Code::InvalidCredentials, Code::Overloaded]),
            sessions::browser::begin,
        )
        .add(
            Operation::get("show_current_session", "/api/v1/auth/session")
                .summary("Show the session that this request is made in, with its CSRF token")
                .scope(Scope::AccountRead)
                .json_answer::<sessions::browser::BrowserSession>(StatusCode::OK, "The session")
                .problems(&[Code::NotFound]),
            sessions::browser::show,
        )
        .add(
            Operation::delete("end_current_session", "/api/v1/auth/session")
                .summary("End the session that this request is made in, and have the browser forget its cookie")
                .scope(Scope::AccountWrite)
                .problems(&[Code::NotFound]),
            sessions::browser::end,
        )
        .add(
            Operation::get("list_oidc_providers", "/api/v1/auth/oidc")
                .summary("List the providers that people may sign in with")
                .json_answer::<oidc::Providers>(StatusCode::OK, "The providers"),
            oidc::list,
        )
        .add(
            oidc::leading_on(
                Operation::get("start_oidc_sign_in", "/api/v1/auth/oidc/{provider}/start"),
                "The provider, which asks the person",
            )
            .summary("Begin to sign in with a provider; for browsers, which follow it")
            .path_text("provider", "The provider's name")
            .query::<oidc::Start>()
            .deadline(PROVIDER_DEADLINE),
            oidc::start,
        )
        .add(
            oidc::leading_on(
                Operation::get("complete_oidc_sign_in", "/api/v1/auth/oidc/{provider}/callback"),
                "The path that was asked for at the beginning, with the cookie of a session",
            )
            .summary("End a sign-in that the provider sends back; for browsers, once each")
            .path_text("provider", "The provider's name")
            .query::<oidc::Callback>()
            .deadline(PROVIDER_DEADLINE)
            .problems(&[Code::Forbidden, Code::EmailTaken, Code::Overloaded]),
            oidc::complete,
        )
        .add(
            Operation::post("link_oidc_provider", "/api/v1/auth/oidc/{provider}/link")
                .summary("Begin to let the signed-in user sign in with a provider too")
                .scope(Scope::AccountWrite)
                .path_text("provider", "The provider's name")
                .json_request::<oidc::NewLink>()
                .json_answer::<oidc::BegunLink>(StatusCode::OK, "Where the browser goes now")
                .deadline(PROVIDER_DEADLINE),
            oidc::link,
        )
        .add(
            tokens::taking_token(Operation::post("revoke_token", "/api/v1/auth/revoke"))
                .summary("End the session of a token, or a key (RFC 7009); succeeds also when it is not valid any more")
                .bytes_answer(&[], "The token is not valid any more"),
            tokens::revoke,
        )
        .add(
            tokens::taking_token(Operation::post("introspect_token", "/api/v1/auth/introspect"))
                .summary("Tell whether a token of the caller's account is valid (RFC 7662)")
                .scope(Scope::AccountRead)
                .json_answer::<tokens::Introspection>(StatusCode::OK, "What is known of the token"),
            tokens::introspect,
        )
        .add(
            Operation::post("change_password", "/api/v1/auth/password")
                .summary("Change the password, as a signed-in user; the user's other sessions end")
                .scope(Scope::AccountWrite)
                .json_request::<passwords::PasswordChange>()
                .problems(&[Code::InvalidCredentials, Code::Overloaded]),
            passwords::change,
        )
        .add(
            Operation::post("request_password_reset", "/api/v1/auth/password-resets")
                .summary("Have a token for a new password sent by mail, if the address belongs to a user")
                .json_request::<password_resets::PasswordReset>()
                .json_answer::<password_resets::RequestedPasswordReset>(StatusCode::ACCEPTED, "The same for every address"),
            password_resets::request,
        )
        .add(
            Operation::post("complete_password_reset", "/api/v1/auth/password-resets/complete")
                .summary("Set a new password by a token, once; all sessions of the user end")
                .json_request::<password_resets::PasswordResetCompletion>()
                .problems(&[Code::InvalidCredentials, Code::Overloaded]),
            password_resets::complete,
        )
        .add(
            Operation::get("show_me", "/api/v1/users/me")
                .summary("Show the caller's user and quota")
                .scope(Scope::AccountRead)
                .json_answer::<users::Me>(StatusCode::OK, "The user and the quota"),
            users::own::show_me,
        )
        .add(
            Operation::patch("change_me", "/api/v1/users/me")
                .summary("Change the caller's own name or e-mail address")
                .scope(Scope::AccountWrite)
                .json_request::<users::own::OwnChange>()
                .json_answer::<users::Me>(StatusCode::OK, "The user and the quota")
                .problems(&[
                    Code::UserNameTaken,
                    Code::EmailTaken,
                    Code::InvalidCredentials,
                    Code::Overloaded,
                ]),
            users::own::change_me,
        )
        .add(
            Operation::delete("delete_me", "/api/v1/users/me")
                .summary("Delete the caller's own user for good, with all that belongs to it")
                .scope(Scope::AccountWrite)
                .json_request::<users::own::OwnDeletion>()
                .problems(&[Code::LastAdministrator, Code::InvalidCredentials, Code::Overloaded]),
            users::own::delete_me,
        )
        .add(
            Operation::get("list_users", "/api/v1/users")
                .summary("List users, sorted and page by page")
                .administrator()
                .query::<users::administration::UserListQuery>()
                .numbered_page_answer::<users::administration::ManagedUser>("A page of users"),
            users::administration::list,
        )
        .add(
            Operation::get("show_user", "/api/v1/users/{id}")
                .summary("Show a user")
                .administrator()
                .path_id("The user's id, `usr_…`")
                .json_answer::<users::administration::ManagedUser>(StatusCode::OK, "The user"),
            users::administration::show,
        )
        .add(
            Operation::patch("change_user", "/api/v1/users/{id}")
                .summary("Deactivate or reactivate a user, or change role and quota")
                .administrator()
                .path_id("The user's id, `usr_…`")
                .json_request::<users::administration::UserDecision>()
                .json_answer::<users::administration::ManagedUser>(StatusCode::OK, "The user as it is now")
                .problems(&[Code::LastAdministrator]),
            users::administration::change,
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
            Operation::get("show_api_key", "/api/v1/auth/api-keys/{id}")
                .summary("Show an API key, without its secrets")
                .scope(Scope::AccountRead)
                .path_id("The key's id")
                .json_answer::<api_keys::ApiKey>(StatusCode::OK, "The key"),
            api_keys::show,
        )
        .add(
            Operation::post("rotate_api_key", "/api/v1/auth/api-keys/{id}/rotate")
                .summary("Give an API key another text, as a signed-in user; it is shown this once, and the one before works for a while")
                .scope(Scope::AccountWrite)
                .path_id("The key's id")
                .json_request::<api_keys::Rotation>()
                .keyed()
                .json_answer::<api_keys::CreatedApiKey>(StatusCode::OK, "The key with its new text"),
            api_keys::rotate,
        )
        .add(
            Operation::post("report_leaked_api_keys", "/api/v1/auth/api-keys/leaked")
                .summary("Revoke API keys, and clients by their secret keys, whose texts were found where others can read them")
                .json_request::<api_keys::leaked::LeakReport>()
                .json_answer::<api_keys::leaked::LeakOutcomes>(StatusCode::OK, "What came of each text, in order"),
            api_keys::leaked::report,
        )
        .add(
            Operation::delete("revoke_api_key", "/api/v1/auth/api-keys/{id}")
                .summary("Revoke an API key, at once and for good")
                .scope(Scope::AccountWrite)
                .path_id("The key's id"),
            api_keys::revoke,
        )
        .add(
            Operation::post("create_client", "/api/v1/clients")
                .summary("Create an API client, which signs its requests, as a signed-in user; its secret key is shown this once")
                .scope(Scope::AccountWrite)
                .json_request::<clients::NewApiClient>()
                .keyed()
                .json_answer::<clients::MadeApiClient>(StatusCode::CREATED, "The new client and its key"),
            clients::create,
        )
        .add(
            Operation::post("sign_up_client", "/api/v1/clients/sign-up")
                .summary("Sign an API client up without a user, where that is open; it gets an account of its own")
                .json_request::<clients::NewApiClient>()
                .keyed()
                .json_answer::<clients::MadeApiClient>(StatusCode::CREATED, "The new client and its key")
                .problems(&[Code::Forbidden]),
            clients::sign_up,
        )
        .add(
            Operation::get("list_clients", "/api/v1/clients")
                .summary("List the account's API clients, newest first")
                .scope(Scope::AccountRead)
                .query::<PageQuery>()
                .page_answer::<clients::ApiClient>("A page of clients"),
            clients::list,
        )
        .add(
            Operation::get("show_client", "/api/v1/clients/{id}")
                .summary("Show an API client")
                .scope(Scope::AccountRead)
                .path_id("The client's id")
                .json_answer::<clients::ApiClient>(StatusCode::OK, "The client"),
            clients::show,
        )
        .add(
            Operation::post("rotate_client", "/api/v1/clients/{id}/rotate")
                .summary("Give an API client another key, as a signed-in user or as the client itself; the one before works for a while")
                .scope(Scope::AccountWrite)
                .path_id("The client's id")
                .json_request::<clients::ApiClientRotation>()
                .keyed()
                .json_answer::<clients::MadeApiClient>(StatusCode::OK, "The client and its new key"),
            clients::rotate,
        )
        .add(
            Operation::delete("revoke_client", "/api/v1/clients/{id}")
                .summary("Revoke an API client, at once and for good")
                .scope(Scope::AccountWrite)
                .path_id("The client's id"),
            clients::revoke,
        )
        .add(
            Operation::post("add_client_certificate", "/api/v1/clients/{id}/certificates")
                .summary("Let an API client be known by a certificate that it shows in the handshake of TLS")
                .administrator()
                .path_id("The client's id, `cli_…`")
                .json_request::<clients::certificates::NewClientCertificate>()
                .json_answer::<clients::certificates::ClientCertificate>(StatusCode::CREATED, "The certificate"),
            clients::certificates::add,
        )
        .add(
            Operation::get("list_client_certificates", "/api/v1/clients/{id}/certificates")
                .summary("List the certificates that an API client is known by")
                .scope(Scope::AccountRead)
                .path_id("The client's id, `cli_…`")
                .json_answer::<clients::certificates::ClientCertificates>(StatusCode::OK, "The certificates"),
            clients::certificates::list,
        )
        .add(
            Operation::delete("remove_client_certificate", "/api/v1/clients/{id}/certificates/{fingerprint}")
                .summary("Take a certificate from an API client, at once")
                .administrator()
                .path_id("The client's id, `cli_…`")
                .path_text("fingerprint", "The certificate's SHA-256, 64 hexadecimal digits"),
            clients::certificates::remove,
        )
        .add(
            Operation::get("show_jwks", "/.well-known/jwks.json")
                .summary("Show the public keys that access tokens are signed with (RFC 7517)")
                .json_answer::<jwks::KeySet>(StatusCode::OK, "The keys"),
            jwks::show,
        )
        // Passwords, tokens and keys go in and out, and whoever is asked about is named.
        .secret_content()
}

/// Longest time of what asks a provider, which may be asked four times, each for five seconds.
const PROVIDER_DEADLINE: Duration = Duration::from_secs(30);

/// Answers with secrets are not to be kept by anybody on the way (RFC 6749, section 5.1).
const NO_STORE: (::http::HeaderName, &str) = (::http::header::CACHE_CONTROL, "no-store");

/// Only called where there is a secret to be shown.
fn expose_option<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => expose(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Writes a secret into an answer, where it is meant to be read.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
