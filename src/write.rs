//! Sorted runs to data files: merged, copies dropped, rolled up, encoded, staged.
//!
//! Only what survives the merge reaches the rollups. Windows, row groups and files are cut by what rows are, never by how
//! many threads or how much memory there is.

use anyhow::{Context, Result};
use rayon::prelude::*;

use crate::limits;
use crate::mill::{Options, Takes};
use crate::rollup::{self, Rollups};
use crate::sink::folder::{Dataset, Hashing, Pending, Staged};
use crate::sink::runs::Runs;
use crate::table::chunk::{Chunk, Sorted};
use crate::table::encode::FileWriter;
use crate::table::events::Col as Event;
use crate::table::merge::{Merge, Window, WindowLimits};
use crate::table::{
    Table, activity, aggregated_events, duplicates, events, insights, mcp_events, mcp_links,
    record_ids, resource_activity, sign_ins,
};
use crate::trail::time::DAY;

/// What the merge found out.
#[derive(Debug, Default)]
pub struct Merged {
    /// Staged files.
    pub files: Vec<Staged>,
    /// By object number: records written, records that are duplicates.
    pub by_object: Vec<(u64, u64)>,
    /// Records with the ids of another, and other content.
    pub conflicting: u64,
}

impl Merged {
    fn add(&mut self, other: Merged) {
        self.files.extend(other.files);
        for (object, (written, duplicates)) in other.by_object.into_iter().enumerate() {
            self.count(object, written, duplicates);
        }
        self.conflicting += other.conflicting;
    }

    fn count(&mut self, object: usize, written: u64, duplicates: u64) {
        if self.by_object.len() <= object {
            self.by_object.resize(object + 1, (0, 0));
        }
        self.by_object[object].0 += written;
        self.by_object[object].1 += duplicates;
    }
}

/// What data files are written with.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// Where they are staged.
    pub dataset: &'a Dataset,
    /// What their names begin with: from inputs and options alone.
    pub name: &'a str,
    /// The tables that are wanted.
    pub options: &'a Options,
    /// Width of an activity bucket in microseconds.
    pub bucket: i64,
    /// Whether there is memory for the next window while one is encoded.
    pub reads_ahead: bool,
}

impl Writer<'_> {
    /// Writes the tables of records, and what is rolled up of them.
    ///
    /// # Errors
    ///
    /// Returns what scratch, encoding or the sink gave.
    pub fn records(&self, runs: &Runs) -> Result<Merged> {
        let mut merged = self.events(runs)?;
        // Small tables leave threads idle; side by side they do not. Large ones side by side would each take a window's memory.
        let others: [(&'static Table, bool); 7] = [
            (&mcp_events::TABLE, false),
            (&mcp_links::TABLE, false),
            (&activity::TABLE, false),
            (&sign_ins::TABLE, false),
            (&resource_activity::TABLE, false),
            (&insights::TABLE, true),
            (&aggregated_events::TABLE, true),
        ];
        let (small, large): (Vec<_>, Vec<_>) = others
            .into_iter()
            .partition(|(table, _)| runs.are_small(table));
        let write = |(table, is_counted)| self.table(runs, table, is_counted);
        let written: Vec<Merged> = small
            .into_par_iter()
            .with_max_len(1)
            .map(write)
            .collect::<Result<_>>()?;
        for table in written {
            merged.add(table);
        }
        for table in large {
            merged.add(write(table)?);
        }
        let (duplicates, conflicting) = rayon::join(
            || self.table(runs, &duplicates::TABLE, false),
            || conflicting(runs),
        );
        merged.add(duplicates?);
        merged.conflicting = conflicting?;
        Ok(merged)
    }

    /// Writes a table whose rows are all in its runs. `is_counted` says that its rows are records.
    ///
    /// # Errors
    ///
    /// Returns what scratch, encoding or the sink gave.
    pub fn table(&self, runs: &Runs, table: &'static Table, is_counted: bool) -> Result<Merged> {
        if !self.options.wants(table) {
            return Ok(Merged::default());
        }
        let mut files = Files::new(*self, table);
        let mut merge = begin(runs, table)?;
        let mut books = Books::new(table, self.options.run_day);
        while let Some(window) = merge.next_window().context("read scratch")? {
            if is_counted {
                books.note(&window, runs)?;
            }
            files.write(&window)?;
        }
        let files = files.finish()?;
        Ok(Merged {
            files,
            ..books.finish(runs)?
        })
    }

    fn events(&self, runs: &Runs) -> Result<Merged> {
        let mut rollups = Rollups::new(rollup::Options {
            bucket: self.bucket,
            activity: self.options.wants(&activity::TABLE),
            resource_activity: self.options.wants(&resource_activity::TABLE),
        });
        let mut books = Books::new(&events::TABLE, self.options.run_day);
        let mut files = Files::new(*self, &events::TABLE);
        let mut merge = begin(runs, &events::TABLE)?;
        let mut next = merge.next_window().context("read scratch")?;
        while let Some(window) = next {
            // While all threads encode this window, one of them rolls it up and, where there is memory, merges the next.
            let (encoded, (noted, ahead)) = rayon::join(
                || files.write(&window),
                || {
                    let rolled_up = rollups.observe(&window, &mut |rows| runs.take(rows));
                    let noted = books.note(&window, runs).and_then(|()| Ok(rolled_up?));
                    (noted, self.reads_ahead.then(|| merge.next_window()))
                },
            );
            encoded?;
            noted?;
            drop(window);
            next = ahead
                .unwrap_or_else(|| merge.next_window())
                .context("read scratch")?;
        }
        // What is left is work for one thread each.
        let (rolled_up, (files, noted)) = rayon::join(
            || take_all(runs, rollups.finish()),
            || rayon::join(|| files.finish(), || books.finish(runs)),
        );
        rolled_up?;
        Ok(Merged {
            files: files?,
            ..noted?
        })
    }
}

