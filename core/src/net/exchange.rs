//! One request and its answer, watched: a stalled body, a silent server and a cancel all end it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use reqwest::Body;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::time::{Instant, sleep_until};

use super::body::{FileBody, Meter};
use super::{CancelToken, Net, NetError};
use crate::crypto::sha256;
use crate::tus::{self, Failure, Range};

/// The headers of every request: the token and nothing that tells a phone from another.
pub(super) fn headers(token: &str) -> Result<HeaderMap, NetError> {
    let bearer = format!("Bearer {token}");
    let mut value = HeaderValue::try_from(bearer).map_err(|_| NetError::BadToken)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

impl Net {
    /// Sends what the machine asked for. `written` is called as bytes of the body go out.
    pub(super) async fn exchange(
        &self,
        request: &tus::Request,
        source: &File,
        cancel: &CancelToken,
        mut written: impl FnMut(u64),
    ) -> Result<tus::Response, Failure> {
        let meter = Arc::new(Meter::default());
        let method = match request.method {
            tus::Method::Post => reqwest::Method::POST,
            tus::Method::Head => reqwest::Method::HEAD,
            tus::Method::Patch => reqwest::Method::PATCH,
        };
        let mut builder = self.client.request(method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let (true, Some(range)) = (request.checksum, request.body) {
            builder = builder.header("Upload-Checksum", checksum(source, range)?);
        }
        if let Some(range) = request.body {
            builder = builder.body(piece(source, range, &meter)?);
        }
        let body_bytes = request.body.map_or(0, |range| range.bytes);
        let answer = self.watch(builder, body_bytes, &meter, cancel, &mut written).await;
        written(meter.written());
        let response = match answer {
            Ok(response) => response,
            Err(_) if meter.unreadable() => return Err(Failure::Unreadable),
            Err(failure) => return Err(failure),
        };
        let read = self.read(&response);
        tokio::select! {
            () = cancel.cancelled() => {}
            () = drain(response) => {}
        }
        Ok(read)
    }

    /// Waits for the answer's headers.
    pub(super) async fn watch(
        &self,
        request: reqwest::RequestBuilder,
        body_bytes: u64,
        meter: &Meter,
        cancel: &CancelToken,
        written: &mut impl FnMut(u64),
    ) -> Result<reqwest::Response, Failure> {
        let answer = request.send();
        tokio::pin!(answer);
        let connecting = self.pacing.connect_timeout;
        let mut deadline = Instant::now() + connecting + self.patience(meter, body_bytes);
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(Failure::Cancelled),
                answer = &mut answer => return match answer {
                    Ok(response) => Ok(response),
                    Err(error) => Err(tokio::select! {
                        () = cancel.cancelled() => Failure::Cancelled,
                        failure = self.blame(&error) => failure,
                    }),
                },
                () = meter.moved() => {
                    deadline = Instant::now() + self.patience(meter, body_bytes);
                    written(meter.written());
                }
                () = sleep_until(deadline) => return Err(Failure::Cut),
            }
        }
    }

    fn patience(&self, meter: &Meter, body_bytes: u64) -> Duration {
        if meter.written() < body_bytes {
            self.pacing.stall_timeout
        } else {
            self.pacing.answer_timeout
        }
    }

    pub(super) fn read(&self, response: &reqwest::Response) -> tus::Response {
        let headers = response.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        tus::Response::new(response.status().as_u16(), headers, self.now_ms())
    }
}

/// Reads the rest of a short answer, so that the connection can serve the next request.
async fn drain(mut response: reqwest::Response) {
    if response.content_length().is_none_or(|bytes| bytes > DRAIN_MAX) {
        return;
    }
    let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
    let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
}

/// A body of its own handle: the request may outlive the wait for it by a moment.
fn piece(source: &File, range: Range, meter: &Arc<Meter>) -> Result<Body, Failure> {
    let body = source.try_clone().and_then(|file| FileBody::new(file, range, meter.clone()));
    body.map(Body::wrap).map_err(|_| Failure::Unreadable)
}

/// The value of `Upload-Checksum`. Only for bodies that fit in memory easily.
pub(crate) fn checksum(source: &File, range: Range) -> Result<String, Failure> {
    let read = || {
        let mut file = source.try_clone()?;
        file.seek(SeekFrom::Start(range.offset))?;
        let mut bytes = Vec::new();
        file.take(range.bytes).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    let bytes = read().map_err(|_| Failure::Unreadable)?;
    Ok(format!("sha256 {}", BASE64.encode(sha256(&bytes).as_bytes())))
}

const DRAIN_MAX: u64 = 8 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(2);
