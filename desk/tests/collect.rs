//! What the desk believes, what it refuses and why, and what it tells the phone.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::phone::{Phone, document, upload, upload_as};
use common::{Desk, bytes, contents, ids};
use homeward_core::PartId;
use homeward_core::forms::Audience;
use serde_json::json;

const CANARY: &str = "Rumpelstilz";

#[tokio::test]
async fn a_report_is_opened_shown_and_receipted_once() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let (first, photo) = (phone.first_minute(CANARY), phone.photo(&bytes(150_000)));
    let answers = phone.answers(CANARY, &[&first, &photo]);
    for made in [&first, &answers, &photo] {
        upload(&server, made).await;
    }
    let collected = desk.json(&["collect"]);
    assert_eq!(collected["opened"].as_array().unwrap().len(), 3);
    assert_eq!(collected["refused"], json!([]));
    assert_eq!(collected["receipts"], 1);

    let list = desk.json(&["list"]);
    assert_eq!(list[0]["report"], phone.id());
    assert_eq!(list[0]["form"], "missing_child");
    assert_eq!(list[0]["title"], CANARY);
    assert_eq!(list[0]["state"], "complete");
    assert_eq!(list[0]["version"], 1);
    assert_eq!(list[0]["parts"].as_array().unwrap().len(), 3);
    assert!(
        list[0]["received_at_ms"].as_i64().unwrap() <= list[0]["opened_at_ms"].as_i64().unwrap()
    );

    let shown = desk.json(&["show", &phone.id()]);
    assert_eq!(shown["answers"]["child_name"], CANARY);
    assert_eq!(shown["media"][0]["name"], "photo-1.jpg");

    let receipt = phone.receipt(&server).await.unwrap();
    let mut parts = [first, answers, photo].map(|made| made.draft.part);
    parts.sort();
    assert_eq!(receipt.opened, parts);
    assert!(receipt.missing.is_empty() && receipt.refused.is_empty());

    let before = contents(&desk.path("public"));
    let again = desk.json(&["collect"]);
    assert_eq!(again, json!({ "opened": [], "refused": [], "receipts": 0 }));
    assert_eq!(contents(&desk.path("public")), before);
    assert_eq!(desk.json(&["show", &phone.id()]), shown);
}

#[tokio::test]
async fn a_report_is_complete_only_with_the_organisations_answers_of_its_newest_version() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let state = || {
        desk.json(&["collect"]);
        desk.json(&["list"])[0]["state"].clone()
    };
    let mut police = phone.answers(CANARY, &[]).draft;
    police.audiences = vec![Audience::Police];
    upload(&server, &phone.first_minute(CANARY)).await;
    assert_eq!(state(), "first_minute");
    upload(&server, &phone.make(police)).await;
    assert_eq!(state(), "incomplete", "those of the police lead nothing");
    let first = phone.answers(CANARY, &[]);
    upload(&server, &first).await;
    assert_eq!(state(), "complete");

    let mut photo = phone.draft("medium", "photo-1.jpg", &bytes(9_000));
    (photo.version, photo.previous) = (2, Some(first.digest));
    let photo = phone.make(photo);
    upload(&server, &photo).await;
    assert_eq!(state(), "incomplete", "a photo of a version whose answers did not come");
    let mut second = phone.answers("Mia", &[&photo]).draft;
    (second.version, second.previous) = (2, Some(first.digest));
    upload(&server, &phone.make(second)).await;
    assert_eq!(state(), "complete");
}

#[tokio::test]
async fn each_receipt_has_a_higher_number_and_says_what_is_missing() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    assert!(phone.receipt(&server).await.is_none());
    let (first, photo) = (phone.first_minute("Mia"), phone.photo(&bytes(9_000)));
    let answers = phone.answers("Mia", &[&first, &photo]);
    let state = |desk: &Desk| desk.json(&["list"])[0]["state"].clone();

    upload(&server, &first).await;
    desk.json(&["collect"]);
    assert_eq!(state(&desk), "first_minute");
    let first_number = phone.receipt(&server).await.unwrap().sequence;

    upload(&server, &answers).await;
    desk.json(&["collect"]);
    assert_eq!(state(&desk), "incomplete");
    let receipt = phone.receipt(&server).await.unwrap();
    let second_number = receipt.sequence;
    assert!(second_number > first_number);
    assert_eq!(receipt.missing, [photo.draft.part]);

    upload(&server, &photo).await;
    desk.json(&["collect"]);
    assert_eq!(state(&desk), "complete");
    let receipt = phone.receipt(&server).await.unwrap();
    assert!(receipt.sequence > second_number && receipt.missing.is_empty());
}

