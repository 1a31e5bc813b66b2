//! Nothing is lost: a record taken apart into a row and put together again is the same JSON.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::json::Json;
use crate::records::{self, Dice};
use crate::support::{self, Out, Row, document, mill, trailmill};

fn normal(record: &str) -> Json {
    Json::parse(record)
        .unwrap_or_else(|e| panic!("{e}: {record}"))
        .normal()
}

/// Checks that each record, alone and all in one object, is rebuilt.
fn check(records: &[impl AsRef<str>]) {
    let content = document(records);
    let milled = mill(&[content.as_bytes()]);
    assert!(
        milled.rejects().is_empty(),
        "{:?} of {content}",
        milled.rejects()
    );
    for table in ["events", "insights", "aggregated_events", "mcp_events"] {
        milled.rows(table).iter().for_each(check_json_columns);
    }
    let rebuilt = milled.records();
    assert_eq!(rebuilt.len(), records.len(), "{content}");
    for (record, (index, rebuilt)) in records.iter().zip(&rebuilt) {
        let record = record.as_ref();
        assert_eq!(
            normal(rebuilt),
            normal(record),
            "record {index} was\n{record}\nand became\n{rebuilt}"
        );
    }
}

/// JSON columns are what every engine takes.
fn check_json_columns(row: &Row) {
    for column in JSON_COLUMNS {
        let Some(text) = row.get(column) else {
            continue;
        };
        let text = text.as_str().unwrap();
        let value = Json::parse(text).unwrap_or_else(|e| panic!("{column}: {e}: {text}"));
        assert!(!value.has_lone_surrogate(), "{column}: {text}");
    }
}

const JSON_COLUMNS: [&str; 11] = [
    "request_parameters",
    "response_elements",
    "additional_event_data",
    "service_event_details",
    "edge_device_details",
    "event_context",
    "mcp_event_details",
    "in_scope_of",
    "attributions",
    "details",
    "extra",
];

const BEGIN: &str = r#""eventVersion":"1.08","eventTime":"2026-08-01T12:00:00Z""#;

fn check_with(members: &str) {
    check(&[format!("{{{BEGIN},{members}}}")]);
}

#[test]
fn an_ordinary_record_needs_no_bytes_of_its_own() {
    let record = support::event(1, "2026-08-01T12:00:00Z", "");
    check(&[&record]);
    let rows = mill(&[record.as_bytes()]).rows("events");
    assert_eq!(rows[0].get("record_raw"), None);
    assert_eq!(rows[0].get("extra"), None);
}

