//! `cargo xtask bench`: our figures, the peers' and the physical limit, side by side in one run.
//!
//! Each measurement is a process of its own, from the release build. Rounds of rivals alternate, so
//! that what disturbs the machine disturbs both; the quickest round of each counts.

mod media;
mod media_peers;
mod outbox;
mod packages;
mod plan;
mod seal;
mod table;
mod upload;
mod vault;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::builder::PossibleValuesParser;
use fault_proxy::Dice;
use homeward_tests::programs::{Build, Programs, executables, text};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Result;
use crate::say;

/// Figures of one subject, with their rivals.
struct Group {
    name: &'static str,
    shows: &'static str,
    figures: fn(&Bench) -> Result<Vec<Figure>>,
}

/// Every group. A new one is a file and an entry here.
const GROUPS: &[Group] = &[
    Group { name: "media", shows: "scrubbing against copying", figures: media::figures },
    Group {
        name: "packages",
        shows: "what the library weighs, and what Kotlin and Swift add to a call",
        figures: packages::figures,
    },
    Group { name: "plan", shows: "what goes now, of a full outbox", figures: plan::figures },
    Group { name: "seal", shows: "sealing against the bare cipher", figures: seal::figures },
    Group {
        name: "vault",
        shows: "the vault against SQLite, fsync and cp",
        figures: vault::figures,
    },
    Group {
        name: "outbox",
        shows: "a report with ten photos over a bad line",
        figures: outbox::figures,
    },
    Group { name: "upload", shows: "uploading against curl", figures: upload::figures },
];

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
struct Figure {
    what: &'static str,
    who: &'static str,
    /// How much was worked on; 0 where that is no measure.
    bytes: u64,
    /// The time of the whole; where single steps were timed, the median of one. 0 for a weight.
    ms: f64,
    /// Where single steps were timed: 99 of 100 took no longer.
    p99_ms: Option<f64>,
    /// The most memory that the process held.
    peak_bytes: u64,
    /// That less what it held before the work began, where the process tells it.
    above_idle_bytes: Option<u64>,
}

/// What `--only` takes.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(GROUPS.iter().map(|group| group.name))
}

/// Measures the groups, or only those named; prints a table, and writes the same as JSON to `out`.
pub(crate) fn run(only: &[String], peers: bool, out: Option<&Path>) -> Result {
    say::line("Building for release ...");
    let bench = Bench::make(peers)?;
    let mut all = Vec::new();
    for group in GROUPS {
        if !only.is_empty() && !only.iter().any(|name| name == group.name) {
            continue;
        }
        say::heading(&format!("{}: {}", group.name, group.shows));
        let figures = (group.figures)(&bench)?;
        table::print(&figures);
        all.extend(figures);
    }
    let json = serde_json::to_string_pretty(&all)?;
    match out {
        Some(out) => fs::write(out, json + "\n")?,
        None => say::line(&format!("\n{json}")),
    }
    Ok(())
}

/// What the groups measure with.
struct Bench {
    /// The program that measures.
    program: PathBuf,
    /// Where they put their files. Goes when this is dropped.
    folder: TempDir,
    /// Whether to measure the peers too that have to be built or fetched for it.
    peers: bool,
    programs: Programs,
}

impl Bench {
    fn make(peers: bool) -> Result<Self> {
        // Built together: apart, each would have dependencies with other features.
        let built = executables(Build::Release, &["homeward-bench", "homeward-desk", "phone"])?;
        let program = built.get("homeward-bench").ok_or("cargo built no homeward-bench")?.clone();
        let programs = Programs::of(built)?;
        Ok(Self { program, folder: tempfile::tempdir()?, peers, programs })
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One of the bench's own tasks: the time that it tells, and its peak memory.
    fn task(
        &self,
        what: &'static str,
        who: &'static str,
        bytes: u64,
        task: &[&str],
    ) -> Result<Figure> {
        self.teller(what, who, bytes, &[&[text(&self.program)?], task].concat())
    }

    /// Another program that tells its time as the bench's own tasks do.
    fn teller(
        &self,
        what: &'static str,
        who: &'static str,
        bytes: u64,
        command: &[&str],
    ) -> Result<Figure> {
        let said = self.peak(command)?;
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
    let idle = said["said"]["idle_bytes"].as_u64();
    let above_idle_bytes = idle.map(|idle| peak_bytes.saturating_sub(idle));
    let p99_ms = said["said"]["p99_ms"].as_f64();
    Figure { what, who, bytes, ms, p99_ms, peak_bytes, above_idle_bytes }
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

/// A file that nothing can make smaller.
fn noise(path: &Path, bytes: u64) -> Result {
    let mut dice = Dice::new(bytes);
    let mut file = BufWriter::new(File::create(path)?);
    for _ in 0..bytes / 8 {
        file.write_all(&dice.roll().to_le_bytes())?;
    }
    Ok(file.flush()?)
}
