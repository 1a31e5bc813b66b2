//! What an entry of the log may do, by what it is for; and what the whole dataset keeps to.

use std::collections::{BTreeMap, BTreeSet};

use super::log::Log;
use super::{Finding, Kind};
use crate::commit::{DataFile, Entry, Purpose, SETTINGS_PATH, entry_path};
use crate::table::{ADDITIVE, DERIVED, Table};

/// Returns the numbers of the entries that a later one takes back.
pub fn taken_back(entries: &[Entry]) -> BTreeSet<u64> {
    let number = |entry: &Entry| match entry.purpose {
        Purpose::Void(number) => Some(number),
        _ => None,
    };
    entries.iter().filter_map(number).collect()
}

/// Returns the names of the commits whose objects are in the books.
pub fn groups(entries: &[Entry]) -> BTreeSet<&str> {
    let gone = taken_back(entries);
    let stays = |entry: &&Entry| entry.purpose == Purpose::Add && !gone.contains(&entry.number);
    let adding = entries.iter().filter(stays);
    adding.map(|entry| entry.commit_id.as_str()).collect()
}

/// Holds each entry against what it says that it is for. Of a log with gaps nothing can be said.
pub fn check_purposes(log: &Log) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !log.is_whole {
        return findings;
    }
    let mut known: BTreeMap<&str, &DataFile> = BTreeMap::new();
    let mut before: Option<&Entry> = None;
    for entry in &log.entries {
        let removed = entry.removed.iter();
        let removed: Vec<&DataFile> = removed
            .filter_map(|path| known.get(path.as_str()).copied())
            .collect();
        let wrong = match entry.purpose {
            Purpose::Add => None,
            Purpose::Claim => claim(entry),
            Purpose::Void(number) => void(entry, number, before),
            Purpose::Compact => compaction(entry, &removed),
            Purpose::Rebuild => rebuilding(entry, &removed),
        };
        let finding = |what| Finding::new(Kind::Mismatch, entry_path(entry.number), what);
        findings.extend(wrong.map(finding));
        known.extend(entry.added.iter().map(|file| (file.path.as_str(), file)));
        before = Some(entry);
    }
    findings
}

const FAULTY: &str = "the log was changed, or written by a faulty program";

fn claim(entry: &Entry) -> Option<String> {
    let is_empty = entry.added.is_empty() && entry.removed.is_empty();
    (!is_empty).then(|| format!("it is a claim, and adds or removes files: {FAULTY}"))
}

fn void(entry: &Entry, number: u64, before: Option<&Entry>) -> Option<String> {
    let Some(undone) = before.filter(|before| before.number == number) else {
        return Some(format!(
            "it takes back entry {number}, which is not the one before it: {FAULTY}"
        ));
    };
    let undoes =
        are(&entry.removed, paths(&undone.added)) && are(&undone.removed, paths(&entry.added));
    (!undoes).then(|| {
        format!("it takes back entry {number}, and does not undo just what that one did: {FAULTY}")
    })
}

fn paths(files: &[DataFile]) -> impl Iterator<Item = &String> {
    files.iter().map(|file| &file.path)
}

fn are<'p>(paths: &'p [String], others: impl Iterator<Item = &'p String>) -> bool {
    paths.iter().collect::<BTreeSet<_>>() == others.collect()
}

fn compaction(entry: &Entry, removed: &[&DataFile]) -> Option<String> {
    let files = || entry.added.iter().chain(removed.iter().copied());
    let folder = |file: &DataFile| {
        file.path
            .rsplit_once('/')
            .map(|(folder, _)| folder.to_owned())
    };
    if distinct(files().map(folder)) > 1 {
        return Some(format!(
            "it compacts files of more than one partition: {FAULTY}"
        ));
    }
    let rows = |files: &mut dyn Iterator<Item = &DataFile>| -> u128 {
        files.map(|file| u128::from(file.rows)).sum()
    };
    let (before, after) = (
        rows(&mut removed.iter().copied()),
        rows(&mut entry.added.iter()),
    );
    let is_additive = files().all(|file| has(&ADDITIVE, file));
    let fits = if is_additive {
        after <= before
    } else {
        after == before
    };
    (!fits).then(|| format!("it compacts {before} rows to {after}: {FAULTY}"))
}

