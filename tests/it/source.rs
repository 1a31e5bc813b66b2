//! Listing and reading from S3 and from folders, with everything that goes wrong there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trailmill::aws::{AwsOptions, RetryOptions};
use trailmill::source::{
    Body, DeliveryObject, FeedOptions, ListSelection, Listing, SourceError, SourceOptions, Sources,
};
use trailmill::trail::key::ForeignReason;
use trailmill::trail::time;

use crate::s3_double::{ACCESS_KEY, Fault, Op, S3Double, SECRET_KEY, web_server};

static GO_ON: AtomicBool = AtomicBool::new(false);

/// How to reach a server without credentials, with waits that tests can bear.
fn options(url: &str) -> SourceOptions {
    SourceOptions {
        aws: AwsOptions {
            endpoint_url: Some(url.to_owned()),
            region: Some("us-east-1".to_owned()),
            no_sign_request: true,
            retry: RetryOptions {
                first_wait: Duration::from_millis(1),
                wait_max: Duration::from_millis(4),
                ..RetryOptions::default()
            },
            ..AwsOptions::default()
        },
        concurrency: 16,
    }
}

fn open(args: &[&str], stdin: &str, options: &SourceOptions) -> Result<Sources, SourceError> {
    let args: Vec<_> = args.iter().map(ToString::to_string).collect();
    Sources::open(&args, Cursor::new(stdin.to_owned()), options)
}

fn list(args: &[&str], stdin: &str, options: &SourceOptions) -> Result<Listing, SourceError> {
    let listing = open(args, stdin, options)?.list(&ListSelection::default(), &GO_ON)?;
    assert!(listing.balances(), "{listing:?}");
    Ok(listing)
}

/// What a feed gives for each object: its bytes, or the status.
fn read(
    sources: &Sources,
    objects: &[DeliveryObject],
    feed: FeedOptions,
) -> BTreeMap<String, Result<Vec<u8>, String>> {
    let feed = sources.feed(objects.into(), feed, Arc::default());
    let read = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut body = Body::default();
                while let Some((index, fetched)) = feed.next(&mut body) {
                    let gave = fetched
                        .map(|_| body.bytes().to_vec())
                        .map_err(|error| error.status().to_owned());
                    let before = read
                        .lock()
                        .unwrap()
                        .insert(objects[index].object.to_string(), gave);
                    assert!(before.is_none(), "each object comes once");
                }
            });
        }
    });
    read.into_inner().unwrap()
}

fn key(account: &str, family: &str, region: &str, date: &str, n: usize) -> String {
    let stamp = date.replace('/', "");
    let (hour, minute) = (n / 60 % 24, n % 60);
    let id = account.rsplit('/').next().unwrap();
    format!(
        "AWSLogs/{account}/{family}/{region}/{date}/{id}_CloudTrail_{region}_{stamp}T{hour:02}{minute:02}Z_{n:016}.json.gz"
    )
}

/// A bucket with all that a delivery bucket has, and its objects' keys.
fn fill(put: &mut dyn FnMut(&str, Vec<u8>)) {
    let mut put = |key: String| put(&key, key.clone().into_bytes());
    (0..2_500).for_each(|n| {
        put(key(
            "111122223333",
            "CloudTrail",
            "us-east-1",
            "2026/08/01",
            n,
        ));
    });
    for account in ["111122223333", "o-abc/444455556666", "o-abc/777788889999"] {
        for region in ["eu-west-1", "us-east-1"] {
            for date in ["2026/07/31", "2026/08/02", "2026/08/03"] {
                (0..3).for_each(|n| put(key(account, "CloudTrail", region, date, n)));
                put(key(account, "CloudTrail-Insight", region, date, 1));
                put(key(account, "CloudTrail-Digest", region, date, 1));
            }
        }
    }
    put("AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/08/01/x.log.gz".to_owned());
    put("AWSLogs/111122223333/CloudTrail-Lake/Query/2026/08/01/id/result_1.csv.gz".to_owned());
    put("AWSLogs/111122223333/CloudTrail/us-east-1/2026/08/01/notes.txt".to_owned());
    put("athena-results/q.csv".to_owned());
}

