//! Tokens that were made already. To make one costs as much as all the rest of passing a request on.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::HeaderValue;

use prosopa_model::{Credential, Principal, Timestamp};

/// Longest time for which a token is used again: half of its life, so that whoever gets it has the other half.
const REUSE_MAX: Duration = Duration::from_secs(30);

/// Most tokens that are kept, each of about a kilobyte.
const TOKENS_MAX: usize = 8_192;

/// Tokens for one service, all made since one moment.
#[derive(Default)]
pub(super) struct SignedTokens(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    since: Option<Timestamp>,
    /// Each with the principal it names: that of a credential may change, for example when a scope is taken away.
    by_credential: HashMap<Credential, (Principal, HeaderValue)>,
}

impl SignedTokens {
    /// The token for just this principal, if one was made lately.
    pub(super) fn find(&self, principal: &Principal, now: Timestamp) -> Option<HeaderValue> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.is_fresh(now) {
            return None;
        }
        let (named, token) = kept.by_credential.get(&principal.credential)?;
        (named == principal).then(|| token.clone())
    }

    /// Keeps a token that was made `now`; forgets all others once the oldest of them is too old or there are too many.
    pub(super) fn keep(&self, principal: Principal, token: HeaderValue, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.is_fresh(now) || kept.by_credential.len() >= TOKENS_MAX {
            *kept = Kept { since: Some(now), by_credential: HashMap::new() };
        }
        kept.by_credential.insert(principal.credential, (principal, token));
    }
}

impl Kept {
    /// What was made in the future was made before the clock was set back.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| since <= now && now.since(since) < REUSE_MAX)
    }
}
