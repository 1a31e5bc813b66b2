//! The files of a run: what they hold, what they say of themselves, and that the log tells the truth about them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::RowGroupMetaData;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailmill::table::{SCHEMA_VERSION, TABLES};
use trailmill::trail::hash::hex;

use crate::support::{
    Bucket, Out, delivery_key, event, files, gzip, pick, rows_of_file, trailmill,
};

/// A bucket with something for every table, over two days.
pub(crate) fn bucket_for_all_tables() -> Bucket {
    let bucket = Bucket::new();
    let key = |time: &str, id| delivery_key("111122223333", "us-east-1", time, id);
    let day = |day: u32, range: std::ops::Range<u64>| -> Vec<String> {
        range
            .map(|n| {
                event(
                    n,
                    &format!("2026-08-{day:02}T{:02}:{:02}:00Z", n % 24, n % 60),
                    "",
                )
            })
            .collect()
    };
    bucket.deliver(&key("20260801T0100Z", 1), &day(1, 0..40));
    bucket.deliver(&key("20260801T0105Z", 2), &day(1, 30..60)); // ten of them again
    bucket.deliver(&key("20260802T0100Z", 3), &day(2, 100..140));
    let agent = r#"{"eventVersion":"1.11","eventTime":"2026-08-02T03:00:00Z","eventType":"AwsMcpEvent","eventSource":"aws-mcp.amazonaws.com","eventName":"CallTool","awsRegion":"us-east-1","eventID":"agent-1","recipientAccountId":"111122223333","requestID":"R","additionalEventData":{"downstreamRequests":[{"requestId":"D0","apiName":"s3:GetObject"}]}}"#;
    let downstream = event(201, "2026-08-02T03:00:01Z", "").replace(
        r#""userName":"user-0""#,
        r#""userName":"user-0","invokedBy":"aws-mcp.amazonaws.com""#,
    );
    let gateway = r#"{"eventVersion":"1.11","eventTime":"2026-08-02T03:00:02Z","eventType":"AwsApiCall","eventSource":"bedrock-agentcore.amazonaws.com","eventName":"InvokeGateway","awsRegion":"us-east-1","eventID":"agent-2","recipientAccountId":"111122223333","additionalEventData":{"downstreamRequestIds":["D1","D2"],"targetResponses":[{"requestId":"D1"}]}}"#;
    let sign_in = r#"{"eventVersion":"1.08","eventTime":"2026-08-02T04:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.9","userIdentity":{"type":"IAMUser","accountId":"111122223333","userName":"mallory"},"responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"No"},"eventID":"sign-in-1","recipientAccountId":"111122223333"}"#;
    bucket.deliver(
        &key("20260802T0300Z", 4),
        &[agent, &downstream, gateway, sign_in],
    );
    let insight = r#"{"eventVersion":"1.07","eventTime":"2026-08-02T05:00:00Z","awsRegion":"us-east-1","eventID":"insight-1","eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","sharedEventID":"s","insightDetails":{"state":"Start","eventSource":"ssm.amazonaws.com","eventName":"PutParameter","insightType":"ApiCallRateInsight","insightContext":{"statistics":{"baseline":{"average":0.5},"insight":{"average":12.25},"insightDuration":3,"baselineDuration":11336},"attributions":[]}},"eventCategory":"Insight"}"#;
    bucket.put(
        &key("20260802T0500Z", 5).replace("/CloudTrail/", "/CloudTrail-Insight/"),
        gzip(format!("{{\"Records\":[{insight}]}}")),
    );
    let aggregated = r#"{"eventVersion":"1.0","accountId":"111122223333","eventId":"aggregated-1","eventCategory":"Aggregated","eventType":"AwsAggregatedEvent","awsRegion":"us-east-1","eventSource":"s3.amazonaws.com","timeWindow":{"windowStart":"2026-08-02T06:00:00Z","windowEnd":"2026-08-02T06:05:00Z"},"summary":{"primaryDimension":{"dimension":"eventName","statistics":[{"name":"GetObject","value":7},{"name":"PutObject","value":2}]},"details":[]}}"#;
    bucket.put(
        &key("20260802T0600Z", 6).replace("/CloudTrail/", "/CloudTrail-Aggregated/"),
        gzip(format!("{{\"Records\":[{aggregated}]}}")),
    );
    bucket.deliver(&key("20260802T0700Z", 7), &[event(300, "never", "")]);
    bucket
}

