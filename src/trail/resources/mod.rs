//! A record to the resources it touches: those that CloudTrail lists, else those that the table of
//! `resource_rules.rs` finds in the request and the answer.
//!
//! Most records name none; then nothing is allocated, and each member of the request costs one look at the rules
//! whose path begins with a name of that length.

use std::borrow::Cow;
use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};

use super::identity::text;
use super::json::Value;
use super::record::{Field, Record};
use super::resource_rules::{ARNS, IDS, Place, Rule, SOURCES};

/// One resource that a record touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch<'a> {
    /// The resource's ARN.
    pub arn: Cow<'a, str>,
    /// Its type in AWS's own writing (`AWS::S3::Bucket`); empty where it is not known.
    pub kind: &'a str,
    /// Where the record names it.
    pub evidence: Evidence,
}

/// Where a record names a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// In `resources`.
    Resources,
    /// In `requestParameters`.
    Request,
    /// In `responseElements`.
    Response,
}

impl Evidence {
    /// Returns the value of the `resource_evidence` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Returns the distinct resources that a record touches, those in `resources` or else those of the table.
pub fn touched<'a>(record: &Record<'a>) -> Vec<Touch<'a>> {
    let listed = listed(record);
    if listed.is_empty() {
        by_rules(record)
    } else {
        distinct(listed, |touch| &touch.arn)
    }
}

/// Returns the distinct ARNs and ARN prefixes in `resources`, as they are written.
pub fn resource_arns<'a>(record: &Record<'a>) -> Vec<&'a str> {
    let Some(resources) = record.get(Field::Resources) else {
        return Vec::new();
    };
    let arns = resources.elements().filter_map(Listed::of).map(|l| l.arn);
    distinct(arns.collect(), |arn| arn)
}

/// Returns the type of the resource behind an ARN, where the table knows it.
pub fn kind_of_arn(arn: &str) -> Option<&'static str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, rest) = (parts.next()?, parts.nth(2)?);
    INDEX
        .kinds
        .get(service)?
        .iter()
        .filter(|(prefix, _)| rest.starts_with(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map(|(_, kind)| *kind)
}

/// Keeps the first of each name. Few are compared with each other; of many the names are remembered.
fn distinct<T>(mut list: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    if list.len() < 2 {
        return list;
    }
    let mut again = Vec::new();
    if list.len() <= 16 {
        for (at, item) in list.iter().enumerate() {
            if list[..at].iter().any(|before| name(before) == name(item)) {
                again.push(at);
            }
        }
    } else {
        let mut seen = HashSet::with_capacity(list.len());
        for (at, item) in list.iter().enumerate() {
            if !seen.insert(name(item)) {
                again.push(at);
            }
        }
    }
    if !again.is_empty() {
        let (mut at, mut again) = (0, again.into_iter().peekable());
        list.retain(|_| {
            let keep = again.next_if_eq(&at).is_none();
            at += 1;
            keep
        });
    }
    list
}

/// One element of `resources`.
#[derive(Debug, Clone, Copy)]
struct Listed<'a> {
    arn: &'a str,
    is_prefix: bool,
    kind: Option<&'a str>,
}

impl<'a> Listed<'a> {
    fn of(resource: Value<'a>) -> Option<Self> {
        let (mut arn, mut prefix, mut kind) = (None, None, None);
        for (key, value) in resource.members() {
            match key {
                "ARN" | "arn" => arn = text(value),
                "ARNPrefix" | "arnPrefix" => prefix = text(value),
                "type" => kind = text(value),
                _ => {}
            }
        }
        Some(Self {
            arn: arn.or(prefix)?,
            is_prefix: arn.is_none(),
            kind,
        })
    }
}

