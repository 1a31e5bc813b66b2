//! The way to S3, the same for those who read from it and those who write to it: configuration and credentials, one client a
//! bucket, what an answer means, and when to ask again. Knows nothing of delivery objects or datasets.
//!
//! Repeating is ours and not the SDK's: a body that breaks off is repeated like a request that does, a request to slow down
//! holds all requests back, and a bucket in another region is followed there once.

mod address;
pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod client;
mod error;
pub(crate) mod words;

pub(crate) use self::address::{S3_SCHEME, bucket_and_key};
pub use self::answer::RetryOptions;
pub use self::error::S3Error;
pub(crate) use self::error::said;

/// How to reach S3, in the AWS CLI's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// Profile of the shared AWS configuration.
    pub profile: Option<String>,
    /// Region of the buckets; a bucket that is elsewhere is followed.
    pub region: Option<String>,
    /// Address of an S3-compatible service, whose buckets are then addressed by path.
    pub endpoint_url: Option<String>,
    /// Whether requests go unsigned.
    pub no_sign_request: bool,
    /// Whether the requester pays.
    pub request_payer: bool,
}
