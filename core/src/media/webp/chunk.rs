//! The chain of chunks that a RIFF file is: type, length, data, and a zero where the length is odd.

use std::ops::Range;

use crate::media::assembly::{Assembly, MAX_PARTS, Window};
use crate::media::{MediaError, RemovedKind, Result};

/// Where a chunk lies. Its data has not been read.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) kind: [u8; 4],
    pub(super) len: u32,
    /// The end with padding, as far as the source has it.
    pub(super) end: u64,
}

impl Chunk {
    pub(super) fn data(&self) -> Range<u64> {
        let start = self.start + 8;
        start..start + u64::from(self.len)
    }

    pub(super) fn whole(&self) -> Range<u64> {
        self.start..self.end
    }
}

/// The chunks of a file or of a frame, one after another.
pub(super) struct Chunks {
    pub(super) next: u64,
    end: u64,
    count: u32,
}

impl Chunks {
    pub(super) fn of_file(window: &mut Window<'_>) -> Result<Self> {
        let head: [u8; HEAD_LEN] = window.array(0)?;
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let end = (u64::from(size) + 8).min(window.source_len());
        Ok(Self { next: HEAD_LEN as u64, end, count: 0 })
    }

    pub(super) fn inside(chunk: Chunk, skip: u32) -> Self {
        let data = chunk.data();
        Self { next: data.start + u64::from(skip), end: data.end, count: 0 }
    }

    /// The next chunk; none if no whole one follows.
    pub(super) fn next(&mut self, window: &mut Window<'_>) -> Result<Option<Chunk>> {
        if self.end.saturating_sub(self.next) < 8 {
            return Ok(None);
        }
        let [k0, k1, k2, k3, l0, l1, l2, l3] = window.array(self.next)?;
        let len = u32::from_le_bytes([l0, l1, l2, l3]);
        let data_end = self.next + 8 + u64::from(len);
        if data_end > self.end {
            return Ok(None);
        }
        self.count += 1;
        if self.count > MAX_PARTS {
            return Err(MediaError::TooComplex);
        }
        let end = (data_end + u64::from(len % 2)).min(self.end);
        let chunk = Chunk { start: self.next, kind: [k0, k1, k2, k3], len, end };
        self.next = end;
        Ok(Some(chunk))
    }
}

/// Adds `chunk` as it is, padded with zero.
pub(super) fn write_chunk(window: &mut Window<'_>, out: &mut Assembly, chunk: Chunk) -> Result<()> {
    write_start(window, out, chunk, chunk.len)
}

/// Adds the first `len` bytes of `chunk` as a chunk.
pub(super) fn write_start(
    window: &mut Window<'_>,
    out: &mut Assembly,
    chunk: Chunk,
    len: u32,
) -> Result<()> {
    if chunk.len < len {
        return Err(MediaError::Malformed);
    }
    let end = chunk.data().start + u64::from(len);
    if len == chunk.len {
        out.copy(chunk.start..end);
    } else {
        out.put(&chunk.kind);
        out.put(&len.to_le_bytes());
        out.copy(chunk.data().start..end);
    }
    let is_padded =
        len % 2 == 1 && len == chunk.len && chunk.end > end && window.array::<1>(end)? == [0];
    if is_padded {
        out.copy(end..chunk.end);
        return Ok(());
    }
    if len % 2 == 1 {
        out.put(&[0]);
    }
    if chunk.end > end {
        out.manifest.broken = true;
        out.remove(RemovedKind::HiddenBytes, end..chunk.end);
    }
    Ok(())
}

/// A whole chunk of our own.
pub(super) fn own_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    // The limits of what is put are far below 4 GiB.
    let len = u32::try_from(data.len()).expect("our own chunks are small");
    let mut chunk = kind.to_vec();
    chunk.extend_from_slice(&len.to_le_bytes());
    chunk.extend_from_slice(data);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// The length of the RIFF header.
pub(super) const HEAD_LEN: usize = 12;
