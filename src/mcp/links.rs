//! A tool call to the API calls that were made for it.

use super::channel::{Channel, Mcp};
use crate::trail::identity::text;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};

/// One downstream request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// The API call's `requestID`.
    pub request_id: &'a str,
    /// The API call as `service:Operation`; gateways do not say.
    pub api: Option<&'a str>,
    /// Its region; gateways do not say.
    pub region: Option<&'a str>,
}

/// Returns the downstream requests that a record lists: `downstreamRequests` of a tool call, `downstreamRequestIds` of a
/// gateway.
pub fn links<'a>(record: &Record<'a>, mcp: &Mcp<'_>) -> Vec<Link<'a>> {
    let listed = |key| record.path(Field::AdditionalEventData, &[key]);
    match mcp.channel {
        Channel::ToolCall => {
            let requests = listed("downstreamRequests").into_iter();
            requests
                .flat_map(Value::elements)
                .filter_map(request)
                .collect()
        }
        Channel::Gateway => {
            let ids = listed("downstreamRequestIds").into_iter();
            ids.flat_map(Value::elements).filter_map(id).collect()
        }
        _ => Vec::new(),
    }
}

fn request(value: Value<'_>) -> Option<Link<'_>> {
    let member = |key| value.get(key).and_then(text);
    Some(Link {
        request_id: member("requestId").or_else(|| member("requestID"))?,
        api: member("apiName"),
        region: member("awsRegion"),
    })
}

fn id(value: Value<'_>) -> Option<Link<'_>> {
    Some(Link {
        request_id: text(value)?,
        api: None,
        region: None,
    })
}
