//! S3: the requests that list, look up and fetch, on threads of their own, and what the SDK's errors are in our words.
//!
//! Repeating is ours and not the SDK's: a body that breaks off is repeated like a request that does, a request to slow down
//! holds all requests back, and a bucket in another region is followed there once.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig, meta::region::RegionProviderChain};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{ProvideCredentials, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{
    EncodingType, ObjectStorageClass, OptionalObjectAttributes, RequestPayer, StorageClass,
};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::answer::{About, Action, Answer, Remedy, region_in};
use super::error::{FetchError, SourceError};
use super::feed::{FeedOptions, Fetched};
use super::finds::{Find, Finds, Root};
use super::object::{DeliveryObject, ETag, S3_SCHEME};
use super::walk::{ListRequest, ListedKey, Page, Walk};
use super::{AwsOptions, SourceOptions};
use crate::escape::printable;
use crate::limits::{
    FETCHED_BYTES_MAX, REUSED_BYTES_MAX, SERVER_MESSAGE_BYTES_MAX, SPARE_BODIES_MAX,
};

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

    /// Starts to fetch those of the objects that lie in S3.
    pub(super) fn feed(
        self: &Arc<Self>,
        objects: Arc<[DeliveryObject]>,
        options: FeedOptions,
        stop: Arc<AtomicBool>,
    ) -> S3Feed {
        let concurrency = options.concurrency.max(1);
        let (bodies, ready) = mpsc::channel(concurrency);
        let kibibytes = options
            .bytes_in_flight
            .div_ceil(1024)
            .clamp(1, u64::from(u32::MAX / 2));
        let kibibytes = u32::try_from(kibibytes).expect("it was clamped");
        let fetching = Arc::new(Fetching {
            shared: Arc::clone(&self.shared),
            objects,
            next: AtomicUsize::new(0),
            room: Arc::new(Semaphore::new(kibibytes as usize)),
            room_kibibytes: kibibytes,
            spare: Mutex::new(Vec::new()),
        });
        let all = fetch_all(Arc::clone(&fetching), concurrency, bodies, stop);
        let running = self.runtime().spawn(all).abort_handle();
        S3Feed {
            ready: Mutex::new(ready),
            _s3: Arc::clone(self),
            fetching,
            running,
        }
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

/// Size, tag, and whether it is archived.
type HeadOf = (u64, Option<ETag>, bool);

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

// Fetching.

/// What fetches share.
struct Fetching {
    shared: Arc<Shared>,
    objects: Arc<[DeliveryObject]>,
    /// The next object to look at for one that lies in S3.
    next: AtomicUsize,
    /// Room for bytes in flight, in KiB.
    room: Arc<Semaphore>,
    room_kibibytes: u32,
    /// Buffers that workers gave back.
    spare: Mutex<Vec<Vec<u8>>>,
}

/// A body on its way to a worker. Its bytes count as in flight until a worker takes them.
struct Body {
    index: usize,
    fetched: Result<(Vec<u8>, Fetched), FetchError>,
    room: Option<OwnedSemaphorePermit>,
}

/// What there was to take.
pub(super) enum Taken {
    /// An object, by its index, in the buffer that was given.
    Body(usize, Result<Fetched, FetchError>),
    /// None is there yet.
    NotYet,
    /// None will come.
    Done,
}

/// Bodies out of S3, fetched beforehand.
pub(super) struct S3Feed {
    ready: Mutex<mpsc::Receiver<Body>>,
    /// The threads, which end with the last that needs them.
    _s3: Arc<S3>,
    fetching: Arc<Fetching>,
    running: AbortHandle,
}

impl fmt::Debug for S3Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Feed").finish_non_exhaustive()
    }
}

impl Drop for S3Feed {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl S3Feed {
    /// Takes a body if one is there.
    pub(super) fn try_next(&self, buf: &mut Vec<u8>) -> Taken {
        let mut ready = match self.ready.try_lock() {
            Ok(ready) => ready,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Taken::NotYet,
        };
        match ready.try_recv() {
            Ok(body) => {
                drop(ready);
                let (index, fetched) = self.take(body, buf);
                Taken::Body(index, fetched)
            }
            Err(mpsc::error::TryRecvError::Empty) => Taken::NotYet,
            Err(mpsc::error::TryRecvError::Disconnected) => Taken::Done,
        }
    }

