//! Writes one object that nobody has written before.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::{
    Error as StoreError, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, aws::AmazonS3,
    path::Path,
};
use tokio::time::timeout;

use super::fault::{is_missing, judge, late};
use crate::BlobError;

/// Bytes of a part, and of the largest object that is written in one piece.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Parts of one object that are on their way at the same time.
const PARTS_AT_ONCE: usize = 4;

/// Longest time for taking parts back of which nothing becomes.
const ABORT_TIMEOUT: Duration = Duration::from_secs(2);

/// Writes an object; false where there is another one of that name.
pub(super) async fn create(
    store: &AmazonS3,
    path: &Path,
    sealed: Bytes,
    limit: Duration,
) -> Result<bool, BlobError> {
    if sealed.len() > PART_BYTES {
        return create_in_parts(store, path, sealed, limit).await;
    }
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match store.put_opts(path, sealed.clone().into(), options).await {
        Ok(_) => Ok(true),
        // Ours, perhaps: of a request that arrived though its answer did not, so that it was sent again.
        Err(StoreError::AlreadyExists { .. }) => is_there(store, path, &sealed).await,
        Err(error) => Err(judge(&error)),
    }
}

/// Whether the object has exactly these bytes, which nobody else can have made: each sealing has a nonce of its own.
async fn is_there(store: &AmazonS3, path: &Path, sealed: &Bytes) -> Result<bool, BlobError> {
    let found = store.get(path).await.map_err(|error| judge(&error))?;
    if found.meta.size != sealed.len() as u64 {
        return Ok(false);
    }
    Ok(found.bytes().await.map_err(|error| judge(&error))? == *sealed)
}

/// Writes an object in parts. Nothing of it is there before all of it is.
///
/// The last request cannot be conditional with this client, so the name is looked at before: who makes a name is one writer.
async fn create_in_parts(
    store: &AmazonS3,
    path: &Path,
    sealed: Bytes,
    limit: Duration,
) -> Result<bool, BlobError> {
    match store.head(path).await {
        Ok(_) => return Ok(false),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(judge(&error)),
    }
    let mut upload = store.put_multipart(path).await.map_err(|error| judge(&error))?;
    // Shorter than what the caller waits, so that there is time to take the parts back.
    let limit = limit.saturating_sub(limit / 8);
    let written = match timeout(limit, write(&mut *upload, sealed)).await {
        Ok(written) => written.map_err(|error| judge(&error)),
        Err(_) => Err(late(limit)),
    };
    if let Err(error) = written {
        // In a task, as whoever waits may be gone by then. What stays is the bucket's to remove (its lifecycle).
        tokio::spawn(async move { timeout(ABORT_TIMEOUT, upload.abort()).await });
        return Err(error);
    }
    Ok(true)
}

async fn write(upload: &mut dyn MultipartUpload, sealed: Bytes) -> object_store::Result<()> {
    let begins = (0..sealed.len()).step_by(PART_BYTES);
    let parts: Vec<_> = begins
        .map(|begin| sealed.slice(begin..sealed.len().min(begin + PART_BYTES)))
        .map(|part| upload.put_part(part.into()))
        .collect();
    stream::iter(parts).buffer_unordered(PARTS_AT_ONCE).try_collect::<()>().await?;
    upload.complete().await.map(drop)
}
