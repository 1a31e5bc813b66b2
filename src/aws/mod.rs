//! The way to S3, the same for those who read from it and those who write to it: configuration and credentials, one client a
//! bucket, what an answer means, and when to ask again. Knows nothing of delivery objects or datasets.
//!
//! Repeating is ours and not the SDK's: a body that breaks off is repeated like a request that does, an answer that asks to slow
//! down slows all requests down, a bucket in another region is followed there once, and expired credentials are looked up anew.

mod address;
pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod client;
mod error;
mod pace;
pub(crate) mod traffic;
pub(crate) mod words;

use std::sync::Arc;

pub(crate) use self::address::{S3_SCHEME, bucket_and_key};
pub use self::answer::RetryOptions;
pub use self::error::S3Error;
pub(crate) use self::error::said;
pub use self::traffic::{Retried, Traffic};

/// How to reach S3, in the AWS CLI's words.
#[derive(Debug, Clone, Default)]
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
    /// How often and how slowly requests are repeated.
    pub retry: RetryOptions,
    /// What all requests share that are made with these options.
    pub traffic: Arc<Traffic>,
}
