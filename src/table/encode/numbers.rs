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
use crate::table::store::{bool, int};

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
    let ints = |chunk| Chunk::ints(chunk, column);
    match &mut writer {
        ColumnWriter::Int64ColumnWriter(writer) => {
            let (values, defs) = gather(window, ints, int);
            writer.write_batch(&values, Some(&defs), None)?;
        }
        ColumnWriter::Int32ColumnWriter(writer) => {
            let narrow = |value| int(value).and_then(|value| i32::try_from(value).ok());
            let (values, defs) = gather(window, ints, narrow);
            writer.write_batch(&values, Some(&defs), None)?;
        }
        ColumnWriter::DoubleColumnWriter(writer) => {
            let float = |value| int(value).map(|bits| f64::from_bits(bits.cast_unsigned()));
            let (values, defs) = gather(window, ints, float);
            writer.write_batch(&values, Some(&defs), None)?;
        }
        ColumnWriter::BoolColumnWriter(writer) => {
            let bools = |chunk| Chunk::bools(chunk, column);
            let (values, defs) = gather(window, bools, bool);
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

/// The values of the rows that have one, and for each row whether it does. `kept` gives the values that a chunk keeps, `value`
/// what one of them is.
fn gather<'w, K: Copy + 'w, T>(
    window: &'w Window,
    kept: impl Fn(&'w Chunk) -> &'w [K],
    value: impl Fn(K) -> Option<T>,
) -> (Vec<T>, Vec<i16>) {
    let columns: Vec<_> = window
        .blocks
        .iter()
        .map(|block| kept(block.chunk()))
        .collect();
    let n_rows = window.rows.len();
    let (mut values, mut defs) = (Vec::with_capacity(n_rows), Vec::with_capacity(n_rows));
    defs.extend(window.rows.iter().map(|(block, row)| {
        let kept = columns[*block as usize].get(*row as usize);
        let Some(value) = kept.and_then(|kept| value(*kept)) else {
            return 0;
        };
        values.push(value);
        1
    }));
    (values, defs)
}
