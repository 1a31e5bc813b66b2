//! An event as it is shown: its record, and what people ask of it first.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::table::events;
use crate::table::rebuild::Rows;
use crate::trail::json::{Parser, Value};
use crate::trail::mend::{Mended, mend};
use crate::trail::record::Record;
use crate::trail::resources::{self, Touch};
use crate::trail::time;

/// One event. What it does not have is not there.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    /// Microseconds since 1970.
    #[serde(skip)]
    pub(super) micros: i64,
    pub(super) time: String,
    #[serde(rename = "event_id")]
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) source: Option<String>,
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    /// The user name, else the name of the session, else the principal.
    pub(super) user: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) access_key: Option<String>,
    pub(super) source_ip: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) read_only: Option<bool>,
    pub(super) error: Option<String>,
    pub(super) error_message: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) issued_access_key: Option<String>,
    pub(super) mcp_channel: Option<String>,
    pub(super) resources: Vec<Resource>,
    /// Where the record stood: bucket or folder, object, position in it.
    pub(super) place: (String, String, i64),
    pub(super) record: Box<RawValue>,
}

/// A resource that an event names or touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Resource {
    pub(crate) arn: String,
    /// Its type (`AWS::S3::Bucket`); empty where it is not known.
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl Event {
    /// Reads a row of `events`; `None` where it is none.
    pub(super) fn of(row: &RecordBatch) -> Option<Self> {
        let rows = Rows::new(&events::TABLE, row)?;
        let record = String::from_utf8(rows.record(0, 0).into_owned()).ok()?;
        let text = |name: &str| text(row, name).map(str::to_owned);
        let micros = rows.subject(0)?.time;
        let principal = text("principal");
        let (source, object, index) = rows.place(0);
        Some(Self {
            micros,
            time: time::format(micros),
            id: text("event_id"),
            name: text("event_name"),
            source: text("event_source"),
            region: text("aws_region"),
            account: text("recipient_account_id"),
            user: text("user_name")
                .or_else(|| text("session_name"))
                .or_else(|| principal.clone()),
            principal,
            access_key: text("user_access_key_id"),
            source_ip: text("source_ip_address"),
            user_agent: text("user_agent"),
            read_only: flag(row, "read_only"),
            error: text("error_code"),
            error_message: text("error_message"),
            request_id: text("request_id"),
            issued_access_key: text("issued_access_key_id"),
            mcp_channel: text("mcp_channel"),
            resources: resources_of(row, &record),
            place: (
                source.unwrap_or_default().to_owned(),
                object.unwrap_or_default().to_owned(),
                index.unwrap_or_default(),
            ),
            record: RawValue::from_string(record).ok()?,
        })
    }
}

/// The text of the only row of a batch.
pub(crate) fn text<'b>(row: &'b RecordBatch, name: &str) -> Option<&'b str> {
    let texts = row.column_by_name(name)?.as_string_opt::<i32>()?;
    texts.is_valid(0).then(|| texts.value(0))
}

/// The truth value of the only row of a batch.
pub(crate) fn flag(row: &RecordBatch, name: &str) -> Option<bool> {
    let flags = row.column_by_name(name)?.as_boolean_opt()?;
    flags.is_valid(0).then(|| flags.value(0))
}

/// The resources that an event lists, and those that it touches where they are others.
fn resources_of(row: &RecordBatch, record: &str) -> Vec<Resource> {
    joined(listed(row), touched(record))
}

fn joined(mut listed: Vec<Resource>, touched: Vec<Resource>) -> Vec<Resource> {
    let mut places = HashMap::new();
    for (place, resource) in listed.iter().enumerate() {
        places.entry(resource.arn.clone()).or_insert(place);
    }
    for touch in touched {
        match places.get(&touch.arn) {
            Some(place) if listed[*place].kind.is_empty() => listed[*place].kind = touch.kind,
            Some(_) => {}
            None => {
                places.insert(touch.arn.clone(), listed.len());
                listed.push(touch);
            }
        }
    }
    listed
}

/// The elements of `resources`.
pub(crate) fn listed(row: &RecordBatch) -> Vec<Resource> {
    let lists = row
        .column_by_name("resources")
        .and_then(|array| array.as_list_opt::<i32>());
    let Some(lists) = lists.filter(|lists| lists.is_valid(0)) else {
        return Vec::new();
    };
    let elements = lists.value(0);
    let field = |name: &str, nth: usize| {
        let texts = elements.as_struct_opt()?.column_by_name(name)?;
        let texts = texts.as_string_opt::<i32>()?;
        texts.is_valid(nth).then(|| texts.value(nth).to_owned())
    };
    let resource = |nth: usize| {
        Some(Resource {
            arn: field("arn", nth).or_else(|| field("arn_prefix", nth))?,
            kind: field("type", nth).unwrap_or_default(),
        })
    };
    (0..elements.len()).filter_map(resource).collect()
}

fn touched(record: &str) -> Vec<Resource> {
    let touched = |root: Value<'_>| {
        let touched = resources::touched(&Record::new(root));
        let resource = |touch: Touch<'_>| Resource {
            arn: touch.arn.into_owned(),
            kind: touch.kind.to_owned(),
        };
        touched.into_iter().map(resource).collect()
    };
    let mut parser = Parser::default();
    if let Ok(touched) = parser.parse(record, touched) {
        return touched;
    }
    let mended = mend(record).and_then(|Mended { text, for_parser }| {
        parser.parse_mended(&text, for_parser, touched).ok()
    });
    mended.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_resources_join_those_that_are_listed() {
        let resource = |arn: &str, kind: &str| Resource {
            arn: arn.to_owned(),
            kind: kind.to_owned(),
        };
        let listed = vec![resource("a", ""), resource("b", "B"), resource("a", "A")];
        let touched = vec![
            resource("b", "other"),
            resource("c", "C"),
            resource("a", "A1"),
        ];
        let expected = [("a", "A1"), ("b", "B"), ("a", "A"), ("c", "C")];
        assert_eq!(
            joined(listed, touched),
            expected.map(|(arn, kind)| resource(arn, kind))
        );

        // Looking at all of them for each of them would take minutes.
        let many = || {
            (0..200_000)
                .map(|n| resource(&n.to_string(), "K"))
                .collect()
        };
        assert_eq!(joined(many(), many()).len(), 200_000);
    }
}
