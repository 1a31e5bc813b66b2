//! A dataset in a folder: staged files, the commit log, publishing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::commit::{DataFile, Entry};
use crate::table::Table;
use crate::trail::time::{DAY, format_date};

const OURS: &str = "_trailmill";

/// Why a dataset cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The folder holds something.
    #[error(
        "{0} is not empty: give --out a new or empty folder (adding to a dataset is not possible yet)"
    )]
    NotEmpty(String),
    /// The folder holds what a run left that was killed.
    #[error(
        "{0} holds what an unfinished run left: delete {0}/_trailmill if no run is at work, and run again"
    )]
    Unfinished(String),
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

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    let path = path.display().to_string();
    move |source| SinkError::Io { verb, path, source }
}

/// A dataset that is being written. Dropped before it is committed, it leaves the folder as it was.
#[derive(Debug)]
pub struct Dataset {
    root: PathBuf,
    /// Whether the folder was there before.
    root_existed: bool,
    is_committed: bool,
}

impl Dataset {
    /// Begins a dataset in a folder that is new or empty.
    ///
    /// # Errors
    ///
    /// Returns an error where the folder holds something, or cannot be made.
    pub fn create(root: &Path) -> Result<Self, SinkError> {
        let root_existed = root.exists();
        if root_existed {
            refuse_unless_empty(root)?;
        }
        let dataset = Self {
            root: root.to_owned(),
            root_existed,
            is_committed: false,
        };
        for folder in ["stage", "log"] {
            let folder = root.join(OURS).join(folder);
            fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        }
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
        let staged = self
            .root
            .join(OURS)
            .join("stage")
            .join(format!("{}-{date}-{name}.part", table.name));
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
        self.create_entry(&path, &text)?;
        for file in files {
            let target = self.root.join(&file.data.path);
            let folder = target.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
            fs::rename(&file.staged, &target).map_err(failed("publish", &target))?;
            sync_folder(folder)?;
        }
        let done = self.log_path(&format!("{}.done", entry.number));
        File::create(&done).map_err(failed("create", &done))?;
        let stage = self.root.join(OURS).join("stage");
        fs::remove_dir(&stage).map_err(failed("remove", &stage))?;
        sync_folder(&self.root.join(OURS).join("log"))?;
        Ok(entry)
    }

    /// Creates an entry, whole or not at all, and only where there is none.
    fn create_entry(&self, path: &Path, text: &[u8]) -> Result<(), SinkError> {
        let temporary = path.with_extension("new");
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

fn refuse_unless_empty(root: &Path) -> Result<(), SinkError> {
    let entries = fs::read_dir(root).map_err(failed("read", root))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let names: Vec<_> = names
        .collect::<io::Result<_>>()
        .map_err(failed("read", root))?;
    let shown = root.display().to_string();
    match names.as_slice() {
        [] => Ok(()),
        [only] if only == OURS && !root.join(OURS).join("log").join("1.json").exists() => {
            Err(SinkError::Unfinished(shown))
        }
        _ => Err(SinkError::NotEmpty(shown)),
    }
}

/// Returns the data files of a dataset, by its log.
///
/// # Errors
///
/// Returns an error where there is no dataset, or its log cannot be used.
pub fn live_files(root: &Path) -> Result<Vec<DataFile>, SinkError> {
    let log = root.join(OURS).join("log");
    let mut files: Vec<DataFile> = Vec::new();
    for number in 1_u64.. {
        let path = log.join(format!("{number}.json"));
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound && number > 1 => break,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(SinkError::NoDataset(root.display().to_string()));
            }
            Err(e) => return Err(failed("read", &path)(e)),
        };
        let entry = Entry::from_json(&text).map_err(|why| log_error(&path, &why))?;
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
    staged: PathBuf,
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
        Ok(Staged {
            staged: self.staged,
            data,
        })
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

/// Returns bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