/// What is kept of the rows of a table of records while they are written.
struct Books {
    table: &'static Table,
    run_day: i64,
    merged: Merged,
    /// Rows of `duplicates`.
    copies: Chunk,
    ids: record_ids::Ids,
}

impl Books {
    fn new(table: &'static Table, run_day: i64) -> Self {
        Self {
            table,
            run_day,
            merged: Merged::default(),
            copies: Chunk::new(&duplicates::TABLE),
            ids: record_ids::Ids::new(table),
        }
    }

    fn note(&mut self, window: &Window, runs: &Runs) -> Result<()> {
        let object: usize = match self.table.name {
            "insights" => insights::Col::object.into(),
            "aggregated_events" => aggregated_events::Col::object.into(),
            _ => Event::object.into(),
        };
        let [_, account_id, event_id, ..] = *self.table.order else {
            unreachable!("tables of records are ordered by time and ids")
        };
        for (rows, is_copy) in [(&window.rows, false), (&window.copies, true)] {
            for (block, row) in rows {
                let (chunk, row) = (window.blocks[*block as usize].chunk(), *row as usize);
                if !is_first_row(self.table, chunk, row) {
                    continue;
                }
                let number = chunk
                    .get_int(object, row)
                    .and_then(|n| usize::try_from(n).ok());
                self.merged.count(
                    number.unwrap_or_default(),
                    u64::from(!is_copy),
                    u64::from(is_copy),
                );
                if is_copy {
                    self.copy(chunk, row);
                } else if let Some(id) = chunk.get_text(event_id, row) {
                    self.ids.append(id, chunk.get_text(account_id, row));
                }
            }
        }
        self.hand_over(limits::BOOKS_BYTES, runs)
    }

    /// Hands over what takes more than so many bytes.
    fn hand_over(&mut self, bytes_max: usize, runs: &Runs) -> Result<()> {
        if self.ids.bytes() > bytes_max {
            runs.take(self.ids.take())?;
        }
        if self.copies.bytes() > bytes_max {
            let full = std::mem::replace(&mut self.copies, Chunk::new(&duplicates::TABLE));
            runs.take(full.sort())?;
        }
        Ok(())
    }

    fn copy(&mut self, chunk: &Chunk, row: usize) {
        let place = Place::of(self.table);
        let order = self.table.order;
        let day = chunk
            .get_int(place.delivery_time, row)
            .or(chunk.get_int(order[0], row));
        let copy = duplicates::Duplicate {
            delivery_date: day.unwrap_or(self.run_day).div_euclid(DAY) * DAY,
            event_id: chunk.get_text(order[2], row),
            recipient_account_id: chunk.get_text(order[1], row),
            source: chunk.get_text(place.source, row).unwrap_or_default(),
            source_object: chunk.get_text(place.source_object, row).unwrap_or_default(),
            source_index: chunk.get_int(place.source_index, row).unwrap_or_default(),
        };
        duplicates::append(&mut self.copies, &copy);
    }

