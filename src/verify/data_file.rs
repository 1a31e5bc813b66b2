//! One data file: its bytes, and what it says of itself, against its entry.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Result, bail};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;
use sha2::{Digest, Sha256};

use super::cause;
use crate::audit::contents::{Contents, check_contents, table, time_column};
use crate::audit::{Finding, Kind};
use crate::commit::DataFile;
use crate::sink::inventory::Found;
use crate::sink::reader::DataReader;
use crate::sink::store::{ReadAt, Store};
use crate::trail::hash::hex;

/// A data file that was read.
pub(super) struct DataFileCheck {
    pub(super) findings: Vec<Finding>,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    /// Its bytes are those that were written, and can be read.
    pub(super) is_intact: bool,
}

impl DataFileCheck {
    /// Checks a file whose entry is published, or may not be yet.
    pub(super) fn new(
        store: &dyn Store,
        file: &DataFile,
        found: Option<&Found>,
        is_published: bool,
    ) -> Self {
        let mut checked = Self {
            findings: Vec::new(),
            bytes: 0,
            rows: 0,
            is_intact: false,
        };
        if found.is_none() && !is_published {
            let what = "it is not there yet: the next writing command publishes it, or takes back its entry";
            let finding = Finding::new(Kind::Unfinished, &file.path, what);
            checked.findings.push(finding);
        } else if let Err((kind, what)) = checked.read(store, file, found) {
            checked.findings.push(Finding::new(kind, &file.path, what));
        }
        checked
    }

    fn read(
        &mut self,
        store: &dyn Store,
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
        let unreadable = |why: String| (Kind::Unreadable, format!("it cannot be read: {why}"));
        let open = store.open(&file.path);
        let open = open.map_err(|e| unreadable(cause(&e)))?;
        let (bytes, sha256) = sha256(&*open).map_err(|e| unreadable(e.to_string()))?;
        self.bytes = bytes;
        if sha256 != file.sha256 {
            let what = format!(
                "its SHA-256 is {sha256}, and its entry says {}: {RESTORE}",
                file.sha256
            );
            return Err((Kind::Changed, what));
        }
        let contents = guarded(|| contents(open, file)).map_err(|e| {
            let what = format!(
                "its bytes are those that its entry names, and they are no Parquet file that can be read: {e:#}"
            );
            (Kind::Unreadable, what)
        })?;
        self.is_intact = true;
        self.rows = contents.rows;
        let wrong = check_contents(file, &contents);
        self.findings.extend(
            wrong
                .into_iter()
                .map(|what| Finding::new(Kind::Mismatch, &file.path, what)),
        );
        Ok(())
    }
}

fn sha256(file: &dyn ReadAt) -> io::Result<(u64, String)> {
    const STEP_BYTES: u64 = 8 << 20; // a request each, where it lies in S3
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < file.size() {
        let step = STEP_BYTES.min(file.size() - at);
        hash.update(&file.read_at(at, usize::try_from(step).unwrap_or(usize::MAX))?);
        at += step;
    }
    Ok((at, hex(&hash.finalize())))
}

/// Reads a data file that may hold anything: a reader that panics on it costs a finding, not the program.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| bail!("the reader broke down over it"))
}

fn contents(open: Arc<dyn ReadAt>, file: &DataFile) -> Result<Contents> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(DataReader::new(open))?;
    let metadata = reader.metadata();
    let pairs = metadata.file_metadata().key_value_metadata();
    let said = |key: &str| {
        let pair = pairs?.iter().find(|pair| pair.key == key)?;
        pair.value.clone()
    };
    let column = table(&file.table).and_then(time_column);
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
