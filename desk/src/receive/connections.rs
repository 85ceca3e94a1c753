//! Accepts connections, and keeps no connection that does not get to the point: TLS and each
//! request's headers have to come within a few seconds. A network address is never looked at.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections at one time; more wait in the kernel's queue.
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

/// Serves until `stop` is done, then calls `cut` and lets requests end.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    router: Router,
    stop: impl Future<Output = ()>,
    cut: impl FnOnce(),
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else { continue };
        let watcher = graceful.watcher();
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            // Without TLS in time, or with a broken one, there is nobody to tell.
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let service = TowerToHyperService::new(router);
                let connection = http1().serve_connection(TokioIo::new(stream), service);
                let _ = watcher.watch(connection).await;
            }
            drop(place);
        });
    }
    drop(listener);
    cut();
    let _ = timeout(FAREWELL, graceful.shutdown()).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _address)) => {
            // Answers are a few bytes each: waiting to fill a packet would only delay them.
            let _ = stream.set_nodelay(true);
            give_up_the_dead(&stream);
            Some((stream, place))
        }
        Err(_) => {
            // Out of file descriptors, most likely: some connection has to end first.
            sleep(Duration::from_millis(100)).await;
            None
        }
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
