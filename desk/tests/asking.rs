//! What a desk asks and is answered, what a reporter takes back, and two histories of one report.

mod common;

use common::phone::{Phone, document, upload};
use common::{Desk, bytes, contents, ids};
use homeward_core::receipts::HoldAnswer;
use serde_json::json;

const CANARY: &str = "Rumpelstilz";

#[tokio::test]
async fn a_question_reaches_the_phone_in_each_receipt_until_a_reply_names_it() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    upload(&server, &phone.first_minute("Mia")).await;
    desk.json(&["collect"]);
    let before = phone.receipt(&server).await.unwrap();
    let text = format!("Which school, {CANARY}?");
    let id = desk.json(&["ask", &phone.id(), &text])["question"].clone();
    assert_eq!(desk.json(&["collect"])["receipts"], 1);
    let receipt = phone.receipt(&server).await.unwrap();
    assert!(receipt.sequence > before.sequence);
    let asked = receipt.questions[0].open(&phone.keys.question_identity()).unwrap();
    assert_eq!((asked.text.as_str(), json!(asked.id)), (text.as_str(), id.clone()));
    assert!(receipt.questions[0].open(&phone.keys.receipt_identity()).is_err());
    for (name, held) in contents(&desk.home()) {
        assert!(!held.windows(CANARY.len()).any(|at| at == CANARY.as_bytes()), "{name}");
    }

    upload(&server, &phone.photo(&bytes(9_000))).await;
    desk.json(&["collect"]);
    assert_eq!(phone.receipt(&server).await.unwrap().questions, receipt.questions);

    upload(&server, &phone.reply(Some(asked.id), "The one at \u{1b}[2J the river")).await;
    let bicycle = phone.reply(None, "She took her bicycle");
    upload(&server, &bicycle).await;
    // The phone has sealed the same words anew, under another id.
    let anew = phone.reply(None, "She took her bicycle");
    assert_ne!(anew.draft.part, bicycle.draft.part);
    upload(&server, &anew).await;
    desk.json(&["collect"]);
    assert!(phone.receipt(&server).await.unwrap().questions.is_empty());
    let shown = desk.json(&["show", &phone.id()]);
    assert_eq!(shown["questions"][0]["answered"], true);
    assert_eq!(shown["questions"][0]["text"], text);
    let mut texts = ids(&shown["replies"], "text");
    assert_eq!(texts.len(), 2, "{texts:?}");
    // Both were said in one instant.
    texts.sort_unstable_by(|one, two| two.cmp(one));
    assert!(texts[0].starts_with("The one") && texts[1].starts_with("She took"), "{texts:?}");
    assert_eq!(shown["version"], 1, "a reply is no version");
    let printed = String::from_utf8(desk.run(&["show", &phone.id()]).stdout).unwrap();
    assert!(printed.contains("asked (answered)") && printed.contains("the river"), "{printed}");
    assert!(!printed.contains('\u{1b}'));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_one_line() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    upload(&server, &phone.first_minute("Mia")).await;
    desk.json(&["collect"]);
    let id = phone.id();
    let endless = "x".repeat(3000);
    let refusals: [(&[&str], &str); 5] = [
        (&["ask", "00112233445566778899aabbccddeeff", "Which?"], "no report"),
        (&["ask", &id], "--media"),
        (&["ask", &id, " "], "bytes"),
        (&["ask", &id, &endless], "bytes"),
        (&["ask", &id, "--media", "drop"], "not recalled"),
    ];
    for (arguments, expected) in refusals {
        let refused = desk.run(arguments);
        assert_eq!(refused.status.code(), Some(1));
        let line = String::from_utf8(refused.stderr).unwrap();
        assert!(line.contains(expected) && line.lines().count() == 1, "{line}");
    }
    for _ in 0..10 {
        desk.json(&["ask", &id, "Which?"]);
    }
    assert_eq!(desk.run(&["ask", &id, "Which?"]).status.code(), Some(1));
    assert_eq!(desk.run(&["ask", &id, "--media", "keep"]).status.code(), Some(2));
}

#[tokio::test]
async fn a_recall_is_a_claim_on_top_and_hides_and_closes_nothing() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    // It comes before its report.
    upload(&server, &phone.recall("found")).await;
    desk.json(&["collect"]);
    let list = desk.json(&["list"]);
    assert_eq!((&list[0]["state"], &list[0]["version"]), (&json!("ahead"), &json!(0)));
    assert_eq!(list[0]["reporter_says"]["why"], "found");
    assert_eq!(phone.receipt(&server).await.unwrap().opened.len(), 1);

    let photo = phone.photo(&bytes(9_000));
    upload(&server, &phone.answers("Mia", &[&photo])).await;
    desk.json(&["collect"]);
    let shown = desk.json(&["show", &phone.id()]);
    assert_eq!(shown["answers"]["child_name"], "Mia");
    assert_eq!(shown["reporter_says"]["went_on"], false);
    assert_eq!(phone.receipt(&server).await.unwrap().missing, [photo.draft.part]);
    let printed = String::from_utf8(desk.run(&["show", &phone.id()]).stdout).unwrap();
    assert!(printed.starts_with("THE REPORTER SAYS: the child was found (not checked)"));
    let to = desk.beside("files");
    let written = desk.json(&["files", &phone.id(), "--to", &to]);
    assert_eq!(ids(&written["files"], "file"), ["answers.json", "recall.json"]);

    // A later version does not silently take the claim back.
    let content = String::from_utf8(document(&[("child_name", json!("Mila"))], &[], &[])).unwrap();
    let content = content.replace("1700000000000", "1700000300000");
    let mut later = phone.draft("answers", "answers.json", content.as_bytes());
    later.version = 2;
    upload(&server, &phone.make(later)).await;
    desk.json(&["collect"]);
    let shown = desk.json(&["show", &phone.id()]);
    assert_eq!((&shown["answers"]["child_name"], &shown["version"]), (&json!("Mila"), &json!(2)));
    let says = &shown["reporter_says"];
    assert_eq!((&says["why"], &says["went_on"]), (&json!("found"), &json!(true)));
}

