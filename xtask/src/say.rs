//! How tasks talk: lines for a person on standard output, failures on standard error.

use std::io::{self, Write};
use std::time::Duration;

/// A line.
pub(crate) fn line(text: &str) {
    // A reader who has gone away (`| head`) misses lines, and that is all.
    let _ = writeln!(io::stdout(), "{text}");
}

/// A line that opens a part.
pub(crate) fn heading(text: &str) {
    line(&format!("\n== {text}"));
}

/// A step of a story.
pub(crate) fn step(text: &str) {
    line(&format!("\n* {text}"));
}

/// Something that a step has seen.
pub(crate) fn detail(text: &str) {
    line(&format!("  {text}"));
}

/// The one line of a failure.
pub(crate) fn failure(text: &str) {
    let _ = writeln!(io::stderr(), "xtask: {text}");
}

/// Bytes as people count them.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} bytes"),
        10_000..1_000_000 => format!("{} kB", count / 1000),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}

/// A time as `m:ss`.
pub(crate) fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_as_people_say_them() {
        assert_eq!(bytes(4096), "4096 bytes");
        assert_eq!(bytes(700_512), "700 kB");
        assert_eq!(bytes(2_345_678), "2.3 MB");
        assert_eq!(minutes(Duration::from_millis(125_400)), "2:05");
    }
}
