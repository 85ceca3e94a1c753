//! What tus clients get wrong, a test or more for each point; the names carry its number.
//!
//! 1. A 409 to PATCH ends nothing, and may be invisible, because the server resets: after any error
//!    of a PATCH the server is asked by HEAD, and its offset is where it goes on.
//! 2. A 423 or a HEAD that hangs is waited out and never a reason for a second upload. Only 404 and
//!    410 mean that it is lost. 401 and 403 are for the person; 429 and 503 say when; other 5xx
//!    back off.
//! 3. The answer to a POST may be lost: what is intended is on disk first, the POST is empty and
//!    carries the part's own id.
//! 4. The answer to the last PATCH may be lost: HEAD tells that all is there. That is stored, not
//!    safe; only the receipt is.
//! 5. A server's offset may go back: whatever was sent once can be read again.
//! 6. An offset beyond the end or another length stops the upload. A 204 with an offset that was
//!    not expected is followed.
//! 7. A Location may be relative, without a port, or say http behind a proxy: it is resolved on the
//!    origin, and a downgrade refused. Redirects are followed if they are 307 or 308 and stay
//!    there.
//! 8. A part of length 0 is complete at its POST, and one of over 2 GiB goes.
//! 9. Progress gives the tries back. Where each cut falls on a PATCH's start a proxy collects whole
//!    requests: they are halved. So they are after a 413 that no tus server said.
//! 10. An upload is left before it expires. A proxy that drops PATCH gets a POST that names it in
//!     `X-HTTP-Method-Override`.
//! 11. A captive portal says 200, too: success, an offset, 404 and 410 count only beside
//!     `Tus-Resumable`.
//!
//! That names in the database are relative (iOS moves an app's folder) and that two workers never
//! send one part belongs to the queue.
//!
//! The machine runs against the model server of `net_support/model.rs`, which panics on top of what
//! is asserted here when a promise of every upload is broken.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use homeward_core::tus::{
    Failure, Kind, Memory, Method, Offer, Part, Policy, Reason, Response, Step, Upload,
};
use net_support::{Fate, Model, World, policy};

fn world(bytes: usize, fates: impl IntoIterator<Item = Fate>) -> World {
    World::new(bytes, Model::default()).with_fates(fates)
}

fn whole(world: &World) -> bool {
    world.model.uploads.last().is_some_and(|stored| stored.bytes == world.source)
}

#[test]
fn tus_01_a_409_on_patch_is_not_fatal() {
    let mut world = world(200, [Fate::Fine, Fate::Says(409, true)]);
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.kinds(), [Kind::Create, Kind::Send, Kind::Ask, Kind::Send]);
    assert!(whole(&world));
}

#[test]
fn tus_01_any_error_during_patch_leads_to_head_and_the_servers_offset() {
    let troubles = [
        Fate::CutAt(40),
        Fate::KilledAt(40),
        Fate::Says(500, true),
        Fate::Says(460, true),
        Fate::Says(502, false),
        Fate::Bent(|response| response.offset = None),
    ];
    for trouble in troubles {
        let mut world = world(200, [Fate::Fine, trouble.clone()]);
        assert_eq!(world.run(), Step::Stored, "{trouble:?}");
        assert_eq!(world.kinds()[..3], [Kind::Create, Kind::Send, Kind::Ask], "{trouble:?}");
        let resumed = world.patches().get(1).map(|(offset, _)| *offset);
        let kept = matches!(trouble, Fate::CutAt(_) | Fate::KilledAt(_)).then_some(80);
        assert!(resumed == kept || kept.is_none(), "{trouble:?} went on at {resumed:?}");
        assert!(whole(&world), "{trouble:?}");
    }
}

#[test]
fn tus_02_a_423_is_waited_for_and_never_makes_a_second_upload() {
    let locked = || Fate::Says(423, true);
    let mut world = world(200, [Fate::Fine, Fate::CutAt(50), locked(), locked(), locked()]);
    let begin = world.now_ms;
    assert_eq!(world.run(), Step::Stored);
    assert!(world.now_ms - begin > 5_000, "it did not wait");
    assert_eq!(world.model.uploads.len(), 1);
}

