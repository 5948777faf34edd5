//! API clients: programs that sign their requests (RFC 9421), with at most the rights of whoever made them (K1).
//!
//! A client has a newest key and, for a while after a rotation, the one before it. The access key names one of them; behind
//! it lies a secret that the client shares with us, sealed, or the client's public key. A client may give itself another
//! key and may end itself. It makes no other clients or keys: they would outlive its own revocation.

pub(crate) mod certificates;
mod material;
mod public_key;
pub(crate) mod sign_up;

use secrecy::SecretString;

use prosopa_contract::client_keys::SignatureAlgorithm;
use prosopa_model::{AccountId, ApiClientId, Credential, Cursor, Principal, Scopes, Timestamp};
use prosopa_store::idempotency::{Claim, KeyedRequest};

use crate::{
    error::Error,
    grants::{self, DAY, NewGrant},
    sessions,
    state::State,
    store::{
        Lock, Write,
        clients::{AccessKey, Algorithm, ApiClient, NewClientKey},
        users::Status,
    },
};

pub(crate) use self::material::{open_secret, rewrap};

/// A client that is asked for, unchecked.
pub(crate) struct NewClient {
    pub(crate) grant: NewGrant,
    pub(crate) algorithm: SignatureAlgorithm,
    /// Of a client that signs with Ed25519: base64 or PEM.
    pub(crate) public_key: Option<String>,
}

/// A client with a key that was made just now.
pub(crate) struct Made {
    pub(crate) client: ApiClient,
    /// What it signs with, to be shown once; none where it signs with a key pair of its own.
    pub(crate) secret_key: Option<SecretString>,
}

/// A key of a client, as far as it is told.
pub(crate) struct ShownKey {
    pub(crate) access_key: AccessKey,
    pub(crate) created_at: Timestamp,
    /// When it stops working; none: with its client.
    pub(crate) ends_at: Option<Timestamp>,
}

impl ApiClient {
    /// Whether the client may sign, as far as it is known here: it is not revoked.
    pub(crate) fn is_active(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }

    /// The keys that have not ended, the newest first.
    pub(crate) fn keys(&self, now: Timestamp) -> Vec<ShownKey> {
        let newest = ShownKey { access_key: self.access_key, created_at: self.key_created_at, ends_at: None };
        let old = match (self.old_access_key, self.old_key_created_at, self.old_key_ends_at) {
            (Some(access_key), Some(created_at), Some(ends_at)) if ends_at > now => {
                Some(ShownKey { access_key, created_at, ends_at: Some(ends_at) })
            }
            _ => None,
        };
        [newest].into_iter().chain(old).collect()
    }
}

impl NewClient {
    /// Its parts, to tell one request from another by.
    fn content(&self) -> Vec<Vec<u8>> {
        let mut content = self.grant.content().to_vec();
        content.push(self.algorithm.as_str().into());
        content.extend(self.public_key.as_ref().map(|key| key.as_bytes().to_vec()));
        content
    }

    /// Checks every value, and makes the client with its key for a caller who holds these scopes.
    fn make(
        self,
        state: &State,
        held: &Scopes,
        usual: &Scopes,
    ) -> Result<(ApiClient, NewClientKey, Option<SecretString>), Error> {
        let now = state.clock.now();
        let mut mistakes = self.grant.mistakes(now);
        let public_key = material::check(self.algorithm, self.public_key.as_deref());
        let public_key = public_key.map_err(|mistake| mistakes.push(mistake)).ok().flatten();
        if !mistakes.is_empty() {
            return Err(Error::Invalid(mistakes));
        }
        let grant = self.grant.within(held, usual)?;
        let id = ApiClientId::new();
        let (key, secret_key) = material::make(state, id, public_key)?;
        let client = ApiClient {
            id,
            name: grant.name,
            scopes: grant.scopes,
            algorithm: Algorithm(self.algorithm),
            created_at: now,
            expires_at: grant.expires_at,
            last_used_at: None,
            access_key: key.access_key,
            key_created_at: key.created_at,
            old_access_key: None,
            old_key_created_at: None,
            old_key_ends_at: None,
        };
        Ok((client, key, secret_key))
    }
}

/// A request for a client that has a key of its own.
pub(crate) fn keyed(caller: &Principal, idempotency_key: &[u8], new: &NewClient) -> KeyedRequest {
    let content = new.content();
    let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
    KeyedRequest::new(caller.account_id, "create_client", idempotency_key, &content)
}

