//! The large numbers: what takes too long for every change, and must hold before a release.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::builder::PossibleValuesParser;
use homeward_tests::session::{self, Phase};

use crate::fuzz::{self, Amount};
use crate::process::{Result, cargo, run as run_command};
use crate::say;

/// A suite of the large numbers.
struct Suite {
    name: &'static str,
    shows: &'static str,
    /// What the seed begins is played again by the same seed.
    run: fn(u64) -> Result,
}

/// Inputs for each fuzz target.
const FUZZ_RUNS: u32 = 1_000_000;

/// Kills of a session of typing.
const KILLS: u32 = 1_000;

const SUITES: &[Suite] = &[
    Suite {
        name: "fuzz",
        shows: "a million inputs for each fuzz target",
        run: |_| fuzz::run(None, Amount::Runs(FUZZ_RUNS)),
    },
    Suite {
        name: "kills",
        shows: "kill -9 at 1,000 random moments of typing, attaching, sealing, deleting and locking",
        run: kills,
    },
    Suite {
        name: "flips",
        shows: "every byte of a home's pages flipped: an error or the right answer",
        run: |_| {
            let mut flips = cargo(&["test", "--locked", "--package", "homeward-core"]);
            flips.args(["--test", "damage", "flipped"]);
            run_command(flips.env("FLIP_EVERY", "1"))
        },
    },
];

fn kills(seed: u64) -> Result {
    let deaths = session::killed(seed, KILLS, &mut say::line);
    deaths.were_real();
    deaths.were_in(Phase::all().map(Phase::name));
    Ok(())
}

/// What `soak` takes.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(SUITES.iter().map(|suite| suite.name))
}

/// Runs the suites, or only the one named. Without a seed each run has its own.
pub(crate) fn run(only: Option<&str>, seed: Option<u64>) -> Result {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = seed.unwrap_or_else(now);
    say::line(&format!("seed {seed}"));
    for suite in SUITES.iter().filter(|suite| only.is_none_or(|only| only == suite.name)) {
        say::heading(&format!("{}: {}", suite.name, suite.shows));
        (suite.run)(seed)?;
    }
    Ok(())
}
