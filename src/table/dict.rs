//! Texts that repeat, kept once: a number for each.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of texts, numbered in the order in which they first came.
#[derive(Debug, Default)]
pub struct Dict {
    text: String,
    spans: Vec<Span>,
    /// By number. Where texts of several dictionaries are gathered, most are told apart by them, and not looked at.
    hashes: Vec<TextHash>,
    index: HashTable<Entry>,
    /// Texts that came lately, by their ends: most texts come again soon, and comparing costs less than hashing and a look into a
    /// large table.
    recent: Vec<Recent>,
}

/// A text's span, number and hash: what a look-up compares, and what growing needs, stands in the table itself, and not one
/// more miss of the cache away.
#[derive(Debug)]
struct Entry {
    span: Span,
    id: u32,
    hash: TextHash,
}

/// A text's span, and its number plus one; 0 for none.
#[derive(Debug, Clone, Copy, Default)]
struct Recent {
    span: Span,
    id: u32,
}

/// What a text takes beside its bytes.
pub(super) const DICTIONARY_TEXT_BYTES: usize = SPAN_BYTES + HASH_BYTES + ENTRY_BYTES;
const SPAN_BYTES: usize = size_of::<Span>();
const HASH_BYTES: usize = size_of::<TextHash>();
/// With the table's own byte for it, and room.
const ENTRY_BYTES: usize = size_of::<Entry>() + 2;

/// Where a text lies: its start above, its length below.
type Span = u64;

/// Half of the hash of a text: the same in all dictionaries of a process, and in no other process, so that nobody can make texts
/// that have it in common.
pub(super) type TextHash = u32;

/// Returns the hash of a text.
#[inline]
pub(super) fn hash(text: &[u8]) -> TextHash {
    static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
    (HASHER.hash_one(text) >> 32) as TextHash
}

