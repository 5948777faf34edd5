//! What the metrics say.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// The counters are the service's, not the task's: a task that starts anew adds only what is new.
#[test]
fn a_restarted_task_counts_nothing_twice() {
    let metrics = Metrics::new();
    let first_life = Counted::declare(&metrics).unwrap();
    let second_life = first_life.clone();
    let stats = Stats { completed: 5, refused: 2, busy_us: 700, running: 1, ..Stats::default() };
    first_life.count(stats);
    second_life.count(stats);
    second_life.count(Stats { completed: 6, busy_us: 800, running: 0, ..stats });
    let text = metrics.render();
    for line in [
        "prosopa_engine_pictures_total{outcome=\"completed\"} 6",
        "prosopa_engine_pictures_total{outcome=\"refused\"} 2",
        "prosopa_engine_busy_microseconds_total 800",
        "prosopa_engine_pictures{state=\"running\"} 0",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn what_is_finished_while_draining_is_counted() {
    let metrics = Metrics::new();
    let counted = Counted::declare(&metrics).unwrap();
    let completed = AtomicU64::new(3);
    let stats = || Stats { completed: completed.load(Ordering::Relaxed), ..Stats::default() };
    let stop = CancellationToken::new();
    stop.cancel();
    counted.follow(stats, async { completed.store(5, Ordering::Relaxed) }, stop).await;
    let text = metrics.render();
    assert!(text.contains("prosopa_engine_pictures_total{outcome=\"completed\"} 5"), "{text}");
}
