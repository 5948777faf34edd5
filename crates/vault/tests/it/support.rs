//! A vault of a test's own, and more processes over the same files.

use std::{path::PathBuf, sync::Arc};

use prosopa_model::{AccountId, SubjectId};
use prosopa_store::{Database, affected, on_db, query, query_as, row};
use prosopa_testkit::{ManualClock, TestHome};
use prosopa_vault::{BlobStore, Keyring, MIGRATIONS, Vault};

/// Whose blobs are tested.
const SERVICE: &str = "vault";

row! {
    /// A row of a subject, as it may lie in a backup.
    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Row {
        pub(crate) id: SubjectId,
        pub(crate) account_id: AccountId,
        pub(crate) reference_hash: Option<Vec<u8>>,
        pub(crate) wrapped_key: Vec<u8>,
        pub(crate) kid: String,
        pub(crate) created_at: i64,
    }
}

/// One process.
pub(crate) struct Process {
    pub(crate) keyring: Keyring,
    pub(crate) database: Database,
    pub(crate) blobs: BlobStore,
    pub(crate) vault: Vault,
}

/// What processes share.
pub(crate) struct World {
    pub(crate) home: TestHome,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { home: TestHome::new(), clock: Arc::new(ManualClock::at("2026-01-31T12:00:00Z")) }
    }

    pub(crate) fn keyring_path(&self) -> PathBuf {
        self.home.path().join("keyring.json")
    }

    pub(crate) async fn start(&self) -> Process {
        let keyring = Keyring::open_or_create(&self.keyring_path()).unwrap();
        self.start_with(keyring).await
    }

    pub(crate) async fn start_with(&self, keyring: Keyring) -> Process {
        let database = Database::open(&self.home.options("keys"), MIGRATIONS).await.unwrap();
        let blobs = self.home.blobs().store(SERVICE, keyring.clone());
        let clock = Arc::<ManualClock>::clone(&self.clock);
        let vault = Vault::build(database.clone(), keyring.clone(), blobs.clone(), clock).await.unwrap();
        Process { keyring, database, blobs, vault }
    }

    /// The blob of this name as it is kept; none where there is none.
    pub(crate) async fn read_blob(&self, name: &str) -> Option<Vec<u8>> {
        self.home.blobs().read(SERVICE, name).await
    }

    /// Keeps other bytes under this name, as somebody does who found the place.
    pub(crate) async fn write_blob(&self, name: &str, bytes: &[u8]) {
        self.home.blobs().write(SERVICE, name, bytes).await;
    }
}

impl Process {
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let mut connection = self.database.read().await.unwrap();
        let sql =
            "SELECT id, account_id, reference_hash, wrapped_key, kid, created_at FROM subjects ORDER BY id";
        on_db!(connection, c => query_as(sql).fetch_all(c).await).unwrap()
    }

    /// Puts a row there as a restored backup would.
    pub(crate) async fn restore(&self, row: &Row) {
        let sql = "INSERT INTO subjects (id, account_id, reference_hash, wrapped_key, kid, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)";
        let mut tx = self.database.begin().await.unwrap();
        on_db!(tx, c => {
            query(sql)
                .bind(row.id.uuid())
                .bind(row.account_id.uuid())
                .bind(row.reference_hash.clone())
                .bind(&row.wrapped_key)
                .bind(&row.kid)
                .bind(row.created_at)
                .execute(c)
                .await
                .map(affected)
        })
        .unwrap();
        tx.commit().await.unwrap();
    }

    /// Writes other bytes over a subject's key.
    pub(crate) async fn overwrite_key(&self, id: SubjectId, wrapped_key: &[u8]) {
        let mut tx = self.database.begin().await.unwrap();
        let sql = "UPDATE subjects SET wrapped_key = $2 WHERE id = $1";
        on_db!(tx, c => query(sql).bind(id.uuid()).bind(wrapped_key).execute(c).await.map(affected)).unwrap();
        tx.commit().await.unwrap();
    }
}
