//! What keeps data unreadable to whoever finds the files: a keyring, sealed values, sealed blobs.
//!
//! Knows no service and no database. A value is sealed for one purpose and one place (its *context*); moved
//! elsewhere it does not open.

mod blobs;
mod keyring;

pub use self::{
    blobs::{BlobError, BlobStore},
    keyring::{Keyring, KeyringError, OpenError},
};
