//! Hashing on a bounded number of threads: it is slow and takes memory by design.

use std::{sync::Arc, time::Instant};

use argon2::{
    Algorithm, Params, PasswordHasher as _, PasswordVerifier as _,
    password_hash::{self, phc},
};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use prosopa_telemetry::HistogramVec;

use super::{Password, argon2id::Argon2id};
use crate::{config::Config, error::Error};

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PasswordHasher {
    argon2: Argon2id,
    /// One permit for each thread that may hash.
    threads: Arc<Semaphore>,
    logins: WaitingRoom,
    registrations: WaitingRoom,
    /// Hash of a password that nobody has, checked where there is no user.
    decoy: Arc<str>,
    seconds: HistogramVec,
}

/// Where a caller waits for a thread: those who register keep nobody from logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// For who has a password already.
    Login,
    /// For who is new.
    Registration,
}

/// A bounded place to wait in.
#[derive(Clone)]
struct WaitingRoom {
    /// One permit for each caller that hashes or waits.
    places: Arc<Semaphore>,
    /// One permit for each caller that hashes or stands in the line for a thread, which both rooms share.
    turns: Arc<Semaphore>,
}

impl WaitingRoom {
    fn new(turns: usize, queue_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(turns + queue_max)), turns: Arc::new(Semaphore::new(turns)) }
    }
}

/// What checking a password showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Check {
    /// Whether it is the right password.
    pub(crate) is_right: bool,
    /// Whether the hash was made with other parameters than are used now.
    pub(crate) is_outdated: bool,
}

impl PasswordHasher {
    /// Prepares hashing; hashes once, for the decoy.
    pub(crate) async fn new(config: &Config, seconds: HistogramVec) -> Result<Self, Error> {
        let params =
            Params::new(config.argon2_memory_kib, config.argon2_iterations, config.argon2_lanes, None);
        let params = params.map_err(|error| Error::Hashing(error.into()))?;
        let threads = config.password_hashing_concurrency;
        let mut hasher = Self {
            argon2: Argon2id::new(params),
            threads: Arc::new(Semaphore::new(threads)),
            logins: WaitingRoom::new(threads, config.password_hashing_queue_max),
            // Of several threads at most half, and of a single one every other turn.
            registrations: WaitingRoom::new((threads / 2).max(1), config.password_hashing_queue_max),
            decoy: Arc::from(""),
            seconds,
        };
        hasher.decoy = hasher.hash(&Password::generated()?, Room::Login).await?.into();
        Ok(hasher)
    }

    /// The hash of a password that nobody has, for users who cannot log in.
    pub(crate) fn nobodys(&self) -> &str {
        &self.decoy
    }

    /// Hashes a password with a new salt, into the PHC text that names the parameters too.
    pub(crate) async fn hash(&self, password: &Password, room: Room) -> Result<String, Error> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let hash = move || argon2.hash_password(password.secret().expose_secret().as_bytes());
        let hash = self.run("hash", room, hash).await?.map_err(Error::Hashing)?;
        Ok(hash.to_string())
    }

    /// Checks a password against `hash`; without a hash it takes as long and is wrong.
    pub(crate) async fn check(&self, password: &Password, hash: Option<&str>) -> Result<Check, Error> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let has_user = hash.is_some();
        let hash = phc::PasswordHash::new(hash.unwrap_or(&self.decoy));
        let hash = hash.map_err(|error| Error::Hashing(error.into()))?;
        let is_outdated = !self.is_current(&hash).map_err(Error::Hashing)?;
        let check = move || argon2.verify_password(password.secret().expose_secret().as_bytes(), &hash);
        let is_right = match self.run("check", Room::Login, check).await? {
            Ok(()) => has_user,
            Err(password_hash::Error::PasswordInvalid) => false,
            Err(error) => return Err(Error::Hashing(error)),
        };
        Ok(Check { is_right, is_outdated })
    }

    fn is_current(&self, hash: &phc::PasswordHash) -> Result<bool, password_hash::Error> {
        let params = Params::try_from(hash)?;
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let is_argon2id = hash.algorithm == Algorithm::Argon2id.ident();
        Ok(is_argon2id && cost(&params) == cost(self.argon2.params()))
    }

    /// Runs `work` on a thread for blocking work, refusing it at once when the room is full.
    async fn run<T: Send + 'static>(
        &self,
        kind: &'static str,
        room: Room,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let room = match room {
            Room::Login => &self.logins,
            Room::Registration => &self.registrations,
        };
        let place = Arc::clone(&room.places).try_acquire_owned().map_err(|_| Error::HashingOverloaded)?;
        // The semaphores are never closed.
        let turn = Arc::clone(&room.turns).acquire_owned().await.map_err(|_| Error::HashingOverloaded)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(|_| Error::HashingOverloaded)?;
        let seconds = self.seconds.with_label_values(&[kind]);
        let job = move || {
            let started = Instant::now();
            let result = work();
            seconds.observe(started.elapsed().as_secs_f64());
            // A caller that hung up does not stop the work: its permits are given back here, not there.
            drop((thread, turn, place));
            result
        };
        tokio::task::spawn_blocking(job).await.map_err(Error::HashingThread)
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{join, join_all};

    use super::*;
    use crate::metrics::Metrics;

    async fn hasher(queue_max: usize) -> PasswordHasher {
        let config = Config {
            password_hashing_concurrency: 1,
            password_hashing_queue_max: queue_max,
            ..Config::default()
        };
        let metrics = Metrics::declare(&prosopa_telemetry::Metrics::new()).unwrap();
        PasswordHasher::new(&config, metrics.hashing_seconds).await.unwrap()
    }

    #[tokio::test]
    async fn a_login_is_admitted_while_registrations_fill_their_room() {
        let hasher = hasher(0).await;
        let password = Password::generated().unwrap();
        let registrations = join_all((0..3).map(|_| hasher.hash(&password, Room::Registration)));
        let (registrations, login) = join(registrations, hasher.check(&password, None)).await;
        assert!(registrations[0].is_ok());
        assert!(registrations[1..].iter().all(|hash| matches!(hash, Err(Error::HashingOverloaded))));
        assert!(login.is_ok());
    }

    #[tokio::test]
    async fn a_login_does_not_wait_for_all_registrations_that_came_before() {
        let hasher = hasher(8).await;
        let password = Password::generated().unwrap();
        let order = std::sync::Mutex::new(Vec::new());
        let registration = async || {
            hasher.hash(&password, Room::Registration).await.unwrap();
            order.lock().unwrap().push("registration");
        };
        let login = async {
            hasher.check(&password, None).await.unwrap();
            order.lock().unwrap().push("login");
        };
        join(join_all((0..9).map(|_| registration())), login).await;
        let position = order.lock().unwrap().iter().position(|kind| *kind == "login").unwrap();
        assert!(position <= 3, "{position} registrations went first");
    }
}
