//! The one TLS configuration: rustls with ring, and the roots that the organisation's pack names.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, client::Resumption};

use super::{Clock, NetError, Trust};

/// Builds the configuration for one server.
///
/// * ALPN is HTTP/1.1: uploads over HTTP/2 crawl through proxies with small windows on links with
///   high round-trip times, and a preconfigured client negotiates nothing that is not named here.
/// * No session is resumed: a ticket would link two reports of one phone.
/// * A certificate is checked at the clock's time, but never at one before `known_ms`: a phone
///   that woke up in 1970 still reaches the server.
pub(super) fn config(trust: &Trust, clock: Clock, known_ms: i64) -> Result<ClientConfig, NetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let time = Arc::new(Time { clock, known_ms });
    let mut config = ClientConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()
        .map_err(|_| NetError::Setup)?
        .with_root_certificates(roots(trust)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn roots(trust: &Trust) -> Result<RootCertStore, NetError> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Public => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Trust::Anchors(anchors) => {
            for anchor in anchors {
                let anchor = CertificateDer::from(anchor.as_slice());
                roots.add(anchor).map_err(|_| NetError::BadAnchor)?;
            }
        }
    }
    if roots.is_empty() { Err(NetError::BadAnchor) } else { Ok(roots) }
}

/// The time at which certificates are checked.
struct Time {
    clock: Clock,
    known_ms: i64,
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let now_ms = (self.clock)().max(self.known_ms);
        let since_epoch = Duration::from_millis(u64::try_from(now_ms).ok()?);
        Some(UnixTime::since_unix_epoch(since_epoch))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}
