//! The clients: one a bucket, for the region that it is in, on threads of their own; and a request that is made until there is
//! an answer to keep.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::types::RequestPayer;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::answer::{About, Action, Answer, Remedy, RetryOptions};
use super::words::{answer_of, check_credentials, region_chain};
use super::{AwsOptions, S3Error};
use crate::escape::printable;

/// The region to ask in where none is configured; a bucket elsewhere is followed.
pub(super) const REGION_UNSET: &str = "us-east-1";
/// How long a connection may take to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, and a body may pause.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The way to S3: threads, connections, credentials. One for all buckets of whoever reads or writes.
pub(crate) struct Clients {
    /// Taken when dropped: waiting for threads that look up names could take seconds.
    runtime: Option<Runtime>,
    shared: Arc<Shared>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("endpoint", &self.shared.endpoint)
            .finish_non_exhaustive()
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the tasks of all buckets share.
pub(crate) struct Shared {
    config: SdkConfig,
    retry: RetryOptions,
    request_payer: bool,
    /// Where an endpoint is given, buckets are addressed by path.
    endpoint: Option<String>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
    /// Milliseconds after `started` before which no request starts, because the server asked to slow down.
    hold_until: AtomicU64,
    started: Instant,
}

/// A bucket, and the client for the region that it turned out to be in.
pub(crate) struct Bucket {
    pub(crate) name: String,
    client: Mutex<(Client, String)>,
}

impl Clients {
    /// Prepares the way to S3; no request is made yet, but configuration and credentials are looked up.
    ///
    /// # Errors
    ///
    /// Where there are no credentials, and requests are to be signed.
    pub(crate) fn new(options: &AwsOptions, retry: RetryOptions) -> Result<Self, S3Error> {
        // A GET costs the SDK a quarter of a millisecond of a processor.
        let threads = available_parallelism().map_or(2, usize::from).clamp(1, 8);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(S3Error::Runtime)?;
        let shared = runtime.block_on(Shared::load(options, retry))?;
        Ok(Self {
            runtime: Some(runtime),
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("it is taken only when dropped")
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// A request that is made until there is an answer to keep, or no use in asking again.
pub(crate) struct Asking<'a> {
    shared: &'a Shared,
    bucket: &'a Bucket,
    action: Action,
    /// Empty where the whole bucket is asked.
    key: &'a str,
    attempts: u32,
    /// The region that was asked last.
    region: String,
    has_followed: bool,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        bucket: &'a Bucket,
        action: Action,
        key: &'a str,
    ) -> Self {
        Self {
            shared,
            bucket,
            action,
            key,
            attempts: 0,
            region: String::new(),
            has_followed: false,
        }
    }

    /// The client to ask with, when it is time to.
    pub(crate) async fn client(&mut self) -> Client {
        self.shared.hold().await;
        let (client, region) = self.bucket.client();
        self.attempts += 1;
        self.region = region;
        client
    }

    /// Waits until it is time to ask again, or gives the answer back where that is no use.
    pub(crate) async fn again(&mut self, answer: Answer) -> Result<(), Answer> {
        let remedy = answer.remedy();
        if remedy == Remedy::Follow && !self.has_followed {
            self.has_followed = true;
            let found = match answer.region() {
                Some(found) => Some(found.to_owned()),
                None => self.shared.region_of(self.bucket).await,
            };
            if let Some(found) = found.filter(|found| *found != self.region) {
                self.shared.move_to(self.bucket, &found);
                self.attempts -= 1;
                return Ok(());
            }
        }
        let Some(wait) = self.shared.retry.wait(remedy, self.attempts) else {
            return Err(answer);
        };
        if remedy == Remedy::SlowDown {
            self.shared.hold_back(wait);
        }
        sleep(wait).await;
        Ok(())
    }

    /// Puts an answer in a person's words.
    pub(crate) fn explain<E>(
        &self,
        answer: Answer,
        words: impl FnOnce(Answer, About<'_>) -> E,
    ) -> E {
        let Self {
            action,
            key,
            attempts,
            ref region,
            ..
        } = *self;
        let endpoint = match &self.shared.endpoint {
            Some(endpoint) => printable(endpoint).into_owned(),
            None => format!("the endpoint of region {region}"),
        };
        words(
            answer,
            About {
                action,
                bucket: &self.bucket.name,
                key,
                region,
                endpoint: &endpoint,
                attempts,
            },
        )
    }
}

impl Shared {
    async fn load(options: &AwsOptions, retry: RetryOptions) -> Result<Self, S3Error> {
        let AwsOptions {
            profile,
            region,
            endpoint_url,
            no_sign_request,
            ..
        } = options;
        let region = region_chain(region.as_deref(), profile.as_deref());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // What is sent is signed with its SHA-256, and parts are named by their tags alone when an upload is completed.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if *no_sign_request {
            loader = loader.no_credentials();
        }
        let config = loader.load().await;
        if !no_sign_request {
            check_credentials(&config, profile.as_deref()).await?;
        }
        let endpoint = config
            .endpoint_url()
            .map(str::to_owned)
            .or_else(|| std::env::var("AWS_ENDPOINT_URL_S3").ok());
        Ok(Self {
            config,
            retry,
            request_payer: options.request_payer,
            endpoint: endpoint.filter(|url| !url.is_empty()),
            buckets: Mutex::default(),
            hold_until: AtomicU64::new(0),
            started: Instant::now(),
        })
    }

    /// The region that S3 gives for a bucket when the answer to something else did not.
    async fn region_of(&self, bucket: &Bucket) -> Option<String> {
        let (client, _) = bucket.client();
        match client.head_bucket().bucket(&bucket.name).send().await {
            Ok(head) => head.bucket_region().map(str::to_owned),
            Err(error) => answer_of(&error).region().map(str::to_owned),
        }
    }

    pub(crate) fn payer(&self) -> Option<RequestPayer> {
        self.request_payer.then_some(RequestPayer::Requester)
    }

    pub(crate) fn bucket(&self, name: &str) -> Arc<Bucket> {
        let mut buckets = lock(&self.buckets);
        let region = self.config.region().map_or(REGION_UNSET, Region::as_ref);
        let new = || Bucket {
            name: name.to_owned(),
            client: Mutex::new((self.client(region), region.to_owned())),
        };
        Arc::clone(
            buckets
                .entry(name.to_owned())
                .or_insert_with(|| Arc::new(new())),
        )
    }

    fn client(&self, region: &str) -> Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .force_path_style(self.endpoint.is_some());
        Client::from_conf(config.build())
    }

    fn move_to(&self, bucket: &Bucket, region: &str) {
        let mut current = lock(&bucket.client);
        if current.1 != region {
            *current = (self.client(region), region.to_owned());
        }
    }

    /// Holds all requests back for a while.
    fn hold_back(&self, wait: Duration) {
        self.hold_until
            .fetch_max(millis(self.started.elapsed() + wait), Ordering::Relaxed);
    }

    async fn hold(&self) {
        let until = self.hold_until.load(Ordering::Relaxed);
        let now = millis(self.started.elapsed());
        if now < until {
            sleep(Duration::from_millis(until - now)).await;
        }
    }
}

impl Bucket {
    fn client(&self) -> (Client, String) {
        lock(&self.client).clone()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What the locks guard is whole after every statement, so that a panic elsewhere does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
