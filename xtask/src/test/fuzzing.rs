//! Fuzzing for seconds: enough to see that a target lives and that a shallow mistake is found.

use crate::fuzz::{self, Amount};
use crate::process::Result;

/// For each target.
const SECONDS: u32 = 4;

pub(super) fn check() -> Result {
    fuzz::run(None, Amount::Seconds(SECONDS))
}
