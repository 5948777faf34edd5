//! The vault: what identifies a person, sealed under a key of that person's own.

mod erasure;
mod rewrap;
mod store;
mod subjects;

use std::{fmt, sync::Arc};

use prosopa_model::{AccountId, Clock, SubjectId};
use prosopa_store::Database;

use crate::{
    BlobStore, Keyring, VaultError,
    data_key::{DataKey, Purpose},
    reference::LookupKey,
    wrapping::WrappedKey,
};

pub use self::erasure::Tombstone;

/// Seals, opens and erases what belongs to subjects. Cheap to clone.
///
/// Nothing about a subject is remembered between calls: every call asks the database whether the subject is erased, so
/// that an erasure by any process holds from its commit on.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    keyring: Keyring,
    blobs: BlobStore,
    clock: Arc<dyn Clock>,
    lookup: LookupKey,
}

impl Vault {
    /// A vault over a database with the schema [`MIGRATIONS`](crate::MIGRATIONS), whose keys `keyring` wraps, and a
    /// folder for its blobs. In a new database it makes the key under which references are hashed.
    pub async fn build(
        database: Database,
        keyring: Keyring,
        blobs: BlobStore,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, VaultError> {
        let lookup = open_lookup_key(&database, &keyring).await?;
        Ok(Self { shared: Arc::new(Shared { database, keyring, blobs, clock, lookup }) })
    }

    /// Seals a value for one place, named by `context`. It stays on the calling thread: for what fits into a row;
    /// pictures are [blobs](Self::put_blob).
    ///
    /// [`VaultError::Erased`] and [`VaultError::NoSubject`] where there is no key to seal it under.
    pub async fn seal(&self, subject: SubjectId, context: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.data_key(subject).await?;
        Ok(key.seal(Purpose::Value, context, plain)?)
    }

    /// Opens what [`Self::seal`] made for the same subject and context.
    ///
    /// [`VaultError::Erased`] once the subject is erased, whoever kept the sealed value and wherever it comes from.
    pub async fn open(
        &self,
        subject: SubjectId,
        context: &str,
        sealed: Vec<u8>,
    ) -> Result<Vec<u8>, VaultError> {
        let key = self.data_key(subject).await?;
        key.open(Purpose::Value, context, sealed).map_err(|source| VaultError::Open { subject, source })
    }

    /// Keeps a blob of a subject under `name` (letters, digits, `_` and `-`), durably before it returns.
    ///
    /// Names are the caller's to keep apart, over all subjects: an id, as a rule.
    pub async fn put_blob(
        &self,
        subject: SubjectId,
        name: &str,
        plain: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<(), VaultError> {
        let key = self.data_key(subject).await?;
        let context = name.to_owned();
        let seal = move || Ok(key.seal(Purpose::Blob, &context, plain.as_ref())?);
        Ok(self.shared.blobs.put_sealed(name, seal).await?)
    }

    /// Gives back what [`Self::put_blob`] kept for this subject under `name`.
    pub async fn get_blob(&self, subject: SubjectId, name: &str) -> Result<Vec<u8>, VaultError> {
        let key = self.data_key(subject).await?;
        let context = name.to_owned();
        let open = move |sealed| key.open(Purpose::Blob, &context, sealed);
        Ok(self.shared.blobs.get_opened(name, open).await?)
    }

    /// Removes the blob kept under `name`, whosever it is and whether or not the subject is erased; none is fine too.
    pub async fn delete_blob(&self, name: &str) -> Result<(), VaultError> {
        Ok(self.shared.blobs.delete(name).await?)
    }

    /// Refuses a subject for which nothing opens any more: [`VaultError::Erased`] and [`VaultError::NoSubject`].
    pub async fn require_living(&self, subject: SubjectId) -> Result<(), VaultError> {
        self.data_key(subject).await.map(drop)
    }

    /// The key of a subject that is not erased.
    async fn data_key(&self, id: SubjectId) -> Result<DataKey, VaultError> {
        let mut connection = self.shared.database.read().await?;
        let Some(row) = store::find_living(&mut connection, id).await? else {
            let is_erased = store::is_erased(&mut connection, id).await?;
            return Err(if is_erased { VaultError::Erased(id) } else { VaultError::NoSubject(id) });
        };
        let wrapped = WrappedKey { bytes: row.wrapped_key, kid: row.kid };
        let secret = wrapped.open(&self.shared.keyring, &key_context(row.account_id, id));
        secret
            .and_then(|secret| DataKey::new(id, &secret))
            .map_err(|source| VaultError::Key { owner: id.to_string(), source })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keyring", &self.shared.keyring).finish_non_exhaustive()
    }
}

/// What the keyring binds a subject's key to: put into the row of another subject or account, it does not open.
fn key_context(account_id: AccountId, id: SubjectId) -> String {
    format!("vault/subjects/{account_id}/{id}")
}

async fn open_lookup_key(database: &Database, keyring: &Keyring) -> Result<LookupKey, VaultError> {
    let mut stored = store::find_lookup_key(&mut database.read().await?).await?;
    if stored.is_none() {
        let new = make_key(keyring, LookupKey::CONTEXT.to_owned()).await?;
        let mut tx = database.begin().await?;
        store::insert_lookup_key(&mut tx, &new).await?;
        tx.commit().await?;
        // Another process may have been faster.
        stored = store::find_lookup_key(&mut database.read().await?).await?;
    }
    let damaged = |source| VaultError::Key { owner: "the look-up".into(), source };
    let stored = stored.ok_or_else(|| damaged(crate::OpenError::Damaged))?;
    let secret = stored.open(keyring, LookupKey::CONTEXT).map_err(damaged)?;
    LookupKey::new(&secret).map_err(damaged)
}

/// Makes a key, sealed by the key that the keyring's file names first now.
///
/// The file is read again: a process that has run for long must not seal with a key that may be about to be removed.
async fn make_key(keyring: &Keyring, context: String) -> Result<WrappedKey, VaultError> {
    let keyring = keyring.clone();
    let made = tokio::task::spawn_blocking(move || {
        keyring.reload()?;
        WrappedKey::random(&keyring, &context)
    });
    Ok(made.await.map_err(VaultError::Ended)??)
}
