//! A dataset against a model: whatever is delivered late, again or changed, however runs are selected, cut, killed and compacted, the dataset
//! ends as the set of events that runs have seen. In memory, in a folder and in a bucket.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;
use trailmill::aws::AwsOptions;
use trailmill::sink::folder::Folder;
use trailmill::sink::store::Store;
use trailmill::verify::verify;

use crate::compact::compact_at;
use crate::disk_double::{DiskDouble, tree};
use crate::incremental::sums;
use crate::places::{Death, Dying, Memory};
use crate::run_to_s3::wait_for_either;
use crate::s3_double::S3Double;
use crate::support::{
    Bucket, Row, command, delivery_key, document, event, rows_of_file, run_into, trailmill,
};

/// How many histories are tried in each place, where that is set.
const CASES: &str = "TRAILMILL_TEST_MODEL_CASES";

/// Hours that events span.
const HOURS: u64 = 84;
/// The days on which they are delivered.
const DAYS: std::ops::Range<u32> = 1..5;
/// A late window in which all of them lie.
const WIDE: u32 = 4;

/// An event of the model: its number tells its time, its version its content.
type Event = (u64, u8);
/// A delivery object: its day and number.
type Object = (u32, u32);

#[derive(Debug, Clone)]
enum Step {
    /// Delivers an object, or another version of one. What it holds has happened before its day's noon.
    Deliver(Object, Vec<Event>),
    /// Delivers again, under another name, what one of the objects holds.
    Copy(prop::sample::Index, Object),
    /// Runs over the hours from … to …, in groups of so many bytes, with a late window of so many days.
    Run {
        from: Option<u64>,
        to: Option<u64>,
        group_bytes: u32,
        late: u32,
        killed_at: Option<u64>,
    },
    /// Merges small files.
    Compact { killed_at: Option<u64> },
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let object = || (DAYS, 0..4_u32);
    let events = prop::collection::vec((0..HOURS, 0..2_u8), 1..8);
    let deliver = (object(), events).prop_map(|((day, number), events)| {
        let noon = u64::from(day) * 24 - 12;
        let before = |(hour, version): Event| (hour % noon, version);
        Step::Deliver((day, number), events.into_iter().map(before).collect())
    });
    let copy = (any::<prop::sample::Index>(), object()).prop_map(|(of, to)| Step::Copy(of, to));
    let killed_at = || prop::option::of(0..300_u64);
    let hour = || prop::option::of(0..HOURS);
    let late = prop_oneof![Just(WIDE), 0..WIDE];
    let run = (hour(), hour(), 1..100_000_u32, late, killed_at()).prop_map(
        |(one, other, group_bytes, late, killed_at)| {
            let (from, to) = match (one, other) {
                (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other) + 1)),
                open => open,
            };
            Step::Run {
                from,
                to,
                group_bytes,
                late,
                killed_at,
            }
        },
    );
    let compact = killed_at().prop_map(|killed_at| Step::Compact { killed_at });
    prop::collection::vec(
        prop_oneof![6 => deliver, 1 => copy, 6 => run, 1 => compact],
        1..14,
    )
}

/// A bucket and a dataset, wherever they lie.
trait World {
    /// Puts an object into the bucket.
    fn put(&self, key: &str, body: Vec<u8>);

    /// Does something to the dataset, and is killed at some change of it, where one is given; returns whether it came to its end.
    fn act(&self, act: &Act<'_>, killed_at: Option<u64>) -> bool;

    fn data_files(&self) -> BTreeMap<String, Bytes>;

    /// Fails where something is staged, missing or too much.
    fn assert_clean(&self);
}

enum Act<'a> {
    Run(&'a [&'a str]),
    Compact,
}

fn act_in(place: Arc<dyn Store>, source: &str, act: &Act<'_>) -> bool {
    match act {
        Act::Run(args) => {
            let out = place.address().to_owned();
            run_into(place, &[&[source, "--out", &out], *args].concat()).is_ok()
        }
        Act::Compact => compact_at(place, false).is_ok(),
    }
}

struct InMemory {
    bucket: Bucket,
    place: Arc<Memory>,
}

impl InMemory {
    fn new() -> Self {
        Self {
            bucket: Bucket::new(),
            place: Arc::default(),
        }
    }
}

impl World for InMemory {
    fn put(&self, key: &str, body: Vec<u8>) {
        self.bucket.put(key, body);
    }

    fn act(&self, act: &Act<'_>, killed_at: Option<u64>) -> bool {
        let place = Arc::clone(&self.place);
        let source = self.bucket.path();
        match killed_at {
            Some(at) => act_in(
                Arc::new(Dying::new(place, at / 2, Death::Fails)),
                source,
                act,
            ),
            None => act_in(place, source, act),
        }
    }

    fn data_files(&self) -> BTreeMap<String, Bytes> {
        self.place.data_files()
    }

    fn assert_clean(&self) {
        assert!(self.place.staged().is_empty());
    }
}

