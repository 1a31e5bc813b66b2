//! Data files back to rows: the inverse of [`encode`](super::encode), block by block, so that a file of any size takes little memory.
//!
//! Rows come as they stand, those of a row group of a table that groups them in no order. The columns that are not written stay without a value, but for the first one that orders: it is the partition's day.

use std::io;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{
    DataType, Float64Type, Int32Type, Int64Type, Schema, TimestampMicrosecondType,
};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::reader::ChunkReader;

use super::chunk::Chunk;
use super::dict::Dict;
use super::schema::{Kind, RESOURCE_FIELDS, Table};
use super::store::{NO_BOOL, NO_INT, NO_TEXT, Store, Worth, no_value, offset, range};
use crate::limits;

/// The row groups of a data file, each of which is read as batches of rows.
#[derive(Debug)]
pub struct RowGroups<R> {
    file: R,
    metadata: ArrowReaderMetadata,
    batch_bytes: usize,
}

impl<R: ChunkReader + Clone + 'static> RowGroups<R> {
    /// Opens a file of a table; a batch takes about so many bytes.
    ///
    /// # Errors
    ///
    /// Returns an error where it is no data file of that table, or has what this program does not know.
    pub fn new(table: &'static Table, file: R, batch_bytes: usize) -> io::Result<Self> {
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
        check(table, metadata.schema())?;
        Ok(Self {
            file,
            metadata,
            batch_bytes,
        })
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Opens one of them.
    ///
    /// # Errors
    ///
    /// Returns an error where it cannot be read.
    pub fn open(&self, group: usize) -> io::Result<ParquetRecordBatchReader> {
        let metadata = self.metadata.clone();
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), metadata);
        Ok(builder
            .with_row_groups(vec![group])
            .with_batch_size(self.batch_rows(group))
            .build()?)
    }

    /// How many rows of a row group take that many bytes, as far as its sizes tell.
    fn batch_rows(&self, group: usize) -> usize {
        let group = self.metadata.metadata().row_group(group);
        let number = |n: i64| usize::try_from(n).unwrap_or_default();
        // In memory each value has a number beside it.
        let values = 8 * group.num_columns();
        let row = number(group.total_byte_size()) / number(group.num_rows()).max(1) + values;
        (self.batch_bytes / row.max(1)).clamp(1, limits::BLOCK_ROWS)
    }

    /// Returns all rows, one row group after the other.
    pub fn batches(&self) -> Batches<'_, R> {
        Batches {
            groups: self,
            next_group: 0,
            open: None,
        }
    }
}

/// The rows of a data file.
#[derive(Debug)]
pub struct Batches<'g, R> {
    groups: &'g RowGroups<R>,
    next_group: usize,
    open: Option<ParquetRecordBatchReader>,
}

impl<R: ChunkReader + Clone + 'static> Batches<'_, R> {
    fn next_batch(&mut self) -> io::Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.open.as_mut().and_then(Iterator::next) {
                return Ok(Some(batch.map_err(io::Error::other)?));
            }
            if self.next_group == self.groups.count() {
                return Ok(None);
            }
            self.open = Some(self.groups.open(self.next_group)?);
            self.next_group += 1;
        }
    }
}