fn double() -> S3Double {
    let s3 = S3Double::start();
    fill(&mut |key, bytes| s3.put("logs", key, bytes));
    s3
}

fn write(root: &Path, key: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn objects_of(listing: &Listing) -> Vec<(String, u64)> {
    listing
        .objects
        .iter()
        .map(|object| (object.object.to_string(), object.size))
        .collect()
}

fn foreign_of(listing: &Listing) -> String {
    let counts: Vec<_> = listing
        .foreign
        .iter()
        .map(|(reason, tally)| format!("{reason} {}", tally.objects))
        .collect();
    counts.join(", ")
}

fn error_of<T>(result: Result<T, SourceError>) -> String {
    let error = result.err().expect("it has to fail");
    let line = error.to_string();
    assert!(!line.contains('\n') && line.len() < 400, "{line}");
    line
}

// Listing.

#[test]
fn s3_and_a_copy_of_it_give_the_same_listing() {
    let s3 = double();
    let copy = TempDir::new().unwrap();
    fill(&mut |key, bytes| write(copy.path(), key, bytes));
    let listed = list(&["s3://logs"], "", &options(s3.url())).unwrap();
    let copied = list(&[copy.path().to_str().unwrap()], "", &options(s3.url())).unwrap();
    assert_eq!(listed.objects.len(), 2_500 + 3 * 2 * 3 * 4);
    assert_eq!(listed.digests.len(), 18);
    assert_eq!(
        foreign_of(&listed),
        "not_cloudtrail 1, lake_query_result 1, not_json 1, outside_aws_logs 1"
    );
    assert_eq!(objects_of(&listed), objects_of(&copied));
    assert_eq!(listed.foreign, copied.foreign);
    assert_eq!(listed.digests.len(), copied.digests.len());
    assert_eq!(listed.requests.list, s3.take_requests(Op::List));
    assert!(
        listed
            .objects
            .is_sorted_by_key(|object| object.delivery_time)
    );
    assert!(
        listed
            .objects
            .iter()
            .all(|object| &*object.source == "s3://logs" && object.etag.is_some())
    );
}

#[test]
fn every_form_of_a_prefix_finds_its_objects() {
    let s3 = S3Double::start();
    fill(&mut |key, bytes| s3.put("logs", &format!("team a/trails/{key}"), bytes));
    s3.put("logs", "team b/other.json", "{}");
    let check = |prefix: &str, objects: usize| {
        let listing = list(&[&format!("s3://logs/{prefix}")], "", &options(s3.url())).unwrap();
        assert_eq!(listing.objects.len(), objects, "{prefix}");
        assert!(
            listing
                .objects
                .iter()
                .all(|object| &*object.source == "s3://logs/team a/trails"),
            "{prefix}"
        );
    };
    check("", 2_572);
    check("team a", 2_572);
    check("team a/trails/", 2_572);
    check("team a/trails/AWSLogs", 2_572);
    check("team a/trails/AWSLogs/o-abc/", 48);
    check("team a/trails/AWSLogs/o-abc/4444", 24);
    check(
        "team a/trails/AWSLogs/111122223333/CloudTrail/us-east-1",
        2_509,
    );
    check(
        "team a/trails/AWSLogs/111122223333/CloudTrail/us-east-1/2026/08/01/",
        2_500,
    );
    check(
        "team a/trails/AWSLogs/111122223333/CloudTrail/us-east-1/2026/08/0",
        2_506,
    );
    let single = key("111122223333", "CloudTrail", "us-east-1", "2026/08/01", 7);
    check(&format!("team a/trails/{single}"), 1);
    let loose = list(&["s3://logs/team b/"], "", &options(s3.url())).unwrap();
    assert_eq!(loose.objects[0].address(), "s3://logs/team b/other.json");
    assert!(loose.objects[0].key().is_none());
}

#[test]
fn a_selection_prunes_what_is_listed() {
    let s3 = double();
    let copy = TempDir::new().unwrap();
    fill(&mut |key, bytes| write(copy.path(), key, bytes));
    let selection = ListSelection {
        from: time::parse("2026-08-03T12:00:00Z"),
        to: time::parse("2026-08-04T00:00:00Z"),
        accounts: vec!["444455556666".to_owned(), "111122223333".to_owned()],
        regions: vec!["us-east-1".to_owned()],
        ..ListSelection::default()
    };
    for source in ["s3://logs", copy.path().to_str().unwrap()] {
        let sources = open(&[source], "", &options(s3.url())).unwrap();
        let listing = sources.list(&selection, &GO_ON).unwrap();
        let dates: BTreeSet<_> = listing
            .objects
            .iter()
            .map(|o| time::format_date(o.key().unwrap().day))
            .collect();
        assert_eq!(
            dates.into_iter().collect::<Vec<_>>(),
            ["2026-08-02", "2026-08-03"]
        );
        assert_eq!(listing.objects.len(), 2 * 2 * 4, "{source}");
        assert_eq!(listing.digests.len(), 2 * 2);
        assert!(listing.balances());
    }
}

#[test]
fn overlapping_sources_are_read_once() {
    let s3 = double();
    let inner = "s3://logs/AWSLogs/o-abc/";
    let listing = list(
        &["s3://logs", inner, "-"],
        &format!("{inner}\n"),
        &options(s3.url()),
    )
    .unwrap();
    assert_eq!(listing.objects.len(), 2_572);
    assert_eq!(listing.repeated, 2 * (48 + 12));
}

#[test]
fn a_folder_is_the_same_however_it_is_spelled() {
    let pile = TempDir::new().unwrap();
    let inside = key("111122223333", "CloudTrail", "us-east-1", "2026/08/01", 3);
    write(pile.path(), &inside, "1");
    let here = pile.path().to_str().unwrap();
    let spelled = [
        here.to_owned(),
        format!("{here}/./"),
        format!("{here}/AWSLogs/../AWSLogs"),
        format!("{here}//{inside}"),
    ];
    let args: Vec<_> = spelled.iter().map(String::as_str).collect();
    let listing = list(&args, "", &SourceOptions::default()).unwrap();
    assert_eq!(
        (objects_of(&listing), listing.repeated),
        (vec![(inside, 1)], 3)
    );
}

#[test]
fn keys_and_paths_on_lines() {
    let s3 = double();
    let copy = TempDir::new().unwrap();
    let inside = key("111122223333", "CloudTrail", "us-east-1", "2026/08/01", 3);
    write(copy.path(), &inside, "local");
    write(copy.path(), "pile/a.json", "{}");
    let here = copy.path().to_str().unwrap();
    let digest = key(
        "111122223333",
        "CloudTrail-Digest",
        "us-east-1",
        "2026/07/31",
        1,
    );
    let lines = [
        format!("s3://logs/{inside}\r"),
        String::new(),
        format!("s3://logs/{inside}"),
        format!("s3://logs/{digest}"),
        "s3://logs/no/such.json".to_owned(),
        "s3://logs/AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/08/01/x.log.gz"
            .to_owned(),
        format!("{here}/{inside}"),
        format!("{here}/pile"),
        format!("{here}/missing.json"),
    ];
    let sources = open(&["-"], &lines.join("\n"), &options(s3.url())).unwrap();
    let listing = sources.list(&ListSelection::default(), &GO_ON).unwrap();
    assert!(listing.balances());
    assert_eq!((listing.digests.len(), listing.repeated), (1, 1));
    assert_eq!(foreign_of(&listing), "not_cloudtrail 1");
    assert_eq!(listing.requests.head, 5);
    assert_eq!(listing.requests.list, 0);
    let sizes: BTreeMap<_, _> = listing
        .objects
        .iter()
        .map(|o| (o.address().replace(here, "HERE"), o.size))
        .collect();
    let expected = [
        (format!("HERE/{inside}"), 5),
        ("HERE/missing.json".to_owned(), 0),
        ("HERE/pile/a.json".to_owned(), 2),
        ("s3://logs/no/such.json".to_owned(), 0),
        (format!("s3://logs/{inside}"), inside.len() as u64),
    ];
    assert_eq!(sizes, BTreeMap::from(expected));
    // The two copies of one object would be mistaken for each other below.
    let others: Vec<_> = listing
        .objects
        .into_iter()
        .filter(|object| *object.object != *inside)
        .collect();
    let read = read(&sources, &others, FeedOptions::default());
    assert_eq!(read["missing.json"], Err("gone".to_owned()));
    assert_eq!(read["no/such.json"], Err("gone".to_owned()));
    assert_eq!(read["a.json"], Ok(b"{}".to_vec()));
}

#[test]
fn a_single_file_is_read_whatever_it_is_called() {
    let pile = TempDir::new().unwrap();
    write(pile.path(), ".odd name", "x");
    let path = pile.path().join(".odd name");
    let listing = list(&[path.to_str().unwrap()], "", &SourceOptions::default()).unwrap();
    assert_eq!(objects_of(&listing), [(".odd name".to_owned(), 1)]);
    assert_eq!(&*listing.objects[0].source, pile.path().to_str().unwrap());
}

#[test]
fn a_loose_pile_is_read_and_a_copy_is_not_mistaken_for_one() {
    let pile = TempDir::new().unwrap();
    write(pile.path(), "a.json", "1");
    write(pile.path(), "deep/er/b", "22");
    write(pile.path(), ".DS_Store", "333");
    write(pile.path(), ".git/config", "4444");
    let here = pile.path().to_str().unwrap();
    let listing = list(&[here], "", &SourceOptions::default()).unwrap();
    assert_eq!(
        objects_of(&listing),
        [("a.json".to_owned(), 1), ("deep/er/b".to_owned(), 2)]
    );
    assert_eq!(foreign_of(&listing), "hidden 2");
    let inside = key("111122223333", "CloudTrail", "us-east-1", "2026/08/01", 3);
    write(pile.path(), &format!("copy/{inside}"), "55555");
    let listing = list(&[here], "", &SourceOptions::default()).unwrap();
    assert_eq!(objects_of(&listing), [(inside.clone(), 5)]);
    assert_eq!(foreign_of(&listing), "outside_aws_logs 2, hidden 2");
    assert_eq!(*listing.objects[0].source, format!("{here}/copy"));
    // From inside of AWSLogs the object is the same.
    for folder in [
        "copy/AWSLogs",
        "copy/AWSLogs/111122223333/CloudTrail",
        "copy/AWSLogs/111122223333/CloudTrail/us-east-1/2026/08/",
    ] {
        let listing = list(
            &[&format!("{here}/{folder}")],
            "",
            &SourceOptions::default(),
        )
        .unwrap();
        assert_eq!(objects_of(&listing), [(inside.clone(), 5)], "{folder}");
        assert_eq!(*listing.objects[0].source, format!("{here}/copy"));
    }
    // A pile in a folder that only happens to be called AWSLogs.
    write(pile.path(), "AWSLogs/samples/s.json", "666666");
    let listing = list(
        &[&format!("{here}/AWSLogs/samples")],
        "",
        &SourceOptions::default(),
    )
    .unwrap();
    assert_eq!(objects_of(&listing), [("s.json".to_owned(), 6)]);
}

#[cfg(unix)]
#[test]
fn odd_things_in_a_folder_are_counted_and_do_not_hang() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let (pile, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let here = pile.path();
    write(here, "a/x.json", "1");
    write(elsewhere.path(), "linked.json", "22");
    symlink(here, here.join("a/up")).unwrap();
    symlink(here.join("a"), here.join("b")).unwrap();
    symlink(elsewhere.path(), here.join("c")).unwrap();
    symlink(elsewhere.path(), here.join("d")).unwrap();
    symlink(here, elsewhere.path().join("back")).unwrap();
    symlink(here.join("nowhere"), here.join("broken")).unwrap();
    symlink(here.join("loop"), here.join("loop")).unwrap();
    fs::write(here.join(OsStr::from_bytes(b"\xff.json")), "333").unwrap();
    let fifo = Command::new("mkfifo").arg(here.join("pipe")).status();
    assert!(fifo.unwrap().success());
    let listing = list(&[here.to_str().unwrap()], "", &SourceOptions::default()).unwrap();
    let sizes: Vec<_> = listing.objects.iter().map(|object| object.size).collect();
    assert_eq!(sizes, [1, 2]);
    assert_eq!(
        foreign_of(&listing),
        "not_utf8 1, not_a_file 1, broken_link 2, repeated_link 4"
    );
    let error = error_of(open(
        &[here.join("pipe").to_str().unwrap()],
        "",
        &SourceOptions::default(),
    ));
    assert!(error.contains("neither a file nor a folder"), "{error}");
    // Where a link is all that leads into AWSLogs, the folder's own name tells what is in it.
    let inside = key("111122223333", "CloudTrail", "us-east-1", "2026/08/01", 3);
    write(elsewhere.path(), &inside, "55555");
    symlink(
        elsewhere.path().join("AWSLogs/111122223333"),
        here.join("account"),
    )
    .unwrap();
    let listing = list(
        &[here.join("account").to_str().unwrap()],
        "",
        &SourceOptions::default(),
    )
    .unwrap();
    assert_eq!(objects_of(&listing), [(inside, 5)]);
}

#[test]
fn keys_that_xml_cannot_hold() {
    let s3 = S3Double::start();
    let names = [
        "a b+c%20.json",
        "tab\there.json",
        "\u{1}\u{1b}[31m.json",
        "<&>\"'.json",
        "東京 é.json",
    ];
    for name in names {
        s3.put("logs", name, name);
    }
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let listing = sources.list(&ListSelection::default(), &GO_ON).unwrap();
    let expected: BTreeSet<_> = names.into_iter().map(str::to_owned).collect();
    assert_eq!(
        listing
            .objects
            .iter()
            .map(|o| o.object.to_string())
            .collect::<BTreeSet<_>>(),
        expected
    );
    let read = read(&sources, &listing.objects, FeedOptions::default());
    assert!(
        read.iter()
            .all(|(name, gave)| gave.as_deref() == Ok(name.as_bytes())),
        "{read:?}"
    );
}

// Reading.

#[test]
fn every_object_is_read_once_from_wherever_it_is() {
    let s3 = double();
    let copy = TempDir::new().unwrap();
    (0..200).for_each(|n| write(copy.path(), &format!("{n}.json"), n.to_string()));
    let sources = open(
        &["s3://logs", copy.path().to_str().unwrap()],
        "",
        &options(s3.url()),
    )
    .unwrap();
    let listing = sources.list(&ListSelection::default(), &GO_ON).unwrap();
    assert_eq!(listing.objects.len(), 2_772);
    let feed = FeedOptions {
        concurrency: 8,
        bytes_in_flight: 1 << 20,
        ..FeedOptions::default()
    };
    let read = read(&sources, &listing.objects, feed);
    assert_eq!(read.len(), 2_772);
    for (object, gave) in read {
        let expected = object
            .strip_suffix(".json")
            .filter(|n| n.len() < 4)
            .unwrap_or(&object);
        assert_eq!(gave.as_deref(), Ok(expected.as_bytes()));
    }
    assert_eq!(s3.take_requests(Op::Get), 2_572);
    assert!(s3.gets_at_once() <= 8, "{}", s3.gets_at_once());
}

#[test]
fn bytes_in_flight_are_bounded() {
    let s3 = S3Double::start();
    (0..40).for_each(|n| s3.put("logs", &format!("{n}.json"), vec![b'x'; 100_000]));
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let listing = sources.list(&ListSelection::default(), &GO_ON).unwrap();
    let feed = FeedOptions {
        concurrency: 16,
        bytes_in_flight: 210_000,
        ..FeedOptions::default()
    };
    assert_eq!(read(&sources, &listing.objects, feed).len(), 40);
    assert!(
        (1..=2).contains(&s3.gets_at_once()),
        "{}",
        s3.gets_at_once()
    );
    let feed = FeedOptions {
        concurrency: 16,
        bytes_in_flight: 1,
        ..FeedOptions::default()
    };
    assert_eq!(
        read(&sources, &listing.objects, feed).len(),
        40,
        "what is larger than the bound is let through alone"
    );
}

#[test]
fn what_fails_costs_an_object_and_what_passes_costs_nothing() {
    let s3 = S3Double::start();
    let names = [
        "ok",
        "slow",
        "error",
        "cut",
        "reset",
        "denied",
        "kms",
        "gone",
        "refused",
        "cut-for-good",
        "slow-for-good",
        "cold",
        "grown",
    ];
    for name in names {
        s3.put("logs", name, name.repeat(50));
    }
    s3.put_archived("logs", "listed-cold", "DEEP_ARCHIVE");
    s3.put_archived("logs", "cold", "GLACIER_IR"); // which is not asked to be restored first, but here is
    s3.put_listed_as("logs", "huge", 1 << 40);
    s3.fail(Op::Get, "slow", 3, Fault::Say(503, "SlowDown"));
    s3.fail(Op::Get, "error", 2, Fault::Say(500, "InternalError"));
    s3.fail(Op::Get, "cut", 2, Fault::Cut(10));
    s3.fail(Op::Get, "reset", 1, Fault::Cut(0));
    s3.fail(Op::Get, "denied", 9, Fault::Say(403, "AccessDenied"));
    s3.fail(Op::Get, "kms", 9, Fault::Say(403, "KMS.DisabledException"));
    s3.fail(Op::Get, "gone", 1, Fault::Vanish);
    s3.fail(Op::Get, "refused", 9, Fault::Say(501, "NotImplemented"));
    s3.fail(Op::Get, "cut-for-good", 99, Fault::Cut(20));
    s3.fail(Op::Get, "slow-for-good", 99, Fault::Say(503, "SlowDown"));
    s3.fail(Op::Get, "grown", 1, Fault::Grow(1_000));
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let listing = sources.list(&ListSelection::default(), &GO_ON).unwrap();
    let read = read(&sources, &listing.objects, FeedOptions::default());
    assert_eq!(read.len(), names.len() + 2);
    for name in ["ok", "slow", "error", "cut", "reset"] {
        assert_eq!(
            read[name].as_deref(),
            Ok(name.repeat(50).as_bytes()),
            "{name}"
        );
    }
    assert_eq!(
        read["grown"].as_ref().map(Vec::len),
        Ok(5 * 50 * 1_000),
        "an object that grew since it was listed"
    );
    for (name, status) in [
        ("denied", "denied"),
        ("kms", "denied"),
        ("gone", "gone"),
        ("refused", "refused"),
        ("cut-for-good", "transport"),
        ("slow-for-good", "throttled"),
        ("cold", "archived"),
        ("listed-cold", "archived"),
        ("huge", "too_large"),
    ] {
        assert_eq!(read[name], Err(status.to_owned()), "{name}");
    }
    // Asked once each, but for what was repeated; what is archived or huge, not at all.
    let retry = RetryOptions::default();
    let repeated =
        3 + 2 + 2 + 1 + u64::from(retry.attempts - 1) + u64::from(retry.throttled_attempts - 1);
    assert_eq!(s3.take_requests(Op::Get), names.len() as u64 + repeated);
}

#[test]
fn versions_are_told() {
    let s3 = S3Double::start();
    s3.put_version("logs", "x.json", b"{}", "v-1");
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let objects = sources
        .list(&ListSelection::default(), &GO_ON)
        .unwrap()
        .objects;
    let feed = sources.feed(objects.into(), FeedOptions::default(), Arc::default());
    let (_, fetched) = feed.next(&mut Body::default()).unwrap();
    assert_eq!(fetched.unwrap().version_id.as_deref(), Some("v-1"));
    assert!(feed.next(&mut Body::default()).is_none());
}

#[test]
fn a_feed_outlives_its_sources() {
    let s3 = double();
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let objects = sources
        .list(&ListSelection::default(), &GO_ON)
        .unwrap()
        .objects;
    let feed = sources.feed(objects.into(), FeedOptions::default(), Arc::default());
    drop(sources);
    let mut body = Body::default();
    let read = std::iter::from_fn(|| feed.next(&mut body))
        .filter(|(_, fetched)| fetched.is_ok())
        .count();
    assert_eq!(read, 2_572);
}

#[test]
fn a_feed_that_is_dropped_or_stopped_ends_at_once() {
    let s3 = S3Double::start();
    (0..100).for_each(|n| s3.put("logs", &format!("{n}.json"), "x"));
    s3.fail(Op::Get, "", 1_000, Fault::Stall);
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let objects: Arc<[DeliveryObject]> = sources
        .list(&ListSelection::default(), &GO_ON)
        .unwrap()
        .objects
        .into();
    let started = Instant::now();
    drop(sources.feed(Arc::clone(&objects), FeedOptions::default(), Arc::default()));
    let stop = Arc::new(AtomicBool::new(false));
    let feed = sources.feed(objects, FeedOptions::default(), Arc::clone(&stop));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| feed.next(&mut Body::default()).is_none());
        stop.store(true, Ordering::Relaxed);
        assert!(waiting.join().unwrap());
    });
    drop(feed);
    drop(sources);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_listing_that_is_stopped_ends_at_once() {
    let s3 = double();
    s3.fail(Op::List, "", 1_000, Fault::Stall);
    let sources = open(&["s3://logs"], "", &options(s3.url())).unwrap();
    let stopped = sources.list(&ListSelection::default(), &AtomicBool::new(true));
    assert!(matches!(stopped, Err(SourceError::Stopped)));
}

