//! What is written, read back by parquet's own reader.

use super::*;
use crate::table::chunk::Chunk;
use crate::table::events::{Col, TABLE};
use crate::table::merge::{Merge, Run, WindowLimits};
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use proptest::prelude::*;

/// Rows `n` of some, every second one without optional values.
fn chunk_of(rows: impl IntoIterator<Item = i64>) -> Chunk {
    let mut chunk = Chunk::new(&TABLE);
    for n in rows {
        chunk.int(Col::event_time, n);
        chunk.text(Col::event_id, &format!("id-{n}"));
        if n % 2 == 0 {
            chunk.text(Col::event_name, ["Get", "Put"][usize::from(n % 4 == 0)]);
            chunk.bool(Col::read_only, n % 4 == 0);
            chunk.binary(Col::record_raw, b"{\xff}");
            chunk.list(Col::mcp_evidence, [Some("a"), None]);
            chunk.list(Col::resources, [Some("arn"), None, None, Some("type")]);
        } else {
            chunk.list(Col::resources, []);
        }
        chunk.end_row();
    }
    chunk
}

fn merge_of(chunks: Vec<Chunk>, window_rows: usize) -> Merge {
    let run = |chunk: Chunk| Box::new(std::iter::once(Ok(chunk.sort()))) as Run;
    let limits = WindowLimits {
        rows: window_rows,
        bytes: usize::MAX,
    };
    let runs = chunks.into_iter().map(run).collect();
    Merge::new(&TABLE, runs, limits).expect("in memory")
}

fn file_of(chunks: Vec<Chunk>, window_rows: usize) -> Vec<u8> {
    let mut merge = merge_of(chunks, window_rows);
    let mut file = FileWriter::new(&TABLE, Vec::new()).expect("in memory");
    while let Some(window) = merge.next_window().expect("in memory") {
        file.write(&window).expect("in memory");
    }
    file.finish().expect("in memory")
}

/// The rows of a file, in the order of time.
fn read(file: Vec<u8>) -> RecordBatch {
    let rows = as_they_stand(file);
    let times = rows.column_by_name("event_time").expect("a column");
    let order = sort_to_indices(times, None, None).expect("times");
    take_record_batch(&rows, &order).expect("its rows")
}

fn as_they_stand(file: Vec<u8>) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file))
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .expect("a Parquet file");
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("whole")).collect();
    concat_batches(&schema, &batches).expect("one schema")
}

#[test]
fn a_row_group_counts_before_it_stands_in_the_file() {
    let mut merge = merge_of(vec![chunk_of(0..10)], 5);
    let mut file = FileWriter::new(&TABLE, Vec::new()).expect("in memory");
    let mut ends = vec![file.bytes_written()];
    while let Some(window) = merge.next_window().expect("in memory") {
        file.write(&window).expect("in memory");
        ends.push(file.bytes_written());
    }
    let file = bytes::Bytes::from(file.finish().expect("in memory"));
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let begins = |group: usize| reader.metadata().row_group(group).column(0).byte_range().0;
    assert_eq!(ends.len(), 3);
    assert_eq!([begins(0), begins(1)], [ends[0] as u64, ends[1] as u64]);
    assert!(ends[2] > ends[1]);
}

/// Room for as many pages like the first would be 200 GB.
#[test]
fn a_column_may_begin_with_its_largest_text() {
    let mut hash = 1_u64;
    let large: String = std::iter::repeat_with(|| {
        hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{hash:016x}")
    })
    .take(1 << 18)
    .collect();
    let mut chunk = Chunk::new(&TABLE);
    for row in 0..100_000 {
        chunk.int(Col::event_time, row);
        let text = if row == 0 { &large } else { "{}" };
        chunk.text(Col::request_parameters, text);
        chunk.end_row();
    }
    let batch = as_they_stand(file_of(vec![chunk], usize::MAX));
    let column = batch.column_by_name("request_parameters");
    let texts = column.expect("a column").as_string::<i32>();
    assert_eq!(
        (texts.value(0), texts.value(99_999)),
        (large.as_str(), "{}")
    );
}

