//! Command lines: what they accept, how they end, and what people read.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dataset::bucket_for_all_tables;
use crate::support::{
    self, Bucket, Out, delivery_key, document, event, pick, redact, trailmill, trailmill_with,
};

const TIME: &str = "2026-08-01T12:00:00Z";

fn one_record() -> Bucket {
    let bucket = Bucket::new();
    bucket.put("a.json", event(1, TIME, ""));
    bucket
}

/// One line of error, in that place's words.
#[track_caller]
fn check(args: &[&str], code: i32, line: &str) {
    let ran = trailmill(args).expect(code);
    assert_eq!(ran.stdout, "", "{args:?}");
    let first = ran.stderr.lines().next().unwrap_or_default();
    assert_eq!(first, line, "{args:?}");
}

#[test]
fn command_lines_that_cannot_be_used() {
    let bucket = one_record();
    let bucket = bucket.path();
    let out = Out::new();
    let out_arg = &out.arg();
    let run = |more: &[&'static str], line: &str| {
        let args = [&["run", bucket, "--out", out_arg], more].concat();
        check(&args, 2, line);
    };
    run(
        &["--from", "yesterday"],
        "error: invalid value 'yesterday' for '--from <TIME>': use a time such as 2026-08-01T12:00:00Z, a date such as 2026-08-01, or an offset such as -7d, -36h or -90m",
    );
    run(
        &["--from", "2026-08-02", "--to", "2026-08-01"],
        "trailmill: --from is not before --to: no event can be between them",
    );
    run(
        &["--from", "2026-08-02", "--to", "2026-08-02"],
        "trailmill: --from is not before --to: no event can be between them",
    );
    run(
        &["--tables", "evnts"],
        "trailmill: --tables: there is no table \"evnts\"; the tables are events, mcp_events, mcp_links, activity, sign_ins, resource_activity, insights, aggregated_events, duplicates, rejects, objects",
    );
    run(
        &["--memory", "1 parsec"],
        "trailmill: --memory \"1 parsec\" is no size: use 512MiB or 2GiB",
    );
    run(
        &["--memory", "64MiB"],
        "trailmill: --memory 64MiB: 256MiB is the least",
    );
    run(
        &["--threads", "0"],
        "trailmill: --threads must be at least 1",
    );
    run(
        &["--threads", "two"],
        "error: invalid value 'two' for '--threads <N>': invalid digit found in string",
    );
    run(
        &["--bucket", "7m"],
        "trailmill: --bucket \"7m\" does not divide a day: use 1m, 5m, 15m, 1h …",
    );
    run(
        &["--unheard-of"],
        "error: unexpected argument '--unheard-of' found",
    );
    check(
        &["run", bucket],
        2,
        "error: the following required arguments were not provided:",
    );
    check(
        &["run", "--out", out_arg],
        2,
        "error: the following required arguments were not provided:",
    );
    run(
        &["--group-bytes", "some"],
        "trailmill: --group-bytes \"some\" is no size: use 512MiB or 2GiB",
    );
    for window in ["31d", "1h", "2"] {
        run(
            &["--late-window", window],
            &format!("trailmill: --late-window \"{window}\": use whole days, 0d to 30d"),
        );
    }
    run(
        &["--force", "--from", "2026-08-01"],
        "error: the following required arguments were not provided:",
    );
    run(
        &["--sse", "AES256"],
        "trailmill: --sse, --sse-kms-key-id, --acl and --single-writer are for a dataset in S3, such as s3://bucket/prefix",
    );
    check(&["grind"], 2, "error: unrecognized subcommand 'grind'");
    check(
        &["export", out_arg, "--format", "csv"],
        2,
        "error: invalid value 'csv' for '--format <FORMAT>'",
    );
    assert!(!out.path().exists(), "nothing was made");
}

#[test]
fn what_fails() {
    let out = Out::new();
    let out_arg = &out.arg();
    let nowhere = format!("{out_arg}/no\u{1b}[31mwhere");
    let shown = nowhere.replace('\u{1b}', "\\u{1b}");
    let ran = trailmill(&["run", &nowhere, "--out", out_arg]).expect(1);
    assert!(
        ran.stderr.starts_with("trailmill: ") && ran.stderr.contains(&shown),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.lines().count(), 1);
    check(
        &["export", &nowhere],
        1,
        &format!(
            "trailmill: {shown} holds no dataset of trailmill: there is no _trailmill/log in it"
        ),
    );
    assert!(!out.path().exists(), "a run that fails leaves nothing");
}

