//! What programs authenticate with: API keys, and API clients, which sign their requests.

use serde::{Deserialize, Serialize};

use super::Unknown;

/// An API key to be made.
#[derive(Debug, Serialize)]
pub(crate) struct NewApiKey {
    /// What it is for.
    pub(crate) name: String,
    /// What it may do; the server's default when left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// When it stops working, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<String>,
}

/// An API key. Only the answer that made it holds the secret, which is why this type has no `Debug`.
#[derive(Serialize, Deserialize)]
pub(crate) struct ApiKey {
    /// Id (`key_…`).
    pub(crate) id: String,
    /// What it is for.
    pub(crate) name: String,
    /// The secret, in the answer that made the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// What it may do.
    pub(crate) scopes: Vec<String>,
    /// The part of the secret that may be seen.
    pub(crate) prefix: String,
    /// What opens it, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<KeySecret>,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// RFC 3339; never when absent.
    pub(crate) expires_at: Option<String>,
    /// RFC 3339; never when absent.
    pub(crate) last_used_at: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A secret of an API key, which is not shown again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeySecret {
    /// RFC 3339.
    pub(crate) created_at: String,
    /// RFC 3339; with its key when absent.
    pub(crate) ends_at: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// How a key, or a client, gets another secret.
#[derive(Debug, Serialize)]
pub(crate) struct Rotation {
    /// How long the present one goes on working; the server's default when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grace_seconds: Option<u64>,
    /// The next public key of a client that has a key pair, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_key: Option<String>,
}

/// An API client to be made.
#[derive(Debug, Serialize)]
pub(crate) struct NewApiClient {
    /// What it is.
    pub(crate) name: String,
    /// What it may do; the server's default when left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    /// How it signs; the server's default when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) algorithm: Option<&'static str>,
    /// Its public key, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_key: Option<String>,
    /// When it stops working, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<String>,
}

/// A client with the key that was made for it. It holds a secret, which is why this type has no `Debug`.
#[derive(Serialize, Deserialize)]
pub(crate) struct MadeClient {
    /// The client.
    pub(crate) client: ApiClient,
    /// Names the key.
    pub(crate) access_key: String,
    /// What to sign with; absent with a key pair of the client's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_key: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A program that signs its requests.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ApiClient {
    /// Id (`cli_…`).
    pub(crate) id: String,
    /// What it is.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scopes: Vec<String>,
    /// `hmac-sha256` or `ed25519`.
    pub(crate) algorithm: String,
    /// What it may sign with, the newest first.
    pub(crate) keys: Vec<ClientKey>,
    /// RFC 3339.
    pub(crate) created_at: String,
    /// RFC 3339; never when absent.
    pub(crate) expires_at: Option<String>,
    /// RFC 3339; never when absent.
    pub(crate) last_used_at: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// A key of a client, without what is secret of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ClientKey {
    /// Names it in signatures.
    pub(crate) access_key: String,
    /// RFC 3339; with its client when absent.
    pub(crate) ends_at: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}
