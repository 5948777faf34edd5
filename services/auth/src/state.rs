//! What handlers and background work may touch.

use std::{ops::Deref, sync::Arc};

use prosopa_events::Outbox;
use prosopa_jobs::Jobs;
use prosopa_model::Clock;
use prosopa_vault::Keyring;

use crate::{
    config::Config, hash_key::HashKey, key_use::KeyUse, login_throttle::LoginThrottle, metrics::Metrics,
    passwords::PasswordHasher, signing_keys::SigningKeys, store::Store,
};

/// Handles to the service's parts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State {
    parts: Arc<Parts>,
}

/// The parts themselves.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) passwords: PasswordHasher,
    pub(crate) login_throttle: LoginThrottle,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) key_use: KeyUse,
    pub(crate) jobs: Jobs,
    pub(crate) outbox: Outbox,
    pub(crate) keyring: Keyring,
    pub(crate) hash_key: HashKey,
    pub(crate) metrics: Metrics,
}

impl State {
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }
}

impl Deref for State {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}
