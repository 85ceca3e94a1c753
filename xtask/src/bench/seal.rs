//! Sealing a part, and the limit: the bare cipher on the same number of bytes. What lies between
//! them is told too: the age crate alone, and the two hashes. With `--peers` Go's `age`, a whole
//! process.

use homeward_tests::peers::tool;
use homeward_tests::programs::text;

use super::{Bench, Figure, noise, race};
use crate::process::Result;

/// Parts of 10 and 100 MB.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for bytes in [10_000_000_u64, 100_000_000] {
        let count = bytes.to_string();
        figures.extend(race([
            &|| bench.task(WHAT, "ring ChaCha20-Poly1305", bytes, &["chacha", &count]),
            &|| bench.task(WHAT, "one SHA-256; a seal has two", bytes, &["hash", &count]),
            &|| bench.task(WHAT, "the age crate alone", bytes, &["age-crate", &count]),
            &|| bench.task(WHAT, "homeward", bytes, &["seal", &count]),
        ])?);
        if bench.peers {
            figures.extend(gos_age(bench, bytes)?);
        }
    }
    Ok(figures)
}

/// Reads the file and starts a process, which ours does not: see the small file for how much that
/// is.
fn gos_age(bench: &Bench, bytes: u64) -> Result<Vec<Figure>> {
    let age = tool("age")?;
    let file = bench.folder().join("to-seal");
    noise(&file, bytes)?;
    let command = [text(&age)?, "-r", RECIPIENT, "-o", "/dev/null", text(&file)?];
    race([&|| bench.process(WHAT, "age (Go), a whole process", bytes, &command)])
}

const WHAT: &str = "seal";
/// Somebody to seal to: the example of the page on the format.
const RECIPIENT: &str = "age1jrv37se8nv82c08p2y0vrxu8t2s95ycsv9cr8rwwr72vj0rn6u8szmfd60";
