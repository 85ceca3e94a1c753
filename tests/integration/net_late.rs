//! What is late, lost or put back: a clock that was ahead, a server that throws away what it took,
//! receipts that crossed a part or are older than it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod outbox_support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fault_proxy::Faults;
use fault_proxy::front::{Fault, Plan};
use homeward_core::forms::Audience;
use homeward_core::queue::{Conditions, Network, PartState, PartStatus, ReportState, ReportStatus};
use homeward_core::seal::PartKind;
use homeward_core::{Homeward, Scope, SendWhen};
use outbox_support::Scene;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

const IN_BACKGROUND: Conditions =
    Conditions { network: Network::Wifi, battery_saver: false, in_background: true };

fn part(status: &ReportStatus, kind: PartKind) -> PartStatus {
    status.parts.iter().find(|part| part.kind == kind).unwrap().clone()
}

#[test]
fn what_a_clock_that_was_ahead_put_off_goes_as_soon_as_it_is_right() {
    let busy = Arc::new(AtomicBool::new(true));
    let is_busy = Arc::clone(&busy);
    let scene = Scene::open_behind(Plan::of(move |_| {
        let says = Fault::Says { status: 503, tus: true, retry_after: Some(600) };
        is_busy.load(Ordering::Relaxed).then_some(says)
    }));
    for ahead_ms in [14 * HOUR_MS, 20 * DAY_MS] {
        busy.store(true, Ordering::Relaxed);
        let (phone, core) = scene.phone();
        phone.clock.advance_ms(ahead_ms);
        let id = phone.report(&core, "Mia", None);
        core.send(id, Scope::All, SendWhen::Now).unwrap();
        phone.run(&core);
        let status = phone.status(&core, id);
        assert_eq!(status.reason.as_deref(), Some("waiting-server-busy"), "{status:?}");
        busy.store(false, Ordering::Relaxed);
        phone.run(&core);
        assert_eq!(phone.status(&core, id).state, ReportState::Waiting, "the server asked for it");

        phone.clock.advance_ms(-ahead_ms);

        let plan = core.plan(Conditions::default()).unwrap();
        assert_eq!((plan.due.len(), plan.next_at_ms), (status.parts.len(), None));
        phone.run(&core);
        assert_eq!(phone.status(&core, id).state, ReportState::Stored);
    }
}

#[test]
fn a_clock_that_was_ahead_puts_off_neither_the_mirror_nor_a_look_nor_the_deadline() {
    let scene = Scene::open_with_mirror();
    let (phone, core) = scene.phone();
    phone.clock.advance_ms(20 * DAY_MS);
    let id = phone.report(&core, "Mia", None);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    phone.run(&core);
    let sealed = phone.status(&core, id);
    assert_eq!(sealed.state, ReportState::Stored);
    phone.clock.advance_ms(-20 * DAY_MS);

    scene.collect();
    let plan = core.plan(IN_BACKGROUND).unwrap();
    assert!(plan.look_at_ms.is_some_and(|at| at < sealed.receipt.asked_at_ms.unwrap()));
    phone.run_under(&core, IN_BACKGROUND);
    assert_eq!(phone.status(&core, id).state, ReportState::Opened);

    // Nobody opens the next one, and a run notes by the right clock how late it is.
    phone.clock.advance_ms(20 * DAY_MS);
    let id = phone.report(&core, "Ada", None);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    phone.run(&core);
    phone.clock.advance_ms(-20 * DAY_MS);
    phone.run(&core);
    assert_eq!(scene.mirrored(), 0);
    phone.clock.advance_ms(46 * MINUTE_MS);
    phone.run(&core);
    let status = phone.status(&core, id);
    assert_eq!(scene.mirrored(), status.parts.len());
    assert_eq!(status.reason.as_deref(), Some("nobody-opened"));
}

