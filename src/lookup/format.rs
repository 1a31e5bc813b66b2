//! Events to a terminal, a spreadsheet or a program. Everything in them was written by strangers.

use std::io::{self, Write};

use serde::Serialize;

use super::chain::{Calls, Chain, Link};
use super::event::{Event, Resource};
use crate::cli::LookupFormat;
use crate::escape::{printable, printable_json};

/// What a column of the table takes at most; what is longer is cut, and the cut is marked.
const CELL_CHARS_MAX: usize = 48;

/// The columns of the table and of CSV.
const COLUMNS: [&str; 11] = [
    "time",
    "event",
    "source",
    "user",
    "account",
    "region",
    "source_ip",
    "access_key",
    "read_only",
    "error",
    "resources",
];
/// Further columns of CSV.
const FURTHER: [&str; 6] = [
    "event_id",
    "principal",
    "mcp_channel",
    "source_bucket",
    "source_object",
    "source_index",
];

/// Prints events one after the other; a table when all are there, because its columns are as wide as they are.
pub(super) struct Printer<'o> {
    format: LookupFormat,
    is_about_one: bool,
    out: &'o mut dyn Write,
    count: usize,
    rows: Vec<Vec<String>>,
}

impl<'o> Printer<'o> {
    pub(super) fn begin(
        format: LookupFormat,
        is_about_one: bool,
        out: &'o mut dyn Write,
    ) -> io::Result<Self> {
        match format {
            LookupFormat::Json => out.write_all(b"[")?,
            LookupFormat::Csv => {
                let header: Vec<&str> = COLUMNS.into_iter().chain(FURTHER).collect();
                writeln!(out, "{}", header.join(","))?;
            }
            LookupFormat::Table | LookupFormat::Jsonl => {}
        }
        Ok(Self {
            format,
            is_about_one,
            out,
            count: 0,
            rows: Vec::new(),
        })
    }

    /// Returns how many events were printed.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether an event is shown whole, with what it led to.
    pub(super) fn shows_calls(&self) -> bool {
        self.is_about_one && self.format == LookupFormat::Table
    }

    pub(super) fn event(&mut self, event: &Event, calls: &Calls) -> io::Result<()> {
        let is_first = self.count == 0;
        self.count += 1;
        match self.format {
            LookupFormat::Table if self.is_about_one => {
                if !is_first {
                    writeln!(self.out)?;
                }
                whole(event, calls, self.out)
            }
            LookupFormat::Table => {
                self.rows.push(cells(event));
                Ok(())
            }
            LookupFormat::Json => {
                self.out.write_all(if is_first { b"\n" } else { b",\n" })?;
                json(event, self.out)
            }
            LookupFormat::Jsonl => {
                json(event, self.out)?;
                writeln!(self.out)
            }
            LookupFormat::Csv => csv(event, self.out),
        }
    }

    /// Completes the output; returns how many events were printed.
    pub(super) fn finish(self) -> io::Result<usize> {
        if self.format == LookupFormat::Json {
            self.out.write_all(b"\n]\n")?;
        }
        if !self.rows.is_empty() {
            table(&COLUMNS, &self.rows, self.out)?;
        }
        Ok(self.count)
    }
}

/// What the columns have of an event.
fn cells(event: &Event) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        event.time.clone(),
        text(&event.name),
        text(&event.source),
        text(&event.user),
        text(&event.account),
        text(&event.region),
        text(&event.source_ip),
        text(&event.access_key),
        event.read_only.map(|is| is.to_string()).unwrap_or_default(),
        error(event).unwrap_or_default().to_owned(),
        named(&event.resources),
    ]
}

/// Sign-ins that fail have a message alone.
fn error(event: &Event) -> Option<&str> {
    event.error.as_deref().or(event.error_message.as_deref())
}

fn named(resources: &[Resource]) -> String {
    let arns: Vec<&str> = resources
        .iter()
        .map(|resource| resource.arn.as_str())
        .collect();
    arns.join(" ")
}

