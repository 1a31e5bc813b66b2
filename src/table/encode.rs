//! Windows of rows to Parquet: a window becomes a row group, its columns encoded side by side.
//!
//! Every column is cut into batches of the same length from the row group's start, so that equal rows
//! give equal bytes whatever ran beside them.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListArray,
    StringBuilder, StructArray, TimestampMicrosecondBuilder, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::add_encoded_arrow_schema_to_metadata;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

use super::chunk::Chunk;
use super::merge::Window;
use super::schema::{Kind, RESOURCE_FIELDS, Table, list_item, resource_fields};

/// Rows that are handed to a column's encoder at once.
const BATCH_ROWS: usize = 8192;

/// Writes one data file of a table.
pub struct FileWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: Arc<Schema>,
    /// The table's columns that are written, by place in the table.
    columns: Vec<usize>,
    table: &'static Table,
    row_groups: usize,
}

impl<W: Write + Send> std::fmt::Debug for FileWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileWriter")
            .field("table", &self.table.name)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> FileWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// Returns what the underlying writer says.
    pub fn new(table: &'static Table, out: W) -> Result<Self> {
        let schema = Arc::new(table.schema());
        let mut properties = properties(table, &schema);
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let parquet_schema = ArrowSchemaConverter::new().convert(&schema)?;
        let file =
            SerializedFileWriter::new(out, parquet_schema.root_schema_ptr(), Arc::new(properties))?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        let written = |(_, column): &(usize, &super::Column)| column.is_written();
        let columns = table
            .columns
            .iter()
            .enumerate()
            .filter(written)
            .map(|(i, _)| i)
            .collect();
        Ok(Self {
            file,
            factory,
            schema,
            columns,
            table,
            row_groups: 0,
        })
    }

    /// Writes the rows of a window as one row group, its columns encoded in parallel.
    ///
    /// # Errors
    ///
    /// Returns what the underlying writer says.
    pub fn write(&mut self, window: &Window) -> Result<()> {
        let mut writers = self
            .factory
            .create_column_writers(self.row_groups)?
            .into_iter();
        self.row_groups += 1;
        let tasks: Vec<_> = self
            .columns
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| {
                let kind = self.table.columns[*column].kind;
                let leaves: Vec<_> = writers.by_ref().take(n_leaves(kind)).collect();
                (*column, kind, field, leaves)
            })
            .collect();
        let chunks: Vec<Vec<ArrowColumnChunk>> = tasks
            .into_par_iter()
            .with_max_len(1)
            .map(|(column, kind, field, leaves)| encode(window, column, kind, field, leaves))
            .collect::<Result<_>>()?;
        let mut row_group = self.file.next_row_group()?;
        for chunk in chunks.into_iter().flatten() {
            chunk.append_to_row_group(&mut row_group)?;
        }
        row_group.close()?;
        Ok(())
    }

    /// Returns how many bytes the file has so far.
    pub fn bytes_written(&self) -> usize {
        self.file.bytes_written()
    }

    /// Completes the file and returns what it was written to.
    ///
    /// # Errors
    ///
    /// Returns what the underlying writer says.
    pub fn finish(self) -> Result<W> {
        self.file.into_inner()
    }
}

fn n_leaves(kind: Kind) -> usize {
    if kind == Kind::Resources {
        RESOURCE_FIELDS.len()
    } else {
        1
    }
}

