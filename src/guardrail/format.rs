//! Policies for people, with the table of what each statement is based on, or as one document. Names come from logs.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::escape::{printable, printable_json};
use crate::policy::{Basis, Guardrail, Kind, Other, Policy, Tally};
use crate::trail::time;

/// What a cell of a table takes at most; what is longer is cut, and the cut is marked.
const CELL_CHARS_MAX: usize = 64;

/// Prints one document: the policies, and what they are based on.
pub(super) fn json(guardrail: &Guardrail, kind: Kind, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'g> {
        kind: &'static str,
        #[serde(flatten)]
        guardrail: &'g Guardrail,
    }
    let kind = kind.name();
    let text = serde_json::to_string_pretty(&Document { kind, guardrail })?;
    writeln!(out, "{}", printable_json(&text))
}

/// Prints the policies, unless they are in a folder, and the tables.
pub(super) fn text(
    guardrail: &Guardrail,
    kind: Kind,
    folder: Option<&Path>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for policy in &guardrail.policies {
        let Policy {
            name, characters, ..
        } = policy;
        let place = folder.map(|folder| folder.join(format!("{name}.json")));
        let name = place.map_or(name.clone(), |place| place.display().to_string());
        writeln!(
            out,
            "{}: {characters} of {} characters",
            printable(&name),
            kind.chars_max()
        )?;
        if folder.is_none() {
            writeln!(out, "\n{}\n", printable_json(&policy.document.pretty()))?;
        }
    }
    if guardrail.policies.len() > 1 {
        writeln!(out, "All of them have to be attached: each is a part.")?;
    }
    writeln!(out, "{}", remark(kind))?;
    bases(
        "What the policies let through, and why",
        &guardrail.basis,
        kind,
        out,
    )?;
    bases(
        "Done, and denied from now on",
        &guardrail.destructive,
        Kind::Scp,
        out,
    )?;
    others(
        "Done, and let through by nothing",
        &guardrail.without_action,
        out,
    )?;
    others(
        "Failed: no evidence that it is needed",
        &guardrail.failed,
        out,
    )
}

fn remark(kind: Kind) -> &'static str {
    match kind {
        Kind::Scp => {
            "They count for calls through managed MCP servers alone, and grant nothing: FullAWSAccess, or what allows instead, stays \
             attached.\nWhat is destructive is denied whether it was seen or not. No event shows iam:PassRole, which some calls need \
             beside their own action."
        }
        Kind::Iam => {
            "They count for calls through managed MCP servers alone.\nWhat is destructive is denied whether it was seen or not. No event \
             shows iam:PassRole, which some calls need beside their own action."
        }
    }
}

fn bases(title: &str, rows: &[Basis], kind: Kind, out: &mut dyn Write) -> io::Result<()> {
    let mut header = vec!["action", "statement"];
    header.extend(TALLY);
    header.push("events");
    if kind == Kind::Iam {
        header.push("resources");
    }
    let row = |row: &Basis| {
        let mut cells = vec![row.action.clone(), row.statements.join(" ")];
        cells.extend(tally(&row.tally));
        cells.push(joined(&row.events, ", "));
        if kind == Kind::Iam {
            cells.push(row.resources.join(" "));
        }
        cells
    };
    table(title, &header, rows.iter().map(row), out)
}

fn others(title: &str, rows: &[Other], out: &mut dyn Write) -> io::Result<()> {
    let mut header = vec!["event", "reason"];
    header.extend(TALLY);
    let row = |row: &Other| {
        let mut cells = vec![row.event.clone(), row.reason.clone()];
        cells.extend(tally(&row.tally));
        cells
    };
    table(title, &header, rows.iter().map(row), out)
}

const TALLY: [&str; 5] = ["calls", "read-only", "first", "last", "principals"];

fn tally(tally: &Tally) -> [String; 5] {
    [
        tally.calls.to_string(),
        tally.read_only.to_string(),
        time::format(tally.first),
        time::format(tally.last),
        joined(&tally.principals, " "),
    ]
}

fn joined(texts: &BTreeSet<String>, by: &str) -> String {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.join(by)
}

/// Prints rows in columns as wide as they are; nothing where there are none.
fn table(
    title: &str,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = header.iter().map(|name| (*name).to_owned()).collect();
    let shown = |row: Vec<String>| row.iter().map(|cell| short(&printable(cell))).collect();
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows.map(shown)).collect();
    if rows.len() == 1 {
        return Ok(());
    }
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    writeln!(out, "\n{title}")?;
    for row in &rows {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        writeln!(
            out,
            "  {}",
            padded.collect::<Vec<_>>().join("  ").trim_end()
        )?;
    }
    Ok(())
}

/// A cell, cut where it is long.
fn short(text: &str) -> String {
    if text.chars().count() <= CELL_CHARS_MAX {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(CELL_CHARS_MAX - 1).collect();
    short.push('…');
    short
}