#[test]
fn tus_02_a_head_that_hangs_is_asked_again() {
    let mut world = world(200, [Fate::Fine, Fate::CutAt(50), Fate::CutAt(0), Fate::CutAt(0)]);
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.model.uploads.len(), 1);
}

#[test]
fn tus_02_404_and_410_mean_that_the_upload_is_lost_and_the_part_is_not() {
    let mut world = world(200, [Fate::Fine, Fate::CutAt(50), Fate::Forgets]);
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.disk.starts.gone, 1);
    assert!(whole(&world));
}

#[test]
fn tus_02_401_and_403_ask_the_person_and_keep_the_upload() {
    for status in [401, 403] {
        let mut world = world(200, [Fate::Fine, Fate::CutAt(50), Fate::Says(status, false)]);
        assert_eq!(world.run(), Step::Parked(Reason::TokenRefused));
        world.disk.restart(Reason::TokenRefused);
        world.restart();
        assert_eq!(world.run(), Step::Stored);
        assert_eq!(world.model.uploads.len(), 1);
    }
}

/// Servers refuse bytes for a complete upload with 403: another request has brought them, or an
/// offset was told that was too low.
#[test]
fn tus_02_a_403_to_bytes_is_believed_only_when_the_question_is_refused_too() {
    let refused = Fate::Says(403, true);
    let told_too_little = Fate::Bent(|answer| answer.offset = Some(100));
    let mut complete = world(200, [Fate::Fine, told_too_little, refused.clone()]);
    assert_eq!(complete.run(), Step::Stored);
    assert_eq!(complete.model.uploads.len(), 1);

    let mut for_good = world(200, [Fate::Fine, refused.clone(), Fate::Fine, refused]);
    assert_eq!(for_good.run(), Step::Parked(Reason::TokenRefused));
}

#[test]
fn tus_02_retry_after_is_obeyed_and_survives_a_restart() {
    for status in [429, 503] {
        let busy = Response { status, retry_after_ms: Some(90_000), ..Response::default() };
        let mut world = world(200, [Fate::Fine, Fate::Replies(busy)]);
        let before = world.now_ms;
        while world.disk.not_before_ms == 0 {
            assert_eq!(world.step(), None);
        }
        world.restart();
        assert!(matches!(
            world.upload.next_request(world.now_ms),
            Step::Wait { until_ms, reason: Reason::ServerBusy } if until_ms >= before + 90_000
        ));
        assert_eq!(world.run(), Step::Stored);
    }
}

#[test]
fn tus_03_the_intent_is_stored_before_an_empty_post_with_the_parts_own_id() {
    let mut world = world(200, [Fate::AnswerLost]);
    assert_eq!(world.run(), Step::Stored);
    let post = &world.requests[0];
    assert_eq!((post.method, post.body), (Method::Post, None));
    assert!(post.headers.contains(&("Upload-Metadata", "part YzBmZmVl".into())));
    assert_eq!(world.disk.starts.lost_answer, 1, "the lost answer is counted");
    assert_eq!(world.model.uploads.len(), 2, "and leaves one empty twin");
    assert!(world.model.uploads[0].bytes.is_empty());
}

#[test]
fn tus_04_a_lost_last_answer_is_found_out_by_head() {
    for lost in [Fate::AnswerLost, Fate::KilledAfter] {
        let mut world = world(200, [Fate::Fine, lost]);
        assert_eq!(world.run(), Step::Stored);
        assert_eq!(world.kinds(), [Kind::Create, Kind::Send, Kind::Ask]);
    }
}

#[test]
fn tus_05_an_offset_that_goes_back_is_followed() {
    let cut = || Fate::CutAt(0);
    let mut world = world(2000, [Fate::Fine, Fate::Fine, Fate::Fine, cut(), Fate::GoesBack(30)]);
    assert_eq!(world.run(), Step::Stored);
    let offsets: Vec<u64> = world.patches().iter().map(|(offset, _)| *offset).collect();
    assert!(offsets.windows(2).any(|pair| pair[1] < pair[0]), "{offsets:?}");
    assert!(whole(&world));
}

