//! What the program says to people and scripts: exit codes, one line, examples.

mod common;

use std::time::Instant;

use common::{Desk, run, spawn};

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
fn an_init_that_is_killed_leaves_no_desk_or_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    assert!(run(&folder.path().join("usual"), &["init", "--name", "Example"]).status.success());
    let usual = begun.elapsed();
    let (mut none, mut whole) = (0, 0);
    for round in 0..MOST_ROUNDS {
        // Twenty end a little after the usual end; a machine that has become slower gets more.
        if round >= 20 && whole > 0 {
            break;
        }
        let home = folder.path().join(format!("desk-{round}"));
        let mut child = spawn(&home, &["init", "--name", "Example"]);
        std::thread::sleep(usual * round / 16);
        child.kill().unwrap();
        child.wait().unwrap();
        if home.exists() {
            whole += 1;
            assert_eq!(run(&home, &["--json", "list"]).stdout, b"[]\n", "a whole desk works");
            let brand = folder.path().join(format!("brand-{round}"));
            let (brand, out) = (brand.to_str().unwrap(), folder.path().join("pack"));
            assert!(run(&home, &["brand", "new", brand]).status.success());
            let built = run(&home, &["brand", "build", brand, out.to_str().unwrap()]);
            assert!(built.status.success());
        } else {
            none += 1;
            assert!(run(&home, &["init", "--name", "Example"]).status.success());
        }
    }
    assert!(none > 0 && whole > 0, "{none} without a desk, {whole} whole; one takes {usual:?}");
}

/// The last waits ten times as long as an init took.
const MOST_ROUNDS: u32 = 160;

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
    let commands: [&[&str]; 12] = [
        &["init"],
        &["receive"],
        &["brand", "new"],
        &["brand", "build"],
        &["collect"],
        &["list"],
        &["show"],
        &["files"],
        &["ask"],
        &["log"],
        &["verify-receipt"],
        &["keys", "export"],
    ];
    for command in commands {
        let help = run(folder.path(), &[command, &["--help"]].concat());
        assert_eq!(help.status.code(), Some(0));
        let text = String::from_utf8(help.stdout).unwrap();
        assert!(text.contains("Example") && text.contains("homeward-desk "), "{command:?}");
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
