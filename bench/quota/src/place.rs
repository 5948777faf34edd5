//! Where databases are made for a measurement, and how long one lasts.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use prosopa_runtime::{DatabaseConfig, Databases};
use tempfile::TempDir;

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A backend.
pub(crate) struct Place {
    /// For the table.
    pub(crate) name: &'static str,
    server: Option<String>,
}

impl Place {
    /// SQLite, and PostgreSQL if there is a server.
    pub(crate) fn all() -> Vec<Self> {
        let mut places = vec![Self { name: "SQLite, synchronous=FULL", server: None }];
        if let Ok(server) = std::env::var("PROSOPA_TEST_POSTGRES") {
            places.push(Self { name: "PostgreSQL, durable", server: Some(server) });
        }
        places
    }

    /// A folder, and databases that nobody has used yet.
    pub(crate) fn databases(&self) -> (TempDir, Databases) {
        let folder = tempfile::tempdir().unwrap();
        let Some(server) = &self.server else {
            let databases = Databases::in_folder(folder.path());
            return (folder, databases);
        };
        let name = format!("{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let url = Some(format!("{server}/bench_{name}_{{service}}").into());
        let config = DatabaseConfig { url, connections_max: 16, ..DatabaseConfig::default() };
        let databases = Databases::configured(&config, folder.path()).unwrap();
        (folder, databases)
    }
}

/// Length of a measurement.
pub(crate) fn length() -> Duration {
    let seconds = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(2))
}
