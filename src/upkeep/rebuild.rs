//! `trailmill rebuild`: the tables that are derived from `events`, derived again, as one run over all of a day's events would have. One
//! day is a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::{Step, Summary, budget, check_bytes, commit_id, open, partitions, pool, runs};
use crate::budget::Room;
use crate::commit::{DataFile, Entry, Purpose, Settings};
use crate::config::RebuildConfig;
use crate::limits;
use crate::mill::{Mill, Options};
use crate::select::Selection;
use crate::sink::dataset::{Dataset, DatasetWriter};
use crate::sink::reader::DataReader;
use crate::sink::runs::Runs;
use crate::sink::store::Store;
use crate::summary::peak_memory_bytes;
use crate::table::read::RowGroups;
use crate::table::rebuild::Rows;
use crate::table::{DERIVED, Table, events};
use crate::trail::time::{DAY, SECOND, format_date};
use crate::write::Writer;

/// Derives again what is derived from `events`, day by day.
///
/// # Errors
///
/// Returns why it failed; what was committed before stays.
pub fn rebuild(
    config: &RebuildConfig,
    place: Arc<dyn Store>,
    stop: &AtomicBool,
) -> Result<Summary> {
    let started = Instant::now();
    let mut dataset = open(place, config.now)?;
    let mut summary = Summary::new(dataset.address());
    let settings = dataset.settings().cloned().with_context(|| {
        let address = dataset.address();
        format!("{address} does not say which tables it has: a trailmill before 0.2 wrote it; begin a new dataset")
    })?;
    let pool = pool(&config.resources)?;
    let todo = todo(&dataset, config, &settings)?;
    for (nth, (day, partition)) in todo.iter().enumerate() {
        let step = Step {
            stop,
            done: nth,
            planned: todo.len(),
            of: "days",
        };
        step.check(&dataset)?;
        let rebuilding = Rebuilding {
            dataset: &dataset,
            events: &partition.events,
            bucket: settings.bucket_seconds * SECOND,
            options: options(&settings),
            room: Room::new(&budget(&config.resources)),
            stop,
        };
        let runs = runs(&config.resources);
        let rebuilt = pool.install(|| rebuilding.derive(*day, &runs));
        step.check(&dataset)?;
        let (commit_id, added) = rebuilt.with_context(|| {
            format!(
                "rebuild {} of {}",
                format_date(day * DAY),
                dataset.address()
            )
        })?;
        for table in wanted(&settings) {
            let of_table = |file: &&DataFile| file.table == table.name;
            let before: Vec<_> = partition.derived.iter().filter(of_table).collect();
            let after: Vec<_> = added.iter().filter(of_table).collect();
            if !before.is_empty() || !after.is_empty() {
                summary.add(table.name, before, after);
            }
        }
        summary.scratch_bytes = summary.scratch_bytes.max(runs.scratch_bytes());
        let removed = partition.derived.iter();
        let entry = Entry {
            added,
            removed: removed.map(|file| file.path.clone()).collect(),
            ..dataset.entry(Purpose::Rebuild, &commit_id)
        };
        dataset.commit(entry)?;
        summary.commits.push(commit_id);
    }
    summary.peak_memory_bytes = peak_memory_bytes();
    summary.seconds = started.elapsed().as_secs_f64();
    Ok(summary)
}

/// What a dataset has of one day.
#[derive(Debug, Default)]
struct Day {
    events: Vec<DataFile>,
    /// The files that are derived from them, to be replaced.
    derived: Vec<DataFile>,
}

/// Returns the days between `--from` and `--to` that have events, or something that was derived from some.
fn todo(
    dataset: &Dataset,
    config: &RebuildConfig,
    settings: &Settings,
) -> Result<BTreeMap<i64, Day>> {
    let mut todo: BTreeMap<i64, Day> = BTreeMap::new();
    let tables: Vec<_> = wanted(settings).collect();
    if tables.is_empty() {
        return Ok(todo);
    }
    for (day, files) in partitions(dataset, &events::TABLE)? {
        todo.entry(day).or_default().events = files;
    }
    for table in tables {
        for (day, files) in partitions(dataset, table)? {
            todo.entry(day).or_default().derived.extend(files);
        }
    }
    let is_wanted = |day: i64| {
        let (begin, end) = (day * DAY, day * DAY + DAY);
        config.from.is_none_or(|from| from < end) && config.to.is_none_or(|to| begin < to)
    };
    todo.retain(|day, _| is_wanted(*day));
    Ok(todo)
}

