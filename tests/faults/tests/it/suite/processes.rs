//! Processes of the suite that are killed, stopped and replaced.

use std::time::{Duration, Instant};

use prosopa_harness::Suite;
use rand::{RngExt as _, SeedableRng, rngs::StdRng};

use super::{load::Load, tally::settle};

/// Users at the same time.
const USERS: usize = 3;

/// Longest time for which a consumer is taken for one that lives.
const SESSION: Duration = Duration::from_secs(12);

/// F10, K6, K9, R1, S4: every process is killed in turn, at any moment, while people use the suite. Whatever was answered is
/// there once, every job is done once, every event is told and had once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn the_suite_survives_the_kill_of_each_process() {
    let seed = rand::random();
    let mut suite = Suite::start(&[]).await;
    let load = Load::start(&suite, USERS, seed);
    let mut chance = StdRng::seed_from_u64(seed);
    for service in suite.services() {
        load.until_answered(chance.random_range(5..15)).await;
        suite.kill(service).await;
        suite.add(service).await;
    }
    load.until_answered(10).await;
    settle("each process killed", &suite, load).await;
}

/// N10, S4: every process is replaced by another while people use the suite, and nobody notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_rolling_restart_fails_nobody() {
    let mut suite = Suite::start(&[]).await;
    let load = Load::start(&suite, USERS, rand::random());
    for service in suite.services() {
        load.until_answered(5).await;
        suite.add(service).await;
        suite.retire(service).await;
    }
    load.until_answered(10).await;
    let tally = settle("rolling restart", &suite, load).await;
    assert_eq!(tally.failures(), 0, "{tally}");
}

/// K6, R1: a consumer that hangs longer than its session is left behind by the others, and changes nothing when it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs servers: scripts/with-servers.sh"]
async fn a_stuck_consumer_holds_nobody_up() {
    let mut suite = Suite::start(&[]).await;
    suite.add("notifications").await;
    let load = Load::start(&suite, USERS, rand::random());
    load.until_answered(5).await;
    suite.hold("notifications").await;
    load.until_answered(10).await;
    let events = suite.topics().read("prosopa.jobs.events.v1").await;
    let start = Instant::now();
    suite
        .until("others have what was for the one that hangs", async || {
            let had = suite.rows("notifications", "SELECT event_id FROM inbox").await;
            let missing = events.iter().filter(|event| !had.iter().any(|id| id == event.event_id())).count();
            if missing == 0 { Ok(()) } else { Err(format!("{missing} of {} are missing", events.len())) }
        })
        .await;
    // The session of the one that hangs is over for certain.
    tokio::time::sleep(SESSION.saturating_sub(start.elapsed())).await;
    suite.resume("notifications").await;
    load.until_answered(5).await;
    settle("stuck consumer", &suite, load).await;
}
