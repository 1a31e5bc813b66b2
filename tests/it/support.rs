//! What the topics share: buckets in folders, the program as a process, tables read back as rows.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use arrow::util::display::array_value_to_string;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use trailmill::budget::Room;
use trailmill::cli::{Cli, Command};
use trailmill::config::RunConfig;
use trailmill::mill::{Mill, Object, Options, Outcome};
use trailmill::plan::NO_HISTORY;
use trailmill::run;
use trailmill::select::Selection;
use trailmill::sink::runs::Runs;
use trailmill::sink::store::Store;
use trailmill::summary::Summary;
use trailmill::table::encode::FileWriter;
use trailmill::table::merge::{Merge, WindowLimits};
use trailmill::table::rebuild::Rows;
use trailmill::table::{TABLES, Table};

/// A row by column name; a column without a value is not there. Times are `2026-08-01T12:00:00`, bytes are text where they are UTF-8.
pub(crate) type Row = Map<String, Value>;

/// Returns a part of the real data, or says aloud that it is not there.
pub(crate) fn real_data(part: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/realdata")
        .join(part);
    if path.exists() {
        return Some(path);
    }
    let _ = writeln!(
        io::stderr(),
        "real data ({part}) is not here: what would be read from it is NOT tested"
    );
    None
}

/// Returns what a file holds, inflated where it is gzip.
pub(crate) fn read_gz(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes;
    }
    let mut content = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .read_to_end(&mut content)
        .unwrap();
    content
}

pub(crate) fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// Returns `{"Records":[…]}`.
pub(crate) fn document(records: &[impl AsRef<str>]) -> String {
    let records: Vec<&str> = records.iter().map(AsRef::as_ref).collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}

/// Returns an ordinary record, number `n` of a trail; `more` is put at its end.
pub(crate) fn event(n: u64, time: &str, more: &str) -> String {
    let user = n % 3;
    let name = ["GetObject", "ListBuckets", "PutObject", "GetObject"][(n % 4) as usize];
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","principalId":"AIDAEXAMPLE{user}","arn":"arn:aws:iam::111122223333:user/user-{user}","accountId":"111122223333","userName":"user-{user}"}},"eventTime":"{time}","eventSource":"s3.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.{user}","userAgent":"aws-cli/2.0","requestParameters":{{"bucketName":"bucket-{user}","key":"{n}"}},"responseElements":null,"requestID":"REQUEST{n}","eventID":"00000000-0000-4000-8000-{n:012}","readOnly":true,"resources":[{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::bucket-{user}"}}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"{more}}}"#
    )
}

/// A bucket in a folder.
pub(crate) struct Bucket {
    dir: TempDir,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    /// Puts an object.
    pub(crate) fn put(&self, key: &str, body: impl AsRef<[u8]>) -> &Self {
        let path = self.dir.path().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
        self
    }

    /// Puts records as CloudTrail delivers them.
    pub(crate) fn deliver(&self, key: &str, records: &[impl AsRef<str>]) -> &Self {
        self.put(key, gzip(document(records)))
    }
}

/// Returns a delivery key; `time` such as `20260801T1200Z`, `id` to tell objects of one time apart.
pub(crate) fn delivery_key(account: &str, region: &str, time: &str, id: u32) -> String {
    let (year, month, day) = (&time[..4], &time[4..6], &time[6..8]);
    format!(
        "AWSLogs/{account}/CloudTrail/{region}/{year}/{month}/{day}/{account}_CloudTrail_{region}_{time}_{id:016}.json.gz"
    )
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Returns the summary that `--json` printed.
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Fails unless the program ended that way.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Returns the program, away from what the machine's user has set.
pub(crate) fn command(args: &[&str]) -> process::Command {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_trailmill"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env_remove("COLUMNS");
    command.env("TRAILMILL_CONFIG", ""); // whoever runs the tests may have settings
    command
}

/// Runs the program.
pub(crate) fn trailmill(args: &[&str]) -> Ran {
    ran(&command(args).output().unwrap())
}

/// Runs `trailmill run` in this process, into a place of the test's own.
pub(crate) fn run_into(place: Arc<dyn Store>, args: &[&str]) -> anyhow::Result<Summary> {
    let args = [&["trailmill", "run"], args].concat();
    let Ok(Cli {
        command: Command::Run(args),
        ..
    }) = clap::Parser::try_parse_from(args)
    else {
        panic!("a run")
    };
    let config = RunConfig::new(&args).unwrap();
    run::run(&config, place, io::empty(), &Arc::default())
}

/// Runs the program with something on stdin.
pub(crate) fn trailmill_with(args: &[&str], stdin: &str) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    ran(&child.wait_with_output().unwrap())
}

