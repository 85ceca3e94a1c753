//! Where parts go and how the way there is trusted, as a pack says it.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use url::Url;

/// A server that takes parts and hands out receipts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `https://host[:port]`, without a path.
    pub url: String,
    /// Shown with each request. Every holder of the pack has it; it keeps strangers out, no more.
    pub token: String,
    /// How the server proves itself.
    pub trust: Trust,
    /// The keys that the server may have, on top of `trust`. None: any that `trust` vouches for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pins: Option<Pins>,
}

// The address tells which organisation a person turned to, the token opens its door.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server(…)")
    }
}

/// Which certificates a server's may chain to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// The public web's roots.
    Public,
    /// Only these, each a certificate in DER as base64.
    Anchors(Vec<String>),
}

/// The keys that a server may have, beside what its certificate says: against an authority that
/// certifies somebody else for its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    /// SHA-256 of the server's public key (its DER `SubjectPublicKeyInfo`), as base64. At least
    /// two: one is the backup, a key that lies safe until the first is lost or replaced.
    pub sha256: Vec<String>,
    /// From then on the pins count for nothing, Unix ms: a forgotten pack locks nobody out.
    pub expires_at_ms: i64,
}

impl Pins {
    /// The hashes, if there are enough of them and each is one.
    #[must_use]
    pub fn hashes(&self) -> Option<Vec<[u8; 32]>> {
        let hash = |text: &String| BASE64.decode(text.as_bytes()).ok()?.try_into().ok();
        let mut hashes: Vec<[u8; 32]> = self.sha256.iter().map(hash).collect::<Option<_>>()?;
        hashes.sort_unstable();
        hashes.dedup();
        (MIN_PINS..=MAX_PINS).contains(&hashes.len()).then_some(hashes)
    }
}

/// How long an organisation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deadlines {
    /// Minutes until somebody should have opened a report. After it parts also go to a mirror, and
    /// the person is told to call.
    pub receipt_minutes: u32,
}

impl Deadlines {
    /// A month: more is no deadline.
    pub const MAX_RECEIPT_MINUTES: u32 = 31 * 24 * 60;

    /// The deadline in milliseconds.
    #[must_use]
    pub fn receipt_ms(self) -> i64 {
        i64::from(self.receipt_minutes) * 60_000
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { receipt_minutes: 60 }
    }
}

/// What may leave over which network, where the person has not said it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPolicy {
    /// Photos and videos do not wait for a network that costs nothing.
    pub metered_media: bool,
}

impl Server {
    /// One without pins.
    #[must_use]
    pub fn new(url: String, token: String, trust: Trust) -> Self {
        Self { url, token, trust, pins: None }
    }

    /// Whether a phone could send anything there.
    pub(super) fn is_usable(&self) -> bool {
        let pins = self.pins.as_ref();
        is_origin(&self.url)
            && is_token(&self.token)
            && self.trust.is_usable()
            && pins.is_none_or(|pins| pins.hashes().is_some())
    }

    /// Whether both lead to the same place.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        crate::tus::same_origin(&self.url, &other.url)
    }
}

impl Trust {
    fn is_usable(&self) -> bool {
        match self {
            Self::Public => true,
            Self::Anchors(anchors) => {
                let decodes = |anchor: &String| BASE64.decode(anchor.as_bytes()).is_ok();
                (1..=MAX_ANCHORS).contains(&anchors.len()) && anchors.iter().all(decodes)
            }
        }
    }
}

fn is_origin(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    url.scheme() == "https" && url.has_host() && url.path() == "/" && plain
}

/// Whether it can be a header's value.
fn is_token(token: &str) -> bool {
    token.bytes().all(|byte| byte.is_ascii_graphic())
}

const MIN_PINS: usize = 2;
const MAX_PINS: usize = 16;
const MAX_ANCHORS: usize = 16;
