//! `trailmill lookup`: what is found is what a look at every row would find, and what is shown is fit to be seen.

use std::fs;

use serde_json::{Value, json};

use crate::s3_double::S3Double;
use crate::support::{Bucket, Out, Ran, Row, delivery_key, event, trailmill};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

fn lookup(out: &Out, args: &[&str]) -> Ran {
    trailmill(&[&["lookup", &out.arg()], args].concat()).expect(0)
}

/// The events that were found, in the order in which they were printed.
fn found(out: &Out, args: &[&str]) -> Vec<Value> {
    let args = [args, &["--format", "jsonl", "--limit", "0"]].concat();
    let lines = lookup(out, &args).stdout;
    let event = |line: &str| serde_json::from_str(line).unwrap();
    lines.lines().map(event).collect()
}

/// A dataset of these records, delivered in one object.
fn dataset_of(records: &[String]) -> Out {
    let bucket = Bucket::new();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 1);
    bucket.deliver(&key, records);
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    out
}

/// An event of its own name, with members put in place of those of an ordinary one.
fn event_with(n: u64, time: &str, members: &Value) -> String {
    let mut record: Value = serde_json::from_str(&event(n, time, "")).unwrap();
    for (key, value) in members.as_object().unwrap() {
        record[key] = value.clone();
    }
    record.to_string()
}

