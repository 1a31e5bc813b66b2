//! A dataset in a folder: staged files, the commit log, publishing.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::commit::{DataFile, Entry, done_text};
use crate::table::Table;
use crate::trail::hash::hex;
use crate::trail::time::{DAY, format_date};

pub(super) const OURS: &str = "_trailmill";
pub(super) const LOCK: &str = "lock";

/// Why a dataset cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The folder holds something.
    #[error(
        "{0} is not empty: give --out a new or empty folder (adding to a dataset is not possible yet)"
    )]
    NotEmpty(String),
    /// The folder holds what a run had committed that was killed; it is complete now.
    #[error(
        "{0} holds the dataset of a run that was killed while it published its files: that is done now, and there is nothing left to do"
    )]
    Completed(String),
    /// Another run is writing.
    #[error("another run is writing to {0}: wait for it to end, and run again")]
    Busy(String),
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
    /// A file that an entry names is nowhere.
    #[error(
        "{path} is committed and lost: neither it nor what was staged for it is there; delete the dataset, and run again"
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

pub(super) fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.display().to_string();
    move |source| SinkError::Io { verb, path, source }
}

/// A dataset that is being written, by this process alone. Dropped before it is committed, it leaves the folder as it was.
#[derive(Debug)]
pub struct Dataset {
    root: PathBuf,
    /// Whether the folder was there before.
    root_existed: bool,
    is_committed: bool,
    /// Locked until the process ends, however it does.
    _lock: File,
}

impl Dataset {
    /// Begins a dataset in a folder that is new or empty. What a killed run left there is finished where it was committed,
    /// and swept where it was not.
    ///
    /// # Errors
    ///
    /// Returns an error where the folder holds something, another run is writing to it, or it cannot be made.
    pub fn create(root: &Path) -> Result<Self, SinkError> {
        let root_existed = root.exists();
        let ours = root.join(OURS);
        let shown = || root.display().to_string();
        let holds_theirs = root_existed && holds_theirs(root)?;
        if holds_theirs && !ours.exists() {
            return Err(SinkError::NotEmpty(shown()));
        }
        fs::create_dir_all(ours.join("log")).map_err(failed("create", &ours))?;
        let mut dataset = Self {
            root: root.to_owned(),
            root_existed,
            is_committed: true, // until it is known that nothing is
            _lock: lock(root)?,
        };
        if let Some(entry) = dataset.last_entry()? {
            if dataset.done_path(&entry).exists() {
                dataset.sweep()?;
                return Err(SinkError::NotEmpty(shown()));
            }
            dataset.publish(&entry)?;
            return Err(SinkError::Completed(shown()));
        }
        if holds_theirs {
            return Err(SinkError::NotEmpty(shown()));
        }
        dataset.is_committed = false;
        dataset.sweep()?;
        let stage = dataset.stage_path();
        fs::create_dir(&stage).map_err(failed("create", &stage))?;
        Ok(dataset)
    }

    /// Begins a data file of a table's partition.
    ///
    /// # Errors
    ///
    /// Returns an error where the file cannot be made.
    pub fn stage(&self, table: &Table, day: i64, name: &str) -> Result<StagedFile, SinkError> {
        let date = format_date(day * DAY);
        let path = format!("{}/{}={date}/{name}.parquet", table.name, table.partition);
        let staged = self.staged_path(&path);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&staged);
        let file = BufWriter::with_capacity(1 << 20, file.map_err(failed("create", &staged))?);
        Ok(StagedFile {
            path,
            staged,
            out: Hashing {
                file,
                sha256: Sha256::new(),
                bytes: 0,
            },
        })
    }

    /// Commits staged files by entry 1 and publishes them, in the order given.
    ///
    /// # Errors
    ///
    /// Returns an error where the file system fails; before the entry exists nothing is committed.
    pub fn commit(mut self, mut entry: Entry, files: &[Staged]) -> Result<Entry, SinkError> {
        entry.added = files.iter().map(|file| file.data.clone()).collect();
        let path = self.log_path(&format!("{}.json", entry.number));
        let text = entry
            .to_json()
            .map_err(|e| log_error(&path, &e.to_string()))?;
        self.is_committed = true; // even where creating the entry fails half-way
        self.create_whole(&path, &text)?;
        self.publish(&entry)?;
        Ok(entry)
    }

    /// Brings the files of an entry to their places, those that are not there yet, and says that it is done.
    fn publish(&self, entry: &Entry) -> Result<(), SinkError> {
        for data in &entry.added {
            let (staged, target) = (self.staged_path(&data.path), self.target_path(data)?);
            // Looking settles it: a rename is whole or not there.
            if fs::metadata(&target).is_ok_and(|found| found.len() == data.bytes) {
                continue;
            }
            if !staged.exists() {
                return Err(SinkError::Lost {
                    path: target.display().to_string(),
                });
            }
            let folder = target.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
            fs::rename(&staged, &target).map_err(failed("publish", &target))?;
            sync_folder(folder)?;
        }
        let text = self.log_path(&format!("{}.json", entry.number));
        let text = fs::read(&text).map_err(failed("read", &text))?;
        let done = done_text(&hex(&Sha256::digest(&text)));
        self.create_whole(&self.done_path(entry), done.as_bytes())?;
        self.sweep()
    }

    /// Removes what is staged and in no entry.
    fn sweep(&self) -> Result<(), SinkError> {
        let stage = self.stage_path();
        match fs::remove_dir_all(&stage) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", &stage)(e)),
            _ => Ok(()),
        }
    }

    fn last_entry(&self) -> Result<Option<Entry>, SinkError> {
        Ok(entries(&self.root)?.pop())
    }

    /// Creates a file of the log, whole or not at all, and only where there is none.
    fn create_whole(&self, path: &Path, text: &[u8]) -> Result<(), SinkError> {
        let stage = self.stage_path();
        fs::create_dir_all(&stage).map_err(failed("create", &stage))?;
        let temporary = stage.join("log");
        let mut file = File::create(&temporary).map_err(failed("create", &temporary))?;
        file.write_all(text)
            .and_then(|()| file.sync_all())
            .map_err(failed("write", &temporary))?;
        fs::hard_link(&temporary, path).map_err(failed("create", path))?;
        fs::remove_file(&temporary).map_err(failed("remove", &temporary))?;
        sync_folder(&self.root.join(OURS).join("log"))
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.root.join(OURS).join("log").join(name)
    }

    fn done_path(&self, entry: &Entry) -> PathBuf {
        self.log_path(&format!("{}.done", entry.number))
    }

    fn stage_path(&self) -> PathBuf {
        self.root.join(OURS).join("stage")
    }

    /// Where a file of the log belongs.
    fn target_path(&self, data: &DataFile) -> Result<PathBuf, SinkError> {
        if data.stays_inside() {
            return Ok(self.root.join(&data.path));
        }
        let log = self.root.join(OURS).join("log");
        let why = format!("it names {}, which is not in the dataset", data.path);
        Err(log_error(&log, &why))
    }

    /// Where the file lies that will be published at a path of the dataset.
    fn staged_path(&self, path: &str) -> PathBuf {
        self.stage_path().join(path.replace('/', "-") + ".part")
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        if self.is_committed {
            return;
        }
        // What cannot be removed now is named by the next run.
        let _ = fs::remove_dir_all(self.root.join(OURS));
        if !self.root_existed {
            let _ = fs::remove_dir(&self.root);
        }
    }
}

