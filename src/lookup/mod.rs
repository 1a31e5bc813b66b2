//! `trailmill lookup`: which events were that? The newest that fit, from `events` alone; one event whole, with its tool calls; the
//! chain of calls that issued temporary keys.

mod ask;
mod chain;
mod event;
mod format;

use std::io::{self, Write};

use anyhow::{Context, Result};
use arrow::array::RecordBatch;

use crate::aws::AwsOptions;
use crate::cli::LookupArgs;
use crate::commit::DataFile;
use crate::config;
use crate::find::{Candidate, Newest, Query};
use crate::sink::dataset::{self, Dataset};
use crate::sink::s3::WriteOptions;

use ask::Question;
use event::Event;
use format::Printer;

pub(crate) use chain::links;
pub(crate) use event::{flag, listed, text};

/// Prints the events that were asked for.
///
/// # Errors
///
/// Returns an error where the question makes no sense, the dataset cannot be read, or the output not be written.
pub fn lookup(args: &LookupArgs, now: i64, out: &mut dyn Write) -> Result<()> {
    let question = Question::new(args, now)?;
    let dataset = Asked::open(&args.dataset, &config::aws(&args.aws))?;
    if args.chain {
        let chain = chain::of_keys(&dataset, &question.keys, question.query.span)?;
        return Ok(format::chain(&chain, args.format, out)?);
    }
    let mut printer = Printer::begin(args.format, question.is_about_one, out)?;
    let mut is_cut = false;
    for row in dataset.rows(&question.query) {
        let Some(event) = Event::of(&row?).filter(|event| question.fits(event)) else {
            continue;
        };
        if args.limit != 0 && printer.count() == args.limit {
            is_cut = true;
            break;
        }
        let calls = if printer.shows_calls() {
            chain::of_tool_calls(&dataset, &event)?
        } else {
            chain::Calls::default()
        };
        printer.event(&event, &calls)?;
    }
    let found = printer.finish()?;
    out.flush()?; // what is said about it comes behind it
    say(found, is_cut)?;
    Ok(())
}

/// Says what the output does not: that there is nothing, or that there is more.
fn say(found: usize, is_cut: bool) -> io::Result<()> {
    match found {
        0 => writeln!(io::stderr(), "no event fits"),
        _ if is_cut => writeln!(
            io::stderr(),
            "the newest {found}; there are more: --limit N for more of them, --limit 0 for all"
        ),
        _ => Ok(()),
    }
}

/// A dataset that is asked for rows.
pub(crate) struct Asked(Dataset);

impl Asked {
    pub(crate) fn open(address: &str, aws: &AwsOptions) -> Result<Self> {
        let place = dataset::place(address, aws, WriteOptions::default())?;
        Ok(Self(Dataset::existing(place)?))
    }

    /// Returns the rows that fit, newest first, each a batch of its own.
    pub(crate) fn rows<'q>(
        &'q self,
        query: &'q Query,
    ) -> impl Iterator<Item = Result<RecordBatch>> + 'q {
        let may_have = |file: &&DataFile| {
            file.times
                .is_none_or(|(first, last)| first < query.span.to && last >= query.span.from)
        };
        let files: Vec<&DataFile> = self.0.files(query.table).filter(may_have).collect();
        let candidates: Vec<Candidate> = files
            .iter()
            .enumerate()
            .map(|(nth, file)| Candidate {
                nth,
                newest: file.times.map_or(i64::MAX, |(_, last)| last),
            })
            .collect();
        let path = |nth: usize| files[nth].path.clone();
        let paths: Vec<String> = (0..files.len()).map(path).collect();
        let open = move |nth: usize| self.0.open(files[nth]).map_err(io::Error::other);
        Newest::new(query, candidates, open).map(move |row| {
            row.map_err(|(nth, error)| (nth, anyhow::Error::from(error)))
                .or_else(|(nth, error)| {
                    Err(error).with_context(|| format!("read {}/{}", self.0.address(), paths[nth]))
                })
        })
    }
}
