//! What the tests of the vault share: a phone whose device key and clock do what a test says.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]
#![allow(unreachable_pub, reason = "a test file is a crate of its own, and nobody reaches it")]
#![allow(clippy::unwrap_used, reason = "a test that can't set up its world has failed")]

mod device;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use homeward_core::brand::{Organisation, Pack, Recipient, Server, Trust};
use homeward_core::crypto::SigningKey;
use homeward_core::forms::{Answer, Audience, FieldId, FormId, Moment};
use homeward_core::net::Pacing;
use homeward_core::vault::VaultState;
use homeward_core::{Clock, Homeward, Medium, Options, Original, ReportId, Result, Source};
use tempfile::TempDir;

pub use device::{Faults, TestDevice, Wrong};

/// A clock that stands where it was put.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn set_ms(&self, unix_ms: i64) {
        self.0.store(unix_ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment { unix_ms: self.0.load(Ordering::Relaxed), offset_minutes: 60 }
    }
}

/// A phone: a folder for homes, and what does not lie in it.
pub struct Phone {
    folder: TempDir,
    home: PathBuf,
    pub device: Arc<TestDevice>,
    pub clock: Arc<TestClock>,
}

impl Phone {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        Self::of(folder, home, Arc::new(TestDevice::default()))
    }

    /// A phone whose home is `home`, and lies somewhere else.
    pub fn at(home: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::of(folder, home.to_owned(), Arc::new(TestDevice::default()))
    }

    /// A copy of the folder, on a device that has the same keys and goes its own way. It lies in
    /// memory where the system has a folder for that: there are thousands, and none outlives its
    /// test.
    pub fn twin(&self) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self { device: Arc::new(self.device.twin()), ..self.copy_to(folder) }
    }

    /// The home of `copy`, on the device of `phone`.
    pub fn like(copy: Self, phone: &Self) -> Self {
        Self { device: Arc::clone(&phone.device), ..copy }
    }

    fn of(folder: TempDir, home: PathBuf, device: Arc<TestDevice>) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_795_330_000_000)));
        Self { folder, home, device, clock }
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    pub fn database(&self) -> PathBuf {
        self.home.join("home.sqlite")
    }

    /// Starts the app.
    pub fn open(&self) -> Homeward {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Homeward> {
        Homeward::open(Options {
            home: self.home.clone(),
            device_key: Arc::clone(&self.device) as _,
            clock: Arc::clone(&self.clock) as _,
            pacing: Pacing::default(),
        })
    }

    /// Starts the app in a home that it can read.
    pub fn open_ready(&self) -> Homeward {
        let core = self.open();
        assert_eq!(core.state(), VaultState::Ready);
        core
    }

    /// A copy of the folder as it is now, on the same device.
    pub fn copy(&self) -> Self {
        self.copy_to(tempfile::tempdir().unwrap())
    }

    fn copy_to(&self, folder: TempDir) -> Self {
        let home = folder.path().join("home");
        copy_folder(&self.home, &home);
        Self::of(folder, home, Arc::clone(&self.device))
    }

    /// Every file of the folder `name`, sorted.
    pub fn names_in(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.home.join(name)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The hash of each file of the main database that holds something.
    pub fn main_files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.home).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            // The index of the log is rebuilt by each reader; it holds nothing.
            let bytes = fs::read(entry.path()).unwrap_or_default();
            if name.starts_with("home.sqlite") && !name.ends_with("-shm") && !bytes.is_empty() {
                files.insert(name, homeward_core::crypto::sha256(&bytes).to_string());
            }
        }
        files
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn form(name: &str) -> FormId {
    FormId::new(name).unwrap()
}

pub fn field(name: &str) -> FieldId {
    FieldId::new(name).unwrap()
}

/// What somebody who types `typed` means.
pub fn answer(core: &Homeward, name: &str, typed: &str) -> Answer {
    core.understand(&form("missing_child"), &field(name), typed).unwrap()
}

pub fn try_set(core: &Homeward, id: ReportId, name: &str, typed: &str) -> Result<()> {
    core.set(id, &field(name), Some(&answer(core, name, typed))).map(|_| ())
}

