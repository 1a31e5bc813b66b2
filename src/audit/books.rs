//! The books: what table `objects` counts of each delivery object against the rows that the tables have of it.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use crate::table::objects::Counts;

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
            counts.read_before,
        ];
        let sum = parts.into_iter().fold(0, u64::saturating_add);
        (sum != counts.records).then(|| {
            format!(
                "{} records read, and {sum} written, duplicates, filtered, rejected and read before",
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

    fn counts(written: u64, duplicates: u64, rejected: u64) -> Counts {
        Counts {
            records: written + duplicates + rejected,
            written,
            duplicates,
            filtered: 0,
            rejected,
            read_before: 0,
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
            Some("9 records read, and 6 written, duplicates, filtered, rejected and read before")
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
