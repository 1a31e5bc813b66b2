//! How `--memory` is divided: to each part of a run what it may take, and gates where those wait who need much at once.
//!
//! What an object costs is known only when it is there: one of 128 MiB, or a record of a million numbers, takes as much as all
//! the rest. So the usual ones are let through, as many as there are threads, and the few dear ones wait for each other. Nothing
//! of what is written depends on any of this.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// The parts of `--memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Content of large objects.
    pub object_bytes: usize,
    /// Tapes of large texts.
    pub parse_bytes: usize,
    /// What each of a thread's buffers may take without asking, and keep.
    pub free_bytes: usize,
    /// Rows of all tables that a thread gathers before they are sorted.
    pub chunk_bytes: usize,
    /// Bodies that are fetched ahead or are large.
    pub body_bytes: usize,
    /// Sorted rows that stay in memory.
    pub run_bytes: usize,
    /// Runs on scratch that are merged at once.
    pub runs_merged: usize,
    /// Whether there is room for the next window while one is encoded.
    pub reads_ahead: bool,
}

impl Budget {
    /// Divides so many bytes among the parts of a run with so many threads.
    pub fn new(memory_bytes: usize, threads: usize) -> Self {
        let part = |share: usize| memory_bytes / share;
        let of_thread = |share: usize, least: usize, most: usize| {
            (part(share) / threads.max(1)).clamp(least, most)
        };
        let mut budget = Self {
            object_bytes: part(4).max(limits::INFLATED_BYTES_MAX),
            parse_bytes: part(8).max(limits::PARSE_BYTES_MIN),
            free_bytes: of_thread(32, limits::FREE_BYTES_MIN, limits::REUSED_BYTES_MAX),
            chunk_bytes: of_thread(8, limits::CHUNK_BYTES_MIN, limits::CHUNK_BYTES),
            body_bytes: part(16).min(limits::BODY_BYTES),
            run_bytes: 0,
            runs_merged: (part(8) / limits::MERGED_RUN_BYTES).max(limits::RUNS_MERGED_MIN),
            reads_ahead: memory_bytes >= limits::MEMORY_TO_READ_AHEAD,
        };
        let beside = budget.while_milling(threads).max(budget.while_writing());
        budget.run_bytes = memory_bytes
            .saturating_sub(beside)
            .max(part(limits::MEMORY_SHARE_OF_RUNS));
        budget
    }

    /// What milling takes beside sorted rows. A thread has four buffers: for a body, its content, the one before that is not hashed
    /// yet, and the parser's.
    fn while_milling(&self, threads: usize) -> usize {
        let of_thread = 4 * self.free_bytes + self.chunk_bytes;
        let shared = self.object_bytes + self.parse_bytes + self.body_bytes;
        limits::MEMORY_OF_PROGRAM + threads * of_thread + shared
    }

    /// What merging and writing takes beside sorted rows.
    fn while_writing(&self) -> usize {
        let windows = if self.reads_ahead { 2 } else { 1 };
        limits::MEMORY_OF_PROGRAM
            + limits::MEMORY_OF_ROLLUPS
            + windows * limits::MEMORY_OF_WINDOW
            + self.runs_merged * limits::MERGED_RUN_BYTES
    }
}

/// What the threads of a mill share.
#[derive(Debug)]
pub struct Room {
    /// Where content of large objects waits.
    pub objects: Gate,
    /// Where large texts wait to be parsed. Comes after the other.
    pub parses: Gate,
    /// Rows of all tables that a thread gathers before they are sorted.
    pub chunk_bytes: usize,
}

impl Room {
    /// Returns the room that a budget has.
    pub fn new(budget: &Budget) -> Self {
        Self {
            objects: Gate::new(budget.object_bytes, budget.free_bytes),
            parses: Gate::new(budget.parse_bytes, budget.free_bytes),
            chunk_bytes: budget.chunk_bytes,
        }
    }
}

