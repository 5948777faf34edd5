//! The in-flight pixel budget: how many pixels may be decoded at a time, so that large pictures wait for memory.

use std::sync::{Condvar, Mutex, PoisonError};

/// A semaphore counted in pixels, first come, first served.
pub(crate) struct PixelBudget {
    total_px: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free_px: u64,
    /// The number the next caller draws.
    next: u64,
    /// The number whose turn it is.
    serving: u64,
}

impl PixelBudget {
    pub(crate) fn new(total_px: u64) -> Self {
        let state = State { free_px: total_px, next: 0, serving: 0 };
        Self { total_px, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits until `cost_px` are free; what costs more than the whole budget waits until it is alone.
    pub(crate) fn acquire(&self, cost_px: u64) -> Permit<'_> {
        let cost_px = cost_px.min(self.total_px);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.next;
        state.next += 1;
        while state.serving != number || state.free_px < cost_px {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.serving += 1;
        state.free_px -= cost_px;
        self.changed.notify_all();
        Permit { budget: self, cost_px }
    }
}

/// Pixels in use; given back when dropped.
pub(crate) struct Permit<'a> {
    budget: &'a PixelBudget,
    cost_px: u64,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.state.lock().unwrap_or_else(PoisonError::into_inner).free_px += self.cost_px;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