fn table(header: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| short(&printable(cell))).collect())
        .collect();
    let mut widths: Vec<usize> = header.iter().map(|name| name.len()).collect();
    for row in &shown {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(&mut header.iter().copied())?;
    for row in &shown {
        line(&mut row.iter().map(String::as_str))?;
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

fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string(value)?;
    // A record keeps its own white space, which may be line ends.
    let line = crate::trail::hash::without_space(text.as_bytes());
    let line = String::from_utf8_lossy(&line);
    out.write_all(printable_json(&line).as_bytes())
}

/// A line of CSV (RFC 4180).
fn csv(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    let (source, object, index) = &event.place;
    let further = [
        event.id.as_deref(),
        event.principal.as_deref(),
        event.mcp_channel.as_deref(),
        Some(source),
        Some(object),
    ];
    let further = further.map(|text| text.unwrap_or_default().to_owned());
    let cells = cells(event)
        .into_iter()
        .chain(further)
        .chain([index.to_string()]);
    let line: Vec<String> = cells.map(|cell| csv_cell(&cell)).collect();
    writeln!(out, "{}", line.join(","))
}

/// A cell that no spreadsheet takes for a formula (OWASP, *CSV Injection*): one that begins like one begins with an
/// apostrophe. Line ends and tabs are written out.
fn csv_cell(text: &str) -> String {
    let visible = printable(text);
    let is_formula = visible.starts_with(['=', '+', '-', '@']);
    let safe = if is_formula {
        format!("'{visible}")
    } else {
        visible.into_owned()
    };
    if safe.contains([',', '"', '\'']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

/// One event: what the console's summary shows, the record, and its tool calls.
fn whole(event: &Event, calls: &Calls, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |name: &str, value: Option<&str>| match value {
        Some(value) if !value.is_empty() => writeln!(out, "{name:<12}{}", printable(value)),
        _ => Ok(()),
    };
    let (source, object, index) = &event.place;
    line("Event id", event.id.as_deref())?;
    line("Time", Some(&event.time))?;
    line("Event", event.name.as_deref())?;
    line("Source", event.source.as_deref())?;
    line("Region", event.region.as_deref())?;
    line("Account", event.account.as_deref())?;
    line("User", event.user.as_deref())?;
    line("Principal", event.principal.as_deref())?;
    line("Access key", event.access_key.as_deref())?;
    line("Source IP", event.source_ip.as_deref())?;
    line("User agent", event.user_agent.as_deref())?;
    line(
        "Read-only",
        event.read_only.map(|is| if is { "yes" } else { "no" }),
    )?;
    line("Error", event.error.as_deref())?;
    line("Message", event.error_message.as_deref())?;
    line("Issued key", event.issued_access_key.as_deref())?;
    line("MCP channel", event.mcp_channel.as_deref())?;
    line("Request id", event.request_id.as_deref())?;
    line("Resources", Some(&event.resources.len().to_string()))?;
    for Resource { arn, kind } in &event.resources {
        line("", Some(format!("{kind} {arn}").trim_start()))?;
    }
    line(
        "Delivered",
        Some(&format!("{source}/{object} record {index}")),
    )?;
    listed("Tool calls that led to it", &calls.tools, out)?;
    listed("API calls that it led to", &calls.apis, out)?;
    if !calls.missing.is_empty() {
        writeln!(
            out,
            "\nCalls that it led to and that are not here, by request id"
        )?;
        for id in &calls.missing {
            writeln!(out, "  {}", printable(id))?;
        }
    }
    writeln!(out, "\n{}", printable_json(&indented(event.record.get())))
}

fn listed(title: &str, events: &[Event], out: &mut dyn Write) -> io::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for event in events.iter().rev() {
        writeln!(out, "  {}", printable(&told(event)))?;
    }
    Ok(())
}

/// An event in one line.
fn told(event: &Event) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
    let mut told = format!(
        "{} {} {} by {} from {}",
        event.time,
        text(&event.source),
        text(&event.name),
        text(&event.user),
        text(&event.source_ip),
    );
    if let Some(error) = error(event) {
        told = format!("{told}, {error}");
    }
    format!("{told} ({})", text(&event.id))
}

/// Valid JSON, a member a line, its values as they are written.
fn indented(json: &str) -> String {
    let (mut out, mut depth) = (String::with_capacity(2 * json.len()), 0_usize);
    let (mut is_text, mut is_escaped) = (false, false);
    let mut chars = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if is_text {
            out.push(c);
            (is_text, is_escaped) = (is_escaped || c != '"', !is_escaped && c == '\\');
            continue;
        }
        match c {
            '"' => {
                is_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end); // nothing in it
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// Prints chains of keys.
pub(super) fn chain(chain: &Chain, format: LookupFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        LookupFormat::Table => {
            for link in &chain.links {
                writeln!(out, "{}", printable(&linked(link)))?;
            }
        }
        LookupFormat::Json | LookupFormat::Jsonl | LookupFormat::Csv => {
            for link in &chain.links {
                json(&Linked::of(link), out)?;
                writeln!(out)?;
            }
        }
    }
    if chain.is_cut {
        writeln!(io::stderr(), "more keys were issued than are shown")?;
    }
    Ok(())
}

/// A key of a chain in one line, below the one that issued it.
fn linked(link: &Link) -> String {
    let how = match &link.issued_by {
        Some(event) => format!("issued {}", told(event)),
        None => "no event here issued it".to_owned(),
    };
    let mark = if link.is_asked { " *" } else { "" };
    format!("{}{}{mark}  {how}", "  ".repeat(link.depth), link.key)
}

/// A key of a chain for programs.
#[derive(Serialize)]
struct Linked<'l> {
    depth: usize,
    access_key: &'l str,
    asked: bool,
    issued_by: Option<&'l Event>,
}

impl<'l> Linked<'l> {
    fn of(link: &'l Link) -> Self {
        Self {
            depth: link.depth,
            access_key: &link.key,
            asked: link.is_asked,
            issued_by: link.issued_by.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("alice", "alice"),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\\u{9}=1"),
            ("a,b", "\"a,b\""),
            ("a\nb", "a\\u{a}b"),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }

    #[test]
    fn json_is_laid_out_with_its_own_spelling() {
        let json = r#"{"a":[1.0,{}, [ ]],"b\"{":{"c":1e5}}"#;
        let expected = "{\n  \"a\": [\n    1.0,\n    {},\n    []\n  ],\n  \"b\\\"{\": {\n    \"c\": 1e5\n  }\n}";
        assert_eq!(indented(json), expected);
    }

    proptest::proptest! {
        #[test]
        fn laid_out_it_is_the_same_json(value in any_json()) {
            let json = value.to_string();
            let again: serde_json::Value = serde_json::from_str(&indented(&json)).expect("JSON");
            proptest::prop_assert_eq!(again, value);
        }
    }

    fn any_json() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".{0,9}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a{\"\\\\]{0,4}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }
}
