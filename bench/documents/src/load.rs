//! A bounded number of requests from a number of callers at once.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};

use prosopa_harness::Answer;

/// What one load showed.
pub(crate) struct Run {
    wall: Duration,
    latencies: Vec<Duration>,
}

/// Asks `count` times, `callers` at a time; `ask` is told which time it is. Every answer must be 201.
pub(crate) async fn run(callers: usize, count: usize, ask: impl AsyncFn(usize) -> Answer) -> Run {
    let ask = &ask;
    let began = Instant::now();
    let latencies = stream::iter(0..count).map(|index| async move {
        let began = Instant::now();
        let answer = ask(index).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        began.elapsed()
    });
    let mut latencies: Vec<_> = latencies.buffer_unordered(callers).collect().await;
    let wall = began.elapsed();
    latencies.sort_unstable();
    Run { wall, latencies }
}

impl Run {
    /// Prints this load's row.
    pub(crate) fn print(&self, what: &str, callers: usize) {
        let percentile =
            |percent: usize| self.latencies[(self.latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let rate = self.latencies.len() as f64 / self.wall.as_secs_f64();
        println!("| {what} | {callers} | {rate:.2} | {:.0} ms | {:.0} ms |", percentile(50), percentile(99));
    }
}
