//! What handlers may touch.

use std::sync::Arc;

use axum::extract::FromRef;

use prosopa_contract::{accounts::Accounts, engine::Engine};
use prosopa_events::Outbox;
use prosopa_jobs::Jobs;
use prosopa_model::Clock;
use prosopa_store::Database;
use prosopa_vault::{BlobStore, Keyring, Vault};

use crate::{budget::ByteBudget, config::Config, fetching::Fetcher, metrics::Metrics, models::Models};

/// Shared by all requests.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    pub(crate) database: Database,
    pub(crate) blobs: BlobStore,
    pub(crate) budget: ByteBudget,
    pub(crate) jobs: Jobs,
    pub(crate) outbox: Outbox,
    /// For what was sealed before there were subjects.
    pub(crate) keyring: Keyring,
    pub(crate) vault: Vault,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fetcher: Fetcher,
    pub(crate) metrics: Metrics,
    pub(crate) models: Models,
}

impl FromRef<State> for Jobs {
    fn from_ref(state: &State) -> Self {
        state.jobs.clone()
    }
}
