//! A light S3 on loopback: lists and gives what lies in a folder, or lists keys that it makes up, and asks nobody who they are.
//!
//! `cargo bench --bench s3_server -- FOLDER` or `-- --keys 1000000`. Prints its address, serves until its standard input ends, and
//! then prints how many requests of each kind came. One thread, so that on a machine of few cores it leaves room for whoever is
//! measured; every bucket has the same objects.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::{env, fs, thread};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use s3s::Body;
use tokio::net::TcpListener;

/// Keys on a page, as S3 has them.
const PAGE: usize = 1_000;
/// Over how many days, accounts and regions made-up keys are spread.
const DAYS: usize = 90;
const ACCOUNTS: usize = 20;
const REGIONS: [&str; 4] = ["ap-southeast-2", "eu-west-1", "us-east-1", "us-west-2"];
/// Sorts behind every key of a folder.
const END: char = '\u{10ffff}';

struct Objects {
    /// Where the bytes are; nowhere, where keys are made up.
    folder: Option<PathBuf>,
    /// Keys in order, and sizes.
    listed: Vec<(String, u64)>,
    gets: AtomicU64,
    lists: AtomicU64,
}

#[expect(clippy::print_stdout, reason = "it is a program of its own")]
fn main() {
    let args: Vec<_> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let objects = match args[..] {
        ["--keys", count] => Objects::made_up(count.parse().expect("a number of keys")),
        [folder] => Objects::of_folder(Path::new(folder)),
        _ => panic!("give a folder, or --keys and how many"),
    };
    let objects = Arc::new(objects);
    let served = Arc::clone(&objects);
    let (address, bound) = mpsc::channel();
    thread::spawn(move || serve(&served, &address));
    println!("http://{}", bound.recv().expect("the server starts"));
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("it ends");
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{} GET, {} LIST",
        count(&objects.gets),
        count(&objects.lists)
    );
}

