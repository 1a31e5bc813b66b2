//! What led to what: the calls that issued a temporary key and the keys that it issued, the tool call behind an API call and the API
//! calls behind a tool call.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::Asked;
use super::event::{Event, text};
use crate::find::{Condition, Query};
use crate::limits;
use crate::select::Span;
use crate::table::{events, mcp_links};
use crate::trail::time::DAY;

/// A key of a chain, and the call that issued it.
pub(super) struct Link {
    /// How many keys stand above it.
    pub(super) depth: usize,
    pub(super) key: String,
    /// Whether it was asked for.
    pub(super) is_asked: bool,
    /// `None` where no event says: a long-term key, or one whose call lies outside of the dataset.
    pub(super) issued_by: Option<Event>,
}

/// Chains of keys, one behind the other.
#[derive(Default)]
pub(super) struct Chain {
    pub(super) links: Vec<Link>,
    /// Whether keys have issued more than are followed.
    pub(super) is_cut: bool,
}

/// Returns the chains that keys stand in: above each the keys that its call was signed with, below it those that it issued.
pub(super) fn of_keys(dataset: &Asked, asked: &[String], span: Span) -> Result<Chain> {
    let mut chain = Chain::default();
    for key in asked {
        let above = above(dataset, key, span)?;
        let (below, is_cut) = below(dataset, key, span)?;
        chain.is_cut |= is_cut;
        let links = &mut chain.links;
        let depth = above.len() - 1;
        for (nth, (key, issued_by)) in above.into_iter().rev().enumerate() {
            links.push(Link {
                depth: nth,
                is_asked: nth == depth,
                key,
                issued_by,
            });
        }
        links.extend(below.into_iter().map(|link| Link {
            depth: depth + link.depth,
            ..link
        }));
    }
    Ok(chain)
}

/// The key and those above it, each with the call that issued it: the key itself first.
fn above(dataset: &Asked, key: &str, span: Span) -> Result<Vec<(String, Option<Event>)>> {
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(key.to_owned());
    while let Some(key) = next {
        if !seen.insert(key.clone()) || seen.len() > limits::KEY_CHAIN_MAX {
            break;
        }
        let issued = Condition::is("issued_access_key_id", [key.as_str()]);
        let issued_by = events_with(dataset, vec![issued], span, 1)
            .next()
            .transpose()?;
        next = issued_by
            .as_ref()
            .and_then(|event| event.access_key.clone());
        chain.push((key, issued_by));
    }
    Ok(chain)
}

/// The keys that a key issued, and those that these issued, each behind the one that issued it; and whether there are more.
fn below(dataset: &Asked, key: &str, span: Span) -> Result<(Vec<Link>, bool)> {
    let mut issued: HashMap<String, Vec<Event>> = HashMap::new();
    let mut seen = HashSet::from([key.to_owned()]);
    let mut level = vec![key.to_owned()];
    let mut left = limits::KEY_CHAIN_MAX;
    // A level is one question, however many keys it has.
    while !level.is_empty() && left > 0 {
        let signed = Condition::is("user_access_key_id", level.drain(..));
        let issues = Condition::Exists(vec!["issued_access_key_id"]);
        for event in events_with(dataset, vec![signed, issues], span, left) {
            let event = event?;
            left -= 1;
            let (Some(by), Some(key)) = (&event.access_key, &event.issued_access_key) else {
                continue;
            };
            if seen.insert(key.clone()) {
                level.push(key.clone());
                issued.entry(by.clone()).or_default().push(event);
            }
        }
    }
    let mut chain = Vec::new();
    descend(key, 1, &mut issued, &mut chain);
    Ok((chain, left == 0))
}

/// Appends what a key issued, oldest first.
fn descend(
    key: &str,
    depth: usize,
    issued: &mut HashMap<String, Vec<Event>>,
    chain: &mut Vec<Link>,
) {
    for event in issued.remove(key).unwrap_or_default().into_iter().rev() {
        let key = event.issued_access_key.clone().unwrap_or_default();
        chain.push(Link {
            depth,
            key: key.clone(),
            is_asked: false,
            issued_by: Some(event),
        });
        descend(&key, depth + 1, issued, chain);
    }
}

