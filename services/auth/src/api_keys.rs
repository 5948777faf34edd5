//! API keys: credentials of programs, with at most the rights of the user that made them (F3, S7).
//!
//! Only a signed-in user makes keys and gives them other secrets: a key that did would outlive its own revocation in them.
//!
//! A key has a newest secret and, for a while, the one before it, so that programs can be moved from one to the other. A
//! further rotation ends the older of the two, whatever time it had left.

pub(crate) mod leaked;

use secrecy::SecretString;
use subtle::{Choice, ConstantTimeEq};

use prosopa_model::{AccountId, ApiKeyId, Cursor, Principal, Scopes, Timestamp};
use prosopa_store::idempotency::{Claim, KeyedRequest};

use crate::{
    error::Error,
    grants::{self, DAY, NewGrant},
    key_text::KeyText,
    sessions,
    state::State,
    store::{
        Lock,
        api_keys::{ApiKey, StoredApiKey},
        users::Status,
    },
};

/// A secret of a key, as far as it is told.
pub(crate) struct Secret {
    pub(crate) created_at: Timestamp,
    /// When it stops working; none: with its key.
    pub(crate) ends_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key works, as far as it is known here: it is not revoked.
    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }

    /// The secrets that have not ended, the newest first.
    pub(crate) fn secrets(&self, now: Timestamp) -> Vec<Secret> {
        let newest = Secret { created_at: self.rotated_at.unwrap_or(self.created_at), ends_at: None };
        let old = match (self.old_secret_created_at, self.old_secret_ends_at) {
            (Some(created_at), Some(ends_at)) if ends_at > now => {
                Some(Secret { created_at, ends_at: Some(ends_at) })
            }
            _ => None,
        };
        [newest].into_iter().chain(old).collect()
    }
}

impl StoredApiKey {
    /// Whether a text with this digest opens the key now, if its user may act: by the newest secret or the one before it.
    pub(crate) fn is_opened_by(&self, secret_digest: &[u8; 32], now: Timestamp) -> bool {
        self.opened_until(secret_digest, now).is_some()
    }

    /// Until when it does so at the latest, [`Timestamp::MAX`] if for ever; none if it does not.
    pub(crate) fn opened_until(&self, secret_digest: &[u8; 32], now: Timestamp) -> Option<Timestamp> {
        let is_newest = self.secret_hash.as_slice().ct_eq(secret_digest);
        let old = self.old_secret_hash.as_deref();
        let is_old = old.map_or(Choice::from(0), |hash| hash.ct_eq(secret_digest));
        let secret_ends_at = if is_newest.into() {
            Timestamp::MAX
        } else if is_old.into() {
            self.old_secret_ends_at?
        } else {
            return None;
        };
        let ends_at = self.expires_at.unwrap_or(Timestamp::MAX).min(secret_ends_at);
        (ends_at > now).then_some(ends_at)
    }
}

/// A request for a key that has a key of its own.
pub(crate) fn keyed(caller: &Principal, idempotency_key: &[u8], new: &NewGrant) -> KeyedRequest {
    let content = new.content();
    KeyedRequest::new(
        caller.account_id,
        "create_api_key",
        idempotency_key,
        &content.each_ref().map(Vec::as_slice),
    )
}

/// Makes a key for a signed-in user; the text is to be shown once.
pub(crate) async fn create(
    state: &State,
    caller: &Principal,
    new: NewGrant,
    once: Option<&Claim>,
) -> Result<(ApiKey, SecretString), Error> {
    sessions::own::current(caller).ok_or(Error::KeyMakesKey)?;
    let now = state.clock.now();
    let mistakes = new.mistakes(now);
    if !mistakes.is_empty() {
        return Err(Error::Invalid(mistakes));
    }
    let grant = new.within(&caller.scopes, &Scopes::for_keys())?;
    let key = ApiKey {
        id: ApiKeyId::new(),
        name: grant.name,
        scopes: grant.scopes,
        created_at: now,
        expires_at: grant.expires_at,
        last_used_at: None,
        rotated_at: None,
        old_secret_created_at: None,
        old_secret_ends_at: None,
    };
    let text = KeyText::generate(key.id)?;
    let max = state.config.api_keys_per_account_max;
    let mut tx = state.store.begin_holding(&[Lock::Account(caller.account_id)]).await?;
    // The user may have been deactivated, or be gone, since the request came.
    let creator = tx.find_user(caller.user_id).await?.filter(|user| user.status == Status::Active);
    creator.ok_or(Error::UnknownCaller)?;
    if tx.count_live_api_keys(caller.account_id, now).await? >= u64::from(max) {
        return Err(Error::TooManyKeys { what: "keys", max });
    }
    // Revoked ones count too: an account that makes and revokes all day would fill the disk.
    let max = state.config.api_keys_per_day_max;
    if let Some(made_at) = tx.find_creation_of_newest_api_key(caller.account_id, max).await?
        && now.before(DAY) < made_at
    {
        return Err(Error::TooManyNewKeys { what: "keys", max, retry_after: made_at.after(DAY).since(now) });
    }
    tx.insert_api_key(&key, caller.account_id, caller.user_id, text.secret_digest()).await?;
    tx.finish(once, &key.id.to_string()).await?;
    tx.commit().await?;
    tracing::info!(user_id = %caller.user_id, api_key_id = %key.id, "API key made");
    Ok((key, text.into_text()))
}

/// A rotation that has a key of its own.
pub(crate) fn keyed_rotation(
    caller: &Principal,
    idempotency_key: &[u8],
    id: ApiKeyId,
    grace_seconds: u64,
) -> KeyedRequest {
    let (id, grace) = (id.uuid(), grace_seconds.to_be_bytes());
    KeyedRequest::new(caller.account_id, "rotate_api_key", idempotency_key, &[id.as_bytes(), &grace])
}

/// Gives a key of the account another secret for a signed-in user; the text is to be shown once. The one before it works
/// for as long as the grace says, any other ends.
pub(crate) async fn rotate(
    state: &State,
    caller: &Principal,
    id: ApiKeyId,
    grace_seconds: u64,
    once: Option<&Claim>,
) -> Result<(ApiKey, SecretString), Error> {
    sessions::own::current(caller).ok_or(Error::KeyMakesKey)?;
    let now = state.clock.now();
    let old_ends_at = now.after(grants::grace(grace_seconds)?);
    let text = KeyText::generate(id)?;
    let mut tx = state.store.begin().await?;
    let rotated = tx.rotate_api_key(caller.account_id, id, text.secret_digest(), now, old_ends_at).await?;
    let Some(key) = rotated else {
        drop(tx);
        find(state, caller.account_id, id).await?;
        return Err(Error::Expired { what: "key" });
    };
    tx.finish(once, &id.to_string()).await?;
    tx.commit().await?;
    tracing::info!(user_id = %caller.user_id, api_key_id = %id, grace_seconds, "API key rotated");
    Ok((key, text.into_text()))
}

/// A key of the account that is not revoked.
pub(crate) async fn find(state: &State, account_id: AccountId, id: ApiKeyId) -> Result<ApiKey, Error> {
    state.store.find_api_key_of(account_id, id).await?.ok_or(Error::NotFound)
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
