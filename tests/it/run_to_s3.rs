//! A whole run into a bucket: what a run into a folder gives, whatever fails or is killed on the way.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};

use bytes::Bytes;
use serde_json::Value;

use crate::s3_double::{Fault, Gate, Op, S3Double};
use crate::support::{
    Bucket, Out, Ran, command, delivery_key, event, ran, rows_of_file, trailmill,
};

const OUT: &str = "s3://out/team a/tables";

/// A delivery bucket whose objects give rows for few tables, so that few requests do.
fn small() -> Bucket {
    let bucket = Bucket::new();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 1);
    bucket.deliver(&key, &[event(1, "2026-08-01T12:00:00Z", "")]);
    bucket
}

/// Where a run goes to.
fn double() -> S3Double {
    let s3 = S3Double::start();
    s3.create_bucket("out");
    s3
}

fn args<'a>(s3: &'a S3Double, source: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["run", source, "--out", OUT, "--json", "--tables", "events"];
    args.extend(["--endpoint-url", s3.url(), "--no-sign-request"]);
    args.extend(more);
    args
}

fn run(s3: &S3Double, source: &str, more: &[&str]) -> Ran {
    trailmill(&args(s3, source, more))
}

fn start(s3: &S3Double, source: &str) -> Child {
    let mut command = command(&args(s3, source, &[]));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn data_files(s3: &S3Double) -> BTreeMap<String, Bytes> {
    let mut objects = s3.objects("out", "team a/tables/");
    objects.retain(|path, _| !path.starts_with("_trailmill/"));
    objects
}

/// What a run into a folder gives.
fn in_folder(source: &str) -> BTreeMap<String, Bytes> {
    let out = Out::new();
    out.run(&[source, "--tables", "events"]).expect(0);
    out.data_files()
}

/// What lies in the log, but for what tells runs apart.
fn log(s3: &S3Double) -> Vec<String> {
    let objects = s3.objects("out", "team a/tables/_trailmill/");
    objects.into_keys().collect()
}

#[test]
fn a_bucket_holds_what_a_folder_would_to_the_byte() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");
    let (s3, out) = (double(), Out::new());
    let args = ["run", fixtures, "--out", "s3://out", "--json"];
    let at = ["--endpoint-url", s3.url(), "--no-sign-request"];
    let summary = trailmill(&[&args[..], &at].concat()).expect(0).summary();
    let in_folder = out.run(&[fixtures]).expect(0).summary();
    assert_eq!(summary["tables"], in_folder["tables"]);
    let mut objects = s3.objects("out", "");
    objects.retain(|path, _| !path.starts_with("_trailmill/"));
    assert!(objects == out.data_files(), "equal files");
    assert!(s3.open_uploads().is_empty());

    let exported = trailmill(&[&["export", "s3://out/"], &at[..]].concat()).expect(0);
    let from_folder = trailmill(&["export", &out.arg()]).expect(0);
    assert!(exported.stdout == from_folder.stdout, "equal records");
    assert!(exported.stdout.lines().count() > 1_000);

    let verify = || trailmill(&[&["verify", "s3://out"], &at[..]].concat());
    let from_folder = trailmill(&["verify", &out.arg()]).expect(0);
    let checked = |ran: &Ran| ran.stdout.lines().next().unwrap().to_owned();
    assert_eq!(checked(&verify().expect(0)), checked(&from_folder));
    let entry: Value =
        serde_json::from_slice(&s3.objects("out", "")["_trailmill/log/1.json"]).unwrap();
    for file in entry["added"].as_array().unwrap() {
        assert_eq!(
            file["upload"]["parts"].as_array().unwrap().len(),
            1,
            "{file}"
        );
    }
}

