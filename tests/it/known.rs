//! Rows that the dataset has already are found, wherever row groups and windows end, and however rows stand in row groups.

use std::sync::Arc;

use proptest::prelude::*;
use trailmill::commit::{Entry, Purpose};
use trailmill::run::known::Known;
use trailmill::sink::dataset::DatasetWriter;
use trailmill::table::chunk::Chunk;
use trailmill::table::encode::FileWriter;
use trailmill::table::events::{Col, TABLE};
use trailmill::table::merge::{Merge, Window, WindowLimits};
use trailmill::trail::time::{DAY, SECOND};

use crate::places::Memory;

/// Time in quarters of a day, id, content.
type Row = (i64, Option<u8>, i64);

fn windows(rows: &[Row], window_rows: usize) -> Vec<Window> {
    let mut chunk = Chunk::new(&TABLE);
    for (time, id, content) in rows {
        chunk.int(Col::event_time, time * 6 * 3600 * SECOND);
        if let Some(id) = id {
            chunk.text(Col::event_id, &id.to_string());
        }
        chunk.int(Col::content_hash, *content);
        chunk.text(
            Col::event_name,
            ["Put", "Get"][usize::from(content % 2 == 0)],
        );
        chunk.end_row();
    }
    let limits = WindowLimits {
        rows: window_rows,
        bytes: usize::MAX,
    };
    let run = Box::new(std::iter::once(Ok(chunk.sort())));
    let mut merge = Merge::new(&TABLE, vec![run], limits).unwrap();
    std::iter::from_fn(|| merge.next_window().unwrap()).collect()
}

fn rows_of(window: &Window, rows: &[(u32, u32)]) -> Vec<Row> {
    let row = |(block, row): &(u32, u32)| {
        let (chunk, row) = (window.blocks[*block as usize].chunk(), *row as usize);
        let int = |column: Col| chunk.get_int(column, row).unwrap();
        let id = chunk.get_text(Col::event_id, row);
        (
            int(Col::event_time) / (6 * 3600 * SECOND),
            id.map(|id| id.parse().unwrap()),
            int(Col::content_hash),
        )
    };
    rows.iter().map(row).collect()
}

/// Commits files of some rows each, with row groups of so many rows.
fn dataset(files: &[Vec<Row>], group_rows: usize) -> DatasetWriter {
    let place = Arc::new(Memory::default());
    let mut dataset = DatasetWriter::open(place, "run".into(), "nonce".into()).unwrap();
    let mut added = Vec::new();
    for (number, rows) in files.iter().enumerate() {
        let windows = windows(rows, group_rows);
        for of_day in windows.chunk_by(|a, b| a.day == b.day) {
            let day = of_day[0].day;
            let name = format!("{number}");
            let (out, pending) = dataset.stage(&TABLE, day, &name).unwrap().split();
            let mut file = FileWriter::new(&TABLE, out).unwrap();
            for window in of_day {
                file.write(window).unwrap();
            }
            let n_rows = of_day.iter().map(|window| window.rows.len() as u64).sum();
            let times = (day * DAY, day * DAY + DAY - 1);
            let out = file.finish().unwrap();
            added.push(
                pending
                    .close(out, &TABLE, n_rows, Some(times))
                    .wait()
                    .unwrap(),
            );
        }
    }
    let entry = Entry {
        added,
        ..dataset.entry(Purpose::Add, "group")
    };
    dataset.commit(entry).unwrap();
    dataset
}

fn any_rows(max: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..8_i64, prop::option::of(0..3_u8), 0..4_i64), 0..max)
}

proptest! {
    #[test]
    fn as_a_naive_search(
        files in prop::collection::vec(any_rows(30), 0..4),
        new in any_rows(40),
        group_rows in 1..9_usize,
        window_rows in 1..9_usize,
    ) {
        let dataset = dataset(&files, group_rows);
        let mut known = Known::new(&dataset, &TABLE);
        let has = |row: &Row| files.iter().flatten().any(|known| known == row);
        for mut window in windows(&new, window_rows) {
            let before = rows_of(&window, &window.rows);
            let n_copies = window.copies.len();
            known.set_aside(&mut window).unwrap();
            let (old, new): (Vec<_>, Vec<_>) = before.into_iter().partition(has);
            prop_assert_eq!(rows_of(&window, &window.rows), new);
            prop_assert_eq!(rows_of(&window, &window.copies[n_copies..]), old);
        }
    }
}
