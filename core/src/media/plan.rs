//! A scrubbed copy as a list of pieces, and a reader that streams it.

use std::io::{self, Read};
use std::ops::Range;

use super::{Format, Manifest, ReadAt};

/// One stretch of a scrubbed copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes of the source, as they are.
    Copy(Range<u64>),
    /// These bytes instead of what stood there.
    Put(Vec<u8>),
    /// So many zero bytes.
    Zeros(u64),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Copy(range) => range.end - range.start,
            Self::Put(bytes) => bytes.len() as u64,
            Self::Zeros(count) => *count,
        }
    }
}

/// How to make a scrubbed copy: pieces in order, and what was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The container, which scrubbing does not change.
    pub format: Format,
    /// The copy from its first to its last byte.
    pub pieces: Vec<Piece>,
    /// What the copy no longer holds, and what could not be taken out.
    pub manifest: Manifest,
}

impl Plan {
    /// The length of the scrubbed copy in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// Whether the copy would hold no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Streams the scrubbed copy out of the `source` that the plan was made for.
    pub fn reader<'a>(&'a self, source: &'a dyn ReadAt) -> PlanReader<'a> {
        PlanReader { pieces: &self.pieces, done: 0, source }
    }
}

/// Reads a scrubbed copy from start to end; memory does not grow with its length.
pub struct PlanReader<'a> {
    pieces: &'a [Piece],
    /// Bytes of `pieces[0]` that were read already.
    done: u64,
    source: &'a dyn ReadAt,
}

impl Read for PlanReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.pieces.first() {
            let left = piece.len() - self.done;
            if left == 0 {
                self.pieces = &self.pieces[1..];
                self.done = 0;
                continue;
            }
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let buffer = &mut buffer[..count];
            match piece {
                Piece::Copy(range) => {
                    self.source.read_exact_at(range.start + self.done, buffer)?;
                }
                Piece::Put(bytes) => {
                    buffer.copy_from_slice(&bytes[self.done as usize..][..count]);
                }
                Piece::Zeros(_) => buffer.fill(0),
            }
            self.done += count as u64;
            return Ok(count);
        }
        Ok(0)
    }
}