#[test]
fn a_destination_that_holds_something_is_refused_and_left_alone() {
    let bucket = one_record();
    let out = Out::new();
    fs::create_dir_all(out.path()).unwrap();
    fs::write(out.path().join("mine.txt"), "mine").unwrap();
    let refusal = format!(
        "trailmill: {} is not empty and holds no dataset: give --out a new or empty place, or a dataset",
        out.arg()
    );
    check(&["run", bucket.path(), "--out", &out.arg()], 1, &refusal);
    assert_eq!(support::files(&out.path()), ["mine.txt"]);
    fs::remove_file(out.path().join("mine.txt")).unwrap();
    out.run(&[bucket.path()]).expect(0); // an empty folder is fine
}

#[test]
fn help() {
    let text = |args: &[&str]| trailmill(args).expect(0).stdout;
    for args in [
        &["run", "--help"][..],
        &["export", "--help"],
        &["sql", "--help"],
    ] {
        let text = text(args);
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
        insta::assert_snapshot!(format!("help_{}", args[0]), text);
    }
    assert_eq!(
        text(&["--version"]),
        format!("trailmill {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn summaries() {
    let bucket = bucket_for_all_tables();
    let out = Out::new();
    let args = [bucket.path(), "--threads", "1"];
    let summary = out.run(&args).expect(3).summary();
    assert!(summary["object_bytes"].as_u64() < summary["inflated_bytes"].as_u64());
    let redacted = redact(summary, bucket.path(), &out.arg());
    insta::assert_snapshot!(serde_json::to_string_pretty(&redacted).unwrap());

    let out = Out::new();
    let ran = trailmill(&["run", bucket.path(), "--out", &out.arg()]).expect(3);
    assert_eq!(ran.stdout, "", "stdout is for data");
    let text = ran.stderr.replace(&out.arg(), "[out]");
    // Sizes and rates differ from version to version and machine to machine.
    let words: Vec<String> = text.lines().map(without_measures).collect();
    insta::assert_snapshot!(words.join("\n"));
}

/// Replaces numbers with a decimal point, and what the rates are.
fn without_measures(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(' ') {
        let is_measure = word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit());
        words.push(if is_measure { "[n]" } else { word });
    }
    let mut line = words.join(" ");
    if let (Some(start), Some(end)) = (line.find("s: "), line.find(" records/s")) {
        line.replace_range(start + 3..end, "[n]");
    }
    line
}

/// A bucket to select from: two accounts, two regions, two days.
fn selectable() -> Bucket {
    let bucket = Bucket::new();
    let mut n = 0;
    for account in ["111122223333", "444455556666"] {
        for region in ["us-east-1", "eu-west-1"] {
            for day in ["01", "02"] {
                let records: Vec<String> = (0..4)
                    .map(|_| {
                        n += 1;
                        let time = format!("2026-08-{day}T10:{n:02}:00Z");
                        event(n, &time, "")
                            .replace(
                                "\"recipientAccountId\":\"111122223333\"",
                                &format!("\"recipientAccountId\":\"{account}\""),
                            )
                            .replace("us-east-1", region)
                    })
                    .collect();
                let time = format!("202608{day}T1500Z");
                bucket.deliver(&delivery_key(account, region, &time, 1), &records);
            }
        }
    }
    bucket
}

#[test]
fn selections_count_what_they_leave_out() {
    let bucket = selectable();
    for (args, read, written) in [
        (&[][..], 32, 32),
        (&["--only-event", "GetObject"], 32, 16),
        (
            &["--only-event", "GetObject", "--only-event", "PutObject"],
            32,
            24,
        ),
        (&["--skip-event", "GetObject"], 32, 16),
        (&["--only-source", "s3"], 32, 32),
        (&["--only-source", "s3.amazonaws.com"], 32, 32),
        (&["--only-source", "ec2"], 32, 0),
        (&["--skip-source", "s3"], 32, 0),
        (&["--skip-source", "ec2", "--skip-source", "iam"], 32, 32),
        (&["--from", "2026-08-02"], 32, 16),
        (&["--to", "2026-08-02"], 32, 16),
        (
            &[
                "--from",
                "2026-08-01T10:02:00Z",
                "--to",
                "2026-08-01T10:04:00Z",
            ],
            32,
            2,
        ),
        (
            &[
                "--from",
                "2026-08-01T12:02:00+02:00",
                "--to",
                "2026-08-01 10:04:00",
            ],
            32,
            2,
        ),
        // Delivered days before: not even read.
        (&["--from", "2026-08-04"], 0, 0),
        (&["--from=-1d"], 0, 0),
        (&["--only-account", "111122223333"], 16, 16),
        (&["--only-region", "eu-west-1"], 16, 16),
        (
            &[
                "--only-account",
                "444455556666",
                "--only-region",
                "us-east-1",
                "--only-event",
                "ListBuckets",
            ],
            8,
            2,
        ),
    ] {
        let out = Out::new();
        let summary = out
            .run(&[&[bucket.path()], args].concat())
            .expect(0)
            .summary();
        let records = &summary["records"];
        assert_eq!(records["read"], read, "{args:?}");
        assert_eq!(records["written"], written, "{args:?}");
        assert_eq!(records["filtered"], read - written, "{args:?}");
        assert_eq!(out.rows("events").len(), written, "{args:?}");
    }
}

#[test]
fn only_the_tables_asked_for_and_the_books() {
    let bucket = bucket_for_all_tables();
    let tables = |args: &[&str]| -> Vec<String> {
        let out = Out::new();
        let summary = out
            .run(&[&[bucket.path()], args].concat())
            .expect(3)
            .summary();
        summary["tables"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(
        tables(&["--tables", "events"]),
        ["duplicates", "events", "objects", "rejects"]
    );
    assert_eq!(
        tables(&["--tables", "sign_ins,activity"]),
        [
            "activity",
            "duplicates",
            "events",
            "objects",
            "rejects",
            "sign_ins"
        ]
    );
    assert_eq!(tables(&[]).len(), 11);
}

#[test]
fn records_that_no_wanted_table_takes_still_balance() {
    let bucket = Bucket::new();
    let insight = r#"{"eventType":"AwsCloudTrailInsight","eventTime":"2026-08-01T12:00:00Z","insightDetails":{}}"#;
    bucket.put("a.json", insight);
    let out = Out::new();
    let summary = out
        .run(&[bucket.path(), "--tables", "events"])
        .expect(0)
        .summary();
    assert_eq!(summary["records"]["read"], 1);
    assert_eq!(summary["records"]["filtered"], 1, "left out on request");
}

#[test]
fn activity_buckets_have_the_width_asked_for() {
    let bucket = Bucket::new();
    let at = |n: u64, time: &str| event(n * 12, &format!("2026-08-01T{time}Z"), "");
    bucket.put(
        "a.json",
        [
            at(1, "12:00:00"),
            at(2, "12:14:59"),
            at(3, "12:15:00"),
            at(4, "12:59:59"),
        ]
        .join("\n"),
    );
    let starts = |args: &[&str]| {
        let out = Out::new();
        out.run(&[&[bucket.path()], args].concat()).expect(0);
        json!(pick(
            &out.rows("activity"),
            &["bucket_start", "events", "first_event_time"]
        ))
    };
    assert_eq!(
        starts(&[]),
        json!([
            ["2026-08-01T12:00:00", 2, "2026-08-01T12:00:00"],
            ["2026-08-01T12:15:00", 1, "2026-08-01T12:15:00"],
            ["2026-08-01T12:45:00", 1, "2026-08-01T12:59:59"]
        ])
    );
    assert_eq!(
        starts(&["--bucket", "1h"]),
        json!([["2026-08-01T12:00:00", 4, "2026-08-01T12:00:00"]])
    );
}

#[test]
fn export_lays_out_what_is_selected() {
    let bucket = selectable();
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    let export = |args: &[&str]| {
        trailmill(&[&["export", &out.arg()], args].concat())
            .expect(0)
            .stdout
    };
    for (args, n) in [
        (&[][..], 32),
        (&["--only-event", "GetObject"], 16),
        (&["--skip-event", "GetObject"], 16),
        (&["--from", "2026-08-02"], 16),
        (
            &[
                "--from",
                "2026-08-01T10:02:00Z",
                "--to",
                "2026-08-01T10:04:00Z",
            ],
            2,
        ),
        (
            &[
                "--only-account",
                "444455556666",
                "--only-region",
                "us-east-1",
            ],
            8,
        ),
        (&["--only-source", "ec2"], 0),
    ] {
        let lines = export(args);
        assert_eq!(lines.lines().count(), n, "{args:?}");
        for line in lines.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            assert_eq!(record["eventVersion"], "1.08");
        }
    }
    let text = export(&["--format", "records", "--from", "2026-08-02"]);
    let records: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(records["Records"].as_array().unwrap().len(), 16);
    let none: Value =
        serde_json::from_str(&export(&["--format", "records", "--only-source", "ec2"])).unwrap();
    assert_eq!(none, json!({"Records": []}));

    // What export prints is a source again, and gives the same events.
    let again = Out::new();
    let copy = Bucket::new();
    copy.put("all.json", &text);
    again.run(&[copy.path()]).expect(0);
    let columns = ["event_id", "event_time", "principal", "extra", "record_raw"];
    let second_day: Vec<_> = out
        .rows("events")
        .into_iter()
        .filter(|row| row["event_time"].as_str().unwrap() > "2026-08-02")
        .collect();
    assert_eq!(
        pick(&again.rows("events"), &columns),
        pick(&second_day, &columns)
    );
}

#[test]
fn one_record_one_line_also_where_it_was_printed_for_people() {
    let bucket = Bucket::new();
    let record: Value = serde_json::from_str(&event(1, TIME, r#","userAgent":["odd"]"#)).unwrap();
    bucket.put("a.json", serde_json::to_string_pretty(&record).unwrap());
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    assert_eq!(exported.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&exported).unwrap(), record);
}

#[test]
fn terminal_escapes_never_come_out_raw() {
    let bucket = Bucket::new();
    let hostile = r"\u001b[2J\u001b]0;owned\u0007\u202e\u009b";
    let agent = |n, time: &str| event(n, time, "").replace("aws-cli/2.0", hostile);
    let key = |id| delivery_key("111122223333", "us-east-1", "20260801T1200Z", id);
    bucket.put("AWSLogs/\u{1b}[31m/x.json", "{}");
    bucket.deliver(
        &key(1),
        &[
            agent(1, TIME),
            agent(2, "\u{202e}never"),
            event(3, hostile, ""),
        ],
    );
    bucket.put(&key(2), event(4, TIME, "").replace("aws-cli", "\u{1b}[31m"));
    let is_hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let out = Out::new();
    let json = out.run(&[bucket.path()]).expect(3);
    assert!(
        !json.stdout.contains(is_hidden) && !json.stderr.contains(is_hidden),
        "{json:?}"
    );
    let people = Out::new();
    let ran = trailmill(&["run", bucket.path(), "--out", &people.arg()]).expect(3);
    assert!(!ran.stderr.contains(is_hidden), "{:?}", ran.stderr);
    assert_eq!(
        out.rows("events")[0]["user_agent"],
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{9b}",
        "the table has it"
    );
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    assert!(!exported.contains(is_hidden), "{exported:?}");

    let out = format!("{}/\u{1b}[31m\u{202e}", people.arg()); // as typed, or put there by a script
    let ran = trailmill(&["run", bucket.path(), "--out", &out]).expect(3);
    assert!(!ran.stderr.contains(is_hidden), "{:?}", ran.stderr);
}

#[test]
fn sources_can_be_folders_files_and_lines_on_stdin() {
    let bucket = selectable();
    let keys: Vec<String> = support::files(bucket.path().as_ref());
    assert_eq!(keys.len(), 8);
    let file = format!("{}/{}", bucket.path(), keys[0]);
    let out = Out::new();
    let summary = out.run(&[&file]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 4);

    let out = Out::new();
    let lines: Vec<String> = keys[..3]
        .iter()
        .map(|key| format!("{}/{key}\r\n\n", bucket.path()))
        .collect();
    let args = ["run", "--json", "--out", &out.arg(), "-"];
    let summary = trailmill_with(&args, &lines.concat()).expect(0).summary();
    assert_eq!(summary["records"]["written"], 12);

    // The same object by two ways is one object.
    let out = Out::new();
    let summary = out.run(&[bucket.path(), &file]).expect(0).summary();
    assert_eq!(summary["objects"]["listed"], 8);
    assert_eq!(summary["records"]["duplicates"], 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let bucket = Bucket::new();
    let records: Vec<String> = (0..4000).map(|n| event(n, TIME, "")).collect();
    bucket.put("a.json", document(&records)); // more than a pipe holds
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    let mut child = support::command(&["export", &out.arg()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = support::ran(&child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}

/// Waits until something is so, without a guess of how long that takes.
#[cfg(target_os = "linux")]
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what}: in vain");
        std::thread::yield_now();
    }
}

/// The run waits for its stdin when it is interrupted.
#[cfg(target_os = "linux")]
#[test]
fn interrupted() {
    let bucket = one_record();
    let out = Out::new();
    let mut child = support::command(&["run", "--out", &out.arg(), "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let process = format!("/proc/{}", child.id());
    // The thread that catches signals is the only other one; asleep, it has begun to listen.
    let watcher = |field: &str| -> Option<String> {
        let mut tasks = fs::read_dir(format!("{process}/task")).ok()?.flatten();
        let own = child.id().to_string();
        let task = tasks.find(|task| task.file_name().to_string_lossy() != own)?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    };
    let catches_interrupt = || {
        let caught = u64::from_str_radix(&watcher("SigCgt:")?, 16).ok()?;
        Some(caught & 0b10 != 0 && caught & 1 << 14 != 0 && watcher("State:")? == "S")
    };
    wait_for("signals are caught", || catches_interrupt() == Some(true));
    let before = watcher("voluntary_ctxt_switches:").unwrap();
    let kill = std::process::Command::new("sh")
        .args(["-c", &format!("kill -INT {}", child.id())])
        .status();
    assert!(kill.unwrap().success());
    wait_for("the signal has come", || {
        watcher("voluntary_ctxt_switches:").is_some_and(|now| now != before)
    });
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", bucket.path()).unwrap();
    drop(stdin);
    let ran = support::ran(&child.wait_with_output().unwrap()).expect(130);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("trailmill: interrupted"),
        "{}",
        ran.stderr
    );
    assert!(!out.path().exists(), "and it is as it was");
    out.run(&[bucket.path()]).expect(0); // so that it can start over
}

/// The lines of stderr, without their times.
fn log_lines(stderr: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let time = line.as_object_mut().unwrap().remove("time").unwrap();
        assert!(time.as_str().unwrap().starts_with("20"), "{time}");
        line
    };
    stderr.lines().map(line).collect()
}

#[test]
fn a_log_for_machines() {
    let bucket = one_record();
    let out = Out::new();
    let args = [
        "run",
        bucket.path(),
        "--out",
        &out.arg(),
        "--log-format",
        "json",
    ];
    let ran = trailmill(&args).expect(0);
    assert_eq!(ran.stdout, "");
    let lines = log_lines(&ran.stderr);
    let said: Vec<_> = lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["run begins", "listed", "group done", "run ended"]);
    assert_eq!(lines[1]["outstanding"]["objects"], 1);
    assert_eq!(lines[3]["records"]["written"], 1);

    let ran = trailmill(&[&args[..], &["--skip-event", "X\u{1b}"]].concat()).expect(2);
    let lines = log_lines(&ran.stderr);
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["level"], &last["exit_code"]),
        (&"error".into(), &2.into())
    );
    assert!(
        last["message"]
            .as_str()
            .unwrap()
            .contains("--skip-event X\\u{1b}"),
        "{last}"
    );
}

#[test]
fn metrics_for_prometheus() {
    let bucket = one_record();
    let out = Out::new();
    let file = out.path().with_extension("prom");
    let args = ["--metrics-file", file.to_str().unwrap(), bucket.path()];
    out.run(&args).expect(0);
    let metrics = fs::read_to_string(&file).unwrap();
    assert!(
        metrics.contains("\ntrailmill_run_exit_code 0\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("\ntrailmill_run_records{outcome=\"written\"} 1\n"),
        "{metrics}"
    );
    out.run(&[&args[..], &["--skip-event", "X"]].concat())
        .expect(2);
    let metrics = fs::read_to_string(&file).unwrap();
    assert!(
        metrics.contains("\ntrailmill_run_exit_code 2\n"),
        "{metrics}"
    );
    assert!(!metrics.contains("records"), "{metrics}");
}
