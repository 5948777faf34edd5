//! What a provider says of itself (`OpenID` Connect Discovery 1.0).

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use serde::Deserialize;

use prosopa_http::cookies::is_origin;

use super::{Known, Provider, ProviderError, fetch::fetch_json};

/// How long it is believed without asking again.
const LIFE: Duration = Duration::from_hours(1);

/// What is needed of it.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: Endpoint,
    pub(super) token_endpoint: Endpoint,
    pub(super) jwks_uri: Endpoint,
    pub(super) userinfo_endpoint: Option<Endpoint>,
    /// How a client proves itself; absent: by HTTP Basic.
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether its answers name it (RFC 9207, section 3).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// A place of a provider where nobody listens in.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Endpoint(pub(super) Url);

impl TryFrom<String> for Endpoint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let url = Url::parse(&text).map_err(|_| "an endpoint is no address")?;
        if is_origin(&url.origin().ascii_serialization()) {
            Ok(Self(url))
        } else {
            Err("an endpoint is without TLS")
        }
    }
}

impl Provider {
    /// What the provider says of itself, fetched once an hour. Callers that come meanwhile wait for the same answer.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        let mut known = self.metadata.lock().await;
        let now = self.clock.now();
        if let Some(known) = known.as_ref().filter(|known| now.since(known.at) < LIFE) {
            return Ok(Arc::clone(&known.value));
        }
        let url = format!("{}/.well-known/openid-configuration", self.config.issuer);
        let metadata: Metadata = fetch_json(self.http.get(url)).await?;
        // It must speak for the very issuer that was asked (section 4.3).
        if metadata.issuer != self.config.issuer {
            return Err(ProviderError::OtherIssuer);
        }
        let value = Arc::new(metadata);
        *known = Some(Known { value: Arc::clone(&value), at: now });
        Ok(value)
    }
}
