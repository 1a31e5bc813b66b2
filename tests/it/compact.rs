//! `trailmill compact`: fewer files, the same rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use trailmill::cli::{Cli, Command as Cmd};
use trailmill::config::CompactConfig;
use trailmill::sink::folder::Folder;
use trailmill::sink::store::Store;
use trailmill::upkeep;

use crate::places::{Death, Dying};
use crate::s3_double::S3Double;
use crate::support::{Bucket, Out, Ran, Row, command, delivery_key, event, files, trailmill};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/trail");

/// A dataset whose fixtures were read in many small groups.
fn of_many_groups() -> Out {
    let out = Out::new();
    out.run(&[FIXTURES, "--group-bytes", "20000"]).expect(0);
    out
}

fn compact(out: &Out, args: &[&str]) -> Ran {
    let begin = ["compact", &out.arg(), "--json", "--older-than", "0d"];
    trailmill(&[&begin, args].concat())
}

fn verify(out: &Out) {
    let ran = trailmill(&["verify", &out.arg()]).expect(0);
    assert!(ran.stdout.contains("nothing is wrong"), "{ran:?}");
    assert!(!ran.stdout.contains("not checked"), "{ran:?}");
}

/// The rows of a table, in an order that says nothing of files.
fn rows(out: &Out, table: &str) -> Vec<String> {
    let rows = out.rows(table).into_iter();
    let mut rows: Vec<String> = rows.map(|row| Value::Object(row).to_string()).collect();
    rows.sort();
    rows
}

