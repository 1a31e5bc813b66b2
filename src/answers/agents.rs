//! Rows of `mcp_events` and `mcp_links` added up: what agents did, by which tools, and what came of it.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::names::{NONE, Name, Names};
use super::scan::{Batch, NO_INT};
use super::tally::{Tally, add};
use super::top::named;
use crate::limits;
use crate::mcp::Channel;
use crate::select::Span;

/// What of `mcp_events` is read, in the order of [`Agents::take`].
pub(super) const COLUMNS: &[&str] = &[
    "event_time",
    "event_id",
    "event_source",
    "event_name",
    "principal",
    "source_ip_address",
    "user_agent",
    "read_only",
    "error_code",
    "error_message",
    "request_id",
    "mcp_channel",
    "mcp_server",
    "mcp_client",
    "mcp_method",
    "mcp_tool",
    "is_error",
    "status_code",
    "jsonrpc_error_code",
    "jsonrpc_error_message",
    "jwt_subject",
];

/// What of `mcp_events`, and where that has not all, of `events`, is read to find calls that tool calls led to, in the order of [`Agents::find`].
pub(super) const CALL_COLUMNS: &[&str] = &[
    "request_id",
    "event_source",
    "event_name",
    "read_only",
    "aws_region",
    "error_code",
];

/// What of `mcp_links` is read, in the order of [`Agents::take_links`].
pub(super) const LINK_COLUMNS: &[&str] = &[
    "mcp_event_id",
    "mcp_event_time",
    "downstream_request_id",
    "downstream_api",
    "downstream_region",
];

/// Who called which tool of which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Caller {
    pub(super) principal: Name,
    pub(super) client: Name,
    pub(super) server: Name,
    pub(super) method: Name,
    pub(super) tool: Name,
    pub(super) channel: Name,
}

/// An API action, by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Action {
    pub(super) event_source: Name,
    pub(super) event_name: Name,
    pub(super) principal: Name,
    pub(super) channel: Name,
    pub(super) read_only: Option<bool>,
}

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Failure {
    pub(super) channel: Name,
    pub(super) server: Name,
    pub(super) tool: Name,
    pub(super) status_code: i64,
    pub(super) jsonrpc_error_code: i64,
    pub(super) error_code: Name,
    pub(super) message: Name,
}

/// A gateway call of nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Unauthenticated {
    pub(super) server: Name,
    pub(super) tool: Name,
    pub(super) source_ip_address: Name,
    pub(super) user_agent: Name,
}

/// A call that only claims to be an agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) principal: Name,
    pub(super) server: Name,
    pub(super) user_agent: Name,
    pub(super) event_source: Name,
    pub(super) event_name: Name,
}

/// What a tool led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Chain {
    pub(super) server: Name,
    pub(super) tool: Name,
    pub(super) principal: Name,
    pub(super) event_source: Name,
    pub(super) event_name: Name,
    pub(super) read_only: Option<bool>,
}

named! {
    Caller: principal, client, server, method, tool, channel;
    Action: event_source, event_name, principal, channel;
    Failure: channel, server, tool, error_code, message;
    Unauthenticated: server, tool, source_ip_address, user_agent;
    Claim: principal, server, user_agent, event_source, event_name;
    Chain: server, tool, principal, event_source, event_name;
}

/// Requests of a chain.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Requests {
    pub(super) named: u64,
    pub(super) found: u64,
    pub(super) errors: u64,
}

/// A request that a tool call names.
#[derive(Debug, Clone, Copy)]
struct Link {
    tool: ToolCall,
    /// The action that it names.
    event_name: Name,
    region: Name,
    found: Option<Call>,
}

/// The tool of a call, and who called it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ToolCall {
    server: Name,
    tool: Name,
    principal: Name,
}

/// The event of a request.
#[derive(Debug, Clone, Copy)]
struct Call {
    event_source: Name,
    event_name: Name,
    read_only: Option<bool>,
    is_error: bool,
}

/// What the tables come to.
#[derive(Debug)]
pub(super) struct Agents {
    span: Span,
    pub(super) channels: HashMap<Name, Tally>,
    pub(super) callers: HashMap<Caller, Tally>,
    pub(super) actions: HashMap<Action, Tally>,
    pub(super) failures: HashMap<Failure, Tally>,
    /// The event id of the last of a kind of failure.
    pub(super) last_failures: HashMap<Failure, (i64, String)>,
    pub(super) unauthenticated: HashMap<Unauthenticated, Tally>,
    pub(super) claims: HashMap<Claim, Tally>,
    /// Tool calls by a hash of their event ids.
    tool_calls: HashMap<u64, ToolCall>,
    /// Links by a hash of the requests that they name. Two tool calls may name one.
    links: HashMap<u64, Vec<Link>>,
    n_links: usize,
    /// Tool calls or links that there was no room for.
    pub(super) not_followed: u64,
}

