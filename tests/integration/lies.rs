//! Nothing is lost when others lie or are not there: each case has its own error or waiting reason,
//! told by its message id, and ends in an opened report once the case is over.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;
use std::path::Path;

use fault_proxy::{FaultProxy, Faults};
use homeward_tests::journey::{ANSWERS, Journey, Sent, part};
use homeward_tests::organisation::Upload;
use homeward_tests::photo::{Exif, Photo};
use homeward_tests::programs::{Programs, text};
use serde_json::Value;

#[test]
fn a_flipped_bit_in_a_part_is_refused_and_the_part_is_sent_again() {
    let journey = Journey::begin(Faults::default());
    let sent = send(&journey);
    assert_eq!(journey.run(&sent.id)["state"], "stored");
    let upload = photo_upload(&journey);
    let mut bytes = fs::read(&upload.data).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&upload.data, bytes).unwrap();

    let collected = journey.organisation.desk.ask(&["collect"]).unwrap();

    assert_eq!(reasons(&collected), ["refused-damaged"]);
    refused_then_sent_again(&journey, &sent, "refused-damaged");
}

#[test]
fn a_part_of_another_report_is_refused_and_both_reports_arrive() {
    let journey = Journey::begin(Faults::default());
    let first = send(&journey);
    assert_eq!(journey.run(&first.id)["state"], "stored");
    let own = photo_upload(&journey);
    let second = send(&journey);
    assert_eq!(journey.run(&second.id)["state"], "stored");
    let other = journey.organisation.uploads().unwrap().pop().unwrap();
    assert_eq!(own.length, other.length, "padded to the same size");
    fs::copy(&other.data, &own.data).unwrap();

    let collected = journey.organisation.desk.ask(&["collect"]).unwrap();

    assert_eq!(reasons(&collected), ["refused-other-part"]);
    assert_eq!(journey.run(&second.id)["state"], "opened");
    refused_then_sent_again(&journey, &first, "refused-other-part");
    assert_eq!(journey.reports_at_the_desk(), 2);
}

#[test]
fn a_receipt_signed_by_another_key_is_not_believed() {
    let journey = Journey::begin(Faults::default());
    let sent = send(&journey);
    assert_eq!(journey.run(&sent.id)["state"], "stored");
    // A thief with the whole desk but its receipt key signs with a key of their own.
    let folder = journey.folder.path();
    let thief = Programs::ready().desk(folder.join("thief"));
    thief.ask(&["init", "--name", "Thief"]).unwrap();
    let key = fs::read(thief.home().join("private/receipt.key")).unwrap();
    fs::remove_dir_all(thief.home()).unwrap();
    copy(journey.organisation.desk.home(), thief.home());
    fs::write(thief.home().join("private/receipt.key"), key).unwrap();
    thief.ask(&["collect"]).unwrap();
    let receipts = journey.organisation.desk.home().join("public/receipts");
    copy(&thief.home().join("public/receipts"), &receipts);
    assert_eq!(fs::read_dir(&receipts).unwrap().count(), 1);

    let status = journey.run(&sent.id);

    assert_eq!(status["receipt_problem"], "receipt-bad-signature");
    assert_eq!((&status["state"], &status["receipt"]), (&"stored".into(), &Value::Null));
    journey.bring_home(&sent);
}

#[test]
fn a_wrong_token_parks_the_parts_until_the_person_tries_again() {
    let mut journey = Journey::begin(Faults::default());
    let token = journey.organisation.desk.home().join("public/token");
    let right = fs::read(&token).unwrap();
    fs::write(&token, "another token").unwrap();
    journey.organisation.restart_server().unwrap();
    let sent = send(&journey);

    let status = journey.run(&sent.id);

    assert_eq!((&status["state"], &status["sent"]), (&"parked".into(), &0.into()));
    assert_eq!(status["reason"], "parked-token-refused");
    fs::write(&token, right).unwrap();
    journey.organisation.restart_server().unwrap();
    assert_eq!(journey.run(&sent.id)["state"], "parked", "only the person starts it again");
    journey.phone.ask(&["retry", &sent.id]).unwrap();
    journey.bring_home(&sent);
}

#[test]
fn a_server_that_is_not_there_is_waited_for() {
    let mut journey = Journey::begin(Faults::default());
    let (address, server) =
        (journey.organisation.link.address(), journey.organisation.recorder.address());
    journey.organisation.link = FaultProxy::start(server, Faults::default()).unwrap();
    let sent = send(&journey);

    journey.phone.lines(&["run"]).unwrap();

    let status = journey.status(&sent.id);
    assert_eq!((&status["state"], &status["sent"]), (&"waiting".into(), &0.into()));
    assert_eq!(status["reason"], "waiting-server-unreachable");
    let plan = Box::new(|_| Faults::default());
    journey.organisation.link = FaultProxy::start_on(address, server, plan).unwrap();
    journey.bring_home(&sent);
}

/// The desk refused the photo: the phone learns why, and the person sends it again.
fn refused_then_sent_again(journey: &Journey, sent: &Sent, reason: &str) {
    let status = journey.run(&sent.id);
    assert_eq!(status["state"], "parked", "{status:#}");
    let photo = part(&status, sent.part("medium"));
    assert_eq!((&photo["state"], &photo["reason"]), (&"parked".into(), &reason.into()));
    assert_eq!(part(&status, sent.part("first_minute"))["state"], "opened");
    journey.phone.ask(&["retry", &sent.id]).unwrap();
    journey.bring_home(sent);
}

fn send(journey: &Journey) -> Sent {
    journey.send(&ANSWERS, &journey.photo("photo.jpg", &Photo::small(Exif::example())))
}

/// The photo's upload: the last that began.
fn photo_upload(journey: &Journey) -> Upload {
    journey.organisation.uploads().unwrap().pop().unwrap()
}

fn reasons(collected: &Value) -> Vec<&str> {
    let refused = collected["refused"].as_array().unwrap();
    refused.iter().map(|refused| refused["reason"].as_str().unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    let contents = from.join(".");
    fs::create_dir_all(to).unwrap();
    let mut cp = std::process::Command::new("cp");
    let done = cp.args(["-R", text(&contents).unwrap(), text(to).unwrap()]).status().unwrap();
    assert!(done.success());
}
