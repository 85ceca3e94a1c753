//! `cargo xtask demo`: the main job, end to end, with the real programs as processes.
//!
//! Whatever it says it has looked at: each step reads what the programs printed, what lies in the
//! server's store, or what the recorder in front of the server heard, and ends the demo if that is
//! not what it should be.

mod bar;
mod opening;
mod report;
mod sending;
mod view;

use std::fs;
use std::path::{Path, PathBuf};

use fault_proxy::Faults;
use homeward_tests::organisation::{NAME, Organisation};
use homeward_tests::programs::{Program, Programs};
use serde_json::Value;

use crate::process::Result;
use crate::say;
use report::Report;

/// The link's speed in bytes a second.
const LINK: u64 = 500_000;

/// Where the demo plays.
struct Stage {
    folder: PathBuf,
    organisation: Organisation,
    phone: Program,
}

/// Runs the demo with the caller's `photos`, or one made here; its files stay in `keep`.
pub(crate) fn run(photos: &[PathBuf], keep: Option<&Path>) -> Result {
    say::line("Building the programs ...");
    let programs = Programs::build()?;
    // Dropped at every end of this function, and with it everything that was made.
    let temporary = tempfile::tempdir()?;
    let folder = match keep {
        None => temporary.path().to_owned(),
        Some(folder) => new_folder(folder)?,
    };
    play(&programs, folder, photos)?;
    if let Some(folder) = keep {
        say::detail(&format!("\nEverything was kept in {}", folder.display()));
    }
    say::line("\nreport opened by the organisation, receipt verified");
    Ok(())
}

fn play(programs: &Programs, folder: PathBuf, photos: &[PathBuf]) -> Result {
    say::step("An organisation makes its desk and its signed brand pack");
    let offline = Faults { refuse: true, ..Faults::default() };
    let organisation = Organisation::open(programs, &folder, offline)?;
    say::detail(&format!("{NAME} has keys, a certificate authority of its own, and a pack."));
    say::detail("Its server `homeward-desk receive` runs. There is no network to it yet.");
    let phone = programs.phone(folder.join("phone"));
    let stage = Stage { folder, organisation, phone };

    say::step("A parent's phone takes the pack");
    let pack = homeward_tests::programs::text(&stage.organisation.pack)?;
    let pairing = stage.phone.ask(&["pair", pack])?;
    say::detail(&format!("Paired with {}.", word(&pairing["organisation"])));
    say::detail(&format!("Fingerprint to compare: {}", word(&pairing["fingerprint"])));

    let report = Report::write(&stage, photos)?;
    let before = sending::until_killed(&stage, &report)?;
    opening::first_minute(&stage, &report)?;
    sending::to_the_end(&stage, &report, &before)?;
    opening::everything(&stage, &report)?;
    opening::receipt(&stage, &report)?;
    view::of_the_server(&stage, &report)
}

/// A folder for what is kept. One with something in it is not touched.
fn new_folder(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    if fs::read_dir(folder)?.next().is_some() {
        return Err("--keep takes a folder that is new or empty".into());
    }
    Ok(fs::canonicalize(folder)?)
}

/// Ends the demo unless something is as it should be.
fn expect(holds: bool, otherwise: &str) -> Result {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// A JSON string, as it is.
fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
