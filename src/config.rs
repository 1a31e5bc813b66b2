//! The command line resolved: defaults taken from the machine, texts turned into values, mistakes named.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::aws::{AwsOptions, S3_SCHEME, Traffic};
use crate::cli::{
    AwsArgs, CompactArgs, RebuildArgs, ResourceArgs, RunArgs, SelectionArgs, WorkArgs, WriteArgs,
};
use crate::commit::Settings;
use crate::limits;
use crate::log::LogFormat;
use crate::plan::Again;
use crate::select::{Selection, Span};
use crate::sink::s3::WriteOptions;
use crate::source::ListSelection;
use crate::table::TABLES;
use crate::trail::time::{DAY, Moment, SECOND, parse_span};

/// A command line that cannot be used; the text says what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct UsageError(pub String);

/// What `run` does.
#[derive(Debug)]
pub struct RunConfig {
    /// Where delivery objects are.
    pub sources: Vec<String>,
    /// Where the tables go.
    pub out: String,
    /// What all runs into one dataset have to ask for.
    pub settings: Settings,
    /// Days that events may be delivered late.
    pub late_window_days: u32,
    /// Listed bytes of the objects of a commit group.
    pub group_bytes: u64,
    /// What is read although it was read before.
    pub again: Again,
    /// Whether nothing is done but to look what there is to do.
    pub is_dry: bool,
    /// The events that are wanted.
    pub selection: Selection,
    /// The tables that are wanted, by name.
    pub tables: Vec<&'static str>,
    /// Width of an activity bucket in microseconds.
    pub bucket: i64,
    /// How to reach S3.
    pub aws: AwsOptions,
    /// How objects are written, where the tables go to S3.
    pub write: WriteOptions,
    /// S3 requests in flight.
    pub concurrency: usize,
    /// Set when the run is to stop.
    pub stop: Arc<AtomicBool>,
    /// Threads that inflate, parse and encode.
    pub threads: usize,
    /// Memory to stay within, in bytes.
    pub memory_bytes: usize,
    /// Where rows go that memory does not hold.
    pub scratch: PathBuf,
    /// Whether the summary goes to stdout as JSON.
    pub json: bool,
    /// How the run speaks on stderr.
    pub log: LogFormat,
    /// Whether progress is drawn.
    pub progress: bool,
    /// Now, in microseconds since 1970.
    pub now: i64,
}

impl RunConfig {
    /// Resolves the arguments of `run`.
    ///
    /// # Errors
    ///
    /// Returns what cannot be used, and what to use instead.
    pub fn new(args: &RunArgs) -> Result<Self, UsageError> {
        let now = now();
        let ResourceArgs {
            memory,
            threads,
            concurrency,
            scratch,
        } = &args.resources;
        let selection = selection(&args.selection, now)?;
        let tables = tables(args.tables.as_deref())?;
        let bucket = bucket(&args.bucket)?;
        let stop = Arc::<AtomicBool>::default();
        let concurrency = at_least_one("--concurrency", *concurrency)?;
        let concurrency = concurrency.unwrap_or(limits::S3_CONCURRENCY);
        Ok(Self {
            sources: args.sources.clone(),
            out: args.out.clone(),
            settings: settings(&selection, &tables, bucket),
            late_window_days: late_window_days(&args.late_window)?,
            group_bytes: args
                .group_bytes
                .as_deref()
                .map_or(Ok(limits::GROUP_BYTES), |size| {
                    parse_size("--group-bytes", size)
                })?,
            again: match (args.force, args.retry_rejected) {
                (true, _) => Again::All,
                (_, true) => Again::Rejected,
                _ => Again::Never,
            },
            is_dry: args.dry_run,
            selection,
            tables,
            bucket,
            aws: AwsOptions {
                traffic: Arc::new(Traffic::new(concurrency, Arc::clone(&stop))),
                ..aws(&args.aws)
            },
            write: write(&args.write, &args.out)?,
            concurrency,
            stop,
            threads: at_least_one("--threads", *threads)?.unwrap_or_else(processors),
            memory_bytes: memory
                .as_deref()
                .map_or(Ok(limits::MEMORY_BYTES), parse_memory)?,
            scratch: scratch.clone().unwrap_or_else(std::env::temp_dir),
            json: args.json,
            log: args.log_format,
            progress: args.log_format == LogFormat::Text && std::io::stderr().is_terminal(),
            now,
        })
    }
}

