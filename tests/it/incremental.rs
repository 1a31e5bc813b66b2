//! Runs that add to a dataset: what is new is read, what was read is not, and however a trail is cut into runs and commit groups, the
//! tables say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::s3_double::{Fault, Op, S3Double};
use crate::support::{
    Bucket, Out, Row, delivery_key, document, event, files, gzip, pick, trailmill,
};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

const TABLES: [&str; 8] = [
    "events",
    "mcp_events",
    "mcp_links",
    "sign_ins",
    "insights",
    "aggregated_events",
    "activity",
    "resource_activity",
];

/// What the tables of events say, in an order of its own and without what tells where a record was read; rollups by their sums.
fn told(out: &Out) -> BTreeMap<&'static str, Vec<String>> {
    TABLES.map(|table| (table, told_of(out, table))).into()
}

fn told_of(out: &Out, table: &str) -> Vec<String> {
    let mut rows = out.rows(table);
    for row in &mut rows {
        for lineage in ["source", "source_object", "source_index"] {
            row.remove(lineage);
        }
    }
    let mut told: Vec<String> = if table.ends_with("activity") {
        sums(rows)
    } else {
        rows.iter()
            .map(|row| Value::from(row.clone()).to_string())
            .collect()
    };
    told.sort();
    told
}

/// Adds up the additive rows of a rollup.
pub(crate) fn sums(rows: Vec<Row>) -> Vec<String> {
    let mut sums: BTreeMap<String, (u64, u64, String, String)> = BTreeMap::new();
    for mut row in rows {
        let count = |value: Option<Value>| value.and_then(|n| n.as_u64()).unwrap_or_default();
        let time = |value: Option<Value>| value.unwrap().as_str().unwrap().to_owned();
        let (events, errors) = (count(row.remove("events")), count(row.remove("errors")));
        let (first, last) = (
            time(row.remove("first_event_time")),
            time(row.remove("last_event_time")),
        );
        let sum =
            sums.entry(Value::from(row).to_string())
                .or_insert((0, 0, first.clone(), last.clone()));
        sum.0 += events;
        sum.1 += errors;
        sum.2 = sum.2.clone().min(first);
        sum.3 = sum.3.clone().max(last);
    }
    sums.into_iter().map(|sum| format!("{sum:?}")).collect()
}

pub(crate) fn assert_same(some: &Out, whole: &Out) {
    let (some, whole) = (told(some), told(whole));
    for table in TABLES {
        assert_eq!(some[table], whole[table], "{table}");
    }
}

/// Everything in a dataset's folder, with the times at which it was changed.
fn state(out: &Out) -> Vec<(String, std::time::SystemTime)> {
    let changed = |path: String| {
        let time = fs::metadata(out.path().join(&path))
            .unwrap()
            .modified()
            .unwrap();
        (path, time)
    };
    files(&out.path()).into_iter().map(changed).collect()
}

