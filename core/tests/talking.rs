//! The face, replies and recalls, as an app meets them: what is queued, in which order, and what
//! the person is told.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use common::{Faults, Phone, attach, begin, pack, photo, set};
use homeward_core::forms::Audience;
use homeward_core::queue::{Conditions, PartState, PartStatus, ReportState, ReportStatus};
use homeward_core::seal::{PartKind, RecallReason};
use homeward_core::vault::{DeviceKeyError, VaultState};
use homeward_core::{Error, Homeward, MessageFrom, PartId, Refusal, ReportId, Scope, SendWhen};

/// A paired phone with a report that has a photo and a face.
fn scene() -> (Phone, Homeward, ReportId) {
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    let id = begin(&core, "Ada");
    let medium = attach(&core, id);
    core.set_face(id, medium.id, &photo()).unwrap();
    (phone, core, id)
}

fn status(core: &Homeward, id: ReportId) -> ReportStatus {
    core.statuses().unwrap().into_iter().find(|status| status.report == id).unwrap()
}

fn part(status: &ReportStatus, kind: PartKind) -> &PartStatus {
    status.parts.iter().find(|part| part.kind == kind).unwrap()
}

/// What leaves now, by kind.
fn due(core: &Homeward) -> Vec<PartKind> {
    let kind = |id: PartId| {
        let statuses = core.statuses().unwrap();
        statuses.iter().flat_map(|status| &status.parts).find(|part| part.part == id).unwrap().kind
    };
    core.plan(Conditions::default()).unwrap().due.iter().map(|part| kind(part.part)).collect()
}

#[test]
fn the_face_leaves_right_after_the_first_minute_and_only_once() {
    use PartKind::{Answers, Face, FirstMinute, Medium};
    let (_phone, core, id) = scene();
    let first = core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    let kinds: Vec<_> = first.parts.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [FirstMinute, Face]);
    assert_eq!(first.parts[1].audiences, [Audience::Organisation]);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    assert_eq!(due(&core), [FirstMinute, Face, Answers, Medium]);
    set(&core, id, "clothing", "a yellow coat");
    let next = core.send(id, Scope::All, SendWhen::Now).unwrap();
    assert!(next.parts.iter().all(|part| part.kind != Face), "it was sent");
}

#[test]
fn a_first_minute_without_a_face_waits_for_none() {
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    let id = begin(&core, "Ada");
    let sealed = core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    assert_eq!(sealed.parts.len(), 1);
    let medium = attach(&core, id);
    core.set_face(id, medium.id, &photo()).unwrap();
    let later = core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    let kinds: Vec<_> = later.parts.iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [PartKind::Face], "it comes when it is there");
}

