//! What a dataset asks of the place it lies in: a folder here, or a prefix of a bucket. The protocol of staging, committing
//! and publishing is [`dataset`](super::dataset)'s, the same for all places.
//!
//! Paths are relative to the dataset's root, with `/`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;

use super::SinkError;
use super::inventory::Found;
use crate::commit::{DataFile, Upload};

/// A place for a dataset.
pub trait Store: Debug + Send + Sync {
    /// The place, as it was given.
    fn address(&self) -> &str;

    /// Makes this process the only writer until it ends, where the place can do that. Where it cannot, writers find each
    /// other out when they create entries of the log.
    ///
    /// # Errors
    ///
    /// [`SinkError::Busy`] where another process writes.
    fn lock(&self) -> Result<(), SinkError>;

    /// Finds out, before anything is committed, whether [`create`](Self::create) refuses what is there already.
    ///
    /// # Errors
    ///
    /// Where it does not, or the place says no.
    fn probe(&self) -> Result<(), SinkError>;

    /// Whether there is anything that is not below `_trailmill/`.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn holds_data(&self) -> Result<bool, SinkError>;

    /// The names of the files that lie directly in a folder; none where there is no such folder.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn names(&self, folder: &str) -> Result<Vec<String>, SinkError>;

    /// A whole small file; `None` where there is none.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn read(&self, path: &str) -> Result<Option<Bytes>, SinkError>;

    /// Creates a file, whole or not at all, and durably; false where there is one already.
    ///
    /// # Errors
    ///
    /// What the place says. Whether the file was created is then open.
    fn create(&self, path: &str, content: &[u8]) -> Result<bool, SinkError>;

    /// Begins a data file that will be published at a path. Until then no reader of the dataset sees it.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError>;

    /// The size in bytes of the published file at a path; `None` where there is none.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn size(&self, path: &str) -> Result<Option<u64>, SinkError>;

    /// Brings staged files to their places, in order, those that are not there yet: durably, each whole at once. Whether one is
    /// there is settled by looking. Returns the path of the first that can no longer be published, because what was staged for
    /// it is gone.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError>;

    /// Removes files, those that are there.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn remove(&self, paths: &[String]) -> Result<(), SinkError>;

    /// Whether sweeping takes what another writer, alive or not, may still want: then a claim is appended to the log first.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn has_stages_of_others(&self) -> Result<bool, SinkError>;

    /// Removes what is staged and was not published, whoever staged it; where it was asked before whether there is anything
    /// [of others](Self::has_stages_of_others), what was there then.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn sweep_all(&self) -> Result<(), SinkError>;

    /// Removes what this process has staged and not published.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn sweep_own(&self) -> Result<(), SinkError>;

    /// Removes what [`lock`](Self::lock) and staging left, where nothing was ever committed: the place is as it was.
    fn leave(&self);

    /// Everything that lies in the place but folders, by path, links not followed.
    ///
    /// # Errors
    ///
    /// [`SinkError::NoDataset`] where there is no log, or what the place says.
    fn inventory(&self) -> Result<BTreeMap<String, Found>, SinkError>;

    /// Opens a published file for reading.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn open(&self, path: &str) -> Result<Arc<dyn ReadAt>, SinkError>;
}

/// A data file that is being staged. Dropped before it is finished, it is swept later.
pub trait Stage: Write + Debug + Send {
    /// Completes the file: its bytes are durable when this returns. Returns what publishing needs, where that is more than
    /// the path.
    ///
    /// # Errors
    ///
    /// What the place says.
    fn finish(self: Box<Self>) -> Result<Option<Upload>, SinkError>;
}

/// A file that is read here and there.
pub trait ReadAt: Debug + Send + Sync {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// The bytes from `start` on, exactly as many as asked for.
    ///
    /// # Errors
    ///
    /// What the place says; `UnexpectedEof` where the file ends before.
    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes>;
}