#[test]
fn what_was_changed_in_a_bucket_is_found() {
    let (s3, source) = (double(), small());
    run(&s3, source.path(), &[]).expect(0);
    let at = ["--endpoint-url", s3.url(), "--no-sign-request"];
    let verify = || trailmill(&[&["verify", OUT], &at[..]].concat());
    verify().expect(0);
    let (path, bytes) = data_files(&s3).pop_first().unwrap();
    let mut bytes = bytes.to_vec();
    bytes[100] ^= 1;
    s3.put("out", &format!("team a/tables/{path}"), bytes);
    s3.put("out", "team a/tables/events/more.parquet", "PAR1");
    s3.put("out", "team a/tables/events/", ""); // the mark of a folder
    let found = verify().expect(4).stdout;
    assert!(
        found.contains(&format!("changed: {path}: its SHA-256 is")),
        "{found}"
    );
    assert!(
        found.contains("foreign: events/more.parquet: no entry of the log names it"),
        "{found}"
    );
    let nothing = trailmill(&[&["verify", "s3://out/nothing"], &at[..]].concat()).expect(1);
    assert!(
        nothing.stderr.contains("holds no dataset of trailmill"),
        "{nothing:?}"
    );
}

#[test]
fn nights_in_a_bucket_are_those_of_a_folder_and_one_with_nothing_new_writes_nothing() {
    let (s3, source) = (double(), small());
    run(&s3, source.path(), &[]).expect(0);
    for op in [Op::Put, Op::Get, Op::CreateUpload, Op::Delete] {
        s3.take_requests(op);
    }
    let nothing = run(&s3, source.path(), &[]).expect(0).summary();
    assert_eq!(nothing["objects"]["read"], 0);
    for op in [Op::Put, Op::CreateUpload, Op::Delete, Op::AbortUpload] {
        assert_eq!(s3.take_requests(op), 0, "{op:?}");
    }
    let (time, key) = (
        "2026-08-02T12:00:00Z",
        delivery_key("111122223333", "us-east-1", "20260802T1205Z", 2),
    );
    source.deliver(&key, &[event(1, time, ""), event(2, time, "")]);
    let folder = Out::new();
    let second = run(&s3, source.path(), &["--group-bytes", "1"])
        .expect(0)
        .summary();
    assert!(second["records"]["written"].as_u64() > Some(0));
    folder.run(&[source.path()]).expect(0);
    let events = |files: &BTreeMap<String, Bytes>| -> usize {
        let of_events = files.iter().filter(|(path, _)| path.starts_with("events/"));
        of_events
            .map(|(_, bytes)| rows_of_file(bytes.clone()).len())
            .sum()
    };
    assert_eq!(events(&data_files(&s3)), events(&folder.data_files()));
    let verify = [
        "verify",
        OUT,
        "--endpoint-url",
        s3.url(),
        "--no-sign-request",
    ];
    trailmill(&verify).expect(0);
}

#[test]
fn what_fails_on_the_way_and_passes_costs_nothing() {
    let (s3, source) = (double(), small());
    let writes = [
        Op::Put,
        Op::CreateUpload,
        Op::UploadPart,
        Op::CompleteUpload,
        Op::Delete,
    ];
    for op in writes {
        s3.fail(op, "", 1, Fault::Say(503, "SlowDown"));
        s3.fail(op, "", 1, Fault::LoseAnswer);
        s3.fail(op, "", 1, Fault::Deny(500, "InternalError"));
    }
    run(&s3, source.path(), &[]).expect(0);
    assert!(data_files(&s3) == in_folder(source.path()), "equal files");
    let mut ours = log(&s3);
    ours.retain(|path| path.starts_with("log/"));
    assert_eq!(ours, ["log/1.done", "log/1.json"]);
}

#[test]
fn a_run_meets_the_entry_that_it_has_written_itself() {
    let (s3, source) = (double(), small());
    s3.fail(Op::Put, "log/1.json", 3, Fault::LoseAnswer);
    run(&s3, source.path(), &[]).expect(0);
    assert!(data_files(&s3) == in_folder(source.path()), "equal files");
}

/// Before each request that writes, in its order.
#[test]
fn a_run_that_is_killed_anywhere_is_repeated() {
    let source = small();
    let whole = in_folder(source.path());
    let mut kills = 0;
    for n in 1.. {
        let s3 = double();
        let gate = s3.hold_from(n);
        let mut first = start(&s3, source.path());
        if !wait_for_either(&gate, &mut first) {
            assert_eq!(ran(&first.wait_with_output().unwrap()).code, Some(0));
            break;
        }
        first.kill().unwrap();
        first.wait().unwrap();
        let is_committed = log(&s3).contains(&"log/1.json".to_owned());
        s3.go_on();
        let second = run(&s3, source.path(), &[]);
        assert!(second.code == Some(0) || is_committed, "{n}: {second:?}");
        assert!(data_files(&s3) == whole, "{n}: equal files");
        assert!(s3.open_uploads().is_empty(), "{n}");
        kills += 1;
    }
    assert!(kills >= 10, "{kills}");
}

