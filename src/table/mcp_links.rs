//! `mcp_links`: one row per API call that a tool call led to, so that tool call → API call is a join
//! on `request_id` in any engine, across objects, days and runs.

use super::chunk::Chunk;
use super::events::Findings;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use crate::mcp::{Link, Mcp};
use crate::trail::record::{Field, Record};

columns! {
    mcp_event_id: Plain, "Event id of the tool call: the row of mcp_events";
    mcp_event_time: Time, "When the tool call completed (UTC)";
    mcp_channel: Text, "Channel of the tool call: tool_call or gateway";
    recipient_account_id: Text, "Account that the tool call was delivered to";
    downstream_request_id: Plain, "Request id of the API call: events.request_id";
    downstream_api: Text, "The API call as service:Operation; null for gateways, which do not say";
    downstream_region: Text, "Region of the API call, where it is known";
    content_hash: Int64, "";
    delivery_time: Time, "";
    object: Int64, "";
    source: Text, "";
    source_object: Text, "";
    source_index: Int64, "";
    nth: Int64, "";
}

/// The table.
pub static TABLE: Table = Table {
    name: "mcp_links",
    doc: "API calls that MCP tool calls led to: join downstream_request_id with events.request_id",
    columns: COLUMNS,
    order: &[
        Col::mcp_event_time as usize,
        Col::recipient_account_id as usize,
        Col::mcp_event_id as usize,
        Col::content_hash as usize,
        Col::delivery_time as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::source_index as usize,
        Col::nth as usize,
    ],
    identity: Some(Identity {
        content: 4,
        place: 8,
    }),
    grouped: &[],
    partition: "event_date",
};

/// Appends the links of one tool call.
pub fn append(
    chunk: &mut Chunk,
    record: &Record<'_>,
    found: &Findings<'_>,
    mcp: &Mcp<'_>,
    links: &[Link<'_>],
    origin: &Origin<'_>,
) {
    for (nth, link) in (0..).zip(links) {
        chunk.int(Col::mcp_event_time, found.time);
        let mut text = |column: Col, value: Option<&str>| {
            if let Some(value) = value {
                chunk.text(column, value);
            }
        };
        text(Col::mcp_event_id, record.str(Field::EventId));
        text(Col::mcp_channel, Some(mcp.channel.name()));
        text(
            Col::recipient_account_id,
            record.str(Field::RecipientAccountId),
        );
        text(Col::downstream_request_id, Some(link.request_id));
        text(Col::downstream_api, link.api);
        text(Col::downstream_region, link.region);
        chunk.int(Col::nth, nth);
        origin.write(chunk, &origin_columns!());
        chunk.end_row();
    }
}
