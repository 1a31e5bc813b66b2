//! A run, from its table of contents: list, mill, write, commit, summarise.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::budget::{Budget, Room};
use crate::commit::{Entry, FORMAT_VERSION};
use crate::config::{RunConfig, list_selection};
use crate::limits;
use crate::mill::{Options, Takes};
use crate::pipeline::{self, Outcomes, Progress};
use crate::sink::folder::{Dataset, Staged};
use crate::sink::runs::Runs;
use crate::source::{
    DeliveryObject, FeedOptions, ForeignObject, Listing, SourceError, SourceOptions, Sources,
};
use crate::summary::{Objects, Records, Requests, Summary};
use crate::table::chunk::Chunk;
use crate::table::objects::{self, Counts, Object, Status};
use crate::table::{Table, rejects};
use crate::trail::hash::hex;
use crate::trail::key::DeliveryKey;
use crate::trail::time::{DAY, format};
use crate::write::{Merged, Writer};

/// A run was asked to stop.
#[derive(Debug, thiserror::Error)]
#[error("interrupted: nothing was committed, and {out} is as it was; run again to start over")]
pub struct Interrupted {
    out: String,
}

/// Reads the sources and writes the tables.
///
/// # Errors
///
/// Returns why the run failed; the destination is then as it was.
pub fn run(
    config: &RunConfig,
    stdin_lines: impl BufRead,
    stop: &Arc<AtomicBool>,
) -> Result<Summary> {
    let started = Instant::now();
    let dataset = Dataset::create(&config.out)?;
    let source_options = SourceOptions {
        aws: config.aws.clone(),
        concurrency: config.concurrency,
        ..SourceOptions::default()
    };
    let sources = Sources::open(&config.sources, stdin_lines, &source_options)?;
    let interrupted = || Interrupted {
        out: config.out.display().to_string(),
    };
    let listing = match sources.list(&list_selection(&config.selection), stop) {
        Err(SourceError::Stopped) => bail!(interrupted()),
        listing => listing?,
    };
    let listed: Arc<[DeliveryObject]> = listing.objects.as_slice().into();
    let options = Options {
        selection: config.selection.clone(),
        tables: config.tables.clone(),
        run_day: config.now.div_euclid(DAY) * DAY,
    };
    let budget = Budget::new(config.memory_bytes, config.threads);
    let runs = Runs::new(config.scratch.clone(), budget.run_bytes).merging(budget.runs_merged);
    let room = Room::new(&budget);
    let feed_options = FeedOptions {
        concurrency: config.concurrency,
        bytes_in_flight: budget.body_bytes as u64,
        free_bytes: budget.free_bytes,
    };
    let progress = Progress::new(
        listed.iter().map(|object| object.size).sum(),
        listed.len() as u64,
        config.progress,
    );
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .build()
        .context("start threads")?;

    let feed = sources.feed(Arc::clone(&listed), feed_options, Arc::clone(stop));
    let outcomes =
        pool.install(|| pipeline::run(&feed, &listed, &options, &runs, &room, &progress, stop));
    drop(feed);
    let outcomes = match outcomes {
        Ok(outcomes) if !stop.load(Ordering::Relaxed) => outcomes,
        Ok(_) => bail!(interrupted()),
        Err(error) => return Err(error),
    };
    refuse_if_nothing_was_read(&outcomes)?;

    progress.writing();
    let commit_id = commit_id(config, &listing);
    let writer = Writer {
        dataset: &dataset,
        name: &commit_id,
        options: &options,
        bucket: config.bucket,
        reads_ahead: budget.reads_ahead,
    };
    let mut merged = pool.install(|| writer.records(&runs))?;
    let mut summary = summarise(config, &listing, &outcomes, &merged, &commit_id);
    summary.check_balance()?;
    let books = Books {
        listing: &listing,
        outcomes: &outcomes,
        merged: &merged,
        options: &options,
        commit_id: &commit_id,
    };
    books.write(&runs)?;
    let mut files = std::mem::take(&mut merged.files);
    for table in [&rejects::TABLE, &objects::TABLE] {
        files.extend(pool.install(|| writer.table(&runs, table, false))?.files);
    }
    progress.finish();
    if stop.load(Ordering::Relaxed) {
        bail!(interrupted());
    }
    count_files(&mut summary, &files);
    dataset.commit(entry(config, &commit_id), &files)?;

    summary.scratch_bytes = runs.scratch_bytes();
    summary.peak_memory_bytes = peak_memory_bytes();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// Returns the name of the commit: a function of input and options alone, so that the same run gives the same files.
fn commit_id(config: &RunConfig, listing: &Listing) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(FORMAT_VERSION);
    add(&format!(
        "{:?} {:?} {}",
        config.selection, config.tables, config.bucket
    ));
    for object in listing.objects.iter().chain(&listing.digests) {
        add(&object.source);
        add(&object.object);
        add(&object.size.to_string());
        add(&object
            .etag
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default());
    }
    hex(&hash.finalize()[..8])
}

