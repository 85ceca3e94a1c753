//! Sealing a part, and the limit: the bare cipher on the same number of bytes.

use super::{Bench, Figure, race};
use crate::process::Result;

/// Parts of 10 and 100 MB.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (what, bytes) in [("seal", 10_000_000_u64), ("seal", 100_000_000)] {
        let count = bytes.to_string();
        figures.extend(race([
            &|| bench.task(what, "ring ChaCha20-Poly1305", bytes, &["chacha", &count]),
            &|| bench.task(what, "homeward", bytes, &["seal", &count]),
        ])?);
    }
    Ok(figures)
}
