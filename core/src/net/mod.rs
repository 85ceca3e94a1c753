//! The way to a server: the one room that knows reqwest and tokio.
//!
//! A [`Net`] is one HTTP client for one organisation's server: its token, the roots its pack
//! trusts, the proxy that the person chose. [`Net::upload`] drives the `tus` machine for one part;
//! [`Net::fetch`] gets what is small (receipts, packs). Both tell *why* they wait, and end within
//! a moment when cancelled.
//!
//! What never happens here: a request to another origin, a redirect followed blindly, the
//! system's proxy settings, a way around a chosen proxy, a token in a URL, a cookie.

mod bell;
mod body;
mod cancel;
mod cause;
mod drive;
mod exchange;
mod fetch;
mod names;
mod probe;
mod proxy;
mod tls;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use bell::Bell;
pub use cancel::CancelToken;
pub use drive::{Journal, Progress, UploadEnd};
pub(crate) use exchange::checksum;
pub use fetch::Waiting;
pub use proxy::Proxy;

use crate::tus::{Offer, Policy};

/// The wall clock in Unix milliseconds: the same one that the rest of the core reads.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An organisation's server as its pack names it.
#[derive(Clone)]
pub struct Server {
    /// The https URL of the server; its origin is the only one that requests go to.
    pub url: String,
    /// The pack's token. Goes only into the `Authorization` header, and only to that origin.
    pub token: String,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// The keys that the server may have, on top of that.
    pub pins: Option<Pins>,
    /// A moment that has certainly passed, such as the pack's signing: certificates are never
    /// checked at an earlier one, whatever the phone's clock says.
    pub known_ms: i64,
}

/// The server's address and the token stay out of logs.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("trust", &self.trust).finish_non_exhaustive()
    }
}

/// Whose certificates are believed for a server.
#[derive(Clone, PartialEq, Eq)]
pub enum Trust {
    /// Certificate authorities of the public web, as Mozilla lists them.
    Public,
    /// Only these certificates (DER): the organisation's own authority.
    Anchors(Vec<Vec<u8>>),
}

/// The only keys that a server may have, until they expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    /// SHA-256 of each key's DER `SubjectPublicKeyInfo`.
    pub sha256: Vec<[u8; 32]>,
    /// From then on they count for nothing, Unix ms.
    pub expires_at_ms: i64,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("Public"),
            Self::Anchors(anchors) => write!(f, "Anchors({})", anchors.len()),
        }
    }
}

/// How long the network gets. The default is for real networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// For DNS, TCP, SOCKS and TLS together.
    pub connect_timeout: Duration,
    /// For the answer, once the whole request was written. Servers hold a HEAD for up to 20 s
    /// while a dead request still has the lock.
    pub answer_timeout: Duration,
    /// For one more block of a body to go out.
    pub stall_timeout: Duration,
    /// How long an idle connection is kept for the next request.
    pub idle_timeout: Duration,
    /// The numbers of the upload machine.
    pub policy: Policy,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            answer_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(30),
            policy: Policy::default(),
        }
    }
}

/// Why there is no client. Mistakes of a pack or a setting, not of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The server's URL is no https URL.
    #[error("the server's address is not https")]
    BadServer,
    /// A trust anchor is no certificate, or there is none.
    #[error("no usable trust anchor")]
    BadAnchor,
    /// The proxy is no `socks5h://HOST:PORT`.
    #[error("the proxy is not socks5h")]
    BadProxy,
    /// The token cannot be a header value.
    #[error("the token is not printable")]
    BadToken,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Setup,
}

impl NetError {
    /// The id of the text that explains it.
    pub const fn message_id(self) -> &'static str {
        match self {
            Self::BadServer => "net-bad-server",
            Self::BadAnchor => "net-bad-anchor",
            Self::BadProxy => "net-bad-proxy",
            Self::BadToken => "net-bad-token",
            Self::Setup => "net-setup",
        }
    }
}

/// The client for one server.
#[derive(Clone)]
pub struct Net {
    client: reqwest::Client,
    server: url::Url,
    pacing: Pacing,
    clock: Clock,
    proxy: Option<Proxy>,
    offer: Offer,
    trust: Trust,
}

impl Net {
    /// Builds the client; touches no network.
    pub fn new(
        server: &Server,
        proxy: Option<&Proxy>,
        pacing: &Pacing,
        clock: Clock,
    ) -> Result<Self, NetError> {
        let url = url::Url::parse(&server.url).map_err(|_| NetError::BadServer)?;
        if url.scheme() != "https" || !url.has_host() {
            return Err(NetError::BadServer);
        }
        let pins = server.pins.as_ref();
        let tls = tls::config(&server.trust, pins, clock.clone(), server.known_ms)?;
        let headers = exchange::headers(&server.token)?;
        let builder = builder(tls, proxy, pacing)?.default_headers(headers);
        let client = builder.build().map_err(|_| NetError::Setup)?;
        let (proxy, pacing, trust) = (proxy.cloned(), pacing.clone(), server.trust.clone());
        let offer = Offer::default();
        Ok(Self { client, server: url, pacing, clock, proxy, offer, trust })
    }

    /// Makes use of what is expected of the server; by default of nothing.
    pub fn learn(&mut self, offer: Offer) {
        self.offer = offer;
    }

    fn now_ms(&self) -> i64 {
        (self.clock)()
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("proxied", &self.proxy.is_some()).finish_non_exhaustive()
    }
}

/// The one place where an HTTP client is set up. It has no token yet.
fn builder(
    tls: rustls::ClientConfig,
    proxy: Option<&Proxy>,
    pacing: &Pacing,
) -> Result<reqwest::ClientBuilder, NetError> {
    // No read timeout: reqwest counts it from the start of the request, upload included. The
    // exchange has watches of its own.
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .dns_resolver(Arc::new(names::SystemNames))
        .connect_timeout(pacing.connect_timeout)
        .pool_idle_timeout(pacing.idle_timeout)
        .tcp_nodelay(true);
    Ok(match proxy {
        Some(proxy) => {
            builder.proxy(reqwest::Proxy::all(proxy.as_str()).map_err(|_| NetError::BadProxy)?)
        }
        None => builder,
    })
}

/// Ends `work` by its own token `stop` as soon as `cancel` is turned.
pub async fn linked<T>(
    cancel: &CancelToken,
    stop: &CancelToken,
    work: impl Future<Output = T>,
) -> T {
    tokio::pin!(work);
    tokio::select! {
        biased;
        result = &mut work => return result,
        () = cancel.cancelled() => stop.cancel(),
    }
    work.await
}

/// Runs network work to its end on this thread, which should be one that may block.
pub fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // A system resolver that hangs must not hold up the end of a cancelled transfer.
    runtime.shutdown_background();
    Ok(result)
}

/// What `work` gives, or nothing if it is not done by the `deadline`, where there is one; it is
/// dropped then.
pub async fn within<T>(
    deadline: Option<std::time::Instant>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match deadline {
        None => Some(work.await),
        Some(deadline) => tokio::time::timeout_at(deadline.into(), work).await.ok(),
    }
}

/// Waits for `duration`, or less when cancelled; tells whether the whole time passed.
pub async fn pause(duration: Duration, cancel: &CancelToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(duration) => true,
        () = cancel.cancelled() => false,
    }
}
