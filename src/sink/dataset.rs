//! A dataset that is written: data files are staged, an entry of the log commits them, then they are published. The same
//! protocol in every [`Store`].
//!
//! Entry n is created only where there is none. Whoever finds one there that is not its own was overtaken. What an earlier writer had
//! committed and not published is published before anything else is done; an entry whose files were lost meanwhile is taken back by another.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::reader::DataReader;
use super::s3::{Bucket, WriteOptions};
use super::store::{Stage, Store};
use super::{RUNS, SinkError};
use crate::aws::AwsOptions;
use crate::commit::{
    Coverage, DataFile, Entry, FORMAT_VERSION, LOG_FOLDER, Purpose, SETTINGS_PATH, Settings,
    done_path, done_text, entry_path, log_file,
};
use crate::limits;
use crate::table::Table;
use crate::trail::hash::hex;
use crate::trail::time::{DAY, format, format_date};

/// Opens the place that an address names: a prefix of a bucket (`s3://bucket[/prefix]`), or a folder.
///
/// # Errors
///
/// Returns an error where the address is none, or there are no credentials for S3.
pub fn place(
    address: &str,
    aws: &AwsOptions,
    write: WriteOptions,
) -> Result<Arc<dyn Store>, SinkError> {
    if address.starts_with("s3:") || address.contains("://") {
        let bucket = Bucket::new(address, aws, write)?;
        return Ok(Arc::new(bucket));
    }
    Ok(Arc::new(Folder::new(Path::new(address))))
}

/// A dataset as its log says.
#[derive(Debug)]
pub struct Dataset {
    store: Arc<dyn Store>,
    state: State,
    /// Entries that are not published, oldest first.
    unfinished: Vec<Entry>,
}

/// What the entries of a log come to.
#[derive(Debug, Default)]
struct State {
    /// The files that belong to the dataset, by path.
    live: BTreeMap<String, DataFile>,
    settings: Option<Settings>,
    coverage: Option<Coverage>,
    /// The name of the last group that was added and not taken back.
    last_group: Option<String>,
    entries: u64,
    /// SHA-256 of the last entry.
    last_sha256: Option<String>,
}

impl Dataset {
    /// Reads the log of a dataset; without one, it has no entries.
    ///
    /// # Errors
    ///
    /// Returns an error where the log cannot be read, or has a gap.
    pub fn read(store: Arc<dyn Store>) -> Result<Self, SinkError> {
        let mut dataset = Self {
            store,
            state: State::default(),
            unfinished: Vec::new(),
        };
        dataset.read_log()?;
        Ok(dataset)
    }

    /// Reads the log of a dataset that has to be there.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and where there is no dataset.
    pub fn existing(store: Arc<dyn Store>) -> Result<Self, SinkError> {
        let dataset = Self::read(store)?;
        if dataset.is_new() {
            return Err(SinkError::NoDataset(dataset.address().to_owned()));
        }
        Ok(dataset)
    }

    fn read_log(&mut self) -> Result<(), SinkError> {
        let mut numbers = Vec::new();
        let mut is_done = Vec::new();
        for name in self.store.names(LOG_FOLDER)? {
            match log_file(&name) {
                Some((number, true)) => numbers.push(number),
                Some((number, false)) => is_done.push(number),
                None => {}
            }
        }
        numbers.sort_unstable();
        is_done.sort_unstable();
        let texts = self.read_entries(&numbers)?;
        for ((number, text), expected) in numbers.into_iter().zip(texts).zip(1..) {
            if number != expected {
                let why =
                    "it is not there, and later ones are: restore it from a copy of the dataset";
                return Err(log_error(expected, why));
            }
            let entry = Entry::from_json(&text).map_err(|why| log_error(number, &why))?;
            if entry.number != number || entry.parent != self.state.last_sha256 {
                let why = "it does not follow the entry before it: restore both from a copy of the dataset (see trailmill verify)";
                return Err(log_error(number, why));
            }
            self.state.follow(&entry, &text)?;
            if is_done.binary_search(&number).is_err() {
                self.unfinished.push(entry);
            }
        }
        Ok(())
    }

