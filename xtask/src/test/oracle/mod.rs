//! The judge of scrubbed files that is not ours, over real and made files.
//!
//! `../shared` lies beside the repository and holds an oracle and a corpus. The oracle walks, reads
//! and decodes what `phone scrub` made with programs of others; the corpus knows which words were
//! planted and what ExifTool reads. Real photos belong to people and are never in the repository,
//! so where `../shared` is absent this check is, too, if `tests/not-run.toml` allows it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use homeward_tests::not_run::NotRun;
use homeward_tests::programs::{Program, Programs, text};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::process::{Result, output, root};
use crate::say;

mod facts;

/// How many files are judged at once.
const AT_ONCE: usize = 2;

/// Why a TIFF or DNG is not scrubbed, as the phone says it.
const UNSUPPORTED: &str = "refused-media-unsupported";

/// At least so many of a thousand facts are equal.
const EQUAL_PER_MILLE: usize = 980;

/// Scrubs and reads every file of the corpus, has the oracle judge it, and sends one of each kind
/// the whole way.
pub(super) fn check() -> Result {
    let shared = root().parent().unwrap_or(root()).join("shared");
    if !shared.join("oracle/setup.sh").exists() {
        // CI must not be able to pass because its files were not put in place.
        if std::env::var_os("CI").is_some() {
            return Err("../shared with the oracle and the corpus is absent, and CI is set".into());
        }
        NotRun::beside_this_program()?.note("oracle", "no ../shared");
        return Ok(());
    }
    let judge = install(&shared)?;
    let outputs = tempfile::tempdir()?;
    let phone = Programs::build()?.phone(outputs.path().join("home"));
    let bench = Bench { judge, corpus: shared.join("corpus"), outputs: outputs.path(), phone };
    let files = index(&bench.corpus)?;
    let failed = scrub_all(&bench, &files);
    let read = read_all(&bench, &files);
    say::line(&format!("{} passed, {failed} failed", files.len() - failed));
    if failed > 0 {
        return Err(format!("{failed} files are not clean").into());
    }
    read?;
    say::line("The main job with a file of each kind:");
    crate::demo::run(&one_of_each_kind(&bench.corpus, &files), None)
}

/// The first file of each ending, but for those that are refused.
fn one_of_each_kind(corpus: &Path, files: &Files) -> Vec<PathBuf> {
    let mut kinds = BTreeMap::new();
    for name in files.keys().filter(|name| !is_refused(name)) {
        let path = corpus.join(name);
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        kinds.entry(ending).or_insert(path);
    }
    kinds.into_values().collect()
}

/// A TIFF or DNG is not cleaned.
fn is_refused(name: &str) -> bool {
    name.ends_with(".tif") || name.ends_with(".dng")
}

/// Installs what the oracle needs, once, and gives the program that judges.
fn install(shared: &Path) -> Result<PathBuf> {
    let mut setup = Command::new(shared.join("oracle/setup.sh"));
    let printed = output(setup.arg(".cache/oracle").current_dir(root()))?;
    let judge = printed.lines().next_back().ok_or("the oracle's setup named no judge")?;
    Ok(PathBuf::from(judge))
}

/// What the corpus knows of a file.
#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    canaries: Vec<String>,
    facts: Map<String, Value>,
}

type Files = BTreeMap<String, Known>;

fn index(corpus: &Path) -> Result<Files> {
    #[derive(Deserialize)]
    struct Index {
        files: Files,
    }
    let index: Index = serde_json::from_slice(&fs::read(corpus.join("index.json"))?)?;
    if index.files.is_empty() { Err("the corpus is empty".into()) } else { Ok(index.files) }
}

/// All that it takes to judge a file.
struct Bench<'a> {
    judge: PathBuf,
    corpus: PathBuf,
    outputs: &'a Path,
    phone: Program,
}

/// Judges every file; gives how many failed.
fn scrub_all(bench: &Bench<'_>, files: &Files) -> usize {
    let names: Vec<_> = files.iter().collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, known)) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = bench.scrub(name, &known.canaries)
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.push(format!("{name}: {why}"));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failed.sort();
    failed.iter().for_each(|failed| say::line(&format!("FAILED {failed}")));
    failed.len()
}

impl Bench<'_> {
    fn scrub(&self, name: &str, canaries: &[String]) -> Result {
        let source = self.corpus.join(name);
        let to = self.outputs.join(name.replace('/', "-"));
        let scrubbed = self.phone.ask(&["scrub", text(&source)?, text(&to)?]);
        if is_refused(name) {
            return match scrubbed {
                Err(refusal) if refusal.message_id() == Some(UNSUPPORTED) => Ok(()),
                Err(refusal) => Err(refusal.into()),
                Ok(_) => Err("a kind that is not cleaned was not refused".into()),
            };
        }
        scrubbed?;
        let mut judge = Command::new(&self.judge);
        judge.arg(&source).arg(&to).arg("--no-facts");
        judge.args(canaries.iter().flat_map(|canary| ["--canary", canary]));
        let again = format!("'{}' scrub {{in}} {{out}}", text(self.phone.path())?);
        let judged = judge.args(["--redo", &again]).output()?;
        let _ = fs::remove_file(&to);
        if judged.status.success() {
            return Ok(());
        }
        let verdict: Value = serde_json::from_slice(&judged.stdout).unwrap_or_default();
        Err(format!("{}: {}", judged.status, verdict["reasons"]).into())
    }
}

/// Compares what the phone reads with what ExifTool reads.
fn read_all(bench: &Bench<'_>, files: &Files) -> Result {
    let mut tally = facts::Tally::default();
    for (name, known) in files {
        // A kind that is refused tells nothing; its facts count as missing.
        let path = bench.corpus.join(name);
        let read = bench.phone.ask(&["facts", text(&path)?]).unwrap_or_default();
        tally.compare(name, &known.facts, &read);
    }
    tally.differences.iter().for_each(|difference| say::line(&format!("differs: {difference}")));
    let (equal, known) = (tally.equal, tally.known);
    say::line(&format!("{equal} of {known} facts are what ExifTool reads"));
    match tally.invented {
        0 if equal * 1000 >= known * EQUAL_PER_MILLE => Ok(()),
        0 => Err("too many facts differ".into()),
        invented => Err(format!("{invented} facts were invented").into()),
    }
}
