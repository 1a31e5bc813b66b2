//! An S3 in this process: objects in memory, served on loopback, with faults by script and every request counted.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output,
    Object, ObjectStorageClass, StorageClass, StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use xxhash_rust::xxh3::xxh3_128;

/// The credentials that sign.
pub(crate) const ACCESS_KEY: &str = "AKIDEXAMPLE";
/// See [`ACCESS_KEY`].
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI";

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
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
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
}

#[derive(Default)]
struct Inner {
    buckets: Mutex<HashMap<String, BTreeMap<String, Stored>>>,
    faults: Mutex<Vec<Script>>,
    requests: Mutex<HashMap<Op, u64>>,
    /// The region that signatures must be for, if any.
    region: Mutex<Option<String>>,
    gets_now: AtomicUsize,
    gets_at_once: AtomicUsize,
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
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        builder.set_access(Everybody);
        let service = builder.build();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
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

    /// Lets nothing fail any more.
    pub(crate) fn forgive(&self) {
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

    fn store(&self, bucket: &str, key: &str, stored: Stored) {
        lock(&self.inner.buckets)
            .entry(bucket.to_owned())
            .or_default()
            .insert(key.to_owned(), stored);
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

struct Served(Arc<Inner>);

impl Served {
    /// Counts a request, and plays what the script has for it.
    async fn admit<T>(
        &self,
        op: Op,
        bucket: &str,
        key: &str,
        request: &S3Request<T>,
    ) -> S3Result<Option<Fault>> {
        *lock(&self.0.requests).entry(op).or_default() += 1;
        let wanted = lock(&self.0.region).clone();
        if let (Some(wanted), Some(signed)) = (wanted, &request.region)
            && signed.as_str() != wanted
        {
            return Err(elsewhere(&wanted));
        }
        let fault = {
            let mut faults = lock(&self.0.faults);
            let script = faults
                .iter_mut()
                .find(|f| f.op == op && f.times > 0 && key.ends_with(&f.key));
            script.map(|script| {
                script.times -= 1;
                script.fault.clone()
            })
        };
        match fault {
            Some(Fault::Say(status, code)) => Err(error(status, code)),
            Some(Fault::Elsewhere(region)) => Err(elsewhere(region)),
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Vanish) => {
                lock(&self.0.buckets)
                    .get_mut(bucket)
                    .and_then(|objects| objects.remove(key));
                Ok(None)
            }
            other => Ok(other),
        }
    }

    fn find(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        let buckets = lock(&self.0.buckets);
        let objects = buckets
            .get(bucket)
            .ok_or_else(|| error(404, "NoSuchBucket"))?;
        objects
            .get(key)
            .cloned()
            .ok_or_else(|| error(404, "NoSuchKey"))
    }
}

#[async_trait::async_trait]
impl S3 for Served {
    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let prefix = request.input.prefix.clone().unwrap_or_default();
        self.admit(Op::List, &request.input.bucket, &prefix, &request)
            .await?;
        let buckets = lock(&self.0.buckets);
        let objects = buckets
            .get(&request.input.bucket)
            .ok_or_else(|| error(404, "NoSuchBucket"))?;
        Ok(S3Response::new(list(objects, &prefix, &request.input)))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        let guard = Guard::new(&self.0);
        let fault = self.admit(Op::Get, bucket, key, &request).await?;
        let stored = self.find(bucket, key)?;
        if stored.class.is_some() {
            return Err(error(403, "InvalidObjectState"));
        }
        let bytes = match fault {
            Some(Fault::Grow(times)) => Bytes::from(stored.bytes.repeat(times)),
            _ => stored.bytes.clone(),
        };
        let length = i64::try_from(bytes.len()).unwrap();
        let cut = if let Some(Fault::Cut(at)) = fault {
            Some(at)
        } else {
            None
        };
        let body = Sent {
            bytes: Some(bytes),
            cut,
            _guard: guard,
        };
        Ok(S3Response::new(GetObjectOutput {
            body: Some(StreamingBlob::from(s3s::Body::http_body(body))),
            content_length: Some(length),
            e_tag: Some(e_tag(&stored)),
            version_id: stored.version,
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let (bucket, key) = (&request.input.bucket, &request.input.key);
        self.admit(Op::Head, bucket, key, &request).await?;
        let stored = self.find(bucket, key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: i64::try_from(stored.size).ok(),
            e_tag: Some(e_tag(&stored)),
            storage_class: stored.class.map(StorageClass::from_static),
            ..HeadObjectOutput::default()
        }))
    }

    async fn head_bucket(
        &self,
        _: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        match lock(&self.0.region).as_deref() {
            Some(region) => Err(elsewhere(region)),
            None => Ok(S3Response::new(HeadBucketOutput::default())),
        }
    }
}

/// One page of at most 1,000 keys and folders.
fn list(
    objects: &BTreeMap<String, Stored>,
    prefix: &str,
    input: &ListObjectsV2Input,
) -> ListObjectsV2Output {
    let max_keys = usize::try_from(input.max_keys.unwrap_or(1000).clamp(0, 1000)).unwrap();
    let start = input
        .continuation_token
        .as_deref()
        .or(input.start_after.as_deref())
        .unwrap_or_default();
    let is_encoded = input
        .encoding_type
        .as_ref()
        .is_some_and(|kind| kind.as_str() == EncodingType::URL);
    let written = |text: &str| {
        if is_encoded {
            percent_encoded(text)
        } else {
            text.to_owned()
        }
    };
    let (mut contents, mut folders) = (Vec::new(), Vec::new());
    let mut last = String::new();
    let mut next = None;
    for (key, stored) in objects
        .range(prefix.to_owned()..)
        .take_while(|(key, _)| key.starts_with(prefix))
    {
        let delimiter = input
            .delimiter
            .as_deref()
            .and_then(|d| Some((key[prefix.len()..].find(d)?, d.len())));
        let item = delimiter.map_or(key.as_str(), |(at, length)| {
            &key[..prefix.len() + at + length]
        });
        if item <= start || item == last {
            continue;
        }
        if contents.len() + folders.len() == max_keys {
            next = Some(last);
            break;
        }
        item.clone_into(&mut last);
        if delimiter.is_some() {
            folders.push(CommonPrefix {
                prefix: Some(written(item)),
            });
        } else {
            contents.push(Object {
                key: Some(written(key)),
                size: i64::try_from(stored.size).ok(),
                e_tag: Some(e_tag(stored)),
                storage_class: stored.class.map(ObjectStorageClass::from_static),
                ..Object::default()
            });
        }
    }
    ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + folders.len()).ok(),
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        contents: Some(contents),
        common_prefixes: Some(folders),
        encoding_type: is_encoded.then(|| EncodingType::from_static(EncodingType::URL)),
        prefix: Some(written(prefix)),
        ..ListObjectsV2Output::default()
    }
}

