//! What a command has written anew, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::commit::DataFile;
use crate::escape::printable;
use crate::summary::{TableFiles, digits, size};

/// What was written anew. Its JSON form is stable.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Version of trailmill.
    pub version: &'static str,
    /// The dataset.
    pub dataset: String,
    /// The commits that were added, in order.
    pub commits: Vec<String>,
    /// By table.
    pub tables: BTreeMap<&'static str, Rewritten>,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The most memory the process held, where the system says.
    pub peak_memory_bytes: Option<u64>,
    /// The most bytes that were on scratch at once.
    pub scratch_bytes: u64,
}

/// The files of a table that were written anew.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct Rewritten {
    /// Their partitions.
    pub partitions: u64,
    /// Those that are gone.
    pub before: TableFiles,
    /// Those that are there instead.
    pub after: TableFiles,
}

impl Summary {
    /// Begins with nothing.
    pub(super) fn new(dataset: &str) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            dataset: dataset.to_owned(),
            ..Self::default()
        }
    }

    /// Adds files of one partition of a table, and those that replace them.
    pub(super) fn add<'f>(
        &mut self,
        table: &'static str,
        before: impl IntoIterator<Item = &'f DataFile>,
        after: impl IntoIterator<Item = &'f DataFile>,
    ) {
        let of_table = self.tables.entry(table).or_default();
        of_table.partitions += 1;
        before
            .into_iter()
            .for_each(|file| of_table.before.add(file));
        after.into_iter().for_each(|file| of_table.after.add(file));
    }

    /// Writes the summary for people; `verb` says what was to be done.
    ///
    /// # Errors
    ///
    /// Returns what writing gave.
    pub fn write_text(&self, verb: &str, out: &mut dyn Write) -> io::Result<()> {
        let dataset = printable(&self.dataset);
        if self.commits.is_empty() {
            return writeln!(out, "nothing to {verb}: {dataset} is as it was");
        }
        let plural = |n: u64, one: &str, more: &str| {
            format!("{} {}", digits(n), if n == 1 { one } else { more })
        };
        for (name, table) in &self.tables {
            let files = |files: &TableFiles| {
                format!(
                    "{}, {}, {}",
                    plural(files.files, "file", "files"),
                    plural(files.rows, "row", "rows"),
                    size(files.bytes)
                )
            };
            writeln!(
                out,
                "  {name:18}{:>14}: {} are now {}",
                plural(table.partitions, "partition", "partitions"),
                files(&table.before),
                files(&table.after)
            )?;
        }
        let commits = plural(self.commits.len() as u64, "commit", "commits");
        write!(out, "{commits} in {:.1} s", self.seconds)?;
        if let Some(bytes) = self.peak_memory_bytes {
            write!(out, ", {} of memory at most", size(bytes))?;
        }
        if self.scratch_bytes > 0 {
            write!(out, ", {} of scratch", size(self.scratch_bytes))?;
        }
        writeln!(out, "\ntables are in {dataset}")
    }
}
