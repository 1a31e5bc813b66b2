//! Tables to answers: what agents did, why the call rate jumped, who came in, what was refused, how complete it all is; and how that
//! is shown, as text, Markdown, JSON, and a page for the browser.
//!
//! Each table is read once, a few columns of it, and added up by number ([`report()`]); what is added up becomes a
//! [`document::Report`], which is all that the formats know.

mod activity;
mod agents;
mod ask;
mod books;
mod bursts;
mod compose;
pub mod document;
mod findings;
mod markdown;
mod names;
mod page;
mod rate;
mod resources;
mod scan;
mod sheets;
mod sign_ins;
mod tally;
mod text;
mod top;

use std::io;

use parquet::file::reader::ChunkReader;

use activity::Activity;
use agents::Agents;
pub use ask::{Ask, BadLine, Costs, Known};
use books::Books;
use document::{FORMAT, Report, Time};
pub use markdown::markdown;
use names::Names;
pub use page::page;
use rate::Rates;
use resources::Resources;
use scan::{Batch, scan};
pub use sheets::Shown;
use sign_ins::SignIns;
pub use text::text;

use crate::select::Span;
use crate::table::{self, Table};
use crate::trail::time::DAY;

/// The tables that answers come from, beside the books and `events`, which every dataset has.
pub const TABLES: [&str; 5] = [
    "activity",
    "mcp_events",
    "mcp_links",
    "sign_ins",
    "resource_activity",
];

/// The data files of a dataset.
pub trait Tables: Sync {
    /// An open file.
    type File: ChunkReader + 'static;
    /// Why one cannot be read.
    type Error: Send;

    /// Calls for each file of a table that may have rows of a stretch of time, in the order of their paths.
    ///
    /// # Errors
    ///
    /// Returns the first file that cannot be opened, or whose call failed.
    fn each(
        &self,
        table: &'static Table,
        span: Span,
        take: &mut dyn FnMut(Self::File) -> io::Result<()>,
    ) -> Result<(), Self::Error>;
}

/// Answers what a report is asked.
///
/// # Errors
///
/// Returns the first file that cannot be read.
pub fn report<T: Tables>(ask: &Ask, tables: &T) -> Result<Report, T::Error> {
    let (calls, (agents, (rest, books))) = rayon::join(
        || read_activity(ask, tables),
        || {
            rayon::join(
                || read_agents(ask, tables),
                || rayon::join(|| read_rest(ask, tables), || read_books(ask, tables)),
            )
        },
    );
    let (activity, names) = calls?;
    let (agents, agent_names) = agents?;
    let (mut sign_ins, resources, rest_names) = rest?;
    let (mut books, book_names) = books?;
    let rates = Rates::new(ask, &activity, &names);
    let touched = (&resources, &rest_names);
    let open = |at: i64, end: i64| (at != end).then_some(Time(at));
    let mut report = Report {
        format: FORMAT,
        trailmill: env!("CARGO_PKG_VERSION"),
        dataset: ask.dataset.clone(),
        made_at: Time(ask.now),
        from: open(ask.span.from, Span::ALL.from),
        to: open(ask.span.to, Span::ALL.to),
        totals: rates.totals(),
        findings: Vec::new(),
        caveats: Vec::new(),
        timeline: rates.timeline(),
        agents: compose::agents(ask, &agents, &agent_names, touched, rates.agent_shares()),
        rate: rates.rate(),
        sign_ins: compose::sign_ins(ask, &mut sign_ins, &rest_names, touched, rates.root()),
        refused: rates.refused(),
        coverage: compose::coverage(ask, &mut books, &book_names),
    };
    report.caveats = findings::caveats(
        ask,
        &report,
        &findings::Limits {
            bucket: activity.bucket,
            events_not_told_apart: activity.events_not_told_apart,
            not_followed: agents.not_followed + sign_ins.not_followed,
            has_parts_of_days: resources.has_parts,
            is_full: [&names, &agent_names, &rest_names, &book_names]
                .iter()
                .any(|names| names.is_full()),
        },
    );
    report.findings = findings::findings(&report);
    Ok(report)
}

