//! `trailmill.toml`: settings that people repeat. Each is a flag of the command line, put before those that were typed, unless
//! one of those is the same or rules it out: what a flag takes, and what goes with what, is the command line's to say.
//!
//! The file is the one that `--config` names, else `TRAILMILL_CONFIG`, else `trailmill/trailmill.toml` in `$XDG_CONFIG_HOME` or
//! `~/.config`. One in the current folder is read only when it is named: else whoever unpacks an archive and works in it would run
//! with what a stranger has put there.

mod file;
mod show;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory};

use crate::cli::Cli;
use crate::config::UsageError;
use crate::limits;

use file::{Entry, parse};

/// The environment variable that names the file.
const VARIABLE: &str = "TRAILMILL_CONFIG";

/// The settings that are in force.
#[derive(Debug, Default)]
pub struct Settings {
    /// The file; `None` where there is none.
    path: Option<PathBuf>,
    entries: Vec<Entry>,
}

impl Settings {
    /// Returns the settings for a command line: none where it asks for help.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the file, and where.
    pub fn find(args: &[OsString]) -> Result<Self, UsageError> {
        let Some(typed) = typed(args) else {
            return Ok(Self::default());
        };
        let Some(place) = place(named(&typed)) else {
            return Ok(Self::default());
        };
        let bad = |error: &dyn std::fmt::Display| {
            UsageError(format!("cannot read {}: {error}", place.file.display()))
        };
        let text = match read(&place.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !place.is_named => {
                return Ok(Self::default());
            }
            read => read.map_err(|error| bad(&error))?,
        };
        let entries = parse(&text, &built())
            .map_err(|fault| UsageError(format!("{}:{fault}", place.file.display())))?;
        Ok(Self {
            path: Some(place.file),
            entries,
        })
    }

    /// Returns a command line with the settings for its command in it.
    pub fn with(&self, args: &[OsString]) -> Vec<OsString> {
        let at = command_at(args);
        let typed = typed(args);
        let (Some(at), Some((name, typed))) = (at, typed.as_ref().and_then(ArgMatches::subcommand))
        else {
            return args.to_vec();
        };
        let cli = built();
        let Some(command) = cli.find_subcommand(name) else {
            return args.to_vec();
        };
        let (before, behind) = args.split_at(at + 1);
        let mut all = before.to_vec();
        for (entry, arg) in self.of(command) {
            if !is_overruled(arg, command, typed) {
                all.extend(entry.args.iter().map(OsString::from));
            }
        }
        all.extend_from_slice(behind);
        all
    }

    /// Returns where the flags stand that a message names, or else that there are settings at all, for whoever wonders at it.
    pub fn hint(&self, message: &str) -> Option<String> {
        let path = self.path.as_ref().filter(|_| !self.entries.is_empty())?;
        // The usage line that follows names flags that are in order.
        let message = message.split("\nUsage:").next().unwrap_or(message);
        let is_named = |entry: &&Entry| {
            let flag = format!("--{}", entry.key);
            let mut found = message.match_indices(&flag);
            found.any(|(at, _)| {
                !message[at + flag.len()..].starts_with(|c: char| c == '-' || c.is_alphanumeric())
            })
        };
        let mut lines = self.entries.iter().filter(is_named).map(|entry| {
            format!(
                "--{} is set in {}:{}",
                entry.key,
                path.display(),
                entry.line
            )
        });
        let general = || {
            format!(
                "the settings of {} are in force: trailmill config shows them",
                path.display()
            )
        };
        Some(lines.next().unwrap_or_else(general))
    }

    /// The settings for a command, each with its flag: of one that stands in its table and above all tables, the former.
    fn of<'s>(&'s self, command: &'s Command) -> impl Iterator<Item = (&'s Entry, &'s Arg)> {
        let own = |entry: &&Entry| entry.table.as_deref() == Some(command.get_name());
        let is_again = move |entry: &Entry| {
            entry.table.is_none()
                && self
                    .entries
                    .iter()
                    .filter(own)
                    .any(|other| other.key == entry.key)
        };
        let entries = self.entries.iter();
        let entries = entries.filter(move |entry| entry.table.is_none() || own(entry));
        let entries = entries.filter(move |entry| !is_again(entry));
        entries.filter_map(|entry| Some((entry, flag(command, &entry.key)?)))
    }
}

/// The command line's definition, complete.
fn built() -> Command {
    let mut cli = Cli::command();
    cli.build();
    cli
}

/// What was typed, as far as it can be understood; nothing where help is asked for.
fn typed(args: &[OsString]) -> Option<ArgMatches> {
    Cli::command()
        .ignore_errors(true)
        .try_get_matches_from(args)
        .ok()
}

/// The file that `--config` names, before the command or behind it.
fn named(typed: &ArgMatches) -> Option<&OsString> {
    let behind = typed.subcommand().map(|(_, typed)| typed);
    let mut places = [Some(typed), behind].into_iter().flatten();
    places.find_map(|typed| typed.try_get_one("config").ok().flatten())
}

/// A file to look for.
struct Place {
    file: PathBuf,
    /// Whether somebody said that it is there.
    is_named: bool,
}

fn place(named: Option<&OsString>) -> Option<Place> {
    if let Some(file) = named.cloned().or_else(|| env::var_os(VARIABLE)) {
        return (!file.is_empty()).then(|| Place {
            file: file.into(),
            is_named: true,
        });
    }
    usual_place().map(|file| Place {
        file,
        is_named: false,
    })
}

/// Where the file is when nobody names one, by the XDG Base Directory Specification.
fn usual_place() -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let folder = env::var_os("XDG_CONFIG_HOME").and_then(absolute);
    let folder = folder.or_else(|| Some(env::var_os("HOME").and_then(absolute)?.join(".config")));
    Some(folder?.join("trailmill/trailmill.toml"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(limits::SETTINGS_BYTES_MAX + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > limits::SETTINGS_BYTES_MAX {
        return Err(io::Error::other("it is too large for settings"));
    }
    Ok(text)
}

/// Where the command stands in a command line.
fn command_at(args: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        if !arg.as_encoded_bytes().starts_with(b"-") {
            return Some(at);
        }
        at += if arg == OsStr::new("--config") { 2 } else { 1 };
    }
    None
}

/// Whether what was typed is the flag itself, or one that does not go with it.
fn is_overruled(arg: &Arg, command: &Command, typed: &ArgMatches) -> bool {
    let is_typed = |arg: &Arg| {
        let id = arg.get_id().as_str();
        typed.value_source(id) == Some(ValueSource::CommandLine)
    };
    let rules_out = |other: &Arg| {
        let conflicts = command.get_arg_conflicts_with(other);
        conflicts.iter().any(|one| one.get_id() == arg.get_id())
    };
    let conflicts = command.get_arg_conflicts_with(arg);
    is_typed(arg)
        || conflicts.into_iter().any(is_typed)
        || command
            .get_arguments()
            .any(|other| is_typed(other) && rules_out(other))
}

/// The flags of a command that can be set in a file.
fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_flag = |arg: &&Arg| {
        let name = arg.get_long();
        name.is_some_and(|name| !["config", "help", "version"].contains(&name))
    };
    command.get_arguments().filter(is_flag)
}

fn flag<'c>(command: &'c Command, key: &str) -> Option<&'c Arg> {
    flags(command).find(|arg| arg.get_long() == Some(key))
}
