//! Real tus servers as processes on the loopback: our own `receive`, tusd, and the npm server; and
//! other programs that are not ours.
//!
//! `tests/peers` says how those of others are built. They speak plain HTTP, as behind a proxy that
//! ends TLS; a [`fault_proxy::front::Front`] is that proxy.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use fault_proxy::front::Upstream;
use serde_json::Value;

use crate::organisation::listening;
use crate::programs::{Programs, Running};
use crate::tls;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Make {
    /// `homeward-desk receive`.
    Ours,
    /// tusd, in Go.
    Tusd,
    /// `@tus/server`, in JavaScript.
    Node,
}

impl Make {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ours, Self::Tusd, Self::Node];

    /// Where phones create uploads.
    #[must_use]
    pub fn collection(self) -> &'static str {
        match self {
            Self::Ours => "uploads",
            Self::Tusd | Self::Node => "files",
        }
    }
}

/// A server that runs. Dropped, it is killed.
pub struct Peer {
    make: Make,
    upstream: Upstream,
    token: String,
    store: PathBuf,
    _process: Process,
}

#[expect(dead_code, reason = "held to be killed when it is dropped")]
enum Process {
    /// Nobody listens to it any more; the lock only lets threads share the server.
    Ours(Mutex<Running>),
    Other(Other),
}

/// A process that is no program of ours.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Peer {
    /// Starts a server that keeps what it takes in `folder`; builds it first where that is to do.
    pub fn start(make: Make, folder: &Path) -> io::Result<Self> {
        if make == Make::Ours {
            return Self::ours(folder);
        }
        fs::create_dir_all(folder)?;
        let mut command = if make == Make::Tusd {
            let mut tusd = Command::new(tool("tusd")?);
            tusd.args(["-host", "127.0.0.1", "-port", "0", "-disable-download"]);
            tusd.args(["-verbose=false", "-upload-dir"]);
            tusd
        } else {
            let mut node = Command::new("node");
            node.arg(tool("tus-node")?.join("server.js"));
            node
        };
        let mut child = command
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let process = Process::Other(Other(child));
        let upstream = Upstream::Plain(told(output)?);
        Ok(Self { make, upstream, token: "none".into(), store: folder.into(), _process: process })
    }

    fn ours(folder: &Path) -> io::Result<Self> {
        let desk = Programs::ready().desk(folder);
        desk.ask(&["init", "--name", "Peers", "--host", "127.0.0.1"])?;
        let mut running = desk.start(&["receive", "--listen", "127.0.0.1:0"])?;
        let address = listening(running.next_line())?;
        let (_, connector) = tls::of_desk(folder)?;
        let token = fs::read_to_string(folder.join("public/token"))?.trim().to_owned();
        Ok(Self {
            make: Make::Ours,
            upstream: Upstream::Tls(address, connector),
            token,
            store: folder.join("public/uploads"),
            _process: Process::Ours(Mutex::new(running)),
        })
    }

    /// Whose it is.
    #[must_use]
    pub fn make(&self) -> Make {
        self.make
    }

    /// Where it is.
    #[must_use]
    pub fn upstream(&self) -> Upstream {
        self.upstream.clone()
    }

    /// What it wants to be shown.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What it holds of the upload whose URL ends with `id`.
    pub fn upload(&self, id: &str) -> io::Result<Vec<u8>> {
        match self.make {
            Make::Tusd | Make::Node => fs::read(self.store.join(id)),
            Make::Ours => {
                let state = self.store.join("state").join(format!("{id}.json"));
                let state: Value = serde_json::from_slice(&fs::read(state)?)?;
                let key = state["storage_key"].as_str().unwrap_or_default();
                fs::read(self.store.join("data").join(key))
            }
        }
    }
}

/// Where something of others lies that the tests work with, made ready first.
pub fn tool(name: &str) -> io::Result<PathBuf> {
    set_up(name)?;
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/peers").join(name))
}

/// Has `tests/peers/setup.sh` make something ready.
pub fn set_up(need: &str) -> io::Result<()> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/setup.sh");
    let done = Command::new(script).arg(need).stdout(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err(io::Error::other(format!("{need} is not ready"))) }
}

/// The address in the first line that tells one. What comes after it is read and thrown away, so
/// that the process never waits for us to listen.
fn told(output: impl io::Read + Send + 'static) -> io::Result<SocketAddr> {
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let address = lines.find_map(|line| {
        let at = line.find("127.0.0.1:")?;
        let address = line[at..].split('/').next()?;
        address.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
    });
    std::thread::spawn(move || lines.for_each(drop));
    address.ok_or_else(|| io::Error::other("the server does not listen"))
}