pub(crate) fn ran(output: &process::Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// A folder for tables.
pub(crate) struct Out {
    dir: TempDir,
}

impl Out {
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("tables")
    }

    pub(crate) fn arg(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    /// Runs the program with this as its destination.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let arg = self.arg();
        trailmill(&[&["run", "--json", "--out", &arg], args].concat())
    }

    /// Returns the rows of a table, file by file.
    pub(crate) fn rows(&self, table: &str) -> Vec<Row> {
        let files = self.data_files();
        let of_table = files
            .iter()
            .filter(|(path, _)| path.starts_with(&format!("{table}/")));
        of_table
            .flat_map(|(_, bytes)| rows_of_file(bytes.clone()))
            .collect()
    }

    /// Returns the data files, by path from the dataset's root.
    pub(crate) fn data_files(&self) -> BTreeMap<String, Bytes> {
        files(&self.path())
            .into_iter()
            .filter(|path| Path::new(path).extension().is_some_and(|e| e == "parquet"))
            .map(|path| {
                let bytes = fs::read(self.path().join(&path)).unwrap();
                (path, bytes.into())
            })
            .collect()
    }
}

/// Returns the files below a folder, by path from it.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(root).unwrap();
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn batches(file: Bytes) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

pub(crate) fn rows_of_file(file: Bytes) -> Vec<Row> {
    batches(file).iter().flat_map(rows).collect()
}

/// Returns the rows of a batch.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<Row> {
    let schema = batch.schema();
    let row = |n: usize| -> Row {
        let cells = schema.fields().iter().zip(batch.columns());
        cells
            .filter(|(_, array)| array.is_valid(n))
            .map(|(field, array)| (field.name().clone(), cell(array, n)))
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

fn cell(array: &ArrayRef, n: usize) -> Value {
    if array.is_null(n) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(n).into(),
        DataType::Binary => String::from_utf8_lossy(array.as_binary::<i32>().value(n)).into(),
        DataType::Boolean => array.as_boolean().value(n).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(n).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(n).into(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(n).into(),
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(n);
            (0..elements.len()).map(|n| cell(&elements, n)).collect()
        }
        DataType::Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            let members = members.map(|(field, array)| (field.name().clone(), cell(array, n)));
            Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
        }
        DataType::Timestamp(_, zone) => {
            assert_eq!(*zone, None, "times have no zone");
            array_value_to_string(array, n).unwrap().into()
        }
        other => panic!("no column is {other}"),
    }
}

/// What became of objects, in memory.
pub(crate) struct Milled {
    pub(crate) outcomes: Vec<Outcome>,
    files: BTreeMap<&'static str, (&'static Table, Bytes)>,
}

impl Milled {
    pub(crate) fn rows(&self, table: &str) -> Vec<Row> {
        self.files
            .get(table)
            .map(|(_, file)| rows_of_file(file.clone()))
            .unwrap_or_default()
    }

