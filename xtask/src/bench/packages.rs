//! The packages that apps take in: what the library weighs on a phone, and what a call from Kotlin
//! or from Swift costs over the same in Rust.
//!
//! Weighed is the library of the phone profile, built for this machine: no linker for a phone is at
//! hand. Beside it stands a skeleton of the same dependencies that calls each of them and does
//! nothing (`tests/bench/skeleton`); with `--peers` it is built anew with each of them added in
//! turn. Timed is the library of the release profile, as the program in Rust that it is compared
//! with.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use homeward_tests::programs::text;
use serde_json::Value;
use tempfile::TempDir;

use super::{Bench, Figure, figure, race};
use crate::process::{Result, cargo, output, root};
use crate::{bindings, say};

/// Everything.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = weights(bench)?;
    let packages = Packages::build()?;
    figures.extend(packages.calls(bench)?);
    figures.extend(packages.attaching(bench)?);
    figures.extend(packages.drafts(bench)?);
    Ok(figures)
}

/// The skeleton's features, in the order in which they are added, and what each brings.
const CRATES: [(&str, &str); 6] = [
    ("sqlite", "rusqlite, SQLite"),
    ("network", "reqwest, rustls, tokio"),
    ("age", "age, tar"),
    ("unicode", "icu_*, their data"),
    ("texts", "fluent-bundle"),
    ("rest", "argon2, chrono, serde, …"),
];

const WEIGHT: &str = "library for phones";

fn weights(bench: &Bench) -> Result<Vec<Figure>> {
    say::line("Building for phones; linking the whole program takes a minute each time ...");
    let ours = weight(&library("homeward-ffi", "phone", &[])?)?;
    let skeleton = weight(&library("homeward-skeleton", "phone", &[])?)?;
    let mut figures = vec![
        weighed("homeward", ours),
        weighed("a skeleton of its crates", skeleton),
        weighed("what is our own", ours.saturating_sub(skeleton)),
    ];
    if bench.peers {
        let mut before = 0;
        for count in 0..=CRATES.len() {
            let names: Vec<&str> = CRATES[..count].iter().map(|(feature, _)| *feature).collect();
            let features = ["--no-default-features", "--features", &names.join(",")];
            let now = weight(&library("homeward-skeleton", "phone", &features)?)?;
            let who = count.checked_sub(1).map_or("uniffi, ring, std", |at| CRATES[at].1);
            figures.push(Figure { what: "of the skeleton", ..weighed(who, now - before) });
            before = now;
        }
    }
    Ok(figures)
}

/// Builds a package's library for C, and nothing else of it.
fn library(package: &str, profile: &str, features: &[&str]) -> Result<PathBuf> {
    let build = ["rustc", "--locked", "--quiet", "--crate-type", "cdylib", "--profile", profile];
    output(cargo(&build).args(["--package", package]).args(features))?;
    let file = format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_"));
    Ok(root().join("target").join(profile).join(file))
}

fn weight(file: &Path) -> Result<u64> {
    Ok(fs::metadata(file)?.len())
}

fn weighed(who: &'static str, bytes: u64) -> Figure {
    figure(WEIGHT, who, bytes, 0.0, &Value::Null)
}

/// Both packages, ready to be measured.
struct Packages {
    /// Calls a measurement of `Bench.kt`.
    java: Vec<String>,
    /// Calls the measurement of Swift.
    swift: PathBuf,
    /// Where the phones' homes are. In the repository: Swift, in its own root, sees nothing else.
    folder: TempDir,
}

impl Packages {
    fn build() -> Result<Self> {
        say::line("Building the packages for Kotlin and Swift ...");
        let library = library("homeward-ffi", "release", &[])?;
        let folder = library.parent().ok_or("a library without a folder")?;
        let java = vec![
            "java".to_owned(),
            format!("-Djna.library.path={}", text(folder)?),
            "-classpath".to_owned(),
            bindings::bench_classpath()?,
            "org.homeward.BenchKt".to_owned(),
        ];
        let swift = root().join("bindings/swift/scripts/bench.sh");
        output(std::process::Command::new(&swift).arg("build"))?;
        Ok(Self { java, swift, folder: tempfile::tempdir_in(root().join("target"))? })
    }

