//! The scheduler: a bounded queue, fair between accounts, in front of a fixed set of worker threads.
//!
//! Owns waiting, refusing, dropping what nobody waits for, and containing panics; must not know what the work is.

mod fair;
mod stats;

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use prosopa_contract::engine::EngineError;
use tokio::sync::{oneshot, watch};

pub use self::stats::Stats;
use self::{
    fair::{FairQueue, Room, Weighted},
    stats::Counters,
};

/// How large the queue may become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) workers: usize,
    pub(crate) len_max: usize,
    pub(crate) bytes_max: usize,
}

/// What a worker knows about the entry it runs.
pub(crate) struct Turn<'a> {
    /// How long the entry waited, microseconds.
    pub(crate) queue_us: u64,
    /// Whether the caller went away.
    pub(crate) is_abandoned: &'a dyn Fn() -> bool,
}

type Work<J, R> = dyn Fn(J, &Turn<'_>) -> Result<R, EngineError> + Send + Sync;

/// The queue's handle; workers end when it is closed and the queue is empty.
pub(crate) struct Queue<J, R> {
    shared: Arc<Shared<J, R>>,
    living: watch::Receiver<usize>,
}

struct Shared<J, R> {
    limits: Limits,
    state: Mutex<State<J, R>>,
    changed: Condvar,
}

struct State<J, R> {
    waiting: FairQueue<Entry<J, R>>,
    is_open: bool,
    counters: Counters,
}

struct Entry<J, R> {
    job: J,
    bytes: usize,
    since: Instant,
    reply: oneshot::Sender<Result<R, EngineError>>,
}

impl<J, R> Weighted for Entry<J, R> {
    fn weight(&self) -> usize {
        self.bytes
    }
}

impl<J: Send + 'static, R: Send + 'static> Queue<J, R> {
    /// Starts the workers.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn start(
        limits: Limits,
        work: impl Fn(J, &Turn<'_>) -> Result<R, EngineError> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let state = State { waiting: FairQueue::new(), is_open: true, counters: Counters::new() };
        let shared = Arc::new(Shared { limits, state: Mutex::new(state), changed: Condvar::new() });
        let work: Arc<Work<J, R>> = Arc::new(work);
        let (alive, living) = watch::channel(0);
        let queue = Self { shared, living };
        for index in 0..limits.workers {
            let (shared, work) = (Arc::clone(&queue.shared), Arc::clone(&work));
            let alive = alive.clone();
            alive.send_modify(|count| *count += 1);
            // When this fails, dropping the queue ends the workers that did start.
            thread::Builder::new().name(format!("engine-worker-{index}")).spawn(move || {
                shared.work(&*work);
                alive.send_modify(|count| *count -= 1);
            })?;
        }
        Ok(queue)
    }

    /// Waits for a worker and for the answer. Dropping the future takes the entry out again.
    ///
    /// # Errors
    /// `Overloaded` when the queue is full, `Unavailable` when it is closed, `Internal` when the work panicked, else what
    /// the work answers.
    pub(crate) async fn run(&self, account: &str, job: J, bytes: usize) -> Result<R, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.shared.enqueue(account, Entry { job, bytes, since: Instant::now(), reply })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Refuses new entries from now on.
    pub(crate) fn close(&self) {
        self.shared.lock().is_open = false;
        self.shared.changed.notify_all();
    }

    /// Waits until the queue is closed and the last worker has ended.
    pub(crate) async fn drained(&self) {
        // The sender is gone only after every worker has ended.
        let _ = self.living.clone().wait_for(|count| *count == 0).await;
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.shared.lock();
        state.counters.snapshot(state.waiting.len())
    }
}

impl<J, R> Drop for Queue<J, R> {
    fn drop(&mut self) {
        self.shared.lock().is_open = false;
        self.shared.changed.notify_all();
    }
}

impl<J, R> Shared<J, R> {
    fn lock(&self) -> MutexGuard<'_, State<J, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, account: &str, entry: Entry<J, R>) -> Result<(), EngineError> {
        let mut state = self.lock();
        if !state.is_open {
            return Err(closed());
        }
        let room = Room { len_max: self.limits.len_max, weight_max: self.limits.bytes_max };
        if !state.waiting.has_room(entry.bytes, room) {
            state.drop_abandoned();
        }
        if !state.waiting.has_room(entry.bytes, room) {
            // Whoever has most waiting gives way to an account that has less.
            let Some(displaced) = state.waiting.make_room(account, entry.bytes, room) else {
                return Err(state.refuse(&self.limits));
            };
            for entry in displaced {
                let overloaded = state.refuse(&self.limits);
                drop(entry.reply.send(Err(overloaded)));
            }
        }
        state.waiting.push(account, entry);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// A worker's life.
    fn work(&self, work: &Work<J, R>) {
        while let Some(entry) = self.next() {
            let start = Instant::now();
            let Entry { job, since, reply, .. } = entry;
            let is_abandoned = || reply.is_closed();
            let turn = Turn { queue_us: micros(start - since), is_abandoned: &is_abandoned };
            let answer = catch_unwind(AssertUnwindSafe(|| work(job, &turn)))
                .unwrap_or_else(|panic| Err(EngineError::Internal { detail: describe_panic(&*panic) }));
            // Counted before it is answered, so that a caller who has the answer sees it counted.
            self.lock().counters.finish(micros(start.elapsed()));
            drop(reply.send(answer));
        }
    }

    /// The next entry that somebody still waits for; `None` when closed and empty.
    fn next(&self) -> Option<Entry<J, R>> {
        let mut state = self.lock();
        loop {
            match state.waiting.pop() {
                Some(entry) if entry.reply.is_closed() => state.counters.abandon(1),
                Some(entry) => {
                    state.counters.begin();
                    return Some(entry);
                }
                None if !state.is_open => return None,
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl<J, R> State<J, R> {
    fn drop_abandoned(&mut self) {
        let before = self.waiting.len();
        self.waiting.retain(|entry| !entry.reply.is_closed());
        self.counters.abandon(before - self.waiting.len());
    }

    fn refuse(&mut self, limits: &Limits) -> EngineError {
        EngineError::Overloaded { retry_after_ms: self.counters.refuse(self.waiting.len(), limits.workers) }
    }
}

fn closed() -> EngineError {
    EngineError::Unavailable { detail: "the engine is shutting down".into() }
}

fn describe_panic(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a worker panicked: {}", text.unwrap_or("no message"))
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
