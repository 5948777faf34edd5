//! Which nonces were used, as all gateways know it together: in Redis where there is one, else in the database.
//!
//! While Redis is lost, or for signatures that are older than what it remembers, nobody can tell whether a nonce is new.
//! What changes something is then refused; what only reads goes on with the database.

use std::{sync::Arc, time::Duration};

use http::Method;

use prosopa_http::signatures::CheckedTerms;
use prosopa_model::Clock;
use prosopa_store::{Redis, RedisLost};

use super::{NonceError, Nonces};

/// How much longer nonces are kept in Redis than they must be: the clocks of two gateways differ.
const KEEP_LONGER: Duration = Duration::from_secs(60);

/// Notes nonces. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SharedNonces {
    here: Nonces,
    redis: Option<Redis>,
    clock: Arc<dyn Clock>,
}

impl SharedNonces {
    /// In Redis, else in the database.
    pub(crate) fn new(here: Nonces, redis: Option<Redis>, clock: Arc<dyn Clock>) -> Self {
        Self { here, redis, clock }
    }

    /// Notes the nonce of an access key for a request of this method. True if it is new.
    pub(crate) async fn note(
        &self,
        access_key: &str,
        terms: &CheckedTerms,
        method: &Method,
    ) -> Result<bool, NonceError> {
        if let Some(redis) = &self.redis {
            if let Ok(is_new) = self.claim(redis, access_key, terms).await {
                return Ok(is_new);
            }
            if ![Method::GET, Method::HEAD].contains(method) {
                return Err(NonceError::RedisLost);
            }
        }
        self.here.note(access_key, terms.nonce.clone(), terms.remember_until).await
    }

    async fn claim(&self, redis: &Redis, access_key: &str, terms: &CheckedTerms) -> Result<bool, RedisLost> {
        // What was used before may be forgotten, as may come to light with the answer.
        let may_be_forgotten = || redis.memory_begins().is_none_or(|begin| terms.created < begin);
        if may_be_forgotten() {
            return Err(RedisLost);
        }
        let key = redis.key_of_random("nonce", &[access_key.as_bytes(), terms.nonce.as_bytes()]);
        let is_new = redis.claim(&key, terms.remember_until.since(self.clock.now()) + KEEP_LONGER).await?;
        if may_be_forgotten() { Err(RedisLost) } else { Ok(is_new) }
    }
}
