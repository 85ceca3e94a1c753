//! The outbox over a real receiving server: what the first minute costs, another HTTP stack,
//! mirrors, giving way, and what two reports of one phone have in common on the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod outbox_support;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use fault_proxy::Faults;
use homeward_core::queue::{
    Budget, Conditions, Network, PartState, ReportState, RunEnd, StepFailure, StepOutcome,
};
use homeward_core::seal::PartKind;
use homeward_core::{Error, Refusal, Scope, SendWhen};
use outbox_support::{Scene, UrlSession, Wire};

#[test]
fn the_first_minute_takes_one_request_and_the_rest_of_its_report_the_same_connection() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(40_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    phone.run(&core);

    let requests = scene.organisation.recorder.requests();
    let first = &requests[0];
    assert_eq!(first.method, "POST");
    assert_eq!(Some(first.body), first.head.number("upload-length"), "it does not come along");
    assert!(first.head.header("upload-checksum").is_some_and(|sum| sum.starts_with("sha256 ")));
    assert!(requests.iter().all(|request| request.method != "OPTIONS"));
    let small = |request: &&homeward_tests::recorder::Request| {
        request.head.number("upload-length").is_some_and(|bytes| bytes <= 64 << 10)
    };
    assert!(requests.iter().filter(small).all(|request| request.body > 0));
    let with_posts = scene.organisation.recorder.conversations();
    let with_posts = with_posts.iter().filter(|said| said.up.starts_with(b"POST")).count();
    assert_eq!(with_posts, 1, "a handshake costs two round trips");
    assert_eq!(phone.status(&core, id).state, ReportState::Stored);
    scene.collect();
    phone.run(&core);
    assert_eq!(phone.status(&core, id).state, ReportState::Opened);
}

#[test]
fn another_http_stack_brings_a_whole_report_through_kills_and_lost_answers() {
    let scene = Scene::open(Faults::default());
    let (phone, mut core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(700_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    assert_eq!(
        core.next_step(Conditions::default(), true),
        Err(Error::Refused(Refusal::StepBesideProxy))
    );
    let (mut steps, mut lost, mut kinds) = (0_u32, 0_u32, BTreeSet::new());
    while let Some(step) = core.next_step(Conditions::default(), false).unwrap() {
        steps += 1;
        assert!(steps < 60, "it does not come to an end");
        assert_eq!(core.next_step(Conditions::default(), false).unwrap(), Some(step.clone()));
        assert_eq!(phone.run(&core), RunEnd::Busy, "two drivers");
        if steps % 2 == 0 {
            core = phone.restart(core);
            assert_eq!(core.next_step(Conditions::default(), false).unwrap(), Some(step.clone()));
        }
        kinds.insert(step.method);
        let answer = UrlSession::ask(&step);
        if steps % 5 == 3 {
            core = phone.restart(core);
        }
        if steps % 7 == 4 {
            lost += 1;
            core.on_step(step.id, StepOutcome::Failed(StepFailure::Interrupted)).unwrap();
        } else {
            core.on_step(step.id, answer.clone()).unwrap();
        }
        assert_eq!(core.on_step(step.id, answer), Err(Error::NotFound), "told twice");
    }
    println!("{steps} steps, {lost} answers lost");
    assert!(lost > 0 && kinds.contains("POST") && kinds.contains("PATCH"));
    assert_eq!(phone.status(&core, id).state, ReportState::Stored);
    scene.collect();
    phone.run(&core);
    assert_eq!(phone.status(&core, id).state, ReportState::Opened);
    assert_eq!(scene.reports_at_the_desk(), 1);
}

#[test]
fn a_step_that_nobody_answers_is_given_up_after_an_hour() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", None);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let step = core.next_step(Conditions::default(), false).unwrap().unwrap();
    phone.clock.advance_ms(59 * 60_000);
    assert_eq!(phone.run(&core), RunEnd::Busy);
    phone.clock.advance_ms(60_000);
    assert_eq!(phone.run(&core), RunEnd::NothingDue);
    assert_eq!(phone.status(&core, id).state, ReportState::Stored);
    assert_eq!(core.on_step(step.id, UrlSession::ask(&step)), Err(Error::NotFound));
}

#[test]
fn another_http_stack_waits_over_a_new_network_for_no_way_that_was_closed_before() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let core = phone.restart_patient(core);
    let id = phone.report(&core, "Mia", None);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let over = |network| Conditions { network, ..Conditions::default() };
    let step = core.next_step(over(Network::Wifi), false).unwrap().unwrap();
    core.on_step(step.id, StepOutcome::Failed(StepFailure::Unreachable)).unwrap();
    assert_eq!(core.next_step(over(Network::Wifi), false).unwrap(), None);
    assert_eq!(core.next_step(over(Network::None), false).unwrap(), None);
    let step = core.next_step(over(Network::Metered), false).unwrap().unwrap();
    // A server that asked for patience gets it over every network.
    let (status, headers) = (503, vec![("Retry-After".into(), "600".into())]);
    core.on_step(step.id, StepOutcome::Answered { status, headers }).unwrap();
    let due = |network| core.next_step(over(network), false).unwrap();
    let next = due(Network::Wifi).unwrap();
    assert_ne!(next.id, step.id, "another part");
    core.on_step(next.id, StepOutcome::Failed(StepFailure::Cancelled)).unwrap();
    let plan = core.plan(over(Network::Wifi)).unwrap();
    assert_eq!(plan.waiting[0].reason.as_deref(), Some("waiting-server-busy"));
}

