//! A phone as a program: the same calls that the Kotlin and Swift apps make, from a shell.
//!
//! For tests, for scripts that kill it, for a look. It holds no rule of its own. Each call is one
//! process; any of them may be killed at any instant.

mod cli;
mod commands;
mod device_key;
mod face;
mod file_tools;
mod json;
mod output;
mod talking;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Wrong usage ends here with 2 and clap's own words.
    let cli = cli::Cli::parse();
    let output = output::Output::new(cli.json);
    match commands::run(cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output.complain(&problem);
            ExitCode::from(problem.exit_code())
        }
    }
}
