//! Rows of `objects`: one for each delivery object and reading, whatever became of it.

use anyhow::Result;
use rayon::prelude::*;

use super::outstanding::{Aside, Group, hash_of, hash_of_foreign};
use crate::limits;
use crate::mill::{Options, Takes};
use crate::pipeline::Outcomes;
use crate::select::Span;
use crate::sink::runs::Runs;
use crate::source::{DeliveryObject, FetchError, ForeignObject};
use crate::table::Table;
use crate::table::chunk::Chunk;
use crate::table::objects::{self, Counts, Object, Status};
use crate::trail::hash::hex;
use crate::trail::key::DeliveryKey;
use crate::trail::time::DAY;
use crate::write::Merged;

/// What the books of a commit group are made of.
pub(super) struct Books<'a> {
    pub(super) group: &'a Group,
    /// What goes into the books unread.
    pub(super) aside: &'a Aside,
    pub(super) outcomes: &'a Outcomes,
    pub(super) merged: &'a Merged,
    pub(super) options: &'a Options,
    pub(super) commit_id: &'a str,
}

/// Returns what the books say of an object that could not be read.
pub(super) fn status_of(error: &FetchError) -> Status {
    match error.status() {
        "gone" => Status::Gone,
        "archived" => Status::Archived,
        "denied" => Status::Denied,
        "too_large" => Status::TooLarge,
        _ => Status::Failed,
    }
}

/// Returns whether an object of the group has something to say that the books do not say already: one that could not be read, and
/// could not before for the same reason, has not.
pub(super) fn is_news(group: &Group, outcomes: &Outcomes, number: usize) -> bool {
    match outcomes.get(&number) {
        Some(Ok(_)) => true,
        Some(Err(error)) => group.histories[number].failed != Some(status_of(error)),
        None => false,
    }
}

impl Books<'_> {
    /// Hands the rows over.
    pub(super) fn write(&self, runs: &Runs) -> Result<()> {
        let all = &self.group.objects;
        let of_thread = all.len().div_ceil(rayon::current_num_threads()).max(1);
        all.par_chunks(of_thread)
            .enumerate()
            .try_for_each(|(nth, objects)| self.read(nth * of_thread, objects, runs))?;
        let mut rows = Chunk::new(&objects::TABLE);
        for digest in &self.aside.digests {
            let row = self.row(digest, Status::Digest);
            objects::append(&mut rows, &row.object());
            hand_over(&mut rows, runs, limits::CHUNK_BYTES)?;
        }
        for foreign in &self.aside.foreign {
            self.foreign(&mut rows, foreign);
        }
        hand_over(&mut rows, runs, 0)
    }

    /// Hands over the rows of objects of the group that come one after the other.
    fn read(&self, first: usize, objects: &[DeliveryObject], runs: &Runs) -> Result<()> {
        let mut rows = Chunk::new(&objects::TABLE);
        for (number, object) in (first..).zip(objects) {
            if is_news(self.group, self.outcomes, number) {
                self.read_one(&mut rows, number, object);
                hand_over(&mut rows, runs, limits::CHUNK_BYTES)?;
            }
        }
        hand_over(&mut rows, runs, 0)
    }

    fn read_one(&self, rows: &mut Chunk, number: usize, object: &DeliveryObject) {
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
                let merged = self
                    .merged
                    .by_object
                    .get(number)
                    .copied()
                    .unwrap_or_default();
                let counts = read.outcome.counts;
                row.status = read.outcome.status;
                row.detail.clone_from(&read.outcome.detail);
                row.counts = Counts {
                    written: merged.written,
                    duplicates: merged.duplicates,
                    read_before: counts.read_before + merged.read_before,
                    ..counts
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
                selected: Span::ALL,
                hash: hash_of_foreign(foreign),
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
            selected: self.options.selection.span(),
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
    selected: Span,
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
            selected: self.selected,
            hash: hash_of(self.listed),
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
