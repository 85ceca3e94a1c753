//! The desk's log and the proofs that phones export, with real programs.
// What a test can't set up it can't test.
#![allow(clippy::unwrap_used)]

mod common;

use common::phone::{Phone, upload};
use common::{Desk, contents, run};
use serde_json::{Value, json};

const CANARY: &str = "Rumpelstilz";

fn lines(desk: &Desk) -> Vec<String> {
    let text = std::fs::read_to_string(desk.path("private/log")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn write(desk: &Desk, lines: &[String]) {
    std::fs::write(desk.path("private/log"), lines.join("\n") + "\n").unwrap();
}

fn refused(desk: &Desk, arguments: &[&str]) -> String {
    let done = desk.run(arguments);
    assert_eq!(done.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap()
}

/// A desk with a report of two parts, and the proof of its last receipt in the file `proof`.
async fn scene() -> (Desk, Phone, String) {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let first = phone.first_minute(CANARY);
    upload(&server, &first).await;
    upload(&server, &first).await;
    desk.json(&["collect"]);
    desk.json(&["ask", &phone.id(), &format!("Where is {CANARY}?")]);
    desk.json(&["collect"]);
    let proof = desk.beside("proof");
    std::fs::write(&proof, phone.proof(&desk, &server).await.to_file()).unwrap();
    drop(server);
    (desk, phone, proof)
}

#[tokio::test]
async fn the_log_tells_what_was_done_in_order_and_nothing_of_what_was_said() {
    let (desk, phone, _) = scene().await;
    desk.json(&["files", &phone.id(), "--to", &desk.beside("files"), "--sealed"]);
    let log = desk.json(&["log"]);
    let told = common::ids(&log, "what");
    assert_eq!(told, ["opened", "twin", "receipt", "asked", "receipt", "files"]);
    let numbers: Vec<u64> =
        log.as_array().unwrap().iter().map(|entry| entry["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(log[0]["report"], phone.id());
    for (name, held) in contents(&desk.path("private")) {
        assert!(!held.windows(CANARY.len()).any(|at| at == CANARY.as_bytes()), "{name}");
    }
    let checked = desk.json(&["log", "--verify"]);
    assert_eq!((&checked["entries"], &checked["faults"]), (&json!(6), &json!([])));
    desk.json(&["collect"]);
    assert_eq!(desk.json(&["log"]), log, "a run with nothing new writes nothing");
}

#[tokio::test]
async fn an_upload_that_is_refused_is_told_once() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let upload_id = upload(&server, &phone.make(phone.draft("recall", "recall.json", b"?"))).await;
    desk.json(&["collect"]);
    desk.json(&["collect"]);
    let log = desk.json(&["log"]);
    assert_eq!(common::ids(&log, "reason"), ["refused-malformed"]);
    assert!(!std::fs::read_to_string(desk.path("private/log")).unwrap().contains(&upload_id));
}

#[tokio::test]
async fn a_changed_removed_or_moved_entry_is_found_and_a_cut_end_with_a_receipt() {
    let (desk, _, proof) = scene().await;
    let whole = lines(&desk);
    let check = ["log", "--verify", "--receipt", proof.as_str()];
    assert_eq!(desk.json(&check)["faults"], json!([]));

    let mut changed = whole.clone();
    changed[0] = changed[0].replace("first_minute", "answers");
    write(&desk, &changed);
    assert!(refused(&desk, &["log", "--verify"]).contains("entry 1 was changed"));
    let mut removed = whole.clone();
    removed.remove(1);
    write(&desk, &removed);
    assert!(refused(&desk, &["log", "--verify"]).contains("before entry 2"));
    let mut moved = whole.clone();
    moved.swap(1, 2);
    write(&desk, &moved);
    assert!(refused(&desk, &["log", "--verify"]).contains("before entry 2"));

    write(&desk, &whole[..3]);
    assert!(refused(&desk, &check).contains("a receipt saw 5 entries"));
    // Also where the desk lost its casebook with the end of the log.
    for name in ["casebook.sqlite", "casebook.sqlite-wal", "casebook.sqlite-shm"] {
        let _ = std::fs::remove_file(desk.path("private").join(name));
    }
    assert_eq!(desk.json(&["log", "--verify"])["faults"], json!([]));
    assert!(refused(&desk, &check).contains("a receipt saw 5 entries"));
}

#[tokio::test]
async fn commands_that_are_killed_leave_a_log_that_is_whole() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    for n in 0..30_u8 {
        upload(&server, &phone.photo(&[n; 3000])).await;
    }
    let mut killed = 0;
    for pause in 0..20 {
        let mut child = desk.spawn(&["collect"]);
        std::thread::sleep(std::time::Duration::from_millis(3 * pause));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        assert_eq!(desk.json(&["log", "--verify"])["faults"], json!([]));
    }
    assert!(killed > 0, "no run was killed");
    desk.json(&["collect"]);
    let log = desk.json(&["log"]);
    let mut opened: Vec<&Value> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["what"] == "opened")
        .map(|it| &it["part"])
        .collect();
    opened.sort_by_key(|part| part.to_string());
    opened.dedup();
    assert_eq!(opened.len(), 30);
    // A line that a kill tore is cut off, and told.
    let mut text = std::fs::read(desk.path("private/log")).unwrap();
    text.truncate(text.len() - 20);
    std::fs::write(desk.path("private/log"), &text).unwrap();
    desk.json(&["ask", &phone.id(), "Which?"]);
    let log = desk.json(&["log"]);
    let told = common::ids(&log, "what");
    assert_eq!(told[told.len() - 2..], ["torn", "asked"]);
}

#[tokio::test]
async fn a_proof_is_checked_offline_and_without_a_desk() {
    let (desk, phone, proof) = scene().await;
    let nowhere = desk.folder.path().join("nowhere");
    let fingerprint = phone.pack.organisation.fingerprint().to_string();
    let (receipt_key, key) =
        (phone.pack.receipt_keys[0].key.to_string(), phone.pack.organisation.key.to_string());
    for known in [fingerprint.as_str(), receipt_key.as_str(), key.as_str()] {
        let done = run(&nowhere, &["--json", "verify-receipt", &proof, "--key", known]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let shown: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!((&shown["report"], &shown["compared"]), (&json!(phone.id()), &json!(true)));
        assert_eq!(shown["organisation"], "Example Missing Children");
    }
    let done = run(&nowhere, &["verify-receipt", &proof]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && text.contains("NOT compared") && text.contains(&fingerprint));
}

#[tokio::test]
async fn each_way_in_which_a_proof_fails_has_words_of_its_own() {
    let (desk, phone, proof) = scene().await;
    let other = Desk::make();
    let stranger = Phone::paired_with(&other);
    let file = std::fs::read_to_string(&proof).unwrap();
    let compact = {
        let proof = homeward_core::receipts::Proof::read(file.as_bytes()).unwrap();
        proof.to_compact()
    };
    let foreign_pack: Value =
        serde_json::from_slice(&std::fs::read(other.beside("pack")).unwrap()).unwrap();
    let mut passed_on: Value = serde_json::from_str(&file).unwrap();
    passed_on["pack"] = foreign_pack;
    let other_key = stranger.pack.organisation.fingerprint().to_string();
    let own_key = phone.pack.organisation.fingerprint().to_string();
    let cases: [(String, Option<&str>, &str); 7] = [
        ("a photo".into(), None, "no proof of a receipt"),
        (file.replace("homeward-proof/1", "homeward-proof/9"), None, "a newer program"),
        (
            file.replace("homeward-receipt/1", "homeward-receipt/2"),
            None,
            "receipt in this proof was changed",
        ),
        (
            file.replace("Example Missing", "Another Missing"),
            None,
            "pack in this proof was changed",
        ),
        (passed_on.to_string(), None, "another organisation"),
        (file.clone(), Some(&other_key), "not from the holder of that key"),
        (compact.clone(), Some(&own_key), "short proof names no organisation"),
    ];
    let path = desk.beside("failing");
    let mut seen = std::collections::BTreeSet::new();
    for (text, key, expected) in cases {
        std::fs::write(&path, text).unwrap();
        let key: Vec<&str> = key.into_iter().flat_map(|key| ["--key", key]).collect();
        let line = refused(&desk, &[&["verify-receipt", path.as_str()], key.as_slice()].concat());
        assert!(line.contains(expected) && line.lines().count() == 1, "{line}");
        assert!(seen.insert(line));
    }
    let line = refused(&desk, &["verify-receipt", &desk.beside("not there")]);
    assert!(line.contains("read the proof"), "{line}");
    std::fs::write(&path, compact).unwrap();
    let own = phone.pack.receipt_keys[0].key.to_string();
    assert!(desk.run(&["verify-receipt", &path, "--key", &own]).status.success());
}

#[test]
fn without_a_home_only_a_proof_can_be_checked() {
    let desk = Desk::make();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_homeward-desk"));
    assert_eq!(command.arg("list").output().unwrap().status.code(), Some(2));
    drop(desk);
}