    /// Returns the records of all tables, rebuilt, by their place in the (one) object.
    pub(crate) fn records(&self) -> BTreeMap<usize, String> {
        let mut records = BTreeMap::new();
        for name in ["events", "insights", "aggregated_events"] {
            let Some((table, file)) = self.files.get(name) else {
                continue;
            };
            let batches = batches(file.clone());
            let batch =
                arrow::compute::concat_batches(&batches[0].schema(), batches.iter()).unwrap();
            let rows = Rows::new(table, &batch).unwrap();
            let mut first = 0;
            while first < rows.len() {
                let mut last = first;
                while last + 1 < rows.len() && rows.place(last + 1) == rows.place(first) {
                    last += 1;
                }
                let record = String::from_utf8(rows.record(first, last).into_owned()).unwrap();
                let index = usize::try_from(rows.place(first).2.unwrap()).unwrap();
                assert_eq!(records.insert(index, record), None, "one record, one place");
                first = last + 1;
            }
        }
        records
    }

    /// Returns the rejects: place and reason.
    pub(crate) fn rejects(&self) -> Vec<String> {
        let reject = |row: &Row| {
            let place = row
                .get("record_index")
                .map_or("-".to_owned(), Value::to_string);
            format!("{place}:{}", row["reason"].as_str().unwrap())
        };
        self.rows("rejects").iter().map(reject).collect()
    }
}

/// What tests run with: all events, all tables.
pub(crate) fn options() -> Options {
    Options {
        selection: Selection::default(),
        tables: TABLES.iter().map(|table| table.name).collect(),
        run_day: 0,
    }
}

/// Returns object number `n`, a loose file.
pub(crate) fn loose(number: usize) -> Object<'static> {
    Object {
        number,
        source: "memory",
        source_object: ["a.json", "b.json", "c.json", "d.json"][number],
        delivery_time: None,
        account: None,
        region: None,
        history: &NO_HISTORY,
    }
}

/// Mills loose objects in memory, one after another, and merges what they give.
pub(crate) fn mill(objects: &[&[u8]]) -> Milled {
    let options = options();
    let runs = Runs::new(std::env::temp_dir(), usize::MAX);
    let room = Room::default();
    let mut mill = Mill::new(&options, &runs, &room);
    let mut outcomes = BTreeMap::new();
    for (number, body) in objects.iter().enumerate() {
        outcomes.extend(mill.object(loose(number), *body).unwrap());
    }
    outcomes.extend(mill.finish().unwrap());
    let mut files = BTreeMap::new();
    for table in TABLES {
        let limits = WindowLimits {
            rows: usize::MAX,
            bytes: usize::MAX,
        };
        let mut merge = Merge::new(table, runs.take_runs(table).unwrap(), limits).unwrap();
        let mut file: Option<FileWriter<Vec<u8>>> = None;
        while let Some(window) = merge.next_window().unwrap() {
            let file = file.get_or_insert_with(|| FileWriter::new(table, Vec::new()).unwrap());
            file.write(&window).unwrap();
        }
        if let Some(file) = file {
            files.insert(table.name, (table, file.finish().unwrap().into()));
        }
    }
    Milled {
        outcomes: outcomes.into_values().collect(),
        files,
    }
}

/// Returns rows with only some columns, for reading.
pub(crate) fn pick(rows: &[Row], columns: &[&str]) -> Vec<Value> {
    let pick = |row: &Row| {
        let cells = columns
            .iter()
            .map(|column| row.get(*column).cloned().unwrap_or_default());
        cells.collect::<Value>()
    };
    rows.iter().map(pick).collect()
}

/// Returns the summary of a run without what differs from machine to machine.
pub(crate) fn redact(mut summary: Value, bucket: &str, out: &str) -> Value {
    for (key, shown) in [
        ("seconds", json!("[seconds]")),
        ("peak_memory_bytes", json!("[peak]")),
        ("commits", json!("[commits]")),
        ("object_bytes", json!("[bytes]")),
    ] {
        assert!(summary.get(key).is_some(), "{key}");
        summary[key] = shown;
    }
    for table in summary["tables"].as_object_mut().unwrap().values_mut() {
        assert!(table["bytes"].as_u64().unwrap() > 0);
        table["bytes"] = "[bytes]".into();
    }
    let text = serde_json::to_string(&summary).unwrap();
    let text = text.replace(bucket, "[bucket]").replace(out, "[out]");
    serde_json::from_str(&text).unwrap()
}
