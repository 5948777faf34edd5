//! What several processes must agree on at once and may forget: rates and claims, in a Redis server.
//!
//! Nothing here is ever waited for longer than the deadline of [`RedisOptions`], and nothing fails otherwise than by
//! [`RedisLost`]: from the first failure on the server counts as lost, nobody asks it any more, and
//! [`Redis::tend`] looks for it until it is there again. What to do without it, each caller decides. Every call touches
//! one key, so that it makes no difference to whom in a cluster the key belongs. Does not know what is counted, or claimed.

mod dial;
mod key;
mod link;
mod metrics;
mod options;
mod scripts;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ::redis::{Client, ErrorKind, RedisResult, SetExpiry, SetOptions, aio::MultiplexedConnection, cmd, pipe};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use prosopa_model::{Cell, CellRate, Timestamp};
use prosopa_telemetry::Metrics;

use self::{
    key::KeyMaker,
    link::Link,
    metrics::{Call, Outcome, RedisMetrics},
    scripts::Scripts,
};

pub use self::{
    key::RedisKey,
    options::{RedisOptions, RedisOptionsError},
};

/// Time between two looks whether the server is there and has forgotten nothing.
const WATCH_PERIOD: Duration = Duration::from_secs(1);

/// Pause after the first attempt to find a lost server; doubles up to [`SEARCH_PAUSE_MAX`].
const SEARCH_PAUSE: Duration = Duration::from_millis(50);
const SEARCH_PAUSE_MAX: Duration = Duration::from_secs(1);

/// A connection of this age was sound: the pauses begin anew.
const SOUND_AGE: Duration = Duration::from_secs(10);

/// How far clocks may differ, seconds: what is younger than a loss by less than this may be older.
const CLOCK_SKEW_SECONDS: i64 = 6;

/// A server that processes remember in together. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    options: RedisOptions,
    keys: KeyMaker,
    scripts: Scripts,
    link: Link,
    metrics: RedisMetrics,
    /// What was kept before this may be gone, seconds since the epoch; zero until the server was seen.
    memory_begins: AtomicI64,
}

/// Nobody can tell: the server cannot be asked now. Why was logged when it was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("redis cannot be asked now")]
pub struct RedisLost;

