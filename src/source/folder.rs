//! A folder as a source: a copy of a bucket, of a part of one, or a loose pile of files.
//!
//! Symbolic links are followed, but no folder is walked twice: a link to a folder that is walked anyway (or that holds the one given)
//! is foreign. Names that start with a dot are foreign and hidden folders are not entered.

use std::collections::HashSet;
use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::{FetchError, SourceError, is_too_many_open_files};
use super::finds::{Find, Finds, Root, source_of};
use super::object::join;
use crate::escape::printable;
use crate::limits::FETCHED_BYTES_MAX;
use crate::trail::key::{self, ForeignReason, Place};

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathKind {
    Folder,
    File,
}

/// Tells whether a path is a folder or a file.
///
/// # Errors
///
/// Where it is neither, or is not there.
pub(super) fn kind_of(path: &str) -> Result<PathKind, SourceError> {
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => SourceError::NoSuchPath {
            path: printable(path).into(),
        },
        _ => unreadable(path, error),
    })?;
    match (metadata.is_dir(), metadata.is_file()) {
        (true, _) => Ok(PathKind::Folder),
        (_, true) => Ok(PathKind::File),
        _ => Err(SourceError::NotAFile {
            path: printable(path).into(),
        }),
    }
}

/// Walks a folder.
///
/// # Errors
///
/// Where a folder in it cannot be read.
pub(super) fn walk(
    given: &str,
    finds: &mut Finds<'_>,
    stop: &AtomicBool,
) -> Result<(), SourceError> {
    let root = root_of(given);
    let resolved = canonical(&root.address)?;
    let root = match resolved.to_str() {
        Some(identity) => root.known_as(identity),
        None => root,
    };
    let mut links = Links::default();
    links.is_new(&resolved);
    let mut folders = vec![root.address.to_string()];
    while let Some(folder) = folders.pop() {
        if stop.load(Ordering::Relaxed) {
            return Err(SourceError::Stopped);
        }
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
            let entry = entry.map_err(|error| unreadable(&folder, error))?;
            let sub_folder = take_entry(&folder, &entry, &root, &mut links, finds)?;
            folders.extend(sub_folder);
        }
    }
    finds.finish_source();
    Ok(())
}

/// Takes one file that was given by its path. Where it does not have to be there, what is wrong with it shows when it is read.
///
/// # Errors
///
/// Where it cannot be looked up.
pub(super) fn take_file(
    given: &str,
    has_to_be: bool,
    finds: &mut Finds<'_>,
) -> Result<(), SourceError> {
    let mut path = plain(given);
    let size = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if has_to_be => return Err(unreadable(&path, error)),
        Err(_) => 0,
    };
    if key::split(&path).is_none()
        && let Ok(resolved) = fs::canonicalize(&path)
        && let Some(resolved) = resolved.to_str()
        && key::DeliveryKey::parse(resolved).is_ok()
    {
        resolved.clone_into(&mut path); // given from inside of AWSLogs
    }
    let (folder, name) = match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", path.as_str()),
    };
    let mut root = Root::inside(folder);
    if let Some(identity) = fs::canonicalize(folder)
        .ok()
        .as_deref()
        .and_then(Path::to_str)
    {
        root = root.known_as(identity);
    }
    let find = Find {
        root: &root,
        address: &join(folder, name),
        size,
        etag: None,
        archived: false,
    };
    finds.offer_single(find, has_to_be);
    Ok(())
}

/// Reads a file into a buffer, whose memory is used again.
///
/// # Errors
///
/// Where it is gone, closed to us, or too large.
pub(super) fn read(path: &str, buf: &mut Vec<u8>) -> Result<(), FetchError> {
    let mut file = File::open(path).map_err(|error| {
        if is_too_many_open_files(&error) {
            unreadable(path, error).into() // no other could be opened either
        } else {
            fetch_error(error)
        }
    })?;
    let metadata = file.metadata().map_err(fetch_error)?;
    let too_large = |bytes| FetchError::TooLarge {
        bytes,
        max: FETCHED_BYTES_MAX,
    };
    if metadata.len() > FETCHED_BYTES_MAX {
        return Err(too_large(metadata.len()));
    }
    let size = usize::try_from(metadata.len()).map_err(|_| too_large(metadata.len()))?;
    // A byte more, so that the read that finds the end does not grow the buffer.
    buf.reserve_exact(size + 1);
    file.by_ref()
        .take(FETCHED_BYTES_MAX + 1)
        .read_to_end(buf)
        .map_err(fetch_error)?;
    if buf.len() as u64 > FETCHED_BYTES_MAX {
        return Err(too_large(buf.len() as u64));
    }
    Ok(())
}