#[test]
fn filters_find_what_a_look_at_every_row_finds() {
    let out = Out::new();
    out.run(&[FIXTURES, "--group-bytes", "50000"]).expect(0);
    let rows = out.rows("events");
    let text = |row: &Row, column: &str| row.get(column).and_then(Value::as_str).map(str::to_owned);
    let check = |args: &[&str], fits: &dyn Fn(&Row) -> bool| {
        let found = found(&out, args);
        let mut expected: Vec<String> = rows
            .iter()
            .filter(|row| fits(row))
            .filter_map(|row| text(row, "event_id"))
            .collect();
        assert!(!expected.is_empty(), "{args:?} tests nothing");
        let id = |event: &Value| event["event_id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = found.iter().map(id).collect();
        ids.sort_unstable();
        expected.sort_unstable();
        assert!(
            ids == expected,
            "{args:?}: {} of {}",
            ids.len(),
            expected.len()
        );
        let times: Vec<&str> = found
            .iter()
            .map(|event| event["time"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{args:?}");
    };
    let is = |column: &'static str, value: &'static str| {
        move |row: &Row| row.get(column).and_then(Value::as_str) == Some(value)
    };
    check(&[], &|_| true);
    check(
        &["--event-name", "ConsoleLogin"],
        &is("event_name", "ConsoleLogin"),
    );
    check(
        &["--event-source", "s3"],
        &is("event_source", "s3.amazonaws.com"),
    );
    check(
        &["--event-source", "iam.amazonaws.com"],
        &is("event_source", "iam.amazonaws.com"),
    );
    check(
        &["--account", "222233334444"],
        &is("recipient_account_id", "222233334444"),
    );
    check(
        &["--event-region", "eu-west-1"],
        &is("aws_region", "eu-west-1"),
    );
    check(
        &["--errors=AccessDenied"],
        &is("error_code", "AccessDenied"),
    );
    check(&["--mcp=self_hosted"], &is("mcp_channel", "self_hosted"));
    check(&["--mcp"], &|row| row.contains_key("mcp_channel"));
    check(&["--errors"], &|row| {
        row.contains_key("error_code") || row.contains_key("error_message")
    });
    check(&["--read-only", "false"], &|row| {
        row.get("read_only") == Some(&json!(false))
    });
    check(&["--user", "alice"], &|row| {
        is("user_name", "alice")(row) || is("session_name", "alice")(row)
    });
    check(
        &["--from", "2026-08-02", "--to", "2026-08-02T12:00:00Z"],
        &|row| {
            let time = row["event_time"].as_str().unwrap();
            ("2026-08-02".."2026-08-02T12:00:00").contains(&time)
        },
    );
    for (option, column) in [
        ("--event-id", "event_id"),
        ("--access-key", "user_access_key_id"),
        ("--source-ip", "source_ip_address"),
        ("--principal", "principal"),
    ] {
        let values: Vec<String> = rows.iter().filter_map(|row| text(row, column)).collect();
        for value in values.iter().step_by(values.len() / 3) {
            check(&[option, value], &|row| {
                text(row, column).as_ref() == Some(value)
            });
        }
    }
    check(
        &[
            "--event-name",
            "GetObject",
            "--event-source",
            "s3",
            "--read-only",
            "true",
        ],
        &|row| is("event_name", "GetObject")(row) && row.get("read_only") == Some(&json!(true)),
    );
    assert_eq!(found(&out, &["--event-id", "nobody's"]).len(), 0);
}

#[test]
fn records_are_the_ones_that_export_prints() {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    let id = |record: &Value| record["eventID"].as_str().map(str::to_owned);
    for event in found(&out, &["--from", "2026-08-02"]) {
        let record = &event["record"];
        let same = |line: &&str| serde_json::from_str::<Value>(line).unwrap() == *record;
        let with_id = |line: &&str| line.contains(&id(record).unwrap());
        assert!(
            exported.lines().filter(with_id).any(|line| same(&line)),
            "{record}"
        );
    }
}

#[test]
fn a_file_gives_a_value_a_line() {
    let records = (0..6).map(|n| event(n, "2026-08-01T12:00:00Z", ""));
    let out = dataset_of(&records.collect::<Vec<_>>());
    let list = out.path().with_extension("txt");
    fs::write(&list, "192.0.2.1\n\n  192.0.2.2 \n").unwrap();
    let file = format!("@{}", list.display());
    assert_eq!(found(&out, &["--source-ip", &file]).len(), 4);
    fs::write(&list, "\n").unwrap();
    let ran = trailmill(&["lookup", &out.arg(), "--source-ip", &file]).expect(2);
    assert!(
        ran.stderr.contains("has no value: put one on a line"),
        "{ran:?}"
    );
    fs::remove_file(list).unwrap();
}

#[test]
fn who_deleted_which_object_of_a_bucket() {
    let deletes = |n: u64, bucket: &str, user: &str| {
        let members = json!({
            "eventName": "DeleteObject", "readOnly": false,
            "userIdentity": {"type": "IAMUser", "userName": user, "accountId": "111122223333"},
            "requestParameters": {"bucketName": bucket, "key": format!("reports/{n}.csv")},
            "resources": [
                {"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/reports/{n}.csv")},
                {"type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}"), "accountId": "111122223333"},
            ],
        });
        event_with(n, &format!("2026-08-01T12:00:0{n}Z"), &members)
    };
    let out = dataset_of(&[
        deletes(1, "finance", "alice"),
        deletes(2, "finance-old", "bob"),
        deletes(3, "finance", "mallory"),
    ]);
    let who = |args: &[&str]| -> Vec<String> {
        let user = |event: &Value| event["user"].as_str().unwrap().to_owned();
        found(&out, args).iter().map(user).collect()
    };
    assert_eq!(
        who(&["--resource", "finance", "--event-name", "DeleteObject"]),
        ["mallory", "alice"]
    );
    assert_eq!(
        who(&["--resource", "arn:aws:s3:::finance"]),
        ["mallory", "alice"]
    );
    assert_eq!(who(&["--resource", "3.csv"]), ["mallory"]);
    assert_eq!(
        who(&["--resource", "arn:aws:s3:::finance/reports/1.csv"]),
        ["alice"]
    );
    assert_eq!(who(&["--resource-type", "aws::s3::bucket"]).len(), 3);
    assert_eq!(who(&["--resource-type", "AWS::IAM::Role"]).len(), 0);
    let csv = lookup(&out, &["--format", "csv", "--resource", "finance"]).stdout;
    assert!(csv.contains("arn:aws:s3:::finance/reports/3.csv"), "{csv}");
}

#[test]
fn the_newest_and_a_word_that_there_are_more() {
    let records = (0..9).map(|n| event(n, &format!("2026-08-01T12:00:0{n}Z"), ""));
    let out = dataset_of(&records.collect::<Vec<_>>());
    let ran = lookup(&out, &["--limit", "2"]);
    let times: Vec<&str> = ran.stdout.lines().skip(1).map(|line| &line[..20]).collect();
    assert_eq!(times, ["2026-08-01T12:00:08Z", "2026-08-01T12:00:07Z"]);
    assert!(
        ran.stderr.starts_with("the newest 2; there are more"),
        "{ran:?}"
    );
    assert_eq!(
        lookup(&out, &["--limit", "9"]).stderr,
        "",
        "there are no more"
    );
    let ran = lookup(&out, &["--user", "nobody"]);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("", "no event fits\n")
    );
    let list: Value = serde_json::from_str(&lookup(&out, &["--format", "json"]).stdout).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 9);
}

