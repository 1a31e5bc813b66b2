//! What goes wrong at the source, in one line each that says what to do.
//!
//! A [`SourceError`] ends a run: nothing more can be listed or read. A [`FetchError`] costs one object.

use std::io;

use thiserror::Error;

use crate::aws::{S3Error, said};

/// Why a source cannot be listed or read at all.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum SourceError {
    /// A path where nothing is.
    #[error("there is no file or folder {path}: check the path (S3 addresses start with s3://)")]
    NoSuchPath { path: String },
    /// A path that is neither file nor folder.
    #[error("{path} is neither a file nor a folder")]
    NotAFile { path: String },
    /// A file or folder that the system does not let us read.
    #[error("cannot read {path}")]
    Unreadable {
        path: String,
        #[source]
        source: io::Error,
    },
    /// Standard input broke, or is no text.
    #[error("cannot read the keys on standard input")]
    Stdin(#[source] io::Error),
    /// A prefix that no key starts with.
    #[error("no object's key starts with {address}: check the prefix")]
    NoSuchPrefix { address: String },
    /// The user asked to stop.
    #[error("stopped on request")]
    Stopped,
    /// The way to S3, or the bucket.
    #[error(transparent)]
    S3(#[from] S3Error),
}

/// Why one object was not read. The run goes on, unless [`FetchError::ends_run`].
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum FetchError {
    /// It was listed, and is no longer there.
    #[error("it is gone since it was listed")]
    Gone,
    /// Its storage class must be restored first.
    #[error("it is in an archive storage class: restore it first")]
    Archived,
    /// Not ours to read: the object, or the key it is encrypted with.
    #[error(
        "reading is not allowed ({code}): s3:GetObject, and kms:Decrypt where it is encrypted with a KMS key, are needed"
    )]
    Denied { code: String },
    /// Larger than the limit.
    #[error(
        "it has {bytes} bytes, more than the {max} that one object may have: cut it into smaller files"
    )]
    TooLarge { bytes: u64, max: u64 },
    /// S3 asked to slow down until we gave up.
    #[error("S3 still asks to slow down after {attempts} attempts")]
    Throttled { attempts: u32 },
    /// The connection failed until we gave up.
    #[error("the connection failed {attempts} times ({detail})")]
    Transport { attempts: u32, detail: String },
    /// Another answer of S3.
    #[error("S3 refused it (status {status}, {code}){}", said(message))]
    Refused {
        status: u16,
        code: String,
        message: String,
    },
    /// The file system failed.
    #[error("the file cannot be read")]
    Io(#[source] io::Error),
    /// What fails for every object alike, such as expired credentials.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Returns whether the process, or the system, has no room for another open file: ENFILE and EMFILE, which have no kind in the
/// standard library, and these numbers on Linux, macOS and the BSDs alike.
pub fn is_too_many_open_files(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

impl From<S3Error> for FetchError {
    fn from(error: S3Error) -> Self {
        Self::Source(error.into())
    }
}

impl FetchError {
    /// Returns the status of the object in the books, one word.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Archived => "archived",
            Self::Denied { .. } => "denied",
            Self::TooLarge { .. } => "too_large",
            Self::Throttled { .. } => "throttled",
            Self::Transport { .. } => "transport",
            Self::Refused { .. } => "refused",
            Self::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => "denied",
            Self::Io(_) => "io",
            Self::Source(_) => "source",
        }
    }

    /// Returns whether every other object would fail alike, so that the run had better end.
    pub const fn ends_run(&self) -> bool {
        matches!(self, Self::Source(_))
    }
}
