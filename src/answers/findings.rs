//! A report to sentences: what stands out, with its number, the list to look at, and a command that shows the events.

use std::fmt::Write as _;

use super::ask::Ask;
use super::document::{Burst, BurstKind, Finding, Question, Report, Severity, UnseenKind};
use crate::escape::printable;
use crate::select::Span;
use crate::trail::time::SECOND;

/// What a report could not take into account.
pub(super) struct Limits {
    /// Width of the buckets at last.
    pub(super) bucket: i64,
    pub(super) events_not_told_apart: u64,
    pub(super) not_followed: u64,
    pub(super) has_parts_of_days: bool,
    pub(super) is_full: bool,
}

/// Bursts, and what is new, that get a sentence of their own.
const SENTENCES_OF_A_KIND: usize = 3;

/// Says what stands out, most important first.
pub(super) fn findings(report: &Report) -> Vec<Finding> {
    let mut all = Findings {
        report,
        list: Vec::new(),
    };
    all.agents();
    all.rate();
    all.sign_ins();
    all.refused();
    all.coverage();
    all.list.sort_by_key(|finding| finding.severity);
    all.list
}

/// Says in sentences what the report could not take into account.
pub(super) fn caveats(ask: &Ask, report: &Report, limits: &Limits) -> Vec<String> {
    let mut said = Vec::new();
    if !ask.missing_tables.is_empty() {
        let tables = ask.missing_tables.join(", ");
        said.push(format!(
            "The dataset was made without {tables}: what they would say is missing here"
        ));
    }
    if limits.bucket != ask.bucket {
        let minutes = limits.bucket / (60 * SECOND);
        said.push(format!(
            "There are so many different calls that buckets of {minutes} minutes were made for the timeline and for bursts"
        ));
    }
    if limits.events_not_told_apart > 0 {
        said.push(format!(
            "{} events are in totals alone: there are too many different callers and actions to tell all apart",
            number(limits.events_not_told_apart)
        ));
    }
    if limits.not_followed > 0 {
        said.push(format!(
            "{} tool calls, requests and sign-ins were counted, but not followed: there are too many",
            number(limits.not_followed)
        ));
    }
    if limits.is_full {
        said.push(
            "There are so many different names that some are counted as (all others)".to_owned(),
        );
    }
    if limits.has_parts_of_days {
        said.push(
            "Resources, and new identities, are counted by day: those of the first and last day may include a few events from \
             before --from or after --to"
                .to_owned(),
        );
    }
    if ask.baseline.is_some() && report.rate.baseline.is_none() {
        said.push("There are no events in the baseline: what is new cannot be told".to_owned());
    }
    if report.coverage.digests == 0 && report.coverage.objects > 0 {
        said.push(
            "No digest files were seen, so gaps in the delivery cannot be told from quiet hours: log file validation writes them"
                .to_owned(),
        );
    }
    if ask.span != Span::ALL && report.totals.events == 0 {
        said.push("The dataset has no events of that time".to_owned());
    }
    said
}

/// A number with commas, as people read it.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}

/// One and more of a thing: `1 event`, `2,000 events`.
fn count(n: u64, one: &str, more: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { more })
}

/// Channels of tool calls themselves; what these change, the API calls that they lead to tell.
const TOOL_CALLS: [&str; 2] = ["tool_call", "gateway"];

struct Findings<'r> {
    report: &'r Report,
    list: Vec<Finding>,
}

