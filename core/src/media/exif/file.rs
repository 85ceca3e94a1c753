//! The facts of a TIFF file, which is what most raw photos are.
//!
//! Such a file is not scrubbed, but its untouched original may be sealed for police, and when and
//! where it was taken may help to find the child. Its directories can lie anywhere in hundreds of
//! megabytes, so they and their small values are gathered into a block as Exif has them.

use super::super::{Facts, MediaError, ReadAt, Result};
use super::tag;
use super::tiff::{ENTRY_LEN, INLINE_LEN, is_big_endian, u16_of, u32_of, value_len};

/// Most entries of a directory; raw photos have about a hundred.
const MAX_ENTRIES: u16 = 1024;

/// Longer values hold no fact.
const MAX_VALUE: usize = 1024;

/// Reads the facts of a TIFF file.
pub(in crate::media) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let mut head = [0; 8];
    if source.len() < head.len() as u64 {
        return Err(MediaError::Unsupported);
    }
    source.read_exact_at(0, &mut head)?;
    let big_endian = is_big_endian(&head).ok_or(MediaError::Unsupported)?;
    let [.., o0, o1, o2, o3] = head;
    let main = u32_of([o0, o1, o2, o3], big_endian);
    let mut block = Gathered { source, big_endian, bytes: head.to_vec() };
    let at = block.directory(main, true)?;
    let at = block.long(at);
    block.bytes[4..8].copy_from_slice(&at);
    Ok(super::read(&block.bytes))
}

/// Whether `source` is a TIFF file that says to be a DNG, a raw photo.
pub(in crate::media) fn is_dng(source: &dyn ReadAt) -> bool {
    let mut head = [0; 8];
    if source.read_exact_at(0, &mut head).is_err() {
        return false;
    }
    let Some(big_endian) = is_big_endian(&head) else { return false };
    let [.., o0, o1, o2, o3] = head;
    let at = u64::from(u32_of([o0, o1, o2, o3], big_endian));
    let file = Gathered { source, big_endian, bytes: Vec::new() };
    let Ok(Some(count)) = file.read(at, 2) else { return false };
    let count = u16_of([count[0], count[1]], big_endian).min(MAX_ENTRIES);
    let entries = file.read(at + 2, usize::from(count) * ENTRY_LEN);
    let is_version = |entry: &[u8]| u16_of([entry[0], entry[1]], big_endian) == tag::DNG_VERSION;
    matches!(entries, Ok(Some(entries)) if entries.chunks_exact(ENTRY_LEN).any(is_version))
}

/// A block with the directories that were gathered so far.
struct Gathered<'a> {
    source: &'a dyn ReadAt,
    big_endian: bool,
    bytes: Vec<u8>,
}

impl Gathered<'_> {
    /// Adds the directory at `at`, with those that it names if it `is_main`; gives its new place,
    /// or 0 if there is none.
    fn directory(&mut self, at: u32, is_main: bool) -> Result<u32> {
        let at = u64::from(at);
        let Some(count) = self.read(at, 2)? else { return Ok(0) };
        let count = u16_of([count[0], count[1]], self.big_endian).min(MAX_ENTRIES);
        let len = usize::from(count) * ENTRY_LEN;
        let Some(mut entries) = self.read(at + 2, len)? else { return Ok(0) };
        let place = self.bytes.len();
        // No directory follows: those hold smaller pictures.
        self.bytes.resize(place + 2 + len + 4, 0);
        for entry in entries.chunks_exact_mut(ENTRY_LEN) {
            self.entry(entry, is_main)?;
        }
        let count = if self.big_endian { count.to_be_bytes() } else { count.to_le_bytes() };
        self.bytes[place..place + 2].copy_from_slice(&count);
        self.bytes[place + 2..place + 2 + len].copy_from_slice(&entries);
        // A few directories of a thousand small values stay far below 4 GiB.
        Ok(place as u32)
    }

    /// Adds the value of an entry, and makes the entry name its new place.
    fn entry(&mut self, entry: &mut [u8], is_main: bool) -> Result<()> {
        let short = |at: usize| u16_of([entry[at], entry[at + 1]], self.big_endian);
        let long = |at: usize| {
            let bytes = [entry[at], entry[at + 1], entry[at + 2], entry[at + 3]];
            u32_of(bytes, self.big_endian)
        };
        let (tag, format, count, at) = (short(0), short(2), long(4), long(8));
        let is_link = is_main && matches!(tag, tag::EXIF_DIRECTORY | tag::GPS_DIRECTORY);
        let place = match value_len(format, count) {
            Some(INLINE_LEN) if is_link => Some(self.directory(at, false)?),
            Some(0..=INLINE_LEN) => return Ok(()),
            Some(len @ ..=MAX_VALUE) => self.read(at.into(), len)?.map(|value| {
                self.bytes.extend_from_slice(&value);
                (self.bytes.len() - len) as u32
            }),
            _ => None,
        };
        match place {
            Some(place) => entry[8..].copy_from_slice(&self.long(place)),
            // An entry without a value.
            None => entry[4..].fill(0),
        }
        Ok(())
    }

    fn long(&self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// `len` bytes of the file; none if it ends before.
    fn read(&self, at: u64, len: usize) -> Result<Option<Vec<u8>>> {
        if at + len as u64 > self.source.len() {
            return Ok(None);
        }
        let mut bytes = vec![0; len];
        self.source.read_exact_at(at, &mut bytes)?;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian file whose main directory is its end.
    fn file() -> Vec<u8> {
        let mut file = b"II\x2A\0\0\0\0\0".to_vec();
        let time = file.len() as u8;
        file.extend(b"2021:03:04 05:06:07\0");
        let camera = file.len() as u8;
        file.extend([1, 0, 0x03, 0x90, 2, 0, 20, 0, 0, 0, time, 0, 0, 0, 0, 0, 0, 0]);
        file[4] = file.len() as u8;
        file.extend([3, 0]);
        file.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
        file.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0, camera, 0, 0, 0]);
        // A picture of 4 GiB.
        file.extend([0x44, 0x01, 7, 0, 0xFF, 0xFF, 0xFF, 0xFF, 8, 0, 0, 0]);
        file.extend([0; 4]);
        file
    }

    #[test]
    fn facts_are_found_wherever_the_directories_lie() {
        let facts = facts(&file()).unwrap();
        assert_eq!(facts.taken_at.as_deref(), Some("2021-03-04T05:06:07"));
        assert_eq!(facts.orientation, Some(6));
    }

    #[test]
    fn a_file_cut_or_changed_anywhere_tells_facts_or_none() {
        let mut file = file();
        for len in 0..file.len() {
            let _ = facts(&file[..len].to_vec());
        }
        for at in 0..file.len() {
            for bits in [0xFF, 0x01, 0x80, 0x20] {
                file[at] ^= bits;
                let _ = facts(&file);
                file[at] ^= bits;
            }
        }
    }

    #[test]
    fn what_is_no_tiff_is_unsupported() {
        assert!(matches!(facts(&b"%PDF-1.7 and so on".to_vec()), Err(MediaError::Unsupported)));
    }
}