    /// A measurement of `Bench.kt`, on a new phone.
    fn kotlin(&self, bench: &Bench, what: &'static str, task: &[&str]) -> Result<Figure> {
        let phone = tempfile::tempdir_in(self.folder.path())?;
        self.kotlin_on(phone.path(), bench, what, task)
    }

    fn kotlin_on(
        &self,
        phone: &Path,
        bench: &Bench,
        what: &'static str,
        task: &[&str],
    ) -> Result<Figure> {
        let command = self.java(phone, task)?;
        bench.teller(what, "Kotlin on the JVM", 0, &command)
    }

    fn java<'a>(&'a self, phone: &'a Path, task: &[&'a str]) -> Result<Vec<&'a str>> {
        let mut command: Vec<&str> = self.java.iter().map(String::as_str).collect();
        command.extend([task[0], text(phone)?]);
        command.extend(&task[1..]);
        Ok(command)
    }

    fn calls(&self, bench: &Bench) -> Result<Vec<Figure>> {
        let call = |what, task| race([&|| self.kotlin(bench, what, &[task])]);
        let mut figures = call("load, and the first call", "first")?;
        figures.extend(call("a call: is there a text", "has")?);
        figures.extend(call("a call: the vault's state", "state")?);
        Ok(figures)
    }

    /// A photo by its path, and what it leaves in a heap that is not the core's.
    fn attaching(&self, bench: &Bench) -> Result<Vec<Figure>> {
        let what = "attach a photo of 12 MP";
        let file = self.folder.path().join("photo.jpg");
        let photo = text(&file)?;
        bench.peak(&[text(&bench.program)?, "make-photo", "4200000", photo])?;
        let bytes = weight(&file)?;
        let home = || tempfile::tempdir_in(self.folder.path());
        let mut figures = race([
            &|| {
                bench.task(
                    what,
                    "Rust",
                    bytes,
                    &["attach", photo, text(&home()?.path().join("home"))?],
                )
            },
            &|| Ok(Figure { bytes, ..self.kotlin(bench, what, &["attach", photo])? }),
            &|| {
                let home = home()?;
                let command = [text(&self.swift)?, text(home.path())?, photo];
                bench.teller(what, "Swift", bytes, &command)
            },
        ])?;
        figures.extend(self.heaps(bench, photo)?);
        Ok(figures)
    }

    fn heaps(&self, bench: &Bench, photo: &str) -> Result<[Figure; 2]> {
        let what = "the same: more in memory";
        let heap = |who, command: &[&str]| -> Result<Figure> {
            let said = bench.peak(command)?;
            let bytes = said["said"]["heap_bytes"].as_u64().ok_or("nothing was told of a heap")?;
            Ok(Figure { what, ..weighed(who, bytes) })
        };
        let phone = tempfile::tempdir_in(self.folder.path())?;
        let jvm = heap("the JVM's heap", &self.java(phone.path(), &["attach", photo])?)?;
        let phone = tempfile::tempdir_in(self.folder.path())?;
        let swift = [text(&self.swift)?, text(phone.path())?, photo];
        Ok([jvm, heap("Swift's whole process", &swift)?])
    }

    fn drafts(&self, bench: &Bench) -> Result<Vec<Figure>> {
        let what = "open and list 100 drafts";
        let phone = tempfile::tempdir_in(self.folder.path())?;
        bench.peak(&self.java(phone.path(), &["make-drafts"])?)?;
        let home = self.folder.path().join("drafts");
        let home = text(&home)?;
        bench.peak(&[text(&bench.program)?, "make-drafts", "100", home])?;
        race([&|| bench.task(what, "Rust", 0, &["list-drafts", "100", home]), &|| {
            self.kotlin_on(phone.path(), bench, what, &["list-drafts"])
        }])
    }
}
