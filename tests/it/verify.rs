//! `trailmill verify`: what is wrong with a dataset is found, and named.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailmill::trail::hash::hex;

use crate::dataset::bucket_for_all_tables;
use crate::support::{Bucket, Out, Ran, event, files, trailmill};

const ENTRY: &str = "_trailmill/log/1.json";
const DONE: &str = "_trailmill/log/1.done";

/// A dataset with rows in every table.
fn dataset() -> Out {
    let out = Out::new();
    out.run(&[bucket_for_all_tables().path()]).expect(3);
    out
}

/// A dataset of one event.
fn small() -> Out {
    let bucket = Bucket::new();
    bucket.put("a.json", event(1, "2026-08-01T12:00:00Z", ""));
    let out = Out::new();
    out.run(&[bucket.path()]).expect(0);
    out
}

fn verify(out: &Out) -> Ran {
    trailmill(&["verify", &out.arg(), "--json"])
}

/// Returns kind and path of each finding.
fn findings(out: &Out) -> Vec<(String, String)> {
    let ran = verify(out);
    let report = ran.summary();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let found: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert!(!text(finding, "what").is_empty());
            (text(finding, "kind"), text(finding, "path"))
        })
        .collect();
    assert_eq!(ran.stderr, "");
    ran.expect(if found.is_empty() { 0 } else { 4 });
    found
}

/// Fails unless this is all that is found.
#[track_caller]
fn check(out: &Out, expected: &[(&str, &str)]) {
    let found = findings(out);
    let found: Vec<_> = found
        .iter()
        .map(|(kind, path)| (kind.as_str(), path.as_str()))
        .collect();
    assert_eq!(found, expected);
}

/// Returns the first data file of a table.
fn file_of(out: &Out, table: &str) -> String {
    let begin = format!("{table}/");
    let paths = files(&out.path());
    paths
        .into_iter()
        .find(|path| path.starts_with(&begin))
        .unwrap()
}

fn change(out: &Out, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = out.path().join(path);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
}

