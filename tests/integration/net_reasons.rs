//! Why a part waits: each cause is told from the others, over real connections.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use fault_proxy::{FaultProxy, Faults};
use homeward_core::net::{Net, NetError, Pacing, Proxy, Server, Trust, UploadEnd};
use homeward_core::tus::Reason;
use net_support::{
    Authority, Mood, Phone, Socks, TusServer, closed_port, now_ms, part_bytes, quick,
};
use rcgen::{CertificateParams, date_time_ymd};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

fn server(authority: &Authority) -> TusServer {
    TusServer::start(authority.acceptor("127.0.0.1", |_| {}))
}

fn server_with(authority: &Authority, adjust: impl FnOnce(&mut CertificateParams)) -> TusServer {
    TusServer::start(authority.acceptor("127.0.0.1", adjust))
}

fn phone(address: SocketAddr, authority: &Authority) -> Phone {
    Phone::with_part(address, authority.anchor(), part_bytes(5, 300_000))
}

fn phone_off_by(off_ms: i64, server: &Server) -> Phone {
    Phone::off_by(off_ms, server, part_bytes(5, 300_000))
}

#[test]
fn a_portal_that_answers_http_on_the_tls_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n");
        }
    });
    let reason = phone(address, &Authority::make()).waits_because();
    assert_eq!(reason.message_id(), "waiting-captive-portal");
}

#[test]
fn a_portal_that_answers_in_the_servers_place() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.next(Method::POST, Mood::Says(200, vec![("content-type", "text/html".into())]));
    let mut phone = phone(server.address, &authority);
    assert_eq!(phone.waits_because().message_id(), "waiting-captive-portal");
    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);
}

#[test]
fn a_certificate_of_another_authority_or_for_another_name() {
    let (ours, theirs) = (Authority::make(), Authority::make());
    let server = server(&theirs);
    let reason = phone(server.address, &ours).waits_because();
    assert_eq!(reason.message_id(), "waiting-tls-untrusted");

    let elsewhere = TusServer::start(ours.acceptor("elsewhere.test", |_| {}));
    let reason = phone(elsewhere.address, &ours).waits_because();
    assert_eq!(reason.message_id(), "waiting-tls-untrusted");
    assert!(server.gate.seen().is_empty() && elsewhere.gate.seen().is_empty(), "a token left");
}

#[test]
fn an_organisations_own_anchor_is_the_only_one_believed() {
    let authority = Authority::make();
    let server = server(&authority);
    let public =
        Server { trust: Trust::Public, ..Phone::server(&server.address.to_string(), vec![]) };
    assert_eq!(phone_off_by(0, &public).waits_because(), Reason::TlsUntrusted);
}

