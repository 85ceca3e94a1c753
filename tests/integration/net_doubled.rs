//! An answer that comes twice is not taken for the answer to the next request.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use std::collections::BTreeMap;
use std::sync::Arc;

use fault_proxy::front::{Certificate, Fault, Front, Plan, Upstream};
use homeward_core::net::UploadEnd;
use homeward_core::tus::Offer;
use net_support::{Authority, Phone, TusServer, part_bytes};

#[test]
fn after_a_doubled_answer_the_connection_serves_no_other_request() {
    let authority = Authority::make();
    let server = TusServer::start(authority.acceptor("127.0.0.1", |_| {}));
    let good = authority.acceptor("127.0.0.1", |_| {});
    let certificates = Arc::new(BTreeMap::from([(Certificate::Good, good)]));
    let upstream = Upstream::Tls(server.address, authority.connector());
    let doubling = Plan::of(|_| Some(Fault::DoubleAnswer));
    let front = Front::start(certificates, upstream, doubling).unwrap();
    for (number, bytes) in [100, 60_000, 700_000, 1_000_000].into_iter().enumerate() {
        let bytes = part_bytes(number as u64, bytes);
        let mut phone = Phone::with_part(front.address(), authority.anchor(), bytes);
        phone.net.learn(Offer::EXPECTED);
        assert_eq!(phone.upload_patiently(), UploadEnd::Stored);
        let whole = server.uploads().into_iter().filter(|upload| *upload == phone.bytes).count();
        assert_eq!(whole, 1);
    }

    let seen = front.seen();
    assert!(seen.len() >= 8, "{} requests", seen.len());
    for (at, doubled) in seen.iter().enumerate() {
        assert_eq!(doubled.hit, Some(Fault::DoubleAnswer));
        let again = seen[at + 1..].iter().find(|later| later.connection == doubled.connection);
        assert_eq!(again.map(|later| later.head.word(0).to_owned()), None, "used again");
    }
}
