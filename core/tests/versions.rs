//! A sent report is completed: the next version holds what changed, for those who may see it.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use common::{Phone, attach, begin, pack_for, set};
use homeward_core::forms::{Answer, Audience};
use homeward_core::seal::PartKind;
use homeward_core::seal::PartKind::{Answers, FirstMinute, Medium};
use homeward_core::{Error, Homeward, Refusal, ReportId, Scope, SendWhen};

/// A paired phone with a report that was sent, and its photo with it.
fn sent() -> (Phone, Homeward, ReportId) {
    let phone = Phone::new();
    let core = phone.open();
    let (pack, _) = pack_for(Audience::ALL);
    core.pair(&pack).unwrap();
    let id = begin(&core, "Ada");
    attach(&core, id);
    permit(&core, id);
    let first = next(&core, id);
    let everybody = [Audience::Police, Audience::Partner, Audience::Poster, Audience::Organisation];
    let answers: Vec<_> = everybody.map(|audience| (Answers, vec![audience])).to_vec();
    assert!(answers.iter().all(|part| first.contains(part)), "{first:?}");
    (phone, core, id)
}

fn permit(core: &Homeward, id: ReportId) {
    for field in ["permit_partner", "permit_poster"] {
        core.set(id, &common::field(field), Some(&Answer::Permission(true))).unwrap();
    }
}

/// What the next version is made of.
fn next(core: &Homeward, id: ReportId) -> Vec<(PartKind, Vec<Audience>)> {
    let sealed = core.send(id, Scope::All, SendWhen::Now).unwrap();
    sealed.parts.into_iter().map(|part| (part.kind, part.audiences)).collect()
}

#[test]
fn an_answer_for_the_organisation_and_the_police_goes_to_nobody_else() {
    let (_phone, core, id) = sent();
    set(&core, id, "habits", "feeds the ducks");
    let parts = [(Answers, vec![Audience::Police]), (Answers, vec![Audience::Organisation])];
    assert_eq!(next(&core, id), parts);
    set(&core, id, "vehicle", "a white van");
    let parts = [Audience::Police, Audience::Partner, Audience::Organisation];
    assert_eq!(next(&core, id), parts.map(|audience| (Answers, vec![audience])));
}

#[test]
fn an_answer_of_the_first_minute_goes_as_a_first_minute_again() {
    let (_phone, core, id) = sent();
    set(&core, id, "reporter_phone", "+49 170 1234567");
    let parts = next(&core, id);
    assert_eq!(parts[0], (FirstMinute, vec![Audience::Organisation, Audience::Police]));
    assert!(parts[1..].iter().all(|(kind, _)| *kind == Answers), "{parts:?}");
}

#[test]
fn another_photo_goes_without_the_first_one() {
    let (_phone, core, id) = sent();
    attach(&core, id);
    let parts = next(&core, id);
    assert_eq!(parts.iter().filter(|(kind, _)| *kind == Medium).count(), 1);
    // Whoever may see it is told of it.
    assert_eq!(parts.iter().filter(|(kind, _)| *kind == Answers).count(), 4);
}

#[test]
fn what_did_not_change_is_not_sent_again_also_after_a_restart() {
    let (phone, core, id) = sent();
    let nothing_new = Err(Error::Refused(Refusal::NothingNew));
    assert_eq!(core.send(id, Scope::All, SendWhen::Now), nothing_new);
    drop(core);
    let core = phone.open();
    assert_eq!(core.send(id, Scope::All, SendWhen::Now), nothing_new);
    set(&core, id, "habits", "feeds the ducks");
    assert_eq!(next(&core, id).len(), 2);
}

#[test]
fn a_permission_taken_back_and_given_again_tells_nobody_what_they_know() {
    let (_phone, core, id) = sent();
    core.set(id, &common::field("permit_partner"), None).unwrap();
    let to = |parts: Vec<(PartKind, Vec<Audience>)>| -> Vec<Audience> {
        parts.into_iter().flat_map(|(_, audiences)| audiences).collect()
    };
    let told = to(next(&core, id));
    assert!(!told.contains(&Audience::Partner) && !told.contains(&Audience::Poster), "{told:?}");
    permit(&core, id);
    let told = to(next(&core, id));
    assert!(!told.contains(&Audience::Partner), "{told:?}");
    set(&core, id, "clothing", "a yellow coat");
    assert!(to(next(&core, id)).contains(&Audience::Partner));
}

#[test]
fn a_new_recipient_is_told_what_the_others_know() {
    let (_phone, core, id) = sent();
    // A later pack of the same organisation has another partner.
    core.pair(&common::numbered_pack(2, Audience::ALL).0).unwrap();
    set(&core, id, "habits", "feeds the ducks");
    assert_eq!(next(&core, id).iter().filter(|(kind, _)| *kind == Answers).count(), 4);
}
