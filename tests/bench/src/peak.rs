//! What the kernel says of a process that has ended. This process stays small itself: a child
//! begins with its parent's memory in its books.

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

/// The most memory that this process held so far.
pub(crate) fn held() -> i64 {
    getrusage(UsageWho::RUSAGE_SELF).unwrap().max_rss() * UNIT
}

/// Linux counts in KiB, macOS in bytes.
const UNIT: i64 = if cfg!(target_os = "linux") { 1024 } else { 1 };

/// Runs `command`; its own words, if they are JSON, are passed on.
pub(crate) fn of(command: &[String]) -> Value {
    let start = Instant::now();
    let mut child = Command::new(&command[0]);
    let done = child.args(&command[1..]).stderr(Stdio::inherit()).output().unwrap();
    let wall_ms = start.elapsed().as_secs_f64() * 1000.0;
    assert!(done.status.success(), "{} failed: {}", command[0], done.status);
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let said: Value = serde_json::from_slice(&done.stdout).unwrap_or_default();
    json!({ "wall_ms": wall_ms, "peak_bytes": usage.max_rss() * UNIT, "said": said })
}
