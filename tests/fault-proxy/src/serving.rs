//! What serves on the loopback, on a thread and a runtime of its own: a front, a recorder, a tus
//! server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic;
use std::thread::{self, JoinHandle};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Something that serves. Dropping it closes the port and every connection.
pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Listens on a free port of the loopback, and has `serve` take the connections, on a thread of
    /// this name.
    pub fn start<W: Future<Output = ()>>(
        name: &str,
        serve: impl FnOnce(TcpListener) -> W + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            runtime.block_on(async {
                tokio::select! { () = serve(listener) => {}, _ = stopped => {} }
            });
            // What still works on a file is not waited for.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(name.into()).spawn(work)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if let Some(Err(panicked)) = ended
            && !thread::panicking()
        {
            panic::resume_unwind(panicked);
        }
    }
}
