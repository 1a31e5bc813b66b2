//! The program: parses the command line, runs it, and turns the outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(trailmill::app::main(std::env::args_os()).code())
}
