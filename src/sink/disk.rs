//! What a dataset's folder asks of the file system where it changes something: each kind of call once, so that tests can note all of
//! them, in order, and try what a power cut leaves.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// The file system, as far as it is changed.
pub trait Disk: Debug + Send + Sync {
    /// Makes a folder in one that is there.
    ///
    /// # Errors
    ///
    /// What the file system says; `AlreadyExists` where there is something of that name.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a file.
    ///
    /// # Errors
    ///
    /// What the file system says; `AlreadyExists` where there is something of that name.
    fn make_file(&self, path: &Path) -> io::Result<Box<dyn NewFile>>;

    /// Opens a file that is to be locked, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn open_lock(&self, path: &Path) -> io::Result<File>;

    /// Gives a file a second name.
    ///
    /// # Errors
    ///
    /// What the file system says; `AlreadyExists` where there is something of that name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name, also where there is one of that name.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name of a file away.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with what is in it.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn remove_tree(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable, those that are there and those that no longer are.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub trait NewFile: Write + Debug + Send {
    /// Makes its bytes durable. Its name is its folder's.
    ///
    /// # Errors
    ///
    /// What the file system says.
    fn sync(&self) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn make_file(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(File::create_new(path)?))
    }

    fn open_lock(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).open(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    /// Windows has no such call, and needs none.
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if !cfg!(unix) {
            return Ok(());
        }
        let is_here = path.as_os_str().is_empty(); // what is above a relative path of one name
        File::open(if is_here { Path::new(".") } else { path })?.sync_all()
    }
}

impl NewFile for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }
}
