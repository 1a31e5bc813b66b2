//! `trailmill verify`: reads a dataset and says what is missing, changed or foreign. What must hold is in [`audit`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::audit::{
    self, Books, Contents, Fate, Files, Finding, Kind, Live, Log, ObjectKey, Stored,
};
use crate::commit::DataFile;
use crate::escape::{printable, printable_json};
use crate::limits;
use crate::reject::Reason;
use crate::sink::inventory::{Found, inventory};
use crate::summary::{digits, size};
use crate::table::objects::Counts;
use crate::table::{aggregated_events, duplicates, events, insights, objects, rejects};
use crate::trail::hash::hex;

/// What was found. Its JSON form is stable.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Version of trailmill.
    pub version: &'static str,
    /// The dataset.
    pub dataset: String,
    /// Entries of the log that were read.
    pub entries: u64,
    /// Data files that the log names.
    pub files: u64,
    /// Bytes of those that were read.
    pub bytes: u64,
    /// Rows of those that are as they were written.
    pub rows: u64,
    /// The last entry of the log: its checksum stands for all of the dataset.
    pub last_entry: Option<LastEntry>,
    /// What is wrong: of the log, of data files, of other files, of the books; by path.
    pub findings: Vec<Finding>,
    /// What could not be checked though nothing is wrong with it.
    pub not_checked: Vec<String>,
}

/// The last entry of the log.
#[derive(Debug, Serialize)]
pub struct LastEntry {
    /// Its number.
    pub number: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl Report {
    /// Writes the report for people: a line for each finding, then the sums.
    ///
    /// # Errors
    ///
    /// Returns what writing gave.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for finding in &self.findings {
            let line = format!(
                "{}: {}: {}",
                finding.kind.name(),
                finding.path,
                finding.what
            );
            writeln!(out, "{}", printable(&line))?;
        }
        for note in &self.not_checked {
            writeln!(out, "not checked: {}", printable(note))?;
        }
        let plural = |n: u64, one: &str, more: &str| {
            format!("{} {}", digits(n), if n == 1 { one } else { more })
        };
        let verdict = match self.findings.len() as u64 {
            0 => "nothing is wrong".to_owned(),
            n => plural(n, "finding", "findings"),
        };
        writeln!(
            out,
            "{}, {}, {}, {} checked: {verdict}",
            plural(self.entries, "log entry", "log entries"),
            plural(self.files, "data file", "data files"),
            size(self.bytes),
            plural(self.rows, "row", "rows"),
        )?;
        if let Some(LastEntry { number, sha256 }) = &self.last_entry {
            writeln!(out, "SHA-256 of the last entry, {number}.json: {sha256}")?;
        }
        Ok(())
    }

    /// Writes the report as one JSON document.
    ///
    /// # Errors
    ///
    /// Returns what writing gave.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        writeln!(out, "{}", printable_json(&json)) // it may go to a terminal
    }
}

/// Checks a dataset. Reads below its folder alone, and writes nothing.
///
/// # Errors
///
/// Returns an error where there is no dataset, or its folder cannot be read.
pub fn verify(dataset: &Path) -> Result<Report> {
    let found = inventory(dataset)?;
    let log = audit::read_log(&stored(dataset, &found));
    let mut files = audit::files(&log);
    let live: Vec<Live<'_>> = files.live.values().copied().collect();
    let checked: Vec<Checked> = live
        .par_iter()
        .with_max_len(1)
        .map(|live| Checked::new(dataset, live.file, found.get(&live.file.path)))
        .collect();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        dataset: dataset.display().to_string(),
        entries: log.entries.len() as u64,
        files: live.len() as u64,
        bytes: checked.iter().map(|file| file.bytes).sum(),
        rows: checked.iter().map(|file| file.rows).sum(),
        last_entry: log
            .last
            .clone()
            .map(|(number, sha256)| LastEntry { number, sha256 }),
        findings: log.findings.clone(),
        not_checked: Vec::new(),
    };
    report.findings.append(&mut files.findings);
    let are_intact = checked
        .iter()
        .zip(&live)
        .all(|(file, live)| file.is_intact || !is_of_books(live.file));
    report
        .findings
        .extend(checked.into_iter().flat_map(|file| file.findings));
    report.findings.extend(strangers(&found, &files, &log));
    if are_intact && log.is_whole {
        check_books(dataset, &live, &log, &mut report);
    } else {
        report.not_checked.push(
            "the books against the tables: for that, the log and the files of events, insights, aggregated_events, duplicates, rejects and objects have to be whole"
                .to_owned(),
        );
    }
    Ok(report)
}

