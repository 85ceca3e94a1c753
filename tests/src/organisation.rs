//! An organisation at work on the loopback: its desk, its signed pack, its receiving server, and
//! between the server and every phone a recorder and a bad network.
//!
//! ```text
//! phone ─▶ link (slow, cutting) ─▶ recorder (ends TLS, writes down) ─▶ homeward-desk receive
//! ```
//! Some tests have a front between link and recorder, which does something to single requests.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fault_proxy::front::{Certificate, Front, Plan, Upstream};
use fault_proxy::{FaultProxy, Faults};
use serde_json::Value;

use crate::programs::{Program, Programs, Running, text};
use crate::recorder::Recorder;
use crate::tls;

/// An organisation that phones can report to.
pub struct Organisation {
    /// Its desk.
    pub desk: Program,
    /// The network between phones and its server.
    pub link: FaultProxy,
    /// What does something to requests, if that is what it is about.
    pub front: Option<Front>,
    /// What its server sees.
    pub recorder: Recorder,
    /// Its signed pack.
    pub pack: PathBuf,
    /// Where the server listens, behind the recorder.
    address: SocketAddr,
    receive: Option<Running>,
}

/// An upload in the server's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name, with which the phone's URL ends.
    pub name: String,
    /// How long it is to become.
    pub length: u64,
    /// How much has come.
    pub stored: u64,
    /// Where its bytes lie.
    pub data: PathBuf,
}

impl Organisation {
    /// Makes the organisation in `folder` and opens its doors; the link does `faults`.
    pub fn open(programs: &Programs, folder: &Path, faults: Faults) -> io::Result<Self> {
        Self::open_with(programs, folder, faults, None)
    }

    /// The same, with a front between the link and the recorder that does what `plan` says.
    pub fn open_behind(programs: &Programs, folder: &Path, plan: Plan) -> io::Result<Self> {
        Self::open_with(programs, folder, Faults::default(), Some(plan))
    }

    fn open_with(
        programs: &Programs,
        folder: &Path,
        faults: Faults,
        plan: Option<Plan>,
    ) -> io::Result<Self> {
        let desk = programs.desk(folder.join("desk"));
        desk.ask(&["init", "--name", NAME, "--host", "127.0.0.1"])?;
        let (receive, address) = receive(&desk, "127.0.0.1:0")?;
        let recorder = Recorder::start(desk.home(), address)?;
        let front = plan.map(|plan| front(&desk, recorder.address(), plan)).transpose()?;
        let before = front.as_ref().map_or(recorder.address(), Front::address);
        let link = FaultProxy::start(before, faults)?;
        let pack = pack(&desk, folder, &format!("https://{}", link.address()))?;
        Ok(Self { desk, link, front, recorder, pack, address, receive: Some(receive) })
    }

    /// What lies in the server's store, the oldest first.
    pub fn uploads(&self) -> io::Result<Vec<Upload>> {
        let store = self.desk.home().join("public/uploads");
        let mut uploads = Vec::new();
        for entry in fs::read_dir(store.join("state"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let state: Value = serde_json::from_slice(&fs::read(path)?)?;
                uploads.push((state["created_at"].to_string(), upload(&store, &state)?));
            }
        }
        uploads.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(uploads.into_iter().map(|(_, upload)| upload).collect())
    }

    /// Kills the receiving server as a power cut would, and starts it again in the same place.
    pub fn restart_server(&mut self) -> io::Result<()> {
        if let Some(running) = self.receive.take() {
            running.kill()?;
        }
        self.receive = Some(receive(&self.desk, &self.address.to_string())?.0);
        Ok(())
    }

    /// Everything that the server saw and keeps: each connection, and each file that it can read.
    pub fn server_view(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut seen = contents(&self.desk.home().join("public"))?;
        for conversation in self.recorder.conversations() {
            seen.extend([conversation.up, conversation.down]);
        }
        Ok(seen)
    }
}

/// A front with the desk's own certificate.
fn front(desk: &Program, target: SocketAddr, plan: Plan) -> io::Result<Front> {
    let (acceptor, connector) = tls::of_desk(desk.home())?;
    let certificates = Arc::new(BTreeMap::from([(Certificate::Good, acceptor)]));
    Front::start(certificates, Upstream::Tls(target, connector), plan)
}

/// Starts the desk's server, and tells where it listens.
pub fn receive(desk: &Program, listen: &str) -> io::Result<(Running, SocketAddr)> {
    let mut running = desk.start(&["receive", "--listen", listen])?;
    let address = listening(running.next_line())?;
    Ok((running, address))
}

/// What lies in a folder and the folders in it: each file, and each name.
pub fn contents(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        found.push(path.file_name().unwrap_or_default().as_encoded_bytes().to_vec());
        if path.is_dir() {
            found.extend(contents(&path)?);
        } else {
            found.push(fs::read(path)?);
        }
    }
    Ok(found)
}

/// Copies a folder with all that lies in it.
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Writes the example brand source, sets its server's URL, builds and signs it.
pub fn pack(desk: &Program, folder: &Path, url: &str) -> io::Result<PathBuf> {
    let (source, pack) = (folder.join("brand"), folder.join("pack.homeward"));
    desk.ask(&["brand", "new", text(&source)?])?;
    let brand = source.join("brand.toml");
    let example = fs::read_to_string(&brand)?;
    let edited = example.replace("https://localhost:8443", url);
    if edited == example {
        return Err(io::Error::other("the example brand has another address"));
    }
    fs::write(brand, edited)?;
    desk.ask(&["brand", "build", text(&source)?, text(&pack)?])?;
    Ok(pack)
}

fn upload(store: &Path, state: &Value) -> io::Result<Upload> {
    let missing = || io::Error::other("an upload's state has another form");
    let text = |key: &str| state[key].as_str().ok_or_else(missing);
    let data = store.join("data").join(text("storage_key")?);
    Ok(Upload {
        name: text("id")?.to_owned(),
        length: state["length"].as_u64().ok_or_else(missing)?,
        stored: fs::metadata(&data)?.len(),
        data,
    })
}

/// Where `receive` says that it listens.
pub(crate) fn listening(line: Option<Value>) -> io::Result<SocketAddr> {
    let line = line.unwrap_or_default();
    let url = line["listening"].as_str().and_then(|url| url.strip_prefix("https://"));
    let address = url.and_then(|address| address.parse().ok());
    address.ok_or_else(|| io::Error::other("receive does not listen"))
}

/// The organisation's name.
pub const NAME: &str = "Example Missing Children";
