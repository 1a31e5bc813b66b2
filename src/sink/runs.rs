//! Sorted runs, in memory as far as the budget goes, beyond it on scratch.
//!
//! Scratch is one file without a name: it is gone with the process, however that ends.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;
use crate::mill::Takes;
use crate::table::chunk::{Chunk, Sorted};
use crate::table::merge::Run;
use crate::table::{Table, spill};

/// The runs of all tables.
#[derive(Debug)]
pub struct Runs {
    scratch_dir: PathBuf,
    memory_bytes_max: usize,
    merged_max: usize,
    state: Mutex<State>,
    /// Held while rows of many MiB are put to scratch.
    large: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    memory_bytes: usize,
    runs: HashMap<&'static str, Vec<Held>>,
    scratch: Option<Arc<Mutex<Scratch>>>,
}

#[derive(Debug)]
enum Held {
    Memory(Sorted),
    /// The places of a run's blocks in the scratch file.
    Scratch(Vec<Block>),
}

#[derive(Debug, Clone, Copy)]
struct Block {
    start: u64,
    bytes: usize,
    /// When it is read.
    plain_bytes: usize,
}

impl Held {
    /// As how many runs of usual blocks it counts when it is merged.
    fn weight(&self) -> usize {
        let blocks = match self {
            Self::Memory(_) => &[][..],
            Self::Scratch(blocks) => blocks,
        };
        let largest = blocks.iter().map(|block| block.plain_bytes).max();
        (largest.unwrap_or_default() / limits::MERGED_RUN_BYTES).max(1)
    }
}

#[derive(Debug)]
struct Scratch {
    file: File,
    end: u64,
}

/// Scratch cannot be made or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {folder} as scratch (see --scratch)")]
struct ScratchError {
    folder: String,
    source: io::Error,
}

impl Runs {
    /// Returns an empty set that keeps up to so many bytes in memory, and the rest in a file in that folder.
    pub fn new(scratch_dir: PathBuf, memory_bytes_max: usize) -> Self {
        Self {
            scratch_dir,
            memory_bytes_max,
            merged_max: limits::RUNS_MERGED_MIN,
            state: Mutex::default(),
            large: Mutex::default(),
        }
    }

    /// Has up to so many runs on scratch merged at once: of each, a merge holds a block or two.
    #[must_use]
    pub fn merging(self, merged_max: usize) -> Self {
        Self {
            merged_max: merged_max.max(2),
            ..self
        }
    }

    /// Returns whether the rows of a table are all in memory, and few.
    pub fn are_small(&self, table: &'static Table) -> bool {
        let state = self.lock();
        let runs = state.runs.get(table.name).into_iter().flatten();
        let bytes = runs.map(|run| match run {
            Held::Memory(rows) => rows.bytes(),
            Held::Scratch(_) => usize::MAX,
        });
        bytes.fold(0, usize::saturating_add) <= limits::SMALL_TABLE_BYTES
    }

    /// Takes out the runs of a table, no more on scratch than may be merged at once.
    ///
    /// # Errors
    ///
    /// Returns what scratch gave where more of them were merged to fewer.
    pub fn take_runs(&self, table: &'static Table) -> io::Result<Vec<Run>> {
        let held = self.lock().runs.remove(table.name).unwrap_or_default();
        let is_on_scratch = |run: &Held| matches!(run, Held::Scratch(_));
        let (on_scratch, in_memory): (Vec<Held>, Vec<Held>) =
            held.into_iter().partition(is_on_scratch);
        let mut on_scratch = VecDeque::from(on_scratch);
        while on_scratch.len() > 2 && weight(&on_scratch) > self.merged_max {
            let few = on_scratch.drain(..few(&on_scratch, self.merged_max));
            let few = few.map(|run| self.open(table, run)).collect();
            let merged = self.write(|write| spill::merge_blocks(table, few, write))?;
            on_scratch.push_back(merged);
        }
        let runs = in_memory.into_iter().chain(on_scratch);
        Ok(runs.map(|run| self.open(table, run)).collect())
    }

    /// Keeps blocks that come in order, as one run, and returns it.
    ///
    /// # Errors
    ///
    /// Returns the first error of a block, and what storing them gave.
    pub fn keep(
        &self,
        table: &'static Table,
        blocks: impl Iterator<Item = io::Result<Sorted>>,
    ) -> io::Result<Run> {
        let held = blocks
            .map(|block| self.hold(block?))
            .collect::<io::Result<Vec<Held>>>()?;
        let scratch = self.lock().scratch.clone();
        let blocks = held.into_iter();
        Ok(Box::new(blocks.flat_map(move |block| {
            open(table, block, scratch.clone())
        })))
    }

    /// Sorts rows that come in no order, so many bytes of them at once, and takes them.
    ///
    /// # Errors
    ///
    /// Returns the first error of `rows`, and what storing them gave.
    pub fn sort(
        &self,
        table: &'static Table,
        rows: impl Iterator<Item = io::Result<Chunk>>,
        bytes_max: usize,
    ) -> io::Result<()> {
        let mut chunk = Chunk::new(table);
        for some in rows {
            chunk.append(&some?);
            if chunk.bytes() >= bytes_max {
                self.take(std::mem::replace(&mut chunk, Chunk::new(table)).sort())?;
            }
        }
        self.take(chunk.sort())
    }

