//! An organisation with a real receiving server, phones inside the test program with a clock that
//! the test moves, and a stand-in for a platform's own HTTP stack.

#![allow(dead_code, unused_imports, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod phone;
mod url_session;

use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fault_proxy::Faults;
use fault_proxy::front::Plan;
use homeward_core::Homeward;
use homeward_core::brand::{Pack, Recipient};
use homeward_tests::organisation::Organisation;
use homeward_tests::programs::{Program, Programs, Running, text};
use homeward_tests::recorder::Conversation;
use tempfile::TempDir;

pub(crate) use phone::{Deaf, Phone};
pub(crate) use url_session::UrlSession;

/// An organisation at work.
pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) organisation: Organisation,
    mirror: Option<Mirror>,
    /// How many conversations were looked at.
    seen: Mutex<usize>,
}

/// A second `receive` on a machine of its own: it has the public folder only.
struct Mirror {
    desk: Program,
    _receive: Running,
}

/// What one phone said and heard.
pub(crate) struct Wire {
    /// Every word that went over the wire, in headers, addresses and bodies; without the time of
    /// day, and without words so short that they meet by chance.
    pub(crate) pieces: HashSet<Vec<u8>>,
    pub(crate) handshakes: usize,
    pub(crate) resumed: usize,
}

impl Scene {
    pub(crate) fn open(faults: Faults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let organisation = Organisation::open(Programs::ready(), folder.path(), faults).unwrap();
        Self { folder, organisation, mirror: None, seen: Mutex::new(0) }
    }

    /// The same behind a front that does to requests what `plan` says.
    pub(crate) fn open_behind(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::ready();
        let organisation = Organisation::open_behind(programs, folder.path(), plan).unwrap();
        Self { folder, organisation, mirror: None, seen: Mutex::new(0) }
    }

    /// The same with a mirror in the pack, and 45 minutes to open a report.
    pub(crate) fn open_with_mirror() -> Self {
        let mut scene = Self::open(Faults::default());
        let desk = Programs::ready().desk(scene.folder.path().join("mirror"));
        copy(&scene.public(), &desk.home().join("public"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mirror = format!("127.0.0.1:{port}");
        let mut receive = desk.start(&["receive", "--listen", &mirror]).unwrap();
        receive.next_line().unwrap();
        scene.rebuild(|brand| {
            brand.replace("receipt_minutes = 60", "receipt_minutes = 45")
                + &format!("\n[[mirror]]\nurl = \"https://{mirror}\"\ntrust = \"anchors\"\n")
        });
        scene.mirror = Some(Mirror { desk, _receive: receive });
        scene
    }

    /// A phone that is paired.
    pub(crate) fn phone(&self) -> (Phone, Homeward) {
        let phone = Phone::new();
        let core = phone.open();
        core.pair(&fs::read(&self.organisation.pack).unwrap()).unwrap();
        (phone, core)
    }

    /// A newer pack, in which the desk's own keys are `state`, and another takes their place.
    pub(crate) fn pack_with_desk_key(&self, state: &str) -> Vec<u8> {
        let old = fs::read(&self.organisation.pack).unwrap();
        let pack = Pack::read(&old).unwrap();
        let mut named = String::new();
        for Recipient { audience, recipient, holder, .. } in pack.recipients {
            if holder == "desk" {
                named += &format!(
                    "\n[[recipient]]\naudience = \"{}\"\nrecipient = \"{recipient}\"\n\
                     holder = \"desk\"\nstate = \"{state}\"\n",
                    audience.name()
                );
            }
        }
        self.rebuild(|brand| brand + &named)
    }

    /// A newer pack, with pins that are of no key of the server.
    pub(crate) fn pack_with_other_pins(&self) -> Vec<u8> {
        let pin = |byte: &str| format!("\"{}=\"", byte.repeat(11).split_at(43).0);
        let pins =
            format!("pins = {{ sha256 = [{}, {}], valid_days = 9 }}", pin("AQEB"), pin("AgIC"));
        self.rebuild(|brand| {
            brand.replacen("trust = \"anchors\"", &format!("trust = \"anchors\"\n{pins}"), 1)
        })
    }

    fn rebuild(&self, change: impl FnOnce(String) -> String) -> Vec<u8> {
        let source = self.folder.path().join("brand");
        let brand = fs::read_to_string(source.join("brand.toml")).unwrap();
        fs::write(source.join("brand.toml"), change(brand)).unwrap();
        let to = text(&self.organisation.pack).unwrap();
        self.organisation.desk.ask(&["brand", "build", text(&source).unwrap(), to]).unwrap();
        fs::read(&self.organisation.pack).unwrap()
    }

    pub(crate) fn collect(&self) {
        self.organisation.desk.ask(&["collect"]).unwrap();
    }

    /// Opens what the mirror took, beside the desk's own.
    pub(crate) fn collect_the_mirror(&self) {
        copy(&self.mirror_public().join("uploads"), &self.public().join("uploads"));
        self.collect();
    }

    /// The desk reads the mirror's store too, and leaves receipts in both places.
    pub(crate) fn collect_with_the_mirror(&self) {
        let store = self.mirror_public();
        self.organisation.desk.ask(&["collect", "--store", text(&store).unwrap()]).unwrap();
    }

    /// The one receipt that the server hands out.
    pub(crate) fn receipt(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.public().join("receipts")).unwrap();
        let path = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none(), "more than one");
        path
    }