    /// Waits for a body; none where all have been taken, or fetching was stopped.
    pub(super) fn next(&self, buf: &mut Vec<u8>) -> Option<(usize, Result<Fetched, FetchError>)> {
        let body = lock(&self.ready).blocking_recv()?;
        Some(self.take(body, buf))
    }

    fn take(&self, body: Body, buf: &mut Vec<u8>) -> (usize, Result<Fetched, FetchError>) {
        let Body {
            index,
            fetched,
            room,
        } = body;
        let fetched = fetched.map(|(bytes, fetched)| {
            self.fetching.give_back(std::mem::replace(buf, bytes));
            fetched
        });
        drop(room);
        (index, fetched)
    }
}

/// Fetches every object, so many at once, until done or stopped.
async fn fetch_all(
    fetching: Arc<Fetching>,
    concurrency: usize,
    bodies: mpsc::Sender<Body>,
    stop: Arc<AtomicBool>,
) {
    let mut fetchers = JoinSet::new();
    for _ in 0..concurrency.min(fetching.objects.len()) {
        fetchers.spawn(fetch_some(Arc::clone(&fetching), bodies.clone()));
    }
    drop(bodies);
    while !stop.load(Ordering::Relaxed) {
        // A fetcher that panicked leaves its object out, which the run's books show.
        if let Ok(None) = timeout(STOP_TICK, fetchers.join_next()).await {
            return;
        }
    }
}

/// Fetches one object after the other, until none is left or nobody takes them.
async fn fetch_some(fetching: Arc<Fetching>, bodies: mpsc::Sender<Body>) {
    while let Some(index) = fetching.next_index() {
        let object = &fetching.objects[index];
        let room = fetching.make_room(object.size).await;
        let fetched = fetching.fetch(object).await;
        if bodies
            .send(Body {
                index,
                fetched,
                room,
            })
            .await
            .is_err()
        {
            return;
        }
    }
}

impl Fetching {
    fn next_index(&self) -> Option<usize> {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if self.objects.get(index)?.is_in_s3() {
                return Some(index);
            }
        }
    }

    async fn make_room(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let kibibytes = u32::try_from(bytes.div_ceil(1024))
            .unwrap_or(u32::MAX)
            .clamp(1, self.room_kibibytes);
        Arc::clone(&self.room)
            .acquire_many_owned(kibibytes)
            .await
            .ok()
    }

    async fn fetch(&self, object: &DeliveryObject) -> Result<(Vec<u8>, Fetched), FetchError> {
        if object.archived {
            return Err(FetchError::Archived);
        }
        if object.size > FETCHED_BYTES_MAX {
            return Err(FetchError::TooLarge {
                bytes: object.size,
                max: FETCHED_BYTES_MAX,
            });
        }
        let address = object.address();
        let (bucket, key) = split_address(&address).ok_or(FetchError::Gone)?;
        let bucket = self.shared.bucket(bucket);
        let mut asking = Asking::new(&self.shared, &bucket, Action::Get);
        loop {
            let client = asking.client().await;
            let request = client
                .get_object()
                .bucket(&bucket.name)
                .key(key)
                .set_request_payer(self.shared.payer());
            let answer = match request.send().await {
                Ok(output) => {
                    let version_id = output
                        .version_id()
                        .filter(|id| *id != "null")
                        .map(Into::into);
                    match self.body_of(output).await {
                        Ok(bytes) => return Ok((bytes, Fetched { version_id })),
                        Err(answer) => answer,
                    }
                }
                Err(error) => answer_of(&error),
            };
            asking
                .again(answer)
                .await
                .map_err(|no| asking.explain(no, Answer::fetch_error))?;
        }
    }

