//! Everything this service keeps: one file for each aggregate's statements.

pub(crate) mod api_keys;
mod callers;
pub(crate) mod clients;
pub(crate) mod credential_changes;
mod grants;
pub(crate) mod hash_key;
pub(crate) mod oidc;
pub(crate) mod password_resets;
pub(crate) mod registrations;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
pub(crate) mod users;

use prosopa_model::{AccountId, SessionId, Timestamp, UserId};
use prosopa_store::{
    Connection, Database, Migration, Tx,
    idempotency::{self, Claim, KeyedRequest, Known},
    migration,
};

use crate::error::Error;

/// Name of the database.
pub(crate) const DATABASE: &str = "auth";

/// The schema, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    migration!("0001_accounts"),
    migration!("0002_sessions"),
    migration!("0003_api_keys"),
    prosopa_jobs::MIGRATION,
    migration!("0004_registrations"),
    prosopa_events::MIGRATION,
    idempotency::MIGRATION,
    prosopa_events::REPLAY_MIGRATION,
    migration!("0005_hash_key"),
    migration!("0006_users"),
    migration!("0007_sessions"),
    migration!("0008_key_secrets"),
    migration!("0009_clients"),
    migration!("0010_identities"),
    migration!("0011_credential_changes"),
    migration!("0013_user_plans"),
    migration!("0014_client_changes"),
    migration!("0015_client_certificates"),
    prosopa_events::RELAY_MIGRATION,
];

/// The service's database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    database: Database,
}

/// A write in progress; dropped without [`Write::commit`] it leaves no trace.
pub(crate) struct Write {
    tx: Tx,
}

/// What a write may have for itself; several are taken in this order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    /// The administrator and the file of the password.
    Administrator,
    /// The keys that sign access tokens.
    SigningKeys,
    /// The keys of an account.
    Account(AccountId),
    /// A user's password and the number of sessions.
    User(UserId),
    /// A session and its tokens.
    Session(SessionId),
}

impl Lock {
    fn name(self) -> String {
        match self {
            Self::Administrator => "administrator".to_owned(),
            Self::SigningKeys => "signing_keys".to_owned(),
            Self::Account(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Session(id) => id.to_string(),
        }
    }
}

impl Store {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Begins a write that decides by nothing it reads.
    pub(crate) async fn begin(&self) -> Result<Write, Error> {
        self.begin_holding(&[]).await
    }

    /// Begins a write that decides by what it reads of these, which nobody else changes meanwhile.
    pub(crate) async fn begin_holding(&self, locks: &[Lock]) -> Result<Write, Error> {
        let mut write = Write { tx: self.database.begin().await? };
        for lock in locks {
            write.hold(*lock).await?;
        }
        Ok(write)
    }

    /// What is known of a request with a key; a new one is claimed.
    pub(crate) async fn claim(&self, request: KeyedRequest, now: Timestamp) -> Result<Known, Error> {
        Ok(idempotency::claim(&self.database, request, now).await?)
    }

    /// Lets the repetition of a failed request be a new attempt; one that cannot be let waits until the claim is over.
    pub(crate) async fn release(&self, claim: &Claim) {
        if let Err(error) = idempotency::release(&self.database, claim).await {
            tracing::warn!(%error, "a key stays claimed until its time is over");
        }
    }

    /// Forgets some of the keys of requests that are known for long enough; gives back how many.
    pub(crate) async fn delete_expired_claims(&self, now: Timestamp, limit: u32) -> Result<u64, Error> {
        Ok(idempotency::delete_expired(&self.database, now, limit).await?)
    }

    async fn read(&self) -> Result<Connection, Error> {
        Ok(self.database.read().await?)
    }
}

impl Write {
    /// Notes what a request with a key has made.
    pub(crate) async fn finish(&mut self, once: Option<&Claim>, resource_id: &str) -> Result<(), Error> {
        match once {
            Some(claim) if !idempotency::finish(&mut self.tx, claim, resource_id).await? => {
                Err(Error::Superseded)
            }
            _ => Ok(()),
        }
    }

    /// Lets the repetition of a request be a new attempt, whose outcome is removed here.
    pub(crate) async fn withdraw(&mut self, request: &KeyedRequest, resource_id: &str) -> Result<(), Error> {
        Ok(idempotency::withdraw(&mut self.tx, request, resource_id).await?)
    }

    /// The transaction itself, for rows that are not this service's.
    pub(crate) const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Waits until it may have this for itself, to its end.
    pub(crate) async fn hold(&mut self, lock: Lock) -> Result<(), Error> {
        Ok(self.tx.lock(&lock.name()).await?)
    }

    /// Makes the changes durable.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        Ok(self.tx.commit().await?)
    }
}
