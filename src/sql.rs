//! `trailmill sql`: prints the statements that make a dataset's tables usable in another engine.

use std::io::Write;
use std::path::absolute;

use anyhow::{Context, Result};

use crate::aws::{AwsOptions, S3_SCHEME};
use crate::cli::{SqlArgs, SqlEngine};
use crate::commit::DataFile;
use crate::config::UsageError;
use crate::ddl::{Engine, Laid, Layout, script};
use crate::escape::printable;
use crate::sink::dataset::{self, Dataset};
use crate::sink::s3::WriteOptions;
use crate::table::{TABLES, Table};
use crate::trail::time;

/// Prints the script for an engine. Of the dataset, the log is read and nothing else.
///
/// # Errors
///
/// Returns an error where the dataset cannot be read, or does not lie where the engine can reach it.
pub fn print(args: &SqlArgs, aws: &AwsOptions, out: &mut dyn Write) -> Result<()> {
    let location = location(args)?;
    if args.snapshot && args.engine != SqlEngine::Duckdb {
        return usage("--snapshot is for duckdb: other engines take folders, not lists of files");
    }
    let place = dataset::place(&args.dataset, aws, WriteOptions::default())?;
    let dataset = Dataset::existing(place)?;
    let layout = Layout {
        location,
        tables: TABLES
            .map(|table| laid(&dataset, table, args.snapshot))
            .into(),
    };
    let engine = match args.engine {
        SqlEngine::Duckdb => Engine::DuckDb,
        SqlEngine::Athena => Engine::Athena,
        SqlEngine::Spark => Engine::Spark,
    };
    Ok(out.write_all(script(engine, &layout).as_bytes())?)
}

/// Returns where the engine will find the dataset.
fn location(args: &SqlArgs) -> Result<String> {
    let given = args.location.as_ref().unwrap_or(&args.dataset);
    let given = match given.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    };
    // Nobody means it, and in a script that people look through it could hide something.
    if printable(given) != given {
        let shown = printable(given);
        return usage(&format!(
            "{shown} has invisible characters: use another path, or --location"
        ));
    }
    let is_in_s3 = given.starts_with(S3_SCHEME);
    match args.engine {
        SqlEngine::Athena if !is_in_s3 => usage(&format!(
            "Athena reads S3 alone, and {given} is a folder: say with --location s3://bucket/prefix where it will lie"
        )),
        // Elsewhere Spark would look below its own warehouse.
        SqlEngine::Spark if !is_in_s3 => {
            let path = absolute(given).with_context(|| format!("find {given}"))?;
            path.into_os_string().into_string().map_or_else(
                |path| {
                    usage(&format!(
                        "{} is not UTF-8: use another path",
                        path.display()
                    ))
                },
                Ok,
            )
        }
        _ => Ok(given.to_owned()),
    }
}

fn usage<T>(text: &str) -> Result<T> {
    Err(UsageError(text.to_owned()).into())
}

fn laid(dataset: &Dataset, table: &'static Table, is_snapshot: bool) -> Laid {
    let files = || dataset.files(table);
    Laid {
        table,
        first_day: files().filter_map(day).min(),
        files: is_snapshot.then(|| files().map(|file| file.path.clone()).collect()),
    }
}

/// Returns the day of a file's partition.
fn day(file: &DataFile) -> Option<String> {
    let (_, day) = file.path.split('/').nth(1)?.split_once('=')?;
    time::parse_date(day).map(|_| day.to_owned())
}
