//! What an answer means: one table from status to verdict, so that it can be read beside the
//! standard. What follows from a verdict is in `upload`.

use super::{Kind, Response};

/// The meaning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A tus server did what was asked.
    Success,
    /// Our offset is not the server's: ask.
    Ask,
    /// The upload does not exist any more.
    Gone,
    /// Come back later.
    Busy,
    /// The server has a fault of its own.
    Fault,
    /// This was not our server.
    Portal,
    /// The same request at another address.
    Elsewhere,
    /// Something on the way takes no request of this size.
    Smaller,
    /// Something on the way takes no PATCH.
    NoPatch,
    /// The server takes no part of this size.
    TooLarge,
    /// The server does not know the token.
    TokenRefused,
    /// The server refuses for good.
    Rejected,
}

impl Verdict {
    /// Whether the request was turned away before it changed anything.
    pub(super) fn refuses(self) -> bool {
        use Verdict::{Busy, Rejected, Smaller, TokenRefused, TooLarge};
        matches!(self, Busy | Smaller | TooLarge | TokenRefused | Rejected)
    }
}

/// Judges the answer to a request of this kind.
///
/// Success, "gone" and whatever else only a tus server can know need its `Tus-Resumable`; who
/// may speak without it are the proxies in front of it: about tokens, sizes, load and faults.
pub(super) fn judge(kind: Kind, response: &Response) -> Verdict {
    match response.status {
        401 | 403 => Verdict::TokenRefused,
        429 | 503 => Verdict::Busy,
        413 if response.tus => Verdict::TooLarge,
        413 => Verdict::Smaller,
        405 | 501 if kind == Kind::Send => Verdict::NoPatch,
        511 => Verdict::Portal,
        500..=599 => Verdict::Fault,
        307 | 308 => Verdict::Elsewhere,
        _ if !response.tus => Verdict::Portal,
        200..=299 => Verdict::Success,
        // The collection itself is missing: nothing is lost, the server is set up wrongly.
        404 | 410 if kind == Kind::Create => Verdict::Fault,
        404 | 410 => Verdict::Gone,
        423 => Verdict::Busy,
        408 | 425 => Verdict::Fault,
        409 | 460 if kind == Kind::Send => Verdict::Ask,
        409 => Verdict::Busy,
        400..=499 => Verdict::Rejected,
        _ => Verdict::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kind: Kind, status: u16, tus: bool) -> Verdict {
        judge(kind, &Response { status, tus, ..Response::default() })
    }

    #[test]
    fn without_a_tus_header_nothing_is_believed_that_only_a_tus_server_knows() {
        for kind in [Kind::Create, Kind::Ask, Kind::Send] {
            for status in [200, 201, 204, 302, 400, 404, 409, 410, 418, 423, 511] {
                assert_eq!(verdict(kind, status, false), Verdict::Portal, "{kind:?} {status}");
            }
        }
    }

    #[test]
    fn what_a_proxy_may_say_means_the_same_with_and_without_a_tus_header() {
        for tus in [true, false] {
            for (status, expected) in [
                (401, Verdict::TokenRefused),
                (403, Verdict::TokenRefused),
                (429, Verdict::Busy),
                (503, Verdict::Busy),
                (500, Verdict::Fault),
                (502, Verdict::Fault),
                (504, Verdict::Fault),
            ] {
                assert_eq!(verdict(Kind::Send, status, tus), expected, "{status}");
            }
        }
    }

    #[test]
    fn only_404_and_410_of_a_tus_server_on_an_upload_mean_gone() {
        for status in 100..=599 {
            for kind in [Kind::Create, Kind::Ask, Kind::Send] {
                for tus in [true, false] {
                    let gone = tus && kind != Kind::Create && matches!(status, 404 | 410);
                    assert_eq!(verdict(kind, status, tus) == Verdict::Gone, gone, "{status}");
                }
            }
        }
    }
}
