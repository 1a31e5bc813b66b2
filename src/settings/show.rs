//! `trailmill config`: what is in force, and where it stands.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Arg, ArgAction, Command};

use super::{Settings, VARIABLE, built, flags, usual_place};
use crate::config::UsageError;
use crate::escape::printable;

impl Settings {
    /// Prints what is in force for a command, or for all, as a settings file would have it.
    ///
    /// # Errors
    ///
    /// Returns an error where there is no such command, or the output cannot be written.
    pub fn print(&self, command: Option<&str>, out: &mut dyn Write) -> Result<()> {
        let cli = built();
        if let Some(name) = command.filter(|name| cli.find_subcommand(name).is_none()) {
            return Err(
                UsageError(format!("there is no command {name}: see trailmill --help")).into(),
            );
        }
        let from = match (&self.path, usual_place()) {
            (Some(path), _) => path.display().to_string(),
            (None, Some(usual)) => {
                format!(
                    "no file: neither --config nor {VARIABLE} names one, and there is no {}",
                    usual.display()
                )
            }
            (None, None) => format!("no file: neither --config nor {VARIABLE} names one"),
        };
        writeln!(out, "# {}", printable(&from))?;
        for of in cli.get_subcommands() {
            if command.is_none_or(|command| of.get_name() == command) {
                self.table(of, out)?;
            }
        }
        Ok(())
    }

    fn table(&self, command: &Command, out: &mut dyn Write) -> io::Result<()> {
        let set: Vec<_> = self.of(command).collect();
        let mut lines = Vec::new();
        for arg in flags(command) {
            let name = arg.get_long().unwrap_or_default();
            let entry = set.iter().find(|(entry, _)| entry.key == name);
            if let Some((entry, _)) = entry {
                let value = entry
                    .written
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                lines.push((format!("{name} = {value}"), format!("line {}", entry.line)));
            } else if let Some(value) = default(arg) {
                lines.push((format!("{name} = {value}"), "default".to_owned()));
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let width = lines
            .iter()
            .map(|(line, _)| printable(line).chars().count())
            .max();
        let width = width.unwrap_or_default();
        writeln!(out, "\n[{}]", command.get_name())?;
        for (line, from) in lines {
            writeln!(out, "{:width$}  # {from}", printable(&line))?;
        }
        Ok(())
    }
}

/// The value that a flag has when nobody sets it.
fn default(arg: &Arg) -> Option<String> {
    let value = arg.get_default_values().first()?.to_str()?;
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let is_number = value.parse::<u64>().is_ok();
    (!is_switch).then(|| {
        if is_number {
            value.to_owned()
        } else {
            format!("{value:?}")
        }
    })
}