#[tokio::test]
async fn media_that_a_recall_holds_are_sent_or_dropped_as_the_desk_says() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let (first, photo) = (phone.first_minute("Mia"), phone.photo(&bytes(9_000)));
    for made in [&phone.answers("Mia", &[&first, &photo]), &phone.recall("mistake")] {
        upload(&server, made).await;
    }
    desk.json(&["collect"]);
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!((receipt.hold, receipt.missing.len()), (None, 2));

    desk.json(&["ask", &phone.id(), "--media", "send"]);
    desk.json(&["collect"]);
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!((receipt.hold, receipt.missing.len()), (Some(HoldAnswer::Send), 2));

    desk.json(&["ask", &phone.id(), "Is she home?", "--media", "drop"]);
    desk.json(&["collect"]);
    let receipt = phone.receipt(&server).await.unwrap();
    assert_eq!((receipt.hold, receipt.questions.len()), (Some(HoldAnswer::Drop), 1));
    assert_eq!(receipt.missing, [first.draft.part], "words are still asked for, photos are not");
    assert_eq!(desk.json(&["show", &phone.id()])["hold"], "drop");
}

#[tokio::test]
async fn every_kind_of_part_is_opened_shown_and_written_out() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let kinds = [
        phone.first_minute("Mia"),
        phone.make(phone.draft("face", "face.jpg", b"a face")),
        phone.answers("Mia", &[]),
        phone.photo(b"a photo"),
        phone.make(phone.draft("original", "original-1.jpg", b"untouched")),
        phone.reply(None, "more"),
        phone.recall("withdrawn"),
    ];
    for made in &kinds {
        upload(&server, made).await;
    }
    desk.json(&["collect"]);
    let expected = ["first_minute", "face", "answers", "medium", "original", "reply", "recall"];
    let list = desk.json(&["list"]);
    assert_eq!(ids(&list[0]["parts"], "kind"), expected);
    assert_eq!(phone.receipt(&server).await.unwrap().opened.len(), expected.len());
    let to = desk.beside("files");
    let written = desk.json(&["files", &phone.id(), "--to", &to]);
    let names = [
        "answers.json",
        "face.jpg",
        "answers-2.json",
        "photo-1.jpg",
        "original-1.jpg",
        "reply.json",
        "recall.json",
    ];
    assert_eq!(ids(&written["files"], "file"), names);
}

#[tokio::test]
async fn words_of_another_format_than_their_kinds_are_refused() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    for (kind, name, content) in [
        ("reply", "reply.json", &b"{\"format\":\"homeward-recall/1\"}"[..]),
        ("recall", "recall.json", b"{\"format\":\"homeward-recall/1\",\"why\":\"bored\"}"),
        ("recall", "recall.json", b"found"),
    ] {
        upload(&server, &phone.make(phone.draft(kind, name, content))).await;
    }
    let refused = ids(&desk.json(&["collect"])["refused"], "reason");
    assert_eq!(refused, ["refused-malformed"; 3]);
}

#[tokio::test]
async fn two_versions_after_one_parent_show_as_a_fork_and_neither_is_dropped() {
    let desk = Desk::make();
    let phone = Phone::paired_with(&desk);
    let server = desk.receive();
    let first = phone.answers("Mia", &[]);
    upload(&server, &first).await;
    let after = |name: &str| {
        let content = document(&[("child_name", json!(name))], &[], &[]);
        let mut draft = phone.draft("answers", "answers.json", &content);
        (draft.version, draft.previous) = (2, Some(first.digest));
        phone.make(draft)
    };
    upload(&server, &after("Mila")).await;
    desk.json(&["collect"]);
    assert!(desk.json(&["show", &phone.id()]).get("forks").is_none());
    // The same words sealed anew are no fork.
    upload(&server, &after("Mila")).await;
    desk.json(&["collect"]);
    assert!(desk.json(&["show", &phone.id()]).get("forks").is_none());
    let other = after("Ben");
    upload(&server, &other).await;
    desk.json(&["collect"]);
    let shown = desk.json(&["show", &phone.id()]);
    let fork = &shown["forks"][0];
    assert_eq!((&fork["version"], fork["parts"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(fork["parts"][1], json!(other.draft.part));
    assert_eq!(ids(&fork["answers"], "child_name"), ["Mila", "Ben"]);
    assert_eq!(phone.receipt(&server).await.unwrap().opened.len(), 4);
    let printed = String::from_utf8(desk.run(&["show", &phone.id()]).stdout).unwrap();
    assert!(printed.contains("2 versions 2 were written on from one parent"), "{printed}");
}
