//! `cargo xtask test`: everything that CI checks, part by part, with the minutes that each took.
//!
//! It ends at the first part that fails, and names the parts that did not run because of it. A
//! check that could not run here is fine only if `tests/not-run.toml` allows it, and is printed.

mod format;
mod fuzzing;
mod oracle;
mod parts;
mod phones;
mod tally;
mod thirty_two;
mod tree;

use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;
use homeward_tests::not_run::NotRun;

use crate::process::Result;
use crate::say;
use parts::{PARTS, Part};

/// What `--only` takes: the parts and their groups.
pub(crate) fn names() -> PossibleValuesParser {
    let mut names: Vec<&str> = PARTS.iter().flat_map(|part| [part.group, part.name]).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    PossibleValuesParser::new(names)
}

/// Runs the parts, or only those named.
pub(crate) fn run(only: &[String]) -> Result {
    let chosen: Vec<&Part> = PARTS.iter().filter(|part| part.is_chosen(only)).collect();
    let not_run = NotRun::beside_this_program()?;
    not_run.forget()?;
    let mut ends = Vec::new();
    let mut failed = None;
    for part in &chosen {
        say::heading(&format!("{}: {}", part.name, part.shows));
        let start = Instant::now();
        let done = (part.run)();
        ends.push((done.is_ok(), start.elapsed()));
        if let Err(error) = done {
            failed = Some(format!("{}: {error}", part.name));
            break;
        }
    }
    summary(&chosen, &ends);
    absent(&not_run)?;
    match failed {
        None => {
            let parts = if only.is_empty() { "all parts" } else { "these parts" };
            say::line(&format!("\n{parts} passed in {}", say::minutes(total(&ends))));
            Ok(())
        }
        Some(failed) => Err(failed.into()),
    }
}

fn total(ends: &[(bool, Duration)]) -> Duration {
    ends.iter().map(|(_, time)| *time).sum()
}

fn summary(chosen: &[&Part], ends: &[(bool, Duration)]) {
    say::heading("minutes per part");
    for (at, part) in chosen.iter().enumerate() {
        let (end, time) = match ends.get(at) {
            Some((true, time)) => ("passed", say::minutes(*time)),
            Some((false, time)) => ("FAILED", say::minutes(*time)),
            None => ("not run", "-".into()),
        };
        say::line(&format!("{:12} {end:8} {time:>6}", part.name));
    }
}

/// Prints which checks were absent. That they may be was looked up when they were.
fn absent(not_run: &NotRun) -> Result {
    let absent = not_run.absent()?;
    if absent.is_empty() {
        say::line("\nno check was absent");
    }
    for check in absent {
        say::line(&format!(
            "\nabsent here, as tests/not-run.toml allows: {}\n  when:    {}\n  why:     {}\n  seen:    {}",
            check.allowed.name, check.allowed.condition, check.allowed.reason, check.seen
        ));
    }
    Ok(())
}
