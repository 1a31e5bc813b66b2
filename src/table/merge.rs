//! Sorted runs to one sequence of rows, copies of an event set aside, cut into windows: a window is
//! what becomes one row group.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::sync::Arc;

use super::chunk::{Sorted, compare};
use super::schema::Table;
use crate::trail::time::DAY;

/// A run: blocks of rows, in order within and from block to block.
pub type Run = Box<dyn Iterator<Item = io::Result<Sorted>> + Send>;

/// Where a row group ends: by what its rows are, never by how much memory there is, so that equal rows give
/// equal files.
#[derive(Debug, Clone, Copy)]
pub struct WindowLimits {
    /// Rows of a window, but for those that belong to the record of the last.
    pub rows: usize,
    /// Bytes of a window's texts, at which it ends: of each row as if it shared none with others, because equal rows are to
    /// give equal windows, whatever chunks they came in.
    pub bytes: usize,
}

/// Rows of one partition, in order.
#[derive(Debug, Default)]
pub struct Window {
    /// The day of the partition, in days since 1970.
    pub day: i64,
    /// What the rows' numbers point into.
    pub blocks: Vec<Arc<Sorted>>,
    /// The rows that stay: block, row of its chunk.
    pub rows: Vec<(u32, u32)>,
    /// The rows that are copies of one that stays.
    pub copies: Vec<(u32, u32)>,
}

impl Window {
    /// The last row that stays.
    fn last(&self) -> Option<(&Arc<Sorted>, usize)> {
        let (block, row) = self.rows.last()?;
        Some((&self.blocks[*block as usize], *row as usize))
    }
}

/// The rows of runs of one table, in one order.
pub(super) struct Rows {
    table: &'static Table,
    runs: Vec<Run>,
    heads: BinaryHeap<Head>,
}

impl Rows {
    /// Reads the first block of each run.
    pub(super) fn new(table: &'static Table, runs: Vec<Run>) -> io::Result<Self> {
        let mut rows = Self {
            table,
            heads: BinaryHeap::with_capacity(runs.len()),
            runs,
        };
        for run in 0..rows.runs.len() {
            if let Some(block) = next_block(&mut rows.runs[run])? {
                rows.heads.push(Head::new(table, run, block));
            }
        }
        Ok(rows)
    }

    /// Returns the next row: its run, its block, and where it stands there.
    pub(super) fn first(&self) -> Option<(usize, &Sorted, usize)> {
        let head = self.heads.peek()?;
        Some((head.run, &head.block, head.row()))
    }

    /// Leaves the next row. Returns true where that was the last of its block.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        let Some(mut head) = self.heads.peek_mut() else {
            return Ok(false);
        };
        if head.advance(self.table) {
            return Ok(false);
        }
        let run = head.run;
        match next_block(&mut self.runs[run])? {
            Some(block) => *head = Head::new(self.table, run, block),
            None => {
                PeekMut::pop(head);
            }
        }
        Ok(true)
    }
}

fn next_block(run: &mut Run) -> io::Result<Option<Arc<Sorted>>> {
    let block = run.next().transpose()?;
    Ok(block.filter(|block| !block.is_empty()).map(Arc::new))
}

/// Merges runs of one table.
pub struct Merge {
    rows: Rows,
    limits: WindowLimits,
    /// Whether copies are set aside.
    sets_aside: bool,
    /// The last row that stayed.
    last: Option<(Arc<Sorted>, usize)>,
}

impl std::fmt::Debug for Merge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merge")
            .field("table", &self.rows.table.name)
            .field("runs", &self.rows.runs.len())
            .finish_non_exhaustive()
    }
}

impl Merge {
    /// Begins to merge.
    ///
    /// # Errors
    ///
    /// Returns what reading the first blocks gave.
    pub fn new(table: &'static Table, runs: Vec<Run>, limits: WindowLimits) -> io::Result<Self> {
        Self::begin(table, runs, limits, table.identity.is_some())
    }

