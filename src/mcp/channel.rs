//! A record to the channel that an agent's call came by.

use std::borrow::Cow;

use super::evidence::Evidence;
use super::form::{has_letters, is_principal, is_server, server_of_resource};
use super::user_agent;
use crate::trail::identity::{Caller, text};
use crate::trail::json::Value;
use crate::trail::record::{Field, Record, as_bool};

/// How an agent's call reached AWS. The channel says how sure it is: all but the last are written by AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The tool call itself, at a managed MCP server.
    ToolCall,
    /// The call to an `AgentCore` gateway.
    Gateway,
    /// A call that makes or changes gateways and their targets.
    GatewayAdmin,
    /// An API call that a managed MCP server made for an agent.
    Downstream,
    /// A sign-in that let an MCP client in.
    OauthGrant,
    /// A call with the caller's own credentials, by a server that only claims to be one.
    SelfHosted,
}

impl Channel {
    /// Returns the value of the `mcp_channel` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToolCall => "tool_call",
            Self::Gateway => "gateway",
            Self::GatewayAdmin => "gateway_admin",
            Self::Downstream => "downstream",
            Self::OauthGrant => "oauth_grant",
            Self::SelfHosted => "self_hosted",
        }
    }
}

/// That a record is an agent's, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mcp<'a> {
    /// The first channel that fits.
    pub channel: Channel,
    /// Every mark found.
    pub evidence: Evidence,
    /// The managed server's principal, the gateway's ARN, or the name of the self-hosted server.
    pub server: Option<Cow<'a, str>>,
}

/// Returns the channel, marks and server of an agent's record; `None` for all others.
pub fn classify<'a>(record: &Record<'a>, caller: &Caller<'a>) -> Option<Mcp<'a>> {
    let marks = Marks::of(record, caller);
    let channel = marks.channel()?;
    let server = match channel {
        Channel::ToolCall => tool_server(record).map(Cow::Borrowed),
        Channel::Gateway | Channel::GatewayAdmin => gateway_arn(record),
        Channel::Downstream => marks.downstream.map(Cow::Borrowed),
        Channel::OauthGrant => marks.oauth.map(Cow::Borrowed),
        Channel::SelfHosted => marks.self_hosted.map(Cow::Borrowed),
    };
    Some(Mcp {
        channel,
        evidence: marks.evidence,
        server,
    })
}

/// The marks of a record and the servers they name.
#[derive(Debug, Default)]
struct Marks<'a> {
    evidence: Evidence,
    gateway: Option<Channel>,
    downstream: Option<&'a str>,
    oauth: Option<&'a str>,
    self_hosted: Option<&'a str>,
}

impl<'a> Marks<'a> {
    fn of(record: &Record<'a>, caller: &Caller<'a>) -> Self {
        let mut marks = Self::default();
        let is_tool_event = record
            .str(Field::EventType)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("AwsMcpEvent"));
        marks.evidence |= Evidence::EVENT_TYPE.when(is_tool_event);
        marks.mark_source(record);
        marks.mark_caller(record, caller);
        marks.mark_additional(record);
        if let Some(claim) = record.str(Field::UserAgent).and_then(user_agent::claim) {
            marks.evidence |= Evidence::USER_AGENT;
            marks.self_hosted = claim.server;
        }
        marks
    }

    /// The first that fits.
    fn channel(&self) -> Option<Channel> {
        let tool_call = Evidence::EVENT_TYPE | Evidence::EVENT_SOURCE;
        let downstream = Evidence::INVOKED_BY
            | Evidence::SOURCE_IP_ADDRESS
            | Evidence::CALLED_VIA_AWS_MCP
            | Evidence::VIA_AWS_MCP_SERVICE;
        let has = |marks| self.evidence.intersects(marks);
        if has(tool_call) {
            Some(Channel::ToolCall)
        } else if self.gateway.is_some() {
            self.gateway
        } else if has(downstream) {
            Some(Channel::Downstream)
        } else if has(Evidence::OAUTH_RESOURCE) {
            Some(Channel::OauthGrant)
        } else {
            has(Evidence::USER_AGENT).then_some(Channel::SelfHosted)
        }
    }

    fn mark_source(&mut self, record: &Record<'a>) {
        let Some(source) = record.str(Field::EventSource) else {
            return;
        };
        self.evidence |= Evidence::EVENT_SOURCE.when(is_server(source));
        if source == "signin.amazonaws.com" {
            self.oauth = granted_server(record);
            self.evidence |= Evidence::OAUTH_RESOURCE.when(self.oauth.is_some());
        } else if source.starts_with("bedrock-agentcore") && source.ends_with(".amazonaws.com") {
            let name = record.str(Field::EventName).unwrap_or_default();
            self.gateway = match name {
                "InvokeGateway" | "InvokeMcp" if source == "bedrock-agentcore.amazonaws.com" => {
                    Some(Channel::Gateway)
                }
                _ => name.contains("Gateway").then_some(Channel::GatewayAdmin),
            };
            self.evidence |= Evidence::GATEWAY_EVENT.when(self.gateway.is_some());
        }
    }

    /// The address counts where nobody else is said to have called.
    fn mark_caller(&mut self, record: &Record<'a>, caller: &Caller<'a>) {
        let server = caller.invoked_by.filter(|name| is_principal(name));
        let address = record
            .str(Field::SourceIpAddress)
            .filter(|_| caller.invoked_by.is_none() || server.is_some())
            .filter(|address| is_principal(address));
        self.evidence |= Evidence::INVOKED_BY.when(server.is_some());
        self.evidence |= Evidence::SOURCE_IP_ADDRESS.when(address.is_some());
        self.downstream = server.or(address);
    }

    fn mark_additional(&mut self, record: &Record<'a>) {
        let Some(data) = record.get(Field::AdditionalEventData) else {
            return;
        };
        // An escape could hide the words from this look at the text, not from the one at the values.
        let raw = data.raw();
        if has_letters(raw, *b"mcp") || memchr::memchr(b'\\', raw.as_bytes()).is_some() {
            self.evidence |= words_in(data, &mut self.downstream);
        }
    }
}

