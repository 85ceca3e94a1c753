//! From a transport's error to a reason that an app can explain.
//!
//! reqwest wraps what went wrong several layers deep, so the chain of sources is walked for the
//! types that tell something: rustls' certificate errors, the operating system's error kinds, and
//! our own resolver's error. Error texts are never read: they change, and they hold names.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::UdpSocket;

use rustls::CertificateError;

use super::names::NameNotFound;
use crate::tus::{Failure, Reason};

/// What an error of the HTTP client means for the request.
pub(super) fn classify(error: &reqwest::Error) -> Failure {
    if let Some(tls) = find::<rustls::Error>(error) {
        return Failure::NotConnected(tls_reason(tls));
    }
    if !error.is_connect() {
        return Failure::Cut;
    }
    if find::<NameNotFound>(error).is_some() {
        let reason = if has_route() { Reason::NameNotFound } else { Reason::NoNetwork };
        return Failure::NotConnected(reason);
    }
    let reason = match find::<io::Error>(error).map(io::Error::kind) {
        Some(
            ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown | ErrorKind::AddrNotAvailable,
        ) => Reason::NoNetwork,
        Some(ErrorKind::HostUnreachable) if !has_route() => Reason::NoNetwork,
        Some(
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof,
        ) => Reason::ConnectionLost,
        _ => Reason::ServerUnreachable,
    };
    Failure::NotConnected(reason)
}

fn tls_reason(error: &rustls::Error) -> Reason {
    use CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            Reason::WrongClock
        }
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            Reason::CertificateExpired
        }
        rustls::Error::InvalidCertificate(Bad::ApplicationVerificationFailure) => {
            Reason::PinMismatch
        }
        rustls::Error::InvalidCertificate(_) => Reason::TlsUntrusted,
        // The port answers, but not in TLS: a portal that speaks http to everyone.
        rustls::Error::InvalidMessage(_) => Reason::CaptivePortal,
        _ => Reason::TlsFailed,
    }
}

/// Whether the phone has a way to the internet. Connecting a UDP socket asks the routing table
/// and sends nothing; the addresses are reserved for documentation.
fn has_route() -> bool {
    let reaches =
        |from: &str, to: &str| UdpSocket::bind(from).and_then(|socket| socket.connect(to)).is_ok();
    reaches("0.0.0.0:0", "192.0.2.1:9") || reaches("[::]:0", "[2001:db8::1]:9")
}

/// The first error of type `E` in the chain of sources, also inside `io::Error`s.
pub(super) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An io::Error shows the source of what it wraps, not what it wraps.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
