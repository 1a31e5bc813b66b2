//! What must hold between the log, the data files and the books of a dataset, as comparisons of values.
//!
//! Reading them is `verify`'s. Everything here may come from somebody who wants it to be believed: any number, any path, any text.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::commit::{DataFile, Entry, done_text};
use crate::table::objects::Counts;
use crate::table::{SCHEMA_VERSION, TABLES, Table};
use crate::trail::hash::hex;
use crate::trail::time::{DAY, parse_date};

/// What is wrong. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An entry of the log is not there.
    LogMissing,
    /// An entry of the log cannot be read.
    LogUnreadable,
    /// An entry of the log is not what was written.
    LogChanged,
    /// Nothing says what an entry's bytes were: it cannot be checked.
    LogUnsealed,
    /// A run has not ended.
    Unfinished,
    /// A data file is not there.
    Missing,
    /// A data file has other bytes than the entry says.
    Changed,
    /// A data file cannot be read.
    Unreadable,
    /// A data file, or the log itself, holds something else than an entry says.
    Mismatch,
    /// A file that was removed is still there.
    Obsolete,
    /// A file that no entry names.
    Foreign,
    /// A path or a link that leads out of the dataset.
    Outside,
    /// The books do not fit the tables.
    Books,
}

impl Kind {
    /// Returns the name, in text and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogMissing => "log_missing",
            Self::LogUnreadable => "log_unreadable",
            Self::LogChanged => "log_changed",
            Self::LogUnsealed => "log_unsealed",
            Self::Unfinished => "unfinished",
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Unreadable => "unreadable",
            Self::Mismatch => "mismatch",
            Self::Obsolete => "obsolete",
            Self::Foreign => "foreign",
            Self::Outside => "outside",
            Self::Books => "books",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// Where, from the dataset's root, with `/`.
    pub path: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Finding {
    /// Returns a finding.
    pub fn new(kind: Kind, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.into(),
            what: what.into(),
        }
    }
}

/// What lies in the log's folder under one number.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// `<n>.json`, or why it cannot be read.
    pub entry: Option<Result<Vec<u8>, String>>,
    /// `<n>.done`, or why it cannot be read.
    pub done: Option<Result<Vec<u8>, String>>,
}

/// The log, read.
#[derive(Debug, Default)]
pub struct Log {
    /// The entries that can be read, in order of their numbers.
    pub entries: Vec<Entry>,
    /// Whether every entry is there and can be read: whether it is known which files are the dataset's.
    pub is_whole: bool,
    /// Number and SHA-256 of the last entry that is there.
    pub last: Option<(u64, String)>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Returns where an entry lies.
pub fn entry_path(number: u64) -> String {
    format!("_trailmill/log/{number}.json")
}

fn done_path(number: u64) -> String {
    format!("_trailmill/log/{number}.done")
}

/// Reads the log: entries from 1 without a gap, each what it was when it was written.
pub fn read_log(stored: &BTreeMap<u64, Stored>) -> Log {
    let mut log = Log {
        is_whole: true,
        ..Log::default()
    };
    let mut expected = 1;
    let mut before: Option<String> = None;
    for (number, stored) in stored {
        let Some(entry) = &stored.entry else {
            continue;
        };
        if *number > expected {
            log.miss(expected..=*number - 1);
            before = None;
        }
        expected = number.saturating_add(1);
        before = log.read_entry(*number, entry, stored.done.as_ref(), before.as_deref());
    }
    let last = stored.keys().last().copied().unwrap_or(1);
    if last >= expected {
        log.miss(expected..=last);
    }
    log
}

impl Log {
    fn find(&mut self, kind: Kind, number: u64, what: impl Into<String>) {
        self.findings
            .push(Finding::new(kind, entry_path(number), what));
    }

    fn miss(&mut self, numbers: RangeInclusive<u64>) {
        self.is_whole = false;
        let (first, last) = (*numbers.start(), *numbers.end());
        let which = if first == last {
            format!("entry {first} is")
        } else {
            format!("entries {first} to {last} are")
        };
        self.find(
            Kind::LogMissing,
            first,
            format!(
                "{which} not there, so what belongs to the dataset is not known: restore it from a copy of the dataset"
            ),
        );
    }