fn export(out: &Out) -> Vec<String> {
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    let mut lines: Vec<String> = exported.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Rows of an additive table, added up by day and all else but times and counts.
fn added_up(out: &Out, table: &str) -> BTreeMap<String, (i64, i64, String, String)> {
    let mut sums = BTreeMap::new();
    for mut row in out.rows(table) {
        let mut take = |name: &str| row.remove(name).unwrap_or_default();
        let [events, errors] = ["events", "errors"].map(|name| take(name).as_i64().unwrap_or(0));
        let [first, last] = ["first_event_time", "last_event_time"]
            .map(|name| take(name).as_str().unwrap().to_owned());
        let key = format!("{} {}", &first[..10], Value::Object(row));
        let sum = sums
            .entry(key)
            .or_insert((0, 0, first.clone(), last.clone()));
        sum.0 += events;
        sum.1 += errors;
        sum.2 = first.min(sum.2.clone());
        sum.3 = last.max(sum.3.clone());
    }
    sums
}

const PLAIN: [&str; 9] = [
    "events",
    "mcp_events",
    "mcp_links",
    "sign_ins",
    "insights",
    "aggregated_events",
    "duplicates",
    "rejects",
    "objects",
];

const ADDITIVE: [&str; 2] = ["activity", "resource_activity"];

/// Fails unless the rows are those of another dataset, and additive ones add up to the same.
fn assert_same_rows(out: &Out, other: &Out) {
    for table in PLAIN {
        assert!(rows(out, table) == rows(other, table), "{table}");
    }
    for table in ADDITIVE {
        assert!(added_up(out, table) == added_up(other, table), "{table}");
    }
}

#[test]
fn the_same_rows_in_fewer_files() {
    let (out, before) = (of_many_groups(), of_many_groups());
    let summary = compact(&out, &[]).expect(0).summary();
    assert_same_rows(&out, &before);
    assert_eq!(export(&out), export(&before));
    verify(&out);

    // A file a partition.
    let mut partitions: Vec<String> = Vec::new();
    for path in out.data_files().keys() {
        partitions.push(path.rsplit_once('/').unwrap().0.to_owned());
    }
    let mut distinct = partitions.clone();
    distinct.dedup();
    assert_eq!(partitions, distinct);
    assert!(before.data_files().len() > 3 * partitions.len());

    // What is said is what was done.
    let commits = summary["commits"].as_array().unwrap().len();
    let tables = summary["tables"].as_object().unwrap();
    let count = |of: &str, what: &str| -> u64 {
        let counts = tables
            .values()
            .map(|table| table[of][what].as_u64().unwrap());
        counts.sum()
    };
    let untouched = partitions.len() - commits;
    assert_eq!(count("after", "files"), commits as u64);
    assert_eq!(
        count("before", "files"),
        (before.data_files().len() - untouched) as u64
    );
    assert_eq!(tables["events"]["before"]["rows"], 1400);
    assert_eq!(tables["events"]["after"]["rows"], 1400);
}

#[test]
fn rows_of_additive_tables_are_one_a_key() {
    let out = of_many_groups();
    let before = ADDITIVE.map(|table| out.rows(table).len());
    compact(&out, &[]).expect(0);
    for (table, before) in ADDITIVE.into_iter().zip(before) {
        let rows = out.rows(table).len();
        assert_eq!(rows, added_up(&out, table).len(), "{table}");
        assert!(rows < before, "{table}: {rows} of {before}");
    }
}

/// Files are merged to what one run would have written of all, but for the lineage of the books.
#[test]
fn rows_are_in_the_order_of_their_table() {
    let (out, whole) = (of_many_groups(), Out::new());
    whole.run(&[FIXTURES]).expect(0);
    compact(&out, &[]).expect(0);
    let rows = |out: &Out, table: &str| -> Vec<Row> {
        let mut rows = out.rows(table);
        for row in &mut rows {
            row.remove("commit_id");
        }
        rows
    };
    let in_order = |tables: &[&str]| {
        for table in tables {
            assert!(rows(&out, table) == rows(&whole, table), "{table}");
        }
    };
    in_order(&PLAIN);
    in_order(&ADDITIVE);
}

#[test]
fn a_second_time_there_is_nothing_to_do() {
    let out = of_many_groups();
    compact(&out, &[]).expect(0);
    let before = files(&out.path());
    let again = compact(&out, &[]).expect(0).summary();
    assert_eq!(again["commits"], json!([]));
    assert_eq!(files(&out.path()), before);
    let text = trailmill(&["compact", &out.arg(), "--older-than", "0d"]).expect(0);
    assert_eq!(text.stdout, "");
    assert_eq!(
        text.stderr,
        format!("nothing to compact: {} is as it was\n", out.arg())
    );
}

#[test]
fn small_targets_give_several_files_and_are_reached_once() {
    let out = of_many_groups();
    let before = of_many_groups();
    let args = ["--target-size", "30kB"];
    compact(&out, &args).expect(0);
    assert_same_rows(&out, &before);
    verify(&out);
    let small = |out: &Out| {
        out.data_files()
            .values()
            .filter(|file| file.len() < 30_000)
            .count()
    };
    assert!(small(&out) < small(&before));
    let again = compact(&out, &args).expect(0).summary();
    assert_eq!(again["commits"], json!([]));
    // And merged again, with what came in between.
    compact(&out, &[]).expect(0);
    assert_same_rows(&out, &before);
    verify(&out);
}

#[test]
fn days_that_may_still_change_are_left_alone() {
    let out = of_many_groups();
    let before = out.data_files();
    let args = |older_than| ["compact", "--json", "--older-than", older_than];
    let ran = trailmill(&[&args("10000d")[..], &[&out.arg()]].concat()).expect(0);
    assert_eq!(ran.summary()["commits"], json!([]));
    assert!(out.data_files() == before);
}

#[test]
fn a_run_afterwards_finds_what_is_there() {
    let out = of_many_groups();
    compact(&out, &[]).expect(0);
    let before = files(&out.path());
    let again = out.run(&[FIXTURES]).expect(0).summary();
    assert_eq!(again["objects"]["read"], 0);
    assert_eq!(files(&out.path()), before);

    // A copy of the bucket, in another place.
    let bucket = Bucket::new();
    for path in files(Path::new(FIXTURES)) {
        bucket.put(&path, fs::read(Path::new(FIXTURES).join(&path)).unwrap());
    }
    let records = out.run(&[bucket.path()]).expect(0).summary()["records"].clone();
    assert_eq!(
        (&records["written"], &records["conflicting"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(records["duplicates"], records["read"]);
    verify(&out);
    compact(&out, &[]).expect(0);
    verify(&out);
}

#[test]
fn what_was_changed_is_not_made_to_look_sound() {
    let out = of_many_groups();
    let before = out.data_files();
    let (path, bytes) = before
        .iter()
        .find(|(path, _)| path.starts_with("activity/"))
        .unwrap();
    let mut changed = bytes.to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(out.path().join(path), changed).unwrap();
    let ran = compact(&out, &[]).expect(1);
    let expected = format!("read {}/{path}: it is not what was written", out.arg());
    assert!(ran.stderr.contains(&expected), "{ran:?}");
    for (path, bytes) in before
        .iter()
        .filter(|(path, _)| path.starts_with("activity/"))
    {
        assert_eq!(
            out.path().join(path).metadata().unwrap().len(),
            bytes.len() as u64
        );
    }
}

#[test]
fn what_cannot_be_compacted() {
    let out = Out::new();
    let ran = compact(&out, &[]).expect(1);
    assert!(
        ran.stderr.contains("holds no dataset of trailmill"),
        "{ran:?}"
    );
    assert!(!out.path().exists());
    for args in [
        &["compact"][..],
        &["compact", "x", "--older-than", "soon"],
        &["compact", "x", "--target-size", "0"],
        &["compact", "x", "--memory", "1MiB"],
        &["compact", "x", "--threads", "0"],
    ] {
        let ran = trailmill(args).expect(2);
        assert_eq!(ran.stdout, "");
    }
}

/// What a compaction leaves that was killed before it deleted what it had merged.
#[test]
fn files_that_are_not_deleted_yet() {
    let (out, before) = (of_many_groups(), of_many_groups());
    compact(&out, &[]).expect(0);
    let log = out.path().join("_trailmill/log");
    let last = files(&log).len() / 2;
    let entry: Value =
        serde_json::from_slice(&fs::read(log.join(format!("{last}.json"))).unwrap()).unwrap();
    assert_eq!(entry["purpose"], "compact");
    let old = entry["removed"][0].as_str().unwrap();
    fs::write(out.path().join(old), &before.data_files()[old]).unwrap();
    let findings = || trailmill(&["verify", &out.arg()]).expect(4).stdout;
    assert!(
        findings().contains(&format!("obsolete: {old}: ")),
        "{}",
        findings()
    );
    fs::remove_file(log.join(format!("{last}.done"))).unwrap();
    assert!(
        findings().contains(&format!("unfinished: {old}: ")),
        "{}",
        findings()
    );
    // The next writer ends what was begun.
    compact(&out, &[]).expect(0);
    verify(&out);
    assert_same_rows(&out, &before);
}

/// A merged file that was lost before it was published: the compaction is taken back.
#[test]
fn a_compaction_is_taken_back_where_its_file_is_lost() {
    let (out, before) = (of_many_groups(), of_many_groups());
    compact(&out, &[]).expect(0);
    let whole = out.data_files();
    let log = out.path().join("_trailmill/log");
    let last = files(&log).len() / 2;
    let entry: Value =
        serde_json::from_slice(&fs::read(log.join(format!("{last}.json"))).unwrap()).unwrap();
    fs::remove_file(log.join(format!("{last}.done"))).unwrap();
    let merged = entry["added"][0]["path"].as_str().unwrap();
    fs::remove_file(out.path().join(merged)).unwrap();
    for old in entry["removed"].as_array().unwrap() {
        let old = old.as_str().unwrap();
        fs::write(out.path().join(old), &before.data_files()[old]).unwrap();
    }
    let again = compact(&out, &[]).expect(0).summary();
    assert_eq!(again["commits"].as_array().unwrap().len(), 1);
    assert_same_rows(&out, &before);
    verify(&out);
    // The same bytes, and a name that was never there.
    assert!(!out.data_files().contains_key(merged));
    let bytes = |files: BTreeMap<String, bytes::Bytes>| {
        let mut bytes: Vec<_> = files.into_values().collect();
        bytes.sort();
        bytes
    };
    assert!(bytes(out.data_files()) == bytes(whole));
}

/// Compacts in this process.
pub(crate) fn compact_at(place: Arc<dyn Store>, stop: bool) -> anyhow::Result<upkeep::Summary> {
    let dataset = place.address().to_owned();
    let args = ["trailmill", "compact", &dataset, "--older-than", "0d"];
    let Cmd::Compact(args) = Cli::try_parse_from(args)?.command else {
        panic!("compact")
    };
    let config = CompactConfig::new(&args)?;
    upkeep::compact::compact(&config, place, &AtomicBool::new(stop))
}

#[test]
fn one_that_is_asked_to_stop_stops() {
    let out = of_many_groups();
    let before = out.data_files();
    let stopped = compact_at(Arc::new(Folder::new(&out.path())), true).unwrap_err();
    assert!(stopped.is::<upkeep::Interrupted>());
    let dataset = out.arg();
    assert_eq!(
        stopped.to_string(),
        format!(
            "interrupted: 0 of 16 partitions are written anew in {dataset}; run again to go on"
        )
    );
    assert!(out.data_files() == before);
    verify(&out);
}

/// A place that fails at some operation, and for good: the same command ends what was begun.
#[test]
fn a_compaction_whose_place_fails_is_repeated() {
    let (whole, before) = (of_many_groups(), of_many_groups());
    compact(&whole, &[]).expect(0);
    let mut n_failed = 0;
    for at in (0..).step_by(37) {
        let out = of_many_groups();
        let folder = Arc::new(Folder::new(&out.path()));
        let place = Arc::new(Dying::new(folder, at, Death::Fails));
        let has_failed = compact_at(place, false).is_err();
        compact(&out, &[]).expect(0);
        assert!(out.data_files() == whole.data_files(), "equal files");
        assert_same_rows(&out, &before);
        verify(&out);
        if !has_failed {
            break;
        }
        n_failed += 1;
    }
    assert!(n_failed > 5, "{n_failed}");
}

#[test]
fn a_bucket_holds_what_a_folder_would() {
    let (out, s3) = (of_many_groups(), S3Double::start());
    s3.create_bucket("out");
    let at = ["--endpoint-url", s3.url(), "--no-sign-request"];
    let s3_run = [
        "run",
        FIXTURES,
        "--group-bytes",
        "20000",
        "--out",
        "s3://out",
    ];
    trailmill(&[&s3_run[..], &at].concat()).expect(0);
    let same_files = || {
        let mut objects = s3.objects("out", "");
        objects.retain(|path, _| !path.starts_with("_trailmill/"));
        assert!(objects == out.data_files(), "equal files");
        assert!(s3.open_uploads().is_empty());
    };
    same_files();
    compact(&out, &[]).expect(0);
    let s3_compact = ["compact", "s3://out", "--older-than", "0d"];
    trailmill(&[&s3_compact[..], &at].concat()).expect(0);
    same_files();
    trailmill(&["rebuild", &out.arg()]).expect(0);
    trailmill(&[&["rebuild", "s3://out"], &at[..]].concat()).expect(0);
    same_files();
    let nothing = trailmill(&[&s3_compact[..], &at].concat()).expect(0);
    assert_eq!(
        nothing.stderr,
        "nothing to compact: s3://out is as it was\n"
    );
}

#[test]
fn while_another_run_writes() {
    let out = of_many_groups();
    let other = Folder::new(&out.path());
    other.lock().unwrap();
    for command in ["compact", "rebuild"] {
        let ran = trailmill(&[command, &out.arg()]).expect(75);
        assert!(ran.stderr.contains("another run is writing"), "{ran:?}");
    }
}

/// Killed at whatever moment, it is repeated by the same command, and ends in the same files.
#[test]
fn a_compaction_that_was_killed_is_repeated() {
    let whole = of_many_groups();
    let began = Instant::now();
    compact(&whole, &[]).expect(0);
    let duration = began.elapsed().max(Duration::from_millis(20));
    let before = of_many_groups();
    for nth in 1..12 {
        let out = of_many_groups();
        let mut command = command(&["compact", &out.arg(), "--older-than", "0d"]);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(duration * nth / 12);
        child.kill().unwrap();
        child.wait().unwrap();
        compact(&out, &[]).expect(0);
        assert_same_rows(&out, &before);
        assert!(out.data_files() == whole.data_files(), "equal files");
        verify(&out);
    }
}

#[test]
fn events_of_one_day_that_came_with_many_runs() {
    let (bucket, out) = (Bucket::new(), Out::new());
    for run in 0..6_u32 {
        let time = format!("20260801T12{run:02}Z");
        let key = delivery_key("111122223333", "us-east-1", &time, run);
        let records: Vec<String> = (0..5)
            .map(|n| {
                event(
                    u64::from(run * 5 + n),
                    &format!("2026-08-01T12:{n:02}:0{run}Z"),
                    "",
                )
            })
            .collect();
        bucket.deliver(&key, &records);
        out.run(&[bucket.path()]).expect(0);
    }
    verify(&out);
    compact(&out, &[]).expect(0);
    verify(&out);
    let whole = Out::new();
    whole.run(&[bucket.path()]).expect(0);
    assert!(out.rows("events") == whole.rows("events"));
    let events: i64 = out
        .rows("activity")
        .iter()
        .map(|row| row["events"].as_i64().unwrap())
        .sum();
    assert_eq!(events, 30);
}
