//! A verifier that keeps what another one said for a short while, for gateways that would have to ask over the network.
//!
//! An answer is kept for 30 seconds at most, not beyond the end of its credential, and is used only while changes were
//! asked for less than 750 milliseconds ago: what has ended anywhere is refused within a second. Without such news every
//! request is asked for. Credentials are known by their SHA-256 only, and refusals are not kept.

mod answer;
mod answers;
mod client_keys;
mod flights;
mod news;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use prosopa_contract::{
    client_keys::ClientKeys,
    credential_changes::{CredentialChanges, Subjects},
    verifier::{CookieError, PresentedCookie, Verified, Verifier, VerifyError},
};
use prosopa_model::{Clock, Principal};
use prosopa_telemetry::{IntCounterVec, Metrics, MetricsError};

pub use self::client_keys::CachingClientKeys;
use self::{
    answer::{Answer, Beginning},
    answers::{Answers, Digest},
    flights::{Flights, Seat},
    news::{NEWS_LIFE, News},
};
use crate::{Task, TaskKind};

/// How often changes are asked for.
const ASK_PERIOD: Duration = Duration::from_millis(200);

/// Answers that are kept at the same time, about 50 MB of them.
const ANSWERS_MAX: usize = 100_000;

/// Asks a verifier and keeps its answers. Cheap to clone.
#[derive(Clone)]
pub struct CachingVerifier {
    parts: Arc<Parts>,
}

struct Parts {
    verifier: Arc<dyn Verifier>,
    changes: Arc<dyn CredentialChanges>,
    clock: Arc<dyn Clock>,
    news: Arc<News>,
    answers: Answers<Verified>,
    flights: Flights,
    verifications: IntCounterVec,
}

