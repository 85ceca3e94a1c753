//! A mirror is a second `receive` whose store the desk reads too.
// What a test can't set up it can't test.
#![allow(clippy::unwrap_used)]

mod common;

use common::phone::{Phone, upload};
use common::{Desk, bytes, ids};
use serde_json::json;

fn public(mirror: &Desk) -> String {
    mirror.path("public").to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_came_to_a_mirror_is_opened_and_what_came_to_both_is_a_twin() {
    let (desk, mirror) = (Desk::make(), Desk::make());
    let phone = Phone::paired_with(&desk);
    let (server, second) = (desk.receive(), mirror.receive());
    let (first, photo) = (phone.first_minute("Mia"), phone.photo(&bytes(9_000)));
    let answers = phone.answers("Mia", &[&first, &photo]);
    for made in [&first, &answers] {
        upload(&server, made).await;
    }
    for made in [&answers, &photo] {
        upload(&second, made).await;
    }
    desk.json(&["collect"]);
    assert_eq!(phone.receipt(&server).await.unwrap().missing, [photo.draft.part]);
    assert!(phone.receipt(&second).await.is_none());

    let store = public(&mirror);
    let collected = desk.json(&["collect", "--store", &store]);
    assert_eq!(ids(&collected["opened"], "part"), [photo.draft.part.to_string()]);
    assert_eq!((&collected["refused"], &collected["receipts"]), (&json!([]), &json!(1)));
    let list = desk.json(&["list"]);
    assert_eq!(
        (&list[0]["state"], list[0]["parts"].as_array().unwrap().len()),
        (&json!("complete"), 3)
    );
    // The phone asks the server that it has; both say the same.
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!(phone.receipt(&second).await.unwrap(), receipt);
    assert!(receipt.missing.is_empty());
    assert_eq!(desk.json(&["collect", "--store", &store])["receipts"], 0);

    let to = desk.beside("files");
    let written = desk.json(&["files", &phone.id(), "--to", &to]);
    assert_eq!(written["files"].as_array().unwrap().len(), 3);

    // A receipt that was put out without the mirror is caught up with.
    upload(&server, &phone.reply(None, "more")).await;
    desk.json(&["collect"]);
    assert_ne!(phone.receipt(&second).await, phone.receipt(&server).await);
    assert_eq!(desk.json(&["collect", "--store", &store])["receipts"], 1);
    assert_eq!(phone.receipt(&second).await, phone.receipt(&server).await);
}

#[tokio::test]
async fn a_bare_copy_of_the_uploads_is_read_and_several_stores_may_be_named() {
    let (desk, mirror, copy) = (Desk::make(), Desk::make(), Desk::make());
    let phone = Phone::paired_with(&desk);
    let (second, third) = (mirror.receive(), copy.receive());
    let (one, two) = (phone.photo(b"one"), phone.photo(b"two"));
    upload(&second, &one).await;
    upload(&third, &two).await;
    let bare = copy.path("public/uploads").to_str().unwrap().to_owned();
    let collected = desk.json(&["collect", "--store", &public(&mirror), "--store", &bare]);
    assert_eq!(collected["opened"].as_array().unwrap().len(), 2);
    assert!(phone.receipt(&second).await.is_some());
    assert!(phone.receipt(&third).await.is_none(), "there is no place for receipts in a bare copy");
}

#[tokio::test]
async fn a_mirror_that_is_away_holds_up_no_report() {
    let (desk, mirror) = (Desk::make(), Desk::make());
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    upload(&server, &phone.first_minute("Mia")).await;
    std::fs::remove_dir_all(mirror.path("public/receipts")).unwrap();
    let store = public(&mirror);
    let collected = desk.json(&["collect", "--store", &store]);
    assert_eq!(
        (&collected["receipts"], collected["opened"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    assert_eq!(collected["unreachable"].as_array().unwrap().len(), 1);
    assert!(phone.receipt(&server).await.is_some());
    assert_eq!(desk.json(&["collect", "--store", &store])["receipts"], 0, "not again and again");
}

#[tokio::test]
async fn a_part_that_came_first_to_a_mirror_is_taken_from_where_it_lies_now() {
    let (desk, mirror) = (Desk::make(), Desk::make());
    let phone = Phone::paired_with(&desk);
    let (server, second) = (desk.receive(), mirror.receive());
    let (photo, other) = (phone.photo(&bytes(9_000)), phone.photo(&bytes(9_001)));
    upload(&second, &photo).await;
    let store = public(&mirror);
    desk.json(&["collect", "--store", &store]);
    upload(&server, &other).await;
    desk.json(&["collect"]);
    drop(second);
    std::fs::rename(&store, mirror.beside("away")).unwrap();
    let gone = desk.run(&["files", &phone.id(), "--to", &desk.beside("none")]);
    assert_eq!(gone.status.code(), Some(1));
    let line = String::from_utf8(gone.stderr).unwrap();
    assert!(line.contains("mirror") && !line.contains("--store"), "{line}");

    upload(&server, &photo).await;
    desk.json(&["collect"]);
    for (to, sealed) in [("clear", None), ("sealed", Some("--sealed"))] {
        let to = desk.beside(to);
        let mut arguments = vec!["files", "ID", "--to", to.as_str()];
        let id = phone.id();
        arguments[1] = &id;
        arguments.extend(sealed);
        let written = desk.json(&arguments);
        assert_eq!(written["files"].as_array().unwrap().len(), 2);
    }
    let clear = std::path::Path::new(&desk.beside("clear")).join("photo-1.jpg");
    let written = std::fs::read(clear).unwrap();
    assert!([bytes(9_000), bytes(9_001)].contains(&written));
}

#[tokio::test]
async fn what_is_no_file_in_a_mirrors_store_neither_stops_collect_nor_leads_out_of_it() {
    let (desk, mirror) = (Desk::make(), Desk::make());
    let phone = Phone::paired_with(&desk);
    let (server, second) = (desk.receive(), mirror.receive());
    upload(&second, &phone.first_minute("Mia")).await;
    let store = public(&mirror);
    desk.json(&["collect", "--store", &store]);
    let receipt = phone.receipt(&second).await.unwrap();
    // Pipes in the place of a state and of a receipt: whoever opens one to read waits for ever.
    let address = phone.keys.receipt_address().to_string();
    let receipts = mirror.path("public/receipts");
    std::fs::remove_file(receipts.join(&address)).unwrap();
    pipe(&receipts.join(&address));
    pipe(&mirror.path("public/uploads/state/pipe.json"));
    upload(&second, &phone.answers("Mia", &[])).await;
    let collected = desk.json(&["collect", "--store", &store]);
    assert_eq!(ids(&collected["opened"], "kind"), ["answers"]);
    assert_eq!(ids(&collected["refused"], "upload"), ["pipe"]);
    assert_eq!(ids(&collected["refused"], "reason"), ["refused-unreadable"]);
    assert!(phone.receipt(&server).await.unwrap().sequence > receipt.sequence);
    assert_eq!(phone.receipt(&second).await, phone.receipt(&server).await);
}

fn pipe(path: &std::path::Path) {
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
}

#[test]
fn what_is_no_store_is_refused_in_one_line() {
    let desk = Desk::make();
    for (store, expected) in [
        ("s3://bucket/prefix", "S3"),
        ("/nowhere", "mirror"),
        (desk.folder.path().to_str().unwrap(), "mirror"),
    ] {
        let refused = desk.run(&["collect", "--store", store]);
        assert_eq!(refused.status.code(), Some(1));
        let line = String::from_utf8(refused.stderr).unwrap();
        assert!(line.contains(expected) && line.lines().count() == 1, "{line}");
    }
}