fn listed<'a>(record: &Record<'a>) -> Vec<Touch<'a>> {
    let Some(resources) = record.get(Field::Resources) else {
        return Vec::new();
    };
    let deletes = record
        .str(Field::EventName)
        .is_some_and(|name| name.starts_with("Delete"));
    let touches = resources.elements().filter_map(Listed::of).map(
        |Listed {
             arn,
             is_prefix,
             kind,
         }| {
            let container = object_container(arn).filter(|_| is_prefix || !deletes);
            let (arn, kind) = match container {
                Some((container, kind)) => (container, kind),
                None => (arn, kind.or_else(|| kind_of_arn(arn)).unwrap_or_default()),
            };
            Touch {
                arn: Cow::Borrowed(arn),
                kind,
                evidence: Evidence::Resources,
            }
        },
    );
    touches.collect()
}

/// The bucket or access point that holds an S3 object, with its type; `None` for anything but an object.
fn object_container(arn: &str) -> Option<(&str, &'static str)> {
    let service_at = "arn:".len() + arn.strip_prefix("arn:")?.find(':')? + 1;
    let service = &arn[service_at..];
    let service = &service[..service.find(':')?];
    if !service.starts_with("s3") {
        return None;
    }
    let resource_at = arn.match_indices(':').nth(4)?.0 + 1;
    let resource = &arn[resource_at..];
    let (len, kind) = if let Some(at) = resource.find("/object/") {
        let kind = match service {
            "s3" => "AWS::S3::AccessPoint",
            "s3-outposts" => "AWS::S3Outposts::Bucket",
            "s3-object-lambda" => "AWS::S3ObjectLambda::AccessPoint",
            _ => "",
        };
        (at, kind)
    } else if service == "s3express" {
        let name = resource.strip_prefix("bucket/")?;
        (
            "bucket/".len() + name.find('/')?,
            "AWS::S3Express::DirectoryBucket",
        )
    } else if service == "s3" && arn[..resource_at].ends_with(":::") {
        (resource.find('/')?, "AWS::S3::Bucket")
    } else {
        return None;
    };
    Some((&arn[..resource_at + len], kind))
}

/// The rules, where they are looked for.
struct Index {
    sources: HashMap<&'static str, SourceIndex>,
    /// By the service of an ARN: how its resource begins, and the type of those.
    kinds: HashMap<&'static str, Vec<(&'static str, &'static str)>>,
}

/// The rules of one source by place and by the length of the path's first name.
#[derive(Default)]
struct SourceIndex {
    request: Vec<Vec<NumberedRule>>,
    response: Vec<Vec<NumberedRule>>,
}

