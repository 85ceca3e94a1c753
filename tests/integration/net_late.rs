//! What is late, lost or put back: a clock that was ahead, a server that throws away what it took,
//! receipts that crossed a part or are older than it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod outbox_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fault_proxy::front::{Fault, Plan};
use homeward_core::queue::{Conditions, ReportState};
use homeward_core::{Scope, SendWhen};
use outbox_support::Scene;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

const IN_BACKGROUND: Conditions = Conditions {
    network: homeward_core::queue::Network::Wifi,
    battery_saver: false,
    in_background: true,
};

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
