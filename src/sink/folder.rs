//! A dataset's place in a folder: staged files are renamed, the log's are linked, a lock keeps other writers away.
//!
//! What lasts through a power cut is what was synced: a file's bytes by the file, its name by its folder, that folder's name by the one
//! above. Whoever finds a change already made syncs it all the same, because who made it may have been killed before that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;

use super::disk::{Disk, NewFile, RealDisk};
use super::error::failed;
use super::inventory::{Found, inventory};
use super::store::{ReadAt, Stage, Store};
use super::{LOCK, OURS, SinkError};
use crate::commit::{DataFile, Upload};
use crate::limits;

/// A folder.
#[derive(Debug)]
pub struct Folder {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    address: String,
    /// Whether the folder was there before.
    existed: bool,
    /// Locked until this value is dropped or the process ends, however it does.
    lock: Mutex<Option<File>>,
}

impl Drop for Folder {
    /// Closing the file is not enough: a process that another thread is just starting shares it until it is executed, and with it the
    /// lock (flock(2)).
    fn drop(&mut self) {
        let lock = self.lock.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = lock {
            let _ = file.unlock(); // else it goes with the process
        }
    }
}

impl Folder {
    /// Returns the place, which need not be there yet.
    pub fn new(root: &Path) -> Self {
        Self::on(Arc::new(RealDisk), root)
    }

    /// As [`new`](Self::new), with a file system of one's own.
    pub fn on(disk: Arc<dyn Disk>, root: &Path) -> Self {
        Self {
            disk,
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

    /// Makes a folder, and those above it that are not there. Returns those that have a new name in them.
    fn make_folders(&self, folder: &Path) -> Result<BTreeSet<PathBuf>, SinkError> {
        let Some(above) = folder.parent().filter(|_| !folder.is_dir()) else {
            return Ok(BTreeSet::new());
        };
        let mut changed = self.make_folders(above)?;
        match self.disk.make_folder(folder) {
            Err(_) if folder.is_dir() => {} // another run was faster
            made => made.map_err(failed("create", folder))?,
        }
        changed.insert(above.to_owned());
        Ok(changed)
    }

    /// As [`make_folders`](Self::make_folders), durably.
    fn make_durable_folders(&self, folder: &Path) -> Result<(), SinkError> {
        let changed = self.make_folders(folder)?;
        changed.iter().try_for_each(|folder| self.sync(folder))
    }

    /// Makes folders below the root, and the way to them durable: what is brought there is to be found.
    fn make_way(&self, folders: &BTreeSet<PathBuf>) -> Result<(), SinkError> {
        let mut above = BTreeSet::new();
        for folder in folders {
            self.make_folders(folder)?;
            let ancestors = folder.ancestors().skip(1);
            above.extend(ancestors.take_while(|above| above.starts_with(&self.root)));
        }
        self.sync_all(above)
    }

    /// As [`sync`](Self::sync), several at once: each waits for the disk, which does what it can for all that wait.
    fn sync_all<'f>(&self, folders: impl IntoIterator<Item = &'f Path>) -> Result<(), SinkError> {
        let folders: Vec<&Path> = folders.into_iter().collect();
        let of_thread = folders
            .len()
            .div_ceil(limits::FOLDERS_SYNCED_AT_ONCE)
            .max(1);
        let sync = |folders: &[&Path]| folders.iter().try_for_each(|folder| self.sync(folder));
        thread::scope(|scope| {
            let threads: Vec<_> = folders
                .chunks(of_thread)
                .map(|folders| scope.spawn(move || sync(folders)))
                .collect();
            let mut synced = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            synced.try_for_each(|synced| synced)
        })
    }

    /// Makes durable what names a folder has.
    fn sync(&self, folder: &Path) -> Result<(), SinkError> {
        self.disk
            .sync_folder(folder)
            .map_err(failed("sync", folder))
    }
}

impl Store for Folder {
    fn address(&self) -> &str {
        &self.address
    }

