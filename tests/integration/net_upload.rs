//! Parts go to a real tus server over real TLS, and go on where they were cut.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use axum::http::Method;
use fault_proxy::{Dice, FaultProxy, Faults};
use homeward_core::net::{CancelToken, UploadEnd};
use homeward_core::tus::{Offer, Reason};
use net_support::{Authority, Mood, Phone, TusServer, part_bytes};

fn server(authority: &Authority) -> TusServer {
    TusServer::start(authority.acceptor("127.0.0.1", |_| {}))
}

#[test]
fn a_part_arrives_whole_with_its_token_in_a_header_only() {
    let authority = Authority::make();
    let server = server(&authority);
    let bytes = part_bytes(1, 3_000_001);
    let mut phone = Phone::with_part(server.address, authority.anchor(), bytes);

    assert_eq!(phone.upload(), UploadEnd::Stored);

    server.assert_holds_only(&phone.bytes);
    for seen in server.gate.seen() {
        assert_eq!(seen.headers["authorization"], "Bearer token-canary");
        assert!(!seen.path.contains("canary"));
    }
    assert_eq!(server.gate.creations(), 1);
}

#[test]
fn after_a_cut_it_goes_on_at_the_servers_offset_and_sends_no_byte_below_it() {
    let authority = Authority::make();
    let server = server(&authority);
    let link = FaultProxy::start(
        server.address,
        Faults { cut_up_after: Some(1_000_000), reset: true, ..Faults::default() },
    )
    .unwrap();
    let bytes = part_bytes(2, 3_500_000);
    let mut phone = Phone::with_part(link.address(), authority.anchor(), bytes);

    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);

    server.assert_holds_only(&phone.bytes);
    let mut kept = 0;
    for seen in server.gate.seen() {
        match seen.method {
            Method::HEAD => kept = seen.answered("upload-offset").unwrap(),
            Method::PATCH => assert!(seen.number("upload-offset").unwrap() >= kept),
            _ => {}
        }
    }
    assert!(kept > 0, "the server kept nothing of a cut request");
    assert!(link.counts().faulted >= 3, "{:?}", link.counts());
}

#[test]
fn cancelled_half_way_it_ends_at_once_and_a_new_process_goes_on() {
    let authority = Authority::make();
    let server = server(&authority);
    let link = FaultProxy::start(server.address, Faults::slow(2_000_000)).unwrap();
    let bytes = part_bytes(3, 2_000_000);
    let mut phone = Phone::with_part(link.address(), authority.anchor(), bytes);
    phone.row.cancel_at = Some((700_000, phone.cancel.clone()));

    assert_eq!(phone.upload(), UploadEnd::Cancelled);

    phone.row.cancel_at = None;
    phone.cancel = CancelToken::new();
    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);
    let seen = server.gate.seen();
    let asked = seen.iter().position(|seen| seen.method == Method::HEAD).expect("it asked first");
    let kept = seen[asked].answered("upload-offset").unwrap();
    assert!(kept > 0);
    let mut sent = seen[asked..].iter().filter_map(|seen| seen.number("upload-offset"));
    assert_eq!(sent.next(), Some(kept));
    assert!(sent.all(|offset| offset > kept));
    server.assert_holds_only(&phone.bytes);
}

#[test]
fn a_lost_answer_to_the_post_leaves_an_empty_twin_and_one_whole_upload() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.next(Method::POST, Mood::LosesAnswer);
    let mut phone = Phone::with_part(server.address, authority.anchor(), part_bytes(5, 500_000));

    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);

    let mut uploads = server.uploads();
    uploads.retain(|upload| !upload.is_empty());
    assert_eq!(uploads, [phone.bytes]);
    assert_eq!(server.gate.creations(), 2);
    assert_eq!(phone.row.memory.starts.lost_answer, 1);
}

#[test]
fn a_lost_last_answer_is_found_out_and_nothing_is_sent_twice() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.next(Method::PATCH, Mood::LosesAnswer);
    let mut phone = Phone::with_part(server.address, authority.anchor(), part_bytes(6, 100_000));

    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);

    server.assert_holds_only(&phone.bytes);
    assert_eq!(server.gate.count(&Method::PATCH), 1);
}

