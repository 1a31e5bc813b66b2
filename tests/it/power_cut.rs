//! Power cuts: whatever a disk kept of what was not synced, the same command goes on, and what was committed stays.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use trailmill::aws::AwsOptions;
use trailmill::sink::folder::Folder;
use trailmill::sink::store::Store;
use trailmill::verify::verify;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::compact::compact_at;
use crate::disk_double::{At, Change, DiskDouble, Platter, Tree, lay_out, tree};
use crate::support::{Bucket, delivery_key, event, run_into};

/// Every nth change has its power cuts; set to 1 to try each, and more of them.
const EVERY: &str = "TRAILMILL_TEST_POWER_CUT_EVERY";

fn every(default: usize) -> usize {
    std::env::var(EVERY).map_or(default, |every| every.parse().unwrap())
}

/// Where the dataset is, on the disk: in a folder that is not there, either.
const TABLES: &str = "new/tables";
const LOG: &str = "new/tables/_trailmill/log";

/// A disk of its own.
struct Disk {
    dir: TempDir,
}

impl Disk {
    fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    fn with(tree: &Tree) -> Self {
        let disk = Self::new();
        lay_out(tree, disk.dir.path());
        disk
    }

    fn tables(&self) -> PathBuf {
        self.dir.path().join(TABLES)
    }

    fn folder(&self) -> Arc<dyn Store> {
        self.folder_on(&DiskDouble::new(self.dir.path()))
    }

    fn folder_on(&self, double: &DiskDouble) -> Arc<dyn Store> {
        Arc::new(Folder::on(Arc::new(double.clone()), &self.tables()))
    }

    fn tree(&self) -> Tree {
        tree(self.dir.path())
    }
}

/// Something that is done to a dataset, and done again after a power cut.
type Act<'a> = &'a dyn Fn(Arc<dyn Store>) -> anyhow::Result<()>;

fn run(bucket: &Bucket, place: Arc<dyn Store>) -> anyhow::Result<()> {
    let out = place.address().to_owned();
    // A group an object.
    let args = [bucket.path(), "--out", &out, "--group-bytes", "1"];
    run_into(place, &args).map(drop)
}

/// What has to be the same: data files by their bytes, what is ours by its names, but for what is called after its run.
fn told_of(tree: &Tree) -> BTreeMap<&str, Option<&Bytes>> {
    let told = tree.iter().filter(|(path, _)| !is_of_runs(path));
    told.map(|(path, what)| {
        let is_data = !path.contains("/_trailmill/");
        (path.as_str(), what.as_ref().filter(|_| is_data))
    })
    .collect()
}

/// Whether it is called after a run, or holds what is; a run that finds nothing to do leaves nothing there.
fn is_of_runs(path: &str) -> bool {
    path.starts_with("new/tables/_trailmill/runs")
}

/// The entries of the log.
fn committed_in(tree: &Tree) -> Tree {
    let mut entries = tree.clone();
    entries.retain(|path, _| path.starts_with(LOG) && has_kind(path, "json"));
    entries
}

fn has_kind(path: &str, kind: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == kind)
}

/// What was done, how it ends, and how many power cuts it stood.
struct Replay<'a> {
    act: Act<'a>,
    whole: Tree,
    /// Whether a run was killed before: its summary, which is for people, is then synced by nobody.
    was_killed: bool,
    seen: HashSet<Tree>,
    n_cuts: usize,
}

impl<'a> Replay<'a> {
    /// Of something that is done to what lies on a disk.
    fn new(before: &Tree, act: Act<'a>) -> Self {
        let disk = Disk::with(before);
        act(disk.folder()).unwrap();
        Self {
            act,
            whole: disk.tree(),
            was_killed: false,
            seen: HashSet::new(),
            n_cuts: 0,
        }
    }

    /// Cuts the power after changes from the nth on, one of so many.
    fn cut(&mut self, before: &Tree, changes: &[Change], from: usize, every: usize) {
        let mut platter = Platter::new(before);
        let mut committed = committed_in(before);
        for (nth, change) in changes.iter().enumerate() {
            platter.follow(change);
            if matches!(change, Change::SyncFolder(path) if path == LOG) {
                committed = committed_in(&everything(&platter));
            }
            let is_last = nth + 1 == changes.len();
            if nth < from || !(nth - from).is_multiple_of(every) && !is_last {
                continue;
            }
            for left in power_cuts(&platter, nth as u64, if every == 1 { 8 } else { 2 }) {
                let at = || format!("after change {nth}, {:?}", short(change));
                for (path, text) in &committed {
                    assert!(left.get(path) == Some(text), "{path} is lost {}", at());
                }
                if is_last {
                    self.assert_done(&left);
                    let runs = |tree: &Tree| tree.keys().filter(|path| is_of_runs(path)).count();
                    let all = runs(&everything(&platter));
                    assert!(self.was_killed || runs(&left) == all, "summaries");
                }
                self.n_cuts += 1;
                if self.seen.insert(left.clone()) {
                    self.go_on(&left, &at());
                }
            }
        }
    }

