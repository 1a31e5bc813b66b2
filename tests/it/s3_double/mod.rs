//! An S3 in this process: objects and uploads in memory, served on loopback, with faults by script, before and after they take
//! effect, and every request counted and noted.

mod reading;
mod served;
mod writing;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::S3ServiceBuilder;
use s3s::{S3Error, S3ErrorCode, S3Result};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use xxhash_rust::xxh3::xxh3_128;

use self::served::Served;
use self::writing::Upload;
pub(crate) use self::writing::Written;

/// The credentials that sign.
pub(crate) const ACCESS_KEY: &str = "AKIDEXAMPLE";
/// Others that do.
pub(crate) const OTHER_ACCESS_KEY: &str = "AKIDOTHER";
/// The secret of both.
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI";

/// Marks an answer that is not to arrive.
const LOST: &str = "x-lost";

/// An S3 with its server, which ends with it.
pub(crate) struct S3Double {
    inner: Arc<Inner>,
    url: String,
    _runtime: Runtime,
}

/// The operations that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    List,
    Get,
    Head,
    Put,
    Delete,
    CreateUpload,
    UploadPart,
    CompleteUpload,
    AbortUpload,
    ListUploads,
}

impl Op {
    fn writes(self) -> bool {
        !matches!(
            self,
            Self::List | Self::Get | Self::Head | Self::ListUploads
        )
    }
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// An error of this status and code.
    Say(u16, &'static str),
    /// An error that names the region to ask in, in its header.
    Elsewhere(&'static str),
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// The object is deleted just before it is asked for.
    Vanish,
    /// No answer ever comes.
    Stall,
    /// The body is so many times as long as listed.
    Grow(usize),
    /// It is done, and the connection ends before it is answered.
    LoseAnswer,
    /// It is done, and an error of this status and code says otherwise.
    Deny(u16, &'static str),
    /// It waits until the gate is opened.
    Wait(Arc<Gate>),
}

/// What is answered to a second completion of an upload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Again {
    /// That it is done, as S3 does for a while.
    #[default]
    Done,
    /// That there is no such upload, as S3 does later.
    NoSuchUpload,
    /// That the server has an error, as moto does.
    InternalError,
}

/// Where a request waits until a test lets it go on.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    is_reached: AtomicBool,
    is_open: AtomicBool,
    opened: Notify,
}

impl Gate {
    /// Waits until a request has come this far.
    pub(crate) fn wait_reached(&self) {
        let began = std::time::Instant::now();
        while !self.is_reached.load(Ordering::Acquire) {
            assert!(began.elapsed().as_secs() < 60, "no request came");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    pub(crate) fn is_reached(&self) -> bool {
        self.is_reached.load(Ordering::Acquire)
    }

    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::Release);
        self.opened.notify_waiters();
    }

