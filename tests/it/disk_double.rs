//! A disk whose power can fail: it notes what changes its files and folders, in order, and says what may be left of them when the
//! power goes after any of these changes. What is to be synced is noted alone, which saves waiting for a real disk.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use trailmill::sink::disk::{Disk, NewFile, RealDisk};

/// Something that changes what lies on a disk, or makes it last. Paths are relative to where the disk is.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    MakeFolder(String),
    /// The number tells files apart, whatever they are called.
    MakeFile(String, usize),
    Write(usize, Bytes),
    SyncFile(usize),
    Link(String, String),
    Rename(String, String),
    RemoveFile(String),
    RemoveFolder(String),
    SyncFolder(String),
}

/// A folder of the real disk, in which every change is noted.
#[derive(Debug, Clone)]
pub(crate) struct DiskDouble {
    root: PathBuf,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    changes: Vec<Change>,
    n_files: usize,
    /// There are no more changes than that.
    last: Option<usize>,
    /// What a process holds that another thread is just about to start: whatever was open when it was forked off.
    inherited: Vec<File>,
}

impl DiskDouble {
    /// Begins to note, in a folder that is there.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            log: Arc::default(),
        }
    }

    /// Lets nothing change any more after so many changes, as if the process were killed there; `None` takes it back.
    pub(crate) fn stop_after(&self, changes: Option<usize>) {
        self.log.lock().unwrap().last = changes;
    }

    /// Returns what has changed.
    pub(crate) fn changes(&self) -> Vec<Change> {
        self.log.lock().unwrap().changes.clone()
    }

    fn at(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap();
        path.to_str().unwrap().replace('\\', "/")
    }

    /// Makes a change and notes it, where it succeeds, before there can be another.
    fn change<T>(
        &self,
        act: impl FnOnce() -> io::Result<T>,
        note: impl FnOnce(&mut Log),
    ) -> io::Result<T> {
        let mut log = self.log.lock().unwrap();
        if log.last.is_some_and(|last| log.changes.len() >= last) {
            return Err(io::Error::other("the process is dead"));
        }
        let done = act()?;
        note(&mut log);
        Ok(done)
    }

    fn change_one<T>(&self, change: Change, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.change(act, |log| log.changes.push(change))
    }
}

impl Log {
    fn make_file(&mut self, path: String) -> usize {
        self.n_files += 1;
        self.changes.push(Change::MakeFile(path, self.n_files));
        self.n_files
    }
}

impl Disk for DiskDouble {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let change = Change::MakeFolder(self.at(path));
        self.change_one(change, || RealDisk.make_folder(path))
    }

    fn make_file(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let mut number = 0;
        let note = |log: &mut Log| number = log.make_file(self.at(path));
        let file = self.change(|| RealDisk.make_file(path), note)?;
        let disk = self.clone();
        Ok(Box::new(Noted { disk, number, file }))
    }

    fn open_lock(&self, path: &Path) -> io::Result<File> {
        let is_new = !path.exists();
        let lock = self.change(
            || RealDisk.open_lock(path),
            |log| {
                if is_new {
                    log.make_file(self.at(path));
                }
            },
        )?;
        self.log.lock().unwrap().inherited.push(lock.try_clone()?);
        Ok(lock)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let change = Change::Link(self.at(from), self.at(to));
        self.change_one(change, || RealDisk.link(from, to))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let change = Change::Rename(self.at(from), self.at(to));
        self.change_one(change, || RealDisk.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let change = Change::RemoveFile(self.at(path));
        self.change_one(change, || RealDisk.remove_file(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let change = Change::RemoveFolder(self.at(path));
        self.change_one(change, || RealDisk.remove_folder(path))
    }

    /// One after the other: the real one does no other.
    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.remove_tree(&entry.path())?;
            } else {
                self.remove_file(&entry.path())?;
            }
        }
        self.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let change = Change::SyncFolder(self.at(path));
        self.change_one(change, || fs::metadata(path).map(drop))
    }
}

/// A file of which every write is noted.
#[derive(Debug)]
struct Noted {
    disk: DiskDouble,
    number: usize,
    file: Box<dyn NewFile>,
}

