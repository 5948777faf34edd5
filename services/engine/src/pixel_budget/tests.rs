//! Who waits for whom.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{sync::mpsc, thread};

use super::*;

/// What is free for everybody, and for small pictures.
fn free(budget: &PixelBudget) -> (u64, u64) {
    let state = budget.lock();
    (state.common_px, state.reserved_px)
}

/// Waits until so many large pictures have asked.
fn wait_for_asked(budget: &PixelBudget, count: u64) {
    while budget.lock().next < count {
        thread::yield_now();
    }
}

#[test]
fn what_fits_does_not_wait() {
    let budget = PixelBudget::new(160);
    let _one = budget.acquire(60);
    let _other = budget.acquire(80);
    assert_eq!(free(&budget), (0, 20));
}

#[test]
fn a_picture_larger_than_the_budget_takes_all_that_is_common() {
    let budget = PixelBudget::new(160);
    let permit = budget.acquire(1_000);
    assert_eq!(free(&budget), (0, 20));
    drop(permit);
    assert_eq!(free(&budget), (140, 20));
}

/// F4: a large picture is not overtaken for ever by smaller ones that would fit.
#[test]
fn the_first_who_waits_is_served_first() {
    let budget = PixelBudget::new(160);
    let (sender, receiver) = mpsc::sync_channel(2);
    thread::scope(|scope| {
        let first = budget.acquire(90);
        let wait = |name: &'static str, cost_px: u64, number: u64| {
            let (budget, sender) = (&budget, sender.clone());
            scope.spawn(move || {
                let permit = budget.acquire(cost_px);
                sender.send(name).unwrap();
                drop(permit);
            });
            wait_for_asked(budget, number);
        };
        wait("large", 140, 2);
        wait("smaller", 11, 3);
        assert!(receiver.try_recv().is_err());
        drop(first);
        assert_eq!(receiver.recv().unwrap(), "large");
        assert_eq!(receiver.recv().unwrap(), "smaller");
    });
}

/// N4: whoever sends large pictures does not keep small ones waiting, and small ones do not overtake in the common share.
#[test]
fn small_pictures_do_not_stand_behind_large_ones() {
    let budget = PixelBudget::new(160);
    let first = budget.acquire(100);
    thread::scope(|scope| {
        scope.spawn(|| drop(budget.acquire(140)));
        wait_for_asked(&budget, 2);
        let small = [budget.acquire(10), budget.acquire(10)];
        assert_eq!(free(&budget), (40, 0));
        drop(small);
        assert_eq!(free(&budget), (40, 20));
        drop(first);
    });
    assert_eq!(free(&budget), (140, 20));
}

/// Nobody large waits: small pictures are not held to their own share.
#[test]
fn small_pictures_use_the_common_share_while_it_is_free() {
    let budget = PixelBudget::new(160);
    let permits: Vec<_> = (0..16).map(|_| budget.acquire(10)).collect();
    assert_eq!(free(&budget), (0, 0));
    drop(permits);
    assert_eq!(free(&budget), (140, 20));
}

/// N4: a decoded picture holds less than decoding it took, and the rest goes to whoever waits.
#[test]
fn a_shrunk_permit_lets_the_next_one_in() {
    let budget = PixelBudget::new(160);
    let mut first = budget.acquire(1_000);
    thread::scope(|scope| {
        let second = scope.spawn(|| budget.acquire(90).cost_px);
        wait_for_asked(&budget, 2);
        first.shrink_to(50);
        assert_eq!(second.join().unwrap(), 90);
    });
    first.shrink_to(70);
    assert_eq!(free(&budget), (90, 20));
    drop(first);
    assert_eq!(free(&budget), (140, 20));
}

/// F4: the wait is told, so that no answer hides it.
#[test]
fn a_permit_knows_how_long_it_took() {
    let budget = PixelBudget::new(160);
    let first = budget.acquire(140);
    thread::scope(|scope| {
        let second = scope.spawn(|| budget.acquire(140).waited());
        wait_for_asked(&budget, 2);
        let start = Instant::now();
        // Long enough for the clock to move.
        while start.elapsed().as_micros() == 0 {
            thread::yield_now();
        }
        let held = start.elapsed();
        drop(first);
        assert!(second.join().unwrap() >= held);
    });
}