    /// Reads an entry; returns its SHA-256, which the next must name.
    fn read_entry(
        &mut self,
        number: u64,
        text: &Result<Vec<u8>, String>,
        done: Option<&Result<Vec<u8>, String>>,
        before: Option<&str>,
    ) -> Option<String> {
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                self.is_whole = false;
                self.find(
                    Kind::LogUnreadable,
                    number,
                    format!("it cannot be read: {why}"),
                );
                return None;
            }
        };
        let sha256 = hex(&Sha256::digest(text));
        self.last = Some((number, sha256.clone()));
        self.check_done(number, &sha256, done);
        match Entry::from_json(text) {
            Ok(entry) => {
                self.check_place(number, &entry, before);
                self.entries.push(entry);
            }
            Err(why) => {
                self.is_whole = false;
                self.find(
                    Kind::LogUnreadable,
                    number,
                    format!("it is no entry: {why}; restore it from a copy of the dataset"),
                );
            }
        }
        Some(sha256)
    }

    fn check_done(&mut self, number: u64, sha256: &str, done: Option<&Result<Vec<u8>, String>>) {
        let path = done_path(number);
        let (kind, path, what) = match done {
            None => (
                Kind::Unfinished,
                entry_path(number),
                format!(
                    "there is no {number}.done: a run is at work, was killed while it published its files, or the file was deleted"
                ),
            ),
            Some(Err(why)) => (
                Kind::LogUnreadable,
                path,
                format!("it cannot be read: {why}"),
            ),
            Some(Ok(said)) if said.is_empty() => (
                Kind::LogUnsealed,
                path,
                format!(
                    "it is empty and should hold the SHA-256 of {number}.json: what in that entry concerns no file cannot be checked"
                ),
            ),
            Some(Ok(said)) if *said != done_text(sha256).into_bytes() => (
                Kind::LogChanged,
                entry_path(number),
                format!(
                    "its SHA-256 is {sha256}, and {number}.done says otherwise: one of the two was changed after the run; compare both with a copy of the dataset"
                ),
            ),
            Some(Ok(_)) => return,
        };
        self.findings.push(Finding::new(kind, path, what));
    }

    fn check_place(&mut self, number: u64, entry: &Entry, before: Option<&str>) {
        if entry.number != number {
            let what = format!(
                "it says that it is entry {}: it was renamed or changed",
                entry.number
            );
            self.find(Kind::LogChanged, number, what);
        }
        let parent = entry.parent.as_deref();
        if number == 1 && parent.is_some() {
            self.find(
                Kind::LogChanged,
                1,
                "it names an entry before it, and the first has none: it was renamed or changed",
            );
        }
        // Where the entry before it is not there, that is a finding of its own.
        let Some(before) = before.filter(|before| parent != Some(before)) else {
            return;
        };
        let what = format!(
            "its SHA-256 is {before}, and entry {number} says {}: one of the two was changed after the run; compare both with a copy of the dataset",
            parent.unwrap_or("that there is none before it")
        );
        self.find(Kind::LogChanged, number - 1, what);
    }
}

/// A file of the dataset as the log has it.
#[derive(Debug, Clone, Copy)]
pub struct Live<'e> {
    /// What the log says.
    pub file: &'e DataFile,
    /// The entry that added it.
    pub entry: &'e Entry,
}

/// Which files are the dataset's, by the log.
#[derive(Debug, Default)]
pub struct Files<'e> {
    /// Those added and not removed later, by path.
    pub live: BTreeMap<&'e str, Live<'e>>,
    /// Those removed and not added again, and by which entry.
    pub removed: BTreeMap<&'e str, u64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Follows the log to the files that are the dataset's.
pub fn files(log: &Log) -> Files<'_> {
    let mut files = Files::default();
    for entry in &log.entries {
        for path in &entry.removed {
            let was_live = files.live.remove(path.as_str()).is_some();
            files.removed.insert(path, entry.number);
            if !was_live && log.is_whole {
                let what = format!(
                    "entry {} removes it, and no entry before has added it: the log was changed, or written by a faulty program",
                    entry.number
                );
                files
                    .findings
                    .push(Finding::new(Kind::Mismatch, path, what));
            }
        }
        for file in &entry.added {
            files.add(file, entry);
        }
    }
    files
}

