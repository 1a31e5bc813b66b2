//! `trailmill verify`: reads a dataset and says what is missing, changed or foreign. What must hold is in [`crate::audit`].

mod books;
mod data_file;
mod report;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;

use crate::audit::log::{self, Files, Live, Log, Stored, read_log};
use crate::audit::purpose::{check_purposes, check_settings};
use crate::audit::{Finding, Kind};
use crate::aws::AwsOptions;
use crate::commit::{LOG_FOLDER, SETTINGS_PATH, log_file};
use crate::limits;
use crate::sink::dataset;
use crate::sink::inventory::Found;
use crate::sink::s3::WriteOptions;
use crate::sink::store::Store;
use crate::sink::{RUNS, SinkError};
use data_file::DataFileCheck;
pub use report::{LastEntry, Report};

/// Checks a dataset. Reads what lies in its place alone, and writes nothing.
///
/// # Errors
///
/// Returns an error where there is no dataset, or its place cannot be read.
pub fn verify(dataset: &str, aws: &AwsOptions) -> Result<Report> {
    let store = dataset::place(dataset, aws, WriteOptions::default())?;
    let store = &*store;
    let found = store.inventory()?;
    let log = read_log(&stored(store, &found));
    let mut files = log::files(&log);
    let live: Vec<Live<'_>> = files.live.values().copied().collect();
    let checked: Vec<DataFileCheck> = live
        .par_iter()
        .with_max_len(1)
        .map(|live| {
            let is_published = !log.unfinished.contains(&live.entry.number);
            DataFileCheck::new(store, live.file, found.get(&live.file.path), is_published)
        })
        .collect();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        dataset: dataset.to_owned(),
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
    report.findings.extend(check_purposes(&log));
    let settings = found
        .get(SETTINGS_PATH)
        .map(|found| read(store, SETTINGS_PATH, found));
    report
        .findings
        .extend(check_settings(&log, settings.as_ref()));
    let are_intact = checked
        .iter()
        .zip(&live)
        .all(|(file, live)| file.is_intact || !books::is_of_books(live.file));
    report
        .findings
        .extend(checked.into_iter().flat_map(|file| file.findings));
    report.findings.extend(strangers(&found, &files, &log));
    if are_intact && log.is_whole {
        books::check(store, &live, &log, &mut report);
    } else {
        report.not_checked.push(
            "the books against the tables: for that, the log and the files of events, insights, aggregated_events, duplicates, rejects and objects have to be whole"
                .to_owned(),
        );
    }
    Ok(report)
}

/// Reads what lies in the log's folder.
fn stored(store: &dyn Store, found: &BTreeMap<String, Found>) -> BTreeMap<u64, Stored> {
    let mut stored: BTreeMap<u64, Stored> = BTreeMap::new();
    for (path, found) in found {
        let Some((number, is_entry)) = log_name(path) else {
            continue;
        };
        let bytes = read(store, path, found);
        let stored = stored.entry(number).or_default();
        if is_entry {
            stored.entry = Some(bytes);
        } else {
            stored.done = Some(bytes);
        }
    }
    stored
}

/// Reads a file of the log, or says why it cannot be read.
fn read(store: &dyn Store, path: &str, found: &Found) -> Result<Vec<u8>, String> {
    match found {
        Found::File(bytes) if *bytes > limits::LOG_ENTRY_BYTES_MAX => Err(format!(
            "it has {bytes} bytes, and no entry has more than {}",
            limits::LOG_ENTRY_BYTES_MAX
        )),
        Found::File(_) => match store.read(path) {
            Ok(bytes) => Ok(bytes.unwrap_or_default().to_vec()),
            Err(e) => Err(cause(&e)),
        },
        Found::Link => Err("it is a symbolic link, which is not followed".to_owned()),
        Found::Other => Err("it is no file".to_owned()),
        Found::Unreadable(why) => Err(why.clone()),
    }
}

/// The innermost cause: the path stands before it in the finding.
fn cause(error: &SinkError) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Returns the number in the name of a file of the log, and whether it is an entry.
fn log_name(path: &str) -> Option<(u64, bool)> {
    log_file(path.strip_prefix(LOG_FOLDER)?.strip_prefix('/')?)
}

/// Names the files that are no live files of the dataset.
fn strangers(found: &BTreeMap<String, Found>, files: &Files<'_>, log: &Log) -> Vec<Finding> {
    // What runs did is kept for people, and says nothing that counts.
    let is_of_runs = |path: &str| {
        path.strip_prefix(RUNS)
            .is_some_and(|name| name.starts_with('/'))
    };
    let is_strange = |path: &str| {
        let is_known = files.live.contains_key(path) || log_name(path).is_some();
        !is_known && !is_of_runs(path) && path != SETTINGS_PATH
    };
    let others = found.iter().filter(|(path, _)| is_strange(path));
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
    if let Some(number) = files.removed.get(path)
        && log.unfinished.contains(number)
    {
        let what = format!(
            "entry {number} has removed it, and whoever wrote that entry has not ended: until the next writing command deletes it, readers that go by the folder may see its rows twice"
        );
        return (Kind::Unfinished, what);
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
