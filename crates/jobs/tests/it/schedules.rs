use std::time::Duration;

use futures::future::join_all;
use proptest::prelude::*;

use prosopa_http::ListQuery;
use prosopa_jobs::Recurrence;
use prosopa_model::Timestamp;
use prosopa_store::{on_db, query_scalar};

use crate::support::{EVERY_MINUTE, Process, World};

async fn count_jobs(world: &World) -> i64 {
    let mut connection = world.database.read().await.unwrap();
    let sql = "SELECT count(*) FROM jobs WHERE kind = 'sweep'";
    on_db!(connection, c => query_scalar(sql).fetch_one(c).await).unwrap()
}

/// F10: each due time gives one job, however many processes look at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_due_time_gives_one_job() {
    let world = World::new().await;
    let processes: Vec<Process> = (0..4).map(|_| world.process_with(&[EVERY_MINUTE], None)).collect();
    let look = || async {
        let looks = processes.iter().map(|process| {
            let jobs = process.jobs.clone();
            tokio::spawn(async move { jobs.maintain_once().await.unwrap() })
        });
        join_all(looks).await.into_iter().for_each(Result::unwrap);
    };
    look().await;
    assert_eq!(count_jobs(&world).await, 0, "the first due time is ahead");
    for due in 1..=5 {
        world.clock.advance(Duration::from_secs(60));
        look().await;
        look().await;
        assert_eq!(count_jobs(&world).await, due);
    }
    // It is the service's own: no account sees it.
    let page =
        processes[0].jobs.list(world.account, None, ListQuery::default().check().unwrap()).await.unwrap();
    assert!(page.items.is_empty());
}

/// F10: what was missed while nothing ran is done once, not as often as it was missed.
#[tokio::test]
async fn missed_due_times_give_one_job() {
    let world = World::new().await;
    let process = world.process_with(&[EVERY_MINUTE], None);
    process.jobs.maintain_once().await.unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    process.jobs.maintain_once().await.unwrap();
    process.jobs.maintain_once().await.unwrap();
    assert_eq!(count_jobs(&world).await, 1);
}

/// F10: a clock that is set back repeats no due time, and one that was wrong by days stops nothing.
#[tokio::test]
async fn a_wrong_clock_neither_repeats_nor_stops_a_schedule() {
    let world = World::new().await;
    let process = world.process_with(&[EVERY_MINUTE], None);
    let look = || process.jobs.maintain_once();
    look().await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    look().await.unwrap();
    assert_eq!(count_jobs(&world).await, 1);
    world.clock.set_back(Duration::from_secs(30));
    look().await.unwrap();
    world.clock.advance(Duration::from_secs(30));
    look().await.unwrap();
    assert_eq!(count_jobs(&world).await, 1, "the same due time came twice");

    let year = Duration::from_secs(365 * 24 * 3_600);
    world.clock.advance(year);
    look().await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    look().await.unwrap();
    world.clock.set_back(year);
    look().await.unwrap();
    let before = count_jobs(&world).await;
    world.clock.advance(Duration::from_secs(60));
    look().await.unwrap();
    assert_eq!(count_jobs(&world).await, before + 1, "the schedule waits for a time that was never due");
}

#[test]
fn a_daily_time_is_utc() {
    let next = Recurrence::daily_at(3, 30).next_after("2026-01-31T12:00:00Z".parse().unwrap());
    assert_eq!(next.to_string(), "2026-02-01T03:30:00.000000Z");
}

proptest! {
    /// F10: due times lie ahead, within one period, at the same place of each period.
    #[test]
    fn due_times_are_evenly_spaced(
        period in 1_u64..1_000_000, offset in 0_u64..1_000_000, now in -1_000_000_000_i64..4_000_000_000,
    ) {
        let recurrence =
            Recurrence { period: Duration::from_secs(period), offset: Duration::from_secs(offset) };
        let now = Timestamp::from_micros(now * 1_000_000 + 7);
        let next = recurrence.next_after(now);
        prop_assert!(next > now && next <= now.after(recurrence.period));
        prop_assert_eq!(recurrence.next_after(next), next.after(recurrence.period));
        prop_assert_eq!(recurrence.next_due(Some(next), now), next.after(recurrence.period));
    }
}
