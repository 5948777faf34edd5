//! People who use the suite whatever happens to it: they sign up, send pictures, submit jobs, delete accounts, and ask again with
//! the same key until they are answered. Each remembers what it was promised.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::future::join_all;
use prosopa_harness::{Answer, Caller, PASSWORD, Suite, photo};
use rand::{RngExt as _, SeedableRng, rngs::StdRng};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::is_long;

pub(crate) const DETECTIONS: &str = "/api/v1/faces/detections";

/// Longest wait for a key that is in hand, in the short form: what a killed process had in hand is taken over after two minutes.
const IN_HAND_MAX: Duration = Duration::from_secs(5);

/// Longest wait for an answer before it is asked for again, and until there is one.
const ATTEMPT_MAX: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(180);

/// How much of what users do is to sign up, send a picture and delete the account.
const LEAVE_PERCENT: u32 = 5;

/// Pause before something is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// What a user was promised.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) user_name: String,
    /// Ids of detections that were answered.
    pub(crate) detections: Vec<String>,
    /// Addresses of jobs that were accepted.
    pub(crate) jobs: Vec<String>,
    /// How many jobs were done already when their acceptance was asked for again, and answered with their detections.
    pub(crate) jobs_done: usize,
    /// Names of the pictures of accounts that were deleted since.
    pub(crate) erased: Vec<String>,
    /// How many pictures were given up, since a process was killed that had the key in hand: each is stored once or not at all.
    pub(crate) open: usize,
}

/// What all users have seen together.
#[derive(Default)]
pub(crate) struct Seen {
    /// Attempts by what came of them instead of an answer.
    failures: Mutex<BTreeMap<String, usize>>,
    /// Ids of the requests of callers that were known, which were answered.
    answered: Mutex<HashSet<String>>,
    sent: Mutex<usize>,
}

impl Seen {
    /// Requests that were sent, however often.
    pub(crate) fn sent(&self) -> usize {
        *self.sent.lock().unwrap()
    }

    pub(crate) fn failures(&self) -> BTreeMap<String, usize> {
        self.failures.lock().unwrap().clone()
    }

    pub(crate) fn answered(&self) -> HashSet<String> {
        self.answered.lock().unwrap().clone()
    }
}

/// Users at work.
pub(crate) struct Load {
    users: Vec<JoinHandle<Book>>,
    stop: CancellationToken,
    pub(crate) seen: Arc<Seen>,
}

impl Load {
    /// Puts users to work, until [`Load::end`].
    pub(crate) fn start(suite: &Suite, users: usize, seed: u64) -> Self {
        Self::with_share(suite, users, seed, LEAVE_PERCENT)
    }

    /// The same, and nobody deletes an account.
    pub(crate) fn start_without_leaving(suite: &Suite, users: usize, seed: u64) -> Self {
        Self::with_share(suite, users, seed, 0)
    }

    fn with_share(suite: &Suite, users: usize, seed: u64, leave_percent: u32) -> Self {
        println!("seed {seed}");
        let (stop, seen) = (CancellationToken::new(), Arc::<Seen>::default());
        let work = |number: usize| {
            let chance = StdRng::seed_from_u64(seed + number as u64);
            let asker = Asker { seen: Arc::clone(&seen) };
            let user = User { caller: suite.stranger(), asker, chance, leave_percent, book: Book::default() };
            tokio::spawn(user.work(stop.clone()))
        };
        Self { users: (0..users).map(work).collect(), stop: stop.clone(), seen: Arc::clone(&seen) }
    }

