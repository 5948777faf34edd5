//! What a process offers its services: cloneable handles only.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use http::Uri;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use prosopa_contract::{
    accounts::Accounts, client_keys::ClientKeys, engine::Engine, mailer::Mailer, verifier::Verifier,
};
use prosopa_http::Operation;
use prosopa_model::Clock;
use prosopa_store::{Database, Migration, Options, Redis};
use prosopa_telemetry::Metrics;
use prosopa_vault::{BlobStore, Bucket, Keyring};

use crate::{
    PeerConnector, PrincipalConfig, PrincipalKeyError, PrincipalKeys, PrincipalPublicKeys, PrincipalVerifier,
    Readiness, RedisConfig, RedisConfigError,
    databases::{DatabaseConfigError, Databases},
};

/// Where the keys that sign principals lie in the data folder.
const PRINCIPAL_KEYS_FILE: &str = "principal-keys.json";

/// Handles a service builds itself from. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// Folder of everything the product keeps.
    pub data_dir: PathBuf,
    /// The deployment's master keys.
    pub keyring: Keyring,
    /// The process's metrics.
    pub metrics: Metrics,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the deployment's processes remember together; none where each does by itself.
    pub redis: Option<Redis>,
    /// Other services.
    pub peers: Peers,
    /// Cancelled when the process is to end.
    pub shutdown: CancellationToken,
    locations: Arc<Databases>,
    databases: Arc<Mutex<Vec<(&'static str, Database)>>>,
    bucket: Option<Bucket>,
}

/// A service's database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Its place is not known.
    #[error(transparent)]
    Config(#[from] DatabaseConfigError),
    /// It cannot be opened or migrated.
    #[error("the database of {service}")]
    Store {
        /// Whose it is.
        service: &'static str,
        /// Why.
        #[source]
        source: prosopa_store::Error,
    },
}

impl Platform {
    /// A platform that keeps everything below `data_dir`, but databases where [`Platform::with_databases`] says.
    pub fn new(data_dir: &Path, keyring: Keyring, clock: Arc<dyn Clock>) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            keyring,
            metrics: Metrics::new(),
            clock,
            redis: None,
            peers: Peers::default(),
            shutdown: CancellationToken::new(),
            locations: Arc::new(Databases::in_folder(data_dir)),
            databases: Arc::default(),
            bucket: None,
        }
    }

    /// The same platform with its blobs in a bucket.
    #[must_use]
    pub fn with_bucket(self, bucket: Bucket) -> Self {
        Self { bucket: Some(bucket), ..self }
    }

    /// The same platform with its databases elsewhere.
    #[must_use]
    pub fn with_databases(self, locations: Databases) -> Self {
        Self { locations: Arc::new(locations), ..self }
    }

    /// The same platform with the server that is configured for what processes remember together, if one is. It is looked
    /// for once; where it is not there, the process goes on without it.
    pub async fn with_redis(self, config: &RedisConfig) -> Result<Self, RedisConfigError> {
        let redis = config.open(&self.keyring, &self.metrics)?;
        if let Some(redis) = &redis {
            // Why not, is logged.
            let _ = redis.find().await;
        }
        Ok(Self { redis, ..self })
    }

    /// Opens and migrates the database of the service `name`. The host closes it at the end.
    pub async fn database(
        &self,
        name: &'static str,
        migrations: &'static [Migration],
    ) -> Result<Database, DatabaseError> {
        let options = self.database_options(name)?;
        let database = Database::open(&options, migrations)
            .await
            .map_err(|source| DatabaseError::Store { service: name, source })?;
        let mut databases = self.databases.lock().unwrap_or_else(PoisonError::into_inner);
        databases.push((name, database.clone()));
        Ok(database)
    }

    /// Where the database of the service `name` lies.
    pub fn database_options(&self, name: &str) -> Result<Options, DatabaseConfigError> {
        self.locations.options(name)
    }

    /// The sealed blobs of the service `name`.
    pub fn blobs(&self, name: &str) -> BlobStore {
        let keyring = self.keyring.clone();
        match &self.bucket {
            Some(bucket) => BlobStore::in_bucket(bucket.of_service(name), keyring),
            None => BlobStore::new(self.data_dir.join("blobs").join(name), keyring),
        }
    }

    /// The keys that sign principals for other processes; made now where there are none.
    pub fn principal_keys(&self) -> Result<PrincipalKeys, PrincipalKeyError> {
        PrincipalKeys::open_or_create(&self.data_dir.join(PRINCIPAL_KEYS_FILE), self.keyring.clone())
    }

    /// Who knows genuine principals: by the public keys that the configuration names, else by the deployment's own.
    pub fn principal_verifier(
        &self,
        config: &PrincipalConfig,
    ) -> Result<PrincipalVerifier, PrincipalKeyError> {
        match &config.public_keys_file {
            Some(path) => PrincipalPublicKeys::open(path).map(PrincipalVerifier::with_public_keys),
            None => self.principal_keys().map(PrincipalVerifier::new),
        }
    }

    /// One readiness check for each database that was opened.
    pub(crate) fn database_readiness(&self) -> Vec<Readiness> {
        let databases = self.databases.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let check = |(name, database): (&'static str, Database)| {
            Readiness::new(name, move || {
                let database = database.clone();
                async move { database.ping().await.map_err(|error| error.to_string()) }
            })
        };
        databases.into_iter().map(check).collect()
    }

    /// Closes every database that was opened.
    pub(crate) async fn close_databases(&self) {
        let databases = std::mem::take(&mut *self.databases.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, database) in databases {
            database.close().await;
        }
    }
}

