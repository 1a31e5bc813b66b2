//! The JSON-RPC message in a tool call's or gateway call's record, and its answer.

use super::channel::{Channel, Mcp};
use crate::trail::identity::text;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record, as_bool};

/// A request and its answer. Gateways keep both in a `body`, managed servers write them bare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange<'a> {
    /// `{jsonrpc, id, method, params}`
    pub(super) request: Option<Value<'a>>,
    /// `{jsonrpc, id, result}` or `{jsonrpc, id, error}`; of AWS's sample the result alone.
    answer: Option<Value<'a>>,
    /// `responseElements`, where a gateway keeps its HTTP status.
    response: Option<Value<'a>>,
}

impl<'a> Exchange<'a> {
    /// Returns the message of a record that carries one: only these two channels do.
    pub(super) fn of(record: &Record<'a>, mcp: &Mcp<'_>) -> Option<Self> {
        if !matches!(mcp.channel, Channel::ToolCall | Channel::Gateway) {
            return None;
        }
        let response = record.get(Field::ResponseElements);
        Some(Self {
            request: record.get(Field::RequestParameters).map(body),
            answer: response.map(body),
            response,
        })
    }

    pub(super) fn is_error(&self) -> bool {
        self.status_code().is_some_and(|code| code >= 400)
            || self.error().is_some()
            || self.result_is_error()
    }

    pub(super) fn status_code(&self) -> Option<i32> {
        integer(self.response?.get("statusCode")?)
    }

    /// The JSON-RPC error, in whatever form.
    pub(super) fn error(&self) -> Option<Value<'a>> {
        let error = self.answer?.get("error")?;
        let is_none =
            error.is_null() || as_bool(error) == Some(false) || error.as_str() == Some("");
        (!is_none).then_some(error)
    }

    fn result_is_error(&self) -> bool {
        let Some(answer) = self.answer else {
            return false;
        };
        [Some(answer), answer.get("result")]
            .into_iter()
            .flatten()
            .filter_map(|value| value.get("isError"))
            .any(|value| as_bool(value) == Some(true))
    }

    /// The id as text: JSON-RPC has numbers and strings.
    pub(super) fn id(&self) -> Option<&'a str> {
        [self.request, self.answer]
            .into_iter()
            .flatten()
            .filter_map(|message| message.get("id"))
            .find_map(|id| text(id).or_else(|| id.is_number().then(|| id.raw())))
    }

    pub(super) fn method(&self) -> Option<&'a str> {
        text(self.request?.get("method")?)
    }

    /// A text among the parameters.
    pub(super) fn param(&self, path: &[&str]) -> Option<&'a str> {
        text(self.request?.get("params")?.path(path)?)
    }
}

fn body(value: Value<'_>) -> Value<'_> {
    value
        .get("body")
        .filter(|body| body.is_object())
        .unwrap_or(value)
}

/// Reads an integer, also one that was written as text.
pub(super) fn integer(value: Value<'_>) -> Option<i32> {
    if value.is_number() {
        value.raw().parse().ok()
    } else {
        value.as_str()?.parse().ok()
    }
}