#[test]
fn tus_06_an_offset_beyond_the_end_or_another_length_stops() {
    let lies: [fn(&mut Response); 3] = [
        |response| response.offset = Some(201),
        |response| response.offset = Some(u64::MAX),
        |response| response.length = Some(199),
    ];
    for lie in lies {
        let mut world = world(200, [Fate::Fine, Fate::CutAt(50), Fate::Bent(lie)]);
        assert_eq!(world.run(), Step::Parked(Reason::WrongLength));
    }
}

#[test]
fn tus_06_a_204_with_an_unexpected_offset_is_followed() {
    let mut upload = begun(Part { bytes: 10_000, ..part() }, policy());
    let Step::Request(request) = turn(&mut upload, 0) else { panic!("no request") };
    assert_eq!(request.body.unwrap().bytes, 256);
    upload.on_response(&answer(204, 100), 0);
    let Step::Request(request) = turn(&mut upload, 0) else { panic!("no request") };
    assert_eq!(request.body.unwrap().offset, 100);
}

#[test]
fn tus_06_a_204_that_never_moves_is_slowed_down() {
    let mut upload = begun(Part { bytes: 10_000, ..part() }, policy());
    for _ in 0..2 {
        assert!(matches!(turn(&mut upload, 0), Step::Request(_)));
        upload.on_response(&answer(204, 0), 0);
    }
    assert!(matches!(turn(&mut upload, 0), Step::Wait { .. }));
}

#[test]
fn tus_07_an_upload_on_another_host_is_refused_and_a_downgrade_does_not_happen() {
    let mut away = world(200, [Fate::Bent(|r| r.location = Some("https://evil.test/1".into()))]);
    assert_eq!(away.run(), Step::Parked(Reason::ForeignLocation));

    let bend: fn(&mut Response) = |r| r.location = Some("http://desk.test/files/0".into());
    let mut down = world(200, [Fate::Bent(bend)]);
    assert_eq!(down.run(), Step::Stored);
    assert!(down.requests.iter().all(|request| request.url.starts_with("https://desk.test/")));
}

#[test]
fn tus_07_only_307_and_308_on_the_same_origin_are_followed() {
    let redirect = |status, to: &str| {
        Fate::Replies(Response { status, location: Some(to.into()), ..Response::default() })
    };
    for status in [307, 308] {
        let mut world = world(200, [redirect(status, "/other")]);
        assert_eq!(world.run(), Step::Stored);
        assert_eq!(world.requests[1].url, "https://desk.test/other");
    }
    for (status, to) in [
        (301, "/other"),
        (302, "/other"),
        (303, "/other"),
        (307, "https://evil.test/other"),
        (308, "http://desk.test/other"),
    ] {
        let mut world = world(200, [redirect(status, to)]);
        assert_eq!(world.run(), Step::Stored);
        assert!(!world.requests.iter().any(|request| request.url.ends_with("other")), "{to}");
    }
}

#[test]
fn tus_07_a_circle_of_redirects_ends() {
    let circle = Response { status: 307, location: Some("/files".into()), ..Response::default() };
    let mut world = world(200, vec![Fate::Replies(circle); 6]);
    let begin = world.now_ms;
    assert_eq!(world.run(), Step::Stored);
    assert!(world.now_ms - begin >= 1_000, "it did not wait");
}

#[test]
fn tus_08_length_0_is_complete_at_post() {
    let mut world = world(0, []);
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.kinds(), [Kind::Create]);
}

