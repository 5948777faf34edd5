//! Requests that are done once, however often they are sent: a row that is claimed before the work and finished in the
//! transaction of its effect.
//!
//! What was answered is not kept: a repetition is answered from what the first request made.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{Context, Digest, SHA256};
use uuid::Uuid;

use prosopa_model::{AccountId, Timestamp};

use crate::{Database, Error, Migration, Tx, affected, on_db, row};

/// The table, for the list of migrations of every service that has such requests.
pub const MIGRATION: Migration = crate::migration!("idempotency_keys");

/// How long a request may be at it before another may take over: longer than any operation's deadline.
const CLAIM: Duration = Duration::from_secs(120);

/// How long a key is known.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Who sent a request: each has keys of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A user or program of an account.
    Account(AccountId),
    /// Somebody without an account yet: a hash of the network that the request came from. A network is personal data and
    /// there are few of them, so the hash is to be made under a secret key.
    Stranger([u8; 32]),
}

/// Without the network's hash: it would tell that two lines of a log are of one person.
impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(formatter, "Account({id})"),
            Self::Stranger(_) => formatter.write_str("Stranger(…)"),
        }
    }
}

impl From<AccountId> for Sender {
    fn from(account_id: AccountId) -> Self {
        Self::Account(account_id)
    }
}

/// A request with a key.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    /// The nil UUID, which no account has, for a stranger.
    account_id: AccountId,
    operation: &'static str,
    /// SHA-256 of the key; of a stranger's hash and the key.
    key_hash: [u8; 32],
    /// SHA-256 of all that the outcome depends on.
    fingerprint: [u8; 32],
}

impl KeyedRequest {
    /// A request for an operation; the same key may be used for another one. `content` is all that the outcome depends
    /// on, in parts.
    ///
    /// What could be guessed from its SHA-256, such as a password, is to be hashed under a secret key before.
    pub fn new(sender: impl Into<Sender>, operation: &'static str, key: &[u8], content: &[&[u8]]) -> Self {
        let mut fingerprint = Context::new(&SHA256);
        for part in content {
            // With its length, so that no two lists of parts are one text.
            fingerprint.update(&(part.len() as u64).to_be_bytes());
            fingerprint.update(part);
        }
        let mut key_hash = Context::new(&SHA256);
        let account_id = match sender.into() {
            Sender::Account(account_id) => account_id,
            Sender::Stranger(network_hash) => {
                key_hash.update(&network_hash);
                AccountId::from_uuid(Uuid::nil())
            }
        };
        key_hash.update(key);
        Self {
            account_id,
            operation,
            key_hash: bytes(&key_hash.finish()),
            fingerprint: bytes(&fingerprint.finish()),
        }
    }
}

