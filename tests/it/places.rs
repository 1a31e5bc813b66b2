//! Places for datasets that do what no real one does on demand: one in memory, and one that fails at some operation.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use trailmill::commit::{DataFile, Upload};
use trailmill::sink::SinkError;
use trailmill::sink::folder::Folder;
use trailmill::sink::inventory::Found;
use trailmill::sink::store::{ReadAt, Stage, Store};

/// A dataset's place in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    published: Mutex<BTreeMap<String, Bytes>>,
    staged: Arc<Mutex<BTreeMap<String, Bytes>>>,
}

impl Memory {
    /// Returns the data files.
    pub(crate) fn data_files(&self) -> BTreeMap<String, Bytes> {
        let published = self.published.lock().unwrap();
        let data = published
            .iter()
            .filter(|(path, _)| !path.starts_with("_trailmill/"));
        data.map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect()
    }

    /// Returns what is staged.
    pub(crate) fn staged(&self) -> BTreeSet<String> {
        self.staged.lock().unwrap().keys().cloned().collect()
    }
}

impl Store for Memory {
    fn address(&self) -> &'static str {
        "memory"
    }

    fn lock(&self) -> Result<(), SinkError> {
        Ok(())
    }

    fn probe(&self) -> Result<(), SinkError> {
        Ok(())
    }

    fn holds_data(&self) -> Result<bool, SinkError> {
        Ok(!self.data_files().is_empty())
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, SinkError> {
        let published = self.published.lock().unwrap();
        let below = published
            .keys()
            .filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        Ok(below
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect())
    }

    fn read(&self, path: &str) -> Result<Option<Bytes>, SinkError> {
        Ok(self.published.lock().unwrap().get(path).cloned())
    }

    fn create(&self, path: &str, content: &[u8]) -> Result<bool, SinkError> {
        let mut published = self.published.lock().unwrap();
        let is_new = !published.contains_key(path);
        if is_new {
            published.insert(path.to_owned(), content.to_vec().into());
        }
        Ok(is_new)
    }

    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError> {
        Ok(Box::new(Staging {
            path: path.to_owned(),
            bytes: Vec::new(),
            staged: Arc::clone(&self.staged),
        }))
    }

    fn size(&self, path: &str) -> Result<Option<u64>, SinkError> {
        Ok(self
            .published
            .lock()
            .unwrap()
            .get(path)
            .map(|bytes| bytes.len() as u64))
    }

    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError> {
        for file in files {
            let mut published = self.published.lock().unwrap();
            if published.contains_key(&file.path) {
                continue;
            }
            let Some(bytes) = self.staged.lock().unwrap().remove(&file.path) else {
                return Ok(Some(file.path.clone()));
            };
            published.insert(file.path.clone(), bytes);
        }
        Ok(None)
    }

    fn remove(&self, paths: &[String]) -> Result<(), SinkError> {
        let mut published = self.published.lock().unwrap();
        for path in paths {
            published.remove(path);
        }
        Ok(())
    }

    fn has_stages_of_others(&self) -> Result<bool, SinkError> {
        Ok(!self.staged.lock().unwrap().is_empty())
    }

    fn sweep_all(&self) -> Result<(), SinkError> {
        self.staged.lock().unwrap().clear();
        Ok(())
    }

    fn sweep_own(&self) -> Result<(), SinkError> {
        self.sweep_all()
    }

    fn leave(&self) {}

    fn inventory(&self) -> Result<BTreeMap<String, Found>, SinkError> {
        let published = self.published.lock().unwrap();
        let found = published.iter();
        Ok(found
            .map(|(path, bytes)| (path.clone(), Found::File(bytes.len() as u64)))
            .collect())
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadAt>, SinkError> {
        let bytes = self.published.lock().unwrap().get(path).cloned();
        Ok(Arc::new(InMemory(
            bytes.unwrap_or_else(|| panic!("{path} is not there")),
        )))
    }
}

#[derive(Debug)]
struct Staging {
    path: String,
    bytes: Vec<u8>,
    staged: Arc<Mutex<BTreeMap<String, Bytes>>>,
}

impl Write for Staging {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stage for Staging {
    fn finish(self: Box<Self>) -> Result<Option<Upload>, SinkError> {
        self.staged
            .lock()
            .unwrap()
            .insert(self.path, self.bytes.into());
        Ok(None)
    }
}

#[derive(Debug)]
struct InMemory(Bytes);

impl ReadAt for InMemory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let start = usize::try_from(start).unwrap();
        Ok(self.0.slice(start..start + length))
    }
}

/// A folder that has room for so many bytes more, in which only they are refused: what is there can be removed.
#[derive(Debug)]
pub(crate) struct Refusing {
    inner: Folder,
    room: Arc<AtomicI64>,
    kind: io::ErrorKind,
}

impl Refusing {
    pub(crate) fn new(folder: &Path, room: i64, kind: io::ErrorKind) -> Self {
        Self {
            inner: Folder::new(folder),
            room: Arc::new(room.into()),
            kind,
        }
    }
}

fn take_room(room: &AtomicI64, bytes: usize, kind: io::ErrorKind) -> io::Result<()> {
    let bytes = i64::try_from(bytes).unwrap();
    if room.fetch_sub(bytes, Ordering::Relaxed) < bytes {
        return Err(kind.into());
    }
    Ok(())
}

impl Store for Refusing {
    fn address(&self) -> &str {
        self.inner.address()
    }

    fn lock(&self) -> Result<(), SinkError> {
        self.inner.lock()
    }

    fn probe(&self) -> Result<(), SinkError> {
        self.inner.probe()
    }

