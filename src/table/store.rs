//! The values of one column of a chunk. A column without any value takes no memory: of the 80 columns of `events`
//! a trail fills half.

use std::ops::Range;

use super::dict::{DICTIONARY_TEXT_BYTES, Dict};
use super::schema::Kind;

/// No value, in a column of numbers.
pub(super) const NO_INT: i64 = i64::MIN;
/// No value, in a column of booleans; 1 is false, 2 is true.
pub(super) const NO_BOOL: u8 = 0;
/// No value, in a column of texts of the dictionary; other values are the text's number plus one.
pub(super) const NO_TEXT: u32 = 0;
/// The bit of an end that says "no value".
const NULL_BIT: u32 = 1 << 31;

/// The values of one column, row by row.
#[derive(Debug)]
pub(super) enum Store {
    /// No row has a value.
    Empty,
    /// Numbers plus one of texts in the chunk's dictionary, and what numbering them saves.
    Text { ids: Vec<u32>, worth: Worth },
    /// Texts end to end, and where each ends.
    Plain { data: String, ends: Vec<u32> },
    /// Bytes end to end, and where each ends.
    Bytes { data: Vec<u8>, ends: Vec<u32> },
    /// Times, integers, and the bits of floats.
    Int(Vec<i64>),
    /// Booleans.
    Bool(Vec<u8>),
    /// Lists of numbers plus one of texts, end to end, and where each ends.
    List { ids: Vec<u32>, ends: Vec<u32> },
}

/// What the texts of a column take end to end, and what those that were new to the dictionary take there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worth {
    all_bytes: usize,
    fresh_bytes: usize,
}

impl Worth {
    /// Adds a text.
    #[inline]
    pub(super) fn add(&mut self, length: usize, is_fresh: bool) {
        self.all_bytes += size_of::<u32>() + length;
        if is_fresh {
            self.fresh_bytes += DICTIONARY_TEXT_BYTES + length;
        }
    }

    /// Returns whether numbers save half of the bytes, which pays for finding them.
    pub(super) fn is_much(self) -> bool {
        2 * self.fresh_bytes <= self.all_bytes
    }
}

/// A column of texts or bytes, to be read row by row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts<'c> {
    /// No row has a value.
    None,
    /// Numbers plus one of texts in a dictionary.
    Numbered(&'c [u32], &'c Dict),
    /// Texts or bytes end to end, and where each ends.
    Own(&'c [u8], &'c [u32]),
}

impl<'c> Texts<'c> {
    /// Returns the text or bytes of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<&'c [u8]> {
        match self {
            Self::None => None,
            Self::Numbered(ids, dict) => match ids[row] {
                NO_TEXT => None,
                id => Some(dict.bytes_of(id - 1)),
            },
            Self::Own(data, ends) => value(data, ends, row),
        }
    }

    /// Returns the text or bytes of a row where they have no number.
    #[inline]
    pub(super) fn own(&self, row: usize) -> Option<&'c [u8]> {
        match self {
            Self::Own(data, ends) => value(data, ends, row),
            Self::None | Self::Numbered(..) => None,
        }
    }
}

impl Store {
    /// A column of so many rows without a value, made to take one.
    pub(super) fn begin(kind: Kind, rows: usize) -> Self {
        let ends = || vec![NULL_BIT; rows];
        match kind {
            Kind::Text => Self::Text {
                ids: vec![NO_TEXT; rows],
                worth: Worth::default(),
            },
            Kind::Plain => Self::Plain {
                data: String::new(),
                ends: ends(),
            },
            Kind::Binary => Self::Bytes {
                data: Vec::new(),
                ends: ends(),
            },
            Kind::Time | Kind::Int64 | Kind::Int32 | Kind::Double => Self::Int(vec![NO_INT; rows]),
            Kind::Bool => Self::Bool(vec![NO_BOOL; rows]),
            Kind::TextList | Kind::Resources => Self::List {
                ids: Vec::new(),
                ends: ends(),
            },
        }
    }