pub fn set(core: &Homeward, id: ReportId, name: &str, typed: &str) {
    try_set(core, id, name, typed).unwrap();
}

/// A missing child's report that says who the child is.
pub fn begin(core: &Homeward, child: &str) -> ReportId {
    let id = core.create(&form("missing_child"), None).unwrap();
    set(core, id, "child_name", child);
    id
}

/// Whether the report opens and tells of this child.
pub fn tells_of(core: &Homeward, id: ReportId, child: &str) -> bool {
    let wanted = answer(core, "child_name", child);
    core.report(id).is_ok_and(|report| report.answers.get(&field("child_name")) == Some(&wanted))
}

/// The titles in the list; none for what is damaged.
pub fn titles(core: &Homeward) -> Vec<Option<String>> {
    let title = |report: homeward_core::ReportSummary| report.head.map(|head| head.title.unwrap());
    core.reports().unwrap().into_iter().map(title).collect()
}

pub fn attach(core: &Homeward, id: ReportId) -> Medium {
    try_attach(core, id).unwrap()
}

pub fn try_attach(core: &Homeward, id: ReportId) -> Result<Medium> {
    core.attach(id, &field("photo"), Source::Bytes(photo()), Original::Drop)
}

/// An organisation's pack, and who opens what is sealed to it.
pub fn pack() -> (Vec<u8>, age::x25519::Identity) {
    let (pack, [identity]) = pack_for([Audience::Organisation]);
    (pack, identity)
}

/// The same for several audiences, each with an identity of its own.
pub fn pack_for<const N: usize>(audiences: [Audience; N]) -> (Vec<u8>, [age::x25519::Identity; N]) {
    numbered_pack(1, audiences)
}

/// The organisation's pack with this number, with new recipients.
pub fn numbered_pack<const N: usize>(
    sequence: u32,
    audiences: [Audience; N],
) -> (Vec<u8>, [age::x25519::Identity; N]) {
    let url = "https://desk.example".into();
    let mut pack = Pack::new(organisation(), Server::new(url, "token".into(), Trust::Public));
    pack.sequence = sequence;
    let identities = audiences.map(|audience| {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        pack.recipients.push(Recipient::new(audience, recipient, "desk"));
        identity
    });
    (pack.sign(&SigningKey::derive(&[3; 32])).unwrap(), identities)
}

/// The pack of another organisation.
pub fn foreign_pack() -> Vec<u8> {
    let key = SigningKey::derive(&[4; 32]);
    let organisation = Organisation { name: "Other".into(), key: key.verify_key() };
    let url = "https://other.example".into();
    let mut pack = Pack::new(organisation, Server::new(url, "token".into(), Trust::Public));
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    pack.recipients.push(Recipient::new(Audience::Organisation, recipient, "desk"));
    pack.sign(&key).unwrap()
}

/// The organisation of these packs.
pub fn organisation() -> Organisation {
    let key = SigningKey::derive(&[3; 32]).verify_key();
    Organisation { name: "Example".into(), key }
}

/// What a phone's recorder gives: frames of AAC, each saying its length.
pub fn speech(frames: usize) -> Vec<u8> {
    let payload = b"CANARY of what was said".repeat(16);
    let length = payload.len() + 7;
    let head = [
        0xff,
        0xf1,
        0x50,
        0x80 | (length >> 11) as u8,
        (length >> 3) as u8,
        (length << 5) as u8,
        0xfc,
    ];
    [&head[..], &payload].concat().repeat(frames)
}

/// A grey picture of 8 by 8 pixels, as an ordinary encoder writes it.
pub fn photo() -> Vec<u8> {
    data_encoding::HEXLOWER.decode(PHOTO.as_bytes()).unwrap()
}

const PHOTO: &str = "\
    ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c\
    1c1e3d2c2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e81\
    7cffc0000b080008000801011100ffc40014000100000000000000000000000000000003ffc4001610000300\
    00000000000000000000000000001562ffda0008010100003f0055327fffd9";