#[test]
fn every_table_has_rows_and_every_file_is_in_the_log() {
    let bucket = bucket_for_all_tables();
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(3).summary();
    let data_files = out.data_files();
    let log: Value =
        serde_json::from_slice(&fs::read(out.path().join("_trailmill/log/1.json")).unwrap())
            .unwrap();
    let added = log["added"].as_array().unwrap();

    let mut paths: BTreeSet<String> = BTreeSet::new();
    let mut by_table: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for file in added {
        let path = file["path"].as_str().unwrap();
        let bytes: &Bytes = &data_files[path];
        assert_eq!(file["bytes"], bytes.len(), "{path}");
        assert_eq!(file["sha256"], hex(&Sha256::digest(bytes)), "{path}");
        let rows = rows_of_file(bytes.clone());
        assert!(!rows.is_empty(), "{path}: no file without a row");
        assert_eq!(file["rows"], rows.len(), "{path}");
        let table = file["table"].as_str().unwrap();
        assert!(path.starts_with(&format!("{table}/")), "{path}");
        let counts = by_table.entry(table.to_owned()).or_default();
        *counts = (
            counts.0 + 1,
            counts.1 + rows.len() as u64,
            counts.2 + bytes.len() as u64,
        );
        paths.insert(path.to_owned());
    }
    let order: Vec<&str> = added
        .iter()
        .map(|file| file["table"].as_str().unwrap())
        .collect();
    assert_eq!(
        (order[0], *order.last().unwrap()),
        ("events", "objects"),
        "published in that order"
    );
    let ours = ["dataset.json", "lock", "log/1.done", "log/1.json"];
    paths.extend(ours.map(|name| format!("_trailmill/{name}")));
    let (runs, others): (Vec<_>, Vec<_>) = files(&out.path())
        .into_iter()
        .partition(|path| path.starts_with("_trailmill/runs/"));
    assert_eq!(
        others,
        paths.into_iter().collect::<Vec<_>>(),
        "no stray file"
    );
    assert_eq!(runs.len(), 1);
    let kept = fs::read(out.path().join(&runs[0])).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["records"], summary["records"]);
    for table in TABLES {
        let (files, rows, bytes) = by_table[table.name];
        let counts = json!({"files": files, "rows": rows, "bytes": bytes});
        assert_eq!(summary["tables"][table.name], counts, "{}", table.name);
    }
}

