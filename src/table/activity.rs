//! `activity`: how much of what, by whom, from where, in buckets of 15 minutes. Rows are additive
//! partials: `sum(events)` over any grouping is exact, however many rows it adds up.

use super::schema::{Table, columns};

columns! {
    bucket_start: Time, "Begin of the bucket (UTC, of event time)";
    recipient_account_id: Text, "Account that the records were delivered to";
    aws_region: Text, "Region that was called";
    event_source: Text, "Service that was called";
    event_name: Text, "Action that was called";
    event_category: Text, "Management, Data or NetworkActivity";
    management_event: Bool, "True for control-plane calls";
    principal: Text, "Who: one normalised name for each caller";
    user_type: Text, "userIdentity.type";
    source_ip_address: Text, "Address of the callers";
    error_code: Text, "The service's error code, where the requests failed";
    read_only: Bool, "True where the calls change nothing";
    mcp_channel: Text, "How the events came through MCP; null where they did not";
    events: Int64, "How many events";
    errors: Int64, "How many of them are errors: an error code, a failed sign-in, or an MCP error";
    first_event_time: Time, "Time of the first (UTC)";
    last_event_time: Time, "Time of the last (UTC)";
}

/// The table.
pub static TABLE: Table = Table {
    name: "activity",
    doc: "Events counted in buckets of time; rows are additive partials",
    columns: COLUMNS,
    order: &[
        Col::bucket_start as usize,
        Col::recipient_account_id as usize,
        Col::aws_region as usize,
        Col::event_source as usize,
        Col::event_name as usize,
        Col::event_category as usize,
        Col::management_event as usize,
        Col::principal as usize,
        Col::user_type as usize,
        Col::source_ip_address as usize,
        Col::error_code as usize,
        Col::read_only as usize,
        Col::mcp_channel as usize,
        Col::first_event_time as usize,
        Col::last_event_time as usize,
        Col::events as usize,
        Col::errors as usize,
    ],
    identity: None,
    grouped: &[],
    partition: "event_date",
};
