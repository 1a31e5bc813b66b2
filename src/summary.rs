//! What a run did, counted: for people on stderr, with `--json` on stdout. A run whose counts do not balance fails.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::aws::Retried;
use crate::commit::DataFile;
use crate::config::RunConfig;
use crate::escape::printable;
use crate::pipeline::Outcomes;
use crate::source::{DeliveryObject, Listing};
use crate::table::objects::Status;
use crate::write::Merged;

/// The summary of a run. Its JSON form is stable.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Version of trailmill.
    pub version: &'static str,
    /// What was read.
    pub sources: Vec<String>,
    /// Where the tables are.
    pub out: String,
    /// Whether nothing was done but to look what there is to do.
    #[serde(rename = "dry_run")]
    pub is_dry: bool,
    /// The commits that this run has added.
    pub commits: Vec<String>,
    /// What was to be read, before it began.
    pub outstanding: Planned,
    /// Delivery objects.
    pub objects: Objects,
    /// Records.
    pub records: Records,
    /// Rejects by reason.
    pub rejects: BTreeMap<&'static str, u64>,
    /// What was written, by table.
    pub tables: BTreeMap<String, TableFiles>,
    /// Bytes of the objects read, as stored.
    pub object_bytes: u64,
    /// Bytes of the objects read, inflated.
    pub inflated_bytes: u64,
    /// Requests made to S3.
    pub requests: Requests,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The most memory the process held, where the system says.
    pub peak_memory_bytes: Option<u64>,
    /// Bytes put to scratch.
    pub scratch_bytes: u64,
}

/// What a run has to read.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "plain counts")]
pub struct Planned {
    pub objects: u64,
    pub bytes: u64,
    pub commit_groups: u64,
}

/// Delivery objects: `listed = read + skipped + filtered + digest + foreign + failed`.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "see the type")]
pub struct Objects {
    pub listed: u64,
    pub read: u64,
    /// Of those read: broken in part.
    pub corrupt: u64,
    pub skipped: u64,
    pub filtered: u64,
    pub digest: u64,
    pub foreign: u64,
    pub failed: u64,
    /// Why objects are foreign.
    pub foreign_reasons: BTreeMap<String, u64>,
    /// What became of those that could not be read.
    pub failed_reasons: BTreeMap<&'static str, u64>,
}

/// Records: `read = written + duplicates + filtered + rejected + read_before`.
#[derive(Debug, Clone, Default, Serialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "see the type")]
pub struct Records {
    pub read: u64,
    pub written: u64,
    pub duplicates: u64,
    /// Of those written: with the ids of another, and other content.
    pub conflicting: u64,
    pub filtered: u64,
    pub rejected: u64,
    /// In objects that are read again: what earlier readings have taken.
    pub read_before: u64,
}

/// The files of a table.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "plain counts")]
pub struct TableFiles {
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
}

impl TableFiles {
    /// Adds a file.
    pub fn add(&mut self, file: &DataFile) {
        self.files += 1;
        self.rows += file.rows;
        self.bytes += file.bytes;
    }
}

/// Requests to S3.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "plain counts")]
pub struct Requests {
    pub list: u64,
    pub head: u64,
    pub get: u64,
    /// Of all requests, to read or to write: made again, by reason.
    pub retried: Retried,
}

/// Counts that do not add up: a fault of this program.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the books do not balance: {what}; it is not committed, please report this")]
pub struct Unbalanced {
    what: String,
}

