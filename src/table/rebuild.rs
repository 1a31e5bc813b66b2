//! Rows back to records: the inverse of taking them apart, and the proof that nothing was lost.

use std::borrow::Cow;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

use super::schema::{RESOURCE_FIELDS, Table};
use super::shape::{Form, Shape, Tree, double_text, quoted};
use super::{aggregated_events, events, insights};
use crate::select::Subject;
use crate::trail::time;

/// Returns the table's shape, where its rows are records.
pub fn shape(table: &Table) -> Option<Shape> {
    match table.name {
        "events" => Some(events::SHAPE),
        "insights" => Some(insights::SHAPE),
        "aggregated_events" => Some(aggregated_events::SHAPE),
        _ => None,
    }
}

/// Rows of one batch of a table of records.
#[derive(Debug)]
pub struct Rows<'a> {
    shape: Shape,
    columns: Vec<Option<&'a ArrayRef>>,
    extra: Option<&'a StringArray>,
    record_raw: Option<&'a BinaryArray>,
    lineage: [Option<&'a ArrayRef>; 3],
    batch: &'a RecordBatch,
}

/// A column of the batch by the names that tables have for the same thing.
fn column<'a>(batch: &'a RecordBatch, names: &[&str]) -> Option<&'a ArrayRef> {
    names.iter().find_map(|name| batch.column_by_name(name))
}

impl<'a> Rows<'a> {
    /// Returns the rows of a batch; `None` where the table's rows are no records.
    pub fn new(table: &Table, batch: &'a RecordBatch) -> Option<Self> {
        let shape = shape(table)?;
        let by_place = |place: usize| batch.column_by_name(table.columns[place].name);
        Some(Self {
            shape,
            columns: shape.iter().map(|member| by_place(member.column)).collect(),
            extra: batch
                .column_by_name("extra")
                .and_then(|array| array.as_string_opt()),
            record_raw: batch
                .column_by_name("record_raw")
                .and_then(|array| array.as_binary_opt()),
            lineage: ["source", "source_object", "source_index"]
                .map(|name| batch.column_by_name(name)),
            batch,
        })
    }

    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Returns true where there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what a selection looks at.
    pub fn subject(&self, row: usize) -> Option<Subject<'a>> {
        let text = |names: &[&str]| text(column(self.batch, names)?, row);
        Some(Subject {
            time: micros(column(self.batch, &["event_time", "window_start"])?, row)?,
            account: text(&["recipient_account_id", "account_id"]),
            region: text(&["aws_region"]),
            source: text(&["event_source"]),
            name: text(&["event_name"]),
        })
    }

    /// Returns the delivery object that held the record.
    pub fn source_object(&self, row: usize) -> Option<&'a str> {
        text(self.lineage[1]?, row)
    }

    /// Returns where the record of a row stood: rows of one place are of one record.
    pub fn place(&self, row: usize) -> (Option<&'a str>, Option<&'a str>, Option<i64>) {
        let [source, object, index] = self.lineage;
        (
            source.and_then(|array| text(array, row)),
            object.and_then(|array| text(array, row)),
            index.and_then(|array| int(array, row)),
        )
    }

    /// Returns the hash of the record's own bytes.
    pub fn content_hash(&self, row: usize) -> Option<i64> {
        int(self.batch.column_by_name("content_hash")?, row)
    }

    /// Returns the record of the rows `first..=last`, which have one place.
    pub fn record(&self, first: usize, last: usize) -> Cow<'a, [u8]> {
        if let Some(raw) = self.record_raw.filter(|array| array.is_valid(first)) {
            return Cow::Borrowed(raw.value(first));
        }
        let mut tree = Tree::default();
        for (member, array) in self.shape.iter().zip(&self.columns) {
            let Some(array) = array else { continue };
            let value = match member.form {
                Form::Statistics => self.statistics(first, last),
                form => value(array, first, form),
            };
            if let Some(value) = value {
                let path: Vec<String> = member.path.iter().map(|key| quoted(key)).collect();
                tree.insert(&path, value);
            }
        }
        if let Some(extra) = self.extra.filter(|array| array.is_valid(first)) {
            tree.merge(extra.value(first));
        }
        Cow::Owned(tree.to_json().into_bytes())
    }

    /// The statistics of an aggregated event, one to a row.
    fn statistics(&self, first: usize, last: usize) -> Option<String> {
        let (names, values) = (
            self.batch.column_by_name("name")?,
            self.batch.column_by_name("value")?,
        );
        let statistics: Vec<String> = (first..=last)
            .filter_map(|row| {
                Some(format!(
                    r#"{{"name":{},"value":{}}}"#,
                    quoted(text(names, row)?),
                    int(values, row)?
                ))
            })
            .collect();
        (!statistics.is_empty()).then(|| format!("[{}]", statistics.join(",")))
    }
}

/// The value of a row as JSON; `None` for no value.
fn value(array: &ArrayRef, row: usize, form: Form) -> Option<String> {
    Some(match form {
        Form::Text => quoted(text(array, row)?),
        Form::Json => text(array, row)?.to_owned(),
        Form::Time => quoted(&time::format(micros(array, row)?)),
        Form::Bool => bool(array, row)?.to_string(),
        Form::BoolText => quoted(&bool(array, row)?.to_string()),
        Form::Int => int(array, row)?.to_string(),
        Form::Double => double_text(double(array, row)?)?,
        Form::Resources => resources(array, row)?,
        Form::Statistics => return None,
    })
}

fn resources(array: &ArrayRef, row: usize) -> Option<String> {
    /// The members' names in a record, in the order of [`RESOURCE_FIELDS`].
    const KEYS: [&str; 4] = ["ARN", "ARNPrefix", "accountId", "type"];
    let list: &ListArray = array.as_list_opt().filter(|list| list.is_valid(row))?;
    let elements = list.value(row);
    let fields = elements.as_struct_opt()?;
    let resource = |nth: usize| {
        let members = KEYS.iter().zip(RESOURCE_FIELDS).filter_map(|(key, name)| {
            Some(format!(
                "{}:{}",
                quoted(key),
                quoted(text(fields.column_by_name(name)?, nth)?)
            ))
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    let resources: Vec<String> = (0..elements.len()).map(resource).collect();
    Some(format!("[{}]", resources.join(",")))
}

fn text(array: &ArrayRef, row: usize) -> Option<&str> {
    let array: &StringArray = array.as_string_opt()?;
    array.is_valid(row).then(|| array.value(row))
}

fn micros(array: &ArrayRef, row: usize) -> Option<i64> {
    let array: &TimestampMicrosecondArray = array.as_primitive_opt::<TimestampMicrosecondType>()?;
    array.is_valid(row).then(|| array.value(row))
}

fn int(array: &ArrayRef, row: usize) -> Option<i64> {
    let array: &Int64Array = array.as_primitive_opt::<Int64Type>()?;
    array.is_valid(row).then(|| array.value(row))
}

fn double(array: &ArrayRef, row: usize) -> Option<f64> {
    let array: &Float64Array = array.as_primitive_opt::<Float64Type>()?;
    array.is_valid(row).then(|| array.value(row))
}

fn bool(array: &ArrayRef, row: usize) -> Option<bool> {
    let array: &BooleanArray = array.as_boolean_opt()?;
    array.is_valid(row).then(|| array.value(row))
}
