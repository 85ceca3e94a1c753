//! A request's body that can't keep a write open for ever: it fails when no byte comes for a while,
//! or when a newer request takes the upload over.

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

/// A body with an end to its patience.
pub(super) struct Watched {
    body: Body,
    /// Gone once the body has failed.
    stop: Option<Stop>,
    idle: Pin<Box<Sleep>>,
}

impl Watched {
    /// Watches `body` until it ends or `stop` fires.
    pub(super) fn wrap(body: Body, stop: Stop) -> Body {
        Body::new(Self { body, stop: Some(stop), idle: Box::pin(sleep(IDLE)) })
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
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.idle.as_mut().reset(Instant::now() + IDLE);
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
