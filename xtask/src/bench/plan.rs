//! The plan of an outbox with many parts; the limit that was set is 5 ms for a thousand.

use homeward_tests::programs::text;

use super::{Bench, Figure};
use crate::process::Result;

/// A thousand parts.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let home = bench.folder().join("plan");
    let task = ["plan-parts", "1000", text(&home)?];
    Ok(vec![bench.task("plan 1,000 parts", "homeward", 0, &task)?])
}
