//! What is asked of a table's rows, and what of it a row group can have.

use std::collections::HashSet;
use std::io;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::TimestampMicrosecondType;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;

use super::filter;
use crate::select::Span;
use crate::table::Table;

/// What a row has to be like: of the time that is wanted, and as all conditions say.
#[derive(Debug, Clone)]
pub struct Query {
    /// The table that is asked.
    pub table: &'static Table,
    /// The times that are wanted, of the first column that the table is ordered by.
    pub span: Span,
    /// All of them have to hold.
    pub conditions: Vec<Condition>,
}

/// What columns of a row have to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One of the columns has one of the texts.
    Is(Vec<&'static str>, HashSet<String>),
    /// One of the columns has a text with one of these in it; a column of lists in one of its elements.
    Mentions(Vec<&'static str>, Vec<String>),
    /// One of the columns has a value.
    Exists(Vec<&'static str>),
    /// The column is true, or false.
    Flag(&'static str, bool),
}

impl Query {
    /// The name of the column with the time.
    pub(super) fn time_column(&self) -> &'static str {
        self.table.columns[self.table.order[0]].name
    }

    /// The columns that have to be read to answer.
    pub(super) fn columns(&self) -> Vec<&'static str> {
        let asked = self.conditions.iter().flat_map(Condition::columns);
        std::iter::once(self.time_column())
            .chain(asked.copied())
            .collect()
    }

    /// Returns the time of the newest row where a row group can have rows that fit.
    pub(super) fn may_fit<R: ChunkReader>(
        &self,
        group: &RowGroupMetaData,
        file: &R,
    ) -> io::Result<Option<i64>> {
        let (oldest, newest) = times(group, self.time_column());
        if newest < self.span.from || oldest >= self.span.to {
            return Ok(None);
        }
        for condition in &self.conditions {
            if !condition.may_hold(group, file)? {
                return Ok(None);
            }
        }
        Ok(Some(newest))
    }

    /// Returns the rows of a batch that fit, each with its time.
    pub(super) fn fits(&self, batch: &RecordBatch) -> Vec<(i64, usize)> {
        let times = batch.column_by_name(self.time_column());
        let Some(times) = times.and_then(|array| array.as_primitive_opt()) else {
            return Vec::new();
        };
        let times: &arrow::array::PrimitiveArray<TimestampMicrosecondType> = times;
        let mut fits = BooleanBuffer::collect_bool(batch.num_rows(), |row| {
            times.is_valid(row) && self.span.contains(times.value(row))
        });
        for condition in &self.conditions {
            if fits.count_set_bits() == 0 {
                break;
            }
            fits = &fits & &condition.holds(batch);
        }
        fits.set_indices()
            .map(|row| (times.value(row), row))
            .collect()
    }
}

impl Condition {
    /// Returns the condition that a column has one of some texts.
    pub fn is(column: &'static str, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Is(vec![column], texts.into_iter().map(Into::into).collect())
    }

    fn columns(&self) -> &[&'static str] {
        match self {
            Self::Is(columns, _) | Self::Mentions(columns, _) | Self::Exists(columns) => columns,
            Self::Flag(column, _) => std::slice::from_ref(column),
        }
    }

    /// Whether a row group can have rows for which this holds.
    fn may_hold<R: ChunkReader>(&self, group: &RowGroupMetaData, file: &R) -> io::Result<bool> {
        for column in self.columns() {
            let mut chunks = leaves(group, column).filter(|chunk| has_values(group, chunk));
            let can_have = match self {
                Self::Is(_, texts) => match chunks.next() {
                    Some(chunk) => can_have_one(chunk, texts, file)?,
                    None => false,
                },
                Self::Mentions(..) | Self::Exists(_) | Self::Flag(..) => chunks.next().is_some(),
            };
            if can_have {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn holds(&self, batch: &RecordBatch) -> BooleanBuffer {
        let none = BooleanBuffer::new_unset(batch.num_rows());
        let arrays = self
            .columns()
            .iter()
            .filter_map(|name| batch.column_by_name(name));
        arrays.fold(none, |any, array| &any | &self.holds_for(array))
    }

    fn holds_for(&self, array: &ArrayRef) -> BooleanBuffer {
        match self {
            Self::Is(_, texts) => rows_with(array, |text| texts.contains(text)),
            Self::Mentions(_, parts) => rows_with(array, |text| {
                parts.iter().any(|part| text.contains(part.as_str()))
            }),
            Self::Exists(_) => BooleanBuffer::collect_bool(array.len(), |row| array.is_valid(row)),
            Self::Flag(_, wanted) => match array.as_boolean_opt() {
                Some(flags) => BooleanBuffer::collect_bool(array.len(), |row| {
                    flags.is_valid(row) && flags.value(row) == *wanted
                }),
                None => BooleanBuffer::new_unset(array.len()),
            },
        }
    }
}

/// The rows of a column of texts, or of lists of them, that have a text like that.
fn rows_with(array: &ArrayRef, like: impl Fn(&str) -> bool) -> BooleanBuffer {
    let is_like = |texts: &StringArray, row: usize| texts.is_valid(row) && like(texts.value(row));
    if let Some(texts) = array.as_string_opt::<i32>() {
        return BooleanBuffer::collect_bool(array.len(), |row| is_like(texts, row));
    }
    let Some(lists) = array.as_list_opt::<i32>() else {
        return BooleanBuffer::new_unset(array.len());
    };
    let elements = lists.values();
    let leaves = match elements.as_struct_opt() {
        Some(fields) => fields.columns(),
        None => std::slice::from_ref(elements),
    };
    let leaves: Vec<&StringArray> = leaves
        .iter()
        .filter_map(|leaf| leaf.as_string_opt())
        .collect();
    let ends = lists.value_offsets();
    BooleanBuffer::collect_bool(array.len(), |row| {
        let place = |end: i32| usize::try_from(end).unwrap_or_default();
        (place(ends[row])..place(ends[row + 1]))
            .any(|element| leaves.iter().any(|texts| is_like(texts, element)))
    })
}

/// The chunks of a column of a row group: one, or one for each leaf of lists.
fn leaves<'g>(
    group: &'g RowGroupMetaData,
    column: &'g str,
) -> impl Iterator<Item = &'g ColumnChunkMetaData> {
    let is_of = move |chunk: &&ColumnChunkMetaData| {
        chunk.column_path().parts().first().map(String::as_str) == Some(column)
    };
    group.columns().iter().filter(is_of)
}

/// Whether any row has a value; without statistics it may.
fn has_values(group: &RowGroupMetaData, chunk: &ColumnChunkMetaData) -> bool {
    let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
    nulls.is_none_or(|nulls| i64::try_from(nulls).is_ok_and(|nulls| nulls < group.num_rows()))
        || chunk.column_path().parts().len() > 1
}

/// Whether a column chunk can have one of some texts: by its smallest and greatest, and by its Bloom filter.
fn can_have_one<R: ChunkReader>(
    chunk: &ColumnChunkMetaData,
    texts: &HashSet<String>,
    file: &R,
) -> io::Result<bool> {
    let statistics = chunk.statistics();
    let min = statistics.and_then(Statistics::min_bytes_opt);
    let max = statistics.and_then(Statistics::max_bytes_opt);
    let is_between = |text: &&String| {
        min.is_none_or(|min| min <= text.as_bytes()) && max.is_none_or(|max| text.as_bytes() <= max)
    };
    let between: Vec<&str> = texts
        .iter()
        .filter(is_between)
        .map(String::as_str)
        .collect();
    Ok(!between.is_empty() && filter::may_have_one(chunk, &between, file)?)
}

/// The times of the oldest and the newest row of a row group.
fn times(group: &RowGroupMetaData, column: &str) -> (i64, i64) {
    let statistics = leaves(group, column)
        .next()
        .and_then(ColumnChunkMetaData::statistics);
    let micros = |bytes: Option<&[u8]>| bytes?.try_into().ok().map(i64::from_le_bytes);
    let bound = |bytes: fn(&Statistics) -> Option<&[u8]>| micros(statistics.and_then(bytes));
    (
        bound(Statistics::min_bytes_opt).unwrap_or(i64::MIN),
        bound(Statistics::max_bytes_opt).unwrap_or(i64::MAX),
    )
}
