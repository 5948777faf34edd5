//! What was put aside and is handed over again.

use std::{sync::atomic::Ordering, time::Duration};

use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use prosopa_events::{DeadLetter, Letters, Replayed, list_dead_letters, replay_dead_letters, request_replay};
use prosopa_model::Clock;
use prosopa_store::Database;

use crate::support::{EFFECTS, MIGRATIONS, World};

const NAMES: [&str; 6] = ["u000", "u001", "u002", "u003", "u004", "u005"];

/// Puts aside what is said of these.
async fn put_aside(world: &World, names: &[&str]) {
    world.is_closed.store(true, Ordering::Relaxed);
    for name in names {
        world.say(name).await;
    }
    world.runner("users").run_pending().await.unwrap();
    world.is_closed.store(false, Ordering::Relaxed);
    assert!(letters(world).await.len() >= names.len());
}

async fn letters(world: &World) -> Vec<DeadLetter> {
    list_dead_letters(&world.consumer, 100).await.unwrap()
}

async fn ask(world: &World, which: Letters<'_>, limit: u32) -> u64 {
    request_replay(&world.consumer, "users", which, limit, world.clock.now()).await.unwrap()
}

/// F10: letters that are asked for have their effect in the order in which they were said, as many as are asked for.
#[tokio::test]
async fn replays_keep_the_order() {
    let world = World::new().await;
    put_aside(&world, &NAMES).await;
    assert_eq!(ask(&world, Letters::All, 4).await, 4);
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, NAMES[..4]);
    assert_eq!(letters(&world).await.len(), 2);
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, NAMES[..4], "nobody asked for the others");
    assert_eq!(ask(&world, Letters::All, 4).await, 2);
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, NAMES);
    assert_eq!(letters(&world).await.len(), 0);
}

/// F10: single letters can be asked for, each once; one that there is not, or of another subscription, is not asked for.
#[tokio::test]
async fn single_letters_are_replayed() {
    let world = World::new().await;
    put_aside(&world, &NAMES).await;
    let all = letters(&world).await;
    let id_of = |name: &str| all.iter().find(|letter| letter.key == name).unwrap().event_id;
    let wanted = [id_of("u004"), Uuid::now_v7(), id_of("u001")];
    let now = world.clock.now();
    let others = request_replay(&world.consumer, "others", Letters::Of(&wanted), 10, now).await.unwrap();
    assert_eq!(others, 0);
    assert_eq!(ask(&world, Letters::Of(&wanted), 10).await, 2);
    assert_eq!(ask(&world, Letters::Of(&wanted), 10).await, 0, "asked for already");
    let asked = letters(&world).await.iter().filter(|letter| letter.replay_requested_at == Some(now)).count();
    assert_eq!(asked, 2);
    world.runner("others").run_pending().await.unwrap();
    let effects = world.effects().await.len();
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await[effects..], ["u001", "u004"]);
    assert_eq!(ask(&world, Letters::Of(&[id_of("u000"), id_of("u002")]), 1).await, 1);
}

/// F10: a replay in vain leaves no effect but the letter, with one attempt more and the new reason, and is not repeated
/// until somebody asks again; those behind it go on.
#[tokio::test]
async fn a_replay_in_vain_keeps_the_letter() {
    let world = World::new().await;
    put_aside(&world, &["u000", "poison", "u001"]).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(ask(&world, Letters::All, 10).await, 3);
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000", "u001"]);
    let left = letters(&world).await;
    assert_eq!(left.len(), 1);
    let letter = &left[0];
    assert_eq!((letter.key.as_str(), letter.producer.as_str()), ("poison", "auth"));
    assert_eq!((letter.reason.as_str(), letter.attempts), ("nobody can use this", 4));
    assert_eq!((letter.failed_at, letter.replay_requested_at), (world.clock.now(), None));
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(letters(&world).await[0].attempts, 4);
    assert_eq!(world.count(&world.consumer, "SELECT count(*) FROM inbox").await, 2);
}

/// F10: of processes that replay at the same time one does it, also what is in vain; each effect is made once.
#[tokio::test]
async fn racing_replays_do_it_once() {
    let world = World::new().await;
    put_aside(&world, &["u000", "u001", "u002", "poison", "u003", "u004", "u005"]).await;
    assert_eq!(ask(&world, Letters::All, 100).await, 7);
    let mut processes = [world.runner("users"), world.runner("users"), world.runner("users")];
    let running =
        join_all(processes.iter_mut().map(|process| async { process.run_pending().await.unwrap() }));
    let subscription = world.subscription("users");
    let asking = replay_dead_letters(&world.consumer, &subscription, Letters::All, 0, world.clock.as_ref());
    let (_, asked) = tokio::join!(running, asking);
    asked.unwrap();
    assert_eq!(world.effects().await, NAMES);
    let left = letters(&world).await;
    assert_eq!(left.iter().map(|letter| letter.attempts).collect::<Vec<_>>(), [4]);
}