fn entry(config: &RunConfig, commit_id: &str) -> Entry {
    let run_id = format(config.now).replace([':', '-'], "");
    Entry {
        format: FORMAT_VERSION.to_owned(),
        number: 1,
        parent: None,
        commit_id: commit_id.to_owned(),
        nonce: format!("{run_id}-{}", std::process::id()),
        run_id,
        added: Vec::new(),
        removed: Vec::new(),
    }
}

/// Where not one object could be read, there is something wrong that the first error names.
fn refuse_if_nothing_was_read(outcomes: &Outcomes) -> Result<()> {
    let first_error = outcomes.values().find_map(|outcome| outcome.as_ref().err());
    match first_error {
        Some(error) if outcomes.values().all(Result::is_err) => {
            bail!(
                "none of {} objects could be read; of the first: {error}",
                outcomes.len()
            )
        }
        _ => Ok(()),
    }
}

fn status_of(error: &crate::source::FetchError) -> Status {
    match error.status() {
        "gone" => Status::Gone,
        "archived" => Status::Archived,
        "denied" => Status::Denied,
        "too_large" => Status::TooLarge,
        _ => Status::Failed,
    }
}

fn summarise(
    config: &RunConfig,
    listing: &Listing,
    outcomes: &Outcomes,
    merged: &Merged,
    commit_id: &str,
) -> Summary {
    let mut objects = Objects {
        listed: listing.listed.objects,
        filtered: listing.filtered.objects,
        digest: listing.digests.len() as u64,
        foreign: listing.foreign_total().objects,
        ..Objects::default()
    };
    for (reason, tally) in &listing.foreign {
        objects
            .foreign_reasons
            .insert(reason.to_string(), tally.objects);
    }
    let mut records = Records {
        conflicting: merged.conflicting,
        ..Records::default()
    };
    let mut summary = Summary {
        version: env!("CARGO_PKG_VERSION"),
        sources: config.sources.clone(),
        out: config.out.display().to_string(),
        commit_id: commit_id.to_owned(),
        ..Summary::default()
    };
    for (number, outcome) in outcomes {
        match outcome {
            Ok(read) => {
                objects.read += 1;
                objects.corrupt += u64::from(read.outcome.status == Status::Corrupt);
                records.read += read.outcome.counts.records;
                records.filtered += read.outcome.counts.filtered;
                records.rejected += read.outcome.counts.rejected;
                for (reason, n) in &read.outcome.reasons {
                    *summary.rejects.entry(reason.name()).or_default() += n;
                }
                summary.object_bytes += listing.objects[*number].size;
                summary.inflated_bytes += read.outcome.inflated_bytes;
            }
            Err(error) => {
                objects.failed += 1;
                *objects.failed_reasons.entry(error.status()).or_default() += 1;
            }
        }
    }
    for (written, duplicates) in &merged.by_object {
        records.written += written;
        records.duplicates += duplicates;
    }
    let is_s3 = |number: &&usize| listing.objects[**number].is_in_s3();
    summary.requests = Requests {
        list: listing.requests.list,
        head: listing.requests.head,
        get: outcomes.keys().filter(is_s3).count() as u64,
    };
    Summary {
        objects,
        records,
        ..summary
    }
}

fn count_files(summary: &mut Summary, files: &[Staged]) {
    for file in files {
        let table = summary.tables.entry(file.data().table.clone()).or_default();
        table.files += 1;
        table.rows += file.data().rows;
        table.bytes += file.data().bytes;
    }
}

/// The books: a row for each object, whatever became of it.
struct Books<'a> {
    listing: &'a Listing,
    outcomes: &'a Outcomes,
    merged: &'a Merged,
    options: &'a Options,
    commit_id: &'a str,
}

