//! The log: entries from 1 without a gap, each what it was when it was written, and the files that they make the
//! dataset's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use super::{Finding, Kind};
use crate::commit::{DataFile, Entry, done_path, done_text, entry_path};
use crate::trail::hash::hex;

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
    /// The entries that are not published, as far as is known.
    pub unfinished: BTreeSet<u64>,
    /// Number and SHA-256 of the last entry that is there.
    pub last: Option<(u64, String)>,
    /// What is wrong.
    pub findings: Vec<Finding>,
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
        if done.is_none() {
            self.unfinished.insert(number);
        }
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
        if !file.stays_inside() {
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

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

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
}
