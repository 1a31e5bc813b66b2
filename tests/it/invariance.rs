//! Files are a function of input and options: not of threads, memory, scratch, or the order in which objects come.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use tempfile::TempDir;
use trailmill::budget::Room;
use trailmill::commit::{Entry, Purpose};
use trailmill::mill::{Mill, Object};
use trailmill::plan::NO_HISTORY;
use trailmill::sink::dataset::DatasetWriter;
use trailmill::sink::folder::Folder;
use trailmill::sink::runs::Runs;
use trailmill::table::rejects;
use trailmill::trail::time::SECOND;
use trailmill::write::{Merged, Rows, Writer};

use crate::dataset::bucket_for_all_tables;
use crate::support::{
    self, Bucket, Out, delivery_key, document, event, files, options, trailmill_with,
};

/// A bucket whose objects overlap in time, with copies, conflicts and rejects among them.
fn bucket() -> Bucket {
    let bucket = bucket_for_all_tables();
    for object in 0..24_u32 {
        let records: Vec<String> = (0..50)
            .map(|nth| {
                let n = u64::from(object) * 37 + nth * 7; // some of them in several objects
                let time = format!("2026-08-{:02}T{:02}:{:02}:00Z", 3 + n % 3, n % 24, n % 60);
                match n % 41 {
                    0 => event(n, "never", ""),
                    1 => event(n, &time, &format!(r#","other":{object}"#)),
                    _ => event(n, &time, ""),
                }
            })
            .collect();
        let region = ["us-east-1", "eu-west-1", "ap-northeast-1"][object as usize % 3];
        let time = format!("202608{:02}T{:02}00Z", 3 + object % 3, object);
        bucket.deliver(
            &delivery_key("111122223333", region, &time, object),
            &records,
        );
    }
    bucket
}

#[track_caller]
fn check_equal(a: &BTreeMap<String, Bytes>, b: &BTreeMap<String, Bytes>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, bytes) in a {
        if *bytes != b[path] {
            let (a, b) = (
                support::rows_of_file(bytes.clone()),
                support::rows_of_file(b[path].clone()),
            );
            assert_eq!(a, b, "{path} has other rows");
            panic!("{path} has the same rows in other bytes");
        }
    }
}

#[test]
fn threads_and_memory_change_nothing() {
    let bucket = bucket();
    let run = |args: &[&str]| {
        let out = Out::new();
        out.run(&[&[bucket.path()], args].concat()).expect(3);
        out.data_files()
    };
    let files = run(&["--threads", "1", "--memory", "256MiB"]);
    assert!(files.len() > 20);
    check_equal(&files, &run(&["--threads", "8", "--memory", "4GiB"]));
    check_equal(&files, &run(&["--threads", "8", "--memory", "4GiB"]));
    check_equal(&files, &run(&["--concurrency", "1"]));
}

#[test]
fn the_order_of_sources_changes_nothing() {
    let (a, b) = (bucket(), Bucket::new());
    b.deliver(
        &delivery_key("444455556666", "us-east-1", "20260803T0000Z", 1),
        &[
            event(37, "2026-08-04T13:37:00Z", ""),
            event(5000, "2026-08-03T01:00:00Z", ""),
        ],
    );
    let forth = Out::new();
    forth.run(&[a.path(), b.path()]).expect(3);
    let back = Out::new();
    back.run(&[b.path(), a.path()]).expect(3);
    check_equal(&forth.data_files(), &back.data_files());

    // The same objects as lines, in any order.
    let mut lines: Vec<String> = Vec::new();
    for bucket in [a.path(), b.path()] {
        lines.extend(
            files(bucket.as_ref())
                .iter()
                .map(|key| format!("{bucket}/{key}")),
        );
    }
    let by_lines = |lines: &[String]| {
        let out = Out::new();
        let args = ["run", "--json", "--out", &out.arg(), "-"];
        trailmill_with(&args, &lines.join("\n")).expect(3);
        out.data_files()
    };
    let in_order = by_lines(&lines);
    check_equal(&forth.data_files(), &in_order);
    lines.reverse();
    lines.rotate_left(7);
    check_equal(&in_order, &by_lines(&lines));
}

/// A copy of a bucket gives the same rows, `source` aside.
#[test]
fn a_copy_gives_the_same_rows() {
    let a = bucket();
    let b = Bucket::new();
    for key in files(a.path().as_ref()) {
        b.put(
            &format!("some/prefix/{key}"),
            fs::read(Path::new(a.path()).join(key)).unwrap(),
        );
    }
    let rows = |bucket: &Bucket| {
        let out = Out::new();
        out.run(&[bucket.path()]).expect(3);
        let mut rows = Vec::new();
        for table in ["events", "mcp_events", "activity", "duplicates", "rejects"] {
            for mut row in out.rows(table) {
                row.remove("source");
                rows.push(row);
            }
        }
        rows
    };
    assert_eq!(rows(&a), rows(&b));
}

/// Mills objects in some order, each by a thread or one after another, with so much memory for sorted rows.
fn milled(
    objects: &[(String, Vec<u8>)],
    order: &[usize],
    memory: usize,
) -> (BTreeMap<String, Bytes>, u64) {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("tables");
    let options = options();
    let runs = Runs::new(folder.path().to_owned(), memory).merging(2);
    let room = Room::default();
    for number in order {
        let (key, body) = &objects[*number];
        let mut mill = Mill::new(&options, &runs, &room); // every object a run of its own
        let object = Object {
            number: *number,
            source: "bucket",
            source_object: key,
            delivery_time: Some(i64::try_from(*number).unwrap() * SECOND),
            account: None,
            region: None,
            history: &NO_HISTORY,
        };
        let done = mill.object(object, body).unwrap().len();
        let last = mill.finish().unwrap();
        assert_eq!(done + usize::from(last.is_some()), 1);
    }
    let place = Arc::new(Folder::new(&root));
    let mut dataset = DatasetWriter::open(place, "run".to_owned(), "nonce".to_owned()).unwrap();
    let writer = Writer {
        dataset: &dataset,
        name: "name",
        options: &options,
        histories: &[],
        bucket: 900 * SECOND,
        reads_ahead: memory > 0,
        stop: &AtomicBool::new(false),
    };
    let book = |_: &Merged| writer.tables(&runs, &[(&rejects::TABLE, Rows::Plain)]);
    let mut merged = writer.records(&runs, book).unwrap();
    let files = merged.take_files().unwrap();
    let entry = Entry {
        added: files,
        ..dataset.entry(Purpose::Add, "name")
    };
    dataset.commit(entry).unwrap();
    let read = |path: String| {
        let bytes = fs::read(root.join(&path)).unwrap();
        (path, bytes.into())
    };
    let is_data = |path: &String| !path.starts_with("_trailmill");
    let files = support::files(&root)
        .into_iter()
        .filter(is_data)
        .map(read)
        .collect();
    (files, runs.scratch_bytes())
}

#[test]
fn what_is_spilled_to_scratch_comes_back_the_same() {
    let objects: Vec<(String, Vec<u8>)> = (0..6_u64)
        .map(|object| {
            let records: Vec<String> = (0..1500)
                .map(|nth| {
                    let n = (object * 900 + nth * 7) % 7000;
                    let time = format!("2026-08-{:02}T{:02}:{:02}:00Z", 3 + n % 2, n % 24, n % 60);
                    match n % 101 {
                        0 => event(n, &time, r#","userAgent":["odd"]"#),
                        1 => event(n, "never", ""),
                        _ => event(n, &time, ""),
                    }
                })
                .collect();
            (
                format!("AWSLogs/{object}.json.gz"),
                document(&records).into_bytes(),
            )
        })
        .collect();
    let in_order: Vec<usize> = (0..objects.len()).collect();
    let (in_memory, none) = milled(&objects, &in_order, usize::MAX);
    assert_eq!(none, 0);
    assert!(in_memory.len() >= 6);
    let (on_scratch, bytes) = milled(&objects, &[5, 2, 0, 4, 1, 3], 0);
    assert!(bytes > 100_000, "{bytes}");
    check_equal(&in_memory, &on_scratch);
    let (in_part, some) = milled(&objects, &[3, 1, 4, 0, 2, 5], 1 << 20);
    assert!(0 < some && some < bytes, "{some} of {bytes}");
    check_equal(&in_memory, &in_part);
}
