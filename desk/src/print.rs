//! Prints for a person or, with `--json`, for a program. What is printed on standard output is
//! written out at once, because scripts wait for the line.

use std::io::{self, Write};

use homeward_desk::error::{Error, Result};
use serde_json::Value;

/// How results are printed.
pub(crate) struct Printer {
    /// JSON only.
    pub(crate) json: bool,
}

impl Printer {
    /// Prints `json` or `text`.
    pub(crate) fn print(&self, json: &Value, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json { writeln!(out, "{json}") } else { writeln!(out, "{text}") };
        written.and_then(|()| out.flush()).map_err(Error::io("print"))
    }
}

/// A line on standard error. Nobody is left to tell when that fails.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
