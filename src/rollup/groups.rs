//! Groups of events by key, with their counts: the rows of one rollup's table, before they are in its order.

use std::array::from_fn;
use std::hash::BuildHasher;
use std::hint::black_box;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::limits;
use crate::table::chunk::{Chunk, Column, Sorted};
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
            rows: Vec::with_capacity(limits::ROLLUP_BYTES / size_of::<Group>()), // growing copies them
            complete: 0,
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Returns the table whose groups these are.
    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    /// Looks at the groups of keys that are about to be counted: memory brings them side by side, and not one after the other.
    pub(super) fn wait_for(&self, keys: &[(Key, i64)]) {
        let open = &self.rows[self.complete..];
        for (key, _) in keys {
            let hash = self.hasher.hash_one(key);
            let likely = self.index.find(hash, |_| true);
            black_box(likely.map(|nth| open[*nth as usize].events));
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

    /// Takes out the complete groups as rows in order, given the dictionary of their texts.
    pub(super) fn take(&mut self, dict: &Dict) -> Sorted {
        let groups = &mut self.rows[..self.complete];
        let texts = rank(groups, self.table, dict);
        let order = in_order(groups, texts.len());
        let rows = rows(self.table, texts, groups, &order);
        self.rows.drain(..self.complete); // and the memory stays for the next
        self.complete = 0;
        Sorted::in_order(rows)
    }
}

/// Returns a dictionary of the groups' texts alone, in order, and gives them their numbers there.
fn rank(groups: &mut [Group], table: &Table, dict: &Dict) -> Dict {
    let is_text = |nth: &usize| table.columns[table.order[1 + nth]].kind == Kind::Text;
    let texts: Vec<usize> = (0..KEY_PARTS).filter(is_text).collect();
    let mut is_used = vec![false; dict.len() + 1];
    for group in &*groups {
        for nth in &texts {
            is_used[group.key[*nth] as usize] = true;
        }
    }
    let used = (0..).zip(&is_used[1..]).filter(|(_, is_used)| **is_used);
    let (part, numbers) = dict.part(used.map(|(id, _)| id));
    for group in groups {
        for nth in &texts {
            group.key[*nth] = numbers[group.key[*nth] as usize];
        }
    }
    part
}

/// Returns the places of groups in their order, given how many texts there are. Starts are in order already.
fn in_order(groups: &[Group], n_texts: usize) -> Vec<usize> {
    // Numbers sort faster than groups: as many parts as fit in one, and where these are equal, as many of the rest.
    let bits = usize::BITS - n_texts.max(TRUE as usize).leading_zeros();
    let fitting = KEY_PARTS.min((u128::BITS / bits) as usize);
    let pack = |parts: &[u32]| {
        let parts = parts.iter().take(fitting);
        parts.fold(0, |packed: u128, part| packed << bits | u128::from(*part))
    };
    let begins = groups.iter().map(|group| pack(&group.key));
    let mut order: Vec<(u128, usize)> = begins.zip(0..).collect();
    for of_start in order.chunk_by_mut(|(_, a), (_, b)| groups[*a].start == groups[*b].start) {
        of_start.sort_unstable_by_key(|(begin, _)| *begin);
        let alike = of_start.chunk_by_mut(|(x, _), (y, _)| x == y);
        for alike in alike.filter(|alike| alike.len() > 1) {
            for (rest, place) in &mut *alike {
                *rest = pack(&groups[*place].key[fitting..]);
            }
            let compare = |a: usize, b: usize| groups[a].cmp(&groups[b]);
            alike.sort_unstable_by(|(x, a), (y, b)| x.cmp(y).then_with(|| compare(*a, *b)));
        }
    }
    order.into_iter().map(|(_, place)| place).collect()
}

/// Rows that are written together: few enough to stay in the cache while it goes by column.
const BATCH_ROWS: usize = 256;

/// Returns groups as rows in some order.
fn rows(table: &'static Table, texts: Dict, groups: &[Group], order: &[usize]) -> Chunk {
    let [mut starts, mut firsts, mut lasts, mut events, mut errors]: [Vec<i64>; 5] =
        from_fn(|_| Vec::with_capacity(order.len()));
    let mut keys: [Vec<u32>; KEY_PARTS] = from_fn(|_| Vec::with_capacity(order.len()));
    for places in order.chunks(BATCH_ROWS) {
        let groups = || places.iter().map(|place| &groups[*place]);
        for (nth, key) in keys.iter_mut().enumerate() {
            key.extend(groups().map(|group| group.key[nth]));
        }
        starts.extend(groups().map(|group| group.start));
        firsts.extend(groups().map(|group| group.first));
        lasts.extend(groups().map(|group| group.last));
        events.extend(groups().map(|group| group.events));
        errors.extend(groups().map(|group| group.errors));
    }
    let key = |(parts, column): (Vec<u32>, &usize)| match table.columns[*column].kind {
        Kind::Bool => Column::Bools(parts.iter().map(|part| part.to_le_bytes()[0]).collect()),
        _ => Column::Texts(parts),
    };
    let starts = std::iter::once(Column::Ints(starts));
    let keys = keys.into_iter().zip(&table.order[1..]).map(key);
    let values = [firsts, lasts, events, errors].map(Column::Ints);
    let columns = starts.chain(keys).chain(values);
    let columns = table.order.iter().copied().zip(columns);
    Chunk::of_columns(table, order.len(), texts, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::activity::{Col, TABLE};
    use proptest::prelude::*;

    fn any_group() -> impl Strategy<Value = Group> {
        let parts = prop::array::uniform12(0..2_u32);
        (0..2_i64, parts, 0..2_i64).prop_map(|(start, key, first)| Group {
            start,
            key,
            first,
            last: first,
            events: 1,
            errors: 0,
        })
    }

    proptest! {
        /// However many texts there are, and so few parts of a key are compared at once.
        #[test]
        fn the_order_is_that_of_groups(
            mut groups in prop::collection::vec(any_group(), 0..100),
            n_texts in prop::sample::select(vec![0, 2, 1 << 10, 1 << 20, 1 << 30]),
        ) {
            groups.sort_by_key(|group| group.start);
            let order = in_order(&groups, n_texts);
            let found: Vec<Group> = order.iter().map(|place| groups[*place]).collect();
            groups.sort_unstable();
            prop_assert_eq!(found, groups);
        }
    }

    #[test]
    fn rows_have_the_texts_of_their_groups_alone() {
        let mut dict = Dict::default();
        let [_, name, source] = ["of no group", "b name", "a source"].map(|text| dict.intern(text));
        let mut key = [0; KEY_PARTS];
        (key[2], key[3], key[5]) = (source + 1, name + 1, TRUE);
        let mut groups = Groups::new(&TABLE);
        groups.count(0, key, 7, true);
        groups.complete();
        let rows = groups.take(&dict);
        let chunk = rows.chunk();
        assert_eq!((rows.len(), chunk.dictionary_len()), (1, 2));
        assert_eq!(chunk.get_text(Col::event_source, 0), Some("a source"));
        assert_eq!(chunk.get_text(Col::event_name, 0), Some("b name"));
        assert_eq!(chunk.get_text(Col::principal, 0), None);
        assert_eq!(chunk.get_bool(Col::management_event, 0), Some(true));
        assert_eq!(chunk.get_int(Col::errors, 0), Some(1));
        assert_eq!(chunk.row_size(0), "a source".len() + "b name".len());
    }
}
