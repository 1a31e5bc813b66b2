//! Bad input: the good records of an object are kept, the bad one is a reject with its place; and each wrapping gives
//! the records it holds and no more.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use trailmill::limits;
use trailmill::table::objects::Status;

use crate::support::{self, Bucket, Milled, Out, document, event, gzip, mill, trailmill};

const TIME: &str = "2026-08-01T12:00:00Z";

/// Records 0, 1 and 2.
fn three() -> [String; 3] {
    [0, 1, 2].map(|n| event(n, TIME, ""))
}

/// Returns record 0, something else, record 2.
fn around(middle: &str) -> String {
    document(&[&event(0, TIME, ""), middle, &event(2, TIME, "")])
}

/// The numbers of the events that came through.
fn numbers(milled: &Milled) -> Vec<u64> {
    let rows = milled.rows("events");
    let number = |row: &support::Row| {
        let id = row.get("event_id").and_then(Value::as_str)?;
        id.rsplit('-').next()?.parse().ok()
    };
    rows.iter().filter_map(number).collect()
}

#[track_caller]
fn check(body: impl AsRef<[u8]>, records: &[u64], rejects: &[&str], status: Status) -> Milled {
    let milled = mill(&[body.as_ref()]);
    assert_eq!(numbers(&milled), records);
    assert_eq!(milled.rejects(), rejects);
    let outcome = &milled.outcomes[0];
    assert_eq!(outcome.status, status, "{:?}", outcome.detail);
    let counts = &outcome.counts;
    let of_records = rejects.iter().filter(|reject| !reject.starts_with('-'));
    assert_eq!(counts.rejected, of_records.count() as u64);
    assert_eq!(counts.records, counts.rejected + records.len() as u64);
    milled
}

