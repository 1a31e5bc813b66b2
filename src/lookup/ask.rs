//! The command line to a question.

use std::collections::HashSet;
use std::fs;

use super::event::{Event, Resource};
use crate::cli::{LookupArgs, LookupFormat};
use crate::config::{self, UsageError};
use crate::find::{Condition, Query};
use crate::table::events;

/// What is asked: what the columns have to be like, and the resources, which take the record to tell.
pub(super) struct Question {
    pub(super) query: Query,
    /// The access keys that are asked for, in order.
    pub(super) keys: Vec<String>,
    /// Names of resources; all where empty.
    resources: HashSet<String>,
    /// Types of resources; all where empty.
    resource_types: HashSet<String>,
    /// Whether one event is asked for by its id.
    pub(super) is_about_one: bool,
}

impl Question {
    /// # Errors
    ///
    /// Returns what cannot be used.
    pub(super) fn new(args: &LookupArgs, now: i64) -> Result<Self, UsageError> {
        let span = config::span(args.from, args.to, now)?;
        if args.chain && args.format == LookupFormat::Csv {
            return Err(UsageError(
                "--chain is no table: use --format table, json or jsonl".to_owned(),
            ));
        }
        let resources = values(&args.resource)?;
        let mut keys: Vec<String> = values(&args.access_key)?.into_iter().collect();
        keys.sort_unstable();
        Ok(Self {
            query: Query {
                table: &events::TABLE,
                span,
                conditions: conditions(args, &resources)?,
            },
            is_about_one: values(&args.event_id)?.len() == 1,
            keys,
            resources,
            resource_types: values(&args.resource_type)?,
        })
    }

    /// Whether an event has the resources that are asked for.
    pub(super) fn fits(&self, event: &Event) -> bool {
        let any = |like: &dyn Fn(&Resource) -> bool| event.resources.iter().any(like);
        let named = |resource: &Resource| self.resources.iter().any(|name| resource.is_named(name));
        let typed = |resource: &Resource| {
            let mut types = self.resource_types.iter();
            types.any(|kind| kind.eq_ignore_ascii_case(&resource.kind))
        };
        (self.resources.is_empty() || any(&named))
            && (self.resource_types.is_empty() || any(&typed))
    }
}

fn conditions(
    args: &LookupArgs,
    resources: &HashSet<String>,
) -> Result<Vec<Condition>, UsageError> {
    let mut conditions = Vec::new();
    let mut is = |columns: &[&'static str], texts: HashSet<String>| {
        if !texts.is_empty() {
            conditions.push(Condition::Is(columns.to_vec(), texts));
        }
    };
    is(&["event_id"], values(&args.event_id)?);
    is(&["event_name"], values(&args.event_name)?);
    is(&["event_source"], sources(values(&args.event_source)?));
    is(&["user_name", "session_name"], values(&args.user)?);
    is(&["principal"], values(&args.principal)?);
    is(&["user_access_key_id"], values(&args.access_key)?);
    is(&["source_ip_address"], values(&args.source_ip)?);
    is(&["recipient_account_id"], values(&args.account)?);
    is(&["aws_region"], values(&args.event_region)?);
    is(&["error_code"], named(args.errors.as_ref()));
    is(&["mcp_channel"], named(args.mcp.as_ref()));
    if args.errors.as_deref() == Some("") {
        conditions.push(Condition::Exists(vec!["error_code", "error_message"]));
    }
    if args.mcp.as_deref() == Some("") {
        conditions.push(Condition::Exists(vec!["mcp_channel"]));
    }
    if let Some(read_only) = args.read_only {
        conditions.push(Condition::Flag("read_only", read_only));
    }
    if !resources.is_empty() {
        // Narrows the rows whose records are looked into; what decides is `Question::fits`.
        let columns = vec!["resources", "request_parameters", "response_elements"];
        let parts = resources.iter().map(|name| plain_part(name).to_owned());
        conditions.push(Condition::Mentions(columns, parts.collect()));
    }
    Ok(conditions)
}

/// The value of an option that may have one.
fn named(value: Option<&String>) -> HashSet<String> {
    value
        .filter(|value| !value.is_empty())
        .cloned()
        .into_iter()
        .collect()
}

/// The values of a filter: as they are, or a line each of the file behind an `@`.
fn values(given: &[String]) -> Result<HashSet<String>, UsageError> {
    let mut values = HashSet::new();
    for value in given {
        let Some(path) = value.strip_prefix('@') else {
            values.insert(value.clone());
            continue;
        };
        let text = fs::read_to_string(path)
            .map_err(|error| UsageError(format!("cannot read {path}: {error}")))?;
        let lines = text.lines().map(str::trim);
        let before = values.len();
        values.extend(lines.filter(|line| !line.is_empty()).map(str::to_owned));
        if values.len() == before {
            return Err(UsageError(format!(
                "{path} has no value: put one on a line"
            )));
        }
    }
    Ok(values)
}

/// Event sources in full: `s3` is `s3.amazonaws.com`.
fn sources(given: HashSet<String>) -> HashSet<String> {
    let full = |name: String| {
        if name.contains('.') {
            name
        } else {
            name + ".amazonaws.com"
        }
    };
    given.into_iter().map(full).collect()
}

/// The longest part of a resource's name that stands in JSON as it is, whatever else it is built into an ARN with.
fn plain_part(name: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let parts = name.split(|c| !is_plain(c));
    parts.max_by_key(|part| part.len()).unwrap_or_default()
}

impl Resource {
    /// Whether somebody who says this name means the resource: its ARN, an ARN above it, or a part of what follows the account
    /// in it. A bucket's name means its objects as well.
    fn is_named(&self, name: &str) -> bool {
        let is_separator = |c: char| c == '/' || c == ':';
        if let Some(rest) = self.arn.strip_prefix(name)
            && name.starts_with("arn:")
        {
            return rest.is_empty() || rest.starts_with(is_separator);
        }
        let own = self.arn.splitn(6, ':').nth(5).unwrap_or(&self.arn);
        own == name || own.split(is_separator).any(|part| part == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_goes_by_many_names() {
        let named = |arn: &str, name: &str| {
            let resource = Resource {
                arn: arn.to_owned(),
                kind: String::new(),
            };
            resource.is_named(name)
        };
        let object = "arn:aws:s3:::logs/2026/08/a.gz";
        for name in [
            "logs",
            "a.gz",
            object,
            "arn:aws:s3:::logs",
            "logs/2026/08/a.gz",
        ] {
            assert!(named(object, name), "{name}");
        }
        for name in ["log", "arn:aws:s3:::log", "s3", "arn", ""] {
            assert!(!named(object, name), "{name}");
        }
        assert!(named("arn:aws:iam::111122223333:role/ops/admin", "admin"));
        assert!(!named(
            "arn:aws:iam::111122223333:role/ops/admin",
            "111122223333"
        ));
        assert!(named("i-0abc", "i-0abc"), "some are no ARNs");
    }

    #[test]
    fn what_of_a_name_stands_in_json_as_it_is() {
        assert_eq!(plain_part("arn:aws:s3:::my-bucket/a"), "my-bucket");
        assert_eq!(plain_part("a\"b"), "b");
        assert_eq!(plain_part("é"), "");
    }
}