/// Counts a body as under way until it is sent.
struct Guard(Arc<Inner>);

impl Guard {
    fn new(inner: &Arc<Inner>) -> Self {
        let now = inner.gets_now.fetch_add(1, Ordering::Relaxed) + 1;
        inner.gets_at_once.fetch_max(now, Ordering::Relaxed);
        Self(Arc::clone(inner))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.gets_now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body that may break off.
struct Sent {
    bytes: Option<Bytes>,
    cut: Option<usize>,
    _guard: Guard,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let cut = self.cut;
        Poll::Ready(match (self.bytes.take(), cut) {
            (Some(bytes), Some(at)) => Some(Ok(Frame::data(bytes.slice(..at.min(bytes.len()))))),
            (Some(bytes), None) => Some(Ok(Frame::data(bytes))),
            (None, Some(_)) => Some(Err(std::io::Error::other("cut by the script"))),
            (None, None) => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.bytes, self.cut) {
            (Some(bytes), None) => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

fn e_tag(stored: &Stored) -> ETag {
    ETag::Strong(format!("{:032x}", xxh3_128(&stored.bytes)))
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

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'/' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.extend(["%", &format!("{byte:02X}")]),
        }
    }
    encoded
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
            let page = hyper::service::service_fn(|_| async {
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
