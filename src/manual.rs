//! `trailmill completions` and `trailmill man`: what shells and readers know of the command line, from the command line itself.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::{Shell, generate};
use clap_mangen::{Man, generate_to};

use crate::cli::Cli;

/// Returns the script that completes command lines in a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "trailmill", &mut script);
    script
}

/// Returns the manual page of the program, which names its commands.
///
/// # Errors
///
/// Returns an error where the page cannot be made.
pub fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(Cli::command().disable_help_subcommand(true)).render(&mut page)?;
    Ok(page)
}

/// Writes a page for the program and one for each command.
///
/// # Errors
///
/// Returns an error where the folder cannot be written to.
pub fn write_pages(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| generate_to(Cli::command(), folder))
        .with_context(|| format!("write the pages to {}", folder.display()))
}