#[test]
fn a_face_that_is_too_large_or_no_jpeg_is_refused_and_nothing_stays() {
    let (phone, core, id) = scene();
    let medium = core.report(id).unwrap().media[0].id;
    let blobs = phone.names_in("blobs");
    let set = |jpeg: &[u8]| core.set_face(id, medium, jpeg);
    let mut large = photo();
    large.resize(40_001, 0);
    assert_eq!(set(&large), Err(Refusal::FaceTooLarge.into()));
    assert_eq!(set(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"), Err(Refusal::FaceNotJpeg.into()));
    assert_eq!(set(b""), Err(Refusal::MediaUnsupported.into()));
    let other = homeward_core::MediumId::make();
    assert_eq!(core.set_face(id, other, &photo()), Err(Error::NotFound));
    assert_eq!(phone.names_in("blobs"), blobs);
}

#[test]
fn a_face_is_scrubbed_and_goes_with_its_photo() {
    let (phone, core, id) = scene();
    let medium = core.report(id).unwrap().media[0].id;
    let jpeg = photo();
    let comment = [b"\xff\xfe\x00\x08canary".as_slice(), &jpeg[2..]].concat();
    let told = [&jpeg[..2], &comment].concat();
    core.set_face(id, medium, &told).unwrap();
    assert_eq!(phone.names_in("blobs").len(), 2, "the one before is gone");
    let sealed = core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    assert_eq!(sealed.parts[1].bytes, 4 << 10, "like other small parts");
    core.detach(id, medium).unwrap();
    assert_eq!(phone.names_in("blobs"), [""; 0]);
    drop(core);
    // Nothing is swept that a report still has.
    let core = phone.open_ready();
    let medium = attach(&core, id);
    core.set_face(id, medium.id, &photo()).unwrap();
    drop(core);
    assert_eq!(phone.open_ready().report(id).unwrap().media.len(), 1);
    assert_eq!(phone.names_in("blobs").len(), 2);
}

#[test]
fn a_reply_is_a_small_part_for_the_organisation_and_is_there_after_a_restart() {
    let (phone, core, id) = scene();
    assert_eq!(core.reply(id, "hello"), Err(Refusal::NothingSent.into()));
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    assert_eq!(core.reply(id, " \u{202e}\n"), Err(Refusal::EmptyReply.into()));
    assert_eq!(core.reply(id, &"x".repeat(20_001)), Err(Refusal::ReplyTooLong.into()));
    let sealed = core.reply(id, "She has a red \u{202e}hood\n").unwrap();
    assert_eq!(sealed.parts[0].audiences, [Audience::Organisation]);
    assert_eq!(sealed.parts[0].bytes, 4 << 10);
    assert_eq!(due(&core), [PartKind::FirstMinute, PartKind::Face, PartKind::Reply]);
    drop(core);
    let messages = phone.open_ready().messages(id).unwrap();
    let [message] = &messages[..] else { panic!("one message") };
    assert_eq!(message.text, "She has a red hood");
    assert_eq!(message.from, MessageFrom::Person { question: None });
}

#[test]
fn the_longest_reply_still_has_one_of_the_few_sizes_of_words() {
    let (_phone, core, id) = scene();
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    let sealed = core.reply(id, &"\"".repeat(20_000)).unwrap();
    assert_eq!(sealed.parts[0].bytes, 64 << 10);
}

#[test]
fn a_locked_phone_tells_states_and_no_messages() {
    let (phone, core, id) = scene();
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    core.reply(id, "hello").unwrap();
    drop(core);
    phone.device.fail(Faults { vault: Some(DeviceKeyError::Refused), ..Faults::default() });
    let core = phone.open();
    assert_eq!(core.state(), VaultState::Locked);
    assert_eq!(core.messages(id), Err(Error::Locked));
    assert_eq!(core.reply(id, "hello"), Err(Error::Locked));
    assert_eq!(core.recall(id, RecallReason::Found), Err(Error::Locked));
    assert_eq!(status(&core, id).state, ReportState::Waiting);
    assert_eq!(core.receipt(id), Ok(None));
}

#[test]
fn a_recall_is_first_in_the_queue_holds_pictures_and_deletes_nothing() {
    let (phone, core, id) = scene();
    let other = begin(&core, "Ben");
    attach(&core, other);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    core.send(other, Scope::All, SendWhen::Now).unwrap();
    let spool = phone.names_in("spool").len();
    core.recall(id, RecallReason::Found).unwrap();
    assert_eq!(due(&core)[0], PartKind::Recall);
    assert_eq!(due(&core).iter().filter(|kind| **kind == PartKind::Medium).count(), 1, "Ben's");
    assert_eq!(phone.names_in("spool").len(), spool + 1);
    drop(core);
    let core = phone.open_ready();
    let recalled = status(&core, id);
    assert_eq!(recalled.state, ReportState::Recalled);
    assert_eq!(recalled.reason.as_deref(), Some("recall-not-sent"));
    for kind in [PartKind::Face, PartKind::Medium] {
        let held = part(&recalled, kind);
        assert_eq!(held.state, PartState::Held);
        assert_eq!(held.reason.as_deref(), Some("held-recalled"));
        let plan = core.plan(Conditions::default()).unwrap();
        assert!(plan.waiting.iter().any(|waiting| waiting.part == held.part));
    }
    assert_eq!(part(&recalled, PartKind::Answers).state, PartState::Waiting, "words go on");
    assert_eq!(status(&core, other).state, ReportState::Waiting);
    assert_eq!(core.report(id).unwrap().media.len(), 1);
}

#[test]
fn a_version_after_a_recall_does_not_reopen_the_report() {
    let (_phone, core, id) = scene();
    assert_eq!(core.recall(id, RecallReason::Mistake), Err(Refusal::NothingSent.into()));
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    core.recall(id, RecallReason::Withdrawn).unwrap();
    assert_eq!(core.recall(id, RecallReason::Withdrawn), Err(Refusal::NothingNew.into()));
    set(&core, id, "clothing", "a yellow coat");
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let status = status(&core, id);
    assert_eq!(status.state, ReportState::Recalled);
    assert_eq!(part(&status, PartKind::Medium).state, PartState::Held, "nobody asked for it");
    core.recall(id, RecallReason::Found).unwrap();
}

#[test]
fn a_report_that_nobody_opened_in_time_says_call_also_after_a_restart_and_while_locked() {
    let (phone, core, id) = scene();
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let before = status(&core, id);
    assert_eq!(before.reason, None);
    let deadline = before.receipt.deadline_at_ms.unwrap();
    phone.clock.set_ms(deadline - 1);
    assert_eq!(status(&core, id).reason, None);
    phone.clock.set_ms(deadline);
    let late = status(&core, id);
    assert_eq!((late.state, late.reason.as_deref()), (ReportState::Waiting, Some("nobody-opened")));
    drop(core);
    assert_eq!(status(&phone.open_ready(), id), late);
    phone.device.fail(Faults { vault: Some(DeviceKeyError::Refused), ..Faults::default() });
    assert_eq!(status(&phone.open(), id), late);
}

#[test]
fn a_newer_report_passes_an_older_ones_pictures_but_not_its_words() {
    use PartKind::{Answers, FirstMinute, Medium};
    let phone = Phone::new();
    let core = phone.open();
    core.pair(&pack().0).unwrap();
    let send = |child: &str| {
        let id = begin(&core, child);
        attach(&core, id);
        core.send(id, Scope::All, SendWhen::Now).unwrap().parts
    };
    let (older, newer) = (send("Ada"), send("Ben"));
    let plan = core.plan(Conditions::default()).unwrap().due;
    let place = |of: &[homeward_core::SealedPart], kind| {
        let part = of.iter().find(|part| part.kind == kind).unwrap().part;
        plan.iter().position(|planned| planned.part == part).unwrap()
    };
    assert!(place(&older, FirstMinute) < place(&newer, FirstMinute));
    assert!(place(&newer, FirstMinute) < place(&older, Answers));
    assert!(place(&older, Answers) < place(&newer, Answers));
    assert!(place(&newer, Answers) < place(&older, Medium));
    assert!(place(&older, Medium) < place(&newer, Medium));
    assert_eq!(plan.len(), older.len() + newer.len(), "and each has its place");
}
