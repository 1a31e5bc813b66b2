//! DuckDB: a view over the files of each table, and macros.

use super::{Dialect, Laid, Layout, Types, sql_name, sql_text};

/// DuckDB's SQL.
pub(super) struct DuckDb;

const TYPES: Types = Types {
    text: "varchar",
    bytes: "blob",
    time: "timestamp",
    integer: "integer",
    list: |item| format!("{item}[]"),
    structure: |fields| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, kind)| format!("{} {kind}", sql_name(name)))
            .collect();
        format!("struct({})", fields.join(", "))
    },
};

const S3: &str = "\
-- For S3, with the credentials that the AWS CLI would use:
-- INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;
-- CREATE OR REPLACE SECRET cloudtrail (TYPE s3, PROVIDER credential_chain);
";

/// What queries written for Athena ask for, and what investigators do.
const MACROS: &str = "\
-- As in Athena: the scalar at a path of a JSON text.
CREATE OR REPLACE MACRO json_extract_scalar(json, path) AS json_value(json, path) ->> '$';

-- FROM event('<event id>')
CREATE OR REPLACE MACRO event(id) AS TABLE
SELECT * FROM events WHERE event_id = id;

-- FROM issued('<access key id>'): the calls that gave out a key; events.user_access_key_id has those that used it.
CREATE OR REPLACE MACRO issued(access_key) AS TABLE
SELECT * FROM events WHERE issued_access_key_id = access_key;

-- FROM resource_history('<arn>')
CREATE OR REPLACE MACRO resource_history(arn) AS TABLE
SELECT * FROM events WHERE list_contains([resource['arn'] FOR resource IN resources], arn);
";

impl Dialect for DuckDb {
    fn head(&self, layout: &Layout) -> String {
        let s3 = if layout.is_in_s3() { S3 } else { "" };
        format!("-- Views and macros for DuckDB.\n{s3}")
    }

    fn tail(&self) -> Option<&'static str> {
        Some(MACROS)
    }

    fn table(&self, laid: &Laid, layout: &Layout) -> String {
        table(laid, &layout.location)
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
            .map(|(name, member)| format!("{indent}  {} := {member}", sql_name(name)));
        format!("struct_pack(\n{})", members.collect::<Vec<_>>().join(",\n"))
    }

    fn resources(&self) -> String {
        "[struct_pack(\"arn\" := r['arn'], \"accountid\" := r['account_id'], \"type\" := r['type']) FOR r IN resources]".to_owned()
    }

    fn map(&self, path: &str) -> String {
        format!("try_cast(json_extract(extra, '{path}') AS map(varchar, varchar))")
    }
}

fn table(laid: &Laid, location: &str) -> String {
    let table = laid.table;
    let comment = format!(
        "COMMENT ON VIEW {} IS {};\n",
        table.name,
        sql_text(table.doc)
    );
    let files = match &laid.files {
        _ if laid.first_day.is_none() => return format!("{}{comment}", empty(laid)),
        None => sql_text(&format!("{}/{}/*/*.parquet", plain(location), table.name)),
        Some(files) => {
            let paths = files
                .iter()
                .map(|file| sql_text(&plain(&format!("{location}/{file}"))));
            format!("[\n  {}]", paths.collect::<Vec<_>>().join(",\n  "))
        }
    };
    // By name, because a later version may have added a column.
    format!(
        "CREATE OR REPLACE VIEW {} AS SELECT * FROM read_parquet({files},\n  \
         hive_partitioning = true, hive_types = {{'{}': date}}, union_by_name = true);\n{comment}",
        table.name, table.partition,
    )
}

/// Returns a view without rows: DuckDB refuses a pattern that no file fits.
fn empty(laid: &Laid) -> String {
    let table = laid.table;
    let schema = table.schema();
    let columns = schema.fields().iter().map(|field| {
        format!(
            "  cast(NULL AS {}) AS {}",
            TYPES.name(field.data_type()),
            sql_name(field.name())
        )
    });
    format!(
        "-- {name} has no row so far: print this again once it has.\n\
         CREATE OR REPLACE VIEW {name} AS SELECT\n{},\n  cast(NULL AS date) AS {}\nWHERE false;\n",
        columns.collect::<Vec<_>>().join(",\n"),
        table.partition,
        name = table.name,
    )
}

/// Returns a path as a pattern that fits itself and no other.
fn plain(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '*' | '?' | '[' => pattern.extend(['[', c, ']']),
            _ => pattern.push(c),
        }
    }
    pattern
}