impl Findings<'_> {
    fn say(
        &mut self,
        (question, severity): (Question, Severity),
        (count, section): (u64, &'static str),
        text: String,
        filters: Option<&[(&str, &str)]>,
    ) {
        let look = filters.and_then(|filters| self.lookup(filters));
        self.list.push(Finding {
            question,
            severity,
            text,
            count,
            section,
            look,
        });
    }

    /// The command that shows the events; none where a value is nothing to paste into a shell.
    fn lookup(&self, filters: &[(&str, &str)]) -> Option<String> {
        let mut command = format!("trailmill lookup {}", quoted(&self.report.dataset)?);
        for (flag, value) in filters {
            let _ = write!(command, " --{flag}");
            if !value.is_empty() {
                let is_optional = ["errors", "mcp"].contains(flag);
                command.push(if is_optional { '=' } else { ' ' });
                command += &quoted(value)?;
            }
        }
        let has = |flag: &str| filters.iter().any(|(of, _)| *of == flag);
        for (flag, at) in [("from", self.report.from), ("to", self.report.to)] {
            if let Some(at) = at.filter(|_| !has(flag) && !has("event-id")) {
                let _ = write!(command, " --{flag} {at}");
            }
        }
        Some(command)
    }

    fn agents(&mut self) {
        let agents = &self.report.agents;
        let about = |severity| (Question::Agents, severity);
        let sure = || agents.channels.iter().filter(|channel| channel.is_sure);
        let events: u64 = sure().map(|channel| channel.events).sum();
        if events > 0 {
            let tool_calls = agents.callers.total;
            let api_calls = agents.actions.total;
            let writes: u64 = sure()
                .filter(|channel| !TOOL_CALLS.contains(&channel.mcp_channel.as_str()))
                .map(|channel| channel.writes)
                .sum();
            let text = format!(
                "Agents made {} through MCP: {}, and {}, of which {} may have changed something",
                count(events, "event", "events"),
                count(tool_calls, "tool call", "tool calls"),
                count(api_calls, "API call", "API calls"),
                number(writes),
            );
            self.say(
                about(Severity::Fact),
                (events, "agents.channels"),
                text,
                Some(&[("mcp", "")]),
            );
        }
        let deletions: u64 = sure().map(|channel| channel.deletions).sum();
        if deletions > 0 {
            let text = format!(
                "Agents made {}",
                count(deletions, "call that deletes", "calls that delete")
            );
            self.say(
                about(Severity::Alert),
                (deletions, "agents.actions"),
                text,
                Some(&[("mcp", ""), ("read-only", "false")]),
            );
        }
        let calls = agents.unauthenticated.total;
        if calls > 0 {
            let text = format!(
                "{} came through gateways with nobody behind: no JWT, no IAM identity",
                count(calls, "call", "calls")
            );
            self.say(
                about(Severity::Alert),
                (calls, "agents.unauthenticated"),
                text,
                Some(&[("mcp", "gateway"), ("principal", "anonymous")]),
            );
        }
        let failures = agents.failures.total;
        let tool_calls = agents.callers.total;
        if failures > 0 {
            let text = format!(
                "{} of {} failed",
                number(failures),
                count(tool_calls, "tool call", "tool calls")
            );
            self.say(
                about(Severity::Notice),
                (failures, "agents.failures"),
                text,
                None,
            );
        }
        let claimed = agents.channels.iter().find(|channel| !channel.is_sure);
        if let Some(claimed) = claimed {
            let text = format!(
                "{} only claim to be an agent's, by their user agent",
                count(claimed.events, "call", "calls")
            );
            self.say(
                about(Severity::Notice),
                (claimed.events, "agents.claims"),
                text,
                Some(&[("mcp", "self_hosted")]),
            );
        }
    }

    fn rate(&mut self) {
        let rate = &self.report.rate;
        let about = |severity| (Question::Rate, severity);
        for burst in rate.bursts.rows.iter().take(SENTENCES_OF_A_KIND) {
            self.burst(Question::Rate, "rate.bursts", burst, &[]);
        }
        let more = rate
            .bursts
            .count()
            .saturating_sub(SENTENCES_OF_A_KIND as u64);
        if more > 0 {
            let text = count(more, "more burst was found", "more bursts were found");
            self.say(about(Severity::Notice), (more, "rate.bursts"), text, None);
        }
        if let Some(busiest) = &rate.busiest {
            let part = busiest.events as f64 / self.report.totals.events.max(1) as f64;
            let service = busiest.event_source.as_deref().unwrap_or("no service");
            let text = format!(
                "{service} was called most: {}, {:.0} % of all",
                count(busiest.events, "event", "events"),
                100.0 * part
            );
            self.say(
                about(Severity::Fact),
                (busiest.events, "rate.busiest"),
                text,
                Some(&[("event-source", service)]),
            );
        }
        let calls = rate.costs.total;
        if calls > 0 {
            let text = format!(
                "{} succeeded that cost money",
                count(calls, "call", "calls")
            );
            self.say(about(Severity::Fact), (calls, "rate.costs"), text, None);
        }
        for (kind, one, more, flag) in [
            (
                UnseenKind::Principal,
                "principal is new",
                "principals are new",
                "principal",
            ),
            (
                UnseenKind::SourceIp,
                "source address is new",
                "source addresses are new",
                "source-ip",
            ),
            (
                UnseenKind::Region,
                "region is new",
                "regions are new",
                "event-region",
            ),
            (
                UnseenKind::Service,
                "service is new",
                "services are new",
                "event-source",
            ),
        ] {
            let new: Vec<_> = (rate.unseen.rows.iter())
                .filter(|new| new.kind == kind)
                .collect();
            let Some(first) = new.first() else { continue };
            let names: Vec<&str> = (new.iter().take(SENTENCES_OF_A_KIND))
                .map(|new| new.value.as_str())
                .collect();
            let of_kind = rate.unseen_counts.iter().find(|of| of.kind == kind);
            let n_new = of_kind.map_or(0, |of| of.count);
            let and = if n_new > names.len() as u64 {
                " …"
            } else {
                ""
            };
            let text = format!("{}: {}{and}", count(n_new, one, more), names.join(", "));
            self.say(
                about(Severity::Notice),
                (n_new, "rate.unseen"),
                text,
                Some(&[(flag, &first.value)]),
            );
        }
    }

    fn burst(
        &mut self,
        question: Question,
        section: &'static str,
        burst: &Burst,
        more: &[(&str, &str)],
    ) {
        let principal = burst.principal.as_deref();
        let what = match burst.kind {
            BurstKind::Action => format!(
                "{} of {} by {}",
                burst.event_name.as_deref().unwrap_or("no name"),
                burst.event_source.as_deref().unwrap_or("no service"),
                principal.unwrap_or("nobody")
            ),
            BurstKind::Principal => format!("by {}", principal.unwrap_or("nobody")),
            BurstKind::Service => format!(
                "of {}",
                burst.event_source.as_deref().unwrap_or("no service")
            ),
            BurstKind::All => "of all kinds".to_owned(),
        };
        let word = if question == Question::Refused {
            "failures"
        } else {
            "events"
        };
        let text = format!(
            "A burst of {} {word}: {what}, from {} to {}; its highest bucket has {}, {:.0} would be usual",
            number(burst.events),
            burst.start,
            burst.end,
            number(burst.peak),
            burst.usual
        );
        let (from, to) = (burst.start.to_string(), burst.end.to_string());
        let mut filters: Vec<(&str, &str)> = more.to_vec();
        for (flag, value) in [
            ("principal", principal),
            ("event-source", burst.event_source.as_deref()),
            ("event-name", burst.event_name.as_deref()),
        ] {
            filters.extend(value.map(|value| (flag, value)));
        }
        filters.extend([("from", from.as_str()), ("to", to.as_str())]);
        self.say(
            (question, Severity::Alert),
            (burst.events, section),
            text,
            Some(&filters),
        );
    }

    fn sign_ins(&mut self) {
        let sign_ins = &self.report.sign_ins;
        let about = |severity| (Question::SignIns, severity);
        for guessed in sign_ins.guessed.rows.iter().take(SENTENCES_OF_A_KIND) {
            let text = format!(
                "{} came in from {} at {} after {} within the hour",
                guessed.who.as_deref().unwrap_or("somebody"),
                guessed.source_ip_address.as_deref().unwrap_or("no address"),
                guessed.event_time,
                count(guessed.failures, "failure", "failures")
            );
            let id = guessed.event_id.as_deref().map(|id| [("event-id", id)]);
            self.say(
                about(Severity::Alert),
                (guessed.failures, "sign_ins.guessed"),
                text,
                id.as_ref().map(<[_; 1]>::as_slice),
            );
        }
        let root = sign_ins.root.total;
        if let Some(first) = sign_ins.root.rows.first() {
            let text = format!("Root users made {}", count(root, "event", "events"));
            let filters = [("principal", first.principal.as_str())];
            self.say(
                about(Severity::Alert),
                (root, "sign_ins.root"),
                text,
                Some(&filters),
            );
        }
        let made: u64 = (sign_ins.new_identities.rows.iter())
            .filter(|made| !made.is_error)
            .map(|made| made.events)
            .sum();
        if made > 0 {
            let text = format!(
                "{} made: users, roles, keys, or other ways to sign in",
                count(made, "identity was", "identities were")
            );
            self.say(
                about(Severity::Notice),
                (made, "sign_ins.new_identities"),
                text,
                None,
            );
        }
        let attempts = sign_ins.successes + sign_ins.failures + sign_ins.unknown;
        if attempts > 0 {
            let text = format!(
                "{} of {} failed",
                number(sign_ins.failures),
                count(attempts, "sign-in", "sign-ins")
            );
            self.say(
                about(Severity::Fact),
                (sign_ins.failures, "sign_ins.users"),
                text,
                None,
            );
        }
    }

    fn refused(&mut self) {
        let refused = &self.report.refused;
        for burst in refused.bursts.rows.iter().take(SENTENCES_OF_A_KIND) {
            self.burst(
                Question::Refused,
                "refused.bursts",
                burst,
                &[("errors", "")],
            );
        }
        let about = |severity| (Question::Refused, severity);
        let denied: u64 = (refused.codes.rows.iter())
            .filter(|code| code.is_denial)
            .map(|code| code.events)
            .sum();
        if refused.events > 0 {
            let text = format!(
                "{} failed with an error code, of which {} were not allowed",
                count(refused.events, "event", "events"),
                number(denied)
            );
            self.say(
                about(Severity::Fact),
                (refused.events, "refused.codes"),
                text,
                Some(&[("errors", "")]),
            );
        }
    }

    fn coverage(&mut self) {
        let coverage = &self.report.coverage;
        let about = |severity| (Question::Coverage, severity);
        let hours = coverage.gaps.total;
        if hours > 0 {
            let text = format!(
                "{} without any delivery, in {}",
                count(hours, "hour", "hours"),
                count(coverage.gaps.count(), "gap", "gaps")
            );
            self.say(about(Severity::Alert), (hours, "coverage.gaps"), text, None);
        }
        if coverage.unread > 0 {
            let text = format!(
                "{} could not be read, or not whole",
                count(coverage.unread, "object", "objects")
            );
            self.say(
                about(Severity::Alert),
                (coverage.unread, "coverage.unread_reasons"),
                text,
                None,
            );
        }
        if coverage.rejected > 0 {
            let text = format!(
                "{} could not be used",
                count(coverage.rejected, "record", "records")
            );
            self.say(
                about(Severity::Alert),
                (coverage.rejected, "coverage.reject_reasons"),
                text,
                None,
            );
        }
        if coverage.late_objects > 0 {
            let text = format!(
                "{} came more than six hours late, in {}",
                count(coverage.late_events, "event", "events"),
                count(coverage.late_objects, "object", "objects")
            );
            self.say(
                about(Severity::Notice),
                (coverage.late_events, "coverage.days"),
                text,
                None,
            );
        }
        let text = format!(
            "{} with {} were read; {} again",
            count(coverage.objects, "object", "objects"),
            count(coverage.written, "record", "records"),
            count(coverage.redelivered, "record came", "records came")
        );
        self.say(
            about(Severity::Fact),
            (coverage.objects, "coverage.days"),
            text,
            None,
        );
    }
}

/// A value as a shell takes it; none where it has what nobody would paste.
fn quoted(value: &str) -> Option<String> {
    if printable(value) != value || value.contains('…') || value.starts_with(['-', '@']) {
        return None;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return Some(value.to_owned());
    }
    Some(format!("'{}'", value.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(n), text);
        }
    }

    #[test]
    fn values_are_quoted_for_a_shell_or_left_out() {
        assert_eq!(
            quoted("arn:aws:iam::1:role/x").as_deref(),
            Some("arn:aws:iam::1:role/x")
        );
        assert_eq!(
            quoted("it's; rm -rf /").as_deref(),
            Some(r"'it'\''s; rm -rf /'")
        );
        assert_eq!(quoted("$(id)").as_deref(), Some("'$(id)'"));
        assert_eq!(quoted("a\u{1b}[31m"), None);
        assert_eq!(quoted("--help"), None);
        assert_eq!(quoted("@/etc/passwd"), None, "would be read as a file");
    }
}
