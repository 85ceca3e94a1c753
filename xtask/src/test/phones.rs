//! The library compiles for phones, whose SDKs are not here.
//!
//! Rust needs none to check its own code; only the C in two crates asks for a compiler, and gets
//! one that compiles nothing (`tests/phones`). So every `cfg`, type and call is checked for every
//! target, and no object file, linker or phone: those are in `docs/build-phone.md`.

use std::path::Path;
use std::process::Command;

use crate::process::{Result, cargo, output, root, run};
use crate::say;

/// What apps are built for: phones of 64 and 32 bits, the Android emulator, iPhones, the iOS
/// simulator.
const TARGETS: &[&str] = &[
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
];

pub(super) fn check() -> Result {
    let tools = root().join("tests/phones");
    let from_source = output(Command::new(tools.join("setup.sh")).args(TARGETS))?;
    for target in TARGETS {
        let mut command = check_for(target, &tools)?;
        if from_source.lines().any(|line| line == *target) {
            say::line(&format!("{target}: with Rust's library from its source"));
            with_library_from_source(&mut command);
        }
        run(&mut command)?;
    }
    say::line(&format!("{} targets compile; nothing was linked", TARGETS.len()));
    Ok(())
}

fn check_for(target: &str, tools: &Path) -> Result<Command> {
    let mut command = cargo(&["check", "--locked", "--quiet", "--package", "homeward-ffi"]);
    command.args(["--target", target]);
    let name = target.replace('-', "_");
    for (tool, file) in [("CC", "cc"), ("AR", "ar")] {
        command.env(format!("{tool}_{name}"), tools.join(file));
    }
    // What asks where Apple's SDK is finds ours first. Nothing else is in that folder: a `cc` there
    // would be taken for this machine's.
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(tools.join("path")).chain(std::env::split_paths(&others));
    command.env("PATH", std::env::join_paths(path)?);
    Ok(command)
}

/// Rust's own library is checked along, for a target that it is not at hand for. Cargo has this
/// only behind a switch of its nightly releases. In a folder of its own: many crates are built
/// otherwise behind that switch, and the next build would have to build them again.
fn with_library_from_source(command: &mut Command) {
    command.arg("-Zbuild-std=std,panic_unwind").env("RUSTC_BOOTSTRAP", "1");
    command.arg("--target-dir").arg(root().join("target/phones"));
}
