//! Rows that fit, against a look at every one of them.

use arrow::array::{AsArray, RecordBatch};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::select::Span;
use crate::table::chunk::Chunk;
use crate::table::encode::FileWriter;
use crate::table::events::{Col, TABLE};
use crate::table::merge::{Merge, Run, WindowLimits};

#[derive(Debug, Clone)]
struct Row {
    time: i64,
    name: Option<&'static str>,
    user: Option<&'static str>,
    read_only: Option<bool>,
    arns: Vec<&'static str>,
}

const TEXTS: [&str; 4] = ["", "a", "b", "bc"];

fn any_row() -> impl Strategy<Value = Row> {
    let text = || prop::option::of(prop::sample::select(&TEXTS[..]));
    let arns = prop::collection::vec(prop::sample::select(&TEXTS[..]), 0..3);
    let row = (0..20_i64, text(), text(), any::<Option<bool>>(), arns);
    row.prop_map(|(time, name, user, read_only, arns)| Row {
        time,
        name,
        user,
        read_only,
        arns,
    })
}

fn any_condition() -> impl Strategy<Value = Condition> {
    let texts = || prop::collection::vec(prop::sample::select(&["", "a", "bc", "x"][..]), 1..3);
    prop_oneof![
        texts().prop_map(|texts| Condition::is("event_name", texts)),
        texts().prop_map(|texts| {
            let texts = texts.into_iter().map(str::to_owned).collect();
            Condition::Is(vec!["user_name", "session_name"], texts)
        }),
        texts().prop_map(|texts| {
            let texts = texts.into_iter().map(str::to_owned).collect();
            Condition::Mentions(vec!["resources", "event_name"], texts)
        }),
        Just(Condition::Exists(vec!["user_name"])),
        any::<bool>().prop_map(|flag| Condition::Flag("read_only", flag)),
    ]
}

/// What the conditions say of a row, without any file.
fn fits(row: &Row, query: &Query) -> bool {
    let holds = |condition: &Condition| match condition {
        Condition::Is(columns, texts) => {
            let value = if columns.contains(&"event_name") {
                row.name
            } else {
                row.user
            };
            value.is_some_and(|value| texts.contains(value))
        }
        Condition::Mentions(_, parts) => {
            let mut texts = row.arns.iter().chain(&row.name);
            texts.any(|text| parts.iter().any(|part| text.contains(part.as_str())))
        }
        Condition::Exists(_) => row.user.is_some(),
        Condition::Flag(_, flag) => row.read_only == Some(*flag),
    };
    query.span.contains(row.time) && query.conditions.iter().all(holds)
}

fn file_of(rows: &[Row], first_id: usize, window_rows: usize) -> Bytes {
    let mut chunk = Chunk::new(&TABLE);
    for (nth, row) in rows.iter().enumerate() {
        chunk.int(Col::event_time, row.time);
        chunk.text(Col::event_id, &format!("{}", first_id + nth));
        if let Some(name) = row.name {
            chunk.text(Col::event_name, name);
        }
        if let Some(user) = row.user {
            chunk.text(Col::user_name, user);
        }
        if let Some(flag) = row.read_only {
            chunk.bool(Col::read_only, flag);
        }
        let arns = row
            .arns
            .iter()
            .flat_map(|arn| [Some(*arn), None, None, None]);
        chunk.list(Col::resources, arns);
        chunk.end_row();
    }
    let limits = WindowLimits {
        rows: window_rows,
        bytes: usize::MAX,
    };
    let run = Box::new(std::iter::once(Ok(chunk.sort()))) as Run;
    let mut merge = Merge::new(&TABLE, vec![run], limits).expect("in memory");
    let mut file = FileWriter::new(&TABLE, Vec::new()).expect("in memory");
    while let Some(window) = merge.next_window().expect("in memory") {
        file.write(&window).expect("in memory");
    }
    file.finish().expect("in memory").into()
}

/// A file of a row group whose event ids are the numbers below `n_rows`.
pub(super) fn file_of_ids(n_rows: usize) -> Bytes {
    let row = Row {
        time: 0,
        name: None,
        user: None,
        read_only: None,
        arns: Vec::new(),
    };
    file_of(&vec![row; n_rows], 0, usize::MAX)
}

fn id(row: &RecordBatch) -> usize {
    let ids = row.column_by_name("event_id").expect("a column");
    ids.as_string::<i32>().value(0).parse().expect("a number")
}

proptest! {
    /// Whatever files and row groups rows lie in, and whatever of them is skipped.
    #[test]
    fn as_if_every_row_were_looked_at(
        files in prop::collection::vec(prop::collection::vec(any_row(), 1..30), 0..4),
        window_rows in 1..9_usize,
        conditions in prop::collection::vec(any_condition(), 0..3),
        (from, to) in (0..20_i64, 0..22_i64),
    ) {
        let query = Query { table: &TABLE, span: Span { from, to }, conditions };
        let all: Vec<&Row> = files.iter().flatten().collect();
        let firsts = files.iter().scan(0, |sum, rows| {
            let first = *sum;
            *sum += rows.len();
            Some(first)
        });
        let bytes: Vec<Bytes> = files.iter().zip(firsts)
            .map(|(rows, first)| file_of(rows, first, window_rows))
            .collect();
        let candidates = files.iter().enumerate().map(|(nth, rows)| Candidate {
            nth,
            newest: rows.iter().map(|row| row.time).max().expect("a row"),
        });
        let found: Vec<usize> = Newest::new(&query, candidates, |nth| Ok(bytes[nth].clone()))
            .map(|row| id(&row.expect("sound")))
            .collect();
        let times: Vec<i64> = found.iter().map(|id| all[*id].time).collect();
        prop_assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
        let mut found = found;
        found.sort_unstable();
        let expected: Vec<usize> = (0..all.len()).filter(|id| fits(all[*id], &query)).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn who_wants_the_newest_opens_no_other_file() {
    let row = |time| Row {
        time,
        name: Some("a"),
        user: None,
        read_only: None,
        arns: Vec::new(),
    };
    let files = [
        file_of(&[row(1), row(2)], 0, 9),
        file_of(&[row(5), row(9)], 2, 9),
    ];
    let query = Query {
        table: &TABLE,
        span: Span::ALL,
        conditions: Vec::new(),
    };
    let mut opened = Vec::new();
    let candidates = [(0, 2), (1, 9)].map(|(nth, newest)| Candidate { nth, newest });
    let open = |nth: usize| {
        opened.push(nth);
        Ok(files[nth].clone())
    };
    let found: Vec<usize> = Newest::new(&query, candidates, open)
        .take(2)
        .map(|row| id(&row.expect("sound")))
        .collect();
    assert_eq!((found, opened), (vec![3, 2], vec![1]));
}

#[test]
fn a_file_that_is_none_is_named() {
    let query = Query {
        table: &TABLE,
        span: Span::ALL,
        conditions: Vec::new(),
    };
    let candidates = [Candidate { nth: 7, newest: 0 }];
    let mut rows = Newest::new(&query, candidates, |_| {
        Ok(Bytes::from_static(b"no Parquet"))
    });
    let (nth, _) = rows.next().expect("an error").expect_err("an error");
    assert_eq!(nth, 7);
    assert!(rows.next().is_none());
}
