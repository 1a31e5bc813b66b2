//! The commit log's entries: what a group of delivery objects added to a dataset.
//!
//! Beside entry `<n>.json` lies `<n>.done` once its files are published: it holds the SHA-256 of the entry's bytes, as
//! 64 hex digits and a line feed. The next entry names that checksum too, but the last has none after it. Programs before
//! November 2026 left `.done` empty.
//!
//! Only types and their text: writing and publishing is the sink's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the log's format. A reader refuses a greater major version.
///
/// 1.0: entries with files added and removed, the parent's checksum, run id and nonce.
/// 1.1: what an entry is for, the uploads of its files, what had been listed, the dataset's settings.
pub const FORMAT_VERSION: &str = "1.1";

/// The folder of the log, from the dataset's root.
pub const LOG_FOLDER: &str = "_trailmill/log";

/// What all runs into a dataset have in common, for people: the log's first entry that adds is what counts.
pub const SETTINGS_PATH: &str = "_trailmill/dataset.json";

/// Returns where an entry lies.
pub fn entry_path(number: u64) -> String {
    format!("{LOG_FOLDER}/{number}.json")
}

/// Returns where it is said that an entry is published.
pub fn done_path(number: u64) -> String {
    format!("{LOG_FOLDER}/{number}.done")
}

/// Returns the number in the name of a file in the log's folder, and whether it is an entry; none for what is neither an entry
/// nor its `.done`.
pub fn log_file(name: &str) -> Option<(u64, bool)> {
    let (digits, kind) = name.split_once('.')?;
    let number: u64 = digits.parse().ok()?;
    let is_plain = number > 0 && number.to_string() == digits;
    (is_plain && matches!(kind, "json" | "done")).then_some((number, kind == "json"))
}

/// Returns what `<n>.done` holds, given the SHA-256 of the entry in hex.
pub fn done_text(sha256: &str) -> String {
    format!("{sha256}\n")
}

/// One entry: its group is committed from the moment it exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of the format.
    pub format: String,
    /// Number of the entry, from 1.
    pub number: u64,
    /// SHA-256 of the entry before it, in hex; `None` for the first.
    pub parent: Option<String>,
    /// Name of the group, from its inputs and options: what its files are called, and its objects refer to.
    pub commit_id: String,
    /// The run that wrote it.
    pub run_id: String,
    /// Tells a retried request from another writer's.
    pub nonce: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Purpose::is_add")]
    pub purpose: Purpose,
    /// Files that it added.
    pub added: Vec<DataFile>,
    /// Files that it made obsolete, by path.
    pub removed: Vec<String>,
    /// What every run into the dataset has to be asked for; in the first entry that adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// How far the bucket is known once this entry is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
}

/// What an entry is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Adds what delivery objects gave.
    #[default]
    Add,
    /// Keeps a writer off that was thought dead, before what it staged is swept: its next entry collides with this one.
    Claim,
    /// Takes back the entry of that number, because a file of it cannot be published any more. Its objects are outstanding again.
    Void(u64),
    /// Replaces files of one partition by fewer with the same rows.
    Compact,
    /// Replaces files that are derived from `events` by others, derived again.
    Rebuild,
}

impl Purpose {
    fn is_add(&self) -> bool {
        *self == Self::Add
    }
}

/// What is the same for all runs into a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The tables that are written.
    pub tables: Vec<String>,
    /// Width of an activity bucket in seconds.
    pub bucket_seconds: i64,
    /// Row filters by flag, such as `skip-event`, with their values.
    pub filters: BTreeMap<String, Vec<String>>,
}

/// Which delivery objects are known, so that the next listing can begin later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Events from this time on were wanted, in microseconds since 1970; all where `None`.
    pub from: Option<i64>,
    /// By region folder, such as `s3://bucket/AWSLogs/111122223333/CloudTrail/us-east-1/`: the last delivery day, in days since 1970, up to
    /// which all objects are read that can hold such events.
    pub through: BTreeMap<String, i64>,
}

/// One data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Where it lies, from the dataset's root, with `/`.
    pub path: String,
    /// Its table.
    pub table: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// The first and last time in it (event or delivery time), in microseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// What completes it, where it is staged as an upload to S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
}

/// A multipart upload whose parts are all there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// The ETags of its parts, from part 1 on.
    pub parts: Vec<String>,
}

impl DataFile {
    /// Returns true where the path lies below the dataset's folder, on any system: anybody can write a log.
    pub fn stays_inside(&self) -> bool {
        Self::path_stays_inside(&self.path)
    }

    /// As [`stays_inside`](Self::stays_inside), of a path alone.
    pub fn path_stays_inside(path: &str) -> bool {
        path.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':', '\0'])
        })
    }
}

impl Settings {
    /// Returns the settings as they are stored.
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("texts and numbers serialize");
        text.push(b'\n');
        text
    }
}

impl Entry {
    /// Returns the entry as it is stored.
    ///
    /// # Errors
    ///
    /// Returns what serializing gave.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be read: damaged, or of a version that this program does not know.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format: String,
        }
        let Version { format } = serde_json::from_slice(text).map_err(|e| e.to_string())?;
        let major = |version: &str| {
            version
                .split('.')
                .next()
                .and_then(|n| n.parse::<u32>().ok())
        };
        if major(&format) != major(FORMAT_VERSION) {
            return Err(format!(
                "its format is {format}, and this trailmill reads {FORMAT_VERSION}: use a newer one"
            ));
        }
        serde_json::from_slice(text).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            format: FORMAT_VERSION.to_owned(),
            number: 1,
            parent: None,
            commit_id: "c".to_owned(),
            run_id: "r".to_owned(),
            nonce: "n".to_owned(),
            purpose: Purpose::Void(1),
            added: vec![DataFile {
                path: "events/event_date=2026-08-01/a.parquet".to_owned(),
                table: "events".to_owned(),
                bytes: 1,
                rows: 2,
                sha256: "00".to_owned(),
                times: Some((3, 4)),
                upload: None,
            }],
            removed: Vec::new(),
            settings: None,
            coverage: Some(Coverage::default()),
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let text = entry().to_json().expect("serializes");
        assert_eq!(Entry::from_json(&text), Ok(entry()));
    }

    #[test]
    fn a_later_format_is_refused_in_words() {
        let later = Entry {
            format: "2.0".to_owned(),
            ..entry()
        };
        let refusal =
            Entry::from_json(&later.to_json().expect("serializes")).expect_err("another major");
        assert_eq!(
            refusal,
            "its format is 2.0, and this trailmill reads 1.1: use a newer one"
        );
        let newer_minor = Entry {
            format: "1.7".to_owned(),
            ..entry()
        };
        assert_eq!(
            Entry::from_json(&newer_minor.to_json().expect("serializes")),
            Ok(newer_minor)
        );
    }
}
