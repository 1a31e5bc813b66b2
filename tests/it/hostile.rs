//! Input that is made to be dear: what it costs is bounded by its length, whatever is repeated in it. Where it cost the square of
//! that, these tests would take minutes, and where it were multiplied, gigabytes.

use serde_json::{Value, json};

use crate::support::{Milled, document, event, mill};

const TIME: &str = "2026-08-01T12:00:00Z";

/// Fills so many bytes with a part again and again.
fn filled(bytes: usize, part: &str) -> String {
    part.repeat(bytes / part.len())
}

/// Mills one record, which is sound.
#[track_caller]
fn check_record(record: &Value, about: &str) -> Milled {
    let milled = mill(&[document(&[record.to_string()]).as_bytes()]);
    let counts = &milled.outcomes[0].counts;
    assert_eq!((counts.records, counts.rejected), (1, 0), "{about}");
    milled
}

#[test]
fn objects_of_one_part_again_and_again() {
    let begins = [
        "",
        "[",
        r#"{"Records":["#,
        r#"{"Records":[{"eventVersion"{"eventVersion"},"#,
        "{\n{\"a\":1}\n",
    ];
    let parts = [
        "{",
        "[",
        "}",
        "]",
        "\"",
        ",",
        ":",
        " ",
        "\n",
        "\\\"",
        "{\n",
        "{\"\n",
        "\n{\"a\":\"\\\n",
        "{},",
        "[],",
        "1,",
        "{},{},1,",
        r#"{"a":["#,
        r#"{"eventVersion":{"#,
        r#"{"eventVersion":""#,
        r#"{"eventVersion",1,["#,
        r#"{"eventVersion"},1,["#,
        r#"{"eventVersion":1}{"#,
        r#"{"Events":[}},"#,
        "{\"Records\":[{\n",
        "{\"detail-type\":\"x via CloudTrail\",\"detail\":{\n",
        "2026-08-01T00:00:00Z {\n",
    ];
    for begin in begins {
        for part in parts {
            let object = format!("{begin}{}", filled(256 << 10, part));
            let milled = mill(&[object.as_bytes()]);
            let is_counted = milled.outcomes[0].counts.records > 0 || !milled.rejects().is_empty();
            assert!(is_counted, "{begin}{part}…");
        }
    }
}

#[test]
fn fields_of_one_part_again_and_again() {
    let base: Value = serde_json::from_str(&event(0, TIME, "")).expect("is JSON");
    let fields = [
        "/userIdentity/arn",
        "/userIdentity/principalId",
        "/userIdentity/userName",
        "/eventSource",
        "/eventName",
        "/awsRegion",
        "/sourceIPAddress",
        "/userAgent",
        "/requestParameters/bucketName",
        "/resources/0/ARN",
        "/recipientAccountId",
    ];
    let parts = [
        " ",
        "\\",
        "\"",
        ", ",
        ": ",
        " ,",
        "/",
        ":",
        "arn:",
        "mcp",
        "abs ",
        "é",
        "\u{1}",
        "1, ",
        "md/awslabs#mcp#",
        "-mcp-server/",
        "(",
        "[",
    ];
    for field in fields {
        for part in parts {
            let mut record = base.clone();
            let text = format!("x{}y", filled(128 << 10, part));
            *record.pointer_mut(field).expect("a field") = text.into();
            check_record(&record, &format!("{field}: {part}…"));
        }
    }
}

#[test]
fn members_and_elements_in_great_number() {
    const MANY: usize = 20_000;
    let members = || -> Value {
        let members = (0..MANY).map(|n| (format!("m{n}"), json!(n)));
        Value::Object(members.collect())
    };
    let arns = || -> Value {
        let arn = |n: usize| json!({"ARN": format!("arn:aws:s3:::bucket-{n}")});
        (0..MANY).map(arn).collect()
    };
    let base: Value = serde_json::from_str(&event(0, TIME, "")).expect("is JSON");
    let fields = [
        "userIdentity",
        "requestParameters",
        "responseElements",
        "additionalEventData",
        "tlsDetails",
        "addendum",
        "insightDetails",
        "more",
    ];
    for field in fields {
        let mut record = base.clone();
        record[field] = members();
        check_record(&record, field);
        record[field] = json!({"list": arns(), "object": members()});
        check_record(&record, field);
    }
    let mut record = base;
    record["resources"] = arns();
    check_record(&record, "resources");
    record["userIdentity"]["arn"] = filled(1 << 20, "x").into();
    check_record(&record, "resources and a principal");

    let statistics: Vec<Value> = (0..MANY)
        .map(|n| json!({"name": n.to_string(), "value": n}))
        .collect();
    let aggregated = json!({
        "eventType": "AwsAggregatedEvent", "eventId": filled(1 << 20, "x"), "accountId": "1",
        "timeWindow": {"windowStart": TIME, "windowEnd": TIME}, "more": members(),
        "summary": {
            "primaryDimension": {"dimension": "eventName", "statistics": statistics},
            "details": [filled(1 << 20, "x")],
        },
    });
    let milled = check_record(&aggregated, "statistics");
    let rebuilt: Value = serde_json::from_str(&milled.records()[&0]).expect("is JSON");
    assert!(rebuilt == aggregated, "the record is whole");
}
