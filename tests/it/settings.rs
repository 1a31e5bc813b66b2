//! `trailmill.toml`: a file's settings are flags, typed flags win, and what cannot be used is named with its line.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Bucket, Out, Ran, command, delivery_key, event, ran};

/// A folder with a settings file.
struct Place {
    dir: TempDir,
}

impl Place {
    fn with(settings: &str) -> Self {
        let place = Self {
            dir: TempDir::new().unwrap(),
        };
        fs::write(place.file(), settings).unwrap();
        place
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("trailmill.toml")
    }

    /// A command line that is told of the file.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command.env("TRAILMILL_CONFIG", self.file());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        ran(&self.command(args).output().unwrap())
    }

    /// Text without the folder's name.
    fn told(&self, text: &str) -> String {
        text.replace(self.dir.path().to_str().unwrap(), "[dir]")
    }
}

/// A bucket of one object, and where its tables go.
fn bucket() -> (Bucket, Out) {
    let bucket = Bucket::new();
    let key = delivery_key("111122223333", "us-east-1", "20260801T1200Z", 1);
    bucket.deliver(&key, &[event(1, "2026-08-01T12:00:00Z", "")]);
    (bucket, Out::new())
}

#[test]
fn settings_stand_for_flags_and_flags_win() {
    let (bucket, out) = bucket();
    let settings = format!(
        "memory = \"512MiB\"\n[run]\nout = {:?}\ntables = [\"sign_ins\"]\njson = true\n[lookup]\nformat = \"jsonl\"\n",
        out.arg()
    );
    let place = Place::with(&settings);
    let summary = place.run(&["run", bucket.path()]).expect(0).stdout;
    assert!(summary.starts_with('{'), "{summary}");
    assert_eq!(out.rows("events").len(), 1);
    assert!(out.rows("activity").is_empty());
    let found = |args: &[&str]| place.run(args).expect(0).stdout;
    assert!(found(&["lookup", &out.arg()]).starts_with('{'));
    assert!(found(&["lookup", &out.arg(), "--format", "csv"]).starts_with("time,"));
    // A list that is typed takes the place of the file's.
    let other = Out::new();
    place
        .run(&[
            "run",
            bucket.path(),
            "--out",
            &other.arg(),
            "--tables",
            "activity",
        ])
        .expect(0);
    assert_eq!(other.rows("activity").len(), 1);
}

#[test]
fn a_typed_flag_overrules_what_does_not_go_with_it() {
    let (bucket, out) = bucket();
    let place = Place::with("[run]\nforce = true\nfrom = \"2026-08-01\"\nto = 2026-08-02\n");
    let run = ["run", bucket.path(), "--out", &out.arg()];
    place.run(&run).expect(0);
    place
        .run(&[&run[..], &["--retry-rejected"]].concat())
        .expect(0);
}

#[test]
fn which_file_is_read() {
    let named = Place::with("[lookup]\nlimit = 1\n");
    let by_variable = Place::with("[lookup]\nlimit = 2\n");
    let home = TempDir::new().unwrap();
    let usual = home.path().join("trailmill");
    fs::create_dir_all(&usual).unwrap();
    fs::write(usual.join("trailmill.toml"), "[lookup]\nlimit = 3\n").unwrap();
    let file = named.file();
    let limit = |args: &[&str], variable: Option<PathBuf>| {
        let mut command = command(&[&["config", "lookup"], args].concat());
        command
            .env_remove("TRAILMILL_CONFIG")
            .env("XDG_CONFIG_HOME", home.path());
        command.current_dir(named.dir.path());
        command.envs(variable.map(|path| ("TRAILMILL_CONFIG", path)));
        let shown = ran(&command.output().unwrap()).expect(0).stdout;
        let line = shown
            .lines()
            .find(|line| line.starts_with("limit"))
            .unwrap();
        line.split_whitespace().nth(2).unwrap().to_owned()
    };
    let variable = || Some(by_variable.file());
    assert_eq!(
        limit(&["--config", file.to_str().unwrap()], variable()),
        "1"
    );
    assert_eq!(limit(&[], variable()), "2");
    assert_eq!(
        limit(&[], None),
        "3",
        "and not the one in the current folder"
    );
    assert_eq!(limit(&["--config", ""], variable()), "50", "none");
    assert_eq!(limit(&[], Some(PathBuf::new())), "50", "none");
    let before = ran(
        &command(&["--config", file.to_str().unwrap(), "config", "lookup"])
            .output()
            .unwrap(),
    );
    assert!(before.stdout.contains("limit = 1 "), "{before:?}");
}

#[test]
fn what_cannot_be_used_is_named_with_its_line() {
    for (settings, args, says) in [
        (
            "[run]\nmemroy = '1GiB'\n",
            &["run", "x"][..],
            "[dir]/trailmill.toml:2: memroy is no flag of run: did you mean memory?",
        ),
        ("a = ", &["config"], "[dir]/trailmill.toml:1: "),
        (
            "threads = 'many'",
            &["run", "x", "--out", "y"],
            "--threads is set in [dir]/trailmill.toml:1",
        ),
        (
            "\nmemory = '1KiB'",
            &["run", "x", "--out", "y"],
            "--memory is set in [dir]/trailmill.toml:2",
        ),
        (
            "[run]\nforce = true",
            &["run", "x", "--out", "y"],
            "the settings of [dir]/trailmill.toml are in force",
        ),
        (
            "[run]\n\"\\u001b[2J\" = 1",
            &["config"],
            "\\u{1b}[2J is no flag of run",
        ),
        ("", &["config", "nothing"], "there is no command nothing"),
    ] {
        let place = Place::with(settings);
        let ran = place.run(args).expect(2);
        let stderr = place.told(&ran.stderr);
        assert!(
            stderr.contains(says) && ran.stdout.is_empty(),
            "{settings}: {stderr}"
        );
        assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
    }
    let place = Place::with("[run]\nmemroy = 1");
    place.run(&["run", "--help"]).expect(0);
    fs::remove_file(place.file()).unwrap();
    let ran = place.run(&["config"]).expect(2);
    assert!(
        place
            .told(&ran.stderr)
            .contains("cannot read [dir]/trailmill.toml: "),
        "{ran:?}"
    );
    let huge = Place::with(&" ".repeat(2 << 20));
    assert!(huge.run(&["config"]).expect(2).stderr.contains("too large"));
}

#[test]
fn what_is_in_force_and_where_it_stands() {
    let place = Place::with(
        "region = \"eu-west-1\"\nmemory = \"2GiB\"\n\n[compact]\nmemory = \"512MiB\"\n\n[run]\ntables = [\n  \"sign_ins\",\n  \"objects\",\n]\n",
    );
    let shown = place.run(&["config"]).expect(0).stdout;
    insta::assert_snapshot!(place.told(&shown));
    let one = place.run(&["config", "compact"]).expect(0).stdout;
    assert!(
        one.contains("\n[compact]\n") && !one.contains("[run]"),
        "{one}"
    );
    let none = ran(&command(&["config", "compact"]).output().unwrap())
        .expect(0)
        .stdout;
    assert!(none.starts_with("# no file: "), "{none}");
}
