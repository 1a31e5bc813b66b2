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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::events::{Col, TABLE};
    use crate::table::merge::{Merge, Run, WindowLimits};
    use arrow::array::{Array, AsArray, RecordBatch};
    use arrow::compute::concat_batches;
    use arrow::datatypes::TimestampMicrosecondType;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::Encoding;

    /// Rows `n` of some, every second one without optional values.
    fn chunk_of(rows: impl IntoIterator<Item = i64>) -> Chunk {
        let mut chunk = Chunk::new(&TABLE);
        for n in rows {
            chunk.int(Col::event_time, n);
            chunk.text(Col::event_id, &format!("id-{n}"));
            if n % 2 == 0 {
                chunk.text(Col::event_name, ["Get", "Put"][usize::from(n % 4 == 0)]);
                chunk.bool(Col::read_only, n % 4 == 0);
                chunk.binary(Col::record_raw, b"{\xff}");
                chunk.list(Col::mcp_evidence, [Some("a"), None]);
                chunk.list(Col::resources, [Some("arn"), None, None, Some("type")]);
            } else {
                chunk.list(Col::resources, []);
            }
            chunk.end_row();
        }
        chunk
    }

    fn file_of(chunks: Vec<Chunk>, window_rows: usize) -> Vec<u8> {
        let run = |chunk: Chunk| Box::new(std::iter::once(Ok(chunk.sort()))) as Run;
        let limits = WindowLimits {
            rows: window_rows,
            bytes: usize::MAX,
        };
        let runs = chunks.into_iter().map(run).collect();
        let mut merge = Merge::new(&TABLE, runs, limits).expect("in memory");
        let mut file = FileWriter::new(&TABLE, Vec::new()).expect("in memory");
        while let Some(window) = merge.next_window().expect("in memory") {
            file.write(&window).expect("in memory");
        }
        file.finish().expect("in memory")
    }

    fn read(file: Vec<u8>) -> RecordBatch {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file))
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .expect("a Parquet file");
        let schema = arrow::array::RecordBatchReader::schema(&reader);
        let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("whole")).collect();
        concat_batches(&schema, &batches).expect("one schema")
    }

    #[test]
    fn values_come_back() {
        let batch = read(file_of(vec![chunk_of(0..10)], 4));
        assert_eq!(batch.num_rows(), 10);
        let column = |name: &str| batch.column_by_name(name).expect("a column");
        let times = column("event_time").as_primitive::<TimestampMicrosecondType>();
        let names = column("event_name").as_string::<i32>();
        let resources = column("resources").as_list::<i32>();
        let evidence = column("mcp_evidence").as_list::<i32>();
        for n in 0..10 {
            let is_even = n % 2 == 0;
            assert_eq!(times.value(n), i64::try_from(n).expect("small"));
            assert_eq!(
                column("event_id").as_string::<i32>().value(n),
                format!("id-{n}")
            );
            assert_eq!(names.is_valid(n), is_even);
            assert_eq!(evidence.is_valid(n), is_even);
            assert!(resources.is_valid(n), "an empty list is a list");
            assert_eq!(resources.value(n).len(), usize::from(is_even));
        }
        assert_eq!([names.value(0), names.value(2)], ["Put", "Get"]);
        assert!(column("read_only").as_boolean().value(4));
        assert_eq!(column("record_raw").as_binary::<i32>().value(0), b"{\xff}");
        let two = evidence.value(0);
        let two = two.as_string::<i32>();
        assert_eq!((two.value(0), two.is_null(1)), ("a", true));
        let first = resources.value(0);
        let kind = first.as_struct().column_by_name("type").expect("a field");
        assert_eq!(kind.as_string::<i32>().value(0), "type");
        for name in ["delivery_time", "object", "is_error", "touched_arns"] {
            assert!(
                batch.column_by_name(name).is_none(),
                "{name} is for the merge alone"
            );
        }
    }

    #[test]
    fn equal_rows_give_equal_bytes_however_they_came() {
        let whole = file_of(vec![chunk_of(0..3000)], 1000);
        let parts = vec![
            chunk_of((0..3000).filter(|n| n % 3 == 0)),
            chunk_of((0..3000).rev().filter(|n| n % 3 == 1)),
            chunk_of((0..3000).filter(|n| n % 3 == 2)),
        ];
        assert!(file_of(parts, 1000) == whole);
        assert!(
            file_of(vec![chunk_of(0..3000)], 999) != whole,
            "row groups show"
        );
    }

    #[test]
    fn layout() {
        let file = file_of(vec![chunk_of(0..2000)], 1000);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file));
        let reader = reader.expect("a Parquet file");
        let groups = reader.metadata().row_groups();
        assert_eq!(
            groups
                .iter()
                .map(parquet::file::metadata::RowGroupMetaData::num_rows)
                .collect::<Vec<_>>(),
            [1000, 1000]
        );
        for chunk in groups[1].columns() {
            let name = chunk.column_path().string();
            let has = |encoding| chunk.encodings().any(|found| found == encoding);
            match name.as_str() {
                "event_time" => assert!(has(Encoding::DELTA_BINARY_PACKED), "{name}"),
                "event_id" => assert!(
                    !has(Encoding::RLE_DICTIONARY) && !has(Encoding::PLAIN_DICTIONARY),
                    "{name}"
                ),
                "event_name" => assert!(
                    has(Encoding::RLE_DICTIONARY) || has(Encoding::PLAIN_DICTIONARY),
                    "{name}"
                ),
                _ => {}
            }
            if name == "event_time" {
                let statistics = chunk.statistics().expect("of times");
                let micros = |bytes: Option<&[u8]>| {
                    bytes
                        .and_then(|b| b.try_into().ok())
                        .map(i64::from_le_bytes)
                };
                let range = (
                    micros(statistics.min_bytes_opt()),
                    micros(statistics.max_bytes_opt()),
                );
                assert_eq!(range, (Some(1000), Some(1999)));
            }
        }
    }
}