impl<'e> Files<'e> {
    fn add(&mut self, file: &'e DataFile, entry: &'e Entry) {
        let finding = |kind, what| Finding::new(kind, &file.path, what);
        if !stays_inside(&file.path) {
            let what = format!(
                "entry {} names this path, which does not lie below the dataset's folder: nothing was read there; the entry was made to mislead or is damaged",
                entry.number
            );
            self.findings.push(finding(Kind::Outside, what));
            return;
        }
        self.removed.remove(file.path.as_str());
        if let Some(earlier) = self.live.insert(&file.path, Live { file, entry }) {
            let what = format!(
                "entry {} adds it, and entry {} has added it already: the log was changed, or written by a faulty program",
                entry.number, earlier.entry.number
            );
            self.findings.push(finding(Kind::Mismatch, what));
        }
    }
}

/// Returns true for a relative path without `..` and the like, on any system.
fn stays_inside(path: &str) -> bool {
    path.split('/').all(|part| {
        !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':', '\0'])
    })
}

/// Returns a table by its name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.name == name)
}

/// Returns the column whose values `times` are about, where it is in the files.
pub fn time_column(table: &Table) -> Option<&'static str> {
    let column = &table.columns[*table.order.first()?];
    column.is_written().then_some(column.name)
}

/// What a data file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Its rows.
    pub rows: u64,
    /// `trailmill.schema_version`.
    pub schema_version: Option<String>,
    /// `trailmill.table`.
    pub table: Option<String>,
    /// The first and last value of [`time_column`], by the statistics of its row groups.
    pub times: Option<(i64, i64)>,
}

/// Holds what an entry says of a file against what the file says.
pub fn check_contents(file: &DataFile, contents: &Contents) -> Vec<String> {
    let mut wrong = Vec::new();
    if contents.rows != file.rows {
        wrong.push(format!(
            "it has {} rows, and its entry says {}",
            contents.rows, file.rows
        ));
    }
    if contents.table.as_deref() != Some(&file.table) {
        wrong.push(match &contents.table {
            Some(table) => format!("it is of table {table}, and its entry says {}", file.table),
            None => "it does not say of which table it is: trailmill did not write it".to_owned(),
        });
    }
    let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
    let version = contents.schema_version.as_deref();
    if version.map(major) != Some(major(SCHEMA_VERSION)) {
        wrong.push(format!(
            "its schema version is {}, and this trailmill knows {SCHEMA_VERSION}: use one that fits",
            version.unwrap_or("not there")
        ));
    }
    match table(&file.table) {
        Some(table) => check_times(file, table, contents.times, &mut wrong),
        None => wrong.push(format!(
            "this trailmill knows no table {}: its times are not checked",
            file.table
        )),
    }
    wrong
}

/// The partition in the path, the times in the entry and the times in the file.
fn check_times(file: &DataFile, table: &Table, found: Option<(i64, i64)>, wrong: &mut Vec<String>) {
    let Some(day) = partition(&file.path, table) else {
        wrong.push(format!(
            "its path is not {}/{}=<date>/<name>.parquet, as every file of this table has",
            table.name, table.partition
        ));
        return;
    };
    let Some((first, last)) = file.times else {
        if file.rows > 0 {
            wrong.push("its entry does not say of what times it is".to_owned());
        }
        return;
    };
    let day = day..day + DAY;
    if first > last || !day.contains(&first) || !day.contains(&last) {
        wrong.push(format!(
            "its entry says that it is of the times {first} to {last} (microseconds since 1970), which are not of the day in its path"
        ));
    }
    if time_column(table).is_some() && found != Some((first, last)) {
        let found = match found {
            Some((first, last)) => format!("{first} to {last}"),
            None => "not there".to_owned(),
        };
        wrong.push(format!(
            "its statistics say that its times are {found} (microseconds since 1970), and its entry says {first} to {last}"
        ));
    }
}

/// Returns the first moment of the day that a path is of; nothing where it is not a path of the table.
fn partition(path: &str, table: &Table) -> Option<i64> {
    let mut parts = path.split('/');
    let folder = parts.next()?;
    let (column, date) = parts.next()?.split_once('=')?;
    let name = parts.next()?;
    let is_of_table = folder == table.name && column == table.partition;
    (is_of_table && name.ends_with(".parquet") && parts.next().is_none())
        .then(|| parse_date(date))?
}

