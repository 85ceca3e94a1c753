//! Sealed files: photos, videos and recordings, in chunks, so that memory does not grow with them.
//!
//! A blob is `HWB1` and then chunks of 64 KiB plaintext, each AES-256-GCM with a tag. The key is
//! the blob's own, so the nonce can count: seven zero bytes, the chunk's number, and a flag on the
//! last chunk (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár, "Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015). Chunks can't be
//! reordered, dropped or cut off unseen. An empty file is one empty last chunk.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::crypto::Tally;
use crate::error::{Error, Result};
use crate::ids::Digest;

const MAGIC: &[u8; 4] = b"HWB1";
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// The key of one blob. It must never seal a second one: nonces count from zero.
pub struct BlobKey(LessSafeKey);

impl BlobKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }
}

fn nonce(chunk: u32, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[7..11].copy_from_slice(&chunk.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// What a stored blob holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The length of the plaintext.
    pub bytes: u64,
    /// The SHA-256 of the plaintext.
    pub sha256: Digest,
    /// The SHA-256 of the file, which a report's index seals.
    pub file_sha256: Digest,
}

/// Seals all of `plain` into a new file at `path`, which appears whole or not at all.
///
/// The file is on disk when this returns: written beside its place, synced, renamed, and the
/// folder synced.
pub fn store(path: &Path, key: &BlobKey, plain: &mut dyn Read) -> Result<Stored> {
    let partial = path.with_extension("partial");
    let stored = write(&partial, key, plain).and_then(|stored| {
        fs::rename(&partial, path)?;
        sync_folder_of(path)?;
        Ok(stored)
    });
    if stored.is_err() {
        // Best effort: what stays is swept at the next start.
        let _ = fs::remove_file(&partial);
    }
    stored
}

fn write(partial: &Path, key: &BlobKey, plain: &mut dyn Read) -> Result<Stored> {
    let mut file = Tally::new(File::create(partial)?);
    file.write_all(MAGIC)?;
    let mut hasher = crate::crypto::Hasher::default();
    let mut bytes = 0;
    let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK + TAG));
    let mut next = Zeroizing::new(Vec::with_capacity(CHUNK + TAG));
    fill(plain, &mut chunk)?;
    for number in 0u32.. {
        // Only the end of the input tells which chunk is the last, so one is read ahead.
        fill(plain, &mut next)?;
        let last = next.is_empty();
        hasher.update(&chunk);
        bytes += chunk.len() as u64;
        key.0
            .seal_in_place_append_tag(nonce(number, last), Aad::empty(), &mut *chunk)
            .map_err(|_| Error::Unexpected("error-encryption"))?;
        file.write_all(&chunk)?;
        std::mem::swap(&mut chunk, &mut next);
        if last {
            let (file, _, file_sha256) = file.finish();
            file.sync_all()?;
            return Ok(Stored { bytes, sha256: hasher.finish(), file_sha256 });
        }
    }
    // 2³² chunks are 256 TiB.
    Err(Error::StorageFull)
}

/// Reads the next whole chunk, or what is left.
fn fill(input: &mut dyn Read, chunk: &mut Vec<u8>) -> io::Result<()> {
    chunk.clear();
    input.take(CHUNK as u64).read_to_end(chunk)?;
    Ok(())
}

/// Makes a rename or a new file last: without this the folder's entry may be lost with the power.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        // A bare name lies in the current folder.
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Reads a blob's plaintext from start to end.
pub struct BlobReader {
    file: File,
    key: BlobKey,
    number: u32,
    /// The chunk that was opened last, and how much of it was read.
    chunk: Zeroizing<Vec<u8>>,
    read: usize,
    last: bool,
}

impl BlobReader {
    /// Opens the blob at `path`.
    pub fn open(path: &Path, key: BlobKey) -> Result<Self> {
        let mut file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Damaged,
            _ => error.into(),
        })?;
        let mut magic = [0; MAGIC.len()];
        if file.read_exact(&mut magic).is_err() || magic != *MAGIC {
            return Err(Error::Damaged);
        }
        let chunk = Zeroizing::new(Vec::new());
        Ok(Self { file, key, number: 0, chunk, read: 0, last: false })
    }

    /// Opens the next chunk. A chunk that is not full must be the last; a full one may be.
    fn next_chunk(&mut self) -> io::Result<()> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let mut sealed = Zeroizing::new(Vec::with_capacity(CHUNK + TAG));
        (&mut self.file).take((CHUNK + TAG) as u64).read_to_end(&mut sealed)?;
        let more = sealed.len() == CHUNK + TAG && self.file_has_more()?;
        let nonce = nonce(self.number, !more);
        let opened = self.key.0.open_in_place(nonce, Aad::empty(), &mut sealed);
        let length = opened.map_err(|_| damaged())?.len();
        sealed.truncate(length);
        self.chunk = sealed;
        self.read = 0;
        self.last = !more;
        self.number = self.number.checked_add(1).ok_or_else(damaged)?;
        Ok(())
    }

    fn file_has_more(&mut self) -> io::Result<bool> {
        use std::io::Seek;
        Ok(self.file.stream_position()? < self.file.metadata()?.len())
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.chunk.len() {
            if self.last {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let left = &self.chunk[self.read..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [3; 32];

    fn stored(plain: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        let stored = store(&path, &BlobKey::new(&KEY), &mut &*plain).unwrap();
        assert_eq!(stored.bytes, plain.len() as u64);
        assert_eq!(stored.sha256, crate::crypto::sha256(plain));
        assert_eq!(stored.file_sha256, crate::crypto::sha256(&fs::read(&path).unwrap()));
        (folder, path)
    }

    fn read(path: &Path) -> Result<Vec<u8>> {
        let mut plain = Vec::new();
        BlobReader::open(path, BlobKey::new(&KEY))?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn a_blob_reads_back_at_every_length_around_a_chunk() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let plain: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let (_folder, path) = stored(&plain);
            assert_eq!(read(&path).unwrap(), plain, "{length} bytes");
        }
    }

    #[test]
    fn cutting_swapping_or_flipping_is_seen() {
        let (_folder, path) = stored(&vec![7; 3 * CHUNK]);
        let whole = fs::read(&path).unwrap();
        let sealed = CHUNK + TAG;
        let mut swapped = whole.clone();
        swapped[4..4 + sealed].copy_from_slice(&whole[4 + sealed..4 + 2 * sealed]);
        let mut flipped = whole.clone();
        flipped[100] ^= 1;
        let whole_chunks_only = whole[..4 + 2 * sealed].to_vec();
        let longer = [whole.as_slice(), b"x"].concat();
        for changed in [swapped, flipped, whole_chunks_only, longer, whole[..100].to_vec(), vec![]]
        {
            fs::write(&path, changed).unwrap();
            assert!(read(&path).is_err());
        }
    }

    #[test]
    fn nothing_is_left_when_the_input_fails() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        assert!(store(&path, &BlobKey::new(&KEY), &mut Broken).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
