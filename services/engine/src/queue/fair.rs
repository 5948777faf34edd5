//! A queue that serves accounts in turn, whoever has how much waiting.

use std::collections::{HashMap, VecDeque};

/// Something that takes up room while it waits.
pub(super) trait Weighted {
    fn weight(&self) -> usize;
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

    pub(super) fn weight(&self) -> usize {
        self.weight
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

    /// Takes out the newest item of the account with most waiting, if that is more than `account` would then have.
    pub(super) fn displace(&mut self, account: &str) -> Option<T> {
        let own = self.lines.get(account).map_or(0, VecDeque::len);
        let (_, longest) = self.lines.iter_mut().max_by_key(|(_, line)| line.len())?;
        if longest.len() <= own + 1 {
            return None;
        }
        let item = longest.pop_back()?;
        self.forget(&item);
        Some(item)
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
