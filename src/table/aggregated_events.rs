//! `aggregated_events`: CloudTrail's own five-minute summaries of data events, a row per statistic
//! (docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aggregated-events.html).

use super::chunk::Chunk;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use super::shape::{self, Form, Member, Shape};
use crate::limits;
use crate::trail::json::Value;
use crate::trail::record::{Field, Record};
use crate::trail::time;

columns! {
    window_start: Time, "Begin of the window, inclusive (UTC)";
    window_end: Time, "End of the window, exclusive (UTC)";
    event_id: Text, "CloudTrail's id of the record";
    account_id: Text, "Account";
    aws_region: Text, "Region";
    event_source: Text, "Service that was called";
    primary_dimension: Text, "What is counted by: eventName, resourceARN or userIdentity";
    name: Text, "Value of that dimension";
    value: Int64, "How many events";
    details: Plain, "JSON: the counts by further dimensions, as written; of a huge record in its first row alone";
    extra: Plain, "JSON: every key, at any level, that has no column; of a huge record in its first row alone";
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
    let root = record.root();
    let mut rest = shape::take_apart(chunk, root, SHAPE);
    let statistics = match rest.statistics[..] {
        [value] => statistics(value),
        _ => None,
    };
    rest.irregular |= statistics.is_none() && !rest.statistics.is_empty();
    let n_rows = statistics.as_ref().map_or(1, |all| all.len().max(1));
    if statistics.as_ref().is_some_and(Vec::is_empty) {
        rest.extra.add(STATISTICS, "[]");
    }
    let extra = (!rest.extra.is_empty()).then(|| rest.extra.to_json());
    if rest.irregular || origin.mended.is_some() {
        let raw = origin.mended.unwrap_or(root.raw().as_bytes());
        chunk.binary(Col::record_raw, raw);
    }
    if let Some(extra) = &extra {
        chunk.text(Col::extra, extra);
    }
    let first = chunk.rows();
    for nth in 0..n_rows {
        if nth > 0 {
            repeat(chunk, first, n_rows);
        }
        if let Some((name, value)) = statistics.as_ref().and_then(|all| all.get(nth)) {
            chunk.text(Col::name, name);
            chunk.int(Col::value, *value);
        }
        chunk.int(Col::window_start, start);
        chunk.int(Col::nth, i64::try_from(nth).unwrap_or(i64::MAX));
        origin.write(chunk, &origin_columns!());
        chunk.end_row();
    }
}

/// Writes what all rows of a record have alike, as its first row has it. Its JSON stands in that one alone where all of them would
/// take a thousand times as much as the record.
fn repeat(chunk: &mut Chunk, first: usize, n_rows: usize) {
    const JSON: [Col; 2] = [Col::details, Col::extra];
    let bytes = |column| chunk.get_text(column, first).map_or(0, str::len);
    let json_bytes = JSON.map(bytes).iter().sum::<usize>();
    if n_rows.saturating_mul(json_bytes) <= limits::REPEATED_JSON_BYTES_MAX {
        for column in JSON {
            chunk.repeat(column, first);
        }
    }
    let is_alike = |member: &&Member| matches!(member.form, Form::Text | Form::Time);
    for member in SHAPE.iter().filter(is_alike) {
        chunk.repeat(member.column, first);
    }
}

/// The statistics, where each is a name and a whole number; `None` where any is not.
fn statistics(value: Value<'_>) -> Option<Vec<(&str, i64)>> {
    value
        .is_array()
        .then(|| value.elements().map(statistic).collect())?
}

fn statistic(element: Value<'_>) -> Option<(&str, i64)> {
    let (name, count) = (element.get("name")?.as_str()?, element.get("value")?.raw());
    let number = count
        .parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == count)?;
    (element.len() == 2).then_some((name, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::json::Parser;

    fn rows_of(record: &str) -> Chunk {
        let mut chunk = Chunk::new(&TABLE);
        let origin = Origin {
            object: 0,
            source: "bucket",
            source_object: "key",
            source_index: 0,
            delivery_time: None,
            content_hash: 0,
            mended: None,
        };
        Parser::default()
            .parse(record, |root| {
                append(&mut chunk, &Record::new(root), 0, &origin);
            })
            .expect("is JSON");
        chunk
    }

    fn record_of(statistics: usize, details: &str) -> String {
        let statistic = |n: usize| format!(r#"{{"name":"n{n}","value":{n}}}"#);
        let statistics: Vec<_> = (0..statistics).map(statistic).collect();
        format!(
            r#"{{"eventId":"e","accountId":null,"accountId":"1","more":2,"timeWindow":{{"windowEnd":"2026-08-01T00:05:00Z"}},"summary":{{"primaryDimension":{{"dimension":"eventName","statistics":[{}]}},"details":["{details}"]}}}}"#,
            statistics.join(",")
        )
    }

    #[test]
    fn each_statistic_has_the_members_of_its_record() {
        let chunk = rows_of(&record_of(3, "d"));
        assert_eq!(chunk.rows(), 3);
        for row in 0..3 {
            let name = format!("n{row}");
            for (column, expected) in [
                (Col::name, name.as_str()),
                (Col::event_id, "e"),
                (Col::account_id, "1"),
                (Col::primary_dimension, "eventName"),
                (Col::details, r#"["d"]"#),
                (Col::extra, r#"{"more":2}"#),
            ] {
                assert_eq!(chunk.get_text(column, row), Some(expected), "row {row}");
            }
            assert!(chunk.get_int(Col::window_end, row).is_some());
        }
    }

    /// Rows of a record stand together by its id: two ids would part them.
    #[test]
    fn of_two_members_of_a_name_all_rows_have_the_same() {
        let record = record_of(2, "d").replacen(r#""eventId""#, r#""eventId":7,"eventId""#, 1);
        let chunk = rows_of(&record);
        for row in 0..2 {
            assert_eq!(chunk.get_text(Col::event_id, row), Some("e"), "row {row}");
        }
        assert_eq!(
            chunk.get_binary(Col::record_raw, 0),
            Some(record.as_bytes())
        );
    }

    /// In each of 100,000 rows it would take 100 GB.
    #[test]
    fn much_json_of_many_statistics_stands_in_the_first_row_alone() {
        let chunk = rows_of(&record_of(100_000, &"d".repeat(1 << 20)));
        assert_eq!(chunk.rows(), 100_000);
        let has = |column: Col| [0, 1, 99_999].map(|row| chunk.get_text(column, row).is_some());
        assert_eq!(has(Col::details), [true, false, false]);
        assert_eq!(has(Col::extra), [true, false, false]);
        assert_eq!(has(Col::event_id), [true; 3]);
        assert_eq!(has(Col::name), [true; 3]);
    }
}
