//! `aggregated_events`: CloudTrail's own five-minute summaries of data events, a row per statistic
//! (docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aggregated-events.html).

use super::chunk::Chunk;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use super::shape::{self, Form, Member, Shape};
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};
use crate::trail::time;

columns! {
    window_start: Time, "Begin of the window, inclusive (UTC)";
    window_end: Time, "End of the window, exclusive (UTC)";
    event_id: Plain, "CloudTrail's id of the record";
    account_id: Text, "Account";
    aws_region: Text, "Region";
    event_source: Text, "Service that was called";
    primary_dimension: Text, "What is counted by: eventName, resourceARN or userIdentity";
    name: Text, "Value of that dimension";
    value: Int64, "How many events";
    details: Plain, "JSON: the counts by further dimensions, as written";
    extra: Plain, "JSON: every key, at any level, that has no column";
    source: Text, "Bucket or folder that the record was read from, with what stands before AWSLogs/";
    source_object: Text, "Delivery object that held the record, from AWSLogs/ on";
    source_index: Int64, "Position of the record in its object, from 0";
    content_hash: Int64, "XXH3 of the record's bytes without white space outside strings";
    record_raw: Binary, "The record's own bytes, in its first row, only where its rows would not give it back";
    delivery_time: Time, "";
    object: Int64, "";
    nth: Int64, "";
}

/// The table.
pub static TABLE: Table = Table {
    name: "aggregated_events",
    doc: "CloudTrail's five-minute summaries of data events, one row per statistic",
    columns: COLUMNS,
    order: &[
        Col::window_start as usize,
        Col::account_id as usize,
        Col::event_id as usize,
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

/// Where each member of a record is.
pub static SHAPE: Shape = &[
    member(&["accountId"], Col::account_id, Form::Text),
    member(&["eventId"], Col::event_id, Form::Text),
    member(&["awsRegion"], Col::aws_region, Form::Text),
    member(&["eventSource"], Col::event_source, Form::Text),
    member(
        &["timeWindow", "windowStart"],
        Col::window_start,
        Form::Time,
    ),
    member(&["timeWindow", "windowEnd"], Col::window_end, Form::Time),
    member(
        &["summary", "primaryDimension", "dimension"],
        Col::primary_dimension,
        Form::Text,
    ),
    member(STATISTICS, Col::name, Form::Statistics),
    member(&["summary", "details"], Col::details, Form::Json),
];

const STATISTICS: &[&str] = &["summary", "primaryDimension", "statistics"];

const fn member(path: &'static [&'static str], column: Col, form: Form) -> Member {
    Member {
        path,
        column: column as usize,
        form,
    }
}

/// Returns the begin of the record's window.
pub fn window_start(record: &Record<'_>) -> Option<i64> {
    time::parse(record.path_str(Field::TimeWindow, &["windowStart"])?)
}

/// Appends the rows of a record whose window begins at that time.
pub fn append(chunk: &mut Chunk, record: &Record<'_>, start: i64, origin: &Origin<'_>) {
    let statistics = statistics(record.root().path(STATISTICS));
    let n_rows = statistics
        .as_ref()
        .map_or(1, |statistics| statistics.len().max(1));
    for nth in 0..n_rows {
        let mut rest = shape::take_apart(chunk, record.root(), SHAPE);
        rest.irregular |= n_statistics(record) != usize::from(statistics.is_some());
        if let Some(statistics) = &statistics {
            match statistics.get(nth) {
                Some((name, value)) => {
                    chunk.text(Col::name, name);
                    chunk.int(Col::value, *value);
                }
                None => {
                    rest.extra.add(STATISTICS, "[]");
                }
            }
        }
        chunk.int(Col::window_start, start);
        chunk.int(Col::nth, i64::try_from(nth).unwrap_or(i64::MAX));
        if !rest.extra.is_empty() {
            chunk.text(Col::extra, &rest.extra.to_json());
        }
        origin.write(chunk, &origin_columns!());
        if nth == 0 && (rest.irregular || origin.mended.is_some()) {
            chunk.binary(
                Col::record_raw,
                origin.mended.unwrap_or(record.root().raw().as_bytes()),
            );
        }
        chunk.end_row();
    }
}

/// The statistics, where each is a name and a whole number; `None` where any is not, or there are none.
fn statistics(value: Option<Value<'_>>) -> Option<Vec<(&str, i64)>> {
    value
        .filter(|value| value.is_array())?
        .elements()
        .map(statistic)
        .collect()
}

fn statistic(element: Value<'_>) -> Option<(&str, i64)> {
    let (name, count) = (element.get("name")?.as_str()?, element.get("value")?.raw());
    let number = count
        .parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == count)?;
    (element.len() == 2).then_some((name, number))
}

/// How many members named `statistics` there are, null or not.
fn n_statistics(record: &Record<'_>) -> usize {
    let dimension = record.root().path(&STATISTICS[..2]);
    dimension.map_or(0, |d| {
        d.members()
            .filter(|(key, value)| *key == STATISTICS[2] && !value.is_null())
            .count()
    })
}
