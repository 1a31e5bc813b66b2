//! A report's lists as sheets: titles, columns and cells of text, the same for a terminal and for Markdown.

use std::collections::BTreeMap;

use super::document::{Burst, CoverageDay, Question, Report, Share, Time, Top, UnseenKind};
use super::findings::number;

/// One question with its answers.
pub(super) struct Section {
    pub(super) question: Question,
    pub(super) title: &'static str,
    pub(super) sheets: Vec<Sheet>,
}

/// A list.
pub(super) struct Sheet {
    pub(super) title: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
    /// Rows that the report does not have.
    pub(super) left_out: u64,
}

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) is_number: bool,
    /// Whether it loses all it says when it is cut, as a time does.
    pub(super) is_whole: bool,
}

/// What of a report is shown where there is little room.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Rows of a list.
    pub rows: usize,
    /// Only these questions; all where empty.
    pub only: Vec<Question>,
}

impl Shown {
    /// Whether an answer to a question is shown.
    pub(super) fn has(&self, question: Question) -> bool {
        self.only.is_empty() || self.only.contains(&question)
    }
}

/// The sections that are shown, in the order of the questions.
pub(super) fn sections(report: &Report, shown: &Shown) -> Vec<Section> {
    let mut sections = all(report);
    sections.retain(|section| shown.has(section.question));
    for sheet in sections.iter_mut().flat_map(|section| &mut section.sheets) {
        sheet.drop_empty_columns();
    }
    sections
}

impl Sheet {
    /// Takes columns away in which no row says anything, such as what was before where nothing was.
    fn drop_empty_columns(&mut self) {
        let is_empty = |nth: usize| self.rows.iter().all(|row| row[nth].is_empty());
        let empty: Vec<bool> = (0..self.columns.len()).map(is_empty).collect();
        let mut nth = empty.iter();
        self.columns.retain(|_| nth.next() != Some(&true));
        for row in &mut self.rows {
            let mut nth = empty.iter();
            row.retain(|_| nth.next() != Some(&true));
        }
    }
}

fn all(report: &Report) -> Vec<Section> {
    let section = |question, title, sheets| Section {
        question,
        title,
        sheets,
    };
    vec![
        section(Question::Agents, "What did the agents do?", agents(report)),
        section(
            Question::Rate,
            "Why did the bill or the call rate jump?",
            rate(report),
        ),
        section(
            Question::SignIns,
            "Who came in, and who failed to?",
            sign_ins(report),
        ),
        section(Question::Refused, "What was refused?", refused(report)),
        section(
            Question::Coverage,
            "How complete is this?",
            coverage(report),
        ),
    ]
}

/// Makes a sheet: a name and a way to the cell for each column; a `#` before the name says that it has numbers, an `@` that it has times.
macro_rules! sheet {
    ($title:expr, $top:expr, $row:ident: $($name:literal => $cell:expr),+ $(,)?) => {
        Sheet {
            title: $title.to_owned(),
            columns: [$($name),+].map(Column::of).to_vec(),
            rows: $top.rows.iter().map(|$row| vec![$($cell.cell()),+]).collect(),
            left_out: $top.left_out,
        }
    };
}

impl Column {
    fn of(name: &'static str) -> Self {
        Self {
            name: name.trim_start_matches(['#', '@']),
            is_number: name.starts_with('#'),
            is_whole: name.starts_with(['#', '@']),
        }
    }
}

/// A value as text.
trait Cell {
    fn cell(&self) -> String;
}

impl Cell for String {
    fn cell(&self) -> String {
        self.clone()
    }
}

impl Cell for &str {
    fn cell(&self) -> String {
        (*self).to_owned()
    }
}

impl Cell for u64 {
    fn cell(&self) -> String {
        number(*self)
    }
}

impl Cell for i64 {
    fn cell(&self) -> String {
        self.to_string()
    }
}

/// Rates and shares, as people read them.
impl Cell for f64 {
    fn cell(&self) -> String {
        if *self > 0.0 && *self < 10.0 {
            format!("{self:.1}")
        } else {
            format!("{self:.0}")
        }
    }
}

