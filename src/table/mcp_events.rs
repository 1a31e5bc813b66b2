//! `mcp_events`: what AI agents did. The events with an MCP channel, and what the channel carries.

use super::chunk::Chunk;
use super::events::Findings;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use crate::mcp::{Mcp, McpDetail};
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};

columns! {
    event_time: Time, "When the request completed (UTC)";
    event_id: Plain, "CloudTrail's id of the event: the row of events";
    event_source: Text, "Service that was called";
    event_name: Text, "Action that was called";
    aws_region: Text, "Region that was called";
    recipient_account_id: Text, "Account that the record was delivered to";
    principal: Text, "Who: one normalised name for each caller";
    user_type: Text, "userIdentity.type";
    user_arn: Text, "userIdentity.arn";
    session_name: Text, "Name of the role session";
    user_access_key_id: Text, "userIdentity.accessKeyId";
    source_ip_address: Text, "Address of the caller, or the name of the service that called";
    user_agent: Text, "What the caller says it is";
    read_only: Bool, "True where the call changes nothing";
    error_code: Text, "The service's error code, where the request failed";
    error_message: Text, "The service's description of the error";
    request_id: Plain, "The service's id of the request";
    mcp_channel: Text, "How the event came through MCP; says alone how sure it is";
    mcp_evidence: TextList, "Every mark of MCP that the record bears";
    mcp_server: Text, "MCP server: service principal, gateway ARN, or self-hosted server's name";
    mcp_client: Text, "MCP client: name/version";
    mcp_method: Text, "JSON-RPC method, such as tools/call";
    mcp_tool: Text, "Tool that was called, without its prefix";
    mcp_tool_prefix: Text, "What stands before ___ in the tool's name: aws, or a gateway target's name";
    mcp_target_id: Text, "Gateway target that was called";
    mcp_session_id: Text, "MCP session";
    jsonrpc_id: Plain, "JSON-RPC id, as text";
    is_error: Bool, "True for a status of 400 or above, a JSON-RPC error, isError, or an error code";
    status_code: Int32, "HTTP status of the gateway's answer";
    jsonrpc_error_code: Int32, "JSON-RPC error code";
    jsonrpc_error_message: Text, "JSON-RPC error message";
    jwt_subject: Text, "sub of the caller's JWT";
    jwt_issuer: Text, "iss of the caller's JWT";
    jwt_client_id: Text, "client_id of the caller's JWT";
    jwt_scope: Text, "scope of the caller's JWT";
    sign_in_session_arn: Text, "Sign-in session that the caller's credentials come from";
    downstream_request_ids: TextList, "Request ids of the API calls that this call led to; see mcp_links";
    resource_arns: TextList, "Resources that the event names";
    request_parameters: Plain, "JSON: parameters of the request, as written";
    response_elements: Plain, "JSON: elements of the response, as written";
    content_hash: Int64, "";
    delivery_time: Time, "";
    object: Int64, "";
    source: Text, "";
    source_object: Text, "";
    source_index: Int64, "";
}

/// The table.
pub static TABLE: Table = Table {
    name: "mcp_events",
    doc: "Events that came through the Model Context Protocol: what AI agents did",
    columns: COLUMNS,
    order: &[
        Col::event_time as usize,
        Col::recipient_account_id as usize,
        Col::event_id as usize,
        Col::content_hash as usize,
        Col::delivery_time as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::source_index as usize,
    ],
    identity: Some(Identity {
        content: 4,
        place: 8,
    }),
    grouped: &[],
    partition: "event_date",
};

const TEXTS: [(Field, Col); 10] = [
    (Field::EventId, Col::event_id),
    (Field::EventSource, Col::event_source),
    (Field::EventName, Col::event_name),
    (Field::AwsRegion, Col::aws_region),
    (Field::RecipientAccountId, Col::recipient_account_id),
    (Field::SourceIpAddress, Col::source_ip_address),
    (Field::UserAgent, Col::user_agent),
    (Field::ErrorCode, Col::error_code),
    (Field::ErrorMessage, Col::error_message),
    (Field::RequestId, Col::request_id),
];

/// Appends an event that came through MCP.
pub fn append(
    chunk: &mut Chunk,
    record: &Record<'_>,
    found: &Findings<'_>,
    mcp: &Mcp<'_>,
    detail: &McpDetail<'_>,
    origin: &Origin<'_>,
) {
    chunk.int(Col::event_time, found.time);
    let mut text = |column: Col, value: Option<&str>| {
        if let Some(value) = value {
            chunk.text(column, value);
        }
    };
    for (field, column) in TEXTS {
        text(column, record.str(field));
    }
    text(Col::principal, found.caller.principal.as_deref());
    text(
        Col::user_type,
        record.path_str(Field::UserIdentity, &["type"]),
    );
    text(
        Col::user_arn,
        record.path_str(Field::UserIdentity, &["arn"]),
    );
    text(
        Col::user_access_key_id,
        record.path_str(Field::UserIdentity, &["accessKeyId"]),
    );
    text(Col::session_name, found.caller.session_name);
    text(Col::mcp_channel, Some(mcp.channel.name()));
    text(Col::mcp_server, mcp.server.as_deref());
    text(Col::mcp_client, detail.mcp_client.as_deref());
    text(Col::mcp_method, detail.mcp_method);
    text(Col::mcp_tool, detail.mcp_tool);
    text(Col::mcp_tool_prefix, detail.mcp_tool_prefix);
    text(Col::mcp_target_id, detail.mcp_target_id);
    text(Col::mcp_session_id, detail.mcp_session_id);
    text(Col::jsonrpc_id, detail.jsonrpc_id);
    text(Col::jsonrpc_error_message, detail.jsonrpc_error_message);
    text(Col::jwt_subject, detail.jwt_subject);
    text(Col::jwt_issuer, detail.jwt_issuer);
    text(Col::jwt_client_id, detail.jwt_client_id);
    text(Col::jwt_scope, detail.jwt_scope.as_deref());
    text(Col::sign_in_session_arn, detail.sign_in_session_arn);
    text(
        Col::request_parameters,
        record.get(Field::RequestParameters).map(Value::raw),
    );
    text(
        Col::response_elements,
        record.get(Field::ResponseElements).map(Value::raw),
    );
    chunk.list(Col::mcp_evidence, mcp.evidence.names().map(Some));
    if !detail.downstream_request_ids.is_empty() {
        chunk.list(
            Col::downstream_request_ids,
            detail.downstream_request_ids.iter().map(|id| Some(*id)),
        );
    }
    if !detail.resource_arns.is_empty() {
        chunk.list(
            Col::resource_arns,
            detail.resource_arns.iter().map(|arn| Some(*arn)),
        );
    }
    if let Some(read_only) = record.bool(Field::ReadOnly) {
        chunk.bool(Col::read_only, read_only);
    }
    chunk.bool(Col::is_error, detail.is_error);
    if let Some(status) = detail.status_code {
        chunk.int(Col::status_code, i64::from(status));
    }
    if let Some(code) = detail.jsonrpc_error_code {
        chunk.int(Col::jsonrpc_error_code, i64::from(code));
    }
    origin.write(chunk, &origin_columns!());
    chunk.end_row();
}
