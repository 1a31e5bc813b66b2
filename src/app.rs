//! The commands, and how each ends: one line of error on stderr, an exit code.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use clap::Parser;

use crate::cli::{
    Cli, Command, CompactArgs, ExportArgs, GenerateArgs, ListArgs, RebuildArgs, RunArgs, VerifyArgs,
};
use crate::config::{self, CompactConfig, RebuildConfig, RunConfig, UsageError};
use crate::escape::printable;
use crate::exit::ExitStatus;
use crate::run::{self, Interrupted};
use crate::sink::{SinkError, dataset};
use crate::source::SourceError;
use crate::upkeep::{self, compact, rebuild};
use crate::{export, generate, list, pipeline, verify};

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
    outcome.unwrap_or_else(|error| fail(&error))
}

fn fail(error: &anyhow::Error) -> ExitStatus {
    if is_broken_pipe(error) {
        return ExitStatus::Done; // who reads has seen enough
    }
    let _ = writeln!(
        io::stderr(),
        "trailmill: {}",
        printable(&format!("{error:#}"))
    );
    if error.is::<UsageError>() {
        ExitStatus::Usage
    } else if error.is::<Interrupted>()
        || error.is::<upkeep::Interrupted>()
        || matches!(error.downcast_ref(), Some(SourceError::Stopped))
    {
        ExitStatus::Interrupted
    } else if matches!(
        error.downcast_ref(),
        Some(SinkError::Busy(_) | SinkError::Overtaken(_))
    ) {
        ExitStatus::Busy
    } else {
        ExitStatus::Failed
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io_error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(args: &RunArgs) -> Result<ExitStatus> {
    let config = RunConfig::new(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    pipeline::stop_on_signal(Arc::clone(&stop))?;
    let summary = run::run(&config, io::stdin().lock(), &stop)?;
    if config.json {
        writeln!(io::stdout(), "{}", serde_json::to_string(&summary)?)?;
    } else {
        summary.write_text(&mut io::stderr())?;
    }
    Ok(if summary.has_rejects() {
        ExitStatus::Rejects
    } else {
        ExitStatus::Done
    })
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
    export::export(&args.dataset, &selection, args.format, &mut out)?;
    Ok(ExitStatus::Done)
}

fn verify(args: &VerifyArgs) -> Result<ExitStatus> {
    let report = verify::verify(&args.dataset)?;
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
    let summary = compact::compact(&config, dataset::place(&config.dataset), &stop)?;
    summarise(&summary, "compact", config.json)
}

fn rebuild(args: &RebuildArgs) -> Result<ExitStatus> {
    let config = RebuildConfig::new(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    pipeline::stop_on_signal(Arc::clone(&stop))?;
    let summary = rebuild::rebuild(&config, dataset::place(&config.dataset), &stop)?;
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