    /// Reads entries of the log, several at once: in S3 each takes some 30 ms.
    fn read_entries(&self, numbers: &[u64]) -> Result<Vec<Bytes>, SinkError> {
        let next = AtomicUsize::new(0);
        let read_some = || {
            let mut read = Vec::new();
            while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let text = self.store.read(&entry_path(*number))?.unwrap_or_default();
                read.push((*number, text));
            }
            Ok(read)
        };
        let n_readers = limits::LOG_ENTRIES_READ_AT_ONCE.min(numbers.len());
        let read: Vec<Result<Vec<(u64, Bytes)>, SinkError>> = thread::scope(|scope| {
            let readers: Vec<_> = (0..n_readers).map(|_| scope.spawn(read_some)).collect();
            readers
                .into_iter()
                .map(|reader| reader.join().unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        });
        let mut entries: BTreeMap<u64, Bytes> = BTreeMap::new();
        for read in read {
            entries.extend(read?);
        }
        Ok(entries.into_values().collect())
    }

    /// Returns whether nothing was ever committed.
    pub fn is_new(&self) -> bool {
        self.state.entries == 0
    }

    /// Returns the place, as it was given.
    pub fn address(&self) -> &str {
        self.store.address()
    }

    /// Returns what the first run has settled for all others.
    pub fn settings(&self) -> Option<&Settings> {
        self.state.settings.as_ref()
    }

    /// Returns what is known of the bucket.
    pub fn coverage(&self) -> Option<&Coverage> {
        self.state.coverage.as_ref()
    }

    /// Returns the name of the last group.
    pub fn last_group(&self) -> Option<&str> {
        self.state.last_group.as_deref()
    }

    /// Returns the files of a table, by path.
    pub fn files(&self, table: &Table) -> impl Iterator<Item = &DataFile> {
        self.state
            .live
            .values()
            .filter(move |file| file.table == table.name)
    }

    /// Opens one of the files for reading.
    ///
    /// # Errors
    ///
    /// Returns what the place says.
    pub fn open(&self, file: &DataFile) -> Result<DataReader, SinkError> {
        self.store.open(&file.path).map(DataReader::new)
    }
}

impl State {
    /// Goes on by one entry.
    fn follow(&mut self, entry: &Entry, text: &[u8]) -> Result<(), SinkError> {
        let paths = entry
            .added
            .iter()
            .map(|file| &file.path)
            .chain(&entry.removed);
        for path in paths {
            if !DataFile::path_stays_inside(path) {
                let why = format!("it names {path}, which is not in the dataset");
                return Err(log_error(entry.number, &why));
            }
        }
        for path in &entry.removed {
            self.live.remove(path);
        }
        for file in &entry.added {
            self.live.insert(file.path.clone(), file.clone());
        }
        match entry.purpose {
            Purpose::Add => {
                self.settings = self.settings.take().or_else(|| entry.settings.clone());
                self.last_group = Some(entry.commit_id.clone());
            }
            // It names the group that is the last now.
            Purpose::Void(_) => {
                self.last_group = Some(entry.commit_id.clone()).filter(|id| !id.is_empty());
                if self.last_group.is_none() {
                    self.settings = None; // the next group is the first again
                }
            }
            Purpose::Claim | Purpose::Compact | Purpose::Rebuild => {}
        }
        if entry.coverage.is_some() || matches!(entry.purpose, Purpose::Void(_)) {
            self.coverage.clone_from(&entry.coverage);
        }
        self.entries = entry.number;
        self.last_sha256 = Some(hex(&Sha256::digest(text)));
        Ok(())
    }
}

/// A dataset that this process writes, alone where the place can tell. Dropped, it leaves nothing that was not committed.
#[derive(Debug)]
pub struct DatasetWriter {
    dataset: Dataset,
    run_id: String,
    nonce: String,
    /// Whether an entry may be there that is not published: what is staged is not ours to sweep then.
    is_appending: bool,
    /// Whether the place is known to refuse to overwrite entries.
    is_probed: bool,
}

impl std::ops::Deref for DatasetWriter {
    type Target = Dataset;

    fn deref(&self) -> &Dataset {
        &self.dataset
    }
}

