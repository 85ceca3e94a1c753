//! What goes back and forth after a report, with the real programs: a reply, a recall, a receipt
//! that proves itself, and a server that throws away what it said it had.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;
use std::path::Path;

use fault_proxy::Faults;
use homeward_core::receipts::Proof;
use homeward_tests::journey::{ANSWERS, Journey, Sent, part, string};
use homeward_tests::organisation::NAME;
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::{Programs, text};
use serde_json::Value;

fn send(journey: &Journey) -> Sent {
    journey.send(&ANSWERS, &journey.photo("photo.jpg", &Photo::small(Exif::example())))
}

/// What the desk says of the parts of each kind.
fn states(journey: &Journey, id: &str) -> Vec<(String, String)> {
    let shown = journey.organisation.desk.ask(&["show", id]).unwrap();
    let parts = shown["parts"].as_array().unwrap();
    let mut states: Vec<_> =
        parts.iter().map(|part| (string(&part["kind"]), string(&part["state"]))).collect();
    states.sort();
    states
}

fn collect(journey: &Journey) {
    journey.organisation.desk.ask(&["collect"]).unwrap();
}

fn pair(status: &Value) -> (&str, Option<&str>) {
    (status["state"].as_str().unwrap(), status["reason"].as_str())
}

#[test]
fn a_face_a_reply_and_a_recall_are_opened_and_the_receipt_proves_it() {
    let journey = Journey::begin(Faults::default());
    let sent = send(&journey);
    let kinds: Vec<_> = sent.parts.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(&kinds[..2], ["first_minute", "face"]);
    journey.bring_home(&sent);
    let photo = journey.status(&sent.id);
    let photo = part(&photo, sent.part("medium"));
    assert_eq!((&photo["state"], &photo["on_phone"]), (&"opened".into(), &false.into()));
    let spool = fs::read_dir(journey.phone.home().join("spool")).unwrap().count();
    assert_eq!(spool, 0, "a signed receipt lets ciphertext go");

    let reply = journey.phone.ask(&["reply", &sent.id, "She has a red hood"]).unwrap();
    let reply = string(&reply["parts"][0]["part"]);
    assert_eq!(part(&journey.run(&sent.id), &reply)["state"], "stored");
    collect(&journey);
    assert_eq!(part(&journey.run(&sent.id), &reply)["state"], "opened");
    let messages = journey.phone.ask(&["messages", &sent.id]).unwrap();
    assert_eq!(messages[0]["text"], "She has a red hood");

    journey.phone.ask(&["recall", &sent.id, "found"]).unwrap();
    assert_eq!(pair(&journey.status(&sent.id)), ("recalled", Some("recall-not-sent")));
    assert_eq!(pair(&journey.run(&sent.id)), ("recalled", Some("recall-stored")));
    collect(&journey);
    assert_eq!(pair(&journey.run(&sent.id)), ("recalled", None));
    assert!(states(&journey, &sent.id).contains(&("recall".into(), "opened".into())));

    proves(&journey, &sent.id);
}

#[test]
fn a_question_of_the_desk_reaches_the_person_and_their_answer_the_desk() {
    let journey = Journey::begin(Faults::default());
    let desk = &journey.organisation.desk;
    let sent = send(&journey);
    journey.bring_home(&sent);
    let question = "Which school does she go to?";
    let asked = string(&desk.ask(&["ask", &sent.id, question]).unwrap()["question"]);
    collect(&journey);
    let _ = journey.run(&sent.id);
    let messages = journey.phone.ask(&["messages", &sent.id]).unwrap();
    assert_eq!((&messages[0]["text"], &messages[0]["answered"]), (&question.into(), &false.into()));

    journey.phone.ask(&["reply", &sent.id, "The one at the river"]).unwrap();
    let messages = journey.phone.ask(&["messages", &sent.id]).unwrap();
    assert_eq!(messages[0]["answered"], true, "{messages:#}");
    let _ = journey.run(&sent.id);
    collect(&journey);
    let shown = desk.ask(&["show", &sent.id]).unwrap();
    assert_eq!(shown["questions"][0]["answered"], true, "{shown:#}");
    let reply = &shown["replies"][0];
    assert_eq!(
        (&reply["text"], &reply["question"]),
        (&"The one at the river".into(), &asked.into())
    );
}

