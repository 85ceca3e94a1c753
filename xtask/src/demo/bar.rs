//! The bar that moves while bytes do: what the phone itself says it has sent.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::process::Result;
use crate::say;

/// A bar over all parts of a report.
pub(super) struct Bar {
    bar: ProgressBar,
    told: u64,
}

impl Bar {
    /// A bar of `total` bytes.
    pub(super) fn new(total: u64) -> Result<Self> {
        let style = "  [{bar:40}] {bytes}/{total_bytes} {bytes_per_sec} {msg}";
        let bar = ProgressBar::new(total);
        bar.set_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
        Ok(Self { bar, told: 0 })
    }

    /// Follows a line that the phone printed.
    pub(super) fn follow(&mut self, status: &Value) {
        let parts = status["parts"].as_array().into_iter().flatten();
        let left = |part: &Value| {
            part["sent"].as_u64().unwrap_or(0) + part["in_flight"].as_u64().unwrap_or(0)
        };
        let sent = parts.map(left).sum();
        self.bar.set_position(sent);
        self.bar.set_message(status["state"].as_str().unwrap_or("").to_owned());
        // Where no bar can be drawn, in a log, a line for each quarter does.
        let quarter = sent * 4 / self.bar.length().unwrap_or(1).max(1);
        if self.bar.is_hidden() && quarter > self.told {
            say::detail(&format!(
                "{} % of {}",
                quarter * 25,
                say::bytes(self.bar.length().unwrap_or(0))
            ));
            self.told = quarter;
        }
    }

    /// Leaves the bar as it stands.
    pub(super) fn stop(self) {
        self.bar.abandon();
    }
}
