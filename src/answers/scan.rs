//! Data files, a few columns at a time: texts that repeat come as numbers, which are looked up once for each dictionary and not once
//! for each row.

use std::io;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::reader::ChunkReader;

use super::names::{NONE, Name, Names};
use crate::table::{Kind, Table};

/// Rows that are read at once: many, because a dictionary comes with every batch.
const BATCH_ROWS: usize = 64 << 10;

/// What an integer or a time is where there is none.
pub(super) const NO_INT: i64 = i64::MIN;

/// Rows of some columns, in the order in which they were asked for.
pub(super) struct Batch {
    pub(super) rows: usize,
    columns: Vec<Column>,
}

enum Column {
    Names(Vec<Name>),
    Ints(Vec<i64>),
    Texts(StringArray),
    Flags(BooleanArray),
}

impl Batch {
    /// A column of texts that repeat.
    pub(super) fn names(&self, column: usize) -> &[Name] {
        match &self.columns[column] {
            Column::Names(names) => names,
            _ => unreachable!("the table says that the column has texts that repeat"),
        }
    }

    /// A column of times or whole numbers.
    pub(super) fn ints(&self, column: usize) -> &[i64] {
        match &self.columns[column] {
            Column::Ints(ints) => ints,
            _ => unreachable!("the table says that the column has numbers"),
        }
    }

    /// The text of a row in a column of texts that hardly repeat.
    pub(super) fn text(&self, column: usize, row: usize) -> Option<&str> {
        match &self.columns[column] {
            Column::Texts(texts) => texts.is_valid(row).then(|| texts.value(row)),
            _ => unreachable!("the table says that the column has texts"),
        }
    }

    /// Whether something is true of a row, where that is known.
    pub(super) fn flag(&self, column: usize, row: usize) -> Option<bool> {
        match &self.columns[column] {
            Column::Flags(flags) => flags.is_valid(row).then(|| flags.value(row)),
            _ => unreachable!("the table says that the column has flags"),
        }
    }
}

/// Reads some columns of a data file, batch by batch. A column that the file does not have is empty.
///
/// # Errors
///
/// Returns an error where it is no such file, or cannot be read.
pub(super) fn scan<R: ChunkReader + 'static>(
    file: R,
    table: &Table,
    columns: &[&str],
    names: &mut Names,
    each: &mut dyn FnMut(&Batch, &mut Names),
) -> io::Result<()> {
    let kinds: Vec<(&str, Kind)> = columns
        .iter()
        .map(|name| (*name, kind(table, name)))
        .collect();
    let found = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
    let options =
        ArrowReaderOptions::new().with_schema(Arc::new(with_dictionaries(found.schema(), &kinds)));
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let places = columns
        .iter()
        .filter_map(|name| found.schema().index_of(name).ok());
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    let batches = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()?;
    for batch in batches {
        let batch = batch.map_err(io::Error::other)?;
        let columns = kinds
            .iter()
            .map(|(name, kind)| column(&batch, name, *kind, names));
        let batch = Batch {
            columns: columns.collect::<io::Result<_>>()?,
            rows: batch.num_rows(),
        };
        each(&batch, names);
    }
    Ok(())
}

/// What a column of a table holds.
fn kind(table: &Table, name: &str) -> Kind {
    let mut columns = table.columns.iter();
    let column = columns.find(|column| column.name == name);
    column.expect("a column of the table").kind
}

/// The schema of a file, read so that texts that repeat stay dictionaries.
fn with_dictionaries(schema: &Schema, kinds: &[(&str, Kind)]) -> Schema {
    let read_as = |field: &Arc<Field>| {
        if *field.data_type() == DataType::Utf8 && kinds.contains(&(field.name(), Kind::Text)) {
            let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(text))
        } else {
            Arc::clone(field)
        }
    };
    let fields: Vec<_> = schema.fields().iter().map(read_as).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

fn column(batch: &RecordBatch, name: &str, kind: Kind, names: &mut Names) -> io::Result<Column> {
    let rows = batch.num_rows();
    let array = batch.column_by_name(name);
    let column = match kind {
        Kind::Text => array
            .map_or(Some(vec![NONE; rows]), |array| names_of(array, names))
            .map(Column::Names),
        Kind::Plain => array
            .map_or(Some(StringArray::new_null(rows)), |array| {
                array.as_string_opt().cloned()
            })
            .map(Column::Texts),
        Kind::Bool => array
            .map_or(Some(BooleanArray::new_null(rows)), |array| {
                array.as_boolean_opt().cloned()
            })
            .map(Column::Flags),
        _ => array
            .map_or(Some(vec![NO_INT; rows]), ints_of)
            .map(Column::Ints),
    };
    column.ok_or_else(|| {
        let why = format!("its column {name} is not what this trailmill knows: use a newer one");
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

fn names_of(array: &ArrayRef, names: &mut Names) -> Option<Vec<Name>> {
    let array = array.as_dictionary_opt::<Int32Type>()?;
    let texts: &StringArray = array.values().as_string_opt()?;
    let known: Vec<Name> = texts
        .iter()
        .map(|text| text.map_or(NONE, |text| names.name(text)))
        .collect();
    let name = |key: Option<i32>| {
        let place = usize::try_from(key?).ok()?;
        known.get(place).copied()
    };
    Some(
        array
            .keys()
            .iter()
            .map(|key| name(key).unwrap_or(NONE))
            .collect(),
    )
}

fn ints_of(array: &ArrayRef) -> Option<Vec<i64>> {
    match array.data_type() {
        DataType::Int32 => {
            let ints = array.as_primitive_opt::<Int32Type>()?.iter();
            Some(ints.map(|int| int.map_or(NO_INT, i64::from)).collect())
        }
        DataType::Int64 => {
            let ints = array.as_primitive_opt::<Int64Type>()?.iter();
            Some(ints.map(|int| int.unwrap_or(NO_INT)).collect())
        }
        _ => {
            let times = array.as_primitive_opt::<TimestampMicrosecondType>()?.iter();
            Some(times.map(|time| time.unwrap_or(NO_INT)).collect())
        }
    }
}
