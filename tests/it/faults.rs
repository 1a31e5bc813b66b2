//! What fails, class by class: what is done about it, where it is counted, and the exit code that it ends with.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;
use trailmill::aws::RetryOptions;
use trailmill::cli::{Cli, Command};
use trailmill::config::RunConfig;
use trailmill::exit::{ExitStatus, status_of};
use trailmill::run;
use trailmill::sink::dataset::place;
use trailmill::sink::store::Store;
use trailmill::summary::Summary;

use crate::places::Refusing;
use crate::s3_double::{
    ACCESS_KEY, Fault, Gate, OTHER_ACCESS_KEY, Op, S3Double, SECRET_KEY, web_server,
};
use crate::support::{Bucket, Out, Ran, command, delivery_key, event, gzip, ran, trailmill};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

fn key(n: u32) -> String {
    delivery_key("111122223333", "us-east-1", "20260801T1200Z", n)
}

fn body(n: u32) -> Vec<u8> {
    let record = event(u64::from(n), "2026-08-01T12:00:00Z", "");
    gzip(format!("{{\"Records\":[{record}]}}"))
}

/// A bucket of so many objects with an event each, and one for tables.
fn double(objects: u32) -> S3Double {
    let s3 = S3Double::start();
    s3.create_bucket("out");
    s3.create_bucket("logs");
    for n in 0..objects {
        s3.put("logs", &key(n), body(n));
    }
    s3
}

fn config(args: &[&str]) -> RunConfig {
    let args = [&["trailmill", "run"], args].concat();
    let Ok(Cli {
        command: Command::Run(args),
        ..
    }) = clap::Parser::try_parse_from(args)
    else {
        panic!("a run")
    };
    let mut config = RunConfig::new(&args).unwrap();
    // Waits that a test can bear.
    config.aws.retry = RetryOptions {
        first_wait: Duration::from_millis(1),
        wait_max: Duration::from_millis(4),
        ..RetryOptions::default()
    };
    config
}

/// A run in this process.
fn run_in(config: &RunConfig) -> Result<Summary> {
    let place = place(&config.out, &config.aws, config.write.clone())?;
    run_into(config, place)
}

fn run_into(config: &RunConfig, place: Arc<dyn Store>) -> Result<Summary> {
    run::run(config, place, io::empty(), &config.stop)
}

fn status(ran: &Result<Summary>) -> ExitStatus {
    match ran {
        Ok(summary) if summary.has_rejects() => ExitStatus::Rejects,
        Ok(_) => ExitStatus::Done,
        Err(error) => status_of(error.as_ref()),
    }
}

fn from_s3_to_s3<'a>(s3: &'a S3Double, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["s3://logs", "--out", "s3://out/t", "--tables", "events"];
    args.extend(["--endpoint-url", s3.url(), "--no-sign-request"]);
    args.extend(more);
    args
}

/// The README's table, from S3's answers to the exit code.
#[test]
fn what_s3_answers_to_the_end_has_its_exit_code() {
    use ExitStatus::{Failed, Permanent, Rejects, TryAgain};
    let log = "log/1.json";
    for (op, key_end, fault, status_expected) in [
        (Op::List, "", Fault::Say(503, "SlowDown"), TryAgain),
        (Op::List, "", Fault::Say(500, "InternalError"), TryAgain),
        (Op::List, "", Fault::Say(403, "AccessDenied"), Permanent),
        (Op::Get, ".gz", Fault::Say(503, "SlowDown"), TryAgain),
        (Op::Get, ".gz", Fault::Say(500, "InternalError"), TryAgain),
        (Op::Get, ".gz", Fault::Cut(3), TryAgain),
        (Op::Get, ".gz", Fault::Say(403, "AccessDenied"), Permanent),
        (
            Op::Get,
            ".gz",
            Fault::Say(403, "KMS.DisabledException"),
            Permanent,
        ),
        (
            Op::Get,
            ".gz",
            Fault::Say(403, "InvalidObjectState"),
            Permanent,
        ),
        (Op::Get, ".gz", Fault::Vanish, Failed),
        (
            Op::Get,
            "1.json.gz",
            Fault::Say(403, "AccessDenied"),
            Rejects,
        ),
        (Op::Get, "1.json.gz", Fault::Vanish, Rejects),
        (Op::CreateUpload, "", Fault::Say(503, "SlowDown"), TryAgain),
        (
            Op::UploadPart,
            "",
            Fault::Say(500, "InternalError"),
            TryAgain,
        ),
        (Op::UploadPart, "", Fault::LoseAnswer, TryAgain),
        (
            Op::CreateUpload,
            "",
            Fault::Say(403, "AccessDenied"),
            Permanent,
        ),
        (Op::Put, log, Fault::Say(503, "SlowDown"), TryAgain),
        (Op::Put, log, Fault::Say(403, "AccessDenied"), Permanent),
        (
            Op::CompleteUpload,
            "",
            Fault::Say(503, "SlowDown"),
            TryAgain,
        ),
    ] {
        let s3 = double(2);
        s3.fail(op, key_end, 9_999, fault.clone());
        let config = config(&from_s3_to_s3(&s3, &[]));
        let ran = run_in(&config);
        assert_eq!(status(&ran), status_expected, "{op:?} {fault:?} {ran:?}");
        // The same command goes on when it has passed.
        s3.forget_faults();
        if ran.is_ok() || matches!(fault, Fault::Vanish) {
            continue;
        }
        let again = run_in(&self::config(&from_s3_to_s3(&s3, &[])));
        assert_eq!(
            status(&again),
            ExitStatus::Done,
            "{op:?} {fault:?} {again:?}"
        );
    }
}

