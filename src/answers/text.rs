//! A report for a terminal of a hundred columns. What logs hold goes through [`printable`].

use std::fmt::Write as _;

use super::document::{Question, Report, Series, SeriesKind, Severity};
use super::findings::number;
use super::sheets::{Sheet, Shown, sections};
use crate::escape::printable;
use crate::trail::time::{self, DAY, SECOND};

/// Columns of a terminal.
const WIDTH: usize = 100;
/// What a column is not made narrower than.
const CELL_CHARS_MIN: usize = 8;
/// Between two columns.
const GAP: &str = "  ";
/// Days with events that are drawn, the last ones.
const DAYS_MAX: usize = 31;

/// Returns a report as text.
pub fn text(report: &Report, shown: &Shown) -> String {
    let mut out = String::new();
    head(report, &mut out);
    for finding in report
        .findings
        .iter()
        .filter(|finding| shown.has(finding.question))
    {
        let mark = match finding.severity {
            Severity::Alert => "!!",
            Severity::Notice => " !",
            Severity::Fact => "  ",
        };
        paragraph(&format!("{mark} "), &printable(&finding.text), &mut out);
        if let Some(look) = finding
            .look
            .as_ref()
            .filter(|_| finding.severity != Severity::Fact)
        {
            let _ = writeln!(out, "     {}", printable(look)); // not broken: to be copied
        }
    }
    for caveat in &report.caveats {
        paragraph(" ~ ", &printable(caveat), &mut out);
    }
    if shown.has(Question::Rate) {
        timeline(report, &mut out);
    }
    for section in sections(report, shown) {
        let line = "=".repeat(section.title.len());
        let _ = write!(out, "\n{}\n{line}\n", section.title);
        for sheet in &section.sheets {
            table(sheet, shown.rows, &mut out);
        }
        if section.sheets.iter().all(|sheet| sheet.rows.is_empty()) {
            out.push_str("\nNothing.\n");
        }
    }
    out
}

fn head(report: &Report, out: &mut String) {
    let totals = &report.totals;
    let span = match (totals.first_event_time, totals.last_event_time) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "no events".to_owned(),
    };
    let _ = writeln!(out, "{}: {span}", printable(&report.dataset));
    let counts = format!(
        "{} events, {} errors, {} writes, {} by agents; {} accounts, {} regions, {} services, {} principals, {} addresses",
        number(totals.events),
        number(totals.errors),
        number(totals.writes),
        number(totals.agents),
        totals.accounts,
        totals.regions,
        totals.services,
        number(totals.principals),
        number(totals.source_ips),
    );
    paragraph("", &counts, out);
    out.push('\n');
}