/// Reads what lies in the log's folder.
fn stored(dataset: &Path, found: &BTreeMap<String, Found>) -> BTreeMap<u64, Stored> {
    let mut stored: BTreeMap<u64, Stored> = BTreeMap::new();
    for (path, found) in found {
        let Some((number, is_entry)) = log_name(path) else {
            continue;
        };
        let bytes = match found {
            Found::File(bytes) if *bytes > limits::LOG_ENTRY_BYTES_MAX => Err(format!(
                "it has {bytes} bytes, and no entry has more than {}",
                limits::LOG_ENTRY_BYTES_MAX
            )),
            Found::File(_) => fs::read(dataset.join(path)).map_err(|e| e.to_string()),
            Found::Link => Err("it is a symbolic link, which is not followed".to_owned()),
            Found::Other => Err("it is no file".to_owned()),
            Found::Unreadable(why) => Err(why.clone()),
        };
        let stored = stored.entry(number).or_default();
        if is_entry {
            stored.entry = Some(bytes);
        } else {
            stored.done = Some(bytes);
        }
    }
    stored
}

/// Returns the number in the name of a file of the log, and whether it is an entry.
fn log_name(path: &str) -> Option<(u64, bool)> {
    let name = path.strip_prefix("_trailmill/log/")?;
    let (digits, kind) = name.split_once('.')?;
    let number: u64 = digits.parse().ok()?;
    let is_plain = number > 0 && number.to_string() == digits;
    (is_plain && matches!(kind, "json" | "done")).then_some((number, kind == "json"))
}

/// A data file that was read.
struct Checked {
    findings: Vec<Finding>,
    bytes: u64,
    rows: u64,
    /// Its bytes are those that were written, and can be read.
    is_intact: bool,
}

impl Checked {
    fn new(dataset: &Path, file: &DataFile, found: Option<&Found>) -> Self {
        let mut checked = Self {
            findings: Vec::new(),
            bytes: 0,
            rows: 0,
            is_intact: false,
        };
        if let Err((kind, what)) = checked.read(dataset, file, found) {
            checked.findings.push(Finding::new(kind, &file.path, what));
        }
        checked
    }

    fn read(
        &mut self,
        dataset: &Path,
        file: &DataFile,
        found: Option<&Found>,
    ) -> Result<(), (Kind, String)> {
        const RESTORE: &str =
            "restore it from a copy of the dataset, or write the dataset again from the bucket";
        match found {
            Some(Found::File(bytes)) if *bytes == file.bytes => {}
            Some(Found::File(bytes)) => {
                let what = format!(
                    "it has {bytes} bytes, and its entry says {}: {RESTORE}",
                    file.bytes
                );
                return Err((Kind::Changed, what));
            }
            Some(Found::Link) => {
                let what =
                    "it is a symbolic link, which is not followed: put the file in its place";
                return Err((Kind::Outside, what.to_owned()));
            }
            Some(Found::Unreadable(why)) => {
                return Err((Kind::Unreadable, format!("it cannot be read: {why}")));
            }
            Some(Found::Other) | None => {
                return Err((Kind::Missing, format!("it is not there: {RESTORE}")));
            }
        }
        let path = dataset.join(&file.path);
        let (bytes, sha256) =
            sha256(&path).map_err(|e| (Kind::Unreadable, format!("it cannot be read: {e}")))?;
        self.bytes = bytes;
        if sha256 != file.sha256 {
            let what = format!(
                "its SHA-256 is {sha256}, and its entry says {}: {RESTORE}",
                file.sha256
            );
            return Err((Kind::Changed, what));
        }
        let contents = guarded(|| contents(&path, file)).map_err(|e| {
            let what = format!(
                "its bytes are those that its entry names, and they are no Parquet file that can be read: {e:#}"
            );
            (Kind::Unreadable, what)
        })?;
        self.is_intact = true;
        self.rows = contents.rows;
        let wrong = audit::check_contents(file, &contents);
        self.findings.extend(
            wrong
                .into_iter()
                .map(|what| Finding::new(Kind::Mismatch, &file.path, what)),
        );
        Ok(())
    }
}

fn sha256(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
}

/// Reads a data file that may hold anything: a reader that panics on it costs a finding, not the program.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| bail!("the reader broke down over it"))
}

fn contents(path: &Path, file: &DataFile) -> Result<Contents> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    let metadata = reader.metadata();
    let pairs = metadata.file_metadata().key_value_metadata();
    let said = |key: &str| {
        let pair = pairs?.iter().find(|pair| pair.key == key)?;
        pair.value.clone()
    };
    let column = audit::table(&file.table).and_then(audit::time_column);
    Ok(Contents {
        rows: u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default(),
        schema_version: said("trailmill.schema_version"),
        table: said("trailmill.table"),
        times: column.and_then(|column| times(metadata, column)),
    })
}

