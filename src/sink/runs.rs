//! Sorted runs, in memory as far as the budget goes, beyond it on scratch.
//!
//! Scratch is one file without a name: it is gone with the process, however that ends.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mill::Takes;
use crate::table::chunk::Sorted;
use crate::table::merge::Run;
use crate::table::{Table, spill};

/// The runs of all tables.
#[derive(Debug)]
pub struct Runs {
    scratch_dir: PathBuf,
    memory_bytes_max: usize,
    state: Mutex<State>,
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
}

#[derive(Debug)]
struct Scratch {
    file: File,
    end: u64,
}

impl Runs {
    /// Returns an empty set that keeps up to so many bytes in memory, and the rest in a file in that folder.
    pub fn new(scratch_dir: PathBuf, memory_bytes_max: usize) -> Self {
        Self {
            scratch_dir,
            memory_bytes_max,
            state: Mutex::default(),
        }
    }

    /// Takes out the runs of a table.
    pub fn take_runs(&self, table: &'static Table) -> Vec<Run> {
        let mut state = self.lock();
        let held = state.runs.remove(table.name).unwrap_or_default();
        let scratch = state.scratch.clone();
        held.into_iter()
            .map(|run| open(table, run, scratch.clone()))
            .collect()
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
        let file = tempfile::tempfile_in(&self.scratch_dir).map_err(|e| self.explain(&e))?;
        let scratch = Arc::new(Mutex::new(Scratch { file, end: 0 }));
        state.scratch = Some(Arc::clone(&scratch));
        Ok(scratch)
    }

    fn explain(&self, error: &io::Error) -> io::Error {
        let folder = self.scratch_dir.display();
        io::Error::new(
            error.kind(),
            format!("cannot use {folder} as scratch (see --scratch): {error}"),
        )
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
        let scratch = self.scratch()?;
        let mut blocks = Vec::new();
        spill::write_blocks(&rows, |bytes| {
            let mut scratch = lock(&scratch);
            let start = scratch.end;
            scratch.file.seek(SeekFrom::Start(start))?;
            scratch.file.write_all(bytes)?;
            scratch.end += bytes.len() as u64;
            blocks.push(Block {
                start,
                bytes: bytes.len(),
            });
            Ok(())
        })
        .map_err(|e| self.explain(&e))?;
        Ok(Held::Scratch(blocks))
    }
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