struct InFolder {
    bucket: Bucket,
    dir: TempDir,
    disk: DiskDouble,
}

impl InFolder {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        Self {
            bucket: Bucket::new(),
            disk: DiskDouble::new(dir.path()),
            dir,
        }
    }
}

impl World for InFolder {
    fn put(&self, key: &str, body: Vec<u8>) {
        self.bucket.put(key, body);
    }

    fn act(&self, act: &Act<'_>, killed_at: Option<u64>) -> bool {
        let changes = || self.disk.changes().len();
        let last = killed_at.map(|at| changes() + usize::try_from(at).unwrap());
        self.disk.stop_after(last);
        let disk = Arc::new(self.disk.clone());
        let folder = Folder::on(disk, &self.dir.path().join("tables"));
        let is_whole = act_in(Arc::new(folder), self.bucket.path(), act);
        self.disk.stop_after(None);
        is_whole
    }

    fn data_files(&self) -> BTreeMap<String, Bytes> {
        let files = tree(self.dir.path()).into_iter();
        files
            .filter_map(|(path, bytes)| Some((path.strip_prefix("tables/")?.to_owned(), bytes?)))
            .filter(|(path, _)| !path.starts_with("_trailmill/"))
            .collect()
    }

    fn assert_clean(&self) {
        let tables = self.dir.path().join("tables");
        assert!(!tables.join("_trailmill/stage").exists());
        assert_verified(tables.to_str().unwrap(), &AwsOptions::default());
    }
}

fn assert_verified(dataset: &str, aws: &AwsOptions) {
    let report = verify(dataset, aws).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.not_checked.is_empty(), "{:?}", report.not_checked);
}

/// From a bucket to another, each time by a process of its own.
struct InS3(S3Double);

impl InS3 {
    fn new() -> Self {
        let s3 = S3Double::start();
        s3.create_bucket("logs");
        s3.create_bucket("out");
        Self(s3)
    }
}

impl World for InS3 {
    fn put(&self, key: &str, body: Vec<u8>) {
        self.0.put("logs", key, body);
    }