impl Redis {
    /// Gets ready to speak to a server; it is lost until [`Self::tend`] or [`Self::find`] has found it. Keys hold
    /// nothing but hashes, under `secret` where what they are made of could be guessed.
    ///
    /// # Errors
    /// The options make no sense, or there are such metrics already.
    pub fn open(
        options: RedisOptions,
        secret: &[u8; 32],
        registry: &Metrics,
    ) -> Result<Self, RedisOptionsError> {
        let metrics = RedisMetrics::declare(registry)?;
        let inner = Inner {
            client: dial::client(&options)?,
            keys: KeyMaker::new(&options.prefix, secret),
            scripts: Scripts::new(),
            link: Link::new(metrics.up.clone()),
            metrics,
            memory_begins: AtomicI64::new(0),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The key of something that could be guessed, such as an address or a name; `purpose` keeps things apart.
    pub fn key(&self, purpose: &'static str, parts: &[&[u8]]) -> RedisKey {
        self.inner.keys.keyed(purpose, parts)
    }

    /// The key of something that is random, the same for whatever secret.
    pub fn key_of_random(&self, purpose: &'static str, parts: &[&[u8]]) -> RedisKey {
        self.inner.keys.plain(purpose, parts)
    }

    /// Counts a cell, at the server's time, unless it comes too early.
    pub async fn take(&self, key: &RedisKey, rate: CellRate) -> Result<Cell, RedisLost> {
        let script = self.inner.scripts.take(key, rate);
        let ask = async |mut connection: MultiplexedConnection| script.invoke_async(&mut connection).await;
        self.call(Call::Take, ask).await.map(cell)
    }

    /// Takes back a cell of this interval.
    pub async fn give_back(&self, key: &RedisKey, interval: Duration) -> Result<(), RedisLost> {
        let script = self.inner.scripts.give_back(key, interval);
        let ask = async |mut connection: MultiplexedConnection| script.invoke_async(&mut connection).await;
        self.call(Call::GiveBack, ask).await
    }

    /// Forgets all cells of a key.
    pub async fn forget(&self, key: &RedisKey) -> Result<(), RedisLost> {
        let ask = async |mut connection| cmd("DEL").arg(key.as_str()).query_async(&mut connection).await;
        self.call(Call::Forget, ask).await
    }

    /// Claims a key for `time`. True for whoever is first; nobody else is until the time is over or the server has
    /// forgotten, of which [`Self::memory_begins`] tells afterwards.
    pub async fn claim(&self, key: &RedisKey, time: Duration) -> Result<bool, RedisLost> {
        let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        let options = SetOptions::default()
            .conditional_set(::redis::ExistenceCheck::NX)
            .with_expiration(SetExpiry::PX(time_ms));
        let memory = self.inner.keys.own("memory");
        let mut calls = pipe();
        calls.get(memory.as_str()).cmd("SET").arg(key.as_str()).arg(1).arg(options);
        let ask = async |mut connection: MultiplexedConnection| {
            let (since, set): (Option<i64>, Option<String>) = calls.query_async(&mut connection).await?;
            // Looked for again, it is told since when it remembers.
            let since = since.ok_or((ErrorKind::Client, "the server has forgotten what it knew"))?;
            Ok((since, set.is_some()))
        };
        let (since, is_first) = self.call(Call::Claim, ask).await?;
        self.inner.memory_begins.fetch_max(since, Ordering::AcqRel);
        Ok(is_first)
    }

    /// What was kept before this may be gone, because the server was emptied, or began anew without what it had. Noticed
    /// with each claim, within a second, and before a server that was lost is used again. None while no server was seen.
    pub fn memory_begins(&self) -> Option<Timestamp> {
        let seconds = self.inner.memory_begins.load(Ordering::Acquire);
        (seconds > 0).then(|| Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
    }

    /// Fails with the reason while the server is lost.
    pub fn check(&self) -> Result<(), String> {
        self.inner.link.check()
    }

    /// Looks for the server once, if it is lost.
    pub async fn find(&self) -> Result<(), RedisLost> {
        let Inner { client, options, link, .. } = &*self.inner;
        if link.check().is_ok() {
            return Ok(());
        }
        let found = async {
            let mut connection = dial::connect(client).await?;
            let since = timeout(options.deadline, self.inner.look_back(&mut connection)).await;
            Ok((connection, since.map_err(|_| dial::late())??))
        };
        let found: RedisResult<_> = found.await;
        match found {
            Ok((connection, since)) => {
                self.inner.memory_begins.fetch_max(since, Ordering::AcqRel);
                if link.mend(connection) {
                    tracing::info!(server = %options.server(), "redis is there");
                }
                Ok(())
            }
            Err(error) => {
                if link.despair(&error.to_string()) {
                    tracing::warn!(server = %options.server(), %error, "redis is not there: each process goes on by itself");
                }
                Err(RedisLost)
            }
        }
    }

    /// Finds the server whenever it is lost and notices when it has forgotten, until `stop`.
    pub async fn tend(&self, stop: &CancellationToken) {
        let mut pause = Duration::ZERO;
        let mut found_at = Instant::now();
        while !stop.is_cancelled() {
            if self.inner.link.check().is_err() {
                if found_at.elapsed() > SOUND_AGE {
                    pause = Duration::ZERO;
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = sleep(pause) => {}
                }
                pause = (pause * 2).clamp(SEARCH_PAUSE, SEARCH_PAUSE_MAX);
                if self.find().await.is_ok() {
                    found_at = Instant::now();
                }
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.link.lost() => {}
                () = sleep(WATCH_PERIOD) => {
                    let ask = async |mut connection| self.inner.look_back(&mut connection).await;
                    if let Ok(since) = self.call(Call::Watch, ask).await {
                        self.inner.memory_begins.fetch_max(since, Ordering::AcqRel);
                    }
                }
            }
        }
    }

    /// Asks within the deadline. A failure of whatever kind loses the server for everybody.
    async fn call<T>(
        &self,
        call: Call,
        ask: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, RedisLost> {
        let Inner { options, link, metrics, .. } = &*self.inner;
        let Some((connection, generation)) = link.connection() else {
            metrics.count(call, Outcome::Lost);
            return Err(RedisLost);
        };
        let started = Instant::now();
        let reason = match timeout(options.deadline, ask(connection)).await {
            Ok(Ok(answer)) => {
                metrics.answered(call, started.elapsed());
                return Ok(answer);
            }
            Ok(Err(error)) => {
                metrics.count(call, Outcome::Failed);
                error.to_string()
            }
            Err(_) => {
                metrics.count(call, Outcome::Late);
                format!("no answer within {:?}", options.deadline)
            }
        };
        if link.lose(generation, &reason) {
            tracing::warn!(server = %options.server(), reason, "redis is lost: each process goes on by itself");
        }
        Err(RedisLost)
    }
}

impl Inner {
    /// Since when the server remembers, seconds since the epoch. A server that has forgotten is told to remember from now
    /// on; where something may have been kept before, clocks that differ are allowed for.
    async fn look_back(&self, connection: &mut MultiplexedConnection) -> RedisResult<i64> {
        let is_first = self.memory_begins.load(Ordering::Acquire) == 0;
        let margin = if is_first { 0 } else { CLOCK_SKEW_SECONDS };
        self.scripts.look_back(&self.keys.own("memory"), margin).invoke_async(connection).await
    }
}

fn cell((is_admitted, ahead_ns): (bool, u64)) -> Cell {
    Cell { is_admitted, ahead: Duration::from_nanos(ahead_ns) }
}

/// What only tests may do.
#[cfg(feature = "testing")]
impl Redis {
    /// [`Self::take`] at a time of the caller's own, of whole microseconds, counted from any moment.
    pub async fn take_at(&self, key: &RedisKey, rate: CellRate, now: Duration) -> Result<Cell, RedisLost> {
        let script = self.inner.scripts.take_at(key, rate, now);
        let ask = async |mut connection: MultiplexedConnection| script.invoke_async(&mut connection).await;
        self.call(Call::Take, ask).await.map(cell)
    }
}