    fn holds_data(&self) -> Result<bool, SinkError> {
        self.inner.holds_data()
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, SinkError> {
        self.inner.names(folder)
    }

    fn read(&self, path: &str) -> Result<Option<Bytes>, SinkError> {
        self.inner.read(path)
    }

    fn create(&self, path: &str, content: &[u8]) -> Result<bool, SinkError> {
        take_room(&self.room, content.len(), self.kind).map_err(|source| SinkError::Io {
            verb: "write",
            path: path.to_owned(),
            source,
        })?;
        self.inner.create(path, content)
    }

    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError> {
        Ok(Box::new(StagingWhileThereIsRoom {
            path: path.to_owned(),
            inner: self.inner.stage(path)?,
            room: Arc::clone(&self.room),
            kind: self.kind,
        }))
    }

    fn size(&self, path: &str) -> Result<Option<u64>, SinkError> {
        self.inner.size(path)
    }

    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError> {
        self.inner.publish(files)
    }

    fn remove(&self, paths: &[String]) -> Result<(), SinkError> {
        self.inner.remove(paths)
    }

    fn has_stages_of_others(&self) -> Result<bool, SinkError> {
        self.inner.has_stages_of_others()
    }

    fn sweep_all(&self) -> Result<(), SinkError> {
        self.inner.sweep_all()
    }

    fn sweep_own(&self) -> Result<(), SinkError> {
        self.inner.sweep_own()
    }

    fn leave(&self) {
        self.inner.leave();
    }

    fn inventory(&self) -> Result<BTreeMap<String, Found>, SinkError> {
        self.inner.inventory()
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadAt>, SinkError> {
        self.inner.open(path)
    }
}

#[derive(Debug)]
struct StagingWhileThereIsRoom {
    path: String,
    inner: Box<dyn Stage>,
    room: Arc<AtomicI64>,
    kind: io::ErrorKind,
}

impl Write for StagingWhileThereIsRoom {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let refused = |source| SinkError::Io {
            verb: "write",
            path: self.path.clone(),
            source,
        };
        take_room(&self.room, bytes.len(), self.kind)
            .map_err(|error| io::Error::other(refused(error)))?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Stage for StagingWhileThereIsRoom {
    fn finish(self: Box<Self>) -> Result<Option<Upload>, SinkError> {
        self.inner.finish()
    }
}

/// What happens at the last operation of a [`Dying`] place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// It fails, and all after it.
    Fails,
    /// The process is killed.
    Kills,
}

/// A place that dies at its nth operation: half of the time before it, half of the time when it is done.
#[derive(Debug)]
pub(crate) struct Dying<S: ?Sized> {
    pub(crate) at: u64,
    pub(crate) death: Death,
    done: AtomicU64,
    inner: Arc<S>,
}

impl<S: Store + ?Sized> Dying<S> {
    pub(crate) fn new(inner: Arc<S>, at: u64, death: Death) -> Self {
        Self {
            at,
            death,
            done: AtomicU64::new(0),
            inner,
        }
    }

    fn step<T>(&self, operation: impl FnOnce(&S) -> Result<T, SinkError>) -> Result<T, SinkError> {
        let nth = self.done.fetch_add(2, Ordering::Relaxed);
        self.die(nth)?;
        let done = operation(&self.inner)?;
        self.die(nth + 1)?;
        Ok(done)
    }

    fn die(&self, nth: u64) -> Result<(), SinkError> {
        if nth < self.at {
            return Ok(());
        }
        if self.death == Death::Kills {
            std::process::abort();
        }
        Err(SinkError::Io {
            verb: "reach",
            path: self.address().to_owned(),
            source: io::Error::other("the place is dead"),
        })
    }
}

impl<S: Store + ?Sized> Store for Dying<S> {
    fn address(&self) -> &str {
        self.inner.address()
    }

    fn lock(&self) -> Result<(), SinkError> {
        self.step(Store::lock)
    }

    fn probe(&self) -> Result<(), SinkError> {
        self.step(Store::probe)
    }

    fn holds_data(&self) -> Result<bool, SinkError> {
        self.inner.holds_data()
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, SinkError> {
        self.inner.names(folder)
    }

    fn read(&self, path: &str) -> Result<Option<Bytes>, SinkError> {
        self.inner.read(path)
    }

    fn create(&self, path: &str, content: &[u8]) -> Result<bool, SinkError> {
        self.step(|store| store.create(path, content))
    }

    fn stage(&self, path: &str) -> Result<Box<dyn Stage>, SinkError> {
        self.step(|store| store.stage(path))
    }

    fn size(&self, path: &str) -> Result<Option<u64>, SinkError> {
        self.inner.size(path)
    }

    fn publish(&self, files: &[DataFile]) -> Result<Option<String>, SinkError> {
        for file in files {
            let lost = self.step(|store| store.publish(std::slice::from_ref(file)))?;
            if lost.is_some() {
                return Ok(lost);
            }
        }
        Ok(None)
    }

    fn remove(&self, paths: &[String]) -> Result<(), SinkError> {
        for path in paths {
            self.step(|store| store.remove(std::slice::from_ref(path)))?;
        }
        Ok(())
    }

    fn has_stages_of_others(&self) -> Result<bool, SinkError> {
        self.inner.has_stages_of_others()
    }

    fn sweep_all(&self) -> Result<(), SinkError> {
        self.step(Store::sweep_all)
    }

    fn sweep_own(&self) -> Result<(), SinkError> {
        self.step(Store::sweep_own)
    }

    fn leave(&self) {
        let _ = self.step(|store| {
            store.leave();
            Ok(())
        });
    }

    fn inventory(&self) -> Result<BTreeMap<String, Found>, SinkError> {
        self.inner.inventory()
    }

    fn open(&self, path: &str) -> Result<Arc<dyn ReadAt>, SinkError> {
        self.inner.open(path)
    }
}
