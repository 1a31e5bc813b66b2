//! A run, from its table of contents: list, plan, then group by group mill, write and commit; at the end, summarise.

mod books;
mod group;
pub mod known;
mod outstanding;

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Error, Result, bail};
use serde_json::json;

use crate::aws::S3Error;
use crate::budget::Budget;
use crate::commit::Settings;
use crate::config::{RunConfig, UsageError, list_selection};
use crate::exit::{self, ExitStatus};
use crate::mill::Options;
use crate::pipeline::Progress;
use crate::sink::SinkError;
use crate::sink::dataset::{Dataset, DatasetWriter};
use crate::sink::store::Store;
use crate::source::{SourceOptions, Sources};
use crate::summary::{Summary, peak_memory_bytes};
use crate::trail::time::DAY;
use group::GroupRun;
use outstanding::{Group, Listed, Outstanding, outstanding, since};

/// A run was asked to stop.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// Before anything was committed.
    #[error("interrupted: nothing was committed, and {0} is as it was; run again to start over")]
    Early(String),
    /// Between two groups, or in one, which is dropped.
    #[error("interrupted: {committed} of {groups} commit groups are in {out}; run again to go on")]
    Between {
        /// Groups of this run that are committed.
        committed: usize,
        /// Groups that the run was to commit.
        groups: usize,
        /// The dataset.
        out: String,
    },
    /// While a group was committed.
    #[error(
        "interrupted while a commit group was published to {0}: run again, which finishes it first"
    )]
    Publishing(String),
}

/// Reads the sources and writes the tables of the dataset at a place.
///
/// # Errors
///
/// Returns why the run failed; the destination then holds what was committed before.
pub fn run(
    config: &RunConfig,
    place: Arc<dyn Store>,
    stdin_lines: impl BufRead,
    stop: &Arc<AtomicBool>,
) -> Result<Summary> {
    match run_to_end(config, place, stdin_lines, stop) {
        Err(error) if was_stopped(&error) && !error.is::<Interrupted>() => {
            bail!(Interrupted::Early(config.out.clone()))
        }
        ran => ran,
    }
}

fn was_stopped(error: &Error) -> bool {
    exit::status_of(error.as_ref()) == ExitStatus::Interrupted
}

fn run_to_end(
    config: &RunConfig,
    place: Arc<dyn Store>,
    stdin_lines: impl BufRead,
    stop: &Arc<AtomicBool>,
) -> Result<Summary> {
    let started = Instant::now();
    config.log.info(
        "run begins",
        json!({"sources": config.sources, "out": config.out}),
    );
    let mut dataset = if config.is_dry {
        Destination::Read(Dataset::read(place)?)
    } else {
        Destination::Write(DatasetWriter::begin(place, config.now)?)
    };
    check_settings(config, dataset.log())?;
    let source_options = SourceOptions {
        aws: config.aws.clone(),
        concurrency: config.concurrency,
    };
    let sources = Sources::open(&config.sources, stdin_lines, &source_options)?;
    let mut selection = list_selection(&config.selection, config.late_window_days);
    selection.since = since(config, dataset.log());
    let mut listing = sources.list(&selection, stop)?;
    let listed = Listed::of(&listing, &sources);
    let mut summary = Summary::of_listing(config, &listing);
    let mut todo = outstanding(config, dataset.log(), &mut listing)?;
    summary.objects.skipped = todo.skipped;
    summary.plan(todo.tally(), todo.groups.len());
    let found = json!({"objects": summary.objects, "outstanding": summary.outstanding});
    config.log.info("listed", found);
    if let Destination::Write(dataset) = &mut dataset {
        todo.begin(dataset.is_new());
        read(config, dataset, &sources, todo, listed, &mut summary, stop)?;
        summary.check_balance()?;
    }
    summary.requests.retried = config.aws.traffic.retried();
    summary.peak_memory_bytes = peak_memory_bytes();
    summary.seconds = started.elapsed().as_secs_f64();
    if let Destination::Write(dataset) = &dataset
        && !summary.commits.is_empty()
    {
        match dataset.keep_summary(&serde_json::to_vec_pretty(&summary)?) {
            // All is committed, and nothing reads it.
            Err(SinkError::S3(S3Error::Stopped)) => {}
            kept => kept?,
        }
    }
    Ok(summary)
}

