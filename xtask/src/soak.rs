//! The large numbers: what takes too long for every change, and must hold before a release.

use clap::builder::PossibleValuesParser;

use crate::fuzz::{self, Amount};
use crate::process::Result;
use crate::say;

/// A suite of the large numbers.
struct Suite {
    name: &'static str,
    shows: &'static str,
    run: fn() -> Result,
}

/// Inputs for each fuzz target.
const FUZZ_RUNS: u32 = 1_000_000;

const SUITES: &[Suite] = &[Suite {
    name: "fuzz",
    shows: "a million inputs for each fuzz target",
    run: || fuzz::run(None, Amount::Runs(FUZZ_RUNS)),
}];

/// What `soak` takes.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(SUITES.iter().map(|suite| suite.name))
}

/// Runs the suites, or only the one named.
pub(crate) fn run(only: Option<&str>) -> Result {
    for suite in SUITES.iter().filter(|suite| only.is_none_or(|only| only == suite.name)) {
        say::heading(&format!("{}: {}", suite.name, suite.shows));
        (suite.run)()?;
    }
    Ok(())
}
