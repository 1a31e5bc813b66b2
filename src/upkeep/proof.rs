//! That rows which are written are those which were read: as many, with the same sums.

use anyhow::{Result, ensure};

use crate::table::chunk::Chunk;
use crate::table::{Kind, Table};

/// How many rows there are, and what their columns of whole numbers come to: counts, but also hashes and places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) rows: u64,
    /// By column.
    sums: Vec<(usize, i128)>,
}

impl Sums {
    pub(super) fn new(table: &Table) -> Self {
        let columns = table.columns.iter().enumerate();
        let summed =
            columns.filter(|(_, column)| column.is_written() && column.kind == Kind::Int64);
        Self {
            rows: 0,
            sums: summed.map(|(place, _)| (place, 0)).collect(),
        }
    }

    pub(super) fn add_row(&mut self, chunk: &Chunk, row: usize) {
        self.rows += 1;
        for (column, sum) in &mut self.sums {
            *sum += i128::from(chunk.get_int(*column, row).unwrap_or_default());
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for ((_, sum), (_, more)) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
    }

    /// Proves that the same rows were written; of a table whose rows are added up, the same sums.
    pub(super) fn prove(&self, written: &Self, are_added_up: bool, table: &Table) -> Result<()> {
        let has_rows = if are_added_up {
            written.rows <= self.rows
        } else {
            written.rows == self.rows
        };
        ensure!(
            has_rows && self.sums == written.sums,
            "the rows of {} do not add up: {} rows read, {} written, or their sums differ; it is not committed, please report this",
            table.name,
            self.rows,
            written.rows
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::activity::{Col, TABLE};

    fn sums_of(rows: &[(i64, i64)]) -> Sums {
        let mut chunk = Chunk::new(&TABLE);
        for (events, errors) in rows {
            chunk.int(Col::events, *events);
            chunk.int(Col::errors, *errors);
            chunk.end_row();
        }
        let mut sums = Sums::new(&TABLE);
        for row in 0..chunk.rows() {
            sums.add_row(&chunk, row);
        }
        sums
    }

    #[test]
    fn rows_that_do_not_add_up_are_found() {
        let mut read = sums_of(&[(1, 0), (2, 1)]);
        let more = sums_of(&[(3, 0)]);
        read.add(&more);
        assert!(
            read.prove(&sums_of(&[(3, 0), (3, 1)]), true, &TABLE)
                .is_ok()
        );
        assert!(
            read.prove(&sums_of(&[(3, 0), (3, 1)]), false, &TABLE)
                .is_err()
        );
        assert!(
            read.prove(&sums_of(&[(3, 0), (2, 1), (1, 0)]), false, &TABLE)
                .is_ok()
        );
        for lost in [(5, 1), (6, 0)] {
            let error = read
                .prove(&sums_of(&[lost]), true, &TABLE)
                .expect_err("lost");
            assert!(
                error
                    .to_string()
                    .starts_with("the rows of activity do not add up: 3 rows read, 1 written")
            );
        }
    }
}
