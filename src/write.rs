//! Sorted runs to data files: merged, copies dropped, rolled up, encoded, staged.
//!
//! Only what survives the merge, and does not stand in the dataset already, reaches the rollups. Windows, row groups and files are cut by what rows are, never by how
//! many threads or how much memory there is.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use crate::commit::DataFile;
use crate::limits;
use crate::mill::{Options, Takes};
use crate::plan::History;
use crate::rollup::{self, Rollups};
use crate::run::known::Known;
use crate::sink::dataset::{Closing, DatasetWriter, Hashing, Pending};
use crate::sink::runs::Runs;
use crate::table::chunk::{Chunk, Sorted};
use crate::table::encode::{FileWriter, Spare};
use crate::table::merge::{Merge, Window, WindowLimits};
use crate::table::objects::Counts;
use crate::table::{
    DERIVED, Table, activity, aggregated_events, duplicates, events, insights, mcp_events,
    mcp_links, record_ids, resource_activity, sign_ins,
};
use crate::trail::time::DAY;

/// What the merge found out.
#[derive(Debug, Default)]
pub struct Merged {
    /// Staged files.
    files: Vec<Staged>,
    /// By object number: records written, those that are duplicates, those that an earlier reading had taken.
    pub by_object: Vec<Counts>,
    /// Records with the ids of another, and other content.
    pub conflicting: u64,
}

impl Merged {
    fn add(&mut self, other: Merged) {
        self.files.extend(other.files);
        for (object, counts) in other.by_object.into_iter().enumerate() {
            let sum = self.of_object(object);
            sum.written += counts.written;
            sum.duplicates += counts.duplicates;
            sum.read_before += counts.read_before;
        }
        self.conflicting += other.conflicting;
    }

    /// Takes the staged files, by table, once all of them are durable.
    ///
    /// # Errors
    ///
    /// Returns an error where the bytes of one cannot be written.
    pub fn take_files(&mut self) -> Result<Vec<DataFile>> {
        let mut files = Vec::new();
        for of_table in std::mem::take(&mut self.files) {
            files.extend(of_table.wait()?);
        }
        Ok(files)
    }

    fn of_object(&mut self, object: usize) -> &mut Counts {
        if self.by_object.len() <= object {
            self.by_object.resize(object + 1, Counts::default());
        }
        &mut self.by_object[object]
    }
}

/// What data files are written with.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// Where they are staged.
    pub dataset: &'a DatasetWriter,
    /// What their names begin with: from inputs and options alone.
    pub name: &'a str,
    /// The tables that are wanted.
    pub options: &'a Options,
    /// What earlier runs know of each object, by its number.
    pub histories: &'a [History],
    /// Width of an activity bucket in microseconds.
    pub bucket: i64,
    /// Whether there is memory for the next window while one is encoded.
    pub reads_ahead: bool,
    /// Set when the run is to end: writing then stops at the next window.
    pub stop: &'a AtomicBool,
}

/// Writing was stopped.
#[derive(Debug, thiserror::Error)]
#[error("stopped while tables were written")]
pub struct Stopped;