#[test]
fn what_nobody_opens_by_the_deadline_also_goes_to_the_mirror_and_the_person_is_told_to_call() {
    let scene = Scene::open_with_mirror();
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(100_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    phone.run(&core);
    let sealed = phone.status(&core, id);
    assert_eq!((sealed.state, sealed.reason), (ReportState::Stored, None));
    assert_eq!(scene.mirrored(), 0);
    // It said "complete" and threw everything away.
    scene.discard_uploads();

    phone.clock.advance_ms(45 * 60_000);
    // The vault's key is of no need: what was sealed is on its way while the phone is locked.
    core.lock();
    phone.run(&core);

    let status = phone.status(&core, id);
    assert_eq!(status.state, ReportState::Stored, "at the mirror");
    assert_eq!(status.reason.as_deref(), Some("nobody-opened"));
    assert_eq!(scene.mirrored(), sealed.parts.len());
    // Once is enough.
    phone.clock.advance_ms(45 * 60_000);
    phone.run(&core);
    assert_eq!(scene.mirrored(), sealed.parts.len());

    scene.collect_the_mirror();
    phone.run(&core);
    let status = phone.status(&core, id);
    assert_eq!((status.state, status.reason), (ReportState::Opened, None));
    assert_eq!(scene.reports_at_the_desk(), 1);
}

#[test]
fn a_server_that_is_gone_is_not_waited_for_beyond_the_deadline() {
    let scene = Scene::open_with_mirror();
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", None);
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    scene.organisation.link.cut_all();
    scene.close_the_door();
    phone.run(&core);
    let status = phone.status(&core, id);
    assert_eq!((status.state, scene.mirrored()), (ReportState::Waiting, 0));
    phone.clock.advance_ms(45 * 60_000);
    phone.run(&core);
    assert_eq!(scene.mirrored(), status.parts.len());
    assert_eq!(phone.status(&core, id).state, ReportState::Stored);
}

#[test]
fn a_new_report_does_not_wait_for_an_older_ones_long_video() {
    let scene = Scene::open(Faults::slow(400_000));
    let (phone, core) = scene.phone();
    let older = phone.report(&core, "Ada", Some(3_000_000));
    core.send(older, Scope::All, SendWhen::Now).unwrap();
    let newer = phone.report(&core, "Mia", None);
    let half_way = |status: &homeward_core::queue::ReportStatus| status.sent > 250_000;
    let run = phone.start(&core, Budget::default());
    phone.until(&core, older, half_way);
    core.send(newer, Scope::All, SendWhen::Now).unwrap();
    phone.until(&core, newer, |status| status.state == ReportState::Stored);
    let status = phone.status(&core, older);
    assert_eq!(status.state, ReportState::Sending, "it was not overtaken");
    let kept = status.sent;
    assert_eq!(run.wait().unwrap(), RunEnd::NothingDue);
    assert_eq!(phone.status(&core, older).state, ReportState::Stored);
    let requests = scene.organisation.recorder.requests();
    let again = requests.iter().filter_map(|request| request.head.number("upload-offset")).min();
    println!("the older one had {kept} bytes then; the lowest offset is {again:?}");
    assert_eq!(scene.uploads(), status.parts.len() + phone.status(&core, newer).parts.len());
}

#[test]
fn a_run_that_waits_is_woken_by_a_new_report() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let core = phone.restart_patient(core);
    let older = phone.report(&core, "Ada", None);
    scene.close_the_door();
    core.send(older, Scope::All, SendWhen::Now).unwrap();
    let run = phone.start(&core, Budget { time: Some(Duration::from_secs(600)) });
    // It is not tried again for longer than this test may take.
    phone.until(&core, older, |status| status.parts.iter().any(|part| part.reason.is_some()));
    scene.open_the_door();
    let newer = phone.report(&core, "Mia", None);
    core.send(newer, Scope::All, SendWhen::Now).unwrap();
    // The new report shows that there is a way again, and the older one takes it, too.
    phone.until(&core, newer, |status| status.state == ReportState::Stored);
    phone.until(&core, older, |status| status.state == ReportState::Stored);
    assert_eq!(run.wait().unwrap(), RunEnd::NothingDue);
}

