//! The parts, stated once. A new language or kind of check is one more entry.

use std::process::Command;

use super::{format, fuzzing, oracle, phones, tally, thirty_two, tree};
use crate::process::{Result, cargo, root, run};

/// A part of what CI checks.
pub(super) struct Part {
    /// What `--only` and the summary call it.
    pub(super) name: &'static str,
    /// What it belongs to; `--only` takes this, too.
    pub(super) group: &'static str,
    /// What it shows, for a person.
    pub(super) shows: &'static str,
    /// Does it.
    pub(super) run: fn() -> Result,
}

impl Part {
    /// Whether `--only` names it; without `--only` every part is.
    pub(super) fn is_chosen(&self, only: &[String]) -> bool {
        let named = |name: &String| name == self.name || name == self.group;
        only.is_empty() || only.iter().any(named)
    }
}

/// Every part, the quick ones first.
pub(super) const PARTS: &[Part] = &[
    Part {
        name: "format",
        group: "rust",
        shows: "the code is formatted, comments included",
        run: format::check,
    },
    Part {
        name: "tree",
        group: "rust",
        shows: "which crate may depend on which; no aws-lc, no openssl",
        run: tree::check,
    },
    Part {
        name: "clippy",
        group: "rust",
        shows: "no warning anywhere, tests included",
        run: || {
            let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--"];
            run(cargo(&lints).args(["-D", "warnings"]))
        },
    },
    Part {
        name: "docs",
        group: "rust",
        shows: "every public item is documented, no link is broken",
        run: || {
            let mut docs = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
            run(docs.env("RUSTDOCFLAGS", "-D warnings -D missing_docs"))
        },
    },
    Part {
        name: "units",
        group: "rust",
        shows: "the tests of each crate",
        run: || tally::test(&["--workspace", "--exclude", "homeward-tests"]),
    },
    Part {
        name: "promises",
        group: "rust",
        shows: "what the design promises, with the real programs",
        run: || tally::test(&["--package", "homeward-tests"]),
    },
    Part {
        name: "kotlin",
        group: "kotlin",
        shows: "the Kotlin package against a real desk, its style, its docs, its Android API",
        run: crate::bindings::kotlin,
    },
    Part {
        name: "phones",
        group: "phones",
        shows: "the library compiles for every phone; nothing is linked",
        run: phones::check,
    },
    Part {
        name: "swift",
        group: "swift",
        shows: "the Swift package against a real desk, its style and its comments",
        run: || run(&mut Command::new(root().join("bindings/swift/scripts/test.sh"))),
    },
    Part {
        name: "oracle",
        group: "media",
        shows: "an independent judge finds every scrubbed photo and video clean",
        run: oracle::check,
    },
    Part {
        name: "i686",
        group: "phones",
        shows: "the core's tests on 32 bits, a film of 5 GB among them",
        run: thirty_two::check,
    },
    Part {
        name: "fuzz",
        group: "media",
        shows: "inputs of chance break no promise, for some seconds each",
        run: fuzzing::check,
    },
    Part {
        name: "demo",
        group: "demo",
        shows: "the main job, end to end",
        run: || crate::demo::run(&[], None),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_takes_a_part_or_its_group() {
        let chosen = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
            PARTS.iter().filter(|part| part.is_chosen(&only)).count()
        };
        assert_eq!(chosen(&[]), PARTS.len());
        assert_eq!(chosen(&["format"]), 1);
        assert_eq!(chosen(&["format", "docs"]), 2);
        assert!(chosen(&["rust"]) > 3);
    }
}
