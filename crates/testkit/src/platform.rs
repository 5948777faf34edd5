//! A platform of a test's own.

use std::sync::Arc;

use tempfile::TempDir;

use prosopa_model::{AccountId, Credential, Principal, Role, Scopes, SessionId, UserId};
use prosopa_runtime::Platform;
use prosopa_vault::Keyring;

use crate::ManualClock;

/// A platform on a folder that is removed at the end.
pub struct TestPlatform {
    /// The platform.
    pub platform: Platform,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its folder.
    pub folder: TempDir,
}

impl TestPlatform {
    /// An empty platform; its clock stands at noon of 2026-01-31, UTC.
    #[expect(clippy::new_without_default, reason = "making a folder is not a default")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        let keyring = Keyring::open_or_create(&folder.path().join("keyring.json")).expect("a keyring");
        let platform = Platform::new(folder.path(), keyring, Arc::<ManualClock>::clone(&clock));
        Self { platform, clock, folder }
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
        quota: None,
    }
}