    async fn pass(&self) {
        self.is_reached.store(true, Ordering::Release);
        loop {
            let opened = self.opened.notified();
            if self.is_open.load(Ordering::Acquire) {
                return;
            }
            opened.await;
        }
    }
}

#[derive(Default)]
struct Inner {
    buckets: Mutex<HashMap<String, BTreeMap<String, Stored>>>,
    faults: Mutex<Vec<Script>>,
    requests: Mutex<HashMap<Op, u64>>,
    /// What was asked, in order.
    log: Mutex<Vec<(Op, String)>>,
    /// Requests that write are held up from that one on, counted from 1.
    hold_from: Mutex<Option<(u64, Arc<Gate>)>>,
    writes: AtomicU64,
    /// Open uploads by bucket, key and id.
    uploads: Mutex<BTreeMap<(String, String, String), Upload>>,
    completed: Mutex<HashMap<String, Again>>,
    again: Mutex<Again>,
    ignores_conditions: AtomicBool,
    written: Mutex<Vec<Written>>,
    next_upload: AtomicU64,
    /// The region that signatures must be for, if any.
    region: Mutex<Option<String>>,
    gets_now: AtomicUsize,
    gets_at_once: AtomicUsize,
    /// Bodies under way beyond which S3 asks to slow down; 0 for any number.
    gets_at_once_max: AtomicUsize,
    /// Access keys that were good once.
    expired: Mutex<HashSet<String>>,
}

struct Script {
    op: Op,
    /// What the key ends with.
    key: String,
    times: usize,
    fault: Fault,
}

#[derive(Clone)]
struct Stored {
    bytes: Bytes,
    size: u64,
    class: Option<&'static str>,
    version: Option<String>,
}

impl S3Double {
    /// Serves an empty S3 on a free port.
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let inner = Arc::new(Inner::default());
        let mut builder = S3ServiceBuilder::new(Served(Arc::clone(&inner)));
        builder.set_auth(Keys(Arc::clone(&inner)));
        builder.set_access(Everybody);
        let service = builder.build();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                // An answer that is to be lost ends its connection.
                let service = service_fn(move |request| {
                    let service = service.clone();
                    async move {
                        let answer = hyper::service::Service::call(&service, request).await;
                        match answer {
                            Ok(answer) if answer.headers().contains_key(LOST) => {
                                Err(std::io::Error::other("lost by the script"))
                            }
                            answer => answer.map_err(std::io::Error::other),
                        }
                    }
                });
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self {
            inner,
            url,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn create_bucket(&self, bucket: &str) {
        lock(&self.inner.buckets)
            .entry(bucket.to_owned())
            .or_default();
    }

    pub(crate) fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        self.store(
            bucket,
            key,
            Stored {
                bytes,
                size,
                class: None,
                version: None,
            },
        );
    }

    pub(crate) fn put_archived(&self, bucket: &str, key: &str, class: &'static str) {
        let bytes = Bytes::from_static(b"cold");
        self.store(
            bucket,
            key,
            Stored {
                bytes,
                size: 4,
                class: Some(class),
                version: None,
            },
        );
    }

    pub(crate) fn put_version(&self, bucket: &str, key: &str, bytes: &'static [u8], version: &str) {
        let (bytes, size) = (Bytes::from_static(bytes), bytes.len() as u64);
        self.store(
            bucket,
            key,
            Stored {
                bytes,
                size,
                class: None,
                version: Some(version.to_owned()),
            },
        );
    }

    /// Stores an object that is listed with another size than it has.
    pub(crate) fn put_listed_as(&self, bucket: &str, key: &str, size: u64) {
        let bytes = Bytes::from_static(b"small");
        self.store(
            bucket,
            key,
            Stored {
                bytes,
                size,
                class: None,
                version: None,
            },
        );
    }

    /// Lets so many of the requests for keys (lists: prefixes) with this end fail.
    pub(crate) fn fail(&self, op: Op, key: &str, times: usize, fault: Fault) {
        lock(&self.inner.faults).push(Script {
            op,
            key: key.to_owned(),
            times,
            fault,
        });
    }

    /// Lets so many of those requests pass before the next script for them plays.
    pub(crate) fn skip(&self, op: Op, key: &str, times: usize) {
        self.fail(op, key, times, Fault::None);
    }

    /// Lets nothing fail from now on.
    pub(crate) fn forget_faults(&self) {
        lock(&self.inner.faults).clear();
    }

    /// Demands that signatures be for this region.
    pub(crate) fn move_to(&self, region: &str) {
        *lock(&self.inner.region) = Some(region.to_owned());
    }

    /// How many requests came since the last time somebody asked.
    pub(crate) fn take_requests(&self, op: Op) -> u64 {
        lock(&self.inner.requests).remove(&op).unwrap_or_default()
    }

    /// The most bodies that were under way at once.
    pub(crate) fn gets_at_once(&self) -> usize {
        self.inner.gets_at_once.load(Ordering::Relaxed)
    }

    /// Asks to slow down where more bodies than that are under way.
    pub(crate) fn crowd(&self, gets_at_once_max: usize) {
        let max = &self.inner.gets_at_once_max;
        max.store(gets_at_once_max, Ordering::Relaxed);
    }

    /// Lets an access key expire, also for those who have it.
    pub(crate) fn expire(&self, access_key: &str) {
        lock(&self.inner.expired).insert(access_key.to_owned());
    }