/// What a command may take of the machine that writes a dataset's files anew.
#[derive(Debug, Clone)]
pub struct Resources {
    /// Threads that read and encode.
    pub threads: usize,
    /// Memory to stay within, in bytes.
    pub memory_bytes: usize,
    /// Where rows go that memory does not hold.
    pub scratch: PathBuf,
}

impl Resources {
    fn new(args: &WorkArgs) -> Result<Self, UsageError> {
        let memory = args.memory.as_deref();
        Ok(Self {
            threads: at_least_one("--threads", args.threads)?.unwrap_or_else(processors),
            memory_bytes: memory.map_or(Ok(limits::MEMORY_BYTES), parse_memory)?,
            scratch: args.scratch.clone().unwrap_or_else(std::env::temp_dir),
        })
    }
}

/// What `compact` does.
#[derive(Debug)]
pub struct CompactConfig {
    /// The dataset.
    pub dataset: String,
    /// Days that began less than so long ago are left alone, in microseconds.
    pub older_than: i64,
    /// Files below that size are merged, in bytes.
    pub target_bytes: usize,
    /// How to reach S3.
    pub aws: AwsOptions,
    /// How objects are written, where the dataset is in S3.
    pub write: WriteOptions,
    /// What it may take.
    pub resources: Resources,
    /// Whether the summary goes to stdout as JSON.
    pub json: bool,
    /// Now, in microseconds since 1970.
    pub now: i64,
}

impl CompactConfig {
    /// Resolves the arguments of `compact`.
    ///
    /// # Errors
    ///
    /// Returns what cannot be used, and what to use instead.
    pub fn new(args: &CompactArgs) -> Result<Self, UsageError> {
        let older_than = parse_span(&args.older_than);
        let older_than = older_than.map_or_else(
            || {
                let span = &args.older_than;
                usage(&format!("--older-than {span:?} is no span: use 35d, 36h …"))
            },
            Ok,
        )?;
        let size = args.target_size.as_deref();
        let target = size.map_or(Ok(limits::TARGET_BYTES), |size| {
            parse_size("--target-size", size)
        })?;
        Ok(Self {
            dataset: args.dataset.clone(),
            older_than,
            target_bytes: usize::try_from(target).unwrap_or(usize::MAX),
            aws: aws(&args.aws),
            write: write(&args.write, &args.dataset)?,
            resources: Resources::new(&args.resources)?,
            json: args.json,
            now: now(),
        })
    }
}

/// What `rebuild` does.
#[derive(Debug)]
pub struct RebuildConfig {
    /// The dataset.
    pub dataset: String,
    /// Days that end after that time, in microseconds since 1970; all where `None`.
    pub from: Option<i64>,
    /// Days that begin before that time; all where `None`.
    pub to: Option<i64>,
    /// How to reach S3.
    pub aws: AwsOptions,
    /// How objects are written, where the dataset is in S3.
    pub write: WriteOptions,
    /// What it may take.
    pub resources: Resources,
    /// Whether the summary goes to stdout as JSON.
    pub json: bool,
    /// Now, in microseconds since 1970.
    pub now: i64,
}

impl RebuildConfig {
    /// Resolves the arguments of `rebuild`.
    ///
    /// # Errors
    ///
    /// Returns what cannot be used, and what to use instead.
    pub fn new(args: &RebuildArgs) -> Result<Self, UsageError> {
        let now = now();
        let days = SelectionArgs {
            from: args.from,
            to: args.to,
            ..SelectionArgs::default()
        };
        let days = selection(&days, now)?;
        Ok(Self {
            dataset: args.dataset.clone(),
            from: days.from,
            to: days.to,
            aws: aws(&args.aws),
            write: write(&args.write, &args.dataset)?,
            resources: Resources::new(&args.resources)?,
            json: args.json,
            now,
        })
    }
}