/// Other services, each behind its contract: in this process or elsewhere, callers cannot tell.
#[derive(Clone, Default)]
pub struct Peers {
    /// The face engine.
    pub engine: Option<Arc<dyn Engine>>,
    /// Whoever knows credentials.
    pub verifier: Option<Arc<dyn Verifier>>,
    /// The services behind the gateway.
    pub upstreams: Vec<Upstream>,
    /// Whoever knows accounts.
    pub accounts: Option<Arc<dyn Accounts>>,
    /// Whoever sends mail.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Whoever knows the keys of API clients. Without it, nobody can sign requests.
    pub client_keys: Option<Arc<dyn ClientKeys>>,
    /// How connections to services in other processes are opened.
    pub connector: PeerConnector,
}

/// A service behind the gateway.
#[derive(Clone)]
pub struct Upstream {
    /// Its name.
    pub service: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its routes.
    pub operations: Vec<Operation>,
    /// Who answers them.
    pub backend: Backend,
}

/// Where a service behind the gateway runs.
#[derive(Clone)]
pub enum Backend {
    /// In this process: its own routes.
    Mounted(Router),
    /// In another one, behind its internal listener.
    Remote(UpstreamAddress),
}

/// The base address of a service in another process, `http://host:port` or `https://host:port`, which may change while the process runs.
#[derive(Debug, Clone)]
pub struct UpstreamAddress(watch::Receiver<Uri>);

impl UpstreamAddress {
    /// The address as it is now.
    pub fn current(&self) -> Uri {
        self.0.borrow().clone()
    }

    /// Whether this is the address now.
    pub fn is(&self, address: &Uri) -> bool {
        *self.0.borrow() == *address
    }
}

impl From<Uri> for UpstreamAddress {
    /// One that stays.
    fn from(address: Uri) -> Self {
        Self(watch::Sender::new(address).subscribe())
    }
}

impl From<watch::Receiver<Uri>> for UpstreamAddress {
    /// One that somebody may change: requests that begin later go to the new address.
    fn from(address: watch::Receiver<Uri>) -> Self {
        Self(address)
    }
}

/// A peer that a service needs is neither hosted here nor configured.
#[derive(Debug, thiserror::Error)]
#[error("no {0} is hosted here or configured")]
pub struct PeerError(&'static str);

impl Peers {
    /// The engine, or an error that says there is none.
    pub fn engine(&self) -> Result<Arc<dyn Engine>, PeerError> {
        self.engine.clone().ok_or(PeerError("engine"))
    }

    /// The verifier, or an error that says there is none.
    pub fn verifier(&self) -> Result<Arc<dyn Verifier>, PeerError> {
        self.verifier.clone().ok_or(PeerError("verifier"))
    }

    /// Who knows accounts, or an error that says there is nobody.
    pub fn accounts(&self) -> Result<Arc<dyn Accounts>, PeerError> {
        self.accounts.clone().ok_or(PeerError("accounts"))
    }

    /// Who sends mail, or an error that says there is nobody.
    pub fn mailer(&self) -> Result<Arc<dyn Mailer>, PeerError> {
        self.mailer.clone().ok_or(PeerError("mailer"))
    }
}
