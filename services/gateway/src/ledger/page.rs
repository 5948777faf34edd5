//! The counters that one transaction looks at and changes.

use std::{collections::HashMap, sync::Arc};

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
    /// The counters of each holder, which are few.
    holders: HashMap<Uuid, Vec<Entry>>,
}

struct Entry {
    name: Arc<str>,
    counter: Counter,
    /// Stored, and counts no more.
    over: Vec<Part>,
    /// Beginnings of the parts that are to be written.
    changed: Vec<Timestamp>,
}

impl Entry {
    fn note_change(&mut self, part: Timestamp) {
        if !self.changed.contains(&part) {
            self.changed.push(part);
        }
    }
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
        let mut holders: HashMap<Uuid, Vec<Entry>> = HashMap::new();
        for purse in purses.clone() {
            holders.entry(purse.holder_id).or_default();
        }
        let ids: Vec<Uuid> = holders.keys().copied().collect();
        let mut stored: HashMap<Uuid, Vec<CounterRow>> = HashMap::with_capacity(ids.len());
        for row in list_counters(tx, &ids).await? {
            stored.entry(row.holder_id).or_default().push(row);
        }
        for purse in purses {
            let entries = holders.entry(purse.holder_id).or_default();
            let rows = stored.get(&purse.holder_id).map_or(&[][..], Vec::as_slice);
            for allowance in purse.allowances.iter() {
                if find(entries, allowance).is_some() {
                    continue;
                }
                let rows = rows.iter().filter(|row| *row.counter == *allowance.counter);
                let parts: Vec<Part> =
                    rows.map(|row| Part { starts_at: row.starts_at, used: row.used }).collect();
                let (counter, over) = Counter::at(&allowance.window, &parts, now);
                let name = Arc::clone(&allowance.counter);
                entries.push(Entry { name, counter, over, changed: Vec::new() });
            }
        }
        Ok(Self { holders })
    }

    /// Takes a charge back from the parts it was made in, as far as they still count.
    pub(super) fn take_back(&mut self, refund: &Refund) {
        let charges = refund.amounts.iter().zip(&refund.parts);
        let entries = self.entries(refund.purse.holder_id);
        for (allowance, (amount, part)) in refund.purse.allowances.iter().zip(charges) {
            if let Some(entry) = find(entries, allowance).filter(|_| *amount > 0) {
                entry.counter.take_back(*part, *amount);
                entry.note_change(*part);
            }
        }
    }

    /// Spends the amounts, or nothing.
    pub(super) fn spend(&mut self, purse: &Purse, amounts: &[u64]) -> Result<Spent, Refused> {
        let entries = self.entries(purse.holder_id);
        let usage = usage_of(entries, purse);
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
            let entry = find(entries, allowance).filter(|_| *amount > 0);
            entry.map_or(Timestamp::MIN, |entry| {
                let part = entry.counter.spend(*amount);
                entry.note_change(part);
                part
            })
        });
        let parts = parts.collect();
        Ok(Spent { parts, usage: usage_of(entries, purse), exceeded })
    }

    /// Whether there is something to write.
    pub(super) fn is_changed(&self) -> bool {
        self.holders.values().flatten().any(|entry| !entry.changed.is_empty())
    }

    /// Writes what was changed.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), Error> {
        let (mut changed, mut over) = (Vec::new(), Vec::new());
        let entries = self.holders.into_iter().flat_map(|(holder_id, entries)| {
            entries.into_iter().filter(|entry| !entry.changed.is_empty()).map(move |entry| (holder_id, entry))
        });
        for (holder_id, entry) in entries {
            let row = |part: Part| CounterRow {
                holder_id,
                counter: entry.name.to_string(),
                starts_at: part.starts_at,
                used: part.used,
            };
            changed.extend(entry.changed.iter().filter_map(|part| entry.counter.part(*part)).map(row));
            over.extend(entry.over.iter().copied().map(row));
        }
        put_counters(tx, &changed).await?;
        delete_counters(tx, &over).await
    }

    fn entries(&mut self, holder_id: Uuid) -> &mut [Entry] {
        self.holders.get_mut(&holder_id).map_or(&mut [], Vec::as_mut_slice)
    }
}

fn find<'a>(entries: &'a mut [Entry], allowance: &Allowance) -> Option<&'a mut Entry> {
    entries.iter_mut().find(|entry| *entry.name == *allowance.counter)
}

fn usage_of(entries: &mut [Entry], purse: &Purse) -> Usage {
    let used = purse
        .allowances
        .iter()
        .filter_map(|allowance| Some(find(entries, allowance)?.counter.used_of(allowance)));
    Usage { allowances: Arc::clone(&purse.allowances), used: used.collect() }
}