impl Writer<'_> {
    /// Writes the tables of records, what is rolled up of them, and what `book` writes once all records are counted.
    ///
    /// # Errors
    ///
    /// Returns what scratch, encoding, the sink or `book` gave.
    pub fn records(
        &self,
        runs: &Runs,
        book: impl FnOnce(&Merged) -> Result<Merged> + Send,
    ) -> Result<Merged> {
        let Events {
            files,
            books,
            known,
            rollups,
        } = self.events(runs)?;
        let of_records = || {
            let counted = || Ok((books.finish(runs)?, conflicting(runs)?));
            let (files, counted): (_, Result<_>) = rayon::join(|| files.finish(), counted);
            let (mut merged, conflicting) = counted?;
            merged.files.push(files?);
            merged.conflicting += conflicting;
            merged.add(self.of_records(runs, &known)?);
            let booked = book(&merged)?;
            Ok((merged, booked))
        };
        let rolled_up = || self.rolled_up(runs, rollups);
        // Side by side, each may take a window's memory.
        let (of_records, rolled_up): (Result<_>, Result<_>) = if self.reads_ahead {
            rayon::join(of_records, rolled_up)
        } else {
            (of_records(), rolled_up())
        };
        let (mut merged, booked) = of_records?;
        merged.add(rolled_up?);
        merged.add(booked);
        Ok(merged)
    }

    /// Writes what is rolled up.
    fn rolled_up(&self, runs: &Runs, rollups: Rollups) -> Result<Merged> {
        // A small table is written as soon as its rows are in order; large ones side by side would each take a window's memory.
        let finish = |table, rows: Option<Sorted>| -> Result<(&'static Table, Option<Merged>)> {
            take_all(runs, rows)?;
            let write = || self.table(runs, table, Rows::Plain);
            Ok((table, runs.are_small(table).then(write).transpose()?))
        };
        let mut merged = Merged::default();
        for finished in rollups.finish(finish) {
            let (table, written) = finished?;
            merged.add(written.map_or_else(|| self.table(runs, table, Rows::Plain), Ok)?);
        }
        Ok(merged)
    }

    /// Writes the tables of records but `events`, whose known records are given, and their duplicates.
    fn of_records(&self, runs: &Runs, known: &KnownRecords) -> Result<Merged> {
        let of_events = Rows::OfEvents(known);
        let tables: [(&'static Table, Rows<'_>); 5] = [
            (&mcp_events::TABLE, of_events),
            (&mcp_links::TABLE, of_events),
            (&sign_ins::TABLE, of_events),
            (&insights::TABLE, Rows::Records),
            (&aggregated_events::TABLE, Rows::Records),
        ];
        let mut merged = self.tables(runs, &tables)?;
        let (duplicates, conflicting) = rayon::join(
            || self.table(runs, &duplicates::TABLE, Rows::Plain),
            || conflicting(runs),
        );
        merged.add(duplicates?);
        merged.conflicting += conflicting?;
        Ok(merged)
    }

    /// Writes tables whose rows are all in their runs.
    ///
    /// # Errors
    ///
    /// Returns what scratch, encoding, reading the dataset or the sink gave.
    pub fn tables(&self, runs: &Runs, tables: &[(&'static Table, Rows<'_>)]) -> Result<Merged> {
        // Small tables leave threads idle; side by side they do not. Large ones side by side would each take a window's memory.
        let (small, large): (Vec<_>, Vec<_>) = tables
            .iter()
            .copied()
            .partition(|(table, _)| runs.are_small(table));
        let write = |(table, rows)| self.table(runs, table, rows);
        let small: Vec<Merged> = small
            .into_par_iter()
            .with_max_len(1)
            .map(write)
            .collect::<Result<_>>()?;
        let mut merged = Merged::default();
        for written in small
            .into_iter()
            .map(Ok)
            .chain(large.into_iter().map(write))
        {
            merged.add(written?);
        }
        Ok(merged)
    }

    /// Writes a table whose rows are all in its runs.
    fn table(&self, runs: &Runs, table: &'static Table, rows: Rows<'_>) -> Result<Merged> {
        if !self.options.wants(table) {
            return Ok(Merged::default());
        }
        let mut files = self.files(table);
        let mut merge = begin(runs, table)?;
        let mut books = Books::new(table, *self);
        let mut known = Known::new(self.dataset, table);
        while let Some(mut window) = self.next_window(&mut merge)? {
            match rows {
                Rows::Plain => {}
                Rows::OfEvents(known) => known.leave_out(table, &mut window),
                Rows::Records => {
                    known.set_aside(&mut window)?;
                    books.note(&window, runs)?;
                }
            }
            files.write(&window)?;
        }
        let files = vec![files.finish()?];
        Ok(Merged {
            files,
            ..books.finish(runs)?
        })
    }

    fn next_window(&self, merge: &mut Merge) -> Result<Option<Window>> {
        if self.stop.load(Ordering::Relaxed) {
            bail!(Stopped);
        }
        merge.next_window().context("read scratch")
    }

    /// Writes the tables that are derived from events, all of whose rows are in the runs: `events` itself is there.
    ///
    /// # Errors
    ///
    /// Returns what scratch, encoding or the sink gave.
    pub fn derived(&self, runs: &Runs) -> Result<Vec<DataFile>> {
        let mut rollups = self.rollups();
        let mut merge = begin(runs, &events::TABLE)?;
        while let Some(window) = self.next_window(&mut merge)? {
            rollups.observe(&window, &mut |rows| runs.take(rows))?;
        }
        take_all(runs, rollups.finish(|_, rows| rows).into_iter().flatten())?;
        let tables = DERIVED.map(|table| (table, Rows::Plain));
        self.tables(runs, &tables)?.take_files()
    }

    fn rollups(&self) -> Rollups {
        Rollups::new(rollup::Options {
            bucket: self.bucket,
            activity: self.options.wants(&activity::TABLE),
            resource_activity: self.options.wants(&resource_activity::TABLE),
        })
    }

    fn files(&self, table: &'static Table) -> Files<'_> {
        Files::new(self.dataset, self.name, table, limits::DATA_FILE_BYTES)
    }

    /// Writes the windows of `events`.
    fn events(&self, runs: &Runs) -> Result<Events<'_>> {
        let mut rollups = self.rollups();
        let mut books = Books::new(&events::TABLE, *self);
        let mut files = self.files(&events::TABLE);
        let mut merge = begin(runs, &events::TABLE)?;
        let mut of_dataset = Known::new(self.dataset, &events::TABLE);
        let mut known = KnownRecords::default();
        let mut next_window = || -> Result<Option<Window>> {
            let Some(mut window) = self.next_window(&mut merge)? else {
                return Ok(None);
            };
            let n_copies = window.copies.len();
            of_dataset.set_aside(&mut window)?;
            known.note(&events::TABLE, &window, n_copies);
            Ok(Some(window))
        };
        let mut next = next_window()?;
        while let Some(window) = next {
            // While all threads encode this window, one of them rolls it up and, where there is memory, merges the next.
            let (encoded, (noted, (taken, ahead))) = rayon::join(
                || files.write(&window),
                || {
                    let rolled_up = rollups.observe(&window, &mut |rows| runs.take(rows));
                    let noted = books.note(&window, runs).and_then(|()| Ok(rolled_up?));
                    let ahead = rayon::join(
                        || take_all(runs, rollups.take_many()),
                        || self.reads_ahead.then(&mut next_window),
                    );
                    (noted, ahead)
                },
            );
            encoded?;
            noted.and(taken)?;
            drop(window);
            next = ahead.unwrap_or_else(&mut next_window)?;
        }
        Ok(Events {
            files,
            books,
            known,
            rollups,
        })
    }
}

