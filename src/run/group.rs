//! One commit group: its objects are read and milled, then its tables and books are written and committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Error, Result};
use rayon::ThreadPool;
use sha2::{Digest, Sha256};

use super::books::{Books, is_news, status_of};
use super::outstanding::{Aside, Group, hash_of, hash_of_foreign};
use crate::budget::{Budget, Room};
use crate::commit::{Coverage, Entry, FORMAT_VERSION, Purpose};
use crate::config::RunConfig;
use crate::mill::Options;
use crate::pipeline::{self, Outcomes, Progress};
use crate::sink::dataset::DatasetWriter;
use crate::sink::runs::Runs;
use crate::source::{DeliveryObject, FeedOptions, Sources};
use crate::summary::Summary;
use crate::table::objects::{self, Status};
use crate::table::rejects;
use crate::trail::hash::hex;
use crate::write::{Merged, Rows, Writer};

/// What the groups of a run have in common.
pub(super) struct GroupRun<'r> {
    pub(super) config: &'r RunConfig,
    /// How `--memory` is divided.
    pub(super) budget: Budget,
    pub(super) dataset: &'r mut DatasetWriter,
    pub(super) sources: &'r Sources,
    pub(super) options: &'r Options,
    pub(super) pool: &'r ThreadPool,
    pub(super) progress: &'r Progress,
    pub(super) stop: &'r Arc<AtomicBool>,
}

/// A group that was read and milled, and is not written yet.
pub(super) struct ReadGroup {
    group: Group,
    outcomes: Outcomes,
    runs: Runs,
    /// What else goes into the books with it.
    pub(super) aside: Aside,
    /// How far the bucket is known with it.
    pub(super) coverage: Option<Coverage>,
}

impl ReadGroup {
    /// Returns the objects that could not be read, and are still there.
    pub(super) fn failed(&self) -> impl Iterator<Item = &DeliveryObject> {
        let failed = self.outcomes.iter().filter_map(|(number, outcome)| {
            let status = status_of(outcome.as_ref().err()?);
            (status != Status::Gone).then_some(*number)
        });
        failed.map(|number| &self.group.objects[number])
    }
}

impl GroupRun<'_> {
    /// Reads and mills a group.
    pub(super) fn read(&self, group: Group, summary: &Summary) -> Result<ReadGroup> {
        let config = self.config;
        let budget = &self.budget;
        let runs = Runs::new(config.scratch.clone(), budget.run_bytes).merging(budget.runs_merged);
        let room = Room::new(budget);
        let feed_options = FeedOptions {
            concurrency: config.concurrency,
            bytes_in_flight: budget.body_bytes as u64,
            free_bytes: budget.free_bytes,
        };
        let feed = self.sources.feed(
            Arc::clone(&group.objects),
            feed_options,
            Arc::clone(self.stop),
        );
        let milled = self.pool.install(|| {
            pipeline::run(
                &feed,
                pipeline::Listed {
                    objects: &group.objects,
                    histories: &group.histories,
                },
                self.options,
                &runs,
                &room,
                self.progress,
                self.stop,
            )
        });
        drop(feed);
        let mut outcomes = milled?;
        if summary.objects.read == 0 && !self.stop.load(Ordering::Relaxed) {
            refuse_if_nothing_can_be_read(&group, &mut outcomes, self.dataset.is_new())?;
        }
        Ok(ReadGroup {
            group,
            outcomes,
            runs,
            aside: Aside::default(),
            coverage: None,
        })
    }

    /// Writes a group's tables and commits them, unless it has nothing new to say.
    pub(super) fn commit(&mut self, read: &ReadGroup, summary: &mut Summary) -> Result<()> {
        let ReadGroup {
            group,
            outcomes,
            runs,
            ..
        } = read;
        let has_news = (0..group.objects.len()).any(|number| is_news(group, outcomes, number));
        if !has_news && !self.dataset.is_new() {
            summary.add_unread(outcomes);
            return Ok(());
        }
        self.progress.writing();
        let commit_id = self.commit_id(read);
        let writer = Writer {
            dataset: self.dataset,
            name: &commit_id,
            options: self.options,
            histories: &group.histories,
            bucket: self.config.bucket,
            reads_ahead: self.budget.reads_ahead,
            stop: self.stop,
        };
        let book = |merged: &Merged| {
            summary.add_group(&group.objects, outcomes, merged, &commit_id);
            summary.check_records()?;
            let books = Books {
                group,
                aside: &read.aside,
                outcomes,
                merged,
                options: self.options,
                commit_id: &commit_id,
            };
            books.write(runs)?;
            let tables = [&rejects::TABLE, &objects::TABLE].map(|table| (table, Rows::Plain));
            writer.tables(runs, &tables)
        };
        let mut merged = self.pool.install(|| writer.records(runs, book))?;
        let files = merged.take_files()?;
        summary.add_files(&files);
        summary.scratch_bytes = summary.scratch_bytes.max(runs.scratch_bytes());
        let is_first = self.dataset.settings().is_none();
        let entry = Entry {
            added: files,
            settings: is_first.then(|| self.config.settings.clone()),
            coverage: read.coverage.clone(),
            ..self.dataset.entry(Purpose::Add, &commit_id)
        };
        Ok(self.dataset.commit(entry)?)
    }

    /// Returns the name of the commit: a function of the commits before, of input and of options alone, so that the same run gives
    /// the same files, and a run that goes on where another was killed gives the files of a whole one.
    fn commit_id(&self, read: &ReadGroup) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        add(FORMAT_VERSION);
        add(self.dataset.last_group().unwrap_or_default());
        add(&format!(
            "{:?} {:?} {}",
            self.options.selection, self.options.tables, self.config.bucket
        ));
        let objects = read.group.objects.iter().enumerate();
        let news = objects
            .filter(|(number, _)| is_news(&read.group, &read.outcomes, *number))
            .map(|(_, object)| hash_of(object));
        let digests = read.aside.digests.iter().map(hash_of);
        let foreign = read.aside.foreign.iter().map(hash_of_foreign);
        for object in news.chain(digests).chain(foreign) {
            hash.update(object.to_be_bytes());
        }
        hex(&hash.finalize()[..8])
    }
}

/// Where nothing at all can be read, there is something wrong that the first error names: no rights, no network. Of a dataset that
/// is there already, all that is new may well be gone or archived.
fn refuse_if_nothing_can_be_read(
    group: &Group,
    outcomes: &mut Outcomes,
    is_new: bool,
) -> Result<()> {
    if outcomes.values().any(Result::is_ok) {
        return Ok(());
    }
    let is_telling = |status| is_new || matches!(status, Status::Denied | Status::Failed);
    let mut errors = outcomes.iter().filter_map(|(number, outcome)| {
        let error = outcome.as_ref().err()?;
        let is_telling = is_news(group, outcomes, *number) && is_telling(status_of(error));
        is_telling.then_some(*number)
    });
    let (first, n_objects) = (errors.next(), outcomes.len());
    match first.and_then(|number| outcomes.remove(&number)) {
        Some(Err(error)) => Err(Error::new(error).context(format!(
            "none of {n_objects} objects could be read; of the first"
        ))),
        _ => Ok(()),
    }
}
