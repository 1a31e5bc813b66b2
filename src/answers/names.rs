//! Texts that repeat, by number.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::limits;

/// The number of a text; [`NONE`] where there is none.
pub(super) type Name = u32;

/// No text.
pub(super) const NONE: Name = 0;
/// Stands for all texts that there was no room for.
pub(super) const OTHERS: Name = 1;
/// How a report names what stands for many.
const OTHERS_TEXT: &str = "(all others)";

/// Texts by number, up to a limit; beyond, all new ones are one.
#[derive(Debug)]
pub(super) struct Names {
    texts: Vec<Box<str>>,
    ids: HashTable<Name>,
    hasher: DefaultHashBuilder,
    bytes: usize,
}

impl Names {
    pub(super) fn new() -> Self {
        Self {
            texts: vec!["".into(), OTHERS_TEXT.into()],
            ids: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            bytes: 0,
        }
    }

    /// Returns the number of a text, a new one where it is new.
    pub(super) fn name(&mut self, text: &str) -> Name {
        let hash = self.hasher.hash_one(text);
        let is_it = |name: &Name| &*self.texts[*name as usize] == text;
        if let Some(name) = self.ids.find(hash, is_it) {
            return *name;
        }
        let name = Name::try_from(self.texts.len()).unwrap_or(OTHERS);
        if self.bytes + text.len() > limits::REPORT_NAME_BYTES_MAX || name == OTHERS {
            return OTHERS;
        }
        self.bytes += text.len();
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash_of = |name: &Name| hasher.hash_one(&*texts[*name as usize]);
        self.ids.insert_unique(hash, name, hash_of);
        name
    }

    /// Returns the number of a text that was seen.
    pub(super) fn find(&self, text: &str) -> Option<Name> {
        let hash = self.hasher.hash_one(text);
        let is_it = |name: &Name| &*self.texts[*name as usize] == text;
        self.ids.find(hash, is_it).copied()
    }

    /// Returns a text as it is; nothing for [`NONE`].
    pub(super) fn text(&self, name: Name) -> &str {
        self.texts.get(name as usize).map_or("", |text| text)
    }

    /// Returns a text as the report has it.
    pub(super) fn shown(&self, name: Name) -> Option<String> {
        (name != NONE).then(|| cut(self.text(name)))
    }

    /// Returns whether there was no room for some.
    pub(super) fn is_full(&self) -> bool {
        self.bytes + limits::REPORT_TEXT_CHARS_MAX > limits::REPORT_NAME_BYTES_MAX
    }
}

/// Returns a text, shortened where it is long.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(limits::REPORT_TEXT_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let mut names = Names::new();
        let (one, other) = (names.name("one"), names.name("other"));
        assert_ne!(one, other);
        assert_eq!(names.name("one"), one);
        assert_eq!(names.find("other"), Some(other));
        assert_eq!(names.find("nobody"), None);
        assert_eq!(names.shown(one).as_deref(), Some("one"));
        assert_eq!(names.shown(NONE), None);
        assert!(!names.is_full());
    }

    #[test]
    fn where_there_is_no_room_the_rest_is_one() {
        let mut names = Names::new();
        let long = "x".repeat(limits::REPORT_NAME_BYTES_MAX - 10);
        assert_ne!(names.name(&long), OTHERS);
        assert_eq!(names.name("eleven more"), OTHERS);
        assert!(names.is_full());
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let text = "ä".repeat(limits::REPORT_TEXT_CHARS_MAX + 1);
        let shown = cut(&text);
        assert!(shown.ends_with(&format!("ä… ({} bytes)", text.len())));
        assert_eq!(cut("short"), "short");
    }
}