/// Breaks lines between words; those that follow begin below the first word.
fn paragraph(mark: &str, text: &str, out: &mut String) {
    let room = WIDTH - mark.len();
    let mut line = String::new();
    let mut lead = mark.to_owned();
    for word in text.split(' ') {
        let length = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > room {
            let _ = writeln!(out, "{lead}{line}");
            lead = " ".repeat(mark.len());
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{lead}{line}");
}

/// A line for each day, a mark for each hour.
fn timeline(report: &Report, out: &mut String) {
    let (Some(start), Some(all)) = (report.timeline.start, of_kind(report, SeriesKind::All)) else {
        return;
    };
    let width = i64::try_from(report.timeline.bucket_seconds).unwrap_or(1) * SECOND;
    let mut hours: std::collections::BTreeMap<i64, u64> = std::collections::BTreeMap::new();
    for (nth, events) in (0..).zip(&all.events) {
        let hour = (start.0 + nth * width).div_euclid(3_600 * SECOND);
        *hours.entry(hour).or_default() += events;
    }
    let most = hours.values().max().copied().unwrap_or(0);
    let mut days: Vec<i64> = hours
        .iter()
        .filter(|(_, events)| **events > 0)
        .map(|(hour, _)| hour.div_euclid(24))
        .collect();
    days.dedup();
    let _ = writeln!(
        out,
        "\nEvents by day and hour (UTC), at most {} in an hour",
        number(most)
    );
    let shown = &days[days.len().saturating_sub(DAYS_MAX)..];
    if shown.len() < days.len() {
        let _ = writeln!(out, "… {} days before", days.len() - shown.len());
    }
    let mut before = None;
    for day in shown {
        match before.map(|before| day - before - 1) {
            Some(1) => out.push_str("… a day without events\n"),
            Some(empty) if empty > 1 => {
                let _ = writeln!(out, "… {empty} days without events");
            }
            _ => {}
        }
        before = Some(day);
        let of_day = |hour: i64| hours.get(&(day * 24 + hour)).copied().unwrap_or(0);
        let marks: String = (0..24).map(|hour| mark(of_day(hour), most)).collect();
        let events: u64 = (0..24).map(of_day).sum();
        let _ = writeln!(
            out,
            "{}  {marks}  {:>12}",
            time::format_date(day * DAY),
            number(events)
        );
    }
}

fn of_kind(report: &Report, kind: SeriesKind) -> Option<&Series> {
    report
        .timeline
        .series
        .iter()
        .find(|series| series.kind == kind)
}

/// A bar of eight heights; nothing for nothing.
fn mark(events: u64, most: u64) -> char {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if events == 0 {
        return ' ';
    }
    let height = (events.saturating_sub(1) * 8)
        .checked_div(most)
        .unwrap_or(0);
    HEIGHTS[usize::try_from(height).unwrap_or(7).min(7)]
}

fn table(sheet: &Sheet, rows: usize, out: &mut String) {
    if sheet.rows.is_empty() {
        return;
    }
    let shown = &sheet.rows[..sheet.rows.len().min(rows)];
    let cells: Vec<Vec<String>> = shown
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| printable(cell).into_owned())
                .collect()
        })
        .collect();
    let widths = widths(sheet, &cells);
    let _ = writeln!(out, "\n{}", printable(&sheet.title));
    let names: Vec<String> = sheet
        .columns
        .iter()
        .map(|column| column.name.to_owned())
        .collect();
    for row in std::iter::once(&names).chain(&cells) {
        let padded = row.iter().zip(&widths).zip(&sheet.columns);
        let padded: Vec<String> = padded
            .map(|((cell, width), column)| {
                let cell = fit(cell, *width);
                if column.is_number {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:width$}")
                }
            })
            .collect();
        let _ = writeln!(out, "{}", padded.join(GAP).trim_end());
    }
    let more = sheet.left_out + (sheet.rows.len() - shown.len()) as u64;
    if more > 0 {
        let _ = writeln!(out, "… and {} more", number(more));
    }
}

/// As wide as the cells are, where there is room; else the widest columns give way.
fn widths(sheet: &Sheet, cells: &[Vec<String>]) -> Vec<usize> {
    let columns = sheet.columns.iter().enumerate();
    let mut widths: Vec<usize> = columns
        .map(|(nth, column)| {
            let widest = cells.iter().map(|row| row[nth].chars().count()).max();
            widest.unwrap_or(0).max(column.name.len())
        })
        .collect();
    let room = WIDTH - GAP.len() * (widths.len() - 1);
    while widths.iter().sum::<usize>() > room {
        let pairs = widths.iter_mut().zip(&sheet.columns);
        let may_give = pairs.filter(|(_, column)| !column.is_whole);
        let widest = may_give.map(|(width, _)| width).max();
        let Some(widest) = widest.filter(|width| **width > CELL_CHARS_MIN) else {
            break;
        };
        *widest -= 1;
    }
    widths
}

/// A cell, without its middle where it is too long: both ends of an ARN say something.
fn fit(cell: &str, width: usize) -> String {
    let length = cell.chars().count();
    if length <= width {
        return cell.to_owned();
    }
    let behind = (width - 1) * 2 / 3;
    let before: String = cell.chars().take(width - 1 - behind).collect();
    let rest: String = cell.chars().skip(length - behind).collect();
    format!("{before}…{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_loses_its_middle() {
        assert_eq!(
            fit("arn:aws:iam::111122223333:role/deploy", 16),
            "arn:a…ole/deploy"
        );
        assert_eq!(fit("short", 16), "short");
    }

    #[test]
    fn hours_are_drawn_by_their_share_of_the_highest() {
        let marks: String = [0, 1, 50, 100]
            .map(|events| mark(events, 100))
            .iter()
            .collect();
        assert_eq!(marks, " ▁▄█");
    }

    #[test]
    fn paragraphs_are_broken_between_words() {
        let mut out = String::new();
        paragraph("!! ", &"word ".repeat(40), &mut out);
        assert!(out.lines().count() == 3 && out.lines().all(|line| line.len() <= WIDTH));
        assert!(
            out.lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("   word"))
        );
    }
}