#[test]
fn odd_records_come_back() {
    check_with(r#""userAgent":["a","b"],"readOnly":"true","errorCode":7,"requestID":true"#);
    check_with(r#""readOnly":"TRUE","managementEvent":0,"sessionCredentialFromConsole":true"#);
    check_with(r#""eventName":"a","eventName":"b""#);
    check_with(r#""event\u004eame":"a","new\nkey":"b","\ud800":1"#);
    check_with(
        r#""requestParameters":{"a":1234567890123456789012345,"b":1e999,"c":0.0,"d":"\ud800"}"#,
    );
    check_with(
        r#""requestParameters":["\ud800\u0041","\udc00","\ud83d\ud83d\ude00","\ud800\n","\\ud800","\uD83D"]"#,
    );
    check_with(r#""requestParameters":"a string","responseElements":[],"eventContext":7"#);
    check_with(r#""userIdentity":{},"tlsDetails":{},"addendum":{},"resources":[]"#);
    check_with(r#""userIdentity":"x","tlsDetails":[1],"addendum":1,"resources":{}"#);
    check_with(
        r#""userIdentity":{"sessionContext":{"sessionIssuer":{},"webIdFederationData":{"attributes":{}},"attributes":{}}}"#,
    );
    check_with(
        r#""userIdentity":{"sessionContext":{"attributes":{"creationDate":"20260801T120000Z","mfaAuthenticated":true,"new":{}}}}"#,
    );
    check_with(
        r#""resources":[{"ARN":"a","type":"t"},{"arn":"b"},{},null,"c",{"ARN":7,"new":1},{"ARNPrefix":"p","accountId":null}]"#,
    );
    check_with(&format!(
        r#""requestParameters":{}1{}"#,
        "[".repeat(190),
        "]".repeat(190)
    ));
    // Rows of one record, by either of its ids.
    let aggregated = r#"{"eventType":"AwsAggregatedEvent","eventId":12,"eventId":"id","timeWindow":{"windowStart":"2026-08-01T12:00:00Z"},"summary":{"primaryDimension":{"statistics":[{"name":"GetObject","value":12},{"name":"PutObject","value":3}]}}}"#;
    let dimension = r#""primaryDimension":{"statistics""#;
    let twice = |before| aggregated.replace(dimension, &format!("{before},{dimension}"));
    check(&[
        aggregated,
        &aggregated.replace("12,", "\"a\","),
        &twice(r#""primaryDimension":null"#),
        &twice(r#""primaryDimension":{"statistics":[]}"#),
        &twice(r#""primaryDimension":{"statistics":7}"#),
        &twice(r#""primaryDimension":7"#),
    ]);
    check(&[
        r#" { "eventTime" : "2026-08-01 12:00:00.25" , "requestParameters" : { "a" : [ 1 , 2 ] } } "#,
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_record_is_rebuilt(rolls in records::dice()) {
        let records: Vec<String> = rolls
            .into_iter()
            .enumerate()
            .map(|(n, rolls)| records::record(&mut Dice::new(rolls, true), n))
            .collect();
        check(&records);
    }
}

/// Every record of the real data that has a usable time, but for exact copies.
#[test]
fn every_real_record_is_rebuilt() {
    let Some(pool) = support::real_data("pool") else {
        return;
    };
    let mut n_records = 0;
    for name in support::files(&pool) {
        let content = String::from_utf8(support::read_gz(&pool.join(&name))).unwrap();
        let lines: Vec<&str> = content.lines().filter(|line| !line.is_empty()).collect();
        let milled = mill(&[content.as_bytes()]);
        let rejected: BTreeSet<usize> = milled
            .rows("rejects")
            .iter()
            .map(|row| {
                assert_eq!(row["reason"], "no_event_time", "{name}");
                let index = usize::try_from(row["record_index"].as_u64().unwrap()).unwrap();
                assert_eq!(row["raw"], lines[index], "{name}: the bytes are kept");
                index
            })
            .collect();
        let rebuilt = milled.records();
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            let is_copy = *first.entry(line).or_insert(index) != index;
            match rebuilt.get(&index) {
                Some(rebuilt) => assert_eq!(normal(rebuilt), normal(line), "{name}:{index}"),
                None => assert!(
                    is_copy || rejected.contains(&index),
                    "{name}:{index} is lost"
                ),
            }
            assert!(
                !(is_copy && rebuilt.contains_key(&index)),
                "{name}:{index} is a copy"
            );
        }
        n_records += rebuilt.len();
    }
    assert!(n_records > 5_000, "{n_records}");
}

/// The whole way: folder, tables, export.
#[test]
fn the_real_trail_comes_back_from_export() {
    let Some(trail) = support::real_data("trail") else {
        return;
    };
    let mut expected: Vec<Json> = Vec::new();
    for name in support::files(&trail) {
        let content = String::from_utf8(support::read_gz(&trail.join(name))).unwrap();
        match Json::parse(&content).unwrap().get("Records") {
            Some(Json::Array(records)) => {
                expected.extend(records.iter().cloned().map(Json::normal));
            }
            other => panic!("{other:?}"),
        }
    }
    let out = Out::new();
    let summary = out.run(&[trail.to_str().unwrap()]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 2902);
    let ids: BTreeSet<String> = out
        .rows("events")
        .iter()
        .map(|row| row["event_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2902);
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    let mut exported: Vec<Json> = exported.lines().map(normal).collect();
    expected.sort();
    exported.sort();
    assert!(exported == expected, "export gives other records");
}
