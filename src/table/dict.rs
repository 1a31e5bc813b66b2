//! Texts that repeat, kept once: a number for each.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of texts, numbered in the order in which they first came.
#[derive(Debug, Default)]
pub struct Dict {
    text: String,
    spans: Vec<Span>,
    /// Span and number of each text: what a look-up compares stands in the table itself, and not one more miss of the
    /// cache away.
    index: HashTable<(Span, u32)>,
    hasher: DefaultHashBuilder,
}

/// Where a text lies: its start above, its length below.
type Span = u64;

impl Dict {
    /// Returns the number of a text, giving it one where it has none.
    pub fn intern(&mut self, value: &str) -> u32 {
        let hash = self.hasher.hash_one(value);
        let Self {
            text,
            spans,
            index,
            hasher,
        } = self;
        if let Some((_, id)) = index.find(hash, |(span, _)| slice(text, *span) == value) {
            return *id;
        }
        let number = |n: usize| u32::try_from(n).expect("a dictionary is cut long before 4 GiB");
        let id = number(spans.len());
        let span = u64::from(number(text.len())) << 32 | u64::from(number(value.len()));
        text.push_str(value);
        spans.push(span);
        index.insert_unique(hash, (span, id), |(span, _)| {
            hasher.hash_one(slice(text, *span))
        });
        id
    }

    /// Returns the text of a number.
    pub fn get(&self, id: u32) -> &str {
        slice(&self.text, self.spans[id as usize])
    }

    /// Returns how many texts there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Returns true where there is no text.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Returns an empty dictionary with room for as much as this one holds.
    pub fn with_room_for(other: &Self) -> Self {
        let hasher = DefaultHashBuilder::default();
        Self {
            text: String::with_capacity(other.text.len()),
            spans: Vec::with_capacity(other.spans.len()),
            index: HashTable::with_capacity(other.spans.len()),
            hasher,
        }
    }

    /// Returns where each text stands in the order of all, by number plus one; 0, for no text, comes first.
    pub fn ranks(&self) -> Vec<u32> {
        let mut ids: Vec<usize> = (0..self.len()).collect();
        ids.sort_unstable_by_key(|id| slice(&self.text, self.spans[*id]));
        let mut ranks = vec![0; self.len() + 1];
        for (rank, id) in (1..).zip(ids) {
            ranks[id + 1] = rank;
        }
        ranks
    }

    /// Returns the memory in use, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len() + 8 * self.spans.len() + 18 * self.index.len()
    }

    /// Forgets how to find a text's number: nothing is added any more.
    pub fn seal(&mut self) {
        self.index = HashTable::new();
        self.text.shrink_to_fit();
        self.spans.shrink_to_fit();
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
            text,
            spans,
            ..Self::default()
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a span")]
fn split(span: Span) -> (usize, usize) {
    ((span >> 32) as u32 as usize, span as u32 as usize)
}

fn slice(text: &str, span: Span) -> &str {
    let (start, len) = split(span);
    &text[start..start + len]
}

#[cfg(test)]
mod tests {
    use super::*;

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
            }
        }
    }
}
