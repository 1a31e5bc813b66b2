//! The ids of all records that stay, to count those that came again with other content, however far apart. Sorted
//! and merged like a table, and never written.

use std::io;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::chunk::{Chunk, Sorted};
use super::dict::Dict;
use super::merge::{Rows, Run};
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
    grouped: &[],
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

/// Counts the rows of runs that are like the one before them.
///
/// # Errors
///
/// Returns what reading a block gave.
pub fn repeats(runs: Vec<Run>) -> io::Result<u64> {
    let mut rows = Rows::new(&TABLE, runs)?;
    let (mut last, mut count) = (None, 0);
    while let Some((_, block, row)) = rows.first() {
        let ids = block.chunk().get_int(Col::ids, row);
        count += u64::from(ids == last);
        last = ids;
        rows.advance()?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::events;
    use crate::table::insights;

    #[test]
    fn ids_repeat_across_runs() {
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

        let repeats = repeats(runs).expect("in memory");
        assert_eq!(repeats, 3, "a of each account, and c of the first");
    }
}
