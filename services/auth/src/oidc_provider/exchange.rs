//! A code becomes a person: the code is exchanged for an ID token, which is checked (RFC 6749, RFC 7636).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use form_urlencoded::byte_serialize;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Metadata, Provider, ProviderError, Question,
    fetch::{fetch, fetch_json},
    id_token::{IdTokenError, Profile},
};

/// Somebody whom the provider knows.
pub(crate) struct Person {
    /// Whom the provider never takes for somebody else.
    pub(crate) subject: String,
    /// What it tells of the person.
    pub(crate) profile: Profile,
}

/// Why a code does not become a person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// The provider does not take the code: it is made up, used, expired or another's.
    #[error("the provider does not take the code")]
    Code,
    /// The ID token is not believed.
    #[error("the ID token is refused: {0}")]
    IdToken(#[from] IdTokenError),
    /// The provider gives no usable answer.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

#[derive(Deserialize)]
struct Tokens {
    id_token: SecretString,
    access_token: SecretString,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    profile: Profile,
}

/// What is shown of a verifier before it is asked for (RFC 7636, section 4.2, `S256`).
pub(super) fn code_challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret().as_bytes()))
}

impl Provider {
    /// Exchanges a code that came back for the question that was asked.
    pub(crate) async fn exchange(
        &self,
        code: &SecretString,
        question: &Question<'_>,
    ) -> Result<Person, ExchangeError> {
        let metadata = self.metadata().await?;
        let tokens = self.ask_for_tokens(&metadata, code, question.code_verifier).await?;
        let claims = self.check_id_token(&tokens.id_token, question.nonce).await?;
        let mut person = Person { subject: claims.sub, profile: claims.profile };
        if let (None, Some(endpoint)) = (&person.profile.email, &metadata.userinfo_endpoint) {
            let request = self.http.get(endpoint.0.clone()).bearer_auth(tokens.access_token.expose_secret());
            let told: UserInfo = fetch_json(request).await?;
            // Of anybody else it says nothing (OpenID Connect Core 1.0, section 5.3.2).
            if told.sub != person.subject {
                return Err(IdTokenError::Subject.into());
            }
            person.profile = told.profile;
        }
        Ok(person)
    }

    async fn ask_for_tokens(
        &self,
        metadata: &Metadata,
        code: &SecretString,
        code_verifier: &SecretString,
    ) -> Result<Tokens, ExchangeError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", code_verifier.expose_secret()),
        ];
        let mut request = self.http.post(metadata.token_endpoint.0.clone());
        match &self.client_secret {
            Some(secret) if takes_basic(metadata) => request = self.with_basic(request, secret),
            Some(secret) => {
                form.extend([
                    ("client_id", &*self.config.client_id),
                    ("client_secret", secret.expose_secret()),
                ]);
            }
            None => form.push(("client_id", &self.config.client_id)),
        }
        let (status, body) = fetch(request.form(&form)).await?;
        match status {
            StatusCode::OK => Ok(serde_json::from_slice(&body).map_err(ProviderError::Unreadable)?),
            StatusCode::BAD_REQUEST if is_code_refused(&body) => Err(ExchangeError::Code),
            status => Err(ProviderError::Status(status).into()),
        }
    }

    /// Both parts are encoded like a form before they are joined (RFC 6749, section 2.3.1).
    fn with_basic(&self, request: RequestBuilder, secret: &SecretString) -> RequestBuilder {
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        request.basic_auth(encode(&self.config.client_id), Some(encode(secret.expose_secret())))
    }
}

fn takes_basic(metadata: &Metadata) -> bool {
    let methods = metadata.token_endpoint_auth_methods_supported.as_ref();
    methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
}

fn is_code_refused(body: &[u8]) -> bool {
    serde_json::from_slice::<Refusal>(body).is_ok_and(|refusal| refusal.error == "invalid_grant")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A1: the example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = SecretString::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(code_challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