    /// Begins to merge rows that all stay, whatever they are: of equal ones those of the earlier run come first.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn of_all(table: &'static Table, runs: Vec<Run>, limits: WindowLimits) -> io::Result<Self> {
        Self::begin(table, runs, limits, false)
    }

    fn begin(
        table: &'static Table,
        runs: Vec<Run>,
        limits: WindowLimits,
        sets_aside: bool,
    ) -> io::Result<Self> {
        Ok(Self {
            rows: Rows::new(table, runs)?,
            limits,
            sets_aside,
            last: None,
        })
    }

    /// Returns the next window, or `None` when all rows have been given.
    ///
    /// # Errors
    ///
    /// Returns what reading a block gave.
    pub fn next_window(&mut self) -> io::Result<Option<Window>> {
        let table = self.rows.table;
        let Some(first) = self.rows.heads.peek() else {
            return Ok(None);
        };
        let mut window = Window {
            day: first.time.div_euclid(DAY),
            ..Window::default()
        };
        // The window's number of the block that each run is in.
        let mut numbers: Vec<Option<u32>> = vec![None; self.rows.runs.len()];
        let mut bytes = 0;
        while let Some(head) = self.rows.heads.peek() {
            let last = window
                .last()
                .or(self.last.as_ref().map(|(block, row)| (block, *row)));
            let full = window.rows.len() >= self.limits.rows || bytes >= self.limits.bytes;
            let goes_on = || last.is_some_and(|last| is_of_record(table, last, head));
            if (full && !goes_on()) || head.time.div_euclid(DAY) != window.day {
                break;
            }
            let (run, row) = (head.run, head.row());
            let is_copy = self.sets_aside && last.is_some_and(|last| is_copy(table, last, head));
            let number = *numbers[run].get_or_insert_with(|| {
                window.blocks.push(Arc::clone(&head.block));
                number(window.blocks.len() - 1)
            });
            if is_copy {
                window.copies.push((number, number_of(row)));
            } else {
                window.rows.push((number, number_of(row)));
                bytes += head.block.chunk().row_size(row);
            }
            if self.rows.advance()? {
                numbers[run] = None;
            }
        }
        if table.identity.is_some()
            && let Some((block, row)) = window.last()
        {
            self.last = Some((Arc::clone(block), row));
        }
        Ok(Some(window))
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a window has fewer than 2^32 blocks")
}

fn number_of(row: usize) -> u32 {
    u32::try_from(row).expect("a chunk has fewer than 2^32 rows")
}

/// Returns whether a row is of the record whose row was the last that stayed.
fn is_of_record(table: &Table, last: (&Arc<Sorted>, usize), head: &Head) -> bool {
    let Some(identity) = table.identity else {
        return false;
    };
    let columns = &table.order[..identity.place];
    compare(
        last.0.chunk(),
        last.1,
        head.block.chunk(),
        head.row(),
        columns,
    ) == Ordering::Equal
}

/// Returns whether a row is of another copy of the record whose row was the last that stayed.
fn is_copy(table: &Table, last: (&Arc<Sorted>, usize), head: &Head) -> bool {
    let Some(identity) = table.identity else {
        return false;
    };
    let (last_chunk, chunk, row) = (last.0.chunk(), head.block.chunk(), head.row());
    let is_equal = |column: &usize| compare(last_chunk, last.1, chunk, row, &[*column]).is_eq();
    // From the last on: contents tell rows apart at once, ids only at their ends.
    let equal = |columns: &[usize]| columns.iter().rev().all(is_equal);
    // A record can give several rows of a table; they stay or go together.
    equal(&table.order[..identity.content])
        && !equal(&table.order[identity.content..identity.place])
}

/// The next row of a run.
struct Head {
    time: i64,
    run: usize,
    block: Arc<Sorted>,
    nth: usize,
}

impl Head {
    fn new(table: &'static Table, run: usize, block: Arc<Sorted>) -> Self {
        let mut head = Self {
            time: 0,
            run,
            block,
            nth: 0,
        };
        head.time = head.read_time(table);
        head
    }

    fn row(&self) -> usize {
        self.block.row(self.nth)
    }

    fn read_time(&self, table: &Table) -> i64 {
        self.block
            .chunk()
            .get_int(table.order[0], self.row())
            .unwrap_or(i64::MIN)
    }

    /// Goes to the block's next row; false where there is none.
    fn advance(&mut self, table: &Table) -> bool {
        if self.nth + 1 >= self.block.len() {
            return false;
        }
        self.nth += 1;
        self.time = self.read_time(table);
        true
    }
}

