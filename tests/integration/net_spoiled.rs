//! What is sealed to a key that somebody else may have does not leave, whatever made it due, and is
//! sealed anew with the vault open.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod outbox_support;

use fault_proxy::Faults;
use homeward_core::queue::{Conditions, PartState, PartStatus, ReportState};
use homeward_core::seal::{PartKind, RecallReason};
use homeward_core::vault::VaultState;
use homeward_core::{Homeward, ReportId, Scope, SendWhen};
use outbox_support::{Phone, Scene};

const COMPROMISED: Option<&str> = Some("parked-recipient-compromised");

fn part(phone: &Phone, core: &Homeward, id: ReportId, kind: PartKind) -> PartStatus {
    phone.status(core, id).parts.into_iter().find(|part| part.kind == kind).unwrap()
}

#[test]
fn a_picture_that_a_recall_held_does_not_leave_for_a_compromised_key_when_the_desk_wants_it() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(100_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    core.recall(id, RecallReason::Mistake).unwrap();
    phone.run(&core);
    let photo = |core: &Homeward| part(&phone, core, id, PartKind::Medium);
    assert_eq!(photo(&core).state, PartState::Held);
    let uploads = scene.uploads();
    scene.collect();
    core.lock();
    core.pair(&scene.pack_with_desk_key("compromised")).unwrap();
    scene.organisation.desk.ask(&["ask", &id.to_string(), "--media", "send"]).unwrap();
    scene.collect();

    phone.run(&core);
    phone.run(&core);

    assert_eq!(scene.uploads(), uploads, "it left");
    assert_eq!(
        (photo(&core).state, photo(&core).reason.as_deref()),
        (PartState::Parked, COMPROMISED)
    );
    let spoiled = photo(&core).part;
    core.unlock(None).unwrap();
    phone.run(&core);
    assert_ne!(photo(&core).part, spoiled, "sealed anew");
    assert_eq!(photo(&core).state, PartState::Stored, "to those who are left");
}

#[test]
fn what_a_server_has_does_not_go_on_to_a_mirror_once_its_key_is_compromised() {
    let scene = Scene::open_with_mirror();
    let (phone, core) = scene.phone();
    let (other, stepping) = scene.phone();
    let phones = [(&phone, &core), (&other, &stepping)];
    let ids = phones.map(|(phone, core)| {
        let id = phone.report(core, "Mia", Some(100_000));
        core.send(id, Scope::All, SendWhen::Now).unwrap();
        phone.run(core);
        assert_eq!(phone.status(core, id).state, ReportState::Stored);
        id
    });
    let pack = scene.pack_with_desk_key("compromised");
    core.lock();
    for (phone, core) in phones {
        core.pair(&pack).unwrap();
        phone.clock.advance_ms(46 * 60_000);
    }

    phone.run(&core);
    // Another HTTP stack is not asked to send it either.
    assert_eq!(stepping.next_step(Conditions::default(), false).unwrap(), None);

    assert_eq!(scene.mirrored(), 0, "it went on");
    for ((phone, core), id) in phones.into_iter().zip(ids) {
        for part in phone.status(core, id).parts {
            assert_eq!((part.state, part.reason.as_deref()), (PartState::Parked, COMPROMISED));
        }
        if core.state() == VaultState::Locked {
            core.unlock(None).unwrap();
        }
        // An app that never locks never unlocks: the next run seals anew.
        phone.run(core);
        assert_eq!(phone.status(core, id).state, ReportState::Stored);
    }
}

#[test]
fn a_reply_and_a_recall_that_must_not_leave_are_sealed_anew_word_for_word() {
    for locked in [true, false] {
        let scene = Scene::open(Faults::default());
        let (phone, core) = scene.phone();
        let id = phone.report(&core, "Mia", None);
        core.send(id, Scope::All, SendWhen::Now).unwrap();
        phone.run(&core);
        core.reply(id, "She has a red hood").unwrap();
        core.recall(id, RecallReason::Found).unwrap();
        let kinds = [PartKind::Reply, PartKind::Recall];
        let old = kinds.map(|kind| part(&phone, &core, id, kind).part);
        let messages = core.messages(id).unwrap();
        let parts = phone.status(&core, id).parts.len();
        if locked {
            core.lock();
        }
        core.pair(&scene.pack_with_desk_key("compromised")).unwrap();
        phone.run(&core);
        if locked {
            let recall = part(&phone, &core, id, PartKind::Recall);
            assert_eq!((recall.state, recall.reason.as_deref()), (PartState::Parked, COMPROMISED));
            core.unlock(None).unwrap();
            phone.run(&core);
        }

        for (kind, old) in kinds.into_iter().zip(old) {
            let anew = part(&phone, &core, id, kind);
            assert_ne!(anew.part, old, "{kind:?}");
            assert_eq!(anew.state, PartState::Stored, "{kind:?}");
        }
        assert_eq!(phone.status(&core, id).parts.len(), parts, "one in place of each");
        assert_eq!(core.messages(id).unwrap(), messages);
    }
}
