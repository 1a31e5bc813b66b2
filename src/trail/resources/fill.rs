//! A value to the ARN of what it names.

use std::borrow::Cow;

use super::Touch;
use super::index::{kind_of_arn, parts_of_arn, unwrapped};
use super::rule::Rule;
use super::table::IDS;
use crate::limits;
use crate::trail::identity::text;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};
use crate::trail::scan::cut;

/// What templates are filled with.
pub(super) struct Fields<'a> {
    partition: &'a str,
    region: &'a str,
    account: &'a str,
    request: Option<Value<'a>>,
    /// The members of the request that templates name, each looked for once.
    members: Vec<(&'static str, Option<&'a str>)>,
    /// What ARNs have been put together.
    filled_bytes: usize,
}

/// Before a template: known ids are recognised by how they begin, the template is for all others.
pub(super) const BY_ID: &str = "{by_id}|";

/// The template of paths that hold nothing but ARNs.
const ARNS_ONLY: &str = "{value}";

impl<'a> Fields<'a> {
    pub(super) fn of(record: &Record<'a>) -> Self {
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
            members: Vec::new(),
            filled_bytes: 0,
        }
    }

    /// The ARN and type of what a value names; `None` where the value names nothing.
    pub(super) fn name(
        &mut self,
        rule: &'static Rule,
        value: &'a str,
    ) -> Option<(Cow<'a, str>, &'static str)> {
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
        &mut self,
        template: &'static str,
        rule: &Rule,
        value: &str,
    ) -> Option<(Cow<'a, str>, &'static str)> {
        if matches!(template, "" | ARNS_ONLY) {
            return None;
        }
        Some((self.fill(template, value)?.into(), rule.kind))
    }

    /// Fills a template; `None` where a member that it wants is missing, where that is too long to be an ARN, or where a record has
    /// too many of them.
    fn fill(&mut self, template: &'static str, value: &str) -> Option<String> {
        if self.filled_bytes > limits::FILLED_ARNS_BYTES_MAX {
            return None;
        }
        let mut arn = String::with_capacity("arn:aws:".len() + template.len() + value.len());
        arn.push_str("arn:");
        arn.push_str(self.partition);
        arn.push(':');
        let mut rest = template;
        while let Some((text, tail)) = cut(rest, b'{') {
            let (name, tail) = cut(tail, b'}')?;
            arn.push_str(text);
            let part = match name {
                "region" => in_common(self.region)?,
                "account" => in_common(self.account)?,
                "value" => value,
                "last" => value.rsplit('/').next()?,
                "before_last" => value.rsplit('/').nth(1)?,
                "unslashed" => value.strip_prefix('/').unwrap_or(value),
                member => in_common(self.member(member)?)?,
            };
            if arn.len() + part.len() > limits::ARN_BYTES_MAX {
                return None;
            }
            arn.push_str(part);
            rest = tail;
        }
        arn.push_str(rest);
        self.filled_bytes += size_of::<Touch<'_>>() + arn.len();
        Some(arn)
    }

    fn member(&mut self, name: &'static str) -> Option<&'a str> {
        if let Some((_, known)) = self.members.iter().find(|(known, _)| *known == name) {
            return *known;
        }
        let found = self.find_member(name);
        self.members.push((name, found));
        found
    }

    fn find_member(&self, name: &str) -> Option<&'a str> {
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

/// A part that is the same in all ARNs of a record; `None` where it is too long to be one.
fn in_common(part: &str) -> Option<&str> {
    (part.len() <= limits::ARN_PART_BYTES_MAX).then_some(part)
}

fn is_arn(value: &str) -> bool {
    value.starts_with("arn:") && parts_of_arn(value).is_some()
}

/// Values that CloudTrail or the one who published the log put in another's place.
fn is_placeholder(value: &str) -> bool {
    value.contains("HIDDEN_DUE_TO_SECURITY_REASONS")
        || matches!(value, "***" | "****" | "..." | "AWS ROOT USER")
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
