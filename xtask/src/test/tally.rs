//! Runs `cargo test` and counts what ran: a test that was skipped is a check that did not run.

use crate::process::{Result, cargo, run_and_look};
use crate::say;

/// Runs the tests of `packages`, given as cargo's options.
pub(super) fn test(packages: &[&str]) -> Result {
    let mut tally = Tally::default();
    let mut command = cargo(&["test", "--locked", "--no-fail-fast"]);
    run_and_look(command.args(packages), |line| tally.count(line))?;
    say::line(&format!("{} tests passed in {} programs", tally.passed, tally.programs));
    tally.check()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    programs: u32,
    passed: u32,
    ignored: u32,
}

impl Tally {
    /// Counts a closing line of Rust's test runner, and passes over every other line.
    fn count(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let number = |what: &str| {
            let counts = result.split([';', '.']).map(str::trim);
            let count = counts.filter_map(|count| count.strip_suffix(what)).next();
            count.and_then(|count| count.trim().parse::<u32>().ok()).unwrap_or(0)
        };
        self.programs += 1;
        self.passed += number("passed");
        self.ignored += number("ignored");
    }

    fn check(&self) -> Result {
        if self.passed == 0 {
            return Err("no test ran".into());
        }
        if self.ignored > 0 {
            let ignored = self.ignored;
            return Err(format!("{ignored} tests were ignored: a check that did not run").into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted_and_an_ignored_test_is_a_failure() {
        let mut tally = Tally::default();
        tally.count("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        tally.count("running 3 tests");
        assert_eq!(tally, Tally { programs: 1, passed: 12, ignored: 0 });
        assert!(tally.check().is_ok());
        tally.count("test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        assert_eq!(tally, Tally { programs: 2, passed: 14, ignored: 1 });
        assert!(tally.check().is_err());
    }

    #[test]
    fn a_run_without_tests_is_a_failure() {
        assert!(Tally::default().check().is_err());
    }
}
