//! `trailmill rebuild`: derived tables, derived again.

use std::fs;

use serde_json::json;

use crate::dataset::bucket_for_all_tables;
use crate::support::{Bucket, Out, Ran, Row, event, gzip, trailmill};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

const DERIVED: [&str; 5] = [
    "mcp_events",
    "mcp_links",
    "activity",
    "sign_ins",
    "resource_activity",
];

fn rebuild(out: &Out, args: &[&str]) -> Ran {
    trailmill(&[&["rebuild", &out.arg(), "--json"], args].concat())
}

fn verify(out: &Out) {
    let ran = trailmill(&["verify", &out.arg()]).expect(0);
    assert!(ran.stdout.contains("nothing is wrong"), "{ran:?}");
}

/// Fails unless the derived tables have the rows of another dataset, in the same order.
#[track_caller]
fn assert_same_rows(out: &Out, other: &Out) {
    for table in DERIVED {
        let (found, expected): (Vec<Row>, Vec<Row>) = (out.rows(table), other.rows(table));
        assert!(
            found == expected,
            "{table}: {} of {}",
            found.len(),
            expected.len()
        );
    }
}

#[test]
fn what_is_derived_again_is_what_one_run_derives() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    for group_bytes in ["1GiB", "20000"] {
        let out = Out::new();
        out.run(&[FIXTURES, "--group-bytes", group_bytes]).expect(0);
        let summary = rebuild(&out, &[]).expect(0).summary();
        assert_same_rows(&out, &whole);
        verify(&out);
        assert_eq!(
            summary["commits"].as_array().unwrap().len(),
            2,
            "a day each"
        );
        assert_eq!(summary["tables"]["activity"]["partitions"], 2);
        assert_eq!(summary["tables"]["activity"]["after"]["files"], 2);
        assert!(summary["tables"].get("events").is_none());
    }
}

/// Records of all kinds, odd ones among them.
#[test]
fn odd_events_too() {
    let bucket = bucket_for_all_tables();
    let odd = [
        event(900, "2026-08-02T08:00:00.25Z", r#","new":1e999"#),
        event(
            901,
            "2026-08-02T08:00:00Z",
            r#","userAgent":["a"],"x":"\ud800""#,
        ),
        event(902, "2026-08-02T08:00:00Z", r#","eventName":"twice""#),
    ];
    let document = format!("{{\"Records\":[{}]}}", odd.join(" , "));
    bucket.put("AWSLogs/odd.json.gz", gzip(document));
    let (out, whole) = (Out::new(), Out::new());
    for out in [&out, &whole] {
        out.run(&[bucket.path()]).expect(3);
    }
    rebuild(&out, &[]).expect(0);
    assert_same_rows(&out, &whole);
    verify(&out);
}

#[test]
fn a_file_that_somebody_deleted_is_made_again() {
    let (out, whole) = (Out::new(), Out::new());
    for out in [&out, &whole] {
        out.run(&[FIXTURES]).expect(0);
    }
    let files = out.data_files();
    let lost = files
        .keys()
        .find(|path| path.starts_with("sign_ins/"))
        .unwrap();
    fs::remove_file(out.path().join(lost)).unwrap();
    trailmill(&["verify", &out.arg()]).expect(4);
    rebuild(&out, &[]).expect(0);
    assert_same_rows(&out, &whole);
    verify(&out);
}

#[test]
fn only_the_days_that_are_asked_for() {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let before = out.data_files();
    let of_first_day = ["--from", "2026-08-01T23:00:00Z", "--to", "2026-08-02"];
    let summary = rebuild(&out, &of_first_day).expect(0).summary();
    assert_eq!(summary["commits"].as_array().unwrap().len(), 1);
    for (path, bytes) in &before {
        let is_kept = out.data_files().get(path) == Some(bytes);
        let is_derived = DERIVED
            .iter()
            .any(|table| path.starts_with(&format!("{table}/")));
        assert_eq!(
            is_kept,
            !(is_derived && path.contains("2026-08-01")),
            "{path}"
        );
    }
    let none = rebuild(&out, &["--to", "2020-01-01"]).expect(0).summary();
    assert_eq!(none["commits"], json!([]));
    rebuild(&out, &["--from", "2026-08-02", "--to", "2026-08-01"]).expect(2);
}

#[test]
fn tables_and_buckets_stay_as_the_dataset_was_begun() {
    let begun = ["--tables", "activity,sign_ins", "--bucket", "1h"];
    let (out, whole) = (Out::new(), Out::new());
    whole.run(&[&[FIXTURES], &begun[..]].concat()).expect(0);
    out.run(&[&[FIXTURES, "--group-bytes", "20000"], &begun[..]].concat())
        .expect(0);
    rebuild(&out, &[]).expect(0);
    assert_same_rows(&out, &whole);
    assert!(out.rows("mcp_events").is_empty());

    let out = Out::new();
    out.run(&[FIXTURES, "--tables", "events"]).expect(0);
    let nothing = trailmill(&["rebuild", &out.arg()]).expect(0);
    assert_eq!(
        nothing.stderr,
        format!("nothing to rebuild: {} is as it was\n", out.arg())
    );
}

#[test]
fn events_that_are_gone_cannot_be_derived_from() {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let files = out.data_files();
    let lost = files
        .keys()
        .find(|path| path.starts_with("events/"))
        .unwrap();
    fs::remove_file(out.path().join(lost)).unwrap();
    let ran = rebuild(&out, &[]).expect(1);
    assert!(ran.stderr.contains(lost), "{ran:?}");
    let ran = rebuild(&Out::new(), &[]).expect(1);
    assert!(ran.stderr.contains("holds no dataset"), "{ran:?}");
}

/// After a compaction, and before one.
#[test]
fn compacted_datasets_too() {
    let (out, whole) = (Out::new(), Out::new());
    whole.run(&[FIXTURES]).expect(0);
    out.run(&[FIXTURES, "--group-bytes", "20000"]).expect(0);
    let compact = || trailmill(&["compact", &out.arg(), "--older-than", "0d"]).expect(0);
    compact();
    assert_same_rows(&out, &whole);
    rebuild(&out, &[]).expect(0);
    assert_same_rows(&out, &whole);
    compact();
    verify(&out);
}

#[test]
fn a_run_goes_on_after_it() {
    let (bucket, out) = (Bucket::new(), Out::new());
    for n in 0..3 {
        bucket.put(&format!("{n}.json"), event(n, "2026-08-01T12:00:00Z", ""));
        out.run(&[bucket.path()]).expect(0);
        rebuild(&out, &[]).expect(0);
        verify(&out);
    }
    let counted: u64 = out
        .rows("activity")
        .iter()
        .map(|row| row["events"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 3);
}
