//! One connection through the bad network: two lanes, each with its rate, delay and accidents.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::{BUFFER, Faults, Shared};

/// One direction of the line, shared by all connections.
#[derive(Default)]
pub(crate) struct Lane {
    free_at: Mutex<Option<Instant>>,
    passed: AtomicU64,
}

impl Lane {
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::SeqCst)
    }

    /// When `bytes` more have been squeezed through at `rate`.
    fn reserve(&self, bytes: usize, rate: Option<u64>) -> Instant {
        let now = Instant::now();
        let Some(rate) = rate.filter(|rate| *rate > 0) else { return now };
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let start = free_at.map_or(now, |at| at.max(now));
        let end = start + Duration::from_nanos(bytes as u64 * 1_000_000_000 / rate);
        *free_at = Some(end);
        end
    }
}

/// How a direction ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The sender closed its side.
    Closed,
    /// The plan says that the connection breaks here.
    Cut,
}

/// What one direction does.
struct Way<'a> {
    lane: &'a Lane,
    rate: Option<u64>,
    delay: Duration,
    cut_after: Option<u64>,
    stall_after: Option<u64>,
    faulted: &'a AtomicU64,
}

/// Carries one connection to its end.
pub(crate) async fn serve(phone: TcpStream, faults: &Faults, shared: &Shared) {
    if faults.refuse {
        shared.faulted.fetch_add(1, Ordering::SeqCst);
        let _ = phone.set_zero_linger();
        return;
    }
    let Ok(server) = connect(shared.target).await else { return };
    let _ = (phone.set_nodelay(true), server.set_nodelay(true));
    if faults.reset {
        let _ = (phone.set_zero_linger(), server.set_zero_linger());
    }
    let up = Way {
        lane: &shared.up,
        rate: faults.rate_up,
        delay: faults.delay,
        cut_after: faults.cut_up_after,
        stall_after: faults.stall_up_after,
        faulted: &shared.faulted,
    };
    let down = Way {
        lane: &shared.down,
        rate: faults.rate_down,
        delay: faults.delay,
        cut_after: faults.cut_down_after,
        stall_after: faults.stall_down_after,
        faulted: &shared.faulted,
    };
    let (mut from_phone, mut to_phone) = phone.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = carry(&mut from_phone, &mut to_server, &up);
    let down = carry(&mut from_server, &mut to_phone, &down);
    tokio::pin!(up, down);
    // A closed direction lets the other one finish; a cut one takes it along.
    tokio::select! {
        end = &mut up => if end == End::Closed { down.await; },
        end = &mut down => if end == End::Closed { up.await; },
    }
}

async fn connect(target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(BUFFER)?;
    socket.connect(target).await
}

/// Reads, waits as the line demands, writes.
async fn carry(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, way: &Way<'_>) -> End {
    let (send, mut receive) = mpsc::channel::<(Instant, Vec<u8>)>(IN_FLIGHT);
    let reading = async move {
        let mut seen = 0;
        let block = way.rate.map_or(BLOCK, |rate| (rate / 20).clamp(512, BLOCK));
        let mut buffer = vec![0; block as usize];
        loop {
            let room = room(way, seen).min(block) as usize;
            if room == 0 {
                return rest(way, seen, send).await;
            }
            let Ok(read @ 1..) = from.read(&mut buffer[..room]).await else { return End::Closed };
            seen += read as u64;
            let due = way.lane.reserve(read, way.rate);
            sleep_until(due).await;
            let block = (Instant::now() + way.delay, buffer[..read].to_vec());
            if send.send(block).await.is_err() {
                return End::Closed;
            }
        }
    };
    let writing = async move {
        while let Some((due, block)) = receive.recv().await {
            sleep_until(due).await;
            if to.write_all(&block).await.is_err() {
                return;
            }
            way.lane.passed.fetch_add(block.len() as u64, Ordering::SeqCst);
        }
        let _ = to.shutdown().await;
    };
    let (end, ()) = tokio::join!(reading, writing);
    end
}

/// How many bytes may still pass before the next accident.
fn room(way: &Way<'_>, seen: u64) -> u64 {
    let left = |limit: Option<u64>| limit.map_or(u64::MAX, |limit| limit.saturating_sub(seen));
    left(way.cut_after).min(left(way.stall_after))
}

/// The accident itself.
async fn rest(way: &Way<'_>, seen: u64, send: mpsc::Sender<(Instant, Vec<u8>)>) -> End {
    way.faulted.fetch_add(1, Ordering::SeqCst);
    if way.cut_after.is_some_and(|limit| seen >= limit) {
        return End::Cut;
    }
    // Silence: neither read nor closed, until the proxy ends.
    send.closed().await;
    std::future::pending().await
}

const BLOCK: u64 = 16 << 10;
const IN_FLIGHT: usize = 256;
