//! A whole run from S3: the rows of the folder that the bucket was copied from, whatever fails on the way.

use std::path::Path;

use crate::s3_double::{Fault, Op, S3Double};
use crate::support::{Out, Row, files};

/// A bucket that holds the bundled trail; its keys to read, in order.
fn bundled() -> (S3Double, Vec<String>) {
    let root = fixture();
    let s3 = S3Double::start();
    let mut keys = files(&root);
    for key in &keys {
        s3.put("logs", key, std::fs::read(root.join(key)).unwrap());
    }
    keys.retain(|key| key.contains("/CloudTrail/"));
    (s3, keys)
}

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trail")
}

fn run(s3: &S3Double, out: &Out, code: i32) -> serde_json::Value {
    let args = ["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"];
    out.run(&args).expect(code).summary()
}

/// The rows without what names the source and the commit.
fn rows_of(out: &Out, table: &str) -> Vec<Row> {
    let mut rows = out.rows(table);
    for row in &mut rows {
        for column in ["source", "etag", "commit_id", "object_hash"] {
            row.remove(column);
        }
    }
    rows
}

const TABLES: [&str; 10] = [
    "events",
    "mcp_events",
    "mcp_links",
    "activity",
    "sign_ins",
    "resource_activity",
    "insights",
    "aggregated_events",
    "duplicates",
    "objects",
];

#[test]
fn a_bucket_gives_the_rows_of_its_copy() {
    let (s3, _) = bundled();
    let (from_s3, from_folder) = (Out::new(), Out::new());
    let summary = run(&s3, &from_s3, 0);
    from_folder.run(&[fixture().to_str().unwrap()]).expect(0);
    assert_eq!(summary["requests"]["get"], 61);
    for table in TABLES {
        let rows = rows_of(&from_s3, table);
        assert!(!rows.is_empty(), "{table}");
        assert_eq!(rows, rows_of(&from_folder, table), "{table}");
    }
}

#[test]
fn faults_that_pass_cost_nothing() {
    let (s3, keys) = bundled();
    s3.fail(Op::List, "", 2, Fault::Say(503, "SlowDown"));
    s3.fail(Op::Get, &keys[0], 2, Fault::Say(503, "SlowDown"));
    s3.fail(Op::Get, &keys[1], 1, Fault::Cut(100));
    s3.fail(Op::Get, &keys[2], 1, Fault::Say(500, "InternalError"));
    let out = Out::new();
    let summary = run(&s3, &out, 0);
    assert_eq!(summary["records"]["written"], 1410);
    assert_eq!(summary["objects"]["failed"], 0);
    let retried = serde_json::json!({
        "throttled": 4, "server_error": 1, "connection": 1, "expired_credentials": 0
    });
    assert_eq!(summary["requests"]["retried"], retried);
}

#[test]
fn an_object_that_cannot_be_read_costs_itself_and_is_in_the_books() {
    let (s3, keys) = bundled();
    s3.fail(Op::Get, &keys[0], 1, Fault::Vanish);
    s3.fail(Op::Get, &keys[1], 9, Fault::Say(403, "AccessDenied"));
    let out = Out::new();
    let summary = run(&s3, &out, 3);
    let failed = &summary["objects"]["failed_reasons"];
    assert_eq!(*failed, serde_json::json!({"denied": 1, "gone": 1}));
    assert_eq!(summary["objects"]["read"], 59);
    let status = |key: &String| {
        let rows = out.rows("objects");
        let row = rows
            .into_iter()
            .find(|row| row["source_object"] == key.as_str());
        row.unwrap()["status"].clone()
    };
    assert_eq!([status(&keys[0]), status(&keys[1])], ["gone", "denied"]);
}

#[test]
fn what_cannot_be_listed_or_read_at_all_fails_and_leaves_nothing() {
    let (s3, _) = bundled();
    s3.fail(Op::List, "", 9, Fault::Say(403, "AccessDenied"));
    let out = Out::new();
    let args = ["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"];
    let ran = out.run(&args).expect(76);
    assert!(
        ran.stderr.starts_with("trailmill: ") && ran.stderr.contains("s3:ListBucket"),
        "{ran:?}"
    );
    assert_eq!(ran.stderr.lines().count(), 1);
    assert!(!out.path().exists());

    let (s3, _) = bundled();
    s3.fail(Op::Get, "", 999, Fault::Say(403, "AccessDenied"));
    let args = ["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"];
    let ran = out.run(&args).expect(76);
    assert!(
        ran.stderr.contains("none of 61 objects could be read"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("s3:GetObject"), "{ran:?}");
    assert!(!out.path().exists());
}