impl DatasetWriter {
    /// As [`open`](Self::open), for a run of this process that began at a time, in microseconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn begin(store: Arc<dyn Store>, now: i64) -> Result<Self, SinkError> {
        let run_id = format(now).replace([':', '-'], "");
        let nonce = format!("{run_id}-{}", std::process::id());
        Self::open(store, run_id, nonce)
    }

    /// Opens a dataset for writing, a new one where there is none: what was committed and not published is published, what was
    /// staged and not committed is swept. `run_id` names the run in the log, `nonce` tells it from any other.
    ///
    /// # Errors
    ///
    /// Returns an error where the place holds something else, another run is writing to it, or it cannot be made.
    pub fn open(store: Arc<dyn Store>, run_id: String, nonce: String) -> Result<Self, SinkError> {
        let is_ours = !store.names(super::OURS)?.is_empty() || !store.names(LOG_FOLDER)?.is_empty();
        if !is_ours && store.holds_data()? {
            return Err(SinkError::NotEmpty(store.address().to_owned()));
        }
        store.lock()?;
        let dataset = Dataset::read(store)?;
        let mut writer = Self {
            dataset,
            run_id,
            nonce,
            is_appending: false,
            is_probed: false,
        };
        if writer.is_new() {
            if writer.store().holds_data()? {
                return Err(SinkError::NotEmpty(writer.address().to_owned()));
            }
            writer.probe()?; // before hours of work
        }
        for entry in std::mem::take(&mut writer.dataset.unfinished) {
            writer.publish(&entry)?;
        }
        if writer.store().has_stages_of_others()? {
            let claim = writer.entry(Purpose::Claim, "");
            writer.append(&claim)?;
        }
        writer.store().sweep_all()?;
        Ok(writer)
    }

    /// Begins a data file of a table's partition; `name` is without its ending.
    ///
    /// # Errors
    ///
    /// Returns an error where the file cannot be made.
    pub fn stage(&self, table: &Table, day: i64, name: &str) -> Result<StagedFile, SinkError> {
        let date = format_date(day * DAY);
        let path = format!("{}/{}={date}/{name}.parquet", table.name, table.partition);
        let out = self.store().stage(&path)?;
        Ok(StagedFile {
            path,
            out: Hashing {
                out,
                sha256: Sha256::new(),
                bytes: 0,
            },
        })
    }

    /// Returns an entry that can be filled and appended.
    pub fn entry(&self, purpose: Purpose, commit_id: &str) -> Entry {
        Entry {
            format: FORMAT_VERSION.to_owned(),
            number: self.dataset.state.entries + 1,
            parent: self.dataset.state.last_sha256.clone(),
            commit_id: commit_id.to_owned(),
            run_id: self.run_id.clone(),
            nonce: self.nonce.clone(),
            purpose,
            added: Vec::new(),
            removed: Vec::new(),
            settings: None,
            coverage: None,
        }
    }

    /// Commits an entry, and publishes its files in their order: those removed go when those added are there.
    ///
    /// # Errors
    ///
    /// Returns an error where the place fails, or another run was faster.
    #[expect(clippy::needless_pass_by_value, reason = "what is committed is spent")]
    pub fn commit(&mut self, entry: Entry) -> Result<(), SinkError> {
        self.append(&entry)?;
        self.store().sweep_own() // what was staged for nothing
    }

    /// Returns whether an entry may be there whose files are not all published: the next writer begins with that.
    pub fn is_publishing(&self) -> bool {
        self.is_appending
    }

    /// Keeps what the run did, for people: nothing reads it.
    ///
    /// # Errors
    ///
    /// Returns an error where the place fails.
    pub fn keep_summary(&self, summary: &[u8]) -> Result<(), SinkError> {
        let path = format!("{RUNS}/{}.json", self.nonce);
        self.store().create(&path, summary).map(|_| ())
    }

    fn append(&mut self, entry: &Entry) -> Result<(), SinkError> {
        let path = entry_path(entry.number);
        let text = entry
            .to_json()
            .map_err(|e| log_error(entry.number, &e.to_string()))?;
        self.probe()?;
        self.is_appending = true;
        let is_created = match self.store().create(&path, &text) {
            Err(error) => {
                self.is_appending = !self.surely_is_absent(&path, &error);
                return Err(error);
            }
            created => created?,
        };
        // A request that was repeated meets what it did the first time.
        if !is_created && self.store().read(&path)?.as_deref() != Some(&text) {
            self.is_appending = false;
            return Err(SinkError::Overtaken(self.address().to_owned()));
        }
        self.dataset.state.follow(entry, &text)?;
        self.publish(entry)?;
        self.is_appending = false;
        Ok(())
    }

    /// Whether an entry that could not be created is not there, and will not come. A request may still be on its way; a call of
    /// the file system is not.
    fn surely_is_absent(&self, path: &str, error: &SinkError) -> bool {
        matches!(error, SinkError::Io { .. }) && matches!(self.store().read(path), Ok(None))
    }

    /// Finds out, once and before the first entry, whether entries cannot be overwritten. A run that has nothing to add asks nothing.
    fn probe(&mut self) -> Result<(), SinkError> {
        if !self.is_probed {
            self.store().probe()?;
            self.is_probed = true;
        }
        Ok(())
    }

    /// Brings the files of an entry to their places, takes away those it removes, and says that it is done.
    fn publish(&mut self, entry: &Entry) -> Result<(), SinkError> {
        if let Some(lost) = self.store().publish(&entry.added)? {
            return self.take_back(entry, &lost);
        }
        self.store().remove(&entry.removed)?;
        if let Some(settings) = &entry.settings {
            self.store().create(SETTINGS_PATH, &settings.to_json())?;
        }
        if let Purpose::Void(number) = entry.purpose {
            self.settle(number)?;
        }
        self.settle(entry.number)
    }

    /// Says that nothing is left to do for an entry.
    fn settle(&self, number: u64) -> Result<(), SinkError> {
        let text = self.store().read(&entry_path(number))?.unwrap_or_default();
        let done = done_text(&hex(&Sha256::digest(&text)));
        self.store().create(&done_path(number), done.as_bytes())?;
        Ok(())
    }

    /// Appends an entry that undoes one whose file is lost. Nothing else can have followed it: every writer begins by publishing.
    fn take_back(&mut self, entry: &Entry, lost: &str) -> Result<(), SinkError> {
        let is_last = entry.number == self.dataset.state.entries;
        let before = self.state_before(entry)?;
        let replaced: Vec<DataFile> = entry
            .removed
            .iter()
            .filter_map(|path| before.live.get(path).cloned())
            .collect();
        if !is_last || !self.are_there(&replaced)? {
            return Err(SinkError::Lost {
                path: format!("{}/{lost}", self.address()),
            });
        }
        let group = before.last_group.unwrap_or_default();
        let void = Entry {
            added: replaced,
            removed: entry.added.iter().map(|file| file.path.clone()).collect(),
            coverage: before.coverage,
            ..self.entry(Purpose::Void(entry.number), &group)
        };
        self.append(&void)
    }

    fn state_before(&self, entry: &Entry) -> Result<State, SinkError> {
        let mut state = State::default();
        for number in 1..entry.number {
            let text = self.store().read(&entry_path(number))?.unwrap_or_default();
            let earlier = Entry::from_json(&text).map_err(|why| log_error(number, &why))?;
            state.follow(&earlier, &text)?;
        }
        Ok(state)
    }

    fn are_there(&self, files: &[DataFile]) -> Result<bool, SinkError> {
        for file in files {
            if self.store().size(&file.path)? != Some(file.bytes) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn store(&self) -> &dyn Store {
        &*self.dataset.store
    }
}

impl Drop for DatasetWriter {
    fn drop(&mut self) {
        if self.is_appending {
            return; // the next run finishes it, or sweeps
        }
        if self.is_new() {
            self.store().leave();
        } else {
            let _ = self.store().sweep_own(); // else by the next run
        }
    }
}

fn log_error(number: u64, why: &str) -> SinkError {
    SinkError::Log {
        path: entry_path(number),
        why: why.to_owned(),
    }
}

/// A data file that is being written.
#[derive(Debug)]
pub struct StagedFile {
    path: String,
    out: Hashing,
}

impl StagedFile {
    /// Returns what to write to, and what completes the file afterwards.
    pub fn split(self) -> (Hashing, Pending) {
        (self.out, Pending { path: self.path })
    }
}

/// A staged file without its writer.
#[derive(Debug)]
pub struct Pending {
    path: String,
}

impl Pending {
    /// Completes the file, on a thread of its own: that is waiting for a disk or for S3, and no work.
    pub fn close(
        self,
        out: Hashing,
        table: &'static Table,
        rows: u64,
        times: Option<(i64, i64)>,
    ) -> Closing {
        let close = move || {
            let (bytes, sha256) = (out.bytes, hex(&out.sha256.finalize()));
            Ok(DataFile {
                path: self.path,
                table: table.name.to_owned(),
                bytes,
                rows,
                sha256,
                times,
                upload: out.out.finish()?,
            })
        };
        Closing {
            thread: Some(thread::spawn(close)),
        }
    }
}

/// A staged file that is being completed. Dropped, it is waited for: what is swept then is not written to any more.
#[derive(Debug)]
pub struct Closing {
    thread: Option<JoinHandle<Result<DataFile, SinkError>>>,
}

impl Closing {
    /// Waits until the file's bytes are durable. What comes back is for an entry of the log.
    ///
    /// # Errors
    ///
    /// Returns an error where the bytes cannot be written.
    pub fn wait(mut self) -> Result<DataFile, SinkError> {
        let thread = self.thread.take().expect("waited for once");
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // nobody wants the file
        }
    }
}

/// A staged file, and the checksum of what was written to it.
#[derive(Debug)]
pub struct Hashing {
    out: Box<dyn Stage>,
    sha256: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
