//! The commands, and how each ends: one line of error on stderr, an exit code.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use clap::Parser;

use crate::cli::{
    Cli, Command, CompactArgs, CompletionsArgs, ConfigArgs, ExportArgs, GenerateArgs,
    GuardrailArgs, ListArgs, LookupArgs, ManArgs, RebuildArgs, ReportArgs, RunArgs, SqlArgs,
    VerifyArgs,
};
use crate::config::{self, CompactConfig, RebuildConfig, RunConfig};
use crate::escape::printable;
use crate::exit::{self, ExitStatus};
use crate::heap;
use crate::log::LogFormat;
use crate::run;
use crate::settings::Settings;
use crate::sink::{SinkError, dataset};
use crate::summary::Summary;
use crate::upkeep::{self, compact, rebuild};
use crate::{
    export, generate, guardrail, list, lookup, manual, metrics, pipeline, report, sql, verify,
};

/// Runs the program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitStatus {
    let args: Vec<OsString> = args.into_iter().collect();
    let settings = match Settings::find(&args) {
        Ok(settings) => settings,
        Err(error) => return fail(&error.into(), LogFormat::Text),
    };
    let cli = match Cli::try_parse_from(settings.with(&args)) {
        Ok(cli) => cli,
        Err(error) => {
            let is_fault = error.use_stderr();
            let _ = error.print(); // nobody is left to tell
            return if is_fault {
                hint(&settings, &error.to_string());
                ExitStatus::Usage
            } else {
                ExitStatus::Done
            };
        }
    };
    let outcome = match &cli.command {
        Command::Run(args) => run(args, &settings),
        Command::List(args) => list(args),
        Command::Export(args) => export(args),
        Command::Lookup(args) => lookup(args),
        Command::Report(args) => report(args),
        Command::Guardrail(args) => guardrail(args),
        Command::Verify(args) => verify(args),
        Command::Sql(args) => sql(args),
        Command::Compact(args) => compact(args),
        Command::Rebuild(args) => rebuild(args),
        Command::Generate(args) => generate(args),
        Command::Config(args) => print_settings(args, &settings),
        Command::Completions(args) => completions(args),
        Command::Man(args) => man(args),
    };
    outcome.unwrap_or_else(|error| fail_with(&error, LogFormat::Text, &settings))
}

fn fail_with(error: &anyhow::Error, log: LogFormat, settings: &Settings) -> ExitStatus {
    let status = fail(error, log);
    if status == ExitStatus::Usage && log == LogFormat::Text {
        hint(settings, &error.to_string());
    }
    status
}

/// Says that a flag that cannot be used may be nobody's who typed.
fn hint(settings: &Settings, message: &str) {
    if let Some(hint) = settings.hint(message) {
        let _ = writeln!(io::stderr(), "note: {}", printable(&hint));
    }
}

fn fail(error: &anyhow::Error, log: LogFormat) -> ExitStatus {
    if is_broken_pipe(error) {
        return ExitStatus::Done; // who reads has seen enough
    }
    let status = exit::status_of(error.as_ref());
    log.error(&printable(&text(error)), status.code());
    status
}

/// The error in one line: what, where, and what to do.
fn text(error: &anyhow::Error) -> String {
    let said = match while_writing(error) {
        Some(cause) => chain_of(cause),
        None => format!("{error:#}"),
    };
    match exit::advice(error.as_ref()) {
        Some(advice) => format!("{said}: {advice}"),
        None => said,
    }
}

/// What the destination said while a data file was written, which Parquet's writer hands on as an error of a file.
fn while_writing(error: &anyhow::Error) -> Option<&SinkError> {
    let is_wrapped = error.downcast_ref::<SinkError>().is_none();
    exit::causes(error.as_ref())
        .find_map(|cause| cause.downcast_ref())
        .filter(|_| is_wrapped)
}

fn chain_of(error: &SinkError) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io_error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Sets the flag when the command is to stop; what does not end then in time is ended here.
fn stop_on_signal(stop: &Arc<AtomicBool>, log: LogFormat, dataset: &str) -> Result<()> {
    let dataset = printable(dataset).into_owned();
    pipeline::stop_on_signal(Arc::clone(stop), move || {
        let text = format!("interrupted: what was committed is in {dataset}; run again to go on");
        log.error(&text, ExitStatus::Interrupted.code());
    })
}

