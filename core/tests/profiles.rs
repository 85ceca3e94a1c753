//! What was prepared, and what is shared: profiles, siblings, reminders, the intake.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use std::io::Cursor;

use common::{Phone, answer, field, form};
use homeward_core::forms::Answer;
use homeward_core::vault::Passphrase;
use homeward_core::{Error, Homeward, Original, Refusal, ReportId, Source};

const DAY_MS: i64 = 24 * 3_600_000;

/// A profile with a name and a photo.
fn profile(core: &Homeward) -> ReportId {
    let id = core.create(&form("child_profile"), None).unwrap();
    core.set(id, &field("child_name"), Some(&answer(core, "child_name", "Ada Canary"))).unwrap();
    core.attach(id, &field("photo"), Source::Bytes(common::photo()), Original::Drop).unwrap();
    id
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse")
}

#[test]
fn a_report_from_a_profile_has_its_answers_and_its_photo() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let profile = profile(&core);
    let report = core.create(&form("missing_child"), Some(profile)).unwrap();
    let (from, to) = (core.report(profile).unwrap(), core.report(report).unwrap());
    assert_eq!(to.answers[&field("child_name")], from.answers[&field("child_name")]);
    assert_eq!(to.media.len(), 1);
    assert_ne!(to.media[0].id, from.media[0].id);
    core.delete(profile).unwrap();
    assert_eq!(core.report(report).unwrap().media.len(), 1, "the report keeps its own copy");
}

#[test]
fn another_child_of_the_event_shares_the_place_and_not_the_name() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let first = core.create(&form("missing_child"), None).unwrap();
    for (name, typed) in [("child_name", "Ada"), ("last_seen_place", "the harbour")] {
        core.set(first, &field(name), Some(&answer(&core, name, typed))).unwrap();
    }
    let second = core.create(&form("missing_child"), Some(first)).unwrap();
    let answers = core.report(second).unwrap().answers;
    assert!(answers.contains_key(&field("last_seen_place")));
    assert!(!answers.contains_key(&field("child_name")));
}

#[test]
fn another_child_of_the_event_shares_what_was_spoken_too() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let first = core.create(&form("missing_child"), None).unwrap();
    for name in ["last_seen_place", "clothing"] {
        let spoken = Source::Bytes(common::speech(3));
        core.attach(first, &field(name), spoken, Original::Drop).unwrap();
    }
    let second = core.create(&form("missing_child"), Some(first)).unwrap();
    let media = core.report(second).unwrap().media;
    assert_eq!(media.len(), 1, "the clothes are this child's own");
    assert_eq!(media[0].field, field("last_seen_place"));
    core.delete(first).unwrap();
    assert_eq!(core.report(second).unwrap().media.len(), 1, "it has its own copy");
}

#[test]
fn a_sighting_never_begins_with_how_the_child_looks() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let profile = profile(&core);
    for (name, typed) in [("height", "132 cm"), ("hair", "blond"), ("body_marks", "a scar")] {
        core.set(profile, &field(name), Some(&answer(&core, name, typed))).unwrap();
    }
    let sighting = core.create(&form("sighting"), Some(profile)).unwrap();
    let report = core.report(sighting).unwrap();
    assert!(report.answers.is_empty() && report.media.is_empty());
    phone.clock.set_ms(1_795_330_000_000 + 200 * DAY_MS);
    assert!(!core.reminders().unwrap().is_empty(), "it is not this child's report");
}

#[test]
fn an_old_photo_is_reminded_of_until_there_is_a_report() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let profile = profile(&core);
    assert_eq!(core.reminders().unwrap(), []);
    phone.clock.set_ms(1_795_330_000_000 + 200 * DAY_MS);
    let reminders = core.reminders().unwrap();
    assert!(reminders.iter().any(|it| it.profile == profile && it.field == field("photo")));
    core.create(&form("missing_child"), Some(profile)).unwrap();
    assert_eq!(core.reminders().unwrap(), [], "a child with any report has no reminders");
}