    /// The lock goes with the process, killed or not; one that is stopped keeps it.
    fn lock(&self) -> Result<(), SinkError> {
        let ours = self.root.join(OURS);
        let log = ours.join("log");
        self.make_durable_folders(&log)?;
        let path = ours.join(LOCK);
        let file = self.disk.open_lock(&path).map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
                *lock = Some(file);
                // Entries that are read from now on are acted upon: they have to last before that.
                for folder in [&log, &ours, &self.root] {
                    self.sync(folder)?;
                }
                if let Some(above) = self.root.parent() {
                    let _ = self.sync(above); // not ours, nor perhaps to be read
                }
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
        let stage = self.stage_folder();
        self.make_durable_folders(&stage)?;
        let path = self.at(path);
        let folder = path.parent().unwrap_or(&self.root);
        self.make_durable_folders(folder)?;
        let temporary = stage.join("log");
        // What a killed run left under this name may be the very file of the log that it had linked: it is not to be written to.
        match self.disk.remove_file(&temporary) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &temporary)(e));
            }
            _ => {}
        }
        let new = self.disk.make_file(&temporary);
        let mut file = new.map_err(failed("create", &temporary))?;
        file.write_all(content)
            .and_then(|()| file.sync())
            .map_err(failed("write", &temporary))?;
        self.sync(&stage)?; // an entry lasts only where what it names does
        let is_new = match self.disk.link(&temporary, &path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            linked => linked.map(|()| true).map_err(failed("create", &path))?,
        };
        self.disk
            .remove_file(&temporary)
            .map_err(failed("remove", &temporary))?;
        self.sync(folder)?;
        Ok(is_new)
    }

    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError> {
        self.make_durable_folders(&self.stage_folder())?;
        let staged = self.staged(path);
        let file = self.disk.make_file(&staged);
        let file = BufWriter::with_capacity(1 << 20, file.map_err(failed("create", &staged))?);
        Ok(Box::new(Staging { staged, file }))
    }

    fn size(&self, path: &str) -> Result<Option<u64>, SinkError> {
        Ok(fs::metadata(self.at(path)).ok().map(|found| found.len()))
    }

    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError> {
        let folders: BTreeSet<PathBuf> = files
            .iter()
            .filter_map(|file| Some(self.at(&file.path).parent()?.to_owned()))
            .collect();
        self.make_way(&folders)?;
        for file in files {
            let (staged, target) = (self.staged(&file.path), self.at(&file.path));
            // Looking settles it: a rename is whole or not there.
            if fs::metadata(&target).is_ok_and(|found| found.len() == file.bytes) {
                continue;
            }
            if !staged.exists() {
                return Ok(Some(file.path.clone()));
            }
            self.disk
                .rename(&staged, &target)
                .map_err(failed("publish", &target))?;
        }
        self.sync_all(folders.iter().map(PathBuf::as_path))?;
        Ok(None)
    }

    fn remove(&self, paths: &[String]) -> Result<(), SinkError> {
        let mut changed = BTreeSet::new();
        for path in paths {
            let path = self.at(path);
            match self.disk.remove_file(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map_err(failed("remove", &path))?,
            }
            changed.extend(path.parent().map(Path::to_owned));
        }
        for folder in changed.iter().filter(|folder| folder.is_dir()) {
            self.sync(folder)?;
            let _ = self.disk.remove_folder(folder); // where it was the last
        }
        Ok(())
    }

    /// Whoever has the lock is alone.
    fn has_stages_of_others(&self) -> Result<bool, SinkError> {
        Ok(false)
    }

    fn sweep_all(&self) -> Result<(), SinkError> {
        let stage = self.stage_folder();
        match self.disk.remove_tree(&stage) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", &stage)(e)),
            _ => Ok(()),
        }
    }

    fn sweep_own(&self) -> Result<(), SinkError> {
        self.sweep_all()
    }

    fn leave(&self) {
        // What cannot be removed now is swept by the next run.
        let _ = self.disk.remove_tree(&self.root.join(OURS));
        if !self.existed {
            let _ = self.disk.remove_folder(&self.root);
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

#[derive(Debug)]
struct Staging {
    staged: PathBuf,
    file: BufWriter<Box<dyn NewFile>>,
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
        file.sync().map_err(failed("write", &self.staged))?;
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