/// What an event is to agents.
#[derive(Default)]
pub(super) struct Calls {
    /// The tool calls that led to it.
    pub(super) tools: Vec<Event>,
    /// The API calls that it, a tool call, led to.
    pub(super) apis: Vec<Event>,
    /// Request ids of further ones that are not in the dataset.
    pub(super) missing: Vec<String>,
}

/// Returns the tool calls behind an event, and the API calls behind it.
pub(super) fn of_tool_calls(dataset: &Asked, event: &Event) -> Result<Calls> {
    let near = Span {
        from: event.micros.saturating_sub(DAY),
        to: event.micros.saturating_add(DAY),
    };
    let mut calls = Calls::default();
    if let Some(id) = &event.id {
        let links = links(dataset, Condition::is("mcp_event_id", [id]), near)?;
        let ids = links.iter().map(|link| link.request_id.as_str());
        let ids: HashSet<&str> = ids.collect();
        if !ids.is_empty() {
            let made = Condition::is("request_id", ids.iter().copied());
            for call in events_with(dataset, vec![made], near, limits::TOOL_CALL_EVENTS_MAX) {
                let call = call?;
                if links.iter().any(|link| link.leads_to(&call)) {
                    calls.apis.push(call);
                }
            }
            let found = |id: &&str| {
                let mut calls = calls.apis.iter();
                calls.any(|call| call.request_id.as_deref() == Some(*id))
            };
            let missing = ids.iter().filter(|id| !found(id));
            calls.missing = missing.map(|id| (*id).to_owned()).collect();
            calls.missing.sort_unstable();
        }
    }
    if let Some(id) = &event.request_id {
        let links = links(dataset, Condition::is("downstream_request_id", [id]), near)?;
        let ids = links.into_iter().filter(|link| link.leads_to(event));
        let ids: HashSet<String> = ids.map(|link| link.event_id).collect();
        if !ids.is_empty() {
            let tool_calls = Condition::is("event_id", ids);
            let found = events_with(
                dataset,
                vec![tool_calls],
                near,
                limits::TOOL_CALL_EVENTS_MAX,
            );
            calls.tools = found.collect::<Result<_>>()?;
        }
    }
    Ok(calls)
}

/// A row of `mcp_links`.
pub(crate) struct McpLink {
    event_id: String,
    pub(crate) request_id: String,
    /// `service:Operation`.
    api: Option<String>,
    region: Option<String>,
}

impl McpLink {
    /// Whether an event is the call that is meant.
    fn leads_to(&self, event: &Event) -> bool {
        event.request_id.as_deref() == Some(&self.request_id)
            && self.is_of(event.name.as_deref(), event.region.as_deref())
    }

    /// Whether the call that is meant has this name and region: several may share a request id.
    pub(crate) fn is_of(&self, name: Option<&str>, region: Option<&str>) -> bool {
        let operation = self.api.as_deref().map(|api| api.rsplit(':').next());
        let fits = |known: Option<&str>, own| known.is_none_or(|known| own == Some(known));
        fits(operation.flatten(), name) && fits(self.region.as_deref(), region)
    }
}

/// Returns the links that fit.
pub(crate) fn links(dataset: &Asked, condition: Condition, span: Span) -> Result<Vec<McpLink>> {
    let query = Query {
        table: &mcp_links::TABLE,
        span,
        conditions: vec![condition],
    };
    let mut links = Vec::new();
    for row in dataset.rows(&query) {
        let row = row?;
        let own = |name: &str| text(&row, name).map(str::to_owned);
        if let (Some(event_id), Some(request_id)) =
            (own("mcp_event_id"), own("downstream_request_id"))
        {
            links.push(McpLink {
                event_id,
                request_id,
                api: own("downstream_api"),
                region: own("downstream_region"),
            });
        }
    }
    Ok(links)
}

/// The newest events that fit.
fn events_with(
    dataset: &Asked,
    conditions: Vec<Condition>,
    span: Span,
    limit: usize,
) -> impl Iterator<Item = Result<Event>> {
    let query = Query {
        table: &events::TABLE,
        span,
        conditions,
    };
    let rows: Vec<_> = dataset.rows(&query).take(limit).collect();
    rows.into_iter()
        .filter_map(|row| row.map(|row| Event::of(&row)).transpose())
}
