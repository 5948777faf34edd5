//! What every way of carrying events has to keep.

use std::{sync::Arc, task::Poll, time::Duration};

use futures::future::join_all;
use prost::Message;

use prosopa_contract::events::UserRegistered;
use prosopa_events::{EVENT_BYTES_MAX, HandlerError, Outbox, RunnerConfig, list_dead_letters};
use prosopa_store::{Backend, Database, Error};
use prosopa_testkit::ManualClock;

use crate::{
    support::{MIGRATIONS, World, user},
    transport::Transport,
};

fn names(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("u{number:03}")).collect()
}

/// F10: every event arrives once and in order, over several batches.
#[tokio::test]
async fn events_arrive_in_order() {
    let world = World::new().await;
    for name in names(0..250) {
        world.say(&name).await;
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, names(0..250));
    world.say("u250").await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, names(0..251));
}

/// F10: what is rolled back was never said.
#[tokio::test]
async fn a_rolled_back_transaction_says_nothing() {
    let world = World::new().await;
    world.say("u000").await;
    let mut tx = world.producer.begin().await.unwrap();
    world.outbox.publish(&mut tx, &user("unsaid")).await.unwrap();
    tx.rollback().await.unwrap();
    world.say("u001").await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, names(0..2));
}

/// F10: an event whose transaction ends late is neither lost nor overtaken by those said after it.
#[tokio::test]
async fn commits_out_of_order_lose_nothing() {
    let world = World::new().await;
    if world.producer.backend() == Backend::Sqlite {
        // One writer: there are no two transactions.
        return;
    }
    let mut early = world.producer.begin().await.unwrap();
    world.outbox.publish(&mut early, &user("u000")).await.unwrap();
    let mut dropped = world.producer.begin().await.unwrap();
    world.outbox.publish(&mut dropped, &user("unsaid")).await.unwrap();
    world.say("u001").await;
    let mut runner = world.runner("users");
    {
        let mut running = std::pin::pin!(runner.run_pending());
        let waited = tokio::time::timeout(Duration::from_millis(300), &mut running).await;
        assert!(waited.is_err(), "an earlier place may still be filled");
        assert_eq!(world.effects().await, Vec::<String>::new());
        early.commit().await.unwrap();
        dropped.rollback().await.unwrap();
        running.await.unwrap();
    }
    assert_eq!(world.effects().await, names(0..2));
}

/// F10: nor is one whose transaction is the youngest of all, younger than the one whose later event is there already.
#[tokio::test]
async fn a_place_of_the_youngest_transaction_is_waited_for() {
    let world = World::new().await;
    if world.producer.backend() == Backend::Sqlite {
        // One writer: there are no two transactions.
        return;
    }
    let mut runner = world.runner("users");
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let running = tokio::spawn(async move { runner.run(stopped).await });
    // Something that ends between hides it: one round may tell nothing.
    for first in (0..40).step_by(4) {
        let name = |number: usize| format!("u{:03}", first + number);
        let mut older = world.producer.begin().await.unwrap();
        world.outbox.publish(&mut older, &user(&name(0))).await.unwrap();
        let mut youngest = world.producer.begin().await.unwrap();
        world.outbox.publish(&mut youngest, &user(&name(1))).await.unwrap();
        world.outbox.publish(&mut older, &user(&name(2))).await.unwrap();
        older.commit().await.unwrap();
        let has_effect = async |name: String| {
            while !world.effects().await.contains(&name) {
                world.transport.go_on().await;
            }
        };
        has_effect(name(0)).await;
        world.say(&name(3)).await;
        let overtaken = tokio::time::timeout(Duration::from_millis(100), has_effect(name(3))).await;
        assert!(overtaken.is_err(), "the place between may still be filled");
        youngest.commit().await.unwrap();
        has_effect(name(3)).await;
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(world.effects().await, names(0..40));
}

/// F10: what is delivered again has no second effect.
#[tokio::test]
async fn a_redelivery_has_no_second_effect() {
    let world = World::new().await;
    for name in names(0..5) {
        world.say(&name).await;
    }
    world.runner("users").run_pending().await.unwrap();
    world.forget_cursors().await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, names(0..5));
}

/// F10: of several processes with one subscription each event has one effect; each subscription has every event.
#[tokio::test]
async fn processes_share_and_subscriptions_do_not() {
    let world = World::over(Transport::of_run(3)).await;
    for name in names(0..150) {
        world.say(&name).await;
    }
    let mut processes = [world.runner("users"), world.runner("users"), world.runner("users")];
    join_all(processes.iter_mut().map(|process| async { process.run_pending().await.unwrap() })).await;
    let mut effects = world.effects().await;
    effects.sort();
    assert_eq!(effects, names(0..150));
    world.runner("others").run_pending().await.unwrap();
    assert_eq!(world.effects().await.len(), 300);
    world.deaf_runner().run_pending().await.unwrap();
    assert_eq!(world.effects().await.len(), 300, "other topics are passed over");
}

