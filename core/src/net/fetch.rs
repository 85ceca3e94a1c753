//! Small things by GET: receipts and packs. What comes back is signed, so nothing is believed here.

use std::time::Duration;

use super::body::Meter;
use super::{CancelToken, Net};
use crate::tus::{self, Failure, Reason, same_origin};

/// A fetch that came to nothing for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Try again later; not before `retry_after_ms` from now, where the server asked for that.
    Because {
        /// Why.
        reason: Reason,
        /// From `Retry-After`.
        retry_after_ms: Option<i64>,
    },
    /// The token was cancelled.
    Cancelled,
}

impl Net {
    /// Gets `path` (relative to the server's URL) of at most `max_bytes`.
    ///
    /// Nothing there (404, 410) is `None`. It may also be a portal's 404, and the bytes may be a
    /// portal's page: whoever asks verifies a signature anyway.
    pub async fn fetch(
        &self,
        path: &str,
        max_bytes: u64,
        cancel: &CancelToken,
    ) -> Result<Option<Vec<u8>>, Waiting> {
        let url = self.server.join(path).ok();
        let url = url.filter(|url| url.origin() == self.server.origin());
        let Some(url) = url else {
            return Err(because(Reason::ForeignLocation));
        };
        let response = self.ask(self.client.get(url), cancel).await?;
        match response.status().as_u16() {
            200 => self.body(response, max_bytes, cancel).await.map(Some),
            404 | 410 => Ok(None),
            status => Err(self.refusal(status, &response)),
        }
    }

    /// Removes an upload that nobody needs any more. Whatever the server says to it is final: one
    /// that can't do it lets uploads expire.
    pub async fn terminate(&self, url: &str, cancel: &CancelToken) -> Result<(), Waiting> {
        if !same_origin(self.server.as_str(), url) {
            return Ok(());
        }
        let request = self.client.delete(url).header("Tus-Resumable", tus::VERSION);
        self.ask(request, cancel).await.map(|_| ())
    }

    async fn ask(
        &self,
        request: reqwest::RequestBuilder,
        cancel: &CancelToken,
    ) -> Result<reqwest::Response, Waiting> {
        let answer = self.watch(request, 0, &Meter::default(), cancel, &mut |_| {}).await;
        answer.map_err(|failure| match failure {
            Failure::Cancelled => Waiting::Cancelled,
            Failure::NotConnected(reason) => because(reason),
            Failure::Cut | Failure::Unreadable => because(Reason::ConnectionLost),
        })
    }

    async fn body(
        &self,
        mut response: reqwest::Response,
        max_bytes: u64,
        cancel: &CancelToken,
    ) -> Result<Vec<u8>, Waiting> {
        let mut bytes = Vec::new();
        loop {
            let chunk = tokio::select! {
                () = cancel.cancelled() => return Err(Waiting::Cancelled),
                chunk = tokio::time::timeout(self.silence(), response.chunk()) => chunk,
            };
            match chunk {
                Ok(Ok(Some(chunk))) if (bytes.len() + chunk.len()) as u64 <= max_bytes => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Ok(Some(_))) => return Err(because(Reason::TooLarge)),
                Ok(Ok(None)) => return Ok(bytes),
                Ok(Err(_)) | Err(_) => return Err(because(Reason::ConnectionLost)),
            }
        }
    }

    fn silence(&self) -> Duration {
        self.pacing.stall_timeout
    }

    fn refusal(&self, status: u16, response: &reqwest::Response) -> Waiting {
        let read = self.read(response);
        let reason = match status {
            401 | 403 => Reason::TokenRefused,
            423 | 429 | 503 => Reason::ServerBusy,
            511 => Reason::CaptivePortal,
            500..=599 => Reason::ServerFault,
            400..=499 if read.tus => Reason::Rejected,
            _ => Reason::CaptivePortal,
        };
        Waiting::Because { reason, retry_after_ms: read.retry_after_ms }
    }
}

const fn because(reason: Reason) -> Waiting {
    Waiting::Because { reason, retry_after_ms: None }
}
