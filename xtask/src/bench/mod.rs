//! `cargo xtask bench`: our figures, the peers' and the physical limit, side by side in one run.
//!
//! Each measurement is a process of its own, from the release build. Rounds of rivals alternate, so
//! that what disturbs the machine disturbs both; the quickest round of each counts.

mod upload;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use homeward_tests::organisation::text;
use homeward_tests::programs::{Build, Programs, executables};
use serde::Serialize;
use serde_json::Value;

use crate::process::Result;
use crate::say;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
struct Figure {
    what: &'static str,
    who: &'static str,
    bytes: u64,
    ms: f64,
    mb_per_s: f64,
    peak_bytes: u64,
}

/// Measures, prints a table, and writes the same as JSON to `out`.
pub(crate) fn run(out: Option<&Path>) -> Result {
    say::line("Building for release ...");
    let mut built = executables(Build::Release, &["homeward-bench"])?;
    let program = built.remove("homeward-bench").ok_or("cargo built no homeward-bench")?;
    let bench = Bench { program };
    let programs = Programs::build_for(Build::Release)?;
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    figures.extend(scrubbing(&bench, folder.path())?);
    figures.extend(sealing(&bench)?);
    figures.extend(upload::figures(&bench, &programs, folder.path())?);
    print(&figures);
    let json = serde_json::to_string_pretty(&figures)?;
    match out {
        Some(out) => fs::write(out, json + "\n")?,
        None => say::line(&format!("\n{json}")),
    }
    Ok(())
}

/// The program that measures.
struct Bench {
    program: PathBuf,
}

impl Bench {
    /// One of its own tasks: the time that it tells, and its peak memory.
    fn task(
        &self,
        what: &'static str,
        who: &'static str,
        bytes: u64,
        task: &[&str],
    ) -> Result<Figure> {
        let program = text(&self.program)?;
        let said = self.peak(&[&[program], task].concat())?;
        let ms = said["said"]["ms"].as_f64().ok_or("a measurement told no time")?;
        Ok(figure(what, who, bytes, ms, &said))
    }

    /// Another program: the time of its whole process.
    fn process(
        &self,
        what: &'static str,
        who: &'static str,
        bytes: u64,
        command: &[&str],
    ) -> Result<Figure> {
        let said = self.peak(command)?;
        let ms = said["wall_ms"].as_f64().ok_or("a measurement told no time")?;
        Ok(figure(what, who, bytes, ms, &said))
    }

    fn peak(&self, command: &[&str]) -> Result<Value> {
        let mut peak = Command::new(&self.program);
        let printed = crate::process::output(peak.args(["peak", "--"]).args(command))?;
        Ok(serde_json::from_str(&printed)?)
    }
}

fn figure(what: &'static str, who: &'static str, bytes: u64, ms: f64, said: &Value) -> Figure {
    let peak_bytes = said["peak_bytes"].as_u64().unwrap_or(0);
    Figure { what, who, bytes, ms, mb_per_s: bytes as f64 / ms / 1000.0, peak_bytes }
}

/// The quickest of three rounds for each of `rivals`, which alternate.
fn race<const N: usize>(rivals: [&dyn Fn() -> Result<Figure>; N]) -> Result<Vec<Figure>> {
    let mut best: Vec<Figure> = Vec::new();
    for round in 0..3 {
        for (at, rival) in rivals.iter().enumerate() {
            let figure = rival()?;
            if round == 0 {
                best.push(figure);
            } else if figure.ms < best[at].ms {
                best[at] = figure;
            }
        }
    }
    Ok(best)
}

fn scrubbing(bench: &Bench, folder: &Path) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (what, wanted) in [("scrub a JPEG", 4_000_000_u64), ("scrub a larger JPEG", 16_000_000)] {
        let path = folder.join(format!("{wanted}.jpg"));
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

fn sealing(bench: &Bench) -> Result<Vec<Figure>> {
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

fn print(figures: &[Figure]) {
    say::line(&format!(
        "\n{:22} {:24} {:>9} {:>10} {:>9} {:>12}",
        "what", "who", "MB", "ms", "MB/s", "peak memory"
    ));
    for figure in figures {
        let (megabytes, peak) = (figure.bytes as f64 / 1e6, figure.peak_bytes as f64 / 1e6);
        let Figure { what, who, ms, mb_per_s, .. } = figure;
        say::line(&format!(
            "{what:22} {who:24} {megabytes:>9.1} {ms:>10.2} {mb_per_s:>9.0} {peak:>9.1} MB"
        ));
    }
}