#[test]
fn tus_08_a_part_of_five_gigabytes_goes() {
    let part = Part { bytes: 5 << 30, ..part() };
    let mut upload = begun(part.clone(), Policy::default());
    let mut sent = 0;
    for round in 0.. {
        assert!(round < 10_000, "no end");
        match turn(&mut upload, 0) {
            Step::Request(request) => {
                let body = request.body.unwrap();
                assert_eq!(body.offset, sent);
                sent += body.bytes;
                upload.on_response(&answer(204, sent), 0);
            }
            Step::Stored => break,
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(sent, part.bytes);
}

#[test]
fn tus_09_a_proxy_that_buffers_whole_requests_gets_smaller_ones() {
    let mut upload = begun(Part { bytes: 3 << 20, ..part() }, Policy::default());
    let (mut kept, mut now_ms) = (0, 0);
    for round in 0.. {
        assert!(round < 10_000, "no end");
        match turn(&mut upload, now_ms) {
            Step::Request(request) => match request.body {
                // The line holds for 100,000 bytes, and the proxy passes on only what is whole.
                Some(body) if body.bytes > 100_000 => upload.on_failure(Failure::Cut, now_ms),
                Some(body) => {
                    kept += body.bytes;
                    upload.on_response(&answer(204, kept), now_ms);
                }
                None => upload.on_response(&answer(200, kept), now_ms),
            },
            Step::Wait { until_ms, .. } => now_ms = until_ms,
            Step::Stored => break,
            step => panic!("{step:?}"),
        }
    }
    assert!(now_ms < 3_600_000, "it took {now_ms} ms");
}

#[test]
fn tus_09_the_retry_budget_resets_on_progress() {
    let mut fates = vec![Fate::Fine];
    fates.extend((0..9).map(|_| Fate::Unconnected));
    let mut world = world(200, fates);
    while world.disk.failures < 9 {
        assert_eq!(world.step(), None);
    }
    assert_eq!(world.run(), Step::Stored);
    assert_eq!((world.disk.failures, world.disk.fruitless), (0, 0));
}

#[test]
fn tus_09_a_413_of_a_proxy_means_smaller_and_one_of_the_server_means_too_large() {
    let mut small = World::new(4000, Model { body_limit: Some(100), ..Model::default() });
    assert_eq!(small.run(), Step::Stored);
    let largest_kept = small.patches().iter().map(|(_, bytes)| *bytes).filter(|b| *b <= 100).max();
    assert_eq!(largest_kept, Some(64));
    let refused = small.patches().iter().filter(|(_, bytes)| *bytes > 100).count();
    assert_eq!(refused, 2, "256 and 128 were tried once each");

    let mut large = world(200, [Fate::Says(413, true)]);
    assert_eq!(large.run(), Step::Parked(Reason::TooLarge));
}

#[test]
fn tus_10_an_upload_about_to_expire_is_left_and_begun_again() {
    let mut world = World::new(200, Model { lifetime_ms: Some(60_000), ..Model::default() })
        .with_fates([Fate::Fine, Fate::CutAt(50), Fate::Later(50)]);
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.disk.starts.expired, 1);
    assert!(whole(&world));
}

#[test]
fn tus_10_a_proxy_that_drops_patch_gets_a_post_that_says_what_it_means() {
    let mut world = World::new(2000, Model { no_patch: true, ..Model::default() });
    assert_eq!(world.run(), Step::Stored);
    let methods: Vec<Method> = world.requests.iter().map(|request| request.method).collect();
    assert_eq!(methods.iter().filter(|method| **method == Method::Patch).count(), 1);
    assert!(world.disk.override_patch, "and remembers it");
}

#[test]
fn tus_10_a_server_that_knows_no_disguise_is_not_taken_for_one_that_lost_the_upload() {
    let model = Model { no_override: true, ..Model::default() };
    let mut world = World::new(2000, model).with_fates([Fate::Fine, Fate::Says(405, false)]);
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.model.uploads.len(), 1);
    assert!(!world.disk.override_patch);
}

#[test]
fn tus_10_a_method_that_never_arrives_is_disguised_in_the_end() {
    let mut upload = begun(Part { bytes: 1000, ..part() }, policy());
    let (mut kept, mut now_ms) = (0, 0);
    for round in 0.. {
        assert!(round < 10_000, "no end");
        match turn(&mut upload, now_ms) {
            Step::Request(request) => match (request.method, request.body) {
                (Method::Post, Some(body)) => {
                    kept += body.bytes;
                    upload.on_response(&answer(204, kept), now_ms);
                }
                (Method::Head, _) => upload.on_response(&answer(200, kept), now_ms),
                _ => upload.on_failure(Failure::Cut, now_ms),
            },
            Step::Wait { until_ms, .. } => now_ms = until_ms,
            Step::Stored => break,
            step => panic!("{step:?}"),
        }
    }
    assert!(now_ms < 600_000, "it took {now_ms} ms");
}

