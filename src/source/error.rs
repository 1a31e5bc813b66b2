//! What goes wrong at the source, in one line each that says what to do.
//!
//! A [`SourceError`] ends a run: nothing more can be listed or read. A [`FetchError`] costs one object. What a server
//! said is quoted as such, cut and made printable; what failed on this side is said in our own words.

use std::io;

use thiserror::Error;

/// Why a source cannot be listed or read at all.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum SourceError {
    /// An address that is none.
    #[error("{given} is no S3 address: write s3://bucket or s3://bucket/prefix")]
    BadAddress { given: String },
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
    /// A bucket that is not there.
    #[error("S3 has no bucket {bucket}: check its name, and --endpoint-url if it is not on AWS")]
    NoSuchBucket { bucket: String },
    /// No credentials anywhere in the SDK's chain.
    #[error(
        "found no usable AWS credentials ({detail}): sign in (aws sso login), name a profile with --profile, set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --no-sign-request for a public bucket"
    )]
    NoCredentials { detail: String },
    /// Credentials that were good once.
    #[error(
        "the AWS credentials have expired (S3 said {code}): sign in again and repeat the command"
    )]
    ExpiredCredentials { code: String },
    /// Credentials that S3 does not know.
    #[error(
        "S3 does not accept the AWS credentials ({code}): check the access key, or choose another --profile"
    )]
    BadCredentials { code: String },
    /// The clock is off by more than S3 allows.
    #[error(
        "S3 refuses requests because this machine's clock is wrong (it said {code}): set the clock"
    )]
    WrongClock { code: String },
    /// Listing is not allowed.
    #[error(
        "S3 does not let these credentials list bucket {bucket} (it said {code}): they need s3:ListBucket on \
         arn:aws:s3:::{bucket}; if the requester pays there, add --request-payer"
    )]
    ListDenied { bucket: String, code: String },
    /// Bucket in a region that is not known to us.
    #[error("bucket {bucket} is in another region than {tried}{}: name its region with --region", of_region(found.as_deref()))]
    WrongRegion {
        bucket: String,
        tried: String,
        found: Option<String>,
    },
    /// No answer.
    #[error(
        "cannot reach S3 at {endpoint} ({detail}): check the network, and --endpoint-url or --region"
    )]
    Unreachable { endpoint: String, detail: String },
    /// S3 asks to slow down, again and again.
    #[error(
        "S3 still asks to slow down after {attempts} attempts: try again later, or with a smaller --concurrency"
    )]
    Throttled { attempts: u32 },
    /// Another answer that we cannot go on after.
    #[error("S3 refused to {action} (status {status}, {code}){}", said(message))]
    Refused {
        action: String,
        status: u16,
        code: String,
        message: String,
    },
    /// An answer that is not S3's.
    #[error("the answer of {endpoint} is not S3's ({detail}): check --endpoint-url")]
    NotS3 { endpoint: String, detail: String },
    /// A request that the SDK does not form from what was given.
    #[error(
        "cannot ask S3 to {action} ({detail}): check the bucket's name, --endpoint-url and --region"
    )]
    BadRequest { action: String, detail: String },
    /// The threads that talk to S3 did not start.
    #[error("cannot start the threads that talk to S3")]
    Runtime(#[source] io::Error),
    /// The user asked to stop.
    #[error("stopped on request")]
    Stopped,
}

fn of_region(found: Option<&str>) -> String {
    found
        .map(|region| format!(" ({region})"))
        .unwrap_or_default()
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
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