    fn act(&self, act: &Act<'_>, killed_at: Option<u64>) -> bool {
        let at = ["--endpoint-url", self.0.url(), "--no-sign-request"];
        let args = match act {
            Act::Run(args) => [&["run", "s3://logs", "--out", "s3://out/t"], *args, &at].concat(),
            Act::Compact => [&["compact", "s3://out/t", "--older-than", "0d"][..], &at].concat(),
        };
        let Some(nth) = killed_at else {
            // Of one that was killed, a request may still have been under way.
            let codes = std::iter::repeat_with(|| trailmill(&args)).take(3);
            let mut codes = codes.skip_while(|ran| ran.code == Some(75));
            codes.next().unwrap().expect(0);
            return true;
        };
        let gate = self.0.hold_from(nth / 5 + 1);
        let mut command = command(&args);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let is_held = wait_for_either(&gate, &mut child);
        if is_held {
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        self.0.go_on();
        !is_held && status.success()
    }

    fn data_files(&self) -> BTreeMap<String, Bytes> {
        let mut objects = self.0.objects("out", "t/");
        objects.retain(|path, _| !path.starts_with("_trailmill/"));
        objects
    }

    fn assert_clean(&self) {
        assert!(self.0.open_uploads().is_empty());
        let aws = AwsOptions {
            endpoint_url: Some(self.0.url().to_owned()),
            region: Some("us-east-1".to_owned()),
            no_sign_request: true,
            ..AwsOptions::default()
        };
        assert_verified("s3://out/t", &aws);
    }
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

fn key((day, number): Object) -> String {
    let at = format!("202608{day:02}T1200Z");
    delivery_key("111122223333", "us-east-1", &at, number)
}

fn rows(world: &dyn World, table: &str) -> Vec<Row> {
    let files = world.data_files();
    let of_table = files
        .iter()
        .filter(|(path, _)| path.starts_with(&format!("{table}/")));
    of_table
        .flat_map(|(_, bytes)| rows_of_file(bytes.clone()))
        .collect()
}

fn events_of(world: &dyn World) -> Vec<Event> {
    let event = |row: &Row| {
        let id = row["event_id"].as_str().unwrap();
        (
            id[id.len() - 12..].parse().unwrap(),
            u8::from(row.contains_key("api_version")),
        )
    };
    let mut events: Vec<Event> = rows(world, "events").iter().map(event).collect();
    events.sort_unstable();
    events
}

/// What there is, and what a dataset has to say of it.
#[derive(Default)]
struct Model {
    there: BTreeMap<Object, Vec<Event>>,
    /// What the dataset may have.
    delivered: BTreeSet<Event>,
    /// What it has to have.
    seen: BTreeSet<Event>,
    /// Whether a version of an object is no longer there.
    has_replaced: bool,
    n_delivered: usize,
}

impl Model {
    fn deliver(&mut self, world: &dyn World, object: Object, events: &[Event]) {
        let records: Vec<String> = events.iter().map(|event| record(*event)).collect();
        // In a folder a version is known by its size: each has its own.
        self.n_delivered += 1;
        let document = document(&records);
        let space = " ".repeat(10_000 * self.n_delivered - document.len());
        world.put(&key(object), (document + &space).into_bytes());
        self.has_replaced |= self.there.insert(object, events.to_vec()).is_some();
        self.delivered.extend(events);
    }

    /// A run that came to its end has seen all that it wanted.
    fn see(&mut self, from: Option<u64>, to: Option<u64>) {
        let is_wanted =
            |hour: u64| from.is_none_or(|from| from <= hour) && to.is_none_or(|to| hour < to);
        let wanted = self.there.values().flatten();
        self.seen
            .extend(wanted.filter(|(hour, _)| is_wanted(*hour)));
    }

    fn take(&mut self, world: &dyn World, step: &Step) {
        match step {
            Step::Deliver(object, events) => self.deliver(world, *object, events),
            Step::Copy(of, to) => {
                let objects: Vec<Vec<Event>> = self.there.values().cloned().collect();
                if !objects.is_empty() {
                    self.deliver(world, *to, of.get::<Vec<Event>>(&objects));
                }
            }
            Step::Run {
                from,
                to,
                group_bytes,
                late,
                killed_at,
            } => {
                let is_whole = run(world, *from, *to, *group_bytes, *late, *killed_at);
                assert!(is_whole || killed_at.is_some());
                if is_whole && *late == WIDE {
                    self.see(*from, *to);
                }
            }
            Step::Compact { killed_at } => {
                if !world.data_files().is_empty() {
                    let is_whole = world.act(&Act::Compact, *killed_at);
                    assert!(is_whole || killed_at.is_some());
                }
            }
        }
    }

    fn check(&self, world: &dyn World) {
        world.assert_clean();
        let found = events_of(world);
        assert!(
            found.windows(2).all(|two| two[0] < two[1]),
            "nothing twice: {found:?}"
        );
        // A run that was killed may have committed some of what it had seen: versions that nobody saw later.
        let is_there = |event: &Event| found.binary_search(event).is_ok();
        assert!(self.seen.iter().all(is_there), "nothing lost");
        assert!(found.iter().all(|event| self.delivered.contains(event)));
        if !self.has_replaced {
            let records: usize = self.there.values().map(Vec::len).sum();
            assert_eq!(rows(world, "duplicates").len(), records - found.len());
        }
        // Rollups count what events holds.
        let activity = rows(world, "activity");
        let counts = activity.iter().map(|row| row["events"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), found.len() as u64);
        let once = InMemory::new();
        let records: Vec<String> = found.iter().map(|event| record(*event)).collect();
        if !records.is_empty() {
            once.bucket.deliver(&key((1, 0)), &records);
            assert!(run(&once, None, None, u32::MAX, WIDE, None));
        }
        for table in ["activity", "resource_activity"] {
            assert_eq!(
                sums(rows(world, table)),
                sums(rows(&once, table)),
                "{table}"
            );
        }
    }
}

fn run(
    world: &dyn World,
    from: Option<u64>,
    to: Option<u64>,
    group_bytes: u32,
    late: u32,
    killed_at: Option<u64>,
) -> bool {
    let (group_bytes, late) = (group_bytes.to_string(), format!("{late}d"));
    let (from, to) = (from.map(time), to.map(time));
    let mut args = vec!["--group-bytes", &group_bytes, "--late-window", &late];
    args.extend(["--threads", "1"]);
    for (flag, at) in [("--from", &from), ("--to", &to)] {
        if let Some(at) = at {
            args.extend([flag, at]);
        }
    }
    world.act(&Act::Run(&args), killed_at)
}

/// Goes through histories, each in a world of its own.
fn check(default: u32, new: impl Fn() -> Box<dyn World>) {
    let cases = std::env::var(CASES).map_or(default, |cases| cases.parse().unwrap());
    let mut runner = TestRunner::new(ProptestConfig {
        max_shrink_iters: 200, // a run takes its time
        ..ProptestConfig::with_cases(cases)
    });
    let tried = runner.run(&any_steps(), |steps| {
        let (world, mut model) = (new(), Model::default());
        for step in &steps {
            model.take(&*world, step);
        }
        let is_whole = run(&*world, None, None, u32::MAX, WIDE, None);
        prop_assert!(is_whole);
        model.see(None, None);
        if !model.delivered.is_empty() {
            model.check(&*world);
        }
        Ok(())
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

#[test]
fn in_memory_a_dataset_is_the_set_of_events_that_runs_have_seen() {
    check(24, || Box::new(InMemory::new()));
}

#[test]
fn in_a_folder_a_dataset_is_the_set_of_events_that_runs_have_seen() {
    check(12, || Box::new(InFolder::new()));
}

#[test]
fn in_a_bucket_a_dataset_is_the_set_of_events_that_runs_have_seen() {
    check(4, || Box::new(InS3::new()));
}
