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
    /// Rows of a window, at most.
    pub rows: usize,
    /// Bytes of a window's unshared values, at which it ends.
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
    /// How many rows have the ids of the row before them, and other content.
    pub conflicting: u64,
}

/// Merges runs of one table.
pub struct Merge {
    table: &'static Table,
    limits: WindowLimits,
    runs: Vec<Run>,
    heads: BinaryHeap<Head>,
    /// The last row that stayed.
    last: Option<(Arc<Sorted>, usize)>,
}

impl std::fmt::Debug for Merge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merge")
            .field("table", &self.table.name)
            .field("runs", &self.runs.len())
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
        let mut merge = Self {
            table,
            limits,
            heads: BinaryHeap::with_capacity(runs.len()),
            runs,
            last: None,
        };
        for run in 0..merge.runs.len() {
            if let Some(block) = merge.next_block(run)? {
                merge.heads.push(Head::new(merge.table, run, block));
            }
        }
        Ok(merge)
    }

    /// Returns the next window, or `None` when all rows have been given.
    ///
    /// # Errors
    ///
    /// Returns what reading a block gave.
    pub fn next_window(&mut self) -> io::Result<Option<Window>> {
        let Some(first) = self.heads.peek() else {
            return Ok(None);
        };
        let mut window = Window {
            day: first.time.div_euclid(DAY),
            ..Window::default()
        };
        // The window's number of the block that each run is in.
        let mut numbers: Vec<Option<u32>> = vec![None; self.runs.len()];
        let mut bytes = 0;
        while let Some(mut head) = self.heads.peek_mut() {
            let full = window.rows.len() >= self.limits.rows || bytes >= self.limits.bytes;
            if full || head.time.div_euclid(DAY) != window.day {
                break;
            }
            let row = head.row();
            let number = *numbers[head.run].get_or_insert_with(|| {
                window.blocks.push(Arc::clone(&head.block));
                number(window.blocks.len() - 1)
            });
            match self
                .last
                .as_ref()
                .map_or(Relation::Other, |last| relation(self.table, last, &head))
            {
                Relation::Copy => window.copies.push((number, number_of(row))),
                relation => {
                    window.conflicting += u64::from(relation == Relation::Conflicting);
                    window.rows.push((number, number_of(row)));
                    bytes += head.block.chunk().row_bytes(row);
                    if self.table.identity.is_some() {
                        self.last = Some((Arc::clone(&head.block), row));
                    }
                }
            }
            if head.advance(self.table) {
                continue;
            }
            let run = head.run;
            numbers[run] = None;
            match self.runs[run].next().transpose()? {
                Some(block) if !block.is_empty() => {
                    *head = Head::new(self.table, run, Arc::new(block));
                }
                _ => {
                    PeekMut::pop(head);
                }
            }
        }
        Ok(Some(window))
    }

    fn next_block(&mut self, run: usize) -> io::Result<Option<Arc<Sorted>>> {
        let block = self.runs[run].next().transpose()?;
        Ok(block.filter(|block| !block.is_empty()).map(Arc::new))
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a window has fewer than 2^32 blocks")
}

fn number_of(row: usize) -> u32 {
    u32::try_from(row).expect("a chunk has fewer than 2^32 rows")
}

/// How a row relates to the last one that stayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Copy,
    Conflicting,
    Other,
}

fn relation(table: &Table, last: &(Arc<Sorted>, usize), head: &Head) -> Relation {
    let Some(identity) = table.identity else {
        return Relation::Other;
    };
    let (last_block, last_row) = (&last.0, last.1);
    let (last_chunk, chunk, row) = (last_block.chunk(), head.block.chunk(), head.row());
    let equal =
        |columns: &[usize]| compare(last_chunk, last_row, chunk, row, columns) == Ordering::Equal;
    if !equal(&table.order[..identity.ids]) {
        Relation::Other
    } else if equal(&table.order[identity.ids..identity.content]) {
        // A record can give several rows of a table; they stay or go together.
        if equal(&table.order[identity.content..identity.place]) {
            Relation::Other
        } else {
            Relation::Copy
        }
    } else if chunk.get_text(table.order[identity.ids - 1], row).is_some() {
        Relation::Conflicting
    } else {
        Relation::Other
    }
}

/// The next row of a run.
struct Head {
    time: i64,
    run: usize,
    block: Arc<Sorted>,
    nth: usize,
    /// For the comparisons, which know no table.
    order: &'static [usize],
}

impl Head {
    fn new(table: &'static Table, run: usize, block: Arc<Sorted>) -> Self {
        let mut head = Self {
            time: 0,
            run,
            block,
            nth: 0,
            order: table.order,
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
            compare(a, other.row(), b, self.row(), &self.order[1..]).then(other.run.cmp(&self.run))
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
