//! Voice, recorded straight into the vault.
//!
//! What the microphone gives is sealed as it comes, into a file that has no name any more, under a
//! key that only this process knows and that lies nowhere. So a recording that is dropped, or whose
//! process is killed, leaves nothing that anybody could read, and nothing to sweep. When it is
//! finished it is scrubbed and attached like any other medium.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::attachments::{self, Original};
use crate::crypto::make_bytes;
use crate::drafts::{self, StoredMedium};
use crate::error::{Error, Refusal, Result};
use crate::forms::{FieldId, MediaType};
use crate::home::Home;
use crate::ids::{CaptureId, ReportId};
use crate::intake;
use crate::media::ReadAt;
use crate::store::Store;
use crate::vault::VaultState;
use crate::vault::cell::{Cell, CellKey};

/// A recording under way: a few seconds of it in memory, the rest sealed on the disk.
pub(crate) struct Recorder {
    store: Arc<Store>,
    report: ReportId,
    field: FieldId,
    sound: Sealed,
}

/// What became of a recording.
pub(crate) enum Recorded {
    Attached(Box<StoredMedium>),
    /// The vault has closed, so it lies in the intake.
    Captured(CaptureId),
}

impl Recorder {
    /// Begins. A field that takes no recording is refused now, before anybody speaks. A report in
    /// the locked vault can't be asked; what is said for it goes into the intake.
    pub(crate) fn begin(store: Arc<Store>, report: ReportId, field: &FieldId) -> Result<Self> {
        match store.read(report, |db, keys| drafts::load(db, keys, report)) {
            Ok(draft) => {
                let form = draft.body.form(&store.forms());
                let asked = form.field(field).ok_or(Refusal::UnknownField)?;
                if !asked.kind.accepts().contains(&MediaType::Audio) {
                    return Err(Refusal::WrongKind.into());
                }
            }
            Err(Error::Locked) if store.state() == VaultState::Locked => {}
            Err(error) => return Err(error),
        }
        let sound = Sealed::begin(&store.home)?;
        Ok(Self { store, report, field: field.clone(), sound })
    }

    /// Adds what came next. When this fails, all that was added before is still there.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sound.write(bytes)
    }

    /// Scrubs and attaches what was recorded. It is still there when this fails.
    pub(crate) fn finish(&mut self) -> Result<Recorded> {
        match attachments::attach(
            &self.store,
            self.report,
            &self.field,
            &self.sound,
            Original::Drop,
        ) {
            Ok(stored) => Ok(Recorded::Attached(Box::new(stored))),
            // The report is in a vault that has closed meanwhile, whatever closed it.
            Err(Error::Locked | Error::KeyLost | Error::Damaged | Error::FromNewerApp)
                if self.store.state() != VaultState::Ready =>
            {
                let _held = self.store.home.hold_files()?;
                let recipient = self.store.intake_recipient()?;
                let mut from_start = FromStart { sound: &self.sound, at: 0 };
                intake::put(&self.store.home, &recipient, &mut from_start).map(Recorded::Captured)
            }
            Err(error) => Err(error),
        }
    }
}

/// Bytes that are sealed while they come, and can be read at any place.
pub(crate) struct Sealed {
    file: File,
    key: CellKey,
    /// How many whole chunks are on the disk.
    chunks: u64,
    /// What is not a whole chunk yet.
    rest: Zeroizing<Vec<u8>>,
    /// The chunk that was read last: whoever reads, reads on nearby.
    opened: Mutex<Option<(u64, Zeroizing<Vec<u8>>)>>,
}

const CHUNK: usize = 64 * 1024;
/// The length of a sealed chunk: a version, a nonce and a tag more.
const SEALED: usize = 1 + 12 + CHUNK + 16;

impl Sealed {
    pub(crate) fn begin(home: &Home) -> Result<Self> {
        let path = home.recording();
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        // The kernel frees the file when the last who holds it is gone, however that ends.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let key = CellKey::new(&Zeroizing::new(make_bytes::<32>()));
        // Room from the start: a vector that grows leaves copies behind.
        let rest = Zeroizing::new(Vec::with_capacity(CHUNK));
        Ok(Self { file, key, chunks: 0, rest, opened: Mutex::default() })
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            // Only a full chunk that has something behind it leaves the memory. When the disk is
            // full it stays there, and the next call tries again.
            if self.rest.len() == CHUNK {
                let sealed = self.key.seal(cell(self.chunks), &self.rest)?;
                self.file.write_all_at(&sealed, self.chunks * SEALED as u64)?;
                self.chunks += 1;
                self.rest.clear();
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.rest.len()));
            self.rest.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Adds all that can be read. Refused if reading fails.
    pub(crate) fn take(&mut self, input: &mut dyn Read) -> Result<()> {
        let mut buffer = Zeroizing::new(vec![0; CHUNK]);
        loop {
            match input.read(&mut buffer).map_err(|_| Refusal::MediaUnreadable)? {
                0 => return Ok(()),
                read => self.write(&buffer[..read])?,
            }
        }
    }