/// Waits until a run comes to the gate, or ends; returns whether it came.
pub(crate) fn wait_for_either(gate: &Gate, run: &mut Child) -> bool {
    loop {
        if gate.is_reached() {
            return true;
        }
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn of_two_writers_one_is_overtaken_and_nothing_is_there_twice() {
    // What the first is about to do when the second comes.
    for op in [Op::CreateUpload, Op::UploadPart, Op::Put] {
        let (s3, source) = (double(), small());
        let gate = std::sync::Arc::<Gate>::default();
        let key = if op == Op::Put {
            "log/1.json"
        } else {
            ".parquet"
        };
        s3.fail(op, key, 1, Fault::Wait(std::sync::Arc::clone(&gate)));
        let first = start(&s3, source.path());
        gate.wait_reached();
        run(&s3, source.path(), &[]).expect(0);
        gate.open();
        let first = ran(&first.wait_with_output().unwrap());
        assert_eq!(first.code, Some(75), "{op:?} {first:?}");
        assert!(
            first
                .stderr
                .contains("another run has written to s3://out/team a/tables")
        );
        assert_eq!(first.stderr.lines().count(), 1, "{first:?}");
        assert!(data_files(&s3) == in_folder(source.path()), "{op:?}");
        assert!(s3.open_uploads().is_empty(), "{op:?}");
    }
}

#[test]
fn uploads_that_were_left_are_swept_after_a_claim() {
    let (s3, source) = (double(), small());
    let gate = s3.hold_from(6);
    let mut first = start(&s3, source.path());
    assert!(wait_for_either(&gate, &mut first));
    first.kill().unwrap();
    first.wait().unwrap();
    s3.go_on();
    assert!(!s3.open_uploads().is_empty());
    run(&s3, source.path(), &[]).expect(0);
    assert!(s3.open_uploads().is_empty());
    let claim = &s3.objects("out", "team a/tables/_trailmill/log/")["1.json"];
    let claim: Value = serde_json::from_slice(claim).unwrap();
    assert_eq!(claim["purpose"], "claim");
}

#[test]
fn what_a_lifecycle_rule_took_is_taken_back_and_read_anew() {
    let (s3, source) = (double(), small());
    // Killed when it was committed, and before all of it was published.
    s3.fail(Op::CompleteUpload, "", 99, Fault::Stall);
    let mut first = start(&s3, source.path());
    while !log(&s3).contains(&"log/1.json".to_owned()) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    s3.abort_uploads();
    s3.forget_faults();
    run(&s3, source.path(), &[]).expect(0);
    assert!(data_files(&s3) == in_folder(source.path()), "equal files");
    let void = &s3.objects("out", "team a/tables/_trailmill/log/")["2.json"];
    let void: Value = serde_json::from_slice(void).unwrap();
    assert_eq!(void["purpose"]["void"], 1, "{void}");
}

#[test]
fn a_bucket_that_overwrites_is_refused_unless_it_was_promised_that_one_run_writes() {
    let (s3, source) = (double(), small());
    s3.ignore_conditions();
    let refused = run(&s3, source.path(), &[]).expect(76);
    assert_eq!(
        refused.stderr,
        "trailmill: s3://out/team a/tables does not refuse to overwrite (If-None-Match): two runs could not find each other out; \
         give --single-writer if there is never more than one\n"
    );
    assert!(s3.objects("out", "").is_empty(), "nothing is left");
    run(&s3, source.path(), &["--single-writer"]).expect(0);
    assert!(data_files(&s3) == in_folder(source.path()), "equal files");
}

/// A run that is killed while it tries out the bucket leaves what it tried with.
#[test]
fn regression_a_probe_that_was_left_is_nothing_foreign_and_is_swept() {
    let (s3, source) = (double(), small());
    let left = "team a/tables/_trailmill/probe-0123456789abcdef";
    s3.put("out", left, "");
    run(&s3, source.path(), &[]).expect(0);
    assert!(!s3.objects("out", "").contains_key(left));
    s3.put("out", left, "");
    run(&s3, source.path(), &[]).expect(0); // which has nothing to write
    let at = ["--endpoint-url", s3.url(), "--no-sign-request"];
    trailmill(&[&["verify", OUT], &at[..]].concat()).expect(0);
}

#[test]
fn all_that_is_written_is_encrypted_and_given_as_asked() {
    let (s3, source) = (double(), small());
    let more = ["--sse", "aws:kms", "--sse-kms-key-id", "alias/logs"];
    let more = [&more[..], &["--acl", "bucket-owner-full-control"]].concat();
    run(&s3, source.path(), &more).expect(0);
    let written = s3.take_written();
    assert!(written.len() > 4, "{written:?}");
    for written in written {
        assert_eq!(written.sse.as_deref(), Some("aws:kms"), "{written:?}");
        assert_eq!(
            written.kms_key_id.as_deref(),
            Some("alias/logs"),
            "{written:?}"
        );
        assert_eq!(
            written.acl.as_deref(),
            Some("bucket-owner-full-control"),
            "{written:?}"
        );
    }
}

#[test]
fn flags_of_a_bucket_are_refused_where_there_is_none() {
    let source = small();
    for more in [&["--sse", "AES256"][..], &["--single-writer"]] {
        let out = Out::new();
        let refused = out.run(&[&[source.path()], more].concat()).expect(2);
        assert!(
            refused.stderr.contains("such as s3://bucket/prefix"),
            "{refused:?}"
        );
        assert!(!out.path().exists());
    }
    let s3 = double();
    let more = ["--sse", "AES256", "--sse-kms-key-id", "k"];
    run(&s3, source.path(), &more).expect(2);
    run(&s3, source.path(), &["--sse-kms-key-id", "k"]).expect(2);
}

#[test]
fn what_cannot_be_a_destination_is_said_in_one_line() {
    let (s3, source) = (S3Double::start(), small());
    let refused = run(&s3, source.path(), &[]).expect(76);
    assert_eq!(
        refused.stderr,
        "trailmill: S3 has no bucket out: check its name, and --endpoint-url if it is not on AWS\n"
    );
    let s3 = double();
    s3.put("out", "team a/tables/report.csv", "a,b");
    let refused = run(&s3, source.path(), &[]).expect(1);
    assert!(
        refused.stderr.contains("is not empty and holds no dataset"),
        "{refused:?}"
    );
    assert_eq!(s3.objects("out", "").len(), 1, "left as it was");
    for address in [
        "s3://",
        "s3:out/tables",
        "s3://out//tables",
        "https://out/tables",
    ] {
        let refused = trailmill(&["run", source.path(), "--out", address, "--no-sign-request"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("is no S3 address"), "{refused:?}");
    }
    let export = [
        "export",
        "s3://out/nothing",
        "--endpoint-url",
        s3.url(),
        "--no-sign-request",
    ];
    let refused = trailmill(&export).expect(1);
    assert!(
        refused.stderr.contains("holds no dataset of trailmill"),
        "{refused:?}"
    );
}

#[test]
fn a_run_that_fails_leaves_no_upload() {
    let (s3, source) = (double(), small());
    s3.fail(Op::UploadPart, "", 1, Fault::Say(403, "AccessDenied"));
    let failed = run(&s3, source.path(), &[]).expect(76);
    assert!(failed.stderr.contains("s3:PutObject"), "{failed:?}");
    assert!(s3.open_uploads().is_empty());
    assert!(s3.objects("out", "").is_empty());
}

#[test]
fn where_nobody_knows_whether_it_was_committed_nothing_is_swept() {
    let (s3, source) = (double(), small());
    // It is, and no answer ever says so.
    s3.fail(Op::Put, "log/1.json", 1, Fault::Deny(500, "InternalError"));
    s3.fail(Op::Put, "log/1.json", 99, Fault::Say(500, "InternalError"));
    run(&s3, source.path(), &[]).expect(75);
    assert!(data_files(&s3).is_empty());
    s3.forget_faults();
    run(&s3, source.path(), &[]); // publishes it
    assert!(data_files(&s3) == in_folder(source.path()), "equal files");
    assert_eq!(log(&s3), ["dataset.json", "log/1.done", "log/1.json"]);
}
