//! What each stage of the mill makes of the same synthetic object, on one thread: bytes and records a second.
//!
//! `cargo bench --bench stages`. The input is made here from a seed, so two runs on one machine differ by the code alone.

use std::io::{self, Write};
use std::sync::Mutex;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use flate2::{Compression, write::GzEncoder};

use trailmill::budget::Room;
use trailmill::limits;
use trailmill::mcp;
use trailmill::mill::{Mill, Object, Options, Takes};
use trailmill::plan::NO_HISTORY;
use trailmill::rollup::{self, Rollups};
use trailmill::select::Selection;
use trailmill::table::chunk::{Chunk, Sorted};
use trailmill::table::encode::FileWriter;
use trailmill::table::events::{self, Findings};
use trailmill::table::merge::{Merge, Run, Window, WindowLimits};
use trailmill::table::origin::Origin;
use trailmill::table::{TABLES, Table};
use trailmill::trail::hash::content_hash;
use trailmill::trail::inflate::Inflater;
use trailmill::trail::json::{Parser, Value};
use trailmill::trail::record::{Field, Record};
use trailmill::trail::{identity, resources, time};

/// Records of an object: some megabytes, inflated.
const RECORDS: usize = 4_000;

/// Sorted runs that a merge brings together.
const RUNS: usize = 8;

const OBJECT: Object<'static> = Object {
    number: 0,
    source: "s3://bench",
    source_object: "AWSLogs/111122223333/CloudTrail/us-east-1/2026/08/01/bench.json.gz",
    delivery_time: None,
    account: Some("111122223333"),
    region: Some("us-east-1"),
    history: &NO_HISTORY,
};

fn main() {
    divan::main();
}

/// gzip to content, in a buffer that is used again.
#[divan::bench(sample_count = 40)]
fn inflate_object(bencher: Bencher<'_, '_>) {
    let content = document(1);
    let object = gzip(content.as_bytes());
    let room = Room::default();
    let mut inflater = Inflater::new(&room.objects);
    counted(bencher, content.len()).bench_local(|| inflater.inflate(black_box(&object)).0.len());
}

/// Content to tape, the records told apart.
#[divan::bench(sample_count = 40)]
fn tape(bencher: Bencher<'_, '_>) {
    let content = document(1);
    let mut parser = Parser::default();
    counted(bencher, content.len()).bench_local(|| {
        let records = parser.parse(black_box(&content), |root| {
            root.get("Records")
                .and_then(Value::objects)
                .map(|r| r.len())
        });
        assert_eq!(records.ok().flatten(), Some(RECORDS));
    });
}

/// Content to rows of all tables: tape, rules, columns, SHA-256 of the content. No gzip and no sorting.
#[divan::bench(sample_count = 40)]
fn append_all_tables(bencher: Bencher<'_, '_>) {
    append(bencher, TABLES.iter().map(|table| table.name).collect());
}

/// As above, with no resources looked for.
#[divan::bench(sample_count = 40)]
fn append_without_resource_activity(bencher: Bencher<'_, '_>) {
    let names = TABLES.iter().map(|table| table.name);
    append(
        bencher,
        names.filter(|name| *name != "resource_activity").collect(),
    );
}

fn append(bencher: Bencher<'_, '_>, tables: Vec<&'static str>) {
    let content = document(1);
    let (options, room) = (options(tables), Room::default());
    counted(bencher, content.len())
        .with_inputs(|| {
            let mut mill = Mill::new(&options, &Nowhere, &room);
            milled(&mut mill, &content); // memory that was used before
            mill
        })
        .bench_local_values(|mut mill| {
            assert_eq!(milled(&mut mill, black_box(&content)), RECORDS as u64);
            mill
        });
}

/// Mills content that is not compressed, and returns how many records it has.
fn milled(mill: &mut Mill<'_>, content: &str) -> u64 {
    let done = mill.object(OBJECT, content.as_bytes());
    let outcomes = done.expect("nothing is stored");
    outcomes
        .iter()
        .map(|(_, outcome)| outcome.counts.records)
        .sum()
}

/// Rows of `events` as they came to their order.
#[divan::bench(sample_count = 20)]
fn sort(bencher: Bencher<'_, '_>) {
    let content = document(1);
    counted(bencher, content.len())
        .with_inputs(|| chunk(&content))
        .bench_local_values(Chunk::sort);
}

/// Sorted runs to windows, copies told from events.
#[divan::bench(sample_count = 10)]
fn merge(bencher: Bencher<'_, '_>) {
    let contents: Vec<_> = (0..RUNS).map(|seed| document(seed as u64)).collect();
    counted_many(
        bencher,
        contents.iter().map(String::len).sum(),
        RUNS * RECORDS,
    )
    .with_inputs(|| runs(&contents))
    .bench_local_values(|runs| {
        let windows = windows(runs);
        assert_eq!(
            windows
                .iter()
                .map(|window| window.rows.len())
                .sum::<usize>(),
            RUNS * RECORDS
        );
        windows
    });
}