#[test]
fn a_server_that_throws_away_what_nothing_lists_is_found_out_without_a_mirror_and_without_a_word() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(100_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    phone.run(&core);
    let sealed = phone.status(&core, id);
    // After the first minute and the police's answers come those that list all others.
    scene.discard_upload(2);
    scene.collect();
    phone.run(&core);
    let answers = |core: &Homeward| phone.status(core, id).parts.pop().unwrap();
    assert_eq!(answers(&core).audiences, [Audience::Organisation]);
    assert_eq!(phone.status(&core, id).reason, None, "it is not late");
    assert_eq!((answers(&core).state, scene.reports_at_the_desk()), (PartState::Stored, 1));

    // The desk has nothing new to say: it does not know that there were answers.
    phone.clock.advance_ms(61 * MINUTE_MS);
    assert_eq!(phone.status(&core, id).reason.as_deref(), Some("part-not-opened"));
    phone.run(&core);

    assert_eq!((answers(&core).state, answers(&core).sent_again), (PartState::Stored, 1));
    let uploads = scene.uploads();
    phone.clock.advance_ms(61 * MINUTE_MS);
    phone.run(&core);
    assert_eq!(scene.uploads(), uploads, "the second time it waits twice as long");
    phone.clock.advance_ms(60 * MINUTE_MS);
    phone.run(&core);
    assert_eq!((scene.uploads(), answers(&core).sent_again), (uploads + 1, 2));
    scene.collect();
    phone.run(&core);
    let status = phone.status(&core, id);
    assert_eq!((status.state, status.reason), (ReportState::Opened, None));
    let shown = scene.organisation.desk.ask(&["show", &id.to_string()]).unwrap();
    assert_eq!(shown["parts"].as_array().unwrap().len(), sealed.parts.len(), "a twin counts once");
}

#[test]
fn a_photo_that_waited_for_wifi_is_uploaded_once_whatever_an_older_receipt_says() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(100_000));
    core.send(id, Scope::All, SendWhen::Wifi).unwrap();
    phone.run_under(&core, Conditions { network: Network::Metered, ..Conditions::default() });
    // The receipt says that the photo is missing, and it is.
    scene.collect();
    phone.run(&core);

    let status = phone.status(&core, id);
    let photo = part(&status, PartKind::Medium);
    assert!(status.receipt.sequence.is_some(), "the receipt was not fetched");
    assert_eq!((photo.state, photo.sent_again), (PartState::Stored, 0));
    assert_eq!(scene.uploads(), status.parts.len());
    scene.collect();
    phone.run(&core);
    assert_eq!(phone.status(&core, id).state, ReportState::Opened);

    // One that is thrown away is found out: by the next receipt, or after the deadline.
    let id = phone.report(&core, "Ada", Some(100_000));
    core.send(id, Scope::All, SendWhen::Wifi).unwrap();
    phone.run_under(&core, Conditions { network: Network::Metered, ..Conditions::default() });
    scene.collect();
    phone.run(&core);
    scene.discard_upload(scene.uploads() - 1);
    scene.collect();
    phone.run(&core);
    assert_eq!(part(&phone.status(&core, id), PartKind::Medium).sent_again, 0, "nothing new");
    phone.clock.advance_ms(61 * MINUTE_MS);
    phone.run(&core);
    assert_eq!(part(&phone.status(&core, id), PartKind::Medium).sent_again, 1);
    scene.collect();
    phone.run(&core);
    assert_eq!(phone.status(&core, id).state, ReportState::Opened);
}

#[test]
fn neither_junk_nor_an_old_receipt_at_one_server_hides_the_newer_one_at_another() {
    let scene = Scene::open_with_mirror();
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", None);
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    phone.run(&core);
    scene.collect_with_the_mirror();
    let first = fs::read(scene.receipt()).unwrap();
    fs::write(scene.receipt(), b"log in first").unwrap();
    phone.run(&core);
    let status = phone.status(&core, id);
    assert_eq!((status.state, &status.receipt.problem), (ReportState::Opened, &None));

    core.reply(id, "She has a red hood").unwrap();
    phone.run(&core);
    fs::write(scene.receipt(), &first).unwrap();
    scene.collect_with_the_mirror();
    fs::write(scene.receipt(), &first).unwrap();
    phone.run(&core);
    assert_eq!(phone.status(&core, id).state, ReportState::Opened);

    // What nobody signed is said where nothing better is.
    let id = phone.report(&core, "Ada", None);
    let folder = scene.receipt().parent().unwrap().to_owned();
    core.send(id, Scope::FirstMinute, SendWhen::Now).unwrap();
    phone.run(&core);
    scene.collect();
    for entry in fs::read_dir(folder).unwrap() {
        fs::write(entry.unwrap().path(), b"log in first").unwrap();
    }
    phone.run(&core);
    let status = phone.status(&core, id);
    assert_eq!(status.receipt.problem.as_deref(), Some("receipt-unreadable"));
    assert_eq!(status.state, ReportState::Stored);
}
