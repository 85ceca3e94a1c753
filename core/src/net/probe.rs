//! A second look after a failed connection, where the failure alone does not tell the cause.
//!
//! None of this carries the token or anything of a report.

use std::time::Duration;

use rustls::CertificateError;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::cause::{classify, find};
use super::{Net, tls};
use crate::tus::{Failure, Reason, Response};

impl Net {
    /// Why there is no answer.
    pub(super) async fn blame(&self, error: &reqwest::Error) -> Failure {
        match classify(error) {
            // All that the client connects to is the proxy: how it fares beyond is the proxy's
            // word.
            Failure::NotConnected(
                Reason::ServerUnreachable | Reason::NameNotFound | Reason::NoNetwork,
            ) if self.proxy.is_some() => Failure::NotConnected(self.blame_proxy().await),
            Failure::NotConnected(Reason::CertificateExpired) => {
                Failure::NotConnected(self.blame_clock(error).await)
            }
            failure => failure,
        }
    }

    /// Whether the proxy itself is away, or refused to bring us to the server.
    async fn blame_proxy(&self) -> Reason {
        let Some(address) = self.proxy.as_ref().and_then(super::Proxy::host_and_port) else {
            return Reason::ProxyDown;
        };
        let connecting = TcpStream::connect((address.0.as_str(), address.1));
        match timeout(self.pacing.connect_timeout, connecting).await {
            Ok(Ok(_)) => Reason::ProxyRefused,
            _ => Reason::ProxyDown,
        }
    }

    /// An expired certificate: is the server late, or is the phone early? The server's own clock
    /// tells, read over a connection that is verified in all but the time.
    async fn blame_clock(&self, error: &reqwest::Error) -> Reason {
        let told = match not_after_ms(error) {
            Some(not_after_ms) => self.servers_clock(not_after_ms).await,
            None => None,
        };
        match told {
            Some((told_ms, not_after_ms)) if told_ms <= not_after_ms => Reason::WrongClock,
            _ => Reason::CertificateExpired,
        }
    }

    /// The server's `Date`, and the end of its certificate.
    async fn servers_clock(&self, not_after_ms: i64) -> Option<(i64, i64)> {
        let then = move || not_after_ms - HOUR_MS;
        let tls = tls::config(&self.trust, None, std::sync::Arc::new(then), 0).ok()?;
        let client = super::builder(tls, self.proxy.as_ref(), &self.pacing).ok()?.build().ok()?;
        let asking = client.head(self.server.clone()).send();
        let answer = timeout(PROBE_TIME, asking).await.ok()?.ok()?;
        let headers = answer.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let date_ms = Response::new(answer.status().as_u16(), headers, 0).date_ms?;
        Some((date_ms, not_after_ms))
    }
}

fn not_after_ms(error: &reqwest::Error) -> Option<i64> {
    match find::<rustls::Error>(error)? {
        rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
            not_after, ..
        }) => i64::try_from(not_after.as_secs()).ok()?.checked_mul(1000),
        _ => None,
    }
}

const HOUR_MS: i64 = 3_600_000;
const PROBE_TIME: Duration = Duration::from_secs(20);
