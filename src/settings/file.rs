//! The text of a settings file to flags, or to what is wrong with it and in which line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{flag, flags};
use crate::cli;

/// A setting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The command that it is for; for all that have the flag where there is none.
    pub(super) table: Option<String>,
    /// The flag, without hyphens before it.
    pub(super) key: String,
    /// What it is on a command line.
    pub(super) args: Vec<String>,
    /// The value as it is written.
    pub(super) written: String,
    pub(super) line: usize,
}

/// What is wrong, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    line: usize,
    text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.text)
    }
}

/// Reads a settings file.
pub(super) fn parse(text: &str, cli: &Command) -> Result<Vec<Entry>, Fault> {
    let line = |at: usize| 1 + text.get(..at).unwrap_or(text).matches('\n').count();
    let fault = |at: usize, text: String| Fault {
        line: line(at),
        text,
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        fault(at, error.message().to_owned())
    })?;
    let mut entries = Vec::new();
    let mut add = |table: Option<&str>,
                   arg: &Arg,
                   key: &Spanned<Cow<'_, str>>,
                   value: &Spanned<DeValue<'_>>| {
        let name = arg.get_long().unwrap_or_default();
        let args = args(arg, value.get_ref());
        let args = args.map_err(|said| fault(key.span().start, format!("{name} {said}")))?;
        entries.push(Entry {
            table: table.map(str::to_owned),
            key: name.to_owned(),
            args,
            written: text[value.span()].to_owned(),
            line: line(key.span().start),
        });
        Ok(())
    };
    for (key, value) in table.get_ref() {
        let name: &str = key.get_ref();
        let unknown = |known: BTreeSet<&str>, what: &str| {
            fault(
                key.span().start,
                format!("{name} is no {what}{}", nearest(name, &known)),
            )
        };
        let Some(table) = value.get_ref().as_table() else {
            match cli
                .get_subcommands()
                .filter_map(|command| flag(command, name))
                .find(|arg| is_for_all(arg))
            {
                Some(arg) => add(None, arg, key, value)?,
                None => {
                    return Err(misplaced(name, cli).map_or_else(
                        || unknown(for_all(cli), "setting for all commands"),
                        |text| fault(key.span().start, text),
                    ));
                }
            }
            continue;
        };
        let Some(command) = cli.find_subcommand(name) else {
            let commands = cli.get_subcommands().map(Command::get_name);
            return Err(unknown(commands.collect(), "command"));
        };
        for (key, value) in table {
            let own: &str = key.get_ref();
            let Some(arg) = flag(command, own) else {
                let known = flags(command).filter_map(Arg::get_long).collect();
                let text = format!("{own} is no flag of {name}{}", nearest(own, &known));
                return Err(fault(key.span().start, text));
            };
            add(Some(name), arg, key, value)?;
        }
    }
    Ok(entries)
}

/// Whether a flag means the same for every command that has it: how to reach S3, and what of the machine may be taken.
fn is_for_all(arg: &Arg) -> bool {
    [Some(cli::AWS), Some(cli::RESOURCES)].contains(&arg.get_help_heading())
}

fn for_all(cli: &Command) -> BTreeSet<&str> {
    let args = cli.get_subcommands().flat_map(flags);
    args.filter(|arg| is_for_all(arg))
        .filter_map(Arg::get_long)
        .collect()
}

/// What to say of a flag that only tables can have.
fn misplaced(name: &str, cli: &Command) -> Option<String> {
    let of = cli
        .get_subcommands()
        .filter(|command| flag(command, name).is_some());
    let tables: Vec<String> = of
        .map(|command| format!("[{}]", command.get_name()))
        .collect();
    (!tables.is_empty()).then(|| {
        format!(
            "{name} is a setting for some commands: put it below {}",
            tables.join(" or ")
        )
    })
}