#[test]
fn tus_11_a_captive_portal_is_not_believed() {
    for status in [200, 201, 204, 302, 400, 404, 410, 418] {
        for at in 0..3 {
            let mut fates = vec![Fate::Fine, Fate::CutAt(50), Fate::Fine];
            fates[at] = Fate::Says(status, false);
            let mut world = world(200, fates);
            assert_eq!(world.run(), Step::Stored, "{status} at {at}");
            assert!(whole(&world));
            assert_eq!(world.disk.starts.gone, 0, "{status} at {at}");
            assert_eq!(world.disk.reason.as_deref(), None, "{status} at {at}");
        }
    }
}

#[test]
fn a_small_part_goes_in_one_round_trip_where_the_server_offers_it() {
    let offering = Model { with_upload: true, ..Model::default() };
    let mut one = World::new(64, offering.clone());
    assert_eq!(one.run(), Step::Stored);
    assert_eq!(one.kinds(), [Kind::Create]);
    assert!(whole(&one));

    let mut two = World::new(65, offering);
    assert_eq!(two.run(), Step::Stored);
    assert_eq!(two.kinds(), [Kind::Create, Kind::Send]);
}

#[test]
fn a_server_that_refuses_or_ignores_a_body_with_the_post_still_gets_the_part() {
    let offering = || Model { with_upload: true, ..Model::default() };
    for refusal in [Fate::Says(413, false), Fate::Says(413, true), Fate::Says(400, true)] {
        let mut world = World::new(64, offering()).with_fates([refusal]);
        assert_eq!(world.run(), Step::Stored);
        assert_eq!(world.kinds(), [Kind::Create, Kind::Create, Kind::Send]);
    }
    let mut ignored = begun_with(
        Part { bytes: 64, ..part() },
        policy(),
        Offer { with_upload: true, ..Offer::default() },
        Response { status: 201, tus: true, location: Some("1".into()), ..Response::default() },
    );
    assert!(matches!(turn(&mut ignored, 0), Step::Request(request) if request.kind == Kind::Send));
}

#[test]
fn a_memory_whose_upload_lies_on_another_server_begins_again_and_says_why() {
    let mut world = world(200, [Fate::Fine, Fate::CutAt(50)]);
    while world.disk.url.is_none() {
        assert_eq!(world.step(), None);
    }
    world.part.endpoint = "https://new.test/files".into();
    world.excuse = true;
    world.restart();
    assert_eq!(world.run(), Step::Stored);
    assert_eq!(world.disk.starts.moved, 1);
}

#[test]
fn no_secret_shows_in_debug_output() {
    let canary = "https://desk.test/files/canary";
    let memory = Memory { url: Some(canary.into()), posted: true, ..Memory::default() };
    let mut upload = Upload::new(part(), memory, Offer::default(), policy());
    let asked = format!("{:?} {upload:?}", turn(&mut upload, 0));
    let away = Response {
        status: 307,
        location: Some("https://desk.test/canary".into()),
        ..Response::default()
    };
    upload.on_response(&away, 0);
    let shown = format!("{asked} {:?} {upload:?} {away:?}", turn(&mut upload, 0));
    assert!(!shown.contains("canary") && !shown.contains("c0ffee"), "{shown}");
}

fn part() -> Part {
    Part { endpoint: "https://desk.test/files/".into(), id: "c0ffee".into(), bytes: 200 }
}

/// An upload that was just created.
fn begun(part: Part, policy: Policy) -> Upload {
    let created =
        Response { status: 201, tus: true, location: Some("1".into()), ..Response::default() };
    begun_with(part, policy, Offer::default(), created)
}

fn begun_with(part: Part, policy: Policy, offer: Offer, created: Response) -> Upload {
    let mut upload = Upload::new(part, Memory::default(), offer, policy);
    assert!(matches!(turn(&mut upload, 0), Step::Request(request) if request.kind == Kind::Create));
    upload.on_response(&created, 0);
    upload
}

fn answer(status: u16, offset: u64) -> Response {
    Response { status, tus: true, offset: Some(offset), ..Response::default() }
}

/// The next step after everything was saved.
fn turn(upload: &mut Upload, now_ms: i64) -> Step {
    loop {
        match upload.next_request(now_ms) {
            Step::Save => upload.saved(),
            step => return step,
        }
    }
}