fn bytes(digest: &Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// The right to do a request. To be finished with its effect, or released.
#[derive(Debug, Clone)]
pub struct Claim {
    request: KeyedRequest,
    token: Uuid,
}

/// What is known of a request.
#[derive(Debug)]
pub enum Known {
    /// Nothing: the caller is to do it now.
    New(Claim),
    /// It was done, and made this.
    Done {
        /// Id of what it made.
        resource_id: String,
    },
    /// Another request had the key.
    OtherRequest,
    /// It is being done.
    Running,
}

row! {
    struct KeyRow {
        fingerprint: Vec<u8>,
        resource_id: Option<String>,
    }
}

/// Looks a request up and claims it if it is new, or if whoever was at it did not come to an end in time.
pub async fn claim(database: &Database, request: KeyedRequest, now: Timestamp) -> Result<Known, Error> {
    let token = Uuid::now_v7();
    let insert = "INSERT INTO idempotency_keys AS k
           (account_id, operation, key_hash, fingerprint, claim, claim_until, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (account_id, operation, key_hash) DO UPDATE SET fingerprint = excluded.fingerprint,
           claim = excluded.claim, claim_until = excluded.claim_until, resource_id = NULL,
           expires_at = excluded.expires_at
         WHERE k.expires_at <= $8
            OR (k.resource_id IS NULL AND k.claim_until <= $8 AND k.fingerprint = excluded.fingerprint)";
    let mut tx = database.begin().await?;
    let claimed = on_db!(tx, c => sqlx::query(insert)
        .bind(request.account_id.uuid())
        .bind(request.operation)
        .bind(request.key_hash.to_vec())
        .bind(request.fingerprint.to_vec())
        .bind(token)
        .bind(now.after(CLAIM).micros())
        .bind(now.after(KEPT).micros())
        .bind(now.micros())
        .execute(c)
        .await
        .map(affected))?;
    if claimed == 1 {
        tx.commit().await?;
        return Ok(Known::New(Claim { request, token }));
    }
    let select = "SELECT fingerprint, resource_id FROM idempotency_keys
         WHERE account_id = $1 AND operation = $2 AND key_hash = $3";
    let row: Option<KeyRow> = on_db!(tx, c => sqlx::query_as(select)
        .bind(request.account_id.uuid())
        .bind(request.operation)
        .bind(request.key_hash.to_vec())
        .fetch_optional(c)
        .await)?;
    Ok(match row {
        Some(row) if row.fingerprint != request.fingerprint => Known::OtherRequest,
        Some(KeyRow { resource_id: Some(resource_id), .. }) => Known::Done { resource_id },
        // One that was released this moment can be claimed the next time.
        Some(_) | None => Known::Running,
    })
}

/// Says what the request made, in the transaction that makes it.
///
/// False if another one has taken the request over: then the transaction must not be committed.
pub async fn finish(tx: &mut Tx, claim: &Claim, resource_id: &str) -> Result<bool, Error> {
    let sql = "UPDATE idempotency_keys SET resource_id = $5
         WHERE account_id = $1 AND operation = $2 AND key_hash = $3 AND claim = $4 AND resource_id IS NULL";
    let finished = on_db!(tx, c => sqlx::query(sql)
        .bind(claim.request.account_id.uuid())
        .bind(claim.request.operation)
        .bind(claim.request.key_hash.to_vec())
        .bind(claim.token)
        .bind(resource_id)
        .execute(c)
        .await
        .map(affected))?;
    Ok(finished == 1)
}

/// Gives the right back where nothing was made, so that a repetition is a new attempt.
pub async fn release(database: &Database, claim: &Claim) -> Result<(), Error> {
    let sql = "DELETE FROM idempotency_keys
         WHERE account_id = $1 AND operation = $2 AND key_hash = $3 AND claim = $4 AND resource_id IS NULL";
    let mut tx = database.begin().await?;
    on_db!(tx, c => sqlx::query(sql)
        .bind(claim.request.account_id.uuid())
        .bind(claim.request.operation)
        .bind(claim.request.key_hash.to_vec())
        .bind(claim.token)
        .execute(c)
        .await
        .map(affected))?;
    tx.commit().await
}

/// Gives the key of a finished request back where what it made came to nothing, in the transaction that removes that: a
/// repetition is a new attempt then. Harmless where the key has been used anew.
pub async fn withdraw(tx: &mut Tx, request: &KeyedRequest, resource_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM idempotency_keys
         WHERE account_id = $1 AND operation = $2 AND key_hash = $3 AND resource_id = $4";
    on_db!(tx, c => sqlx::query(sql)
        .bind(request.account_id.uuid())
        .bind(request.operation)
        .bind(request.key_hash.to_vec())
        .bind(resource_id)
        .execute(c)
        .await
        .map(affected))?;
    Ok(())
}

/// Forgets some of the keys that are known for long enough; gives back how many.
pub async fn delete_expired(database: &Database, now: Timestamp, limit: u32) -> Result<u64, Error> {
    let sql = "DELETE FROM idempotency_keys WHERE (account_id, operation, key_hash) IN
         (SELECT account_id, operation, key_hash FROM idempotency_keys WHERE expires_at <= $1
          ORDER BY expires_at LIMIT $2)";
    let mut tx = database.begin().await?;
    let deleted = on_db!(tx, c => sqlx::query(sql)
        .bind(now.micros())
        .bind(i64::from(limit))
        .execute(c)
        .await
        .map(affected))?;
    tx.commit().await?;
    Ok(deleted)
}
