//! The ids of all records that stay, to count those that came again with other content, however far apart. Sorted
//! and merged like a table, and never written.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::chunk::{Chunk, Sorted};
use super::dict::Dict;
use super::merge::Window;
use super::schema::{Table, columns};
use super::store::Store;

columns! {
    none: Time, "";
    ids: Int64, "";
}

/// The table.
pub static TABLE: Table = Table {
    name: "record_ids",
    doc: "Ids of records",
    columns: COLUMNS,
    order: &[Col::none as usize, Col::ids as usize],
    identity: None,
    partition: "",
};

/// The ids of records of one table, until they are sorted.
#[derive(Debug)]
pub struct Ids {
    seed: u64,
    hashes: Vec<i64>,
}

impl Ids {
    /// Returns no ids of a table.
    pub fn new(table: &Table) -> Self {
        Self {
            seed: xxh3_64_with_seed(table.name.as_bytes(), 0),
            hashes: Vec::new(),
        }
    }

    /// Appends those of a record.
    pub fn append(&mut self, event_id: &str, account_id: Option<&str>) {
        let seed = xxh3_64_with_seed(account_id.unwrap_or_default().as_bytes(), self.seed);
        let hash = xxh3_64_with_seed(event_id.as_bytes(), seed);
        self.hashes.push(hash.cast_signed());
    }

    /// Returns true where there are none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Returns the memory in use, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.hashes.as_slice())
    }

    /// Takes them out as rows in order.
    pub fn take(&mut self) -> Sorted {
        let mut hashes = std::mem::take(&mut self.hashes);
        hashes.sort_unstable();
        hashes.shrink_to_fit();
        let (rows, stores) = (hashes.len(), vec![Store::Empty, Store::Int(hashes)]);
        Sorted::in_order(Chunk::from_parts(
            &TABLE,
            rows,
            stores,
            Dict::default(),
            Vec::new(),
        ))
    }
}

/// Counts rows that are like the one before them, window after window.
#[derive(Debug, Default)]
pub struct Repeats {
    last: Option<i64>,
    /// How many.
    pub count: u64,
}

impl Repeats {
    /// Counts those of a window.
    pub fn observe(&mut self, window: &Window) {
        for (block, row) in &window.rows {
            let ids = window.blocks[*block as usize]
                .chunk()
                .get_int(Col::ids, *row as usize);
            self.count += u64::from(ids == self.last);
            self.last = ids;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::events;
    use crate::table::insights;
    use crate::table::merge::{Merge, Run, WindowLimits};

    #[test]
    fn ids_repeat_across_runs_and_windows() {
        let mut of_events = Ids::new(&events::TABLE);
        let mut of_insights = Ids::new(&insights::TABLE);
        let mut runs: Vec<Run> = Vec::new();
        for account in ["1", "2"] {
            for id in ["a", "b", "c", "a"] {
                of_events.append(id, Some(account));
            }
        }
        runs.push(Box::new(std::iter::once(Ok(of_events.take()))));
        assert!(of_events.is_empty());
        of_events.append("c", Some("1"));
        of_events.append("c", None);
        of_insights.append("b", Some("1"));
        runs.push(Box::new(std::iter::once(Ok(of_events.take()))));
        runs.push(Box::new(std::iter::once(Ok(of_insights.take()))));

        let (rows, bytes) = (2, usize::MAX);
        let mut merge = Merge::new(&TABLE, runs, WindowLimits { rows, bytes }).expect("in memory");
        let mut repeats = Repeats::default();
        while let Some(window) = merge.next_window().expect("in memory") {
            repeats.observe(&window);
        }
        assert_eq!(repeats.count, 3, "a of each account, and c of the first");
    }
}
