//! Receipts and packs come by GET from the organisation's server, and from nowhere else.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use axum::http::Method;
use homeward_core::net::{self, CancelToken, Waiting};
use homeward_core::tus::Reason;
use net_support::{Authority, Mood, Phone, TusServer};

struct Scene {
    server: TusServer,
    phone: Phone,
}

impl Scene {
    fn new() -> Self {
        let authority = Authority::make();
        let server = TusServer::start(authority.acceptor("127.0.0.1", |_| {}));
        let phone = Phone::with_part(server.address, authority.anchor(), vec![]);
        Self { server, phone }
    }

    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, Waiting> {
        let fetching = self.phone.net.fetch(path, 100, &self.phone.cancel);
        net::block_on(fetching).expect("a runtime")
    }

    fn reason(&self, mood: Mood) -> &'static str {
        self.server.gate.next(Method::GET, mood);
        match self.fetch("receipts/1") {
            Err(Waiting::Because { reason, .. }) => reason.message_id(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_there_comes_and_what_is_not_there_is_nothing() {
    let scene = Scene::new();
    scene.server.gate.next(Method::GET, Mood::Gives(b"a receipt".to_vec()));
    assert_eq!(scene.fetch("receipts/1"), Ok(Some(b"a receipt".to_vec())));
    assert_eq!(scene.fetch("receipts/1"), Ok(None));
    let seen = &scene.server.gate.seen()[0];
    assert_eq!(seen.path, "/receipts/1");
    assert_eq!(seen.headers["authorization"], "Bearer token-canary");
}

#[test]
fn more_than_was_asked_for_is_not_taken() {
    let scene = Scene::new();
    scene.server.gate.next(Method::GET, Mood::Gives(vec![0; 100]));
    assert_eq!(scene.fetch("receipts/1").unwrap().unwrap().len(), 100);
    assert_eq!(scene.reason(Mood::Gives(vec![0; 101])), Reason::TooLarge.message_id());
}

#[test]
fn every_refusal_has_its_reason() {
    let scene = Scene::new();
    let location = || vec![("location", "https://login.test/".to_owned())];
    for (status, headers, expected) in [
        (302, location(), "waiting-captive-portal"),
        (401, vec![], "parked-token-refused"),
        (429, vec![], "waiting-server-busy"),
        (500, vec![], "waiting-server-fault"),
        (503, vec![], "waiting-server-busy"),
        (511, vec![], "waiting-captive-portal"),
    ] {
        assert_eq!(scene.reason(Mood::Says(status, headers)), expected, "{status}");
    }
    assert_eq!(scene.server.gate.seen().len(), 6, "a redirect was followed");
}

#[test]
fn another_origin_is_never_asked() {
    let scene = Scene::new();
    for path in ["https://evil.test/receipts/1", "//evil.test/receipts/1"] {
        let refused = Waiting::Because { reason: Reason::ForeignLocation, retry_after_ms: None };
        assert_eq!(scene.fetch(path), Err(refused), "{path}");
    }
    assert!(scene.server.gate.seen().is_empty());
}

#[test]
fn a_cancelled_fetch_ends_while_the_server_is_silent() {
    let scene = Scene::new();
    scene.server.gate.next(Method::GET, Mood::Silent);
    let (cancel, gate) = (CancelToken::new(), scene.server.gate.clone());
    let fetched = std::thread::scope(|scope| {
        scope.spawn(|| {
            while gate.seen().is_empty() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            cancel.cancel();
        });
        net::block_on(scene.phone.net.fetch("receipts/1", 100, &cancel)).unwrap()
    });
    assert_eq!(fetched, Err(Waiting::Cancelled));
}