/// What a row of the tables says became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stands in `events`, `insights` or `aggregated_events`.
    Written,
    /// It is a row of `duplicates`.
    Duplicate,
    /// It is a row of `rejects`.
    Rejected,
    /// A row of `rejects` that says that further rejects of the object have none.
    FurtherRejects,
    /// A row of `rejects` about the object itself, which `objects` does not count.
    ObjectRejected,
}

/// A delivery object of a commit, by a hash: names would take ten times the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectKey([u8; 16]);

impl ObjectKey {
    /// Returns the key of an object. Who made its name must not be able to find another with the same key, so it is cryptographic.
    pub fn new(commit: &str, source: &str, source_object: &str) -> Self {
        let mut hash = Sha256::new();
        for text in [commit, source] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.update(source_object);
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }
}

/// What `objects` says and what the tables have, of one object or of a whole commit.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// Written, duplicates, rejected: as `objects` says.
    said: [u64; 3],
    /// The same as the tables have it.
    found: [u64; 3],
    has_further_rejects: bool,
}

impl Tally {
    fn say(&mut self, counts: &Counts) {
        let counts = [counts.written, counts.duplicates, counts.rejected];
        for (said, count) in self.said.iter_mut().zip(counts) {
            *said = said.saturating_add(count);
        }
    }

    fn see(&mut self, fate: Fate) {
        match fate {
            Fate::Written => self.found[0] += 1,
            Fate::Duplicate => self.found[1] += 1,
            Fate::Rejected => self.found[2] += 1,
            Fate::FurtherRejects => self.has_further_rejects = true,
            Fate::ObjectRejected => {}
        }
    }

    /// Says what does not fit.
    fn wrong(&self) -> Option<String> {
        const OF: [(&str, &str); 3] = [
            ("written", "events, insights and aggregated_events have"),
            ("duplicates", "table duplicates has"),
            ("rejected", "table rejects has"),
        ];
        let mut wrong = Vec::new();
        for (n, (what, have)) in OF.into_iter().enumerate() {
            let (said, found) = (self.said[n], self.found[n]);
            let is_cut = n == 2 && self.has_further_rejects && found < said;
            if said != found && !is_cut {
                wrong.push(format!("{said} {what}, and {have} {found}"));
            }
        }
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }
}

/// The books against the tables.
#[derive(Debug, Default)]
pub struct Books {
    by_object: HashMap<ObjectKey, Tally>,
    by_commit: BTreeMap<String, Tally>,
    objects_max: usize,
    has_too_many: bool,
}

impl Books {
    /// Begins. Objects beyond so many are checked by their sums alone.
    pub fn new(objects_max: usize) -> Self {
        Self {
            objects_max,
            ..Self::default()
        }
    }

    /// Notes a row of `objects`; says what is wrong with it by itself.
    pub fn object(&mut self, commit: &str, key: ObjectKey, counts: &Counts) -> Option<String> {
        self.has_too_many |= self.by_object.len() >= self.objects_max;
        if self.has_too_many {
            self.by_object = HashMap::new();
        } else {
            self.by_object.entry(key).or_default().say(counts);
        }
        self.commit(commit).say(counts);
        let parts = [
            counts.written,
            counts.duplicates,
            counts.filtered,
            counts.rejected,
        ];
        let sum = parts.into_iter().fold(0, u64::saturating_add);
        (sum != counts.records).then(|| {
            format!(
                "{} records read, and {sum} written, duplicates, filtered and rejected",
                counts.records
            )
        })
    }

    /// Notes a record; returns false where `objects` does not have its object. All of `objects` has to be noted before.
    pub fn record(&mut self, commit: &str, key: ObjectKey, fate: Fate) -> bool {
        self.commit(commit).see(fate);
        match self.by_object.get_mut(&key) {
            Some(tally) => tally.see(fate),
            None => return self.has_too_many,
        }
        true
    }

    fn commit(&mut self, commit: &str) -> &mut Tally {
        if !self.by_commit.contains_key(commit) {
            self.by_commit.insert(commit.to_owned(), Tally::default());
        }
        self.by_commit.entry(commit.to_owned()).or_default()
    }

