//! Datasets as earlier versions wrote them: each is read, checked, and added to, or refused in words.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::incremental::assert_same;
use crate::json::Json;
use crate::support::{Out, files, trailmill};

const TRAIL: &str = "fixtures/trail";

/// The dataset as version 1.1 of tables and log wrote it, of six objects of the trail.
const DATASET: &str = "fixtures/dataset-1.1";

/// Puts a copy of a dataset where an `Out` has its own.
fn copy(dataset: &str) -> Out {
    let out = Out::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(dataset);
    for path in files(&from) {
        let to = out.path().join(&path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from.join(&path), to).unwrap();
    }
    out
}

fn exported(dataset: &str) -> BTreeSet<String> {
    let records = trailmill(&["export", dataset]).expect(0).stdout;
    let normal = |line: &str| format!("{:?}", Json::parse(line).unwrap().normal());
    records.lines().map(normal).collect()
}

#[test]
fn it_is_what_it_was_and_gives_back_its_records() {
    let ran = trailmill(&["verify", DATASET]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let all = Out::new();
    all.run(&[TRAIL]).expect(0);
    let (some, all) = (exported(DATASET), exported(&all.arg()));
    assert_eq!(some.len(), 24);
    assert!(some.is_subset(&all));
}

#[test]
fn a_run_adds_what_it_does_not_have() {
    let (golden, whole) = (copy(DATASET), Out::new());
    let summary = golden.run(&[TRAIL]).expect(0).summary();
    assert_eq!(summary["objects"]["skipped"], 6);
    assert_eq!(summary["objects"]["read"], 55);
    whole.run(&[TRAIL]).expect(0);
    assert_same(&golden, &whole);
    trailmill(&["verify", &golden.arg()]).expect(0);
    trailmill(&["compact", &golden.arg(), "--older-than", "0d"]).expect(0);
    assert_same(&golden, &whole);
}
