//! A platform of a test's own.

use std::{path::Path, sync::Arc};

use tempfile::TempDir;

use prosopa_model::{AccountId, Clock, Credential, Principal, Role, Scopes, SessionId, UserId};
use prosopa_runtime::Platform;
use prosopa_store::Options;
use prosopa_vault::Keyring;

use crate::{ManualClock, TestDatabases, contains_anywhere};

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
}

impl TestHome {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "making a folder is not a default")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { databases: TestDatabases::of_folder(folder.path()), folder }
    }

    /// An empty one with databases in files, whatever the run was given: for tests about those files.
    pub fn of_files() -> Self {
        Self {
            databases: TestDatabases::of_files(),
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Whether these bytes lie open in any file here, or in any row of a database on a server.
    pub async fn holds_anywhere(&self, needle: &[u8]) -> bool {
        let rows = self.databases.dump().await;
        let is_in_rows = rows.windows(needle.len()).any(|window| window == needle);
        is_in_rows || contains_anywhere(self.path(), needle)
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
        platform.with_databases(self.databases.locations(self.path()))
    }
}

impl TestPlatform {
    /// An empty platform; its clock stands at noon of 2026-01-31, UTC.
    #[expect(clippy::new_without_default, reason = "making a folder is not a default")]
    pub fn new() -> Self {
        let home = TestHome::new();
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
