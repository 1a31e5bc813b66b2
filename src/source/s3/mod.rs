//! S3: the requests that list, look up and fetch, on threads of their own.
//!
//! Repeating is ours and not the SDK's: a body that breaks off is repeated like a request that does, a request to slow down
//! holds all requests back, and a bucket in another region is followed there once.

mod fetch;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::types::{EncodingType, OptionalObjectAttributes, RequestPayer};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::answer::{About, Action, Answer, Remedy};
use super::error::{FetchError, SourceError};
use super::finds::{Find, Finds, Root};
use super::object::S3_SCHEME;
use super::walk::{ListRequest, Page, Walk};
use super::{AwsOptions, SourceOptions};
use crate::escape::printable;
pub(super) use fetch::{BodyRoom, S3Feed, Taken};
use words::{HeadOf, answer_of, check_credentials, head_of, page_of, region_chain};

/// The region to ask in where none is configured; a bucket elsewhere is followed.
const REGION_UNSET: &str = "us-east-1";
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, and a body may pause.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the stop flag is looked at.
const STOP_TICK: Duration = Duration::from_millis(50);

/// The way to S3: threads, connections, credentials. One for all buckets of a run.
pub(super) struct S3 {
    /// Taken when dropped: waiting for threads that look up names could take seconds.
    runtime: Option<Runtime>,
    shared: Arc<Shared>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("endpoint", &self.shared.endpoint)
            .finish_non_exhaustive()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the tasks of all buckets share.
struct Shared {
    config: SdkConfig,
    options: SourceOptions,
    /// Where an endpoint is given, buckets are addressed by path.
    endpoint: Option<String>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
    /// Requests made, by action.
    lists: AtomicU64,
    heads: AtomicU64,
    /// Milliseconds after `started` before which no request starts, because the server asked to slow down.
    hold_until: AtomicU64,
    started: Instant,
}

/// A bucket, and the client for the region that it turned out to be in.
struct Bucket {
    name: String,
    client: Mutex<(Client, String)>,
}

impl S3 {
    /// Prepares the way to S3; no request is made yet, but configuration and credentials are looked up.
    ///
    /// # Errors
    ///
    /// Where there are no credentials, and requests are to be signed.
    pub(super) fn new(options: &SourceOptions) -> Result<Self, SourceError> {
        // A GET costs the SDK a quarter of a millisecond of a processor.
        let threads = available_parallelism().map_or(2, usize::from).clamp(1, 8);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(SourceError::Runtime)?;
        let shared = runtime.block_on(Shared::load(options.clone()))?;
        Ok(Self {
            runtime: Some(runtime),
            shared: Arc::new(shared),
        })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("it is taken only when dropped")
    }

    /// Lists a bucket below a prefix.
    ///
    /// # Errors
    ///
    /// Where the bucket cannot be listed, or nothing starts with the prefix.
    pub(super) fn walk(
        &self,
        bucket: &str,
        prefix: &str,
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        let listed = self
            .runtime()
            .block_on(self.shared.walk(bucket, prefix, finds, stop));
        self.count_requests(finds);
        finds.finish_source();
        listed
    }

    /// Looks up objects that were given by their keys. What is wrong with one shows when it is fetched.
    ///
    /// # Errors
    ///
    /// Where no object could be looked up: wrong credentials, no such bucket.
    pub(super) fn look_up(
        &self,
        bucket: &str,
        keys: &[&str],
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        let found = self
            .runtime()
            .block_on(self.shared.look_up(bucket, keys, stop));
        self.count_requests(finds);
        let root = Root::outside(&format!("{S3_SCHEME}{bucket}"));
        for (key, found) in keys.iter().zip(found?) {
            let address = format!("{S3_SCHEME}{bucket}/{key}");
            let (size, etag, archived) = found.unwrap_or_default();
            finds.offer_single(
                Find {
                    root: &root,
                    address: &address,
                    size,
                    etag,
                    archived,
                },
                false,
            );
        }
        Ok(())
    }

