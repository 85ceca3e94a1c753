//! A mark on the body keeps its own photo: from a profile, on another phone, and at the desk.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::fs;
use std::io::Cursor;

use age::x25519::Identity;
use common::{Phone, begin, field, form, pack_for};
use homeward_core::forms::{Answer, Audience, BodyMark, MarkKind, ProblemReason};
use homeward_core::seal::{AnswersDocument, PartKind, open};
use homeward_core::vault::Passphrase;
use homeward_core::{
    Homeward, MediumId, Original, ReportId, Scope, SealedReport, SendWhen, Source,
};
use serde_json::Value;

/// Attaches a photo to the field of marks, and says that it shows a scar.
fn mark(core: &Homeward, id: ReportId) -> MediumId {
    let marks = field("body_marks");
    let photo = Source::Bytes(common::photo());
    let photo = core.attach(id, &marks, photo, Original::Drop).unwrap().id;
    point_to(core, id, &photo.to_string());
    photo
}

fn point_to(core: &Homeward, id: ReportId, photo: &str) {
    let scar = BodyMark {
        mark: Some(MarkKind::Scar),
        words: Some("on the chin".into()),
        photo: Some(photo.into()),
        ..BodyMark::default()
    };
    core.set(id, &field("body_marks"), Some(&Answer::BodyMarks(vec![scar]))).unwrap();
}

/// The photo that the one mark of a report names.
fn photo_of(core: &Homeward, id: ReportId) -> Option<String> {
    let report = core.report(id).unwrap();
    let Answer::BodyMarks(marks) = &report.answers[&field("body_marks")] else { panic!() };
    marks[0].photo.clone()
}

/// Whether the report's own photo of the mark is the one that the mark names, and the person is
/// told otherwise.
fn is_whole(core: &Homeward, id: ReportId) -> bool {
    let report = core.report(id).unwrap();
    let reason = ProblemReason::MarkPhotoMissing;
    let is_told = report.problems.iter().any(|problem| problem.reason == reason);
    let media: Vec<String> = report.media.iter().map(|medium| medium.id.to_string()).collect();
    let named = photo_of(core, id).is_some_and(|photo| media.contains(&photo));
    assert_ne!(named, is_told);
    named
}

#[test]
fn a_mark_keeps_its_photo_in_a_report_and_on_another_phone() {
    let (phone, new) = (Phone::new(), Phone::new());
    let core = phone.open_ready();
    let profile = core.create(&form("child_profile"), None).unwrap();
    mark(&core, profile);
    assert!(is_whole(&core, profile));
    let report = core.create(&form("missing_child"), Some(profile)).unwrap();
    assert!(is_whole(&core, report));

    let (words, mut file) = (Passphrase::new("correct horse"), Vec::new());
    core.export_profile(profile, &words, &mut file).unwrap();
    let other = new.open_ready();
    let imported = other.import_profile(&words, &mut Cursor::new(file)).unwrap();
    assert!(is_whole(&other, imported));
    let report = other.create(&form("missing_child"), Some(imported)).unwrap();
    assert!(is_whole(&other, report));
}

#[test]
fn a_photo_of_a_mark_that_is_not_there_is_told() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let id = begin(&core, "Ada");
    let photo = mark(&core, id);
    core.detach(id, photo).unwrap();
    assert!(!is_whole(&core, id));
    // One of another question is none of this mark.
    point_to(&core, id, &common::attach(&core, id).id.to_string());
    let reason = ProblemReason::MarkPhotoMissing;
    assert!(core.report(id).unwrap().problems.iter().any(|problem| problem.reason == reason));
}

/// The answers that an audience gets.
fn answers(
    phone: &Phone,
    sealed: &SealedReport,
    audience: Audience,
    identity: &Identity,
) -> AnswersDocument {
    let is_its = |part: &&homeward_core::SealedPart| {
        part.kind == PartKind::Answers && part.audiences == [audience]
    };
    let part = sealed.parts.iter().find(is_its).unwrap().part;
    let sealed = fs::read(phone.home().join("spool").join(part.to_string())).unwrap();
    let (organisation, mut content) = (common::organisation().fingerprint(), Vec::new());
    open(sealed.as_slice(), std::slice::from_ref(identity), &organisation, &mut content).unwrap();
    serde_json::from_slice(&content).unwrap()
}

fn photo_in(answers: &AnswersDocument) -> &Value {
    &answers.answers[&field("body_marks")][0]["photo"]
}

#[test]
fn the_desk_finds_the_photo_of_a_mark_by_its_name() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let (pack, [desk, partner]) = pack_for([Audience::Organisation, Audience::Partner]);
    core.pair(&pack).unwrap();
    let id = begin(&core, "Ada");
    core.set(id, &field("permit_partner"), Some(&Answer::Permission(true))).unwrap();
    let first = common::attach(&core, id).id;
    let photo = mark(&core, id);
    let sealed = core.send(id, Scope::All, SendWhen::Now).unwrap();
    for (audience, identity) in [(Audience::Organisation, &desk), (Audience::Partner, &partner)] {
        let answers = answers(&phone, &sealed, audience, identity);
        assert_eq!(photo_in(&answers), "photo-2.jpg");
        let named = answers.media.iter().find(|medium| medium.name == "photo-2.jpg").unwrap();
        assert_eq!(named.field, field("body_marks"));
        assert!(!serde_json::to_string(&answers).unwrap().contains(&photo.to_string()));
    }

    // What left keeps its name, and what comes later gets another, whatever was taken off.
    core.detach(id, first).unwrap();
    common::attach(&core, id);
    let sealed = core.send(id, Scope::All, SendWhen::Now).unwrap();
    let told = answers(&phone, &sealed, Audience::Organisation, &desk);
    assert_eq!(photo_in(&told), "photo-2.jpg");
    let names: Vec<&str> = told.media.iter().map(|medium| medium.name.as_str()).collect();
    assert_eq!(names, ["photo-2.jpg", "photo-3.jpg"]);

    // A photo that nobody gets is named to nobody.
    core.detach(id, photo).unwrap();
    common::set(&core, id, "habits", "feeds the ducks");
    let sealed = core.send(id, Scope::All, SendWhen::Now).unwrap();
    let told = answers(&phone, &sealed, Audience::Organisation, &desk);
    assert_eq!(photo_in(&told), &Value::Null);
    assert_eq!(told.answers[&field("body_marks")][0]["words"], "on the chin");
}