/// What is left to finish when all windows of `events` are written.
struct Events<'a> {
    files: Files<'a>,
    books: Books<'a>,
    /// Those that the dataset has already.
    known: KnownRecords,
    rollups: Rollups,
}

/// What the rows of a table are.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'k> {
    /// All of them are written.
    Plain,
    /// Records: those that the dataset has are copies, and all are counted.
    Records,
    /// Made of events: those of events that the dataset has already are left out.
    OfEvents(&'k KnownRecords),
}

/// The places of records that the dataset has already: number of the object, position in it.
#[derive(Debug, Default)]
pub struct KnownRecords(HashSet<(i64, i64)>);

impl KnownRecords {
    /// Notes the copies of a window behind the first so many.
    fn note(&mut self, table: &Table, window: &Window, n_before: usize) {
        let place = Place::of(table);
        for row in &window.copies[n_before..] {
            self.0.insert(place.record(window, *row));
        }
    }

    fn leave_out(&self, table: &Table, window: &mut Window) {
        if self.0.is_empty() {
            return;
        }
        let place = Place::of(table);
        let rows = std::mem::take(&mut window.rows);
        let is_new = |row: &(u32, u32)| !self.0.contains(&place.record(window, *row));
        window.rows = rows.into_iter().filter(is_new).collect();
    }
}

/// What is kept of the rows of a table of records while they are written.
struct Books<'a> {
    table: &'static Table,
    writer: Writer<'a>,
    merged: Merged,
    /// Rows of `duplicates`.
    copies: Chunk,
    ids: record_ids::Ids,
}

impl<'a> Books<'a> {
    fn new(table: &'static Table, writer: Writer<'a>) -> Self {
        Self {
            table,
            writer,
            merged: Merged::default(),
            copies: Chunk::new(&duplicates::TABLE),
            ids: record_ids::Ids::new(table),
        }
    }

    fn note(&mut self, window: &Window, runs: &Runs) -> Result<()> {
        let place = Place::of(self.table);
        let [time, account_id, event_id, ..] = *self.table.order else {
            unreachable!("tables of records are ordered by time and ids")
        };
        for (rows, is_copy) in [(&window.rows, false), (&window.copies, true)] {
            for (block, row) in rows {
                let (chunk, row) = (window.blocks[*block as usize].chunk(), *row as usize);
                if !is_first_row(self.table, chunk, row) {
                    continue;
                }
                let number = chunk.get_int(place.object, row).unwrap_or_default();
                let number = usize::try_from(number).unwrap_or_default();
                let was_taken = is_copy && self.was_taken(number, chunk.get_int(time, row));
                let counts = self.merged.of_object(number);
                if !is_copy {
                    counts.written += 1;
                    if let Some(id) = chunk.get_text(event_id, row) {
                        self.ids.append(id, chunk.get_text(account_id, row));
                    }
                } else if was_taken {
                    counts.read_before += 1;
                } else {
                    counts.duplicates += 1;
                    self.copy(chunk, row);
                }
            }
        }
        self.hand_over(limits::BOOKS_BYTES, runs)
    }

