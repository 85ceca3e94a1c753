//! Pins: the only keys that a server may have, checked after everything else, over real TLS.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use std::sync::Arc;

use homeward_core::net::{Net, Pins, Server, UploadEnd};
use homeward_core::tus::Reason;
use net_support::{Authority, Phone, TusServer, now_ms, part_bytes, quick};

const DAY_MS: i64 = 24 * 3_600_000;

/// A server, and the hash of its key.
fn server(authority: &Authority) -> (TusServer, [u8; 32]) {
    let (acceptor, key) = authority.acceptor_and_key("127.0.0.1", |_| {});
    (TusServer::start(acceptor), key)
}

fn pinned(server: &TusServer, authority: &Authority, pins: &[[u8; 32]], days: i64) -> Server {
    let known = Phone::server(&server.address.to_string(), authority.anchor());
    let expires_at_ms = now_ms() + days * DAY_MS;
    Server { pins: Some(Pins { sha256: pins.to_vec(), expires_at_ms }), ..known }
}

fn phone(known: &Server) -> Phone {
    let net = Net::new(known, None, &quick(), Arc::new(now_ms)).unwrap();
    Phone::over(net, known, part_bytes(5, 300_000))
}

#[test]
fn a_server_with_the_key_or_the_backup_key_is_believed() {
    let authority = Authority::make();
    let (server, key) = server(&authority);
    for pins in [[key, [9; 32]], [[9; 32], key]] {
        assert_eq!(phone(&pinned(&server, &authority, &pins, 1)).upload(), UploadEnd::Stored);
    }
}

#[test]
fn another_key_under_the_same_authority_is_told_apart_and_gets_nothing() {
    let authority = Authority::make();
    let (server, _) = server(&authority);
    let reason = phone(&pinned(&server, &authority, &[[8; 32], [9; 32]], 1)).waits_because();
    assert_eq!(reason, Reason::PinMismatch);
    assert!(server.gate.seen().is_empty(), "a token left");
}

#[test]
fn expired_pins_count_for_nothing_and_the_certificate_still_counts() {
    let (authority, other) = (Authority::make(), Authority::make());
    let (server, key) = server(&authority);
    let wrong = [[8; 32], [9; 32]];
    assert_eq!(phone(&pinned(&server, &authority, &wrong, -1)).upload(), UploadEnd::Stored);
    let reason = phone(&pinned(&server, &other, &[key, [9; 32]], 1)).waits_because();
    assert_eq!(reason, Reason::TlsUntrusted, "a pin makes no certificate good");
}