    /// The body, whole, in a buffer that is used again.
    async fn body_of(&self, output: GetObjectOutput) -> Result<Vec<u8>, Answer> {
        let length = output
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if let Some(bytes) = length.filter(|length| *length > FETCHED_BYTES_MAX) {
            return Err(Answer::TooLarge { bytes });
        }
        let mut bytes = lock(&self.spare).pop().unwrap_or_default();
        bytes.reserve(
            length
                .and_then(|length| usize::try_from(length).ok())
                .unwrap_or_default(),
        );
        let mut body = output.body;
        let lost = |detail: String| Answer::Lost { detail };
        while let Some(chunk) = timeout(READ_TIMEOUT, body.next())
            .await
            .map_err(|_| lost("the body stopped coming".into()))?
        {
            let chunk = chunk.map_err(|error| lost(root_cause(&error)))?;
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > FETCHED_BYTES_MAX {
                return Err(Answer::TooLarge {
                    bytes: bytes.len() as u64,
                });
            }
        }
        match length {
            Some(length) if length != bytes.len() as u64 => {
                Err(lost(format!("{} of {length} bytes came", bytes.len())))
            }
            _ => Ok(bytes),
        }
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = lock(&self.spare);
        if buffer.capacity() > 0
            && buffer.capacity() <= REUSED_BYTES_MAX
            && spare.len() < SPARE_BODIES_MAX
        {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

// The SDK's words in ours.

/// Splits `s3://bucket/key`.
pub(super) fn split_address(address: &str) -> Option<(&str, &str)> {
    address.strip_prefix(S3_SCHEME)?.split_once('/')
}

async fn check_credentials(config: &SdkConfig, profile: Option<&str>) -> Result<(), SourceError> {
    let Some(provider) = config.credentials_provider() else {
        return Err(SourceError::NoCredentials {
            detail: "none are configured".to_owned(),
        });
    };
    let Err(error) = provider.provide_credentials().await else {
        return Ok(());
    };
    // Where no provider has any, the SDK's error is a list of all there are.
    let has_none = format!("{error:?}").starts_with("CredentialsNotLoaded");
    let from_env = std::env::var("AWS_PROFILE").ok();
    let detail = match profile.or(from_env.as_deref()) {
        _ if !has_none => root_cause(&error),
        Some(profile) => format!("profile {} gives none", quoted(profile)),
        None => "none in the environment, the default profile or a role of this machine".to_owned(),
    };
    Err(SourceError::NoCredentials { detail })
}

/// The region to ask in: what was given, the environment's, the profile's, or the usual one.
fn region_chain(given: Option<&str>, profile: Option<&str>) -> RegionProviderChain {
    let given = RegionProviderChain::first_try(given.map(|region| Region::new(region.to_owned())))
        .or_else(EnvironmentVariableRegionProvider::new());
    let chain = match profile {
        Some(name) => given.or_else(
            ProfileFileRegionProvider::builder()
                .profile_name(name)
                .build(),
        ),
        None => given,
    };
    chain
        .or_default_provider()
        .or_else(Region::from_static(REGION_UNSET))
}

fn head_of(head: &HeadObjectOutput) -> HeadOf {
    let is_restored = head
        .restore()
        .is_some_and(|restore| restore.contains("ongoing-request=\"false\""));
    let class = head.storage_class().map(StorageClass::as_str);
    let size = head
        .content_length()
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or_default();
    (
        size,
        head.e_tag().map(ETag::new),
        class.is_some_and(is_archived) && !is_restored,
    )
}

fn page_of(output: ListObjectsV2Output) -> Page {
    let decode: fn(&str) -> String = if output.encoding_type() == Some(&EncodingType::Url) {
        percent_decoded
    } else {
        str::to_owned
    };
    let keys = output
        .contents
        .unwrap_or_default()
        .into_iter()
        .map(|object| ListedKey {
            key: decode(object.key().unwrap_or_default()),
            size: object
                .size()
                .and_then(|size| u64::try_from(size).ok())
                .unwrap_or_default(),
            etag: object.e_tag().map(ETag::new),
            archived: object
                .storage_class()
                .map(ObjectStorageClass::as_str)
                .is_some_and(is_archived)
                && object
                    .restore_status()
                    .is_none_or(|status| status.restore_expiry_date().is_none()),
        });
    let folders = output.common_prefixes.unwrap_or_default().into_iter();
    Page {
        keys: keys.collect(),
        folders: folders
            .filter_map(|folder| folder.prefix.as_deref().map(decode))
            .collect(),
        next: output
            .next_continuation_token
            .filter(|token| !token.is_empty()),
    }
}

fn is_archived(class: &str) -> bool {
    matches!(class, "GLACIER" | "DEEP_ARCHIVE")
}

/// A key as `encoding-type=url` writes it: percent signs, and plus for a space.
fn percent_decoded(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let pair = (*first == b'%').then(|| behind.get(..2)).flatten();
        let decoded =
            pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(match (*first, decoded) {
            (_, Some(byte)) => byte,
            (b'+', _) => b' ',
            (byte, _) => byte,
        });
        rest = if decoded.is_some() {
            &behind[2..]
        } else {
            behind
        };
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn answer_of<E>(error: &SdkError<E, HttpResponse>) -> Answer
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(said) if said.raw().status().is_success() => Answer::NotS3 {
            detail: root_cause(error),
        },
        SdkError::ServiceError(said) => {
            let raw = said.raw();
            let status = raw.status().as_u16();
            let body = raw
                .body()
                .bytes()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            let header = raw.headers().get("x-amz-bucket-region").map(str::to_owned);
            let code = said
                .err()
                .code()
                .map_or_else(|| code_of(status).to_owned(), quoted);
            let message = said.err().message().map(quoted).unwrap_or_default();
            Answer::Said {
                status,
                code,
                message,
                region: header.or_else(|| region_in(&body)),
            }
        }
        SdkError::ResponseError(answer) => match answer.raw().status().as_u16() {
            200..300 => Answer::NotS3 {
                detail: root_cause(error),
            },
            status => {
                let message = root_cause(error);
                let region = answer
                    .raw()
                    .headers()
                    .get("x-amz-bucket-region")
                    .map(str::to_owned);
                Answer::Said {
                    status,
                    code: code_of(status).to_owned(),
                    message,
                    region,
                }
            }
        },
        SdkError::TimeoutError(_) => Answer::Lost {
            detail: "no answer in time".to_owned(),
        },
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => {
            Answer::Lost {
                detail: root_cause(error),
            }
        }
        SdkError::DispatchFailure(_)
            if chain(error).any(|cause| cause.to_string().contains("redential")) =>
        {
            Answer::Credentials {
                detail: root_cause(error),
            }
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => Answer::Unformed {
            detail: root_cause(error),
        },
        SdkError::DispatchFailure(_) => Answer::Lost {
            detail: root_cause(error),
        },
        _ => Answer::Unformed {
            detail: root_cause(error),
        },
    }
}

/// A word for an answer that gives none itself, as those to HEAD.
fn code_of(status: u16) -> &'static str {
    match status {
        301 | 307 => "Redirect",
        400 => "BadRequest",
        403 => "AccessDenied",
        404 => "NotFound",
        503 => "SlowDown",
        _ => "no code",
    }
}

/// The innermost cause, which says what happened where the outer ones say what it led to.
fn root_cause(error: &dyn Error) -> String {
    chain(error)
        .last()
        .map(|cause| quoted(&cause.to_string()))
        .unwrap_or_default()
}

fn chain<'e>(error: &'e dyn Error) -> impl Iterator<Item = &'e dyn Error> {
    std::iter::successors(Some(error), |error: &&'e dyn Error| (*error).source())
}

/// What somebody else said: printable, on one line, and not too long.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.floor_char_boundary(SERVER_MESSAGE_BYTES_MAX);
    printable(&line[..end]).into_owned()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What the locks guard is whole after every statement, so that a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        for (encoded, key) in [
            ("AWSLogs/1/x.json.gz", "AWSLogs/1/x.json.gz"),
            ("a+b%2Bc%20d", "a b+c d"),
            ("%E6%9D%B1%01", "東\u{1}"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
        ] {
            assert_eq!(percent_decoded(encoded), key);
        }
    }

    #[test]
    fn what_a_server_says_is_cut_and_printable() {
        assert_eq!(quoted("two\n lines \u{1b}[31m"), "two lines \\u{1b}[31m");
        assert!(quoted(&"é".repeat(1000)).len() <= SERVER_MESSAGE_BYTES_MAX);
    }
}
