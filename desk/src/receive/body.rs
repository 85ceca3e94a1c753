//! A request's body that can't keep a write open for ever: it fails when no byte comes for a while,
//! when bytes come too slowly, or when a newer request takes the upload over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::running::Stop;

/// How long a phone may send nothing. A tunnel takes longer, and then the phone resumes.
const IDLE: Duration = Duration::from_secs(30);
/// How long a body may take whatever its speed.
const GRACE: Duration = Duration::from_secs(120);
/// What it has to come to on the average from then on. So a small body ends in minutes; of a large
/// one that is slower what came is kept, and the phone goes on from there.
const BYTES_PER_SECOND: u64 = 512;

/// A body with an end to its patience.
pub(super) struct Watched {
    body: Body,
    /// Gone once the body has failed.
    stop: Option<Stop>,
    idle: Pin<Box<Sleep>>,
    /// When bytes were asked for first: waiting for a lock is not the phone's fault.
    began: Option<Instant>,
    arrived: u64,
}

impl Watched {
    /// Watches `body` until it ends or `stop` fires.
    pub(super) fn wrap(body: Body, stop: Stop) -> Body {
        let idle = Box::pin(sleep(IDLE));
        Body::new(Self { body, stop: Some(stop), idle, began: None, arrived: 0 })
    }

    /// Whether it is too slow by now. The end of patience moves with each byte.
    fn is_slow(&mut self) -> bool {
        let began = self.began.get_or_insert_with(Instant::now);
        began.elapsed() > GRACE + Duration::from_secs(self.arrived / BYTES_PER_SECOND)
    }

    fn fail(&mut self, kind: io::ErrorKind) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.stop = None;
        Poll::Ready(Some(Err(io::Error::from(kind).into())))
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(stop) = &mut self.stop else { return Poll::Ready(None) };
        // Asked first, so that a newer request waits for one piece at most.
        if Pin::new(stop).poll(context).is_ready() {
            return self.fail(io::ErrorKind::Interrupted);
        }
        let slow = self.is_slow();
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.idle.as_mut().reset(Instant::now() + IDLE);
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            let length = data.map_or(0, Bytes::len) as u64;
            if slow && length > 0 {
                return self.fail(io::ErrorKind::TimedOut);
            }
            self.arrived = self.arrived.saturating_add(length);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if self.idle.as_mut().poll(context).is_ready() {
            return self.fail(io::ErrorKind::TimedOut);
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use futures_util::stream;
    use http_body::Body as _;
    use tokio::sync::oneshot;

    use super::*;

    async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_falls_silent_fails() {
        let (_sender, stop) = oneshot::channel();
        let silent = stream::pending::<Result<Bytes, Infallible>>();
        let mut body = Watched::wrap(Body::from_stream(silent), stop);
        assert!(next(&mut body).await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_fails_and_one_of_a_slow_line_does_not() {
        for (bytes, ends) in [(1, true), (BYTES_PER_SECOND as usize * 20, false)] {
            let (_sender, stop) = oneshot::channel();
            let drip = stream::unfold(0, move |sent| async move {
                sleep(Duration::from_secs(20)).await;
                (sent < 500).then(|| (Ok::<_, Infallible>(Bytes::from(vec![0; bytes])), sent + 1))
            });
            let mut body = Watched::wrap(Body::from_stream(drip), stop);
            let failed = loop {
                match next(&mut body).await {
                    Some(Ok(_)) => {}
                    other => break other.is_some(),
                }
            };
            assert_eq!(failed, ends, "{bytes} bytes each time");
        }
    }

    #[tokio::test]
    async fn a_body_fails_at_once_when_another_request_takes_over() {
        let (sender, stop) = oneshot::channel();
        let chunks = stream::repeat(Ok::<_, Infallible>(Bytes::from_static(b"x")));
        let mut body = Watched::wrap(Body::from_stream(chunks), stop);
        assert_eq!(next(&mut body).await.unwrap().unwrap(), "x");
        drop(sender);
        assert!(next(&mut body).await.unwrap().is_err());
    }
}
