//! The page's HTML: what is written here, escaped, and what the template brings.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::data::data;
use crate::answers::document::{Finding, Question, Report, Severity, Time, Totals};
use crate::answers::findings::number;
use crate::escape;

const TEMPLATE: &str = include_str!("page.html");
pub(super) const STYLE: &str = concat!(
    include_str!("vendor/uPlot.min.css"),
    "\n",
    include_str!("page.css")
);
pub(super) const SCRIPT: &str = concat!(
    "/*\n",
    include_str!("vendor/LICENSE"),
    "*/\n",
    include_str!("vendor/uPlot.iife.min.js"),
    include_str!("page.js")
);

/// Returns the report as an HTML document.
pub fn page(report: &Report) -> String {
    fill(TEMPLATE, |mark, out| match mark {
        "policy" => out.push_str(&policy()),
        "title" => put(
            out,
            format_args!("CloudTrail report: {}", Escaped(&report.dataset)),
        ),
        "heading" => heading(report, out),
        "findings" => findings(&report.findings, out),
        "caveats" => caveats(&report.caveats, out),
        "totals" => totals(&report.totals, out),
        "style" => out.push_str(STYLE),
        "data" => out.push_str(&data(report)),
        "script" => out.push_str(SCRIPT),
        _ => unreachable!("the template has no mark {mark}"),
    })
}

/// Replaces the marks of a template, `{{mark}}`, and looks at nothing that it puts in their places.
pub(super) fn fill(template: &str, mut put: impl FnMut(&str, &mut String)) -> String {
    let mut out = String::new();
    let mut parts = template.split("{{");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (mark, text) = part
            .split_once("}}")
            .expect("each mark of the template ends");
        put(mark, &mut out);
        out.push_str(text);
    }
    out
}

pub(super) fn put(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
}

/// What the browser may do with the page: run its script, use its style. `trusted-types` takes from that script all calls that make
/// markup of text.
pub(super) fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT),
        hash(STYLE),
    )
}

/// Returns the hash of a script or style as a policy names it.
pub(super) fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// Text as HTML, in an element or in a quoted attribute, with all that is not plainly visible written as `\u{..}`.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in escape::printable(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A moment to the minute.
struct Minute(Time);

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let minute = text.get(..16).unwrap_or(&text).replace('T', " ");
        write!(f, "<time datetime=\"{text}\">{minute}</time>")
    }
}

/// Which dataset, which time, made when and by what.
fn heading(report: &Report, out: &mut String) {
    put(
        out,
        format_args!(
            "<p class=\"dataset\"><bdi>{}</bdi></p>\n",
            Escaped(&report.dataset)
        ),
    );
    out.push_str("<p class=\"edition\"><span>");
    let totals = &report.totals;
    match (
        report.from.or(totals.first_event_time),
        report.to.or(totals.last_event_time),
    ) {
        (Some(from), Some(to)) => put(out, format_args!("{} to {} UTC", Minute(from), Minute(to))),
        (Some(from), None) => put(out, format_args!("from {} UTC on", Minute(from))),
        (None, Some(to)) => put(out, format_args!("before {} UTC", Minute(to))),
        (None, None) => out.push_str("no events"),
    }
    put(
        out,
        format_args!(
            "</span> <span>made {} UTC by trailmill {}</span></p>",
            Minute(report.made_at),
            Escaped(report.trailmill)
        ),
    );
}

fn findings(findings: &[Finding], out: &mut String) {
    if findings.is_empty() {
        out.push_str("<p>Nothing stands out.</p>");
        return;
    }
    out.push_str("<ol class=\"findings\">\n");
    for finding in findings {
        let (class, severity) = match finding.severity {
            Severity::Alert => ("alert", "Alert"),
            Severity::Notice => ("notice", "Notice"),
            Severity::Fact => ("fact", "Fact"),
        };
        let question = match finding.question {
            Question::Agents => "Agents",
            Question::Rate => "Rate and cost",
            Question::SignIns => "Sign-ins",
            Question::Refused => "Refused",
            Question::Coverage => "Coverage",
        };
        put(
            out,
            format_args!(
                "<li class=\"{class}\"><span class=\"severity\">{severity}</span><span class=\"number\">{}</span><div><p><bdi>{}</bdi> \
                 <a href=\"#{}\">{question}</a></p>",
                number(finding.count),
                Escaped(&finding.text),
                Escaped(finding.section),
            ),
        );
        if let Some(look) = &finding.look {
            put(
                out,
                format_args!("<p class=\"look\"><code>{}</code></p>", Escaped(look)),
            );
        }
        out.push_str("</div></li>\n");
    }
    out.push_str("</ol>");
}

fn caveats(caveats: &[String], out: &mut String) {
    if caveats.is_empty() {
        return;
    }
    out.push_str("<h3>What this report could not take into account</h3>\n<ul class=\"caveats\">\n");
    for caveat in caveats {
        put(
            out,
            format_args!("<li><bdi>{}</bdi></li>\n", Escaped(caveat)),
        );
    }
    out.push_str("</ul>");
}

fn totals(totals: &Totals, out: &mut String) {
    out.push_str("<h3>In all</h3>\n<dl class=\"totals\">\n");
    for (name, count, is_part) in [
        ("Events", totals.events, false),
        ("Errors", totals.errors, true),
        ("Writes", totals.writes, true),
        ("By agents", totals.agents, true),
        ("Accounts", totals.accounts, false),
        ("Regions", totals.regions, false),
        ("Services", totals.services, false),
        ("Principals", totals.principals, false),
        ("Source addresses", totals.source_ips, false),
    ] {
        put(
            out,
            format_args!("<div><dt>{name}</dt><dd>{}", number(count)),
        );
        if is_part && count > 0 {
            let percent = 100.0 * count as f64 / totals.events.max(count) as f64;
            put(out, format_args!(" <small>{percent:.1}%</small>"));
        }
        out.push_str("</dd></div>\n");
    }
    out.push_str("</dl>");
}