#[test]
fn one_event_whole_with_its_tool_calls() {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let mut links = out.rows("mcp_links");
    links.retain(|link| {
        link["mcp_channel"] == "tool_call" && link.contains_key("downstream_region")
    });
    let id = |link: &Row| link["mcp_event_id"].as_str().unwrap().to_owned();
    let tool_call = lookup(&out, &["--event-id", &id(&links[0])]).stdout;
    let summary = tool_call.split("\n{").next().unwrap();
    insta::assert_snapshot!(summary.replace(FIXTURES, "fixtures/trail"));
    let call = summary.split("API calls that it led to").nth(1).unwrap();
    let call_id = call.split_once('(').unwrap().1.split_once(')').unwrap().0;
    let back = lookup(&out, &["--event-id", call_id]).stdout;
    let tool_calls = back.split("Tool calls that led to it").nth(1).unwrap();
    assert!(tool_calls.contains(&id(&links[0])), "{back}");
    let record = &back[back.find("\n{").unwrap()..];
    let record: Value = serde_json::from_str(record).unwrap();
    assert_eq!(record["eventID"], call_id);
}

#[test]
fn a_key_leads_back_to_the_first_and_on_to_all_that_it_issued() {
    let assume = |n: u64, signed: &str, issued: &str| {
        let members = json!({
            "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "resources": null,
            "userIdentity": {"type": "AssumedRole", "accessKeyId": signed,
                "arn": format!("arn:aws:sts::111122223333:assumed-role/hop/{signed}")},
            "responseElements": {"credentials": {"accessKeyId": issued}},
        });
        event_with(n, &format!("2026-08-01T12:00:0{n}Z"), &members)
    };
    let out = dataset_of(&[
        assume(1, "AKIAFIRST", "ASIAONE"),
        assume(2, "ASIAONE", "ASIATWO"),
        assume(3, "ASIATWO", "ASIATHREE"),
        assume(4, "ASIATWO", "ASIAFOUR"),
        assume(5, "ASIAROUND", "ASIATRIP"), // a circle, which AWS does not make
        assume(6, "ASIATRIP", "ASIAROUND"),
    ]);
    let shown = lookup(&out, &["--access-key", "ASIATWO", "--chain"]).stdout;
    insta::assert_snapshot!(shown);
    let from_first = lookup(
        &out,
        &["--access-key", "AKIAFIRST", "--chain", "--format", "jsonl"],
    )
    .stdout;
    let links: Vec<Value> = from_first
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<(u64, &str)> = links
        .iter()
        .map(|link| {
            (
                link["depth"].as_u64().unwrap(),
                link["access_key"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (0, "AKIAFIRST"),
        (1, "ASIAONE"),
        (2, "ASIATWO"),
        (3, "ASIATHREE"),
        (3, "ASIAFOUR"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(links[0]["issued_by"], Value::Null);
    let circle = lookup(&out, &["--access-key", "ASIATRIP", "--chain"]).stdout;
    assert_eq!(circle.lines().count(), 3, "{circle}");
    let ran = trailmill(&[
        "lookup",
        &out.arg(),
        "--access-key",
        "A",
        "--chain",
        "--format",
        "csv",
    ])
    .expect(2);
    assert!(ran.stderr.contains("--chain is no table"), "{ran:?}");
}

#[test]
fn what_strangers_wrote_does_nothing() {
    let members = json!({
        "userIdentity": {"type": "IAMUser", "userName": "=cmd|' /C calc'!A0"},
        "eventName": "\u{1b}]0;gone\u{7}", "sourceIPAddress": "\u{202e}1.2.3.4", "userAgent": "a\nb",
        "errorCode": "+1", "resources": [{"ARN": "@SUM(1)\r\n", "type": "\u{9b}2J"}],
    });
    let out = dataset_of(&[event_with(1, "2026-08-01T12:00:00Z", &members)]);
    let id = "00000000-0000-4000-8000-000000000001";
    for args in [
        &["--format", "table"][..],
        &["--format", "csv"],
        &["--format", "jsonl"],
        &["--event-id", id],
    ] {
        let shown = lookup(&out, args).stdout;
        let is_hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.contains(is_hidden), "{args:?}: {shown:?}");
        assert!(shown.contains("gone"), "{args:?}: {shown}");
    }
    let csv = lookup(&out, &["--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    for cell in csv.lines().nth(1).unwrap().split(',') {
        let first = cell.trim_start_matches('"').chars().next();
        assert!(!matches!(first, Some('=' | '+' | '-' | '@')), "{cell}");
    }
}

#[test]
fn a_dataset_in_a_bucket_too() {
    let s3 = S3Double::start();
    s3.create_bucket("out");
    let access = ["--endpoint-url", s3.url(), "--no-sign-request"];
    let run = [&["run", FIXTURES, "--out", "s3://out/tables"], &access[..]].concat();
    trailmill(&run).expect(0);
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let question = [
        "--event-name",
        "ConsoleLogin",
        "--format",
        "jsonl",
        "--limit",
        "0",
    ];
    let there = [&["lookup", "s3://out/tables"], &question[..], &access].concat();
    let (there, here) = (
        trailmill(&there).expect(0).stdout,
        lookup(&out, &question).stdout,
    );
    assert!(!here.is_empty() && there == here);
}
