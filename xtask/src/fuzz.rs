//! Fuzzing: chance against the promises in `fuzz/src/check.rs`, target by target.
//!
//! The targets are laid out for cargo-fuzz, and `cargo fuzz run` works on them. Here they are built
//! with the flags that it would use, without its sanitizer: the product has no unsafe code for one
//! to watch. So the stable compiler does, and nothing needs to be installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use homeward_tests::programs;

use crate::process::{Result, cargo, output, root};
use crate::say;

/// How long each target runs.
#[derive(Clone, Copy)]
pub(crate) enum Amount {
    /// For so many seconds.
    Seconds(u32),
    /// For so many inputs.
    Runs(u32),
}

/// Every target; `fuzz/Cargo.toml` has a program for each.
pub(crate) const TARGETS: &[&str] =
    &["jpeg", "png", "webp", "gif", "jxl", "heif", "movie", "aac", "exif", "seal", "pack", "form"];

/// A single input must end within so many seconds. In the product it is one; here every branch is
/// counted and other work runs beside it.
const INPUT_SECONDS: u32 = 10;

/// libFuzzer, its corpus and one input must fit into so many MiB.
const MEMORY_MIB: u32 = 1024;

/// Longest input.
const INPUT_BYTES: u32 = 16 << 10;

/// What makes the compiler count branches and comparisons for libFuzzer.
const COUNTERS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs one target, or all in turn.
pub(crate) fn run(only: Option<&str>, amount: Amount) -> Result {
    let programs = build()?;
    let chosen = TARGETS.iter().filter(|target| only.is_none_or(|only| only == **target));
    let mut failed = 0;
    let mut passed = 0;
    for target in chosen {
        let program = programs.get(*target).ok_or_else(|| format!("cargo built no {target}"))?;
        match fuzz(target, program, amount) {
            Ok(runs) => {
                passed += 1;
                say::line(&format!("{target:6} {runs:>9} inputs, no promise broken"));
            }
            Err(error) => {
                failed += 1;
                say::line(&format!("FAILED {target}: {error}"));
            }
        }
    }
    say::line(&format!("{passed} passed, {failed} failed"));
    if failed == 0 { Ok(()) } else { Err(format!("{failed} fuzz targets failed").into()) }
}

/// Builds the targets; gives the program of each.
fn build() -> Result<BTreeMap<String, PathBuf>> {
    let mut build = cargo(&["build", "--release", "--bins", "--quiet"]);
    build.args(["--manifest-path", "fuzz/Cargo.toml", "--target", &host()?]);
    build.args(["--message-format", "json-render-diagnostics"]);
    let printed = output(build.env("RUSTFLAGS", COUNTERS))?;
    Ok(programs::built(printed.as_bytes()))
}

/// This machine's target. Named, so that the counters go into the targets and not into the programs
/// that run during the build.
fn host() -> Result<String> {
    let told = output(Command::new("rustc").arg("-vV"))?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say its host")?.to_owned())
}

/// Runs a target; gives how many inputs it saw.
fn fuzz(target: &str, program: &PathBuf, amount: Amount) -> Result<u64> {
    let folder = root().join(".cache/fuzz").join(target);
    let corpus = folder.join("corpus");
    fs::create_dir_all(&corpus)?;
    let mut command = Command::new(program);
    command.arg(match amount {
        Amount::Seconds(seconds) => format!("-max_total_time={seconds}"),
        Amount::Runs(runs) => format!("-runs={runs}"),
    });
    command.arg(format!("-timeout={INPUT_SECONDS}"));
    command.arg(format!("-rss_limit_mb={MEMORY_MIB}"));
    command.arg(format!("-max_len={INPUT_BYTES}"));
    command.arg(format!("-artifact_prefix={}/", folder.display()));
    command.arg("-print_final_stats=1").arg(&corpus);
    let done = command.stdin(Stdio::null()).output()?;
    let told = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        let last: Vec<&str> = told.lines().rev().take(40).collect();
        last.iter().rev().for_each(|line| say::line(line));
        return Err(format!("{}; the input lies in {}", done.status, folder.display()).into());
    }
    let runs = told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    runs.and_then(|runs| runs.trim().parse().ok()).ok_or_else(|| "it ran no input".into())
}
