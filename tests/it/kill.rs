//! Runs that are killed, stopped, or meet another one.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use trailmill::sink::folder::Folder;

use crate::places::{Death, Dying};
use crate::support::{Bucket, Out, Ran, command, delivery_key, event, files, run_into};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

/// Starts a run that waits for keys.
fn waiting(out: &Out) -> Child {
    let mut command = command(&["run", "-", "--out", &out.arg()]);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = quiet.stdin(Stdio::piped()).spawn().unwrap();
    wait_for(&out.path().join("_trailmill/lock"));
    child
}

fn wait_for(path: &Path) {
    let began = Instant::now();
    while !path.exists() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{}",
            path.display()
        );
        thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let kill = process::Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

fn assert_busy(out: &Out, ran: &Ran) {
    let expected = format!(
        "trailmill: another run is writing to {}: wait for it to end, and run again\n",
        out.arg()
    );
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(75), expected.as_str())
    );
}

/// Fails unless the tables are those of another dataset, to the byte, and nothing else lies about.
fn assert_equal(out: &Out, whole: &Out) {
    assert!(out.data_files() == whole.data_files(), "equal files");
    let ours = |out: &Out| {
        let mut ours = files(&out.path().join("_trailmill"));
        ours.retain(|path| !path.starts_with("runs/")); // named after their runs
        ours
    };
    assert_eq!(ours(out), ours(whole));
    assert!(!out.path().join("_trailmill/stage").exists());
}

#[test]
fn of_two_runs_the_second_ends_at_once() {
    let bucket = Bucket::new();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 1);
    bucket.deliver(&key, &[event(1, "2026-08-01T12:00:00Z", "")]);
    let (out, whole) = (Out::new(), Out::new());
    whole.run(&[bucket.path()]).expect(0);

    let mut first = waiting(&out);
    assert_busy(&out, &out.run(&[bucket.path()]));
    signal(&first, "-STOP");
    assert_busy(&out, &out.run(&[bucket.path()]));
    signal(&first, "-KILL");
    first.wait().unwrap();
    // What the killed one left is no obstacle.
    out.run(&[bucket.path()]).expect(0);
    assert_equal(&out, &whole);
}

#[test]
fn a_run_that_was_killed_is_started_over_or_finished_by_the_same_command() {
    let whole = Out::new();
    let began = Instant::now();
    whole.run(&[FIXTURES]).expect(0);
    let duration = began.elapsed();
    for nth in 0..12 {
        let out = Out::new();
        let mut command = command(&["run", FIXTURES, "--out", &out.arg()]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(duration * nth / 10);
        child.kill().unwrap();
        child.wait().unwrap();
        out.run(&[FIXTURES]).expect(0);
        assert_equal(&out, &whole);
    }
}

/// The environment variable that tells the child at which operation it dies, and where it writes.
const DIES_AT: &str = "TRAILMILL_TEST_DIES_AT";
const DIES_IN: &str = "TRAILMILL_TEST_DIES_IN";
/// Every nth operation has its child; set to 1 to try each.
const EVERY: &str = "TRAILMILL_TEST_DIES_EVERY";

/// Not a test but the process that `a_run_that_dies_at_any_operation…` starts: this program again, whose place is fatal.
#[test]
fn child() {
    let (Ok(at), Ok(out)) = (std::env::var(DIES_AT), std::env::var(DIES_IN)) else {
        return;
    };
    let folder = Arc::new(Folder::new(Path::new(&out)));
    let place = Arc::new(Dying::new(folder, at.parse().unwrap(), Death::Kills));
    run_into(place, &[FIXTURES, "--out", &out, "--group-bytes", "100000"]).unwrap();
}

#[test]
fn a_run_that_dies_at_any_operation_of_its_place_is_gone_on_with() {
    let whole = Out::new();
    whole.run(&[FIXTURES, "--group-bytes", "100000"]).expect(0);
    let every = std::env::var(EVERY).map_or(17, |every| every.parse().unwrap());
    let mut n_killed = 0;
    for at in (0..).step_by(every) {
        let out = Out::new();
        let child = process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child"])
            .env(DIES_AT, at.to_string())
            .env(DIES_IN, out.arg())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        if !child.success() {
            n_killed += 1;
            out.run(&[FIXTURES, "--group-bytes", "100000"]).expect(0);
        }
        assert_equal(&out, &whole);
        if child.success() {
            break;
        }
    }
    assert!(n_killed * every > 100, "{n_killed}");
}

#[test]
fn files_that_are_committed_are_published_by_the_next_run() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    let published: Vec<String> = whole.data_files().into_keys().collect();
    for n_unpublished in [0, 1, published.len()] {
        let out = Out::new();
        out.run(&[FIXTURES]).expect(0);
        let ours = out.path().join("_trailmill");
        fs::remove_file(ours.join("log/1.done")).unwrap();
        fs::create_dir(ours.join("stage")).unwrap();
        for path in &published[..n_unpublished] {
            let staged = path.replace('/', "-") + ".part";
            fs::rename(out.path().join(path), ours.join("stage").join(staged)).unwrap();
        }
        let again = out.run(&[FIXTURES]).expect(0).summary();
        assert_eq!(again["objects"]["read"], 0);
        assert_equal(&out, &whole);
    }
}

