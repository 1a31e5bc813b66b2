//! The books of a dataset against its tables, read file by file.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use rayon::prelude::*;

use super::Report;
use super::data_file::guarded;
use crate::audit::books::{Books, Fate, ObjectKey};
use crate::audit::log::{Live, Log};
use crate::audit::purpose::groups;
use crate::audit::{Finding, Kind};
use crate::commit::{DataFile, Purpose, entry_path};
use crate::limits;
use crate::reject::Reason;
use crate::sink::reader::DataReader;
use crate::sink::store::{ReadAt, Store};
use crate::table::objects::Counts;
use crate::table::{aggregated_events, duplicates, events, insights, objects, rejects};

/// Returns true for the tables of records, whose rows the books count, and for the books. Every run writes them.
pub(super) fn is_of_books(file: &DataFile) -> bool {
    [
        events::TABLE.name,
        insights::TABLE.name,
        aggregated_events::TABLE.name,
        duplicates::TABLE.name,
        rejects::TABLE.name,
        objects::TABLE.name,
    ]
    .contains(&file.table.as_str())
}

/// Holds `objects` against the tables of records.
pub(super) fn check(store: &dyn Store, live: &[Live<'_>], log: &Log, report: &mut Report) {
    let (ledger, records): (Vec<Live<'_>>, Vec<Live<'_>>) = live
        .iter()
        .filter(|live| is_of_books(live.file))
        .partition(|live| live.file.table == objects::TABLE.name);
    let mut auditor = Auditor {
        store,
        // Where files were written anew, the rows of several commits lie in one, and only all together can be counted.
        by_commit: ledger
            .iter()
            .chain(&records)
            .all(|live| live.entry.purpose == Purpose::Add),
        commits: groups(&log.entries),
        findings: Vec::new(),
        n_wrong_rows: 0,
    };
    let mut books = Books::new(limits::VERIFY_OBJECTS_MAX);
    for file in &ledger {
        auditor.note_objects(file, &mut books);
    }
    let books = Mutex::new(books);
    let found: Vec<Option<Finding>> = records
        .par_iter()
        .with_max_len(1)
        .map(|file| auditor.note_records(file, &books))
        .collect();
    let mut books = books.into_inner().unwrap_or_else(PoisonError::into_inner);
    auditor.findings.extend(found.into_iter().flatten());
    if books.has_wrong_objects() {
        for file in &ledger {
            auditor.name_wrong_objects(file, &mut books);
        }
    }
    auditor.name_wrong_commits(&books, log);
    report.findings.append(&mut auditor.findings);
    report.not_checked.extend(books.not_checked());
}

struct Auditor<'a> {
    store: &'a dyn Store,
    by_commit: bool,
    commits: BTreeSet<&'a str>,
    findings: Vec<Finding>,
    /// Rows of `objects` with something wrong.
    n_wrong_rows: usize,
}