/// Returns the derived tables that the dataset has.
fn wanted(settings: &Settings) -> impl Iterator<Item = &'static Table> {
    let names: BTreeSet<&str> = settings.tables.iter().map(String::as_str).collect();
    DERIVED
        .into_iter()
        .filter(move |table| names.contains(table.name))
}

/// Every row of `events` is wanted: they were selected when they were written.
fn options(settings: &Settings) -> Options {
    let derived = wanted(settings).map(|table| table.name);
    Options {
        selection: Selection::default(),
        tables: derived.chain([events::TABLE.name]).collect(),
        run_day: 0,
    }
}

/// Events of a day, from which the rest is derived.
struct Rebuilding<'r> {
    dataset: &'r DatasetWriter,
    events: &'r [DataFile],
    /// Width of an activity bucket in microseconds.
    bucket: i64,
    options: Options,
    room: Room,
    stop: &'r AtomicBool,
}

impl Rebuilding<'_> {
    /// Stages the derived files; returns the commit's name, and what to add to the dataset.
    fn derive(&self, day: i64, runs: &Runs) -> Result<(String, Vec<DataFile>)> {
        let tables = self.options.tables.join(",");
        let options = format!("{day} {tables} {}", self.bucket);
        let commit_id = commit_id(self.dataset, Purpose::Rebuild, &options, self.events);
        self.mill(runs)?;
        let writer = Writer {
            dataset: self.dataset,
            name: &commit_id,
            options: &self.options,
            histories: &[],
            bucket: self.bucket,
            reads_ahead: false,
            stop: self.stop,
        };
        let added = writer.derived(runs)?;
        Ok((commit_id, added))
    }

    /// Mills the events, on all threads of the current pool.
    fn mill(&self, runs: &Runs) -> Result<()> {
        let files: Vec<OpenFile<'_>> = self
            .events
            .iter()
            .map(|file| OpenFile::new(self.dataset, file))
            .collect::<Result<_>>()?;
        let numbered = files
            .iter()
            .flat_map(|file| (0..file.groups.count()).map(move |group| (file, group)));
        let groups: Vec<_> = numbered.collect();
        let next = AtomicUsize::new(0);
        let rows = rayon::broadcast(|_| -> Result<u64> {
            let mut mill = Mill::new(&self.options, runs, &self.room);
            let mut rows = 0;
            while let Some((file, group)) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                let read = file.groups.open(*group).map_err(Into::into);
                let read = read.and_then(|group| self.mill_group(&mut mill, group));
                rows += read.with_context(|| {
                    format!("read {}/{}", self.dataset.address(), file.about.path)
                })?;
            }
            mill.finish().context("keep sorted rows")?;
            Ok(rows)
        });
        let rows: u64 = rows.into_iter().sum::<Result<u64>>()?;
        let expected: u64 = self.events.iter().map(|file| file.rows).sum();
        ensure!(
            rows == expected,
            "there are {rows} events, and the log says {expected} (see trailmill verify)"
        );
        Ok(())
    }

    fn mill_group(&self, mill: &mut Mill<'_>, group: ParquetRecordBatchReader) -> Result<u64> {
        let mut n_rows = 0;
        for batch in group {
            let batch = batch?;
            let rows = Rows::new(&events::TABLE, &batch).context("its rows are no records")?;
            mill.events(&rows)?;
            n_rows += rows.len() as u64;
            ensure!(!self.stop.load(Ordering::Relaxed), "interrupted");
        }
        Ok(n_rows)
    }
}

/// A file of events that is what was written.
struct OpenFile<'f> {
    about: &'f DataFile,
    groups: RowGroups<DataReader>,
}

impl<'f> OpenFile<'f> {
    fn new(dataset: &Dataset, about: &'f DataFile) -> Result<Self> {
        let open = || {
            check_bytes(dataset, about)?;
            let data = dataset.open(about)?;
            anyhow::Ok(RowGroups::new(&events::TABLE, data, limits::BLOCK_BYTES)?)
        };
        let groups =
            open().with_context(|| format!("read {}/{}", dataset.address(), about.path))?;
        Ok(Self { about, groups })
    }
}