fn entry(out: &Out, number: u64) -> Value {
    let path = out.path().join(format!("_trailmill/log/{number}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Writes an entry as somebody would who knows how: with a `.done` that fits.
fn write_entry(out: &Out, number: u64, entry: &Value) {
    let log = out.path().join("_trailmill/log");
    let text = entry.to_string();
    fs::write(log.join(format!("{number}.json")), &text).unwrap();
    let sum = hex(&Sha256::digest(&text));
    fs::write(log.join(format!("{number}.done")), format!("{sum}\n")).unwrap();
}

/// Makes the dataset lie: its entry is changed, and all checksums of the log fit.
fn forge(out: &Out, change: impl FnOnce(&mut Value)) {
    let mut forged = entry(out, 1);
    change(&mut forged);
    write_entry(out, 1, &forged);
}

/// Adds an entry to the log.
fn extend(out: &Out, number: u64, added: &Value, removed: &Value) {
    let before = fs::read(
        out.path()
            .join(format!("_trailmill/log/{}.json", number - 1)),
    )
    .unwrap();
    let next = json!({
        "format": "1.0", "number": number, "parent": hex(&Sha256::digest(&before)), "commit_id": format!("c{number}"),
        "run_id": "r", "nonce": "n", "added": added, "removed": removed,
    });
    write_entry(out, number, &next);
}

/// Copies a file of the dataset; returns what an entry says of the copy.
fn copy(out: &Out, path: &str, name: &str) -> Value {
    let mut file = entry(out, 1)["added"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == path)
        .unwrap()
        .clone();
    let to = Path::new(path).with_file_name(name);
    fs::copy(out.path().join(path), out.path().join(&to)).unwrap();
    file["path"] = to.to_str().unwrap().into();
    file
}

#[test]
fn a_sound_dataset() {
    let out = dataset();
    check(&out, &[]);
    let report = verify(&out).summary();
    let files = out.data_files();
    assert_eq!(report["entries"], 1);
    assert_eq!(report["files"], files.len());
    let bytes: usize = files.values().map(bytes::Bytes::len).sum();
    assert_eq!(report["bytes"], bytes);
    assert!(report["rows"].as_u64().unwrap() > 200);
    assert_eq!(report["not_checked"], json!([]));
    let sum = hex(&Sha256::digest(fs::read(out.path().join(ENTRY)).unwrap()));
    assert_eq!(report["last_entry"], json!({"number": 1, "sha256": sum}));
    assert_eq!(
        fs::read_to_string(out.path().join(DONE)).unwrap(),
        format!("{sum}\n")
    );

    let text = trailmill(&["verify", &out.arg()]).expect(0).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("1 log entry, ") && lines[0].ends_with(" checked: nothing is wrong"),
        "{text}"
    );
    assert_eq!(
        lines[1],
        format!("SHA-256 of the last entry, 1.json: {sum}")
    );
}

#[test]
fn datasets_without_some_tables_are_sound() {
    let bucket = bucket_for_all_tables();
    for tables in ["events", "insights,activity"] {
        let out = Out::new();
        out.run(&[bucket.path(), "--tables", tables]).expect(3);
        check(&out, &[]);
        assert_eq!(verify(&out).summary()["not_checked"], json!([]));
    }
}

/// Objects that are broken, and one with more rejects than get a row each.
#[test]
fn datasets_of_bad_input_are_sound() {
    let bucket = Bucket::new();
    let good = event(1, "2026-08-01T12:00:00Z", "");
    bucket.put(
        "many.json",
        format!("{{\"Records\":[{good}{}]}}", ",{}".repeat(10_050)),
    );
    bucket.put(
        "cut.json",
        format!("{{\"Records\":[{good},{{\"eventTime\":"),
    );
    bucket.put("empty.json", "");
    bucket.put("bomb.json.gz", &crate::support::gzip("[1,")[..12]);
    bucket.put("text.json", "no JSON");
    let out = Out::new();
    let summary = out.run(&[bucket.path()]).expect(3).summary();
    assert!(summary["records"]["rejected"].as_u64() >= Some(10_050));
    check(&out, &[]);
}

#[test]
fn no_dataset() {
    let out = Out::new();
    fs::create_dir(out.path()).unwrap();
    let ran = trailmill(&["verify", &out.arg()]).expect(1);
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr,
        format!(
            "trailmill: {} holds no dataset of trailmill: there is no _trailmill/log in it\n",
            out.arg()
        )
    );
    trailmill(&["verify"]).expect(2);
}

#[test]
fn data_files() {
    for table in ["events", "activity", "objects"] {
        let out = dataset();
        let path = file_of(&out, table);
        change(&out, &path, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
        check(&out, &[("changed", &path)]);
        change(&out, &path, |bytes| bytes.truncate(bytes.len() / 2));
        check(&out, &[("changed", &path)]);
        fs::remove_file(out.path().join(&path)).unwrap();
        check(&out, &[("missing", &path)]);
        fs::create_dir(out.path().join(&path)).unwrap();
        check(&out, &[("missing", &path)]);
    }
}

#[test]
fn foreign_files() {
    let out = dataset();
    let path = file_of(&out, "events");
    copy(&out, &path, "extra.parquet");
    let extra = path.rsplit_once('/').unwrap().0.to_owned() + "/extra.parquet";
    for path in [
        "zebra/\u{1b}[31m.txt",
        "_trailmill/log/01.json",
        "_trailmill/other",
    ] {
        let path = out.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    check(
        &out,
        &[
            ("foreign", "_trailmill/log/01.json"),
            ("foreign", "_trailmill/other"),
            ("foreign", &extra),
            ("foreign", "zebra/\u{1b}[31m.txt"),
        ],
    );
    let ran = trailmill(&["verify", &out.arg()]).expect(4);
    assert!(
        ran.stdout
            .contains("foreign: zebra/\\u{1b}[31m.txt: no entry of the log names it"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains(" checked: 4 findings\n"), "{ran:?}");
}

#[test]
fn what_a_killed_run_leaves() {
    let out = dataset();
    fs::create_dir(out.path().join("_trailmill/stage")).unwrap();
    check(&out, &[]);
    let stage = "_trailmill/stage/events-2026-08-01-c-000.part";
    fs::write(out.path().join(stage), "half").unwrap();
    let left = [("unfinished", stage)];
    check(&out, &left);
    fs::remove_file(out.path().join(DONE)).unwrap();
    check(&out, &[&[("unfinished", ENTRY)], &left[..]].concat());
}

#[test]
fn a_done_that_is_not_what_was_written() {
    let out = small();
    for (content, kind, path) in [
        (&b""[..], "log_unsealed", DONE), // as written before November 2026
        (b"0", "log_changed", ENTRY),
        (b"\xff\n", "log_changed", ENTRY),
    ] {
        fs::write(out.path().join(DONE), content).unwrap();
        check(&out, &[(kind, path)]);
    }
}

#[test]
fn each_changed_byte_of_the_only_entry_is_found() {
    let out = small();
    let path = out.path().join(ENTRY);
    let sound = fs::read(&path).unwrap();
    for place in 0..sound.len() {
        let mut changed = sound.clone();
        changed[place] ^= 1 << (place % 8);
        fs::write(&path, &changed).unwrap();
        let found = findings(&out);
        assert!(
            found.contains(&("log_changed".to_owned(), ENTRY.to_owned())),
            "byte {place}: {found:?}"
        );
    }
    fs::write(&path, &sound).unwrap();
    let done = fs::read(out.path().join(DONE)).unwrap();
    for place in 0..done.len() {
        change(&out, DONE, |bytes| bytes[place] ^= 1);
        check(&out, &[("log_changed", ENTRY)]);
        change(&out, DONE, |bytes| bytes[place] ^= 1);
    }
    check(&out, &[]);
}

#[test]
fn a_lost_only_entry() {
    let out = small();
    let data = out.data_files();
    fs::remove_file(out.path().join(ENTRY)).unwrap();
    let mut expected = vec![("log_missing", ENTRY)];
    expected.extend(data.keys().map(|path| ("foreign", path.as_str())));
    check(&out, &expected);
    fs::remove_file(out.path().join(DONE)).unwrap();
    check(&out, &expected);
}

#[test]
fn the_settings_beside_the_log() {
    const SETTINGS: &str = "_trailmill/dataset.json";
    let out = small();
    change(&out, SETTINGS, |bytes| bytes.push(b' '));
    check(&out, &[("changed", SETTINGS)]);
    fs::remove_file(out.path().join(SETTINGS)).unwrap();
    check(&out, &[("missing", SETTINGS)]);
}

/// A run whose file was lost before it was published is taken back, and its objects are read again.
#[test]
fn a_run_that_was_taken_back() {
    let (bucket, out) = (bucket_for_all_tables(), Out::new());
    out.run(&[bucket.path()]).expect(3);
    fs::remove_file(out.path().join(DONE)).unwrap();
    let lost = file_of(&out, "sign_ins");
    fs::remove_file(out.path().join(&lost)).unwrap();
    check(
        &out,
        &[("unfinished", ENTRY), ("unfinished", lost.as_str())],
    );
    out.run(&[bucket.path()]).expect(3);
    check(&out, &[]);
    assert_eq!(verify(&out).summary()["entries"], 3);
    assert_eq!(verify(&out).summary()["not_checked"], json!([]));
    // Somebody claims that more was taken back than that.
    let mut void = entry(&out, 2);
    assert_eq!(void["purpose"], json!({"void": 1}));
    void["removed"].as_array_mut().unwrap().pop();
    let log = out.path().join("_trailmill/log");
    fs::remove_file(log.join("3.json")).unwrap();
    fs::remove_file(log.join("3.done")).unwrap();
    write_entry(&out, 2, &void);
    let found = findings(&out);
    let expected = ("mismatch".to_owned(), "_trailmill/log/2.json".to_owned());
    assert!(found.contains(&expected), "{found:?}");
}

#[test]
fn a_chain_of_three() {
    let out = dataset();
    let path = file_of(&out, "activity");
    let second = copy(&out, &path, "second.parquet");
    extend(&out, 2, &json!([&second]), &json!([path]));
    check(&out, &[("obsolete", &path)]);
    let third = copy(&out, &path, "third.parquet");
    let paths = [&second, &third].map(|file| file["path"].as_str().unwrap().to_owned());
    fs::remove_file(out.path().join(&path)).unwrap();
    extend(&out, 3, &json!([third]), &json!([]));
    check(&out, &[]);

    let log = out.path().join("_trailmill/log");
    let [two, three] = ["2.json", "3.json"].map(|name| fs::read(log.join(name)).unwrap());
    // The middle one: its parent's checksum is not in the third, and what it added is in no entry.
    fs::remove_file(log.join("2.json")).unwrap();
    let found = findings(&out);
    assert_eq!(
        found[0],
        ("log_missing".to_owned(), "_trailmill/log/2.json".to_owned())
    );
    assert!(
        found.contains(&("foreign".to_owned(), paths[0].clone())),
        "{found:?}"
    );
    fs::write(log.join("2.json"), &two).unwrap();
    // The last one, with and without its .done.
    fs::remove_file(log.join("3.json")).unwrap();
    check(
        &out,
        &[
            ("log_missing", "_trailmill/log/3.json"),
            ("foreign", &paths[1]),
        ],
    );
    fs::rename(log.join("3.done"), log.join("away")).unwrap();
    check(
        &out,
        &[("foreign", "_trailmill/log/away"), ("foreign", &paths[1])],
    );
    fs::rename(log.join("away"), log.join("3.done")).unwrap();
    fs::write(log.join("3.json"), &three).unwrap();
    // The first one, changed so that its own .done fits: the second tells.
    forge(&out, |entry| entry["run_id"] = "another".into());
    check(&out, &[("log_changed", ENTRY)]);
}

#[test]
fn entries_that_lie() {
    let lie = |change: &dyn Fn(&mut Value), kinds: &[&str]| {
        let out = dataset();
        let path = entry(&out, 1)["added"][0]["path"]
            .as_str()
            .unwrap()
            .to_owned();
        forge(&out, |entry| change(&mut entry["added"][0]));
        let expected: Vec<_> = kinds.iter().map(|kind| (*kind, path.as_str())).collect();
        check(&out, &expected);
    };
    lie(&|file| file["rows"] = 7.into(), &["mismatch"]);
    lie(&|file| file["bytes"] = 7.into(), &["changed"]);
    lie(&|file| file["sha256"] = "00".into(), &["changed"]);
    lie(
        &|file| file["times"][0] = 7.into(),
        &["mismatch", "mismatch"],
    );
    lie(&|file| file["times"] = Value::Null, &["mismatch"]);

    let out = dataset();
    forge(&out, |entry| entry["commit_id"] = "another".into());
    let found = findings(&out);
    assert!(
        found
            .iter()
            .all(|(kind, path)| kind == "books" && path.starts_with("objects/")),
        "{found:?}"
    );
    assert!(!found.is_empty());
}

#[test]
fn nothing_is_read_outside() {
    let out = small();
    let secret = out.path().with_file_name("secret.parquet");
    fs::write(&secret, "secret").unwrap();
    for path in ["../secret.parquet", secret.to_str().unwrap()] {
        let out = small();
        forge(&out, |entry| {
            let mut file = entry["added"][0].clone();
            file["path"] = path.into();
            entry["added"].as_array_mut().unwrap().push(file);
        });
        check(&out, &[("outside", path)]);
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let out = small();
    let path = file_of(&out, "events");
    let away = out.path().with_file_name("away.parquet");
    fs::rename(out.path().join(&path), &away).unwrap();
    symlink(&away, out.path().join(&path)).unwrap();
    symlink(out.path(), out.path().join("loop")).unwrap();
    check(&out, &[("outside", &path), ("outside", "loop")]);
}

/// A file whose checksum fits may still hold anything.
#[test]
fn bytes_that_are_no_parquet() {
    for content in [&b""[..], b"PAR1", b"PAR1\xff\xff\xff\x7fPAR1", &[0; 4096]] {
        let out = small();
        let path = file_of(&out, "activity");
        fs::write(out.path().join(&path), content).unwrap();
        forge(&out, |entry| {
            let files = entry["added"].as_array_mut().unwrap();
            let file = files.iter_mut().find(|file| file["path"] == path).unwrap();
            file["bytes"] = content.len().into();
            file["sha256"] = hex(&Sha256::digest(content)).into();
        });
        check(&out, &[("unreadable", &path)]);
    }
}

/// A file of records left out of the log by somebody who makes all checksums fit: the books tell.
#[test]
fn records_that_are_gone() {
    for table in [
        "events",
        "duplicates",
        "rejects",
        "objects",
        "aggregated_events",
    ] {
        let out = dataset();
        let path = file_of(&out, table);
        forge(&out, |entry| {
            let files = entry["added"].as_array_mut().unwrap();
            files.retain(|file| file["path"] != path);
        });
        fs::remove_file(out.path().join(&path)).unwrap();
        let found = findings(&out);
        assert!(!found.is_empty(), "{table}");
        assert!(
            found.iter().all(|(kind, _)| kind == "books"),
            "{table}: {found:?}"
        );
    }
}