impl Cell for bool {
    fn cell(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

/// To the minute.
impl Cell for Time {
    fn cell(&self) -> String {
        let text = self.to_string();
        match (text.get(..10), text.get(11..16)) {
            (Some(day), Some(minute)) => format!("{day} {minute}"),
            _ => text,
        }
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> String {
        self.as_ref().map(Cell::cell).unwrap_or_default()
    }
}

/// An event source without what all have.
fn service(source: Option<&String>) -> String {
    let source = source.map(String::as_str).unwrap_or_default();
    source
        .strip_suffix(".amazonaws.com")
        .unwrap_or(source)
        .to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn agents(report: &Report) -> Vec<Sheet> {
    let agents = &report.agents;
    let channels = Top {
        rows: agents.channels.clone(),
        ..Top::default()
    };
    vec![
        sheet!("By channel", channels, row:
            "channel" => row.mcp_channel, "says" => if row.is_sure { "AWS" } else { "the caller" },
            "#events" => row.events, "#writes" => row.writes, "#deletions" => row.deletions, "#errors" => row.errors,
            "@first" => row.first_event_time, "@last" => row.last_event_time),
        sheet!("Tool calls", agents.callers, row:
            "principal" => row.principal, "client" => row.mcp_client, "server" => row.mcp_server,
            "tool or method" => row.mcp_tool.clone().or_else(|| row.mcp_method.clone()),
            "#calls" => row.calls, "#failed" => row.failures),
        sheet!("API calls of agents", agents.actions, row:
            "service" => service(row.event_source.as_ref()), "action" => row.event_name, "principal" => row.principal,
            "channel" => row.mcp_channel, "reads only" => row.read_only, "#events" => row.events, "#errors" => row.errors),
        sheet!("Tool call to API call", agents.chains, row:
            "server" => row.mcp_server, "tool" => row.mcp_tool, "service" => service(row.event_source.as_ref()),
            "action" => row.event_name, "reads only" => row.read_only, "#requests" => row.requests, "#found" => row.found,
            "#errors" => row.errors),
        sheet!("Resources that agents touched", agents.resources, row:
            "resource" => row.resource_arn, "action" => row.event_name, "principal" => row.principal,
            "deletes" => row.is_deletion, "#events" => row.events, "#errors" => row.errors),
        sheet!("Tool calls that failed", agents.failures, row:
            "server" => row.mcp_server, "tool" => row.mcp_tool, "#status" => row.status_code,
            "#JSON-RPC" => row.jsonrpc_error_code, "error" => row.error_code, "message" => row.message,
            "#calls" => row.calls, "last event id" => row.event_id),
        sheet!("Agents and others behind one principal", agents.principals, row:
            "principal" => row.principal, "#by agents" => row.by_agents, "#of these writes" => row.writes_by_agents,
            "#only claimed" => row.claimed, "#others" => row.others),
        sheet!("Gateway calls with nobody behind", agents.unauthenticated, row:
            "gateway" => row.mcp_server, "tool" => row.mcp_tool, "address" => row.source_ip_address,
            "user agent" => row.user_agent, "#calls" => row.calls, "#failed" => row.failures),
        sheet!("Calls that only claim to be an agent's", agents.claims, row:
            "principal" => row.principal, "server" => row.mcp_server, "service" => service(row.event_source.as_ref()),
            "action" => row.event_name, "#events" => row.events, "@last" => row.last_event_time),
    ]
}

fn rate(report: &Report) -> Vec<Sheet> {
    let rate = &report.rate;
    let mut sheets = vec![
        bursts("Bursts", &rate.bursts),
        sheet!("Calls by service", rate.services, row:
            "service" => service(row.event_source.as_ref()), "#events" => row.events, "#share" => percent(row.share),
            "#errors" => row.errors, "#a day" => row.per_day, "#a day before" => row.baseline_per_day),
        sheet!("Calls by action", rate.actions, row:
            "service" => service(row.event_source.as_ref()), "action" => row.event_name, "reads only" => row.read_only,
            "#events" => row.events, "#errors" => row.errors),
    ];
    if let Some(busiest) = &rate.busiest {
        let of = service(busiest.event_source.as_ref());
        for (by, shares) in [
            ("action", &busiest.event_names),
            ("address", &busiest.source_ips),
            ("principal", &busiest.principals),
        ] {
            sheets.push(parts(&format!("{of} by {by}"), by, shares));
        }
    }
    sheets.extend([
        sheet!("Calls that cost money", rate.costs, row:
            "service" => service(Some(&row.event_source)), "action" => row.event_name, "billed by" => row.billed,
            "principal" => row.principal, "#calls" => row.calls, "#a day" => row.per_day,
            "#a day before" => row.baseline_per_day),
        sheet!("Never seen before", rate.unseen, row:
            "what" => match row.kind {
                UnseenKind::Principal => "principal",
                UnseenKind::SourceIp => "address",
                UnseenKind::Region => "region",
                UnseenKind::Service => "service",
            },
            "which" => row.value, "#events" => row.events, "#errors" => row.errors,
            "@first" => row.first_event_time, "@last" => row.last_event_time),
    ]);
    sheets
}

fn parts(title: &str, by: &'static str, shares: &Top<Share>) -> Sheet {
    let mut sheet = sheet!(title, shares, row:
        "" => row.name, "#events" => row.events, "#share" => percent(row.share));
    sheet.columns[0].name = by;
    sheet
}

fn bursts(title: &str, bursts: &Top<Burst>) -> Sheet {
    sheet!(title, bursts, row:
        "@from" => row.start, "@to" => row.end, "principal" => row.principal, "service" => service(row.event_source.as_ref()),
        "action" => row.event_name, "#events" => row.events, "#peak" => row.peak, "#usual" => row.usual)
}

fn sign_ins(report: &Report) -> Vec<Sheet> {
    let sign_ins = &report.sign_ins;
    vec![
        sheet!("Came in after failures", sign_ins.guessed, row:
            "@when" => row.event_time, "who" => row.who, "address" => row.source_ip_address,
            "account" => row.recipient_account_id, "MFA" => row.mfa_used, "#failures" => row.failures,
            "#names tried" => row.names_tried),
        sheet!("Sign-ins", sign_ins.users, row:
            "who" => row.who, "method" => row.method, "outcome" => row.outcome, "MFA" => row.mfa_used,
            "address" => row.source_ip_address, "why" => row.failure_reason, "#times" => row.events,
            "@last" => row.last_event_time),
        sheet!("What root users did", sign_ins.root, row:
            "principal" => row.principal, "service" => service(row.event_source.as_ref()), "action" => row.event_name,
            "address" => row.source_ip_address, "#events" => row.events, "@last" => row.last_event_time),
        sheet!("Role switches", sign_ins.switched, row:
            "from" => row.from, "to" => row.to, "what" => row.event_name, "outcome" => row.outcome,
            "address" => row.source_ip_address, "#times" => row.events, "@last" => row.last_event_time),
        sheet!("New identities", sign_ins.new_identities, row:
            "what" => row.event_name, "which" => row.resource_arn, "by" => row.principal, "failed" => row.is_error,
            "#times" => row.events, "@first" => row.first_event_time),
    ]
}

fn refused(report: &Report) -> Vec<Sheet> {
    let refused = &report.refused;
    vec![
        bursts("Bursts of failures", &refused.bursts),
        sheet!("By error code", refused.codes, row:
            "error" => row.error_code, "denies" => row.is_denial, "#events" => row.events, "#principals" => row.principals),
        sheet!("By principal and action", refused.actions, row:
            "principal" => row.principal, "service" => service(row.event_source.as_ref()), "action" => row.event_name,
            "error" => row.error_code, "#events" => row.events, "@last" => row.last_event_time),
    ]
}

fn coverage(report: &Report) -> Vec<Sheet> {
    let coverage = &report.coverage;
    vec![
        places(&coverage.days),
        sheet!("Hours without any delivery", coverage.gaps, row:
            "account" => row.account_id, "region" => row.region, "@from" => row.from, "@to" => row.to, "#hours" => row.hours),
        sheet!("Objects that could not be read", coverage.unread_reasons, row:
            "why" => row.reason, "#objects" => row.count, "one of them" => row.example),
        sheet!("Records that could not be used", coverage.reject_reasons, row:
            "why" => row.reason, "#records" => row.count, "one of their objects" => row.example),
    ]
}

/// The days of each account and region added up: a map takes a page.
fn places(days: &Top<CoverageDay>) -> Sheet {
    let mut places: BTreeMap<(&str, &str), (u64, CoverageDay)> = BTreeMap::new();
    for day in &days.rows {
        let place = (day.account_id.as_str(), day.region.as_str());
        match places.entry(place) {
            std::collections::btree_map::Entry::Vacant(none) => {
                none.insert((1, day.clone()));
            }
            std::collections::btree_map::Entry::Occupied(mut sum) => {
                let (n_days, sum) = sum.get_mut();
                *n_days += 1;
                sum.objects += day.objects;
                sum.digests += day.digests;
                sum.unread += day.unread;
                sum.written += day.written;
                sum.late_events += day.late_events;
                sum.redelivered += day.redelivered;
                sum.rejected += day.rejected;
                sum.gap_hours += day.gap_hours;
            }
        }
    }
    let places = Top {
        rows: places.into_values().collect(),
        ..Top::<(u64, CoverageDay)>::default()
    };
    sheet!("Delivered", places, row:
        "account" => row.1.account_id, "region" => row.1.region, "#days" => row.0, "#objects" => row.1.objects,
        "#digests" => row.1.digests, "#unread" => row.1.unread, "#records" => row.1.written, "#late" => row.1.late_events,
        "#again" => row.1.redelivered, "#rejected" => row.1.rejected, "#gap hours" => row.1.gap_hours)
}
