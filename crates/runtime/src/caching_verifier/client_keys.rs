//! The keys that API clients sign with, kept as answers about credentials are.

use std::sync::Arc;

use async_trait::async_trait;

use prosopa_contract::client_keys::{ClientKey, ClientKeys, ClientKeysError};
use prosopa_model::Clock;
use prosopa_telemetry::IntCounterVec;

use super::{answer::Answer, answers::Answers, digest_of, news::News};

/// Keys that are kept at the same time.
const KEYS_MAX: usize = 20_000;

/// Asks for keys and keeps what it was told, for as long as a [`CachingVerifier`](super::CachingVerifier) hears of changes.
///
/// Unknown keys are asked for every time. A kept secret is wiped from memory when it is let go of.
pub struct CachingClientKeys {
    keys: Arc<dyn ClientKeys>,
    news: Arc<News>,
    clock: Arc<dyn Clock>,
    answers: Answers<ClientKey>,
    verifications: IntCounterVec,
}

impl CachingClientKeys {
    pub(super) fn new(
        keys: Arc<dyn ClientKeys>,
        news: Arc<News>,
        clock: Arc<dyn Clock>,
        verifications: IntCounterVec,
    ) -> Self {
        Self { keys, news, clock, answers: Answers::new(KEYS_MAX), verifications }
    }

    fn count(&self, outcome: &str) {
        self.verifications.with_label_values(&[outcome]).inc();
    }
}

#[async_trait]
impl ClientKeys for CachingClientKeys {
    async fn find(&self, access_key: &str) -> Result<Option<ClientKey>, ClientKeysError> {
        let Some(beginning) = self.news.begin() else {
            self.count("unwatched");
            return self.keys.find(access_key).await;
        };
        let digest = digest_of(access_key.as_bytes());
        let kept = self.answers.get(&digest);
        let kept = kept.filter(|answer| answer.is_valid(self.clock.now()) && self.news.holds(answer));
        if let Some(answer) = kept {
            self.count("kept");
            return Ok(Some(answer.said.clone()));
        }
        self.count("asked");
        let Some(said) = self.keys.find(access_key).await? else { return Ok(None) };
        let answer = Arc::new(Answer { said, beginning });
        if answer.is_valid(self.clock.now()) && self.news.holds(&answer) {
            self.answers.insert(digest, Arc::clone(&answer));
        }
        Ok(Some(answer.said.clone()))
    }

    async fn note_use(&self, access_key: &str) {
        self.keys.note_use(access_key).await;
    }
}