    /// Returns true where something does not fit of some object.
    pub fn has_wrong_objects(&self) -> bool {
        self.by_object.values().any(|tally| tally.wrong().is_some())
    }

    /// Says once what does not fit of an object.
    pub fn take_wrong(&mut self, key: ObjectKey) -> Option<String> {
        self.by_object.remove(&key)?.wrong()
    }

    /// Says what does not fit of whole commits, by their names.
    pub fn wrong_commits(&self) -> Vec<(&str, String)> {
        let wrong = self
            .by_commit
            .iter()
            .filter_map(|(commit, tally)| Some((commit.as_str(), tally.wrong()?)));
        wrong.collect()
    }

    /// Says what was not checked.
    pub fn not_checked(&self) -> Option<String> {
        self.has_too_many.then(|| {
            format!(
                "objects one by one: there are more than {}, and only their sums were held against the tables",
                self.objects_max
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::FORMAT_VERSION;

    const DAY_1: &str = "events/event_date=1970-01-02/a-000.parquet";

    fn file(path: &str) -> DataFile {
        DataFile {
            path: path.to_owned(),
            table: "events".to_owned(),
            bytes: 10,
            rows: 2,
            sha256: "00".to_owned(),
            times: Some((DAY, DAY + 1)),
        }
    }

    fn entry(number: u64, added: &[&str], removed: &[&str]) -> Entry {
        Entry {
            format: FORMAT_VERSION.to_owned(),
            number,
            parent: None,
            commit_id: format!("c{number}"),
            run_id: "r".to_owned(),
            nonce: "n".to_owned(),
            added: added.iter().map(|path| file(path)).collect(),
            removed: removed.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    /// Three entries, each with its `.done` and its parent.
    fn chain() -> BTreeMap<u64, Stored> {
        let mut stored = BTreeMap::new();
        let mut parent = None;
        for mut entry in [
            entry(1, &["a", "b"], &[]),
            entry(2, &["c"], &["a"]),
            entry(3, &["a"], &["b"]),
        ] {
            entry.parent = parent;
            let text = entry.to_json().expect("serializes");
            let sha256 = hex(&Sha256::digest(&text));
            let both = Stored {
                entry: Some(Ok(text)),
                done: Some(Ok(done_text(&sha256).into_bytes())),
            };
            stored.insert(entry.number, both);
            parent = Some(sha256);
        }
        stored
    }

    fn found(findings: &[Finding]) -> Vec<(Kind, &str)> {
        findings
            .iter()
            .map(|finding| (finding.kind, finding.path.as_str()))
            .collect()
    }

    #[test]
    fn a_sound_log_gives_its_live_files() {
        let log = read_log(&chain());
        assert_eq!(log.findings, []);
        assert!(log.is_whole);
        assert_eq!(log.last.as_ref().map(|(number, _)| *number), Some(3));
        let files = files(&log);
        assert_eq!(files.findings, []);
        let live: Vec<_> = files
            .live
            .iter()
            .map(|(path, live)| (*path, live.entry.number))
            .collect();
        assert_eq!(live, [("a", 3), ("c", 2)]);
        assert_eq!(files.removed, BTreeMap::from([("b", 3)]));
    }

    #[test]
    fn a_lost_entry_is_named() {
        for number in 1..=3 {
            let mut stored = chain();
            stored.get_mut(&number).expect("is there").entry = None;
            let log = read_log(&stored);
            assert_eq!(
                found(&log.findings),
                [(Kind::LogMissing, entry_path(number).as_str())],
                "its .done is left"
            );
            assert!(!log.is_whole);
        }
        for number in 1..=2 {
            let mut stored = chain();
            stored.remove(&number);
            let findings = read_log(&stored).findings;
            assert_eq!(
                found(&findings),
                [(Kind::LogMissing, entry_path(number).as_str())]
            );
        }
        let nothing = read_log(&BTreeMap::new()).findings;
        assert_eq!(
            found(&nothing),
            [(Kind::LogMissing, entry_path(1).as_str())]
        );
        let mut far = chain();
        far.insert(u64::MAX, Stored::default());
        let findings = read_log(&far).findings;
        assert!(
            findings[0]
                .what
                .starts_with("entries 4 to 18446744073709551615 are not there"),
            "{findings:?}"
        );
    }

    #[test]
    fn a_changed_byte_is_found_by_done_and_by_the_next_entry() {
        for number in 1..=3_u64 {
            let mut stored = chain();
            let Some(Ok(text)) = &mut stored.get_mut(&number).expect("is there").entry else {
                panic!("is there")
            };
            text.push(b' '); // white space alone
            let path = entry_path(number);
            let changed = (Kind::LogChanged, path.as_str());
            let findings = read_log(&stored).findings;
            assert_eq!(
                found(&findings),
                vec![changed; if number == 3 { 1 } else { 2 }]
            );
            for stored in stored.values_mut() {
                stored.done = Some(Ok(Vec::new()));
            }
            let findings = read_log(&stored).findings;
            let n_changed = findings
                .iter()
                .filter(|f| f.kind == Kind::LogChanged)
                .count();
            assert_eq!(n_changed, usize::from(number < 3), "by the next alone");
            let n_unsealed = findings
                .iter()
                .filter(|f| f.kind == Kind::LogUnsealed)
                .count();
            assert_eq!(n_unsealed, 3);
        }
    }

    #[test]
    fn what_else_is_wrong_with_a_log() {
        let check = |change: &dyn Fn(&mut BTreeMap<u64, Stored>), kinds: &[Kind]| {
            let mut stored = chain();
            change(&mut stored);
            let findings = read_log(&stored).findings;
            let found: Vec<_> = findings.iter().map(|finding| finding.kind).collect();
            assert_eq!(found, kinds, "{findings:?}");
        };
        let third = |stored: &mut BTreeMap<u64, Stored>| stored.remove(&3).expect("is there");
        check(
            &|stored| stored.get_mut(&3).expect("is there").done = None,
            &[Kind::Unfinished],
        );
        check(
            &|stored| stored.get_mut(&3).expect("is there").done = Some(Ok(b"0".to_vec())),
            &[Kind::LogChanged],
        );
        check(
            &|stored| stored.get_mut(&3).expect("is there").entry = Some(Ok(b"[]".to_vec())),
            &[Kind::LogChanged, Kind::LogUnreadable],
        );
        check(
            &|stored| stored.get_mut(&3).expect("is there").entry = Some(Err("no".to_owned())),
            &[Kind::LogUnreadable],
        );
        // The third entry under the name of the fourth, and of the first.
        check(
            &|stored| {
                let moved = third(stored);
                stored.insert(4, moved);
            },
            &[Kind::LogMissing, Kind::LogChanged],
        );
        check(
            &|stored| {
                let moved = third(stored);
                *stored = BTreeMap::from([(1, moved)]);
            },
            &[Kind::LogChanged, Kind::LogChanged],
        );
    }

    #[test]
    fn entries_that_contradict_each_other() {
        let log = |entries: &[Entry]| Log {
            entries: entries.to_vec(),
            is_whole: true,
            ..Log::default()
        };
        let twice = log(&[entry(1, &["a", "a"], &[])]);
        assert_eq!(found(&files(&twice).findings), [(Kind::Mismatch, "a")]);
        let never = log(&[entry(1, &["a"], &[]), entry(2, &[], &["b"])]);
        assert_eq!(found(&files(&never).findings), [(Kind::Mismatch, "b")]);
        for outside in [
            "../a",
            "/etc/passwd",
            "a/../../b",
            "a//b",
            "",
            ".",
            "C:/a",
            "a\\..\\b",
        ] {
            let log = log(&[entry(1, &[outside], &[])]);
            let files = files(&log);
            assert_eq!(found(&files.findings), [(Kind::Outside, outside)]);
            assert!(files.live.is_empty(), "nothing is read there");
        }
    }

    #[test]
    fn a_file_is_held_against_its_entry() {
        let sound = Contents {
            rows: 2,
            schema_version: Some(SCHEMA_VERSION.to_owned()),
            table: Some("events".to_owned()),
            times: Some((DAY, DAY + 1)),
        };
        assert!(check_contents(&file(DAY_1), &sound).is_empty());
        let wrong = |change: &dyn Fn(&mut DataFile, &mut Contents), words: &str| {
            let (mut file, mut contents) = (file(DAY_1), sound.clone());
            change(&mut file, &mut contents);
            let wrong = check_contents(&file, &contents);
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert!(wrong[0].contains(words), "{wrong:?}");
        };
        wrong(
            &|file, _| file.rows = 3,
            "it has 2 rows, and its entry says 3",
        );
        wrong(&|_, found| found.table = None, "trailmill did not write it");
        wrong(
            &|_, found| found.table = Some("insights".to_owned()),
            "of table insights",
        );
        wrong(
            &|_, found| found.schema_version = Some("2.0".to_owned()),
            "its schema version is 2.0",
        );
        wrong(
            &|_, found| found.schema_version = None,
            "its schema version is not there",
        );
        wrong(&|_, found| found.times = None, "its times are not there");
        wrong(
            &|_, found| found.times = Some((DAY, DAY)),
            "its statistics say",
        );
        wrong(&|file, _| file.times = None, "of what times it is");
        wrong(
            &|file, _| file.path = "events/a.parquet".to_owned(),
            "its path is not",
        );
        wrong(
            &|file, _| file.path = file.path.replace("1970-01-02", "1970-01-03"),
            "not of the day in its path",
        );
        wrong(
            &|file, found| {
                file.times = Some((i64::MIN, i64::MAX));
                found.times = file.times;
            },
            "not of the day in its path",
        );
    }

    fn counts(written: u64, duplicates: u64, rejected: u64) -> Counts {
        Counts {
            records: written + duplicates + rejected,
            written,
            duplicates,
            filtered: 0,
            rejected,
        }
    }

    fn books(objects_max: usize) -> (Books, [ObjectKey; 2]) {
        let mut books = Books::new(objects_max);
        let keys = ["a", "b"].map(|object| ObjectKey::new("c", "s", object));
        for key in keys {
            assert_eq!(books.object("c", key, &counts(2, 1, 1)), None);
            for fate in [
                Fate::Written,
                Fate::Written,
                Fate::Duplicate,
                Fate::Rejected,
            ] {
                assert!(books.record("c", key, fate));
            }
        }
        (books, keys)
    }

    #[test]
    fn books_that_fit() {
        let (mut books, [a, _]) = books(10);
        books.record("c", a, Fate::ObjectRejected);
        assert!(!books.has_wrong_objects());
        assert_eq!(books.wrong_commits(), []);
        assert_eq!(books.not_checked(), None);
    }

    #[test]
    fn books_that_do_not_fit() {
        let (mut changed, [a, b]) = books(10);
        changed.record("c", a, Fate::Written);
        assert_eq!(
            changed.take_wrong(a).as_deref(),
            Some("2 written, and events, insights and aggregated_events have 3")
        );
        assert_eq!(changed.take_wrong(a), None, "said once");
        assert_eq!(changed.take_wrong(b), None);
        assert_eq!(changed.wrong_commits().len(), 1);

        let (mut further, [a, _]) = books(10);
        further.object("c", a, &counts(0, 0, 5));
        assert!(further.has_wrong_objects());
        further.record("c", a, Fate::FurtherRejects);
        assert!(!further.has_wrong_objects(), "those beyond have no row");

        let (mut other, _) = books(10);
        assert!(!other.record("c", ObjectKey::new("c", "s", "c"), Fate::Written));
        assert!(!other.record("c", ObjectKey::new("d", "s", "a"), Fate::Written));
        let uneven = Counts {
            records: 9,
            ..counts(1, 2, 3)
        };
        assert_eq!(
            other.object("c", a, &uneven).as_deref(),
            Some("9 records read, and 6 written, duplicates, filtered and rejected")
        );
    }

    #[test]
    fn what_is_not_checked_is_said() {
        let (mut many, [a, _]) = books(1);
        assert!(many.record("c", ObjectKey::new("c", "s", "c"), Fate::Written));
        let note = many.not_checked().expect("says so");
        assert!(note.contains("more than 1,"), "{note}");
        assert_eq!(many.take_wrong(a), None);
        assert_eq!(
            many.wrong_commits(),
            [(
                "c",
                "4 written, and events, insights and aggregated_events have 5".to_owned()
            )]
        );
    }
}
