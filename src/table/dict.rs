//! Texts that repeat, kept once: a number for each.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of texts, numbered in the order in which they first came.
#[derive(Debug, Default)]
pub struct Dict {
    text: String,
    ends: Vec<u32>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Dict {
    /// Returns the number of a text, giving it one where it has none.
    pub fn intern(&mut self, value: &str) -> u32 {
        let hash = self.hasher.hash_one(value);
        let Self {
            text,
            ends,
            index,
            hasher,
        } = self;
        let found = index.find(hash, |id| slice(text, ends, *id) == value);
        if let Some(id) = found {
            return *id;
        }
        let id = u32::try_from(ends.len()).expect("a dictionary is cut long before 2^32 texts");
        text.push_str(value);
        ends.push(u32::try_from(text.len()).expect("a dictionary is cut long before 4 GiB"));
        index.insert_unique(hash, id, |id| hasher.hash_one(slice(text, ends, *id)));
        id
    }

    /// Returns the text of a number.
    pub fn get(&self, id: u32) -> &str {
        slice(&self.text, &self.ends, id)
    }

    /// Returns how many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns true where there is no text.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.capacity() + 4 * self.ends.capacity() + 5 * self.index.capacity()
    }

    /// Forgets how to find a text's number: nothing is added any more.
    pub fn seal(&mut self) {
        self.index = HashTable::new();
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Returns the texts end to end, and where each ends.
    pub fn parts(&self) -> (&str, &[u32]) {
        (&self.text, &self.ends)
    }

    /// Returns a sealed dictionary of texts end to end.
    pub fn from_parts(text: String, ends: Vec<u32>) -> Self {
        Self {
            text,
            ends,
            ..Self::default()
        }
    }
}

fn slice<'a>(text: &'a str, ends: &[u32], id: u32) -> &'a str {
    let start = if id == 0 { 0 } else { ends[id as usize - 1] };
    &text[start as usize..ends[id as usize] as usize]
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
            let (text, ends) = dict.parts();
            let copy = Dict::from_parts(text.to_owned(), ends.to_vec());
            proptest::prop_assert_eq!(copy.len(), distinct.len());
            for (id, text) in (0..).zip(distinct) {
                proptest::prop_assert_eq!(copy.get(id), text);
            }
        }
    }
}