impl Default for Room {
    /// What one thread has with the usual memory.
    fn default() -> Self {
        Self::new(&Budget::new(limits::MEMORY_BYTES, 1))
    }
}

/// Lets so many bytes through at once; who needs more than are left waits, first come, first served.
///
/// Who holds a permit of one gate may wait at a later one, in the order in which an object goes through them, and never at one
/// before: so somebody can always go on.
#[derive(Debug)]
pub struct Gate {
    bytes_max: usize,
    free_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// How many have come, and how many of them were let through.
    came: u64,
    went: u64,
}

impl Gate {
    /// Returns a gate that lets so many bytes through at once, and `free_bytes` or less without asking.
    pub fn new(bytes_max: usize, free_bytes: usize) -> Self {
        Self {
            bytes_max,
            free_bytes,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Waits until so many bytes may be taken, or until nobody else has any where there is not room for so many. Returns
    /// nothing where they are so few that they are free.
    pub fn enter(&self, bytes: usize) -> Option<Permit<'_>> {
        if bytes <= self.free_bytes {
            return None;
        }
        let bytes = bytes.min(self.bytes_max);
        let mut state = self.lock();
        let nth = state.came;
        state.came += 1;
        while state.went != nth || state.taken + bytes > self.bytes_max {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.went += 1;
        state.taken += bytes;
        self.changed.notify_all(); // the next may fit beside
        Some(Permit { gate: self, bytes })
    }

    /// Returns how many bytes are free.
    pub fn free_bytes(&self) -> usize {
        self.free_bytes
    }

    fn give_back(&self, bytes: usize) {
        self.lock().taken -= bytes;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Who panics with a permit gives it back while unwinding; the sum is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that may be taken; they are given back when it is dropped.
#[derive(Debug)]
pub struct Permit<'g> {
    gate: &'g Gate,
    bytes: usize,
}

impl Permit<'_> {
    /// Gives back what is not needed: so many bytes are.
    pub fn keep(&mut self, bytes: usize) {
        let spare = self.bytes.saturating_sub(bytes);
        self.bytes -= spare;
        self.gate.give_back(spare);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn few_bytes_are_free_and_many_are_counted() {
        let gate = Gate::new(100, 10);
        assert!(gate.enter(10).is_none());
        let mut permit = gate.enter(100).expect("asked for");
        permit.keep(60);
        let further = gate.enter(40).expect("asked for");
        drop((permit, further));
        let all = gate.enter(1000).expect("cut to what there is");
        assert_eq!(all.bytes, 100);
    }

    #[test]
    fn never_more_than_there_are() {
        let (gate, taken, most) = (Gate::new(100, 0), AtomicUsize::new(0), AtomicUsize::new(0));
        let worker = |seed: usize| {
            for n in 1..200 {
                let bytes = 1 + (n * 37 + seed * 11) % 130;
                let permit = gate.enter(bytes);
                let held = permit.as_ref().map_or(0, |permit| permit.bytes);
                let now = taken.fetch_add(held, Ordering::SeqCst) + held;
                most.fetch_max(now, Ordering::SeqCst);
                std::thread::yield_now();
                taken.fetch_sub(held, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| {
            for seed in 0..4 {
                scope.spawn(move || worker(seed));
            }
        });
        assert!(most.into_inner() <= 100);
    }

    #[test]
    fn the_parts_are_within_the_whole() {
        for memory in [256, 512, 1024, 4096, 65536_usize] {
            for threads in [1, 2, 8, 64] {
                let bytes = memory << 20;
                let budget = Budget::new(bytes, threads);
                let beside = budget.while_milling(threads).max(budget.while_writing());
                let sum = beside + budget.run_bytes;
                // Below a gigabyte, and with many threads, the least of everything is more than there is when all of it is taken at once.
                let slack = (64 << 20) + threads * 4 * limits::CHUNK_BYTES_MIN;
                assert!(
                    sum <= bytes + slack,
                    "{memory} MiB, {threads} threads: {sum}"
                );
            }
        }
    }
}