/// Merged rows to groups of `activity` and `resource_activity`.
#[divan::bench(sample_count = 10)]
fn roll_up(bencher: Bencher<'_, '_>) {
    let contents: Vec<_> = (0..RUNS).map(|seed| document(seed as u64)).collect();
    let windows = windows(runs(&contents));
    counted_many(
        bencher,
        contents.iter().map(String::len).sum(),
        RUNS * RECORDS,
    )
    .bench_local(|| {
        let mut rollups = Rollups::new(rollup::Options {
            bucket: 15 * 60 * time::SECOND,
            activity: true,
            resource_activity: true,
        });
        for window in &windows {
            rollups
                .observe(window, &mut |_| Ok(()))
                .expect("nothing is stored");
        }
        let rows = rollups.finish(|_, rows| rows.map_or(0, |rows| rows.len()));
        rows.into_iter().sum::<usize>()
    });
}

/// Merged rows to the bytes of a Parquet file.
#[divan::bench(sample_count = 10)]
fn encode(bencher: Bencher<'_, '_>) {
    let contents: Vec<_> = (0..RUNS).map(|seed| document(seed as u64)).collect();
    let windows = windows(runs(&contents));
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    counted_many(
        bencher,
        contents.iter().map(String::len).sum(),
        RUNS * RECORDS,
    )
    .bench_local(|| {
        one_thread.install(|| {
            let mut file = FileWriter::new(&events::TABLE, Vec::new()).expect("in memory");
            for window in &windows {
                file.write(window).expect("in memory");
            }
            file.finish().expect("in memory").len()
        })
    });
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, content_bytes: usize) -> Bencher<'a, 'b> {
    counted_many(bencher, content_bytes, RECORDS)
}

/// Counts bytes as they are inflated, whatever the stage takes: so stages compare.
fn counted_many<'a, 'b>(
    bencher: Bencher<'a, 'b>,
    content_bytes: usize,
    records: usize,
) -> Bencher<'a, 'b> {
    bencher
        .counter(BytesCount::new(content_bytes))
        .counter(ItemsCount::new(records))
}

/// Takes rows and lets them go.
struct Nowhere;

impl Takes for Nowhere {
    fn take(&self, rows: Sorted) -> io::Result<()> {
        drop(rows);
        Ok(())
    }
}

/// Keeps the runs of `events`.
#[derive(Default)]
struct Events(Mutex<Vec<Sorted>>);

impl Takes for Events {
    fn take(&self, rows: Sorted) -> io::Result<()> {
        if rows.chunk().table().name == events::TABLE.name {
            self.0.lock().expect("one thread").push(rows);
        }
        Ok(())
    }
}

fn options(tables: Vec<&'static str>) -> Options {
    Options {
        selection: Selection::default(),
        tables,
        run_day: 0,
    }
}

/// One sorted run of `events` of each content.
fn runs(contents: &[String]) -> Vec<Sorted> {
    let options = options(TABLES.iter().map(|table| table.name).collect());
    let (taken, room) = (Events::default(), Room::default());
    for (number, content) in contents.iter().enumerate() {
        let mut mill = Mill::new(&options, &taken, &room);
        let object = Object { number, ..OBJECT };
        let done = mill.object(object, content.as_bytes());
        assert_eq!(done.expect("in memory").len(), 1);
        mill.finish().expect("in memory");
    }
    taken.0.into_inner().expect("one thread")
}

fn windows(runs: Vec<Sorted>) -> Vec<Window> {
    let limits = WindowLimits {
        rows: limits::ROW_GROUP_ROWS,
        bytes: limits::ROW_GROUP_BYTES,
    };
    let runs = runs
        .into_iter()
        .map(|run| Box::new(std::iter::once(Ok(run))) as Run)
        .collect();
    let mut merge = Merge::new(&events::TABLE, runs, limits).expect("in memory");
    std::iter::from_fn(|| merge.next_window().expect("in memory")).collect()
}

