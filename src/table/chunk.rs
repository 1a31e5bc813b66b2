//! Rows of one table, kept by column until they are sorted and written: what a worker appends to.

use std::cmp::Ordering;

use super::dict::{Dict, TextHash};
use super::schema::{Kind, Table};
use super::store::{
    NO_BOOL, NO_INT, NO_TEXT, Store, Texts, Worth, bool, fill, int, no_value, offset, range, value,
};
use crate::limits;

/// A column of repeating texts is judged at so many rows, and whenever they have doubled: before, too much is new.
const JUDGED_ROWS: usize = 4096;

/// Rows of one table, by column.
///
/// A row is written column by column, in any order; [`Chunk::end_row`] leaves the columns that were not written
/// without a value. The first write to a column counts, and a second one is reported.
#[derive(Debug)]
pub struct Chunk {
    table: &'static Table,
    rows: usize,
    pub(super) stores: Vec<Store>,
    pub(super) dict: Dict,
    sizes: Sizes,
}

/// What the texts and bytes of each row take where none of them is shared: by what a row is, and not by which rows stand beside.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    pub(super) rows: Vec<u32>,
    /// Of the row at hand.
    fresh: usize,
}

impl Sizes {
    /// Completes the row at hand.
    fn end_row(&mut self) {
        self.rows
            .push(u32::try_from(std::mem::take(&mut self.fresh)).unwrap_or(u32::MAX));
    }
}

impl Chunk {
    /// Returns a chunk without rows.
    pub fn new(table: &'static Table) -> Self {
        let stores = table.columns.iter().map(|_| Store::Empty).collect();
        Self {
            table,
            rows: 0,
            stores,
            dict: Dict::default(),
            sizes: Sizes::default(),
        }
    }

    /// Returns a chunk without rows, with room for rows like those of this one that take so many bytes: growing copies a column, and
    /// into fresh memory. Room that stays empty takes none.
    #[must_use]
    pub fn with_room_for(&self, bytes: usize) -> Self {
        let own = self.bytes().max(1);
        // Columns vary from chunk to chunk, by an eighth and less.
        let more = |n: usize| {
            let n = n as u64;
            let room = (n + n / 8) * bytes.max(own) as u64 / own as u64;
            usize::try_from(room).unwrap_or_default()
        };
        let stores = self.stores.iter().map(|store| store.with_room_for(more));
        Self {
            table: self.table,
            rows: 0,
            stores: stores.collect(),
            dict: Dict::with_room_for(&self.dict, more),
            sizes: Sizes {
                rows: Vec::with_capacity(more(self.rows)),
                fresh: 0,
            },
        }
    }

    /// Returns a chunk of so many rows that is made column by column, of the texts of a dictionary. Other columns have no value.
    pub fn of_columns(
        table: &'static Table,
        rows: usize,
        dict: Dict,
        columns: impl IntoIterator<Item = (usize, Column)>,
    ) -> Self {
        let (mut stores, mut sizes) = (Self::new(table).stores, vec![0_u32; rows]);
        for (column, values) in columns {
            if let Column::Texts(ids) = &values {
                let length = |id: u32| u32::try_from(dict.length(id - 1)).unwrap_or(u32::MAX);
                for (size, id) in sizes.iter_mut().zip(ids).filter(|(_, id)| **id != NO_TEXT) {
                    *size = size.saturating_add(length(*id));
                }
            }
            let store = values.into_store();
            if (0..rows).any(|row| store.has_value(row)) {
                stores[column] = store;
            }
        }
        Self::from_parts(table, rows, stores, dict, sizes)
    }

