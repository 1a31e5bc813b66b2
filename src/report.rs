//! `trailmill report`: the six questions about a dataset, answered in one document.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::answers::document::Question;
use crate::answers::{self, Ask, BadLine, Costs, Known, Shown, Tables};
use crate::aws::AwsOptions;
use crate::cli::{ReportArgs, ReportFormat, ReportQuestion};
use crate::commit::DataFile;
use crate::config::{self, UsageError};
use crate::limits;
use crate::select::Span;
use crate::sink::dataset::{self, Dataset};
use crate::sink::reader::DataReader;
use crate::sink::s3::WriteOptions;
use crate::table::{Table, activity};
use crate::trail::time::{DAY, SECOND, parse_span};

/// How long before `--from` is looked at for what is new, unless told otherwise.
const BASELINE: i64 = 30 * DAY;

/// Answers the questions about a dataset, and prints the document or puts it into a file.
///
/// # Errors
///
/// Returns an error where the question makes no sense, the dataset cannot be read, or the output not be written.
pub fn report(args: &ReportArgs, aws: &AwsOptions, now: i64, out: &mut dyn Write) -> Result<()> {
    let known = list("--known", args.known.as_deref(), Known::parse)?.unwrap_or_default();
    let costs = list("--costs", args.costs.as_deref(), Costs::parse)?.unwrap_or_default();
    let given = Given::new(args, now)?;
    let place = dataset::place(&args.dataset, aws, WriteOptions::default())?;
    let dataset = Dataset::existing(place)?;
    let bucket = dataset
        .settings()
        .map_or(15 * 60, |settings| settings.bucket_seconds)
        * SECOND;
    let (span, baseline) = given.spans(&dataset, bucket);
    let ask = Ask {
        dataset: args.dataset.clone(),
        now,
        span,
        baseline,
        known,
        costs,
        missing_tables: missing_tables(&dataset),
        bucket,
        rows: limits::REPORT_ROWS_MAX,
    };
    let report = answers::report(&ask, &Files(&dataset))?;
    let text = match args.format {
        ReportFormat::Text => answers::text(&report, &shown(args)),
        ReportFormat::Markdown => answers::markdown(&report, &shown(args)),
        ReportFormat::Json => serde_json::to_string_pretty(&report)? + "\n",
        ReportFormat::Html => answers::page(&report),
    };
    match &args.output {
        Some(file) => write_whole(file, &text).with_context(|| format!("write {}", file.display())),
        None => Ok(out.write_all(text.as_bytes())?),
    }
}

fn shown(args: &ReportArgs) -> Shown {
    let question = |question: &ReportQuestion| match question {
        ReportQuestion::Agents => Question::Agents,
        ReportQuestion::Rate => Question::Rate,
        ReportQuestion::SignIns => Question::SignIns,
        ReportQuestion::Refused => Question::Refused,
        ReportQuestion::Coverage => Question::Coverage,
    };
    Shown {
        rows: args.rows,
        only: args.only.iter().map(question).collect(),
    }
}

fn missing_tables(dataset: &Dataset) -> Vec<&'static str> {
    let has = |table: &&str| {
        let tables = dataset.settings().map(|settings| &settings.tables);
        tables.is_none_or(|tables| tables.iter().any(|of| of == table))
    };
    answers::TABLES
        .into_iter()
        .filter(|table| !has(table))
        .collect()
}

/// Makes the file appear whole: somebody may be looking at the one that was there.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    let permissions = fs::metadata(path).map(|before| before.permissions());
    let file = file.persist(path)?;
    match permissions {
        Ok(before) => file.set_permissions(before),
        Err(_) => readable(&file),
    }
}

/// A temporary file is its owner's alone; a report is for others too, as far as files are here.
fn readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

/// The list in a file.
fn list<T>(
    flag: &str,
    path: Option<&Path>,
    parse: impl Fn(&str) -> Result<T, BadLine>,
) -> Result<Option<T>, UsageError> {
    let Some(path) = path else { return Ok(None) };
    let shown = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| {
        file.take(limits::REPORT_LIST_BYTES_MAX + 1)
            .read_to_string(&mut text)
    });
    read.map_err(|error| UsageError(format!("{flag}: cannot read {shown}: {error}")))?;
    if text.len() as u64 > limits::REPORT_LIST_BYTES_MAX {
        let why = format!(
            "{flag}: {shown} has more than {} bytes: is it a list?",
            limits::REPORT_LIST_BYTES_MAX
        );
        return Err(UsageError(why));
    }
    let list = parse(&text).map_err(|error| UsageError(format!("{flag}: {shown}, {error}")))?;
    Ok(Some(list))
}

/// What the command line says of time.
struct Given {
    from: Option<i64>,
    to: Option<i64>,
    /// How long the baseline is.
    baseline: Option<i64>,
}

impl Given {
    fn new(args: &ReportArgs, now: i64) -> Result<Self, UsageError> {
        let from = args.from.map(|moment| moment.resolve(now));
        let to = args.to.map(|moment| moment.resolve(now));
        config::span(args.from, args.to, now)?;
        let length = |text: &str| {
            parse_span(text)
                .filter(|length| *length > 0)
                .ok_or_else(|| {
                    UsageError(format!(
                        "--baseline {text}: use a length of time such as 30d or 36h"
                    ))
                })
        };
        let baseline = args.baseline.as_deref().map(length).transpose()?;
        let by_itself = from.map(|_| BASELINE);
        Ok(Self {
            from,
            to,
            baseline: baseline.or(by_itself),
        })
    }

    /// The time of the report and that of the baseline, on the borders of buckets. Without `--from` the baseline is the dataset's first
    /// days.
    fn spans(&self, dataset: &Dataset, bucket: i64) -> (Span, Option<Span>) {
        let floor = |time: i64| time.div_euclid(bucket) * bucket;
        let to = self.to.map(|to| floor(to.saturating_add(bucket - 1)));
        let from = self.from.map(floor).or_else(|| {
            let files = dataset.files(&activity::TABLE);
            let first = files
                .filter_map(|file| file.times)
                .map(|(first, _)| first)
                .min()?;
            Some(floor(first.saturating_add(self.baseline?)))
        });
        let span = Span::new(from, to);
        let baseline = self.baseline.zip(from).map(|(length, from)| Span {
            from: floor(from.saturating_sub(length)),
            to: from,
        });
        (span, baseline)
    }
}

/// The data files of a dataset, for those who do not know where it is.
struct Files<'d>(&'d Dataset);

impl Tables for Files<'_> {
    type File = DataReader;
    type Error = anyhow::Error;

    fn each(
        &self,
        table: &'static Table,
        span: Span,
        take: &mut dyn FnMut(DataReader) -> io::Result<()>,
    ) -> Result<()> {
        let may_have = |file: &&DataFile| {
            let times = file.times;
            times.is_none_or(|(first, last)| first < span.to && last >= span.from)
        };
        for file in self.0.files(table).filter(may_have) {
            let path = || format!("read {}/{}", self.0.address(), file.path);
            let open = self.0.open(file).with_context(path)?;
            take(open).with_context(path)?;
        }
        Ok(())
    }
}