#[tokio::test]
async fn a_receipt_that_was_lost_is_said_again_under_a_higher_number() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    upload(&server, &phone.first_minute("Mia")).await;
    desk.json(&["collect"]);
    let receipt = phone.receipt(&server).await.unwrap();
    std::fs::remove_file(common::only_file(&desk.path("public/receipts"))).unwrap();
    assert_eq!(desk.json(&["collect"])["receipts"], 1);
    let again = phone.receipt(&server).await.unwrap();
    assert!(again.sequence > receipt.sequence && again.opened == receipt.opened);
}

#[tokio::test]
async fn no_receipt_has_a_lower_number_after_the_casebook_was_put_back() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let (first, photo) = (phone.first_minute("Mia"), phone.photo(&bytes(9_000)));
    upload(&server, &first).await;
    desk.json(&["collect"]);
    let backup = std::fs::read(desk.path("private/casebook.sqlite")).unwrap();
    upload(&server, &phone.answers("Mia", &[&first, &photo])).await;
    desk.json(&["collect"]);
    upload(&server, &photo).await;
    desk.json(&["collect"]);
    let newest = phone.receipt(&server).await.unwrap();
    std::fs::write(desk.path("private/casebook.sqlite"), backup).unwrap();
    assert_eq!(desk.json(&["collect"])["receipts"], 1);
    let receipt = phone.receipt(&server).await.unwrap();
    assert!(receipt.sequence > newest.sequence, "{} {}", receipt.sequence, newest.sequence);
    assert_eq!(receipt.opened, newest.opened);
    assert_eq!(desk.json(&["collect"])["receipts"], 0);
}

#[tokio::test]
async fn a_newer_first_minute_is_the_latest_word_on_its_questions() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    upload(&server, &phone.answers("Mia", &[])).await;
    let content = document(&[("child_name", json!("Mila"))], &[], &[]);
    let mut newer = phone.draft("first_minute", "answers.json", &content);
    newer.version = 2;
    upload(&server, &phone.make(newer)).await;
    desk.json(&["collect"]);
    let shown = desk.json(&["show", &phone.id()]);
    assert_eq!(shown["answers"], json!({ "child_name": "Mila" }), "the clothing was taken back");
    assert_eq!((&shown["title"], &shown["version"]), (&json!("Mila"), &json!(2)));
}

#[tokio::test]
async fn a_part_that_was_uploaded_twice_is_one_part() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let first = phone.first_minute("Mia");
    upload(&server, &first).await;
    upload(&server, &first).await;
    let collected = desk.json(&["collect"]);
    assert_eq!(collected["opened"].as_array().unwrap().len(), 1);
    assert_eq!(collected["refused"], json!([]));
    assert_eq!(desk.json(&["list"])[0]["parts"].as_array().unwrap().len(), 1);
    upload(&server, &first).await;
    assert_eq!(desk.json(&["collect"]), json!({ "opened": [], "refused": [], "receipts": 0 }));
}

#[tokio::test]
async fn two_parts_that_claim_one_id_are_both_kept_and_flagged() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let one = phone.photo(b"one");
    let mut draft = one.draft.clone();
    draft.content = b"two".to_vec();
    let two = phone.make(draft);
    upload(&server, &one).await;
    upload(&server, &two).await;
    let collected = desk.json(&["collect"]);
    assert_eq!(ids(&collected["opened"], "part").len(), 2);
    let list = desk.json(&["list"]);
    assert_eq!(ids(&list[0]["parts"], "state"), ["conflict", "conflict"]);
    assert_eq!(phone.receipt(&server).await.unwrap().opened, [one.draft.part]);
    // Another report can't put its part in the place of one of ours: the signature decides.
    let other = Phone::paired_with(&desk);
    let mut draft = other.photo(b"three").draft;
    draft.part = one.draft.part;
    upload(&server, &other.make(draft)).await;
    assert_eq!(ids(&desk.json(&["collect"])["opened"], "report"), [other.id()]);
    assert_eq!(desk.json(&["show", &phone.id()])["parts"].as_array().unwrap().len(), 2);

    let to = desk.beside("files");
    desk.json(&["files", &phone.id(), "--to", &to]);
    let mut found: Vec<Vec<u8>> = contents(Path::new(&to)).into_values().collect();
    found.sort();
    assert_eq!(found, [b"one", b"two"]);
}

