//! Files that were built to harm: each ends in a clean copy or a refusal, within the memory that a
//! phone can spare, and leaves nothing half done.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;

use homeward_tests::bombs;
use homeward_tests::programs::{Programs, text};

/// The whole process, its own few MiB included, gets no more than this from the kernel.
const MEMORY: &str = "--data=67108864";

/// Seconds of work, after which the kernel ends what would never end. In the product a file takes
/// one at most, which `cargo xtask bench` measures; these programs are built for tests.
const SECONDS: &str = "--cpu=60";

#[test]
fn no_file_makes_the_phone_take_more_memory_or_hang_or_leave_half_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ["prlimit", MEMORY, SECONDS].map(str::to_owned).to_vec();
    let phone = Programs::ready().phone(folder.path().join("phone")).within(limits);
    let (bomb, copy) = (folder.path().join("bomb"), folder.path().join("copy"));
    let (bomb_text, copy_text) = (text(&bomb).unwrap(), text(&copy).unwrap());
    let mut clean = 0;
    for (name, bytes) in bombs::all() {
        fs::write(&bomb, bytes).unwrap();
        match phone.ask(&["scrub", bomb_text, copy_text]) {
            Ok(_) => {
                clean += 1;
                fs::rename(&copy, &bomb).unwrap();
                phone.ask(&["scrub", bomb_text, copy_text]).unwrap();
                let same = fs::read(&bomb).unwrap() == fs::read(&copy).unwrap();
                assert!(same, "{name}: scrubbing twice changes nothing");
                fs::remove_file(&copy).unwrap();
                println!("{name}: clean");
            }
            Err(refusal) => {
                let reason = refusal.message_id().unwrap_or_else(|| panic!("{name}: {refusal:?}"));
                assert!(REASONS.contains(&reason), "{name}: {reason}");
                assert!(!copy.exists() && !copy.with_extension("partial").exists(), "{name}");
                println!("{name}: {reason}");
            }
        }
        // Its facts may be asked for, whatever they are.
        if let Err(refusal) = phone.ask(&["facts", bomb_text]) {
            assert!(refusal.message_id().is_some_and(|id| REASONS.contains(&id)), "{name}");
        }
    }
    assert!(clean > 5, "nearly all were refused: they do not reach far");
}

const REASONS: [&str; 3] =
    ["refused-media-unsupported", "refused-media-malformed", "refused-media-too-complex"];