#[test]
fn a_server_that_ends_a_patch_early_is_asked_and_followed() {
    let authority = Authority::make();
    let server = server(&authority);
    for status in [409, 423, 500, 503] {
        let tus = vec![("tus-resumable", "1.0.0".to_owned())];
        server.gate.next(Method::PATCH, Mood::Says(status, tus));
    }
    let bytes = part_bytes(7, 9_000_000);
    let mut phone = Phone::with_part(server.address, authority.anchor(), bytes);

    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);

    server.assert_holds_only(&phone.bytes);
    assert_eq!(server.gate.creations(), 1);
}

#[test]
fn a_proxy_that_knows_no_patch_gets_a_post() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.rule(|seen| (seen.method == Method::PATCH).then(|| Mood::Says(405, vec![])));
    let mut phone = Phone::with_part(server.address, authority.anchor(), part_bytes(8, 900_000));

    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);

    server.assert_holds_only(&phone.bytes);
    // The 405 itself may be lost in a reset, because the gate reads no body: the machine finds
    // the disguise all the same.
    assert!(phone.row.memory.override_patch);
    assert!(server.gate.count(&Method::PATCH) >= 1);
}

#[test]
fn a_first_minute_goes_in_one_request_to_a_server_of_which_all_is_expected() {
    let authority = Authority::make();
    let server = server(&authority);
    let mut phone = Phone::with_part(server.address, authority.anchor(), part_bytes(9, 16_000));
    phone.net.learn(Offer::EXPECTED);

    assert_eq!(phone.upload(), UploadEnd::Stored);

    server.assert_holds_only(&phone.bytes);
    let methods: Vec<Method> = server.gate.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, [Method::POST]);
}

#[test]
fn progress_never_says_more_than_was_written_and_stored_never_more_than_the_server_has() {
    let authority = Authority::make();
    let server = server(&authority);
    let mut phone = Phone::with_part(server.address, authority.anchor(), part_bytes(1, 1_000_000));

    assert_eq!(phone.upload(), UploadEnd::Stored);

    let said: Vec<u64> =
        server.gate.seen().iter().filter_map(|seen| seen.answered("upload-offset")).collect();
    for progress in &phone.row.progress {
        assert!(progress.stored <= progress.written && progress.written <= progress.total);
        assert!(progress.stored == 0 || said.contains(&progress.stored), "{progress:?}");
    }
    assert_eq!(phone.row.progress.last().unwrap().stored, 1_000_000);
}

/// Forty parts over forty bad lines. A failing seed is printed and plays again.
#[test]
fn forty_bad_lines_lose_nothing_and_double_nothing() {
    let authority = Authority::make();
    let server = server(&authority);
    let mut accidents = 0;
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let size = dice.below(2_000_000) as usize;
        let link = FaultProxy::start_with(server.address, Box::new(bad_line(seed))).unwrap();
        let mut phone =
            Phone::with_part(link.address(), authority.anchor(), part_bytes(seed, size));

        assert_eq!(phone.upload_patiently(), UploadEnd::Stored, "seed {seed}");

        let whole = server.uploads().iter().filter(|upload| **upload == phone.bytes).count();
        assert_eq!(whole, 1, "seed {seed}");
        accidents += link.counts().faulted;
    }
    assert!(accidents >= 40, "only {accidents} accidents");
}

/// A line that has an accident on most connections, and gets better in the end.
fn bad_line(seed: u64) -> impl FnMut(u64) -> Faults + Send {
    let mut dice = Dice::new(!seed);
    move |number| {
        let mut faults = Faults { reset: dice.percent(50), ..Faults::default() };
        let after = Some(dice.below(600_000));
        match dice.below(if number < 12 { 5 } else { 20 }) {
            0 => faults.refuse = true,
            1 | 2 => faults.cut_up_after = after,
            3 => faults.cut_down_after = after.map(|after| after % 3_000),
            _ => {}
        }
        faults
    }
}

#[test]
fn a_server_that_is_not_there_is_a_reason_and_loses_nothing() {
    let authority = Authority::make();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let mut phone = Phone::with_part(nobody, authority.anchor(), part_bytes(4, 1000));

    let end = phone.upload();

    let UploadEnd::Retry { reason, not_before_ms } = end else { panic!("{end:?}") };
    assert_eq!(reason, Reason::ServerUnreachable);
    assert_eq!(phone.row.memory.not_before_ms, not_before_ms);
    assert!(!phone.row.memory.posted, "nothing was posted");
}