fn run(args: &RunArgs, settings: &Settings) -> Result<ExitStatus> {
    let ran = run_to_end(args);
    let (summary, status) = match &ran {
        Ok(summary) if summary.has_rejects() => (Some(summary), ExitStatus::Rejects),
        Ok(summary) => (Some(summary), ExitStatus::Done),
        Err(error) => (None, fail_with(error, args.log_format, settings)),
    };
    if let Some(file) = args.metrics_file.as_deref().filter(|_| !args.dry_run) {
        metrics::write(file, summary, status.code(), config::now())
            .with_context(|| format!("write {}", file.display()))?;
    }
    Ok(status)
}

fn run_to_end(args: &RunArgs) -> Result<Summary> {
    let config = RunConfig::new(args)?;
    heap::give_back(config.memory_bytes, config.threads);
    pipeline::check_open_files()?;
    stop_on_signal(&config.stop, config.log, &config.out)?;
    let place = dataset::place(&config.out, &config.aws, config.write.clone())?;
    let summary = run::run(&config, place, io::stdin().lock(), &config.stop)?;
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
    pipeline::stop_on_signal(Arc::clone(&stop), || {
        LogFormat::Text.error("stopped on request", ExitStatus::Interrupted.code());
    })?;
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

fn lookup(args: &LookupArgs) -> Result<ExitStatus> {
    let mut out = BufWriter::new(io::stdout().lock());
    lookup::lookup(args, config::now(), &mut out)?;
    out.flush()?;
    Ok(ExitStatus::Done)
}

fn report(args: &ReportArgs) -> Result<ExitStatus> {
    let mut out = io::stdout().lock();
    report::report(args, &config::aws(&args.aws), config::now(), &mut out)?;
    out.flush()?;
    Ok(ExitStatus::Done)
}

fn guardrail(args: &GuardrailArgs) -> Result<ExitStatus> {
    let mut out = BufWriter::new(io::stdout().lock());
    guardrail::print(args, config::now(), &mut out)?;
    out.flush()?;
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

fn sql(args: &SqlArgs) -> Result<ExitStatus> {
    let mut out = io::stdout().lock();
    sql::print(args, &config::aws(&args.aws), &mut out)?;
    out.flush()?;
    Ok(ExitStatus::Done)
}

fn compact(args: &CompactArgs) -> Result<ExitStatus> {
    let config = CompactConfig::new(args)?;
    heap::give_back(config.resources.memory_bytes, config.resources.threads);
    let stop = config.aws.traffic.stop();
    stop_on_signal(stop, LogFormat::Text, &config.dataset)?;
    let place = dataset::place(&config.dataset, &config.aws, config.write.clone())?;
    let summary = compact::compact(&config, place, stop)?;
    summarise(&summary, "compact", config.json)
}

fn rebuild(args: &RebuildArgs) -> Result<ExitStatus> {
    let config = RebuildConfig::new(args)?;
    heap::give_back(config.resources.memory_bytes, config.resources.threads);
    let stop = config.aws.traffic.stop();
    stop_on_signal(stop, LogFormat::Text, &config.dataset)?;
    let place = dataset::place(&config.dataset, &config.aws, config.write.clone())?;
    let summary = rebuild::rebuild(&config, place, stop)?;
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

fn print_settings(args: &ConfigArgs, settings: &Settings) -> Result<ExitStatus> {
    let mut out = BufWriter::new(io::stdout().lock());
    settings.print(args.command.as_deref(), &mut out)?;
    out.flush()?;
    Ok(ExitStatus::Done)
}

fn completions(args: &CompletionsArgs) -> Result<ExitStatus> {
    io::stdout().write_all(&manual::completions(args.shell))?;
    Ok(ExitStatus::Done)
}

fn man(args: &ManArgs) -> Result<ExitStatus> {
    match &args.output {
        Some(folder) => manual::write_pages(folder)?,
        None => io::stdout().write_all(&manual::page()?)?,
    }
    Ok(ExitStatus::Done)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use parquet::errors::ParquetError;

    use super::*;

    fn while_a_file_is_written(cause: SinkError) -> String {
        let cause = ParquetError::from(io::Error::other(cause));
        let error = Err::<(), _>(cause).context("write events");
        text(&error.expect_err("one"))
    }

    #[test]
    fn what_the_destination_says_while_a_file_is_written_is_said_once() {
        let text = while_a_file_is_written(SinkError::Overtaken("s3://b/tables".to_owned()));
        assert!(text.starts_with("another run has written to s3://b/tables meanwhile"));
        let text = while_a_file_is_written(SinkError::Io {
            verb: "write",
            path: "tables/x.part".to_owned(),
            source: io::Error::new(io::ErrorKind::StorageFull, "no space left"),
        });
        assert_eq!(
            text,
            "cannot write tables/x.part: no space left: make room there and run again; what was committed before is kept, \
             and this run's rest is not seen"
        );
    }
}