/// A rule, its rank in the table, and the first name of its path.
#[derive(Clone, Copy)]
struct NumberedRule {
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
    fn add(&mut self, number: usize, rule: &'static Rule) {
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

    fn find<'a>(
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
fn unwrapped(value: Value<'_>) -> Value<'_> {
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
fn matches(pattern: &str, event: &str) -> bool {
    pattern == "*" || pattern.split('|').any(|one| matches_one(one, event))
}

fn matches_one(pattern: &str, event: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == event;
    };
    let Some(event) = event.strip_prefix(start) else {
        return false;
    };
    rest.is_empty()
        || (0..=event.len()).any(|at| event.is_char_boundary(at) && matches_one(rest, &event[at..]))
}

fn by_rules<'a>(record: &Record<'a>) -> Vec<Touch<'a>> {
    let Some(event) = record.str(Field::EventName) else {
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
fn apply<'a>(record: &Record<'a>, mut found: Vec<(NumberedRule, Value<'a>)>) -> Vec<Touch<'a>> {
    found.sort_by_key(|(numbered, _)| numbered.number);
    let mut touches: Vec<Touch<'a>> = Vec::new();
    let mut fields = None;
    for (NumberedRule { first, rule, .. }, value) in found {
        let covered = |touch: &Touch<'_>| touch.kind == rule.kind;
        if rule.last_resort && touches.iter().any(covered) {
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
        let (name, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
        for (key, value) in value.members() {
            if key.eq_ignore_ascii_case(name) {
                leaves(value, rest, take);
            }
        }
    } else if let Some(text) = text(value).or_else(|| value.get("content").and_then(text)) {
        take(text);
    }
}

/// What templates are filled with.
struct Fields<'a> {
    partition: &'a str,
    region: &'a str,
    account: &'a str,
    request: Option<Value<'a>>,
}

/// Before a template: known ids are recognised by how they begin, the template is for all others.
const BY_ID: &str = "{by_id}|";

/// The template of paths that hold nothing but ARNs.
const ARNS_ONLY: &str = "{value}";

impl<'a> Fields<'a> {
    fn of(record: &Record<'a>) -> Self {
        let field = |field| record.get(field).and_then(text);
        let user = |key| record.path(Field::UserIdentity, &[key]).and_then(text);
        let account = field(Field::RecipientAccountId).or_else(|| user("accountId"));
        let region = field(Field::AwsRegion);
        let of_user = || user("arn")?.strip_prefix("arn:")?.split(':').next();
        Self {
            partition: region.map(partition_of).or_else(of_user).unwrap_or("aws"),
            region: region.unwrap_or_default(),
            account: account.filter(|id| *id != "anonymous").unwrap_or_default(),
            request: record.get(Field::RequestParameters).map(unwrapped),
        }
    }

    /// The ARN and type of what a value names; `None` where the value names nothing.
    fn name(&self, rule: &Rule, value: &'a str) -> Option<(Cow<'a, str>, &'static str)> {
        if is_placeholder(value) {
            return None;
        }
        if is_arn(value) {
            // A path that holds only ARNs knows their type best; one that holds names may be given any ARN.
            let kind = if rule.arn == ARNS_ONLY && !rule.kind.is_empty() {
                rule.kind
            } else {
                kind_of_arn(value).unwrap_or(rule.kind)
            };
            return Some((Cow::Borrowed(value), kind));
        }
        if let Some(template) = rule.arn.strip_prefix(BY_ID) {
            if let Some(id) = IDS.iter().find(|id| value.starts_with(id.prefix)) {
                return Some((self.fill(id.arn, value)?.into(), id.kind));
            }
            return self.fill_names(template, rule, value);
        }
        self.fill_names(rule.arn, rule, value)
    }

    fn fill_names(
        &self,
        template: &str,
        rule: &Rule,
        value: &str,
    ) -> Option<(Cow<'a, str>, &'static str)> {
        if matches!(template, "" | ARNS_ONLY) {
            return None;
        }
        Some((self.fill(template, value)?.into(), rule.kind))
    }

    /// Fills a template; `None` where a member that it wants is missing.
    fn fill(&self, template: &str, value: &str) -> Option<String> {
        let mut arn = String::with_capacity("arn:aws:".len() + template.len() + value.len());
        arn.push_str("arn:");
        arn.push_str(self.partition);
        arn.push(':');
        let mut rest = template;
        while let Some((text, tail)) = rest.split_once('{') {
            let (name, tail) = tail.split_once('}')?;
            arn.push_str(text);
            arn.push_str(match name {
                "region" => self.region,
                "account" => self.account,
                "value" => value,
                "last" => value.rsplit('/').next()?,
                "before_last" => value.rsplit('/').nth(1)?,
                "unslashed" => value.strip_prefix('/').unwrap_or(value),
                member => self.member(member)?,
            });
            rest = tail;
        }
        arn.push_str(rest);
        Some(arn)
    }

    fn member(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self
            .request?
            .members()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        let text = text(value)?;
        // Of a cluster's ARN the name goes into the ARN of what is in it.
        Some(if is_arn(text) {
            text.rsplit(['/', ':']).next()?
        } else {
            text
        })
    }
}

fn is_arn(value: &str) -> bool {
    value.starts_with("arn:") && value.matches(':').nth(4).is_some()
}

/// Values that CloudTrail or the one who published the log put in another's place.
fn is_placeholder(value: &str) -> bool {
    value.contains("HIDDEN_DUE_TO_SECURITY_REASONS") || matches!(value, "***" | "****" | "...")
}

/// Returns the partition that a region is in.
pub(crate) fn partition_of(region: &str) -> &'static str {
    const OTHERS: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let other = OTHERS.iter().find(|(start, _)| region.starts_with(start));
    other.map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests;
