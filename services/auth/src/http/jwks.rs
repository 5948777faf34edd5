//! `GET /.well-known/jwks.json`.

use axum::{extract, response::IntoResponse};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{signing_keys::SigningKey, state::State};

/// A JSON Web Key Set (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySet {
    /// Every key that may have signed a token which is still valid, and the next one.
    keys: Vec<Key>,
}

/// A public Ed25519 key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// Named in the header of the tokens it signed.
    #[schema(example = "mT2kq0ZbW9sXyL4v")]
    kid: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    purpose: &'static str,
}

impl From<&SigningKey> for Key {
    fn from(key: &SigningKey) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            x: URL_SAFE_NO_PAD.encode(&key.public_key),
            kid: key.kid.clone(),
            alg: "EdDSA",
            purpose: "sig",
        }
    }
}

pub(super) async fn show(extract::State(state): extract::State<State>) -> impl IntoResponse {
    let keys = state.signing_keys.published().iter().map(|key| Key::from(&**key)).collect();
    let cache = format!("public, max-age={}", state.config.jwks_cache_seconds);
    ([(header::CACHE_CONTROL, cache)], axum::Json(KeySet { keys }))
}