#[test]
fn values_come_back() {
    let batch = read(file_of(vec![chunk_of(0..10)], 4));
    assert_eq!(batch.num_rows(), 10);
    let column = |name: &str| batch.column_by_name(name).expect("a column");
    let times = column("event_time").as_primitive::<TimestampMicrosecondType>();
    let names = column("event_name").as_string::<i32>();
    let resources = column("resources").as_list::<i32>();
    let evidence = column("mcp_evidence").as_list::<i32>();
    for n in 0..10 {
        let is_even = n % 2 == 0;
        assert_eq!(times.value(n), i64::try_from(n).expect("small"));
        assert_eq!(
            column("event_id").as_string::<i32>().value(n),
            format!("id-{n}")
        );
        assert_eq!(names.is_valid(n), is_even);
        assert_eq!(evidence.is_valid(n), is_even);
        assert!(resources.is_valid(n), "an empty list is a list");
        assert_eq!(resources.value(n).len(), usize::from(is_even));
    }
    assert_eq!([names.value(0), names.value(2)], ["Put", "Get"]);
    assert!(column("read_only").as_boolean().value(4));
    assert_eq!(column("record_raw").as_binary::<i32>().value(0), b"{\xff}");
    let two = evidence.value(0);
    let two = two.as_string::<i32>();
    assert_eq!((two.value(0), two.is_null(1)), ("a", true));
    let first = resources.value(0);
    let kind = first.as_struct().column_by_name("type").expect("a field");
    assert_eq!(kind.as_string::<i32>().value(0), "type");
    for name in ["delivery_time", "object", "is_error", "touched"] {
        assert!(
            batch.column_by_name(name).is_none(),
            "{name} is for the merge alone"
        );
    }
}

#[test]
fn equal_rows_give_equal_bytes_however_they_came() {
    let whole = file_of(vec![chunk_of(0..3000)], 1000);
    let parts = vec![
        chunk_of((0..3000).filter(|n| n % 3 == 0)),
        chunk_of((0..3000).rev().filter(|n| n % 3 == 1)),
        chunk_of((0..3000).filter(|n| n % 3 == 2)),
    ];
    assert!(file_of(parts, 1000) == whole);
    assert!(
        file_of(vec![chunk_of(0..3000)], 999) != whole,
        "row groups show"
    );
}

/// Rows whose columns make pages of every kind: of few texts and of many, of short and of long ones, with holes.
fn many_rows(n_rows: i64) -> Chunk {
    let mut chunk = Chunk::new(&TABLE);
    for n in 0..n_rows {
        chunk.int(Col::event_time, n);
        chunk.text(Col::event_id, &format!("{n:036}"));
        chunk.text(Col::event_name, &format!("Get{}", n % 300));
        if n % 5 != 0 {
            chunk.text(
                Col::principal,
                &format!(
                    "arn:{}",
                    "x".repeat(usize::try_from(n % 97).expect("small"))
                ),
            );
            chunk.text(
                Col::user_agent,
                &format!("agent/{n} {}", "of some length ".repeat(6)),
            );
        }
        chunk.text(Col::request_parameters, &format!("{{\"n\":{}}}", n * n));
        let texts =
            (0..n % 4).map(|nth| (nth != 1).then_some(["arn", "type"][usize::from(nth == 2)]));
        if n % 7 != 0 {
            chunk.list(Col::mcp_evidence, texts);
        }
        chunk.end_row();
    }
    chunk
}

#[test]
fn pages_are_found_by_their_index() {
    let n_rows = 50_000;
    let file = bytes::Bytes::from(file_of(vec![many_rows(n_rows)], usize::MAX));
    let whole = as_they_stand(file.to_vec());
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .expect("a Parquet file");
    let index = builder.metadata().page_index_for_row_group(0);
    let pages_of = |name: &str| {
        let columns = builder.parquet_schema().columns();
        let place = columns
            .iter()
            .position(|leaf| leaf.path().string().starts_with(name));
        let pages = index.offset_index(place.expect("a column"));
        pages.expect("an offset index").page_locations().len()
    };
    assert_eq!(pages_of("event_name"), 3, "20,000 rows each");
    assert!(pages_of("user_agent") > 3, "cut by bytes");
    assert_eq!(pages_of("error_code"), 1, "without a value");
    let wanted = [(0, 3), (19_999, 2), (34_567, 1), (49_990, 10)];
    let selection = wanted.map(|(start, n)| start..start + n);
    let selection = RowSelection::from_consecutive_ranges(
        selection.into_iter(),
        usize::try_from(n_rows).expect("small"),
    );
    let reader = builder
        .with_row_selection(selection)
        .build()
        .expect("a Parquet file");
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("whole")).collect();
    let found = concat_batches(&whole.schema(), &batches).expect("one schema");
    let expected: Vec<RecordBatch> = wanted.map(|(start, n)| whole.slice(start, n)).into();
    assert_eq!(
        found,
        concat_batches(&whole.schema(), &expected).expect("one schema")
    );
}

