//! Callers that need no memory of their own: each is made from its number.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use prosopa_contract::{
    credential_changes::{Changes, ChangesError, CredentialChanges, Subjects},
    verifier::{Verified, Verifier, VerifyError},
};
use prosopa_model::{AccountId, ApiKeyId, Clock, Credential, Principal, Role, Scopes, SystemClock, UserId};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// Each user has so many keys.
const KEYS_PER_USER: usize = 4;

/// Knows every key, and counts how often it is asked.
#[derive(Default)]
pub(crate) struct Callers {
    pub(crate) asked: AtomicUsize,
}

/// The id of a key.
pub(crate) fn key_id(number: usize) -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::from_u128(number as u128 + 1))
}

/// A credential as long as a real one.
pub(crate) fn credential(number: usize) -> String {
    format!("psp_live_{number:026}_{number:043}_{number:06}")
}

#[async_trait]
impl Verifier for Callers {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        Ok(self.examine(credential).await?.principal)
    }

    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let number =
            credential.expose_secret().rsplit('_').next().and_then(|text| text.parse::<usize>().ok());
        let number = number.ok_or(VerifyError::Invalid)?;
        let user = Uuid::from_u128((number / KEYS_PER_USER) as u128 + 1);
        let principal = Principal {
            account_id: AccountId::from_uuid(user),
            user_id: UserId::from_uuid(user),
            role: Role::User,
            scopes: Scopes::for_keys(),
            credential: Credential::ApiKey(key_id(number)),
            requests_per_day_max: None,
            plan: None,
            quota: None,
        };
        let valid_until = SystemClock.now().after(std::time::Duration::from_secs(3_600));
        Ok(Verified { principal, valid_until: Some(valid_until) })
    }

    async fn still_holds(&self, _: &Principal) -> Result<bool, VerifyError> {
        Ok(true)
    }
}

/// Nothing ever changes.
pub(crate) struct NoChanges;

#[async_trait]
impl CredentialChanges for NoChanges {
    async fn changes_since(&self, _: Option<i64>) -> Result<Changes, ChangesError> {
        Ok(Changes { position: 1, subjects: Subjects::Listed(Vec::new()) })
    }
}
