//! The counters that one transaction looks at and changes.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use uuid::Uuid;

use prosopa_model::{LimitMode, Timestamp, WindowUse};
use prosopa_store::{Error, Tx};

use super::{
    counter::{Counter, Part},
    refunds::Refund,
    spend::{Allowance, Purse, Usage},
};
use crate::store::ledger::{CounterRow, delete_counters, list_counters, put_counters};

/// See the module.
pub(super) struct Page {
    entries: HashMap<(Uuid, Arc<str>), Entry>,
}

struct Entry {
    counter: Counter,
    /// Stored, and counts no more.
    over: Vec<Part>,
    /// Beginnings of the parts that are to be written.
    changed: BTreeSet<Timestamp>,
}

/// What was spent.
pub(super) struct Spent {
    /// For each limit, the part in which it was spent.
    pub(super) parts: Vec<Timestamp>,
    /// All counters after that.
    pub(super) usage: Usage,
    /// Limits in shadow mode that would have refused it.
    pub(super) exceeded: Vec<usize>,
}

/// Nothing was spent.
pub(super) struct Refused {
    /// The limit that has too little left; of several the one whose reset is furthest away.
    pub(super) window: WindowUse,
    /// All counters.
    pub(super) usage: Usage,
}

impl Page {
    /// Reads every counter of these purses, as it counts at `now`.
    pub(super) async fn read<'a>(
        tx: &mut Tx,
        purses: impl Iterator<Item = &'a Purse> + Clone,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let holders: BTreeSet<Uuid> = purses.clone().map(|purse| purse.holder_id).collect();
        let holders: Vec<Uuid> = holders.into_iter().collect();
        let mut stored: HashMap<(Uuid, String), Vec<Part>> = HashMap::new();
        for row in list_counters(tx, &holders).await? {
            let part = Part { starts_at: row.starts_at, used: row.used };
            stored.entry((row.holder_id, row.counter)).or_default().push(part);
        }
        let mut entries = HashMap::new();
        for purse in purses {
            for allowance in purse.allowances.iter() {
                entries.entry((purse.holder_id, Arc::clone(&allowance.counter))).or_insert_with(|| {
                    let key = (purse.holder_id, allowance.counter.to_string());
                    let parts = stored.remove(&key).unwrap_or_default();
                    let (counter, over) = Counter::at(&allowance.window, &parts, now);
                    Entry { counter, over, changed: BTreeSet::new() }
                });
            }
        }
        Ok(Self { entries })
    }

    /// Takes a charge back from the parts it was made in, as far as they still count.
    pub(super) fn take_back(&mut self, refund: &Refund) {
        let charges = refund.amounts.iter().zip(&refund.parts);
        for (allowance, (amount, part)) in refund.purse.allowances.iter().zip(charges) {
            if let Some(entry) = self.entry(refund.purse.holder_id, allowance).filter(|_| *amount > 0) {
                entry.counter.take_back(*part, *amount);
                entry.changed.insert(*part);
            }
        }
    }

    /// Spends the amounts, or nothing.
    pub(super) fn spend(&mut self, purse: &Purse, amounts: &[u64]) -> Result<Spent, Refused> {
        let usage = self.usage(purse);
        let is_exceeded = |index: &usize| {
            let (allowance, used) = (&purse.allowances[*index], &usage.used[*index]);
            amounts[*index] > 0 && used.amount.saturating_add(amounts[*index]) > allowance.limit
        };
        let exceeded: Vec<usize> = (0..purse.allowances.len()).filter(is_exceeded).collect();
        let refusing =
            exceeded.iter().copied().filter(|index| purse.allowances[*index].mode == LimitMode::Enforce);
        if let Some(index) = refusing.max_by_key(|index| usage.used[*index].resets_at) {
            let window = usage.windows().swap_remove(index);
            return Err(Refused { window, usage });
        }
        let charges = purse.allowances.iter().zip(amounts);
        let parts = charges.map(|(allowance, amount)| {
            let entry = self.entry(purse.holder_id, allowance).filter(|_| *amount > 0);
            entry.map_or(Timestamp::MIN, |entry| {
                let part = entry.counter.spend(*amount);
                entry.changed.insert(part);
                part
            })
        });
        let parts = parts.collect();
        Ok(Spent { parts, usage: self.usage(purse), exceeded })
    }

    /// Whether there is something to write.
    pub(super) fn is_changed(&self) -> bool {
        self.entries.values().any(|entry| !entry.changed.is_empty())
    }

    /// Writes what was changed.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), Error> {
        let (mut changed, mut over) = (Vec::new(), Vec::new());
        for ((holder_id, counter), entry) in self.entries {
            if entry.changed.is_empty() {
                continue;
            }
            let row = |part: Part| CounterRow {
                holder_id,
                counter: counter.to_string(),
                starts_at: part.starts_at,
                used: part.used,
            };
            changed.extend(entry.changed.iter().filter_map(|part| entry.counter.part(*part)).map(row));
            over.extend(entry.over.into_iter().map(row));
        }
        put_counters(tx, &changed).await?;
        delete_counters(tx, &over).await
    }

    fn entry(&mut self, holder_id: Uuid, allowance: &Allowance) -> Option<&mut Entry> {
        self.entries.get_mut(&(holder_id, Arc::clone(&allowance.counter)))
    }

    fn usage(&self, purse: &Purse) -> Usage {
        let used = purse.allowances.iter().filter_map(|allowance| {
            let entry = self.entries.get(&(purse.holder_id, Arc::clone(&allowance.counter)))?;
            Some(entry.counter.used_of(allowance))
        });
        Usage { allowances: Arc::clone(&purse.allowances), used: used.collect() }
    }
}
