//! The way to one of an organisation's servers, for one report.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};

use super::rows::{PartRow, PartSecret, RESCUED};
use crate::brand::{self, Pack};
use crate::crypto::sha256;
use crate::error::{Error, Result};
use crate::net::{self, Net, NetError, Pacing, Proxy};
use crate::store::Store;

/// Which way: what two requests must have in common to share a connection. Two reports never do.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// The report; of a part whose report is not known any more the part.
    owner: String,
    /// 0, or the number of a mirror.
    place: u32,
    /// The person lets it go to a server with another key than the pack pins.
    pins_waived: bool,
}

impl Way {
    /// The way of a part.
    pub(super) fn of(row: &PartRow, secret: &PartSecret) -> Self {
        let owner = match secret.report {
            RESCUED => row.id.to_string(),
            report => report.to_string(),
        };
        Self { owner, place: row.place, pins_waived: secret.pins_waived }
    }

    /// The way of what is not the report's parts.
    pub(super) fn to(owner: String, place: u32) -> Self {
        Self { owner, place, pins_waived: false }
    }

    /// The client for it.
    pub(super) fn open(
        &self,
        store: &Store,
        pack: &Pack,
        pacing: &Pacing,
        proxy: Option<&Proxy>,
    ) -> Result<Net> {
        let server = self.server(pack)?;
        let clock = store.clock();
        let clock: net::Clock = Arc::new(move || clock.now().unix_ms);
        let proxy = proxy.map(|proxy| self.login(proxy)).transpose().map_err(unusable)?;
        Net::new(&server, proxy.as_ref(), pacing, clock).map_err(unusable)
    }

    /// The server, with the pins that count now.
    pub(super) fn server(&self, pack: &Pack) -> Result<net::Server> {
        let mut server = server(place(pack, self.place), pack.issued_at_ms)?;
        if self.pins_waived {
            server.pins = None;
        }
        Ok(server)
    }

    /// A login of the report's own: Tor keeps streams of different logins apart. One that the
    /// person gave with the proxy stays.
    fn login(&self, proxy: &Proxy) -> std::result::Result<Proxy, NetError> {
        if proxy.has_login() {
            return Ok(proxy.clone());
        }
        // What the proxy is shown is not the report's id: the desk knows that one.
        let labelled = [b"homeward socks login 1\n".as_slice(), self.owner.as_bytes()].concat();
        let hash = HEXLOWER.encode(sha256(&labelled).as_bytes());
        let (user, word) = hash.split_at(32);
        proxy.with_login(user, word)
    }
}

/// The tus collection of a place.
pub(super) fn endpoint(pack: &Pack, number: u32) -> String {
    format!("{}/uploads", place(pack, number).url.trim_end_matches('/'))
}

fn place(pack: &Pack, number: u32) -> &brand::Server {
    // A newer pack may have fewer mirrors: then it is the organisation's own server again.
    pack.places().nth(number as usize).unwrap_or(&pack.server)
}

fn server(place: &brand::Server, known_ms: i64) -> Result<net::Server> {
    let trust = match &place.trust {
        brand::Trust::Public => net::Trust::Public,
        brand::Trust::Anchors(anchors) => {
            let der = |text: &String| BASE64.decode(text.as_bytes());
            let anchors = anchors.iter().map(der).collect::<std::result::Result<_, _>>();
            net::Trust::Anchors(anchors.map_err(|_| unusable(NetError::BadAnchor))?)
        }
    };
    let pins = place.pins.as_ref().and_then(|pins| {
        Some(net::Pins { sha256: pins.hashes()?, expires_at_ms: pins.expires_at_ms })
    });
    let (url, token) = (place.url.clone(), place.token.clone());
    Ok(net::Server { url, token, trust, pins, known_ms })
}

fn unusable(error: NetError) -> Error {
    Error::Unexpected(error.message_id())
}
