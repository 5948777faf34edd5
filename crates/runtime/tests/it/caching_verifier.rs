//! A verifier that keeps answers, between a verifier and news of changes that a test decides about.

mod memory;
mod staleness;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use prosopa_contract::{
    credential_changes::{Changes, ChangesError, CredentialChanges, Subjects},
    verifier::{Verified, Verifier, VerifyError},
};
use prosopa_model::{AccountId, Clock, Credential, Principal, Timestamp, UserId};
use prosopa_runtime::CachingVerifier;
use prosopa_telemetry::Metrics;
use prosopa_testkit::{ManualClock, keep_log, principal_of, take_log};

/// The other end: who stands behind "user N", as of now.
struct Auth {
    users: Vec<Principal>,
    /// Counted up with each change of a user, and told as the quota.
    versions: Mutex<Vec<u64>>,
    /// What has changed, in order.
    changed: Mutex<Vec<Uuid>>,
    valid_until: Mutex<Option<Timestamp>>,
    refusal: Mutex<Option<VerifyError>>,
    /// How often it was asked.
    asked: AtomicU64,
    /// How often changes were asked for.
    watched: AtomicU64,
    /// Whether questions about changes are left unanswered.
    is_silent: AtomicBool,
    /// How long an answer about changes is under way, milliseconds.
    delay_ms: AtomicU64,
    /// A permit for each answer that may leave.
    may_answer: Semaphore,
}

impl Auth {
    fn new(users: usize) -> Arc<Self> {
        Arc::new(Self {
            users: (0..users).map(|_| principal_of(AccountId::new())).collect(),
            versions: Mutex::new(vec![0; users]),
            changed: Mutex::default(),
            valid_until: Mutex::new(Some(Timestamp::MAX)),
            refusal: Mutex::default(),
            asked: AtomicU64::new(0),
            watched: AtomicU64::new(0),
            is_silent: AtomicBool::new(false),
            delay_ms: AtomicU64::new(0),
            may_answer: Semaphore::new(Semaphore::MAX_PERMITS / 2),
        })
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    fn version(&self, user: usize) -> u64 {
        self.versions.lock().unwrap()[user]
    }

    /// Commits a change of a user; told by the id of the user, of the credential or of nothing in particular.
    fn change(&self, user: usize, by: impl FnOnce(&Principal) -> Uuid) {
        self.versions.lock().unwrap()[user] += 1;
        self.changed.lock().unwrap().push(by(&self.users[user]));
    }

    /// From now on answers are held back, until [`Self::release`].
    fn hold(&self) {
        self.may_answer.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn release(&self, answers: usize) {
        self.may_answer.add_permits(answers);
    }
}

#[async_trait]
impl Verifier for Auth {
    async fn verify(&self, credential: SecretString) -> Result<Principal, VerifyError> {
        Ok(self.examine(credential).await?.principal)
    }

    /// The first byte is the number of the user.
    async fn examine_certificate(&self, fingerprint: [u8; 32]) -> Result<Verified, VerifyError> {
        self.examine(credential(usize::from(fingerprint[0]))).await
    }

    async fn examine(&self, credential: SecretString) -> Result<Verified, VerifyError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let user = credential.expose_secret().strip_prefix("user ").and_then(|number| number.parse().ok());
        let user: usize = user.ok_or(VerifyError::Invalid)?;
        let principal =
            Principal { requests_per_day_max: Some(self.version(user)), ..self.users[user].clone() };
        let refusal = self.refusal.lock().unwrap().clone();
        let valid_until = *self.valid_until.lock().unwrap();
        // What was read is on its way.
        self.may_answer.acquire().await.unwrap().forget();
        refusal.map_or(Ok(Verified { principal, valid_until }), Err)
    }

    async fn still_holds(&self, principal: &Principal) -> Result<bool, VerifyError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.users.iter().any(|user| user.user_id == principal.user_id))
    }
}

#[async_trait]
impl CredentialChanges for Auth {
    async fn changes_since(&self, position: Option<i64>) -> Result<Changes, ChangesError> {
        self.watched.fetch_add(1, Ordering::SeqCst);
        if self.is_silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let changes = {
            let changed = self.changed.lock().unwrap();
            let known = position.map(|position| usize::try_from(position).unwrap());
            Changes {
                position: i64::try_from(changed.len()).unwrap(),
                subjects: known
                    .map_or(Subjects::Everything, |known| Subjects::Listed(changed[known..].to_vec())),
            }
        };
        tokio::time::sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst))).await;
        Ok(changes)
    }
}

/// A gateway in front of it.
struct Gateway {
    auth: Arc<Auth>,
    verifier: CachingVerifier,
    clock: Arc<ManualClock>,
    metrics: Metrics,
    _follower: DropGuard,
}