/// Resolves the selection of events.
///
/// # Errors
///
/// Returns what cannot be used.
pub fn selection(args: &SelectionArgs, now: i64) -> Result<Selection, UsageError> {
    let short = |list: &[String]| {
        list.iter()
            .map(|name| Selection::short_source(name).to_owned())
            .collect()
    };
    span(args.from, args.to, now)?;
    let selection = Selection {
        from: args.from.map(|moment| moment.resolve(now)),
        to: args.to.map(|moment| moment.resolve(now)),
        only_accounts: args.only_account.clone(),
        only_regions: args.only_region.clone(),
        only_sources: short(&args.only_source),
        only_events: args.only_event.clone(),
        skip_sources: short(&args.skip_source),
        skip_events: args.skip_event.clone(),
    };
    Ok(selection)
}

/// Resolves `--from` and `--to`.
///
/// # Errors
///
/// Returns an error where no event can be between them.
pub fn span(from: Option<Moment>, to: Option<Moment>, now: i64) -> Result<Span, UsageError> {
    let resolve = |moment: Option<Moment>| moment.map(|moment| moment.resolve(now));
    let span = Span::new(resolve(from), resolve(to));
    if span.is_empty() {
        return usage("--from is not before --to: no event can be between them");
    }
    Ok(span)
}

/// Returns what a selection of events means for the listing.
pub fn list_selection(selection: &Selection, late_window_days: u32) -> ListSelection {
    ListSelection {
        from: selection.from,
        to: selection.to,
        late_window_days,
        accounts: selection.only_accounts.clone(),
        regions: selection.only_regions.clone(),
        ..ListSelection::default()
    }
}

/// Returns how to reach S3.
pub fn aws(args: &AwsArgs) -> AwsOptions {
    AwsOptions {
        profile: args.profile.clone(),
        region: args.region.clone(),
        endpoint_url: args.endpoint_url.clone(),
        no_sign_request: args.no_sign_request,
        request_payer: args.request_payer.is_some(),
        ..AwsOptions::default()
    }
}

/// Resolves how objects are written to a destination.
fn write(args: &WriteArgs, out: &str) -> Result<WriteOptions, UsageError> {
    if !out.starts_with(S3_SCHEME) && *args != WriteArgs::default() {
        return usage(
            "--sse, --sse-kms-key-id, --acl and --single-writer are for a dataset in S3, such as s3://bucket/prefix",
        );
    }
    if args.sse_kms_key_id.is_some() && args.sse.as_deref() == Some("AES256") {
        return usage("--sse-kms-key-id is for --sse aws:kms");
    }
    Ok(WriteOptions {
        sse: args.sse.clone(),
        sse_kms_key_id: args.sse_kms_key_id.clone(),
        acl: args.acl.clone(),
        single_writer: args.single_writer,
    })
}

/// Returns the time by the machine's clock, in microseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn tables(names: Option<&[String]>) -> Result<Vec<&'static str>, UsageError> {
    /// The records themselves and the books are always written.
    const ALWAYS: [&str; 4] = ["events", "duplicates", "rejects", "objects"];
    let all = || TABLES.iter().map(|table| table.name);
    let Some(names) = names else {
        return Ok(all().collect());
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| all().all(|table| table != name.as_str()))
    {
        let known = all().collect::<Vec<_>>().join(", ");
        return usage(&format!(
            "--tables: there is no table {unknown:?}; the tables are {known}"
        ));
    }
    let wanted = |table: &&str| ALWAYS.contains(table) || names.iter().any(|name| name == table);
    Ok(all().filter(wanted).collect())
}

