use std::time::Duration;

use prosopa_model::JobId;
use prosopa_notifications::Config;

use crate::support::{Notifications, line};

const DAY: Duration = Duration::from_hours(24);

/// F10: a job is listed for the configured days after its last change, not longer and not shorter.
#[tokio::test]
async fn old_jobs_are_forgotten() {
    let notifications = Notifications::start().await;
    let (old, changed, young) = (JobId::new(), JobId::new(), JobId::new());
    notifications.say(&[old, changed], "completed").await;
    notifications.test.clock.advance(2 * DAY);
    notifications.say(&[changed], "queued").await;
    notifications.test.clock.advance(DAY);
    notifications.say(&[young], "queued").await;
    notifications.sweep(Config { projection_days: 2, ..Config::default() }, 2).await;
    let mut left = notifications.list().await;
    left.sort();
    let mut expected = [line(changed, "queued"), line(young, "queued")];
    expected.sort();
    assert_eq!(left, expected);
}

/// F10: more jobs than one transaction deletes are forgotten too, in one sweep.
#[tokio::test]
async fn many_old_jobs_are_forgotten() {
    let notifications = Notifications::start().await;
    let jobs: Vec<JobId> = (0..1_001).map(|_| JobId::new()).collect();
    notifications.say(&jobs, "completed").await;
    assert_eq!(notifications.list().await.len(), 200);
    notifications.test.clock.advance(31 * DAY);
    notifications.sweep(Config::default(), 0).await;
    assert_eq!(notifications.list().await, []);
}

/// F10: a finished job that was forgotten does not come back as unfinished, whatever is replayed and whatever the clock
/// says by then; what its service says anew is listed.
#[tokio::test]
async fn a_forgotten_job_stays_forgotten() {
    let notifications = Notifications::start().await;
    let job = JobId::new();
    notifications.say_in_vain(job, "processing").await;
    notifications.say(&[job], "completed").await;
    notifications.test.clock.advance(31 * DAY);
    notifications.sweep(Config::default(), 0).await;
    notifications.test.clock.set_back(31 * DAY);
    assert_eq!(notifications.replay().await, 1);
    assert_eq!(notifications.list().await, []);
    assert_eq!(notifications.replay().await, 0, "the replayed event is had");
    notifications.say(&[job], "queued").await;
    assert_eq!(notifications.list().await, [line(job, "queued")]);
}
