//! Columns of times, numbers and booleans: parquet's own writers.

use std::sync::Arc;

use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::pages::Encoded;
use crate::table::chunk::Chunk;
use crate::table::merge::Window;

/// Encodes a column of times, numbers or booleans.
pub(super) fn encode(
    window: &Window,
    column: usize,
    descr: &ColumnDescPtr,
    properties: &WriterPropertiesPtr,
) -> Result<Encoded> {
    let mut out = TrackedWrite::new(Vec::new());
    let pages = Box::new(SerializedPageWriter::new(&mut out));
    let mut writer = get_column_writer(Arc::clone(descr), Arc::clone(properties), pages);
    let int = |chunk: &Chunk, row| chunk.get_int(column, row);
    match &mut writer {
        ColumnWriter::Int64ColumnWriter(writer) => {
            let (values, defs) = gather(window, int);
            writer.write_batch(&values, Some(&defs), None)?;
        }
        ColumnWriter::Int32ColumnWriter(writer) => {
            let narrow =
                |chunk: &Chunk, row| int(chunk, row).and_then(|value| i32::try_from(value).ok());
            let (values, defs) = gather(window, narrow);
            writer.write_batch(&values, Some(&defs), None)?;
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            let float = |chunk: &Chunk, row| {
                int(chunk, row).map(|bits| f64::from_bits(bits.cast_unsigned()))
            };
            let (values, defs) = gather(window, float);
            writer.write_batch(&values, Some(&defs), None)?;
        }
        ColumnWriter::BoolColumnWriter(writer) => {
            let (values, defs) = gather(window, |chunk, row| chunk.get_bool(column, row));
            writer.write_batch(&values, Some(&defs), None)?;
        }
        _ => {
            return Err(ParquetError::General(format!(
                "{} is not a column of numbers",
                descr.name()
            )));
        }
    }
    let close = writer.close()?;
    Ok(Encoded {
        bytes: out.into_inner()?.into(),
        close,
    })
}

/// The values of the rows that have one, and for each row whether it does.
fn gather<T>(window: &Window, get: impl Fn(&Chunk, usize) -> Option<T>) -> (Vec<T>, Vec<i16>) {
    let chunks: Vec<&Chunk> = window.blocks.iter().map(|block| block.chunk()).collect();
    let mut values = Vec::with_capacity(window.rows.len());
    let defs = window.rows.iter().map(|(block, row)| {
        let value = get(chunks[*block as usize], *row as usize);
        let def = i16::from(value.is_some());
        values.extend(value);
        def
    });
    let defs = defs.collect();
    (values, defs)
}
