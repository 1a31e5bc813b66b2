//! The table's rules by where they look, and what they find in a record.
//!
//! Each member of a request or an answer costs one look at the rules whose path begins with a name of that length.

use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};
use memchr::{memchr_iter, memchr2};

use super::fill::{BY_ID, Fields};
use super::rule::{Place, Rule};
use super::table::{ARNS, IDS, SOURCES};
use super::{Evidence, Touch, distinct};
use crate::limits;
use crate::trail::identity::text;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};

/// Returns the service of an ARN, and where its resource begins.
pub(super) fn parts_of_arn(arn: &str) -> Option<(&str, usize)> {
    let mut colons = memchr_iter(b':', arn.as_bytes());
    let service = colons.nth(1)? + 1..colons.next()?;
    Some((&arn[service], colons.nth(1)? + 1))
}

/// Returns the type of the resource behind an ARN, where the table knows it.
pub fn kind_of_arn(arn: &str) -> Option<&'static str> {
    let (service, resource_at) = parts_of_arn(arn)?;
    INDEX
        .kinds
        .get(service)?
        .iter()
        .filter(|(prefix, _)| arn[resource_at..].starts_with(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, kind)| *kind)
}

/// The resources that the request and the answer name.
pub(super) fn by_rules<'a>(record: &Record<'a>) -> Vec<Touch<'a>> {
    let Some(event) = record
        .str(Field::EventName)
        .filter(|name| name.len() <= limits::EVENT_NAME_BYTES_MAX)
    else {
        return Vec::new();
    };
    let source = record.str(Field::EventSource).unwrap_or_default();
    let mut found = Vec::new();
    for index in ["*", source]
        .into_iter()
        .filter_map(|name| INDEX.sources.get(name))
    {
        let request = record.get(Field::RequestParameters);
        index.find(Place::Request, request, event, &mut found);
        let response = record.get(Field::ResponseElements);
        index.find(Place::Response, response, event, &mut found);
    }
    apply(record, found)
}

/// Applies rules in the table's order, so that a rule of last resort knows what the others found.
pub(super) fn apply<'a>(
    record: &Record<'a>,
    mut found: Vec<(NumberedRule, Value<'a>)>,
) -> Vec<Touch<'a>> {
    found.sort_by_key(|(numbered, _)| numbered.number);
    let mut touches: Vec<Touch<'a>> = Vec::new();
    let mut kinds = HashSet::new();
    let asks_for_kinds = found.iter().any(|(numbered, _)| numbered.rule.last_resort);
    let mut fields = None;
    for (NumberedRule { first, rule, .. }, value) in found {
        if rule.last_resort && kinds.contains(rule.kind) {
            continue;
        }
        let place = rule.place;
        let evidence = match place {
            Place::Request => Evidence::Request,
            Place::Response => Evidence::Response,
        };
        leaves(value, &rule.path[first.len()..], &mut |leaf| {
            let fields = fields.get_or_insert_with(|| Fields::of(record));
            if let Some((arn, kind)) = fields.name(rule, leaf) {
                if asks_for_kinds {
                    kinds.insert(kind);
                }
                touches.push(Touch {
                    arn,
                    kind,
                    evidence,
                });
            }
        });
    }
    distinct(touches, |touch| &touch.arn)
}

/// Hands the texts at the end of a path to `take`, through every array on the way. Case does not count in names:
/// services write `arn`, `aRN` and `ARN`. A query-protocol value is `{"tag": 1, "content": "vpc-1"}`.
fn leaves<'a>(value: Value<'a>, path: &str, take: &mut impl FnMut(&'a str)) {
    if value.is_array() {
        for element in value.elements() {
            leaves(element, path, take);
        }
        return;
    }
    let path = path.strip_prefix("[]").unwrap_or(path);
    if let Some(path) = path.strip_prefix('.') {
        let end = memchr2(b'.', b'[', path.as_bytes());
        let (name, rest) = path.split_at(end.unwrap_or(path.len()));
        for (key, value) in value.members() {
            if key.eq_ignore_ascii_case(name) {
                leaves(value, rest, take);
            }
        }
    } else if let Some(text) = text(value).or_else(|| value.get("content").and_then(text)) {
        take(text);
    }
}

