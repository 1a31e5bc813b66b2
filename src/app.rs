//! The commands, and how each ends: one line of error on stderr, an exit code.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use clap::Parser;

use crate::cli::{
    Cli, Command, CompactArgs, ExportArgs, GenerateArgs, ListArgs, RebuildArgs, RunArgs, VerifyArgs,
};
use crate::config::{self, CompactConfig, RebuildConfig, RunConfig, UsageError};
use crate::escape::printable;
use crate::exit::ExitStatus;
use crate::log::LogFormat;
use crate::run::{self, Interrupted};
use crate::sink::{SinkError, dataset};
use crate::source::SourceError;
use crate::summary::Summary;
use crate::upkeep::{self, compact, rebuild};
use crate::{export, generate, list, metrics, pipeline, verify};

/// Runs the program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let is_fault = error.use_stderr();
            let _ = error.print(); // nobody is left to tell
            return if is_fault {
                ExitStatus::Usage
            } else {
                ExitStatus::Done
            };
        }
    };
    let outcome = match &cli.command {
        Command::Run(args) => run(args),
        Command::List(args) => list(args),
        Command::Export(args) => export(args),
        Command::Verify(args) => verify(args),
        Command::Compact(args) => compact(args),
        Command::Rebuild(args) => rebuild(args),
        Command::Generate(args) => generate(args),
    };
    outcome.unwrap_or_else(|error| fail(&error, LogFormat::Text))
}

fn fail(error: &anyhow::Error, log: LogFormat) -> ExitStatus {
    if is_broken_pipe(error) {
        return ExitStatus::Done; // who reads has seen enough
    }
    let status = status_of(error);
    log.error(&printable(&text(error)), status.code());
    status
}

fn status_of(error: &anyhow::Error) -> ExitStatus {
    if error.is::<UsageError>() {
        ExitStatus::Usage
    } else if error.is::<Interrupted>()
        || error.is::<upkeep::Interrupted>()
        || matches!(error.downcast_ref(), Some(SourceError::Stopped))
    {
        ExitStatus::Interrupted
    } else {
        match error.downcast_ref().or_else(|| while_writing(error)) {
            Some(SinkError::Busy(_) | SinkError::Overtaken(_)) => ExitStatus::Busy,
            Some(SinkError::Overwrites(_)) => ExitStatus::Overwrites,
            _ => ExitStatus::Failed,
        }
    }
}

fn text(error: &anyhow::Error) -> String {
    match while_writing(error) {
        Some(cause) => cause.to_string(),
        None => format!("{error:#}"),
    }
}

/// What the destination said while a data file was written, which Parquet's writer hands on as an error of a file.
fn while_writing(error: &anyhow::Error) -> Option<&SinkError> {
    let mut causes = error.chain();
    causes.find_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io_error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(args: &RunArgs) -> Result<ExitStatus> {
    let ran = run_to_end(args);
    let (summary, status) = match &ran {
        Ok(summary) if summary.has_rejects() => (Some(summary), ExitStatus::Rejects),
        Ok(summary) => (Some(summary), ExitStatus::Done),
        Err(error) => (None, fail(error, args.log_format)),
    };
    if let Some(file) = args.metrics_file.as_deref().filter(|_| !args.dry_run) {
        metrics::write(file, summary, status.code(), config::now())
            .with_context(|| format!("write {}", file.display()))?;
    }
    Ok(status)
}

fn run_to_end(args: &RunArgs) -> Result<Summary> {
    let config = RunConfig::new(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    pipeline::stop_on_signal(Arc::clone(&stop))?;
    let place = dataset::place(&config.out, &config.aws, config.write.clone())?;
    let summary = run::run(&config, place, io::stdin().lock(), &stop)?;
    if config.json {
        writeln!(io::stdout(), "{}", serde_json::to_string(&summary)?)?;
    }
    match config.log {
        LogFormat::Json => config
            .log
            .info("run ended", serde_json::to_value(&summary)?),
        LogFormat::Text if !config.json => summary.write_text(&mut io::stderr())?,
        LogFormat::Text => {}
    }
    Ok(summary)
}

fn list(args: &ListArgs) -> Result<ExitStatus> {
    let stop = Arc::new(AtomicBool::new(false));
    pipeline::stop_on_signal(Arc::clone(&stop))?;
    let mut out = BufWriter::new(io::stdout());
    list::run(args, config::now(), io::stdin().lock(), &mut out, &stop)?;
    out.flush()?;
    Ok(ExitStatus::Done)
}

fn export(args: &ExportArgs) -> Result<ExitStatus> {
    let selection = config::selection(&args.selection, config::now())?;
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let aws = config::aws(&args.aws);
    export::export(&args.dataset, &aws, &selection, args.format, &mut out)?;
    Ok(ExitStatus::Done)
}

fn verify(args: &VerifyArgs) -> Result<ExitStatus> {
    let report = verify::verify(&args.dataset, &config::aws(&args.aws))?;
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        report.write_json(&mut out)?;
    } else {
        report.write_text(&mut out)?;
    }
    out.flush()?;
    Ok(if report.findings.is_empty() {
        ExitStatus::Done
    } else {
        ExitStatus::Findings
    })
}

fn compact(args: &CompactArgs) -> Result<ExitStatus> {
    let config = CompactConfig::new(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    pipeline::stop_on_signal(Arc::clone(&stop))?;
    let place = dataset::place(&config.dataset, &config.aws, config.write.clone())?;
    let summary = compact::compact(&config, place, &stop)?;
    summarise(&summary, "compact", config.json)
}

fn rebuild(args: &RebuildArgs) -> Result<ExitStatus> {
    let config = RebuildConfig::new(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    pipeline::stop_on_signal(Arc::clone(&stop))?;
    let place = dataset::place(&config.dataset, &config.aws, config.write.clone())?;
    let summary = rebuild::rebuild(&config, place, &stop)?;
    summarise(&summary, "rebuild", config.json)
}

fn summarise(summary: &upkeep::Summary, verb: &str, json: bool) -> Result<ExitStatus> {
    if json {
        writeln!(io::stdout(), "{}", serde_json::to_string(summary)?)?;
    } else {
        summary.write_text(verb, &mut io::stderr())?;
    }
    Ok(ExitStatus::Done)
}

fn generate(args: &GenerateArgs) -> Result<ExitStatus> {
    let summary = generate::run(args)?;
    writeln!(io::stderr(), "{summary}")?;
    Ok(ExitStatus::Done)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use parquet::errors::ParquetError;

    use super::*;

    #[test]
    fn what_the_destination_says_while_a_file_is_written_is_said_once_and_decides() {
        let cause = io::Error::other(SinkError::Overtaken("s3://b/tables".to_owned()));
        let error = Err::<(), _>(ParquetError::from(cause)).context("write events");
        let error = error.expect_err("one");
        assert!(text(&error).starts_with("another run has written to s3://b/tables meanwhile"));
        assert_eq!(status_of(&error), ExitStatus::Busy);
    }
}
