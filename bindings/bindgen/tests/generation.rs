//! Kotlin and Swift come out of the built library, with all that an app calls.
//!
//! The library is the one that cargo built for this test: unstripped, which the generator needs.
//! Whether the two sides run is tested in `bindings/kotlin` and `bindings/swift`.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

// Names the library, so that cargo builds it.
use homeward_ffi as _;

const ERRORS: &[&str] = &[
    "Locked",
    "KeyLost",
    "Damaged",
    "FromNewerApp",
    "StorageFull",
    "NotFound",
    "Refused",
    "Unexpected",
];

#[test]
fn kotlin_has_every_call_every_error_and_every_callback() {
    let folder = tempfile::tempdir().unwrap();
    let kotlin = generated("kotlin", folder.path(), "org/homeward/ffi/homeward_ffi.kt");
    assert_holds(
        &kotlin,
        &["package org.homeward.ffi", "open class Homeward", "open class Transfer"],
    );
    assert_holds(&kotlin, &["interface DeviceKey", "interface Listener", "open class Texts"]);
    assert_holds(&kotlin, &["fun `cancel`(", "fun `wait`(", "fun `onChange`(", "fun `open`("]);
    for call in calls_of_the_core() {
        assert_holds(&kotlin, &[&format!("fun `{}`(", camel_case(&call))]);
    }
    for error in ERRORS {
        assert_holds(&kotlin, &[&format!("class {error}(")]);
    }
    assert!(!kotlin.contains("    var `"), "records are immutable");
    assert!(kotlin.contains("checksum"), "a stale library is noticed");
}

#[test]
fn whatever_kotlin_calls_first_compares_the_checksums() {
    let folder = tempfile::tempdir().unwrap();
    let name = "org/homeward/ffi/homeward_ffi.kt";
    generated("kotlin", folder.path(), name);
    let file = folder.path().join(name);
    let finished = Command::new(env!("CARGO_BIN_EXE_check-first")).arg(&file).status().unwrap();
    assert!(finished.success());
    let kotlin = fs::read_to_string(file).unwrap();
    let calls = kotlin.split("internal object UniffiLib {").nth(1).unwrap();
    let begins = calls.split("init {").nth(1).unwrap().trim_start();
    assert!(begins.starts_with("IntegrityCheckingUniffiLib.ensureInitialized()"));
}

#[test]
fn swift_has_every_call_every_error_and_every_callback() {
    let folder = tempfile::tempdir().unwrap();
    let swift = generated("swift", folder.path(), "HomewardFFI.swift");
    assert_holds(&swift, &["open class Homeward", "open class Transfer", "open class Texts"]);
    assert_holds(&swift, &["public protocol DeviceKey", "public protocol Listener"]);
    assert_holds(&swift, &["func cancel(", "func wait(", "func onChange(", "func `open`("]);
    for call in calls_of_the_core() {
        assert_holds(&swift, &[&format!("func {}(", camel_case(&call))]);
    }
    for error in ERRORS {
        assert_holds(&swift, &[&format!("case {error}")]);
    }
    assert!(folder.path().join("homeward_ffiFFI.h").is_file());
    assert!(swift.contains("checksum"), "a stale library is noticed");
}

#[test]
fn a_file_that_is_no_library_of_ours_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.so");
    fs::write(&other, b"no library").unwrap();
    assert!(!generate("kotlin", &other, folder.path()).status.success());
}

/// Every call of the core's façade, from its source: one that is not exported fails here.
fn calls_of_the_core() -> Vec<String> {
    let facade = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src/homeward");
    let mut calls = Vec::new();
    for file in fs::read_dir(facade).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        // The object's own calls take it; what its data can do takes and gives data.
        let blocks = source.split("\nimpl Homeward {").skip(1);
        for block in blocks.filter_map(|block| block.split("\n}").next()) {
            let names = block.split("\n    pub fn ").skip(1);
            calls.extend(names.filter_map(|rest| rest.split(['(', '<']).next()).map(str::to_owned));
        }
    }
    // In the bindings it is a constructor, which has no name of its own in Swift.
    calls.retain(|call| call != "open");
    assert!(calls.len() > 25, "the façade was read: {calls:?}");
    calls
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// The text of the file `name` that the generator writes for `language`.
fn generated(language: &str, folder: &Path, name: &str) -> String {
    let output = generate(language, &library(), folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(folder.join(name)).unwrap()
}

fn generate(language: &str, library: &Path, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uniffi-bindgen"))
        .args(["generate", "--language", language, "--no-format", "--metadata-no-deps"])
        .arg("--out-dir")
        .arg(folder)
        .arg(library)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

/// The library lies beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.with_file_name(format!("{DLL_PREFIX}homeward_ffi{DLL_SUFFIX}"))
}

#[track_caller]
fn assert_holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}");
    }
}
