//! The floor: what the bare libraries take for the work that cannot be saved, one after the other on one thread. Inflate, SHA-256
//! of the content, parse, and encode the columns of `events` once more.
//!
//! `cargo bench --bench floor -- BUCKET DATASET`: a folder of delivery objects, and what `trailmill run` made of it. Prints JSON: CPU seconds of each
//! stage (of Linux; elsewhere the time that went by). Nothing is sorted, deduplicated, classified or written to disk, and no time is
//! spent on getting from the tape to the columns, so nobody reaches it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::record_batch::RecordBatch;
use flate2::{Decompress, FlushDecompress, Status};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};
use simd_json::{Buffers, Tape};

use trailmill::limits::ROW_GROUP_ROWS;

/// Magic, flags and time of a gzip member without a name; checksum and size at its end (RFC 1952).
const GZIP_HEADER: usize = 10;
const GZIP_TRAILER: usize = 8;

#[expect(clippy::print_stdout, reason = "it is a program of its own")]
fn main() {
    let args: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let [bucket, dataset] = &args[..] else {
        panic!("give a folder of delivery objects, and the dataset that was made of it");
    };
    let mut floor = Floor::default();
    files(Path::new(bucket), "gz", &mut |path| floor.read(&path));
    let mut files_of_events = Vec::new();
    files(&Path::new(dataset).join("events"), "parquet", &mut |path| {
        files_of_events.push(path);
    });
    for path in &files_of_events {
        floor.encode(path);
    }
    let Floor {
        inflate,
        sha256,
        parse,
        encode,
        ..
    } = floor;
    println!(
        "{{\"inflate\": {inflate:.3}, \"sha256\": {sha256:.3}, \"parse\": {parse:.3}, \"encode\": {encode:.3}, \"content_bytes\": {}, \"rows\": {}, \"parquet_bytes\": {}}}",
        floor.content_bytes, floor.rows, floor.parquet_bytes
    );
}

/// Seconds of each stage, and what went through.
#[derive(Default)]
struct Floor {
    inflate: f64,
    sha256: f64,
    parse: f64,
    encode: f64,
    content_bytes: usize,
    rows: usize,
    parquet_bytes: usize,
    work: Work,
}

/// Memory that is used again.
#[derive(Default)]
struct Work {
    content: Vec<u8>,
    buffers: Buffers,
    tape: Vec<simd_json::Node<'static>>,
}

impl Floor {
    fn read(&mut self, path: &Path) {
        let object = fs::read(path).expect("an object");
        let began = now();
        let length = inflate(&object, &mut self.work.content);
        let inflated = now();
        let content = &mut self.work.content[..length];
        std::hint::black_box(Sha256::digest(&*content));
        let hashed = now();
        let mut tape = Tape(std::mem::take(&mut self.work.tape));
        simd_json::fill_tape(content, &mut self.work.buffers, &mut tape).expect("JSON");
        self.work.tape = tape.reset().0;
        self.parse += now() - hashed;
        self.sha256 += hashed - inflated;
        self.inflate += inflated - began;
        self.content_bytes += length;
    }

    fn encode(&mut self, path: &Path) {
        let open = || File::open(path).expect("a file of events");
        let builder = ParquetRecordBatchReaderBuilder::try_new(open()).expect("Parquet");
        let properties = properties(builder.metadata().row_group(0));
        let reader = builder
            .with_batch_size(ROW_GROUP_ROWS)
            .build()
            .expect("Parquet");
        let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("rows")).collect();
        let schema = batches[0].schema();
        let began = now();
        let mut writer =
            ArrowWriter::try_new(Vec::new(), schema, Some(properties)).expect("in memory");
        for batch in &batches {
            writer.write(batch).expect("in memory");
            self.rows += batch.num_rows();
        }
        self.parquet_bytes += writer.into_inner().expect("in memory").len();
        self.encode += now() - began;
    }
}

/// A whole gzip member, in one go, into a buffer of the size that its trailer says.
fn inflate(object: &[u8], content: &mut Vec<u8>) -> usize {
    let (body, size) = object[GZIP_HEADER..]
        .split_last_chunk::<4>()
        .expect("a gzip member");
    let size = u32::from_le_bytes(*size) as usize;
    if content.len() < size {
        content.resize(size, 0);
    }
    let body = &body[..body.len() + 4 - GZIP_TRAILER];
    let status =
        Decompress::new(false).decompress(body, &mut content[..size], FlushDecompress::Finish);
    assert_eq!(status.expect("sound"), Status::StreamEnd);
    size
}

/// The quickest compression, and dictionaries only where the files have them.
fn properties(group: &RowGroupMetaData) -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("a level");
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    for column in group.columns() {
        let has_dictionary = column.dictionary_page_offset().is_some();
        properties =
            properties.set_column_dictionary_enabled(column.column_path().clone(), has_dictionary);
    }
    properties.build()
}

/// The files of a kind below a folder, in the order of their names.
fn files(folder: &Path, kind: &str, take: &mut dyn FnMut(PathBuf)) {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort_unstable();
    for path in paths {
        if path.is_dir() {
            files(&path, kind, take);
        } else if path.extension().is_some_and(|found| found == kind) {
            take(path);
        }
    }
}

/// Seconds of CPU of this thread, where the system tells them.
fn now() -> f64 {
    thread_local!(static BEGAN: Instant = Instant::now());
    let schedule = fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = schedule
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGAN.with(Instant::elapsed).as_secs_f64(), |n| n / 1e9)
}