/// A value as arguments, or what the flag takes instead.
fn args(arg: &Arg, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let name = arg.get_long().unwrap_or_default();
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return match value {
            DeValue::Boolean(true) => Ok(vec![format!("--{name}")]),
            DeValue::Boolean(false) => Ok(Vec::new()),
            _ => Err("takes true or false".to_owned()),
        };
    }
    let one = |value: &DeValue<'_>| {
        let text = scalar(value).ok_or("takes a text, a number, or a list of them")?;
        Ok(format!("--{name}={text}"))
    };
    match value {
        DeValue::Array(_) if !matches!(arg.get_action(), ArgAction::Append) => {
            Err("takes one value".to_owned())
        }
        DeValue::Array(values) => values.iter().map(|value| one(value.get_ref())).collect(),
        value => Ok(vec![one(value)?]),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => integer(n).map(|n| n.to_string()),
        DeValue::Float(n) => Some(n.as_str().to_owned()),
        DeValue::Boolean(is) => Some(is.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn integer(n: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(n.as_str(), n.radix()).ok()
}

/// The known word that is most like one, as the end of a sentence.
fn nearest(word: &str, known: &BTreeSet<&str>) -> String {
    let nearest = known.iter().min_by_key(|other| distance(word, other));
    nearest.map_or_else(String::new, |other| format!(": did you mean {other}?"))
}

/// How many characters have to be put in, left out or changed to make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (n, c) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], n + 1);
        for (m, d) in b.chars().enumerate() {
            let changed = diagonal + usize::from(c != d);
            diagonal = row[m + 1];
            row[m + 1] = changed.min(row[m] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::built;
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        let told = |entry: &Entry| {
            let table = entry.table.as_deref().unwrap_or("*");
            format!("{}: {table} {}", entry.line, entry.args.join(" "))
        };
        let parsed = parse(text, &built());
        let parsed = parsed.map(|entries| entries.iter().map(told).collect::<Vec<_>>());
        let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(
            parsed.map_err(|fault| fault.to_string()),
            expected.map_err(str::to_owned),
            "{text}"
        );
    }

    #[test]
    fn settings_are_flags() {
        check("", Ok(&[]));
        check(
            "# nothing\nregion = 'eu-west-1'",
            Ok(&["2: * --region=eu-west-1"]),
        );
        check(
            "memory = \"2GiB\"\nthreads = 0x4\nno-sign-request = true\n[run]\nout = \"tables\"\ntables = [\"sign_ins\", \"objects\"]\ndry-run = false\nfrom = 2026-08-01",
            Ok(&[
                "1: * --memory=2GiB",
                "3: * --no-sign-request",
                "7: run ",
                "8: run --from=2026-08-01",
                "5: run --out=tables",
                "6: run --tables=sign_ins --tables=objects",
                "2: * --threads=4",
            ]),
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_line() {
        check(
            "\nregoin = 'x'",
            Err("2: regoin is no setting for all commands: did you mean region?"),
        );
        check(
            "[rnu]\nout = 'x'",
            Err("1: rnu is no command: did you mean run?"),
        );
        check(
            "[run]\nmemroy = '1GiB'",
            Err("2: memroy is no flag of run: did you mean memory?"),
        );
        check(
            "[run]\nsources = ['x']",
            Err("2: sources is no flag of run: did you mean force?"),
        );
        check(
            "[run]\nconfig = 'x'",
            Err("2: config is no flag of run: did you mean force?"),
        );
        check(
            "bucket = '1h'",
            Err("1: bucket is a setting for some commands: put it below [run]"),
        );
        check("[run]\nforce = 'yes'", Err("2: force takes true or false"));
        check("[run]\nout = ['a', 'b']", Err("2: out takes one value"));
        check(
            "[run.aws]\nprofile = 'x'",
            Err("1: aws is no flag of run: did you mean acl?"),
        );
        check(
            "[run]\nout = { a = 1 }",
            Err("2: out takes a text, a number, or a list of them"),
        );
        check("[run]\nout = 'a'\nout = 'b'", Err("3: duplicate key"));
        check(
            "memory = 2GiB",
            Err("1: string values must be quoted, expected literal string"),
        );
    }
}