#[test]
fn what_is_not_there_or_not_s3_has_its_exit_code() {
    let out = Out::new();
    let check = |url: &str, expected: i32, line: &str| {
        let args = ["s3://logs", "--endpoint-url", url, "--no-sign-request"];
        let ran = out.run(&args).expect(expected);
        assert!(ran.stderr.contains(line), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(!out.path().exists());
    };
    check(
        "http://127.0.0.1:1",
        75,
        "cannot reach S3 at http://127.0.0.1:1",
    );
    check(
        "http://host.invalid",
        75,
        "cannot reach S3 at http://host.invalid",
    );
    let (url, _server) = web_server();
    check(&url, 76, "is not S3's");
    let s3 = S3Double::start();
    check(s3.url(), 76, "S3 has no bucket logs");
}

#[test]
fn an_archived_object_is_named_and_counted_and_costs_no_request() {
    let s3 = double(1);
    s3.put_archived("logs", &key(7), "DEEP_ARCHIVE");
    let out = Out::new();
    let args = ["s3://logs", "--endpoint-url", s3.url(), "--no-sign-request"];
    let summary = out.run(&args).expect(3).summary();
    assert_eq!(summary["objects"]["failed_reasons"], json!({"archived": 1}));
    assert_eq!(s3.take_requests(Op::Get), 1);
    let named = out.rows("objects");
    assert!(named.iter().any(|row| row["status"] == "archived"));
}

/// S3 takes no more than four at a time, of sixteen that would come.
#[test]
fn a_run_slows_down_until_it_is_let_in() {
    let s3 = double(300);
    s3.crowd(4);
    let config = config(&from_s3_to_s3(&s3, &["--concurrency", "16"]));
    let summary = run_in(&config).unwrap();
    assert_eq!(summary.objects.read, 300);
    // At one pace, three of four would be refused, again and again.
    let throttled = summary.requests.retried.throttled;
    assert!((1..300).contains(&throttled), "{throttled}");
    let asked = s3.take_log().into_iter();
    let asked = asked.filter(|(op, key)| *op == Op::Get && key.starts_with("AWSLogs/"));
    assert!(asked.count() >= 301);
}

#[test]
fn what_was_repeated_is_said() {
    let s3 = double(2);
    s3.fail(Op::Get, &key(0), 2, Fault::Say(503, "SlowDown"));
    s3.fail(Op::Get, &key(1), 1, Fault::Cut(3));
    let home = TempDir::new().unwrap();
    let metrics = home.path().join("run.prom");
    let mut args = [&["run"], &from_s3_to_s3(&s3, &[])[..]].concat();
    args.extend(["--metrics-file", metrics.to_str().unwrap()]);
    let said = trailmill(&args).expect(0).stderr;
    let line = "requests made again: 2 throttled, 1 connection\n";
    assert!(said.contains(line), "{said}");
    let metrics = fs::read_to_string(metrics).unwrap();
    let line = "trailmill_run_requests_retried{reason=\"throttled\"} 2\n";
    assert!(metrics.contains(line), "{metrics}");
}

/// Where credentials come from, for a run that is told of nothing else.
struct Home {
    dir: TempDir,
    is_process: bool,
}

impl Home {
    fn new(is_process: bool) -> Self {
        let dir = TempDir::new().unwrap();
        let home = Self { dir, is_process };
        if is_process {
            let given = home.file("given.json");
            let profile = format!("[default]\ncredential_process = cat {given}\n");
            fs::write(home.file("config"), profile).unwrap();
        }
        home
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// Gives other credentials from now on.
    fn give(&self, access_key: &str) {
        let given = if self.is_process {
            json!({"Version": 1, "AccessKeyId": access_key, "SecretAccessKey": SECRET_KEY})
                .to_string()
        } else {
            format!(
                "[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {SECRET_KEY}\n"
            )
        };
        let name = if self.is_process {
            "given.json"
        } else {
            "credentials"
        };
        fs::write(self.file(name), given).unwrap();
    }

    /// Runs from S3 to S3, and does something when the run comes to a request.
    fn run(&self, s3: &S3Double, op: Op, key: &str, meanwhile: impl FnOnce()) -> Ran {
        let gate = Arc::<Gate>::default();
        s3.fail(op, key, 1, Fault::Wait(Arc::clone(&gate)));
        let mut args = vec!["run", "s3://logs", "--out", "s3://out/t", "--json"];
        args.extend(["--endpoint-url", s3.url(), "--concurrency", "2"]);
        let mut command = command(&args);
        command
            .env("AWS_CONFIG_FILE", self.file("config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.file("credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        gate.wait_reached();
        meanwhile();
        gate.open();
        ran(&child.wait_with_output().unwrap())
    }
}

#[test]
fn credentials_that_expire_are_looked_up_anew() {
    for is_process in [false, true] {
        // While it lists, reads, uploads, commits and publishes.
        for (op, key_end) in [
            (Op::List, ""),
            (Op::Get, ".gz"),
            (Op::UploadPart, ""),
            (Op::Put, "log/1.json"),
            (Op::CompleteUpload, ""),
        ] {
            let (s3, home) = (double(3), Home::new(is_process));
            home.give(ACCESS_KEY);
            let ran = home.run(&s3, op, key_end, || {
                home.give(OTHER_ACCESS_KEY);
                s3.expire(ACCESS_KEY);
            });
            let summary = ran.expect(0).summary();
            assert_eq!(summary["objects"]["read"], 3);
            let anew = &summary["requests"]["retried"]["expired_credentials"];
            assert!(anew.as_u64() >= Some(1), "{op:?} {summary}");
        }
    }
}

#[test]
fn where_no_others_are_to_be_had_the_run_ends_and_is_repeated() {
    // The same as before; and others, which have expired as well.
    for given in [ACCESS_KEY, OTHER_ACCESS_KEY] {
        let (s3, home) = (double(3), Home::new(false));
        home.give(ACCESS_KEY);
        let ended = home.run(&s3, Op::UploadPart, "", || {
            home.give(given);
            s3.expire(ACCESS_KEY);
            s3.expire(given);
        });
        assert_eq!(
            ended.stderr,
            "trailmill: the AWS credentials have expired (S3 said ExpiredToken), and no others are to be had: sign in again and \
             repeat the command\n"
        );
        assert_eq!(ended.code, Some(75));
        assert!(s3.objects("out", "t/events/").is_empty());
        run_in(&config(&from_s3_to_s3(&s3, &[]))).unwrap();
        assert!(s3.open_uploads().is_empty());
    }
}

/// Every object is a group.
const IN_GROUPS: [&str; 4] = ["--group-bytes", "1", "--tables", "events"];

fn groups() -> Bucket {
    let bucket = Bucket::new();
    for n in 0..4 {
        bucket.put(&key(n), body(n));
    }
    bucket
}

fn assert_clean(out: &Out) {
    if out.path().exists() {
        trailmill(&["verify", &out.arg()]).expect(0);
        assert!(!out.path().join("_trailmill/stage").exists());
    }
}

#[test]
fn a_disk_that_is_full_or_read_only_costs_what_is_not_committed() {
    let (bucket, whole) = (groups(), Out::new());
    let mut args = vec![bucket.path()];
    args.extend(IN_GROUPS);
    whole.run(&args).expect(0);
    let mut n_committed = Vec::new();
    let kinds = [
        (io::ErrorKind::StorageFull, ExitStatus::TryAgain),
        (io::ErrorKind::ReadOnlyFilesystem, ExitStatus::Permanent),
    ];
    for (kind, expected) in kinds {
        for room in (0..).step_by(9_973) {
            let out = Out::new();
            let out_arg = out.arg();
            let config = config(&[&args[..], &["--out", &out_arg]].concat());
            let place = Refusing::new(Path::new(&out_arg), room, kind);
            let ran = run_into(&config, Arc::new(place));
            if ran.is_ok() {
                break;
            }
            assert_eq!(status(&ran), expected, "{ran:?}");
            let is_left = out.path().exists();
            n_committed.push(if is_left { out.data_files().len() } else { 0 });
            assert!(!is_left || out.path().join("_trailmill/log/1.json").exists());
            out.run(&args).expect(0);
            assert_clean(&out);
            assert!(out.data_files() == whole.data_files(), "{room}");
        }
    }
    n_committed.dedup();
    assert!(n_committed.len() > 4, "{n_committed:?}");
}

#[test]
#[cfg(unix)]
fn too_few_open_files_are_one_line_and_leave_nothing_half() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    let mut n_refused = 0;
    for limit in 4..48 {
        let out = Out::new();
        let run = format!(
            "ulimit -n {limit}; exec \"$0\" run {FIXTURES} --out {}",
            out.arg()
        );
        let refused = std::process::Command::new("sh")
            .args(["-c", &run, env!("CARGO_BIN_EXE_trailmill")])
            .output()
            .unwrap();
        let refused = ran(&refused);
        if refused.code == Some(0) {
            break;
        }
        if refused.code == Some(127) {
            continue; // the program itself could not be loaded
        }
        n_refused += 1;
        assert_eq!(refused.code, Some(76), "{limit}: {refused:?}");
        assert!(refused.stderr.contains("ulimit -n"), "{refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
        out.run(&[FIXTURES]).expect(0);
        assert!(out.data_files() == whole.data_files());
        assert_clean(&out);
    }
    assert!(n_refused > 0);
}