    /// Answers so to whoever completes an upload a second time.
    pub(crate) fn answer_again(&self, again: Again) {
        *lock(&self.inner.again) = again;
    }

    /// Overwrites where it should refuse to.
    pub(crate) fn ignore_conditions(&self) {
        self.inner.ignores_conditions.store(true, Ordering::Relaxed);
    }

    /// Holds requests up from the n-th on that writes, counted from now and 1, until the gate is opened.
    pub(crate) fn hold_from(&self, n: u64) -> Arc<Gate> {
        let gate = Arc::<Gate>::default();
        let now = self.inner.writes.load(Ordering::Relaxed);
        *lock(&self.inner.hold_from) = Some((now + n, Arc::clone(&gate)));
        gate
    }

    /// Lets all go on.
    pub(crate) fn go_on(&self) {
        if let Some((_, gate)) = lock(&self.inner.hold_from).take() {
            gate.open();
        }
    }

    /// What was asked since the last time somebody wanted to know, with the key or prefix.
    pub(crate) fn take_log(&self) -> Vec<(Op, String)> {
        std::mem::take(&mut lock(&self.inner.log))
    }

    /// What came with each object that was written.
    pub(crate) fn take_written(&self) -> Vec<Written> {
        std::mem::take(&mut lock(&self.inner.written))
    }

    /// The objects of a bucket whose keys begin so, without that beginning.
    pub(crate) fn objects(&self, bucket: &str, start: &str) -> BTreeMap<String, Bytes> {
        let buckets = lock(&self.inner.buckets);
        let objects = buckets[bucket].iter();
        objects
            .filter_map(|(key, stored)| {
                Some((key.strip_prefix(start)?.to_owned(), stored.bytes.clone()))
            })
            .collect()
    }

    /// The keys of the uploads that are open.
    pub(crate) fn open_uploads(&self) -> Vec<String> {
        let uploads = lock(&self.inner.uploads);
        uploads.keys().map(|(_, key, _)| key.clone()).collect()
    }

    /// Aborts all open uploads, as a lifecycle rule does.
    pub(crate) fn abort_uploads(&self) {
        lock(&self.inner.uploads).clear();
    }

    fn store(&self, bucket: &str, key: &str, stored: Stored) {
        lock(&self.inner.buckets)
            .entry(bucket.to_owned())
            .or_default()
            .insert(key.to_owned(), stored);
    }
}

/// Knows who signs.
struct Keys(Arc<Inner>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if lock(&self.0.expired).contains(access_key) {
            return Err(error(400, "ExpiredToken"));
        }
        if [ACCESS_KEY, OTHER_ACCESS_KEY].contains(&access_key) {
            Ok(SECRET_KEY.into())
        } else {
            Err(error(403, "InvalidAccessKeyId"))
        }
    }
}

/// Lets unsigned requests in, too.
struct Everybody;

#[async_trait::async_trait]
impl S3Access for Everybody {
    async fn check(&self, _: &mut S3AccessContext<'_>) -> S3Result<()> {
        Ok(())
    }
}

/// The tag of some bytes.
fn tag(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

fn error(status: u16, code: &str) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::from_bytes(code.as_bytes()).unwrap());
    error.set_status_code(status.try_into().unwrap());
    error.set_message(format!("the script says {code}"));
    error
}

fn elsewhere(region: &str) -> S3Error {
    let mut error = error(301, "PermanentRedirect");
    let mut headers = hyper::HeaderMap::new();
    headers.insert("x-amz-bucket-region", region.parse().unwrap());
    error.set_headers(headers);
    error
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// A server that is not S3: answers every request with a web page.
pub(crate) fn web_server() -> (String, Runtime) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let page = service_fn(|_| async {
                Ok::<_, Infallible>(hyper::Response::new(
                    "<html><body>hello</body></html>".to_owned(),
                ))
            });
            let server = auto::Builder::new(TokioExecutor::new());
            tokio::spawn(async move {
                let _ = server.serve_connection(TokioIo::new(socket), page).await;
            });
        }
    });
    (url, runtime)
}
