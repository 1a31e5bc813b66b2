//! What a channel carries beyond the columns of every event.

use std::borrow::Cow;

use super::channel::{Channel, Mcp};
use super::rpc::{Exchange, integer};
use super::{is_error, links, user_agent};
use crate::trail::identity::{jwt_claims, text};
use crate::trail::record::{Field, Record};
use crate::trail::resources::resource_arns;

/// The columns that only `mcp_events` has, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct McpDetail<'a> {
    /// The client as `name/version`: what it said when it began, else of the user agent.
    pub mcp_client: Option<Cow<'a, str>>,
    /// The JSON-RPC method, `tools/call` mostly.
    pub mcp_method: Option<&'a str>,
    /// The tool: what stands behind the first `___`, else the whole name.
    pub mcp_tool: Option<&'a str>,
    /// What stands before the first `___`: `aws`, or a gateway target's name.
    pub mcp_tool_prefix: Option<&'a str>,
    /// The gateway target's id.
    pub mcp_target_id: Option<&'a str>,
    /// The MCP session.
    pub mcp_session_id: Option<&'a str>,
    /// The JSON-RPC id, as text.
    pub jsonrpc_id: Option<&'a str>,
    /// A status from 400 on, a JSON-RPC error, an `isError`, an error code, or a grant that failed.
    pub is_error: bool,
    /// The HTTP status of a gateway's answer.
    pub status_code: Option<i32>,
    /// The code of a JSON-RPC error.
    pub jsonrpc_error_code: Option<i32>,
    /// The message of a JSON-RPC error.
    pub jsonrpc_error_message: Option<&'a str>,
    /// The JSON web token's `sub`.
    pub jwt_subject: Option<&'a str>,
    /// The JSON web token's `iss`.
    pub jwt_issuer: Option<&'a str>,
    /// The JSON web token's client, by whatever claim the issuer has for it.
    pub jwt_client_id: Option<&'a str>,
    /// The JSON web token's scopes, with spaces between.
    pub jwt_scope: Option<Cow<'a, str>>,
    /// The sign-in session that the credentials came from.
    pub sign_in_session_arn: Option<&'a str>,
    /// The request ids of the calls made for this one.
    pub downstream_request_ids: Vec<&'a str>,
    /// The ARNs in the record's `resources`.
    pub resource_arns: Vec<&'a str>,
}

/// Returns what a record of a channel carries.
pub fn detail<'a>(record: &Record<'a>, mcp: &Mcp<'a>) -> McpDetail<'a> {
    let exchange = Exchange::of(record, mcp);
    let (prefix, tool) = tool(record, exchange.as_ref());
    let error = exchange.and_then(|rpc| rpc.error());
    let claims = jwt_claims(record);
    let claim = |name| claims.and_then(|claims| text(claims.get(name)?));
    McpDetail {
        mcp_client: client(record, mcp, exchange.as_ref()),
        mcp_method: exchange.and_then(|rpc| rpc.method()),
        mcp_tool: tool,
        mcp_tool_prefix: prefix,
        mcp_target_id: target_id(record, mcp),
        mcp_session_id: record
            .path(Field::McpEventDetails, &["sessionId"])
            .and_then(text),
        jsonrpc_id: exchange.and_then(|rpc| rpc.id()),
        is_error: is_error(record, Some(mcp)),
        status_code: exchange.and_then(|rpc| rpc.status_code()),
        jsonrpc_error_code: error.and_then(|error| integer(error.get("code")?)),
        jsonrpc_error_message: error
            .and_then(|error| error.get("message").and_then(text).or_else(|| text(error))),
        jwt_subject: claim("sub"),
        jwt_issuer: claim("iss"),
        // Cognito and RFC 9068; OpenID Connect; Okta; Entra.
        jwt_client_id: ["client_id", "azp", "cid", "appid"]
            .into_iter()
            .find_map(claim),
        jwt_scope: scope(record),
        sign_in_session_arn: sign_in_session_arn(record),
        downstream_request_ids: links(record, mcp)
            .into_iter()
            .map(|link| link.request_id)
            .collect(),
        resource_arns: resource_arns(record),
    }
}

/// The tool's prefix and name.
fn tool<'a>(
    record: &Record<'a>,
    exchange: Option<&Exchange<'a>>,
) -> (Option<&'a str>, Option<&'a str>) {
    let name = exchange.and_then(|rpc| match rpc.method() {
        Some("tools/call") | None => rpc.param(&["name"]),
        // The preview of the managed server wrote the tool where the method stands.
        Some(method) if is_tool_event(record) && !method.contains('/') => Some(method),
        Some(_) => None,
    });
    match name.map(|name| name.split_once("___").unwrap_or(("", name))) {
        Some((prefix, tool)) => (some(prefix), some(tool)),
        None => (None, None),
    }
}

fn is_tool_event(record: &Record<'_>) -> bool {
    record
        .str(Field::EventName)
        .is_some_and(|name| name.starts_with("Call") && name.ends_with("Tool"))
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn client<'a>(
    record: &Record<'a>,
    mcp: &Mcp<'_>,
    exchange: Option<&Exchange<'a>>,
) -> Option<Cow<'a, str>> {
    let said = |member| exchange.and_then(|rpc| rpc.param(&["clientInfo", member]));
    if let Some(name) = said("name") {
        return Some(match said("version") {
            Some(version) => format!("{name}/{version}").into(),
            None => name.into(),
        });
    }
    // Of a downstream call it is the server's name, of others the SDK's.
    let is_own = matches!(
        mcp.channel,
        Channel::ToolCall | Channel::Gateway | Channel::OauthGrant
    );
    user_agent::client(record.str(Field::UserAgent)?, is_own)
}

fn target_id<'a>(record: &Record<'a>, mcp: &Mcp<'_>) -> Option<&'a str> {
    let places: &[Field] = match mcp.channel {
        Channel::Gateway => &[Field::AdditionalEventData],
        Channel::GatewayAdmin => &[Field::RequestParameters, Field::ResponseElements],
        _ => &[],
    };
    places
        .iter()
        .find_map(|field| record.path(*field, &["targetId"]).and_then(text))
}

/// `scope` is one text; some issuers write `scp`, and a list.
fn scope<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    let claims = jwt_claims(record)?;
    let scope = claims.get("scope").or_else(|| claims.get("scp"))?;
    if let Some(scope) = text(scope) {
        return Some(scope.into());
    }
    let scopes: Vec<_> = scope.elements().filter_map(text).collect();
    (!scopes.is_empty()).then(|| scopes.join(" ").into())
}

fn sign_in_session_arn<'a>(record: &Record<'a>) -> Option<&'a str> {
    let in_session = record.path(Field::UserIdentity, &["sessionContext", "signInSessionArn"]);
    let in_event = || record.path(Field::AdditionalEventData, &["signInSessionArn"]);
    in_session
        .and_then(text)
        .or_else(|| in_event().and_then(text))
}
