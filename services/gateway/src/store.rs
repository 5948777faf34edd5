//! What the gateway keeps: every SQL statement of this service.

pub(crate) mod assignments;
pub(crate) mod changes;
pub(crate) mod ledger;
pub(crate) mod plans;

use prosopa_store::Migration;

/// The schema, oldest first.
pub const MIGRATIONS: &[Migration] = prosopa_store::migrations!("0001_quota_usage", "0002_quota_plans");
