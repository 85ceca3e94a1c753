//! Accepts connections, and keeps no connection that does not get to the point: TLS and each
//! request's headers have to come within a few seconds. A network address is never looked at.
//!
//! When all places are taken, the one whose next word has been awaited longest gives its place to
//! the next: so whoever only holds connections open shuts out nobody who speaks. One with a large
//! body under way goes last; of those there are never so many (`gate`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections at one time.
pub(super) const MAX_CONNECTIONS: usize = 1024;
/// How long a TLS handshake may take, on the slowest link.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long the headers of a request may take, and a connection may stay without one: longer than
/// phones keep an idle connection, so that none writes to one that we are closing.
const HEADERS: Duration = Duration::from_secs(45);
/// What the headers of a request may hold.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// A peer that is gone without a word is asked after this long, and again each time after that, and
/// given up when nothing was heard for twice as long: also while an answer waits to be taken.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long requests get to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves at most `limit` connections until `stop` is done, then calls `cut` and lets requests end.
pub(super) async fn serve(
    listener: TcpListener,
    limit: usize,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    stop: impl Future<Output = ()>,
    cut: impl FnOnce(),
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(limit));
    let queue = Arc::new(Queue::default());
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places, &queue) => accepted,
        };
        let Some((stream, place)) = accepted else { continue };
        let (standing, sent_away) = queue.enter();
        let speaking =
            speak(stream, acceptor.clone(), router.clone(), standing, graceful.watcher());
        tokio::spawn(async move {
            tokio::select! {
                () = speaking => {}
                _ = sent_away => {}
            }
            drop(place);
        });
    }
    drop(listener);
    cut();
    let _ = timeout(FAREWELL, graceful.shutdown()).await;
}

/// Answers the requests of one connection.
async fn speak(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    router: Router,
    standing: Standing,
    watcher: Watcher,
) {
    // Without TLS in time, or with a broken one, there is nobody to tell.
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let (router, standing) = (TowerToHyperService::new(router), Arc::new(standing));
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(Arc::clone(&standing));
        let (answer, standing) = (router.call(request), Arc::clone(&standing));
        async move {
            let answer = answer.await;
            standing.renew(false);
            answer
        }
    });
    let connection = http1().serve_connection(TokioIo::new(stream), service);
    let _ = watcher.watch(connection).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    queue: &Queue,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    match listener.accept().await {
        Ok((stream, _address)) => {
            // Answers are a few bytes each: waiting to fill a packet would only delay them.
            let _ = stream.set_nodelay(true);
            give_up_the_dead(&stream);
            if places.available_permits() == 0 {
                queue.send_first_away();
            }
            Some((stream, Arc::clone(places).acquire_owned().await.ok()?))
        }
        Err(_) => {
            // Out of file descriptors, most likely: some connection has to end first.
            queue.send_first_away();
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

/// Who would give up a place, the first to go first.
#[derive(Debug, Default)]
struct Queue {
    next: AtomicU64,
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<()>>>,
}

/// The place of one connection in the queue.
#[derive(Debug)]
pub(super) struct Standing {
    queue: Arc<Queue>,
    number: AtomicU64,
}

/// Added to the numbers of those who go last.
const LAST: u64 = 1 << 63;

impl Queue {
    /// A new connection, and what ends when it is sent away.
    fn enter(self: &Arc<Self>) -> (Standing, oneshot::Receiver<()>) {
        let (sender, sent_away) = oneshot::channel();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, sender);
        (Standing { queue: Arc::clone(self), number: AtomicU64::new(number) }, sent_away)
    }

    fn send_first_away(&self) {
        // Dropping the sender is what ends the connection.
        self.lock().pop_first();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, oneshot::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    /// Goes to the end of the queue, or behind all others while a `large` body is under way.
    pub(super) fn renew(&self, large: bool) {
        let mut waiting = self.queue.lock();
        let next = self.queue.next.fetch_add(1, Ordering::Relaxed) | if large { LAST } else { 0 };
        let Some(sender) = waiting.remove(&self.number.swap(next, Ordering::Relaxed)) else {
            return; // sent away meanwhile
        };
        waiting.insert(next, sender);
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.queue.lock().remove(&self.number.load(Ordering::Relaxed));
    }
}

/// Best effort: where the system can't, the time limits above are what there is.
fn give_up_the_dead(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let asking = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    let _ = socket.set_tcp_keepalive(&asking);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(2 * KEEPALIVE));
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(MAX_HEADER_BYTES);
    builder
}

#[cfg(test)]
mod tests {
    use rustls::server::ResolvesServerCertUsingSni;
    use tokio::io::AsyncReadExt;

    use super::*;

    #[test]
    fn who_waits_longest_goes_first_and_a_large_body_last() {
        let queue = Arc::new(Queue::default());
        let ((one, mut one_away), (two, mut two_away)) = (queue.enter(), queue.enter());
        let (_three, mut three_away) = queue.enter();
        one.renew(true);
        two.renew(false);
        let mut gone = || [&mut one_away, &mut two_away, &mut three_away].map(|it| it.try_recv());
        for expected in [[false, false, true], [false, true, true], [true, true, true]] {
            queue.send_first_away();
            let ended = gone().map(|it| it == Err(oneshot::error::TryRecvError::Closed));
            assert_eq!(ended, expected);
        }
        one.renew(false);
        assert!(queue.lock().is_empty(), "who was sent away does not come back");
    }

    #[tokio::test]
    async fn a_full_house_takes_the_next_in_for_the_first_who_says_nothing() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = std::future::pending();
        let server = tokio::spawn(serve(listener, 2, Arc::new(tls), Router::new(), stop, || {}));
        let mut silent = Vec::new();
        for _ in 0..3 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut byte = [0];
        assert!(matches!(silent[0].read(&mut byte).await, Ok(0) | Err(_)));
        for kept in &silent[1..] {
            let read = kept.try_read(&mut byte).unwrap_err();
            assert_eq!(read.kind(), std::io::ErrorKind::WouldBlock);
        }
        server.abort();
    }
}