    /// Returns a chunk of these values, as read back from scratch.
    pub(super) fn from_parts(
        table: &'static Table,
        rows: usize,
        stores: Vec<Store>,
        dict: Dict,
        sizes: Vec<u32>,
    ) -> Self {
        Self {
            table,
            rows,
            stores,
            dict,
            sizes: Sizes {
                rows: sizes,
                fresh: 0,
            },
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
        let stores = self.stores.iter().map(Store::bytes).sum::<usize>();
        stores + self.dict.bytes() + size_of_val(self.sizes.rows.as_slice())
    }

    /// Returns the memory in use by a column, in bytes, without the texts that columns share.
    pub(super) fn column_bytes(&self, column: usize) -> usize {
        self.stores[column].bytes()
    }

    /// Completes the row: columns not written have no value, which they learn when they are written next.
    pub fn end_row(&mut self) {
        self.rows += 1;
        self.sizes.end_row();
    }

    /// Lets every column know of all rows.
    pub(super) fn complete(&mut self) {
        for store in &mut self.stores {
            store.fill(self.rows);
        }
    }

    /// The values of a column, made to take one.
    #[inline]
    fn store(&mut self, column: usize) -> (&mut Store, &mut Dict) {
        let store = &mut self.stores[column];
        if matches!(store, Store::Empty) {
            *store = Store::begin(self.table.columns[column].kind, self.rows);
        }
        (store, &mut self.dict)
    }

    /// Writes a text. Returns false where the column will not give it back: it keeps the begin of one that is too long, and nothing
    /// where the row has a value in that column already.
    pub fn text(&mut self, column: impl Into<usize>, value: &str) -> bool {
        let column = column.into();
        if value.len() > limits::TEXT_BYTES_MAX && !self.table.columns[column].holds_json() {
            self.write_text(column, begin(value));
            return false;
        }
        self.write_text(column, value)
    }

    fn write_text(&mut self, column: usize, value: &str) -> bool {
        let rows = self.rows;
        match self.store(column) {
            (Store::Text { ids, worth }, dict) => {
                if !fill(ids, rows, NO_TEXT) {
                    return false;
                }
                let known = dict.len();
                ids.push(intern(value, ids, dict));
                worth.add(value.len(), dict.len() > known);
                self.numbered(column, value.len());
                true
            }
            (Store::Plain { data, ends }, _) => {
                if !fill(ends, rows, no_value(data.len())) {
                    return false;
                }
                data.push_str(value);
                ends.push(offset(data.len()));
                self.sizes.fresh += value.len();
                true
            }
            _ => false,
        }
    }

    /// As [`text`](Self::text), for a text that the row before has as well.
    pub fn text_again(&mut self, column: usize, value: &str) {
        let rows = self.rows;
        match self.store(column) {
            (Store::Text { ids, worth }, dict)
                if ids.len() == rows && ids.last().is_some_and(|last| *last != NO_TEXT) =>
            {
                let last = ids[rows - 1];
                let length = dict.length(last - 1);
                ids.push(last);
                worth.add(length, false);
                self.numbered(column, length);
            }
            _ => {
                self.text(column, value);
            }
        }
    }

    /// Notes that the row has got the number of a text in a column.
    #[inline]
    fn numbered(&mut self, column: usize, length: usize) {
        self.sizes.fresh += length;
        let rows = self.rows + 1;
        if rows >= JUDGED_ROWS && rows.is_power_of_two() {
            self.judge(column);
        }
    }

    /// Gives up numbering the texts of a column that hardly repeat: session names of robots, addresses of a scan.
    fn judge(&mut self, column: usize) {
        if let Store::Text { ids, worth } = &self.stores[column]
            && !worth.is_much()
        {
            self.stores[column] = Store::plain_of(ids, &self.dict);
        }
    }

    /// Writes bytes, to a column of bytes.
    pub fn binary(&mut self, column: impl Into<usize>, value: &[u8]) -> bool {
        let rows = self.rows;
        match self.store(column.into()) {
            (Store::Bytes { data, ends }, _) => {
                if !fill(ends, rows, no_value(data.len())) {
                    return false;
                }
                data.extend_from_slice(value);
                ends.push(offset(data.len()));
                self.sizes.fresh += value.len();
                true
            }
            _ => false,
        }
    }

    /// Writes a time or an integer.
    pub fn int(&mut self, column: impl Into<usize>, value: i64) -> bool {
        let rows = self.rows;
        match self.store(column.into()) {
            (Store::Int(values), _) => {
                if !fill(values, rows, NO_INT) {
                    return false;
                }
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
        let rows = self.rows;
        match self.store(column.into()) {
            (Store::Bool(values), _) => {
                if !fill(values, rows, NO_BOOL) {
                    return false;
                }
                values.push(1 + u8::from(value));
                true
            }
            _ => false,
        }
    }

    /// Writes a list of texts (for resources: four to an element), some of them missing. Returns false as [`Chunk::text`].
    pub fn list<'a>(
        &mut self,
        column: impl Into<usize>,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> bool {
        let rows = self.rows;
        match self.store(column.into()) {
            (Store::List { ids, ends }, dict) => {
                if !fill(ends, rows, no_value(ids.len())) {
                    return false;
                }
                let (mut bytes, before, mut is_whole) = (0, ids.len(), true);
                for value in values {
                    let kept = value.map(begin);
                    is_whole &= kept.map(str::len) == value.map(str::len);
                    bytes += size_of::<u32>() + kept.map_or(0, str::len);
                    ids.push(kept.map_or(NO_TEXT, |text| intern(text, ids, dict)));
                }
                ends.push(offset(ids.len()));
                let unusual = (ids.len() - before).saturating_sub(limits::LIST_TEXTS_USUAL);
                self.sizes.fresh += bytes + unusual * limits::LIST_TEXT_BYTES;
                is_whole
            }
            _ => false,
        }
    }

    /// Writes the text, time or number that a row before has in that column, if it has one.
    pub fn repeat(&mut self, column: impl Into<usize>, row: usize) {
        let column = column.into();
        if let Some(text) = self.get_text(column, row).map(str::to_owned) {
            self.text(column, &text);
        } else if let Some(number) = self.get_int(column, row) {
            self.int(column, number);
        }
    }

    /// Appends all rows of another chunk that takes no more of them.
    pub fn append(&mut self, from: &Chunk) {
        let mut ids = IdMap::new(from.dictionary_len());
        for row in 0..from.rows {
            self.copy_row(from, row, &mut ids);
        }
    }

    /// Copies a row of another chunk of the same table.
    pub(super) fn copy_row(&mut self, from: &Chunk, row: usize, ids: &mut IdMap) {
        for (column, source) in from.stores.iter().enumerate() {
            if matches!(source, Store::Empty) {
                continue;
            }
            if matches!(self.stores[column], Store::Empty) {
                self.stores[column] = source.begin_alike(self.rows);
            } else {
                self.stores[column].fill(self.rows);
            }
            match ((&mut self.stores[column], &mut self.dict), source) {
                ((Store::Text { ids: values, .. }, dict), Store::Text { ids: source, .. }) => {
                    values.push(ids.map(source[row], &from.dict, dict));
                }
                (
                    (Store::Plain { data, ends }, _),
                    Store::Plain {
                        data: source,
                        ends: source_ends,
                    },
                ) => {
                    if let Some(range) = range(source_ends, row) {
                        data.push_str(&source[range]);
                        ends.push(offset(data.len()));
                    }
                }
                (
                    (Store::Bytes { data, ends }, _),
                    Store::Bytes {
                        data: source,
                        ends: source_ends,
                    },
                ) => {
                    if let Some(range) = range(source_ends, row) {
                        data.extend_from_slice(&source[range]);
                        ends.push(offset(data.len()));
                    }
                }
                // Another chunk gave up numbering the texts of this column, or this one did.
                ((Store::Text { ids: values, .. }, dict), Store::Plain { data, ends }) => {
                    let text = range(ends, row).map(|range| &data[range]);
                    values.push(text.map_or(NO_TEXT, |text| dict.intern(text) + 1));
                }
                ((Store::Plain { data, ends }, _), Store::Text { ids: source, .. }) => {
                    if let Some(text) = from.dictionary_text(source[row]) {
                        data.push_str(text);
                        ends.push(offset(data.len()));
                    }
                }
                ((Store::Int(values), _), Store::Int(source)) => values.push(source[row]),
                ((Store::Bool(values), _), Store::Bool(source)) => values.push(source[row]),
                (
                    (Store::List { ids: values, ends }, dict),
                    Store::List {
                        ids: source,
                        ends: source_ends,
                    },
                ) => {
                    if let Some(range) = range(source_ends, row) {
                        values.extend(
                            source[range]
                                .iter()
                                .map(|id| ids.map(*id, &from.dict, dict)),
                        );
                        ends.push(offset(values.len()));
                    }
                }
                _ => unreachable!("chunks of one table have the same columns"),
            }
        }
        self.sizes.fresh = from.row_size(row);
        self.end_row();
    }

    /// Returns the text of a row.
    pub fn get_text(&self, column: impl Into<usize>, row: usize) -> Option<&str> {
        match &self.stores[column.into()] {
            Store::Text { ids, .. } => self.dictionary_text(*ids.get(row)?),
            Store::Plain { data, ends } => Some(&data[range(ends, row)?]),
            _ => None,
        }
    }

    /// Returns whether a row has a value.
    pub(super) fn has_value(&self, column: usize, row: usize) -> bool {
        self.stores[column].has_value(row)
    }

    /// Returns true where no row has a value in that column.
    pub fn is_empty_column(&self, column: usize) -> bool {
        matches!(self.stores[column], Store::Empty)
    }

    /// Returns a column of texts or bytes.
    pub(super) fn texts(&self, column: usize) -> Texts<'_> {
        match &self.stores[column] {
            Store::Text { ids, .. } => Texts::Numbered(ids, &self.dict),
            Store::Plain { data, ends } => Texts::Own(data.as_bytes(), ends),
            Store::Bytes { data, ends } => Texts::Own(data, ends),
            _ => Texts::None,
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
        int(*self.ints(column).get(row)?)
    }

    /// Returns the boolean of a row.
    pub fn get_bool(&self, column: impl Into<usize>, row: usize) -> Option<bool> {
        bool(*self.bools(column).get(row)?)
    }

    /// Returns a column of numbers as it is kept, row by row; nothing where no row has a value.
    pub(super) fn ints(&self, column: impl Into<usize>) -> &[i64] {
        match &self.stores[column.into()] {
            Store::Int(values) => values,
            _ => &[],
        }
    }

    /// Returns a column of booleans as it is kept, row by row; nothing where no row has a value.
    pub(super) fn bools(&self, column: impl Into<usize>) -> &[u8] {
        match &self.stores[column.into()] {
            Store::Bool(values) => values,
            _ => &[],
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

    /// Returns the bytes of the text that a number plus one stands for, without a look at them, and its hash.
    pub(super) fn dictionary_entry(&self, id: u32) -> (&[u8], TextHash) {
        (self.dict.bytes_of(id - 1), self.dict.hash_of(id - 1))
    }

    /// Returns how many texts the dictionary has.
    pub fn dictionary_len(&self) -> usize {
        self.dict.len()
    }

    /// Returns a column of texts or booleans of a sorted chunk, to be read as numbers.
    pub fn numbers(&self, column: impl Into<usize>) -> Numbers<'_> {
        match &self.stores[column.into()] {
            Store::Text { ids, .. } => Numbers::Texts(ids, &self.dict),
            Store::Plain { data, ends } => Numbers::Plain(data, ends),
            Store::Bool(values) => Numbers::Bools(values),
            _ => Numbers::None,
        }
    }

    /// Returns what a number plus one of this chunk's dictionary is in another.
    pub fn map_id(&self, id: u32, ids: &mut IdMap, to: &mut Dict) -> u32 {
        ids.map(id, &self.dict, to)
    }

    /// Returns how many bytes a row's own values take, those aside that it shares in this chunk.
    pub(super) fn own_bytes(&self, row: usize) -> usize {
        self.stores.iter().map(|store| store.row_bytes(row)).sum()
    }

    /// Returns how many bytes the texts and bytes of a row take where none of them is shared.
    pub fn row_size(&self, row: usize) -> usize {
        self.sizes.rows.get(row).map_or(0, |bytes| *bytes as usize)
    }

    /// Returns what [`Chunk::row_size`] has for each row.
    pub(super) fn row_sizes(&self) -> &[u32] {
        &self.sizes.rows
    }

    /// Sorts the rows. The chunk takes no more of them.
    pub fn sort(mut self) -> Sorted {
        self.complete();
        self.dict.seal();
        self.stores.iter_mut().for_each(Store::shrink);
        let columns = self.table.order;
        // Most records are told apart by time alone; rows of the books are of one day and alike in most of their texts, and
        // comparing ranks is then cheaper than comparing texts.
        let ranks = self.table.identity.is_none().then(|| self.dict.ranks());
        let time = |row: u32| self.get_int(columns[0], row as usize).unwrap_or(NO_INT);
        let mut keyed: Vec<_> = (0..offset(self.rows)).map(|row| (time(row), row)).collect();
        keyed.sort_unstable_by_key(|(time, _)| *time);
        for alike in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
            alike.sort_unstable_by(|(_, a), (_, b)| {
                let (a, b) = (*a as usize, *b as usize);
                match &ranks {
                    Some(ranks) => self.compare_ranked(a, b, &columns[1..], ranks),
                    None => compare(&self, a, &self, b, &columns[1..]),
                }
            });
        }
        let order = keyed.into_iter().map(|(_, row)| row).collect();
        Sorted {
            chunk: self,
            order: Some(order),
        }
    }
}

impl Chunk {
    /// As [`compare`], of two rows of this chunk, with the ranks of its dictionary's texts.
    fn compare_ranked(&self, a: usize, b: usize, columns: &[usize], ranks: &[u32]) -> Ordering {
        for &column in columns {
            let ordering = match &self.stores[column] {
                Store::Text { ids, .. } => ranks[ids[a] as usize].cmp(&ranks[ids[b] as usize]),
                _ => compare(self, a, self, b, &[column]),
            };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    }
}

/// Returns as much of a text as columns keep.
#[inline]
fn begin(text: &str) -> &str {
    &text[..text.floor_char_boundary(limits::TEXT_BYTES_MAX)]
}

/// Returns the number plus one of a text that comes behind others. Neighbours are often alike, and a comparison is cheaper
/// than a hash.
#[inline]
fn intern(value: &str, before: &[u32], dict: &mut Dict) -> u32 {
    match before.last() {
        Some(&last) if last != NO_TEXT && dict.is(last - 1, value) => last,
        _ => dict.intern(value) + 1,
    }
}

/// Compares two rows of one table by some of its columns. No value comes first; texts compare by bytes.
pub fn compare(a: &Chunk, a_row: usize, b: &Chunk, b_row: usize, columns: &[usize]) -> Ordering {
    let same_dictionary = std::ptr::eq(a, b);
    for &column in columns {
        let ordering = match (&a.stores[column], &b.stores[column]) {
            (Store::Empty, Store::Empty) => Ordering::Equal,
            (Store::Int(x), Store::Int(y)) => x[a_row].cmp(&y[b_row]),
            (Store::Bool(x), Store::Bool(y)) => x[a_row].cmp(&y[b_row]),
            (Store::Text { ids: x, .. }, Store::Text { ids: y, .. })
                if same_dictionary && x[a_row] == y[b_row] =>
            {
                Ordering::Equal
            }
            (
                Store::Plain { data, ends },
                Store::Plain {
                    data: other,
                    ends: other_ends,
                },
            ) => {
                value(data.as_bytes(), ends, a_row).cmp(&value(other.as_bytes(), other_ends, b_row))
            }
            _ if matches!(a.table.columns[column].kind, Kind::Text | Kind::Plain) => {
                a.texts(column).get(a_row).cmp(&b.texts(column).get(b_row))
            }
            // One of them is empty.
            _ => (a.get_int(column, a_row), a.get_bool(column, a_row))
                .cmp(&(b.get_int(column, b_row), b.get_bool(column, b_row))),
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
    pub(crate) fn in_order(mut chunk: Chunk) -> Self {
        chunk.complete();
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

    /// Returns whether a row alone is more than a block of a run.
    pub fn has_large_row(&self) -> bool {
        let sizes = self.chunk.row_sizes().iter();
        sizes
            .max()
            .is_some_and(|bytes| *bytes as usize > limits::BLOCK_BYTES)
    }

    /// Returns the memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        self.chunk.bytes() + self.order.as_ref().map_or(0, |order| 4 * order.capacity())
    }
}

/// The values of a column, row by row.
#[derive(Debug)]
pub enum Column {
    /// Numbers plus one of texts; 0 for no value.
    Texts(Vec<u32>),
    /// 1 for false, 2 for true; 0 for no value.
    Bools(Vec<u8>),
    /// Times or integers.
    Ints(Vec<i64>),
}

impl Column {
    fn into_store(self) -> Store {
        match self {
            Self::Texts(ids) => Store::Text {
                ids,
                worth: Worth::default(),
            },
            Self::Bools(values) => Store::Bool(values),
            Self::Ints(values) => Store::Int(values),
        }
    }
}

/// A column of texts or booleans, to be read as numbers row by row.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'c> {
    /// No row has a value.
    None,
    /// As chunks keep them, which is as they are read.
    Bools(&'c [u8]),
    /// Numbers plus one of texts in a dictionary.
    Texts(&'c [u32], &'c Dict),
    /// Texts end to end, and where each ends.
    Plain(&'c str, &'c [u32]),
}

impl Numbers<'_> {
    /// Returns the number plus one of a row's text in another dictionary, 1 for false, 2 for true; 0 for no value.
    #[inline]
    pub fn get(self, row: usize, ids: &mut IdMap, to: &mut Dict) -> u32 {
        match self {
            Self::None => NO_TEXT,
            Self::Bools(values) => u32::from(values[row]),
            Self::Texts(own, dict) => ids.map(own[row], dict, to),
            Self::Plain(data, ends) => {
                range(ends, row).map_or(NO_TEXT, |range| to.intern(&data[range]) + 1)
            }
        }
    }
}

/// The numbers that texts of one dictionary have in another, found once each.
#[derive(Debug, Default)]
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
    #[inline]
    pub fn map(&mut self, id: u32, from: &Dict, to: &mut Dict) -> u32 {
        match self.ids.get(id as usize) {
            Some(&known) if known != NO_TEXT => known,
            _ if id == NO_TEXT => NO_TEXT,
            _ => self.look_up(id, from, to),
        }
    }

    #[cold]
    fn look_up(&mut self, id: u32, from: &Dict, to: &mut Dict) -> u32 {
        if self.ids.len() <= id as usize {
            self.ids.resize(from.len() + 1, NO_TEXT);
        }
        let known = to.intern_of(from, id - 1) + 1;
        self.ids[id as usize] = known;
        known
    }
}
