//! The figures for a person.

use super::Figure;
use crate::say;

/// Prints the figures of a group.
pub(super) fn print(figures: &[Figure]) {
    say::line(&format!(
        "{:28} {:26} {:>8} {:>11} {:>9} {:>7} {:>9} {:>11}",
        "what", "who", "MB", "ms", "p99 ms", "MB/s", "peak MB", "above idle"
    ));
    for figure in figures {
        let Figure { what, who, ms, .. } = figure;
        let megabytes = some(figure.bytes as f64 / 1e6, 2);
        let speed = if *ms > 0.0 { figure.bytes as f64 / ms / 1000.0 } else { 0.0 };
        let (speed, ms) = (some(speed, 0), some(*ms, 4));
        let p99 = figure.p99_ms.map_or("-".into(), |ms| format!("{ms:.4}"));
        let peak = some(figure.peak_bytes as f64 / 1e6, 1);
        let above = figure.above_idle_bytes.map_or("-".into(), |bytes| {
            // Only this one has a limit in MiB.
            format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
        });
        say::line(&format!(
            "{what:28} {who:26} {megabytes:>8} {ms:>11} {p99:>9} {speed:>7} {peak:>9} {above:>11}"
        ));
    }
}

/// A number, or a dash for what was not measured.
fn some(number: f64, digits: usize) -> String {
    if number > 0.0 { format!("{number:.digits$}") } else { "-".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!(some(0.0, 1), "-");
        assert_eq!(some(2.25, 1), "2.2");
    }
}