/// The rules, where they are looked for.
struct Index {
    sources: HashMap<&'static str, SourceIndex>,
    /// By the service of an ARN: how its resource begins, and the type of those.
    kinds: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
}

/// The rules of one source by place and by the length of the path's first name.
#[derive(Default)]
pub(super) struct SourceIndex {
    request: Vec<Vec<NumberedRule>>,
    response: Vec<Vec<NumberedRule>>,
}

/// A rule, its rank in the table, and the first name of its path.
#[derive(Clone, Copy)]
pub(super) struct NumberedRule {
    number: usize,
    first: &'static str,
    rule: &'static Rule,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

impl Index {
    fn new() -> Self {
        let mut sources: HashMap<_, SourceIndex> = HashMap::new();
        let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
        for source in SOURCES {
            let index = sources.entry(source.name).or_default();
            for (number, rule) in source.rules.iter().enumerate() {
                index.add(number, rule);
            }
        }
        let rules = SOURCES.iter().flat_map(|source| source.rules);
        let templates = rules.map(|rule| (rule.arn, rule.kind));
        for (service, prefix, kind) in templates
            .chain(IDS.iter().map(|id| (id.arn, id.kind)))
            .filter_map(|(arn, kind)| template_prefix(arn).map(|(a, b)| (a, b, kind)))
            .chain(ARNS.iter().copied())
        {
            let kinds = kinds.entry(service).or_default();
            if !kinds.contains(&(prefix, kind)) {
                kinds.push((prefix, kind));
            }
        }
        Self { sources, kinds }
    }
}

impl SourceIndex {
    pub(super) fn add(&mut self, number: usize, rule: &'static Rule) {
        let first = rule.path.split(['.', '[']).next().unwrap_or_default();
        let place = match rule.place {
            Place::Request => &mut self.request,
            Place::Response => &mut self.response,
        };
        if place.len() <= first.len() {
            place.resize(first.len() + 1, Vec::new());
        }
        place[first.len()].push(NumberedRule {
            number,
            first,
            rule,
        });
    }

    pub(super) fn find<'a>(
        &self,
        place: Place,
        value: Option<Value<'a>>,
        event: &str,
        found: &mut Vec<(NumberedRule, Value<'a>)>,
    ) {
        let rules = match place {
            Place::Request => &self.request,
            Place::Response => &self.response,
        };
        let Some(value) = value.filter(|_| !rules.is_empty()) else {
            return;
        };
        for (key, value) in unwrapped(value).members() {
            let Some(rules) = rules.get(key.len()) else {
                continue;
            };
            for numbered in rules {
                if numbered.first.eq_ignore_ascii_case(key) && matches(numbered.rule.event, event) {
                    found.push((*numbered, value));
                }
            }
        }
    }
}

/// The service of a template and how its resource begins, up to the first placeholder.
fn template_prefix(template: &'static str) -> Option<(&'static str, &'static str)> {
    let template = template.strip_prefix(BY_ID).unwrap_or(template);
    let mut parts = template.splitn(4, ':');
    let (service, resource) = (parts.next()?, parts.nth(2)?);
    Some((service, resource.split('{').next().unwrap_or_default()))
}

/// Newer EC2 calls wrap what they ask in one member: `{"CreateNatGatewayRequest": {…}}`.
pub(super) fn unwrapped(value: Value<'_>) -> Value<'_> {
    if value.len() == 1
        && let Some((key, inner)) = value.members().next()
        && ["Request", "Response", "Req"]
            .iter()
            .any(|end| key.ends_with(end))
        && inner.is_object()
    {
        return inner;
    }
    value
}

/// Compares an event's name with a pattern: alternatives between `|`, any text for `*`.
pub(super) fn matches(pattern: &str, event: &str) -> bool {
    pattern == "*" || pattern.split('|').any(|one| matches_one(one, event))
}

/// Each text between two `*` is taken where it first comes, so that a long name costs no more than its length.
fn matches_one(pattern: &str, event: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == event;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut event) = event.strip_prefix(start) else {
        return false;
    };
    for part in middle.split('*') {
        match event.find(part) {
            Some(at) => event = &event[at + part.len()..],
            None => return false,
        }
    }
    event.ends_with(end)
}
