//! `--memory` holds whatever the input is. Measured is what the system says that the process held at most.

use std::io;
use std::sync::Mutex;

use trailmill::budget::Room;
use trailmill::limits::{FIRST_CHUNK_BYTES, ROWS_LOOKED_AT_BYTES};
use trailmill::mill::{Mill, Takes};
use trailmill::table::chunk::Sorted;

use crate::support::{Bucket, Out, delivery_key, event, loose, options};

/// What a run may hold beside `--memory 256MiB`: the program's own code, and what the allocator keeps.
const BOUND_BYTES: u64 = (256 + 64) << 20;

/// Runs trailmill with 256 MiB and some threads on so many objects, each a record that has `more`, and returns its peak.
fn peak_bytes(threads: &str, objects: u32, more: impl Fn(u32) -> String) -> Option<u64> {
    let bucket = Bucket::new();
    for object in 0..objects {
        let records = [event(
            u64::from(object),
            "2026-08-03T01:00:00Z",
            &more(object),
        )];
        let key = delivery_key("111122223333", "us-east-1", "20260803T0000Z", object);
        bucket.deliver(&key, &records);
    }
    let out = Out::new();
    let args = [bucket.path(), "--memory", "256MiB", "--threads", threads];
    let summary = out.run(&args).expect(0).summary();
    assert_eq!(summary["records"]["written"], objects);
    summary["peak_memory_bytes"].as_u64()
}

/// A record of numbers that fills what a record may have takes 20 times as much while it is parsed: four threads take turns.
#[test]
fn records_of_numbers_wait_for_each_other() {
    let numbers = "1,".repeat(2_000_000);
    let more = |object| format!(r#","additionalEventData":{{"a":[{numbers}{object}]}}"#);
    let peak = peak_bytes("4", 4, more);
    assert!(peak.is_none_or(|bytes| bytes <= BOUND_BYTES), "{peak:?}");
}

/// A record that has to be mended and is kept whole is in memory many times, and its rows are as large: threads take turns with them too,
/// and the heap of none keeps what was freed.
#[test]
fn records_that_are_mended_wait_for_each_other() {
    let numbers = "1e999,".repeat(600_000);
    let more = |object| format!(r#","additionalEventData":{{"a":[{numbers}{object}]}}"#);
    let peak = peak_bytes("8", 16, more);
    assert!(peak.is_none_or(|bytes| bytes <= BOUND_BYTES), "{peak:?}");
}

/// Rows of several MiB, of which a merge of many runs would hold one each.
#[test]
fn runs_of_large_rows_are_merged_a_few_at_once() {
    let text = "0123456789abcde".repeat(250_000);
    let more = |object| format!(r#","unknown":"{text}{object}""#);
    let peak = peak_bytes("8", 40, more);
    assert!(peak.is_none_or(|bytes| bytes <= BOUND_BYTES), "{peak:?}");
}

/// What runs of events take.
#[derive(Default)]
struct Taken(Mutex<Vec<usize>>);

impl Takes for Taken {
    fn take(&self, rows: Sorted) -> io::Result<()> {
        assert_eq!(rows.chunk().table().name, "events");
        self.0.lock().unwrap().push(rows.bytes());
        Ok(())
    }
}

#[test]
fn a_small_first_run_shows_how_much_room_columns_need() {
    let record = |n: usize| {
        let time = r#""eventTime":"2026-08-01T00:00:00Z""#;
        format!(r#"{{{time},"requestParameters":{{"n":"{n:02000}"}}}}"#)
    };
    let records: Vec<String> = (0..5000).map(record).collect();
    let object = format!("{{\"Records\":[{}]}}", records.join(","));
    let (options, taken) = (options(), Taken::default());
    let room = Room {
        chunk_bytes: 2 * FIRST_CHUNK_BYTES,
        ..Room::default()
    };
    let mut mill = Mill::new(&options, &taken, &room);
    let done = mill.object(loose(0), object.as_bytes()).unwrap();
    assert_eq!(done[0].1.counts.records, 5000);
    mill.finish().unwrap();
    let taken = taken.0.into_inner().unwrap();
    let [first, second, third] = taken[..] else {
        panic!("10 MB of rows: {taken:?}")
    };
    let from = |bytes: usize| bytes..bytes + 2 * ROWS_LOOKED_AT_BYTES;
    assert!(from(FIRST_CHUNK_BYTES).contains(&first), "{first}");
    assert!(from(room.chunk_bytes).contains(&second), "{second}");
    assert!(third < room.chunk_bytes, "{third}");
}