impl Agents {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            channels: HashMap::new(),
            callers: HashMap::new(),
            actions: HashMap::new(),
            failures: HashMap::new(),
            last_failures: HashMap::new(),
            unauthenticated: HashMap::new(),
            claims: HashMap::new(),
            tool_calls: HashMap::new(),
            links: HashMap::new(),
            n_links: 0,
            not_followed: 0,
        }
    }

    /// Adds rows of `mcp_events`.
    pub(super) fn take(&mut self, batch: &Batch, names: &mut Names) {
        let times = batch.ints(0);
        let [tool_call, gateway, claimed] =
            [Channel::ToolCall, Channel::Gateway, Channel::SelfHosted]
                .map(|channel| names.name(channel.name()));
        let anonymous = names.name("anonymous");
        for (at, &time) in times.iter().enumerate() {
            if !self.span.contains(time) {
                continue;
            }
            let name = |column: usize| batch.names(column)[at];
            let is_error = batch.flag(16, at) == Some(true);
            let (channel, server, tool, principal) = (name(11), name(12), name(15), name(4));
            let is_tool_call = channel == tool_call || channel == gateway;
            let deletes = !is_tool_call && is_deletion(names.text(name(3)));
            let read_only = batch.flag(7, at);
            let one = Tally {
                errors: u64::from(is_error),
                writes: u64::from(read_only == Some(false)),
                deletions: u64::from(deletes && read_only != Some(true)),
                ..Tally::one(time)
            };
            add(&mut self.channels, channel, one);
            let action = Action {
                event_source: name(2),
                event_name: name(3),
                principal,
                channel,
                read_only,
            };
            if channel == claimed {
                let claim = Claim {
                    principal,
                    server,
                    user_agent: name(6),
                    event_source: name(2),
                    event_name: name(3),
                };
                add(&mut self.claims, claim, one);
                continue;
            }
            if !is_tool_call {
                add(&mut self.actions, action, one);
                continue;
            }
            let caller = Caller {
                principal,
                client: name(13),
                server,
                method: name(14),
                tool,
                channel,
            };
            add(&mut self.callers, caller, one);
            let id = batch.text(1, at).unwrap_or_default();
            self.follow(
                id,
                ToolCall {
                    server,
                    tool,
                    principal,
                },
            );
            if is_error {
                let said = [name(19), name(9)].into_iter().find(|said| *said != NONE);
                let failure = Failure {
                    channel,
                    server,
                    tool,
                    status_code: batch.ints(17)[at],
                    jsonrpc_error_code: batch.ints(18)[at],
                    error_code: name(8),
                    message: said.unwrap_or(NONE),
                };
                self.fail(failure, one, id);
            }
            let is_nobody = principal == NONE || principal == anonymous;
            if channel == gateway && is_nobody && name(20) == NONE {
                let call = Unauthenticated {
                    server,
                    tool,
                    source_ip_address: name(5),
                    user_agent: name(6),
                };
                add(&mut self.unauthenticated, call, one);
            }
        }
    }

    fn follow(&mut self, id: &str, call: ToolCall) {
        if self.tool_calls.len() < limits::REPORT_LINKS_MAX {
            self.tool_calls.insert(xxh3_64(id.as_bytes()), call);
        } else {
            self.not_followed += 1;
        }
    }

    fn fail(&mut self, failure: Failure, one: Tally, id: &str) {
        add(&mut self.failures, failure, one);
        if !self.failures.contains_key(&failure) {
            return; // no room
        }
        let last = self.last_failures.entry(failure).or_default();
        if (one.last, id) >= (last.0, last.1.as_str()) {
            *last = (one.last, id.to_owned());
        }
    }

    /// Adds rows of `mcp_links`, once all of `mcp_events` are there.
    pub(super) fn take_links(&mut self, batch: &Batch, names: &mut Names) {
        let (apis, regions) = (batch.names(3), batch.names(4));
        for at in 0..batch.rows {
            let id = batch.text(0, at).unwrap_or_default();
            let Some(tool) = self.tool_calls.get(&xxh3_64(id.as_bytes())) else {
                continue; // of another time
            };
            if self.n_links == limits::REPORT_LINKS_MAX {
                self.not_followed += 1;
                continue;
            }
            self.n_links += 1;
            let api = names
                .text(apis[at])
                .split_once(':')
                .map(|(_, name)| name.to_owned());
            let link = Link {
                tool: *tool,
                event_name: api.map_or(NONE, |api| names.name(&api)),
                region: regions[at],
                found: None,
            };
            let request = batch.text(2, at).unwrap_or_default();
            let links = self.links.entry(xxh3_64(request.as_bytes())).or_default();
            links.push(link);
        }
    }

    /// Looks among rows of `mcp_events` or `events` for the requests that tool calls name.
    pub(super) fn find(&mut self, batch: &Batch, names: &Names) {
        for at in 0..batch.rows {
            let Some(request) = batch.text(0, at) else {
                continue;
            };
            let Some(links) = self.links.get_mut(&xxh3_64(request.as_bytes())) else {
                continue;
            };
            let name = |column: usize| batch.names(column)[at];
            let call = Call {
                event_source: name(1),
                event_name: name(2),
                read_only: batch.flag(3, at),
                is_error: name(5) != NONE,
            };
            for link in links {
                link.look_at(call, name(4), names);
            }
        }
    }

    /// Whether a tool call names a request of which no event was found yet.
    pub(super) fn misses_some(&self) -> bool {
        let mut links = self.links.values().flatten();
        links.any(|link| link.found.is_none())
    }

    /// The moments between which calls that tool calls led to are.
    pub(super) fn reach(&self) -> Span {
        let day = crate::trail::time::DAY;
        let of_tools = self.callers.values();
        let first = of_tools.clone().map(|tally| tally.first).min();
        let last = of_tools.map(|tally| tally.last).max();
        Span {
            from: first.map_or(0, |first| first.saturating_sub(day)),
            to: last.map_or(0, |last| last.saturating_add(day)),
        }
    }

    /// What tools led to.
    pub(super) fn chains(&self) -> HashMap<Chain, Requests> {
        let mut chains: HashMap<Chain, Requests> = HashMap::new();
        for link in self.links.values().flatten() {
            let call = link.found;
            let chain = Chain {
                server: link.tool.server,
                tool: link.tool.tool,
                principal: link.tool.principal,
                event_source: call.map_or(NONE, |call| call.event_source),
                event_name: call.map_or(link.event_name, |call| call.event_name),
                read_only: call.and_then(|call| call.read_only),
            };
            let requests = chains.entry(chain).or_default();
            requests.named += 1;
            requests.found += u64::from(call.is_some());
            requests.errors += u64::from(call.is_some_and(|call| call.is_error));
        }
        chains
    }
}

