//! What a table is: its columns with their descriptions, its order, its partitions.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};

/// Version of all tables together, in every data file's metadata as `trailmill.schema_version`: `major.minor`.
/// A column is never renamed or retyped within a major version.
pub const SCHEMA_VERSION: &str = "1.1";

/// One table.
#[derive(Debug)]
pub struct Table {
    /// Its name, and its folder's.
    pub name: &'static str,
    /// One sentence for the schema.
    pub doc: &'static str,
    /// Its columns, those that are not written among them.
    pub columns: &'static [Column],
    /// The columns that rows are ordered by. The first is a time, and its day is the partition.
    pub order: &'static [usize],
    /// The columns of texts by which rows stand together in a row group, whose times are all before those of the next; none
    /// where rows stand there in their order.
    pub grouped: &'static [usize],
    /// How many of the ordering columns make a row the same event as its neighbour, where copies are to be dropped.
    pub identity: Option<Identity>,
    /// The name of the partition column, which is in the path and not in the file.
    pub partition: &'static str,
}

/// What makes two rows copies of one event, in terms of the ordering columns.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The first so many ordering columns: equal in copies (time, ids and content).
    pub content: usize,
    /// The first so many: equal in rows that one record gave (ids, content and place).
    pub place: usize,
}

/// One column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its description in the schema; empty for a column that orders or feeds rollups and is not written.
    pub doc: &'static str,
}

impl Column {
    /// Returns true where the column is part of the table's files.
    pub fn is_written(&self) -> bool {
        !self.doc.is_empty()
    }

    /// Returns true where the column holds JSON, which is of use only whole. Its description says so.
    pub fn holds_json(&self) -> bool {
        self.kind == Kind::Plain && self.doc.starts_with("JSON:")
    }
}

/// What a column holds, and how it is kept until it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text that repeats: kept once in the chunk's dictionary.
    Text,
    /// Text that hardly repeats: ids and JSON.
    Plain,
    /// Bytes.
    Binary,
    /// Microseconds since 1970, UTC.
    Time,
    /// A 64-bit integer.
    Int64,
    /// A 32-bit integer.
    Int32,
    /// A 64-bit float.
    Double,
    /// A boolean.
    Bool,
    /// A list of repeating texts.
    TextList,
    /// CloudTrail's `resources`: a list of `(arn, arn_prefix, account_id, type)`.
    Resources,
}

/// The members of an element of [`Kind::Resources`], in order.
pub const RESOURCE_FIELDS: [&str; 4] = ["arn", "arn_prefix", "account_id", "type"];

impl Kind {
    /// Returns the Arrow type that the column is written as.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text | Self::Plain => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Int64 => DataType::Int64,
            Self::Int32 => DataType::Int32,
            Self::Double => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::TextList => DataType::List(list_item(DataType::Utf8)),
            Self::Resources => DataType::List(list_item(DataType::Struct(resource_fields()))),
        }
    }
}

/// The field of a list's elements.
pub(crate) fn list_item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, true))
}

/// The fields of a resource.
pub(crate) fn resource_fields() -> Fields {
    RESOURCE_FIELDS
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, true))
        .collect()
}

impl Table {
    /// Returns the schema of the table's files; each column's description is its field's `description`.
    pub fn schema(&self) -> Schema {
        let fields = self
            .columns
            .iter()
            .filter(|column| column.is_written())
            .map(|column| {
                let description =
                    HashMap::from([("description".to_owned(), column.doc.to_owned())]);
                Field::new(column.name, column.kind.data_type(), true).with_metadata(description)
            });
        let metadata = [
            ("trailmill.schema_version", SCHEMA_VERSION),
            ("trailmill.table", self.name),
            ("trailmill.description", self.doc),
        ];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Schema::new_with_metadata(fields.collect::<Vec<_>>(), HashMap::from(metadata))
    }
}

/// Declares a table's columns: an enum whose variants are the columns' names, and the list `COLUMNS`.
///
/// A column without a description orders rows or feeds rollups and is not written.
macro_rules! columns {
    ($($name:ident: $kind:ident, $doc:expr;)+) => {
        /// The columns, by name.
        #[expect(non_camel_case_types, reason = "a variant is its column's name")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "described in COLUMNS")]
        pub enum Col { $($name),+ }

        /// The columns with their descriptions.
        pub static COLUMNS: &[$crate::table::Column] = &[
            $($crate::table::Column {
                name: stringify!($name),
                kind: $crate::table::Kind::$kind,
                doc: $doc,
            }),+
        ];

        impl From<Col> for usize {
            fn from(column: Col) -> usize {
                column as usize
            }
        }
    };
}
pub(crate) use columns;