fn rebuilding(entry: &Entry, removed: &[&DataFile]) -> Option<String> {
    let files = || entry.added.iter().chain(removed.iter().copied());
    let date = |file: &DataFile| file.path.split('/').nth(1).map(str::to_owned);
    if distinct(files().map(date)) > 1 {
        return Some(format!("it derives more than one day again: {FAULTY}"));
    }
    let other = files().find(|file| !has(&DERIVED, file))?;
    Some(format!(
        "it replaces {}, which is not derived from events: {FAULTY}",
        other.path
    ))
}

fn distinct(items: impl Iterator<Item = Option<String>>) -> usize {
    items.collect::<BTreeSet<_>>().len()
}

fn has(tables: &[&Table], file: &DataFile) -> bool {
    tables.iter().any(|table| table.name == file.table)
}

/// Holds `dataset.json` against the settings that the log has.
pub fn check_settings(log: &Log, stored: Option<&Result<Vec<u8>, String>>) -> Option<Finding> {
    let find = |kind, what: &str| Some(Finding::new(kind, SETTINGS_PATH, what));
    let gone = taken_back(&log.entries);
    let mut settled = log
        .entries
        .iter()
        .filter(|entry| !gone.contains(&entry.number));
    let entry = settled.find(|entry| entry.settings.is_some());
    let expected = entry.and_then(|entry| Some(entry.settings.as_ref()?.to_json()));
    match (expected, stored) {
        (_, Some(Err(why))) => find(Kind::Unreadable, &format!("it cannot be read: {why}")),
        (Some(expected), Some(Ok(found))) if expected == *found => None,
        (Some(_), Some(Ok(_))) => find(
            Kind::Changed,
            "it is not what the log has as the dataset's settings: trailmill goes by the log, others may be misled; restore it from a copy of the dataset",
        ),
        // It is written when the entry's files are.
        (Some(_), None) if entry.is_some_and(|entry| log.unfinished.contains(&entry.number)) => {
            None
        }
        (Some(_), None) => find(
            Kind::Missing,
            "it is not there: trailmill goes by the log and does not need it; restore it from a copy of the dataset",
        ),
        (None, Some(Ok(_))) if log.is_whole => find(
            Kind::Foreign,
            "no entry of the log has settings: it was put there",
        ),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entry, file};
    use super::*;
    use crate::commit::Settings;

    fn log(entries: Vec<Entry>) -> Log {
        Log {
            entries,
            is_whole: true,
            ..Log::default()
        }
    }

    /// What is wrong with an entry that follows one which adds three files.
    fn wrong(purpose: Purpose, added: &[(&str, u64)], removed: &[&str]) -> Option<String> {
        let first = entry(1, &[EVENTS, MORE_EVENTS, SIGN_INS], &[]);
        let added = added.iter().map(|(path, rows)| DataFile {
            rows: *rows,
            ..named(path)
        });
        let second = Entry {
            purpose,
            added: added.collect(),
            ..entry(2, &[], removed)
        };
        let mut first = first;
        first.added = first.added.iter().map(|file| named(&file.path)).collect();
        let mut findings = check_purposes(&log(vec![first, second])).into_iter();
        let finding = findings.next()?;
        assert_eq!(findings.next(), None);
        assert_eq!(
            (finding.kind, finding.path.as_str()),
            (Kind::Mismatch, "_trailmill/log/2.json")
        );
        Some(finding.what)
    }

    const EVENTS: &str = "events/event_date=1970-01-02/a.parquet";
    const MORE_EVENTS: &str = "events/event_date=1970-01-02/b.parquet";
    const SIGN_INS: &str = "sign_ins/event_date=1970-01-02/a.parquet";

    /// A file of two rows, of the table in its path.
    fn named(path: &str) -> DataFile {
        let table = path.split('/').next().unwrap_or_default().to_owned();
        DataFile {
            table,
            ..file(path)
        }
    }

    #[test]
    fn entries_do_what_they_are_for() {
        let compacted = "events/event_date=1970-01-02/c.parquet";
        let again = "sign_ins/event_date=1970-01-02/c.parquet";
        for (purpose, added, removed) in [
            (Purpose::Add, &[(compacted, 7)][..], &[][..]),
            (Purpose::Claim, &[], &[]),
            (Purpose::Void(1), &[], &[EVENTS, MORE_EVENTS, SIGN_INS]),
            (Purpose::Compact, &[(compacted, 4)], &[EVENTS, MORE_EVENTS]),
            (Purpose::Rebuild, &[(again, 9)], &[SIGN_INS]),
            (Purpose::Rebuild, &[], &[SIGN_INS]),
        ] {
            assert_eq!(wrong(purpose, added, removed), None, "{purpose:?}");
        }
    }

    #[test]
    fn entries_that_do_something_else() {
        let compacted = "events/event_date=1970-01-02/c.parquet";
        let other_day = "sign_ins/event_date=1970-01-03/c.parquet";
        for (purpose, added, removed, words) in [
            (Purpose::Claim, &[][..], &[EVENTS][..], "it is a claim"),
            (
                Purpose::Void(7),
                &[],
                &[],
                "it takes back entry 7, which is not the one before",
            ),
            (Purpose::Void(1), &[], &[EVENTS], "does not undo just what"),
            (
                Purpose::Compact,
                &[(compacted, 3)],
                &[EVENTS, MORE_EVENTS],
                "it compacts 4 rows to 3",
            ),
            (
                Purpose::Compact,
                &[(compacted, 4)],
                &[EVENTS, SIGN_INS],
                "more than one partition",
            ),
            (
                Purpose::Rebuild,
                &[(compacted, 4)],
                &[SIGN_INS],
                "which is not derived",
            ),
            (
                Purpose::Rebuild,
                &[(other_day, 4)],
                &[SIGN_INS],
                "more than one day",
            ),
        ] {
            let what = wrong(purpose, added, removed).expect(words);
            assert!(what.contains(words), "{what}");
        }
    }

    #[test]
    fn commits_that_are_taken_back_have_no_objects() {
        let void = Entry {
            purpose: Purpose::Void(2),
            ..entry(3, &[], &["b"])
        };
        let entries = [entry(1, &["a"], &[]), entry(2, &["b"], &[]), void];
        assert_eq!(groups(&entries), BTreeSet::from(["c1"]));
    }

    #[test]
    fn settings_are_those_of_the_log() {
        let settings = Settings {
            tables: vec!["events".to_owned()],
            bucket_seconds: 900,
            filters: BTreeMap::new(),
        };
        let settled = Entry {
            settings: Some(settings.clone()),
            ..entry(1, &["a"], &[])
        };
        let with = log(vec![settled]);
        let kind = |log: &Log, stored: Option<&[u8]>| {
            let stored = stored.map(|bytes| Ok(bytes.to_vec()));
            check_settings(log, stored.as_ref()).map(|finding| finding.kind)
        };
        assert_eq!(kind(&with, Some(&settings.to_json())), None);
        assert_eq!(kind(&with, Some(b"{}")), Some(Kind::Changed));
        assert_eq!(kind(&with, None), Some(Kind::Missing));
        let without = log(vec![entry(1, &["a"], &[])]);
        assert_eq!(kind(&without, None), None);
        assert_eq!(kind(&without, Some(b"{}")), Some(Kind::Foreign));
        let unfinished = Log {
            unfinished: BTreeSet::from([1]),
            ..with
        };
        assert_eq!(kind(&unfinished, None), None);
    }
}
