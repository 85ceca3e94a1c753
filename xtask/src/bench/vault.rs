//! The vault: rows against plain SQLite and SQLCipher, an answer against a bare sync, a film
//! against `cp`, and how long a list of a thousand drafts takes.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use homeward_tests::programs::text;

use super::{Bench, Figure, noise, race};
use crate::process::{Result, cargo, output, root};
use crate::say;

const ROWS: u64 = 20_000;
const ROW_BYTES: u64 = 2_048;
const FILM: u64 = 100_000_000;

/// All of them.
pub(super) fn figures(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = rows(bench)?;
    figures.extend(drafts(bench)?);
    figures.extend(answers(bench)?);
    figures.extend(film(bench)?);
    Ok(figures)
}

/// Each round writes a new database; what is read is the last one that was written.
fn rows(bench: &Bench) -> Result<Vec<Figure>> {
    let (count, bytes, round) = (ROWS.to_string(), ROWS * ROW_BYTES, Cell::new(0));
    let sqlcipher = if bench.peers { Some(sqlcipher()?) } else { None };
    let file = |who: &str, round: u32| bench.folder().join(format!("{who}-{round}.sqlite"));
    let measure = |what, who: &'static str, program: &PathBuf, task: &str, round: u32| {
        let file = file(who, round);
        bench.teller(what, who, bytes, &[text(program)?, task, &count, text(&file)?])
    };
    let write = |who, program: &PathBuf, task: &str| {
        round.set(round.get() + 1);
        let done = measure("write 20,000 rows of 2 KB", who, program, task, round.get())?;
        fs::rename(file(who, round.get()), file(who, 0))?;
        Ok(done)
    };
    let read = |who, program: &PathBuf, task: &str| {
        measure("read 20,000 rows of 2 KB", who, program, task, 0)
    };
    let own = &bench.program;
    let mut figures = match &sqlcipher {
        None => race([&|| write(PLAIN, own, "write-plain"), &|| write(OURS, own, "write-sealed")]),
        Some(peer) => race([
            &|| write(PLAIN, own, "write-plain"),
            &|| write(OURS, own, "write-sealed"),
            &|| write(SQLCIPHER, peer, "write"),
        ]),
    }?;
    figures.extend(match &sqlcipher {
        None => race([&|| read(PLAIN, own, "read-plain"), &|| read(OURS, own, "read-sealed")]),
        Some(peer) => {
            race([&|| read(PLAIN, own, "read-plain"), &|| read(OURS, own, "read-sealed"), &|| {
                read(SQLCIPHER, peer, "read")
            }])
        }
    }?);
    Ok(figures)
}

/// Builds SQLCipher, in a tree of its own that has OpenSSL in it.
fn sqlcipher() -> Result<PathBuf> {
    say::line("Building SQLCipher; it needs OpenSSL's headers ...");
    let manifest = root().join("tests/bench/sqlcipher/Cargo.toml");
    let build = ["build", "--locked", "--release", "--quiet", "--manifest-path", text(&manifest)?];
    let target = root().join(".cache/bench-sqlcipher");
    output(cargo(&build).args(["--target-dir", text(&target)?]))?;
    Ok(target.join("release/sqlcipher"))
}

fn drafts(bench: &Bench) -> Result<Vec<Figure>> {
    let home = bench.folder().join("drafts");
    let home = text(&home)?;
    bench.peak(&[text(&bench.program)?, "make-drafts", "1000", home])?;
    race([&|| bench.task("open and list 1,000 drafts", OURS, 0, &["list-drafts", "1000", home])])
}

fn answers(bench: &Bench) -> Result<Vec<Figure>> {
    let (home, page) = (bench.folder().join("answers"), bench.folder().join("page"));
    race([
        &|| {
            bench.task(
                "save one answer",
                "a page and fsync",
                0,
                &["sync-pages", "500", text(&page)?],
            )
        },
        &|| bench.task("save one answer", OURS, 0, &["save-answers", "500", text(&home)?]),
    ])
}

fn film(bench: &Bench) -> Result<Vec<Figure>> {
    let what = "store a film as a blob";
    let (film, to) = (bench.folder().join("film"), bench.folder().join("film-copy"));
    noise(&film, FILM)?;
    let (film, to) = (text(&film)?, text(&to)?);
    let (source, copy) = (format!("if={film}"), format!("of={to}"));
    race([
        &|| bench.process(what, "cp", FILM, &["cp", film, to]),
        &|| {
            let dd = ["dd", &source, &copy, "bs=1M", "conv=fsync", "status=none"];
            bench.process(what, "dd with fsync", FILM, &dd)
        },
        &|| bench.task(what, OURS, FILM, &["store-blob", film, to]),
    ])
}

const PLAIN: &str = "plain SQLite";
const OURS: &str = "homeward";
const SQLCIPHER: &str = "SQLCipher";