/// Reads columns of all files of a table.
fn read<T: Tables>(
    tables: &T,
    table: &'static Table,
    (span, columns): (Span, &[&str]),
    names: &mut Names,
    mut each: impl FnMut(&Batch, &mut Names),
) -> Result<(), T::Error> {
    tables.each(table, span, &mut |file| {
        scan(file, table, columns, names, &mut each)
    })
}

fn read_activity<T: Tables>(ask: &Ask, tables: &T) -> Result<(Activity, Names), T::Error> {
    let (mut activity, mut names) = (
        Activity::new(ask.span, ask.baseline, ask.bucket),
        Names::new(),
    );
    let from = ask
        .baseline
        .map_or(ask.span.from, |before| before.from.min(ask.span.from));
    let span = Span { from, ..ask.span };
    let columns = activity::COLUMNS;
    read(
        tables,
        activity::TABLE,
        (span, columns),
        &mut names,
        |batch, names| {
            activity.take(batch, names);
        },
    )?;
    activity.finish();
    Ok((activity, names))
}

fn read_agents<T: Tables>(ask: &Ask, tables: &T) -> Result<(Agents, Names), T::Error> {
    let (mut agents, mut names) = (Agents::new(ask.span), Names::new());
    let (mcp_events, links) = (&table::mcp_events::TABLE, &table::mcp_links::TABLE);
    let columns = agents::COLUMNS;
    read(
        tables,
        mcp_events,
        (ask.span, columns),
        &mut names,
        |batch, names| {
            agents.take(batch, names);
        },
    )?;
    let columns = agents::LINK_COLUMNS;
    read(
        tables,
        links,
        (ask.span, columns),
        &mut names,
        |batch, names| {
            agents.take_links(batch, names);
        },
    )?;
    // What a managed server calls bears a mark; what a gateway calls does not, and is in `events` alone.
    for table in [mcp_events, &table::events::TABLE] {
        if agents.misses_some() {
            let wanted = (agents.reach(), agents::CALL_COLUMNS);
            read(tables, table, wanted, &mut names, |batch, names| {
                agents.find(batch, names);
            })?;
        }
    }
    Ok((agents, names))
}

fn read_rest<T: Tables>(ask: &Ask, tables: &T) -> Result<(SignIns, Resources, Names), T::Error> {
    let (mut sign_ins, mut resources) = (SignIns::new(ask.span), Resources::new(ask.span));
    let mut names = Names::new();
    let table = &table::sign_ins::TABLE;
    let columns = sign_ins::COLUMNS;
    read(
        tables,
        table,
        (ask.span, columns),
        &mut names,
        |batch, names| {
            sign_ins.take(batch, names);
        },
    )?;
    let table = &table::resource_activity::TABLE;
    let columns = resources::COLUMNS;
    read(
        tables,
        table,
        (whole_days(ask.span), columns),
        &mut names,
        |batch, names| {
            resources.take(batch, names);
        },
    )?;
    Ok((sign_ins, resources, names))
}

fn read_books<T: Tables>(ask: &Ask, tables: &T) -> Result<(Books, Names), T::Error> {
    let (mut books, mut names) = (Books::new(ask.span), Names::new());
    let span = whole_days(ask.span);
    let table = &table::objects::TABLE;
    let columns = books::OBJECT_COLUMNS;
    read(
        tables,
        table,
        (span, columns),
        &mut names,
        |batch, names| {
            books.take_objects(batch, names);
        },
    )?;
    let table = &table::rejects::TABLE;
    let columns = books::REJECT_COLUMNS;
    read(tables, table, (span, columns), &mut names, |batch, _| {
        books.take_rejects(batch);
    })?;
    Ok((books, names))
}

/// The time of files that know the day of their rows alone.
fn whole_days(span: Span) -> Span {
    Span {
        from: span.from.saturating_sub(DAY),
        ..span
    }
}
