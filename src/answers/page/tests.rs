//! The page against hostile texts, its own policy, and its size.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::data::{columns, packed};
use super::html::*;
use crate::answers::document::*;
use crate::limits;
use crate::trail::time;

const DAY: i64 = 86_400_000_000;
const START: i64 = 1_785_542_400_000_000;
const HOSTILE: &str =
    "</script><script>alert(1)</script><!-- ]]> \" ' & {{script}} ${1} \u{202e}\u{2028}\u{1b}[2J";

/// Lists with so many rows each, whose texts are as `text` makes them of the name of their column and the number of their row.
struct Sample<'t> {
    rows: u64,
    text: &'t dyn Fn(&str, u64) -> String,
}

impl Sample<'_> {
    fn some(&self, column: &str, row: u64) -> Option<String> {
        (row % 50 != 49).then(|| (self.text)(column, row))
    }

    fn top<T>(&self, row: impl Fn(u64) -> T) -> Top<T> {
        Top {
            rows: (0..self.rows).map(row).collect(),
            left_out: self.rows / 3,
            total: self.rows * 1_000,
        }
    }

    /// Of days there are more than of anything else.
    fn days<T>(&self, row: impl Fn(u64) -> T) -> Top<T> {
        Sample {
            rows: self.rows * 10,
            ..*self
        }
        .top(row)
    }

    fn times(row: u64) -> (Time, Time) {
        let first = START + i64::try_from(row * 977 % 80_000).expect("small") * 1_000_000;
        (Time(first), Time(first + DAY))
    }

    fn burst(&self, row: u64) -> Burst {
        let (start, end) = Self::times(row);
        Burst {
            kind: BurstKind::Action,
            principal: self.some("principal", row),
            event_source: self.some("event_source", row),
            event_name: self.some("event_name", row),
            start,
            end,
            events: 90_000 / (row + 1),
            peak: 4_000,
            usual: 12.5,
            score: 61.25,
        }
    }

    fn shares(&self, column: &str) -> Top<Share> {
        self.top(|row| Share {
            name: self.some(column, row),
            events: 5_000 / (row + 1),
            share: 0.5 / (row + 1) as f64,
        })
    }

    fn timeline(&self, buckets: u64) -> Timeline {
        let mut series = Vec::new();
        for (kind, n) in [
            (SeriesKind::All, 1),
            (SeriesKind::Errors, 1),
            (SeriesKind::Agents, 1),
            (SeriesKind::Service, 12),
            (SeriesKind::Principal, 12),
        ] {
            for i in 0..n {
                let name = matches!(kind, SeriesKind::Service | SeriesKind::Principal)
                    .then(|| (self.text)("principal", i));
                let events = (0..buckets)
                    .map(|bucket| (bucket * 7919 + i * 104_729) % 100_000)
                    .collect();
                series.push(Series { kind, name, events });
            }
        }
        Timeline {
            start: Some(Time(START)),
            bucket_seconds: 900,
            buckets,
            series,
        }
    }

    fn agents(&self) -> Agents {
        let channel = || "tool_call".to_owned();
        Agents {
            channels: vec![Channel {
                mcp_channel: channel(),
                is_sure: true,
                events: 40,
                writes: 3,
                deletions: 1,
                errors: 2,
                first_event_time: Time(START),
                last_event_time: Time(START + DAY),
            }],
            callers: self.top(|row| Caller {
                principal: self.some("principal", row),
                mcp_client: self.some("mcp_client", row),
                mcp_server: self.some("mcp_server", row),
                mcp_tool: self.some("mcp_tool", row),
                mcp_method: self.some("mcp_method", row),
                mcp_channel: channel(),
                calls: 900 / (row + 1),
                failures: row,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            actions: self.top(|row| AgentAction {
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                principal: self.some("principal", row),
                mcp_channel: channel(),
                read_only: Some(row % 2 == 0),
                is_deletion: row % 7 == 0,
                events: 900 / (row + 1),
                errors: row,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            resources: self.top(|row| AgentResource {
                resource_arn: (self.text)("resource_arn", row),
                resource_type: self.some("resource_type", row),
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                principal: self.some("principal", row),
                mcp_channel: channel(),
                read_only: None,
                is_deletion: false,
                events: 900 / (row + 1),
                errors: row,
                last_event_time: Self::times(row).1,
            }),
            chains: self.top(|row| Chain {
                mcp_server: self.some("mcp_server", row / 9),
                mcp_tool: self.some("mcp_tool", row / 5),
                principal: self.some("principal", row),
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                read_only: Some(true),
                requests: 900 / (row + 1),
                found: 800 / (row + 1),
                errors: row % 3,
            }),
            failures: self.top(|row| Failure {
                mcp_channel: channel(),
                mcp_server: self.some("mcp_server", row),
                mcp_tool: self.some("mcp_tool", row),
                status_code: Some(403),
                jsonrpc_error_code: Some(-32_602),
                error_code: self.some("error_code", row),
                message: self.some("message", row),
                calls: 9,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
                event_id: self.some("event_id", row),
            }),
            principals: self.top(|row| AgentShare {
                principal: self.some("principal", row),
                by_agents: 90,
                writes_by_agents: 9,
                claimed: 1,
                others: row,
            }),
            unauthenticated: self.top(|row| Unauthenticated {
                mcp_server: self.some("mcp_server", row),
                mcp_tool: self.some("mcp_tool", row),
                source_ip_address: self.some("source_ip_address", row),
                user_agent: self.some("user_agent", row),
                calls: 7,
                failures: 1,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            claims: self.top(|row| Claim {
                principal: self.some("principal", row),
                mcp_server: self.some("mcp_server", row),
                user_agent: self.some("user_agent", row),
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                events: 7,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
        }
    }

    fn rate(&self) -> Rate {
        Rate {
            services: self.top(|row| Service {
                event_source: self.some("event_source", row),
                events: 9_000 / (row + 1),
                errors: row,
                share: 0.25,
                per_day: 12.0 / (row + 1) as f64,
                baseline_per_day: Some(11.5),
            }),
            actions: self.top(|row| Action {
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                read_only: Some(true),
                events: 9_000 / (row + 1),
                errors: row,
            }),
            busiest: (self.rows > 0).then(|| Busiest {
                event_source: self.some("event_source", 0),
                events: 9_000,
                event_names: self.shares("event_name"),
                source_ips: self.shares("source_ip_address"),
                principals: self.shares("principal"),
            }),
            bursts: self.top(|row| self.burst(row)),
            costs: self.top(|row| Cost {
                event_source: (self.text)("event_source", row),
                event_name: (self.text)("event_name", row),
                billed: "by call".to_owned(),
                principal: self.some("principal", row),
                calls: 9_000 / (row + 1),
                baseline_per_day: Some(1.0 / 3.0),
                per_day: 4.0,
            }),
            baseline: (self.rows > 0).then_some(Baseline {
                from: Time(START - 30 * DAY),
                to: Time(START),
                events: 1_234_567,
                days: 30.0,
            }),
            unseen: self.top(|row| Unseen {
                kind: UnseenKind::SourceIp,
                value: (self.text)("source_ip_address", row),
                events: 3,
                errors: 0,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            unseen_counts: vec![UnseenCount {
                kind: UnseenKind::SourceIp,
                count: self.rows,
            }],
        }
    }

    fn sign_ins(&self) -> SignIns {
        SignIns {
            successes: self.rows,
            failures: 2,
            unknown: 0,
            users: self.top(|row| SignInUser {
                who: self.some("principal", row),
                method: "console".to_owned(),
                outcome: "success".to_owned(),
                mfa_used: Some(row % 2 == 0),
                source_ip_address: self.some("source_ip_address", row),
                recipient_account_id: self.some("account", row),
                failure_reason: None,
                events: 3,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            guessed: self.top(|row| Guessed {
                event_time: Self::times(row).0,
                event_id: self.some("event_id", row),
                who: self.some("principal", row),
                source_ip_address: self.some("source_ip_address", row),
                recipient_account_id: self.some("account", row),
                mfa_used: None,
                failures: 12,
                first_failure: Self::times(row).0,
                names_tried: 4,
            }),
            root: self.top(|row| RootUse {
                principal: (self.text)("principal", row),
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                source_ip_address: self.some("source_ip_address", row),
                events: 3,
                errors: 0,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            switched: self.top(|row| Switched {
                from: self.some("principal", row),
                to: self.some("principal", row + 1),
                event_name: "SwitchRole".to_owned(),
                outcome: "failure".to_owned(),
                source_ip_address: self.some("source_ip_address", row),
                recipient_account_id: self.some("account", row),
                events: 3,
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            new_identities: self.top(|row| NewIdentity {
                event_name: "CreateUser".to_owned(),
                resource_arn: self.some("resource_arn", row),
                principal: self.some("principal", row),
                recipient_account_id: self.some("account", row),
                is_error: false,
                events: 1,
                first_event_time: Self::times(row).0,
            }),
        }
    }

    fn refused(&self) -> Refused {
        Refused {
            events: self.rows * 9,
            codes: self.top(|row| ErrorCode {
                error_code: (self.text)("error_code", row),
                is_denial: row % 2 == 0,
                events: 900 / (row + 1),
                principals: 4,
            }),
            actions: self.top(|row| RefusedAction {
                principal: self.some("principal", row),
                event_source: self.some("event_source", row),
                event_name: self.some("event_name", row),
                error_code: (self.text)("error_code", row),
                is_denial: true,
                events: 900 / (row + 1),
                first_event_time: Self::times(row).0,
                last_event_time: Self::times(row).1,
            }),
            bursts: self.top(|row| self.burst(row)),
        }
    }

    fn coverage(&self) -> Coverage {
        let reason = |row| Reason {
            reason: "truncated".to_owned(),
            count: 3,
            example: self.some("resource_arn", row),
        };
        Coverage {
            objects: 9_000,
            digests: 100,
            unread: 1,
            written: 120_000,
            redelivered: 12,
            filtered: 0,
            rejected: 2,
            late_objects: 3,
            late_events: 40,
            days: self.days(|row| CoverageDay {
                account_id: (self.text)("account", row / 90),
                region: (self.text)("region", row / 90),
                day: time::format_date(START + i64::try_from(row % 90).expect("small") * DAY),
                objects: 100,
                digests: 24,
                unread: u64::from(row % 41 == 0),
                written: row * row % 7_001,
                late_events: 0,
                redelivered: 0,
                rejected: u64::from(row % 37 == 0),
                gap_hours: u64::from(row % 29 == 0),
            }),
            gaps: self.top(|row| Gap {
                account_id: (self.text)("account", row),
                region: (self.text)("region", row),
                from: Self::times(row).0,
                to: Self::times(row).1,
                hours: 24,
            }),
            without_digests: self.top(|row| Place {
                account_id: (self.text)("account", row),
                region: (self.text)("region", row),
            }),
            unread_reasons: self.top(reason),
            reject_reasons: self.top(reason),
        }
    }

    fn report(&self, buckets: u64) -> Report {
        let finding = |row: u64| Finding {
            question: Question::Agents,
            severity: [Severity::Alert, Severity::Notice, Severity::Fact]
                [usize::try_from(row % 3).expect("small")],
            text: (self.text)("message", row),
            count: 1_234_567,
            section: "agents.callers",
            look: self.some("look", row),
        };
        Report {
            format: FORMAT,
            trailmill: "0.1.0",
            dataset: (self.text)("dataset", 0),
            made_at: Time(START + 30 * DAY),
            from: None,
            to: None,
            totals: Totals {
                events: self.rows * 1_000,
                errors: self.rows * 17,
                writes: self.rows,
                agents: self.rows,
                first_event_time: (self.rows > 0).then_some(Time(START)),
                last_event_time: (self.rows > 0).then_some(Time(START + DAY)),
                accounts: 3,
                regions: 3,
                services: 40,
                principals: 60,
                source_ips: 70,
            },
            findings: (0..self.rows.min(20)).map(finding).collect(),
            caveats: (0..self.rows.min(3))
                .map(|row| (self.text)("message", row))
                .collect(),
            timeline: if buckets > 0 {
                self.timeline(buckets)
            } else {
                Timeline {
                    start: None,
                    bucket_seconds: 900,
                    buckets: 0,
                    series: Vec::new(),
                }
            },
            agents: self.agents(),
            rate: self.rate(),
            sign_ins: self.sign_ins(),
            refused: self.refused(),
            coverage: self.coverage(),
        }
    }
}

/// Texts of usual length.
fn usual(column: &str, row: u64) -> String {
    match column {
        "principal" => {
            format!("arn:aws:sts::111122223333:assumed-role/ReportingRole-{row}/session-{row}")
        }
        "resource_arn" => {
            format!("arn:aws:s3:::example-bucket-{row}/exports/2026/08/01/part-{row:08}.parquet")
        }
        "event_source" => format!("service-{row}.amazonaws.com"),
        "event_name" => format!("DescribeSomething{row}"),
        "source_ip_address" => format!("203.0.113.{}", row % 256),
        "user_agent" => format!(
            "aws-cli/2.31.{row} md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13 cfg/retry-mode#standard"
        ),
        "account" => format!("{}", 111_122_223_333 + row),
        "message" => format!(
            "The number {row} of these is a sentence that says what there is, and how often it is."
        ),
        "event_id" => format!("3b1d6f0e-0000-4000-8000-{row:012}"),
        _ => format!("{column}-{row}"),
    }
}

fn between<'p>(page: &'p str, begin: &str, end: &str) -> &'p str {
    let (_, rest) = page.split_once(begin).expect("begins");
    rest.split_once(end).expect("ends").0
}

#[test]
fn the_policy_names_the_script_and_the_style_that_are_there() {
    let page = page(
        &Sample {
            rows: 2,
            text: &usual,
        }
        .report(3),
    );
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    let script = page.rsplit_once("<script>").expect("begins").1;
    let script = script.split_once("</script>").expect("ends").0;
    let style = between(&page, "<style>", "</style>");
    for (source, text) in [("script-src", script), ("style-src", style)] {
        assert!(
            policy.contains(&format!("{source} '{}';", hash(text))),
            "{policy}"
        );
        assert!(
            !text.contains('\r'),
            "browsers take carriage returns away before they hash"
        );
    }
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("<style").count(), 1);
    assert!(!page.contains(" style="), "the policy forbids it");
}

#[test]
fn hashes_are_as_others_compute_them() {
    // printf '' | openssl dgst -sha256 -binary | base64
    assert_eq!(
        hash(""),
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    );
}

#[test]
fn the_chart_library_is_the_one_that_is_named() {
    let readme = include_str!("vendor/README.md");
    for (name, text) in [
        (
            "uPlot.iife.min.js",
            include_str!("vendor/uPlot.iife.min.js"),
        ),
        ("uPlot.min.css", include_str!("vendor/uPlot.min.css")),
        ("LICENSE", include_str!("vendor/LICENSE")),
    ] {
        let hex = Sha256::digest(text)
            .iter()
            .fold(String::new(), |mut hex, byte| {
                put(&mut hex, format_args!("{byte:02x}"));
                hex
            });
        assert!(
            readme.contains(&format!("{hex}  {name}\n")),
            "{name}: {hex}"
        );
    }
}

#[test]
fn no_content_gets_out_of_its_element() {
    let hostile = |_: &str, row: u64| format!("{HOSTILE}{row}");
    let quiet = |_: &str, row: u64| format!("quiet {row}");
    let page_of_hostile = page(
        &Sample {
            rows: 5,
            text: &hostile,
        }
        .report(3),
    );
    let page_of_quiet = page(
        &Sample {
            rows: 5,
            text: &quiet,
        }
        .report(3),
    );
    for markup in ["<", ">", "\"", "<script", "</script", "<!--", "alert(1)</"] {
        let body = |page: &str| {
            page.replace(between(page, "id=\"data\">", "</script>"), "")
                .matches(markup)
                .count()
        };
        assert_eq!(body(&page_of_hostile), body(&page_of_quiet), "{markup}");
    }
    let data = between(&page_of_hostile, "id=\"data\">", "</script>");
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{202e}', '\u{1b}']));
    let report: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(
        report["dataset"],
        format!("{HOSTILE}0"),
        "the data are as they were"
    );
    assert!(
        page_of_hostile.contains("&lt;/script&gt;&lt;script&gt;alert(1)"),
        "and can be read"
    );
    assert!(!page_of_hostile.contains(['\u{202e}', '\u{2028}', '\u{1b}']));
}

#[test]
fn lists_have_their_names_and_texts_once() {
    let list = json!({"list": {"left_out": 2, "rows": [{"a": 1, "b": {"rows": 1}}, {"a": null, "b": "x"}]}});
    assert_eq!(
        columns(&list, 500),
        json!({"list": {"columns": ["a", "b"], "left_out": 2, "rows": [[1, {"rows": 1}], [null, "x"]]}})
    );
    assert_eq!(
        columns(&list, 1),
        json!({"list": {"columns": ["a", "b"], "left_out": 3, "rows": [[1, {"rows": 1}]]}})
    );
    let again = json!({"list": {"left_out": 0, "rows": [{"a": "comes again"}, {"a": "comes once"}, {"a": "comes again"}]}});
    assert_eq!(
        packed(&again, 500),
        json!({"list": {"columns": ["a"], "left_out": 0, "rows": [[[0]], ["comes once"], [[0]]]}, "texts": ["comes again"]})
    );
    let empty = json!({"left_out": 0, "rows": []});
    assert_eq!(
        columns(&empty, 1),
        json!({"columns": [], "left_out": 0, "rows": []})
    );
}

#[test]
fn a_page_stays_small_enough_to_be_sent() {
    let usual = page(
        &Sample {
            rows: 500,
            text: &usual,
        }
        .report(9_000),
    );
    let long = page(
        &Sample {
            rows: 500,
            text: &|column, row| {
                format!(
                    "{column} {row} {}",
                    "<".repeat(limits::REPORT_TEXT_CHARS_MAX)
                )
            },
        }
        .report(9_000),
    );
    for page in [usual, long] {
        assert!(page.len() < 3_000_000, "{}", page.len());
        let data: Value =
            serde_json::from_str(between(&page, "id=\"data\">", "</script>")).expect("JSON");
        let list = &data["agents"]["callers"];
        let n_rows = list["rows"].as_array().expect("rows").len() as u64;
        assert!(n_rows > 0);
        assert_eq!(
            n_rows + list["left_out"].as_u64().expect("a number"),
            500 + 166,
            "what is cut is counted"
        );
    }
}

#[test]
fn a_report_of_nothing_says_so() {
    let page = page(
        &Sample {
            rows: 0,
            text: &usual,
        }
        .report(0),
    );
    assert!(page.contains("Nothing stands out."));
    assert!(page.contains("<span>no events</span>"));
    assert!(!page.contains("could not take into account"));
}