impl Link {
    /// Takes a call that has the request's id, where it is the one. Of several events with one id it is the first by name, so that the
    /// order of rows does not matter.
    fn look_at(&mut self, call: Call, region: Name, names: &Names) {
        let is_it = (self.event_name == NONE || self.event_name == call.event_name)
            && (self.region == NONE || self.region == region);
        let key = |call: Call| {
            let texts = (names.text(call.event_source), names.text(call.event_name));
            (texts, call.read_only, call.is_error)
        };
        if is_it && self.found.is_none_or(|found| key(call) < key(found)) {
            self.found = Some(call);
        }
    }
}

/// A number that may be missing.
pub(super) fn known(number: i64) -> Option<i64> {
    (number != NO_INT).then_some(number)
}

/// Whether an action takes something away for good, as its name says.
pub(super) fn is_deletion(event_name: &str) -> bool {
    const VERBS: [&str; 7] = [
        "Delete",
        "BatchDelete",
        "Terminate",
        "Remove",
        "Purge",
        "Destroy",
        "ScheduleKeyDeletion",
    ];
    VERBS.iter().any(|verb| event_name.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletions_are_told_by_their_names() {
        for name in [
            "DeleteBucket",
            "TerminateInstances",
            "ScheduleKeyDeletion",
            "BatchDeleteImage",
        ] {
            assert!(is_deletion(name), "{name}");
        }
        for name in ["ListDeletedThings", "GetObject", "UndeleteX", ""] {
            assert!(!is_deletion(name), "{name}");
        }
    }
}
