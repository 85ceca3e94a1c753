//! The chain of chunks that a PNG is: length, type, data, CRC-32 of type and data.

use std::ops::Range;

use crate::media::assembly::{MAX_PARTS, Window};
use crate::media::{MediaError, ReadAt, Result};

/// Where a chunk lies and what it says it is. Its data has not been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) kind: [u8; 4],
    pub(super) len: u32,
}

impl Chunk {
    /// From the first byte of the length to the last of the CRC.
    pub(super) fn whole(&self) -> Range<u64> {
        self.start..self.data().end + CRC_LEN
    }

    pub(super) fn data(&self) -> Range<u64> {
        let start = self.start + HEAD_LEN;
        start..start + u64::from(self.len)
    }
}

/// The chunks of a source, one after another.
pub(super) struct Chunks<'a> {
    pub(super) window: Window<'a>,
    next: u64,
    count: u32,
}

impl<'a> Chunks<'a> {
    /// The chunks behind the signature, read through a window of `size` bytes.
    pub(super) fn new(source: &'a dyn ReadAt, size: usize) -> Self {
        Self { window: Window::new(source, size), next: SIGNATURE_LEN, count: 0 }
    }

    /// The next chunk; none if no whole one follows.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>> {
        let left = self.window.source_len().saturating_sub(self.next);
        if left < HEAD_LEN + CRC_LEN {
            return Ok(None);
        }
        let [l0, l1, l2, l3, kind @ ..] = self.window.array::<8>(self.next)?;
        let chunk = Chunk { start: self.next, kind, len: u32::from_be_bytes([l0, l1, l2, l3]) };
        if u64::from(chunk.len) > left - HEAD_LEN - CRC_LEN {
            return Ok(None);
        }
        self.count += 1;
        if self.count > MAX_PARTS {
            return Err(MediaError::TooComplex);
        }
        self.next = chunk.whole().end;
        Ok(Some(chunk))
    }

    /// Goes on with the chunk that starts at `start`.
    pub(super) fn go_to(&mut self, start: u64) {
        self.next = start;
    }

    /// What follows the last chunk that was read.
    pub(super) fn rest(&self) -> Range<u64> {
        self.next..self.window.source_len()
    }

    /// Whether the CRC of `chunk` is right.
    pub(super) fn is_intact(&mut self, chunk: Chunk) -> Result<bool> {
        let crc = self.crc(chunk, chunk.data(), None)?;
        Ok(crc == self.stored_crc(chunk)?)
    }

    /// The CRC that stands behind `chunk`.
    pub(super) fn stored_crc(&mut self, chunk: Chunk) -> Result<[u8; 4]> {
        self.window.array(chunk.data().end)
    }

    /// The CRC of the type of `chunk`, `sequence` if any, and the source's bytes at `range`.
    pub(super) fn crc(
        &mut self,
        chunk: Chunk,
        mut range: Range<u64>,
        sequence: Option<u32>,
    ) -> Result<[u8; 4]> {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&chunk.kind);
        if let Some(sequence) = sequence {
            crc.update(&sequence.to_be_bytes());
        }
        while !range.is_empty() {
            let bytes = self.window.some(range.clone())?;
            crc.update(bytes);
            range.start += bytes.len() as u64;
        }
        Ok(crc.finalize().to_be_bytes())
    }
}

/// A whole chunk of our own.
pub(super) fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    // The limits of what is put are far below 4 GiB.
    let len = u32::try_from(data.len()).expect("our own chunks are small");
    let mut bytes = Vec::with_capacity(data.len() + (HEAD_LEN + CRC_LEN) as usize);
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(&kind);
    bytes.extend_from_slice(data);
    let crc = crc32fast::hash(&bytes[4..]);
    bytes.extend_from_slice(&crc.to_be_bytes());
    bytes
}

/// The length of the signature that every PNG starts with.
pub(super) const SIGNATURE_LEN: u64 = 8;

/// The length of length and type.
pub(super) const HEAD_LEN: u64 = 8;

/// The length of the CRC.
pub(super) const CRC_LEN: u64 = 4;