impl CachingVerifier {
    /// Keeps what `verifier` says, as far as `changes` speaks of it. Nothing is kept until [`CachingVerifier::follower`] runs.
    ///
    /// # Errors
    /// The metric is declared already.
    pub fn new(
        verifier: Arc<dyn Verifier>,
        changes: Arc<dyn CredentialChanges>,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Self, MetricsError> {
        let verifications = metrics.counters(
            "prosopa_cached_verifications_total",
            "Verifications of credentials, by whether the answer was kept, shared with another caller, asked for, or \
             asked for since changes are not heard of",
            &["outcome"],
        )?;
        let (news, answers, flights) =
            (Arc::<News>::default(), Answers::new(ANSWERS_MAX), Flights::default());
        let parts = Parts { verifier, changes, clock, news, answers, flights, verifications };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The work that hears of changes.
    pub fn follower(&self) -> Task {
        let verifier = self.clone();
        Task::new("credential-changes", TaskKind::Restart, move |stop| {
            let verifier = verifier.clone();
            async move {
                verifier.follow(stop).await;
                Ok(())
            }
        })
    }

    /// Keeps the keys that `keys` tells, as far as this verifier hears of what changes.
    pub fn with_client_keys(&self, keys: Arc<dyn ClientKeys>) -> CachingClientKeys {
        let Parts { news, clock, verifications, .. } = &*self.parts;
        CachingClientKeys::new(keys, Arc::clone(news), Arc::clone(clock), verifications.clone())
    }

    /// Hears of changes until `stop`.
    pub async fn follow(&self, stop: CancellationToken) {
        let (mut position, mut is_lost) = (None, false);
        while !stop.is_cancelled() {
            let asked_at = Instant::now();
            let answer = tokio::select! {
                () = stop.cancelled() => return,
                answer = timeout(NEWS_LIFE, self.parts.changes.changes_since(position)) => answer,
            };
            match answer {
                Ok(Ok(changes)) => {
                    position = Some(changes.position);
                    self.parts.take_news(&changes.subjects, asked_at);
                    if std::mem::take(&mut is_lost) {
                        tracing::info!("changes of credentials are heard of again");
                    }
                }
                failed if !is_lost => {
                    is_lost = true;
                    let error = match failed {
                        Ok(Err(error)) => error.to_string(),
                        _ => "no answer in time".to_owned(),
                    };
                    tracing::warn!(
                        error,
                        "changes of credentials are not heard of; every request is asked for"
                    );
                }
                _ => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep_until(asked_at + ASK_PERIOD) => {}
            }
        }
    }

    /// Asks, since nothing is known.
    async fn ask_alone(&self, shown: Shown) -> Result<Verified, VerifyError> {
        shown.examine(&*self.parts.verifier).await
    }

    async fn examine_shown(&self, shown: Shown) -> Result<Verified, VerifyError> {
        let parts = &self.parts;
        let Some(beginning) = parts.news.begin() else {
            parts.count("unwatched");
            return self.ask_alone(shown).await;
        };
        let digest = shown.digest();
        if let Some(answer) = parts.find(&digest) {
            parts.count("kept");
            return Ok(answer.said.clone());
        }
        let ask = || Arc::clone(parts).ask(digest, shown.clone(), beginning);
        let (asked, seat) = parts.flights.join(digest, beginning.at, ask);
        let answer = asked.await;
        match (seat, answer) {
            (Seat::Pilot, answer) => {
                parts.count("asked");
                answer.map(|answer| answer.said.clone())
            }
            (Seat::Passenger, Err(error)) => Err(error),
            (Seat::Passenger, Ok(answer)) if parts.news.holds(&answer) => {
                parts.count("shared");
                Ok(answer.said.clone())
            }
            // It was asked before this caller came, and has changed since.
            (Seat::Passenger, Ok(_)) => {
                parts.count("asked");
                self.ask_alone(shown).await
            }
        }
    }
}

/// What a caller is known by.
#[derive(Clone)]
enum Shown {
    /// An access token or an API key.
    Credential(SecretString),
    /// A certificate, by its SHA-256.
    Certificate([u8; 32]),
}

impl Shown {
    async fn examine(self, verifier: &dyn Verifier) -> Result<Verified, VerifyError> {
        match self {
            Self::Credential(credential) => verifier.examine(credential).await,
            Self::Certificate(fingerprint) => verifier.examine_certificate(fingerprint).await,
        }
    }

    /// No certificate's is that of a text: there is more before it.
    fn digest(&self) -> Digest {
        match self {
            Self::Credential(credential) => digest_of(credential.expose_secret().as_bytes()),
            Self::Certificate(fingerprint) => digest_of(&[b"\0certificate", &fingerprint[..]].concat()),
        }
    }
}

#[async_trait]
impl Verifier for CachingVerifier {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        Ok(self.examine(credential).await?.principal)
    }

    /// Asks every time: the answer depends on what the request wants to do.
    async fn verify_cookie(&self, cookie: PresentedCookie) -> Result<Principal, CookieError> {
        self.parts.verifier.verify_cookie(cookie).await
    }

    /// Asks every time: it is asked in order to hear of an end that kept answers know nothing of.
    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError> {
        self.parts.verifier.still_holds(principal).await
    }

    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        self.examine_shown(Shown::Credential(credential)).await
    }

    async fn examine_certificate(&self, fingerprint: [u8; 32]) -> Result<Verified, VerifyError> {
        self.examine_shown(Shown::Certificate(fingerprint)).await
    }
}

impl Parts {
    /// A kept answer that still holds.
    fn find(&self, digest: &Digest) -> Option<Arc<Answer<Verified>>> {
        let answer = self.answers.get(digest)?;
        (answer.is_valid(self.clock.now()) && self.news.holds(&answer)).then_some(answer)
    }

    async fn ask(
        self: Arc<Self>,
        digest: Digest,
        shown: Shown,
        beginning: Beginning,
    ) -> Result<Arc<Answer<Verified>>, VerifyError> {
        let said = shown.examine(&*self.verifier).await?;
        let answer = Arc::new(Answer { said, beginning });
        if answer.is_valid(self.clock.now()) && self.news.holds(&answer) {
            self.answers.insert(digest, Arc::clone(&answer));
        }
        Ok(answer)
    }

    fn take_news(&self, subjects: &Subjects, asked_at: Instant) {
        if self.news.take(subjects, asked_at).is_everything() {
            self.answers.clear();
        }
    }

    fn count(&self, outcome: &str) {
        self.verifications.with_label_values(&[outcome]).inc();
    }
}

fn digest_of(text: &[u8]) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest(&SHA256, text).as_ref());
    bytes
}
