//! What keeps data unreadable to whoever finds the files: a keyring, a key for each subject, sealed values and blobs.
//!
//! A value is sealed for one purpose and one place (its *context*); moved elsewhere it does not open. What identifies a
//! person is sealed by [`Vault`] under a key of that person's own, which erasure destroys; what belongs to the
//! deployment, such as signing keys, by [`Keyring`]. Knows no service and not what the bytes mean.

mod aead;
mod blobs;
mod data_key;
mod durable;
mod error;
mod keyring;
mod reference;
#[cfg(feature = "testing")]
pub mod testing;
mod vault;
mod wrapping;

use prosopa_store::{Migration, migrations};

pub use self::{
    blobs::{
        BlobError, BlobNames, BlobStore, BlobStoreKind, BlobsConfig, BlobsConfigError, Bucket, S3Config,
    },
    error::VaultError,
    keyring::{Keyring, KeyringError, OpenError},
    vault::{Tombstone, Vault},
};

/// The schema of a database of keys. Nothing else belongs into it: its backups are kept for a short time only.
pub const MIGRATIONS: &[Migration] = migrations!("0001_subjects");