    /// Fails unless all is there that is to be, whoever looks, and nothing that is not.
    fn assert_done(&self, left: &Tree) {
        let (is, should_be) = (told_of(left), told_of(&self.whole));
        for (path, what) in &should_be {
            assert_eq!(is.get(path), Some(what), "{path}");
        }
        for path in is.keys().filter(|path| has_kind(path, "parquet")) {
            assert!(should_be.contains_key(path), "{path}");
        }
    }

    /// Says what was tried, to whom asks for more than is usual.
    fn report(&self, n_changes: usize) {
        if std::env::var(EVERY).is_err() {
            return;
        }
        let line = format!(
            "{n_changes} changes, {} power cuts, {} different ends\n",
            self.n_cuts,
            self.seen.len()
        );
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// Does the same again, given what a power cut left.
    fn go_on(&self, left: &Tree, at: &str) {
        let disk = Disk::with(left);
        let done = (self.act)(disk.folder());
        assert!(done.is_ok(), "{at}: {done:?}");
        let end = disk.tree();
        let (is, should_be) = (told_of(&end), told_of(&self.whole));
        assert_eq!(
            is.keys().collect::<Vec<_>>(),
            should_be.keys().collect::<Vec<_>>(),
            "{at}"
        );
        assert!(is == should_be, "equal files {at}");
        for (path, text) in committed_in(left) {
            assert!(end.get(&path) == Some(&text), "{path} is another {at}");
        }
        let report = verify(disk.tables().to_str().unwrap(), &AwsOptions::default()).unwrap();
        assert!(report.findings.is_empty(), "{at}: {:?}", report.findings);
        assert!(report.not_checked.is_empty(), "{at}");
    }
}

/// A change without its bytes.
fn short(change: &Change) -> Change {
    match change {
        Change::Write(number, _) => Change::Write(*number, Bytes::new()),
        change => change.clone(),
    }
}

fn everything(platter: &Platter) -> Tree {
    platter.after_power_cut(|_, open| open, <[u8]>::to_vec)
}

/// What may be left when the power goes: nothing that is not sure, all of it, names alone; each name without the others, all without it; and
/// some by chance.
fn power_cuts(platter: &Platter, seed: u64, n_random: u64) -> Vec<Tree> {
    let nothing = |_: &[u8]| Vec::new();
    let zeros = |bytes: &[u8]| vec![0; bytes.len()];
    let mut left = vec![
        platter.after_power_cut(|_, _| 0, nothing),
        everything(platter),
        platter.after_power_cut(|_, open| open, nothing),
        platter.after_power_cut(|_, open| open, zeros),
    ];
    for one in platter.open_names() {
        let alone = |at: &At, open: usize| if *at == one { open } else { 0 };
        let missing = |at: &At, open: usize| if *at == one { 0 } else { open };
        left.push(platter.after_power_cut(alone, nothing));
        left.push(platter.after_power_cut(missing, <[u8]>::to_vec));
    }
    for n in 0..n_random {
        let chance = Chance::new(seed * 100 + n);
        left.push(platter.after_power_cut(
            |_, open| chance.below(open + 1),
            |bytes| match chance.below(4) {
                0 => Vec::new(),
                1 => vec![0; bytes.len()],
                2 => bytes.to_vec(),
                _ => bytes[..chance.below(bytes.len() + 1)].to_vec(),
            },
        ));
    }
    left
}

/// Numbers that are the same every time.
struct Chance {
    seed: u64,
    drawn: Cell<u64>,
}

impl Chance {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: Cell::new(0),
        }
    }

    fn below(&self, n: usize) -> usize {
        self.drawn.set(self.drawn.get() + 1);
        let number = xxh3_64_with_seed(&self.drawn.get().to_le_bytes(), self.seed);
        usize::try_from(number % n as u64).unwrap()
    }
}

/// Delivers objects, two of a day; each has an event of its own, and one that all have.
fn deliver(bucket: &Bucket, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let day = 1 + number / 2;
        let at = format!("202608{day:02}T1200Z");
        let key = delivery_key("111122223333", "us-east-1", &at, number);
        let time = format!("2026-08-{day:02}T11:00:00Z");
        let own = event(u64::from(number), &time, "");
        let common = event(99, "2026-08-01T10:00:00Z", "");
        bucket.deliver(&key, &[own, common]);
    }
}

