//! What the program says to people and scripts: exit codes, one line, examples.

mod common;

use common::{Desk, run};

#[test]
fn a_second_init_is_refused_in_one_line_and_changes_nothing() {
    let desk = Desk::make();
    let card = std::fs::read(desk.path("public/desk.json")).unwrap();
    let again = desk.run(&["init", "--name", "Other"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stdout.is_empty());
    assert_eq!(String::from_utf8(again.stderr).unwrap().lines().count(), 1);
    assert_eq!(std::fs::read(desk.path("public/desk.json")).unwrap(), card);
}

#[test]
fn a_folder_without_a_desk_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(&folder.path().join("none"), &["receive", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    let line = String::from_utf8(refused.stderr).unwrap();
    assert!(line.contains("init --name") && line.lines().count() == 1, "{line}");
}

#[test]
fn wrong_usage_is_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["launch"][..], &["init"], &["receive", "--listen", "nowhere"], &[]] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn every_command_shows_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 8] = [
        &["init"],
        &["receive"],
        &["brand", "new"],
        &["brand", "build"],
        &["collect"],
        &["list"],
        &["show"],
        &["files"],
    ];
    for command in commands {
        let help = run(folder.path(), &[command, &["--help"]].concat());
        assert_eq!(help.status.code(), Some(0));
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.contains("Example") && text.contains("homeward-desk --home"), "{command:?}");
    }
}

#[test]
fn with_json_a_program_can_read_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let made = run(&folder.path().join("desk"), &["--json", "init", "--name", "Example"]);
    let answer: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(answer["organisation"], "Example");
    assert_eq!(answer["fingerprint"].as_str().unwrap().len(), 64);
}
