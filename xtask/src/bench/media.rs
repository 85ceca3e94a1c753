//! Scrubbing, and the limits: copying in memory, `cp`, and inflating for what inflates a PNG.
//!
//! Real files come from the corpus beside the repository where it is there; the others are made in
//! code, with all that phones put into theirs, and each line says which. A proof of where the data
//! of a picture end is part of our time: a JPEG's and a PNG's are decoded to their last bit.

use std::fs;
use std::path::{Path, PathBuf};

use homeward_tests::bombs;
use homeward_tests::programs::text;

use super::media_peers::Peers;
use super::{Bench, Figure, race};
use crate::process::{Result, root};

/// A file to scrub.
pub(super) struct Subject {
    pub(super) what: &'static str,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// Made: what, its kind, about how many bytes.
const MADE: [(&str, &str, u64); 4] = [
    ("JPEG 4 MB, made", "jpg", 4_000_000),
    ("PNG, made", "png", 14_000_000),
    ("WebP, made", "webp", 1_700_000),
    ("MP4, made", "mp4", 100_000_000),
];

/// Real: what, and its name in the corpus.
const REAL: [(&str, &str); 4] = [
    ("JPEG 12.5 MP, real", "real/Ultra_HDR_Samples_Originals_05.jpg"),
    ("HEIC 12 MP, real", "real/samsung-one-ui-6.heic"),
    ("HEIC 12 MP, iPhone, real", "real/IMG_2682.heic"),
    ("MP4 of a GoPro, real", "real/max-heromode.mp4"),
];

/// A film of 4 GB that takes no room on the disk: what a plan costs at any size.
const LONG_FILM: (&str, u64) = ("MP4 of 4 GB, sparse", 4_000_000_000);

pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let peers = bench.peers.then(Peers::install).transpose()?;
    let mut figures = Vec::new();
    for subject in subjects(bench)? {
        figures.extend(in_memory(bench, &subject)?);
        figures.extend(on_disk(bench, &subject)?);
        if let Some(peers) = &peers {
            figures.extend(peers.figures(bench, &subject)?);
        }
        fs::remove_file(&subject.path)?;
    }
    figures.extend(long_film(bench)?);
    figures.extend(hostile(bench)?);
    Ok(figures)
}

/// The files, each in the folder of the bench: `cp` and we read from the same disk that we write
/// to.
fn subjects(bench: &Bench) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for (what, kind, bytes) in MADE {
        let path = bench.folder().join(format!("made.{kind}"));
        make(bench, kind, bytes, &path)?;
        subjects.push(Subject { what, bytes: fs::metadata(&path)?.len(), path });
    }
    let corpus = root().parent().unwrap_or(root()).join("shared/corpus");
    for (what, name) in REAL {
        let real = corpus.join(name);
        if !real.exists() {
            crate::say::line(&format!("{what}: not measured, ../shared/corpus is absent"));
            continue;
        }
        let name = real.file_name().ok_or("a corpus file without a name")?;
        let path = bench.folder().join(name);
        // Read and written, not copied: the corpus is read-only.
        fs::write(&path, fs::read(&real)?)?;
        subjects.push(Subject { what, bytes: fs::metadata(&path)?.len(), path });
    }
    Ok(subjects)
}

fn make(bench: &Bench, kind: &str, bytes: u64, to: &Path) -> Result {
    let (program, bytes, to) = (text(&bench.program)?, bytes.to_string(), text(to)?);
    match kind {
        "jpg" => bench.peak(&[program, "make-photo", &bytes, to])?,
        kind => bench.peak(&[program, "make", kind, &bytes, to])?,
    };
    Ok(())
}

fn in_memory(bench: &Bench, subject: &Subject) -> Result<Vec<Figure>> {
    let Subject { what, ref path, bytes } = *subject;
    let file = text(path)?;
    let memcpy = || bench.task(what, "memcpy, in memory", bytes, &["memcpy", file]);
    let scrub = || bench.task(what, "homeward, in memory", bytes, &["scrub", file]);
    let stream = || bench.task(what, "homeward, streamed", bytes, &["scrub-stream", file]);
    let inflate = || bench.task(what, "inflate, the proof alone", bytes, &["inflate", file]);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("png") => race([&memcpy, &scrub, &stream, &inflate]),
        Some("mp4") => {
            let mut figures = race([&memcpy, &scrub, &stream])?;
            figures.extend(planning(bench, what, bytes, file)?);
            Ok(figures)
        }
        _ => race([&memcpy, &scrub, &stream]),
    }
}

fn planning(bench: &Bench, what: &'static str, bytes: u64, file: &str) -> Result<Vec<Figure>> {
    race([&|| bench.task(what, "reading moov", bytes, &["read-moov", file]), &|| {
        bench.task(what, "homeward, the plan", bytes, &["plan", file])
    }])
}

/// Whole processes, from file to file.
fn on_disk(bench: &Bench, subject: &Subject) -> Result<Vec<Figure>> {
    let Subject { what, ref path, bytes } = *subject;
    let phone = bench.programs.phone(bench.folder().join("no-home"));
    let copy = bench.folder().join("copy");
    let (file, copy, phone) = (text(path)?, text(&copy)?, text(phone.path())?);
    race([&|| bench.process(what, "cp, whole process", bytes, &["cp", file, copy]), &|| {
        bench.process(what, "phone scrub, whole process", bytes, &[phone, "scrub", file, copy])
    }])
}

fn long_film(bench: &Bench) -> Result<Vec<Figure>> {
    let (what, bytes) = LONG_FILM;
    let path = bench.folder().join("long.mp4");
    make(bench, "sparse-mp4", bytes, &path)?;
    let figures = planning(bench, what, bytes, text(&path)?);
    fs::remove_file(&path)?;
    figures
}

/// Files that were built to harm: facts, plan and copy of each, whatever comes of it.
fn hostile(bench: &Bench) -> Result<Vec<Figure>> {
    let path = bench.folder().join("hostile");
    let mut figures = Vec::new();
    for (name, bytes) in bombs::all() {
        fs::write(&path, &bytes)?;
        let length = bytes.len() as u64;
        figures.push(bench.task(name, "homeward", length, &["attempt", text(&path)?])?);
    }
    Ok(figures)
}
