//! A report for a ticket or a wiki: Markdown with tables as GitHub and GitLab read them. What logs hold is escaped, so that it is text
//! wherever it is shown.

use std::fmt::Write as _;

use super::document::{Report, Severity};
use super::findings::number;
use super::sheets::{Sheet, Shown, sections};
use crate::escape::printable;

/// Returns a report as Markdown.
pub fn markdown(report: &Report, shown: &Shown) -> String {
    let totals = &report.totals;
    let mut out = format!("# {}\n\n", escaped(&report.dataset));
    if let (Some(first), Some(last)) = (totals.first_event_time, totals.last_event_time) {
        let _ = writeln!(
            out,
            "{first} to {last}: {} events, {} errors, {} writes, {} by agents; {} accounts, {} regions, {} services, {} principals, \
             {} source addresses.\n",
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
    }
    for finding in report
        .findings
        .iter()
        .filter(|finding| shown.has(finding.question))
    {
        let mark = match finding.severity {
            Severity::Alert => "**Look now:** ",
            Severity::Notice => "**Look:** ",
            Severity::Fact => "",
        };
        let _ = writeln!(out, "- {mark}{}", escaped(&finding.text));
        if let Some(look) = &finding.look {
            let _ = writeln!(out, "  {}", code(look));
        }
    }
    for caveat in &report.caveats {
        let _ = writeln!(out, "- *{}*", escaped(caveat));
    }
    for section in sections(report, shown) {
        let _ = writeln!(out, "\n## {}", section.title);
        for sheet in &section.sheets {
            table(sheet, shown.rows, &mut out);
        }
        if section.sheets.iter().all(|sheet| sheet.rows.is_empty()) {
            out.push_str("\nNothing.\n");
        }
    }
    out
}

fn table(sheet: &Sheet, rows: usize, out: &mut String) {
    if sheet.rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n### {}\n", escaped(&sheet.title));
    let names: Vec<&str> = sheet.columns.iter().map(|column| column.name).collect();
    let _ = writeln!(out, "| {} |", names.join(" | "));
    let lines: Vec<&str> = sheet
        .columns
        .iter()
        .map(|column| if column.is_number { "---:" } else { "---" })
        .collect();
    let _ = writeln!(out, "| {} |", lines.join(" | "));
    for row in sheet.rows.iter().take(rows) {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    let more = sheet.left_out + sheet.rows.len().saturating_sub(rows) as u64;
    if more > 0 {
        let _ = writeln!(out, "\n… and {} more", number(more));
    }
}

/// A text in which nothing is markup: neither Markdown's nor HTML's, nor a link that is made of an address.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~'
            | '$' => {
                out.push('\\');
                out.push(c);
            }
            // Of `https://`, `www.` and addresses of mail, links are made without being asked.
            ':' => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            _ => out.push(c),
        }
    }
    out.replace("www.", "www&#46;")
}

/// A line of code, in more backticks than it has.
fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escaped("<script>a|b</script>"),
            r"&lt;script&gt;a\|b&lt;/script&gt;"
        );
        assert_eq!(escaped("[x](javascript:y)"), r"\[x\]\(javascript&#58;y\)");
        assert_eq!(escaped("https://evil.example"), "https&#58;//evil.example");
        assert_eq!(escaped("a\n# b"), r"a\\u\{a\}\# b");
    }

    #[test]
    fn code_is_fenced() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`` b`"), "``` a`` b` ```");
    }
}
