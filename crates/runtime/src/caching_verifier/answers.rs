//! Answers by the digest of what was asked about: a bounded number, the oldest leave first.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::time::Instant;

use super::answer::{ANSWER_LIFE, Answer, Saying};

/// SHA-256 of a credential or an access key.
pub(super) type Digest = [u8; 32];

pub(super) struct Answers<T> {
    kept: Mutex<Kept<T>>,
    max: usize,
}

struct Kept<T> {
    by_digest: HashMap<Digest, Arc<Answer<T>>>,
    /// In the order of their coming. One that was replaced has its place still, until that comes to the front.
    order: VecDeque<(Digest, Instant)>,
}

impl<T: Saying> Answers<T> {
    pub(super) fn new(max: usize) -> Self {
        Self { kept: Mutex::new(Kept::default()), max }
    }

    /// What was said last, whether it holds or not.
    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Answer<T>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).by_digest.get(digest).cloned()
    }

    /// Keeps an answer; lets go of those that are too old, and of the oldest if there are too many.
    pub(super) fn insert(&self, digest: Digest, answer: Arc<Answer<T>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.order.push_back((digest, answer.beginning.at));
        kept.by_digest.insert(digest, answer);
        while let Some((_, asked_at)) = kept.order.front() {
            if kept.order.len() <= self.max && *asked_at + ANSWER_LIFE > now {
                break;
            }
            kept.remove_oldest();
        }
    }

    pub(super) fn clear(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { by_digest: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Kept<T> {
    fn remove_oldest(&mut self) {
        let Some((digest, asked_at)) = self.order.pop_front() else { return };
        if self.by_digest.get(&digest).is_some_and(|answer| answer.beginning.at == asked_at) {
            self.by_digest.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests;
