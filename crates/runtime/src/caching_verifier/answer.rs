//! What a verifier said, and when it was asked.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use prosopa_contract::verifier::Verified;
use prosopa_model::Credential;

/// Longest time that an answer is kept.
pub(super) const ANSWER_LIFE: Duration = Duration::from_secs(30);

/// A genuine credential.
pub(super) struct Answer {
    pub(super) verified: Verified,
    pub(super) beginning: Beginning,
}

/// What was known when an answer was asked for, and when that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beginning {
    /// How much had been heard of changes.
    pub(super) generation: u64,
    pub(super) at: Instant,
}

impl Answer {
    /// Whose changes end it: the user's and the credential's.
    pub(super) const fn subjects(&self) -> [Uuid; 2] {
        let principal = &self.verified.principal;
        let credential_id = match principal.credential {
            Credential::Session(id) => id.uuid(),
            Credential::ApiKey(id) => id.uuid(),
            Credential::Client(id) => id.uuid(),
        };
        [principal.user_id.uuid(), credential_id]
    }

    /// Whether it may still be kept.
    pub(super) fn is_young(&self, now: Instant) -> bool {
        self.beginning.at + ANSWER_LIFE > now
    }
}