#[tokio::test]
async fn what_cannot_be_believed_is_refused_with_its_reason_and_kept() {
    let desk = Desk::make();
    let (phone, other_desk) = (Phone::paired_with(&desk), Desk::make());
    let stranger = Phone::paired_with(&other_desk);
    let server = desk.receive();
    let good = phone.first_minute("Mia");
    let mut expected = BTreeMap::new();

    let part = PartId::make();
    let upload_id = upload_as(&server, part, &good.bytes, 1000).await;
    expected.insert(upload_id, "refused-incomplete");

    let mut flipped = good.bytes.clone();
    flipped[2000] ^= 1;
    let upload_id = upload_as(&server, good.draft.part, &flipped, flipped.len()).await;
    expected.insert(upload_id, "refused-damaged");

    let upload_id = upload_as(&server, part, &bytes(5000), 5000).await;
    expected.insert(upload_id, "refused-damaged");

    let upload_id = upload(&server, &stranger.first_minute("Ben")).await;
    expected.insert(upload_id, "refused-sealed-for-others");

    // Sealed to us, made for another organisation.
    let mut passed_on = phone.draft("first_minute", "answers.json", b"{}");
    passed_on.organisation = stranger.pack.organisation.fingerprint();
    let upload_id = upload(&server, &phone.make(passed_on)).await;
    expected.insert(upload_id, "refused-other-organisation");

    let upload_id = upload_as(&server, part, &good.bytes, good.bytes.len()).await;
    expected.insert(upload_id, "refused-other-part");

    let mut not_for_us = phone.draft("first_minute", "answers.json", b"{}");
    not_for_us.audiences = vec![Audience::Police];
    not_for_us.sealed_to = vec![Audience::Organisation];
    // The recovery key is on both lists, so the desk's own police identity must not help.
    not_for_us.sealed_to.retain(|audience| *audience == Audience::Organisation);
    let upload_id = upload(&server, &phone.make(not_for_us)).await;
    expected.insert(upload_id, "refused-audience");

    let no_answers = phone.draft("answers", "answers.json", b"[]");
    let upload_id = upload(&server, &phone.make(no_answers)).await;
    expected.insert(upload_id, "refused-malformed");

    let before = contents(&desk.path("public/uploads"));
    for _ in 0..2 {
        let collected = desk.json(&["collect"]);
        let refused = collected["refused"].as_array().unwrap().iter();
        let refused: BTreeMap<String, &str> = refused
            .map(|it| (it["upload"].as_str().unwrap().into(), it["reason"].as_str().unwrap()))
            .collect();
        assert_eq!(refused, expected);
        assert_eq!((&collected["opened"], &collected["receipts"]), (&json!([]), &json!(0)));
        assert_eq!(contents(&desk.path("public/uploads")), before);
    }
    // None of it stands in the way of the real part.
    upload(&server, &good).await;
    assert_eq!(ids(&desk.json(&["collect"])["opened"], "part"), [good.draft.part.to_string()]);
}

#[tokio::test]
async fn a_damaged_part_is_named_in_the_receipt_and_taken_when_it_comes_again() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let photo = phone.photo(&bytes(9_000));
    let mut flipped = photo.bytes.clone();
    flipped[5000] ^= 1;
    upload(&server, &phone.answers("Mia", &[&photo])).await;
    upload_as(&server, photo.draft.part, &flipped, flipped.len()).await;
    desk.json(&["collect"]);
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!(receipt.missing, [photo.draft.part]);
    assert_eq!(receipt.refused[0].part, photo.draft.part);
    assert_eq!(receipt.refused[0].reason, "refused-damaged");
    upload(&server, &photo).await;
    desk.json(&["collect"]);
    let receipt = phone.receipt(&server).await.unwrap();
    assert!(receipt.missing.is_empty() && receipt.refused.is_empty());
}

#[tokio::test]
async fn a_part_for_the_police_alone_is_held_for_them_where_they_have_their_own_desk() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    std::fs::remove_file(desk.path("private/identities/police.txt")).unwrap();
    let mut draft = phone.draft("medium", "photo-1.jpg", b"original");
    (draft.audiences, draft.sealed_to) = (vec![Audience::Police], vec![Audience::Police]);
    let original = phone.make(draft);
    upload(&server, &original).await;
    upload(&server, &phone.answers("Mia", &[&original])).await;
    let collected = desk.json(&["collect"]);
    assert_eq!(ids(&collected["refused"], "reason"), ["refused-sealed-for-others"]);
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!(receipt.forwarded, [original.draft.part]);
    assert!(receipt.missing.is_empty());
}

