//! Blobs as objects in a bucket of an S3 server.
//!
//! Every operation has one deadline for all it takes, and a place among a bounded number. What a caller hears is one of
//! [`BlobError`]'s; what the server said beyond its code stays here.

mod client;
mod credentials;
mod fault;
mod upload;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt,
    aws::AmazonS3,
    list::{PaginatedListOptions, PaginatedListStore},
    path::Path,
};
use tokio::{sync::Semaphore, time::timeout};

use prosopa_model::Timestamp;

use super::{
    BlobError,
    config::{BlobsConfigError, S3Config},
};

use self::fault::{is_missing, judge, late};

/// Longest time of a check: less than what a readiness check may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// Objects of one service in a bucket. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Bucket {
    shared: Arc<Shared>,
    /// What the names of the objects begin with.
    prefix: Path,
}

struct Shared {
    store: AmazonS3,
    places: Semaphore,
    timeout: Duration,
}

impl Bucket {
    /// Makes the client; it connects when it is first used.
    pub fn open(config: &S3Config) -> Result<Self, BlobsConfigError> {
        config.validate()?;
        let shared = Shared {
            store: client::build(config)?,
            places: Semaphore::new(config.connections_max),
            timeout: Duration::from_millis(config.timeout_ms),
        };
        Ok(Self { shared: Arc::new(shared), prefix: Path::from(config.prefix.as_str()) })
    }

    /// The objects of the service `name`, over the same connections.
    #[must_use]
    pub fn of_service(&self, name: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), prefix: self.prefix.clone().join(name) }
    }

    /// Writes what `seal` makes, unless there is an object of that name.
    pub(super) async fn put(
        &self,
        name: &str,
        seal: impl FnOnce() -> Result<Vec<u8>, BlobError> + Send + 'static,
    ) -> Result<(), BlobError> {
        let sealed = Bytes::from(run_blocking(seal).await?);
        let path = self.path_of(name);
        let upload = upload::create(&self.shared.store, &path, sealed, self.shared.timeout);
        if self.bounded(upload).await? { Ok(()) } else { Err(BlobError::Taken(name.to_owned())) }
    }

    /// What `open` makes of the object; none where there is none.
    pub(super) async fn get<T: Send + 'static>(
        &self,
        name: &str,
        open: impl FnOnce(Vec<u8>) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<Option<T>, BlobError> {
        let path = self.path_of(name);
        let read = async {
            match self.shared.store.get(&path).await {
                Ok(object) => object.bytes().await.map(Some).map_err(|error| judge(&error)),
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(judge(&error)),
            }
        };
        let Some(sealed) = self.bounded(read).await? else { return Ok(None) };
        run_blocking(move || open(sealed.into())).await.map(Some)
    }

    /// Removes the object if there is one.
    pub(super) async fn delete(&self, name: &str) -> Result<(), BlobError> {
        let path = self.path_of(name);
        let delete = async {
            match self.shared.store.delete(&path).await {
                Err(error) if !is_missing(&error) => Err(judge(&error)),
                _ => Ok(()),
            }
        };
        self.bounded(delete).await
    }

    /// The objects that were written before `time`.
    pub(super) fn objects_before(&self, time: Timestamp) -> Objects {
        let page = self.shared.store.list(Some(&self.prefix));
        Objects { page, time, timeout: self.shared.timeout }
    }

    /// Asks for one name.
    pub(super) async fn check(&self) -> Result<(), BlobError> {
        let prefix = self.prefix.as_ref();
        let options = PaginatedListOptions { max_keys: Some(1), ..PaginatedListOptions::default() };
        let listed = timeout(CHECK_TIMEOUT, self.shared.store.list_paginated(Some(prefix), options)).await;
        listed.map_err(|_| late(CHECK_TIMEOUT))?.map(drop).map_err(|error| judge(&error))
    }

    /// The client, and what the names begin with.
    #[cfg(feature = "testing")]
    pub(crate) fn raw(&self) -> (&AmazonS3, &Path) {
        (&self.shared.store, &self.prefix)
    }

    fn path_of(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    /// Waits for a place and then for `work`, no longer than one operation may take.
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
        let placed = async {
            // It is never closed.
            let _place = self.shared.places.acquire().await;
            work.await
        };
        timeout(self.shared.timeout, placed).await.map_err(|_| late(self.shared.timeout))?
    }
}

/// Names of objects, of which one page is in memory.
pub(super) struct Objects {
    page: BoxStream<'static, object_store::Result<ObjectMeta>>,
    time: Timestamp,
    timeout: Duration,
}

impl Objects {
    /// The next name; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<String>, BlobError> {
        loop {
            let next = timeout(self.timeout, self.page.next()).await.map_err(|_| late(self.timeout))?;
            let Some(object) = next else { return Ok(None) };
            let object = object.map_err(|error| judge(&error))?;
            let written = Timestamp::from_micros(object.last_modified.timestamp_micros());
            if let Some(name) = object.location.filename().filter(|_| written < self.time) {
                return Ok(Some(name.to_owned()));
            }
        }
    }
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| BlobError::Unavailable(error.to_string().into()))?
}
