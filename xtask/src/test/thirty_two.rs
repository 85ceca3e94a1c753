//! The core on a machine of 32 bits, where a length of 5 GB does not fit into a `usize`.

use crate::process::{Result, root, run};

use super::tally;

/// Where the core's tests run. Phones of 32 bits are still sold.
const TARGET: &str = "i686-unknown-linux-gnu";

pub(super) fn check() -> Result {
    run(&mut std::process::Command::new(root().join("tests/i686/setup.sh")))?;
    tally::test(&["--package", "homeward-core", "--target", TARGET])
}