/// Anyone can check the exported file, and the code that a phone shows.
fn proves(journey: &Journey, id: &str) {
    let file = journey.folder.path().join("proof.json");
    journey.phone.ask(&["receipt", id, "--to", text(&file).unwrap()]).unwrap();
    // A desk of somebody else, which knows nothing of the report, says the same.
    let stranger = Programs::ready().desk(journey.folder.path().join("stranger"));
    let said = stranger.ask(&["verify-receipt", text(&file).unwrap()]).unwrap();
    assert_eq!((&said["report"], &said["organisation"]), (&id.into(), &NAME.into()), "{said:#}");
    let proven = Proof::read(&fs::read(&file).unwrap()).unwrap().verify().unwrap();
    assert_eq!(proven.named.unwrap().organisation, NAME);
    assert_eq!(proven.receipt.report.to_string(), id);
    let shown = journey.phone.ask(&["receipt", id]).unwrap();
    assert_eq!(proven.receipt.opened.len(), shown["opened"].as_array().unwrap().len());
    let code = journey.phone.ask(&["receipt", id, "--qr"]).unwrap();
    let side = code["side"].as_u64().unwrap();
    assert_eq!(code["dark"].as_array().unwrap().len() as u64, side * side);
}

#[test]
fn a_recall_before_anything_has_left_goes_first_and_holds_the_pictures() {
    let journey = Journey::begin(Faults::default());
    let sent = send(&journey);
    let recall = journey.phone.ask(&["recall", &sent.id, "mistake"]).unwrap();
    let plan = journey.phone.ask(&["plan"]).unwrap();
    assert_eq!(plan["due"][0]["part"], recall["parts"][0]["part"]);
    let status = journey.run(&sent.id);
    for kind in ["face", "medium"] {
        assert_eq!(part(&status, sent.part(kind))["state"], "held");
    }
    collect(&journey);
    // The desk misses the pictures; what a recall holds stays held all the same.
    let status = journey.run(&sent.id);
    assert_eq!(pair(&status), ("recalled", None));
    assert_eq!(part(&status, sent.part("medium"))["state"], "held");
    let desk = states(&journey, &sent.id);
    for (kind, state) in [
        ("recall", "opened"),
        ("first_minute", "opened"),
        ("answers", "opened"),
        ("face", "missing"),
        ("medium", "missing"),
    ] {
        assert!(desk.contains(&(kind.into(), state.into())), "{kind}: {desk:?}");
    }
}

#[test]
fn a_server_that_says_complete_and_discards_is_found_out() {
    let journey = Journey::begin(Faults::default());
    let sent = send(&journey);
    assert_eq!(journey.run(&sent.id)["state"], "stored");
    discard_photo(&journey);
    collect(&journey);

    let status = journey.run(&sent.id);

    let photo = part(&status, sent.part("medium"));
    assert_eq!((&photo["state"], &photo["sent_again"]), (&"stored".into(), &1.into()));
    collect(&journey);
    let status = journey.run(&sent.id);
    assert_eq!(status["state"], "opened", "{status:#}");
    assert_eq!(part(&status, sent.part("medium"))["sent_again"], 1);
}

/// The server loses the photo, the last upload that began.
fn discard_photo(journey: &Journey) {
    let photo = journey.organisation.uploads().unwrap().pop().unwrap();
    fs::remove_file(&photo.data).unwrap();
    let states = journey.organisation.desk.home().join("public/uploads/state");
    for entry in fs::read_dir(states).unwrap() {
        let path = entry.unwrap().path();
        if names(&path, &photo.name) {
            fs::remove_file(path).unwrap();
        }
    }
}

fn names(path: &Path, upload: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|state| state.contains(upload))
}