/// One entry of a folder: a file is found, a folder to enter is given back.
fn take_entry(
    folder: &str,
    entry: &DirEntry,
    root: &Root,
    links: &mut Links,
    finds: &mut Finds<'_>,
) -> Result<Option<String>, SourceError> {
    let name = entry.file_name();
    let Some(name) = name.to_str() else {
        let address = join(folder, &name.to_string_lossy());
        finds.offer_foreign(
            root,
            &address,
            ForeignReason::NotUtf8,
            entry.metadata().map_or(0, |m| m.len()),
        );
        return Ok(None);
    };
    let path = join(folder, name);
    let (metadata, is_link) = match look_up(entry, &path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_symlink(entry) => return Ok(None), // gone since
        Err(_) if is_symlink(entry) => {
            finds.offer_foreign(root, &path, ForeignReason::BrokenLink, 0);
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&path, error)),
    };
    let size = if metadata.is_file() {
        metadata.len()
    } else {
        0
    };
    let foreign = match (metadata.is_dir(), metadata.is_file()) {
        _ if name.starts_with('.') => Some(ForeignReason::Hidden),
        (true, _) if is_link && !links.is_new(&canonical(&path)?) => {
            Some(ForeignReason::RepeatedLink)
        }
        (false, false) => Some(ForeignReason::NotAFile),
        _ => None,
    };
    if let Some(reason) = foreign {
        finds.offer_foreign(root, &path, reason, size);
    } else if metadata.is_file() {
        finds.offer(Find {
            root,
            address: &path,
            size,
            etag: None,
            archived: false,
        });
    } else {
        return Ok(wants(root, &path, finds).then_some(path));
    }
    Ok(None)
}

/// Whether to enter a folder.
fn wants(root: &Root, path: &str, finds: &mut Finds<'_>) -> bool {
    let folder = format!("{path}/");
    let Some((before, object)) = root.split(&folder) else {
        return true;
    };
    finds.see_aws_logs();
    finds.selection.wants_folder(source_of(before), object)
}

fn look_up(entry: &DirEntry, path: &str) -> io::Result<(Metadata, bool)> {
    let metadata = entry.metadata()?;
    if metadata.is_symlink() {
        Ok((fs::metadata(path)?, true))
    } else {
        Ok((metadata, false))
    }
}

fn is_symlink(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_symlink())
}

/// The folders walked, to follow links without walking any twice.
#[derive(Default)]
struct Links {
    /// The root and the targets of links: all below them is walked.
    walked: HashSet<PathBuf>,
    /// What they lie in.
    above: HashSet<PathBuf>,
}

impl Links {
    /// Whether nothing below the folder is walked yet; from now on it is.
    fn is_new(&mut self, target: &Path) -> bool {
        if self.above.contains(target)
            || target
                .ancestors()
                .any(|folder| self.walked.contains(folder))
        {
            return false;
        }
        self.above
            .extend(target.ancestors().skip(1).map(Path::to_owned));
        self.walked.insert(target.to_owned())
    }
}

/// The root of a walk: the folder as given, or as it is really called where only that shows that it lies in `AWSLogs/`.
fn root_of(given: &str) -> Root {
    let plain = plain(given);
    if lies_in_aws_logs(&plain) {
        return Root::inside(&plain);
    }
    let resolved = fs::canonicalize(&plain)
        .ok()
        .and_then(|path| path.to_str().map(str::to_owned));
    match resolved.filter(|path| lies_in_aws_logs(path)) {
        Some(resolved) => Root::inside(&resolved),
        None => Root::outside(&plain),
    }
}

/// Whether a folder is an `AWSLogs`, or lies in one where CloudTrail's folders do.
fn lies_in_aws_logs(path: &str) -> bool {
    let folder = format!("{path}/");
    let Some((_, object)) = key::split(&folder) else {
        return false;
    };
    let place = Place::of(object);
    let is_account = |name: &str| name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
    place.rest.is_empty() && place.account.is_none_or(is_account)
}

/// A path without `./`, doubled and last slashes.
fn plain(given: &str) -> String {
    let mut path = PathBuf::new();
    Path::new(given)
        .components()
        .filter(|part| *part != Component::CurDir)
        .for_each(|part| path.push(part));
    let text = path.to_str().unwrap_or(given);
    if text.is_empty() {
        ".".to_owned()
    } else {
        text.to_owned()
    }
}

fn canonical(path: &str) -> Result<PathBuf, SourceError> {
    fs::canonicalize(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &str, source: io::Error) -> SourceError {
    SourceError::Unreadable {
        path: printable(path).into(),
        source,
    }
}

fn fetch_error(error: io::Error) -> FetchError {
    if error.kind() == ErrorKind::NotFound {
        FetchError::Gone
    } else {
        FetchError::Io(error)
    }
}