#[test]
fn broken_objects() {
    use Status::{Corrupt, Done};
    let whole = document(&three());
    check(gzip(&whole), &[0, 1, 2], &[], Done);
    check("", &[], &["-:empty_object"], Corrupt);
    check(gzip(""), &[], &["-:empty_object"], Corrupt);
    check(" \n\t", &[], &["-:empty_object"], Corrupt);
    check(r#"{"Records":[]}"#, &[], &[], Done);
    check(" { \"Records\" : [ ] } ", &[], &[], Done);
    check("<html>no</html>", &[], &["-:not_json"], Corrupt);
    check(gzip("a,b\n1,2\n"), &[], &["-:not_json"], Corrupt);
    check(r#"{"a":1}"#, &[], &["0:not_cloudtrail"], Done);
    check(r#"{"Records":[{"a":1}]}"#, &[], &["0:not_cloudtrail"], Done);
    check(r#"{"Records":{}}"#, &[], &["0:not_cloudtrail"], Done);
    check(b"\x1f\x8b", &[], &["-:truncated"], Corrupt);
    check(
        b"\x1f\x8b\x09\x00no such method",
        &[],
        &["-:bad_compression"],
        Corrupt,
    );

    let mut bad_crc = gzip(&whole);
    let place = bad_crc.len() - 6;
    bad_crc[place] ^= 1;
    check(bad_crc, &[0, 1, 2], &["-:bad_compression"], Corrupt);
    let trailing = [gzip(&whole), b"what is this".to_vec()].concat();
    check(trailing, &[0, 1, 2], &["-:bad_compression"], Corrupt);
}

#[test]
fn a_cut_object_keeps_the_whole_records_before_the_cut() {
    let plain = document(&three());
    let third = plain.find(&event(2, TIME, "")).unwrap();
    check(
        &plain[..third + 40],
        &[0, 1],
        &["2:truncated"],
        Status::Corrupt,
    );
    check(&plain[..third], &[0, 1], &["-:truncated"], Status::Corrupt);

    // Many records, so that a good part inflates before the cut.
    let records: Vec<String> = (0..2000).map(|n| event(n * 7919, TIME, "")).collect();
    let object = gzip(document(&records));
    let milled = mill(&[&object[..object.len() / 2]]);
    let n_kept = numbers(&milled).len();
    assert!((500..2000).contains(&n_kept), "{n_kept}");
    let rejects = milled.rejects();
    assert_eq!(
        rejects,
        [&format!("{n_kept}:truncated"), "-:truncated"],
        "the rest, and why"
    );
    let raw = milled.rows("rejects")[0]["raw"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        !raw.is_empty() && records[n_kept].starts_with(&raw),
        "{raw}"
    );
}

#[test]
fn records_that_are_parsed_many_at_once_give_what_each_gives_alone() {
    let sound: Vec<String> = (0..600).map(|n| event(n, TIME, "")).collect();
    let two = r#"{"a":1},{"eventVersion":"1"}"#;
    let more = format!(",{two}").repeat(7000);
    let likeness = format!(r#","x":[{two}{more}]"#); // looks like the end of a record, many times
    let whole = event(0, TIME, "");
    let bad = [
        event(900, TIME, &likeness),
        event(900, TIME, r#","x":"#),
        whole[..whole.len() - 1].to_owned(),
        whole.replacen("\":\"", "\":", 1),
        "7".to_owned(),
        String::new(),
        format!("{{{}", &likeness[1..]),
    ];
    let check = |text: &str| {
        let spaced = format!(" {text}"); // which is not how CloudTrail writes
        let (together, alone) = (mill(&[text.as_bytes()]), mill(&[spaced.as_bytes()]));
        assert_eq!(together.rows("events"), alone.rows("events"));
        assert_eq!(together.rejects(), alone.rejects());
        assert_eq!(together.outcomes[0].counts, alone.outcomes[0].counts);
        assert_eq!(together.outcomes[0].status, alone.outcomes[0].status);
        assert!(numbers(&together).len() >= 300);
    };
    let sound_document = document(&sound);
    check(&sound_document);
    check(&sound_document.replace("]}", r#"],"next":[{"a":1}]} "#));
    check(&sound_document.replace("]}", ",]}"));
    check(&sound_document[..sound_document.len() - 300]);
    for (bad, place) in bad.iter().zip([300, 400, 500, 599, 450, 350, 420]) {
        let mut records = sound.clone();
        records[place].clone_from(bad);
        check(&document(&records));
    }
}

#[test]
fn one_bad_record_among_good_ones() {
    let control = event(1, TIME, "").replace("aws-cli", "aws\u{1}cli");
    let deep = event(
        1,
        TIME,
        &format!(r#","x":{}{}"#, "[".repeat(400), "]".repeat(400)),
    );
    let no_time = event(1, TIME, "").replace("eventTime", "eventDate");
    let bad_time = event(1, "yesterday", "");
    let bare_time = event(1, "2026-08-01T12:00:00", "");
    let number_time = event(1, TIME, "").replace(&format!("\"{TIME}\""), "1754049600");
    let no_value = event(1, TIME, r#","x":"#);
    for (bad, reject) in [
        (control.as_str(), "1:invalid_json"),
        (&no_value, "1:invalid_json"),
        ("{\"eventVersion\":}", "1:invalid_json"),
        ("{'a':1}", "1:invalid_json"),
        (&deep, "1:too_deep"),
        (&no_time, "1:no_event_time"),
        (&bad_time, "1:no_event_time"),
        (&bare_time, "1:no_event_time"),
        (&number_time, "1:no_event_time"),
        ("7", "1:not_an_object"),
        ("\"text\"", "1:not_an_object"),
        ("null", "1:not_an_object"),
        ("[]", "1:not_an_object"),
        ("{}", "1:not_cloudtrail"),
    ] {
        let body = around(bad);
        let milled = check(&body, &[0, 2], &[reject], Status::Done);
        let row = &milled.rows("rejects")[0];
        assert_eq!(row["raw"], bad, "the bytes are kept");
        assert_eq!(row["raw_bytes"], bad.len());
        let offset = usize::try_from(row["byte_offset"].as_u64().unwrap()).unwrap();
        assert!(body[offset..].starts_with(bad), "at {offset}");
    }
    let body = around(&control).into_bytes();
    let invalid_utf8: Vec<u8> = body
        .iter()
        .map(|b| if *b == 1 { 0xff } else { *b })
        .collect();
    check(invalid_utf8, &[0, 2], &["1:invalid_utf8"], Status::Done);
}

#[test]
fn a_raw_that_is_too_long_is_cut_and_says_so() {
    let long = format!(r#"{{"eventVersion":"1.08","x":"{}"}}"#, "y".repeat(100_000));
    let milled = check(around(&long), &[0, 2], &["1:no_event_time"], Status::Done);
    let row = &milled.rows("rejects")[0];
    assert_eq!(
        row["raw"].as_str().unwrap().len(),
        limits::REJECT_RAW_BYTES_MAX
    );
    assert_eq!(row["raw_bytes"], long.len());
}

#[test]
fn unusual_but_valid_json_is_no_reason_to_reject() {
    for more in [
        r#","x":"\ud800""#,
        r#","\udfff":1"#,
        r#","x":1234567890123456789012345"#,
        r#","x":-1e999"#,
        r#","x":1,"x":2"#,
        r#","eventName":"Other""#,
        r#","userAgent":["a"],"readOnly":"no","resources":7,"userIdentity":[]"#,
        r#","x":"\u0000\u001b[31m""#,
        "\n\t , \"x\" : [ ] ",
        ",\"x\":\"\u{feff}\u{10ffff}\"",
    ] {
        let middle = event(1, TIME, more);
        let milled = check(around(&middle), &[0, 1, 2], &[], Status::Done);
        for row in milled.rows("events") {
            let extra = row
                .get("extra")
                .map_or("{}", |extra| extra.as_str().unwrap());
            assert!(
                !extra.contains("\\ud800") && !extra.contains("\\udfff"),
                "{extra}"
            );
        }
    }
    let deep = event(
        1,
        TIME,
        &format!(r#","x":{}{}"#, "[".repeat(190), "]".repeat(190)),
    );
    check(around(&deep), &[0, 1, 2], &[], Status::Done);
}

#[test]
fn every_wrapping() {
    use Status::Done;
    let [a, b, c] = three();
    let all = &[0, 1, 2];
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let document = document(&[&a, &b, &c]);
    check(&document, all, &[], Done);
    check(format!("\u{feff}{document}"), all, &[], Done);
    check(format!(" {document}\n"), all, &[], Done);
    check(
        zstd::encode_all(document.as_bytes(), 3).unwrap(),
        all,
        &[],
        Done,
    );
    let (head, tail) = document.split_at(500);
    check([gzip(head), gzip(tail)].concat(), all, &[], Done);
    check([gzip(""), gzip(&document)].concat(), all, &[], Done);
    check(
        format!(r#"{{"x":[1,{{"Records":[]}}],"Records":[{a},{b},{c}],"y":{{}}}}"#),
        all,
        &[],
        Done,
    );
    check(format!("[{a},{b},{c}]"), all, &[], Done);
    check(format!("[\n  {a} ,\n  {b} ,\n  {c}\n]\n"), all, &[], Done);
    check(&a, &[0], &[], Done);
    check(format!("{a}\n{b}\r\n\n{c}"), all, &[], Done);
    check(format!("{a}{b}{c}"), all, &[], Done);
    check(
        format!("{{\"Records\":[{a}]}}{{\"Records\":[{b},{c}]}}"),
        all,
        &[],
        Done,
    );
    let pretty: Value = serde_json::from_str(&a).unwrap();
    check(
        serde_json::to_string_pretty(&pretty).unwrap(),
        &[0],
        &[],
        Done,
    );

    let looked_up = |record: &str| {
        format!(
            r#"{{"EventId":"e","EventTime":1754049600.0,"Resources":[],"CloudTrailEvent":{}}}"#,
            quoted(record)
        )
    };
    let lookup = format!(
        r#"{{"Events":[{},{},{}],"NextToken":"t"}}"#,
        looked_up(&a),
        looked_up(&b),
        looked_up(&c)
    );
    check(lookup, all, &[], Done);

    let envelope = |kind: &str, record: &str| {
        format!(
            r#"{{"version":"0","id":"i","detail-type":"{kind}","source":"aws.s3","detail":{record}}}"#
        )
    };
    for kind in [
        "AWS API Call via CloudTrail",
        "AWS Console Signin via CloudTrail",
        "AWS Service Event via CloudTrail",
        "AWS Insight via CloudTrail",
    ] {
        check(envelope(kind, &a), &[0], &[], Done);
    }
    let other = envelope(
        "EC2 Instance State-change Notification",
        r#"{"state":"running"}"#,
    );
    let lines = format!(
        "{}\n{other}\n{}",
        envelope("AWS API Call via CloudTrail", &a),
        envelope("AWS API Call via CloudTrail", &c)
    );
    check(lines, &[0, 2], &["1:not_cloudtrail"], Done);

    let message = |record: &str| {
        format!(
            r#"{{"id":"3","timestamp":1754049600000,"message":{}}}"#,
            quoted(record)
        )
    };
    let payload = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"CloudTrail","logStream":"s","subscriptionFilters":["f"],"logEvents":[{},{}]}}"#,
        message(&a),
        message(&b)
    );
    check(&payload, &[0, 1], &[], Done);
    let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
    check(format!("{control}{payload}"), &[0, 1], &[], Done);
    check(
        format!("{TIME} {a}\n1754049600000 {b}\n2026-08-01T12:00:00.000Z {c}\n"),
        all,
        &[],
        Done,
    );
}

/// The real files in other wrappings: how many records each holds, and what else.
#[test]
fn real_shapes_give_what_they_hold_and_no_more() {
    const EXPECTED: &[(&str, usize, &[&str])] = &[
        (
            "array/aws.credential-access.ec2-get-password-data.json",
            34,
            &[],
        ),
        (
            "array/aws.credential-access.ec2-steal-instance-credentials.json",
            45,
            &[],
        ),
        (
            "array/aws.credential-access.secretsmanager-batch-retrieve-secrets.json",
            5,
            &[],
        ),
        (
            "array/aws.credential-access.secretsmanager-retrieve-secrets.json",
            21,
            &[],
        ),
        (
            "array/aws.credential-access.ssm-retrieve-securestring-parameters.json",
            10,
            &[],
        ),
        ("array/aws.defense-evasion.cloudtrail-delete.json", 1, &[]),
        ("eventbridge/ec2-duty-event.json", 0, &["0:not_cloudtrail"]),
        (
            "eventbridge/event-asg-instance-failed.json",
            0,
            &["0:not_cloudtrail"],
        ),
        ("eventbridge/event-cloud-trail-appelb-add-tags.json", 1, &[]),
        (
            "eventbridge/event-cloud-trail-catalog-put-resource-policy.json",
            1,
            &[],
        ),
        (
            "eventbridge/event-cloud-trail-catalog-set-encryption.json",
            1,
            &[],
        ),
        ("eventbridge/event-cloud-trail-create-bucket.json", 1, &[]),
        (
            "eventbridge/event-cloud-trail-create-distribution.json",
            1,
            &[],
        ),
        ("eventbridge/event-cloud-trail-s3.json", 1, &[]),
        (
            "eventbridge/event-cloud-trail-tag-distribution.json",
            1,
            &[],
        ),
        ("eventbridge/event-cloud-trail-tag-rest-stage.json", 1, &[]),
        (
            "eventbridge/event-cloud-trail-update-distribution.json",
            1,
            &[],
        ),
        (
            "eventbridge/event-instance-state.json",
            0,
            &["0:not_cloudtrail"],
        ),
        (
            "eventbridge/event-phd-ec2-retire.json",
            0,
            &["0:not_cloudtrail"],
        ),
        ("eventbridge/event-scheduled.json", 0, &["0:not_cloudtrail"]),
        (
            "eventbridge/event-securityhub-cloudtrail-finding-action.json",
            0,
            &["0:not_cloudtrail"],
        ),
        (
            "eventbridge/event-securityhub-iamkey-finding-action.json",
            0,
            &["0:not_cloudtrail"],
        ),
        (
            "eventbridge/event-securityhub-insight-2.json",
            0,
            &["0:not_cloudtrail"],
        ),
        (
            "eventbridge/event-securityhub-lambda-cross.json",
            0,
            &["0:not_cloudtrail"],
        ),
        (
            "eventbridge/event-transit-gateway-delete-vpc-attachment.json",
            1,
            &[],
        ),
        ("eventbridge/iam-duty-event.json", 0, &["0:not_cloudtrail"]),
        ("eventbridge/sqs-discover.json", 0, &["0:not_cloudtrail"]),
        ("single/airflow_CreateEnvironment.json", 1, &[]),
        ("single/cloudfront_CreateDistribution.json", 1, &[]),
        ("single/dynamodb_CreateTable.json", 1, &[]),
        ("single/ec2_AuthorizeSecurityGroupEgress.json", 1, &[]),
        ("single/ec2_AuthorizeSecurityGroupIngress.json", 1, &[]),
        ("single/ec2_CreateSecurityGroup.json", 1, &[]),
        ("single/ec2_ModifySecurityGroupRules.json", 1, &[]),
        ("single/ec2_RevokeSecurityGroupEgress.json", 1, &[]),
        ("single/ec2_RevokeSecurityGroupIngress.json", 1, &[]),
        ("single/ec2_RunInstances_multi.json", 1, &[]),
        ("single/ec2_RunInstances_single.json", 1, &[]),
        ("single/ecr_CreateRepository.json", 1, &[]),
    ];
    let Some(shapes) = support::real_data("shapes") else {
        return;
    };
    let names: Vec<&str> = EXPECTED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(support::files(&shapes), names);
    for (name, n_records, rejects) in EXPECTED {
        let milled = mill(&[&fs::read(shapes.join(name)).unwrap()]);
        assert_eq!(milled.rows("events").len(), *n_records, "{name}");
        assert_eq!(milled.rejects(), *rejects, "{name}");
        assert_eq!(milled.outcomes[0].status, Status::Done, "{name}");
    }
}

/// Returns gzip of so many MiB of one byte.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let block = vec![b' '; 1 << 20];
    for _ in 0..mebibytes {
        encoder.write_all(&block).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn hostile_objects_take_no_memory() {
    let bucket = Bucket::new();
    let bomb = bomb(64);
    for nth in 0..4 {
        bucket.put(&format!("bomb{nth}.json.gz"), &bomb);
    }
    let numbers = format!("[{}1]", "1,".repeat(3 << 20));
    bucket.put("numbers.json", &numbers);
    bucket.put("records.json", format!("{{\"Records\":{numbers}}}"));
    bucket.put(
        "empty.json.gz",
        gzip(format!("[{}{{}}]", "{},".repeat(50_000))),
    );
    let open = "[".repeat(1 << 20);
    bucket.put("open.json", &open);
    bucket.put("good.json", event(1, TIME, ""));
    let out = Out::new();
    let summary = out
        .run(&[bucket.path(), "--threads", "2", "--memory", "256MiB"])
        .expect(3)
        .summary();
    assert_eq!(summary["records"]["written"], 1);
    assert_eq!(summary["rejects"]["too_large"], 4);
    assert_eq!(
        summary["rejects"]["not_an_object"], 2,
        "numbers in a row are one reject"
    );
    assert_eq!(summary["rejects"]["not_cloudtrail"], 50_001);
    let rows = out.rows("rejects");
    let of_empty = rows
        .iter()
        .filter(|row| row["source_object"] == "empty.json.gz");
    assert_eq!(
        of_empty.count(),
        limits::REJECTS_PER_OBJECT_MAX + 1,
        "and a row that says so"
    );
    if let Some(peak) = summary["peak_memory_bytes"].as_u64() {
        assert!(peak < 256 << 20, "{peak}");
    }
}

#[test]
fn exit_codes_tell_how_it_went() {
    let bucket = Bucket::new();
    bucket.put("good.json", event(1, TIME, ""));
    Out::new().run(&[bucket.path()]).expect(0);
    bucket.put("bad.json", event(2, "never", ""));
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(3).summary();
    assert_eq!(summary["records"]["rejected"], 1);
    assert_eq!(summary["rejects"], serde_json::json!({"no_event_time": 1}));
    assert_eq!(out.rows("rejects")[0]["raw"], event(2, "never", ""));
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    assert_eq!(exported.lines().count(), 1);
}

#[test]
fn an_object_without_a_record_is_no_reject() {
    let bucket = Bucket::new();
    bucket.put("none.json", r#"{"Records":[]}"#);
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["objects"]["read"], 1);
    assert_eq!(summary["records"]["read"], 0);
    assert_eq!(out.rows("objects")[0]["status"], "done");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_an_outcome_of_its_own() {
    let bucket = Bucket::new();
    bucket.put("good.json", event(1, TIME, ""));
    let there = format!("{}/good.json", bucket.path());
    let gone = format!("{}/gone.json", bucket.path());
    let out = Out::new();
    let args = ["run", "--json", "--out", &out.arg(), "-"];
    let summary = support::trailmill_with(&args, &format!("{there}\n{gone}\n"))
        .expect(3)
        .summary();
    assert_eq!(summary["objects"]["failed"], 1);
    let mut statuses = support::pick(&out.rows("objects"), &["source_object", "status"]);
    statuses.sort_by_key(Value::to_string);
    assert_eq!(
        Value::from(statuses),
        serde_json::json!([["gone.json", "gone"], ["good.json", "done"]])
    );

    let only = Out::new();
    let args = ["run", "--out", &only.arg(), "-"];
    let ran = support::trailmill_with(&args, &gone).expect(1);
    assert!(
        ran.stderr.contains("none of 1 objects could be read"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.lines().count(), 1);
}

/// The limit is the same whether an object is one batch or many.
#[test]
fn regression_a_record_beyond_the_limit_is_a_reject_in_small_objects_too() {
    let time = "2026-08-01T00:00:00Z";
    let long = event(1, time, &format!(r#","x":"{}""#, "a".repeat(4 << 20)));
    for n_fillers in [1, 8000] {
        let fillers = (2..2 + n_fillers).map(|n| event(n, time, ""));
        let records: Vec<String> = std::iter::once(long.clone()).chain(fillers).collect();
        let milled = mill(&[document(&records).as_bytes()]);
        assert_eq!(milled.rows("events").len() as u64, n_fillers);
        assert_eq!(milled.rows("rejects").len(), 1);
        assert_eq!(milled.rows("rejects")[0]["reason"], "record_too_large");
    }
}

/// Otherwise 2 MB of one record would be 30 GB of rows, one for each resource with the principal in it.
#[test]
fn long_texts_are_cut_in_their_columns_and_whole_in_the_record() {
    // The last byte that is kept would be the first of a letter of two.
    let long = format!("x{}", "é".repeat(1 << 19));
    let resources: Vec<String> = (0..5_000)
        .map(|n| format!(r#"{{"ARN":"arn:aws:s3:::bucket-{n}"}}"#))
        .collect();
    let usual = event(1, TIME, "");
    let whole = event(0, TIME, "")
        .replace("arn:aws:iam::111122223333:user/user-0", &long)
        .replace(r#""key":"0""#, &format!(r#""key":"{long}""#))
        .replace(
            r#"{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::bucket-0"}"#,
            &resources.join(","),
        );
    let bucket = Bucket::new();
    bucket.put("a.json", document(&[&whole, &usual]));
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);

    let events = out.rows("events");
    let texts = |column: &str| {
        events
            .iter()
            .map(|row| row.get(column).and_then(Value::as_str).map(str::len))
            .collect::<Vec<_>>()
    };
    let (cut, usual_arn) = (limits::TEXT_BYTES_MAX - 1, 37);
    assert_eq!(texts("user_arn"), [Some(cut), Some(usual_arn)]);
    assert_eq!(texts("principal"), [Some(cut), Some(usual_arn)]);
    assert!(
        texts("request_parameters")[0] > Some(long.len()),
        "JSON is of use only whole"
    );
    assert_eq!(out.rows("resource_activity").len(), 5_001);
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("is JSON");
    let found = exported.lines().next().map(parse);
    assert!(found == Some(parse(&whole)), "the record is whole");
    trailmill(&["report", &out.arg()]).expect(0);
}
