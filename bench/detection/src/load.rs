//! A bounded number of detections from a number of callers at once.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::Value;

use prosopa_harness::Caller;

const STAGES: [&str; 6] = ["queue_us", "decode_us", "detect_us", "align_us", "embed_us", "store_us"];

/// What one load showed.
pub(crate) struct Run {
    callers: usize,
    wall: Duration,
    latencies: Vec<Duration>,
    timings: Vec<Value>,
}

/// Sends the picture `count` times, `callers` at a time.
pub(crate) async fn run(user: &Caller, picture: &[u8], callers: usize, count: usize) -> Run {
    let began = Instant::now();
    let answers = stream::iter(0..count).map(|_| async {
        let began = Instant::now();
        let answer = user.detect(picture.to_vec(), "image/jpeg").await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        (began.elapsed(), answer.json()["timings"].clone())
    });
    let answers: Vec<_> = answers.buffer_unordered(callers).collect().await;
    let wall = began.elapsed();
    let (latencies, timings) = answers.into_iter().unzip();
    Run { callers, wall, latencies, timings }
}

impl Run {
    /// Prints the rows of this load.
    pub(crate) fn print(&self) {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let percentile =
            |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let rate = latencies.len() as f64 / self.wall.as_secs_f64();
        let (callers, p50, p99) = (self.callers, percentile(50), percentile(99));
        println!("| {callers} callers | {rate:.1} detections/s, p50 {p50:.1} ms, p99 {p99:.1} ms |");
        for stage in STAGES {
            let name = stage.trim_end_matches("_us");
            let (p50, p99) = (self.stage_ms(stage, 50), self.stage_ms(stage, 99));
            println!("| {callers} callers, {name} | p50 {p50:.2} ms, p99 {p99:.2} ms |");
        }
    }

    fn stage_ms(&self, stage: &str, percent: usize) -> f64 {
        let mut values: Vec<u64> =
            self.timings.iter().filter_map(|timings| timings[stage].as_u64()).collect();
        values.sort_unstable();
        values[(values.len() - 1) * percent / 100] as f64 / 1e3
    }
}
