//! `insights`: what CloudTrail Insights found unusual, a row for its start and one for its end
//! (docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html).

use super::chunk::Chunk;
use super::origin::{Origin, origin_columns};
use super::schema::{Identity, Table, columns};
use super::shape::{self, Form, Member, Shape};
use crate::trail::record::Record;

columns! {
    event_time: Time, "When the insight was recorded (UTC)";
    event_id: Plain, "CloudTrail's id of the record";
    recipient_account_id: Text, "Account that the record was delivered to";
    aws_region: Text, "Region";
    shared_event_id: Plain, "Joins the start and the end of one insight";
    state: Text, "Start or End";
    insight_type: Text, "ApiCallRateInsight or ApiErrorRateInsight";
    insight_source: Text, "Service whose calls were unusual";
    insight_name: Text, "Action whose calls were unusual";
    insight_error_code: Text, "Error code whose rate was unusual";
    baseline_average: Double, "Calls a minute before";
    insight_average: Double, "Calls a minute during the insight";
    insight_duration: Int64, "Length of the insight in minutes";
    baseline_duration: Int64, "Length of the baseline in minutes";
    attributions: Plain, "JSON: who and what stood out, as written";
    extra: Plain, "JSON: every key, at any level, that has no column";
    source: Text, "Bucket or folder that the record was read from, with what stands before AWSLogs/";
    source_object: Text, "Delivery object that held the record, from AWSLogs/ on";
    source_index: Int64, "Position of the record in its object, from 0";
    content_hash: Int64, "XXH3 of the record's bytes without white space outside strings";
    record_raw: Binary, "The record's own bytes, only where columns and extra would not give it back";
    delivery_time: Time, "";
    object: Int64, "";
}

/// The table.
pub static TABLE: Table = Table {
    name: "insights",
    doc: "CloudTrail Insights: unusual rates of calls and errors",
    columns: COLUMNS,
    order: &[
        Col::event_time as usize,
        Col::recipient_account_id as usize,
        Col::event_id as usize,
        Col::content_hash as usize,
        Col::delivery_time as usize,
        Col::source as usize,
        Col::source_object as usize,
        Col::source_index as usize,
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
    member(&["eventTime"], Col::event_time, Form::Time),
    member(&["awsRegion"], Col::aws_region, Form::Text),
    member(&["eventID"], Col::event_id, Form::Text),
    member(
        &["recipientAccountId"],
        Col::recipient_account_id,
        Form::Text,
    ),
    member(&["sharedEventID"], Col::shared_event_id, Form::Text),
    member(&["insightDetails", "state"], Col::state, Form::Text),
    member(
        &["insightDetails", "eventSource"],
        Col::insight_source,
        Form::Text,
    ),
    member(
        &["insightDetails", "eventName"],
        Col::insight_name,
        Form::Text,
    ),
    member(
        &["insightDetails", "insightType"],
        Col::insight_type,
        Form::Text,
    ),
    member(
        &["insightDetails", "errorCode"],
        Col::insight_error_code,
        Form::Text,
    ),
    member(
        &[
            "insightDetails",
            "insightContext",
            "statistics",
            "baseline",
            "average",
        ],
        Col::baseline_average,
        Form::Double,
    ),
    member(
        &[
            "insightDetails",
            "insightContext",
            "statistics",
            "insight",
            "average",
        ],
        Col::insight_average,
        Form::Double,
    ),
    member(
        &[
            "insightDetails",
            "insightContext",
            "statistics",
            "insightDuration",
        ],
        Col::insight_duration,
        Form::Int,
    ),
    member(
        &[
            "insightDetails",
            "insightContext",
            "statistics",
            "baselineDuration",
        ],
        Col::baseline_duration,
        Form::Int,
    ),
    member(
        &["insightDetails", "insightContext", "attributions"],
        Col::attributions,
        Form::Json,
    ),
];

const fn member(path: &'static [&'static str], column: Col, form: Form) -> Member {
    Member {
        path,
        column: column as usize,
        form,
    }
}

/// Appends an insight of that time.
pub fn append(chunk: &mut Chunk, record: &Record<'_>, time: i64, origin: &Origin<'_>) {
    let rest = shape::take_apart(chunk, record.root(), SHAPE);
    chunk.int(Col::event_time, time); // in a form that is not CloudTrail's
    if !rest.extra.is_empty() {
        chunk.text(Col::extra, &rest.extra.to_json());
    }
    origin.write(chunk, &origin_columns!());
    if rest.irregular || origin.mended.is_some() {
        chunk.binary(
            Col::record_raw,
            origin.mended.unwrap_or(record.root().raw().as_bytes()),
        );
    }
    chunk.end_row();
}