#[test]
fn files_say_what_they_are() {
    let bucket = bucket_for_all_tables();
    let out = Out::new();
    out.run(&[bucket.path()]).expect(3);
    for (path, bytes) in out.data_files() {
        let parts: Vec<&str> = path.split('/').collect();
        let [table, partition, name] = parts[..] else {
            panic!("{path}")
        };
        let table = TABLES.iter().find(|known| known.name == table).unwrap();
        let (partition, day) = partition.split_once('=').unwrap();
        assert_eq!(partition, table.partition, "{path}");
        assert!(name.ends_with("-000.parquet"), "{path}");

        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
        let metadata = reader.metadata();
        let said = metadata.file_metadata().key_value_metadata().unwrap();
        let said = |key: &str| {
            said.iter()
                .find(|pair| pair.key == key)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(
            said("trailmill.schema_version").as_deref(),
            Some(SCHEMA_VERSION),
            "{path}"
        );
        assert_eq!(
            said("trailmill.table").as_deref(),
            Some(table.name),
            "{path}"
        );
        for column in reader.schema().fields() {
            let description = column.metadata().get("description");
            assert!(
                description.is_some_and(|text| text.len() > 3),
                "{path}: {column}"
            );
            assert_ne!(
                column.name(),
                table.partition,
                "{path}: the partition is in the path"
            );
            if let DataType::Timestamp(_, zone) = column.data_type() {
                assert_eq!(*zone, None, "{path}: {column}");
            }
        }
        let n_rows: i64 = metadata
            .row_groups()
            .iter()
            .map(RowGroupMetaData::num_rows)
            .sum();
        assert_eq!(n_rows, metadata.file_metadata().num_rows(), "{path}");
        for group in metadata.row_groups() {
            for chunk in group.columns() {
                let name = chunk.column_path().string();
                let compression = chunk.compression();
                assert!(
                    matches!(compression, Compression::ZSTD(_)),
                    "{path}: {name}"
                );
                let is_searched = [
                    "event_time",
                    "event_id",
                    "event_name",
                    "principal",
                    "recipient_account_id",
                ];
                if is_searched.contains(&name.as_str()) {
                    let statistics = chunk
                        .statistics()
                        .unwrap_or_else(|| panic!("{path}: {name}"));
                    assert!(statistics.min_bytes_opt().is_some(), "{path}: {name}");
                    assert!(statistics.null_count_opt().is_some(), "{path}: {name}");
                }
            }
        }
        let time = table.columns[table.order[0]].name;
        for row in rows_of_file(bytes) {
            if let Some(time) = row.get(time) {
                assert_eq!(time.as_str().unwrap()[..10], *day, "{path}");
            }
        }
    }
}

#[test]
fn alike_events_stand_together() {
    let bucket = bucket_for_all_tables();
    let out = Out::new();
    out.run(&[bucket.path()]).expect(3);
    let mut n_rows = 0;
    for (path, bytes) in out.data_files() {
        if path.starts_with("events/") {
            let rows = rows_of_file(bytes);
            n_rows += rows.len();
            let alike = pick(&rows, &["event_source", "event_name"]);
            let alike: Vec<_> = alike.iter().map(Value::to_string).collect();
            assert!(alike.is_sorted(), "{path}: {alike:?}");
        }
    }
    assert_eq!(n_rows, 60 + 40 + 4);
}

#[test]
fn events_are_exported_in_order_of_time() {
    let bucket = bucket_for_all_tables();
    let out = Out::new();
    out.run(&[bucket.path()]).expect(3);
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    let times: Vec<String> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["eventName"].is_string())
        .map(|record| record["eventTime"].to_string())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.len(), 60 + 40 + 4);
}

/// The contracts of tables.md: a change here is a new schema version, or an added column.
#[test]
fn schemas() {
    let mut text = String::new();
    for table in TABLES {
        writeln!(text, "{} by {}: {}", table.name, table.partition, table.doc).unwrap();
        for field in table.schema().fields() {
            let description = &field.metadata()["description"];
            let kind = match field.data_type() {
                DataType::List(item) => match item.data_type() {
                    DataType::Struct(fields) => {
                        let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
                        format!("list<struct<{}>>", names.join(", "))
                    }
                    item => format!("list<{item}>"),
                },
                other => other.to_string(),
            };
            writeln!(text, "  {} {kind}: {description}", field.name()).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_copy_is_kept_once_and_its_place_noted() {
    let bucket = Bucket::new();
    let early = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 9);
    let late = delivery_key("111122223333", "us-east-1", "20260801T1205Z", 1);
    let record = event(1, "2026-08-01T11:58:00Z", "");
    let spaced = record.replace("\":", "\" : ");
    bucket.deliver(
        &late,
        &[&event(2, "2026-08-01T11:59:00Z", ""), &record, &record],
    );
    bucket.deliver(&early, &[&spaced]);
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 2);
    assert_eq!(summary["records"]["duplicates"], 2);
    assert_eq!(summary["records"]["conflicting"], 0);
    let kept = pick(&out.rows("events"), &["source_object", "source_index"]);
    assert_eq!(
        json!(kept),
        json!([[early, 0], [late, 0]]),
        "the first delivered stays"
    );
    let columns = [
        "event_id",
        "recipient_account_id",
        "source_object",
        "source_index",
    ];
    let id = "00000000-0000-4000-8000-000000000001";
    assert_eq!(
        json!(pick(&out.rows("duplicates"), &columns)),
        json!([[id, "111122223333", late, 1], [id, "111122223333", late, 2]])
    );
    let mut books = pick(
        &out.rows("objects"),
        &["source_object", "records", "written", "duplicates"],
    );
    books.sort_by_key(Value::to_string);
    assert_eq!(json!(books), json!([[early, 1, 1, 0], [late, 3, 1, 2]]));
    let counted = out.rows("activity");
    let events: u64 = counted
        .iter()
        .map(|row| row["events"].as_u64().unwrap())
        .sum();
    assert_eq!(events, 2, "only what is kept is counted");
}

#[test]
fn the_same_ids_with_other_content_are_both_kept() {
    let bucket = Bucket::new();
    let key = |id| delivery_key("111122223333", "us-east-1", "20260801T1200Z", id);
    let one = event(1, "2026-08-01T11:58:00Z", "");
    let other = event(
        1,
        "2026-08-01T11:58:00Z",
        r#","addendum":{"reason":"UPDATED_DATA"}"#,
    );
    let elsewhere = one.replace(
        r#""recipientAccountId":"111122223333""#,
        r#""recipientAccountId":"444455556666""#,
    );
    bucket.deliver(&key(1), &[&one, &elsewhere]);
    bucket.deliver(&key(2), &[&other]);
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 3);
    assert_eq!(summary["records"]["duplicates"], 0);
    assert_eq!(
        summary["records"]["conflicting"], 1,
        "another recipient is no conflict"
    );
}