fn verified(out: &Out) {
    let ran = trailmill(&["verify", &out.arg()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
}

#[test]
fn a_run_with_nothing_new_reads_nothing_and_writes_nothing() {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let before = state(&out);
    let summary = out.run(&[FIXTURES]).expect(0).summary();
    assert_eq!(state(&out), before);
    assert_eq!(summary["objects"]["skipped"], 61);
    assert_eq!(summary["objects"]["read"], 0);
    assert_eq!(summary["commits"], json!([]));
    let ran = trailmill(&["run", FIXTURES, "--out", &out.arg()]).expect(0);
    assert!(
        ran.stderr
            .ends_with(&format!("nothing new: {} is as it was\n", out.arg())),
        "{ran:?}"
    );
}

#[test]
fn a_dry_run_says_what_there_is_to_read_and_touches_nothing() {
    let out = Out::new();
    let summary = out
        .run(&[FIXTURES, "--dry-run", "--group-bytes", "100000"])
        .expect(0)
        .summary();
    assert_eq!(
        summary["outstanding"],
        json!({"objects": 61, "bytes": 257_942, "commit_groups": 3})
    );
    assert!(!out.path().exists());
    out.run(&[FIXTURES]).expect(0);
    let before = state(&out);
    let ran = trailmill(&["run", FIXTURES, "--out", &out.arg(), "--dry-run"]).expect(0);
    assert!(
        ran.stderr
            .contains("a run would read 0 objects, 0 B, in 0 commit groups"),
        "{ran:?}"
    );
    assert_eq!(state(&out), before);
}

#[test]
fn groups_make_no_difference() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    for group_bytes in ["20000", "100000"] {
        let out = Out::new();
        let summary = out
            .run(&[FIXTURES, "--group-bytes", group_bytes])
            .expect(0)
            .summary();
        assert!(summary["commits"].as_array().unwrap().len() > 2);
        assert_eq!(summary["records"]["written"], 1410);
        assert_eq!(summary["records"]["duplicates"], 5);
        assert_same(&out, &whole);
        verified(&out);
    }
}

/// A record that comes again is a duplicate, whether in the same group, another one, or weeks later; one with the same ids and other
/// content is not.
#[test]
fn a_record_that_comes_again_weeks_later_is_a_duplicate() {
    let bucket = Bucket::new();
    let time = "2026-08-01T12:00:00Z";
    let key =
        |day: &str, id| delivery_key("111122223333", "us-east-1", &format!("{day}T1200Z"), id);
    bucket.deliver(
        &key("20260801", 1),
        &[event(1, time, ""), event(2, time, ""), event(3, time, "")],
    );
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    bucket.deliver(
        &key("20260825", 2),
        &[
            event(2, time, ""),
            event(3, time, r#","apiVersion":"2""#),
            event(4, time, ""),
        ],
    );
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 2);
    assert_eq!(summary["records"]["duplicates"], 1);
    let duplicates = out.rows("duplicates");
    assert_eq!(
        pick(&duplicates, &["event_id", "source_object"]),
        [json!([
            "00000000-0000-4000-8000-000000000002",
            key("20260825", 2)
        ])]
    );
    let events: u64 = out
        .rows("activity")
        .iter()
        .map(|row| row["events"].as_u64().unwrap())
        .sum();
    assert_eq!((events, out.rows("events").len()), (5, 5));
    verified(&out);

    let whole = Out::new();
    whole.run(&[bucket.path()]).expect(0);
    assert_same(&out, &whole);
}

/// Two trails that deliver the same events to one bucket, one after the other.
#[test]
fn overlapping_trails_count_once() {
    let bucket = Bucket::new();
    let records: Vec<String> = (0..500)
        .map(|n| {
            event(
                n,
                &format!("2026-08-01T12:{:02}:{:02}Z", n / 60, n % 60),
                "",
            )
        })
        .collect();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1215Z", 1);
    bucket.deliver(&key, &records);
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    bucket.deliver(
        &format!("org/{}", key.replace("AWSLogs/", "AWSLogs/o-abc/")),
        &records[100..],
    );
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["duplicates"], 400);
    assert_eq!(summary["records"]["written"], 0);
    assert_eq!(out.rows("events").len(), 500);
    assert_eq!(summary["tables"].get("activity"), None, "nothing to count");
    verified(&out);
}

#[test]
fn a_narrow_run_and_a_wide_one_are_the_wide_one() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    let out = Out::new();
    let narrow = [
        "--from",
        "2026-08-01T14:00:00Z",
        "--to",
        "2026-08-02T09:30:00Z",
    ];
    let first = out
        .run(&[&[FIXTURES][..], &narrow].concat())
        .expect(0)
        .summary();
    assert!(first["records"]["filtered"].as_u64() > Some(0));
    let wider = ["--from", "2026-08-01T10:00:00Z"];
    out.run(&[&[FIXTURES][..], &wider].concat()).expect(0);
    let last = out.run(&[FIXTURES]).expect(0).summary();
    assert!(last["records"]["read_before"].as_u64() > Some(0));
    assert_same(&out, &whole);
    assert_eq!(told_of(&out, "duplicates"), told_of(&whole, "duplicates"));
    verified(&out);
    let nothing = out
        .run(&[&[FIXTURES][..], &narrow].concat())
        .expect(0)
        .summary();
    assert_eq!(
        nothing["objects"]["read"], 0,
        "a narrower run wants nothing that is not there"
    );
}