// What is said.

#[test]
fn each_failure_is_one_line_that_says_what_to_do() {
    let s3 = S3Double::start();
    s3.create_bucket("empty");
    s3.put("logs", "x.json", "{}");
    let options = options(s3.url());
    let check = |args: &[&str], expected: &str| {
        let line = error_of(list(args, "", &options));
        assert!(line.contains(expected), "{line}");
    };
    check(
        &["s3://nothing-here"],
        "S3 has no bucket nothing-here: check its name",
    );
    check(
        &["s3://logs/no/such/prefix/"],
        "no object's key starts with s3://logs/no/such/prefix/: check the prefix",
    );
    check(
        &["s3:///logs"],
        "s3:///logs is no S3 address: write s3://bucket or s3://bucket/prefix",
    );
    check(&["s3://lo\u{1b}gs"], "s3://lo\\u{1b}gs is no S3 address");
    check(
        &["/no/such/folder"],
        "there is no file or folder /no/such/folder: check the path",
    );
    assert!(
        list(&["s3://empty"], "", &options)
            .unwrap()
            .objects
            .is_empty()
    );
    for (status, code, expected) in [
        (
            403,
            "AccessDenied",
            "they need s3:ListBucket on arn:aws:s3:::logs; if the requester pays there, add --request-payer",
        ),
        (
            400,
            "ExpiredToken",
            "the AWS credentials have expired (S3 said ExpiredToken), and no others are to be had: sign in again",
        ),
        (
            403,
            "InvalidAccessKeyId",
            "S3 does not accept the AWS credentials (InvalidAccessKeyId)",
        ),
        (403, "RequestTimeTooSkewed", "clock is wrong"),
        (
            501,
            "NotImplemented",
            "S3 refused to list bucket logs (status 501, NotImplemented): the script says NotImplemented",
        ),
    ] {
        s3.fail(Op::List, "", 1, Fault::Say(status, code));
        check(&["s3://logs"], expected);
    }
    s3.fail(Op::List, "", 9, Fault::Say(503, "SlowDown"));
    check(
        &["s3://logs"],
        "S3 still asks to slow down after 9 attempts",
    );
}