    /// Returns how many bytes went to scratch.
    pub fn scratch_bytes(&self) -> u64 {
        self.lock()
            .scratch
            .as_ref()
            .map_or(0, |scratch| lock(scratch).end)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn scratch(&self) -> io::Result<Arc<Mutex<Scratch>>> {
        let mut state = self.lock();
        if let Some(scratch) = &state.scratch {
            return Ok(Arc::clone(scratch));
        }
        let file = tempfile::tempfile_in(&self.scratch_dir).map_err(|e| self.explain(e))?;
        let scratch = Arc::new(Mutex::new(Scratch { file, end: 0 }));
        state.scratch = Some(Arc::clone(&scratch));
        Ok(scratch)
    }

    /// Puts a run on scratch, whose blocks are given to what `blocks` is called with.
    fn write(
        &self,
        blocks: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>,
    ) -> io::Result<Held> {
        let scratch = self.scratch()?;
        let mut places = Vec::new();
        let mut write = |bytes: &[u8]| {
            let mut scratch = lock(&scratch);
            let start = scratch.end;
            scratch.file.seek(SeekFrom::Start(start))?;
            scratch.file.write_all(bytes)?;
            scratch.end += bytes.len() as u64;
            places.push(Block {
                start,
                bytes: bytes.len(),
                plain_bytes: spill::plain_bytes(bytes),
            });
            Ok(())
        };
        blocks(&mut write).map_err(|e| self.explain(e))?;
        Ok(Held::Scratch(places))
    }

    fn open(&self, table: &'static Table, run: Held) -> Run {
        open(table, run, self.lock().scratch.clone())
    }

    fn explain(&self, source: io::Error) -> io::Error {
        let folder = self.scratch_dir.display().to_string();
        io::Error::other(ScratchError { folder, source })
    }
}

impl Takes for Runs {
    fn take(&self, rows: Sorted) -> io::Result<()> {
        let table = rows.chunk().table();
        let held = self.hold(rows)?;
        self.lock().runs.entry(table.name).or_default().push(held);
        Ok(())
    }
}

impl Runs {
    /// Keeps rows in memory, or on scratch where they do not fit.
    fn hold(&self, rows: Sorted) -> io::Result<Held> {
        let bytes = rows.bytes();
        let fits = {
            let mut state = self.lock();
            let fits = state.memory_bytes + bytes <= self.memory_bytes_max;
            state.memory_bytes += if fits { bytes } else { 0 };
            fits
        };
        if fits {
            return Ok(Held::Memory(rows));
        }
        // Blocks of usual rows are small, and those of large ones come one after another.
        let _alone = rows.has_large_row().then(|| lock(&self.large));
        self.write(|write| spill::write_blocks(&rows, write))
    }
}

fn weight(runs: &VecDeque<Held>) -> usize {
    runs.iter().map(Held::weight).sum()
}

/// How many of the first runs to merge to one: as few as leave no more than may be merged at once, and no more than may be.
fn few(runs: &VecDeque<Held>, merged_max: usize) -> usize {
    let (mut left, mut taken, mut largest) = (weight(runs), 0, 0);
    let is_enough = |(nth, run): (usize, &Held)| {
        let weight = run.weight();
        let is_enough = nth >= 2 && (taken + weight > merged_max || left + largest <= merged_max);
        (left, taken, largest) = (left - weight, taken + weight, largest.max(weight));
        is_enough
    };
    runs.iter()
        .enumerate()
        .position(is_enough)
        .unwrap_or(runs.len())
}

fn open(table: &'static Table, run: Held, scratch: Option<Arc<Mutex<Scratch>>>) -> Run {
    match (run, scratch) {
        (Held::Memory(rows), _) => Box::new(std::iter::once(Ok(rows))),
        (Held::Scratch(blocks), Some(scratch)) => Box::new(blocks.into_iter().map(move |block| {
            let mut bytes = vec![0; block.bytes];
            {
                let mut scratch = lock(&scratch);
                scratch.file.seek(SeekFrom::Start(block.start))?;
                scratch.file.read_exact(&mut bytes)?;
            }
            spill::read_block(table, &bytes)
        })),
        (Held::Scratch(_), None) => unreachable!("a run on scratch has a scratch file"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere ends the program; what is behind the lock is whole all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_large_blocks_are_merged_a_few_at_once() {
        let check = |weights: &[usize], expected: usize| {
            let run = |weight: &usize| {
                Held::Scratch(vec![Block {
                    start: 0,
                    bytes: 1,
                    plain_bytes: weight * limits::MERGED_RUN_BYTES,
                }])
            };
            let runs = weights.iter().map(run).collect();
            assert_eq!(few(&runs, 32), expected, "{weights:?}");
        };
        check(&[1; 33], 2);
        check(&[1; 40], 9);
        check(&[0; 100], 32);
        check(&[8; 10], 4);
        check(&[64; 3], 2);
    }
}
