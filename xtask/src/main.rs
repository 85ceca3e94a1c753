//! The developer's door: every task of this repository behind one command, `cargo xtask`.
//!
//! Each task runs the real programs as processes and says in plain words what happens. No
//! environment variable changes what a task does.

mod process;
mod say;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The developer's door
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
enum Task {
    /// Check everything that CI checks
    #[command(after_help = "Example:
  cargo xtask test
  cargo xtask test --only format,clippy

The parts run in order and end at the first that fails; minutes per part are printed.")]
    Test {
        /// Only these parts, or the parts of these groups
        #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = test::names())]
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test { only } => test::run(&only),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::failure(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