#[test]
fn without_an_id_content_decides() {
    let bucket = Bucket::new();
    let no_id = |n: u64| {
        let id = format!(r#""eventID":"00000000-0000-4000-8000-{n:012}","#);
        event(n, "2026-08-01T11:58:00Z", "").replace(&id, "")
    };
    bucket.put("a.json", [no_id(1), no_id(1), no_id(2)].join("\n"));
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 2);
    assert_eq!(summary["records"]["duplicates"], 1);
    assert_eq!(summary["records"]["conflicting"], 0);
}

#[test]
fn copies_of_insights_and_aggregated_events_go_as_a_whole() {
    let bucket = Bucket::new();
    let aggregated = |value: u32| {
        format!(
            r#"{{"eventType":"AwsAggregatedEvent","accountId":"111122223333","eventId":"a","timeWindow":{{"windowStart":"2026-08-02T06:00:00Z"}},"summary":{{"primaryDimension":{{"dimension":"eventName","statistics":[{{"name":"GetObject","value":{value}}},{{"name":"PutObject","value":2}}]}}}}}}"#
        )
    };
    let insight = r#"{"eventType":"AwsCloudTrailInsight","eventID":"i","eventTime":"2026-08-02T05:00:00Z","insightDetails":{"state":"Start"}}"#;
    bucket.put(
        "a.json",
        [&aggregated(1), &aggregated(1), insight, insight]
            .map(String::from)
            .join("\n"),
    );
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["read"], 4);
    assert_eq!(summary["records"]["written"], 2);
    assert_eq!(summary["records"]["duplicates"], 2);
    assert_eq!(
        out.rows("aggregated_events").len(),
        2,
        "one record, two statistics"
    );
    assert_eq!(out.rows("duplicates").len(), 2);
    let exported = trailmill(&["export", &out.arg()]).expect(0).stdout;
    assert_eq!(exported.lines().count(), 2);

    // Other content under the same ids: both stay, and it is one record that conflicts.
    let bucket = Bucket::new();
    bucket.put("a.json", [aggregated(1), aggregated(2)].join("\n"));
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(0).summary();
    assert_eq!(summary["records"]["written"], 2);
    assert_eq!(out.rows("aggregated_events").len(), 4);
    assert_eq!(summary["records"]["conflicting"], 1);
}

#[test]
fn records_with_the_ids_of_another_conflict_however_far_apart() {
    let bucket = Bucket::new();
    let times = [
        "2026-08-01T00:00:00Z",
        "2026-08-02T00:00:00Z",
        "2026-08-03T00:00:00Z",
    ];
    let records = times.map(|time| event(1, time, ""));
    bucket.deliver(
        "a.json.gz",
        &[&records[..], &[event(2, times[1], "")]].concat(),
    );
    bucket.deliver("b.json.gz", &records[..1]);
    let summary = Out::new().run(&[bucket.path()]).expect(0).summary();
    let counts =
        ["written", "duplicates", "conflicting"].map(|what| summary["records"][what].as_u64());
    assert_eq!(counts, [Some(4), Some(1), Some(2)]);
}
