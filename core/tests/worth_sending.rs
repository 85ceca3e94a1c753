//! Only a report that nobody could act on is refused.

#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod common;

use common::{Phone, field, form, pack};
use homeward_core::{Error, Homeward, Original, Refusal, ReportId, Scope, SendWhen, Source};

/// A report with these answers.
fn report(core: &Homeward, name: &str, answers: &[(&str, &str)]) -> ReportId {
    let id = core.create(&form(name), None).unwrap();
    for (asked, typed) in answers {
        let answer = core.understand(&form(name), &field(asked), typed).unwrap();
        core.set(id, &field(asked), Some(&answer)).unwrap();
    }
    id
}

fn is_sent(core: &Homeward, id: ReportId) -> bool {
    match core.send(id, Scope::All, SendWhen::Now) {
        Ok(_) => true,
        Err(Error::Refused(Refusal::EmptyReport)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn whatever_helps_to_find_the_child_is_sent() {
    let phone = Phone::new();
    let core = phone.open_ready();
    core.pair(&pack().0).unwrap();
    for (name, answers) in [
        (
            "missing_child",
            &[("what_happened", "My daughter Anna, 6, was taken by a man in a red van")][..],
        ),
        ("missing_child", &[("vehicle", "M-AB 123"), ("suspect_words", "a beard")]),
        (
            "missing_child",
            &[
                ("last_seen_time", "ten minutes ago"),
                ("dangers", "taken"),
                ("reporter_email", "a@example.org"),
            ],
        ),
        ("sighting", &[("vehicle", "M-AB 123")]),
        ("sighting", &[("child_lives_at", "Main Street 5")]),
        ("sighting", &[("clothing", "a yellow coat")]),
        ("sighting", &[("may_call", "may_call"), ("witness_email", "a@example.org")]),
    ] {
        let id = report(&core, name, answers);
        assert!(is_sent(&core, id), "{answers:?}");
    }
    for (asked, bytes) in [("what_happened", common::speech(3)), ("attachments", common::photo())] {
        let id = report(&core, "missing_child", &[]);
        core.attach(id, &field(asked), Source::Bytes(bytes), Original::Drop).unwrap();
        assert!(is_sent(&core, id), "{asked}");
    }
}

#[test]
fn what_helps_nobody_is_refused_and_stays_a_draft() {
    let phone = Phone::new();
    let core = phone.open_ready();
    core.pair(&pack().0).unwrap();
    for (name, answers) in [
        ("missing_child", &[][..]),
        ("missing_child", &[("relation", "mother"), ("permit_poster", "yes")]),
        ("missing_child", &[("reporter_name", "Ada Example"), ("safe_times", "evenings")]),
        // A hidden question's answer does not leave.
        ("sighting", &[("witness_phone", "+49 170 1234567"), ("may_call", "anonymous")]),
    ] {
        let id = report(&core, name, answers);
        assert!(!is_sent(&core, id), "{answers:?}");
        assert!(core.report(id).is_ok());
    }
}