/// F10: an event that cannot be used is put aside with the reason, and what follows goes on.
#[tokio::test]
async fn a_poison_record_is_put_aside() {
    let world = World::new().await;
    for name in ["u000", "poison", "later", "never", "u001"] {
        world.say(name).await;
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000", "later", "u001"]);
    let mut dead = list_dead_letters(&world.consumer, 10).await.unwrap();
    dead.sort_by(|a, b| a.key.cmp(&b.key));
    let told: Vec<_> =
        dead.iter().map(|letter| (letter.key.as_str(), letter.reason.as_str(), letter.attempts)).collect();
    assert_eq!(told, [("never", "not today", 3), ("poison", "nobody can use this", 1)]);
    world.forget_cursors().await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000", "later", "u001"]);
}

/// F10: a process that vanishes anywhere leaves every event with one effect for the next one.
#[tokio::test]
async fn a_crash_anywhere_leaves_one_effect() {
    let world = World::new().await;
    for name in names(0..20) {
        world.say(&name).await;
    }
    if let Transport::Kafka(_) = world.transport {
        vanish_at_times(&world).await;
    }
    for polls in 1..40 {
        let mut runner = world.runner("users");
        let mut running = Box::pin(runner.run_pending());
        for _ in 0..polls {
            let polled = futures::poll!(&mut running);
            if matches!(polled, Poll::Ready(_)) {
                break;
            }
            tokio::task::yield_now().await;
        }
        // Dropped wherever it is.
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, names(0..20));
}

/// Between the first question and the effect lie the brokers' answers, so what counts is time.
async fn vanish_at_times(world: &World) {
    for time_ms in (50..650).step_by(60) {
        let mut runner = world.runner("users");
        let running = runner.run(tokio_util::sync::CancellationToken::new());
        // Dropped wherever it is.
        let _ = tokio::time::timeout(Duration::from_millis(time_ms), running).await;
    }
}

/// F10: who waits is woken by what is said, long before the next look.
#[tokio::test]
async fn a_waiting_runner_is_woken() {
    let world = World::new().await;
    let mut runner = world.runner("users");
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let running = tokio::spawn(async move { runner.run(stopped).await });
    for (count, name) in names(0..20).iter().enumerate() {
        world.say(name).await;
        while world.effects().await.len() <= count {
            world.transport.go_on().await;
        }
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// F10, K9: who waits is woken by what another process says, long before the next look. A file is one process's.
#[tokio::test]
async fn a_runner_is_woken_by_another_process() {
    let world = World::new().await;
    let database = Database::open(&world.home.options("producer"), MIGRATIONS).await.unwrap();
    if database.backend() == Backend::Sqlite {
        return;
    }
    let outbox = Outbox::new("auth", database.clone(), Arc::<ManualClock>::clone(&world.clock));
    let config = RunnerConfig { poll: Duration::from_hours(1), ..RunnerConfig::default() };
    let mut runner = world.transport.carrier(&world, world.subscription("users"), config);
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let running = tokio::spawn(async move { runner.run(stopped).await });
    for (count, name) in names(0..20).iter().enumerate() {
        let mut tx = database.begin().await.unwrap();
        outbox.publish(&mut tx, &user(name)).await.unwrap();
        tx.commit().await.unwrap();
        while world.effects().await.len() <= count {
            world.transport.go_on().await;
        }
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// F10: what every subscription has had is deleted after its time, and the inbox with it; what is young is not.
#[tokio::test]
async fn what_is_old_is_deleted() {
    let world = World::new().await;
    world.say("u000").await;
    world.clock.advance(Duration::from_hours(8 * 24));
    world.say("u001").await;
    let mut runner = world.runner("users");
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let running = tokio::spawn(async move { runner.run(stopped).await });
    while world.count(&world.producer, "SELECT count(*) FROM outbox").await > 1
        || world.effects().await.len() < 2
    {
        world.transport.go_on().await;
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(world.effects().await, names(0..2));
    assert_eq!(world.count(&world.consumer, "SELECT count(*) FROM inbox").await, 2, "noted just now");
}

/// Text that no compression makes shorter.
fn noise(len: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + u8::try_from(state % 95).unwrap())
    };
    (0..len).map(|_| next()).collect()
}

/// F10: the largest event is carried. One that is larger is refused when it is said, whatever would carry it, and what is
/// said around it goes on.
#[tokio::test]
async fn what_nobody_could_carry_is_refused() {
    let world = World::new().await;
    let bytes_around = user("u000").encoded_len() - "acc".len() + 2 * "u000".len();
    // Lengths of a message's texts take four bytes here, and one in the short message.
    let longest = EVENT_BYTES_MAX - bytes_around - 3;
    let said = |id: &str, len| UserRegistered { user_id: id.into(), account_id: noise(len) };
    let mut tx = world.producer.begin().await.unwrap();
    world.outbox.publish(&mut tx, &said("u000", longest)).await.unwrap();
    let refused = world.outbox.publish(&mut tx, &said("u001", longest + 1)).await.unwrap_err();
    assert!(matches!(refused, Error::TooLarge { bytes_max: EVENT_BYTES_MAX, .. }), "{refused}");
    tx.commit().await.unwrap();
    world.say("u002").await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000", "u002"]);
    // A handler that says such a thing is not tried for ever.
    assert!(matches!(HandlerError::from(refused), HandlerError::Poison(_)));
}
