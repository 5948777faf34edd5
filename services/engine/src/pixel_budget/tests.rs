//! Who waits for whom.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{sync::mpsc, thread};

use super::*;

#[test]
fn what_fits_does_not_wait() {
    let budget = PixelBudget::new(10);
    let _one = budget.acquire(4);
    let _other = budget.acquire(6);
    assert_eq!(budget.state.lock().unwrap().free_px, 0);
}

#[test]
fn a_picture_larger_than_the_budget_runs_alone() {
    let budget = PixelBudget::new(10);
    drop(budget.acquire(1_000));
    assert_eq!(budget.state.lock().unwrap().free_px, 10);
}

/// F4: a large picture is not overtaken for ever by small ones that would fit.
#[test]
fn the_first_who_waits_is_served_first() {
    let budget = PixelBudget::new(10);
    let (sender, receiver) = mpsc::sync_channel(2);
    thread::scope(|scope| {
        let first = budget.acquire(6);
        let wait = |name: &'static str, cost_px: u64, number: u64| {
            let (budget, sender) = (&budget, sender.clone());
            scope.spawn(move || {
                let permit = budget.acquire(cost_px);
                sender.send(name).unwrap();
                drop(permit);
            });
            while budget.state.lock().unwrap().next <= number {
                thread::yield_now();
            }
        };
        wait("large", 10, 1);
        wait("small", 1, 2);
        assert!(receiver.try_recv().is_err());
        drop(first);
        assert_eq!(receiver.recv().unwrap(), "large");
        assert_eq!(receiver.recv().unwrap(), "small");
    });
}
