//! `trailmill guardrail`: what agents did through managed MCP servers, from a dataset, to policies and what they are based on.

mod format;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use crate::cli::{GuardrailArgs, GuardrailFormat, GuardrailKind};
use crate::config::{self, UsageError};
use crate::find::{Condition, Query};
use crate::lookup::{Asked, flag, links, listed, text};
use crate::mcp::Channel;
use crate::policy::{self, Call, Evidence, Guardrail, Kind, Policy, Wanted};
use crate::select::Span;
use crate::table::events;

/// Prints the policies, or writes them where they are wanted.
///
/// # Errors
///
/// Returns an error where the question makes no sense or nobody did anything, the dataset cannot be read, or the output not be
/// written.
pub fn print(args: &GuardrailArgs, now: i64, out: &mut dyn Write) -> Result<()> {
    let asked = Question::new(args, now)?;
    let dataset = Asked::open(&args.dataset, &config::aws(&args.aws))?;
    let evidence = evidence(&dataset, &asked)?;
    if evidence.is_empty() {
        return usage(
            "no agent called an API through a managed MCP server there: there is nothing to make a policy of",
        );
    }
    let wanted = asked.wanted(&evidence)?;
    let guardrail = Guardrail::new(evidence, &wanted)
        .map_err(|error| UsageError(format!("{error}: take fewer with --principal or --from")))?;
    if let Some(folder) = &args.output {
        write_files(folder, wanted.kind, &guardrail.policies)
            .with_context(|| format!("write the policies to {}", folder.display()))?;
    }
    match args.format {
        GuardrailFormat::Json => format::json(&guardrail, wanted.kind, out)?,
        GuardrailFormat::Text => {
            format::text(&guardrail, wanted.kind, args.output.as_deref(), out)?;
        }
    }
    Ok(())
}

/// What is asked.
struct Question<'a> {
    kind: Kind,
    span: Span,
    principals: &'a [String],
    servers: Vec<String>,
}

impl<'a> Question<'a> {
    fn new(args: &'a GuardrailArgs, now: i64) -> Result<Self> {
        let span = config::span(args.from, args.to, now)?;
        let is_server = |name: &str| {
            name.bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        };
        let mut servers = args.mcp_server.clone();
        for server in &mut servers {
            if !is_server(server) {
                return usage(
                    "--mcp-server takes a service principal, such as aws-mcp.amazonaws.com",
                );
            }
            if !server.contains('.') {
                server.push_str(".amazonaws.com");
            }
        }
        Ok(Self {
            kind: match args.kind {
                GuardrailKind::Scp => Kind::Scp,
                GuardrailKind::Iam => Kind::Iam,
            },
            span,
            principals: &args.principal,
            servers,
        })
    }

    /// The events that were called for an agent, as far as their own columns say.
    fn query(&self, mut conditions: Vec<Condition>) -> Query {
        if !self.principals.is_empty() {
            let columns = vec!["principal", "user_arn", "session_issuer_arn"];
            let principals = self.principals.iter().cloned().collect();
            conditions.push(Condition::Is(columns, principals));
        }
        Query {
            table: &events::TABLE,
            span: self.span,
            conditions,
        }
    }

    /// An identity policy is about whom it is attached to; a service control policy says so itself.
    fn wanted(&self, evidence: &Evidence) -> Result<Wanted> {
        let condition = policy::Condition::through_mcp(&self.servers);
        let condition = if self.kind == Kind::Scp && !self.principals.is_empty() {
            let arns: Vec<String> = evidence.principal_arns().map(str::to_owned).collect();
            if arns.is_empty() || !evidence.has_arns_alone() {
                return usage(
                    "not all of these principals have an ARN that a service control policy can name: use --kind iam",
                );
            }
            condition.and_principal(arns)
        } else {
            condition
        };
        Ok(Wanted {
            kind: self.kind,
            condition,
        })
    }
}

fn usage<T>(text: &str) -> Result<T> {
    Err(UsageError(text.to_owned()).into())
}

/// Reads what agents did: the API calls that bear the mark of a managed MCP server, and those that tool calls say they led to.
fn evidence(dataset: &Asked, asked: &Question<'_>) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    let downstream = Channel::Downstream.name();
    let mut marked = vec![Condition::is("mcp_channel", [downstream])];
    if !asked.servers.is_empty() {
        marked.push(Condition::is("mcp_server", &asked.servers));
    }
    for row in dataset.rows(&asked.query(marked)) {
        add(&mut evidence, &row?);
    }
    if !asked.servers.is_empty() {
        return Ok(evidence); // a link does not say which server it was
    }
    let of_tools = Condition::is("mcp_channel", [Channel::ToolCall.name()]);
    let mut by_request: HashMap<String, Vec<_>> = HashMap::new();
    for link in links(dataset, of_tools, asked.span)? {
        let links = by_request.entry(link.request_id.clone()).or_default();
        links.push(link);
    }
    if by_request.is_empty() {
        return Ok(evidence);
    }
    let linked = asked.query(vec![Condition::is("request_id", by_request.keys())]);
    for row in dataset.rows(&linked) {
        let row = row?;
        let links = text(&row, "request_id").and_then(|id| by_request.get(id));
        let (name, region) = (text(&row, "event_name"), text(&row, "aws_region"));
        let is_meant = links.is_some_and(|links| links.iter().any(|link| link.is_of(name, region)));
        if is_meant && text(&row, "mcp_channel").is_none() {
            add(&mut evidence, &row);
        }
    }
    Ok(evidence)
}

/// Adds the only row of a batch.
fn add(evidence: &mut Evidence, row: &RecordBatch) {
    let resources = listed(row);
    let own = |name: &str| text(row, name);
    let kind = own("event_type").unwrap_or_default();
    evidence.add(&Call {
        time: micros(row),
        source: own("event_source").unwrap_or_default(),
        name: own("event_name").unwrap_or_default(),
        is_api_call: kind.eq_ignore_ascii_case("AwsApiCall"),
        read_only: flag(row, "read_only"),
        // Messages name ids and times: of those, each call would have its own.
        error: own("error_code").or_else(|| own("error_message").map(|_| "no error code")),
        principal: own("principal").unwrap_or_default(),
        principal_arn: own("session_issuer_arn").or_else(|| own("user_arn")),
        resources: resources
            .iter()
            .map(|resource| resource.arn.as_str())
            .collect(),
    });
}

fn micros(row: &RecordBatch) -> i64 {
    let times = row.column_by_name("event_time");
    let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
    times.map_or(0, |times| times.value(0))
}

/// Writes each policy to a file of its own, and removes those of an earlier time that are no more.
fn write_files(folder: &Path, kind: Kind, policies: &[Policy]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for policy in policies {
        fs::write(
            folder.join(format!("{}.json", policy.name)),
            laid_out(policy, kind),
        )?;
    }
    for n in policies.len() + 1.. {
        let name = format!("trailmill-{}-{n}.json", kind.name());
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            removed => removed?,
        }
    }
    Ok(())
}

/// A policy as it can be attached from a file: AWS Organizations counts the white space of one that the AWS CLI sends.
fn laid_out(policy: &Policy, kind: Kind) -> String {
    let pretty = policy.document.pretty() + "\n";
    if kind == Kind::Scp && pretty.chars().count() > kind.chars_max() {
        return policy.document.minified();
    }
    pretty
}