#[test]
fn a_server_that_is_not_there_or_not_s3() {
    let line = error_of(list(&["s3://logs"], "", &options("http://127.0.0.1:1")));
    assert!(
        line.contains("cannot reach S3 at http://127.0.0.1:1") && line.contains("refused"),
        "{line}"
    );
    for url in ["localhost:1", "not a url", "ftp://127.0.0.1:1"] {
        let line = error_of(list(&["s3://logs"], "", &options(url)));
        assert!(line.contains("--endpoint-url"), "{line}");
    }
    let (url, _server) = web_server();
    let line = error_of(list(&["s3://logs"], "", &options(&url)));
    assert!(
        line.contains("is not S3's") && line.contains("--endpoint-url"),
        "{line}"
    );
}

#[test]
fn lists_that_fail_for_a_while_succeed() {
    let s3 = double();
    s3.fail(Op::List, "", 3, Fault::Say(503, "SlowDown"));
    s3.fail(Op::List, "us-east-1/", 2, Fault::Say(500, "InternalError"));
    let listing = list(&["s3://logs"], "", &options(s3.url())).unwrap();
    assert_eq!(listing.objects.len(), 2_572);
    assert_eq!(
        listing.requests.list,
        s3.take_requests(Op::List),
        "repeated requests are paid for, too"
    );
}

