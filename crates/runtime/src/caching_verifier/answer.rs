//! What was said of a credential or a key, and when it was asked.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use prosopa_contract::{client_keys::ClientKey, verifier::Verified};
use prosopa_model::{Credential, Principal, Timestamp};

/// Longest time that an answer is kept.
pub(super) const ANSWER_LIFE: Duration = Duration::from_secs(30);

/// What may be kept: for whom it speaks, and how long.
pub(super) trait Saying {
    fn principal(&self) -> &Principal;
    /// None: it is good for one request.
    fn valid_until(&self) -> Option<Timestamp>;
}

impl Saying for Verified {
    fn principal(&self) -> &Principal {
        &self.principal
    }

    fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }
}

impl Saying for ClientKey {
    fn principal(&self) -> &Principal {
        &self.principal
    }

    fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }
}

/// What was said.
pub(super) struct Answer<T> {
    pub(super) said: T,
    pub(super) beginning: Beginning,
}

/// What was known when an answer was asked for, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// How much had been heard of changes.
    pub(super) generation: u64,
    pub(super) at: Instant,
}

impl<T: Saying> Answer<T> {
    /// Whose changes end it: the user's and the credential's.
    pub(super) fn subjects(&self) -> [Uuid; 2] {
        let principal = self.said.principal();
        let credential_id = match principal.credential {
            Credential::Session(id) => id.uuid(),
            Credential::ApiKey(id) => id.uuid(),
            Credential::Client(id) => id.uuid(),
        };
        [principal.user_id.uuid(), credential_id]
    }

    /// Whether it may be kept at all, and its end is not there yet.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        self.said.valid_until().is_some_and(|end| end > now)
    }

    /// Whether it may still be kept.
    pub(super) fn is_young(&self, now: Instant) -> bool {
        self.beginning.at + ANSWER_LIFE > now
    }
}
