//! What an app hears while a report is on its way: the present state first, then changes, few
//! enough to draw each.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod outbox_support;

use std::time::{Duration, Instant};

use fault_proxy::Faults;
use homeward_core::queue::{ReportState, ReportStatus};
use homeward_core::{ReportId, Scope, SendWhen};
use outbox_support::Scene;

#[test]
fn a_listener_hears_the_present_state_first_and_then_of_each_report_four_times_a_second_at_most() {
    let scene = Scene::open(Faults::slow(300_000));
    let (phone, core) = scene.phone();
    let reports = ["Ada", "Mia"].map(|child| phone.report(&core, child, Some(400_000)));
    for id in reports {
        core.send(id, Scope::All, SendWhen::Now).unwrap();
    }
    let before = reports.map(|id| phone.status(&core, id));
    let heard = phone.listen(&core);
    for (id, before) in reports.into_iter().zip(before) {
        let heard: Vec<_> = heard.iter().filter(|(_, status)| status.report == id).collect();
        assert_eq!(heard[0].1, before, "the first is the present state");
        assert!(heard.len() > 3, "nobody saw it move: {}", heard.len());
        for (earlier, later) in heard.iter().zip(&heard[1..]) {
            let between = later.0.duration_since(earlier.0);
            assert!(between >= Duration::from_millis(250), "{between:?}");
            assert_ne!(earlier.1, later.1, "nothing had changed");
        }
        let last = &heard[heard.len() - 1].1;
        assert_eq!(last, &phone.status(&core, id), "the last is how it ended");
        assert_eq!(last.state, ReportState::Stored);
        never_back(id, &heard);
    }
}

/// What is said to be stored is not taken back.
fn never_back(id: ReportId, heard: &[&(Instant, ReportStatus)]) {
    let sent: Vec<u64> = heard.iter().map(|(_, status)| status.sent).collect();
    assert!(sent.is_sorted(), "{id}: {sent:?}");
}
