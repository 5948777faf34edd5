//! A queue that serves accounts in turn, whoever has how much waiting.

use std::collections::{HashMap, VecDeque};

/// Something that takes up room while it waits.
pub(super) trait Weighted {
    fn weight(&self) -> usize;
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) len_max: usize,
    pub(super) weight_max: usize,
}

impl Room {
    fn fits(self, len: usize, total: usize, weight: usize) -> bool {
        len < self.len_max && (len == 0 || total.saturating_add(weight) <= self.weight_max)
    }
}

/// What a plan leaves of a line.
struct Rest<'a, T> {
    name: &'a String,
    line: &'a VecDeque<T>,
    len: usize,
    weight: usize,
}

/// First in, first out within an account; round robin between accounts.
pub(super) struct FairQueue<T> {
    /// Never holds an empty line.
    lines: HashMap<String, VecDeque<T>>,
    /// Accounts with something waiting, next one first.
    turns: VecDeque<String>,
    len: usize,
    weight: usize,
}

impl<T: Weighted> FairQueue<T> {
    pub(super) fn new() -> Self {
        Self { lines: HashMap::new(), turns: VecDeque::new(), len: 0, weight: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, account: &str, item: T) {
        self.len += 1;
        self.weight += item.weight();
        if let Some(line) = self.lines.get_mut(account) {
            line.push_back(item);
        } else {
            self.lines.insert(account.to_owned(), VecDeque::from([item]));
            self.turns.push_back(account.to_owned());
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let account = self.turns.pop_front()?;
        let line = self.lines.get_mut(&account)?;
        let item = line.pop_front()?;
        if line.is_empty() {
            self.lines.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        self.forget(&item);
        Some(item)
    }

    /// Whether an item of this weight fits; an empty queue takes one of any weight.
    pub(super) fn has_room(&self, weight: usize, room: Room) -> bool {
        room.fits(self.len, self.weight, weight)
    }

    /// Takes out the newest items of accounts with more waiting than `account` until an item of `weight` fits.
    ///
    /// Where the number is short, the account with most items gives way, if it has more than `account` would then have;
    /// where the weight is short, the account with most weight, likewise. `None`, and nothing is taken, when that does not
    /// make enough room.
    pub(super) fn make_room(&mut self, account: &str, weight: usize, room: Room) -> Option<Vec<T>> {
        let plan = self.plan_displacement(account, weight, room)?;
        let mut displaced = Vec::new();
        for (account, count) in plan {
            let Some(line) = self.lines.get_mut(&account) else { continue };
            let taken = line.split_off(line.len().saturating_sub(count));
            if line.is_empty() {
                self.lines.remove(&account);
                self.turns.retain(|other| *other != account);
            }
            for item in taken {
                self.forget(&item);
                displaced.push(item);
            }
        }
        Some(displaced)
    }

    /// How many of which account's newest items have to go.
    fn plan_displacement(&self, account: &str, weight: usize, room: Room) -> Option<Vec<(String, usize)>> {
        let weigh = |line: &VecDeque<T>| line.iter().map(Weighted::weight).sum::<usize>();
        let (own_len, own_weight) =
            self.lines.get(account).map_or((1, weight), |line| (line.len() + 1, weigh(line) + weight));
        let others = self.lines.iter().filter(|(name, _)| *name != account);
        let mut lines: Vec<Rest<'_, T>> =
            others.map(|(name, line)| Rest { name, line, len: line.len(), weight: weigh(line) }).collect();
        let (mut len, mut total) = (self.len, self.weight);
        while !room.fits(len, total, weight) {
            let victim = if len >= room.len_max {
                lines.iter_mut().max_by_key(|rest| rest.len).filter(|rest| rest.len > own_len)
            } else {
                lines.iter_mut().max_by_key(|rest| rest.weight).filter(|rest| rest.weight > own_weight)
            }?;
            victim.len -= 1;
            let freed = victim.line.get(victim.len)?.weight();
            victim.weight -= freed;
            (len, total) = (len - 1, total - freed);
        }
        let shortened = lines.iter().filter(|rest| rest.len < rest.line.len());
        Some(shortened.map(|rest| (rest.name.clone(), rest.line.len() - rest.len)).collect())
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        for line in self.lines.values_mut() {
            line.retain(&is_kept);
        }
        self.lines.retain(|_, line| !line.is_empty());
        self.turns.retain(|account| self.lines.contains_key(account));
        self.len = self.lines.values().map(VecDeque::len).sum();
        self.weight = self.lines.values().flatten().map(Weighted::weight).sum();
    }

    fn forget(&mut self, item: &T) {
        self.len -= 1;
        self.weight -= item.weight();
    }
}

#[cfg(test)]
mod tests;