#[test]
fn an_expired_certificate_is_told_from_a_clock_that_is_ahead() {
    let authority = Authority::make();
    let expired = server_with(&authority, |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let reason = phone(expired.address, &authority).waits_because();
    assert_eq!(reason.message_id(), "waiting-certificate-expired");
    assert!(expired.gate.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));

    let good = server_with(&authority, |params| params.not_after = date_time_ymd(2040, 1, 1));
    let known = Phone::server(&good.address.to_string(), authority.anchor());
    let reason = phone_off_by(30 * YEAR_MS, &known).waits_because();
    assert_eq!(reason.message_id(), "waiting-wrong-clock");
    assert!(good.gate.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
}

#[test]
fn a_clock_that_is_behind_is_said_or_does_not_matter_when_the_pack_is_newer() {
    let authority = Authority::make();
    let server = server_with(&authority, |params| params.not_before = date_time_ymd(2026, 1, 1));
    let known = Phone::server(&server.address.to_string(), authority.anchor());
    let reason = phone_off_by(-20 * YEAR_MS, &known).waits_because();
    assert_eq!(reason.message_id(), "waiting-wrong-clock");

    let known = Server { known_ms: now_ms(), ..known };
    assert_eq!(phone_off_by(-20 * YEAR_MS, &known).upload(), UploadEnd::Stored);
}

#[test]
fn a_name_that_nobody_knows_is_told_from_a_server_that_refuses() {
    let unknown = Phone::server("desk.invalid", Authority::make().anchor());
    let reason = phone_off_by(0, &unknown).waits_because();
    // On a machine without any route the missing name is a missing network.
    assert!(matches!(reason, Reason::NameNotFound | Reason::NoNetwork), "{reason:?}");

    let reason = phone(closed_port(), &Authority::make()).waits_because();
    assert_eq!(reason.message_id(), "waiting-server-unreachable");
}

fn impatient(address: SocketAddr, authority: &Authority) -> Phone {
    Phone::impatient(address, authority.anchor(), part_bytes(5, 5_000_000))
}

#[test]
fn a_server_that_is_silent_from_the_start_cannot_be_reached() {
    let authority = Authority::make();
    let server = server(&authority);
    let faults = Faults { stall_down_after: Some(0), ..Faults::default() };
    let link = FaultProxy::start(server.address, faults).unwrap();
    let reason = impatient(link.address(), &authority).waits_because();
    assert_eq!(reason.message_id(), "waiting-server-unreachable");
    assert!(link.counts().faulted > 0, "no fault happened");
}

#[test]
fn a_line_that_stalls_in_the_middle_is_given_up_and_taken_up_again() {
    let authority = Authority::make();
    let server = server(&authority);
    let plan =
        |number| Faults { stall_up_after: (number == 0).then_some(90_000), ..Faults::default() };
    let link = FaultProxy::start_with(server.address, Box::new(plan)).unwrap();
    let mut phone = impatient(link.address(), &authority);
    // The stalled request holds the server's lock, so asking again may hang or say 423.
    let reason = phone.waits_because();
    assert!(matches!(reason, Reason::ConnectionLost | Reason::ServerBusy), "{reason:?}");
    assert_eq!(link.counts().faulted, 1, "no fault happened");
    link.cut_all();
    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);
    assert_eq!(server.gate.creations(), 1, "never a second upload");
    server.assert_holds_only(&phone.bytes);
}

#[test]
fn a_server_that_takes_everything_and_says_nothing_is_asked_again_later() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.next(Method::PATCH, Mood::Silent);
    server.gate.next(Method::HEAD, Mood::Silent);
    let mut phone = impatient(server.address, &authority);
    assert_eq!(phone.waits_because().message_id(), "waiting-connection-lost");
    assert_eq!(phone.upload_patiently(), UploadEnd::Stored);
    assert_eq!(server.gate.creations(), 1, "never a second upload");
}

#[test]
fn a_silent_server_does_not_hold_up_a_cancel() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.next(Method::PATCH, Mood::Silent);
    let known = Phone::server(&server.address.to_string(), authority.anchor());
    // With real pacing: the upload would go on waiting for a minute, and then succeed.
    let net = Net::new(&known, None, &Pacing::default(), Arc::new(now_ms)).unwrap();
    let mut phone = Phone::over(net, &known, part_bytes(5, 5_000_000));
    let (cancel, gate) = (phone.cancel.clone(), server.gate.clone());
    let watcher = std::thread::spawn(move || {
        while gate.count(&Method::PATCH) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        cancel.cancel();
    });
    assert_eq!(phone.upload(), UploadEnd::Cancelled);
    watcher.join().unwrap();
}

#[test]
fn a_proxy_that_is_down_means_waiting_and_nothing_goes_around_it() {
    let authority = Authority::make();
    let server = server(&authority);
    let known = Phone::server(&server.address.to_string(), authority.anchor());
    let through = |proxy: SocketAddr| {
        let proxy = Proxy::parse(&format!("socks5h://{proxy}")).unwrap();
        let net = Net::new(&known, Some(&proxy), &quick(), Arc::new(now_ms)).unwrap();
        Phone::over(net, &known, part_bytes(5, 300_000))
    };
    assert_eq!(through(closed_port()).waits_because().message_id(), "waiting-proxy-down");
    let refusing = Socks::start(None);
    let reason = through(refusing.address).waits_because();
    assert_eq!(reason.message_id(), "waiting-proxy-refused");
    assert!(server.gate.seen().is_empty());
}