#[test]
fn columns_that_hardly_repeat_leave_nothing_to_others() {
    let (columns, n_rows) = (
        [Col::api_version, Col::error_message, Col::user_agent],
        3000,
    );
    // The texts of a column are those of the others, and none of them is in the place that another has it in.
    let text = |nth: usize, n: usize| format!("text {}", (n + 1000 * nth) % n_rows);
    let mut chunk = Chunk::new(&TABLE);
    for n in 0..n_rows {
        chunk.int(Col::event_time, i64::try_from(n).expect("small"));
        for (nth, column) in columns.into_iter().enumerate() {
            chunk.text(column, &text(nth, n));
        }
        chunk.text(Col::event_name, &text(0, n % 10));
        chunk.end_row();
    }
    let batch = read(file_of(vec![chunk], usize::MAX));
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .expect("a column")
            .as_string::<i32>()
    };
    for n in 0..n_rows {
        for (nth, name) in ["api_version", "error_message", "user_agent"]
            .into_iter()
            .enumerate()
        {
            assert_eq!(column(name).value(n), text(nth, n));
        }
        assert_eq!(column("event_name").value(n), text(0, n % 10));
    }
}

/// Source, name, user agent, principal.
type Alike = (
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

fn any_alike() -> impl Strategy<Value = Alike> {
    let text = || prop::option::of(prop::sample::select(&["", "a", "ab", "b"][..]));
    (text(), text(), text(), text())
}

proptest! {
    #[test]
    fn alike_rows_of_a_row_group_stand_together(
        rows in prop::collection::vec(any_alike(), 1..60),
        n_chunks in 1..4_usize,
        window_rows in 1..70_usize,
    ) {
        let chunk_of = |nth: usize| {
            let mut chunk = Chunk::new(&TABLE);
            let of_chunk = (0..).zip(&rows).skip(nth).step_by(n_chunks);
            for (time, (source, name, agent, principal)) in of_chunk {
                chunk.int(Col::event_time, time);
                for (column, text) in [
                    (Col::event_source, source),
                    (Col::event_name, name),
                    (Col::user_agent, agent),
                    (Col::principal, principal),
                ] {
                    if let Some(text) = text {
                        chunk.text(column, text);
                    }
                }
                chunk.end_row();
            }
            chunk
        };
        let batch = as_they_stand(file_of((0..n_chunks).map(chunk_of).collect(), window_rows));
        let times = batch.column_by_name("event_time").expect("a column").as_primitive::<TimestampMicrosecondType>();
        let found: Vec<usize> = times.values().iter().map(|time| usize::try_from(*time).expect("small")).collect();
        let in_order: Vec<usize> = (0..rows.len()).collect();
        let expected = in_order.chunks(window_rows).flat_map(|group| {
            // Texts of the columns behind the sorted ones come in the order in which the row group has them first.
            let first = |same: &dyn Fn(&Alike) -> bool| group.iter().position(|row| same(&rows[*row]));
            let key = |row: &usize| {
                let (source, name, agent, principal) = rows[*row];
                let agent_first = agent.and_then(|_| first(&|other| other.2 == agent));
                let principal_first = principal.and_then(|_| first(&|other| other.3 == principal));
                (source, name, agent_first, principal_first)
            };
            let mut group = group.to_vec();
            group.sort_by_key(key);
            group
        });
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

#[test]
fn a_file_says_how_its_rows_are_sorted() {
    let file = bytes::Bytes::from(file_of(vec![chunk_of(0..10)], 4));
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let columns = reader.metadata().file_metadata().schema_descr().columns();
    for group in reader.metadata().row_groups() {
        let sorted = group.sorting_columns().expect("said").iter();
        let names = sorted.map(|column| {
            assert!(column.nulls_first && !column.descending);
            columns[usize::try_from(column.column_idx).expect("a column")].name()
        });
        assert_eq!(names.collect::<Vec<_>>(), ["event_source", "event_name"]);
    }
}

#[test]
fn filters_tell_what_a_row_group_has() {
    let file = bytes::Bytes::from(file_of(vec![many_rows(4_000)], 1000));
    let options = ReadOptionsBuilder::new().build();
    let reader = SerializedFileReader::new_with_options(file.clone(), options);
    let reader = reader.expect("a Parquet file");
    let filter = |group: usize, name: &str| {
        let group = reader.metadata().row_group(group);
        let mut columns = group.columns().iter();
        let column = columns.find(|column| column.column_path().string() == name);
        Sbbf::read_from_column_chunk(column.expect("a column"), &file).expect("sound")
    };
    let ids = filter(1, "event_id").expect("ids are looked up");
    let has = |n: &i64| ids.check(format!("{n:036}").as_str());
    assert!((1000..2000).all(|n| has(&n)));
    let wrong = (0..1000).chain(2000..4000).filter(has).count();
    assert!(wrong < 200, "{wrong} of 3,000 are not there");
    let names = filter(0, "event_name").expect("names are looked up");
    assert!((0..300).all(|n| names.check(format!("Get{n}").as_str())));
    assert!(names.num_blocks() < 32, "names repeat");
    assert!(filter(0, "request_parameters").is_none());
    assert!(filter(0, "error_code").is_none(), "without a value");
}

#[derive(Debug, Clone)]
struct Row {
    name: Option<String>,
    parameters: Option<String>,
    evidence: Option<Vec<Option<String>>>,
    resources: Vec<[Option<String>; 4]>,
    number: Option<i64>,
}

fn any_row() -> impl Strategy<Value = Row> {
    let text = || prop::option::of("[ab\u{e9}]{0,2}");
    let resource = (text(), text(), text(), text()).prop_map(<[_; 4]>::from);
    let row = (
        text(),
        text(),
        prop::option::of(prop::collection::vec(text(), 0..3)),
        prop::collection::vec(resource, 0..3),
        prop::option::of(0..9_i64),
    );
    row.prop_map(|(name, parameters, evidence, resources, number)| Row {
        name,
        parameters,
        evidence,
        resources,
        number,
    })
}

fn chunk_of_rows<'r>(rows: impl IntoIterator<Item = (i64, &'r Row)>) -> Chunk {
    let mut chunk = Chunk::new(&TABLE);
    for (time, row) in rows {
        chunk.int(Col::event_time, time);
        if let Some(name) = &row.name {
            chunk.text(Col::event_name, name);
        }
        if let Some(parameters) = &row.parameters {
            chunk.text(Col::request_parameters, parameters);
        }
        if let Some(evidence) = &row.evidence {
            chunk.list(Col::mcp_evidence, evidence.iter().map(Option::as_deref));
        }
        if !row.resources.is_empty() {
            chunk.list(
                Col::resources,
                row.resources.iter().flatten().map(Option::as_deref),
            );
        }
        if let Some(number) = row.number {
            chunk.int(Col::source_index, number);
        }
        chunk.end_row();
    }
    chunk
}

proptest! {
    /// What a reader nobody here wrote finds is what was put in, whatever chunks and row groups the rows came in.
    #[test]
    fn rows_come_back(rows in prop::collection::vec(any_row(), 1..60), n_chunks in 1..4_i64, window_rows in 1..70_usize) {
        let timed = || (0..).zip(&rows);
        let chunks = (0..n_chunks).map(|nth| chunk_of_rows(timed().filter(|(time, _)| time % n_chunks == nth)));
        let batch = read(file_of(chunks.collect(), window_rows));
        let column = |name: &str| batch.column_by_name(name).expect("a column");
        let (names, parameters) = (column("event_name").as_string::<i32>(), column("request_parameters").as_string::<i32>());
        let numbers = column("source_index").as_primitive::<Int64Type>();
        let (evidence, resources) = (column("mcp_evidence").as_list::<i32>(), column("resources").as_list::<i32>());
        let text = |texts: &StringArray, at: usize| texts.is_valid(at).then(|| texts.value(at).to_owned());
        let list = |texts: &StringArray| (0..texts.len()).map(|at| text(texts, at)).collect::<Vec<_>>();
        prop_assert_eq!(batch.num_rows(), rows.len());
        for (at, row) in rows.iter().enumerate() {
            prop_assert_eq!(text(names, at), row.name.clone());
            prop_assert_eq!(text(parameters, at), row.parameters.clone());
            prop_assert_eq!(numbers.is_valid(at).then(|| numbers.value(at)), row.number);
            let found = evidence.is_valid(at).then(|| list(evidence.value(at).as_string::<i32>()));
            prop_assert_eq!(found, row.evidence.clone());
            prop_assert_eq!(resources.is_valid(at), !row.resources.is_empty());
            let found = resources.value(at);
            for (nth, field) in found.as_struct().columns().iter().enumerate() {
                let expected: Vec<_> = row.resources.iter().map(|resource| resource[nth].clone()).collect();
                prop_assert_eq!(list(field.as_string::<i32>()), expected);
            }
        }
    }
}

#[test]
fn whether_chunks_number_their_texts_does_not_show() {
    let rows = |nth: i64, of: i64| {
        let mut chunk = Chunk::new(&TABLE);
        for n in (0..3000).filter(|n| n % of == nth) {
            chunk.int(Col::event_time, n);
            chunk.text(Col::principal, &format!("somebody else {n}"));
            chunk.text(Col::user_agent, &format!("one of many {}", n % 1000));
            chunk.end_row();
        }
        chunk
    };
    // Of 3,000 rows a chunk sees that texts hardly repeat, of 750 it does not.
    let whole = file_of(vec![rows(0, 1)], 2000);
    let parts = (0..4).map(|nth| rows(nth, 4)).collect();
    assert!(file_of(parts, 2000) == whole);
}

#[test]
fn what_other_days_hold_does_not_show() {
    let day = crate::trail::time::DAY;
    let alone = file_of(vec![chunk_of([1, 3])], 10);
    // Even rows have values that odd ones have not.
    let mut merge = merge_of(vec![chunk_of([1, 3, day, day + 2])], 10);
    let mut file = FileWriter::new(&TABLE, Vec::new()).expect("in memory");
    let first = merge.next_window().expect("in memory").expect("a window");
    file.write(&first).expect("in memory");
    assert!(file.finish().expect("in memory") == alone);
}

#[test]
fn layout() {
    let file = file_of(vec![chunk_of(0..2000)], 1000);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file));
    let reader = reader.expect("a Parquet file");
    let groups = reader.metadata().row_groups();
    assert_eq!(
        groups
            .iter()
            .map(parquet::file::metadata::RowGroupMetaData::num_rows)
            .collect::<Vec<_>>(),
        [1000, 1000]
    );
    for chunk in groups[1].columns() {
        let name = chunk.column_path().string();
        let has = |encoding| chunk.encodings().any(|found| found == encoding);
        match name.as_str() {
            "event_time" => assert!(has(Encoding::DELTA_BINARY_PACKED), "{name}"),
            "event_id" => assert!(
                !has(Encoding::RLE_DICTIONARY) && !has(Encoding::PLAIN_DICTIONARY),
                "{name}"
            ),
            "event_name" => assert!(
                has(Encoding::RLE_DICTIONARY) || has(Encoding::PLAIN_DICTIONARY),
                "{name}"
            ),
            _ => {}
        }
        if name == "event_time" {
            let statistics = chunk.statistics().expect("of times");
            let micros = |bytes: Option<&[u8]>| {
                bytes
                    .and_then(|b| b.try_into().ok())
                    .map(i64::from_le_bytes)
            };
            let range = (
                micros(statistics.min_bytes_opt()),
                micros(statistics.max_bytes_opt()),
            );
            assert_eq!(range, (Some(1000), Some(1999)));
        }
    }
}