/// What earlier runs rejected in an object stands in the books once, however often it is read for events that were not wanted before.
#[test]
fn rejects_of_an_object_that_is_read_for_the_rest_are_booked_once() {
    let bucket = Bucket::new();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 1);
    let records = [
        event(1, "2026-08-01T11:00:00Z", ""),
        r#"{"eventID":"x"}"#.to_owned(),
        event(2, "2026-08-01T13:00:00Z", ""),
    ];
    bucket.deliver(&key, &records);
    let out = Out::new();
    out.run(&[bucket.path(), "--to", "2026-08-01T12:00:00Z"])
        .expect(3);
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["read_before"], 2);
    assert_eq!(
        (out.rows("events").len(), out.rows("rejects").len()),
        (2, 1)
    );
    verified(&out);
    let again = out
        .run(&[bucket.path(), "--retry-rejected"])
        .expect(3)
        .summary();
    assert_eq!(again["objects"]["read"], 1);
    assert_eq!(out.rows("events").len(), 2);
    verified(&out);
}

#[test]
fn a_range_can_be_read_again_and_nothing_is_doubled() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let force = ["--force", "--from", "2026-08-02", "--to", "2026-08-03"];
    let summary = out
        .run(&[&[FIXTURES][..], &force].concat())
        .expect(0)
        .summary();
    assert!(summary["objects"]["read"].as_u64() > Some(10));
    assert_eq!(summary["records"]["written"], 0);
    assert_same(&out, &whole);
    assert_eq!(told_of(&out, "duplicates"), told_of(&whole, "duplicates"));
    verified(&out);
}

#[test]
fn a_dataset_keeps_to_what_it_was_begun_with() {
    let out = Out::new();
    out.run(&[FIXTURES, "--skip-event", "Decrypt", "--bucket", "1h"])
        .expect(0);
    let before = state(&out);
    let ran = out.run(&[FIXTURES, "--skip-event", "Encrypt"]).expect(2);
    assert!(
        ran.stderr
            .contains("--bucket 3600s --skip-event Decrypt, and this run asks for --tables"),
        "{ran:?}"
    );
    assert!(
        ran.stderr
            .contains("--bucket 900s --skip-event Encrypt: ask for the same"),
        "{ran:?}"
    );
    assert_eq!(state(&out), before);
    out.run(&[FIXTURES, "--bucket", "60m", "--skip-event", "Decrypt"])
        .expect(0);
}

/// Objects of a generated bucket, each with the night on which it comes: the night of its day, or two later.
fn nights(bucket: &Path) -> Vec<(usize, String)> {
    let mut keys: Vec<String> = files(bucket)
        .into_iter()
        .filter(|key| key.contains("/CloudTrail"))
        .collect();
    keys.sort_by_key(|key| key.rsplit('_').nth(1).map(str::to_owned));
    let day = |key: &str| key.split('_').rev().nth(1).unwrap()[..8].to_owned();
    let mut days: Vec<String> = keys.iter().map(|key| day(key)).collect();
    days.dedup();
    let night = |(n, key): (usize, String)| {
        let night = days.iter().position(|of| *of == day(&key)).unwrap();
        (night + if n % 20 == 7 { 2 } else { 0 }, key)
    };
    keys.into_iter().enumerate().map(night).collect()
}

