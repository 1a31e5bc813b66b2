//! The house is in order: who may use what, and nothing lies about.

use std::fs;
use std::path::Path;

use crate::support::files;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

fn has_kind(name: &str, kind: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == kind)
}

fn is_rust(name: &str) -> bool {
    has_kind(name, "rs")
}

/// The code of each source file: without comments, and without its tests, which may do what they like.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let names = files(&root);
    assert!(names.len() > 50, "{names:?}");
    let code = |name: String| {
        let text = read(&format!("src/{name}"));
        let lines = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .filter(|line| !line.trim_start().starts_with("//"));
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    let is_code = |name: &String| is_rust(name) && !name.ends_with("tests.rs");
    names.into_iter().filter(is_code).map(code).collect()
}

/// What a part of the program may name of it, by the beginning of its files' paths; the first that fits counts.
/// What is not listed is the app, which may name everything.
const RANKS: &[(&str, &[&str])] = &[
    ("limits.rs", &[]),
    ("reject.rs", &[]),
    ("escape.rs", &[]),
    ("budget.rs", &["limits"]),
    ("trail/", &["trail", "budget", "limits", "reject"]),
    ("mcp/", &["mcp", "trail", "limits"]),
    ("select.rs", &["trail"]),
    ("commit.rs", &[]),
    ("plan.rs", &["select", "table", "limits"]),
    (
        "table/",
        &["table", "mcp", "trail", "select", "limits", "reject"],
    ),
    ("find/", &["find", "table", "select", "trail"]),
    ("ddl/", &["ddl", "table"]),
    (
        "answers/",
        &[
            "answers", "table", "mcp", "trail", "select", "limits", "escape",
        ],
    ),
    ("policy/", &["policy", "trail", "limits"]),
    ("audit/", &["audit", "commit", "table", "trail"]),
    ("rollup/", &["rollup", "table", "trail", "limits"]),
    (
        "mill.rs",
        &[
            "table", "mcp", "trail", "select", "plan", "budget", "limits", "reject",
        ],
    ),
    ("aws/", &["aws", "limits", "escape"]),
    (
        "source/",
        &["source", "aws", "trail", "budget", "limits", "escape"],
    ),
    // `mill::Takes` is the core's own word for where rows go.
    (
        "sink/",
        &[
            "sink",
            "aws",
            "table",
            "trail",
            "commit",
            "mill::Takes",
            "limits",
            "escape",
        ],
    ),
];

