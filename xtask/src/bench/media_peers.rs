//! What others take for the same file: programs as people call them, and Rust crates in memory.
//!
//! A peer that refuses a kind of file has no line. What each leaves behind is another matter: see
//! `docs/formats/media.md` for how ours is judged.

use std::path::PathBuf;
use std::process::Command;

use homeward_tests::programs::text;

use super::media::Subject;
use super::{Bench, Figure, figure};
use crate::process::{Result, cargo, output, root};

/// The peers that are programs: a name, the endings of the files that they take, and a call of the
/// shell with the file as `$1` and the copy as `$2`.
const PROGRAMS: [(&str, &[&str], &str); 4] = [
    (
        "ExifTool",
        &["jpg", "png", "webp", "heic", "mp4"],
        "rm -f $2; exiftool -q -q -m -all= -o $2 $1",
    ),
    ("mat2", &["jpg", "png", "webp", "mp4"], "mat2 $1 && rm ${1%.*}.cleaned.${1##*.}"),
    ("exiv2, in place after cp", &["jpg", "png", "webp"], "cp $1 $2; exiv2 rm $2"),
    ("jhead, in place after cp", &["jpg"], "cp $1 $2; jhead -q -purejpg $2"),
];

/// The crates, and the endings of what they take.
const CRATES: [(&str, &[&str]); 2] =
    [("img-parts", &["jpg", "png", "webp"]), ("little_exif", &["jpg", "png", "webp", "heic"])];

/// The peers, installed.
pub(super) struct Peers {
    /// The program that calls the crates.
    crates: PathBuf,
}

impl Peers {
    /// Installs the programs and builds the crates, once.
    pub(super) fn install() -> Result<Self> {
        output(&mut Command::new(root().join("tests/bench/peers/setup.sh")))?;
        let manifest = "tests/bench/peers/Cargo.toml";
        let mut build = cargo(&["build", "--release", "--quiet", "--manifest-path", manifest]);
        output(build.args(["--target-dir", "target/bench-peers"]))?;
        Ok(Self { crates: root().join("target/bench-peers/release/homeward-bench-peers") })
    }

    pub(super) fn figures(&self, bench: &Bench, subject: &Subject) -> Result<Vec<Figure>> {
        let Subject { what, ref path, bytes } = *subject;
        let file = text(path)?;
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let ending = ending.to_ascii_lowercase();
        let copy = bench.folder().join(format!("copy.{ending}"));
        let copy = text(&copy)?;
        let mut figures = Vec::new();
        let crates = text(&self.crates)?;
        for (peer, takes) in CRATES {
            if takes.contains(&ending.as_str()) {
                let said = bench.peak(&[crates, peer, file]);
                figures.extend(said.ok().and_then(|said| {
                    Some(figure(what, peer, bytes, said["said"]["ms"].as_f64()?, &said))
                }));
            }
        }
        for (peer, takes, call) in PROGRAMS {
            if takes.contains(&ending.as_str()) {
                let command = ["sh", "-c", call, "peer", file, copy];
                let rounds = (0..3).map(|_| bench.process(what, peer, bytes, &command));
                let done = rounds.collect::<Result<Vec<_>>>().unwrap_or_default();
                figures.extend(done.into_iter().min_by(|a, b| a.ms.total_cmp(&b.ms)));
            }
        }
        Ok(figures)
    }
}