    /// Copies from chunk `number`, at `from`, as much as fits into `buffer`.
    fn read(&self, number: u64, from: usize, buffer: &mut [u8]) -> io::Result<usize> {
        let copy = |chunk: &[u8], buffer: &mut [u8]| {
            let bytes = chunk.get(from..).filter(|bytes| !bytes.is_empty());
            let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
            let length = bytes.len().min(buffer.len());
            buffer[..length].copy_from_slice(&bytes[..length]);
            Ok(length)
        };
        if number == self.chunks {
            return copy(&self.rest, buffer);
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = match opened.take() {
            Some((at, chunk)) if at == number => chunk,
            _ if number > self.chunks => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => self.open(number)?,
        };
        let copied = copy(&chunk, buffer);
        *opened = Some((number, chunk));
        copied
    }

    fn open(&self, number: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut sealed = vec![0; SEALED];
        FileExt::read_exact_at(&self.file, &mut sealed, number * SEALED as u64)?;
        let chunk = self.key.open(cell(number), &sealed);
        chunk.map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

fn cell(chunk: u64) -> Cell<'static> {
    Cell { table: "recording", id: b"", column: "chunk", version: chunk }
}

impl ReadAt for Sealed {
    fn len(&self) -> u64 {
        self.chunks * CHUNK as u64 + self.rest.len() as u64
    }

    fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            // A rest of a division by a chunk's length fits.
            let (number, from) = (offset / CHUNK as u64, (offset % CHUNK as u64) as usize);
            let read = self.read(number, from, buffer)?;
            offset += read as u64;
            buffer = &mut buffer[read..];
        }
        Ok(())
    }
}

/// Reads a recording from its start to its end.
struct FromStart<'a> {
    sound: &'a Sealed,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.sound.len() - self.at;
        let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.sound.read_exact_at(self.at, &mut buffer[..length])?;
        self.at += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(folder: &tempfile::TempDir) -> Sealed {
        Sealed::begin(&Home::at(folder.path()).unwrap()).unwrap()
    }

    #[test]
    fn what_was_written_in_any_pieces_is_read_at_any_place() {
        let folder = tempfile::tempdir().unwrap();
        let sound: Vec<u8> = (0..3 * CHUNK as u32 + 777).map(|at| (at / 7) as u8).collect();
        for piece in [777, CHUNK, sound.len()] {
            let mut sealed = sealed(&folder);
            sound.chunks(piece).for_each(|bytes| sealed.write(bytes).unwrap());
            assert_eq!(sealed.len(), sound.len() as u64);
            for (at, length) in [(0, sound.len()), (CHUNK - 1, 2), (3 * CHUNK, 777), (5, CHUNK)] {
                let mut read = vec![0; length];
                sealed.read_exact_at(at as u64, &mut read).unwrap();
                assert!(read == sound[at..at + length], "{piece} {at}");
            }
            assert!(sealed.read_exact_at(sound.len() as u64, &mut [0]).is_err());
            assert!(sealed.read_exact_at(u64::MAX, &mut [0]).is_err());
            assert_eq!(sealed.rest.capacity(), CHUNK, "memory does not grow with the length");
            let mut all = Vec::new();
            FromStart { sound: &sealed, at: 0 }.read_to_end(&mut all).unwrap();
            assert!(all == sound);
        }
    }

    #[test]
    fn on_the_disk_lies_a_file_without_a_name_and_without_a_word_in_clear() {
        let folder = tempfile::tempdir().unwrap();
        let mut sealed = sealed(&folder);
        sealed.write(&b"CANARY".repeat(CHUNK)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path().join("intake")).unwrap().count(), 0);
        let mut bytes = vec![0; sealed.file.metadata().unwrap().len() as usize];
        assert!(bytes.len() > CHUNK);
        FileExt::read_exact_at(&sealed.file, &mut bytes, 0).unwrap();
        assert!(!bytes.windows(6).any(|bytes| bytes == b"CANARY"));
        // A flipped bit is seen.
        bytes[SEALED + 99] ^= 1;
        sealed.file.write_all_at(&bytes, 0).unwrap();
        let mut byte = [0];
        assert!(sealed.read_exact_at(0, &mut byte).is_ok());
        let flipped = sealed.read_exact_at(CHUNK as u64, &mut byte).unwrap_err();
        assert_eq!(flipped.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_did_not_fit_on_the_disk_is_tried_again_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let mut sealed = sealed(&folder);
        let sound = vec![7; CHUNK];
        sealed.write(&sound).unwrap();
        sealed.write(&sound).unwrap();
        // A file that takes nothing stands for a disk that does.
        let full = folder.path().join("full");
        std::fs::write(&full, b"").unwrap();
        let file = std::mem::replace(&mut sealed.file, File::open(full).unwrap());
        assert!(sealed.write(b"more").is_err());
        assert_eq!(sealed.len(), 2 * CHUNK as u64);
        sealed.file = file;
        sealed.write(b"more").unwrap();
        let mut all = Vec::new();
        FromStart { sound: &sealed, at: 0 }.read_to_end(&mut all).unwrap();
        assert!(all == [&sound[..], &sound, b"more"].concat());
    }
}