#[tokio::test]
async fn files_come_in_clear_or_sealed_and_never_over_another_file() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let picture = bytes(150_000);
    let photo = phone.photo(&picture);
    upload(&server, &photo).await;
    upload(&server, &phone.answers("Mia", &[&photo])).await;
    desk.json(&["collect"]);

    let to = desk.beside("clear");
    let written = desk.json(&["files", &phone.id(), "--to", &to]);
    assert_eq!(ids(&written["files"], "file"), ["answers.json", "photo-1.jpg"]);
    assert_eq!(std::fs::read(Path::new(&to).join("photo-1.jpg")).unwrap(), picture);
    assert_eq!(contents(Path::new(&to)).len(), 2);
    let again = desk.run(&["files", &phone.id(), "--to", &to]);
    assert_eq!(again.status.code(), Some(1));

    let to = desk.beside("sealed");
    desk.json(&["files", &phone.id(), "--to", &to, "--sealed"]);
    let sealed = std::fs::read(Path::new(&to).join("photo-1.jpg.age")).unwrap();
    assert_eq!(sealed, photo.bytes);
    // What `age -d | tar x` does, with the identity in age's own format.
    let text = std::fs::read_to_string(desk.path("private/identities/police.txt")).unwrap();
    let identity: age::x25519::Identity = text.lines().last().unwrap().parse().unwrap();
    let tar = age::decrypt(&identity, &sealed).unwrap();
    std::fs::write(desk.beside("part.tar"), tar).unwrap();
    let mut command = std::process::Command::new("tar");
    let unpacked = command.current_dir(desk.folder.path()).args(["xf", "part.tar"]).status();
    assert!(unpacked.unwrap().success());
    assert_eq!(std::fs::read(desk.beside("photo-1.jpg")).unwrap(), picture);
    assert!(std::fs::read_to_string(desk.beside("part.json")).unwrap().contains("homeward-part/1"));
}

#[tokio::test]
async fn what_a_report_says_is_nowhere_in_clear_and_no_command_but_show_tells_it() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    upload(&server, &phone.answers(CANARY, &[])).await;
    let collected = desk.run(&["collect"]);
    for (name, held) in contents(&desk.home()) {
        assert!(!held.windows(CANARY.len()).any(|at| at == CANARY.as_bytes()), "{name}");
    }
    assert!(!String::from_utf8(collected.stdout).unwrap().contains(CANARY));
    assert!(collected.stderr.is_empty());
    let shown = String::from_utf8(desk.run(&["show", &phone.id()]).stdout).unwrap();
    assert!(shown.contains(CANARY), "the search would find it");
    assert!(!shown.contains('\u{1b}'), "what strangers write does not steer the terminal");
}

#[tokio::test]
async fn a_collect_that_is_killed_again_and_again_records_each_part_once() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let photos: Vec<_> = (0..30_u8).map(|n| phone.photo(&[n; 40_000])).collect();
    let listed: Vec<_> = photos.iter().collect();
    upload(&server, &phone.answers("Mia", &listed)).await;
    for photo in &photos {
        upload(&server, photo).await;
    }
    let mut killed = 0;
    for pause in 0..25 {
        let mut child = desk.spawn(&["collect"]);
        std::thread::sleep(std::time::Duration::from_millis(2 * pause));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
    }
    assert!(killed > 0, "no run was killed");
    desk.json(&["collect"]);
    let list = desk.json(&["list"]);
    let mut found = ids(&list[0]["parts"], "part");
    assert_eq!(ids(&list[0]["parts"], "state"), vec!["opened"; 31]);
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 31);
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!(receipt.opened.len(), 31);
    assert!(receipt.missing.is_empty());
}

/// To a point of low order every secret is the same zero, and age panics instead of sealing.
#[tokio::test]
async fn a_report_that_nobody_can_seal_to_keeps_no_other_report_from_its_receipt() {
    let desk = Desk::make();
    let server = desk.receive();
    let hostile = [
        "nobody",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
        "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
        "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
    ];
    for recipient in hostile {
        let phone = Phone::paired_with(&desk);
        let content = document(&[("child_name", json!(CANARY))], &[], &[]);
        let mut draft = phone.draft("first_minute", "answers.json", &content);
        draft.answered_as = Some(recipient.into());
        upload(&server, &phone.make(draft)).await;
        let collected = desk.json(&["collect"]);
        assert_eq!(collected["opened"].as_array().unwrap().len(), 1, "{recipient}");
        assert_eq!(collected["receipts"], 0, "{recipient}");
        assert_eq!(desk.run(&["ask", &phone.id(), "Where?"]).status.code(), Some(1), "{recipient}");
    }
    let phone = Phone::paired_with(&desk);
    upload(&server, &phone.first_minute("Mia")).await;
    assert_eq!(desk.json(&["collect"])["receipts"], 1);
    assert!(phone.receipt(&server).await.is_some());
}

#[test]
fn a_report_that_is_not_there_is_said_in_one_line() {
    let desk = Desk::make();
    for id in ["00112233445566778899aabbccddeeff", "../../etc", ""] {
        let refused = desk.run(&["show", id]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8(refused.stderr).unwrap().contains("list"));
    }
    assert_eq!(desk.json(&["list"]), json!([]));
}