/// Returns what a file names of the crate that its part may not; nothing of the app's files.
fn forbidden<'c>(name: &str, code: &'c str) -> Option<&'c str> {
    let (_, allowed) = RANKS.iter().find(|(part, _)| name.starts_with(part))?;
    let is_allowed = |used: &str| {
        allowed.iter().any(|allowed| {
            used.strip_prefix(allowed)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let mut uses = code.split("crate::").skip(1);
    uses.find(|used| !is_allowed(used))
}

#[test]
fn parts_use_only_what_is_below_them() {
    for (name, code) in sources() {
        if let Some(used) = forbidden(&name, &code) {
            let line = used.lines().next().unwrap_or_default();
            panic!("src/{name} names crate::{line}, which its part may not");
        }
    }
    assert!(forbidden("trail/key.rs", "use crate::table::Table;").is_some());
    assert!(
        forbidden(
            "source/s3/mod.rs",
            "fn f() { crate::sink::folder::hex(b\"\"); }"
        )
        .is_some()
    );
    assert!(forbidden("sink/runs.rs", "use crate::mill::Mill;").is_some());
    assert!(forbidden("table/mod.rs", "use crate::limits_of_taste;").is_some());
    assert!(
        forbidden("table/mod.rs", "use crate::{limits, source};").is_some(),
        "one name a use"
    );
    assert!(
        forbidden(
            "table/mod.rs",
            "use crate::limits;\nuse crate::trail::time;"
        )
        .is_none()
    );
    assert!(forbidden("run.rs", "use crate::sink::folder;").is_none());
}

#[test]
fn every_part_is_known() {
    for (part, _) in RANKS {
        assert!(
            exists(&format!("src/{part}")),
            "{part} is gone: take it out of RANKS"
        );
    }
}

/// The core reads no file, socket, clock or environment, and prints nothing.
#[test]
fn the_core_is_pure() {
    const IMPURE: [&str; 14] = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "stdout",
        "stderr",
        "println!",
        "anyhow",
        "tempfile",
        "indicatif",
        "clap::",
    ];
    const NOT_CORE: [&str; 3] = ["aws/", "source/", "sink/"];
    for (name, code) in sources() {
        let is_core = RANKS
            .iter()
            .any(|(part, _)| name.starts_with(part) && !NOT_CORE.contains(part));
        for word in IMPURE {
            assert!(
                !is_core || !code.contains(word),
                "src/{name} is core and names {word}"
            );
        }
    }
}

/// Errors of core and edges have types; `anyhow` is the app's.
#[test]
fn edges_have_typed_errors() {
    for (name, code) in sources() {
        let is_edge = ["aws/", "source/", "sink/"]
            .iter()
            .any(|part| name.starts_with(part));
        assert!(!is_edge || !code.contains("anyhow"), "src/{name}");
    }
}

#[test]
fn s3_and_tokio_stay_at_the_edge() {
    let s3 = ["aws/", "source/s3/", "sink/s3/"];
    let may_name_aws = |name: &str| s3.iter().any(|part| name.starts_with(part));
    let may_name_tokio = |name: &str| may_name_aws(name) || name == "pipeline.rs";
    for (name, code) in sources() {
        let names = |words: &[&str]| words.iter().any(|word| code.contains(word));
        let aws = [
            "aws_config::",
            "aws_sdk_s3::",
            "aws_smithy",
            "aws_types",
            "aws_credential",
        ];
        assert!(
            !names(&aws) || may_name_aws(&name),
            "src/{name} names aws_*"
        );
        assert!(
            !names(&["tokio::"]) || may_name_tokio(&name),
            "src/{name} names tokio"
        );
    }
}

#[test]
fn every_file_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests/it"] {
        for name in files(&root.join(folder)) {
            let path = format!("{folder}/{name}");
            let text = read(&path);
            let says = text.starts_with("//!") || text.starts_with("#![doc = include_str!");
            assert!(!is_rust(&name) || says, "{path}");
        }
    }
}

#[test]
fn no_test_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = files(&root.join("tests/it"));
    for name in &names {
        let module = name.strip_suffix("/mod.rs").or(name.strip_suffix(".rs"));
        let Some(module) = module.filter(|module| *module != "main") else {
            continue;
        };
        let (parent, module) = match module.rsplit_once('/') {
            Some((folder, module)) => (format!("{folder}/mod.rs"), module),
            None => ("main.rs".to_owned(), module),
        };
        assert!(
            read(&format!("tests/it/{parent}")).contains(&format!("\nmod {module};")),
            "tests/it/{name} is not in {parent}"
        );
        assert!(
            !read(&format!("tests/it/{name}")).contains(concat!("#[ign", "ore")),
            "{name}"
        );
    }
    // A snapshot is called after the module and the test that compare it.
    for name in names
        .iter()
        .filter_map(|name| name.strip_prefix("snapshots/"))
    {
        let parts: Vec<&str> = name.trim_end_matches(".snap").split("__").collect();
        let [_, module, test] = parts[..] else {
            panic!("{name}")
        };
        let code = read(&format!("tests/it/{module}.rs"));
        let test = test.rsplit_once('-').map_or(test, |(test, _)| test);
        let begin = test.split('_').next().unwrap_or(test);
        assert!(
            code.contains(&format!("fn {test}()")) || code.contains(&format!("\"{begin}_{{}}\"")),
            "{name} is compared by no test"
        );
    }
}

#[test]
fn no_fixture_is_forgotten() {
    if !exists("fixtures") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut readers = String::new();
    for folder in ["tests", "src", "benches", "scripts"] {
        if exists(folder) {
            let names = files(&root.join(folder));
            let is_text =
                |name: &&String| ["rs", "sh", "py"].iter().any(|kind| has_kind(name, kind));
            names
                .iter()
                .filter(is_text)
                .for_each(|name| readers.push_str(&read(&format!("{folder}/{name}"))));
        }
    }
    if exists("README.md") {
        readers.push_str(&read("README.md"));
    }
    for name in files(&root.join("fixtures")) {
        let first = name.split('/').next().unwrap_or_default();
        let is_read = first == "README.md" || readers.contains(&format!("fixtures/{first}"));
        assert!(is_read, "fixtures/{name} is read by nothing");
    }
}