fn properties(table: &Table, schema: &Schema) -> WriterProperties {
    let metadata = schema.metadata();
    let mut keys: Vec<_> = metadata
        .iter()
        .map(|(k, v)| KeyValue::new(k.clone(), v.clone()))
        .collect();
    keys.sort_by(|a, b| a.key.cmp(&b.key)); // a map has no order, and files are to be equal
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("trailmill ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        // zstd 1 was as small as zstd 3 on these columns, and a third of the time.
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_key_value_metadata(Some(keys));
    for column in table.columns.iter().filter(|column| column.is_written()) {
        let path = ColumnPath::from(column.name);
        builder = match column.kind {
            // Ids do not repeat: a dictionary of them is work for nothing.
            Kind::Plain if column.name.ends_with("_id") => {
                builder.set_column_dictionary_enabled(path, false)
            }
            Kind::Binary => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_statistics_enabled(path, EnabledStatistics::None),
            Kind::Plain => builder.set_column_statistics_enabled(path, EnabledStatistics::None),
            Kind::Time => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
            _ => builder,
        };
    }
    builder.build()
}

fn encode(
    window: &Window,
    column: usize,
    kind: Kind,
    field: &Field,
    mut writers: Vec<ArrowColumnWriter>,
) -> Result<Vec<ArrowColumnChunk>> {
    for rows in window.rows.chunks(BATCH_ROWS) {
        let array = array(window, rows, column, kind)?;
        for (leaf, writer) in compute_leaves(field, &array)?.iter().zip(&mut writers) {
            writer.write(leaf)?;
        }
    }
    writers.into_iter().map(ArrowColumnWriter::close).collect()
}

/// The values of one column as an Arrow array.
fn array(window: &Window, rows: &[(u32, u32)], column: usize, kind: Kind) -> Result<ArrayRef> {
    if window
        .blocks
        .iter()
        .all(|block| block.chunk().is_empty_column(column))
    {
        return Ok(new_null_array(&kind.data_type(), rows.len()));
    }
    let chunks: Vec<&Chunk> = window.blocks.iter().map(|block| block.chunk()).collect();
    let values = rows
        .iter()
        .map(|(block, row)| (chunks[*block as usize], *row as usize));
    let n = rows.len();
    Ok(match kind {
        Kind::Text | Kind::Plain => {
            let mut builder = StringBuilder::with_capacity(n, n * 16);
            values.for_each(|(chunk, row)| builder.append_option(chunk.get_text(column, row)));
            Arc::new(builder.finish())
        }
        Kind::Binary => {
            let mut builder = BinaryBuilder::with_capacity(n, 0);
            values.for_each(|(chunk, row)| builder.append_option(chunk.get_binary(column, row)));
            Arc::new(builder.finish())
        }
        Kind::Time => {
            let mut builder = TimestampMicrosecondBuilder::with_capacity(n);
            values.for_each(|(chunk, row)| builder.append_option(chunk.get_int(column, row)));
            Arc::new(builder.finish())
        }
        Kind::Int64 => {
            let mut builder = Int64Builder::with_capacity(n);
            values.for_each(|(chunk, row)| builder.append_option(chunk.get_int(column, row)));
            Arc::new(builder.finish())
        }
        Kind::Int32 => {
            let mut builder = Int32Builder::with_capacity(n);
            values.for_each(|(chunk, row)| {
                builder.append_option(
                    chunk
                        .get_int(column, row)
                        .and_then(|value| i32::try_from(value).ok()),
                );
            });
            Arc::new(builder.finish())
        }
        Kind::Double => {
            let mut builder = Float64Builder::with_capacity(n);
            values.for_each(|(chunk, row)| {
                builder.append_option(
                    chunk
                        .get_int(column, row)
                        .map(|bits| f64::from_bits(bits.cast_unsigned())),
                );
            });
            Arc::new(builder.finish())
        }
        Kind::Bool => {
            let mut builder = BooleanBuilder::with_capacity(n);
            values.for_each(|(chunk, row)| builder.append_option(chunk.get_bool(column, row)));
            Arc::new(builder.finish())
        }
        Kind::TextList | Kind::Resources => lists(values, column, kind)?,
    })
}

fn lists<'a>(
    values: impl Iterator<Item = (&'a Chunk, usize)>,
    column: usize,
    kind: Kind,
) -> Result<ArrayRef> {
    let width = n_leaves(kind);
    let mut texts: Vec<StringBuilder> = (0..width).map(|_| StringBuilder::new()).collect();
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for (chunk, row) in values {
        let list = chunk.get_list(column, row);
        for element in list.unwrap_or_default().chunks_exact(width) {
            for (builder, id) in texts.iter_mut().zip(element) {
                builder.append_option(chunk.dictionary_text(*id));
            }
        }
        lengths.push(list.map_or(0, <[u32]>::len) / width);
        valid.push(list.is_some());
    }
    let mut arrays = texts
        .iter_mut()
        .map(|builder| Arc::new(builder.finish()) as ArrayRef);
    let elements: ArrayRef = if kind == Kind::Resources {
        Arc::new(StructArray::try_new(
            resource_fields(),
            arrays.collect(),
            None,
        )?)
    } else {
        arrays
            .next()
            .ok_or_else(|| ParquetError::General("a list has one leaf".to_owned()))?
    };
    let item = list_item(elements.data_type().clone());
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(
        item,
        offsets,
        elements,
        Some(NullBuffer::from(valid)),
    )?))
}
