//! Windows of rows to Parquet: a window becomes a row group, its columns encoded side by side.
//!
//! What a column is cut into depends on its rows alone, so that equal rows give equal bytes whatever ran beside them.

mod delta;
mod grouped;
mod numbers;
mod pages;
mod rle;
mod texts;

use std::cmp::Reverse;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::datatypes::Schema;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{
    BloomFilterPosition, EnabledStatistics, WriterProperties, WriterPropertiesPtr, WriterVersion,
};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};
use rayon::prelude::*;

use super::merge::Window;
use super::schema::{Kind, RESOURCE_FIELDS, Table};
use crate::limits;
pub use pages::Spare;
use pages::{Encoded, Scratch};
use texts::Plan;

/// Writes one data file of a table.
pub struct FileWriter<W: Write + Send> {
    file: SerializedFileWriter<Slot<W>>,
    /// The columns that are written: place in the table, kind, leaves in the file.
    columns: Vec<(usize, Kind, Vec<ColumnDescPtr>)>,
    table: &'static Table,
    spare: Arc<Spare>,
    /// The columns of the last row group: written when the next is about to be encoded, while other threads do something else, and
    /// not when they all wait for its end.
    waiting: Vec<Encoded>,
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
        Self::with_spare(table, out, Arc::default())
    }

    /// As [`new`](Self::new), with memory that one file after another is written with.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_spare(table: &'static Table, out: W, spare: Arc<Spare>) -> Result<Self> {
        let schema = table.schema();
        let leaves = ArrowSchemaConverter::new().convert(&schema)?;
        let mut properties = properties(&schema, grouped::said(table, &leaves));
        add_encoded_arrow_schema_to_metadata(&schema, &mut properties);
        let file = SerializedFileWriter::new(
            Slot(Some(out)),
            leaves.root_schema_ptr(),
            Arc::new(properties),
        )?;
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
            spare,
            waiting: Vec::new(),
        })
    }

    /// Writes the rows of a window as one row group, alike ones together where the table says so, its columns encoded in parallel.
    ///
    /// # Errors
    ///
    /// Returns what the underlying writer says, be it of the row group before.
    pub fn write(&mut self, window: &Window) -> Result<()> {
        self.write_waiting()?;
        let grouped = grouped::window(self.table, window, &self.spare)?;
        let (window, without_dictionary) = match &grouped {
            Some(grouped) => (&grouped.window, grouped.without_dictionary.as_slice()),
            None => (window, &[][..]),
        };
        let plan = |column: usize, kind: Kind, leaves: &[ColumnDescPtr]| {
            let plan = plan(kind, leaves[0].name());
            Plan {
                has_dictionary: plan.has_dictionary && !without_dictionary.contains(&column),
                ..plan
            }
        };
        let properties = self.file.properties();
        // Those that take longest come first: at the end all threads have something to do.
        let mut columns: Vec<_> = self.columns.iter().enumerate().collect();
        let dearest_first = |(_, (column, kind, leaves)): &(usize, &(_, _, Vec<ColumnDescPtr>))| {
            Reverse(cost(window, *column, plan(*column, *kind, leaves)))
        };
        columns.sort_by_cached_key(dearest_first);
        let mut encoded: Vec<(usize, Vec<Encoded>)> = columns
            .into_iter()
            .par_bridge()
            .map(|(nth, (column, kind, leaves))| {
                let plan = plan(*column, *kind, leaves);
                let encode = |scratch: &mut _| {
                    encode(window, *column, *kind, leaves, plan, properties, scratch)
                };
                Ok((nth, self.spare.lend(encode)?))
            })
            .collect::<Result<_>>()?;
        encoded.sort_unstable_by_key(|(nth, _)| *nth);
        let columns = encoded.into_iter().map(|(_, column)| column);
        self.waiting = columns.flatten().collect();
        if self.waiting_bytes() > limits::WAITING_COLUMNS_BYTES {
            self.write_waiting()?;
        }
        Ok(())
    }

    fn write_waiting(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut row_group = self.file.next_row_group()?;
        for Encoded { bytes, close } in self.waiting.drain(..) {
            row_group.append_column(&bytes, close)?;
        }
        row_group.close()?;
        Ok(())
    }

    /// Returns how many bytes the file has so far.
    pub fn bytes_written(&self) -> usize {
        self.file.bytes_written() + self.waiting_bytes()
    }

    fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|column| column.bytes.len()).sum()
    }

    /// Completes the file and returns what it was written to.
    ///
    /// # Errors
    ///
    /// Returns what the underlying writer says.
    pub fn finish(mut self) -> Result<W> {
        self.write_waiting()?;
        self.file.finish()?;
        let out = self.file.inner_mut().0.take();
        Ok(out.expect("it is taken only here"))
    }
}

