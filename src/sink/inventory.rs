//! Everything that lies in a dataset's place; in a folder links are not followed: what is not found here is not read.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::error::failed;
use super::{LOCK, OURS, SinkError};

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file of so many bytes.
    File(u64),
    /// A symbolic link.
    Link,
    /// Neither file, folder nor link.
    Other,
    /// It cannot be looked at.
    Unreadable(String),
}

/// Returns everything but folders, by path from the root, with `/`.
///
/// # Errors
///
/// Returns an error where there is no dataset, or its folder cannot be read at all.
pub(super) fn inventory(root: &Path) -> Result<BTreeMap<String, Found>, SinkError> {
    if !root.join(OURS).join("log").is_dir() {
        return Err(SinkError::NoDataset(root.display().to_string()));
    }
    fs::read_dir(root).map_err(failed("read", root))?;
    let mut found = BTreeMap::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, path)) = folders.pop() {
        if let Err(e) = look_into(&folder, &path, &mut folders, &mut found) {
            found.insert(path, Found::Unreadable(e.to_string()));
        }
    }
    let lock = format!("{OURS}/{LOCK}");
    if let Some(Found::File(0)) = found.get(&lock) {
        found.remove(&lock); // says nothing, and belongs there
    }
    Ok(found)
}

fn look_into(
    folder: &Path,
    path: &str,
    folders: &mut Vec<(PathBuf, String)>,
    found: &mut BTreeMap<String, Found>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = if path.is_empty() {
            name.into_owned()
        } else {
            format!("{path}/{name}")
        };
        match what(&entry) {
            Ok(Some(what)) => {
                found.insert(path, what);
            }
            Ok(None) => folders.push((entry.path(), path)),
            Err(e) => {
                found.insert(path, Found::Unreadable(e.to_string()));
            }
        }
    }
    Ok(())
}

/// Returns what an entry of a folder is; `None` for a folder.
fn what(entry: &DirEntry) -> io::Result<Option<Found>> {
    let metadata = entry.metadata()?; // of a link itself
    let kind = metadata.file_type();
    Ok(if kind.is_dir() {
        None
    } else if kind.is_file() {
        Some(Found::File(metadata.len()))
    } else if kind.is_symlink() {
        Some(Found::Link)
    } else {
        Some(Found::Other)
    })
}
