//! How many, and when.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use crate::limits;

/// Events that were counted together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) errors: u64,
    /// Events that may change something, where that is counted.
    pub(super) writes: u64,
    /// Events that delete, where that is counted.
    pub(super) deletions: u64,
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            events: 0,
            errors: 0,
            writes: 0,
            deletions: 0,
            first: i64::MAX,
            last: i64::MIN,
        }
    }
}

impl Tally {
    /// One event.
    pub(super) fn one(time: i64) -> Self {
        Self {
            events: 1,
            first: time,
            last: time,
            ..Self::default()
        }
    }

    fn merge(&mut self, more: Self) {
        self.events += more.events;
        self.errors += more.errors;
        self.writes += more.writes;
        self.deletions += more.deletions;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
    }
}

/// Adds to what it belongs to; where there is no room for more, to nothing: totals have it.
pub(super) fn add<K: Eq + Hash>(tallies: &mut HashMap<K, Tally>, key: K, more: Tally) {
    let has_room = tallies.len() < limits::REPORT_KEYS_MAX;
    match tallies.entry(key) {
        Entry::Occupied(mut tally) => tally.get_mut().merge(more),
        Entry::Vacant(tally) if has_room => {
            tally.insert(more);
        }
        Entry::Vacant(_) => {}
    }
}