/// The first answer to a list ends in the middle of its only key, the second is whole.
#[test]
fn a_page_that_breaks_off_is_asked_for_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let page =
        "<ListBucketResult><Contents><Key>x.json</Key><Size>2</Size></Contents></ListBucketResult>";
    let server = thread::spawn(move || {
        for sent in [&page[..40], page] {
            let (mut socket, _) = listener.accept().unwrap();
            assert!(socket.read(&mut [0; 8192]).unwrap() > 0, "a request");
            let length = page.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            socket
                .write_all(format!("{head}{sent}").as_bytes())
                .unwrap();
        }
    });
    let listing = list(&["s3://logs"], "", &options(&url)).unwrap();
    server.join().unwrap();
    assert_eq!(objects_of(&listing), [("x.json".to_owned(), 2)]);
    assert_eq!(listing.requests.list, 2);
}

#[test]
fn a_bucket_in_another_region_is_followed_once() {
    let s3 = S3Double::start();
    s3.put("logs", "x.json", "{}");
    s3.fail(Op::List, "", 1, Fault::Elsewhere("eu-central-1"));
    assert_eq!(
        list(&["s3://logs"], "", &options(s3.url()))
            .unwrap()
            .objects
            .len(),
        1
    );
    s3.fail(Op::List, "", 9, Fault::Elsewhere("eu-central-1"));
    let line = error_of(list(&["s3://logs"], "", &options(s3.url())));
    assert!(
        line.contains("another region than eu-central-1") && line.contains("--region"),
        "{line}"
    );
}

