//! Parts go to a real tus server over real TLS, and go on where they were cut.

mod net_support;

use axum::http::Method;
use fault_proxy::{FaultProxy, Faults};
use homeward_core::{net, tus};
use net::{CancelToken, UploadEnd};
use net_support::{Authority, Phone, TusServer, part_bytes};
use tus::Reason;

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

    assert_eq!(server.uploads(), [phone.bytes]);
    for seen in server.gate.seen() {
        assert_eq!(seen.headers["authorization"], "Bearer token-canary");
        assert!(!seen.path.contains("canary"));
    }
    assert_eq!(server.gate.count(&Method::POST), 1);
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

    assert_eq!(server.uploads(), [phone.bytes]);
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
    assert_eq!(server.uploads(), [phone.bytes]);
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
