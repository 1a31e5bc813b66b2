//! The objects of a synthetic bucket to files. The one part of this module that touches the disk.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use rayon::prelude::*;

use super::{Bucket, Gzip, Object, Options, Summary};
use crate::cli::GenerateArgs;

/// Objects, and bytes of them, that are compressed at once.
const BATCH_OBJECTS: usize = 256;
const BATCH_BYTES: usize = 32 << 20;
/// Each account has its own buffers; more accounts than an organization is likely to have are a slip.
const ACCOUNTS_MAX: u32 = 1_000;
/// Ten years.
const DAYS_MAX: u32 = 3_650;

/// Lays out a synthetic delivery bucket in a new or empty folder, and returns what was planted.
///
/// The bytes depend on the arguments alone, not on the number of threads.
///
/// # Errors
///
/// When an argument is out of range, the folder holds something, or a file cannot be written.
pub fn run(args: &GenerateArgs) -> anyhow::Result<Summary> {
    let GenerateArgs {
        ref dir,
        events,
        days,
        accounts,
        seed,
    } = *args;
    ensure!(events > 0, "--events 0: ask for at least one event");
    ensure!(
        (1..=DAYS_MAX).contains(&days),
        "--days {days}: use 1 to {DAYS_MAX}"
    );
    ensure!(
        (1..=ACCOUNTS_MAX).contains(&accounts),
        "--accounts {accounts}: use 1 to {ACCOUNTS_MAX}"
    );
    make_empty(dir)?;
    let mut bucket = Bucket::new(Options {
        events,
        days,
        accounts,
        seed,
    });
    let mut n_bytes = 0;
    loop {
        let batch = batch(&mut bucket);
        if batch.is_empty() {
            break;
        }
        let written: anyhow::Result<Vec<u64>> = batch
            .par_iter()
            .map_init(Gzip::default, |gzip, object| write(dir, gzip, object))
            .collect();
        n_bytes += written?.iter().sum::<u64>();
    }
    Ok(Summary {
        bytes: n_bytes,
        ..bucket.summary().clone()
    })
}

fn make_empty(dir: &Path) -> anyhow::Result<()> {
    let shown = crate::escape::printable(&dir.to_string_lossy()).into_owned();
    fs::create_dir_all(dir).with_context(|| format!("create folder {shown}"))?;
    let mut entries = fs::read_dir(dir).with_context(|| format!("list folder {shown}"))?;
    if entries.next().is_some() {
        bail!("{shown} is not empty: give a new or empty folder");
    }
    Ok(())
}

fn batch(bucket: &mut Bucket) -> Vec<Object> {
    let mut n_bytes = 0;
    let mut batch = Vec::new();
    while batch.len() < BATCH_OBJECTS && n_bytes < BATCH_BYTES {
        let Some(object) = bucket.next() else { break };
        n_bytes += object.content.len();
        batch.push(object);
    }
    batch
}

fn write(dir: &Path, gzip: &mut Gzip, object: &Object) -> anyhow::Result<u64> {
    let bytes = gzip
        .pack(&object.content)
        .with_context(|| format!("compress {}", object.key))?;
    let path = dir.join(&object.key);
    let folder = path.parent().unwrap_or(dir);
    fs::create_dir_all(folder).with_context(|| format!("create the folder of {}", object.key))?;
    fs::write(&path, &bytes).with_context(|| format!("write {}", object.key))?;
    Ok(bytes.len() as u64)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            events,
            objects,
            bytes,
            duplicates,
            late_events,
            insights,
            aggregated,
            ..
        } = self;
        write!(
            f,
            "{events} events in {objects} objects, {bytes} bytes; on top of the events {duplicates} redelivered records, {insights} insight and {aggregated} aggregated records; {late_events} events late, {} by agents, {} sign-ins",
            self.mcp_channels.values().sum::<u64>(),
            self.sign_ins.values().sum::<u64>(),
        )?;
        if let Some(burst) = &self.burst {
            write!(
                f,
                "; burst of {} {} at {}",
                burst.events, burst.event_name, burst.start
            )?;
        }
        Ok(())
    }
}
