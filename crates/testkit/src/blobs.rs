//! Blobs of one test's own, in the bucket of the run where there is one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use http::Uri;

use prosopa_runtime::Platform;
use prosopa_vault::{BlobStore, Bucket, Keyring, S3Config, testing::RawObjects};

/// Address of the bucket that the run was given, `http://KEY:SECRET@HOST:PORT/BUCKET`; without one, blobs are files.
const BUCKET: &str = "PROSOPA_TEST_S3";

/// Where a test's blobs lie: files in its folder, or objects whose names begin with what nobody else uses.
pub struct TestBlobs {
    folder: PathBuf,
    bucket: Option<(S3Config, Bucket)>,
}

impl TestBlobs {
    /// In the bucket of the run, else in files; those of one folder are always the same.
    ///
    /// The folder's name must be nobody else's, as a temporary one's is.
    pub fn of_folder(folder: &Path) -> Self {
        let bucket = Self::bucket_of_run().map(|config| {
            // In hexadecimal, since an object's name may not be any file's name.
            let name = folder.file_name().unwrap().as_encoded_bytes();
            let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
            let config = S3Config { prefix: format!("t-{name}"), ..config };
            let bucket = Bucket::open(&config).unwrap();
            (config, bucket)
        });
        Self { folder: folder.join("blobs"), bucket }
    }

    /// The same, of a product whose data folder this is.
    #[must_use]
    pub fn in_data_dir(self, data_dir: &Path) -> Self {
        Self { folder: data_dir.join("blobs"), ..self }
    }

    /// In files, whatever the run was given.
    pub fn of_files(folder: &Path) -> Self {
        Self { folder: folder.join("blobs"), bucket: None }
    }

    /// In this bucket.
    pub fn in_bucket(folder: &Path, config: S3Config) -> Self {
        let bucket = Bucket::open(&config).unwrap();
        Self { folder: folder.join("blobs"), bucket: Some((config, bucket)) }
    }

    /// How the bucket of the run is reached; none where it has none.
    pub fn bucket_of_run() -> Option<S3Config> {
        let url: Uri = std::env::var(BUCKET).ok().filter(|url| !url.is_empty())?.parse().expect("a URL");
        let (credentials, host) = url.authority().unwrap().as_str().split_once('@').expect("credentials");
        let (id, secret) = credentials.split_once(':').expect("a key and its secret");
        Some(S3Config {
            bucket: url.path().trim_matches('/').to_owned(),
            endpoint: Some(format!("http://{host}")),
            access_key_id: Some(id.to_owned()),
            secret_access_key: Some(secret.to_owned().into()),
            ..S3Config::default()
        })
    }

    /// The settings of a product that keeps its blobs here, as variables; none where they are files in its data folder.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let Some((config, _)) = &self.bucket else { return Vec::new() };
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let secret = std::env::var(BUCKET).unwrap_or_default();
        let secret = secret.split_once('@').and_then(|(user, _)| user.rsplit_once(':')).unwrap().1;
        vec![
            ("PROSOPA_BLOBS__STORE", "s3".to_owned()),
            ("PROSOPA_BLOBS__S3__BUCKET", config.bucket.clone()),
            ("PROSOPA_BLOBS__S3__PREFIX", config.prefix.clone()),
            ("PROSOPA_BLOBS__S3__ENDPOINT", text(&config.endpoint)),
            ("PROSOPA_BLOBS__S3__ACCESS_KEY_ID", text(&config.access_key_id)),
            ("PROSOPA_BLOBS__S3__SECRET_ACCESS_KEY", secret.to_owned()),
        ]
    }

    /// Tells a platform where its blobs are.
    pub fn give(&self, platform: Platform) -> Platform {
        match &self.bucket {
            Some((_, bucket)) => platform.with_bucket(bucket.clone()),
            None => platform,
        }
    }

    /// The blobs of a service, as the service has them.
    pub fn store(&self, service: &str, keyring: Keyring) -> BlobStore {
        match &self.bucket {
            Some((_, bucket)) => BlobStore::in_bucket(bucket.of_service(service), keyring),
            None => BlobStore::new(self.folder.join(service), keyring),
        }
    }

    /// The names of a service's blobs.
    pub async fn names(&self, service: &str) -> Vec<String> {
        match self.raw(service) {
            Some(objects) => objects.names().await.unwrap(),
            None => files_below(&self.folder.join(service)),
        }
    }

    /// A blob as it is kept; none where there is none.
    pub async fn read(&self, service: &str, name: &str) -> Option<Vec<u8>> {
        match self.raw(service) {
            Some(objects) => objects.read(name).await.unwrap(),
            None => fs::read(self.path_of(service, name)).ok(),
        }
    }

    /// Keeps other bytes under a name, as somebody does who found the place.
    pub async fn write(&self, service: &str, name: &str, bytes: &[u8]) {
        if let Some(objects) = self.raw(service) {
            return objects.write(name, bytes.to_vec()).await.unwrap();
        }
        let path = self.path_of(service, name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The bytes of every object, where they are in a bucket.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        let mut dump = Vec::new();
        if let Some((_, bucket)) = &self.bucket {
            let objects = RawObjects::new(bucket.clone());
            for path in objects.names().await.unwrap() {
                dump.extend(objects.read(&path).await.unwrap().unwrap_or_default());
            }
        }
        dump
    }

    fn raw(&self, service: &str) -> Option<RawObjects> {
        self.bucket.as_ref().map(|(_, bucket)| RawObjects::new(bucket.of_service(service)))
    }

    fn path_of(&self, service: &str, name: &str) -> PathBuf {
        self.folder.join(service).join(&name[name.len() - 2..]).join(name)
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let names = paths.flat_map(|path| {
        if path.is_dir() {
            return files_below(&path);
        }
        vec![path.file_name().unwrap().to_str().unwrap().to_owned()]
    });
    names.collect()
}
