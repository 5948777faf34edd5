//! Who stands behind a credential: this service's side of the verifier contract.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use prosopa_contract::verifier::{CookieError, PresentedCookie, Verified, Verifier, VerifyError};
use prosopa_model::{Credential, Principal, Scopes};

use crate::{
    access_tokens,
    error::Error,
    key_text::{self, KeyText},
    key_use::Used,
    sessions,
    state::State,
    store::users::Status,
};

/// Verifies access tokens, API keys, certificates and cookies, each with one indexed read: what has ended stops working at once.
pub(crate) struct StoreVerifier {
    state: State,
}

impl StoreVerifier {
    pub(crate) const fn new(state: State) -> Self {
        Self { state }
    }

    async fn verify_access_token(&self, token: &SecretString) -> Result<Verified, VerifyError> {
        let now = self.state.clock.now();
        let claims = access_tokens::check(&self.state.config, &self.state.signing_keys, token, now)?;
        let owner = self.state.store.find_session_owner(claims.sid, claims.sub, now).await;
        let owner = owner.map_err(unavailable)?.filter(|owner| owner.status == Status::Active);
        let owner = owner.ok_or(VerifyError::Invalid)?;
        let token_ends_at = access_tokens::valid_until(&self.state.config, &claims);
        let principal = Principal {
            account_id: owner.account_id,
            user_id: claims.sub,
            role: owner.role,
            scopes: Scopes::all(),
            credential: Credential::Session(claims.sid),
            requests_per_day_max: owner.requests_per_day_max,
            plan: owner.plan,
            quota: None,
        };
        Ok(Verified { principal, valid_until: Some(token_ends_at.min(owner.expires_at)) })
    }

    async fn verify_api_key(&self, text: &SecretString) -> Result<Verified, VerifyError> {
        let key = KeyText::parse(text).ok_or(VerifyError::Invalid)?;
        let now = self.state.clock.now();
        let stored = self.state.store.find_api_key(key.id()).await.map_err(unavailable)?;
        let stored = stored.ok_or(VerifyError::Invalid)?;
        let opened_until = stored.opened_until(&key.secret_digest(), now);
        let valid_until = opened_until.filter(|_| stored.status == Status::Active);
        let valid_until = valid_until.ok_or(VerifyError::Invalid)?;
        self.state.key_use.note(Used::Key(key.id()), now);
        let principal = Principal {
            account_id: stored.account_id,
            user_id: stored.user_id,
            role: stored.role,
            scopes: stored.scopes,
            credential: Credential::ApiKey(key.id()),
            requests_per_day_max: stored.requests_per_day_max,
            plan: stored.plan,
            quota: None,
        };
        Ok(Verified { principal, valid_until: Some(valid_until) })
    }

    async fn verify_certified(&self, fingerprint: &[u8; 32]) -> Result<Verified, VerifyError> {
        let now = self.state.clock.now();
        let client = self.state.store.find_certified_client(fingerprint, now).await.map_err(unavailable)?;
        let client = client.filter(|client| client.status == Status::Active).ok_or(VerifyError::Invalid)?;
        self.state.key_use.note(Used::CertifiedClient(client.client_id), now);
        let valid_until = Some(client.ends_at());
        let principal = Principal {
            account_id: client.account_id,
            user_id: client.user_id,
            role: client.role,
            scopes: client.scopes,
            credential: Credential::Client(client.client_id),
            requests_per_day_max: client.requests_per_day_max,
            plan: client.plan,
            quota: None,
        };
        Ok(Verified { principal, valid_until })
    }

    fn count(&self, kind: &str, verified: &Result<Verified, VerifyError>) {
        let outcome = match verified {
            Ok(_) => "accepted",
            Err(VerifyError::Invalid) => "invalid",
            Err(VerifyError::Expired) => "expired",
            Err(VerifyError::Unavailable { .. }) => "unavailable",
        };
        self.state.metrics.verifications.with_label_values(&[kind, outcome]).inc();
    }
}

#[async_trait]
impl Verifier for StoreVerifier {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        Ok(self.examine(credential).await?.principal)
    }

    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        let is_key = credential.expose_secret().starts_with(key_text::PREFIX);
        let (kind, verified) = if is_key {
            ("api_key", self.verify_api_key(&credential).await)
        } else {
            ("access_token", self.verify_access_token(&credential).await)
        };
        self.count(kind, &verified);
        verified
    }

    async fn examine_certificate(&self, fingerprint: [u8; 32]) -> Result<Verified, VerifyError> {
        let verified = self.verify_certified(&fingerprint).await;
        self.count("certificate", &verified);
        verified
    }

    async fn verify_cookie(&self, cookie: PresentedCookie) -> Result<Principal, CookieError> {
        let verified = sessions::browser::verify(&self.state, &cookie).await;
        let outcome = match &verified {
            Ok(_) => "accepted",
            Err(CookieError::Invalid) => "invalid",
            Err(CookieError::Forged) => "forged",
            Err(CookieError::Unavailable { .. }) => "unavailable",
        };
        self.state.metrics.verifications.with_label_values(&["cookie", outcome]).inc();
        verified
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError> {
        self.state.store.still_holds(principal, self.state.clock.now()).await.map_err(unavailable)
    }
}

fn unavailable(error: Error) -> VerifyError {
    VerifyError::Unavailable { detail: error.to_string() }
}
