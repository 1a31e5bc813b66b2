//! `trailmill report`: each answer is what a look at every row gives, and what was planted is found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use trailmill::generate::{self, Summary};

use crate::s3_double::S3Double;
use crate::support::{Bucket, Out, Ran, Row, delivery_key, event, trailmill};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

fn report(out: &Out, args: &[&str]) -> Ran {
    trailmill(&[&["report", &out.arg()], args].concat()).expect(0)
}

fn json_of(out: &Out, args: &[&str]) -> Value {
    let printed = report(out, &[args, &["--format", "json"]].concat());
    serde_json::from_str(&printed.stdout).unwrap()
}

/// A dataset of the fixtures, in several commits.
fn fixtures() -> Out {
    let out = Out::new();
    out.run(&[FIXTURES, "--group-bytes", "50000"]).expect(0);
    out
}

/// A generated bucket as a dataset, and what was planted in it.
fn planted(events: u64, days: u32) -> (Out, Summary) {
    let dir = TempDir::new().unwrap();
    let mut bucket = generate::Bucket::new(generate::Options {
        events,
        days,
        accounts: 2,
        seed: 5,
    });
    for object in bucket.by_ref() {
        let path = dir.path().join(&object.key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, object.content).unwrap();
    }
    let out = Out::new();
    out.run(&[dir.path().to_str().unwrap()]).expect(0);
    (out, bucket.summary().clone())
}

fn number(row: &Row, column: &str) -> u64 {
    row.get(column).and_then(Value::as_u64).unwrap_or(0)
}

fn text<'r>(row: &'r Row, column: &str) -> &'r str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// The sum of a number over the rows of a list, those that are left out too.
fn sum(list: &Value, field: &str) -> u64 {
    assert_eq!(list["left_out"], 0, "the test adds up what is here");
    let rows = list["rows"].as_array().unwrap();
    rows.iter().map(|row| row[field].as_u64().unwrap()).sum()
}