// With credentials: in a process of their own, because they come from the environment.

/// Runs the program over `s3://logs` with an environment of its own; returns what it prints, summary and error.
fn run_with_environment(vars: &[(&str, &str)]) -> String {
    let home = TempDir::new().unwrap();
    let out = home.path().join("tables");
    let output = Command::new(env!("CARGO_BIN_EXE_trailmill"))
        .args(["run", "s3://logs", "--json", "--out"])
        .arg(&out)
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn requests_are_signed_with_the_chain_s_credentials_for_the_region_of_the_bucket() {
    let s3 = S3Double::start();
    s3.put("logs", "x.json", r#"{"Records":[]}"#);
    s3.move_to("eu-west-3");
    let vars = [
        ("AWS_ENDPOINT_URL_S3", s3.url()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let printed = run_with_environment(&vars);
    assert!(printed.contains(r#""listed":1,"read":1"#), "{printed}");
    let wrong = [vars[0], vars[1], ("AWS_SECRET_ACCESS_KEY", "wrong")];
    let printed = run_with_environment(&wrong);
    assert!(
        printed
            .contains("trailmill: S3 does not accept the AWS credentials (SignatureDoesNotMatch)"),
        "{printed}"
    );
}

#[test]
fn no_credentials_are_one_line() {
    let printed = run_with_environment(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
    assert!(
        printed.contains("trailmill: found no usable AWS credentials ("),
        "{printed}"
    );
    assert!(printed.contains("aws sso login"), "{printed}");
    let profile = [
        ("AWS_PROFILE", "no-such-profile"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ];
    let printed = run_with_environment(&profile);
    assert!(
        printed.contains("trailmill: found no usable AWS credentials ("),
        "{printed}"
    );
    assert!(printed.contains("no-such-profile"), "{printed}");
}

#[test]
fn foreign_objects_are_kept_by_name_with_their_reason() {
    let s3 = double();
    let listing = list(&["s3://logs"], "", &options(s3.url())).unwrap();
    let kept: Vec<_> = listing
        .foreign_objects
        .iter()
        .map(|o| (&*o.object, o.reason))
        .collect();
    assert_eq!(kept.len(), 4);
    assert!(kept.contains(&("athena-results/q.csv", ForeignReason::OutsideAwsLogs)));
}
