//! Athena, engine version 3: tables in Hive's DDL, with partition projection; views in Trino's SQL.

use super::{Dialect, HIVE, Laid, Layout, Shape, hive_columns, hive_comment, hive_text, sql_name};

/// Athena's SQL.
pub(super) struct Athena;

const HEAD: &str = "\
-- Tables and views for Athena. Athena takes one statement at a time: run them one after the other, in one database.
-- A table that is there stays as it is: to define it anew, DROP TABLE it first, which leaves the data alone.
";

impl Dialect for Athena {
    fn head(&self, layout: &Layout) -> String {
        format!(
            "{HEAD}-- Days before {} are not looked for: print this again once the dataset has older ones.\n",
            first_day(layout)
        )
    }

    fn table(&self, laid: &Laid, layout: &Layout) -> String {
        table(laid, &layout.location, first_day(layout))
    }

    fn name(&self, name: &str) -> String {
        sql_name(name)
    }

    fn text_type(&self) -> &'static str {
        "varchar"
    }

    fn structure(&self, members: &[(&str, String)], indent: &str) -> String {
        let members = members
            .iter()
            .map(|(_, member)| format!("{indent}  {member}"));
        format!("ROW(\n{})", members.collect::<Vec<_>>().join(",\n"))
    }

    fn typed(&self, expression: String, shape: &Shape<'_>) -> String {
        format!("CAST({expression}\n    AS {})", type_of(shape))
    }

    fn resources(&self) -> String {
        "transform(resources, r -> CAST(ROW(r.arn, r.account_id, r.type) AS ROW(\"arn\" varchar, \"accountid\" varchar, \"type\" varchar)))".to_owned()
    }

    fn map(&self, path: &str) -> String {
        format!("TRY_CAST(json_extract(extra, '{path}') AS map(varchar, varchar))")
    }
}

fn type_of(shape: &Shape<'_>) -> String {
    match shape {
        Shape::Text => "varchar".to_owned(),
        Shape::Map => "map(varchar, varchar)".to_owned(),
        Shape::Struct(members) => {
            let members = members
                .iter()
                .map(|(name, member)| format!("{} {}", sql_name(name), type_of(member)));
            format!("ROW({})", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The first day that Athena looks for; any will do where there is none.
fn first_day(layout: &Layout) -> &str {
    layout.first_day().unwrap_or("2026-01-01")
}

fn table(laid: &Laid, location: &str, first_day: &str) -> String {
    let table = laid.table;
    let (name, partition) = (table.name, table.partition);
    // Partitions lie where Athena looks for them unless told otherwise: <location>/event_date=2026-08-01/. Events of
    // the next day may be there already, where clocks differ.
    format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` (
{columns}
)
COMMENT {comment}
PARTITIONED BY (`{partition}` date COMMENT 'Day (UTC)')
STORED AS PARQUET
LOCATION {location}
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.{partition}.type' = 'date',
  'projection.{partition}.format' = 'yyyy-MM-dd',
  'projection.{partition}.range' = '{first_day},NOW+1DAY',
  'projection.{partition}.interval' = '1',
  'projection.{partition}.interval.unit' = 'DAYS'
);
",
        columns = hive_columns(&table.schema(), &HIVE),
        comment = hive_comment(table.doc),
        location = hive_text(&format!("{location}/{name}/")),
    )
}