/// A run that is killed when it has linked an entry, and not yet removed the other name of that file, leaves both.
#[test]
fn regression_a_file_of_the_log_that_has_two_names_is_not_written_to() {
    let (out, whole) = (Out::new(), Out::new());
    for dataset in [&out, &whole] {
        dataset.run(&[FIXTURES]).expect(0);
    }
    let ours = out.path().join("_trailmill");
    fs::remove_file(ours.join("log/1.done")).unwrap();
    fs::create_dir(ours.join("stage")).unwrap();
    fs::hard_link(ours.join("log/1.json"), ours.join("stage/log")).unwrap();
    let entry = fs::read(ours.join("log/1.json")).unwrap();
    out.run(&[FIXTURES]).expect(0);
    assert!(
        fs::read(ours.join("log/1.json")).unwrap() == entry,
        "as it was"
    );
    assert_equal(&out, &whole);
}

/// An entry whose files cannot be published any more is taken back, and what it said was read is read again.
#[test]
fn a_committed_file_that_is_nowhere_costs_its_commit() {
    let whole = Out::new();
    whole.run(&[FIXTURES]).expect(0);
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    fs::remove_file(out.path().join("_trailmill/log/1.done")).unwrap();
    let (lost, _) = out.data_files().into_iter().next_back().unwrap();
    fs::remove_file(out.path().join(&lost)).unwrap();
    let again = out.run(&[FIXTURES]).expect(0).summary();
    assert_eq!(again["objects"]["read"], 61);
    assert!(out.data_files() == whole.data_files(), "equal files");
    let log = files(&out.path().join("_trailmill/log"));
    assert_eq!(
        log,
        ["1.done", "1.json", "2.done", "2.json", "3.done", "3.json"]
    );
}

#[test]
fn a_log_that_points_elsewhere_moves_nothing() {
    let out = Out::new();
    out.run(&[FIXTURES]).expect(0);
    let log = out.path().join("_trailmill/log");
    fs::remove_file(log.join("1.done")).unwrap();
    let entry = fs::read_to_string(log.join("1.json")).unwrap();
    for elsewhere in ["../events", "/tmp/events"] {
        let changed = entry.replacen("\"path\": \"events", &format!("\"path\": \"{elsewhere}"), 1);
        assert!(changed != entry);
        fs::write(log.join("1.json"), changed).unwrap();
        let again = out.run(&[FIXTURES]).expect(1);
        assert!(
            again.stderr.contains("which is not in the dataset"),
            "{again:?}"
        );
    }
}
