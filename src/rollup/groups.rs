//! Groups of events by key, with their counts.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// What is counted of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) events: i64,
    pub(super) errors: i64,
    pub(super) first: i64,
    pub(super) last: i64,
}

/// Groups by a key of `N` parts.
#[derive(Debug)]
pub(super) struct Groups<const N: usize> {
    found: Vec<([u32; N], Counts)>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<const N: usize> Default for Groups<N> {
    fn default() -> Self {
        Self {
            found: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<const N: usize> Groups<N> {
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Counts one event.
    pub(super) fn count(&mut self, key: [u32; N], time: i64, is_error: bool) {
        let Self {
            found,
            index,
            hasher,
        } = self;
        let hash = hasher.hash_one(key);
        let known = index.find(hash, |group| found[*group as usize].0 == key);
        let group = known.copied().unwrap_or_else(|| {
            let group = u32::try_from(found.len()).expect("groups are flushed long before 2^32");
            found.push((
                key,
                Counts {
                    events: 0,
                    errors: 0,
                    first: time,
                    last: time,
                },
            ));
            index.insert_unique(hash, group, |group| {
                hasher.hash_one(found[*group as usize].0)
            });
            group
        });
        let counts = &mut found[group as usize].1;
        counts.events += 1;
        counts.errors += i64::from(is_error);
        counts.first = counts.first.min(time);
        counts.last = counts.last.max(time);
    }

    /// Gives out all groups, in the order in which they began, and forgets them.
    pub(super) fn flush(&mut self, mut write: impl FnMut(&[u32; N], &Counts)) {
        for (key, counts) in self.found.drain(..) {
            write(&key, &counts);
        }
        self.index.clear();
    }
}