/// Returns whether a folder holds anything but what is ours.
fn holds_theirs(root: &Path) -> Result<bool, SinkError> {
    for found in fs::read_dir(root).map_err(failed("read", root))? {
        if found.map_err(failed("read", root))?.file_name() != OURS {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes this process the only writer. The lock goes with the process, killed or not; one that is stopped keeps it.
fn lock(root: &Path) -> Result<File, SinkError> {
    let path = root.join(OURS).join(LOCK);
    let options = OpenOptions::new().append(true).create(true).open(&path);
    let file = options.map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SinkError::Busy(root.display().to_string())),
        Err(TryLockError::Error(source)) => Err(SinkError::NoLocks {
            path: path.display().to_string(),
            source,
        }),
    }
}

/// Returns the entries of a dataset's log.
fn entries(root: &Path) -> Result<Vec<Entry>, SinkError> {
    let log = root.join(OURS).join("log");
    let mut entries = Vec::new();
    for number in 1_u64.. {
        let path = log.join(format!("{number}.json"));
        let text = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => break,
            text => text.map_err(failed("read", &path))?,
        };
        entries.push(Entry::from_json(&text).map_err(|why| log_error(&path, &why))?);
    }
    Ok(entries)
}

/// Returns the data files of a dataset, by its log.
///
/// # Errors
///
/// Returns an error where there is no dataset, or its log cannot be used.
pub fn live_files(root: &Path) -> Result<Vec<DataFile>, SinkError> {
    let entries = entries(root)?;
    if entries.is_empty() {
        return Err(SinkError::NoDataset(root.display().to_string()));
    }
    let mut files: Vec<DataFile> = Vec::new();
    for entry in entries {
        files.retain(|file| !entry.removed.contains(&file.path));
        files.extend(entry.added);
    }
    Ok(files)
}

fn log_error(path: &Path, why: &str) -> SinkError {
    SinkError::Log {
        path: path.display().to_string(),
        why: why.to_owned(),
    }
}

/// A rename is durable when its folder is. Windows has no such call, and needs none.
fn sync_folder(folder: &Path) -> Result<(), SinkError> {
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("sync", folder))?;
    }
    Ok(())
}

/// A data file that is being written.
#[derive(Debug)]
pub struct StagedFile {
    path: String,
    staged: PathBuf,
    out: Hashing,
}

/// A data file that is complete and not committed.
#[derive(Debug)]
pub struct Staged {
    data: DataFile,
}

impl Staged {
    /// Returns what the log will say of it.
    pub fn data(&self) -> &DataFile {
        &self.data
    }
}

impl StagedFile {
    /// Returns what to write to, and what completes the file afterwards.
    pub fn split(self) -> (Hashing, Pending) {
        (
            self.out,
            Pending {
                path: self.path,
                staged: self.staged,
            },
        )
    }
}

/// A staged file without its writer.
#[derive(Debug)]
pub struct Pending {
    path: String,
    staged: PathBuf,
}

impl Pending {
    /// Completes the file: its bytes are on disk when this returns.
    ///
    /// # Errors
    ///
    /// Returns an error where the bytes cannot be written.
    pub fn close(
        self,
        out: Hashing,
        table: &Table,
        rows: u64,
        times: Option<(i64, i64)>,
    ) -> Result<Staged, SinkError> {
        let (bytes, sha256) = (out.bytes, hex(&out.sha256.finalize()));
        let file = out
            .file
            .into_inner()
            .map_err(|e| failed("write", &self.staged)(e.into_error()))?;
        file.sync_all().map_err(failed("write", &self.staged))?;
        let data = DataFile {
            path: self.path,
            table: table.name.to_owned(),
            bytes,
            rows,
            sha256,
            times,
        };
        Ok(Staged { data })
    }
}

/// A file, and the checksum of what was written to it.
#[derive(Debug)]
pub struct Hashing {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
