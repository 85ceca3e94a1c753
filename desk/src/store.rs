//! The folder of uploads: written by `receive` through tus-protocol, read by `collect`. Its layout
//! is a format of its own (`docs/formats/desk-store.md`), because a proxy with tusd has another
//! one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use homeward_core::crypto::Hasher;
use homeward_core::{Digest, PartId};
use rustix::fs::OFlags;
use tus_protocol::UploadState;

use crate::error::Error;
use crate::home::{Home, names};

/// What an upload holds: one file each, `<random>.upload`.
pub const DATA: &str = "data";
/// What is known of an upload: one file each, `<upload>.json`.
pub const STATE: &str = "state";
/// Who is writing: one file each, `<upload>.lock`. The kernel frees the lock of a dead process.
pub const LOCKS: &str = "locks";
/// The folders of a store.
pub const FOLDERS: [&str; 3] = [DATA, STATE, LOCKS];

/// The metadata key under which a phone names its part. There is no other.
pub const PART_KEY: &str = "part";

/// A store that uploads are read from: the desk's own, or a mirror's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The folder of uploads.
    pub uploads: PathBuf,
    /// Where its server hands receipts out from. None for a bare copy of the uploads.
    pub receipts: Option<PathBuf>,
    /// As it was named with `--store`; none for the desk's own.
    pub named: Option<PathBuf>,
}

impl Store {
    /// The desk's own store.
    #[must_use]
    pub fn own(home: &Home) -> Self {
        let receipts = Some(home.public(names::RECEIPTS));
        Self { uploads: home.public(names::UPLOADS), receipts, named: None }
    }

    /// The store in `folder`: a mirror's folder `public`, or a copy of its `uploads` alone.
    pub fn at(folder: &Path) -> Result<Self, Error> {
        if folder.as_os_str().as_encoded_bytes().starts_with(b"s3:") {
            return Err(Error::NoBuckets);
        }
        let named = Some(fs::canonicalize(folder).map_err(|_| Error::NoStore)?);
        let inner = folder.join(names::UPLOADS);
        if inner.join(STATE).is_dir() {
            let receipts = Some(folder.join(names::RECEIPTS));
            return Ok(Self { uploads: inner, receipts, named });
        }
        let bare = folder.join(STATE).is_dir() && folder.join(DATA).is_dir();
        let store = Self { uploads: folder.to_owned(), receipts: None, named };
        bare.then_some(store).ok_or(Error::NoStore)
    }
}

/// A state file larger than this was not written by us.
const MAX_STATE_BYTES: u64 = 64 << 10;

/// An upload as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name in the store; the phone's URL ends with it, so it is a secret.
    pub id: String,
    /// The part that the phone said it is.
    pub part: Option<PartId>,
    /// How long it is to become.
    pub length: u64,
    /// How much of it is there.
    pub stored: u64,
    /// When it was begun, Unix ms.
    pub begun_at_ms: i64,
    /// Where its bytes are.
    pub data: PathBuf,
}

impl Upload {
    /// Whether all of it is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stored == self.length
    }

    /// The hash of its bytes.
    pub fn hash(&self) -> io::Result<Digest> {
        hash(&self.data, self.length)
    }
}

/// Opens a file of a store: a regular one that lies there itself. Somebody else writes to a
/// mirror's store; a link would lead out of it, and a pipe would wait for ever.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// The hash of a file of a store, which may hold `limit` bytes.
pub fn hash(path: &Path, limit: u64) -> io::Result<Digest> {
    let file = open(path)?;
    if file.metadata()?.len() > limit {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Hashed::over(file.take(limit)).finish()
}

/// Hashes what is read through it.
pub struct Hashed<R> {
    read: R,
    hasher: Hasher,
}

impl<R: Read> Hashed<R> {
    /// Nothing is read yet.
    pub fn over(read: R) -> Self {
        Self { read, hasher: Hasher::default() }
    }

    /// The hash of all that there is, however much of it was read so far.
    pub fn finish(mut self) -> io::Result<Digest> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.hasher.finish())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// Lists the uploads of a store by name; `Err` holds the name of one whose state does not read.
pub fn uploads(store: &Path) -> io::Result<Vec<Result<Upload, String>>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(store.join(STATE))? {
        let path = entry?.path();
        // Temporary files of a write under way end otherwise.
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        match upload(store, &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // terminated just now
            Err(_) => found.push(Err(name)),
            Ok(upload) => found.push(if upload.id == name { Ok(upload) } else { Err(name) }),
        }
    }
    found.sort_by(|a, b| name_of(a).cmp(name_of(b)));
    Ok(found)
}

