//! The one TLS configuration: rustls with ring, the roots that the organisation's pack names, and
//! the pins on top.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::{Clock, NetError, Pins, Trust};

/// Builds the configuration for one server.
///
/// * ALPN is HTTP/1.1: uploads over HTTP/2 crawl through proxies with small windows on links with
///   high round-trip times, and a preconfigured client negotiates nothing that is not named here.
/// * No session is resumed: a ticket would link two reports of one phone.
/// * A certificate is checked at the clock's time, but never at one before `known_ms`: a phone
///   that woke up in 1970 still reaches the server.
/// * Pins come after everything else: a certificate that is not good is never made good by a pin.
pub(super) fn config(
    trust: &Trust,
    pins: Option<&Pins>,
    clock: Clock,
    known_ms: i64,
) -> Result<ClientConfig, NetError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let time = Arc::new(Time { clock, known_ms });
    let verifier = verifier(trust, pins, &provider)?;
    let mut config = ClientConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()
        .map_err(|_| NetError::Setup)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn verifier(
    trust: &Trust,
    pins: Option<&Pins>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, NetError> {
    let roots = Arc::new(roots(trust)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|_| NetError::BadAnchor)?;
    Ok(match pins {
        None => verifier,
        Some(pins) => Arc::new(Pinned { ordinary: verifier, pins: pins.clone() }),
    })
}

/// The ordinary check of a certificate, and after it the check of the server's own key.
///
/// Only the server's own key counts, not an authority's: a chain may carry any certificate beside
/// the ones that matter, so a pinned one somewhere in it would prove nothing.
#[derive(Debug)]
struct Pinned {
    ordinary: Arc<WebPkiServerVerifier>,
    pins: Pins,
}

impl Pinned {
    fn check(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
        let now_ms = i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000);
        if now_ms >= self.pins.expires_at_ms {
            return Ok(());
        }
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let hash = digest(&SHA256, key.as_ref());
        let known = self.pins.sha256.iter().any(|pin| pin == hash.as_ref());
        // Of all that can be wrong with a certificate only this is said by us and not by webpki.
        known.then_some(()).ok_or(CertificateError::ApplicationVerificationFailure.into())
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.ordinary.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        self.check(end_entity, now)?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.ordinary.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.ordinary.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.ordinary.supported_verify_schemes()
    }
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
