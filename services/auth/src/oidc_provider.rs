//! The other side of a sign-in with an `OpenID` provider: where it is asked, what it answers, whether that is to be believed.
//!
//! Knows nothing of users or sessions. What a provider says counts only after its ID token is checked; a provider is
//! asked with limits on time and size, and never where it redirects to.

mod discovery;
mod exchange;
mod fetch;
mod id_token;
mod keys;

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use reqwest::{Client, Url};
use secrecy::SecretString;
use tokio::sync::Mutex;

use prosopa_model::{Clock, Timestamp};

pub use self::fetch::ProviderError;

pub(crate) use self::exchange::{ExchangeError, Person};

use self::{discovery::Metadata, keys::KeySet};
use crate::config::{Config, OidcConfig};

/// Where the provider sends people back to, behind the public address.
const CALLBACK: (&str, &str) = ("/api/v1/auth/oidc/", "/callback");

/// Every provider that is configured, by its name.
pub(crate) type Providers = BTreeMap<String, Provider>;

/// One provider.
pub(crate) struct Provider {
    pub(crate) config: OidcConfig,
    redirect_uri: String,
    client_secret: Option<SecretString>,
    http: Client,
    clock: Arc<dyn Clock>,
    metadata: Mutex<Option<Known<Arc<Metadata>>>>,
    keys: Mutex<Option<Known<Arc<KeySet>>>>,
}

/// What was fetched, and when.
struct Known<T> {
    value: T,
    at: Timestamp,
}

/// What a provider is asked for on behalf of somebody's browser.
pub(crate) struct Question<'a> {
    /// Comes back with the answer.
    pub(crate) state: &'a str,
    /// Comes back in the ID token.
    pub(crate) nonce: &'a str,
    /// What proves later that the same party asks for the tokens (RFC 7636).
    pub(crate) code_verifier: &'a SecretString,
}

/// The providers of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// A file cannot be read.
    #[error("cannot read auth.oidc.client_secret_file {path}")]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No TLS.
    #[error("no HTTP client for auth.oidc")]
    Http(#[source] reqwest::Error),
}

/// The providers of a valid configuration. Reads their files; asks nobody.
pub(crate) fn all(config: &Config, clock: &Arc<dyn Clock>) -> Result<Providers, SetupError> {
    let providers = config.oidc.iter();
    providers
        .map(|(name, config)| Ok((name.clone(), Provider::new(name, config.clone(), Arc::clone(clock))?)))
        .collect()
}

impl Provider {
    fn new(name: &str, config: OidcConfig, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let read = |path: &PathBuf| match std::fs::read_to_string(path) {
            Ok(text) => Ok(SecretString::from(text.trim_end())),
            Err(source) => Err(SetupError::Secret { path: path.clone(), source }),
        };
        let client_secret = config.client_secret_file.as_ref().map(read).transpose()?;
        let (before, after) = CALLBACK;
        let redirect_uri = format!("{}{before}{name}{after}", config.public_url);
        let http = fetch::client(&config.issuer).map_err(SetupError::Http)?;
        let (metadata, keys) = (Mutex::default(), Mutex::default());
        Ok(Self { config, redirect_uri, client_secret, http, clock, metadata, keys })
    }

    /// Where the browser is sent to, to ask the person.
    pub(crate) async fn authorization_url(&self, question: &Question<'_>) -> Result<Url, ProviderError> {
        let metadata = self.metadata().await?;
        let mut url = metadata.authorization_endpoint.0.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", "openid email profile")
            .append_pair("state", question.state)
            .append_pair("nonce", question.nonce)
            .append_pair("code_challenge", &exchange::code_challenge(question.code_verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Whether an answer that names this issuer, or none, may be this provider's (RFC 9207, section 2.4): of one that
    /// answers in another's name nothing is read.
    pub(crate) async fn is_named(&self, issuer: Option<&str>) -> Result<bool, ProviderError> {
        match issuer {
            Some(issuer) => Ok(issuer == self.config.issuer),
            None => Ok(!self.metadata().await?.authorization_response_iss_parameter_supported),
        }
    }
}
