//! Why a dataset cannot be written or read.

use std::io;
use std::path::Path;

use crate::aws::S3Error;

/// Why a dataset cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The place holds something that is not ours.
    #[error("{0} is not empty and holds no dataset: give --out a new or empty place, or a dataset")]
    NotEmpty(String),
    /// Another run is writing.
    #[error("another run is writing to {0}: wait for it to end, and run again")]
    Busy(String),
    /// Another run has written to the log since this one read it.
    #[error(
        "another run has written to {0} meanwhile: what this one had not committed is dropped; run again to go on"
    )]
    Overtaken(String),
    /// The file system has no locks.
    #[error(
        "cannot lock {path}: give --out a folder on a file system with locks, such as a local disk"
    )]
    NoLocks {
        /// The lock.
        path: String,
        /// What the file system said.
        source: io::Error,
    },
    /// The bucket does not refuse to overwrite.
    #[error(
        "{0} does not refuse to overwrite (If-None-Match): two runs could not find each other out; give --single-writer if there is \
         never more than one"
    )]
    Overwrites(String),
    /// A file of the dataset is not there.
    #[error(
        "{0} is not there, though the log names it: restore it from a copy (see trailmill verify)"
    )]
    Missing(String),
    /// A file is no longer the one that was opened.
    #[error("{0} has changed while it was read: run again")]
    Changed(String),
    /// S3 did not do what was asked.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// A file that an entry names is nowhere, and what it replaced is gone as well.
    #[error(
        "{path} is committed and lost, and the files that it replaces are gone: restore it from a copy, or write the dataset again"
    )]
    Lost {
        /// Where it should lie.
        path: String,
    },
    /// There is no dataset.
    #[error("{0} holds no dataset of trailmill: there is no _trailmill/log in it")]
    NoDataset(String),
    /// An entry of the log cannot be used.
    #[error("log entry {path} cannot be used: {why}")]
    Log {
        /// The entry.
        path: String,
        /// Why.
        why: String,
    },
    /// The file system said no.
    #[error("cannot {verb} {path}")]
    Io {
        /// What was tried.
        verb: &'static str,
        /// With what.
        path: String,
        /// What it said.
        source: io::Error,
    },
}

/// What a call of the file system becomes that failed.
pub(super) fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.display().to_string();
    move |source| SinkError::Io { verb, path, source }
}
