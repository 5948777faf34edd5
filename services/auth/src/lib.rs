//! Who is who: accounts, users, sessions, API keys, and the check of every credential.
//!
//! Owns the database `auth`; offers [`prosopa_contract::verifier::Verifier`],
//! [`prosopa_contract::credential_changes::CredentialChanges`] and [`prosopa_contract::accounts::Accounts`]. What a request may cost and how fast
//! requests may come is the gateway's business.

mod access_tokens;
mod accounts;
mod administrator;
mod api_keys;
mod client_keys;
mod clients;
mod config;
mod credential_changes;
mod email;
mod error;
mod grants;
mod guesses;
mod hash_key;
mod http;
mod jobs;
mod key_text;
mod key_use;
mod login_throttle;
mod mails;
mod metrics;
mod oidc;
mod oidc_provider;
mod password_changes;
mod password_resets;
mod passwords;
mod registrations;
mod secrets;
mod service;
mod sessions;
mod sign_in_refusal;
mod signing_keys;
mod state;
mod store;
mod tasks;
mod throttle;
mod tokens;
mod user_name;
mod users;
mod verifier;

pub use self::{
    administrator::{NewAdministrator, ResetError, reset_password},
    config::{Config, ConfigError, OidcConfig},
    error::Error,
    oidc_provider::ProviderError,
    service::{AuthService, Offer},
    sign_in_refusal::SignInRefusal,
};
