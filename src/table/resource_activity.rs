//! `resource_activity`: who touched what, day by day. Rows are additive partials. An event counts once for
//! each distinct resource that it names, so sums over resources exceed events.

use super::schema::{Table, columns};

columns! {
    day: Time, "";
    resource_arn: Text, "The resource; an S3 object stands for its bucket, except where it was deleted";
    resource_type: Text, "Its type, such as AWS::S3::Bucket";
    recipient_account_id: Text, "Account that the records were delivered to";
    aws_region: Text, "Region that was called";
    event_source: Text, "Service that was called";
    event_name: Text, "Action that was called";
    principal: Text, "Who: one normalised name for each caller";
    source_ip_address: Text, "Address of the callers";
    read_only: Bool, "True where the calls change nothing";
    mcp_channel: Text, "How the events came through MCP; null where they did not";
    is_error: Bool, "True for errors: an error code, a failed sign-in, or an MCP error";
    resource_evidence: Text, "Where the resource was found: resources, request or response";
    events: Int64, "How many events";
    first_event_time: Time, "Time of the first (UTC)";
    last_event_time: Time, "Time of the last (UTC)";
}

/// The table.
pub static TABLE: Table = Table {
    name: "resource_activity",
    doc: "Events counted by the resource that they touched; rows are additive partials",
    columns: COLUMNS,
    order: &[
        Col::day as usize,
        Col::resource_arn as usize,
        Col::resource_type as usize,
        Col::recipient_account_id as usize,
        Col::aws_region as usize,
        Col::event_source as usize,
        Col::event_name as usize,
        Col::principal as usize,
        Col::source_ip_address as usize,
        Col::read_only as usize,
        Col::mcp_channel as usize,
        Col::is_error as usize,
        Col::resource_evidence as usize,
        Col::first_event_time as usize,
        Col::last_event_time as usize,
        Col::events as usize,
    ],
    identity: None,
    grouped: &[],
    partition: "event_date",
};
