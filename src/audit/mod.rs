//! What must hold between the log, the data files and the books of a dataset, as comparisons of values.
//!
//! Reading them is `verify`'s. Everything here may come from somebody who wants it to be believed: any number, any path, any text.

pub mod books;
pub mod contents;
pub mod log;
pub mod purpose;

use serde::{Serialize, Serializer};

/// What is wrong. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An entry of the log is not there.
    LogMissing,
    /// An entry of the log cannot be read.
    LogUnreadable,
    /// An entry of the log is not what was written.
    LogChanged,
    /// Nothing says what an entry's bytes were: it cannot be checked.
    LogUnsealed,
    /// A run has not ended.
    Unfinished,
    /// A data file is not there.
    Missing,
    /// A data file has other bytes than the entry says.
    Changed,
    /// A data file cannot be read.
    Unreadable,
    /// A data file, or the log itself, holds something else than an entry says.
    Mismatch,
    /// A file that was removed is still there.
    Obsolete,
    /// A file that no entry names.
    Foreign,
    /// A path or a link that leads out of the dataset.
    Outside,
    /// The books do not fit the tables.
    Books,
}

impl Kind {
    /// Returns the name, in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogMissing => "log_missing",
            Self::LogUnreadable => "log_unreadable",
            Self::LogChanged => "log_changed",
            Self::LogUnsealed => "log_unsealed",
            Self::Unfinished => "unfinished",
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Unreadable => "unreadable",
            Self::Mismatch => "mismatch",
            Self::Obsolete => "obsolete",
            Self::Foreign => "foreign",
            Self::Outside => "outside",
            Self::Books => "books",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// Where, from the dataset's root, with `/`.
    pub path: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Finding {
    /// Returns a finding.
    pub fn new(kind: Kind, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.into(),
            what: what.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::commit::{DataFile, Entry, FORMAT_VERSION, Purpose};
    use crate::trail::time::DAY;

    pub(super) fn file(path: &str) -> DataFile {
        DataFile {
            path: path.to_owned(),
            table: "events".to_owned(),
            bytes: 10,
            rows: 2,
            sha256: "00".to_owned(),
            times: Some((DAY, DAY + 1)),
            upload: None,
        }
    }

    pub(super) fn entry(number: u64, added: &[&str], removed: &[&str]) -> Entry {
        Entry {
            format: FORMAT_VERSION.to_owned(),
            number,
            parent: None,
            commit_id: format!("c{number}"),
            run_id: "r".to_owned(),
            nonce: "n".to_owned(),
            purpose: Purpose::Add,
            added: added.iter().map(|path| file(path)).collect(),
            removed: removed.iter().map(|path| (*path).to_owned()).collect(),
            settings: None,
            coverage: None,
        }
    }
}
