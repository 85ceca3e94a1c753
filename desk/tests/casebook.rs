//! What strangers send can't close the casebook, nor make it slow.
// What a test can't set up it can't test.
#![allow(clippy::unwrap_used)]

mod common;

use common::phone::{Made, Phone, document, upload};
use common::{Desk, ids};
use serde_json::json;

#[tokio::test]
async fn a_document_nested_too_deep_to_be_stored_is_refused_and_stops_nobody() {
    let desk = Desk::make();
    let (bomb, phone) = (Phone::paired_with(&desk), Phone::paired_with(&desk));
    let server = desk.receive();
    // 126 levels in all parse as a document; inside a case they would not.
    let nested = (0..124).fold(json!(1), |inner, _| json!([inner]));
    let content = document(&[("child_name", nested)], &[], &[]);
    upload(&server, &bomb.make(bomb.draft("first_minute", "answers.json", &content))).await;
    let collected = desk.json(&["collect"]);
    assert_eq!(ids(&collected["refused"], "reason"), ["refused-malformed"]);
    // What a form asks for at its deepest is far from it, and brackets in a text are none.
    let place = json!({ "words": "[".repeat(200), "deep": [[[[[[[[[[{ "a": 1 }]]]]]]]]]] });
    let content = document(&[("last_seen_place", place.clone())], &[], &[]);
    upload(&server, &phone.make(phone.draft("first_minute", "answers.json", &content))).await;
    assert_eq!(ids(&desk.json(&["collect"])["opened"], "report"), [phone.id()]);
    assert_eq!(ids(&desk.json(&["list"]), "report"), [phone.id()]);
    assert_eq!(desk.json(&["show", &phone.id()])["answers"]["last_seen_place"], place);
    assert_eq!(desk.json(&["log", "--verify"])["faults"], json!([]));
}

#[tokio::test]
async fn a_part_that_comes_writes_no_other_part_of_its_report_anew() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let casebook = || rusqlite::Connection::open(desk.path("private/casebook.sqlite")).unwrap();
    // What SQLite holds of the report: of these only what the new part needs may change.
    let rows = || {
        let casebook = casebook();
        let mut select = casebook.prepare("SELECT upload, body FROM part ORDER BY number").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect::<Vec<(String, Vec<u8>)>>()
    };
    let long = "x".repeat(300_000);
    for version in 1..4 {
        upload(&server, &answers_of(&phone, version, &long)).await;
    }
    desk.json(&["collect"]);
    let before = rows();
    upload(&server, &phone.reply(None, "more")).await;
    desk.json(&["collect"]);
    assert_eq!((before.len(), &rows()[..3]), (3, &before[..]));
    let size = |column: &str| -> usize {
        let select = format!("SELECT max(length({column})) FROM report");
        casebook().query_row(&select, [], |row| row.get(0)).unwrap()
    };
    assert!(size("body") < 10_000, "the report's own row grows by no words");
    let shown = desk.json(&["show", &phone.id()]);
    assert_eq!(shown["answers"]["clothing"].as_str().unwrap(), long);
    assert_eq!(shown["parts"].as_array().unwrap().len(), 4);

    // A row that is taken out is noticed.
    casebook().execute("DELETE FROM part WHERE number = 2", []).unwrap();
    assert_eq!(ids(&desk.json(&["list"]), "state"), ["unreadable"]);
}

#[tokio::test]
async fn a_report_takes_no_end_of_words_and_its_recall_comes_through() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let long = "x".repeat(1_000_000);
    let mut versions = Vec::new();
    for version in 1..10 {
        let made = answers_of(&phone, version, &long);
        upload(&server, &made).await;
        versions.push(made.draft.part);
    }
    let collected = desk.json(&["collect"]);
    assert_eq!(collected["opened"].as_array().unwrap().len(), 8);
    assert_eq!(ids(&collected["refused"], "reason"), ["refused-too-much"]);
    // The phone is told, or it would send the part again and again.
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!((receipt.opened.len(), receipt.refused.len()), (8, 1));
    assert_eq!(receipt.refused[0].reason, "refused-too-much");
    let refused = receipt.refused[0].part;
    assert!(versions.contains(&refused) && !receipt.opened.contains(&refused));
    assert_eq!(desk.json(&["collect"])["receipts"], 0, "said once");

    upload(&server, &phone.recall("found")).await;
    upload(&server, &phone.photo(b"photo")).await;
    assert_eq!(desk.json(&["collect"])["opened"].as_array().unwrap().len(), 2);
    assert_eq!(desk.json(&["list"])[0]["reporter_says"]["why"], "found");
}

/// One more version of a report, of any length.
fn answers_of(phone: &Phone, version: u32, clothing: &str) -> Made {
    let content = document(&[("clothing", json!(clothing))], &[], &[]);
    let mut draft = phone.draft("answers", "answers.json", &content);
    draft.version = version;
    phone.make(draft)
}

#[tokio::test]
async fn a_case_that_does_not_read_is_named_and_hides_no_other() {
    let desk = Desk::make();
    let (broken, phone) = (Phone::paired_with(&desk), Phone::paired_with(&desk));
    let server = desk.receive();
    upload(&server, &broken.first_minute("Ben")).await;
    upload(&server, &phone.first_minute("Mia")).await;
    desk.json(&["collect"]);
    let casebook = rusqlite::Connection::open(desk.path("private/casebook.sqlite")).unwrap();
    let change = "UPDATE report SET body = zeroblob(length(body)) WHERE id = ?1";
    assert_eq!(casebook.execute(change, [broken.id()]).unwrap(), 1);
    drop(casebook);

    let list = desk.json(&["list"]);
    assert_eq!(ids(&list, "report"), [broken.id(), phone.id()]);
    assert_eq!(ids(&list, "state"), ["unreadable", "first_minute"]);
    let text = String::from_utf8(desk.run(&["list"]).stdout).unwrap();
    assert!(text.contains("Mia") && text.contains("casebook.sqlite"), "{text}");
    let checked = desk.json(&["log", "--verify"]);
    assert_eq!((&checked["faults"], &checked["unreadable"]), (&json!([]), &json!([broken.id()])));

    upload(&server, &phone.answers("Mia", &[])).await;
    upload(&server, &broken.answers("Ben", &[])).await;
    let before = phone.receipt(&server).await.unwrap();
    let collected = desk.json(&["collect"]);
    assert_eq!(ids(&collected["opened"], "report"), [phone.id()]);
    assert_eq!(ids(&collected["refused"], "reason"), ["refused-case-unreadable"]);
    assert_eq!(collected["unreadable"], json!([broken.id()]));
    assert!(phone.receipt(&server).await.unwrap().sequence > before.sequence);
    let id = broken.id();
    for command in [&["show", id.as_str()][..], &["ask", &id, "Which school?"]] {
        let refused = desk.run(command);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8(refused.stderr).unwrap().contains("casebook is damaged"));
    }
}
