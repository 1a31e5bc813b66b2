//! Wrappings, what is broken in them, and what never ends.

use super::*;
use proptest::prelude::*;

#[test]
fn a_string_is_as_long_as_what_it_says() {
    let check = |string: &str, expected| {
        assert_eq!(unescaped_least(string.as_bytes()), expected, "{string}");
    };
    check(r#""""#, 0);
    check(r#""abc""#, 3);
    check(r#""a\"b\\\u0041""#, 5);
    check(r#""\"#, 0);
}

/// Notes what it is given; takes what is JSON and has an `n`.
#[derive(Default)]
struct Notes {
    records: Vec<String>,
    rejects: Vec<String>,
}

impl Visitor for Notes {
    fn record(&mut self, place: Place, record: &[u8]) -> Result<(), (Reason, String)> {
        let value: serde_json::Value =
            serde_json::from_slice(record).map_err(|e| (Reason::InvalidJson, e.to_string()))?;
        let name = value["n"]
            .as_i64()
            .ok_or((Reason::NotCloudtrail, String::new()))?;
        self.records.push(format!("{}:{name}", place.index));
        Ok(())
    }

    fn reject(&mut self, reject: Reject<'_>) {
        let index = reject
            .record_index
            .map_or("-".to_owned(), |index| index.to_string());
        let (reason, at) = (reject.reason.name(), reject.byte_offset);
        self.rejects
            .push(format!("{index}:{reason}@{at}+{}", reject.raw.len()));
    }
}

fn check(content: &str, records: &[&str], rejects: &[&str]) {
    let mut notes = Notes::default();
    unwrap(content.as_bytes(), true, &mut notes);
    assert_eq!(
        (notes.records, notes.rejects),
        (strings(records), strings(rejects)),
        "{content}"
    );
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn wrappings() {
    check(r#"{"Records":[{"n":1},{"n":2}]}"#, &["0:1", "1:2"], &[]);
    check(
        "\u{feff} { \"Records\" : [ {\"n\":1} , {\"n\":2} ] , \"x\": [1] } \n",
        &["0:1", "1:2"],
        &[],
    );
    check(r#"{"x":{"Records":[]},"Records":[{"n":1}]}"#, &["0:1"], &[]);
    check(r#"{"Records":[]}"#, &[], &[]);
    check(r#"[{"n":1},{"n":2}]"#, &["0:1", "1:2"], &[]);
    check(r#"{"n":1}"#, &["0:1"], &[]);
    check(
        "{\"n\":1}\n{\"n\":2}\r\n\n{\"n\":3}\n",
        &["0:1", "1:2", "2:3"],
        &[],
    );
    check(
        r#"{"n":1}{"n":2}{"Records":[{"n":3}]}[{"n":4}]"#,
        &["0:1", "1:2", "2:3", "3:4"],
        &[],
    );
    check(
        "{\"Records\":[{\"n\":1}]}\n{\"Records\":[{\"n\":2}]}",
        &["0:1", "1:2"],
        &[],
    );
}

#[test]
fn lookup_events() {
    let event = r#"{"EventId":"x","CloudTrailEvent":"{\"n\":1,\"a\":\"\\\"\"}","Resources":[]}"#;
    check(
        &format!(r#"{{"Events":[{event},{event}],"NextToken":"t"}}"#),
        &["0:1", "1:1"],
        &[],
    );
    check(&format!("[{event}]"), &["0:1"], &[]);
    check(event, &["0:1"], &[]);
}

#[test]
fn event_bridge() {
    let envelope =
        |kind: &str| format!(r#"{{"version":"0","detail-type":"{kind}","detail":{{"n":1}}}}"#);
    check(&envelope("AWS API Call via CloudTrail"), &["0:1"], &[]);
    check(
        &envelope("AWS Console Signin via CloudTrail"),
        &["0:1"],
        &[],
    );
    check(
        &envelope("EC2 Instance State-change Notification"),
        &[],
        &["0:not_cloudtrail@0+87"],
    );
}

#[test]
fn cloud_watch_logs() {
    let payload = r#"{"messageType":"DATA_MESSAGE","owner":"1","logEvents":[{"id":"a","timestamp":1,"message":"{\"n\":1}"},{"id":"b","timestamp":2,"message":"{\"n\":2}"}]}"#;
    check(payload, &["0:1", "1:2"], &[]);
    check(
        &format!("{payload}{payload}"),
        &["0:1", "1:2", "2:1", "3:2"],
        &[],
    );
    check(
        r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","message":"CWL CONTROL MESSAGE"}]}"#,
        &[],
        &[],
    );
    check(
        "2026-08-01T00:00:00.000Z {\"n\":1}\n1754006400000 {\"n\":2}\n",
        &["0:1", "1:2"],
        &[],
    );
    check(
        r#"{"events":[{"logStreamName":"s","message":"{\"n\":1}"}]}"#,
        &["0:1"],
        &[],
    );
}

#[test]
fn a_bad_record_costs_itself() {
    check(
        r#"{"Records":[{"n":1},{"n":},{"n":3}]}"#,
        &["0:1", "2:3"],
        &["1:invalid_json@20+6"],
    );
    check(
        r#"{"Records":[{"n":1},7,null,"x",{"n":3}]}"#,
        &["0:1", "2:3"],
        &["1:not_an_object@20+10"],
    );
    // A quote is missing: the records behind are found by how they begin.
    let lost = r#"{"Records":[{"eventVersion":"1","n":1,"x":"y},{"eventVersion":"1","n":2},{"eventVersion":"1","n":3}]}"#;
    check(lost, &["1:2", "2:3"], &["0:invalid_json@12+34"]);
    check(
        "{\"n\":1}\n{\"n\":\"\n{\"n\":3}\n",
        &["0:1", "2:3"],
        &["1:invalid_json@8+7"],
    );
}

#[test]
fn a_cut_costs_what_is_behind_it() {
    check(
        r#"{"Records":[{"n":1},{"n":2"#,
        &["0:1"],
        &["1:truncated@20+6"],
    );
    check(r#"{"Records":[{"n":1},"#, &["0:1"], &["-:truncated@20+0"]);
    check(r#"{"Records":["#, &[], &["-:truncated@12+0"]);
    check(r#"{"Rec"#, &[], &["0:truncated@0+5"]);
}

#[test]
fn a_document_without_end_costs_what_follows_its_records() {
    check(
        "{\"Records\":[{\"n\":1}],\"x\":[1\n{\"Records\":[{\"n\":2}]}\n",
        &["0:1", "1:2"],
        &["-:truncated@20+8"],
    );
    check(r#"{"Records":[],"x":[1"#, &[], &["-:truncated@13+7"]);
}

#[test]
fn what_is_wrong_in_a_wrapping_ends_with_it() {
    check(
        r#"[{"Events":[}},{"n":1},{"Events":[{"n":2}}},{"n":3}]"#,
        &["0:1", "1:2", "2:3"],
        &["-:invalid_json@12+2", "-:invalid_json@41+2"],
    );
}

/// Following each of them to the end of the object would take hours.
#[test]
fn values_that_never_end_cost_no_more_than_their_length() {
    let check = |begin: &str, text: &str| {
        let content = format!("{begin}{}", text.repeat((1 << 20) / text.len()));
        let mut notes = Notes::default();
        unwrap(content.as_bytes(), true, &mut notes);
        assert_eq!(notes.records, strings(&[]), "{text}");
        assert!(notes.rejects.len() > 10_000, "{text}");
    };
    check("", "{\n");
    check("", "{\"\n");
    check("{\"Records\":[", r#"{"eventVersion":{"#);
    check("{\"Records\":[", r#"{"eventVersion",1,["#);
    check("{\"Records\":[", r#"{"eventVersion"},1,["#);
    check("[", r#"{"Events":[}},"#);
    check(r#"{"Records":[{"eventVersion"{"eventVersion"},"#, "{},1,");
}

#[test]
fn a_value_of_a_broken_object_ends_before_many_that_seem_to_follow() {
    let inner = |n: usize| {
        format!(
            "{{\"n\":1,\"x\":[{}]}}",
            "\n{},".repeat(n).trim_end_matches(',')
        )
    };
    let lines = |n: usize| format!("{{\"\n{}\n{{\"n\":2}}", inner(n));
    let near = limits::BEGINS_PASSED_MAX / 2;
    let records = |content: &str| {
        let mut notes = Notes::default();
        unwrap(content.as_bytes(), true, &mut notes);
        notes.records.len()
    };
    assert_eq!(records(&inner(100)), 1);
    assert_eq!(records(&lines(near)), 2);
    assert_eq!(records(&lines(100)), 1);
}

#[test]
fn no_cloudtrail() {
    check("", &[], &["-:empty_object@0+0"]);
    check(" \n", &[], &["-:empty_object@0+2"]);
    check("hello\nworld", &[], &["-:not_json@0+11"]);
    check(
        "hello\nworld\n{\"n\":1}\nbye",
        &["0:1"],
        &["-:not_json@0+12", "-:not_json@20+3"],
    );
    check(r#"{"a":1}"#, &[], &["0:not_cloudtrail@0+7"]);
}

#[test]
fn hostile_input_ends() {
    for text in [
        "{",
        "[",
        "[[[[",
        "}",
        "]",
        ":",
        "{\"Records\":[}}}}",
        "[}",
        "{\"Records\":[]]]]",
        "\"",
        "[\"",
        "{\"Records\"",
        "{\"Records\":",
        "[,,,,]",
        "{\"Records\":[{]}",
        "{\n{\"Records\":[],",
        "{\n{\"Records\":[],\"a\":",
        "{\n[1,",
        "{\n[1,[",
    ] {
        let mut notes = Notes::default();
        unwrap(text.as_bytes(), true, &mut notes);
        assert!(notes.records.is_empty(), "{text}");
    }
}

/// Any text of what records and wrappings are made of.
fn any_text() -> impl Strategy<Value = String> {
    const PARTS: [&str; 15] = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "a",
        "1",
        " ",
        "\n",
        "\n{",
        "{\"Records\":[",
        "{\"eventVersion\"",
        "{\"Events\":[",
    ];
    prop::collection::vec(prop::sample::select(&PARTS[..]), 0..40).prop_map(|parts| parts.concat())
}

proptest::proptest! {
    #[test]
    fn any_bytes_end(text in any_text()) {
        unwrap(text.as_bytes(), true, &mut Notes::default());
        unwrap(format!("{{\"Records\":[{text}").as_bytes(), false, &mut Notes::default());
    }
}