    /// Waits until so many more requests of known callers were answered.
    pub(crate) async fn until_answered(&self, more: usize) {
        let (start, before) = (Instant::now(), self.seen.answered().len());
        while self.seen.answered().len() < before + more {
            assert!(start.elapsed() < PATIENCE, "nothing is answered: {:?}", self.seen.failures());
            // One that has failed says why at the end.
            assert!(!self.users.iter().any(JoinHandle::is_finished), "a user has given up");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets users finish what they have begun; what each was promised.
    pub(crate) async fn end(self) -> (Vec<Book>, Arc<Seen>) {
        self.stop.cancel();
        let books = join_all(self.users).await;
        (books.into_iter().map(|book| book.expect("a user who was answered")).collect(), self.seen)
    }
}

/// Asks until there is an answer; in the short form, 409 is one where it is all that is said for a while.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) seen: Arc<Seen>,
}

impl Asker {
    pub(crate) async fn ask(&self, caller: &Caller, request: impl Fn() -> RequestBuilder) -> Answer {
        let start = Instant::now();
        let mut in_hand_since = None;
        loop {
            *self.seen.sent.lock().unwrap() += 1;
            let attempt = tokio::time::timeout(ATTEMPT_MAX, caller.try_send(request())).await;
            let failure = match attempt {
                Ok(Ok(answer)) if !matches!(answer.status, 409 | 429 | 502 | 503 | 504 | 507) => {
                    self.note(caller, &answer);
                    return answer;
                }
                Ok(Ok(answer)) => {
                    let since = *in_hand_since.get_or_insert_with(Instant::now);
                    if answer.status != 409 {
                        in_hand_since = None;
                    } else if !is_long() && since.elapsed() > IN_HAND_MAX {
                        return answer;
                    }
                    format!("{} {}", answer.status, answer.refusal().1)
                }
                Ok(Err(error)) if error.is_connect() => "no connection".to_owned(),
                Ok(Err(_)) => "a broken connection".to_owned(),
                Err(_) => "silence".to_owned(),
            };
            *self.seen.failures.lock().unwrap().entry(failure.clone()).or_default() += 1;
            assert!(start.elapsed() < PATIENCE, "never answered, {failure} in the end");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn note(&self, caller: &Caller, answer: &Answer) {
        let id = answer.headers.get("x-request-id").and_then(|id| id.to_str().ok());
        // Of callers that are not known there is no usage.
        if let Some(id) = id.filter(|_| caller.token.is_some() && answer.status != 401) {
            self.seen.answered.lock().unwrap().insert(id.to_owned());
        }
    }

    /// Makes a user and logs in.
    async fn sign_up(&self, stranger: &Caller) -> Caller {
        loop {
            if let Some(user_name) = self.register(stranger).await {
                return self.log_in(stranger, &user_name).await;
            }
        }
    }

    /// Asks for a registration; the user's name, unless it is given up.
    async fn register(&self, stranger: &Caller) -> Option<String> {
        let user_name = format!("user-{}", Uuid::new_v4().simple());
        let key = Uuid::new_v4().to_string();
        let email = format!("{user_name}@example.org");
        let body = json!({ "user_name": user_name, "email": email, "password": PASSWORD });
        let registered = self.ask(stranger, || {
            let request = stranger.request(Method::POST, "/api/v1/auth/register");
            request.header("idempotency-key", &key).json(&body)
        });
        let registered = registered.await;
        assert!(matches!(registered.status, 201 | 202 | 409), "{:?}", registered.json());
        (registered.status != 409).then_some(user_name)
    }

    /// Logs in; a registration that was promised may be at work still.
    pub(crate) async fn log_in(&self, stranger: &Caller, user_name: &str) -> Caller {
        let start = Instant::now();
        loop {
            if let Some(caller) = self.try_log_in(stranger, user_name).await {
                return caller;
            }
            assert!(start.elapsed() < PATIENCE, "{user_name} cannot log in");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Logs in; nobody where there is no such user.
    async fn try_log_in(&self, stranger: &Caller, user_name: &str) -> Option<Caller> {
        let body = json!({ "user_name": user_name, "password": PASSWORD });
        let make = || stranger.request(Method::POST, "/api/v1/auth/login").json(&body);
        let answer = self.ask(stranger, make).await;
        if answer.status == 200 {
            let mut caller = stranger.with_token(&answer.text("/access_token"));
            user_name.clone_into(&mut caller.user_name);
            return Some(caller);
        }
        assert_eq!(answer.refusal(), (401, "invalid-credentials".to_owned()));
        None
    }
}

struct User {
    caller: Caller,
    asker: Asker,
    chance: StdRng,
    leave_percent: u32,
    book: Book,
}

impl User {
    async fn work(mut self, stop: CancellationToken) -> Book {
        let stranger = self.caller.clone();
        self.caller = self.asker.sign_up(&stranger).await;
        self.book.user_name.clone_from(&self.caller.user_name);
        while !stop.is_cancelled() {
            match self.chance.random_range(0..100) {
                share if share < self.leave_percent => self.leave_again(&stranger).await,
                0..55 => {
                    if let Some(detection) = self.send(false).await {
                        self.book.detections.push(detection.text("/id"));
                    }
                }
                55..85 => {
                    if let Some(job) = self.send(true).await {
                        self.accept(&job);
                    }
                }
                _ => self.look().await,
            }
        }
        self.book
    }

    /// Asks, and again with a new token where the one that there was has ended.
    async fn ask(&mut self, request: impl Fn(&Caller) -> RequestBuilder) -> Answer {
        let answer = self.asker.ask(&self.caller, || request(&self.caller)).await;
        if answer.status != 401 {
            return answer;
        }
        let logged_in = self.asker.try_log_in(&self.caller.anonymous(), &self.caller.user_name).await;
        let Some(caller) = logged_in else { return answer };
        self.caller = caller;
        self.asker.ask(&self.caller, || request(&self.caller)).await
    }

    /// Sends a picture, to be answered or to become a job; nothing where it is given up.
    async fn send(&mut self, is_job: bool) -> Option<Answer> {
        let key = Uuid::new_v4().to_string();
        let sent = self.ask(|caller| {
            let request = caller.request(Method::POST, DETECTIONS).header("idempotency-key", &key);
            let request = request.header("content-type", "image/png").body(photo());
            if is_job { request.header("prefer", "respond-async") } else { request }
        });
        let answer = sent.await;
        if answer.status == 409 {
            self.book.open += 1;
            return None;
        }
        assert!(answer.status == 201 || (is_job && answer.status == 202), "{:?}", answer.refusal());
        Some(answer)
    }

    fn accept(&mut self, job: &Answer) {
        if job.status == 201 {
            self.book.detections.push(job.text("/id"));
            self.book.jobs_done += 1;
        } else {
            self.book.jobs.push(job.headers["location"].to_str().unwrap().to_owned());
        }
    }

    async fn look(&mut self) {
        for path in [DETECTIONS, "/api/v1/jobs", "/api/v1/users/me"] {
            let answer = self.ask(|caller| caller.request(Method::GET, path)).await;
            assert_eq!(answer.status, 200, "{:?}", answer.json());
        }
    }

    /// Signs up as somebody who sends one picture and deletes the account.
    async fn leave_again(&mut self, stranger: &Caller) {
        let caller = self.asker.sign_up(stranger).await;
        let mut visitor = User {
            caller,
            asker: self.asker.clone(),
            chance: StdRng::seed_from_u64(0),
            leave_percent: 0,
            book: Book::default(),
        };
        let detection = visitor.send(false).await;
        let password = json!({ "password": PASSWORD });
        let delete = |caller: &Caller| caller.request(Method::DELETE, "/api/v1/users/me").json(&password);
        let deleted = visitor.ask(delete).await;
        // Whoever asks again after an answer that was lost is nobody by then.
        assert!(matches!(deleted.status, 204 | 401), "{:?}", deleted.json());
        self.book.erased.extend(detection.map(|detection| detection.text("/image/id")));
        self.book.open += visitor.book.open;
    }
}
