//! Rows of a rollup with equal keys into one: what several commits counted of one bucket or day, added up.

use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

use super::groups::KEY_PARTS;
use crate::table::chunk::{Chunk, Sorted, compare};
use crate::table::merge::{Merge, Window};
use crate::table::{Kind, Table};

/// The rows of an additive table, in order and block by block, no two of which have equal keys.
#[derive(Debug)]
pub struct Fold {
    table: &'static Table,
    merge: Merge,
    open: Option<Open>,
}

/// A row to which others may be added.
#[derive(Debug)]
struct Open {
    block: Arc<Sorted>,
    row: usize,
    first: Option<i64>,
    last: Option<i64>,
    /// What the counting columns come to.
    counts: Vec<i64>,
}

impl Fold {
    /// Begins with rows that come in order.
    pub fn new(table: &'static Table, merge: Merge) -> Self {
        Self {
            table,
            merge,
            open: None,
        }
    }

    /// The columns that make up a key: they come first in the order.
    fn key(&self) -> &'static [usize] {
        &self.table.order[..=KEY_PARTS]
    }

    /// The columns of the first and last time, and those that count.
    fn values(&self) -> (usize, usize, &'static [usize]) {
        let [first, last, counts @ ..] = &self.table.order[self.key().len()..] else {
            unreachable!("additive tables are ordered by key, times and counts")
        };
        (*first, *last, counts)
    }

    fn next_block(&mut self) -> io::Result<Option<Sorted>> {
        let mut out = Chunk::new(self.table);
        while out.rows() == 0 {
            match self.merge.next_window()? {
                Some(window) => self.fold(&window, &mut out)?,
                None => match self.open.take() {
                    Some(open) => self.write(&open, &mut out),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(Sorted::in_order(out)))
    }

    fn fold(&mut self, window: &Window, out: &mut Chunk) -> io::Result<()> {
        for (block, row) in &window.rows {
            let next = self.open(&window.blocks[*block as usize], *row as usize);
            match &mut self.open {
                Some(open) if is_alike(open, &next, &self.table.order[..=KEY_PARTS]) => {
                    open.add(&next)?;
                }
                _ => {
                    if let Some(done) = self.open.replace(next) {
                        self.write(&done, out);
                    }
                }
            }
        }
        Ok(())
    }

    fn open(&self, block: &Arc<Sorted>, row: usize) -> Open {
        let (first, last, counts) = self.values();
        let int = |column: usize| block.chunk().get_int(column, row);
        Open {
            block: Arc::clone(block),
            row,
            first: int(first),
            last: int(last),
            counts: counts
                .iter()
                .map(|column| int(*column).unwrap_or_default())
                .collect(),
        }
    }

    fn write(&self, open: &Open, out: &mut Chunk) {
        let (chunk, row) = (open.block.chunk(), open.row);
        for column in self.key() {
            match self.table.columns[*column].kind {
                Kind::Bool => chunk.get_bool(*column, row).map(|v| out.bool(*column, v)),
                Kind::Text => chunk.get_text(*column, row).map(|v| out.text(*column, v)),
                _ => chunk.get_int(*column, row).map(|v| out.int(*column, v)),
            };
        }
        let (first, last, counts) = self.values();
        for (column, time) in [(first, open.first), (last, open.last)] {
            time.map(|time| out.int(column, time));
        }
        for (column, count) in counts.iter().zip(&open.counts) {
            out.int(*column, *count);
        }
        out.end_row();
    }
}

impl Iterator for Fold {
    type Item = io::Result<Sorted>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

fn is_alike(a: &Open, b: &Open, key: &[usize]) -> bool {
    compare(a.block.chunk(), a.row, b.block.chunk(), b.row, key) == Ordering::Equal
}

impl Open {
    fn add(&mut self, other: &Self) -> io::Result<()> {
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.checked_add(*more).ok_or_else(|| {
                let what = "counts add up to more than 2^63: no program wrote them that counts";
                io::Error::new(io::ErrorKind::InvalidData, what)
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::activity;
    use crate::table::activity::Col;
    use crate::table::merge::{Run, WindowLimits};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Bucket, name, whether it only reads; events, errors, first and last time.
    type Row = ((i64, Option<u8>, Option<bool>), (i64, i64, i64, i64));

    fn run_of(rows: &[Row]) -> Run {
        let mut chunk = Chunk::new(&activity::TABLE);
        for ((bucket, name, read_only), (events, errors, first, last)) in rows {
            chunk.int(Col::bucket_start, *bucket);
            if let Some(name) = name {
                chunk.text(Col::event_name, &format!("name-{name}"));
            }
            if let Some(read_only) = read_only {
                chunk.bool(Col::read_only, *read_only);
            }
            chunk.int(Col::events, *events);
            chunk.int(Col::errors, *errors);
            chunk.int(Col::first_event_time, *first);
            chunk.int(Col::last_event_time, *last);
            chunk.end_row();
        }
        Box::new(std::iter::once(Ok(chunk.sort())))
    }

    fn rows_of(sorted: &Sorted) -> Vec<Row> {
        let chunk = sorted.chunk();
        let row = |row: usize| {
            let int = |column: Col| chunk.get_int(column, row).expect("written");
            let name = chunk.get_text(Col::event_name, row);
            let key = (
                int(Col::bucket_start),
                name.map(|name| name["name-".len()..].parse().expect("a number")),
                chunk.get_bool(Col::read_only, row),
            );
            let sums = (
                int(Col::events),
                int(Col::errors),
                int(Col::first_event_time),
                int(Col::last_event_time),
            );
            (key, sums)
        };
        (0..sorted.len()).map(|nth| row(sorted.row(nth))).collect()
    }

    fn folded(runs: &[Vec<Row>], window_rows: usize) -> Vec<Row> {
        let limits = WindowLimits {
            rows: window_rows,
            bytes: usize::MAX,
        };
        let runs = runs.iter().map(|rows| run_of(rows)).collect();
        let merge = Merge::new(&activity::TABLE, runs, limits).expect("in memory");
        let blocks = Fold::new(&activity::TABLE, merge).map(|block| block.expect("in memory"));
        blocks.flat_map(|block| rows_of(&block)).collect()
    }

    fn any_runs() -> impl Strategy<Value = Vec<Vec<Row>>> {
        let key = (
            0..3_i64,
            prop::option::of(0..2_u8),
            prop::option::of(any::<bool>()),
        );
        let sums = (1..9_i64, 0..3_i64, 0..9_i64, 9..20_i64);
        prop::collection::vec(prop::collection::vec((key, sums), 0..20), 0..4)
    }

    proptest! {
        #[test]
        fn as_a_naive_sum(runs in any_runs(), window_rows in 1..30_usize) {
            let mut expected = BTreeMap::new();
            for (key, (events, errors, first, last)) in runs.iter().flatten().copied() {
                let sums = expected.entry(key).or_insert((0, 0, i64::MAX, i64::MIN));
                *sums = (sums.0 + events, sums.1 + errors, sums.2.min(first), sums.3.max(last));
            }
            let expected: Vec<Row> = expected.into_iter().collect();
            prop_assert_eq!(folded(&runs, window_rows), expected);
        }
    }

    #[test]
    fn counts_that_are_no_counts_are_an_error() {
        let row = ((0, None, None), (i64::MAX, 0, 0, 0));
        let limits = WindowLimits {
            rows: 9,
            bytes: usize::MAX,
        };
        let merge = Merge::new(&activity::TABLE, vec![run_of(&[row, row])], limits);
        let mut fold = Fold::new(&activity::TABLE, merge.expect("in memory"));
        assert!(fold.next().expect("a block").is_err());
    }
}