/// A month of nights: objects that come late, events that come twice, a week without a run, an object that changes, and small files merged
/// midway.
#[test]
fn thirty_nights_are_one_run() {
    let dir = tempfile::TempDir::new().unwrap();
    let all = dir.path().join("all");
    trailmill(&[
        "generate",
        all.to_str().unwrap(),
        "--events",
        "1500",
        "--days",
        "30",
        "--accounts",
        "2",
    ])
    .expect(0);
    let nights = nights(&all);
    let delivered = dir.path().join("delivered");
    let deliver = |key: &str, body: Vec<u8>| {
        let path: PathBuf = delivered.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    };
    let changed = delivery_key("111122223333", "us-east-1", "20260801T0000Z", 9);
    let out = Out::new();
    let last = nights.iter().map(|(night, _)| *night).max().unwrap();
    let mut written = 0;
    for night in 0..=last {
        for (nth, (_, key)) in nights
            .iter()
            .enumerate()
            .filter(|(_, (on, _))| *on == night)
        {
            let body = fs::read(all.join(key)).unwrap();
            if nth % 33 == 5 {
                // The same again under another name.
                deliver(&key.replace(".json.gz", "x.json.gz"), body.clone());
            }
            deliver(key, body);
        }
        if night == 3 || night == 5 {
            let records = [
                event(1, "2026-08-01T00:00:00Z", ""),
                event(2, "2026-08-01T00:00:00Z", ""),
            ];
            deliver(&changed, gzip(document(&records[..night / 2])));
        }
        if (12..19).contains(&night) {
            continue;
        }
        let summary = out
            .run(&[delivered.to_str().unwrap(), "--group-bytes", "60000"])
            .expect(0)
            .summary();
        written += summary["records"]["written"].as_u64().unwrap();
        if night == 20 {
            trailmill(&["compact", &out.arg(), "--older-than", "0d"]).expect(0);
        }
    }
    let whole = Out::new();
    let summary = whole
        .run(&[delivered.to_str().unwrap()])
        .expect(0)
        .summary();
    assert_eq!(summary["records"]["written"], written);
    assert_same(&out, &whole);
    verified(&out);
    let versions = out
        .rows("objects")
        .into_iter()
        .filter(|row| row["source_object"] == changed.as_str());
    assert_eq!(
        versions.count(),
        2,
        "both versions of the object that changed"
    );
    let nothing = out.run(&[delivered.to_str().unwrap()]).expect(0).summary();
    assert_eq!(nothing["objects"]["read"], 0);
}

fn run_s3(s3: &S3Double, out: &Out, more: &[&str], code: i32) -> Value {
    let args = ["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"];
    out.run(&[&args[..], more].concat()).expect(code).summary()
}

fn put(s3: &S3Double, day: &str, id: u32) -> String {
    let key = delivery_key("111122223333", "us-east-1", &format!("{day}T1200Z"), id);
    let time = format!("{}-{}-{}T12:00:00Z", &day[..4], &day[4..6], &day[6..8]);
    let number = u64::from(id) + day.parse::<u64>().unwrap() * 10;
    s3.put("logs", &key, gzip(document(&[event(number, &time, "")])));
    key
}