impl Books<'_> {
    fn write(&self, runs: &Runs) -> Result<()> {
        let mut rows = Chunk::new(&objects::TABLE);
        for (number, object) in self.listing.objects.iter().enumerate() {
            self.read(&mut rows, number, object);
            hand_over(&mut rows, runs, limits::CHUNK_BYTES)?;
        }
        for digest in &self.listing.digests {
            let row = self.row(digest, Status::Digest);
            objects::append(&mut rows, &row.object());
            hand_over(&mut rows, runs, limits::CHUNK_BYTES)?;
        }
        for foreign in &self.listing.foreign_objects {
            self.foreign(&mut rows, foreign);
        }
        hand_over(&mut rows, runs, 0)
    }

    fn read(&self, rows: &mut Chunk, number: usize, object: &DeliveryObject) {
        let Some(outcome) = self.outcomes.get(&number) else {
            return;
        };
        let mut row = self.row(object, Status::Done);
        match outcome {
            Err(error) => {
                row.status = status_of(error);
                row.detail = Some(error.to_string());
            }
            Ok(read) => {
                let (written, duplicates) = self
                    .merged
                    .by_object
                    .get(number)
                    .copied()
                    .unwrap_or_default();
                row.status = read.outcome.status;
                row.detail.clone_from(&read.outcome.detail);
                row.counts = Counts {
                    written,
                    duplicates,
                    ..read.outcome.counts
                };
                row.event_times = read.outcome.event_times;
                row.delivery_date = read.outcome.delivery_date;
                row.sha256 = Some(hex(&read.outcome.content_sha256));
                row.version_id = read.fetched.version_id.as_deref();
            }
        }
        objects::append(rows, &row.object());
    }

    fn foreign(&self, rows: &mut Chunk, foreign: &ForeignObject) {
        objects::append(
            rows,
            &Object {
                delivery_date: self.options.run_day,
                source: &foreign.source,
                source_object: &foreign.object,
                etag: None,
                version_id: None,
                size: foreign.size,
                delivery_time: None,
                account_id: None,
                region: None,
                family: None,
                status: Status::Foreign,
                status_detail: Some(foreign.reason.as_str()),
                counts: Counts::default(),
                event_times: None,
                content_sha256: None,
                commit_id: self.commit_id,
            },
        );
    }

    fn row<'r>(&'r self, object: &'r DeliveryObject, status: Status) -> Row<'r> {
        let day = object.delivery_time.unwrap_or(self.options.run_day);
        Row {
            listed: object,
            key: object.key(),
            etag: object.etag.as_ref().map(ToString::to_string),
            version_id: None,
            status,
            detail: None,
            counts: Counts::default(),
            event_times: None,
            delivery_date: day.div_euclid(DAY) * DAY,
            sha256: None,
            commit_id: self.commit_id,
        }
    }
}

/// What a row of `objects` is made of.
struct Row<'r> {
    listed: &'r DeliveryObject,
    key: Option<DeliveryKey<'r>>,
    etag: Option<String>,
    version_id: Option<&'r str>,
    status: Status,
    detail: Option<String>,
    counts: Counts,
    event_times: Option<(i64, i64)>,
    delivery_date: i64,
    sha256: Option<String>,
    commit_id: &'r str,
}

impl Row<'_> {
    fn object(&self) -> Object<'_> {
        Object {
            delivery_date: self.delivery_date,
            source: &self.listed.source,
            source_object: &self.listed.object,
            etag: self.etag.as_deref(),
            version_id: self.version_id,
            size: self.listed.size,
            delivery_time: self.listed.delivery_time,
            account_id: self.key.map(|key| key.account),
            region: self.key.map(|key| key.region),
            family: self.key.map(|key| key.family.folder()),
            status: self.status,
            status_detail: self.detail.as_deref(),
            counts: self.counts,
            event_times: self.event_times,
            content_sha256: self.sha256.as_deref(),
            commit_id: self.commit_id,
        }
    }
}

fn hand_over(chunk: &mut Chunk, runs: &Runs, bytes_max: usize) -> Result<()> {
    if chunk.rows() > 0 && chunk.bytes() > bytes_max {
        let table: &'static Table = chunk.table();
        runs.take(std::mem::replace(chunk, Chunk::new(table)).sort())?;
    }
    Ok(())
}

/// The most memory that the process held, where the system says (Linux: `VmHWM`).
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(
        line.trim()
            .strip_suffix(" kB")?
            .trim()
            .parse::<u64>()
            .ok()?
            * 1024,
    )
}
