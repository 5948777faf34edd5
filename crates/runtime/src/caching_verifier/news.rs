//! What is known of changes, and whether an answer still holds by it.
//!
//! An answer remembers how much was known when it was asked for. Whatever is heard later about its user or its credential
//! ends it, whenever and in whatever order answers and news arrive: there is nothing to find and remove.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

use prosopa_contract::credential_changes::Subjects;

use super::answer::{ANSWER_LIFE, Answer, Beginning, Saying};

/// Longest time after a question in which its answer allows kept answers to be used.
pub(super) const NEWS_LIFE: Duration = Duration::from_millis(750);

/// Subjects whose change is remembered; beyond, everything counts as changed.
const CHANGED_MAX: usize = 20_000;

/// How much has changed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Some,
    Everything,
}

impl Extent {
    pub(super) const fn is_everything(self) -> bool {
        matches!(self, Self::Everything)
    }
}

#[derive(Default)]
pub(super) struct News {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// Counts what was heard.
    generation: u64,
    /// No answer of an earlier generation holds.
    floor: u64,
    /// Of these, no answer of an earlier generation holds.
    changed: HashMap<Uuid, Change>,
    /// When it was asked last what has changed; none before the first answer.
    asked_at: Option<Instant>,
}

struct Change {
    generation: u64,
    heard_at: Instant,
}

impl News {
    /// Begins to ask; none while too little is known to keep or use an answer.
    pub(super) fn begin(&self) -> Option<Beginning> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        known.is_fresh(at).then_some(Beginning { generation: known.generation, at })
    }

    /// Whether nothing speaks against an answer, as far as is known, and enough is known.
    pub(super) fn holds<T: Saying>(&self, answer: &Answer<T>) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.is_fresh(now) && answer.is_young(now) && known.is_unchanged(answer)
    }

    /// Takes over what has changed up to `asked_at` at least.
    pub(super) fn take(&self, subjects: &Subjects, asked_at: Instant) -> Extent {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.asked_at = Some(asked_at);
        match subjects {
            Subjects::Listed(ids) if known.make_room(ids.len()) => {
                known.change(ids);
                Extent::Some
            }
            _ => {
                known.generation += 1;
                known.floor = known.generation;
                known.changed.clear();
                Extent::Everything
            }
        }
    }
}

impl Known {
    fn is_fresh(&self, now: Instant) -> bool {
        self.asked_at.is_some_and(|asked_at| asked_at + NEWS_LIFE > now)
    }

    fn is_unchanged<T: Saying>(&self, answer: &Answer<T>) -> bool {
        let generation = answer.beginning.generation;
        let is_changed =
            |id: &Uuid| self.changed.get(id).is_some_and(|change| change.generation > generation);
        generation >= self.floor && !answer.subjects().iter().any(is_changed)
    }

    /// Makes room for so many changes; says whether there is room now. Changes that are older than any answer speak of none.
    fn make_room(&mut self, count: usize) -> bool {
        if self.changed.len() + count > CHANGED_MAX {
            let now = Instant::now();
            self.changed.retain(|_, change| change.heard_at + ANSWER_LIFE > now);
        }
        self.changed.len() + count <= CHANGED_MAX
    }

    fn change(&mut self, ids: &[Uuid]) {
        if ids.is_empty() {
            return;
        }
        self.generation += 1;
        let (generation, heard_at) = (self.generation, Instant::now());
        self.changed.extend(ids.iter().map(|id| (*id, Change { generation, heard_at })));
    }
}
