//! The in-flight pixel budget: how many pixels may be decoded at a time, so that large pictures wait for memory.
//!
//! Small pictures have a share of their own, so that they never stand behind large ones.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A picture of at most this part of the budget is small.
const SMALL_PART: u64 = 16;
/// The part of the budget that only small pictures get.
const RESERVED_PART: u64 = 8;

/// A semaphore counted in pixels; large pictures are served first come, first served.
pub(crate) struct PixelBudget {
    small_px: u64,
    /// What a picture that costs more than everything waits for.
    common_px: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Free for everybody.
    common_px: u64,
    /// Free for small pictures.
    reserved_px: u64,
    /// The number the next large picture draws.
    next: u64,
    /// The number whose turn it is.
    serving: u64,
}

/// Where a permit's pixels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Common,
    Reserved,
}

impl PixelBudget {
    pub(crate) fn new(total_px: u64) -> Self {
        let reserved_px = total_px / RESERVED_PART;
        let common_px = total_px - reserved_px;
        Self {
            small_px: total_px / SMALL_PART,
            common_px,
            state: Mutex::new(State { common_px, reserved_px, next: 0, serving: 0 }),
            changed: Condvar::new(),
        }
    }

    /// Waits until `cost_px` are free.
    ///
    /// What costs more than the whole budget waits until only small pictures are left beside it.
    pub(crate) fn acquire(&self, cost_px: u64) -> Permit<'_> {
        let start = Instant::now();
        let cost_px = cost_px.min(self.common_px);
        let share =
            if cost_px <= self.small_px { self.take_small(cost_px) } else { self.take_large(cost_px) };
        Permit { budget: self, share, cost_px, waited: start.elapsed() }
    }

    fn take_large(&self, cost_px: u64) -> Share {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        while state.serving != number || state.common_px < cost_px {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.serving += 1;
        state.common_px -= cost_px;
        self.changed.notify_all();
        Share::Common
    }

    fn take_small(&self, cost_px: u64) -> Share {
        let mut state = self.lock();
        loop {
            // Not past a large picture that waits: small ones could keep it waiting for ever.
            if state.next == state.serving && state.common_px >= cost_px {
                state.common_px -= cost_px;
                return Share::Common;
            }
            if state.reserved_px >= cost_px {
                state.reserved_px -= cost_px;
                return Share::Reserved;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, share: Share, pixels: u64) {
        let mut state = self.lock();
        match share {
            Share::Common => state.common_px += pixels,
            Share::Reserved => state.reserved_px += pixels,
        }
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pixels in use; given back when dropped.
pub(crate) struct Permit<'a> {
    budget: &'a PixelBudget,
    share: Share,
    cost_px: u64,
    waited: Duration,
}

impl Permit<'_> {
    /// How long it took to get it.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Gives back all but `cost_px`; a permit never grows.
    pub(crate) fn shrink_to(&mut self, cost_px: u64) {
        let surplus_px = self.cost_px.saturating_sub(cost_px);
        self.cost_px -= surplus_px;
        self.budget.give_back(self.share, surplus_px);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.give_back(self.share, self.cost_px);
    }
}

#[cfg(test)]
mod tests;