    /// Whether an earlier reading of the object has settled what becomes of its records of that time.
    fn was_taken(&self, object: usize, time: Option<i64>) -> bool {
        let history = self.writer.histories.get(object);
        history.is_some_and(|history| time.is_some_and(|time| history.has_taken(time)))
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
            delivery_date: day.unwrap_or(self.writer.options.run_day).div_euclid(DAY) * DAY,
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

/// Counts the records that have the ids of another and, as copies are gone, other content: among those of the tables that are written so far
/// and were not counted yet, as records of two tables never have ids in common.
fn conflicting(runs: &Runs) -> Result<u64> {
    let runs = runs
        .take_runs(&record_ids::TABLE)
        .context("merge scratch")?;
    record_ids::repeats(runs).context("read scratch")
}

/// The lineage columns of a table that is ordered by them.
struct Place {
    delivery_time: usize,
    source: usize,
    source_object: usize,
    source_index: usize,
    /// The number of the object.
    object: usize,
}

impl Place {
    fn of(table: &Table) -> Self {
        let [.., delivery_time, source, source_object, source_index] = table.order[..8] else {
            unreachable!("tables of records are ordered by time, ids, content and place")
        };
        let object = table
            .columns
            .iter()
            .position(|column| column.name == "object");
        Self {
            delivery_time,
            source,
            source_object,
            source_index,
            object: object.expect("tables of records have it"),
        }
    }

    /// Returns what tells a record from all others of a run.
    fn record(&self, window: &Window, (block, row): (u32, u32)) -> (i64, i64) {
        let chunk = window.blocks[block as usize].chunk();
        let int = |column| chunk.get_int(column, row as usize).unwrap_or_default();
        (int(self.object), int(self.source_index))
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

fn take_all(runs: &Runs, rows: impl IntoIterator<Item = Sorted>) -> Result<()> {
    Ok(rows.into_iter().try_for_each(|rows| runs.take(rows))?)
}

/// The data files of one table, one open at a time.
#[derive(Debug)]
pub struct Files<'a> {
    /// Where they are staged.
    dataset: &'a DatasetWriter,
    name: &'a str,
    /// A file ends at the first row group beyond so many bytes.
    bytes_max: usize,
    table: &'static Table,
    open: Option<Open>,
    part: usize,
    staged: Staged,
    spare: Arc<Spare>,
}

/// Data files of one table. The last of them may not be durable yet: no more than one is written to while another is.
#[derive(Debug, Default)]
pub struct Staged {
    files: Vec<DataFile>,
    last: Option<Closing>,
}

impl Staged {
    fn add(&mut self, closing: Closing) -> Result<()> {
        if let Some(before) = self.last.replace(closing) {
            self.files.push(before.wait()?);
        }
        Ok(())
    }

    /// Returns the files once all of them are durable.
    ///
    /// # Errors
    ///
    /// Returns an error where the bytes of one cannot be written.
    pub fn wait(mut self) -> Result<Vec<DataFile>> {
        if let Some(last) = self.last.take() {
            self.files.push(last.wait()?);
        }
        Ok(self.files)
    }
}

#[derive(Debug)]
struct Open {
    day: i64,
    file: FileWriter<Hashing>,
    pending: Pending,
    rows: u64,
    times: Option<(i64, i64)>,
}

impl<'a> Files<'a> {
    /// Begins with none. Names begin with `name`, and a file ends at the first row group beyond so many bytes.
    pub fn new(
        dataset: &'a DatasetWriter,
        name: &'a str,
        table: &'static Table,
        bytes_max: usize,
    ) -> Self {
        Self {
            dataset,
            name,
            bytes_max,
            table,
            open: None,
            part: 0,
            staged: Staged::default(),
            spare: Arc::default(),
        }
    }

    /// Writes the rows of a window. Windows come in order.
    ///
    /// # Errors
    ///
    /// Returns what encoding or the sink gave.
    pub fn write(&mut self, window: &Window) -> Result<()> {
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
            .is_some_and(|open| open.file.bytes_written() >= self.bytes_max)
        {
            self.close()?;
            self.part += 1;
        }
        if window.rows.is_empty() {
            return Ok(());
        }
        if self.open.is_none() {
            let name = format!("{}-{:03}", self.name, self.part);
            let (out, pending) = self.dataset.stage(self.table, window.day, &name)?.split();
            let file = FileWriter::with_spare(self.table, out, Arc::clone(&self.spare))
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
            let closing = open.pending.close(out, self.table, open.rows, open.times);
            self.staged.add(closing)?;
        }
        Ok(())
    }

    /// Begins to complete the last file, and returns all of them.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn finish(mut self) -> Result<Staged> {
        self.close()?;
        Ok(self.staged)
    }
}
