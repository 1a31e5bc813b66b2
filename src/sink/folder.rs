//! A dataset's place in a folder: staged files are renamed, the log's are linked, a lock keeps other writers away.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::error::failed;
use super::inventory::{Found, inventory};
use super::store::{ReadAt, Stage, Store};
use super::{LOCK, OURS, SinkError};
use crate::commit::{DataFile, Upload};

/// A folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    address: String,
    /// Whether the folder was there before.
    existed: bool,
    /// Locked until the process ends, however it does.
    lock: Mutex<Option<File>>,
}

impl Folder {
    /// Returns the place, which need not be there yet.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            address: root.display().to_string(),
            existed: root.exists(),
            lock: Mutex::default(),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn stage_folder(&self) -> PathBuf {
        self.root.join(OURS).join("stage")
    }

    /// Where the file lies that will be published at a path of the dataset.
    fn staged(&self, path: &str) -> PathBuf {
        self.stage_folder().join(path.replace('/', "-") + ".part")
    }

    fn create_stage_folder(&self) -> Result<(), SinkError> {
        let stage = self.stage_folder();
        fs::create_dir_all(&stage).map_err(failed("create", &stage))
    }
}

impl Store for Folder {
    fn address(&self) -> &str {
        &self.address
    }

    /// The lock goes with the process, killed or not; one that is stopped keeps it.
    fn lock(&self) -> Result<(), SinkError> {
        let log = self.root.join(OURS).join("log");
        fs::create_dir_all(&log).map_err(failed("create", &log))?;
        let path = self.root.join(OURS).join(LOCK);
        let options = OpenOptions::new().append(true).create(true).open(&path);
        let file = options.map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
                *lock = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(SinkError::Busy(self.address.clone())),
            Err(TryLockError::Error(source)) => Err(SinkError::NoLocks {
                path: path.display().to_string(),
                source,
            }),
        }
    }

    /// A hard link never replaces what is there.
    fn probe(&self) -> Result<(), SinkError> {
        Ok(())
    }

    fn holds_data(&self) -> Result<bool, SinkError> {
        let found = match fs::read_dir(&self.root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            found => found.map_err(failed("read", &self.root))?,
        };
        for found in found {
            if found.map_err(failed("read", &self.root))?.file_name() != OURS {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, SinkError> {
        let folder = self.at(folder);
        let found = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            found => found.map_err(failed("read", &folder))?,
        };
        let name =
            |found: io::Result<fs::DirEntry>| Ok(found?.file_name().to_string_lossy().into_owned());
        found
            .map(name)
            .collect::<io::Result<_>>()
            .map_err(failed("read", &folder))
    }

    fn read(&self, path: &str) -> Result<Option<Bytes>, SinkError> {
        let path = self.at(path);
        match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            text => Ok(Some(text.map_err(failed("read", &path))?.into())),
        }
    }

    fn create(&self, path: &str, content: &[u8]) -> Result<bool, SinkError> {
        self.create_stage_folder()?;
        let path = self.at(path);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        let temporary = self.stage_folder().join("log");
        // What a killed run left under this name may be the very file of the log that it had linked: it is not to be written to.
        match fs::remove_file(&temporary) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &temporary)(e));
            }
            _ => {}
        }
        let new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary);
        let mut file = new.map_err(failed("create", &temporary))?;
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .map_err(failed("write", &temporary))?;
        let is_new = match fs::hard_link(&temporary, &path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            linked => linked.map(|()| true).map_err(failed("create", &path))?,
        };
        fs::remove_file(&temporary).map_err(failed("remove", &temporary))?;
        sync_folder(folder)?;
        Ok(is_new)
    }

    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError> {
        self.create_stage_folder()?;
        let staged = self.staged(path);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&staged);
        let file = BufWriter::with_capacity(1 << 20, file.map_err(failed("create", &staged))?);
        Ok(Box::new(Staging { staged, file }))
    }

    fn size(&self, path: &str) -> Result<Option<u64>, SinkError> {
        Ok(fs::metadata(self.at(path)).ok().map(|found| found.len()))
    }

    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError> {
        for file in files {
            let (staged, target) = (self.staged(&file.path), self.at(&file.path));
            // Looking settles it: a rename is whole or not there.
            if fs::metadata(&target).is_ok_and(|found| found.len() == file.bytes) {
                continue;
            }
            if !staged.exists() {
                return Ok(Some(file.path.clone()));
            }
            let folder = target.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
            fs::rename(&staged, &target).map_err(failed("publish", &target))?;
            sync_folder(folder)?;
        }
        Ok(None)
    }

    fn remove(&self, paths: &[String]) -> Result<(), SinkError> {
        for path in paths {
            let path = self.at(path);
            match fs::remove_file(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                removed => removed.map_err(failed("remove", &path))?,
            }
            if let Some(folder) = path.parent() {
                sync_folder(folder)?;
                let _ = fs::remove_dir(folder); // where it was the last
            }
        }
        Ok(())
    }

    /// Whoever has the lock is alone.
    fn has_stages_of_others(&self) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn sweep_all(&self) -> Result<(), SinkError> {
        let stage = self.stage_folder();
        match fs::remove_dir_all(&stage) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", &stage)(e)),
            _ => Ok(()),
        }
    }

    fn sweep_own(&self) -> Result<(), SinkError> {
        self.sweep_all()
    }

    fn leave(&self) {
        // What cannot be removed now is swept by the next run.
        let _ = fs::remove_dir_all(self.root.join(OURS));
        if !self.existed {
            let _ = fs::remove_dir(&self.root);
        }
    }

    fn inventory(&self) -> Result<BTreeMap<String, Found>, SinkError> {
        inventory(&self.root)
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadAt>, SinkError> {
        let path = self.at(path);
        let file = File::open(&path).map_err(failed("open", &path))?;
        let size = file.metadata().map_err(failed("open", &path))?.len();
        Ok(Arc::new(OpenFile {
            file: Mutex::new(file),
            size,
        }))
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

#[derive(Debug)]
struct Staging {
    staged: PathBuf,
    file: BufWriter<File>,
}

impl Write for Staging {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        written.map_err(|error| self.explain(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        flushed.map_err(|error| self.explain(error))
    }
}

impl Staging {
    /// Says which file it was; who writes is to try again what was only interrupted.
    fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(failed("write", &self.staged)(error)),
        }
    }
}

impl Stage for Staging {
    fn finish(self: Box<Self>) -> Result<Option<Upload>, SinkError> {
        let file = self
            .file
            .into_inner()
            .map_err(|e| failed("write", &self.staged)(e.into_error()))?;
        file.sync_all().map_err(failed("write", &self.staged))?;
        Ok(None)
    }
}

#[derive(Debug)]
struct OpenFile {
    file: Mutex<File>,
    size: u64,
}

impl ReadAt for OpenFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; length];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}
