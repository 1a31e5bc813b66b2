//! Spark SQL, 3.4 or later: external tables over the folders, and views.

use super::{Dialect, HIVE, Laid, Layout, Types, hive_columns, hive_comment, hive_text};

/// Spark's SQL.
pub(super) struct Spark;

/// Times without a zone, as they are in the files: the session's zone does not move them.
const TYPES: Types = Types {
    time: "timestamp_ntz",
    ..HIVE
};

const HEAD: &str = "\
-- Tables and views for Spark SQL. MSCK REPAIR TABLE finds the days that are there: run it again after each run.
-- A table that is there stays as it is: to define it anew, DROP TABLE it first, which leaves the data alone.
";

const S3: &str = "\
-- For S3, with hadoop-aws on the class path and the credentials that the AWS CLI would use:
-- spark.hadoop.fs.s3a.aws.credentials.provider = software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider
";

impl Dialect for Spark {
    fn head(&self, layout: &Layout) -> String {
        let s3 = if layout.is_in_s3() { S3 } else { "" };
        format!("{HEAD}{s3}")
    }

    fn table(&self, laid: &Laid, layout: &Layout) -> String {
        // Spark's own name for S3.
        let location = match layout.location.strip_prefix("s3://") {
            Some(bucket) => format!("s3a://{bucket}"),
            None => layout.location.clone(),
        };
        table(laid, &location)
    }

    fn name(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn text_type(&self) -> &'static str {
        "string"
    }

    fn structure(&self, members: &[(&str, String)], indent: &str) -> String {
        let members = members
            .iter()
            .map(|(name, member)| format!("{indent}  '{name}', {member}"));
        format!(
            "named_struct(\n{})",
            members.collect::<Vec<_>>().join(",\n")
        )
    }

    fn resources(&self) -> String {
        "transform(resources, r -> named_struct('arn', r.arn, 'accountid', r.account_id, 'type', r.type))".to_owned()
    }

    fn map(&self, path: &str) -> String {
        format!("from_json(get_json_object(extra, '{path}'), 'map<string,string>')")
    }
}

fn table(laid: &Laid, location: &str) -> String {
    let table = laid.table;
    let (name, partition) = (table.name, table.partition);
    let repair = match laid.first_day {
        Some(_) => format!("MSCK REPAIR TABLE `{name}`;\n"),
        None => format!(
            "-- {name} has no row so far, and no folder: MSCK REPAIR TABLE `{name}` once it has.\n"
        ),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS `{name}` (
{columns},
  `{partition}` date COMMENT 'Day (UTC)'
)
USING parquet
PARTITIONED BY (`{partition}`)
COMMENT {comment}
LOCATION {location};
{repair}",
        columns = hive_columns(&table.schema(), &TYPES),
        comment = hive_comment(table.doc),
        location = hive_text(&format!("{location}/{name}")),
    )
}