#[test]
fn a_profile_reads_on_another_phone_under_its_passphrase_only() {
    let (old, new) = (Phone::new(), Phone::new());
    let core = old.open_ready();
    let profile = profile(&core);
    let mut file = Vec::new();
    core.export_profile(profile, &passphrase(), &mut file).unwrap();
    assert!(!file.windows(6).any(|bytes| bytes == b"Canary"));

    let other = new.open_ready();
    let wrong = other.import_profile(&Passphrase::new("wrong"), &mut Cursor::new(&file));
    assert!(matches!(wrong, Err(Error::Refused(Refusal::WrongPassphrase))));
    let imported = other.import_profile(&passphrase(), &mut Cursor::new(&file)).unwrap();
    let (from, to) = (core.report(profile).unwrap(), other.report(imported).unwrap());
    assert_eq!(to.answers, from.answers);
    assert_eq!(to.media[0].bytes, from.media[0].bytes);
    assert_eq!(new.names_in("intake"), Vec::<String>::new());
}

#[test]
fn a_damaged_profile_file_leaves_nothing_behind() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let profile = profile(&core);
    let mut file = Vec::new();
    core.export_profile(profile, &passphrase(), &mut file).unwrap();
    core.delete(profile).unwrap();
    // The photo's end is cut off: the answers were read already.
    file.truncate(file.len() - 100);
    assert!(core.import_profile(&passphrase(), &mut Cursor::new(&file)).is_err());
    assert!(core.reports().unwrap().is_empty());
    assert_eq!(phone.names_in("blobs"), Vec::<String>::new());
    assert_eq!(phone.names_in("intake"), Vec::<String>::new());
}

#[test]
fn only_a_profile_can_be_saved_for_another_phone() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let report = core.create(&form("missing_child"), None).unwrap();
    let saved = core.export_profile(report, &passphrase(), &mut Vec::new());
    assert!(matches!(saved, Err(Error::Refused(Refusal::NotAProfile))));
}

#[test]
fn a_picture_that_comes_while_locked_is_attached_after_unlock_and_never_lies_in_clear() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let report = core.create(&form("missing_child"), None).unwrap();
    core.lock();
    let picture = common::photo();
    let capture = core.capture(&mut picture.as_slice()).unwrap();
    let attached = core.attach(report, &field("photo"), Source::Capture(capture), Original::Drop);
    assert!(matches!(attached, Err(Error::Locked)));
    for name in phone.names_in("intake") {
        let bytes = std::fs::read(phone.home().join("intake").join(name)).unwrap();
        assert!(!bytes.windows(16).any(|window| window == &picture[..16]));
    }
    core.unlock(None).unwrap();
    assert_eq!(core.captures().unwrap(), [capture]);
    core.attach(report, &field("photo"), Source::Capture(capture), Original::Drop).unwrap();
    assert_eq!(core.captures().unwrap(), []);
    assert_eq!(core.report(report).unwrap().media.len(), 1);
}

#[test]
fn a_capture_survives_a_deletion_that_replaces_the_vault_key() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let report = core.create(&form("missing_child"), None).unwrap();
    let other = core.create(&form("missing_child"), None).unwrap();
    let capture = core.capture(&mut common::photo().as_slice()).unwrap();
    core.delete(other).unwrap();
    drop(core);
    let core = phone.open_ready();
    core.attach(report, &field("photo"), Source::Capture(capture), Original::Drop).unwrap();
}

#[test]
fn an_answer_from_the_person_is_kept_as_they_typed_it() {
    let phone = Phone::new();
    let core = phone.open_ready();
    let report = core.create(&form("missing_child"), None).unwrap();
    let typed = answer(&core, "last_seen_time", "when the bells rang");
    core.set(report, &field("last_seen_time"), Some(&typed)).unwrap();
    let kept = &core.report(report).unwrap().answers[&field("last_seen_time")];
    assert!(matches!(kept, Answer::Time(_) | Answer::Words(_)));
    assert!(kept.to_json().to_string().contains("when the bells rang"));
}
