//! What was found, for people and for programs.

use std::io::{self, Write};

use serde::Serialize;

use crate::audit::Finding;
use crate::escape::{printable, printable_json};
use crate::summary::{digits, size};

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
