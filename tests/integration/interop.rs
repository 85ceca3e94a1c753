//! Whoever has the organisation's identities opens every kind of part with tools that exist today
//! and know nothing of us: `age -d PART | tar x`, with the age of Go and the one of Rust.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fault_proxy::Faults;
use homeward_tests::journey::{ANSWERS, Journey, string};
use homeward_tests::peers::tool;
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::text;
use serde_json::Value;

/// Each kind of part, and the file in it.
const KINDS: [(&str, &str); 7] = [
    ("answers", "answers.json"),
    ("face", "face.jpg"),
    ("first_minute", "answers.json"),
    ("medium", "photo-1.jpg"),
    ("original", "original-1.jpg"),
    ("recall", "recall.json"),
    ("reply", "reply.json"),
];

#[test]
fn every_kind_of_part_opens_with_age_and_with_rage_and_tar() {
    let journey = Journey::begin(Faults::default());
    let photo = journey.photo("photo.jpg", &Photo::small(Exif::example()));
    let id = everything(&journey, &photo);
    let (sealed, identities) = handed_on(&journey, &id);
    for name in ["age", "rage"] {
        let age = tool(name).unwrap();
        let mut kinds = Vec::new();
        for part in &sealed {
            let folder = tempfile::tempdir().unwrap();
            unpack(&age, &identities, part, folder.path());
            kinds.push(look_at(folder.path(), &id, &photo));
        }
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds, KINDS.map(|(kind, _)| kind), "{name}");
    }
}

/// A report of which every kind of part has arrived.
fn everything(journey: &Journey, photo: &Path) -> String {
    let id = journey.draft(&ANSWERS);
    journey.phone.ask(&["attach", &id, text(photo).unwrap(), "--original"]).unwrap();
    journey.phone.ask(&["send", &id]).unwrap();
    assert_eq!(journey.run(&id)["state"], "stored");
    journey.phone.ask(&["reply", &id, "She has a red hood"]).unwrap();
    journey.phone.ask(&["recall", &id, "found"]).unwrap();
    assert_eq!(journey.run(&id)["state"], "recalled");
    journey.organisation.desk.ask(&["collect"]).unwrap();
    id
}

/// The parts as the desk hands them on, and its identities in age's own format.
fn handed_on(journey: &Journey, id: &str) -> (Vec<PathBuf>, PathBuf) {
    let desk = &journey.organisation.desk;
    let folder = journey.folder.path().join("sealed");
    desk.ask(&["files", id, "--to", text(&folder).unwrap(), "--sealed"]).unwrap();
    let sealed = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let identities = journey.folder.path().join("identities.txt");
    let mut export = Command::new(desk.path());
    let exported = export.arg("--home").arg(desk.home()).args(["keys", "export"]).output().unwrap();
    fs::write(&identities, exported.stdout).unwrap();
    (sealed, identities)
}

/// As it stands in the page on the format, in a shell that sees either command fail. tar may stop
/// at the end of the archive, before the padding: the rest is read too, so that age comes to its
/// end.
fn unpack(age: &Path, identities: &Path, part: &Path, to: &Path) {
    let pipe = "set -eo pipefail
        \"$0\" -d -i \"$1\" \"$2\" | { tar x -C \"$3\"; cat > /dev/null; }";
    let mut shell = Command::new("bash");
    shell.args(["-c", pipe]).arg(age).arg(identities).arg(part).arg(to);
    let done = shell.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// What was unpacked is one part of the report: its kind.
fn look_at(folder: &Path, id: &str, photo: &Path) -> &'static str {
    let part = fs::read(folder.join("part.json")).unwrap();
    let part: Value = serde_json::from_slice(&part).unwrap();
    assert_eq!(part["report"], id);
    let kind = string(&part["kind"]);
    let (kind, file) = KINDS.into_iter().find(|(of, _)| *of == kind).unwrap();
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2, "part.json and {file}");
    let content = fs::read(folder.join(file)).unwrap();
    match kind {
        "original" => assert_eq!(content, fs::read(photo).unwrap()),
        "face" | "medium" => assert!(content.starts_with(b"\xff\xd8\xff")),
        _ => assert!(serde_json::from_slice::<Value>(&content).unwrap().is_object()),
    }
    kind
}