/// Returns such a half as a whole: a table takes its place from the lower bits, and seven more to compare from the upper ones.
#[inline]
pub(super) fn spread(hash: TextHash) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Dict {
    /// Returns the number of a text, giving it one where it has none.
    pub fn intern(&mut self, value: &str) -> u32 {
        let place = recent_place(value.as_bytes());
        match self.recent.get(place) {
            Some(known) if known.id != 0 && is(&self.text, known.span, value) => {
                return known.id - 1;
            }
            Some(_) => {}
            None => self.recent.resize(RECENT, Recent::default()),
        }
        let id = self.look_up(value, hash(value.as_bytes()));
        self.recent[place] = Recent {
            span: self.spans[id as usize],
            id: id + 1,
        };
        id
    }

    /// As [`intern`](Self::intern), of a text that another dictionary has.
    pub fn intern_of(&mut self, other: &Self, id: u32) -> u32 {
        self.look_up(other.get(id), other.hash_of(id))
    }

    fn look_up(&mut self, value: &str, hash: TextHash) -> u32 {
        let is_it = |entry: &Entry| entry.hash == hash && is(&self.text, entry.span, value);
        if let Some(known) = self.index.find(spread(hash), is_it) {
            return known.id;
        }
        let id = number(self.spans.len());
        let span = self.push(value, hash);
        let entry = Entry { span, id, hash };
        self.index
            .insert_unique(spread(hash), entry, |entry| spread(entry.hash));
        id
    }

    /// Appends a text and returns where it lies.
    fn push(&mut self, value: &str, hash: TextHash) -> Span {
        let span = u64::from(number(self.text.len())) << 32 | u64::from(number(value.len()));
        self.text.push_str(value);
        self.spans.push(span);
        self.hashes.push(hash);
        span
    }

    /// Returns the text of a number.
    pub fn get(&self, id: u32) -> &str {
        slice(&self.text, self.spans[id as usize])
    }

    /// Returns the bytes of a number's text.
    pub(super) fn bytes_of(&self, id: u32) -> &[u8] {
        bytes(&self.text, self.spans[id as usize])
    }

    /// Returns the hash of a number's text.
    pub(super) fn hash_of(&self, id: u32) -> TextHash {
        self.hashes[id as usize]
    }

    /// Returns whether a number is that of a text.
    #[inline]
    pub fn is(&self, id: u32, value: &str) -> bool {
        is(&self.text, self.spans[id as usize], value)
    }

    /// Returns how many bytes the text of a number has.
    pub fn length(&self, id: u32) -> usize {
        split(self.spans[id as usize]).1
    }

    /// Returns how many texts there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns true where there is no text.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Returns an empty dictionary with room for what `more` makes of the lengths of another.
    pub fn with_room_for(other: &Self, more: impl Fn(usize) -> usize) -> Self {
        Self {
            text: String::with_capacity(more(other.text.len())),
            spans: Vec::with_capacity(more(other.spans.len())),
            hashes: Vec::with_capacity(more(other.hashes.len())),
            // One that is sparse is slow, and texts become fresh ever less often.
            index: HashTable::with_capacity(other.len()),
            ..Self::default()
        }
    }

    /// Returns where each text stands in the order of all, by number plus one; 0, for no text, comes first.
    pub fn ranks(&self) -> Vec<u32> {
        self.ranks_of(&self.sorted(0..number(self.len())))
    }

    /// Returns a sealed dictionary of some of the texts, in order, and the numbers plus one that they have there, by those plus
    /// one that they have here.
    pub fn part(&self, ids: impl Iterator<Item = u32>) -> (Self, Vec<u32>) {
        let ids = self.sorted(ids);
        let mut part = Self {
            text: String::with_capacity(ids.iter().map(|id| self.length(*id)).sum()),
            spans: Vec::with_capacity(ids.len()),
            hashes: Vec::with_capacity(ids.len()),
            ..Self::default()
        };
        for id in &ids {
            part.push(self.get(*id), self.hash_of(*id));
        }
        (part, self.ranks_of(&ids))
    }

    /// Returns the numbers of some texts in the order of these.
    fn sorted(&self, ids: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut texts: Vec<(u64, u32)> = ids.map(|id| (word(self.bytes_of(id)), id)).collect();
        self.sort(&mut texts, 0);
        texts.into_iter().map(|(_, id)| id).collect()
    }

    /// Returns where each number stands among some, by number plus one, counted from one; 0 for those that do not.
    fn ranks_of(&self, ids: &[u32]) -> Vec<u32> {
        let mut ranks = vec![0; self.len() + 1];
        for (rank, id) in (1..).zip(ids) {
            ranks[*id as usize + 1] = rank;
        }
        ranks
    }

    /// Sorts texts that are alike in their first `depth` bytes, given the word that stands there in each.
    fn sort(&self, texts: &mut [(u64, u32)], depth: usize) {
        texts.sort_unstable_by_key(|(word, _)| *word);
        let rest = |id: u32| &self.get(id).as_bytes()[depth + WORD_BYTES..];
        for alike in texts.chunk_by_mut(|a, b| a.0 == b.0) {
            if alike.len() == 1 {
                continue;
            }
            if alike.len() <= ALIKE_FEW || depth >= ALIKE_DEPTH {
                alike.sort_unstable_by_key(|(_, id)| rest(*id));
            } else {
                for (next, id) in &mut *alike {
                    *next = word(rest(*id));
                }
                self.sort(alike, depth + WORD_BYTES);
            }
        }
    }

    /// Returns the memory in use, in bytes.
    pub fn bytes(&self) -> usize {
        let spans = (SPAN_BYTES + HASH_BYTES) * self.spans.len();
        self.text.len() + spans + ENTRY_BYTES * self.index.len()
    }

    /// Forgets how to find a text's number: nothing is added any more.
    pub fn seal(&mut self) {
        self.index = HashTable::new();
        self.recent = Vec::new();
        self.text.shrink_to_fit();
        self.spans.shrink_to_fit();
        self.hashes.shrink_to_fit();
    }

    /// Returns the texts end to end, and where each lies.
    pub(super) fn parts(&self) -> (&str, &[Span]) {
        (&self.text, &self.spans)
    }

    /// Returns a sealed dictionary of such parts; `None` where a text does not lie in them.
    pub(super) fn from_parts(text: String, spans: Vec<Span>) -> Option<Self> {
        let lies_within = |span: &Span| {
            let (start, len) = split(*span);
            text.get(start..)
                .is_some_and(|rest| rest.get(..len).is_some())
        };
        spans.iter().all(lies_within).then(|| Self {
            hashes: spans.iter().map(|span| hash(bytes(&text, *span))).collect(),
            text,
            spans,
            ..Self::default()
        })
    }
}

/// A count of texts or bytes, as spans and numbers have it.
fn number(n: usize) -> u32 {
    u32::try_from(n).expect("a dictionary is cut long before 4 GiB")
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a span")]
fn split(span: Span) -> (usize, usize) {
    ((span >> 32) as u32 as usize, span as u32 as usize)
}

/// Texts are sorted by so many bytes at a time.
const WORD_BYTES: usize = 7;
/// So few texts that are alike are rather compared whole.
const ALIKE_FEW: usize = 8;
/// So are texts that are alike this far, which bounds the recursion.
const ALIKE_DEPTH: usize = 64;

/// Returns the first bytes of a text as a number that orders as they do. The last byte says how many there are, so that an
/// end comes before a zero, and so that texts which end here are not alike.
fn word(text: &[u8]) -> u64 {
    let mut word = [0; WORD_BYTES + 1];
    let length = text.len().min(WORD_BYTES + 1);
    let shown = length.min(WORD_BYTES);
    word[..shown].copy_from_slice(&text[..shown]);
    word[WORD_BYTES] = u8::try_from(length).expect("at most eight");
    u64::from_be_bytes(word)
}

/// Texts that are remembered as recent: few enough to stay in a core's first cache.
const RECENT: usize = 2048;

/// The place of a text among the recent ones, by its length, its first and its last bytes.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper bits of a product"
)]
fn recent_place(text: &[u8]) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let ends = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first).rotate_left(29) ^ u64::from_le_bytes(*last)
        }
        _ => text.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    ((ends ^ text.len() as u64).wrapping_mul(MIX) >> (u64::BITS - RECENT.ilog2())) as usize
}

