//! What only tests may do: look at the objects of a bucket as they are, and put others in their place.

use futures::stream::TryStreamExt;
use object_store::{Error, ObjectStore, ObjectStoreExt, path::Path};

use crate::Bucket;

/// The objects of a bucket, sealed as they are. Cheap to clone.
#[derive(Clone)]
pub struct RawObjects(Bucket);

impl RawObjects {
    /// Those of a service.
    pub const fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }

    /// The names of all of them, without what all begin with.
    pub async fn names(&self) -> Result<Vec<String>, Error> {
        let (store, prefix) = self.0.raw();
        let objects: Vec<_> = store.list(Some(prefix)).try_collect().await?;
        let name = |path: &Path| path.prefix_match(prefix).map(|parts| Path::from_iter(parts).to_string());
        Ok(objects.iter().filter_map(|object| name(&object.location)).collect())
    }

    /// The bytes of one; none where there is none.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let (store, prefix) = self.0.raw();
        match store.get(&path_of(prefix, name)).await {
            Err(Error::NotFound { .. }) => Ok(None),
            found => Ok(Some(found?.bytes().await?.into())),
        }
    }

    /// Writes one, whatever was there.
    pub async fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let (store, prefix) = self.0.raw();
        store.put(&path_of(prefix, name), bytes.into()).await.map(drop)
    }
}

fn path_of(prefix: &Path, name: &str) -> Path {
    Path::from_iter(prefix.parts().chain(Path::from(name).parts()))
}