/// Makes a client for a signed-in user.
pub(crate) async fn create(
    state: &State,
    caller: &Principal,
    new: NewClient,
    once: Option<&Claim>,
) -> Result<Made, Error> {
    sessions::own::current(caller).ok_or(Error::KeyMakesKey)?;
    let (client, key, secret_key) = new.make(state, &caller.scopes, &Scopes::for_keys())?;
    let mut write = state.store.begin_holding(&[Lock::Account(caller.account_id)]).await?;
    // The user may have been deactivated, or be gone, since the request came.
    let creator = write.find_user(caller.user_id).await?.filter(|user| user.status == Status::Active);
    creator.ok_or(Error::UnknownCaller)?;
    refuse_too_many(state, &mut write, caller.account_id, client.created_at).await?;
    write.insert_client(&client, caller.account_id, caller.user_id).await?;
    write.insert_client_key(&key).await?;
    write.finish(once, &client.id.to_string()).await?;
    write.commit().await?;
    tracing::info!(user_id = %caller.user_id, client_id = %client.id, "API client made");
    Ok(Made { client, secret_key })
}

async fn refuse_too_many(
    state: &State,
    write: &mut Write,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), Error> {
    let max = state.config.api_clients_per_account_max;
    if write.count_live_clients(account_id, now).await? >= u64::from(max) {
        return Err(Error::TooManyKeys { what: "clients", max });
    }
    // Revoked ones count too: an account that makes and revokes all day would fill the disk.
    let max = state.config.api_clients_per_day_max;
    match write.find_creation_of_newest_client(account_id, max).await? {
        Some(made_at) if now.before(DAY) < made_at => {
            let retry_after = made_at.after(DAY).since(now);
            Err(Error::TooManyNewKeys { what: "clients", max, retry_after })
        }
        _ => Ok(()),
    }
}

/// Up to `limit` of the account's clients that are not revoked, newest first, behind `after`. Expired ones are among them
/// until they are deleted.
pub(crate) async fn list(
    state: &State,
    account_id: AccountId,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<ApiClient>, Error> {
    state.store.list_clients(account_id, after, limit).await
}

/// A client of the account that is not revoked.
pub(crate) async fn find(state: &State, account_id: AccountId, id: ApiClientId) -> Result<ApiClient, Error> {
    state.store.find_client_of(account_id, id).await?.ok_or(Error::NotFound)
}

/// A rotation that has a key of its own.
pub(crate) fn keyed_rotation(
    caller: &Principal,
    idempotency_key: &[u8],
    id: ApiClientId,
    grace_seconds: u64,
    public_key: Option<&str>,
) -> KeyedRequest {
    let (id, grace) = (id.uuid(), grace_seconds.to_be_bytes());
    let content = [id.as_bytes().as_slice(), &grace, public_key.unwrap_or_default().as_bytes()];
    KeyedRequest::new(caller.account_id, "rotate_client", idempotency_key, &content)
}

/// Gives a client of the account another key, for a signed-in user or the client itself. The one before it works for as
/// long as the grace says, any other ends.
pub(crate) async fn rotate(
    state: &State,
    caller: &Principal,
    id: ApiClientId,
    grace_seconds: u64,
    public_key: Option<&str>,
    once: Option<&Claim>,
) -> Result<Made, Error> {
    if caller.credential != Credential::Client(id) {
        sessions::own::current(caller).ok_or(Error::KeyMakesKey)?;
    }
    let now = state.clock.now();
    let grace = grants::grace(grace_seconds)?;
    // Of several at once, each finds what the one before it has left.
    let mut write = state.store.begin_holding(&[Lock::Account(caller.account_id)]).await?;
    let client = write.find_client_of(caller.account_id, id).await?.ok_or(Error::NotFound)?;
    if !client.is_active(now) {
        return Err(Error::Expired { what: "client" });
    }
    let public_key = material::check(client.algorithm.0, public_key);
    let public_key = public_key.map_err(|mistake| Error::Invalid(vec![mistake]))?;
    let (key, secret_key) = material::make(state, id, public_key)?;
    if grace.is_zero() {
        write.delete_client_keys(id).await?;
    } else {
        write.retire_client_key(id, now.after(grace)).await?;
    }
    write.insert_client_key(&key).await?;
    let client = write.find_client_of(caller.account_id, id).await?.ok_or(Error::NotFound)?;
    write.finish(once, &id.to_string()).await?;
    write.commit().await?;
    tracing::info!(user_id = %caller.user_id, client_id = %id, grace_seconds, "API client rotated");
    Ok(Made { client, secret_key })
}

/// Revokes a client of the account, at once and for good; its secrets are destroyed. A second time is harmless.
pub(crate) async fn revoke(state: &State, account_id: AccountId, id: ApiClientId) -> Result<(), Error> {
    // Not in the middle of a rotation, whose key would stay behind.
    let mut write = state.store.begin_holding(&[Lock::Account(account_id)]).await?;
    if !write.revoke_client(account_id, id, state.clock.now()).await? {
        return Err(Error::NotFound);
    }
    write.commit().await?;
    tracing::info!(client_id = %id, "API client revoked");
    Ok(())
}