/// A listing begins the late window before the last day that is known, not before today: a week without a run leaves no hole.
#[test]
fn a_bucket_is_listed_from_the_last_known_day_on() {
    let s3 = S3Double::start();
    for day in ["20260801", "20260802", "20260803", "20260804"] {
        put(&s3, day, 1);
    }
    let out = Out::new();
    assert_eq!(run_s3(&s3, &out, &[], 0)["objects"]["listed"], 4);
    // Not run for weeks; of what has come meanwhile, some is late.
    put(&s3, "20260802", 2);
    put(&s3, "20260820", 3);
    let second = run_s3(&s3, &out, &[], 0);
    assert_eq!(
        second["objects"]["listed"], 5,
        "from the second of August on: {second}"
    );
    assert_eq!(second["objects"]["read"], 2);
    // What is later still is found by a longer window.
    put(&s3, "20260804", 4);
    assert_eq!(run_s3(&s3, &out, &[], 0)["objects"]["read"], 0);
    assert_eq!(
        run_s3(&s3, &out, &["--late-window", "20d"], 0)["objects"]["read"],
        1
    );
    // What is wanted now and was not then makes a listing of everything.
    let narrow = Out::new();
    run_s3(&s3, &narrow, &["--from", "2026-08-04"], 0);
    assert_eq!(
        run_s3(&s3, &narrow, &["--from", "2026-08-04"], 0)["objects"]["listed"],
        1
    );
    assert_eq!(run_s3(&s3, &narrow, &[], 0)["objects"]["read"], 4);
    let whole = Out::new();
    run_s3(&s3, &whole, &[], 0);
    assert_same(&out, &whole);
    assert_same(&narrow, &whole);
}

#[test]
fn an_object_that_cannot_be_read_is_tried_again_until_it_can() {
    let s3 = S3Double::start();
    let denied = put(&s3, "20260801", 1);
    put(&s3, "20260802", 1);
    s3.fail(Op::Get, &denied, 99, Fault::Say(403, "AccessDenied"));
    let out = Out::new();
    run_s3(&s3, &out, &[], 3);
    put(&s3, "20260830", 1);
    let second = run_s3(&s3, &out, &[], 3);
    assert_eq!(second["objects"]["failed_reasons"], json!({"denied": 1}));
    let before = state(&out);
    run_s3(&s3, &out, &[], 3);
    assert_eq!(
        state(&out),
        before,
        "that it still cannot be read is no news"
    );
    s3.forget_faults();
    assert_eq!(run_s3(&s3, &out, &[], 0)["records"]["written"], 1);
    assert_eq!(out.rows("events").len(), 3);
    verified(&out);
}

#[test]
fn a_listing_that_fails_advances_nothing() {
    let s3 = S3Double::start();
    put(&s3, "20260801", 1);
    let out = Out::new();
    run_s3(&s3, &out, &[], 0);
    put(&s3, "20260815", 1);
    s3.fail(Op::List, "", 99, Fault::Say(403, "AccessDenied"));
    let args = ["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"];
    let before = state(&out);
    out.run(&args).expect(76);
    assert_eq!(state(&out), before);
    s3.forget_faults();
    put(&s3, "20260802", 1);
    assert_eq!(run_s3(&s3, &out, &[], 0)["objects"]["read"], 2);
}

/// A key from the future must not keep those of today from being found.
#[test]
fn a_key_from_the_future_hides_nothing() {
    let s3 = S3Double::start();
    put(&s3, "20260801", 1);
    put(&s3, "29990801", 1);
    let out = Out::new();
    run_s3(&s3, &out, &[], 0);
    let today = trailmill::trail::time::format_date(trailmill::config::now()).replace('-', "");
    put(&s3, &today, 2);
    assert_eq!(run_s3(&s3, &out, &[], 0)["objects"]["read"], 1);
}

/// An object with another `ETag` is another version: it is read, what was there stays.
#[test]
fn a_new_version_of_an_object_is_read_beside_the_old() {
    let s3 = S3Double::start();
    let key = put(&s3, "20260801", 1);
    let out = Out::new();
    run_s3(&s3, &out, &[], 0);
    let records = [
        event(7, "2026-08-01T12:00:00Z", ""),
        event(202_608_011, "2026-08-01T12:00:00Z", ""),
    ];
    s3.put("logs", &key, gzip(document(&records)));
    let second = run_s3(&s3, &out, &[], 0);
    assert_eq!(
        second["records"],
        json!({
            "read": 2, "written": 1, "duplicates": 1, "conflicting": 0, "filtered": 0, "rejected": 0, "read_before": 0
        })
    );
    assert_eq!(
        (out.rows("events").len(), out.rows("objects").len()),
        (2, 2)
    );
    verified(&out);
}
