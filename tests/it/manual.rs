//! `trailmill completions` and `trailmill man`: shells take the scripts, and no command is without a page.

use std::process::{Command, Stdio};

use clap::CommandFactory;
use tempfile::TempDir;
use trailmill::cli::Cli;

use crate::support::{files, ran, trailmill};

/// The names of the commands.
fn commands() -> Vec<String> {
    let cli = Cli::command();
    let names = cli
        .get_subcommands()
        .map(|command| command.get_name().to_owned());
    names.collect()
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = trailmill(&["completions", shell]).expect(0).stdout;
        for name in commands() {
            assert!(script.contains(&name), "{shell} has no {name}");
        }
        check_syntax(shell, &script);
    }
    trailmill(&["completions", "csh"]).expect(2);
}

/// Has the shell read a script and run nothing of it, where the shell is there.
fn check_syntax(shell: &str, script: &str) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("script");
    std::fs::write(&path, script).unwrap();
    let read = Command::new(shell)
        .arg("-n")
        .arg(path)
        .stdin(Stdio::null())
        .output();
    if let Ok(read) = read {
        let read = ran(&read);
        assert_eq!((read.code, read.stderr.as_str()), (Some(0), ""), "{shell}");
    }
}

#[test]
fn every_command_has_a_page() {
    let page = trailmill(&["man"]).expect(0).stdout;
    assert!(page.contains(".TH trailmill 1"), "{page}");
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("man1");
    trailmill(&["man", "-o", folder.to_str().unwrap()]).expect(0);
    let written = files(&folder);
    for name in commands() {
        let escaped = name.replace('-', "\\-");
        assert!(
            page.contains(&format!("trailmill\\-{escaped}(1)")),
            "{name}"
        );
        assert!(
            written.contains(&format!("trailmill-{name}.1")),
            "{written:?}"
        );
    }
    assert_eq!(written.len(), commands().len() + 1, "{written:?}");
}
