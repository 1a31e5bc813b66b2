//! What agents did, in a report.

use serde::Serialize;

use super::{Time, Top};

document! {
    /// What agents did.
    struct Agents {
        /// Their events by channel, claims (`self_hosted`) too.
        channels: Vec<Channel>,
        /// Who called which tool of which server with which client.
        callers: Top<Caller>,
        /// Which API actions were called.
        actions: Top<AgentAction>,
        /// Which resources were touched.
        resources: Top<AgentResource>,
        /// Which tool calls led to which API calls.
        chains: Top<Chain>,
        /// Which tool calls failed, and why.
        failures: Top<Failure>,
        /// How much of a principal's activity came through agents.
        principals: Top<AgentShare>,
        /// Gateway calls without anybody behind them.
        unauthenticated: Top<Unauthenticated>,
        /// Calls that only claim to be an agent's, by their user agent.
        claims: Top<Claim>,
    }

    /// A way on which events come through MCP.
    struct Channel {
        /// `tool_call`, `gateway`, `gateway_admin`, `downstream`, `oauth_grant` or `self_hosted`.
        mcp_channel: String,
        /// Whether AWS says so; otherwise it is only claimed.
        is_sure: bool,
        /// Events.
        events: u64,
        /// Of these, events that may change something.
        writes: u64,
        /// Of these, deletions.
        deletions: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// Who called which tool.
    struct Caller {
        /// Who.
        principal: Option<String>,
        /// The client: name and version.
        mcp_client: Option<String>,
        /// The server.
        mcp_server: Option<String>,
        /// The tool; null where another method was called.
        mcp_tool: Option<String>,
        /// The JSON-RPC method.
        mcp_method: Option<String>,
        /// `tool_call` or `gateway`.
        mcp_channel: String,
        /// Calls.
        calls: u64,
        /// Of these, failed.
        failures: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// An API action that agents called.
    struct AgentAction {
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Who.
        principal: Option<String>,
        /// How it came through MCP.
        mcp_channel: String,
        /// Whether it only reads; null where CloudTrail does not say.
        read_only: Option<bool>,
        /// Whether it deletes, as its name says.
        is_deletion: bool,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// A resource that agents touched.
    struct AgentResource {
        /// The resource.
        resource_arn: String,
        /// Its type.
        resource_type: Option<String>,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Who.
        principal: Option<String>,
        /// How it came through MCP.
        mcp_channel: String,
        /// Whether it only reads.
        read_only: Option<bool>,
        /// Whether it deletes.
        is_deletion: bool,
        /// Events.
        events: u64,
        /// Of these, errors.
        errors: u64,
        /// The last.
        last_event_time: Time,
    }

    /// What a tool led to.
    struct Chain {
        /// The server of the tool.
        mcp_server: Option<String>,
        /// The tool.
        mcp_tool: Option<String>,
        /// Who called the tool.
        principal: Option<String>,
        /// The service that was called; null where no event was found.
        event_source: Option<String>,
        /// The API action that was called; null where no event was found.
        event_name: Option<String>,
        /// Whether it only reads; null where no event was found.
        read_only: Option<bool>,
        /// Requests that the tool calls say they led to.
        requests: u64,
        /// Of these, requests whose event is in the dataset.
        found: u64,
        /// Of these, errors.
        errors: u64,
    }

    /// A way in which tool calls failed.
    struct Failure {
        /// `tool_call` or `gateway`.
        mcp_channel: String,
        /// The server.
        mcp_server: Option<String>,
        /// The tool.
        mcp_tool: Option<String>,
        /// HTTP status of the gateway's answer.
        status_code: Option<i64>,
        /// JSON-RPC error code.
        jsonrpc_error_code: Option<i64>,
        /// CloudTrail's error code.
        error_code: Option<String>,
        /// What was said about it.
        message: Option<String>,
        /// Calls.
        calls: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
        /// The event id of the last.
        event_id: Option<String>,
    }

    /// Agents and others behind one principal.
    struct AgentShare {
        /// Who.
        principal: Option<String>,
        /// Events through agents, as AWS says.
        by_agents: u64,
        /// Of these, events that may change something.
        writes_by_agents: u64,
        /// Events that only claim to be an agent's.
        claimed: u64,
        /// All other events.
        others: u64,
    }

    /// Gateway calls with no JWT and no IAM identity.
    struct Unauthenticated {
        /// The gateway.
        mcp_server: Option<String>,
        /// The tool.
        mcp_tool: Option<String>,
        /// Where they came from.
        source_ip_address: Option<String>,
        /// What the caller says it is.
        user_agent: Option<String>,
        /// Calls.
        calls: u64,
        /// Of these, failed.
        failures: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }

    /// Calls whose user agent names an MCP server, and nothing else does.
    struct Claim {
        /// Who.
        principal: Option<String>,
        /// The server that the user agent names.
        mcp_server: Option<String>,
        /// What the caller says it is.
        user_agent: Option<String>,
        /// The service.
        event_source: Option<String>,
        /// The action.
        event_name: Option<String>,
        /// Events.
        events: u64,
        /// The first.
        first_event_time: Time,
        /// The last.
        last_event_time: Time,
    }
}