#[test]
fn what_was_planted_is_found() {
    let (out, planted) = planted(6000, 3);
    let report = json_of(&out, &[]);
    assert_eq!(report["totals"]["events"], planted.events);
    // An error is also a sign-in that failed, or an MCP error, without a code.
    assert_eq!(report["refused"]["events"], planted.errors);

    let channels = report["agents"]["channels"].as_array().unwrap();
    let channels: BTreeMap<&str, u64> = channels
        .iter()
        .map(|row| {
            (
                row["mcp_channel"].as_str().unwrap(),
                row["events"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(channels, planted.mcp_channels);
    let by_agents = planted
        .mcp_channels
        .iter()
        .filter(|(channel, _)| **channel != "self_hosted");
    assert_eq!(
        report["totals"]["agents"],
        by_agents.map(|(_, events)| events).sum::<u64>()
    );
    let chains = &report["agents"]["chains"];
    assert_eq!(sum(chains, "requests"), planted.mcp_links);
    assert_eq!(sum(chains, "found"), planted.mcp_links);

    let sign_ins = &report["sign_ins"];
    for (outcome, field) in [
        ("success", "successes"),
        ("failure", "failures"),
        ("unknown", "unknown"),
    ] {
        let expected = planted.sign_ins.get(outcome).copied().unwrap_or(0);
        assert_eq!(sign_ins[field], expected, "{outcome}");
    }

    let burst = planted.burst.unwrap();
    let found = &report["rate"]["bursts"]["rows"][0];
    assert_eq!(found["kind"], "action");
    assert_eq!(found["principal"], burst.principal.as_str());
    assert_eq!(found["event_source"], burst.event_source.as_str());
    assert_eq!(found["event_name"], burst.event_name.as_str());
    assert!(found["start"].as_str().unwrap() <= burst.start.as_str());
    assert!(found["end"].as_str().unwrap() >= burst.end.as_str());
    assert!(found["events"].as_u64().unwrap() >= burst.events);
    let finding = &report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["section"] == "rate.bursts");
    let look = finding.unwrap()["look"].as_str().unwrap();
    let command: Vec<&str> = look.split(' ').skip(1).collect();
    let shown =
        trailmill(&[&command[..], &["--limit", "0", "--format", "jsonl"]].concat()).expect(0);
    assert_eq!(
        shown.stdout.lines().count() as u64,
        found["events"].as_u64().unwrap()
    );

    let coverage = &report["coverage"];
    assert_eq!(coverage["redelivered"], planted.duplicates);
    assert_eq!(coverage["late_events"], planted.late_events);
    assert_eq!(coverage["digests"], planted.digests);
    let records = planted.events + planted.insights + planted.aggregated;
    assert_eq!(coverage["written"], records);
}

#[test]
fn counts_are_those_of_a_look_at_every_row() {
    let out = fixtures();
    let report = json_of(&out, &[]);
    let events = out.rows("events");
    let count = |fits: &dyn Fn(&Row) -> bool| events.iter().filter(|row| fits(row)).count() as u64;
    let different = |column: &str| {
        let values = events
            .iter()
            .map(|row| text(row, column))
            .filter(|value| !value.is_empty());
        values.collect::<BTreeSet<_>>().len() as u64
    };
    let totals = &report["totals"];
    assert_eq!(totals["events"], events.len() as u64);
    assert_eq!(
        totals["writes"],
        count(&|row| row.get("read_only") == Some(&json!(false)))
    );
    for (field, column) in [
        ("accounts", "recipient_account_id"),
        ("regions", "aws_region"),
        ("services", "event_source"),
        ("principals", "principal"),
        ("source_ips", "source_ip_address"),
    ] {
        assert_eq!(totals[field], different(column), "{field}");
    }
    let rate = &report["rate"];
    for row in rate["services"]["rows"].as_array().unwrap() {
        let source = row["event_source"].as_str().unwrap();
        assert_eq!(
            row["events"],
            count(&|row| text(row, "event_source") == source),
            "{source}"
        );
    }
    assert_eq!(sum(&rate["services"], "events"), events.len() as u64);
    assert_eq!(sum(&rate["actions"], "events"), events.len() as u64);
    for row in report["refused"]["actions"]["rows"].as_array().unwrap() {
        let is_it = |event: &Row| {
            ["principal", "event_source", "event_name", "error_code"]
                .iter()
                .all(|column| text(event, column) == row[*column].as_str().unwrap_or_default())
        };
        assert_eq!(row["events"], count(&is_it), "{row}");
    }
    for row in report["agents"]["principals"]["rows"].as_array().unwrap() {
        let principal = row["principal"].as_str().unwrap_or_default();
        let by = |fits: &dyn Fn(&str) -> bool| {
            count(&|row| text(row, "principal") == principal && fits(text(row, "mcp_channel")))
        };
        assert_eq!(
            row["by_agents"],
            by(&|channel| !["", "self_hosted"].contains(&channel))
        );
        assert_eq!(row["claimed"], by(&|channel| channel == "self_hosted"));
        assert_eq!(row["others"], by(&str::is_empty));
    }
    let timeline = &report["timeline"];
    let all = &timeline["series"][0];
    assert_eq!(all["kind"], "all");
    let buckets = all["events"].as_array().unwrap();
    assert_eq!(timeline["buckets"], buckets.len() as u64);
    assert_eq!(
        buckets
            .iter()
            .map(|events| events.as_u64().unwrap())
            .sum::<u64>(),
        events.len() as u64
    );
    let objects = out.rows("objects");
    let written: u64 = objects.iter().map(|row| number(row, "written")).sum();
    assert_eq!(report["coverage"]["written"], written);
}

/// Events of one principal, action after action, at these times, with members put in place of those of an ordinary one.
fn dataset_of(events: &[(&str, Value)]) -> Out {
    let bucket = Bucket::new();
    for (n, (time, members)) in (1..).zip(events) {
        let mut record: Value = serde_json::from_str(&event(n, time, "")).unwrap();
        for (key, value) in members.as_object().unwrap() {
            record[key] = value.clone();
        }
        let delivered = time.replace(['-', ':'], "");
        let key = delivery_key(
            "111122223333",
            "us-east-1",
            &format!("{}Z", &delivered[..13]),
            u32::try_from(n).unwrap(),
        );
        bucket.deliver(&key, &[record.to_string()]);
    }
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    out
}

fn from_address(address: &str) -> Value {
    json!({ "sourceIPAddress": address })
}

#[test]
fn what_is_new_is_neither_in_the_baseline_nor_known() {
    let out = dataset_of(&[
        ("2026-08-01T10:00:00Z", from_address("192.0.2.1")),
        ("2026-08-02T10:00:00Z", from_address("192.0.2.1")),
        ("2026-08-02T11:00:00Z", from_address("192.0.2.2")),
        ("2026-08-02T12:00:00Z", from_address("198.51.100.7")),
        ("2026-08-02T12:00:01Z", from_address("198.51.100.7")),
    ]);
    let unseen = |args: &[&str]| {
        let report = json_of(&out, args);
        let rows = report["rate"]["unseen"]["rows"].as_array().unwrap().clone();
        rows.iter()
            .filter(|row| row["kind"] == "source_ip")
            .map(|row| format!("{} {}", row["value"].as_str().unwrap(), row["events"]))
            .collect::<Vec<_>>()
    };
    assert!(unseen(&[]).is_empty(), "nothing to compare with");
    assert_eq!(
        unseen(&["--from", "2026-08-02"]),
        ["192.0.2.2 1", "198.51.100.7 2"]
    );
    assert_eq!(
        unseen(&["--baseline", "26h"]),
        ["198.51.100.7 2"],
        "the first 26 hours are the baseline"
    );
    let known = TempDir::new().unwrap();
    let list = known.path().join("known");
    fs::write(&list, "source_ip 198.51.100.0/24 # the office\n").unwrap();
    let list = list.to_str().unwrap();
    assert_eq!(
        unseen(&["--from", "2026-08-02", "--known", list]),
        ["192.0.2.2 1"]
    );
    assert_eq!(unseen(&["--known", list]), ["192.0.2.1 2", "192.0.2.2 1"]);
    let report = json_of(&out, &["--from", "2026-09-01", "--baseline", "1d"]);
    let caveats = report["caveats"].to_string();
    assert!(caveats.contains("no events in the baseline"), "{caveats}");
}

#[test]
fn a_success_behind_failures_is_found() {
    let sign_in = |outcome: &str, user: &str| {
        json!({
            "eventSource": "signin.amazonaws.com",
            "eventName": "ConsoleLogin",
            "sourceIPAddress": "198.51.100.9",
            "userIdentity": { "type": "IAMUser", "accountId": "111122223333", "userName": user },
            "responseElements": { "ConsoleLogin": outcome },
        })
    };
    let out = dataset_of(&[
        ("2026-08-01T09:00:00Z", sign_in("Failure", "too-long-ago")),
        ("2026-08-01T10:30:00Z", sign_in("Failure", "admin")),
        ("2026-08-01T10:31:00Z", sign_in("Failure", "alice")),
        ("2026-08-01T10:32:00Z", sign_in("Failure", "alice")),
        ("2026-08-01T10:33:00Z", sign_in("Success", "alice")),
    ]);
    let report = json_of(&out, &[]);
    let guessed = &report["sign_ins"]["guessed"]["rows"];
    assert_eq!(guessed.as_array().unwrap().len(), 1);
    assert_eq!(guessed[0]["failures"], 3);
    assert_eq!(guessed[0]["names_tried"], 2);
    assert_eq!(guessed[0]["first_failure"], "2026-08-01T10:30:00Z");
    let first = &report["findings"][0];
    assert_eq!(
        (&first["severity"], &first["question"]),
        (&json!("alert"), &json!("sign_ins"))
    );
    let look: Vec<&str> = first["look"].as_str().unwrap().split(' ').skip(1).collect();
    let shown = trailmill(&look).expect(0).stdout;
    assert!(shown.contains("ConsoleLogin"), "{shown}");
}

#[test]
fn costs_are_of_the_list_that_is_given() {
    let out = fixtures();
    let dir = TempDir::new().unwrap();
    let list = dir.path().join("costs");
    fs::write(&list, "sts AssumeRole nothing at all").unwrap();
    let report = json_of(&out, &["--costs", list.to_str().unwrap()]);
    let costs = report["rate"]["costs"]["rows"].as_array().unwrap();
    assert!(!costs.is_empty());
    assert!(
        costs
            .iter()
            .all(|cost| cost["event_name"] == "AssumeRole" && cost["billed"] == "nothing at all")
    );
}

#[test]
fn a_report_for_a_terminal() {
    let out = fixtures();
    let shown = report(&out, &["--rows", "3"]).stdout;
    let commands = |line: &&str| line.trim_start().starts_with("trailmill ");
    for line in shown.lines().filter(|line| !commands(line)) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    insta::assert_snapshot!(shown.replace(&out.arg(), "tables"));
}

#[test]
fn a_report_for_a_ticket() {
    let out = fixtures();
    let shown = report(&out, &["--format", "markdown", "--rows", "2"]).stdout;
    insta::assert_snapshot!(shown.replace(&out.arg(), "tables"));
}

#[test]
fn what_strangers_wrote_does_nothing() {
    let hostile = "\u{1b}[2J<script>alert(1)</script>|`$(id)`\u{202e}";
    let calls = (0..60).map(|n| {
        let time = format!("2026-08-01T10:00:{n:02}Z");
        let members = json!({
            "eventName": hostile,
            "userAgent": hostile,
            "errorCode": hostile,
            "sourceIPAddress": hostile,
            "userIdentity": { "type": "Unknown", "principalId": hostile },
        });
        (time, members)
    });
    let calls: Vec<(String, Value)> = calls.collect();
    let calls: Vec<(&str, Value)> = calls
        .iter()
        .map(|(time, members)| (time.as_str(), members.clone()))
        .collect();
    let out = dataset_of(&calls);
    for format in ["text", "markdown", "html"] {
        let shown = report(&out, &["--format", format]).stdout;
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{format}"
        );
        assert!(
            format == "text" || !shown.contains("<script>alert"),
            "{format}"
        );
    }
    let finding = json_of(&out, &[])["findings"][0].clone();
    assert_eq!(finding["section"], "rate.bursts");
    assert_eq!(
        finding["look"],
        Value::Null,
        "nothing to paste into a shell"
    );
}

#[test]
fn a_bucket_gives_the_report_of_a_folder() {
    let s3 = S3Double::start();
    s3.create_bucket("out");
    let at = [
        "--endpoint-url",
        s3.url(),
        "--no-sign-request",
        "--region",
        "us-east-1",
    ];
    trailmill(&[&["run", FIXTURES, "--out", "s3://out/t"], &at[..]].concat()).expect(0);
    let there = trailmill(&[&["report", "s3://out/t"], &at[..]].concat())
        .expect(0)
        .stdout;
    let here = Out::new();
    here.run(&[FIXTURES]).expect(0);
    let here = report(&here, &[]).stdout.replace(&here.arg(), "s3://out/t");
    assert_eq!(there, here);
}

#[test]
fn compaction_changes_no_answer() {
    let out = fixtures();
    let answers = || {
        let mut report = json_of(&out, &[]);
        report["made_at"] = Value::Null;
        report
    };
    let before = answers();
    trailmill(&["compact", &out.arg(), "--older-than", "0d"]).expect(0);
    assert_eq!(answers(), before);
}

#[test]
fn a_dataset_without_some_tables_has_no_answers_there() {
    let out = Out::new();
    out.run(&[FIXTURES, "--tables", "events,activity"])
        .expect(0);
    let report = json_of(&out, &[]);
    assert!(report["totals"]["events"].as_u64().unwrap() > 0);
    assert_eq!(report["agents"]["channels"], json!([]));
    let caveats = report["caveats"].to_string();
    for table in ["mcp_events", "sign_ins", "resource_activity"] {
        assert!(caveats.contains(table), "{table}: {caveats}");
    }
}

#[test]
fn answers_to_one_question_alone() {
    let out = fixtures();
    let shown = report(&out, &["--only", "sign-ins,coverage"]).stdout;
    assert!(shown.contains("\nWho came in, and who failed to?\n"));
    assert!(shown.contains("\nHow complete is this?\n"));
    assert!(!shown.contains("What was refused?") && !shown.contains("was called most"));
}

#[test]
fn a_report_goes_into_a_file() {
    let out = fixtures();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("report.md");
    let printed = report(
        &out,
        &["--format", "markdown", "-o", file.to_str().unwrap()],
    );
    assert_eq!(printed.stdout, "");
    let expected = report(&out, &["--format", "markdown"]).stdout;
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
}

#[test]
fn what_makes_no_sense_is_said_in_one_line() {
    let out = fixtures();
    let dir = TempDir::new().unwrap();
    let list = dir.path().join("list");
    fs::write(&list, "region eu-west-1\nplanet earth\n").unwrap();
    let list = list.to_str().unwrap();
    let check = |args: &[&str], why: &str| {
        let ran = trailmill(&[&["report", &out.arg()], args].concat()).expect(2);
        assert!(ran.stderr.contains(why), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    };
    check(
        &["--from", "2026-08-02", "--to", "2026-08-01"],
        "--from is not before --to",
    );
    check(&["--baseline", "long"], "use a length of time such as 30d");
    check(&["--known", list], "line 2: what can be known is");
    check(&["--costs", list], "line 1: a line is a service");
    check(&["--known", "nowhere/at/all"], "cannot read nowhere/at/all");
}
