//! The phone's side: a sealed part in a file, its queue row, and the product's own client.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fault_proxy::Dice;

use homeward_core::net::{
    self, CancelToken, Journal, Net, Pacing, Progress, Server, Trust, UploadEnd,
};
use homeward_core::tus::{Memory, Part, Policy, Reason};

/// A queue row: what the next process would find.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) memory: Memory,
    pub(crate) saves: usize,
    pub(crate) progress: Vec<Progress>,
    /// Every reason that was on disk at some time. A wait may be over before anybody asks for it.
    pub(crate) reasons: BTreeSet<String>,
    /// Cancels as soon as so many bytes were written in one run.
    pub(crate) cancel_at: Option<(u64, CancelToken)>,
    pub(crate) full_disk: bool,
}

impl Journal for Row {
    fn save(&mut self, memory: &Memory) -> io::Result<()> {
        if self.full_disk {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.saves += 1;
        self.reasons.extend(memory.reason.clone());
        // Through its stored form, as a new process would get it.
        self.memory = serde_json::from_str(&serde_json::to_string(memory).unwrap()).unwrap();
        Ok(())
    }

    fn progress(&mut self, progress: Progress) {
        self.progress.push(progress);
        if let Some((at, token)) = &self.cancel_at
            && progress.written >= *at
        {
            token.cancel();
        }
    }
}

/// One part on one phone.
pub(crate) struct Phone {
    pub(crate) net: Net,
    pub(crate) part: Part,
    pub(crate) bytes: Vec<u8>,
    pub(crate) row: Row,
    pub(crate) cancel: CancelToken,
    source: File,
}

impl Phone {
    /// A phone that knows `address` as `https://127.0.0.1:PORT` and trusts `anchor`.
    pub(crate) fn with_part(address: SocketAddr, anchor: Vec<u8>, bytes: Vec<u8>) -> Self {
        let server = Self::server(&address.to_string(), anchor);
        let net = Net::new(&server, None, &quick(), Arc::new(now_ms)).unwrap();
        Self::over(net, &server, bytes)
    }

    /// The server as a pack would name it.
    pub(crate) fn server(host: &str, anchor: Vec<u8>) -> Server {
        Server {
            url: format!("https://{host}/"),
            token: "token-canary".into(),
            trust: Trust::Anchors(vec![anchor]),
            pins: None,
            known_ms: 0,
        }
    }

    /// A phone with a client of the test's own making.
    pub(crate) fn over(net: Net, server: &Server, bytes: Vec<u8>) -> Self {
        let part = Part {
            endpoint: format!("{}files", server.url),
            id: "6f".repeat(16),
            bytes: bytes.len() as u64,
        };
        let mut source = tempfile::tempfile().unwrap();
        source.write_all(&bytes).unwrap();
        Self { net, part, bytes, row: Row::default(), cancel: CancelToken::new(), source }
    }

    /// A phone that loses patience after half a second.
    pub(crate) fn impatient(address: SocketAddr, anchor: Vec<u8>, bytes: Vec<u8>) -> Self {
        let known = Self::server(&address.to_string(), anchor);
        let pacing = Pacing {
            connect_timeout: Duration::from_millis(500),
            answer_timeout: Duration::from_millis(500),
            stall_timeout: Duration::from_millis(500),
            ..quick()
        };
        let net = Net::new(&known, None, &pacing, Arc::new(now_ms)).unwrap();
        Self::over(net, &known, bytes)
    }

    /// A phone whose clock is wrong by so much.
    pub(crate) fn off_by(off_ms: i64, server: &Server, bytes: Vec<u8>) -> Self {
        let clock = Arc::new(move || now_ms() + off_ms);
        Self::over(Net::new(server, None, &quick(), clock).unwrap(), server, bytes)
    }

    /// One call, as a run of the queue makes it.
    pub(crate) fn upload(&mut self) -> UploadEnd {
        let memory = self.row.memory.clone();
        let work = self.net.upload(&self.part, memory, &self.source, &mut self.row, &self.cancel);
        net::block_on(work).unwrap()
    }

    /// One call that must end in waiting; tells why.
    pub(crate) fn waits_because(&mut self) -> Reason {
        match self.upload() {
            UploadEnd::Retry { reason, not_before_ms } => {
                assert_eq!(self.row.memory.not_before_ms, not_before_ms, "not on disk");
                reason
            }
            end => panic!("{end:?}"),
        }
    }

    /// Calls until the part is stored, parked or cancelled, waiting as told; each call is a new
    /// process as far as the product can tell.
    pub(crate) fn upload_patiently(&mut self) -> UploadEnd {
        for _ in 0..200 {
            match self.upload() {
                UploadEnd::Retry { not_before_ms, .. } => {
                    let left = not_before_ms.saturating_sub(now_ms());
                    std::thread::sleep(Duration::from_millis(left.clamp(0, 5_000).unsigned_abs()));
                }
                end => return end,
            }
        }
        panic!("two hundred tries and no end: {:?}", self.row.memory);
    }
}

/// Real pacing, fifty times faster.
pub(crate) fn quick() -> Pacing {
    Pacing {
        connect_timeout: Duration::from_secs(5),
        answer_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(30),
        policy: Policy {
            backoff_base: Duration::from_millis(20),
            backoff_max: Duration::from_millis(500),
            ..Policy::default()
        },
    }
}

/// Bytes that do not repeat, so that a shifted or doubled block is seen.
pub(crate) fn part_bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut bytes: Vec<u8> = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&dice.roll().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// An address where nobody listens.
pub(crate) fn closed_port() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