fn bucket(width: &str) -> Result<i64, UsageError> {
    match parse_span(width) {
        Some(micros) if micros >= SECOND && DAY % micros == 0 => Ok(micros),
        _ => usage(&format!(
            "--bucket {width:?} does not divide a day: use 1m, 5m, 15m, 1h …"
        )),
    }
}

fn late_window_days(width: &str) -> Result<u32, UsageError> {
    let days = parse_span(width).filter(|micros| *micros >= 0 && micros % DAY == 0);
    let days = days.and_then(|micros| u32::try_from(micros / DAY).ok());
    match days {
        Some(days) if days <= limits::LATE_WINDOW_DAYS_MAX => Ok(days),
        _ => usage(&format!(
            "--late-window {width:?}: use whole days, 0d to 30d"
        )),
    }
}

/// What a dataset keeps to.
fn settings(selection: &Selection, tables: &[&str], bucket: i64) -> Settings {
    let filters = [
        ("only-account", &selection.only_accounts),
        ("only-region", &selection.only_regions),
        ("only-source", &selection.only_sources),
        ("only-event", &selection.only_events),
        ("skip-source", &selection.skip_sources),
        ("skip-event", &selection.skip_events),
    ];
    let given = filters.into_iter().filter(|(_, values)| !values.is_empty());
    let in_order = |values: &Vec<String>| {
        let mut values = values.clone();
        values.sort_unstable();
        values.dedup();
        values
    };
    Settings {
        tables: tables.iter().map(|table| (*table).to_owned()).collect(),
        bucket_seconds: bucket / SECOND,
        filters: given
            .map(|(flag, values)| (flag.to_owned(), in_order(values)))
            .collect(),
    }
}

fn at_least_one(flag: &str, n: Option<usize>) -> Result<Option<usize>, UsageError> {
    if n == Some(0) {
        usage(&format!("{flag} must be at least 1"))
    } else {
        Ok(n)
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn parse_memory(text: &str) -> Result<usize, UsageError> {
    match usize::try_from(parse_size("--memory", text)?) {
        Ok(bytes) if bytes >= limits::MEMORY_BYTES_MIN => Ok(bytes),
        _ => usage(&format!("--memory {text}: 256MiB is the least")),
    }
}

/// Parses a size such as `512MiB`, `2GiB` or `1500000000`.
fn parse_size(flag: &str, text: &str) -> Result<u64, UsageError> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        _ => 0,
    };
    let bytes = digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(factor));
    match bytes {
        Some(bytes) if bytes > 0 => Ok(bytes),
        _ => usage(&format!("{flag} {text:?} is no size: use 512MiB or 2GiB")),
    }
}

fn usage<T>(text: &str) -> Result<T, UsageError> {
    Err(UsageError(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_memory("512MiB"), Ok(512 << 20));
        assert_eq!(parse_memory("2GiB"), Ok(2 << 30));
        assert_eq!(parse_memory("1500000000"), Ok(1_500_000_000));
        for text in [
            "",
            "GiB",
            "-1GiB",
            "1TiBs",
            "99999999999999999999",
            "12parsecs",
            "100MiB",
            "0",
        ] {
            assert!(parse_memory(text).is_err(), "{text}");
        }
    }

    #[test]
    fn buckets_divide_a_day() {
        assert_eq!(bucket("15m"), Ok(900 * SECOND));
        assert_eq!(bucket("1d"), Ok(DAY));
        for width in ["7m", "0m", "2d", "15", ""] {
            assert!(bucket(width).is_err(), "{width}");
        }
    }

    #[test]
    fn the_books_are_always_written() {
        let wanted = tables(Some(&["activity".to_owned()])).expect("a table");
        assert_eq!(
            wanted,
            ["events", "activity", "duplicates", "rejects", "objects"]
        );
        let refusal = tables(Some(&["evnts".to_owned()]))
            .expect_err("no table")
            .to_string();
        assert!(refusal.starts_with(
            "--tables: there is no table \"evnts\"; the tables are events, mcp_events"
        ));
    }
}
