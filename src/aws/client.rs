//! The clients: one a bucket, for the region that it is in, on threads of their own; and a request that is made until there is
//! an answer to keep.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::endpoint::{
    DefaultResolver, Endpoint, EndpointFuture, Params, ResolveEndpoint,
};
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::types::RequestPayer;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::answer::{About, Action, Answer, BAD_REQUEST, Remedy};
use super::pace::Sign;
use super::traffic::Pass;
use super::words::{answer_of, credentials_of, region_chain};
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
    options: AwsOptions,
    signing: Mutex<Signing>,
    /// Held while credentials are looked up anew: those who find out at the same time do that once.
    signing_anew: tokio::sync::Mutex<()>,
    /// Where an endpoint is given, buckets are addressed by path.
    endpoint: Option<String>,
    buckets: Mutex<HashMap<String, Arc<Bucket>>>,
}

/// What requests are signed with.
struct Signing {
    config: SdkConfig,
    /// None where requests go unsigned.
    credentials: Option<Credentials>,
    /// How often there were others.
    generation: u64,
    /// Whether others were looked for in vain because of an answer that does not say why.
    was_guessed: bool,
}

/// A bucket, and the client for the region that it turned out to be in.
pub(crate) struct Bucket {
    pub(crate) name: String,
    current: Mutex<Current>,
}

#[derive(Clone)]
struct Current {
    client: Client,
    region: String,
    /// Of the credentials that it signs with.
    generation: u64,
}

impl Clients {
    /// Prepares the way to S3; no request is made yet, but configuration and credentials are looked up.
    ///
    /// # Errors
    ///
    /// Where there are no credentials, and requests are to be signed.
    pub(crate) fn new(options: &AwsOptions) -> Result<Self, S3Error> {
        // A GET costs the SDK a quarter of a millisecond of a processor.
        let threads = available_parallelism().map_or(2, usize::from).clamp(1, 8);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("s3")
            .enable_all()
            .build()
            .map_err(S3Error::Runtime)?;
        let loaded = Shared::load(options.clone());
        let loaded = options.traffic.unless_stopped(Duration::ZERO, loaded);
        let shared = runtime.block_on(loaded)??;
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

    /// Waits for what was asked, but no longer than for so long after the run was to stop.
    ///
    /// # Errors
    ///
    /// Returns that it was stopped. Whether what was asked is done is then open.
    pub(crate) fn wait<T>(
        &self,
        grace: Duration,
        asked: impl Future<Output = T>,
    ) -> Result<T, S3Error> {
        let traffic = &self.shared.options.traffic;
        self.runtime()
            .block_on(traffic.unless_stopped(grace, asked))
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
    /// Of the credentials that were signed with last.
    generation: u64,
    /// The request that is under way.
    pass: Option<Pass>,
    has_followed: bool,
    has_signed_anew: bool,
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
            generation: 0,
            pass: None,
            has_followed: false,
            has_signed_anew: false,
        }
    }

    /// The client to ask with, when it is time to. What comes of it is to be [`answered`](Self::answered) or asked
    /// [`again`](Self::again).
    pub(crate) async fn client(&mut self) -> Client {
        self.pass = Some(self.shared.options.traffic.pass().await);
        let current = self.shared.current(self.bucket);
        self.attempts += 1;
        self.region = current.region;
        self.generation = current.generation;
        current.client
    }

    /// Takes note that the request is not under way any more, and was answered.
    pub(crate) fn answered(&mut self) {
        self.end(Sign::Success);
    }

    /// Takes note that the request is not under way any more, and what came of it, before anything else is asked.
    pub(crate) fn end_with(&mut self, answer: Option<&Answer>) {
        self.end(answer.map_or(Sign::Success, Answer::sign));
    }

    fn end(&mut self, sign: Sign) {
        if let Some(pass) = self.pass.take() {
            pass.end(sign);
        }
    }

