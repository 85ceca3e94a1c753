//! Scrubbing a photo, and the limit: copying it in memory.

use std::fs;

use homeward_tests::organisation::text;

use super::{Bench, Figure, race};
use crate::process::Result;

/// Photos of 4 and 16 MB.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (what, wanted) in [("scrub a JPEG", 4_000_000_u64), ("scrub a larger JPEG", 16_000_000)] {
        let path = bench.folder().join(format!("{wanted}.jpg"));
        let file = text(&path)?;
        bench.peak(&[text(&bench.program)?, "make-photo", &wanted.to_string(), file])?;
        let bytes = fs::metadata(&path)?.len();
        figures.extend(race([
            &|| bench.task(what, "memcpy, in memory", bytes, &["memcpy", file]),
            &|| bench.task(what, "homeward, in memory", bytes, &["scrub", file]),
            &|| bench.task(what, "homeward, from the disk", bytes, &["scrub-stream", file]),
        ])?);
    }
    Ok(figures)
}