/// Where the tables go, and what is there.
enum Destination {
    /// Only looked at.
    Read(Dataset),
    Write(DatasetWriter),
}

impl Destination {
    fn log(&self) -> &Dataset {
        match self {
            Self::Read(dataset) => dataset,
            Self::Write(dataset) => dataset,
        }
    }
}

/// Reads, writes and commits one group after the other.
fn read(
    config: &RunConfig,
    dataset: &mut DatasetWriter,
    sources: &Sources,
    todo: Outstanding,
    mut listed: Listed,
    summary: &mut Summary,
    stop: &Arc<AtomicBool>,
) -> Result<()> {
    let options = Options {
        selection: config.selection.clone(),
        tables: config.tables.clone(),
        run_day: config.now.div_euclid(DAY) * DAY,
    };
    let (bytes, objects) = todo.tally();
    let progress = Progress::new(bytes, objects, config.progress);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .build()
        .context("start threads")?;
    let mut group_run = GroupRun {
        config,
        budget: Budget::new(config.memory_bytes, config.threads),
        dataset,
        sources,
        options: &options,
        pool: &pool,
        progress: &progress,
        stop,
    };
    let n_groups = todo.groups.len();
    let mut aside = Some(todo.aside);
    for (nth, group) in todo.groups.into_iter().enumerate() {
        let mut read = match group_run.read(group, summary) {
            Err(error) if was_stopped(&error) => bail!(interrupted(config, nth, n_groups)),
            read => read?,
        };
        for object in read.failed() {
            listed.note_failed(object);
        }
        if stop.load(Ordering::Relaxed) {
            bail!(interrupted(config, nth, n_groups));
        }
        if nth + 1 == n_groups {
            read.aside = aside.take().unwrap_or_default();
            read.coverage = listed.coverage(config, group_run.dataset);
        }
        match group_run.commit(&read, summary) {
            Err(error) if was_stopped(&error) && group_run.dataset.is_publishing() => {
                bail!(Interrupted::Publishing(config.out.clone()))
            }
            Err(error) if was_stopped(&error) => bail!(interrupted(config, nth, n_groups)),
            committed => committed?,
        }
        let so_far = json!({"group": nth + 1, "groups": n_groups, "commits": summary.commits.len(), "records": summary.records});
        config.log.info("group done", so_far);
        if stop.load(Ordering::Relaxed) && nth + 1 < n_groups {
            bail!(interrupted(config, nth + 1, n_groups));
        }
    }
    progress.finish();
    Ok(())
}

fn interrupted(config: &RunConfig, committed: usize, groups: usize) -> Interrupted {
    let out = config.out.clone();
    if committed == 0 {
        Interrupted::Early(out)
    } else {
        Interrupted::Between {
            committed,
            groups,
            out,
        }
    }
}

impl Outstanding {
    /// A new dataset begins with a group, even where there is nothing to read: from then on it is one.
    fn begin(&mut self, is_new: bool) {
        if is_new && self.groups.is_empty() {
            self.groups.push(Group::default());
        }
    }
}

/// A run has to ask for what the first one asked for, or the tables would say different things of different days.
fn check_settings(config: &RunConfig, dataset: &Dataset) -> Result<(), UsageError> {
    let Some(settings) = dataset
        .settings()
        .filter(|settings| **settings != config.settings)
    else {
        return Ok(());
    };
    let shown = |settings: &Settings| {
        let mut flags = vec![
            format!("--tables {}", settings.tables.join(",")),
            format!("--bucket {}s", settings.bucket_seconds),
        ];
        for (flag, values) in &settings.filters {
            flags.extend(values.iter().map(|value| format!("--{flag} {value}")));
        }
        flags.join(" ")
    };
    Err(UsageError(format!(
        "{} was begun with {}, and this run asks for {}: ask for the same, or give --out a new place",
        dataset.address(),
        shown(settings),
        shown(&config.settings)
    )))
}
