//! Commands that write anew what a dataset has: [`compact`] and [`rebuild`]. Each goes from partition to partition, and each of them is a
//! commit: what is committed stays, whatever comes after.

pub mod compact;
mod proof;
pub mod rebuild;
mod summary;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use bytes::Buf;
use parquet::file::reader::{ChunkReader, Length};
use rayon::ThreadPool;
use sha2::{Digest, Sha256};

use crate::budget::Budget;
use crate::commit::{DataFile, FORMAT_VERSION, Purpose};
use crate::config::Resources;
use crate::limits;
use crate::sink::dataset::{Dataset, DatasetWriter};
use crate::sink::runs::Runs;
use crate::sink::store::Store;
use crate::table::Table;
use crate::trail::hash::hex;
use crate::trail::time::DAY;
pub use summary::{Rewritten, Summary};

/// A command was asked to stop. What it had committed stays.
#[derive(Debug, thiserror::Error)]
#[error("interrupted: {done} of {planned} {of} are written anew in {dataset}; run again to go on")]
pub struct Interrupted {
    done: usize,
    planned: usize,
    of: &'static str,
    dataset: String,
}

/// Opens a dataset, which has to be there, for writing.
fn open(place: Arc<dyn Store>, now: i64) -> Result<DatasetWriter> {
    Dataset::existing(Arc::clone(&place))?;
    Ok(DatasetWriter::begin(place, now)?)
}

fn pool(resources: &Resources) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(resources.threads)
        .build()
        .context("start threads")
}

fn budget(resources: &Resources) -> Budget {
    Budget::new(resources.memory_bytes, resources.threads)
}

fn runs(resources: &Resources) -> Runs {
    let budget = budget(resources);
    Runs::new(resources.scratch.clone(), budget.run_bytes).merging(budget.runs_merged)
}

/// Returns the files of a table by their partition, in days since 1970.
fn partitions(dataset: &Dataset, table: &Table) -> Result<BTreeMap<i64, Vec<DataFile>>> {
    let mut partitions: BTreeMap<i64, Vec<DataFile>> = BTreeMap::new();
    for file in dataset.files(table) {
        let (first, _) = file.times.with_context(|| {
            let path = &file.path;
            format!("{path}: its entry does not say of what times it is (see trailmill verify)")
        })?;
        let day = first.div_euclid(DAY);
        partitions.entry(day).or_default().push(file.clone());
    }
    Ok(partitions)
}

/// What is written anew would get a new checksum: so what it is made of must be what was written.
fn check_bytes(dataset: &Dataset, file: &DataFile) -> Result<()> {
    let reader = dataset.open(file)?;
    let mut hash = Sha256::new();
    let mut start = 0;
    let end = reader.len();
    while start < end {
        let length = usize::try_from(end - start)?.min(limits::CHECKED_BYTES);
        let bytes = reader.get_bytes(start, length)?;
        hash.update(bytes.chunk());
        start += length as u64;
    }
    let is_it = end == file.bytes && hex(&hash.finalize()) == file.sha256;
    ensure!(
        is_it,
        "it is not what was written (see trailmill verify): nothing is made of it; restore it from a copy of the dataset"
    );
    Ok(())
}

/// Returns the name of a commit, from what it is made of and how. The number of its entry keeps it from being a name that was there.
fn commit_id(dataset: &DatasetWriter, purpose: Purpose, options: &str, of: &[DataFile]) -> String {
    let number = dataset.entry(purpose, "").number;
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(&format!("{FORMAT_VERSION} {number} {purpose:?} {options}"));
    for file in of {
        add(&file.sha256);
    }
    hex(&hash.finalize()[..8])
}

/// Where a command stands, so that it can stop there.
struct Step<'s> {
    stop: &'s AtomicBool,
    done: usize,
    planned: usize,
    of: &'static str,
}

impl Step<'_> {
    /// Ends the command where it was asked to stop.
    fn check(&self, dataset: &Dataset) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            bail!(Interrupted {
                done: self.done,
                planned: self.planned,
                of: self.of,
                dataset: dataset.address().to_owned(),
            });
        }
        Ok(())
    }
}