/// The marks among the keys and string values of `additionalEventData`, at any depth.
fn words_in<'a>(value: Value<'a>, server: &mut Option<&'a str>) -> Evidence {
    let mut found = value.as_str().map_or(Evidence::NONE, word);
    for (key, value) in value.members() {
        let mark = word(key).when(!is_false(value));
        if !mark.is_empty()
            && let Some(principal) = value.as_str().filter(|text| is_principal(text))
        {
            server.get_or_insert(principal);
        }
        found |= mark | words_in(value, server);
    }
    for element in value.elements() {
        found |= words_in(element, server);
    }
    found
}

fn word(text: &str) -> Evidence {
    let text = super::form::strip_prefix_ignore_case(text, "aws:").unwrap_or(text);
    Evidence::CALLED_VIA_AWS_MCP.when(text.eq_ignore_ascii_case("CalledViaAWSMCP"))
        | Evidence::VIA_AWS_MCP_SERVICE.when(text.eq_ignore_ascii_case("ViaAWSMCPService"))
}

fn is_false(value: Value<'_>) -> bool {
    as_bool(value) == Some(false)
        || value.is_null()
        || value.as_str() == Some("")
        || (value.is_object() && value.is_empty())
        || (value.is_array() && value.elements().all(is_false))
}

/// The MCP server that an OAuth grant is for: plain `aws login` asks for none.
fn granted_server<'a>(record: &Record<'a>) -> Option<&'a str> {
    let name = record.str(Field::EventName)?;
    if !matches!(name, "AuthorizeOAuth2Access" | "CreateOAuth2Token") {
        return None;
    }
    let resource = record.path(Field::RequestParameters, &["resource"])?;
    let server = |value: Value<'a>| server_of_resource(value.as_str()?);
    server(resource).or_else(|| resource.elements().find_map(server))
}

fn tool_server<'a>(record: &Record<'a>) -> Option<&'a str> {
    let source = record.str(Field::EventSource);
    let named = || record.path_str(Field::McpEventDetails, &["mcpServerName"]);
    source
        .filter(|source| is_server(source))
        .or_else(named)
        .or(source)
}

/// The ARN of the gateway that a record is about, put together from its id where only that is there.
fn gateway_arn<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    let in_resources = || {
        crate::trail::resources::resource_arns(record)
            .into_iter()
            .find(|arn| arn.contains(":gateway/"))
    };
    let answered = || {
        record
            .path(Field::ResponseElements, &["gatewayArn"])
            .and_then(text)
    };
    if let Some(arn) = in_resources().or_else(answered) {
        return Some(arn.into());
    }
    let id = gateway_id(record)?;
    if id.starts_with("arn:") {
        return Some(id.into());
    }
    let region = record.str(Field::AwsRegion)?;
    let account = record.str(Field::RecipientAccountId)?;
    let partition = crate::trail::resources::partition_of(region);
    Some(format!("arn:{partition}:bedrock-agentcore:{region}:{account}:gateway/{id}").into())
}

fn gateway_id<'a>(record: &Record<'a>) -> Option<&'a str> {
    let asked = ["gatewayIdentifier", "gatewayId", "gatewayArn"]
        .iter()
        .find_map(|key| record.path(Field::RequestParameters, &[key]).and_then(text));
    asked.or_else(|| {
        let host = record.path_str(Field::TlsDetails, &["clientProvidedHostHeader"])?;
        let (id, rest) = host.split_once(".gateway.bedrock-agentcore.")?;
        (!id.is_empty() && rest.contains(".amazonaws.com")).then_some(id)
    })
}