/// F10: whoever replays here and now is told what came of it.
#[tokio::test]
async fn a_replay_at_once_tells_what_came_of_it() {
    let world = World::new().await;
    put_aside(&world, &["u000", "poison", "u001"]).await;
    let subscription = world.subscription("users");
    let replayed =
        replay_dead_letters(&world.consumer, &subscription, Letters::All, 10, world.clock.as_ref()).await;
    assert_eq!(replayed.unwrap(), Replayed { applied: 2, repeated: 0, failed: 1 });
    assert_eq!(world.effects().await, ["u000", "u001"]);
}

/// F10: a letter whose event is delivered again and has its effect then has none when it is replayed, however late; one
/// that was replayed has none when it is delivered again.
#[tokio::test]
async fn deliveries_and_replays_make_one_effect() {
    let world = World::new().await;
    put_aside(&world, &["u000"]).await;
    world.forget_cursors().await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000"]);
    put_aside(&world, &["u001"]).await;
    world.clock.advance(Duration::from_hours(8 * 24));
    trim(&world).await;
    let subscription = world.subscription("users");
    let replayed =
        replay_dead_letters(&world.consumer, &subscription, Letters::All, 10, world.clock.as_ref()).await;
    assert_eq!(replayed.unwrap(), Replayed { applied: 1, repeated: 1, failed: 0 });
    assert_eq!(world.effects().await, ["u000", "u001"]);
    world.forget_cursors().await;
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000", "u001"]);
}

/// Lets a runner delete what is old, which it does where it finds nothing else to do.
async fn trim(world: &World) {
    let stop = CancellationToken::new();
    let (mut runner, stopped) = (world.runner("users"), stop.clone());
    let running = tokio::spawn(async move { runner.run(stopped).await });
    while world.count(&world.producer, "SELECT count(*) FROM outbox").await > 0 {
        world.transport.go_on().await;
    }
    // The inbox comes after it, before the runner waits for the end.
    stop.cancel();
    running.await.unwrap().unwrap();
}

/// F10: a process that vanishes anywhere in a replay leaves the letter or its effect.
#[tokio::test]
async fn a_crash_in_a_replay_leaves_one_effect() {
    let world = World::new().await;
    put_aside(&world, &NAMES).await;
    ask(&world, Letters::All, 100).await;
    for polls in 1..40 {
        let mut runner = world.runner("users");
        let mut running = Box::pin(runner.run_pending());
        for _ in 0..polls {
            if futures::poll!(&mut running).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        // Dropped wherever it is.
        drop(running);
        // In this order: a commit that is still under way moves one from the first to the second.
        let left = letters(&world).await.len();
        let effects = world.effects().await.len();
        assert!(effects + left >= NAMES.len(), "{effects} effects and {left} letters");
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, NAMES);
    assert_eq!(letters(&world).await.len(), 0);
}

/// F10: a subscription that runs does what is asked for elsewhere.
#[tokio::test]
async fn a_running_subscription_replays() {
    let world = World::new().await;
    put_aside(&world, &NAMES).await;
    let stop = CancellationToken::new();
    let (mut runner, stopped) = (world.runner("users"), stop.clone());
    let running = tokio::spawn(async move { runner.run(stopped).await });
    let other_process = Database::open(&world.home.options("consumer"), MIGRATIONS).await.unwrap();
    let now = world.clock.now();
    request_replay(&other_process, "users", Letters::All, 100, now).await.unwrap();
    while world.effects().await.len() < NAMES.len() {
        world.transport.go_on().await;
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(world.effects().await, NAMES);
}

/// F10: a letter on a topic that is not heard any more is kept.
#[tokio::test]
async fn a_topic_that_is_not_heard_keeps_its_letters() {
    let world = World::new().await;
    put_aside(&world, &["u000"]).await;
    let subscription = world.deaf_subscription("users");
    let replayed =
        replay_dead_letters(&world.consumer, &subscription, Letters::All, 10, world.clock.as_ref()).await;
    assert_eq!(replayed.unwrap(), Replayed { applied: 0, repeated: 0, failed: 1 });
    assert_eq!(letters(&world).await[0].reason, "prosopa.auth.events.v1 is not heard any more");
}

/// K9: what an older version put aside survives the migration and can be replayed.
#[tokio::test]
async fn older_letters_are_replayed() {
    let mut world = World::new().await;
    let options = world.home.options("older");
    let older = Database::open(&options, &[prosopa_events::MIGRATION, EFFECTS]).await.unwrap();
    world.insert_older_letter(&older, "u000").await;
    older.close().await;
    let list = &[prosopa_events::MIGRATION, EFFECTS, prosopa_events::REPLAY_MIGRATION];
    world.consumer = Database::open(&options, list).await.unwrap();
    assert_eq!(ask(&world, Letters::All, 10).await, 1);
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["u000"]);
    assert_eq!(letters(&world).await.len(), 0);
}