/// Returns the first and last value of a column, where each row group has its statistics.
fn times(metadata: &ParquetMetaData, column: &str) -> Option<(i64, i64)> {
    let columns = metadata.file_metadata().schema_descr().columns();
    let place = columns
        .iter()
        .position(|found| found.path().string() == column)?;
    let mut times: Option<(i64, i64)> = None;
    for group in metadata.row_groups() {
        let Some(Statistics::Int64(statistics)) = group.columns().get(place)?.statistics() else {
            return None;
        };
        let (min, max) = (*statistics.min_opt()?, *statistics.max_opt()?);
        let (first, last) = times.unwrap_or((min, max));
        times = Some((first.min(min), last.max(max)));
    }
    times
}

/// Names the files that are no live files of the dataset.
fn strangers(found: &BTreeMap<String, Found>, files: &Files<'_>, log: &Log) -> Vec<Finding> {
    let others = found
        .iter()
        .filter(|(path, _)| !files.live.contains_key(path.as_str()) && log_name(path).is_none());
    others
        .map(|(path, found)| {
            let (kind, what) = stranger(path, found, files, log);
            Finding::new(kind, path, what)
        })
        .collect()
}

fn stranger(path: &str, found: &Found, files: &Files<'_>, log: &Log) -> (Kind, String) {
    if let Found::Unreadable(why) = found {
        return (Kind::Unreadable, format!("it cannot be read: {why}"));
    }
    if *found == Found::Link {
        let what = "it is a symbolic link, which is not followed, and no entry names it: remove it";
        return (Kind::Outside, what.to_owned());
    }
    if let Some(number) = files.removed.get(path) {
        return (
            Kind::Obsolete,
            format!(
                "entry {number} has removed it, and it is still there: readers that go by the folder see its rows twice; delete it"
            ),
        );
    }
    let has_kind = |kind: &str| {
        Path::new(path)
            .extension()
            .is_some_and(|found| found == kind)
    };
    if path.starts_with("_trailmill/stage/") {
        let what = "it is what a run left that has not ended: no reader sees it; the next run into this folder publishes it or sweeps it";
        return (Kind::Unfinished, what.to_owned());
    }
    let mut what = "no entry of the log names it: it is no part of the dataset, and trailmill does not read it".to_owned();
    if !log.is_whole {
        what += "; or the entry that names it is one of those that are lost";
    } else if has_kind("parquet") {
        what += "; it was put there, or the last entry of the log is lost";
    }
    (Kind::Foreign, what)
}

/// Returns true for the tables of records, whose rows the books count, and for the books. Every run writes them.
fn is_of_books(file: &DataFile) -> bool {
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
fn check_books(dataset: &Path, live: &[Live<'_>], log: &Log, report: &mut Report) {
    let (ledger, records): (Vec<Live<'_>>, Vec<Live<'_>>) = live
        .iter()
        .filter(|live| is_of_books(live.file))
        .partition(|live| live.file.table == objects::TABLE.name);
    let mut auditor = Auditor {
        dataset,
        // Where files were written anew, the rows of several commits lie in one, and only all together can be counted.
        by_commit: log.entries.iter().all(|entry| entry.removed.is_empty()),
        commits: log
            .entries
            .iter()
            .map(|entry| entry.commit_id.as_str())
            .collect(),
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
    dataset: &'a Path,
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
                Some(entry) => (audit::entry_path(entry.number), format!("commit {commit}")),
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
        const COLUMNS: [&str; 8] = [
            "source",
            "source_object",
            "commit_id",
            "records",
            "written",
            "duplicates",
            "filtered",
            "rejected",
        ];
        let path = self.dataset.join(&file.file.path);
        guarded(|| {
            for batch in batches(&path, &COLUMNS)? {
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
            let mut records = Records::open(&self.dataset.join(&file.file.path), file.file)?;
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

fn batches(path: &Path, columns: &[&str]) -> Result<ParquetRecordBatchReader> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
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

struct CountColumns([Int64Array; 5]);

impl CountColumns {
    fn of(batch: &RecordBatch) -> Result<Self> {
        Ok(Self([
            ints(batch, "records")?,
            ints(batch, "written")?,
            ints(batch, "duplicates")?,
            ints(batch, "filtered")?,
            ints(batch, "rejected")?,
        ]))
    }

    fn row(&self, row: usize) -> Counts {
        let count = |column: &Int64Array| {
            let value = column.is_valid(row).then(|| column.value(row));
            value
                .and_then(|n| u64::try_from(n).ok())
                .unwrap_or_default()
        };
        let [records, written, duplicates, filtered, rejected] = self.0.each_ref().map(count);
        Counts {
            records,
            written,
            duplicates,
            filtered,
            rejected,
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
    fn open(path: &Path, file: &DataFile) -> Result<Self> {
        const COLUMNS: [&str; 5] = [
            "source",
            "source_object",
            "source_index",
            "record_index",
            "reason",
        ];
        Ok(Self {
            reader: batches(path, &COLUMNS)?,
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