/// What a file is written to, so that it can be taken back: Parquet's own way to do that makes a text of what it says at the
/// end, and a full disk could not be told any more.
struct Slot<W>(Option<W>);

impl<W: Write> Slot<W> {
    fn out(&mut self) -> &mut W {
        self.0.as_mut().expect("it is taken only at the end")
    }
}

impl<W: Write> Write for Slot<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out().flush()
    }
}

fn n_leaves(kind: Kind) -> usize {
    if kind == Kind::Resources {
        RESOURCE_FIELDS.len()
    } else {
        1
    }
}

fn properties(schema: &Schema, order: Option<Vec<SortingColumn>>) -> WriterProperties {
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
        .set_sorting_columns(order)
        // Beside the footer, so that who looks something up in a bucket reads both at once.
        .set_bloom_filter_position(BloomFilterPosition::End)
        .set_key_value_metadata(Some(keys));
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let is_time = field.data_type() == &Kind::Time.data_type();
        if is_time || field.name() == "source_index" {
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
        has_bounds: is_id || !matches!(kind, Kind::Plain | Kind::Binary),
        has_filter: LOOKED_UP.contains(&name),
    }
}

/// The columns by which few of many events are looked for, and whose bounds say little because every row group has small
/// and great ones. They have Bloom filters: of ids 1.5 % of a file, of the others next to nothing.
const LOOKED_UP: &[&str] = &[
    "downstream_request_id",
    "error_code",
    "event_id",
    "event_name",
    "issued_access_key_id",
    "mcp_event_id",
    "principal",
    "request_id",
    "resource_arn",
    "session_name",
    "source_ip_address",
    "user_access_key_id",
    "user_name",
];

/// Encodes a column: one chunk, or one for each leaf of lists.
fn encode(
    window: &Window,
    column: usize,
    kind: Kind,
    descrs: &[ColumnDescPtr],
    plan: Plan,
    properties: &WriterPropertiesPtr,
    scratch: &mut Scratch,
) -> Result<Vec<Encoded>> {
    if !has_value(window, column) {
        let null = |descr| pages::nulls(descr, window.rows.len(), scratch);
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

/// Returns about what encoding a column takes, in bytes that are copied.
fn cost(window: &Window, column: usize, plan: Plan) -> usize {
    let blocks = window.blocks.iter().map(|block| block.chunk());
    let bytes = blocks.map(|chunk| chunk.column_bytes(column)).sum();
    if bytes > 0 && plan.has_filter {
        bytes + FILTERED_TEXT_COST * window.rows.len()
    } else {
        bytes
    }
}

/// What a text costs that is numbered and goes into a Bloom filter.
const FILTERED_TEXT_COST: usize = 64;

/// Returns whether any row of the window has a value: rows of other windows that stand in the same chunks do not count.
fn has_value(window: &Window, column: usize) -> bool {
    let blocks = || window.blocks.iter().map(|block| block.chunk());
    let chunks: Vec<_> = blocks().collect();
    let has_value =
        |(block, row): &(u32, u32)| chunks[*block as usize].has_value(column, *row as usize);
    !blocks().all(|chunk| chunk.is_empty_column(column)) && window.rows.iter().any(has_value)
}

#[cfg(test)]
mod tests;
