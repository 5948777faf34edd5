//! Asks a provider over HTTP, with limits on time and size, and follows it nowhere.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde::de::DeserializeOwned;

use prosopa_http::cookies::is_loopback;

/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Largest answer, bytes: many times what any provider needs.
const BYTES_MAX: usize = 256 * 1024;

/// A provider gives no answer that can be used. Nothing of it is shown to anybody but operators.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be reached, or is too slow.
    #[error("the provider cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answers with this status.
    #[error("the provider answers {0}")]
    Status(StatusCode),
    /// It answers with too much.
    #[error("the provider's answer is too large")]
    TooLarge,
    /// It answers with something else.
    #[error("the provider's answer is not what was asked for")]
    Unreadable(#[source] serde_json::Error),
    /// Its metadata are those of another.
    #[error("the provider's metadata name another issuer")]
    OtherIssuer,
}

/// A client for a provider.
pub(super) fn client(issuer: &str) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .user_agent(concat!("prosopa/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT);
    let host = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    // A proxy that the environment names for the world outside cannot reach this machine's own provider.
    let builder = if is_loopback(host) { builder.no_proxy() } else { builder.https_only(true) };
    builder.build()
}

/// What comes back with 200, as JSON.
pub(super) async fn fetch_json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ProviderError> {
    let (status, body) = fetch(request).await?;
    if status != StatusCode::OK {
        return Err(ProviderError::Status(status));
    }
    serde_json::from_slice(&body).map_err(ProviderError::Unreadable)
}

/// Status and whole body.
pub(super) async fn fetch(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ProviderError> {
    let unreachable = |error: reqwest::Error| ProviderError::Unreachable(error.without_url());
    let mut response = request.send().await.map_err(unreachable)?;
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > BYTES_MAX {
            return Err(ProviderError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}