    /// As [`Store::begin`], to take the values of another column as they are kept there.
    pub(super) fn begin_alike(&self, rows: usize) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Text { .. } => Self::begin(Kind::Text, rows),
            Self::Plain { .. } => Self::begin(Kind::Plain, rows),
            Self::Bytes { .. } => Self::begin(Kind::Binary, rows),
            Self::Int(_) => Self::begin(Kind::Int64, rows),
            Self::Bool(_) => Self::begin(Kind::Bool, rows),
            Self::List { .. } => Self::begin(Kind::TextList, rows),
        }
    }

    /// A column of texts with numbers, as texts end to end.
    pub(super) fn plain_of(ids: &[u32], dict: &Dict) -> Self {
        let (mut data, mut ends) = (String::new(), Vec::with_capacity(2 * ids.len()));
        for id in ids {
            if *id == NO_TEXT {
                ends.push(no_value(data.len()));
            } else {
                data.push_str(dict.get(*id - 1));
                ends.push(offset(data.len()));
            }
        }
        Self::Plain { data, ends }
    }

    /// A column without rows, with room for what `more` makes of the lengths of this one.
    pub(super) fn with_room_for(&self, more: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Text { ids, .. } => Self::Text {
                ids: Vec::with_capacity(more(ids.len())),
                worth: Worth::default(),
            },
            Self::Plain { data, ends } => Self::Plain {
                data: String::with_capacity(more(data.len())),
                ends: Vec::with_capacity(more(ends.len())),
            },
            Self::Bytes { data, ends } => Self::Bytes {
                data: Vec::with_capacity(more(data.len())),
                ends: Vec::with_capacity(more(ends.len())),
            },
            Self::Int(values) => Self::Int(Vec::with_capacity(more(values.len()))),
            Self::Bool(values) => Self::Bool(Vec::with_capacity(more(values.len()))),
            Self::List { ids, ends } => Self::List {
                ids: Vec::with_capacity(more(ids.len())),
                ends: Vec::with_capacity(more(ends.len())),
            },
        }
    }

    /// Gives every row before `rows` that has no value the value "none".
    pub(super) fn fill(&mut self, rows: usize) {
        match self {
            Self::Empty => true,
            Self::Text { ids, .. } => fill(ids, rows, NO_TEXT),
            Self::Plain { data, ends } => fill(ends, rows, no_value(data.len())),
            Self::Bytes { data, ends } => fill(ends, rows, no_value(data.len())),
            Self::Int(values) => fill(values, rows, NO_INT),
            Self::Bool(values) => fill(values, rows, NO_BOOL),
            Self::List { ids, ends } => fill(ends, rows, no_value(ids.len())),
        };
    }

    /// Whether a row has a value.
    pub(super) fn has_value(&self, row: usize) -> bool {
        match self {
            Self::Empty => false,
            Self::Text { ids, .. } => ids[row] != NO_TEXT,
            Self::Plain { ends, .. } | Self::Bytes { ends, .. } | Self::List { ends, .. } => {
                ends[row] & NULL_BIT == 0
            }
            Self::Int(values) => values[row] != NO_INT,
            Self::Bool(values) => values[row] != NO_BOOL,
        }
    }

    /// The memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Text { ids, .. } => 4 * ids.len(),
            Self::Plain { data, ends } => data.len() + 4 * ends.len(),
            Self::Bytes { data, ends } => data.len() + 4 * ends.len(),
            Self::Int(values) => 8 * values.len(),
            Self::Bool(values) => values.len(),
            Self::List { ids, ends } => 4 * (ids.len() + ends.len()),
        }
    }

    /// Gives back the room that is not in use, and a column without any value whole.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::Empty => {}
            Self::Text { ids, .. } => ids.shrink_to_fit(),
            Self::Plain { data, ends } => {
                data.shrink_to_fit();
                ends.shrink_to_fit();
            }
            Self::Bytes { data, ends } => {
                data.shrink_to_fit();
                ends.shrink_to_fit();
            }
            Self::Int(values) => values.shrink_to_fit(),
            Self::Bool(values) => values.shrink_to_fit(),
            Self::List { ids, ends } => {
                ids.shrink_to_fit();
                ends.shrink_to_fit();
            }
        }
    }

    /// How many bytes a row's own, unshared value takes.
    pub(super) fn row_bytes(&self, row: usize) -> usize {
        match self {
            Self::Plain { ends, .. } | Self::Bytes { ends, .. } => {
                range(ends, row).map_or(0, |range| range.len())
            }
            Self::List { ends, .. } => 4 * range(ends, row).map_or(0, |range| range.len()),
            _ => 0,
        }
    }
}

/// The time, integer or bits of a float that a column of numbers keeps.
#[inline]
pub(super) fn int(kept: i64) -> Option<i64> {
    (kept != NO_INT).then_some(kept)
}

/// The boolean that a column of booleans keeps.
#[inline]
pub(super) fn bool(kept: u8) -> Option<bool> {
    (kept != NO_BOOL).then_some(kept == 2)
}

/// Gives every row before `rows` that has no value the value `none`. Returns false where the row at `rows` has one already.
#[inline]
pub(super) fn fill<T: Copy>(values: &mut Vec<T>, rows: usize, none: T) -> bool {
    if values.len() < rows {
        values.resize(rows, none);
    }
    values.len() == rows
}

/// The end of a row without a value, in a column of so many bytes or elements.
#[inline]
pub(super) fn no_value(len: usize) -> u32 {
    offset(len) | NULL_BIT
}

/// A place in a column, as its ends have it.
pub(super) fn offset(len: usize) -> u32 {
    u32::try_from(len)
        .ok()
        .filter(|len| len & NULL_BIT == 0)
        .expect("a chunk is cut long before 2 GiB")
}

/// The range of a row's value in a column with ends; `None` for no value.
#[inline]
pub(super) fn range(ends: &[u32], row: usize) -> Option<Range<usize>> {
    let end = *ends.get(row)?;
    if end & NULL_BIT != 0 {
        return None;
    }
    let start = if row == 0 {
        0
    } else {
        ends[row - 1] & !NULL_BIT
    };
    Some(start as usize..end as usize)
}

/// The bytes of a row's value in a column with ends; `None` for no value.
#[inline]
pub(super) fn value<'d>(data: &'d [u8], ends: &[u32], row: usize) -> Option<&'d [u8]> {
    Some(&data[range(ends, row)?])
}