impl Ord for Head {
    /// The smallest row is the greatest head: the heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.cmp(&self.time).then_with(|| {
            let (a, b) = (other.block.chunk(), self.block.chunk());
            let order = &a.table().order[1..];
            compare(a, other.row(), b, self.row(), order).then(other.run.cmp(&self.run))
        })
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::chunk::Chunk;
    use crate::table::{aggregated_events, events};
    use crate::trail::time::SECOND;
    use proptest::prelude::*;

    /// Time in microseconds, id, content, place.
    type Row = (i64, Option<u8>, i64, i64);

    const ALL: WindowLimits = WindowLimits {
        rows: usize::MAX,
        bytes: usize::MAX,
    };

    fn chunk_of(rows: &[Row]) -> Chunk {
        use events::Col;
        let mut chunk = Chunk::new(&events::TABLE);
        for (time, id, content, place) in rows {
            chunk.int(Col::event_time, *time);
            if let Some(id) = id {
                chunk.text(Col::event_id, &format!("id-{id}"));
            }
            chunk.int(Col::content_hash, *content);
            chunk.int(Col::source_index, *place);
            chunk.end_row();
        }
        chunk
    }

    /// A run of one block, or of blocks of so many rows.
    fn run_of(rows: &[Row], block_rows: usize) -> Run {
        let sorted = chunk_of(rows).sort();
        let in_order: Vec<Row> = (0..sorted.len())
            .map(|nth| row_of(sorted.chunk(), sorted.row(nth)))
            .collect();
        let blocks: Vec<_> = in_order
            .chunks(block_rows)
            .map(|rows| Ok(Sorted::in_order(chunk_of(rows))))
            .collect();
        Box::new(blocks.into_iter())
    }

    fn row_of(chunk: &Chunk, row: usize) -> Row {
        use events::Col;
        let int = |column: Col| chunk.get_int(column, row).expect("written");
        let id = chunk.get_text(Col::event_id, row);
        (
            int(Col::event_time),
            id.map(|id| id["id-".len()..].parse().expect("a number")),
            int(Col::content_hash),
            int(Col::source_index),
        )
    }

    fn rows_of(window: &Window, rows: &[(u32, u32)]) -> Vec<Row> {
        rows.iter()
            .map(|(block, row)| row_of(window.blocks[*block as usize].chunk(), *row as usize))
            .collect()
    }

    fn windows(table: &'static Table, runs: Vec<Run>, limits: WindowLimits) -> Vec<Window> {
        let mut merge = Merge::new(table, runs, limits).expect("in memory");
        let mut windows = Vec::new();
        while let Some(window) = merge.next_window().expect("in memory") {
            windows.push(window);
        }
        windows
    }

    #[test]
    fn copies_go_and_conflicts_stay() {
        let first = run_of(
            &[(1, Some(1), 7, 0), (1, Some(1), 8, 1), (2, None, 7, 2)],
            9,
        );
        let second = run_of(&[(1, Some(1), 7, 3), (2, None, 7, 4), (2, None, 8, 5)], 9);
        let windows = windows(&events::TABLE, vec![first, second], ALL);
        assert_eq!(windows.len(), 1);
        let window = &windows[0];
        assert_eq!(
            rows_of(window, &window.rows),
            [
                (1, Some(1), 7, 0),
                (1, Some(1), 8, 1),
                (2, None, 7, 2),
                (2, None, 8, 5)
            ]
        );
        assert_eq!(
            rows_of(window, &window.copies),
            [(1, Some(1), 7, 3), (2, None, 7, 4)]
        );
    }

    #[test]
    fn rows_of_one_record_stay_or_go_together() {
        use aggregated_events::Col;
        let record = |content: i64, place: i64| {
            let mut chunk = Chunk::new(&aggregated_events::TABLE);
            for nth in 0..3 {
                chunk.int(Col::window_start, 0);
                chunk.text(Col::event_id, "id");
                chunk.int(Col::content_hash, content);
                chunk.int(Col::source_index, place);
                chunk.int(Col::nth, nth);
                chunk.end_row();
            }
            Box::new(std::iter::once(Ok(chunk.sort()))) as Run
        };
        let runs = vec![record(1, 0), record(1, 1), record(2, 2)];
        let windows = windows(&aggregated_events::TABLE, runs, ALL);
        let window = &windows[0];
        assert_eq!((window.rows.len(), window.copies.len()), (6, 3));
    }

    #[test]
    fn a_record_is_not_cut() {
        use aggregated_events::Col;
        let mut chunk = Chunk::new(&aggregated_events::TABLE);
        for nth in 0..6 {
            chunk.int(Col::window_start, 0);
            chunk.int(Col::source_index, nth / 3);
            chunk.int(Col::nth, nth % 3);
            chunk.end_row();
        }
        let run: Run = Box::new(std::iter::once(Ok(chunk.sort())));
        let limits = WindowLimits { rows: 2, ..ALL };
        let mut merge =
            Merge::of_all(&aggregated_events::TABLE, vec![run], limits).expect("in memory");
        let mut lengths = Vec::new();
        while let Some(window) = merge.next_window().expect("in memory") {
            lengths.push(window.rows.len());
        }
        assert_eq!(lengths, [3, 3]);
    }

    #[test]
    fn where_all_stay_the_earlier_run_comes_first() {
        let run = |place| run_of(&[(1, Some(1), 7, place)], 9);
        let runs = vec![run(2), run(1), run(2)];
        let mut merge = Merge::of_all(&events::TABLE, runs, ALL).expect("in memory");
        let window = merge.next_window().expect("in memory").expect("a window");
        let places: Vec<_> = rows_of(&window, &window.rows)
            .iter()
            .map(|row| row.3)
            .collect();
        assert_eq!(places, [1, 2, 2]);
        let blocks: Vec<_> = window.rows.iter().map(|(block, _)| *block).collect();
        assert_eq!(blocks, [0, 1, 2]);
        assert!(window.copies.is_empty());
    }

    #[test]
    fn a_table_without_identity_keeps_all() {
        use crate::table::rejects::{Col, TABLE};
        let run = || {
            let mut chunk = Chunk::new(&TABLE);
            chunk.int(Col::delivery_date, 0);
            chunk.end_row();
            Box::new(std::iter::once(Ok(chunk.sort()))) as Run
        };
        let windows = windows(&TABLE, vec![run(), run()], ALL);
        assert_eq!(windows[0].rows.len(), 2);
    }

    #[test]
    fn an_error_of_a_run_is_handed_on() {
        let broken: Run = Box::new(std::iter::once(Err(io::Error::other("gone"))));
        assert!(Merge::new(&events::TABLE, vec![broken], ALL).is_err());
        let first = Ok(Sorted::in_order(chunk_of(&[(1, None, 1, 1)])));
        let later: Run = Box::new([first, Err(io::Error::other("gone"))].into_iter());
        let mut merge = Merge::new(&events::TABLE, vec![later], ALL).expect("the first is fine");
        assert!(merge.next_window().is_err());
    }

    fn any_rows() -> impl Strategy<Value = Vec<(i64, Option<u8>, i64)>> {
        let row = (0..4_i64, prop::option::of(0..3_u8), 0..3_i64);
        prop::collection::vec(row, 0..60)
    }

    proptest! {
        /// The same as sorting everything at once and going through it.
        #[test]
        fn as_a_naive_merge(
            rows in any_rows(),
            cuts in prop::collection::vec(0..60_usize, 0..5),
            block_rows in 1..9_usize,
            window_rows in 1..20_usize,
        ) {
            let hour = 12 * 3600 * SECOND;
            let rows: Vec<Row> = rows
                .into_iter()
                .zip(0..)
                .map(|((time, id, content), place)| (time * hour, id, content, place))
                .collect();
            let mut sorted = rows.clone();
            sorted.sort_unstable();
            let (mut kept, mut copies) = (Vec::<Row>::new(), Vec::new());
            for row in sorted {
                match kept.last() {
                    Some(last) if (last.0, last.1, last.2) == (row.0, row.1, row.2) => copies.push(row),
                    _ => {
                        kept.push(row);
                    }
                }
            }

            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
            cuts.extend([0, rows.len()]);
            cuts.sort_unstable();
            let runs = cuts.windows(2).map(|cut| run_of(&rows[cut[0]..cut[1]], block_rows)).collect();
            let limits = WindowLimits { rows: window_rows, bytes: usize::MAX };
            let windows = windows(&events::TABLE, runs, limits);
            for window in &windows {
                prop_assert!(window.rows.len() <= window_rows);
                let rows = rows_of(window, &window.rows);
                prop_assert!(rows.iter().all(|row| row.0.div_euclid(DAY) == window.day));
            }
            let found = |part: fn(&Window) -> &[(u32, u32)]| -> Vec<Row> {
                windows.iter().flat_map(|window| rows_of(window, part(window))).collect()
            };
            prop_assert_eq!(found(|window| &window.rows), kept);
            prop_assert_eq!(found(|window| &window.copies), copies);
        }
    }
}
