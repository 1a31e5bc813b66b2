//! Rows of many files, newest first. A file is opened, and a row group of it is read, when nothing that is newer is left elsewhere:
//! who wants few rows opens few files.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::io;
use std::rc::Rc;

use arrow::array::RecordBatch;
use parquet::file::reader::ChunkReader;

use super::file::DataFile;
use super::query::Query;

/// Rows that fit, and of which all columns are read at once.
const ROWS_AT_ONCE: usize = 512;

/// A file that may have rows.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Its number, to be opened by.
    pub nth: usize,
    /// No row of it is newer.
    pub newest: i64,
}

/// The rows that fit a query, newest first: batches of one row.
pub struct Newest<'q, R, F> {
    query: &'q Query,
    open: F,
    heap: BinaryHeap<Head<R>>,
}

impl<R, F> std::fmt::Debug for Newest<'_, R, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newest").finish_non_exhaustive()
    }
}

/// What comes next of a file.
struct Head<R> {
    /// Of the next row, or one that none is newer than.
    time: i64,
    /// The number of the file.
    nth: usize,
    what: What<R>,
}

enum What<R> {
    File,
    Group(Rc<DataFile<R>>, usize),
    Matches(Matches<R>),
}

/// The rows of a row group that fit and were not given yet.
struct Matches<R> {
    file: Rc<DataFile<R>>,
    group: usize,
    /// Oldest first, those aside that are read.
    rows: Vec<(i64, usize)>,
    /// Those that are read, oldest first, and how many of them are left.
    read: Option<(RecordBatch, usize)>,
    /// The times of those that are read.
    times: Vec<i64>,
}

impl<'q, R, F> Newest<'q, R, F>
where
    R: ChunkReader + Clone + 'static,
    F: FnMut(usize) -> io::Result<R>,
{
    /// Asks files, which are opened by their numbers.
    pub fn new(query: &'q Query, candidates: impl IntoIterator<Item = Candidate>, open: F) -> Self {
        let heads = candidates
            .into_iter()
            .map(|Candidate { nth, newest }| Head {
                time: newest,
                nth,
                what: What::File,
            });
        Self {
            query,
            open,
            heap: heads.collect(),
        }
    }

    /// Goes one step on from the head that was taken off the heap; returns a row where that is one.
    fn step(&mut self, head: Head<R>) -> io::Result<Option<RecordBatch>> {
        let nth = head.nth;
        match head.what {
            What::File => {
                let file = Rc::new(DataFile::open((self.open)(nth)?)?);
                for (newest, group) in file.groups(self.query)? {
                    self.heap.push(Head {
                        time: newest.min(head.time),
                        nth,
                        what: What::Group(Rc::clone(&file), group),
                    });
                }
            }
            What::Group(file, group) => {
                let rows = file.rows(group, self.query)?;
                self.push(nth, Matches::new(file, group, rows));
            }
            What::Matches(mut matches) => {
                let row = matches.next()?;
                self.push(nth, matches);
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn push(&mut self, nth: usize, matches: Matches<R>) {
        if let Some(time) = matches.time() {
            let what = What::Matches(matches);
            self.heap.push(Head { time, nth, what });
        }
    }
}

impl<R, F> Iterator for Newest<'_, R, F>
where
    R: ChunkReader + Clone + 'static,
    F: FnMut(usize) -> io::Result<R>,
{
    /// A row, or the number of the file that cannot be read, and why.
    type Item = Result<RecordBatch, (usize, io::Error)>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(head) = self.heap.pop() {
            let nth = head.nth;
            match self.step(head) {
                Ok(None) => {}
                Ok(Some(row)) => return Some(Ok(row)),
                Err(error) => return Some(Err((nth, error))),
            }
        }
        None
    }
}

impl<R: ChunkReader + Clone + 'static> Matches<R> {
    fn new(file: Rc<DataFile<R>>, group: usize, rows: Vec<(i64, usize)>) -> Self {
        Self {
            file,
            group,
            rows,
            read: None,
            times: Vec::new(),
        }
    }

    /// The time of the next row.
    fn time(&self) -> Option<i64> {
        match &self.read {
            Some((_, left)) if *left > 0 => Some(self.times[left - 1]),
            _ => self.rows.last().map(|(time, _)| *time),
        }
    }

    fn next(&mut self) -> io::Result<RecordBatch> {
        if self.read.as_ref().is_none_or(|(_, left)| *left == 0) {
            let first = self.rows.len().saturating_sub(ROWS_AT_ONCE);
            let rows = self.rows.split_off(first);
            let batch = self.file.read(self.group, &rows)?;
            self.times = rows.into_iter().map(|(time, _)| time).collect();
            let left = batch.num_rows();
            self.read = Some((batch, left));
        }
        match &mut self.read {
            Some((batch, left)) if *left > 0 => {
                *left -= 1;
                Ok(batch.slice(*left, 1))
            }
            _ => Err(io::Error::other("it has fewer rows than it says")),
        }
    }
}

impl<R> Head<R> {
    /// What may still hold something newer is looked into first; rows of one time come in the order of the files.
    fn order(&self) -> (i64, bool, std::cmp::Reverse<usize>) {
        let is_row = matches!(self.what, What::Matches(_));
        (self.time, !is_row, std::cmp::Reverse(self.nth))
    }
}

impl<R> Ord for Head<R> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl<R> PartialOrd for Head<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> PartialEq for Head<R> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<R> Eq for Head<R> {}