    /// Waits until it is time to ask again, or gives the answer back where that is no use.
    pub(crate) async fn again(&mut self, answer: Answer) -> Result<(), Answer> {
        let remedy = answer.remedy();
        self.end(answer.sign());
        if remedy == Remedy::SignAnew && !self.has_signed_anew {
            self.has_signed_anew = true;
            if self.shared.sign_anew(self.generation, &answer).await {
                self.shared.options.traffic.count(answer.reason());
                self.attempts -= 1;
                return Ok(());
            }
        }
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
        self.shared.options.traffic.count(answer.reason());
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
    async fn load(options: AwsOptions) -> Result<Self, S3Error> {
        let config = load_config(&options).await;
        let credentials = if options.no_sign_request {
            None
        } else {
            Some(credentials_of(&config, options.profile.as_deref()).await?)
        };
        let endpoint = config
            .endpoint_url()
            .map(str::to_owned)
            .or_else(|| std::env::var("AWS_ENDPOINT_URL_S3").ok());
        Ok(Self {
            options,
            signing: Mutex::new(Signing {
                config,
                credentials,
                generation: 0,
                was_guessed: false,
            }),
            signing_anew: tokio::sync::Mutex::default(),
            endpoint: endpoint.filter(|url| !url.is_empty()),
            buckets: Mutex::default(),
        })
    }

    /// Looks credentials up anew, in place of those of a generation that were refused; false where there are no others.
    async fn sign_anew(&self, refused: u64, answer: &Answer) -> bool {
        let _alone = self.signing_anew.lock().await;
        if lock(&self.signing).generation != refused {
            return true; // somebody else was faster
        }
        // A guess is looked into once: S3 says the same of keys that it was not given (SSE-C), object by object.
        let is_guess = answer.says(&[BAD_REQUEST]);
        let is_in_vain = is_guess && lock(&self.signing).was_guessed;
        if self.options.no_sign_request || is_in_vain {
            return false;
        }
        lock(&self.signing).was_guessed |= is_guess;
        // The providers of the first chain keep what they have read.
        let config = load_config(&self.options).await;
        let Ok(found) = credentials_of(&config, self.options.profile.as_deref()).await else {
            return false;
        };
        let mut signing = lock(&self.signing);
        if signing.credentials.as_ref() == Some(&found) {
            return false;
        }
        *signing = Signing {
            config,
            credentials: Some(found),
            generation: refused + 1,
            was_guessed: false,
        };
        true
    }

    /// The region that S3 gives for a bucket when the answer to something else did not.
    async fn region_of(&self, bucket: &Bucket) -> Option<String> {
        let client = self.current(bucket).client;
        match client.head_bucket().bucket(&bucket.name).send().await {
            Ok(head) => head.bucket_region().map(str::to_owned),
            Err(error) => answer_of(&error).region().map(str::to_owned),
        }
    }

    pub(crate) fn payer(&self) -> Option<RequestPayer> {
        let pays = self.options.request_payer;
        pays.then_some(RequestPayer::Requester)
    }

    pub(crate) fn bucket(&self, name: &str) -> Arc<Bucket> {
        let new = || {
            let region = lock(&self.signing).config.region().cloned();
            let region = region.as_ref().map_or(REGION_UNSET, Region::as_ref);
            Arc::new(Bucket {
                name: name.to_owned(),
                current: Mutex::new(self.client(region)),
            })
        };
        let mut buckets = lock(&self.buckets);
        Arc::clone(buckets.entry(name.to_owned()).or_insert_with(new))
    }

    /// The client of a bucket that signs with the newest credentials.
    fn current(&self, bucket: &Bucket) -> Current {
        let mut current = lock(&bucket.current);
        if current.generation != lock(&self.signing).generation {
            *current = self.client(&current.region);
        }
        current.clone()
    }

    fn client(&self, region: &str) -> Current {
        let signing = lock(&self.signing);
        let config = aws_sdk_s3::config::Builder::from(&signing.config)
            .region(Region::new(region.to_owned()))
            .endpoint_resolver(Resolver::default())
            .force_path_style(self.endpoint.is_some());
        Current {
            client: Client::from_conf(config.build()),
            region: region.to_owned(),
            generation: signing.generation,
        }
    }

    fn move_to(&self, bucket: &Bucket, region: &str) {
        let mut current = lock(&bucket.current);
        if current.region != region {
            *current = self.client(region);
        }
    }
}

/// Where a client's bucket is, worked out once. The SDK goes through its rules for every key, which is a quarter of what it takes to
/// prepare a GET; but none of them looks at the key, and all else is the same for all requests of a client, but for those that
/// it makes itself to open sessions.
#[derive(Debug, Default)]
struct Resolver {
    rules: DefaultResolver,
    known: OnceLock<(Params, Endpoint)>,
}

impl ResolveEndpoint for Resolver {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        let is_same = |known: &Params| {
            let of = |params: &Params| {
                let is_session = params.disable_s3_express_session_auth();
                (is_session, params.use_s3_express_control_endpoint())
            };
            known.bucket() == params.bucket() && of(known) == of(params)
        };
        if let Some((_, endpoint)) = self.known.get().filter(|(known, _)| is_same(known)) {
            return EndpointFuture::ready(Ok(endpoint.clone()));
        }
        EndpointFuture::new(async {
            let endpoint = ResolveEndpoint::resolve_endpoint(&self.rules, params).await?;
            let _ = self.known.set((params.clone(), endpoint.clone())); // or somebody was faster
            Ok(endpoint)
        })
    }
}

async fn load_config(options: &AwsOptions) -> SdkConfig {
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
    loader.load().await
}

/// What the locks guard is whole after every statement, so that a panic elsewhere does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
