//! What AI agents did through the Model Context Protocol: which records are theirs, by which mark, and what those say.
//!
//! Nearly all records are nobody's tool call, so [`classify`] settles them with a few looks at short fields.

pub mod channel;
pub mod detail;
pub mod evidence;
pub mod links;

mod form;
mod rpc;
mod user_agent;

pub use channel::{Channel, Mcp, classify};
pub use detail::{McpDetail, detail};
pub use evidence::Evidence;
pub use links::{Link, links};

use crate::trail::identity::text;
use crate::trail::record::{Field, Record};
use crate::trail::sign_in;

/// Returns whether an event is an error: it has an error code, is a sign-in that failed, or an MCP error.
pub fn is_error(record: &Record<'_>, mcp: Option<&Mcp<'_>>) -> bool {
    record
        .get(Field::ErrorCode)
        .is_some_and(|code| text(code).is_some())
        || sign_in::failed(record)
        || mcp.is_some_and(|mcp| rpc::Exchange::of(record, mcp).is_some_and(|rpc| rpc.is_error()))
}

#[cfg(test)]
mod tests;
