//! What an earlier version wrote stays readable: today's phone opens the home of each released
//! version, and shows what that version showed.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::process::Command;

use homeward_tests::journey::string;
use homeward_tests::released;

#[test]
fn the_home_of_every_released_version_opens_and_shows_what_it_showed() {
    let versions = released::versions().unwrap();
    assert!(!versions.is_empty(), "not even this version's home is pinned");
    for version in versions {
        let folder = tempfile::tempdir().unwrap();
        let phone = released::phone(&version, folder.path()).unwrap();
        assert_eq!(phone.ask(&["state"]).unwrap()["state"], "ready", "{version}");
        assert_eq!(released::shown(&phone), released::expected(&version).unwrap(), "{version}");
        // And goes on: an answer, a photo's seal opened and sealed again.
        let shown = released::shown(&phone);
        let mut reports = shown["reports"].as_array().unwrap().iter();
        let report = reports.find(|report| report["form"] == "missing_child").unwrap();
        let id = string(&report["id"]);
        phone.ask(&["set", &id, "clothing", "a yellow coat"]).unwrap();
        phone.ask(&["send", &id]).unwrap();
    }
}

#[test]
fn every_tagged_version_has_its_home_here() {
    let git = Command::new("git")
        .args(["tag", "--list", "v*"])
        .current_dir(released::folder())
        .output()
        .unwrap();
    // Without a repository, as in an archive of the source, there are no tags to compare with.
    let tags = String::from_utf8(git.stdout).unwrap();
    let versions = released::versions().unwrap();
    for tag in tags.lines() {
        let version = tag.trim_start_matches('v');
        assert!(versions.iter().any(|pinned| pinned == version), "{tag} has no tests/released");
    }
}