    fn count_requests(&self, finds: &mut Finds<'_>) {
        let taken = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        finds.count_requests(taken(&self.shared.lists), taken(&self.shared.heads));
    }
}

// Listing.

impl Shared {
    async fn load(options: SourceOptions) -> Result<Self, SourceError> {
        let AwsOptions {
            profile,
            region,
            endpoint_url,
            no_sign_request,
            ..
        } = &options.aws;
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
            options,
            endpoint: endpoint.filter(|url| !url.is_empty()),
            buckets: Mutex::default(),
            lists: AtomicU64::new(0),
            heads: AtomicU64::new(0),
            hold_until: AtomicU64::new(0),
            started: Instant::now(),
        })
    }

    async fn walk(
        self: &Arc<Self>,
        bucket: &str,
        prefix: &str,
        finds: &mut Finds<'_>,
        stop: &AtomicBool,
    ) -> Result<(), SourceError> {
        let bucket = self.bucket(bucket);
        let mut walk = Walk::new(&bucket.name, prefix, finds);
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.options.concurrency.max(1)
                && let Some(task) = walk.next_task(running.is_empty(), finds)
            {
                let (shared, bucket) = (Arc::clone(self), Arc::clone(&bucket));
                running.spawn(async move {
                    let page = shared.list(&bucket, &task.request()).await;
                    (task, page)
                });
            }
            let joined = timeout(STOP_TICK, running.join_next()).await;
            if stop.load(Ordering::Relaxed) {
                return Err(SourceError::Stopped);
            }
            match joined {
                Err(_) => {} // a tick
                Ok(None) => return Ok(()),
                Ok(Some(Ok((task, page)))) => walk.absorb(task, page?, finds)?,
                Ok(Some(Err(panicked))) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
    }

    async fn list(&self, bucket: &Bucket, request: &ListRequest<'_>) -> Result<Page, SourceError> {
        let mut asking = Asking::new(self, bucket, Action::List);
        loop {
            let client = asking.client().await;
            self.lists.fetch_add(1, Ordering::Relaxed);
            let answered = client
                .list_objects_v2()
                .bucket(&bucket.name)
                .prefix(request.prefix)
                .set_delimiter(request.delimited.then(|| "/".to_owned()))
                .set_start_after(request.start_after.map(str::to_owned))
                .set_continuation_token(request.token.map(str::to_owned))
                // Keys can hold characters that XML cannot.
                .encoding_type(EncodingType::Url)
                // Without it, what was restored from an archive looks as archived as before.
                .optional_object_attributes(OptionalObjectAttributes::RestoreStatus)
                .set_request_payer(self.payer())
                .send()
                .await;
            match answered {
                Ok(output) => return Ok(page_of(output)),
                Err(error) => asking
                    .again(answer_of(&error))
                    .await
                    .map_err(|no| asking.explain(no, Answer::source_error))?,
            }
        }
    }

    /// Looks up keys, in their order; none for what was not found or not allowed.
    async fn look_up(
        self: &Arc<Self>,
        bucket: &str,
        keys: &[&str],
        stop: &AtomicBool,
    ) -> Result<Vec<Option<HeadOf>>, SourceError> {
        let bucket = self.bucket(bucket);
        let mut found = vec![None; keys.len()];
        let mut running = JoinSet::new();
        let mut left = keys.iter().enumerate();
        loop {
            while running.len() < self.options.concurrency.max(1)
                && let Some((index, key)) = left.next()
            {
                let (shared, bucket, key) =
                    (Arc::clone(self), Arc::clone(&bucket), (*key).to_owned());
                running.spawn(async move { (index, shared.head(&bucket, &key).await) });
            }
            let joined = timeout(STOP_TICK, running.join_next()).await;
            if stop.load(Ordering::Relaxed) {
                return Err(SourceError::Stopped);
            }
            match joined {
                Err(_) => {} // a tick
                Ok(None) => return Ok(found),
                Ok(Some(Ok((index, head)))) => found[index] = head?,
                Ok(Some(Err(panicked))) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
    }

    async fn head(&self, bucket: &Bucket, key: &str) -> Result<Option<HeadOf>, SourceError> {
        let mut asking = Asking::new(self, bucket, Action::Head);
        loop {
            let client = asking.client().await;
            self.heads.fetch_add(1, Ordering::Relaxed);
            let request = client
                .head_object()
                .bucket(&bucket.name)
                .key(key)
                .set_request_payer(self.payer());
            let answer = match request.send().await {
                Ok(head) => return Ok(Some(head_of(&head))),
                Err(error) => answer_of(&error),
            };
            if let Err(answer) = asking.again(answer).await {
                return match asking.explain(answer, Answer::fetch_error) {
                    FetchError::Source(error) => Err(error),
                    _ => Ok(None),
                };
            }
        }
    }
}

// Asking.

/// A request that is made until there is an answer to keep, or no use in asking again.
struct Asking<'a> {
    shared: &'a Shared,
    bucket: &'a Bucket,
    action: Action,
    attempts: u32,
    /// The region that was asked last.
    region: String,
    has_followed: bool,
}

impl<'a> Asking<'a> {
    fn new(shared: &'a Shared, bucket: &'a Bucket, action: Action) -> Self {
        Self {
            shared,
            bucket,
            action,
            attempts: 0,
            region: String::new(),
            has_followed: false,
        }
    }

    /// The client to ask with, when it is time to.
    async fn client(&mut self) -> Client {
        self.shared.hold().await;
        let (client, region) = self.bucket.client();
        self.attempts += 1;
        self.region = region;
        client
    }

    /// Waits until it is time to ask again, or gives the answer back where that is no use.
    async fn again(&mut self, answer: Answer) -> Result<(), Answer> {
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
        let Some(wait) = self.shared.options.retry.wait(remedy, self.attempts) else {
            return Err(answer);
        };
        if remedy == Remedy::SlowDown {
            self.shared.hold_back(wait);
        }
        sleep(wait).await;
        Ok(())
    }

    /// Puts an answer in a person's words.
    fn explain<E>(&self, answer: Answer, words: impl FnOnce(Answer, About<'_>) -> E) -> E {
        let Self {
            action,
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
                region,
                endpoint: &endpoint,
                attempts,
            },
        )
    }
}

impl Shared {
    /// The region that S3 gives for a bucket when the answer to something else did not.
    async fn region_of(&self, bucket: &Bucket) -> Option<String> {
        let (client, _) = bucket.client();
        match client.head_bucket().bucket(&bucket.name).send().await {
            Ok(head) => head.bucket_region().map(str::to_owned),
            Err(error) => answer_of(&error).region().map(str::to_owned),
        }
    }

    fn payer(&self) -> Option<RequestPayer> {
        self.options
            .aws
            .request_payer
            .then_some(RequestPayer::Requester)
    }

    fn bucket(&self, name: &str) -> Arc<Bucket> {
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

/// Splits `s3://bucket/key`.
pub(super) fn split_address(address: &str) -> Option<(&str, &str)> {
    address.strip_prefix(S3_SCHEME)?.split_once('/')
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What the locks guard is whole after every statement, so that a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