impl Gateway {
    /// One that has heard of changes.
    async fn start(auth: Arc<Auth>) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        let metrics = Metrics::new();
        let verifier = CachingVerifier::new(
            Arc::<Auth>::clone(&auth),
            Arc::<Auth>::clone(&auth),
            Arc::<ManualClock>::clone(&clock),
            &metrics,
        );
        let verifier = verifier.unwrap();
        let stop = CancellationToken::new();
        let (follower, stopped) = (verifier.clone(), stop.clone());
        tokio::spawn(async move { follower.follow(stopped).await });
        settle().await;
        Self { auth, verifier, clock, metrics, _follower: stop.drop_guard() }
    }

    async fn verify(&self, user: usize) -> Result<Principal, VerifyError> {
        self.verifier.verify(credential(user)).await
    }

    /// The version of a user as it is told.
    async fn version(&self, user: usize) -> u64 {
        self.verify(user).await.unwrap().requests_per_day_max.unwrap()
    }

    /// The same, asked by a task that waits for it.
    async fn spawn_version(&self, user: usize) -> JoinHandle<u64> {
        let verifier = self.verifier.clone();
        let asking = tokio::spawn(async move {
            verifier.verify(credential(user)).await.unwrap().requests_per_day_max.unwrap()
        });
        settle().await;
        asking
    }

    fn counted(&self, outcome: &str) -> u64 {
        let name = format!("prosopa_cached_verifications_total{{outcome=\"{outcome}\"}} ");
        let text = self.metrics.render();
        text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
    }
}

fn credential(user: usize) -> SecretString {
    SecretString::from(format!("user {user}"))
}

/// Lets every task go as far as it can without time passing.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn pass(ms: u64) {
    // In steps that are shorter than the times between two questions.
    for _ in 0..ms / 50 {
        tokio::time::advance(Duration::from_millis(50)).await;
        settle().await;
    }
    tokio::time::advance(Duration::from_millis(ms % 50)).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_and_told_again() {
    let gateway = Gateway::start(Auth::new(2)).await;
    for _ in 0..5 {
        assert_eq!(gateway.verify(0).await.unwrap().user_id, gateway.auth.users[0].user_id);
    }
    assert_eq!(gateway.verify(1).await.unwrap().user_id, gateway.auth.users[1].user_id);
    assert_eq!(gateway.auth.asked(), 2);
    assert_eq!((gateway.counted("asked"), gateway.counted("kept")), (2, 4));
}

/// F3, R6: what changes elsewhere holds here as soon as it is heard of, by user or by credential, and for nobody else.
#[tokio::test(start_paused = true)]
async fn a_change_ends_the_answers_that_it_is_about() {
    let gateway = Gateway::start(Auth::new(2)).await;
    assert_eq!((gateway.version(0).await, gateway.version(1).await), (0, 0));
    gateway.auth.change(0, |principal| principal.user_id.uuid());
    pass(200).await;
    assert_eq!((gateway.version(0).await, gateway.version(1).await), (1, 0));
    gateway.auth.change(0, |principal| match principal.credential {
        Credential::Session(id) => id.uuid(),
        _ => panic!("{principal:?}"),
    });
    pass(200).await;
    assert_eq!((gateway.version(0).await, gateway.version(1).await), (2, 0));
    gateway.auth.change(0, |_| UserId::new().uuid());
    pass(200).await;
    assert_eq!(gateway.version(0).await, 2, "the change was another's");
    assert_eq!(gateway.auth.asked(), 4);
}

/// An answer that was under way when a change was heard of is given to whoever had asked before, and never again.
#[tokio::test(start_paused = true)]
async fn an_answer_that_a_change_overtook_is_not_kept() {
    let gateway = Gateway::start(Auth::new(1)).await;
    gateway.auth.hold();
    let before = gateway.spawn_version(0).await;
    gateway.auth.change(0, |principal| principal.user_id.uuid());
    pass(200).await;
    let after = gateway.spawn_version(0).await;
    assert_eq!(gateway.auth.asked(), 1, "it waits for the answer that is under way");
    gateway.auth.release(1);
    assert_eq!(before.await.unwrap(), 0);
    settle().await;
    gateway.auth.release(1);
    assert_eq!(after.await.unwrap(), 1, "and asks again, for that one is too old for it");
    gateway.auth.release(10);
    assert_eq!(gateway.version(0).await, 1);
}

/// While changes are not heard of, every request is asked for; afterwards what was kept is good again, but for changes.
#[tokio::test(start_paused = true)]
async fn without_news_nothing_kept_is_used() {
    let gateway = Gateway::start(Auth::new(2)).await;
    assert_eq!((gateway.version(0).await, gateway.version(1).await), (0, 0));
    gateway.auth.is_silent.store(true, Ordering::SeqCst);
    pass(950).await;
    gateway.auth.change(0, |principal| principal.user_id.uuid());
    for _ in 0..3 {
        assert_eq!((gateway.version(0).await, gateway.version(1).await), (1, 0));
    }
    assert_eq!((gateway.auth.asked(), gateway.counted("unwatched")), (8, 6));
    gateway.auth.is_silent.store(false, Ordering::SeqCst);
    pass(1_000).await;
    assert_eq!((gateway.version(0).await, gateway.version(1).await), (1, 0));
    assert_eq!(gateway.auth.asked(), 9, "what did not change was still known");
}

