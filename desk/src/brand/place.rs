//! A server or mirror in a source.

use std::path::PathBuf;

use axum::http::Uri;
use homeward_core::brand::{MAX_PLACES, Pins};
use serde::Deserialize;

use super::DAY_MS;
use super::source::Faults;

/// A server or mirror that was checked.
pub(super) struct Place {
    pub(super) source: ServerSource,
    /// The host of its URL.
    pub(super) host: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerSource {
    pub(super) url: String,
    pub(super) trust: TrustSource,
    /// Another token than the desk's own.
    pub(super) token: Option<String>,
    /// A file in PEM: another authority than the desk's own.
    pub(super) anchor: Option<PathBuf>,
    pub(super) pins: Option<PinsSource>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PinsSource {
    sha256: Vec<String>,
    valid_days: u16,
}

impl PinsSource {
    /// As a pack says it.
    pub(super) fn pins(&self, now_ms: i64) -> Pins {
        let expires_at_ms = now_ms + i64::from(self.valid_days) * DAY_MS;
        Pins { sha256: self.sha256.clone(), expires_at_ms }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TrustSource {
    Public,
    Anchors,
}

/// The server and its mirrors; one that is wrong is told and left out.
pub(super) fn places(
    server: toml::Spanned<ServerSource>,
    mirrors: Vec<toml::Spanned<ServerSource>>,
    faults: &mut Faults<'_>,
) -> Vec<Place> {
    if mirrors.len() >= MAX_PLACES {
        faults.at(mirrors[0].span().start, format!("there are at most {} mirrors", MAX_PLACES - 1));
    }
    let mut places: Vec<Place> = Vec::new();
    for spanned in std::iter::once(server).chain(mirrors) {
        let start = spanned.span().start;
        let mut source = spanned.into_inner();
        source.url = source.url.trim_end_matches('/').to_owned();
        check(&source, start, faults);
        if places.iter().any(|place| place.source.url.eq_ignore_ascii_case(&source.url)) {
            faults.near(start, "url", "each mirror has an url of its own".into());
        }
        match host_of(&source.url) {
            Some(host) => places.push(Place { source, host }),
            None => {
                let what = "url is https://HOST or https://HOST:PORT, without a path";
                faults.near(start, "url", what.into());
            }
        }
    }
    places
}

fn check(source: &ServerSource, start: usize, faults: &mut Faults<'_>) {
    if let Some(pins) = &source.pins {
        if pins.pins(0).hashes().is_none() {
            let what = "pins.sha256 has two or more hashes of 32 bytes in base64: the server's key \
                        and a backup";
            faults.near(start, "pins", what.into());
        }
        if pins.valid_days == 0 {
            faults.near(start, "pins", "pins.valid_days is at least 1".into());
        }
    }
    if source.anchor.is_some() && matches!(source.trust, TrustSource::Public) {
        faults.near(start, "anchor", "anchor goes with trust = \"anchors\"".into());
    }
    let graphic = |token: &String| token.bytes().all(|byte| byte.is_ascii_graphic());
    if source.token.as_ref().is_some_and(|token| token.is_empty() || !graphic(token)) {
        faults.near(start, "token", "token is the other desk's, without blanks".into());
    }
}

fn host_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let plain = uri.scheme_str() == Some("https")
        && uri.path() == "/"
        && uri.query().is_none()
        && !uri.authority()?.as_str().contains('@');
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    (plain && !host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_any_form_of_address() {
        for (url, host) in [
            ("https://desk.example.org", "desk.example.org"),
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("https://[::1]:8443/", "::1"),
        ] {
            assert_eq!(host_of(url).as_deref(), Some(host));
        }
    }
}
