//! What the gateway keeps: every SQL statement of this service.

pub(crate) mod ledger;

use prosopa_store::Migration;

/// The schema, oldest first.
pub const MIGRATIONS: &[Migration] = prosopa_store::migrations!("0001_quota_usage");