    pub(crate) fn reports_at_the_desk(&self) -> usize {
        self.organisation.desk.ask(&["list"]).unwrap().as_array().unwrap().len()
    }

    /// How many uploads lie in the server's store.
    pub(crate) fn uploads(&self) -> usize {
        self.organisation.uploads().unwrap().len()
    }

    /// How many lie in the mirror's.
    pub(crate) fn mirrored(&self) -> usize {
        count(&self.mirror_public().join("uploads/data"))
    }

    /// The server loses all that it took.
    pub(crate) fn discard_uploads(&self) {
        for folder in ["data", "state"] {
            let folder = self.public().join("uploads").join(folder);
            fs::remove_dir_all(&folder).unwrap();
            fs::create_dir(&folder).unwrap();
        }
    }

    /// The server loses one upload, by its place in the order of sending.
    pub(crate) fn discard_upload(&self, at: usize) {
        let upload = self.organisation.uploads().unwrap().swap_remove(at);
        fs::remove_file(&upload.data).unwrap();
        for entry in fs::read_dir(self.public().join("uploads/state")).unwrap() {
            let path = entry.unwrap().path();
            if fs::read_to_string(&path).is_ok_and(|state| state.contains(&upload.name)) {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// Nobody gets through to the server any more.
    pub(crate) fn close_the_door(&self) {
        self.organisation.link.set(Faults { refuse: true, ..Faults::default() });
    }

    /// They get through again.
    pub(crate) fn open_the_door(&self) {
        self.organisation.link.set(Faults::default());
    }

    /// What went over the wire since this was last asked.
    pub(crate) fn wire(&self) -> Wire {
        let conversations = self.organisation.recorder.conversations();
        let mut seen = self.seen.lock().unwrap();
        let new = &conversations[*seen..];
        *seen = conversations.len();
        let mut pieces = HashSet::new();
        for Conversation { up, down, .. } in new {
            for said in [up, down] {
                let timeless = without_dates(said);
                let words = timeless.split(|byte| b" \r\n/:,;=?&\"".contains(byte));
                pieces.extend(words.filter(|word| word.len() >= 6).map(<[u8]>::to_vec));
            }
        }
        let resumed = new.iter().filter(|conversation| conversation.resumed).count();
        Wire { pieces, handshakes: new.len(), resumed }
    }

    fn public(&self) -> PathBuf {
        self.organisation.desk.home().join("public")
    }

    fn mirror_public(&self) -> PathBuf {
        self.mirror.as_ref().unwrap().desk.home().join("public")
    }
}

/// The time of day is everybody's.
fn without_dates(said: &[u8]) -> Vec<u8> {
    let lines = said.split_inclusive(|byte| *byte == b'\n');
    let timed = |line: &&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.eq_ignore_ascii_case(b"date") || name.eq_ignore_ascii_case(b"upload-expires")
    };
    lines.filter(|line| !timed(line)).flatten().copied().collect()
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