    fn finish(mut self, runs: &Runs) -> Result<Merged> {
        self.hand_over(0, runs)?;
        Ok(self.merged)
    }
}

/// Counts the records that have the ids of another and, as copies are gone, other content.
fn conflicting(runs: &Runs) -> Result<u64> {
    let mut merge = begin(runs, &record_ids::TABLE)?;
    let mut repeats = record_ids::Repeats::default();
    while let Some(window) = merge.next_window().context("read scratch")? {
        repeats.observe(&window);
    }
    Ok(repeats.count)
}

/// The lineage columns of a table that is ordered by them.
struct Place {
    delivery_time: usize,
    source: usize,
    source_object: usize,
    source_index: usize,
}

impl Place {
    fn of(table: &Table) -> Self {
        let [.., delivery_time, source, source_object, source_index] = table.order[..8] else {
            unreachable!("tables of records are ordered by time, ids, content and place")
        };
        Self {
            delivery_time,
            source,
            source_object,
            source_index,
        }
    }
}

/// A record of `aggregated_events` has several rows and counts once.
fn is_first_row(table: &Table, chunk: &Chunk, row: usize) -> bool {
    table.name != aggregated_events::TABLE.name
        || chunk
            .get_int(aggregated_events::Col::nth, row)
            .unwrap_or_default()
            == 0
}

fn begin(runs: &Runs, table: &'static Table) -> Result<Merge> {
    let limits = WindowLimits {
        rows: limits::ROW_GROUP_ROWS,
        bytes: limits::ROW_GROUP_BYTES,
    };
    let runs = runs.take_runs(table).context("merge scratch")?;
    Merge::new(table, runs, limits).context("read scratch")
}

fn take_all(runs: &Runs, rows: Vec<Sorted>) -> Result<()> {
    Ok(rows.into_iter().try_for_each(|rows| runs.take(rows))?)
}

/// The data files of one table, one open at a time.
struct Files<'a> {
    writer: Writer<'a>,
    table: &'static Table,
    open: Option<Open>,
    part: usize,
    done: Vec<Staged>,
}

struct Open {
    day: i64,
    file: FileWriter<Hashing>,
    pending: Pending,
    rows: u64,
    times: Option<(i64, i64)>,
}

impl<'a> Files<'a> {
    fn new(writer: Writer<'a>, table: &'static Table) -> Self {
        Self {
            writer,
            table,
            open: None,
            part: 0,
            done: Vec::new(),
        }
    }

    fn write(&mut self, window: &Window) -> Result<()> {
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.day != window.day)
        {
            self.close()?;
            self.part = 0;
        } else if self
            .open
            .as_ref()
            .is_some_and(|open| open.file.bytes_written() >= limits::DATA_FILE_BYTES)
        {
            self.close()?;
            self.part += 1;
        }
        if window.rows.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            let name = format!("{}-{:03}", self.writer.name, self.part);
            let (out, pending) = self
                .writer
                .dataset
                .stage(self.table, window.day, &name)?
                .split();
            let file = FileWriter::new(self.table, out)
                .with_context(|| format!("write {}", self.table.name))?;
            self.open = Some(Open {
                day: window.day,
                file,
                pending,
                rows: 0,
                times: None,
            });
        }
        let Some(open) = &mut self.open else {
            unreachable!("opened above")
        };
        open.file
            .write(window)
            .with_context(|| format!("write {}", self.table.name))?;
        open.rows += window.rows.len() as u64;
        let time = |row: Option<&(u32, u32)>| {
            let (block, row) = row?;
            window.blocks[*block as usize]
                .chunk()
                .get_int(self.table.order[0], *row as usize)
        };
        if let (Some(first), Some(last)) = (time(window.rows.first()), time(window.rows.last())) {
            open.times = Some((open.times.map_or(first, |(first, _)| first), last));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            let out = open
                .file
                .finish()
                .with_context(|| format!("write {}", self.table.name))?;
            self.done
                .push(open.pending.close(out, self.table, open.rows, open.times)?);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Staged>> {
        self.close()?;
        Ok(self.done)
    }
}
