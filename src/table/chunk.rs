//! Rows of one table, kept by column until they are sorted and written: what a worker appends to.

use std::cmp::Ordering;

use super::dict::Dict;
use super::schema::{Kind, Table};

/// No value, in a column of numbers.
const NO_INT: i64 = i64::MIN;
/// No value, in a column of booleans.
const NO_BOOL: u8 = 2;
/// No value, in a column of texts of the dictionary; other values are the text's number plus one.
const NO_TEXT: u32 = 0;
/// The bit of an end that says "no value".
const NULL_BIT: u32 = 1 << 31;

/// The values of one column.
#[derive(Debug)]
pub(crate) enum Store {
    Text(Vec<u32>),
    Plain { data: String, ends: Vec<u32> },
    Bytes { data: Vec<u8>, ends: Vec<u32> },
    Int(Vec<i64>),
    Bool(Vec<u8>),
    List { ids: Vec<u32>, ends: Vec<u32> },
}

impl Store {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(Vec::new()),
            Kind::Plain => Self::Plain {
                data: String::new(),
                ends: Vec::new(),
            },
            Kind::Binary => Self::Bytes {
                data: Vec::new(),
                ends: Vec::new(),
            },
            Kind::Time | Kind::Int64 | Kind::Int32 | Kind::Double => Self::Int(Vec::new()),
            Kind::Bool => Self::Bool(Vec::new()),
            Kind::TextList | Kind::Resources => Self::List {
                ids: Vec::new(),
                ends: Vec::new(),
            },
        }
    }

    /// An empty column with room for as much as this one holds.
    fn with_room_for(&self) -> Self {
        match self {
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

    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Plain { ends, .. } | Self::Bytes { ends, .. } | Self::List { ends, .. } => {
                ends.len()
            }
            Self::Int(values) => values.len(),
            Self::Bool(values) => values.len(),
        }
    }

    fn push_null(&mut self) {
        match self {
            Self::Text(values) => values.push(NO_TEXT),
            Self::Plain { data, ends } => ends.push(offset(data.len()) | NULL_BIT),
            Self::Bytes { data, ends } => ends.push(offset(data.len()) | NULL_BIT),
            Self::Int(values) => values.push(NO_INT),
            Self::Bool(values) => values.push(NO_BOOL),
            Self::List { ids, ends } => ends.push(offset(ids.len()) | NULL_BIT),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text(values) => 4 * values.len(),
            Self::Plain { data, ends } => data.len() + 4 * ends.len(),
            Self::Bytes { data, ends } => data.len() + 4 * ends.len(),
            Self::Int(values) => 8 * values.len(),
            Self::Bool(values) => values.len(),
            Self::List { ids, ends } => 4 * (ids.len() + ends.len()),
        }
    }

    fn shrink(&mut self) {
        match self {
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
}

fn offset(len: usize) -> u32 {
    u32::try_from(len)
        .ok()
        .filter(|len| len & NULL_BIT == 0)
        .expect("a chunk is cut long before 2 GiB")
}

/// The range of value `row` in a column with ends; `None` for no value.
fn range(ends: &[u32], row: usize) -> Option<std::ops::Range<usize>> {
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

/// Rows of one table, by column.
///
/// A row is written column by column, in any order; [`Chunk::end_row`] leaves the columns that were not written
/// without a value. The first write to a column counts, and a second one is reported.
#[derive(Debug)]
pub struct Chunk {
    table: &'static Table,
    rows: usize,
    pub(crate) stores: Vec<Store>,
    pub(crate) dict: Dict,
}

impl Chunk {
    /// Returns a chunk without rows.
    pub fn new(table: &'static Table) -> Self {
        let stores = table
            .columns
            .iter()
            .map(|column| Store::new(column.kind))
            .collect();
        Self {
            table,
            rows: 0,
            stores,
            dict: Dict::default(),
        }
    }

    /// Returns a chunk without rows, with room for as many as this one has: growing would copy them all.
    #[must_use]
    pub fn with_room_for(&self) -> Self {
        let stores = self.stores.iter().map(Store::with_room_for).collect();
        Self {
            table: self.table,
            rows: 0,
            stores,
            dict: Dict::with_room_for(&self.dict),
        }
    }

    /// Returns a chunk of these values, as read back from scratch.
    pub(crate) fn from_parts(
        table: &'static Table,
        rows: usize,
        stores: Vec<Store>,
        dict: Dict,
    ) -> Self {
        Self {
            table,
            rows,
            stores,
            dict,
        }
    }

    /// Returns the table whose rows these are.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Returns how many rows are complete.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the memory in use, in bytes.
    pub fn bytes(&self) -> usize {
        self.stores.iter().map(Store::bytes).sum::<usize>() + self.dict.bytes()
    }

    /// Completes the row: columns not written have no value.
    pub fn end_row(&mut self) {
        self.rows += 1;
        for store in &mut self.stores {
            if store.len() < self.rows {
                store.push_null();
            }
        }
    }

    /// Writes a text. Returns false, and writes nothing, where the row has a value in that column already.
    pub fn text(&mut self, column: impl Into<usize>, value: &str) -> bool {
        let (rows, dict) = (self.rows, &mut self.dict);
        match &mut self.stores[column.into()] {
            Store::Text(values) if values.len() == rows => {
                // Neighbours are often alike, and a comparison is cheaper than a hash.
                let id = match values.last() {
                    Some(&last) if last != NO_TEXT && dict.get(last - 1) == value => last,
                    _ => dict.intern(value) + 1,
                };
                values.push(id);
                true
            }
            Store::Plain { data, ends } if ends.len() == rows => {
                data.push_str(value);
                ends.push(offset(data.len()));
                true
            }
            _ => false,
        }
    }

    /// Writes bytes, to a column of bytes.
    pub fn binary(&mut self, column: impl Into<usize>, value: &[u8]) -> bool {
        match &mut self.stores[column.into()] {
            Store::Bytes { data, ends } if ends.len() == self.rows => {
                data.extend_from_slice(value);
                ends.push(offset(data.len()));
                true
            }
            _ => false,
        }
    }

    /// Writes a time or an integer.
    pub fn int(&mut self, column: impl Into<usize>, value: i64) -> bool {
        match &mut self.stores[column.into()] {
            Store::Int(values) if values.len() == self.rows => {
                values.push(value);
                true
            }
            _ => false,
        }
    }

    /// Writes a float.
    pub fn double(&mut self, column: impl Into<usize>, value: f64) -> bool {
        self.int(column, value.to_bits().cast_signed())
    }

    /// Writes a boolean.
    pub fn bool(&mut self, column: impl Into<usize>, value: bool) -> bool {
        match &mut self.stores[column.into()] {
            Store::Bool(values) if values.len() == self.rows => {
                values.push(u8::from(value));
                true
            }
            _ => false,
        }
    }

    /// Writes a list of texts (for resources: four to an element), some of them missing.
    pub fn list<'a>(
        &mut self,
        column: impl Into<usize>,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> bool {
        let (rows, dict) = (self.rows, &mut self.dict);
        match &mut self.stores[column.into()] {
            Store::List { ids, ends } if ends.len() == rows => {
                ids.extend(
                    values
                        .into_iter()
                        .map(|value| value.map_or(NO_TEXT, |text| dict.intern(text) + 1)),
                );
                ends.push(offset(ids.len()));
                true
            }
            _ => false,
        }
    }

    /// Copies a row of another chunk of the same table.
    pub(crate) fn copy_row(&mut self, from: &Chunk, row: usize, ids: &mut IdMap) {
        let rows = self.rows;
        for (store, source) in self.stores.iter_mut().zip(&from.stores) {
            match (store, source) {
                (Store::Text(values), Store::Text(source)) => {
                    values.push(ids.map(source[row], &from.dict, &mut self.dict));
                }
                (
                    Store::Plain { data, ends },
                    Store::Plain {
                        data: source,
                        ends: source_ends,
                    },
                ) => {
                    let range = range(source_ends, row);
                    data.push_str(&source[range.clone().unwrap_or_default()]);
                    ends.push(offset(data.len()) | if range.is_none() { NULL_BIT } else { 0 });
                }
                (
                    Store::Bytes { data, ends },
                    Store::Bytes {
                        data: source,
                        ends: source_ends,
                    },
                ) => {
                    let range = range(source_ends, row);
                    data.extend_from_slice(&source[range.clone().unwrap_or_default()]);
                    ends.push(offset(data.len()) | if range.is_none() { NULL_BIT } else { 0 });
                }
                (Store::Int(values), Store::Int(source)) => values.push(source[row]),
                (Store::Bool(values), Store::Bool(source)) => values.push(source[row]),
                (
                    Store::List { ids: values, ends },
                    Store::List {
                        ids: source,
                        ends: source_ends,
                    },
                ) => match range(source_ends, row) {
                    None => ends.push(offset(values.len()) | NULL_BIT),
                    Some(range) => {
                        for id in &source[range] {
                            values.push(ids.map(*id, &from.dict, &mut self.dict));
                        }
                        ends.push(offset(values.len()));
                    }
                },
                _ => unreachable!("chunks of one table have the same columns"),
            }
        }
        self.rows = rows + 1;
    }

    /// Returns the text of a row.
    pub fn get_text(&self, column: impl Into<usize>, row: usize) -> Option<&str> {
        match &self.stores[column.into()] {
            Store::Text(values) => self.dictionary_text(values[row]),
            Store::Plain { data, ends } => Some(&data[range(ends, row)?]),
            _ => None,
        }
    }

    /// Returns the number plus one that the chunk's dictionary has for the text of a row; 0 for no value.
    pub fn get_text_id(&self, column: impl Into<usize>, row: usize) -> u32 {
        match &self.stores[column.into()] {
            Store::Text(values) => values[row],
            _ => NO_TEXT,
        }
    }

    /// Returns the bytes of a row.
    pub fn get_binary(&self, column: impl Into<usize>, row: usize) -> Option<&[u8]> {
        match &self.stores[column.into()] {
            Store::Bytes { data, ends } => Some(&data[range(ends, row)?]),
            _ => None,
        }
    }

    /// Returns the time or integer of a row.
    pub fn get_int(&self, column: impl Into<usize>, row: usize) -> Option<i64> {
        match &self.stores[column.into()] {
            Store::Int(values) => Some(values[row]).filter(|value| *value != NO_INT),
            _ => None,
        }
    }

    /// Returns the boolean of a row.
    pub fn get_bool(&self, column: impl Into<usize>, row: usize) -> Option<bool> {
        match &self.stores[column.into()] {
            Store::Bool(values) => Some(values[row])
                .filter(|value| *value != NO_BOOL)
                .map(|value| value == 1),
            _ => None,
        }
    }

    /// Returns the list of a row: each element's number plus one in the dictionary, 0 for no value.
    pub fn get_list(&self, column: impl Into<usize>, row: usize) -> Option<&[u32]> {
        match &self.stores[column.into()] {
            Store::List { ids, ends } => Some(&ids[range(ends, row)?]),
            _ => None,
        }
    }

    /// Returns the text that a number plus one stands for.
    pub fn dictionary_text(&self, id: u32) -> Option<&str> {
        (id != NO_TEXT).then(|| self.dict.get(id - 1))
    }

    /// Returns how many texts the dictionary has.
    pub fn dictionary_len(&self) -> usize {
        self.dict.len()
    }

    /// Returns what a number plus one of this chunk's dictionary is in another.
    pub fn map_id(&self, id: u32, ids: &mut IdMap, to: &mut Dict) -> u32 {
        ids.map(id, &self.dict, to)
    }

    /// Returns how many bytes of the row its own, unshared values take: what row groups are cut by.
    pub fn row_bytes(&self, row: usize) -> usize {
        let own = |store: &Store| match store {
            Store::Plain { ends, .. } | Store::Bytes { ends, .. } => {
                range(ends, row).map_or(0, |range| range.len())
            }
            Store::List { ends, .. } => 4 * range(ends, row).map_or(0, |range| range.len()),
            _ => 0,
        };
        self.stores.iter().map(own).sum()
    }

    /// Sorts the rows. The chunk takes no more of them.
    pub fn sort(mut self) -> Sorted {
        self.dict.seal();
        self.stores.iter_mut().for_each(Store::shrink);
        let mut order: Vec<u32> = (0..offset(self.rows)).collect();
        let columns = self.table.order;
        if let Store::Int(times) = &self.stores[columns[0]] {
            // Most pairs are told apart by time alone.
            let mut keyed: Vec<(i64, u32)> = order
                .iter()
                .map(|row| (times[*row as usize], *row))
                .collect();
            keyed.sort_unstable_by(|a, b| {
                a.0.cmp(&b.0)
                    .then_with(|| compare(&self, a.1 as usize, &self, b.1 as usize, &columns[1..]))
            });
            order.clear();
            order.extend(keyed.iter().map(|(_, row)| *row));
        } else {
            order.sort_unstable_by(|a, b| compare(&self, *a as usize, &self, *b as usize, columns));
        }
        Sorted {
            chunk: self,
            order: Some(order),
        }
    }
}

/// Compares two rows of one table by some of its columns. No value comes first; texts compare by bytes.
pub fn compare(a: &Chunk, a_row: usize, b: &Chunk, b_row: usize, columns: &[usize]) -> Ordering {
    let same_dictionary = std::ptr::eq(a, b);
    for &column in columns {
        let ordering = match (&a.stores[column], &b.stores[column]) {
            (Store::Int(x), Store::Int(y)) => x[a_row].cmp(&y[b_row]),
            (Store::Bool(x), Store::Bool(y)) => x[a_row].cmp(&y[b_row]),
            (Store::Text(x), Store::Text(y)) => {
                let (x, y) = (x[a_row], y[b_row]);
                if same_dictionary && x == y {
                    Ordering::Equal
                } else {
                    a.dictionary_text(x).cmp(&b.dictionary_text(y))
                }
            }
            (
                Store::Plain {
                    data: x,
                    ends: x_ends,
                },
                Store::Plain {
                    data: y,
                    ends: y_ends,
                },
            ) => range(x_ends, a_row)
                .map(|range| &x[range])
                .cmp(&range(y_ends, b_row).map(|range| &y[range])),
            _ => unreachable!("rows are ordered by scalars of one table"),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// A chunk whose rows have an order.
#[derive(Debug)]
pub struct Sorted {
    chunk: Chunk,
    /// The rows in order; `None` where they stand in it.
    order: Option<Vec<u32>>,
}

impl Sorted {
    /// Returns a chunk whose rows stand in order already.
    pub(crate) fn in_order(chunk: Chunk) -> Self {
        Self { chunk, order: None }
    }

    /// Returns the chunk.
    pub fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.chunk.rows
    }

    /// Returns true where there is no row.
    pub fn is_empty(&self) -> bool {
        self.chunk.rows == 0
    }

    /// Returns the row of the chunk that is `nth` in order.
    pub fn row(&self, nth: usize) -> usize {
        self.order.as_ref().map_or(nth, |order| order[nth] as usize)
    }

    /// Returns the memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        self.chunk.bytes() + self.order.as_ref().map_or(0, |order| 4 * order.capacity())
    }
}

/// The numbers that texts of one dictionary have in another, found once each.
#[derive(Debug)]
pub struct IdMap {
    /// By number plus one: the other's number plus one, 0 where not looked up yet.
    ids: Vec<u32>,
}

impl IdMap {
    /// Returns an empty map for a dictionary of this many texts.
    pub fn new(len: usize) -> Self {
        Self {
            ids: vec![NO_TEXT; len + 1],
        }
    }

    /// Returns what a number plus one of `from` is in `to`.
    pub fn map(&mut self, id: u32, from: &Dict, to: &mut Dict) -> u32 {
        if id == NO_TEXT {
            return NO_TEXT;
        }
        let known = &mut self.ids[id as usize];
        if *known == NO_TEXT {
            *known = to.intern(from.get(id - 1)) + 1;
        }
        *known
    }
}
