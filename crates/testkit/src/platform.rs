//! A platform of a test's own.

use std::{path::Path, sync::Arc};

use tempfile::TempDir;

use prosopa_model::{AccountId, Clock, Credential, Principal, Role, Scopes, SessionId, UserId};
use prosopa_runtime::Platform;
use prosopa_store::Options;
use prosopa_vault::{Keyring, S3Config};

use crate::{ManualClock, TestBlobs, TestDatabases, contains_anywhere};

/// A platform on a folder that is removed at the end.
pub struct TestPlatform {
    /// The platform.
    pub platform: Platform,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its folder and databases.
    pub home: TestHome,
}

/// What a product keeps, for as long as a test lives: a folder and databases.
pub struct TestHome {
    folder: TempDir,
    databases: TestDatabases,
    blobs: TestBlobs,
}

impl TestHome {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "making a folder is not a default")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (databases, blobs) =
            (TestDatabases::of_folder(folder.path()), TestBlobs::of_folder(folder.path()));
        Self { folder, databases, blobs }
    }

    /// An empty one with databases and blobs in files, whatever the run was given: for tests about those files.
    pub fn of_files() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { databases: TestDatabases::of_files(), blobs: TestBlobs::of_files(folder.path()), folder }
    }

    /// An empty one with its blobs in this bucket, whatever the run was given.
    pub fn in_bucket(config: S3Config) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let blobs = TestBlobs::in_bucket(folder.path(), config);
        Self { databases: TestDatabases::of_folder(folder.path()), blobs, folder }
    }

    /// Its blobs, sealed as they are.
    pub const fn blobs(&self) -> &TestBlobs {
        &self.blobs
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Whether these bytes lie open in any file here, in any row of a database on a server, or in any object of a bucket.
    pub async fn holds_anywhere(&self, needle: &[u8]) -> bool {
        let elsewhere = [self.databases.dump().await, self.blobs.dump().await];
        let is_in = |bytes: &Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
        elsewhere.iter().any(is_in) || contains_anywhere(self.path(), needle)
    }

    /// Where the database `name` lies.
    pub fn options(&self, name: &str) -> Options {
        self.databases.locations(self.path()).options(name).unwrap()
    }

    /// The URL of the database `name`; none where it is a file.
    pub fn server_url(&self, name: &str) -> Option<String> {
        TestDatabases::url_of(self.path()).map(|url| url.replace("{service}", name))
    }

    /// A platform of a process that works here; there may be several, also at the same time.
    pub fn platform(&self, clock: Arc<dyn Clock>) -> Platform {
        let keyring = Keyring::open_or_create(&self.path().join("keyring.json")).expect("a keyring");
        let platform = Platform::new(self.path(), keyring, clock);
        self.blobs.give(platform.with_databases(self.databases.locations(self.path())))
    }
}

impl TestPlatform {
    /// An empty platform; its clock stands at noon of 2026-01-31, UTC.
    #[expect(clippy::new_without_default, reason = "making a folder is not a default")]
    pub fn new() -> Self {
        Self::of(TestHome::new())
    }

    /// Like [`Self::new`], in a home of its own.
    pub fn of(home: TestHome) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        let platform = home.platform(Arc::<ManualClock>::clone(&clock));
        Self { platform, clock, home }
    }
}

/// A signed-in user of this account.
pub fn principal_of(account_id: AccountId) -> Principal {
    Principal {
        account_id,
        user_id: UserId::new(),
        role: Role::User,
        scopes: Scopes::all(),
        credential: Credential::Session(SessionId::new()),
        requests_per_day_max: None,
        plan: None,
        quota: None,
    }
}
