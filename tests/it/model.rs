//! A dataset against a model: whatever is delivered late, again or changed, however runs are selected, cut and broken off, the dataset
//! ends as the set of events that runs have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use trailmill::sink::store::Store;

use crate::incremental::sums;
use crate::places::{Death, Dying, Memory};
use crate::support::{Bucket, Row, delivery_key, document, event, rows_of_file, run_into};

/// Hours that events span.
const HOURS: u64 = 60;

/// An event of the model: its number tells its time, its version its content.
type Event = (u64, u8);

#[derive(Debug, Clone)]
enum Step {
    /// Delivers an object, or another version of one.
    Deliver(u32, Vec<Event>),
    /// Runs over the hours from … to …, in groups of so many bytes, and breaks off at some operation.
    Run(u64, u64, u32, Option<u64>),
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let events = prop::collection::vec((0..HOURS, 0..2_u8), 1..8);
    let step = prop_oneof![
        3 => (0..12_u32, events).prop_map(|(object, events)| Step::Deliver(object, events)),
        2 => (0..HOURS, 0..=HOURS, 1..100_000_u32, prop::option::of(0..120_u64))
            .prop_map(|(from, to, bytes, at)| Step::Run(from.min(to), from.max(to) + 1, bytes, at)),
    ];
    prop::collection::vec(step, 1..12)
}

fn time(hour: u64) -> String {
    format!("2026-08-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24)
}

fn record((number, version): Event) -> String {
    let more = if version == 0 {
        ""
    } else {
        r#","apiVersion":"other""#
    };
    event(number, &time(number), more)
}

/// Runs the program in this process; returns whether it came to its end.
fn run(place: Arc<dyn Store>, bucket: &Bucket, from: u64, to: u64, group_bytes: u32) -> bool {
    let (from, to, group_bytes) = (time(from), time(to), group_bytes.to_string());
    let args = [
        bucket.path(),
        "--out",
        "memory",
        "--from",
        &from,
        "--to",
        &to,
        "--group-bytes",
        &group_bytes,
        "--threads",
        "1",
    ];
    run_into(place, &args).is_ok()
}

fn rows(place: &Memory, table: &str) -> Vec<Row> {
    let files = place.data_files();
    let of_table = files
        .iter()
        .filter(|(path, _)| path.starts_with(&format!("{table}/")));
    of_table
        .flat_map(|(_, bytes)| rows_of_file(bytes.clone()))
        .collect()
}

fn events_of(place: &Memory) -> Vec<Event> {
    let event = |row: &Row| {
        let id = row["event_id"].as_str().unwrap();
        (
            id[id.len() - 12..].parse().unwrap(),
            u8::from(row.contains_key("api_version")),
        )
    };
    let mut events: Vec<Event> = rows(place, "events").iter().map(event).collect();
    events.sort_unstable();
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_dataset_is_the_set_of_events_that_runs_have_seen(steps in any_steps()) {
        let bucket = Bucket::new();
        let key = |object: u32| delivery_key("111122223333", "us-east-1", &format!("202608{:02}T1200Z", 2 + object / 6), object);
        let mut there: BTreeMap<u32, Vec<Event>> = BTreeMap::new();
        let mut model: BTreeSet<Event> = BTreeSet::new();
        let place = Arc::new(Memory::default());
        let last = Step::Run(0, HOURS, u32::MAX, None);
        for (nth, step) in steps.iter().chain([&last]).enumerate() {
            match step {
                Step::Deliver(object, events) => {
                    let records: Vec<String> = events.iter().map(|event| record(*event)).collect();
                    // In a folder a version is known by its size: each has its own.
                    let document = document(&records);
                    let space = " ".repeat(10_000 * (nth + 1) - document.len());
                    bucket.put(&key(*object), document + &space);
                    there.insert(*object, events.clone());
                }
                Step::Run(from, to, group_bytes, at) => {
                    let is_whole = match at {
                        Some(at) => {
                            let dying = Dying::new(Arc::clone(&place), *at, Death::Fails);
                            run(Arc::new(dying), &bucket, *from, *to, *group_bytes)
                        }
                        None => run(Arc::clone(&place) as _, &bucket, *from, *to, *group_bytes),
                    };
                    prop_assert!(is_whole || at.is_some());
                    if is_whole {
                        let wanted = there.values().flatten().filter(|(hour, _)| (*from..*to).contains(hour));
                        model.extend(wanted);
                        prop_assert!(events_of(&place).iter().filter(|event| model.contains(event)).count() == model.len());
                    }
                }
            }
        }
        // A run that was broken off may have committed some of what it had seen: versions that nobody saw later.
        let found = events_of(&place);
        prop_assert!(found.windows(2).all(|two| two[0] < two[1]), "nothing twice: {found:?}");
        prop_assert!(model.iter().all(|event| found.contains(event)), "nothing lost");
        prop_assert!(place.staged().is_empty());
        // Rollups count what events holds.
        let counted: u64 = rows(&place, "activity").iter().map(|row| row["events"].as_u64().unwrap()).sum();
        prop_assert_eq!(counted, found.len() as u64);
        let whole = Arc::new(Memory::default());
        let once = Bucket::new();
        let records: Vec<String> = found.iter().map(|event| record(*event)).collect();
        once.deliver(&key(0), &records);
        prop_assert!(records.is_empty() || run(Arc::clone(&whole) as _, &once, 0, HOURS, u32::MAX));
        for table in ["activity", "resource_activity"] {
            prop_assert_eq!(sums(rows(&place, table)), sums(rows(&whole, table)), "{}", table);
        }
    }
}
