//! What the gateway keeps: every SQL statement of this service.

pub(crate) mod assignments;
pub(crate) mod changes;
pub(crate) mod ledger;
pub(crate) mod nonces;
pub(crate) mod plans;
pub(crate) mod usage;

use prosopa_store::{Migration, migration};

/// The schema, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    migration!("0001_quota_usage"),
    migration!("0002_quota_plans"),
    migration!("0003_nonces"),
    prosopa_events::MIGRATION,
    prosopa_events::REPLAY_MIGRATION,
    migration!("0004_usage"),
    prosopa_events::RELAY_MIGRATION,
];
