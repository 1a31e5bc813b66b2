//! The values of one column of a chunk. A column without any value takes no memory: of the 80 columns of `events`
//! a trail fills half.

use std::ops::Range;

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
    /// Numbers plus one of texts in the chunk's dictionary.
    Text(Vec<u32>),
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

impl Store {
    /// A column of so many rows without a value, made to take one.
    pub(super) fn begin(kind: Kind, rows: usize) -> Self {
        let ends = || vec![NULL_BIT; rows];
        match kind {
            Kind::Text => Self::Text(vec![NO_TEXT; rows]),
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

    /// A column without rows, with room for as much as this one holds.
    pub(super) fn with_room_for(&self) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Text(values) => Self::Text(Vec::with_capacity(values.len())),
            Self::Plain { data, ends } => Self::Plain {
                data: String::with_capacity(data.len()),
                ends: Vec::with_capacity(ends.len()),
            },
            Self::Bytes { data, ends } => Self::Bytes {
                data: Vec::with_capacity(data.len()),
                ends: Vec::with_capacity(ends.len()),
            },
            Self::Int(values) => Self::Int(Vec::with_capacity(values.len())),
            Self::Bool(values) => Self::Bool(Vec::with_capacity(values.len())),
            Self::List { ids, ends } => Self::List {
                ids: Vec::with_capacity(ids.len()),
                ends: Vec::with_capacity(ends.len()),
            },
        }
    }

    /// Gives every row up to `rows` that has none the value "none".
    #[inline]
    pub(super) fn fill(&mut self, rows: usize) {
        match self {
            Self::Empty => {}
            Self::Text(values) => fill(values, rows, NO_TEXT),
            Self::Plain { data, ends } => fill(ends, rows, offset(data.len()) | NULL_BIT),
            Self::Bytes { data, ends } => fill(ends, rows, offset(data.len()) | NULL_BIT),
            Self::Int(values) => fill(values, rows, NO_INT),
            Self::Bool(values) => fill(values, rows, NO_BOOL),
            Self::List { ids, ends } => fill(ends, rows, offset(ids.len()) | NULL_BIT),
        }
    }

    /// The memory in use, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Text(values) => 4 * values.len(),
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
            Self::Text(values) => values.shrink_to_fit(),
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

#[inline]
fn fill<T: Copy>(values: &mut Vec<T>, rows: usize, none: T) {
    if values.len() < rows {
        values.resize(rows, none);
    }
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
    let end = ends[row];
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
