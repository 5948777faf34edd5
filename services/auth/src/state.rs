//! What handlers and background work may touch.

use std::{ops::Deref, sync::Arc};

use prosopa_contract::mailer::Mailer;
use prosopa_events::Outbox;
use prosopa_jobs::Jobs;
use prosopa_model::Clock;
use prosopa_vault::Keyring;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config, hash_key::HashKey, key_use::KeyUse, metrics::Metrics, oidc_provider::Providers,
    passwords::PasswordHasher, signing_keys::SigningKeys, store::Store, throttle::Throttle,
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
    pub(crate) login_throttle: Throttle,
    pub(crate) network_throttle: Throttle,
    /// How often somebody in a network may ask for a token for a new password.
    pub(crate) reset_throttle: Throttle,
    /// How often somebody in a network may report texts that leaked.
    pub(crate) leak_throttle: Throttle,
    /// How often somebody in a network may sign a client up.
    pub(crate) sign_up_throttle: Throttle,
    /// Nobody where no mail can be sent.
    pub(crate) mailer: Option<Arc<dyn Mailer>>,
    /// Who people may sign in with.
    pub(crate) providers: Providers,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) key_use: KeyUse,
    pub(crate) jobs: Jobs,
    pub(crate) outbox: Outbox,
    pub(crate) keyring: Keyring,
    pub(crate) hash_key: HashKey,
    pub(crate) metrics: Metrics,
    /// One permit for each open WebSocket.
    pub(crate) sockets: Arc<Semaphore>,
    /// The end of the process.
    pub(crate) shutdown: CancellationToken,
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
