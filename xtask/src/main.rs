//! The developer's door: every task of this repository behind one command, `cargo xtask`.
//!
//! Each task runs the real programs as processes and says in plain words what happens. Of the
//! environment only `CI` counts: with it the oracle may not be absent. (Two tests read there how
//! much they shall do, which `soak` tells them: `FLIP_EVERY`, `UPLOADS` and `SEED`.)

mod bench;
mod bindings;
mod demo;
mod fuzz;
mod process;
mod say;
mod soak;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::PossibleValuesParser;

/// The developer's door
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
enum Task {
    /// Show the main job, end to end, on this machine
    #[command(after_help = "Example:
  cargo xtask demo
  cargo xtask demo --photo holiday.jpg --photo garden.jpg --keep demo-files

It leaves nothing behind unless --keep names a folder.")]
    Demo {
        /// A photo of your own; may be given several times
        #[arg(long, value_name = "FILE")]
        photo: Vec<PathBuf>,
        /// Keep everything in this new or empty folder
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
    },
    /// Measure: our figures, the peers' and the physical limit side by side
    #[command(after_help = "Example:
  cargo xtask bench
  cargo xtask bench --only seal,upload
  cargo xtask bench --only packages --peers
  cargo xtask bench --peers --out figures.json

--peers also weighs each large crate of the library for phones: a minute of linking for each.
Build for nothing else meanwhile: the figures are of the whole machine.")]
    Bench {
        /// Only these groups of figures
        #[arg(long, value_name = "GROUP", value_delimiter = ',', value_parser = bench::names())]
        only: Vec<String>,
        /// Also the peers and the parts that have to be built or fetched first
        #[arg(long)]
        peers: bool,
        /// Write the JSON here instead of printing it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
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
    /// Build the library, generate Kotlin and Swift, assemble the packages
    #[command(after_help = "Example:
  cargo xtask bindings

The whole log of Maven is kept in target/logs.")]
    Bindings,
    /// Throw inputs of chance at everything that reads a stranger's bytes
    #[command(after_help = "Example:
  cargo xtask fuzz
  cargo xtask fuzz heif --seconds 600

An input that breaks a promise is left in .cache/fuzz.")]
    Fuzz {
        /// Only this target
        #[arg(value_parser = PossibleValuesParser::new(fuzz::TARGETS))]
        target: Option<String>,
        /// For each target
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
    },
    /// Keep a home of this version for the test that later versions must read it; before a tag
    #[command(after_help = "Example:
  cargo xtask pin-release 0.1.0")]
    PinRelease { version: String },
    /// The large numbers, which take hours
    #[command(after_help = "Example:
  cargo xtask soak fuzz
  cargo xtask soak kills --seed 1795330000")]
    Soak {
        /// Only this suite
        #[arg(value_parser = soak::names())]
        suite: Option<String>,
        /// Plays a run again: the seed that it printed
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
    },
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Demo { photo, keep } => demo::run(&photo, keep.as_deref()),
        Task::Bench { only, peers, out } => bench::run(&only, peers, out.as_deref()),
        Task::Bindings => bindings::run_all(),
        Task::Test { only } => test::run(&only),
        Task::Fuzz { target, seconds } => {
            fuzz::run(target.as_deref(), fuzz::Amount::Seconds(seconds))
        }
        Task::PinRelease { version } => {
            homeward_tests::released::pin(&version);
            Ok(())
        }
        Task::Soak { suite, seed } => soak::run(suite.as_deref(), seed),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say::failure(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