#[test]
fn through_a_proxy_the_name_is_resolved_there_and_the_login_is_the_reports_own() {
    let authority = Authority::make();
    let server = TusServer::start(authority.acceptor("desk.test", |_| {}));
    let socks = Socks::start(Some(server.address));
    let host = format!("desk.test:{}", server.address.port());
    let known = Phone::server(&host, authority.anchor());
    let proxy = Proxy::parse(&format!("socks5h://{}", socks.address)).unwrap();
    let proxy = proxy.with_login("report-1", "word").unwrap();
    let net = Net::new(&known, Some(&proxy), &quick(), Arc::new(now_ms)).unwrap();
    let mut phone = Phone::over(net, &known, part_bytes(5, 300_000));

    // No system resolver knows desk.test: had it been asked, this would fail.
    assert_eq!(phone.upload(), UploadEnd::Stored);

    let asked = socks.asked();
    assert!(!asked.is_empty());
    for asked in asked {
        assert_eq!(asked.name, "desk.test");
        assert_eq!(asked.login, Some(("report-1".into(), "word".into())));
    }
}

#[test]
fn a_wrong_token_parks_the_part_and_a_busy_server_is_given_its_time() {
    let authority = Authority::make();
    let server = server(&authority);
    server.gate.next(Method::POST, Mood::Says(401, vec![]));
    let mut refused = phone(server.address, &authority);
    assert_eq!(refused.upload(), UploadEnd::Parked(Reason::TokenRefused));

    server.gate.next(Method::POST, Mood::Says(503, vec![("retry-after", "600".into())]));
    let mut busy = phone(server.address, &authority);
    let before = now_ms();
    assert_eq!(busy.waits_because().message_id(), "waiting-server-busy");
    assert!(busy.row.memory.not_before_ms >= before + 600_000);
    assert_eq!(busy.upload(), busy.upload(), "asked again before its time");
    assert_eq!(server.gate.creations(), 2);
}

#[test]
fn a_full_disk_stops_before_anything_is_sent() {
    let authority = Authority::make();
    let server = server(&authority);
    let mut phone = phone(server.address, &authority);
    phone.row.full_disk = true;
    assert_eq!(phone.upload(), UploadEnd::SaveFailed);
    assert!(server.gate.seen().is_empty());
}

#[test]
fn a_sealed_file_that_is_shorter_than_its_row_says_parks_the_part() {
    let authority = Authority::make();
    let server = server(&authority);
    let mut phone = phone(server.address, &authority);
    phone.part.bytes += 1;
    assert_eq!(phone.upload_patiently(), UploadEnd::Parked(Reason::SpoolUnreadable));
}

#[test]
fn what_is_no_https_server_no_anchor_or_no_token_makes_no_client() {
    let good = Phone::server("127.0.0.1:1", Authority::make().anchor());
    let build = |server: &Server| Net::new(server, None, &quick(), Arc::new(now_ms)).map(|_| ());
    let url = |url: &str| Server { url: url.into(), ..good.clone() };
    assert_eq!(build(&good), Ok(()));
    assert_eq!(build(&url("http://127.0.0.1:1/")), Err(NetError::BadServer));
    assert_eq!(build(&url("127.0.0.1")), Err(NetError::BadServer));
    let anchors = |anchors| Server { trust: Trust::Anchors(anchors), ..good.clone() };
    assert_eq!(build(&anchors(vec![])), Err(NetError::BadAnchor));
    assert_eq!(build(&anchors(vec![b"no certificate".to_vec()])), Err(NetError::BadAnchor));
    let token = Server { token: "a\nb".into(), ..good.clone() };
    assert_eq!(build(&token), Err(NetError::BadToken));
}

#[test]
fn debug_output_shows_no_server_and_no_token() {
    let server = Phone::server("canary.test", Authority::make().anchor());
    let net = Net::new(&server, None, &quick(), Arc::new(now_ms)).unwrap();
    assert!(!format!("{server:?} {net:?}").contains("canary"));
}