impl Summary {
    /// Begins with what was listed.
    pub fn of_listing(config: &RunConfig, listing: &Listing) -> Self {
        let foreign_reasons = listing.foreign.iter();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            sources: config.sources.clone(),
            out: config.out.clone(),
            is_dry: config.is_dry,
            objects: Objects {
                listed: listing.listed.objects,
                filtered: listing.filtered.objects,
                digest: listing.digests.len() as u64,
                foreign: listing.foreign_total().objects,
                foreign_reasons: foreign_reasons
                    .map(|(reason, tally)| (reason.to_string(), tally.objects))
                    .collect(),
                ..Objects::default()
            },
            requests: Requests {
                list: listing.requests.list,
                head: listing.requests.head,
                ..Requests::default()
            },
            ..Self::default()
        }
    }

    /// Notes what is to be read.
    pub fn plan(&mut self, (bytes, objects): (u64, u64), groups: usize) {
        self.outstanding = Planned {
            objects,
            bytes,
            commit_groups: groups as u64,
        };
    }

    /// Adds what became of a group of objects.
    pub fn add_group(
        &mut self,
        objects: &[DeliveryObject],
        outcomes: &Outcomes,
        merged: &Merged,
        commit_id: &str,
    ) {
        self.commits.push(commit_id.to_owned());
        self.records.conflicting += merged.conflicting;
        for (number, outcome) in outcomes {
            let Ok(read) = outcome else {
                continue;
            };
            let counts = &read.outcome.counts;
            self.objects.read += 1;
            self.objects.corrupt += u64::from(read.outcome.status == Status::Corrupt);
            self.records.read += counts.records;
            self.records.filtered += counts.filtered;
            self.records.rejected += counts.rejected;
            self.records.read_before += counts.read_before;
            for (reason, n) in &read.outcome.reasons {
                *self.rejects.entry(reason.name()).or_default() += n;
            }
            self.object_bytes += objects[*number].size;
            self.inflated_bytes += read.outcome.inflated_bytes;
        }
        for counts in &merged.by_object {
            self.records.written += counts.written;
            self.records.duplicates += counts.duplicates;
            self.records.read_before += counts.read_before;
        }
        let in_s3 = outcomes
            .keys()
            .filter(|number| objects[**number].is_in_s3());
        self.requests.get += in_s3.count() as u64;
        self.add_unread(outcomes);
    }

    /// Adds the objects of a group that could not be read.
    pub fn add_unread(&mut self, outcomes: &Outcomes) {
        for error in outcomes
            .values()
            .filter_map(|outcome| outcome.as_ref().err())
        {
            self.objects.failed += 1;
            *self
                .objects
                .failed_reasons
                .entry(error.status())
                .or_default() += 1;
        }
    }

    /// Adds files that are about to be committed.
    pub fn add_files(&mut self, files: &[DataFile]) {
        for file in files {
            self.tables.entry(file.table.clone()).or_default().add(file);
        }
    }

    /// Checks that every object is accounted for.
    ///
    /// # Errors
    ///
    /// Returns the sum that does not add up.
    pub fn check_balance(&self) -> Result<(), Unbalanced> {
        let o = &self.objects;
        let objects = o.read + o.skipped + o.filtered + o.digest + o.foreign + o.failed;
        if o.listed != objects {
            let what = format!("{} objects listed, {objects} accounted for", o.listed);
            return Err(Unbalanced { what });
        }
        Ok(())
    }

    /// Checks that every record is accounted for.
    ///
    /// # Errors
    ///
    /// Returns the sum that does not add up.
    pub fn check_records(&self) -> Result<(), Unbalanced> {
        let r = &self.records;
        let records = r.written + r.duplicates + r.filtered + r.rejected + r.read_before;
        if r.read != records {
            return Err(Unbalanced {
                what: format!("{} records read, {records} accounted for", r.read),
            });
        }
        Ok(())
    }

    /// Returns true where something could not be used.
    pub fn has_rejects(&self) -> bool {
        self.records.rejected > 0 || self.objects.corrupt > 0 || self.objects.failed > 0
    }

    /// Writes the summary for people.
    ///
    /// # Errors
    ///
    /// Returns what writing gave.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_dry {
            return self.write_plan(out);
        }
        let (o, r) = (&self.objects, &self.records);
        let mut line = |label: &str, count: u64, parts: &[(u64, &str)]| {
            let parts: Vec<_> = parts
                .iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!("{} {what}", digits(*n)))
                .collect();
            let detail = if parts.is_empty() {
                String::new()
            } else {
                format!("  ({})", parts.join(", "))
            };
            writeln!(out, "{label:9}{:>14}{detail}", digits(count))
        };
        line(
            "objects",
            o.listed,
            &[
                (o.read, "read"),
                (o.skipped, "read before"),
                (o.filtered, "filtered"),
                (o.digest, "digests"),
                (o.foreign, "foreign"),
                (o.failed, "failed"),
            ],
        )?;
        line(
            "records",
            r.read,
            &[
                (r.written, "written"),
                (r.duplicates, "duplicates"),
                (r.filtered, "filtered"),
                (r.rejected, "rejected"),
                (r.read_before, "read before"),
            ],
        )?;
        for (name, table) in &self.tables {
            let (rows, files) = (digits(table.rows), table.files);
            let plural = if files == 1 { "file" } else { "files" };
            writeln!(
                out,
                "  {name:18}{rows:>14} rows  {files:>5} {plural:5}  {:>10}",
                size(table.bytes)
            )?;
        }
        self.write_trouble(out)?;
        if self.objects.read == 0 {
            return writeln!(out, "nothing new: {} is as it was", printable(&self.out));
        }
        let rate = |n: u64| {
            if self.seconds > 0.0 {
                n as f64 / self.seconds
            } else {
                0.0
            }
        };
        write!(
            out,
            "{} read, {} inflated in {:.1} s: {:.0} records/s",
            size(self.object_bytes),
            size(self.inflated_bytes),
            self.seconds,
            rate(r.read),
        )?;
        if let Some(bytes) = self.peak_memory_bytes {
            write!(out, ", {} of memory at most", size(bytes))?;
        }
        if self.scratch_bytes > 0 {
            write!(out, ", {} of scratch", size(self.scratch_bytes))?;
        }
        writeln!(out, "\ntables are in {}", printable(&self.out))
    }

    /// Says what a run would do.
    fn write_plan(&self, out: &mut dyn Write) -> io::Result<()> {
        let (o, todo) = (&self.objects, &self.outstanding);
        writeln!(
            out,
            "{} objects listed, {} read before, {} digests, {} foreign",
            digits(o.listed),
            digits(o.skipped),
            digits(o.digest),
            digits(o.foreign)
        )?;
        writeln!(
            out,
            "a run would read {} objects, {}, in {} commit groups, into {}; nothing was read or written",
            digits(todo.objects),
            size(todo.bytes),
            digits(todo.commit_groups),
            printable(&self.out)
        )
    }

    fn write_trouble(&self, out: &mut dyn Write) -> io::Result<()> {
        let (o, r) = (&self.objects, &self.records);
        let list = |counts: &mut dyn Iterator<Item = (&str, u64)>| {
            counts
                .map(|(what, n)| format!("{} {}", digits(n), printable(what)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !o.failed_reasons.is_empty() {
            let reasons = list(&mut o.failed_reasons.iter().map(|(what, n)| (*what, *n)));
            writeln!(out, "not read: {reasons} (see table objects)")?;
        }
        let retried = self.requests.retried.by_reason();
        let retried: Vec<_> = retried.into_iter().filter(|(_, n)| *n > 0).collect();
        if !retried.is_empty() {
            let reasons = list(&mut retried.into_iter());
            writeln!(out, "requests made again: {reasons}")?;
        }
        if o.corrupt > 0 {
            writeln!(
                out,
                "broken objects, of which whole records were kept: {}",
                digits(o.corrupt)
            )?;
        }
        if !self.rejects.is_empty() {
            let reasons = list(&mut self.rejects.iter().map(|(what, n)| (*what, *n)));
            writeln!(out, "rejects: {reasons} (see table rejects)")?;
        }
        if r.conflicting > 0 {
            writeln!(
                out,
                "records with the ids of another and other content, both kept: {}",
                digits(r.conflicting)
            )?;
        }
        Ok(())
    }
}

/// Returns the most memory that the process held, where the system says (Linux: `VmHWM`).
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(
        line.trim()
            .strip_suffix(" kB")?
            .trim()
            .parse::<u64>()
            .ok()?
            * 1024,
    )
}

/// Returns a count with its digits in groups of three.
pub fn digits(n: u64) -> String {
    let plain = n.to_string();
    let mut grouped = String::new();
    for (place, digit) in plain.chars().enumerate() {
        if place > 0 && (plain.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a size for people.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balanced() -> Summary {
        Summary {
            objects: Objects {
                listed: 6,
                read: 1,
                skipped: 1,
                filtered: 1,
                digest: 1,
                foreign: 1,
                failed: 1,
                ..Objects::default()
            },
            records: Records {
                read: 10,
                written: 4,
                duplicates: 3,
                filtered: 2,
                rejected: 1,
                ..Records::default()
            },
            ..Summary::default()
        }
    }

    #[test]
    fn a_run_that_does_not_balance_fails() {
        assert_eq!(balanced().check_balance(), Ok(()));
        assert_eq!(balanced().check_records(), Ok(()));
        let mut lost_object = balanced();
        lost_object.objects.listed += 1;
        assert_eq!(
            lost_object
                .check_balance()
                .expect_err("one is lost")
                .to_string(),
            "the books do not balance: 7 objects listed, 6 accounted for; it is not committed, please report this"
        );
        let mut lost_record = balanced();
        lost_record.records.written -= 1;
        assert!(lost_record.check_records().is_err());
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(digits),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(size),
            ["0 B", "999 B", "1.0 kB", "1.2 MB"]
        );
    }
}
