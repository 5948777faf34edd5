//! The scheduler with work that waits for the test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::mpsc;

use futures::{FutureExt, future::join_all};

use super::*;

/// A queue of one worker whose jobs end when the test says so.
struct Bench {
    queue: Arc<Queue<&'static str, &'static str>>,
    started: Mutex<mpsc::Receiver<&'static str>>,
    gate: mpsc::SyncSender<()>,
}

impl Bench {
    fn new(len_max: usize, bytes_max: usize) -> Self {
        let (start, started) = mpsc::sync_channel(16);
        let (gate, open) = mpsc::sync_channel::<()>(16);
        let open = Mutex::new(open);
        let queue = Queue::start(Limits { workers: 1, len_max, bytes_max }, move |job, _turn| {
            start.send(job).unwrap();
            open.lock().unwrap().recv().unwrap();
            Ok(job)
        });
        Self { queue: Arc::new(queue.unwrap()), started: Mutex::new(started), gate }
    }

    /// Sends a job and lets it enter the queue.
    fn send(
        &self,
        account: &'static str,
        job: &'static str,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<&'static str, EngineError>> + Send>> {
        let queue = Arc::clone(&self.queue);
        let mut future = Box::pin(async move { queue.run(account, job, 10).await });
        match future.as_mut().now_or_never() {
            Some(answer) => Box::pin(std::future::ready(answer)),
            None => future,
        }
    }

    fn next_started(&self) -> &'static str {
        self.started.lock().unwrap().recv().unwrap()
    }
}

fn is_overloaded(answer: &Result<&'static str, EngineError>) -> bool {
    matches!(answer, Err(EngineError::Overloaded { retry_after_ms: 50..=30_000 }))
}

/// N4: a full queue refuses at the door and says when to come back.
#[tokio::test]
async fn a_full_queue_refuses() {
    let bench = Bench::new(2, 1_000);
    let first = bench.send("a", "running");
    assert_eq!(bench.next_started(), "running");
    let waiting = [bench.send("a", "w1"), bench.send("a", "w2")];
    assert!(is_overloaded(&bench.send("a", "w3").await));
    let stats = bench.queue.stats();
    assert_eq!((stats.queued, stats.running, stats.refused), (2, 1, 1));
    (0..3).for_each(|_| bench.gate.send(()).unwrap());
    assert_eq!(first.await, Ok("running"));
    assert_eq!(join_all(waiting).await, [Ok("w1"), Ok("w2")]);
    assert_eq!(bench.queue.stats().completed, 3);
}

#[tokio::test]
async fn the_bytes_that_wait_are_bounded_too() {
    let bench = Bench::new(100, 25);
    let _first = bench.send("a", "running");
    assert_eq!(bench.next_started(), "running");
    let _waiting = [bench.send("a", "w1"), bench.send("a", "w2")];
    assert!(is_overloaded(&bench.send("a", "w3").await));
    bench.gate.send(()).unwrap();
    bench.gate.send(()).unwrap();
    bench.gate.send(()).unwrap();
}

/// N4: an account that floods the queue gives way to one that comes with a single picture.
#[tokio::test]
async fn the_flooding_account_is_the_one_refused() {
    let bench = Bench::new(3, 1_000);
    let _first = bench.send("flood", "running");
    assert_eq!(bench.next_started(), "running");
    let kept = [bench.send("flood", "f1"), bench.send("flood", "f2")];
    let displaced = bench.send("flood", "f3");
    let single = bench.send("other", "single");
    assert!(is_overloaded(&displaced.await));
    (0..4).for_each(|_| bench.gate.send(()).unwrap());
    assert_eq!(single.await, Ok("single"));
    assert_eq!(join_all(kept).await, [Ok("f1"), Ok("f2")]);
    let order: Vec<&str> = (0..3).map(|_| bench.next_started()).collect();
    assert_eq!(order, ["f1", "single", "f2"]);
}

/// F4: work that nobody waits for never starts, and its room is free again.
#[tokio::test]
async fn entries_whose_caller_went_away_are_dropped() {
    let bench = Bench::new(2, 1_000);
    let _first = bench.send("a", "running");
    assert_eq!(bench.next_started(), "running");
    let gone = bench.send("a", "gone");
    let kept = bench.send("a", "kept");
    drop(gone);
    let late = bench.send("a", "late");
    (0..3).for_each(|_| bench.gate.send(()).unwrap());
    assert_eq!((kept.await, late.await), (Ok("kept"), Ok("late")));
    assert_eq!([bench.next_started(), bench.next_started()], ["kept", "late"]);
    assert_eq!(bench.queue.stats().abandoned, 1);
}

/// F4: a panic is one caller's `Internal`; the worker goes on.
#[tokio::test]
async fn a_panic_is_contained() {
    let limits = Limits { workers: 1, len_max: 8, bytes_max: 1_000 };
    let queue =
        Queue::start(limits, |job: u8, _turn| if job == 0 { panic!("boom") } else { Ok(job) }).unwrap();
    let answer = queue.run("a", 0, 1).await;
    assert_eq!(answer, Err(EngineError::Internal { detail: "a worker panicked: boom".into() }));
    assert_eq!(queue.run("a", 7, 1).await, Ok(7));
    assert_eq!(queue.stats().completed, 2);
}

/// F4: what was accepted is finished; what comes later is told so.
#[tokio::test]
async fn closing_drains() {
    let bench = Bench::new(8, 1_000);
    let first = bench.send("a", "first");
    let second = bench.send("a", "second");
    bench.queue.close();
    let late = bench.send("a", "late").await;
    assert!(matches!(late, Err(EngineError::Unavailable { .. })));
    bench.gate.send(()).unwrap();
    bench.gate.send(()).unwrap();
    bench.queue.drained().await;
    assert_eq!((first.await, second.await), (Ok("first"), Ok("second")));
}