/// The rows of `events` of one content, as they came.
fn chunk(content: &str) -> Chunk {
    let table: &'static Table = &events::TABLE;
    let mut chunk = Chunk::new(table);
    let parsed = Parser::default().parse(content, |root| {
        let records = root
            .get("Records")
            .and_then(Value::objects)
            .expect("it was made so");
        for (index, value) in (0..).zip(records) {
            let record = Record::new(value);
            let caller = identity::caller(&record);
            let mcp = mcp::classify(&record, &caller);
            let found = Findings {
                time: record
                    .str(Field::EventTime)
                    .and_then(time::parse)
                    .expect("it was made so"),
                caller,
                is_error: mcp::is_error(&record, mcp.as_ref()),
                touched: resources::touched(&record),
                mcp,
            };
            let origin = Origin {
                object: OBJECT.number,
                source: OBJECT.source,
                source_object: OBJECT.source_object,
                source_index: index,
                delivery_time: None,
                content_hash: content_hash(value.raw().as_bytes()),
                mended: None,
            };
            events::append(&mut chunk, &record, &found, &origin);
        }
    });
    parsed.expect("it was made so");
    chunk
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A delivery object's content: records of a few kinds, with ids, addresses and names of their own. The times of all seeds
/// lie in the same hours, as those of objects that were delivered together do.
fn document(seed: u64) -> String {
    let mut random = Random(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let records: Vec<_> = (0..RECORDS).map(|nth| record(&mut random, nth)).collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}

fn record(random: &mut Random, nth: usize) -> String {
    let second = nth * 3 + random.below(60);
    let time = format!(
        "2026-08-01T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    let (event_id, request_id) = (random.uuid(), random.uuid());
    let address = format!("198.51.100.{}", random.below(200));
    let (role, instance) = (random.below(12), random.below(400));
    let session = format!("i-{:017x}", random.next() >> 8);
    let assumed = format!(
        r#"{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role:09}:{session}","arn":"arn:aws:sts::111122223333:assumed-role/app-{role}/{session}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE{role:09}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role:09}","arn":"arn:aws:iam::111122223333:role/app-{role}","accountId":"111122223333","userName":"app-{role}"}},"attributes":{{"creationDate":"2026-08-01T00:00:00Z","mfaAuthenticated":"false"}}}}}}"#
    );
    let service = r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#;
    let tail = format!(
        r#""requestID":"{request_id}","eventID":"{event_id}","eventType":"AwsApiCall","recipientAccountId":"111122223333""#
    );
    let head = |identity: &str, source: &str, name: &str| {
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"{time}","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"{address}","userAgent":"Boto3/1.40.{role} md/Botocore#1.40 ua/2.1 os/linux#6.1 lang/python#3.13.1","#
        )
    };
    match nth % 10 {
        0..3 => format!(
            r#"{}"requestParameters":{{"instancesSet":{{"items":[{{"instanceId":"i-{instance:017x}"}}]}},"filterSet":{{}}}},"responseElements":null,{tail},"readOnly":true,"managementEvent":true,"eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.us-east-1.amazonaws.com"}}}}"#,
            head(&assumed, "ec2", "DescribeInstances"),
        ),
        3..6 => format!(
            r#"{}"requestParameters":{{"bucketName":"data-{role}","Host":"data-{role}.s3.us-east-1.amazonaws.com","key":"in/{instance}/{request_id}"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{request_id}","bytesTransferredOut":{second}}},"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data-{role}/in/{instance}/{request_id}"}},{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-{role}"}}],{tail},"readOnly":true,"managementEvent":false,"eventCategory":"Data"}}"#,
            head(&assumed, "s3", "GetObject"),
        ),
        6 | 7 => format!(
            r#"{}"requestParameters":{{"roleArn":"arn:aws:iam::111122223333:role/app-{role}","roleSessionName":"{session}"}},"responseElements":{{"credentials":{{"accessKeyId":"ASIAEXAMPLE{role:09}","sessionToken":"{request_id}{event_id}{request_id}{event_id}","expiration":"Aug 1, 2026, 6:00:00 AM"}},"assumedRoleUser":{{"assumedRoleId":"AROAEXAMPLE{role:09}:{session}","arn":"arn:aws:sts::111122223333:assumed-role/app-{role}/{session}"}}}},"resources":[{{"accountId":"111122223333","type":"AWS::IAM::Role","ARN":"arn:aws:iam::111122223333:role/app-{role}"}}],{tail},"readOnly":true,"managementEvent":true,"eventCategory":"Management"}}"#,
            head(service, "sts", "AssumeRole"),
        ),
        8 => format!(
            r#"{}"errorCode":"AccessDenied","errorMessage":"User: app-{role} is not authorized to perform: secretsmanager:GetSecretValue on resource: secret-{instance}","requestParameters":{{"secretId":"secret-{instance}"}},"responseElements":null,{tail},"readOnly":true,"managementEvent":true,"eventCategory":"Management"}}"#,
            head(&assumed, "secretsmanager", "GetSecretValue"),
        ),
        _ => format!(
            r#"{}"requestParameters":{{"groupId":"sg-{instance:017x}","ipPermissions":{{"items":[{{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipRanges":{{"items":[{{"cidrIp":"{address}/32"}}]}}}}]}}}},"responseElements":{{"requestId":"{request_id}","_return":true}},{tail},"readOnly":false,"managementEvent":true,"eventCategory":"Management"}}"#,
            head(
                &assumed.replace(
                    r#""sessionContext""#,
                    r#""invokedBy":"aws-mcp.amazonaws.com","sessionContext""#
                ),
                "ec2",
                "AuthorizeSecurityGroupIngress"
            ),
        ),
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}