impl Auditor<'_> {
    /// Returns the commit that a file's rows are counted for.
    fn commit<'e>(&self, file: &Live<'e>) -> &'e str {
        if self.by_commit {
            &file.entry.commit_id
        } else {
            ""
        }
    }

    fn find(&mut self, file: &Live<'_>, what: String) {
        self.findings
            .push(Finding::new(Kind::Books, &file.file.path, what));
    }

    /// Adds what is wrong with a row of `objects`, up to a limit.
    fn find_row(&mut self, file: &Live<'_>, what: String) {
        self.n_wrong_rows += 1;
        if self.n_wrong_rows == limits::VERIFY_OBJECT_FINDINGS_MAX + 1 {
            self.find(
                file,
                "there is more that is wrong in objects; it is not listed".to_owned(),
            );
        } else if self.n_wrong_rows <= limits::VERIFY_OBJECT_FINDINGS_MAX {
            self.find(file, what);
        }
    }

    fn note_objects(&mut self, file: &Live<'_>, books: &mut Books) {
        let commit = self.commit(file);
        let read = self.each_object(file, |auditor, object| {
            let key = ObjectKey::new(commit, object.source, object.source_object);
            if let Some(what) = books.object(commit, key, &object.counts) {
                auditor.find_row(file, format!("object {}: {what}", object.name()));
            }
            let is_known = match object.commit_id {
                Some(id) if auditor.by_commit => id == commit,
                Some(id) => auditor.commits.contains(id),
                None => false,
            };
            if !is_known {
                let id = object.commit_id.unwrap_or("none");
                let what = format!(
                    "object {}: its commit_id is {id}, which is not that of the entry: the entry or the file was changed",
                    object.name()
                );
                auditor.find_row(file, what);
            }
        });
        self.note_unreadable(file, read);
    }

    fn name_wrong_objects(&mut self, file: &Live<'_>, books: &mut Books) {
        let commit = self.commit(file);
        let read = self.each_object(file, |auditor, object| {
            let key = ObjectKey::new(commit, object.source, object.source_object);
            if let Some(what) = books.take_wrong(key) {
                auditor.find_row(file, format!("object {}: {what}", object.name()));
            }
        });
        self.note_unreadable(file, read);
    }

    fn name_wrong_commits(&mut self, books: &Books, log: &Log) {
        for (commit, what) in books.wrong_commits() {
            let entry = log
                .entries
                .iter()
                .find(|entry| self.by_commit && entry.commit_id == commit);
            let (path, whose) = match entry {
                Some(entry) => (entry_path(entry.number), format!("commit {commit}")),
                None => ("objects".to_owned(), "all commits together".to_owned()),
            };
            let what = format!("of {whose}, objects counts {what}");
            self.findings.push(Finding::new(Kind::Books, path, what));
        }
    }

    fn note_unreadable(&mut self, file: &Live<'_>, read: Result<()>) {
        self.findings
            .extend(read.err().map(|e| unreadable(file, &e)));
    }

    fn each_object(
        &mut self,
        file: &Live<'_>,
        mut each: impl FnMut(&mut Self, &ObjectRow<'_>),
    ) -> Result<()> {
        const COLUMNS: [&str; 9] = [
            "source",
            "source_object",
            "commit_id",
            "records",
            "written",
            "duplicates",
            "filtered",
            "rejected",
            "read_before",
        ];
        let open = self.store.open(&file.file.path)?;
        guarded(|| {
            for batch in batches(open, &COLUMNS)? {
                let batch = batch?;
                let place = Place::of(&batch)?;
                let commit_id = texts(&batch, "commit_id")?;
                let counts = CountColumns::of(&batch)?;
                for row in 0..batch.num_rows() {
                    let (source, source_object) = place.object(row);
                    let object = ObjectRow {
                        source,
                        source_object,
                        commit_id: commit_id.is_valid(row).then(|| commit_id.value(row)),
                        counts: counts.row(row),
                    };
                    each(self, &object);
                }
            }
            Ok(())
        })
    }

    /// Counts the records of a file; names the first that `objects` does not have.
    fn note_records(&self, file: &Live<'_>, books: &Mutex<Books>) -> Option<Finding> {
        let commit = self.commit(file);
        let mut unknown: Option<(u64, String)> = None;
        let read = guarded(|| {
            let mut records = Records::open(self.store, file.file)?;
            while let Some(batch) = records.next_batch(commit)? {
                let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
                for (row, key, fate) in batch.fates {
                    if books.record(commit, key, fate) {
                        continue;
                    }
                    let name = || batch.place.name(row);
                    unknown.get_or_insert_with(|| (0, name())).0 += 1;
                }
            }
            Ok(())
        });
        if let Err(e) = read {
            return Some(unreadable(file, &e));
        }
        let (n, first) = unknown?;
        let what = format!(
            "{n} of its records are of objects that table objects does not have, the first of {first}"
        );
        Some(Finding::new(Kind::Books, &file.file.path, what))
    }
}

fn unreadable(file: &Live<'_>, error: &anyhow::Error) -> Finding {
    let what =
        format!("its rows cannot be read, so the books cannot be held against them: {error:#}");
    Finding::new(Kind::Unreadable, &file.file.path, what)
}

/// A row of `objects`.
struct ObjectRow<'b> {
    source: &'b str,
    source_object: &'b str,
    commit_id: Option<&'b str>,
    counts: Counts,
}

impl ObjectRow<'_> {
    fn name(&self) -> String {
        object_name(self.source, self.source_object)
    }
}

fn object_name(source: &str, source_object: &str) -> String {
    format!("{}/{source_object}", source.trim_end_matches('/'))
}

fn batches(open: Arc<dyn ReadAt>, columns: &[&str]) -> Result<ParquetRecordBatchReader> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(DataReader::new(open))?;
    let mask = ProjectionMask::columns(reader.parquet_schema(), columns.iter().copied());
    Ok(reader.with_projection(mask).build()?)
}

fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray> {
    let column = batch.column_by_name(name).and_then(|c| c.as_string_opt());
    Ok(column
        .with_context(|| format!("there is no text {name}"))?
        .clone())
}

fn ints(batch: &RecordBatch, name: &str) -> Result<Int64Array> {
    let column = batch
        .column_by_name(name)
        .and_then(|c| c.as_primitive_opt::<Int64Type>());
    Ok(column
        .with_context(|| format!("there is no number {name}"))?
        .clone())
}

/// The columns that name an object.
struct Place {
    source: StringArray,
    source_object: StringArray,
}

impl Place {
    fn of(batch: &RecordBatch) -> Result<Self> {
        Ok(Self {
            source: texts(batch, "source")?,
            source_object: texts(batch, "source_object")?,
        })
    }

    fn object(&self, row: usize) -> (&str, &str) {
        (self.source.value(row), self.source_object.value(row))
    }

    fn name(&self, row: usize) -> String {
        let (source, source_object) = self.object(row);
        object_name(source, source_object)
    }
}

struct CountColumns([Int64Array; 6]);

impl CountColumns {
    fn of(batch: &RecordBatch) -> Result<Self> {
        Ok(Self([
            ints(batch, "records")?,
            ints(batch, "written")?,
            ints(batch, "duplicates")?,
            ints(batch, "filtered")?,
            ints(batch, "rejected")?,
            ints(batch, "read_before")?,
        ]))
    }

    fn row(&self, row: usize) -> Counts {
        let count = |column: &Int64Array| {
            let value = column.is_valid(row).then(|| column.value(row));
            value
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or_default()
        };
        let [
            records,
            written,
            duplicates,
            filtered,
            rejected,
            read_before,
        ] = self.0.each_ref().map(count);
        Counts {
            records,
            written,
            duplicates,
            filtered,
            rejected,
            read_before,
        }
    }
}

/// The records of a file of a table that the books count.
struct Records {
    reader: ParquetRecordBatchReader,
    table: String,
    /// The record of the row before: one of `aggregated_events` has several, side by side.
    before: Option<(ObjectKey, i64)>,
}

/// Some of them: row, object and what became of each.
struct Fates {
    place: Place,
    fates: Vec<(usize, ObjectKey, Fate)>,
}

impl Records {
    fn open(store: &dyn Store, file: &DataFile) -> Result<Self> {
        const COLUMNS: [&str; 5] = [
            "source",
            "source_object",
            "source_index",
            "record_index",
            "reason",
        ];
        Ok(Self {
            reader: batches(store.open(&file.path)?, &COLUMNS)?,
            table: file.table.clone(),
            before: None,
        })
    }

    fn next_batch(&mut self, commit: &str) -> Result<Option<Fates>> {
        let Some(batch) = self.reader.next() else {
            return Ok(None);
        };
        let batch = batch?;
        let place = Place::of(&batch)?;
        let keys = (0..batch.num_rows()).map(|row| {
            let (source, source_object) = place.object(row);
            ObjectKey::new(commit, source, source_object)
        });
        let keys: Vec<ObjectKey> = keys.collect();
        let fates = self.fates(&batch, &keys)?;
        Ok(Some(Fates { place, fates }))
    }

    fn fates(
        &mut self,
        batch: &RecordBatch,
        keys: &[ObjectKey],
    ) -> Result<Vec<(usize, ObjectKey, Fate)>> {
        let keys = keys.iter().copied().enumerate();
        if self.table == rejects::TABLE.name {
            let (index, reason) = (ints(batch, "record_index")?, texts(batch, "reason")?);
            let fate = |row| {
                if index.is_valid(row) {
                    Fate::Rejected
                } else if reason.value(row) == Reason::TooManyRejects.name() {
                    Fate::FurtherRejects
                } else {
                    Fate::ObjectRejected
                }
            };
            return Ok(keys.map(|(row, key)| (row, key, fate(row))).collect());
        }
        if self.table == duplicates::TABLE.name {
            return Ok(keys.map(|(row, key)| (row, key, Fate::Duplicate)).collect());
        }
        if self.table != aggregated_events::TABLE.name {
            return Ok(keys.map(|(row, key)| (row, key, Fate::Written)).collect());
        }
        let index = ints(batch, "source_index")?;
        let mut fates = Vec::new();
        for (row, key) in keys {
            let record = Some((key, index.value(row)));
            if self.before != record {
                fates.push((row, key, Fate::Written));
            }
            self.before = record;
        }
        Ok(fates)
    }
}