impl<R: ChunkReader + Clone + 'static> Iterator for Batches<'_, R> {
    type Item = io::Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

/// A column that is not known would be lost, one of another type be read wrong.
fn check(table: &Table, schema: &Schema) -> io::Result<()> {
    let known = table.schema();
    for field in schema.fields() {
        let fits = known
            .field_with_name(field.name())
            .is_ok_and(|known| known.data_type() == field.data_type());
        if !fits {
            let (name, found) = (field.name(), field.data_type());
            return Err(invalid(&format!(
                "it has a column {name} of {found}, which this trailmill does not know in {}: use a newer one",
                table.name
            )));
        }
    }
    Ok(())
}

/// Returns the rows of a batch as they stand; `start` is the first moment of their partition's day.
///
/// # Errors
///
/// Returns an error where a column is not what its type says.
pub fn rows(table: &'static Table, start: i64, batch: &RecordBatch) -> io::Result<Chunk> {
    let mut dict = Dict::default();
    let n_rows = batch.num_rows();
    let mut stores = Vec::with_capacity(table.columns.len());
    for (place, column) in table.columns.iter().enumerate() {
        let array = batch.column_by_name(column.name);
        stores.push(match array.filter(|array| array.null_count() < n_rows) {
            Some(array) => store(column.kind, array, &mut dict)
                .ok_or_else(|| invalid(&format!("column {} cannot be read", column.name)))?,
            None if place == table.order[0] && !column.is_written() => {
                Store::Int(vec![start; n_rows])
            }
            None => Store::Empty,
        });
    }
    dict.seal();
    let sizes = sizes(n_rows, &stores, &dict);
    Ok(Chunk::from_parts(table, n_rows, stores, dict, sizes))
}

/// What the texts and bytes of each row take where none of them is shared, as when they were appended.
fn sizes(rows: usize, stores: &[Store], dict: &Dict) -> Vec<u32> {
    let text = |id: &u32| id.checked_sub(1).map_or(0, |id| dict.length(id));
    let size = |store: &Store, row: usize| match store {
        Store::Text { ids, .. } => text(&ids[row]),
        Store::Plain { ends, .. } | Store::Bytes { ends, .. } => {
            range(ends, row).map_or(0, |range| range.len())
        }
        Store::List { ids, ends } => range(ends, row).map_or(0, |range| {
            let ids = ids[range].iter();
            ids.map(|id| size_of::<u32>() + text(id)).sum()
        }),
        Store::Empty | Store::Int(_) | Store::Bool(_) => 0,
    };
    let row = |row| stores.iter().map(|store| size(store, row)).sum::<usize>();
    (0..rows)
        .map(|nth| u32::try_from(row(nth)).unwrap_or(u32::MAX))
        .collect()
}

/// The values of a column; `None` where they are of another type.
fn store(kind: Kind, array: &ArrayRef, dict: &mut Dict) -> Option<Store> {
    Some(match kind {
        Kind::Text => Store::Text {
            ids: numbers(array.as_string_opt()?, dict),
            worth: Worth::default(),
        },
        Kind::Plain => {
            let (bytes, ends) = bytes(array.as_string_opt::<i32>()?);
            Store::Plain {
                data: String::from_utf8(bytes).ok()?,
                ends,
            }
        }
        Kind::Binary => {
            let (data, ends) = bytes(array.as_binary_opt::<i32>()?);
            Store::Bytes { data, ends }
        }
        Kind::Time => Store::Int(ints(
            array.as_primitive_opt::<TimestampMicrosecondType>()?.iter(),
        )),
        Kind::Int64 => Store::Int(ints(array.as_primitive_opt::<Int64Type>()?.iter())),
        Kind::Int32 => Store::Int(ints(
            array
                .as_primitive_opt::<Int32Type>()?
                .iter()
                .map(|value| value.map(i64::from)),
        )),
        Kind::Double => Store::Int(ints(
            array
                .as_primitive_opt::<Float64Type>()?
                .iter()
                .map(|value| value.map(|value| value.to_bits().cast_signed())),
        )),
        Kind::Bool => Store::Bool(
            array
                .as_boolean_opt()?
                .iter()
                .map(|value| value.map_or(NO_BOOL, |value| 1 + u8::from(value)))
                .collect(),
        ),
        Kind::TextList | Kind::Resources => lists(array, dict)?,
    })
}

fn ints(values: impl Iterator<Item = Option<i64>>) -> Vec<i64> {
    values.map(|value| value.unwrap_or(NO_INT)).collect()
}

/// The numbers plus one of texts, each looked up only where it is not that of the row before.
fn numbers(texts: &StringArray, dict: &mut Dict) -> Vec<u32> {
    let mut ids = Vec::with_capacity(texts.len());
    let mut last: Option<(&str, u32)> = None;
    for text in texts {
        ids.push(match (text, last) {
            (None, _) => NO_TEXT,
            (Some(text), Some((before, id))) if text == before => id,
            (Some(text), _) => {
                let id = dict.intern(text) + 1;
                last = Some((text, id));
                id
            }
        });
    }
    ids
}

/// Texts or bytes end to end, and where each ends.
fn bytes<T: arrow::datatypes::ByteArrayType>(
    values: &arrow::array::GenericByteArray<T>,
) -> (Vec<u8>, Vec<u32>) {
    let (mut data, mut ends) = (Vec::new(), Vec::with_capacity(values.len()));
    for value in values {
        match value {
            Some(value) => {
                data.extend_from_slice(value.as_ref());
                ends.push(offset(data.len()));
            }
            None => ends.push(no_value(data.len())),
        }
    }
    (data, ends)
}

/// Lists of texts, or of resources: there each element has four.
fn lists(array: &ArrayRef, dict: &mut Dict) -> Option<Store> {
    let lists = array.as_list_opt::<i32>()?;
    let members: Vec<Vec<u32>> = match lists.values().data_type() {
        DataType::Struct(_) => {
            let fields = lists.values().as_struct_opt()?;
            let field = |name: &&str| fields.column_by_name(name)?.as_string_opt::<i32>();
            let members = RESOURCE_FIELDS.iter().map(field);
            members
                .map(|texts| Some(numbers(texts?, dict)))
                .collect::<Option<_>>()?
        }
        _ => vec![numbers(lists.values().as_string_opt()?, dict)],
    };
    let (mut ids, mut ends) = (Vec::new(), Vec::with_capacity(lists.len()));
    for (row, range) in lists.value_offsets().windows(2).enumerate() {
        if lists.is_null(row) {
            ends.push(no_value(ids.len()));
            continue;
        }
        for element in usize::try_from(range[0]).ok()?..usize::try_from(range[1]).ok()? {
            ids.extend(members.iter().map(|member| member[element]));
        }
        ends.push(offset(ids.len()));
    }
    Some(Store::List { ids, ends })
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::chunk::Sorted;
    use crate::table::encode::FileWriter;
    use crate::table::merge::{Merge, Run, WindowLimits};
    use crate::table::{TABLES, events, mcp_events, rejects};
    use crate::trail::time::DAY;
    use bytes::Bytes;
    use proptest::prelude::*;

    /// What a value is made of: none, or a text, number or list that follows from it.
    type Roll = Option<u8>;

    /// Writes rows of one day to a file; each row has a roll for each column.
    fn chunk_of(table: &'static Table, rows: &[Vec<Roll>]) -> Chunk {
        let mut chunk = Chunk::new(table);
        for (nth, rolls) in (0..).zip(rows) {
            for (place, column) in table.columns.iter().enumerate() {
                if place == table.order[0] {
                    chunk.int(place, if column.is_written() { DAY + nth } else { DAY });
                    continue;
                }
                let Some(roll) = rolls[place % rolls.len()].filter(|_| column.is_written()) else {
                    continue;
                };
                let text = "t\u{e9}".repeat(usize::from(roll % 3));
                let list = |n: usize| (0..n).map(|n| (n % 2 == 0).then_some(text.as_str()));
                match column.kind {
                    Kind::Text | Kind::Plain => chunk.text(place, &text),
                    Kind::Binary => chunk.binary(place, &[roll, 0xff]),
                    Kind::Bool => chunk.bool(place, roll % 2 == 0),
                    Kind::Double => chunk.double(place, f64::from(roll) / 3.0),
                    Kind::TextList => chunk.list(place, list(usize::from(roll % 4))),
                    Kind::Resources => chunk.list(place, list(4 * usize::from(roll % 4))),
                    Kind::Time | Kind::Int64 | Kind::Int32 => chunk.int(place, i64::from(roll)),
                };
            }
            chunk.end_row();
        }
        chunk
    }

    fn file_of(table: &'static Table, run: Run, window_rows: usize) -> Bytes {
        let limits = WindowLimits {
            rows: window_rows,
            bytes: usize::MAX,
        };
        let mut merge = Merge::new(table, vec![run], limits).expect("in memory");
        let mut file = FileWriter::new(table, Vec::new()).expect("in memory");
        while let Some(window) = merge.next_window().expect("in memory") {
            file.write(&window).expect("in memory");
        }
        file.finish().expect("in memory").into()
    }

    fn batches_of(table: &'static Table, file: &Bytes, batch_bytes: usize) -> Vec<Chunk> {
        RowGroups::new(table, file.clone(), batch_bytes)
            .expect("a data file")
            .batches()
            .map(|batch| rows(table, DAY, &batch.expect("whole")).expect("its types"))
            .collect()
    }

    /// The rows of a file in the order of the table.
    fn blocks_of(table: &'static Table, file: &Bytes, batch_bytes: usize) -> Vec<Sorted> {
        let batches = batches_of(table, file, batch_bytes);
        if table.grouped.is_empty() {
            return batches.into_iter().map(Sorted::in_order).collect();
        }
        let mut all = Chunk::new(table);
        for batch in batches {
            all.append(&batch);
        }
        vec![all.sort()]
    }

    /// What a row holds, column by column, in words.
    fn row_of(chunk: &Chunk, row: usize) -> Vec<String> {
        let table = chunk.table();
        let value = |(place, column): (usize, &crate::table::Column)| match column.kind {
            Kind::Text | Kind::Plain => format!("{:?}", chunk.get_text(place, row)),
            Kind::Binary => format!("{:?}", chunk.get_binary(place, row)),
            Kind::Bool => format!("{:?}", chunk.get_bool(place, row)),
            Kind::TextList | Kind::Resources => {
                let list = chunk.get_list(place, row);
                let texts = list.map(|ids| ids.iter().map(|id| chunk.dictionary_text(*id)));
                format!("{:?}", texts.map(Iterator::collect::<Vec<_>>))
            }
            _ => format!("{:?}", chunk.get_int(place, row)),
        };
        let size = format!("{} bytes", chunk.row_size(row));
        table
            .columns
            .iter()
            .enumerate()
            .map(value)
            .chain([size])
            .collect()
    }

    fn rows_of(blocks: &[Sorted]) -> Vec<Vec<String>> {
        let rows = blocks
            .iter()
            .flat_map(|block| (0..block.len()).map(|nth| row_of(block.chunk(), block.row(nth))));
        rows.collect()
    }

    fn any_rows() -> impl Strategy<Value = Vec<Vec<Roll>>> {
        let rolls = prop::collection::vec(prop::option::of(any::<u8>()), 1..7);
        prop::collection::vec(rolls, 1..40)
    }

    proptest! {
        /// Rows come back as they were, and give the same bytes again.
        #[test]
        fn the_inverse_of_encoding(
            rows in any_rows(),
            nth_table in 0..TABLES.len(),
            window_rows in 1..50_usize,
            batch_bytes in 1..4000_usize,
        ) {
            let table = TABLES[nth_table];
            let sorted = chunk_of(table, &rows).sort();
            let expected = rows_of(std::slice::from_ref(&sorted));
            let file = file_of(table, Box::new(std::iter::once(Ok(sorted))), window_rows);
            let blocks = blocks_of(table, &file, batch_bytes);
            prop_assert_eq!(rows_of(&blocks), expected);
            let again = file_of(table, Box::new(blocks.into_iter().map(Ok)), window_rows);
            prop_assert!(again == file);
        }
    }

    #[test]
    fn batches_are_as_small_as_asked_for() {
        let rows = vec![vec![Some(7)]; 300];
        let sorted = chunk_of(&events::TABLE, &rows).sort();
        let file = file_of(&events::TABLE, Box::new(std::iter::once(Ok(sorted))), 100);
        let lengths = |bytes| -> Vec<usize> {
            let batches = batches_of(&events::TABLE, &file, bytes);
            batches.iter().map(Chunk::rows).collect()
        };
        assert_eq!(lengths(1 << 20), [100, 100, 100], "a row group each");
        assert_eq!(lengths(0), [1; 300], "never none");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let sorted = chunk_of(&rejects::TABLE, &[vec![Some(1)]]).sort();
        let file = file_of(&rejects::TABLE, Box::new(std::iter::once(Ok(sorted))), 1);
        let refusal = RowGroups::new(&mcp_events::TABLE, file, 1).expect_err("another table");
        assert_eq!(
            refusal.to_string(),
            "it has a column source of Utf8, which this trailmill does not know in mcp_events: use a newer one"
        );
        assert!(RowGroups::new(&events::TABLE, Bytes::from_static(b"PAR1"), 1).is_err());
    }
}
