//! `trailmill sql`: what it prints for each engine. scripts/queries.py runs it there.

use std::path::PathBuf;

use trailmill::ddl::{Engine, Laid, Layout, script};
use trailmill::table::{TABLES, Table, mcp_links, rejects};

use crate::support::{Bucket, Out, delivery_key, event, trailmill};

const ENGINES: [Engine; 3] = [Engine::Athena, Engine::DuckDb, Engine::Spark];

fn laid(table: &'static Table, first_day: Option<&str>) -> Laid {
    Laid {
        table,
        first_day: first_day.map(str::to_owned),
        files: None,
    }
}

fn everything_at(location: &str) -> Layout {
    Layout {
        location: location.to_owned(),
        tables: TABLES.map(|table| laid(table, Some("2026-08-01"))).into(),
    }
}

/// A table with rows and one without.
fn two_tables() -> Layout {
    Layout {
        location: "s3://my-tables/cloudtrail".to_owned(),
        tables: vec![
            laid(&mcp_links::TABLE, Some("2026-08-02")),
            laid(&rejects::TABLE, None),
        ],
    }
}

#[test]
fn athena() {
    insta::assert_snapshot!(script(Engine::Athena, &two_tables()));
}

#[test]
fn duckdb() {
    insta::assert_snapshot!(script(Engine::DuckDb, &two_tables()));
}

#[test]
fn spark() {
    insta::assert_snapshot!(script(Engine::Spark, &two_tables()));
}

#[test]
fn every_table_and_both_views_are_there() {
    for engine in ENGINES {
        let script = script(engine, &everything_at("s3://bucket"));
        for table in TABLES {
            assert!(script.contains(table.name), "{engine:?} {}", table.name);
            assert!(script.contains(table.partition), "{engine:?}");
        }
        for view in ["cloudtrail_logs", "mcp_calls"] {
            assert!(
                script.contains(&format!("CREATE OR REPLACE VIEW {view} AS")),
                "{engine:?} {view}"
            );
        }
    }
}

/// Glue takes comments of 255 characters; the consoles and clients on the way are safe with ASCII alone. A semicolon ends
/// a statement and nothing else, for those that look no closer.
#[test]
fn comments_fit_for_every_catalog() {
    for engine in [Engine::Athena, Engine::Spark] {
        let script = script(engine, &everything_at("s3://bucket"));
        assert!(script.is_ascii());
        for line in script.lines() {
            let comment = line
                .split_once(" COMMENT ")
                .map_or("", |(_, comment)| comment);
            assert!(comment.len() <= 255, "{line}");
            let statement = line.strip_suffix(';').unwrap_or(line);
            assert!(!statement.contains(';') || line.starts_with("--"), "{line}");
        }
    }
}

/// Trino's `coalesce` wants two arguments.
#[test]
fn nothing_coalesces_one_value() {
    let script = script(Engine::Athena, &two_tables());
    let single = |rest: &str| {
        !rest
            .split(" IS NOT NULL")
            .next()
            .unwrap_or_default()
            .contains(", ")
    };
    assert!(!script.split("coalesce(").skip(1).any(single), "{script}");
}

#[test]
fn a_path_ends_no_literal_and_matches_no_other() {
    let hostile = r"/tmp/it's [a]*?\";
    let found = |engine| -> String {
        let script = script(engine, &everything_at(hostile));
        let line = script.lines().find(|line| line.contains("/tmp/it"));
        line.unwrap().to_owned()
    };
    let parquet = r"read_parquet('/tmp/it''s [[]a][*][?]\/events/*/*.parquet',";
    assert!(
        found(Engine::DuckDb).ends_with(parquet),
        "{}",
        found(Engine::DuckDb)
    );
    assert_eq!(
        found(Engine::Athena),
        r"LOCATION '/tmp/it\'s [a]*?\\/events/'"
    );
    assert_eq!(
        found(Engine::Spark),
        r"LOCATION '/tmp/it\'s [a]*?\\/events';"
    );
}

/// A dataset of two days and two commits.
fn dataset() -> Out {
    let out = Out::new();
    for day in ["01", "02"] {
        let bucket = Bucket::new();
        let key = delivery_key(
            "111122223333",
            "us-east-1",
            &format!("202608{day}T1200Z"),
            1,
        );
        bucket.deliver(&key, &[event(1, &format!("2026-08-{day}T11:00:00Z"), "")]);
        out.run(&[bucket.path()]).expect(0);
    }
    out
}

fn print(args: &[&str]) -> String {
    trailmill(&[&["sql"], args].concat()).expect(0).stdout
}

#[test]
fn a_dataset_is_found_where_it_lies_or_will_lie() {
    let out = dataset();
    let out = &*out.arg();
    assert!(print(&["duckdb", out]).contains(&format!("read_parquet('{out}/events/*/*.parquet',")));
    assert!(print(&["spark", out]).contains(&format!("LOCATION '{out}/events';")));
    let there = ["--location", "s3://bucket/tables/"];
    let athena = print(&[&["athena", out], &there[..]].concat());
    assert!(athena.contains("LOCATION 's3://bucket/tables/events/'"));
    assert!(athena.contains("'projection.event_date.range' = '2026-08-01,NOW+1DAY'"));
    assert!(
        print(&[&["spark", out], &there[..]].concat())
            .contains("LOCATION 's3a://bucket/tables/events';")
    );
    assert!(print(&["duckdb", out]).contains("-- rejects has no row so far"));
}

#[test]
fn a_folder_is_absolute_for_spark() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = here.join("fixtures/dataset-1.1/events");
    let script = print(&["spark", "fixtures/dataset-1.1/"]);
    assert!(
        script.contains(&format!("LOCATION '{}';", path.display())),
        "{script}"
    );
    assert!(
        print(&["duckdb", "fixtures/dataset-1.1/"])
            .contains("'fixtures/dataset-1.1/events/*/*.parquet'")
    );
}

#[test]
fn a_snapshot_names_the_files_of_the_log() {
    let out = dataset();
    let script = print(&["duckdb", &out.arg(), "--snapshot"]);
    let quoted = script.split('\'').filter(|part| part.ends_with(".parquet"));
    let mut named: Vec<_> = quoted
        .map(|path| path.strip_prefix(&format!("{}/", out.arg())).unwrap())
        .collect();
    named.sort_unstable();
    let files = out.data_files();
    assert_eq!(named, files.keys().collect::<Vec<_>>());
    assert!(files.len() > 4);
}

#[test]
fn what_an_engine_cannot_reach_is_refused() {
    let out = dataset();
    let out = &*out.arg();
    let refused = |args: &[&str], words: &str| {
        let ran = trailmill(&[&["sql"], args].concat()).expect(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    };
    refused(&["athena", out], "--location s3://bucket/prefix");
    refused(&["spark", out, "--snapshot"], "--snapshot is for duckdb");
    refused(
        &["duckdb", out, "--location", "a\nb"],
        "a\\u{a}b has invisible characters",
    );
    assert_eq!(trailmill(&["sql", "oracle", out]).code, Some(2));
    let nowhere = format!("{out}-nowhere");
    assert!(
        trailmill(&["sql", "duckdb", &nowhere])
            .expect(1)
            .stderr
            .contains("holds no dataset")
    );
}
