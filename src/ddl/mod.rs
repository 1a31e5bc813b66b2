//! SQL that makes the tables usable elsewhere: a dataset's tables in, the text of a script out, for one engine each.
//!
//! A script has a table or a view for each of our tables, and the same two views over them in every engine: `cloudtrail_logs`,
//! which looks like AWS's own table, and `mcp_calls`. What differs between engines is a `Dialect`.

mod athena;
mod duckdb;
mod spark;
mod views;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};

use crate::table::Table;

use athena::Athena;
use duckdb::DuckDb;
use spark::Spark;

/// An engine that reads the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Amazon Athena, version 3.
    Athena,
    /// DuckDB.
    DuckDb,
    /// Spark SQL.
    Spark,
}

/// The dataset that a script is for.
#[derive(Debug)]
pub struct Layout {
    /// The folder or `s3://bucket[/prefix]` that it lies in, without a slash at its end.
    pub location: String,
    /// Its tables, those without a row among them.
    pub tables: Vec<Laid>,
}

/// A table as it lies there.
#[derive(Debug)]
pub struct Laid {
    /// The table.
    pub table: &'static Table,
    /// Its first day, such as `2026-08-01`; `None` where it has no row, and so no folder.
    pub first_day: Option<String>,
    /// Its data files by path below the location, where a script is to name them.
    pub files: Option<Vec<String>>,
}

/// Returns the statements that define a dataset's tables and views in an engine.
pub fn script(engine: Engine, layout: &Layout) -> String {
    let dialect: &dyn Dialect = match engine {
        Engine::Athena => &Athena,
        Engine::DuckDb => &DuckDb,
        Engine::Spark => &Spark,
    };
    let head = dialect.head(layout);
    let tables = layout.tables.iter().map(|laid| dialect.table(laid, layout));
    let views = [views::cloudtrail_logs(dialect), views::MCP_CALLS.to_owned()];
    let tail = dialect.tail().map(str::to_owned);
    let parts = [head].into_iter().chain(tables).chain(views).chain(tail);
    parts.collect::<Vec<_>>().join("\n")
}

/// An engine's SQL, as far as it is not the same everywhere.
trait Dialect {
    /// Returns what comes before the tables.
    fn head(&self, layout: &Layout) -> String;

    /// Returns the statements for one table.
    fn table(&self, laid: &Laid, layout: &Layout) -> String;

    /// Returns what comes after the views.
    fn tail(&self) -> Option<&'static str> {
        None
    }

    /// Returns a name as a query writes it.
    fn name(&self, name: &str) -> String;

    /// Returns the type of a text.
    fn text_type(&self) -> &'static str;

    /// Returns a struct of expressions, one a line.
    fn structure(&self, members: &[(&str, String)], indent: &str) -> String;

    /// Returns an expression of a struct with its type, where [`Self::structure`] does not tell it.
    fn typed(&self, expression: String, _shape: &Shape<'_>) -> String {
        expression
    }

    /// Returns `events.resources` with the members that AWS documents: `arn`, `accountid`, `type`.
    fn resources(&self) -> String;

    /// Returns the object at a path of `events.extra` as a map of texts.
    fn map(&self, path: &str) -> String;
}

/// What a value of a view is.
enum Shape<'a> {
    Text,
    Map,
    Struct(Vec<(&'a str, Shape<'a>)>),
}

impl Layout {
    /// Returns the first day of any table.
    fn first_day(&self) -> Option<&str> {
        let days = self
            .tables
            .iter()
            .filter_map(|laid| laid.first_day.as_ref());
        days.min().map(String::as_str)
    }

    fn is_in_s3(&self) -> bool {
        self.location.starts_with("s3://")
    }
}

/// What an engine calls a column's type.
struct Types {
    text: &'static str,
    bytes: &'static str,
    time: &'static str,
    integer: &'static str,
    list: fn(&str) -> String,
    structure: fn(&[(String, String)]) -> String,
}

impl Types {
    /// Returns the name of one of the types that our schemas have.
    fn name(&self, data_type: &DataType) -> String {
        match data_type {
            DataType::Binary => self.bytes.to_owned(),
            DataType::Timestamp(..) => self.time.to_owned(),
            DataType::Int64 => "bigint".to_owned(),
            DataType::Int32 => self.integer.to_owned(),
            DataType::Float64 => "double".to_owned(),
            DataType::Boolean => "boolean".to_owned(),
            DataType::List(item) => (self.list)(&self.name(item.data_type())),
            DataType::Struct(fields) => {
                let named =
                    |field: &Arc<Field>| (field.name().clone(), self.name(field.data_type()));
                (self.structure)(&fields.iter().map(named).collect::<Vec<_>>())
            }
            _ => self.text.to_owned(),
        }
    }
}

/// The types of Hive's DDL, which Athena and Spark have in common.
const HIVE: Types = Types {
    text: "string",
    bytes: "binary",
    time: "timestamp",
    integer: "int",
    list: |item| format!("array<{item}>"),
    structure: |fields| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, kind)| format!("{name}:{kind}"))
            .collect();
        format!("struct<{}>", fields.join(","))
    },
};

/// Returns the columns of a table for Hive's DDL, one a line, each with its description.
fn hive_columns(schema: &Schema, types: &Types) -> String {
    let columns = schema.fields().iter().map(|field| {
        let kind = types.name(field.data_type());
        let description = field
            .metadata()
            .get("description")
            .map_or("", String::as_str);
        format!(
            "  `{}` {kind} COMMENT {}",
            field.name(),
            hive_comment(description)
        )
    });
    columns.collect::<Vec<_>>().join(",\n")
}

/// Returns a description as a literal of Hive's DDL: in ASCII and without a semicolon, over which clients stumble that
/// split scripts and send Latin-1.
fn hive_comment(text: &str) -> String {
    hive_text(&text.replace('…', "...").replace("; ", ", "))
}

/// Returns a text as a literal of Hive's DDL and of Spark SQL.
fn hive_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Returns a text as a literal of standard SQL.
fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns a name as standard SQL quotes it.
fn sql_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
