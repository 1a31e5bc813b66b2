//! What goes wrong on the way to S3, in one line each that says what to do.
//!
//! What a server said is quoted as such, cut and made printable; what failed on this side is said in our own words.

use std::io;

use thiserror::Error;

use crate::escape::printable;

/// Why S3 did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum S3Error {
    /// An address that is none.
    #[error("{given} is no S3 address: write s3://bucket or s3://bucket/prefix")]
    BadAddress { given: String },
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
        "the AWS credentials have expired ({detail}), and no others are to be had: sign in again and repeat the command"
    )]
    ExpiredCredentials { detail: String },
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
    /// A permission is missing.
    #[error("S3 does not let these credentials {action} (it said {code}): they need {needs}")]
    Denied {
        action: String,
        code: String,
        needs: String,
    },
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
    /// More than is taken.
    #[error("cannot {action}: it has {bytes} bytes, more than the {max} that it may have")]
    TooLarge {
        action: String,
        bytes: u64,
        max: u64,
    },
    /// An answer that is not S3's.
    #[error("the answer of {endpoint} is not S3's ({detail}): check --endpoint-url")]
    NotS3 { endpoint: String, detail: String },
    /// A request that the SDK does not form from what was given.
    #[error(
        "cannot ask S3 to {action} ({detail}): check the bucket's name, --endpoint-url and --region"
    )]
    BadRequest { action: String, detail: String },
    /// The run is to stop.
    #[error("interrupted while S3 was asked: what was committed stays; run again to go on")]
    Stopped,
    /// The threads that talk to S3 did not start.
    #[error("cannot start the threads that talk to S3")]
    Runtime(#[source] io::Error),
}

impl S3Error {
    /// The error that an address is none.
    pub(crate) fn bad_address(given: &str) -> Self {
        Self::BadAddress {
            given: printable(given).into(),
        }
    }
}

fn of_region(found: Option<&str>) -> String {
    found
        .map(|region| format!(" ({region})"))
        .unwrap_or_default()
}

/// What a server said beside its code, where it did.
pub(crate) fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}
