//! Runs that are told to stop, in each phase: they end soon, say how to go on, and leave nothing half.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::s3_double::{Fault, Gate, Op, S3Double};
use crate::support::{Out, Ran, command, delivery_key, event, gzip, ran, trailmill};

/// How soon a run ends: 5 s are promised, and a busy machine may add to that.
const SOON: Duration = Duration::from_secs(8);

fn double() -> S3Double {
    let s3 = S3Double::start();
    s3.create_bucket("out");
    for n in 0..3 {
        let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", n);
        let record = event(n.into(), "2026-08-01T12:00:00Z", "");
        s3.put("logs", &key, gzip(format!("{{\"Records\":[{record}]}}")));
    }
    s3
}

/// Each object is a group.
fn args(s3: &S3Double) -> Vec<&str> {
    let mut args = vec![
        "run",
        "s3://logs",
        "--out",
        "s3://out",
        "--tables",
        "events",
    ];
    args.extend(["--group-bytes", "1", "--endpoint-url", s3.url()]);
    args.push("--no-sign-request");
    args
}

fn start(args: &[&str]) -> Child {
    let mut command = command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    let kill = std::process::Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Waits for a run that was told to stop.
fn ended(mut child: Child) -> Ran {
    let told = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(told.elapsed() < SOON, "it goes on");
        thread::sleep(Duration::from_millis(5));
    }
    let ended = ran(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("run again"), "{ended:?}");
    ended
}

/// A phase of a run: the request in which it is, and what it says when it is stopped there.
struct Phase {
    op: Op,
    key: &'static str,
    /// Requests of that kind that are answered before.
    after: usize,
    says: &'static str,
}

const PHASES: [Phase; 9] = [
    Phase {
        op: Op::List,
        key: "",
        after: 0,
        says: "nothing was committed",
    },
    Phase {
        op: Op::List,
        key: "AWSLogs/",
        after: 0,
        says: "nothing was committed",
    },
    Phase {
        op: Op::Get,
        key: ".gz",
        after: 0,
        says: "nothing was committed",
    },
    Phase {
        op: Op::Get,
        key: ".gz",
        after: 1,
        says: "1 of 3 commit groups",
    },
    Phase {
        op: Op::CreateUpload,
        key: "",
        after: 0,
        says: "nothing was committed",
    },
    Phase {
        op: Op::UploadPart,
        key: "",
        after: 0,
        says: "nothing was committed",
    },
    Phase {
        op: Op::Put,
        key: "log/1.json",
        after: 0,
        says: "finishes it first",
    },
    Phase {
        op: Op::CompleteUpload,
        key: "",
        after: 1,
        says: "finishes it first",
    },
    Phase {
        op: Op::Put,
        key: "log/2.done",
        after: 0,
        says: "finishes it first",
    },
];

/// All at once: each waits for S3, not for the machine.
#[test]
fn a_run_is_stopped_in_any_phase_and_gone_on_with() {
    let whole = double();
    trailmill(&args(&whole)).expect(0);
    let whole = tables(&whole);
    thread::scope(|scope| {
        for phase in &PHASES {
            scope.spawn(|| stop_in(phase, &whole));
        }
    });
}

fn stop_in(phase: &Phase, whole: &[String]) {
    let s3 = double();
    let gate = Arc::<Gate>::default();
    s3.skip(phase.op, phase.key, phase.after);
    s3.fail(phase.op, phase.key, 99, Fault::Wait(Arc::clone(&gate)));
    let child = start(&args(&s3));
    gate.wait_reached();
    signal(&child, "-TERM");
    let ended = ended(child);
    assert!(
        ended.stderr.contains(phase.says),
        "{:?} {ended:?}",
        phase.op
    );
    s3.forget_faults();
    gate.open();
    trailmill(&args(&s3)).expect(0);
    assert_eq!(tables(&s3), whole, "{:?}", phase.op);
    assert!(s3.open_uploads().is_empty(), "{:?}", phase.op);
}

/// The paths of the tables' files, which are named after what is in them.
fn tables(s3: &S3Double) -> Vec<String> {
    let paths = s3.objects("out", "").into_keys();
    paths
        .filter(|path| !path.starts_with("_trailmill/"))
        .collect()
}

#[test]
fn a_run_that_waits_to_ask_again_does_not_go_on_waiting() {
    let s3 = double();
    s3.fail(Op::Get, ".gz", 99, Fault::Say(503, "SlowDown"));
    let child = start(&args(&s3));
    let mut asked = 0;
    while asked < 5 {
        asked += s3.take_requests(Op::Get);
        thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "-INT");
    ended(child);
}

#[test]
fn uploads_are_swept_by_a_run_that_is_stopped() {
    let s3 = double();
    let gate = Arc::<Gate>::default();
    s3.fail(Op::UploadPart, "", 1, Fault::Wait(Arc::clone(&gate)));
    let child = start(&args(&s3));
    gate.wait_reached();
    assert!(!s3.open_uploads().is_empty());
    signal(&child, "-TERM");
    ended(child);
    assert!(s3.open_uploads().is_empty());
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let s3 = double();
    let gate = Arc::<Gate>::default();
    s3.fail(Op::CompleteUpload, "", 99, Fault::Wait(Arc::clone(&gate)));
    let mut child = start(&args(&s3));
    gate.wait_reached();
    signal(&child, "-TERM");
    signal(&child, "-INT");
    let told = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(told.elapsed() < SOON);
    s3.forget_faults();
    gate.open();
    trailmill(&args(&s3)).expect(0);
}

/// Nothing but time can tell it: it waits for a person.
#[test]
fn a_run_that_waits_for_keys_ends_as_well() {
    let out = Out::new();
    let child = start(&["run", "-", "--out", &out.arg()]);
    let began = Instant::now();
    while !out.path().join("_trailmill/lock").exists() {
        assert!(began.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "-TERM");
    ended(child);
}