fn name_of(upload: &Result<Upload, String>) -> &str {
    upload.as_ref().map_or_else(String::as_str, |upload| &upload.id)
}

fn upload(store: &Path, state: &Path) -> io::Result<Upload> {
    let mut text = Vec::new();
    let read = open(state)?.take(MAX_STATE_BYTES + 1).read_to_end(&mut text)?;
    if read as u64 > MAX_STATE_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let state: UploadState = serde_json::from_slice(&text)?;
    let handle = state.storage_handle().ok_or(io::ErrorKind::InvalidData)?;
    let key = Path::new(handle.key());
    if key.file_name() != Some(key.as_os_str()) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let data = store.join(DATA).join(key);
    let metadata = fs::symlink_metadata(&data)?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let part = state.metadata().get(PART_KEY).and_then(|part| part.as_str());
    Ok(Upload {
        id: state.id().to_owned(),
        part: part.and_then(|part| part.parse().ok()),
        length: state.length().ok_or(io::ErrorKind::InvalidData)?,
        // The file tells the truth; the state is written after it and may be a step behind.
        stored: metadata.len(),
        begun_at_ms: state.created_at().timestamp_millis(),
        data,
    })
}

#[cfg(test)]
mod tests {
    use tus_protocol::StorageHandle;

    use super::*;

    const KEY: &str = "00112233445566778899aabbccddeeff.upload";

    fn store_with(id: &str, key: &str, bytes: &[u8]) -> tempfile::TempDir {
        let store = tempfile::tempdir().unwrap();
        FOLDERS.iter().for_each(|folder| fs::create_dir(store.path().join(folder)).unwrap());
        let mut state = UploadState::new(id).with_length(4);
        state.set_storage_handle(StorageHandle::new(key));
        let text = serde_json::to_vec(&state).unwrap();
        fs::write(store.path().join(STATE).join(format!("{id}.json")), text).unwrap();
        fs::write(store.path().join(DATA).join(KEY), bytes).unwrap();
        store
    }

    #[test]
    fn an_upload_is_complete_when_its_bytes_are_all_there() {
        let store = store_with("one", KEY, b"1234");
        let found = uploads(store.path()).unwrap();
        assert!(found[0].as_ref().unwrap().is_complete());
        let store = store_with("one", KEY, b"123");
        let found = uploads(store.path()).unwrap();
        assert!(!found[0].as_ref().unwrap().is_complete());
    }

    #[test]
    fn a_state_that_points_out_of_the_store_is_named_and_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        let target = outside.path().join(KEY);
        fs::write(&target, b"1234").unwrap();
        for key in [target.to_str().unwrap(), "../state/one.json", ".."] {
            let store = store_with("one", key, b"1234");
            assert_eq!(uploads(store.path()).unwrap(), [Err("one".to_owned())], "{key}");
        }
    }

    #[test]
    fn a_link_a_folder_and_an_endless_state_are_named_and_not_read() {
        let outside = store_with("one", KEY, b"1234");
        let store = store_with("one", KEY, b"1234");
        let state = |name: &str| store.path().join(STATE).join(name);
        let target = outside.path().join(STATE).join("one.json");
        std::os::unix::fs::symlink(&target, state("link.json")).unwrap();
        fs::create_dir(state("folder.json")).unwrap();
        let long = File::create(state("long.json")).unwrap();
        long.set_len(1 << 40).unwrap();
        let found = uploads(store.path()).unwrap();
        let named = ["folder", "link", "long"].map(|name| Err(name.to_owned()));
        assert_eq!(found[..3], named);
        assert!(found[3].is_ok() && found.len() == 4);
        assert!(hash(&state("long.json"), 100).is_err());
    }

    #[test]
    fn a_damaged_state_hides_no_other_upload() {
        let store = store_with("one", KEY, b"1234");
        fs::write(store.path().join(STATE).join("broken.json"), b"{").unwrap();
        let found = uploads(store.path()).unwrap();
        assert_eq!(found[0], Err("broken".to_owned()));
        assert_eq!(found[1].as_ref().unwrap().id, "one");
    }
}
