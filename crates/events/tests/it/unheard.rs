//! Outboxes that nobody reads.

use std::time::Duration;

use crate::support::World;

/// F10: what nobody hears is deleted by age alone, and what is younger stays for whoever comes.
#[tokio::test]
async fn events_that_nobody_hears_end() {
    let world = World::new().await;
    world.say("early").await;
    world.clock.advance(Duration::from_hours(25));
    world.say("late").await;
    let day_ago = prosopa_model::Clock::now(world.clock.as_ref()).before(Duration::from_hours(24));
    for _ in 0..2 {
        world.outbox.forget_before(day_ago).await.unwrap();
        assert_eq!(world.count(&world.producer, "SELECT count(*) FROM outbox").await, 1);
    }
    world.runner("users").run_pending().await.unwrap();
    assert_eq!(world.effects().await, ["late"]);
}
