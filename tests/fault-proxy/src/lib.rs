//! A bad network on the loopback: a TCP proxy that is slow, far away, cuts and stalls.
//!
//! Tests put it between the phone and a real server. What it does to each connection is data
//! ([`Faults`]), drawn from a seed where it is random, so that a failing run can be played again.
//! It sees ciphertext only: what needs to understand HTTP is done by the [`front`], which ends TLS.

mod dice;
pub mod front;
mod link;
mod serving;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

pub use dice::Dice;
use link::Lane;
pub use serving::Serving;

/// What happens to a connection. The default one is a perfect network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Bytes a second towards the server, shared by all connections.
    pub rate_up: Option<u64>,
    /// Bytes a second towards the phone, shared by all connections.
    pub rate_down: Option<u64>,
    /// How long each byte is under way, one way.
    pub delay: Duration,
    /// Closes the connection as soon as it was made.
    pub refuse: bool,
    /// Cuts the connection when so many bytes have gone towards the server.
    pub cut_up_after: Option<u64>,
    /// Cuts the connection when so many bytes have gone towards the phone.
    pub cut_down_after: Option<u64>,
    /// Falls silent, without closing, when so many bytes have gone towards the server.
    pub stall_up_after: Option<u64>,
    /// Falls silent, without closing, when so many bytes have gone towards the phone.
    pub stall_down_after: Option<u64>,
    /// A cut is a reset: what the other side has not read yet may be lost, too.
    pub reset: bool,
}

impl Faults {
    /// A slow line, the same in both directions.
    pub fn slow(bytes_per_second: u64) -> Self {
        Self {
            rate_up: Some(bytes_per_second),
            rate_down: Some(bytes_per_second),
            ..Self::default()
        }
    }
}

/// What has passed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections that a phone made.
    pub connections: u64,
    /// Connections that a fault ended or held for ever.
    pub faulted: u64,
    /// Bytes handed on towards the server.
    pub up: u64,
    /// Bytes handed on towards the phone.
    pub down: u64,
}

/// Decides the faults of each connection; it is told the connection's number, from 0.
pub type Plan = Box<dyn FnMut(u64) -> Faults + Send>;

/// A running proxy. Dropping it closes the port and every connection.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the proxy's threads and tasks share.
pub(crate) struct Shared {
    target: SocketAddr,
    plan: Mutex<Plan>,
    up: Lane,
    down: Lane,
    connections: AtomicU64,
    pub(crate) faulted: AtomicU64,
    stop: watch::Sender<bool>,
    cuts: watch::Sender<u64>,
}

impl FaultProxy {
    /// Listens on a free port of the loopback and does the same to every connection.
    pub fn start(target: SocketAddr, faults: Faults) -> io::Result<Self> {
        Self::start_with(target, Box::new(move |_| faults.clone()))
    }

    /// Listens on a free port of the loopback and asks `plan` for each connection.
    pub fn start_with(target: SocketAddr, plan: Plan) -> io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), target, plan)
    }

    /// Listens on `listen`.
    pub fn start_on(listen: SocketAddr, target: SocketAddr, plan: Plan) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            // Small buffers, which connections inherit: a slow line must not swallow megabytes
            // that arrive long after the phone has died.
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.set_recv_buffer_size(BUFFER)?;
            socket.bind(listen)?;
            socket.listen(128)?
        };
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            plan: Mutex::new(plan),
            up: Lane::default(),
            down: Lane::default(),
            connections: AtomicU64::new(0),
            faulted: AtomicU64::new(0),
            stop: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let inside = shared.clone();
        let thread = std::thread::Builder::new()
            .name("fault-proxy".into())
            .spawn(move || runtime.block_on(accept(listener, inside)))?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// Where the phone connects.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does this to every connection made from now on.
    pub fn set(&self, faults: Faults) {
        let mut plan = self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner);
        *plan = Box::new(move |_| faults.clone());
    }

    /// Cuts every connection that stands.
    pub fn cut_all(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What has passed so far.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.connections.load(Ordering::SeqCst),
            faulted: self.shared.faulted.load(Ordering::SeqCst),
            up: self.shared.up.passed(),
            down: self.shared.down.passed(),
        }
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    loop {
        let phone = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => match accepted {
                Ok((phone, _)) => phone,
                Err(_) => continue,
            },
        };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let faults = (shared.plan.lock().unwrap_or_else(PoisonError::into_inner))(number);
        let shared = shared.clone();
        tokio::spawn(async move {
            let mut cuts = shared.cuts.subscribe();
            cuts.mark_unchanged();
            tokio::select! {
                () = link::serve(phone, &faults, &shared) => {}
                _ = cuts.changed() => { shared.faulted.fetch_add(1, Ordering::SeqCst); }
            }
        });
    }
}

/// The kernel doubles it.
pub(crate) const BUFFER: u32 = 32 << 10;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut from = stream.try_clone().unwrap();
                    let _ = io::copy(&mut from, &mut &stream);
                });
            }
        });
        address
    }

    /// What comes back of `bytes` bytes.
    fn through(proxy: &FaultProxy, bytes: usize) -> usize {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        let mut writing = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || {
            let _ = writing.write_all(&vec![7; bytes]);
            let _ = writing.shutdown(std::net::Shutdown::Write);
        });
        let mut back = Vec::new();
        let _ = stream.read_to_end(&mut back);
        writer.join().unwrap();
        back.len()
    }

    #[test]
    fn a_perfect_network_changes_nothing_and_counts() {
        let proxy = FaultProxy::start(echo(), Faults::default()).unwrap();
        assert_eq!(through(&proxy, 1_000_000), 1_000_000);
        let expected = Counts { connections: 1, faulted: 0, up: 1_000_000, down: 1_000_000 };
        assert_eq!(proxy.counts(), expected);
    }

    #[test]
    fn a_cut_lets_so_many_bytes_through_and_no_more() {
        let cut = Faults { cut_up_after: Some(300_000), ..Faults::default() };
        let proxy = FaultProxy::start(echo(), cut).unwrap();
        assert!(through(&proxy, 1_000_000) <= 300_000);
        assert_eq!(proxy.counts().up, 300_000);
        assert_eq!(proxy.counts().faulted, 1);
    }

    #[test]
    fn a_refused_connection_ends_and_the_next_can_be_better() {
        let refuse_first = |number| Faults { refuse: number == 0, ..Faults::default() };
        let proxy = FaultProxy::start_with(echo(), Box::new(refuse_first)).unwrap();
        assert_eq!(through(&proxy, 1000), 0);
        assert_eq!(through(&proxy, 1000), 1000);
    }

    #[test]
    fn a_slow_line_cannot_be_faster_than_its_rate() {
        let proxy = FaultProxy::start(echo(), Faults::slow(500_000)).unwrap();
        let begin = Instant::now();
        assert_eq!(through(&proxy, 100_000), 100_000);
        assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
    }

    #[test]
    fn connections_that_stand_can_be_cut() {
        let stall = Faults { stall_up_after: Some(10), ..Faults::default() };
        let proxy = FaultProxy::start(echo(), stall).unwrap();
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(&[7; 10]).unwrap();
        stream.read_exact(&mut [0; 10]).unwrap();
        proxy.cut_all();
        assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)));
    }
}
