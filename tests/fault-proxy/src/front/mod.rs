//! A bad network that understands HTTP: a front that ends TLS with the server's own certificate, or
//! a wrong one, passes each request on to a real server, and does to it what a plan says.
//!
//! ```text
//! phone ─▶ front (ends TLS, knows requests and answers) ─▶ a real tus server, plain or over TLS
//! ```
//! It speaks HTTP/1.1 as phones and tus servers do: a body has a `Content-Length`. Each request
//! gets a connection of its own to the server, so that whatever happens to one touches no other.

mod fault;
mod http;
mod serve;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub use fault::{Certificate, Fault, How};
pub use http::Head;

use crate::Serving;

/// Where the server is.
#[derive(Clone)]
pub enum Upstream {
    /// It speaks plain HTTP.
    Plain(SocketAddr),
    /// It speaks TLS, and its certificate names its address.
    Tls(SocketAddr, TlsConnector),
}

/// A request, as the front saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its place in the order of requests, from 0.
    pub number: u64,
    /// The connection that it came on, from 0.
    pub connection: u64,
    /// Its first line and headers.
    pub head: Head,
    /// How many bytes of its body came from the phone.
    pub body: u64,
    /// What the server itself answered.
    pub status: Option<u16>,
    /// The offset that the server itself told.
    pub told: Option<u64>,
    /// What was done to it, if it came to that.
    pub hit: Option<Fault>,
}

impl Seen {
    /// `PATCH` also when it came as a POST that says so.
    #[must_use]
    pub fn method(&self) -> &str {
        self.head.header("x-http-method-override").unwrap_or_else(|| self.head.word(0))
    }

    /// Where to.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.word(1)
    }

    /// How long its body is to be.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.head.number("content-length").unwrap_or(0)
    }
}

/// Decides what happens.
pub struct Plan {
    /// Which certificate a connection is shown, by its number from 0.
    pub shows: Shows,
    /// What is done to a request.
    pub does: Does,
}

/// Picks a certificate for a connection.
pub type Shows = Box<dyn FnMut(u64) -> Certificate + Send>;

/// Picks what happens to a request.
pub type Does = Box<dyn FnMut(&Seen) -> Option<Fault> + Send>;

impl Plan {
    /// A perfect network.
    #[must_use]
    pub fn perfect() -> Self {
        Self::of(|_| None)
    }

    /// Good certificates, and requests as `does` says.
    pub fn of(does: impl FnMut(&Seen) -> Option<Fault> + Send + 'static) -> Self {
        Self { shows: Box::new(|_| Certificate::Good), does: Box::new(does) }
    }
}

/// A running front. Dropping it closes the port and every connection.
pub struct Front {
    serving: Serving,
    shared: Arc<Shared>,
}

/// The certificates that a front can show; one that is missing is the good one.
pub type Certificates = Arc<BTreeMap<Certificate, TlsAcceptor>>;

pub(crate) struct Shared {
    certificates: Certificates,
    upstream: Upstream,
    plan: Mutex<Plan>,
    record: Mutex<Record>,
    changed: Condvar,
}

#[derive(Default)]
struct Record {
    connections: u64,
    seen: Vec<Seen>,
    injected: BTreeMap<String, u64>,
}

impl Front {
    /// Listens on a free port of the loopback.
    ///
    /// # Panics
    /// There is no good certificate.
    pub fn start(certificates: Certificates, upstream: Upstream, plan: Plan) -> io::Result<Self> {
        assert!(certificates.contains_key(&Certificate::Good), "no good certificate");
        let shared = Arc::new(Shared {
            certificates,
            upstream,
            plan: Mutex::new(plan),
            record: Mutex::default(),
            changed: Condvar::new(),
        });
        let inside = Arc::clone(&shared);
        let serving = Serving::start("front", |listener| accept(listener, inside))?;
        Ok(Self { serving, shared })
    }

    /// Where the phone connects.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Does this from now on.
    pub fn set(&self, plan: Plan) {
        *lock(&self.shared.plan) = plan;
    }

    /// Every request so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.record).seen.clone()
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> u64 {
        lock(&self.shared.record).connections
    }

    /// How often each accident has really happened, by its name.
    #[must_use]
    pub fn injected(&self) -> BTreeMap<String, u64> {
        lock(&self.shared.record).injected.clone()
    }

    /// Waits until the requests so far are as `wanted`; tells whether they were in time.
    pub fn until(&self, patience: Duration, wanted: impl Fn(&[Seen]) -> bool) -> bool {
        let record = lock(&self.shared.record);
        let waiting = |record: &mut Record| !wanted(&record.seen);
        let waited = self.shared.changed.wait_timeout_while(record, patience, waiting);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((phone, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move { serve::connection(phone, &shared).await });
    }
}

impl Shared {
    /// Counts a connection, and picks what it is shown.
    fn connected(&self) -> (u64, Certificate) {
        let number = {
            let mut record = lock(&self.record);
            record.connections += 1;
            record.connections - 1
        };
        (number, (lock(&self.plan).shows)(number))
    }

    /// A connection was shown a bad certificate.
    fn shown(&self, certificate: Certificate) {
        let mut record = lock(&self.record);
        *record.injected.entry(certificate.name().to_owned()).or_default() += 1;
    }

    /// Notes a request, and asks the plan about it.
    fn begun(&self, connection: u64, head: Head) -> (Seen, Option<Fault>) {
        let seen = {
            let mut record = lock(&self.record);
            let number = record.seen.len() as u64;
            let (status, told, hit) = (None, None, None);
            let seen = Seen { number, connection, head, body: 0, status, told, hit };
            record.seen.push(seen.clone());
            seen
        };
        self.changed.notify_all();
        let fault = (lock(&self.plan).does)(&seen);
        (seen, fault)
    }

    /// Notes how a request goes on.
    fn note(&self, number: u64, change: impl FnOnce(&mut Seen)) {
        let mut record = lock(&self.record);
        if let Some(seen) = usize::try_from(number).ok().and_then(|at| record.seen.get_mut(at)) {
            change(seen);
        }
        self.changed.notify_all();
    }

    /// The accident happens.
    fn hit(&self, number: u64, fault: &Fault) {
        *lock(&self.record).injected.entry(fault.name()).or_default() += 1;
        self.note(number, |seen| seen.hit = Some(fault.clone()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
