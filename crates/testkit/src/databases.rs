//! Databases of one test's own, on the server of the run where there is one.

use std::path::Path;

use prosopa_runtime::{DatabaseConfig, Databases};

/// Address of the server that the run was given; without one, tests use SQLite.
const SERVER: &str = "PROSOPA_TEST_POSTGRES";

/// Databases whose names nobody else uses, dropped at the end.
pub struct TestDatabases {
    server: Option<Server>,
}

struct Server {
    url: String,
    prefix: String,
}

impl Server {
    fn of_folder(folder: &Path) -> Option<Self> {
        let url = std::env::var(SERVER).ok().filter(|url| !url.is_empty())?;
        // In hexadecimal, since a database's name may not be any file's name.
        let name = folder.file_name()?.as_encoded_bytes();
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { url, prefix: format!("t_{name}_") })
    }

    fn template(&self) -> String {
        format!("{}/{}{{service}}", self.url, self.prefix)
    }
}

impl TestDatabases {
    /// On the server of the run, else in files; those of one folder are always the same.
    ///
    /// The folder's name must be nobody else's, as a temporary one's is.
    pub fn of_folder(folder: &Path) -> Self {
        Self { server: Server::of_folder(folder) }
    }

    /// What `database.url` of the folder's databases is, while somebody else holds them.
    pub fn url_of(folder: &Path) -> Option<String> {
        Server::of_folder(folder).map(|server| server.template())
    }

    /// The places of the folder's databases, while somebody else holds them or nobody drops them.
    pub fn locations_of(folder: &Path) -> Databases {
        let databases = std::mem::ManuallyDrop::new(Self::of_folder(folder));
        databases.locations(folder)
    }

    /// In files, whatever the run was given.
    pub const fn of_files() -> Self {
        Self { server: None }
    }

    /// Every value of every row, where they are on a server.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        match &self.server {
            Some(Server { url, prefix }) => {
                prosopa_store::testing::dump_databases(url, prefix).await.unwrap()
            }
            None => Vec::new(),
        }
    }

    /// The places of all databases; files lie in `folder`.
    pub fn locations(&self, folder: &Path) -> Databases {
        let Some(server) = &self.server else { return Databases::in_folder(folder) };
        let url = server.template();
        // Few connections each: a run has many tests, and the server one limit for all.
        let config =
            DatabaseConfig { url: Some(url.into()), connections_max: 4, ..DatabaseConfig::default() };
        Databases::configured(&config, folder).unwrap()
    }
}

/// Each database takes megabytes; a run makes hundreds.
impl Drop for TestDatabases {
    fn drop(&mut self) {
        let Some(Server { url, prefix }) = self.server.take() else { return };
        // A runtime of its own: the test's may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(prosopa_store::testing::drop_databases(&url, &prefix))
        });
        if !std::thread::panicking() {
            dropping.join().unwrap().unwrap();
        }
    }
}