/// A bucket, and a disk with a dataset of its first objects.
fn begun() -> (Bucket, Tree) {
    let (bucket, disk) = (Bucket::new(), Disk::new());
    deliver(&bucket, 0..4);
    run(&bucket, disk.folder()).unwrap();
    (bucket, disk.tree())
}

fn compact(place: Arc<dyn Store>) -> anyhow::Result<()> {
    compact_at(place, false).map(drop)
}

/// Does something, killed after so many changes and done again where that is asked for; returns what it changed.
fn changes(before: &Tree, act: Act<'_>, killed_after: Option<usize>) -> Vec<Change> {
    let disk = Disk::with(before);
    let double = DiskDouble::new(disk.dir.path());
    if killed_after.is_some() {
        double.stop_after(killed_after);
        // What comes last, the summary of the run, can fail and is not missed: such a run ends well.
        let _ = act(disk.folder_on(&double));
        double.stop_after(None);
    }
    act(disk.folder_on(&double)).unwrap();
    double.changes()
}

fn check(before: &Tree, act: Act<'_>) {
    let mut replay = Replay::new(before, act);
    let changes = changes(before, act, None);
    assert!(changes.len() > 60, "{}", changes.len());
    replay.cut(before, &changes, 0, every(13));
    replay.report(changes.len());
}

/// What the killed one did may not last yet when the next one finds it done.
fn check_killed(before: &Tree, act: Act<'_>) {
    let mut replay = Replay::new(before, act);
    replay.was_killed = true;
    let n_changes = changes(before, act, None).len();
    let every = every(47);
    for killed_after in (0..n_changes).step_by(every) {
        let changes = changes(before, act, Some(killed_after));
        let every = if every == 1 { 5 } else { 29 };
        replay.cut(before, &changes, killed_after, every);
    }
    replay.report(n_changes);
}

/// What goes on after a power cut may meet another.
fn check_twice(before: &Tree, act: Act<'_>) {
    let mut replay = Replay::new(before, act);
    let first = changes(before, act, None);
    let mut platter = Platter::new(before);
    let every = every(61);
    for (nth, change) in first.iter().enumerate() {
        platter.follow(change);
        if nth % every.max(7) == 0 {
            for left in power_cuts(&platter, nth as u64, 1).iter().step_by(11) {
                let again = changes(left, act, None);
                replay.cut(left, &again, 0, if every == 1 { 13 } else { 53 });
            }
        }
    }
    replay.report(first.len());
}

#[test]
fn a_first_run_goes_on_after_a_power_cut() {
    let bucket = Bucket::new();
    deliver(&bucket, 0..3);
    check(&Tree::new(), &|place| run(&bucket, place));
}

#[test]
fn a_run_that_adds_goes_on_after_a_power_cut() {
    let (bucket, before) = begun();
    deliver(&bucket, 4..7);
    check(&before, &|place| run(&bucket, place));
}

#[test]
fn a_compaction_goes_on_after_a_power_cut() {
    check(&begun().1, &compact);
}

#[test]
fn a_run_that_goes_on_after_a_power_cut_goes_on_after_another() {
    let (bucket, before) = begun();
    deliver(&bucket, 4..6);
    check_twice(&before, &|place| run(&bucket, place));
}

#[test]
fn a_run_that_was_killed_and_gone_on_with_goes_on_after_a_power_cut() {
    let bucket = Bucket::new();
    deliver(&bucket, 0..3);
    // Who makes folders above the dataset's and is killed then cannot be found out.
    let before = Tree::from([("new".to_owned(), None)]);
    check_killed(&before, &|place| run(&bucket, place));
}

#[test]
fn a_compaction_that_was_killed_and_gone_on_with_goes_on_after_a_power_cut() {
    check_killed(&begun().1, &compact);
}

/// Of an entry that was linked by one that was killed before it was synced: the next one deleted what it replaces.
#[test]
fn regression_an_entry_lasts_before_it_is_acted_upon() {
    let before = begun().1;
    let is_entry = |change: &Change| matches!(change, Change::Link(_, to) if has_kind(to, "json"));
    let linked = changes(&before, &compact, None).iter().position(is_entry);
    let killed_after = linked.unwrap() + 1;
    let changes = changes(&before, &compact, Some(killed_after));
    Replay::new(&before, &compact).cut(&before, &changes, killed_after, 9);
}
