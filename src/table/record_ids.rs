//! The ids of all records that stay, to count those that came again with other content, however far apart. Sorted
//! and merged like a table, and never written.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::chunk::Chunk;
use super::merge::Window;
use super::schema::{Table, columns};

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

/// Appends the ids of a record of a table.
pub fn append(chunk: &mut Chunk, table: &Table, event_id: &str, account_id: Option<&str>) {
    let seed = xxh3_64_with_seed(table.name.as_bytes(), 0);
    let seed = xxh3_64_with_seed(account_id.unwrap_or_default().as_bytes(), seed);
    chunk.int(Col::none, 0);
    chunk.int(
        Col::ids,
        xxh3_64_with_seed(event_id.as_bytes(), seed).cast_signed(),
    );
    chunk.end_row();
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
