//! What agents did, added up by service and event name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::limits;
use crate::trail::time;

/// A call that an agent made.
#[derive(Debug, Clone, Default)]
pub struct Call<'a> {
    /// When, in microseconds since 1970.
    pub time: i64,
    /// `eventSource`, such as `s3.amazonaws.com`.
    pub source: &'a str,
    /// `eventName`.
    pub name: &'a str,
    /// Whether the event is a call of an API; others have no action.
    pub is_api_call: bool,
    /// Whether it changes nothing.
    pub read_only: Option<bool>,
    /// The error code or message; it succeeded where there is none.
    pub error: Option<&'a str>,
    /// Who: the principal.
    pub principal: &'a str,
    /// The ARN that `aws:PrincipalArn` has for whoever called: of the role, not of its session.
    pub principal_arn: Option<&'a str>,
    /// ARNs of the resources that the event names.
    pub resources: Vec<&'a str>,
}

/// Calls, by event.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub(super) events: BTreeMap<Event, Outcomes>,
    principal_arns: BTreeSet<String>,
    /// Whether a caller had no ARN, or one that no policy should have.
    has_others: bool,
}

/// What was called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) is_api_call: bool,
}

/// How the calls of an event ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcomes {
    pub(super) succeeded: Option<Tally>,
    /// By error.
    pub(super) failed: BTreeMap<String, Tally>,
}

/// Calls, added up.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// How many.
    pub calls: u64,
    /// How many of them changed nothing.
    pub read_only: u64,
    /// When the first was, in microseconds since 1970.
    #[serde(serialize_with = "as_time")]
    pub first: i64,
    /// When the last was.
    #[serde(serialize_with = "as_time")]
    pub last: i64,
    /// Who made them; of very many, the first by name.
    pub principals: BTreeSet<String>,
    /// The sets of resources that calls named, each as it is in the event; of very many, none is kept.
    #[serde(skip)]
    pub(super) resources: BTreeSet<Vec<String>>,
    /// Whether they named more than are kept.
    #[serde(skip)]
    pub(super) has_more_resources: bool,
}

impl Evidence {
    /// Adds a call.
    pub fn add(&mut self, call: &Call<'_>) {
        let event = Event {
            source: call.source.to_owned(),
            name: call.name.to_owned(),
            is_api_call: call.is_api_call,
        };
        let outcomes = self.events.entry(event).or_default();
        let own = Tally::of(call);
        match call.error {
            None => match &mut outcomes.succeeded {
                Some(tally) => tally.add(own),
                none => *none = Some(own),
            },
            Some(error) => match outcomes.failed.get_mut(error) {
                Some(tally) => tally.add(own),
                None => drop(outcomes.failed.insert(error.to_owned(), own)),
            },
        }
        match call.principal_arn.filter(|arn| is_plain_arn(arn)) {
            Some(arn) => drop(self.principal_arns.insert(arn.to_owned())),
            None => self.has_others = true,
        }
    }

    /// Returns the ARNs of who called.
    pub fn principal_arns(&self) -> impl Iterator<Item = &str> {
        self.principal_arns.iter().map(String::as_str)
    }

    /// Returns whether all callers had an ARN that a policy can name.
    pub fn has_arns_alone(&self) -> bool {
        !self.has_others
    }

    /// Returns whether there is no call.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl Tally {
    fn of(call: &Call<'_>) -> Self {
        let named = call.resources.iter().map(|arn| (*arn).to_owned());
        Self {
            calls: 1,
            read_only: u64::from(call.read_only == Some(true)),
            first: call.time,
            last: call.time,
            principals: BTreeSet::from([call.principal.to_owned()]),
            resources: BTreeSet::from([named.collect()]),
            has_more_resources: false,
        }
    }

    /// The same calls, on resources that are not known.
    pub(super) fn on_anything(self) -> Self {
        Self {
            resources: BTreeSet::from([Vec::new()]),
            ..self
        }
    }

    /// Adds other calls.
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.read_only += other.read_only;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.principals.extend(other.principals);
        while self.principals.len() > limits::GUARDRAIL_PRINCIPALS_MAX {
            self.principals.pop_last();
        }
        self.resources.extend(other.resources);
        self.has_more_resources |=
            other.has_more_resources || self.resources.len() > limits::GUARDRAIL_RESOURCES_MAX;
        if self.has_more_resources {
            self.resources.clear();
        }
    }
}

/// Whether a text is an ARN without anything that a policy takes for more than it is.
fn is_plain_arn(arn: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'*' | b'?' | b'$');
    arn.starts_with("arn:") && arn.bytes().all(is_plain)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_time<S: serde::Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::format(*micros))
}