/// Whether the text of a span is that one: mostly its length says no, and the text is not looked at.
#[inline]
fn is(text: &str, span: Span, value: &str) -> bool {
    split(span).1 == value.len() && bytes(text, span) == value.as_bytes()
}

#[inline]
fn bytes(text: &str, span: Span) -> &[u8] {
    let (start, len) = split(span);
    &text.as_bytes()[start..start + len]
}

fn slice(text: &str, span: Span) -> &str {
    let (start, len) = split(span);
    &text[start..start + len]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_text_keeps_its_number() {
        let mut dict = Dict::default();
        let ids = ["a", "", "bc", "a", "", "bc"].map(|text| dict.intern(text));
        assert_eq!(ids, [0, 1, 2, 0, 1, 2]);
        assert_eq!([0, 1, 2].map(|id| dict.get(id)), ["a", "", "bc"]);
        assert_eq!(dict.ranks(), [0, 2, 1, 3]);
    }

    proptest::proptest! {
        #[test]
        fn as_a_list_of_distinct_texts(texts in proptest::collection::vec("[ab\u{e9}]{0,2}", 0..50)) {
            let mut dict = Dict::default();
            let mut distinct: Vec<&String> = Vec::new();
            for text in &texts {
                let id = dict.intern(text) as usize;
                if !distinct.contains(&text) {
                    distinct.push(text);
                }
                proptest::prop_assert_eq!(distinct[id], text);
            }
            let (text, spans) = dict.parts();
            let copy = Dict::from_parts(text.to_owned(), spans.to_vec()).expect("its own parts");
            proptest::prop_assert_eq!(copy.len(), distinct.len());
            for (id, text) in (0..).zip(distinct) {
                proptest::prop_assert_eq!(copy.get(id), text);
                proptest::prop_assert_eq!(copy.hash_of(id), dict.hash_of(id));
            }
        }

        #[test]
        fn texts_of_another_are_found_as_if_they_came_themselves(
            texts in proptest::collection::vec("[ab\u{e9}]{0,2}", 0..50),
            others in proptest::collection::vec("[ab\u{e9}]{0,2}", 0..50),
        ) {
            let (mut one, mut two, mut other) = (Dict::default(), Dict::default(), Dict::default());
            for text in &texts {
                one.intern(text);
                two.intern(text);
            }
            for text in &others {
                other.intern(text);
            }
            let (sorted, _) = other.part(0..number(other.len()));
            for other in [&other, &sorted] {
                for id in 0..number(other.len()) {
                    proptest::prop_assert_eq!(one.intern_of(other, id), two.intern(other.get(id)));
                }
            }
        }

        #[test]
        fn ranks_are_those_of_a_sort(
            texts in proptest::collection::vec("(aaaaaaaaaa){0,9}[\\x00a\u{e9}]{0,9}", 0..100),
        ) {
            let mut dict = Dict::default();
            for text in &texts {
                dict.intern(text);
            }
            let ranks = dict.ranks();
            let distinct: BTreeSet<&String> = texts.iter().collect();
            for (rank, text) in (1..).zip(distinct) {
                proptest::prop_assert_eq!(ranks[dict.intern(text) as usize + 1], rank);
            }
        }

        #[test]
        fn a_part_is_some_of_the_texts_in_order(
            texts in proptest::collection::btree_map("(aaaaaaaaaa){0,9}[\\x00a\u{e9}]{0,9}", proptest::bool::ANY, 0..100),
        ) {
            let mut dict = Dict::default();
            for text in texts.keys().rev() {
                dict.intern(text);
            }
            let is_wanted = |id: &u32| texts[dict.get(*id)];
            let (part, numbers) = dict.part((0..).take(dict.len()).filter(is_wanted));
            let wanted: Vec<&String> = texts.iter().filter(|(_, wanted)| **wanted).map(|(text, _)| text).collect();
            proptest::prop_assert_eq!(part.len(), wanted.len());
            for (id, text) in (0..).zip(wanted) {
                proptest::prop_assert_eq!(part.get(id), text);
                proptest::prop_assert_eq!(numbers[dict.intern(text) as usize + 1], id + 1);
            }
            let others = texts.iter().filter(|(_, wanted)| !**wanted).map(|(text, _)| dict.intern(text));
            let numbers: Vec<u32> = others.map(|id| numbers[id as usize + 1]).collect();
            proptest::prop_assert!(numbers.iter().all(|number| *number == 0));
        }
    }
}
