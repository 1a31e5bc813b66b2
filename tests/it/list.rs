//! `trailmill list`, as a person and as a program sees it.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use serde_json::Value;
use trailmill::cli::{Cli, Command};
use trailmill::list;
use trailmill::trail::time;

use crate::s3_double::{Op, S3Double};

fn put(s3: &S3Double) {
    for (account, region, day, n) in [
        ("111122223333", "us-east-1", "01", 3),
        ("111122223333", "eu-west-1", "02", 1),
        ("444455556666", "us-east-1", "02", 2),
    ] {
        for i in 0..n {
            let name = format!(
                "{account}_CloudTrail_{region}_202608{day}T000{i}Z_abcdefghijklmnop.json.gz"
            );
            s3.put(
                "logs",
                &format!("AWSLogs/{account}/CloudTrail/{region}/2026/08/{day}/{name}"),
                vec![0; 1_000],
            );
        }
    }
    s3.put(
        "logs",
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/08/01/d_20260801T000000Z.json.gz",
        vec![0; 10],
    );
    s3.put(
        "logs",
        "AWSLogs/111122223333/elasticloadbalancing/us-east-1/x.log.gz",
        vec![0; 7],
    );
    s3.put(
        "logs",
        "AWSLogs/\u{1b}[31m/CloudTrail/us-east-1/2026/08/01/x.json",
        vec![0; 5],
    );
    s3.put_archived(
        "logs",
        "AWSLogs/444455556666/CloudTrail/us-east-1/2026/08/01/old.json.gz",
        "GLACIER",
    );
}

fn printed(args: &[&str]) -> String {
    let Command::List(args) = Cli::parse_from([&["trailmill", "list"], args].concat()).command
    else {
        panic!("it is a list");
    };
    let now = time::parse("2026-08-05T00:00:00Z").unwrap();
    let mut out = Vec::new();
    list::run(
        &args,
        now,
        Cursor::new(""),
        &mut out,
        &Arc::<AtomicBool>::default(),
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_person_sees_what_a_run_would_read_and_cost() {
    let s3 = S3Double::start();
    put(&s3);
    let printed = printed(&["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"]);
    insta::assert_snapshot!(printed, @r"
    Account       objects  bytes
    \u{1b}[31m          1      5
    111122223333        4  4,000  (3.9 KiB)
    444455556666        3  2,004  (1.9 KiB)

    Region     objects  bytes
    eu-west-1        1  1,000
    us-east-1        7  5,009  (4.8 KiB)

    Family      objects  bytes
    CloudTrail        8  6,009  (5.8 KiB)

    Delivery day  objects  bytes
    2026-08-01          5  3,009  (2.9 KiB)
    2026-08-02          3  3,000  (2.9 KiB)

    Objects                           objects  bytes
    to read                                 8  6,009  (5.8 KiB)
      archived, to be restored first        1      4
    digests, left aside                     1     10
    foreign                                 1      7
      not_cloudtrail                        1      7
    listed                                 10  6,026  (5.8 KiB)

    Requests of a run  count       USD  price class
    LIST                   5  0.000025  tier 1 (PUT, COPY, POST, LIST)
    GET                    7  0.000003  tier 2 (GET, SELECT, all others)
      USD is indicative: S3 Standard request prices of us-east-1, without data transfer, retrieval and KMS
    ");
    assert_eq!(s3.take_requests(Op::Get), 0);
}

#[test]
fn a_program_gets_the_same_as_json() {
    let s3 = S3Double::start();
    put(&s3);
    let printed = printed(&[
        "s3://logs",
        "--json",
        "--endpoint-url",
        s3.url(),
        "--no-sign-request",
    ]);
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(json["objects"]["objects"], 8);
    assert_eq!(json["digests"]["bytes"], 10);
    assert_eq!(json["foreign"]["by_reason"]["not_cloudtrail"]["objects"], 1);
    assert_eq!(
        json["requests"]["list"]["count"],
        s3.take_requests(Op::List)
    );
    assert_eq!(
        json["requests"]["get"]["count"], 7,
        "what is archived is not asked for"
    );
    let sum = |table: &str| {
        json[table]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["objects"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(
        ["by_account", "by_region", "by_family", "by_day"].map(sum),
        [8; 4]
    );
    assert_eq!(json["by_day"][0]["name"], "2026-08-01");
    assert!(
        !printed.contains('\u{1b}'),
        "JSON escapes what would steer a terminal"
    );
}

#[test]
fn a_selection_is_listed_alone() {
    let s3 = S3Double::start();
    put(&s3);
    let aws = ["--endpoint-url", s3.url(), "--no-sign-request", "--json"];
    let count = |args: &[&str]| {
        let printed = printed(&[&["s3://logs"], args, &aws].concat());
        serde_json::from_str::<Value>(&printed).unwrap()["objects"]["objects"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(count(&["--only-account", "444455556666"]), 3);
    assert_eq!(count(&["--only-region", "eu-west-1"]), 1);
    assert_eq!(count(&["--from", "-2d"]), 3);
    assert_eq!(count(&["--to", "2026-07-31"]), 5);
    assert_eq!(count(&["--to", "2026-07-30"]), 0);
}

#[test]
fn a_folder_costs_no_requests() {
    let trail = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let json: Value = serde_json::from_str(&printed(&[trail.to_str().unwrap(), "--json"])).unwrap();
    assert!(json["objects"]["objects"].as_u64().unwrap() > 0);
    assert_eq!(json["requests"]["indicative_usd"], 0.0);
    assert_eq!(
        json["by_account"][0]["name"],
        Value::Null,
        "loose files have no account"
    );
}