impl Write for Noted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let change = Change::Write(self.number, Bytes::copy_from_slice(bytes));
        let file = &mut self.file;
        self.disk.change_one(change, || file.write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for Noted {
    fn sync(&self) -> io::Result<()> {
        let change = Change::SyncFile(self.number);
        self.disk.change_one(change, || Ok(()))
    }
}

/// What lies on a disk by path: bytes of files, and folders.
pub(crate) type Tree = BTreeMap<String, Option<Bytes>>;

/// Returns what lies in a folder of the real disk.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let below = self::tree(&path).into_iter();
            tree.extend(below.map(|(path, what)| (format!("{name}/{path}"), what)));
            tree.insert(name, None);
        } else {
            tree.insert(name, Some(fs::read(path).unwrap().into()));
        }
    }
    tree
}

/// Lays out in a folder of the real disk what may lie on one.
pub(crate) fn lay_out(tree: &Tree, root: &Path) {
    // A folder comes before what is in it.
    for (path, what) in tree {
        let path = root.join(path);
        match what {
            None => fs::create_dir(path).unwrap(),
            Some(bytes) => fs::write(path, bytes).unwrap(),
        }
    }
}

/// A disk with what of it lasts. A folder's names last when it was synced after, a file's bytes when it was; of what was done since, anything may
/// last or not, each name for itself, as long as it is what was there at some time. A file that gets another name
/// loses the old one only where it has the new one, and a folder that is gone was empty before: all file systems see to that.
#[derive(Debug, Clone)]
pub(crate) struct Platter {
    folders: Vec<BTreeMap<String, Name>>,
    files: BTreeMap<usize, Content>,
    n_changes: usize,
    conditions: Vec<Condition>,
}

/// A name, by folder.
pub(crate) type At = (usize, String);

/// What a name stood for, since it last was sure: after which change, and for what.
type Name = Vec<(usize, Option<Node>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder(usize),
    File(usize),
}

/// What a change does to a name lasts only where something else does, too.
#[derive(Debug, Clone)]
struct Condition {
    change: usize,
    of: At,
    needs: Needs,
}

#[derive(Debug, Clone)]
enum Needs {
    /// What the same change does to another name.
    Name(At),
    /// All that was done to names in a folder.
    AllOf(usize),
}

#[derive(Debug, Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    synced: usize,
}

const ROOT: usize = 0;

impl Platter {
    /// A disk on which all that lies there lasts.
    pub(crate) fn new(tree: &Tree) -> Self {
        let mut platter = Self {
            folders: vec![BTreeMap::new()],
            files: BTreeMap::new(),
            n_changes: 0,
            conditions: Vec::new(),
        };
        for (nth, (path, what)) in tree.iter().enumerate() {
            let node = match what {
                None => platter.new_folder(),
                Some(bytes) => {
                    let number = usize::MAX - nth; // none of those that are written now
                    let content = Content {
                        bytes: bytes.to_vec(),
                        synced: bytes.len(),
                    };
                    platter.files.insert(number, content);
                    Node::File(number)
                }
            };
            let (folder, name) = platter.find(path);
            platter.folders[folder].insert(name, vec![(0, Some(node))]);
        }
        platter
    }

    fn new_folder(&mut self) -> Node {
        self.folders.push(BTreeMap::new());
        Node::Folder(self.folders.len() - 1)
    }

    /// What a path stands for while there is power.
    fn node(&self, path: &str) -> Option<Node> {
        if path.is_empty() {
            return Some(Node::Folder(ROOT));
        }
        let (folder, name) = self.find(path);
        self.folders[folder].get(&name)?.last()?.1
    }

    /// The folder that holds a path, and its name there.
    fn find(&self, path: &str) -> At {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(Node::Folder(folder)) = self.node(folder) else {
            panic!("{folder} is no folder")
        };
        (folder, name.to_owned())
    }

    fn set(&mut self, path: &str, node: Option<Node>) {
        let (folder, name) = self.find(path);
        let name = self.folders[folder].entry(name);
        name.or_insert_with(|| vec![(0, None)])
            .push((self.n_changes, node));
    }