fn serve(objects: &Arc<Objects>, address: &mpsc::Sender<std::net::SocketAddr>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let bound = listener.local_addr().expect("it is bound");
        address.send(bound).expect("somebody waits");
        while let Ok((socket, _)) = listener.accept().await {
            socket.set_nodelay(true).expect("it is TCP");
            let objects = Arc::clone(objects);
            tokio::task::spawn_local(async move {
                let answer = service_fn(|request: Request<Incoming>| {
                    let answer = objects.answer(&request);
                    async { Ok::<_, Infallible>(answer) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                // Whoever hangs up has what they wanted.
                let _ = connection
                    .serve_connection(TokioIo::new(socket), answer)
                    .await;
            });
        }
    });
}

impl Objects {
    fn of_folder(folder: &Path) -> Self {
        let mut listed = Vec::new();
        walk(folder, folder, &mut listed);
        Self::new(Some(folder.to_owned()), listed)
    }

    /// As many keys in each folder of a day, a few apart where the number does not come out even.
    fn made_up(count: usize) -> Self {
        let folders = ACCOUNTS * REGIONS.len() * DAYS;
        let key = |nth: usize| {
            let folder = nth % folders;
            let (account, region) = (
                folder % ACCOUNTS,
                REGIONS[folder / ACCOUNTS % REGIONS.len()],
            );
            let day = folder / ACCOUNTS / REGIONS.len();
            let (month, day) = (day / 30 + 6, day % 30 + 1);
            let minute = nth / folders * 5 % 1440;
            let account = 111_122_220_000 + account * 1111;
            let time = format!(
                "2026{month:02}{day:02}T{:02}{:02}Z",
                minute / 60,
                minute % 60
            );
            let unique = (nth as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!(
                "AWSLogs/{account}/CloudTrail/{region}/2026/{month:02}/{day:02}/{account}_CloudTrail_{region}_{time}_{unique:016x}.json.gz"
            )
        };
        Self::new(None, (0..count).map(|nth| (key(nth), 2_000)).collect())
    }

    fn new(folder: Option<PathBuf>, mut listed: Vec<(String, u64)>) -> Self {
        listed.sort_unstable();
        Self {
            folder,
            listed,
            gets: AtomicU64::new(0),
            lists: AtomicU64::new(0),
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().trim_start_matches('/');
        let key = path.split_once('/').map_or("", |(_, key)| key);
        if request.method() != Method::GET {
            return response(405, "text/plain", Bytes::new());
        }
        if key.is_empty() {
            self.lists.fetch_add(1, Ordering::Relaxed);
            let page = self.page(request.uri().query().unwrap_or_default());
            return response(200, "application/xml", page.into());
        }
        self.gets.fetch_add(1, Ordering::Relaxed);
        let found = self
            .folder
            .as_ref()
            .map(|folder| fs::read(folder.join(decoded(key))));
        match found {
            Some(Ok(bytes)) => response(200, "application/json", bytes.into()),
            _ => response(
                404,
                "application/xml",
                "<Error><Code>NoSuchKey</Code></Error>".into(),
            ),
        }
    }

    /// A page of `ListObjectsV2`, with all that S3 says of an object today.
    fn page(&self, query: &str) -> String {
        let query: BTreeMap<_, _> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, decoded(value)))
            .collect();
        let get = |name: &str| query.get(name).map_or("", String::as_str);
        let (prefix, after) = (
            get("prefix"),
            get("start-after").max(get("continuation-token")),
        );
        let is_delimited = query.contains_key("delimiter");
        let mut at = self
            .listed
            .partition_point(|(key, _)| key.as_str() < prefix || key.as_str() <= after);
        let (mut contents, mut count, mut last) = (String::new(), 0, String::new());
        while count < PAGE
            && let Some((key, size)) = self
                .listed
                .get(at)
                .filter(|(key, _)| key.starts_with(prefix))
        {
            count += 1;
            let slash = key[prefix.len()..].find('/').filter(|_| is_delimited);
            if let Some(slash) = slash {
                let folder = &key[..=prefix.len() + slash];
                let _ = write!(
                    contents,
                    "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
                );
                last = format!("{folder}{END}");
                at = self.listed.partition_point(|(key, _)| *key <= last);
            } else {
                let _ = write!(
                    contents,
                    "<Contents><Key>{key}</Key><LastModified>2026-08-01T00:00:00.000Z</LastModified><ETag>&quot;{:032x}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                    xxhash_rust::xxh3::xxh3_128(key.as_bytes()),
                );
                last.clone_from(key);
                at += 1;
            }
        }
        let is_truncated = self
            .listed
            .get(at)
            .is_some_and(|(key, _)| key.starts_with(prefix));
        let next = if is_truncated {
            format!("<NextContinuationToken>{last}</NextContinuationToken>")
        } else {
            String::new()
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bench</Name><Prefix>{prefix}</Prefix>{next}<KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>{is_truncated}</IsTruncated>{contents}</ListBucketResult>"
        )
    }
}

fn walk(root: &Path, folder: &Path, listed: &mut Vec<(String, u64)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("it can be read");
        let (path, metadata) = (entry.path(), entry.metadata().expect("it is there"));
        if metadata.is_dir() {
            walk(root, &path, listed);
        } else {
            let key = path.strip_prefix(root).expect("it is below");
            listed.push((key.to_str().expect("UTF-8").to_owned(), metadata.len()));
        }
    }
}

/// An answer with the headers that S3 sends.
fn response(status: u16, kind: &str, body: Bytes) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(
            "x-amz-id-2",
            "eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran",
        )
        .header("x-amz-request-id", "318BC8BC148832E5")
        .header("last-modified", "Sat, 01 Aug 2026 00:00:00 GMT")
        .header("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")
        .header("x-amz-server-side-encryption", "AES256")
        .header("accept-ranges", "bytes")
        .header("content-type", kind)
        .header("server", "AmazonS3")
        .body(Body::from(body))
        .expect("the headers are well formed")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let pair = behind.get(..2).filter(|_| *first == b'%');
        let byte = pair.and_then(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).expect("keys are UTF-8")
}
