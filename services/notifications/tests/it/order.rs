use std::time::Duration;

use prosopa_model::JobId;

use crate::support::{Notifications, line};

/// F10: what is heard last in the order of what was said is listed, also when something earlier is replayed afterwards.
#[tokio::test]
async fn a_replayed_event_undoes_nothing_later() {
    let notifications = Notifications::start().await;
    let job = JobId::new();
    notifications.say(&[job], "queued").await;
    notifications.say_in_vain(job, "processing").await;
    assert_eq!(notifications.list().await, [line(job, "queued")]);
    notifications.say(&[job], "completed").await;
    assert_eq!(notifications.replay().await, 1);
    assert_eq!(notifications.list().await, [line(job, "completed")]);
}

/// F10: the last word on a job counts when it is replayed, whatever the clock said.
#[tokio::test]
async fn a_replayed_last_word_counts() {
    let notifications = Notifications::start().await;
    let job = JobId::new();
    notifications.say(&[job], "processing").await;
    notifications.test.clock.set_back(Duration::from_hours(1));
    notifications.say_in_vain(job, "completed").await;
    assert_eq!(notifications.list().await, [line(job, "processing")]);
    assert_eq!(notifications.replay().await, 1);
    assert_eq!(notifications.list().await, [line(job, "completed")]);
}
