//! Which crate may depend on which, read from cargo's own tree: a rule that only a document states
//! would be broken by the first feature that some dependency switches on.

use std::collections::BTreeSet;

use crate::process::{Result, cargo, output};
use crate::say;

/// Packages that are in no tree of ours: a second TLS or cipher library beside ring. (openssl-probe
/// is none: it looks where a system keeps its certificates.)
const NOWHERE: &[&str] =
    &["aws-lc", "boring", "native-tls", "openssl", "openssl-src", "openssl-sys"];

/// Who may not know whom: a package, and what its tree must not hold.
const STRANGERS: &[(&str, &[&str])] = &[
    // The core is for phones: no FFI, no server, no desk, no command line.
    ("homeward-core", &["axum", "clap", "homeward-desk", "phone", "tus-protocol", "uniffi"]),
    // What goes into an app, which the apps' tools stay out of.
    ("homeward-ffi", &["axum", "clap", "homeward-desk", "phone", "tus-protocol", "uniffi_bindgen"]),
    // A phone, even one for tests, knows no desk.
    ("phone", &["axum", "homeward-desk", "tus-protocol"]),
    // A desk knows no phone.
    ("homeward-desk", &["phone", "uniffi"]),
];

/// Checks every rule.
pub(super) fn check() -> Result {
    let all = tree(&["--workspace", "--edges", "normal,build,dev"])?;
    refuse("the workspace", &all, NOWHERE)?;
    say::line(&format!("{} packages, none of {}", all.len(), NOWHERE.join(", ")));
    for (package, strangers) in STRANGERS {
        let tree = tree(&["--package", package, "--edges", "normal,build"])?;
        refuse(package, &tree, strangers)?;
        say::line(&format!("{package}: {} packages, none of {}", tree.len(), strangers.join(", ")));
    }
    Ok(())
}

/// The names of the packages in a tree, for every target.
fn tree(what: &[&str]) -> Result<BTreeSet<String>> {
    let mut command = cargo(&["tree", "--locked", "--target", "all", "--prefix", "none"]);
    let printed = output(command.args(["--format", "{p}"]).args(what))?;
    Ok(printed.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn refuse(whose: &str, tree: &BTreeSet<String>, strangers: &[&str]) -> Result {
    let found: Vec<&str> = tree
        .iter()
        .map(String::as_str)
        .filter(|name| strangers.iter().any(|stranger| is_of(name, stranger)))
        .collect();
    if found.is_empty() { Ok(()) } else { Err(format!("{whose} depends on {found:?}").into()) }
}

/// Whether a package is the stranger, or a part of one that comes in parts.
fn is_of(name: &str, stranger: &str) -> bool {
    let rest = name.strip_prefix(stranger);
    rest.is_some_and(|rest| rest.is_empty() || PARTS.iter().any(|part| rest.starts_with(part)))
}

const PARTS: &[&str] = &["-fips", "-rs", "-sys", "_core", "_macros"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_found_with_its_family_and_its_namesakes_are_not() {
        let tree = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert!(refuse("it", &tree(&["aws-lc-sys", "ring"]), NOWHERE).is_err());
        assert!(refuse("it", &tree(&["openssl-sys"]), NOWHERE).is_err());
        assert!(refuse("it", &tree(&["uniffi_core"]), &["uniffi"]).is_err());
        assert!(refuse("it", &tree(&["openssl-probe"]), NOWHERE).is_ok());
        assert!(refuse("it", &tree(&["phonetics", "ring"]), &["phone"]).is_ok());
    }
}
