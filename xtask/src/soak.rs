//! The large numbers: what takes too long for every change, and must hold before a release.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::builder::PossibleValuesParser;
use homeward_tests::sending;
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

/// Kills of a session of typing, and of reports on their way.
const KILLS: u32 = 1_000;

/// Uploads through faults.
const UPLOADS: u32 = 10_000;

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
        name: "kills-of-sending",
        shows: "kill -9 at 1,000 moments of sealing, POST, PATCH, between them and receipts",
        run: kills_of_sending,
    },
    Suite {
        name: "uploads",
        shows: "10,000 uploads through every fault to three real servers",
        run: uploads,
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

fn kills_of_sending(seed: u64) -> Result {
    let deaths = sending::killed(seed, KILLS, &mut say::line);
    deaths.were_real();
    deaths.were_in(sending::Phase::ALL.map(sending::Phase::name));
    Ok(())
}

/// The same suite that CI runs with fewer.
fn uploads(seed: u64) -> Result {
    let mut suite = cargo(&["test", "--locked", "--package", "homeward-tests"]);
    suite.args(["--test", "faults_at_real_servers", "--", "--nocapture"]);
    suite.env("UPLOADS", UPLOADS.to_string()).env("SEED", seed.to_string());
    run_command(&mut suite)
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
