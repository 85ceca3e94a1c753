//! A cancel ends an upload in every phase, with the pacing of real networks: without it each of
//! these would go on for 20 seconds or more, and then end in another way.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use fault_proxy::{FaultProxy, Faults};
use homeward_core::net::{self, CancelToken, Net, Pacing, UploadEnd};
use net_support::{Authority, Mood, Phone, TusServer, now_ms, part_bytes};

/// A phone that is as patient as it is on a real network.
fn phone(address: SocketAddr, authority: &Authority) -> Phone {
    let known = Phone::server(&address.to_string(), authority.anchor());
    let net = Net::new(&known, None, &Pacing::default(), Arc::new(now_ms)).unwrap();
    Phone::over(net, &known, part_bytes(5, 3_000_000))
}

/// Uploads, and cancels as soon as `reached` says so.
fn cancelled_when(phone: &mut Phone, reached: impl Fn() -> bool + Send + 'static) -> UploadEnd {
    let cancel = phone.cancel.clone();
    let watcher = std::thread::spawn(move || {
        while !reached() {
            std::thread::sleep(Duration::from_millis(5));
        }
        cancel.cancel();
    });
    let end = phone.upload();
    watcher.join().unwrap();
    end
}

#[test]
fn while_the_connection_is_made() {
    // Nobody accepts, and the queue of those who knock is full: the handshake of TCP hangs.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let knocking: Vec<_> = (0..200)
        .map_while(|_| std::net::TcpStream::connect_timeout(&address, WHILE).ok())
        .collect();
    assert!(knocking.len() < 200, "the queue is never full");
    assert_eq!(
        cancelled_when(&mut phone(address, &Authority::make()), || true),
        UploadEnd::Cancelled
    );
}

#[test]
fn during_the_tls_handshake() {
    let authority = Authority::make();
    let server = TusServer::start(authority.acceptor("127.0.0.1", |_| {}));
    let faults = Faults { stall_down_after: Some(0), ..Faults::default() };
    let link = Arc::new(FaultProxy::start(server.address, faults).unwrap());
    let seen = link.clone();
    let end = cancelled_when(&mut phone(link.address(), &authority), move || seen.counts().up > 0);
    assert_eq!(end, UploadEnd::Cancelled);
}

#[test]
fn while_the_server_holds_the_answer_to_a_question() {
    let authority = Authority::make();
    let server = TusServer::start(authority.acceptor("127.0.0.1", |_| {}));
    server.gate.next(Method::PATCH, Mood::LosesAnswer);
    server.gate.next(Method::HEAD, Mood::Silent);
    let gate = server.gate.clone();
    let asked = move || gate.count(&Method::HEAD) > 0;
    assert_eq!(cancelled_when(&mut phone(server.address, &authority), asked), UploadEnd::Cancelled);
}

#[test]
fn in_the_middle_of_a_body() {
    let authority = Authority::make();
    let server = TusServer::start(authority.acceptor("127.0.0.1", |_| {}));
    let faults = Faults { stall_up_after: Some(90_000), ..Faults::default() };
    let link = Arc::new(FaultProxy::start(server.address, faults).unwrap());
    let seen = link.clone();
    let half_way = move || seen.counts().up >= 80_000;
    assert_eq!(
        cancelled_when(&mut phone(link.address(), &authority), half_way),
        UploadEnd::Cancelled
    );
}

#[test]
fn while_it_waits_for_the_next_try() {
    let cancel = CancelToken::new();
    let waiting = net::pause(Duration::from_secs(600), &cancel);
    let told = cancel.clone();
    std::thread::spawn(move || told.cancel());
    assert!(!net::block_on(waiting).unwrap(), "the whole time passed");
}

const WHILE: Duration = Duration::from_millis(300);