#[test]
fn an_upload_that_was_begun_is_ended_at_the_server_when_its_report_is_deleted() {
    let scene = Scene::open(Faults::slow(600_000));
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(3_000_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let run = phone.start(&core, Budget::default());
    let medium = |status: &homeward_core::queue::ReportStatus| {
        status.parts.iter().any(|part| part.kind == PartKind::Medium && part.sent > 0)
    };
    phone.until(&core, id, medium);
    run.cancel();
    run.wait().unwrap();
    let whole = phone.status(&core, id).parts;
    let whole = whole.iter().filter(|part| part.state == PartState::Stored).count();
    assert_eq!(scene.uploads(), whole + 1);
    core.delete(id).unwrap();
    phone.run(&core);
    assert_eq!(scene.uploads(), whole, "half a part lies there");
    let deletes = scene.organisation.recorder.requests();
    assert_eq!(deletes.iter().filter(|request| request.method == "DELETE").count(), 1);
}

#[test]
fn what_is_sealed_to_a_lost_or_compromised_key_does_not_leave_and_what_is_sealed_to_a_retired_does()
{
    for (state, reason) in [
        ("lost", Some("parked-recipient-lost")),
        ("compromised", Some("parked-recipient-compromised")),
        ("retired", None),
    ] {
        let scene = Scene::open(Faults::default());
        let (phone, core) = scene.phone();
        let id = phone.report(&core, "Mia", None);
        core.send(id, Scope::All, SendWhen::Now).unwrap();
        core.lock();
        core.pair(&scene.pack_with_desk_key(state)).unwrap();
        phone.run(&core);
        let status = phone.status(&core, id);
        assert_eq!(status.reason.as_deref(), reason, "{state}");
        assert_eq!(status.state == ReportState::Stored, reason.is_none(), "{state}");
        assert_eq!(scene.uploads() > 0, reason.is_none(), "{state}");
        // With the vault open it is sealed anew, to those who are left.
        let old: BTreeSet<_> = status.parts.iter().map(|part| part.part).collect();
        core.unlock(None).unwrap();
        phone.run(&core);
        let status = phone.status(&core, id);
        assert_eq!(status.state, ReportState::Stored, "{state}");
        assert_eq!(status.parts.len(), old.len(), "{state}");
        let kept = status.parts.iter().filter(|part| old.contains(&part.part)).count();
        assert_eq!(kept > 0, reason.is_none(), "{state}");
    }
}

#[test]
fn at_a_server_with_another_key_only_the_first_minute_goes_and_only_if_the_person_says_so() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let core = phone.restart_patient(core);
    core.pair(&scene.pack_with_other_pins()).unwrap();
    let id = phone.report(&core, "Mia", Some(100_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    phone.run(&core);
    let reasons = |core: &homeward_core::Homeward| -> Vec<_> {
        let parts = core.plan(Conditions::default()).unwrap().waiting;
        parts.into_iter().map(|part| part.reason.unwrap()).collect()
    };
    let all = phone.status(&core, id).parts.len();
    assert_eq!(reasons(&core), vec!["waiting-pin-mismatch"; all]);
    assert_eq!(scene.organisation.recorder.requests(), [], "a token left");

    core.send_first_minute_anyway(id).unwrap();
    phone.run(&core);

    for part in phone.status(&core, id).parts {
        let first = part.kind == PartKind::FirstMinute;
        assert_eq!(part.state == PartState::Stored, first, "{:?}", part.kind);
    }
    assert_eq!(scene.uploads(), 1);
    assert_eq!(core.send_first_minute_anyway(id), Err(Error::NotFound), "it has left");
}

#[test]
fn metered_networks_carry_words_and_a_saved_battery_keeps_files_back() {
    let scene = Scene::open(Faults::default());
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(100_000));
    core.send(id, Scope::All, SendWhen::Wifi).unwrap();
    let plan = |network, battery_saver| {
        let plan =
            core.plan(Conditions { network, battery_saver, ..Conditions::default() }).unwrap();
        let waiting = plan.waiting.iter().map(|part| part.reason.clone().unwrap()).collect();
        (plan.due.len(), waiting)
    };
    let words = phone.status(&core, id).parts.len() - 1;
    let why = |reason: &str| -> Vec<String> { vec![reason.into()] };
    assert_eq!(plan(Network::Metered, false), (words, why("waiting-for-wifi")));
    assert_eq!(plan(Network::Wifi, true), (words, why("waiting-for-battery")));
    assert_eq!(plan(Network::Wifi, false), (words + 1, vec![]));
    assert_eq!(plan(Network::None, false).0, 0);
}

#[test]
fn unless_the_person_says_so_only_a_missing_childs_photo_costs_money() {
    let waits = |form, answers: &[(&str, &str)]| {
        let scene = Scene::open(Faults::default());
        let (phone, core) = scene.phone();
        let id = phone.filled(&core, form, answers, Some(100_000));
        core.send(id, Scope::All, SendWhen::default()).unwrap();
        let metered = Conditions { network: Network::Metered, ..Conditions::default() };
        core.plan(metered).unwrap().waiting.len()
    };
    assert_eq!(waits("missing_child", &[("child_name", "Mia"), ("child_age", "7")]), 0);
    assert_eq!(waits("sighting", &[("seen_place", "by the old mill")]), 1);
}

#[test]
fn two_reports_of_one_phone_have_nothing_in_common_that_two_phones_would_not_have() {
    let scene = Scene::open(Faults::default());
    let (one, core) = scene.phone();
    let mut said: Vec<Wire> = Vec::new();
    for child in ["Mia", "Ada"] {
        let id = one.report(&core, child, Some(100_000));
        core.send(id, Scope::All, SendWhen::Now).unwrap();
        one.run(&core);
        scene.collect();
        one.run(&core);
        assert_eq!(one.status(&core, id).state, ReportState::Opened);
        said.push(scene.wire());
        // Or the next run would look for its receipt again, among what it says of the other.
        core.delete(id).unwrap();
    }
    let (other, core) = scene.phone();
    let id = other.report(&core, "Eva", Some(100_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    other.run(&core);
    scene.collect();
    other.run(&core);
    said.push(scene.wire());

    let [first, second, other] = said.as_slice() else { panic!() };
    assert!(first.pieces.len() > 1_000, "nothing was recorded");
    let in_common = first.pieces.intersection(&second.pieces);
    let telling: Vec<String> = in_common
        .filter(|piece| !other.pieces.contains(*piece))
        .map(|piece| String::from_utf8_lossy(piece).into_owned())
        .collect();
    assert_eq!(telling, Vec::<String>::new());
    // A session that is taken up again shows the ticket of the one before.
    for wire in &said {
        assert!(wire.handshakes > 0);
        assert_eq!(wire.resumed, 0, "of {}", wire.handshakes);
    }
}

#[test]
fn a_phone_alone_holds_the_outbox_of_a_home_and_the_kernel_frees_it() {
    let scene = Scene::open(Faults::slow(100_000));
    let (phone, core) = scene.phone();
    let id = phone.report(&core, "Mia", Some(2_000_000));
    core.send(id, Scope::All, SendWhen::Now).unwrap();
    let run = phone.start(&core, Budget::default());
    phone.until(&core, id, |status| status.sent > 0);
    let second = phone.open();
    assert_eq!(phone.run(&second), RunEnd::Busy);
    assert_eq!(second.next_step(Conditions::default(), false), Err(Error::Refused(Refusal::Busy)));
    run.cancel();
    assert_eq!(run.wait().unwrap(), RunEnd::Cancelled);
    assert!(second.next_step(Conditions::default(), false).unwrap().is_some());
    assert!(fs::metadata(phone.home().join("run.lock")).is_ok());
}
