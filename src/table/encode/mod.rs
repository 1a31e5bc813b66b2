//! Windows of rows to Parquet: a window becomes a row group, its columns encoded side by side.
//!
//! What a column is cut into depends on its rows alone, so that equal rows give equal bytes whatever ran beside them.

mod numbers;
mod pages;
mod rle;
mod texts;

use std::io::Write;
use std::sync::Arc;

use arrow::datatypes::Schema;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesPtr, WriterVersion,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};
use rayon::prelude::*;

use super::chunk::Sorted;
use super::merge::Window;
use super::schema::{Kind, RESOURCE_FIELDS, Table};
use pages::{Encoded, Scratch, Spare};
use texts::Plan;

/// Writes one data file of a table.
pub struct FileWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    /// The columns that are written: place in the table, kind, leaves in the file.
    columns: Vec<(usize, Kind, Vec<ColumnDescPtr>)>,
    table: &'static Table,
    spare: Spare,
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
        let schema = table.schema();
        let mut properties = properties(&schema);
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let schema = ArrowSchemaConverter::new().convert(&schema)?;
        let file = SerializedFileWriter::new(out, schema.root_schema_ptr(), Arc::new(properties))?;
        let mut leaves = file.schema_descr().columns().iter().cloned();
        let written = table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.is_written());
        let columns = written
            .map(|(place, column)| {
                (
                    place,
                    column.kind,
                    leaves.by_ref().take(n_leaves(column.kind)).collect(),
                )
            })
            .collect();
        Ok(Self {
            file,
            columns,
            table,
            spare: Spare::default(),
        })
    }

    /// Writes the rows of a window as one row group, its columns encoded in parallel.
    ///
    /// # Errors
    ///
    /// Returns what the underlying writer says.
    pub fn write(&mut self, window: &Window) -> Result<()> {
        let properties = self.file.properties();
        let encoded: Vec<Vec<Encoded>> = self
            .columns
            .par_iter()
            .with_max_len(1)
            .map(|(column, kind, leaves)| {
                self.spare
                    .lend(|scratch| encode(window, *column, *kind, leaves, properties, scratch))
            })
            .collect::<Result<_>>()?;
        let mut row_group = self.file.next_row_group()?;
        for Encoded { bytes, close } in encoded.into_iter().flatten() {
            row_group.append_column(&bytes, close)?;
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

fn properties(schema: &Schema) -> WriterProperties {
    let metadata = schema.metadata();
    let mut keys: Vec<_> = metadata
        .iter()
        .map(|(k, v)| KeyValue::new(k.clone(), v.clone()))
        .collect();
    keys.sort_by(|a, b| a.key.cmp(&b.key)); // a map has no order, and files are to be equal
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("trailmill ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(pages::compression())
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_key_value_metadata(Some(keys));
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        if field.data_type() == &Kind::Time.data_type() {
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        } else if field.name() == "content_hash" {
            builder = builder.set_column_dictionary_enabled(path, false); // hashes do not repeat
        }
    }
    builder.build()
}

/// How a column of text is written.
fn plan(kind: Kind, name: &str) -> Plan {
    // Ids do not repeat: looking for a dictionary would be work for nothing. The bounds of JSON and bytes say nothing.
    let is_id = kind == Kind::Plain && name.ends_with("_id");
    Plan {
        has_dictionary: kind != Kind::Binary && !is_id,
        has_statistics: is_id || !matches!(kind, Kind::Plain | Kind::Binary),
    }
}

/// Encodes a column: one chunk, or one for each leaf of lists.
fn encode(
    window: &Window,
    column: usize,
    kind: Kind,
    descrs: &[ColumnDescPtr],
    properties: &WriterPropertiesPtr,
    scratch: &mut Scratch,
) -> Result<Vec<Encoded>> {
    let plan = plan(kind, descrs[0].name());
    let is_empty = |block: &Arc<Sorted>| block.chunk().is_empty_column(column);
    if window.blocks.iter().all(is_empty) {
        let null = |descr| pages::nulls(descr, window.rows.len(), plan.has_statistics, scratch);
        return descrs.iter().map(null).collect();
    }
    let encoded = match kind {
        Kind::Text | Kind::Plain | Kind::Binary => {
            texts::flat(window, column, &descrs[0], plan, scratch)
        }
        Kind::TextList | Kind::Resources => {
            return texts::lists(window, column, descrs, plan, scratch);
        }
        Kind::Time | Kind::Int64 | Kind::Int32 | Kind::Double | Kind::Bool => {
            numbers::encode(window, column, &descrs[0], properties)
        }
    };
    Ok(vec![encoded?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::chunk::Chunk;
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
