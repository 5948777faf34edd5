//! API keys: credentials of programs, with at most the rights of the user that made them (F3, S7).
//!
//! Only a signed-in user makes keys: a key that made others would outlive its own revocation in them.

use std::time::Duration;

use secrecy::SecretString;

use prosopa_model::{AccountId, ApiKeyId, Credential, Cursor, Principal, Scopes, Timestamp};
use prosopa_problem::FieldError;
use prosopa_store::idempotency::{Claim, KeyedRequest, Known};

use crate::{
    error::Error,
    key_text::KeyText,
    state::State,
    store::{Lock, api_keys::ApiKey, users::Status},
};

/// Characters of a key's name.
const NAME_LEN_MAX: usize = 100;

/// What [`crate::Config::api_keys_per_day_max`] counts in: the last 24 hours.
const DAY: Duration = Duration::from_hours(24);

/// What is known of a request for a key that has a key of its own; a new one is claimed.
pub(crate) async fn claim(
    state: &State,
    caller: &Principal,
    idempotency_key: &[u8],
    new: &NewApiKey,
) -> Result<Known, Error> {
    let scopes = new.scopes.as_ref().map_or_else(String::new, ToString::to_string);
    let expires_at = new.expires_at.map_or(-1, Timestamp::micros).to_be_bytes();
    let content: [&[u8]; 3] = [new.name.as_bytes(), scopes.as_bytes(), &expires_at];
    let request = KeyedRequest::new(caller.account_id, "create_api_key", idempotency_key, &content);
    state.store.claim(request, state.clock.now()).await
}

/// A key that is asked for, unchecked.
pub(crate) struct NewApiKey {
    pub(crate) name: String,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Makes a key for a signed-in user; the text is to be shown once.
pub(crate) async fn create(
    state: &State,
    caller: &Principal,
    new: NewApiKey,
    once: Option<&Claim>,
) -> Result<(ApiKey, SecretString), Error> {
    if matches!(caller.credential, Credential::ApiKey(_)) {
        return Err(Error::KeyMakesKey);
    }
    let now = state.clock.now();
    let key = check(caller, new, now)?;
    let text = KeyText::generate(key.id)?;
    let max = state.config.api_keys_per_account_max;
    let mut tx = state.store.begin_holding(&[Lock::Account(caller.account_id)]).await?;
    // The user may have been deactivated, or be gone, since the request came.
    let creator = tx.find_user(caller.user_id).await?.filter(|user| user.status == Status::Active);
    creator.ok_or(Error::UnknownCaller)?;
    if tx.count_live_api_keys(caller.account_id, now).await? >= u64::from(max) {
        return Err(Error::TooManyKeys { max });
    }
    // Revoked ones count too: an account that makes and revokes all day would fill the disk.
    let max = state.config.api_keys_per_day_max;
    if let Some(made_at) = tx.find_creation_of_newest_api_key(caller.account_id, max).await?
        && now.before(DAY) < made_at
    {
        return Err(Error::TooManyNewKeys { max, retry_after: made_at.after(DAY).since(now) });
    }
    tx.insert_api_key(&key, caller.account_id, caller.user_id, text.secret_digest()).await?;
    tx.finish(once, &key.id.to_string()).await?;
    tx.commit().await?;
    tracing::info!(user_id = %caller.user_id, api_key_id = %key.id, "API key made");
    Ok((key, text.into_text()))
}

fn check(caller: &Principal, new: NewApiKey, now: Timestamp) -> Result<ApiKey, Error> {
    let mut errors = Vec::new();
    let mut note = |pointer: &str, detail: &str| {
        errors.push(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() });
    };
    let name = new.name.trim().to_owned();
    if name.is_empty() || new.name.chars().count() > NAME_LEN_MAX {
        note("/name", "must have 1 to 100 characters");
    }
    if new.name.chars().any(char::is_control) {
        note("/name", "must not contain control characters");
    }
    if new.scopes.as_ref().is_some_and(Scopes::is_empty) {
        note("/scopes", "must name at least one scope");
    }
    if new.expires_at.is_some_and(|expires_at| expires_at <= now) {
        note("/expires_at", "must lie in the future");
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    // Not named, they are the usual ones as far as the creator has them.
    let scopes = new
        .scopes
        .unwrap_or_else(|| Scopes::for_keys().iter().filter(|scope| caller.scopes.has(*scope)).collect());
    if scopes.is_empty() || !scopes.is_within(&caller.scopes) {
        return Err(Error::ScopeNotHeld);
    }
    Ok(ApiKey {
        id: ApiKeyId::new(),
        name,
        scopes,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
    })
}

/// Up to `limit` of the account's keys that are not revoked, newest first, behind `after`. Expired ones are among them
/// until they are deleted.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<ApiKey>, Error> {
    state.store.list_api_keys(account_id, after, limit).await
}

/// Revokes a key of the account, at once and for good; a second time is harmless.
pub(crate) async fn revoke(state: &State, account_id: AccountId, id: ApiKeyId) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    if !tx.revoke_api_key(account_id, id, state.clock.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    tracing::info!(api_key_id = %id, "API key revoked");
    Ok(())
}

/// What the text of a key begins with: shown in lists, so that a key can be recognised.
pub(crate) fn prefix(id: ApiKeyId) -> String {
    KeyText::prefix_of(id)
}