    /// Goes on by a change.
    pub(crate) fn follow(&mut self, change: &Change) {
        self.n_changes += 1;
        match change {
            Change::MakeFolder(path) => {
                let folder = self.new_folder();
                self.set(path, Some(folder));
            }
            Change::MakeFile(path, number) => {
                self.files.insert(*number, Content::default());
                self.set(path, Some(Node::File(*number)));
            }
            Change::Write(number, bytes) => {
                let file = self.files.get_mut(number).unwrap();
                file.bytes.extend_from_slice(bytes);
            }
            Change::SyncFile(number) => {
                let file = self.files.get_mut(number).unwrap();
                file.synced = file.bytes.len();
            }
            Change::Link(from, to) => self.set(to, self.node(from)),
            Change::Rename(from, to) => {
                self.set(to, self.node(from));
                self.set(from, None);
                self.demand(from, Needs::Name(self.find(to)));
            }
            Change::RemoveFile(path) => self.set(path, None),
            Change::RemoveFolder(path) => {
                if let Some(Node::Folder(folder)) = self.node(path) {
                    self.demand(path, Needs::AllOf(folder));
                }
                self.set(path, None);
            }
            Change::SyncFolder(path) => {
                let Some(Node::Folder(folder)) = self.node(path) else {
                    panic!("{path} is no folder")
                };
                for name in self.folders[folder].values_mut() {
                    name.drain(..name.len() - 1);
                }
            }
        }
    }

    fn demand(&mut self, of: &str, needs: Needs) {
        self.conditions.push(Condition {
            change: self.n_changes,
            of: self.find(of),
            needs,
        });
    }

    /// Names of which it is open what they stand for, by folder.
    pub(crate) fn open_names(&self) -> Vec<At> {
        let folders = self.folders.iter().enumerate();
        let open = folders.flat_map(|(folder, names)| {
            let open = names.iter().filter(|(_, states)| states.len() > 1);
            open.map(move |(name, _)| (folder, name.clone()))
        });
        open.collect()
    }

    /// Returns what lies there after a power cut: of each open name, the state of so many changes later than the sure one that `lasts` gives
    /// (at most as many as there are); of bytes that were not synced, what `kept` makes of them.
    pub(crate) fn after_power_cut(
        &self,
        mut lasts: impl FnMut(&At, usize) -> usize,
        mut kept: impl FnMut(&[u8]) -> Vec<u8>,
    ) -> Tree {
        let mut until: BTreeMap<At, usize> = BTreeMap::new();
        for (folder, names) in self.folders.iter().enumerate() {
            for (name, states) in names {
                let at = (folder, name.clone());
                let n_open = states.len() - 1;
                let state = match n_open {
                    0 => 0,
                    _ => lasts(&at, n_open).min(n_open),
                };
                until.insert(at, states[state].0);
            }
        }
        self.respect_order(&mut until);
        let mut tree = Tree::new();
        self.collect(ROOT, "", &until, &mut kept, &mut tree);
        tree
    }

    /// Lets last what something that lasts cannot be without.
    fn respect_order(&self, until: &mut BTreeMap<At, usize>) {
        for Condition { change, of, needs } in self.conditions.iter().rev() {
            if until[of] < *change {
                continue;
            }
            match needs {
                Needs::Name(new) => {
                    let until = until.get_mut(new).unwrap();
                    *until = (*change).max(*until);
                }
                Needs::AllOf(folder) => {
                    for (name, states) in &self.folders[*folder] {
                        until.insert((*folder, name.clone()), states[states.len() - 1].0);
                    }
                }
            }
        }
    }

    fn collect(
        &self,
        folder: usize,
        path: &str,
        until: &BTreeMap<At, usize>,
        kept: &mut impl FnMut(&[u8]) -> Vec<u8>,
        tree: &mut Tree,
    ) {
        for (name, states) in &self.folders[folder] {
            let last = until[&(folder, name.clone())];
            let state = states.iter().rev().find(|(at, _)| *at <= last);
            let path = format!("{path}{name}");
            match state.and_then(|(_, node)| *node) {
                None => {}
                Some(Node::Folder(below)) => {
                    self.collect(below, &format!("{path}/"), until, kept, tree);
                    tree.insert(path, None);
                }
                Some(Node::File(number)) => {
                    let file = &self.files[&number];
                    let (synced, open) = file.bytes.split_at(file.synced);
                    let bytes = [synced, &kept(open)].concat();
                    tree.insert(path, Some(bytes.into()));
                }
            }
        }
    }
}
