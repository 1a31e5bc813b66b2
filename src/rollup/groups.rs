//! Groups of events by key, with their counts: the rows of one rollup's table, before they are in its order.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::limits;
use crate::table::chunk::{Chunk, Sorted};
use crate::table::dict::Dict;
use crate::table::{Kind, Table};

/// What a table of a rollup groups by, beside time, in its order. A part is a text's number plus one or a boolean; 0 is no value.
pub(super) type Key = [u32; KEY_PARTS];
/// How many parts a key has, in either table.
pub(super) const KEY_PARTS: usize = 12;

/// The part of a key that says true; 1 says false.
pub(super) const TRUE: u32 = 2;

/// Events with a key in common. Where the numbers of texts are in the texts' order, groups are in that of their table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// Begin of its bucket or day.
    start: i64,
    key: Key,
    first: i64,
    last: i64,
    events: i64,
    errors: i64,
}

/// The groups of one table.
#[derive(Debug)]
pub(super) struct Groups {
    table: &'static Table,
    /// Those that are complete, then the open ones, which all start at the same time. Starts never go back.
    rows: Vec<Group>,
    complete: usize,
    /// The open ones, counted from the first of them.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Groups {
    /// Returns no groups of a table, which is ordered by start, key, times and counts.
    pub(super) fn new(table: &'static Table) -> Self {
        Self {
            table,
            rows: Vec::new(),
            complete: 0,
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Counts one event. Starts come in order, and the groups of one are complete when the next has come.
    pub(super) fn count(&mut self, start: i64, key: Key, time: i64, is_error: bool) {
        let is_over = self.rows.last().is_some_and(|last| last.start != start);
        if is_over || self.rows.len() - self.complete >= limits::ROLLUP_GROUPS_MAX {
            self.complete();
        }
        let group = self.open(start, key, time);
        group.events += 1;
        group.errors += i64::from(is_error);
        group.first = group.first.min(time);
        group.last = group.last.max(time);
    }

    /// Returns the open group of a key, a new one where there is none.
    fn open(&mut self, start: i64, key: Key, time: i64) -> &mut Group {
        let hash = self.hasher.hash_one(key);
        let open = &self.rows[self.complete..];
        let known = self.index.find(hash, |nth| open[*nth as usize].key == key);
        let nth = known.copied().unwrap_or_else(|| {
            let nth = u32::try_from(open.len()).expect("completed long before 2^32");
            let rehash = |nth: &u32| self.hasher.hash_one(open[*nth as usize].key);
            self.index.insert_unique(hash, nth, rehash);
            nth
        });
        let place = self.complete + nth as usize;
        if place == self.rows.len() {
            self.rows.push(Group {
                start,
                key,
                first: time,
                last: time,
                events: 0,
                errors: 0,
            });
        }
        &mut self.rows[place]
    }

    /// Completes all groups: what comes of their keys after that is counted anew.
    pub(super) fn complete(&mut self) {
        self.complete = self.rows.len();
        self.index.clear();
    }

    /// Returns the memory that complete groups take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.complete * size_of::<Group>()
    }

    /// Takes out the complete groups as rows in order, given the dictionary of their texts and its ranks.
    pub(super) fn take(&mut self, dict: &Dict, ranks: &[u32]) -> Sorted {
        let table = self.table;
        let groups = &mut self.rows[..self.complete];
        rank(groups, table, ranks);
        for alike in groups.chunk_by_mut(|a, b| a.start == b.start) {
            alike.sort_unstable();
        }
        let mut rows = Chunk::with_dictionary(table, dict.ranked(ranks));
        for group in groups {
            write(&mut rows, group);
        }
        self.rows.drain(..self.complete); // and the memory stays for the next
        self.complete = 0;
        Sorted::in_order(rows)
    }
}

/// Gives texts their ranks for numbers.
fn rank(groups: &mut [Group], table: &Table, ranks: &[u32]) {
    let keys = table.order[1..].iter().take(KEY_PARTS);
    let is_text = |(_, column): &(usize, &usize)| table.columns[**column].kind == Kind::Text;
    let texts: Vec<usize> = keys
        .enumerate()
        .filter(is_text)
        .map(|(nth, _)| nth)
        .collect();
    for group in groups {
        for nth in &texts {
            group.key[*nth] = ranks[group.key[*nth] as usize];
        }
    }
}

fn write(rows: &mut Chunk, group: &Group) {
    let table = rows.table();
    let (keys, counts) = table.order[1..].split_at(KEY_PARTS);
    rows.int(table.order[0], group.start);
    for (column, part) in keys.iter().zip(group.key) {
        match table.columns[*column].kind {
            _ if part == 0 => false,
            Kind::Bool => rows.bool(*column, part == TRUE),
            _ => rows.text_id(*column, part),
        };
    }
    let values = [group.first, group.last, group.events, group.errors];
    for (column, value) in counts.iter().zip(values) {
        rows.int(*column, value);
    }
    rows.end_row();
}