/// News that take long to arrive are old: they must not make kept answers look good.
#[tokio::test(start_paused = true)]
async fn delayed_news_are_no_news() {
    let auth = Auth::new(1);
    auth.delay_ms.store(740, Ordering::SeqCst);
    let gateway = Gateway::start(Arc::clone(&auth)).await;
    pass(760).await;
    assert_eq!(gateway.version(0).await, 0);
    auth.delay_ms.store(5_000, Ordering::SeqCst);
    pass(800).await;
    let asked = auth.asked();
    assert_eq!(gateway.version(0).await, 0);
    assert_eq!(auth.asked(), asked + 1);
}

/// An answer is asked for anew when its credential ends, when it may not be kept, and after half a minute.
#[tokio::test(start_paused = true)]
async fn nothing_is_kept_beyond_its_time() {
    let gateway = Gateway::start(Auth::new(3)).await;
    let auth = &gateway.auth;
    *auth.valid_until.lock().unwrap() = Some(gateway.clock.now().after(Duration::from_secs(10)));
    gateway.version(0).await;
    gateway.clock.advance(Duration::from_micros(9_999_999));
    gateway.version(0).await;
    assert_eq!(auth.asked(), 1);
    gateway.clock.advance(Duration::from_micros(1));
    gateway.version(0).await;
    assert_eq!(auth.asked(), 2);
    *auth.valid_until.lock().unwrap() = None;
    gateway.version(1).await;
    gateway.version(1).await;
    assert_eq!(auth.asked(), 4);
    *auth.valid_until.lock().unwrap() = Some(Timestamp::MAX);
    gateway.version(2).await;
    pass(29_900).await;
    gateway.version(2).await;
    assert_eq!(auth.asked(), 5);
    pass(100).await;
    gateway.version(2).await;
    assert_eq!(auth.asked(), 6);
}

/// S7: a refusal is told as it is and not kept: who is let in again is let in at once.
#[tokio::test(start_paused = true)]
async fn refusals_are_not_kept() {
    let gateway = Gateway::start(Auth::new(1)).await;
    let refusals = [
        VerifyError::Invalid,
        VerifyError::Expired,
        VerifyError::Unavailable { detail: "no database".to_owned() },
    ];
    for refusal in refusals {
        *gateway.auth.refusal.lock().unwrap() = Some(refusal.clone());
        assert_eq!(gateway.verify(0).await, Err(refusal));
    }
    *gateway.auth.refusal.lock().unwrap() = None;
    assert!(gateway.verify(0).await.is_ok());
    assert_eq!(gateway.auth.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn callers_with_one_credential_share_a_question() {
    let gateway = Gateway::start(Auth::new(2)).await;
    gateway.auth.hold();
    let mut asking = Vec::new();
    for _ in 0..50 {
        asking.push(gateway.spawn_version(0).await);
    }
    asking.push(gateway.spawn_version(1).await);
    assert_eq!(gateway.auth.asked(), 2);
    // Who asked first goes away: the others do not depend on it.
    asking.remove(0).abort();
    settle().await;
    gateway.auth.release(2);
    for answer in asking {
        assert_eq!(answer.await.unwrap(), 0);
    }
    assert_eq!((gateway.auth.asked(), gateway.counted("shared")), (2, 49));
}

/// More changes than anybody remembers are a change of everything.
#[tokio::test(start_paused = true)]
async fn a_flood_of_changes_ends_every_answer() {
    let gateway = Gateway::start(Auth::new(1)).await;
    gateway.version(0).await;
    for round in 1..=3 {
        for _ in 0..8_000 {
            gateway.auth.change(0, |_| Uuid::new_v4());
        }
        pass(200).await;
        gateway.version(0).await;
        assert_eq!(gateway.auth.asked(), if round < 3 { 1 } else { 2 });
    }
}

/// S3: no credential is in a log, at whatever level.
#[tokio::test(start_paused = true)]
async fn credentials_are_not_logged() {
    keep_log();
    let gateway = Gateway::start(Auth::new(1)).await;
    gateway.version(0).await;
    assert_eq!(gateway.verifier.verify("a forged one".into()).await, Err(VerifyError::Invalid));
    gateway.auth.is_silent.store(true, Ordering::SeqCst);
    pass(1_600).await;
    gateway.version(0).await;
    let log = take_log();
    assert!(log.contains("changes of credentials are not heard of"), "{log}");
    assert!(!log.contains("user 0") && !log.contains("forged"), "{log}");
}
