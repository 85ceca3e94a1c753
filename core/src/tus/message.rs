//! What the machine and its driver say to each other: requests, answers and failures as data.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::Reason;

/// What a request is for; it decides how the answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// POST: make an upload.
    Create,
    /// HEAD: how far is it?
    Ask,
    /// PATCH (or its POST disguise): bytes.
    Send,
}

/// The method on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// POST.
    Post,
    /// HEAD.
    Head,
    /// PATCH.
    Patch,
}

impl Method {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Head => "HEAD",
            Self::Patch => "PATCH",
        }
    }
}

/// A piece of the sealed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// One HTTP request. The driver adds the token and whatever its transport needs, no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What it is for.
    pub kind: Kind,
    /// The method on the wire.
    pub method: Method,
    /// An absolute URL on the origin of the collection. A secret, unless the kind is `Create`.
    pub url: String,
    /// Headers beside `Content-Length` and `Authorization`.
    pub headers: Vec<(&'static str, String)>,
    /// The body: a piece of the part, or none at all.
    pub body: Option<Range>,
    /// The driver adds `Upload-Checksum: sha256 BASE64` over the body.
    pub checksum: bool,
}

/// The URL and the metadata header stay out of logs.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("kind", &self.kind)
            .field("method", &self.method)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// What the machine needs to know of an answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `Tus-Resumable: 1.0.0` was there: a tus server answers, and not somebody in its place.
    pub tus: bool,
    /// `Location`.
    pub location: Option<String>,
    /// `Upload-Offset`.
    pub offset: Option<u64>,
    /// `Upload-Length`.
    pub length: Option<u64>,
    /// `Date`: the server's clock.
    pub date_ms: Option<i64>,
    /// `Retry-After` as milliseconds from now.
    pub retry_after_ms: Option<i64>,
    /// `Upload-Expires` as milliseconds from now, measured by the server's own `Date` where it
    /// told one: a phone's clock may be years off.
    pub expires_in_ms: Option<i64>,
}

impl Response {
    /// Reads an answer's status and headers. Unreadable headers count as absent.
    pub fn new<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        now_ms: i64,
    ) -> Self {
        let mut response = Self { status, ..Self::default() };
        let (mut expires, mut retry_at) = (None, None);
        for (name, value) in headers {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "tus-resumable" => response.tus = value == super::upload::VERSION,
                "location" => response.location = Some(value.to_owned()),
                "upload-offset" => response.offset = number(value),
                "upload-length" => response.length = number(value),
                "date" => response.date_ms = http_date_ms(value),
                "upload-expires" => expires = http_date_ms(value),
                "retry-after" => match number(value).and_then(|s| i64::try_from(s).ok()) {
                    Some(seconds) => response.retry_after_ms = Some(seconds.saturating_mul(1000)),
                    None => retry_at = http_date_ms(value),
                },
                _ => {}
            }
        }
        let server_now = response.date_ms.unwrap_or(now_ms);
        response.expires_in_ms = expires.map(|at| at.saturating_sub(server_now));
        let until = retry_at.map(|at| at.saturating_sub(server_now).max(0));
        response.retry_after_ms = response.retry_after_ms.or(until);
        response
    }
}

/// The location is a secret.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("tus", &self.tus)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No byte of the request can have reached the server, for this reason.
    NotConnected(Reason),
    /// The connection broke or fell silent; the server may have seen some of it or all.
    Cut,
    /// The person or the system stopped the transfer. Nobody's fault, so nothing is held back.
    Cancelled,
    /// The sealed file could not be read.
    Unreadable,
}

/// Digits only: a sign or a blank that `parse` would take is not what the protocol writes.
fn number(value: &str) -> Option<u64> {
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok())?
}

/// An HTTP date in its one modern form.
fn http_date_ms(value: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(value).ok().map(|date| date.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Sun, 22 Nov 2026 12:00:00 GMT";
    const TEN_PAST: &str = "Sun, 22 Nov 2026 12:10:00 GMT";

    #[test]
    fn a_foreign_or_missing_version_is_not_tus() {
        assert!(Response::new(200, [("TUS-Resumable", "1.0.0")], 0).tus);
        assert!(!Response::new(200, [("tus-resumable", "0.2.2")], 0).tus);
        assert!(!Response::new(200, [], 0).tus);
    }

    #[test]
    fn times_are_counted_from_the_servers_clock_and_not_from_the_phones() {
        let headers = [("date", NOON), ("upload-expires", TEN_PAST), ("retry-after", TEN_PAST)];
        let response = Response::new(204, headers, 0);
        assert_eq!(response.expires_in_ms, Some(600_000));
        assert_eq!(response.retry_after_ms, Some(600_000));
    }

    #[test]
    fn retry_after_in_seconds_is_read_and_a_huge_one_does_not_overflow() {
        assert_eq!(Response::new(503, [("retry-after", "7")], 0).retry_after_ms, Some(7000));
        let huge = i64::MAX.to_string();
        let response = Response::new(503, [("retry-after", huge.as_str())], 0);
        assert_eq!(response.retry_after_ms, Some(i64::MAX));
    }

    #[test]
    fn an_offset_that_is_no_plain_number_counts_as_absent() {
        for value in ["-1", "+1", "1.0", "", "99999999999999999999999"] {
            assert_eq!(Response::new(200, [("upload-offset", value)], 0).offset, None, "{value}");
        }
    }
}
