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
        PlanReader::over(&self.pieces, source)
    }
}

/// Reads a scrubbed copy from start to end; memory does not grow with its length.
pub struct PlanReader<'a> {
    pieces: &'a [Piece],
    /// Bytes of `pieces[0]` that were read already.
    done: u64,
    source: &'a dyn ReadAt,
}

impl<'a> PlanReader<'a> {
    /// Reads `source` by these pieces.
    pub(crate) fn over(pieces: &'a [Piece], source: &'a dyn ReadAt) -> Self {
        PlanReader { pieces, done: 0, source }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pieces: Vec<Piece>) -> Plan {
        Plan { format: Format::Jpeg, pieces, manifest: Manifest::default() }
    }

    fn source() -> Vec<u8> {
        (0..=255).collect()
    }

    /// What the pieces stand for, put together the plain way.
    fn expected(pieces: &[Piece], source: &[u8]) -> Vec<u8> {
        let bytes = pieces.iter().flat_map(|piece| match piece {
            Piece::Copy(range) => source[range.start as usize..range.end as usize].to_vec(),
            Piece::Put(bytes) => bytes.clone(),
            Piece::Zeros(count) => vec![0; *count as usize],
        });
        bytes.collect()
    }

    #[test]
    fn the_reader_gives_exactly_the_pieces_however_it_is_asked() {
        let mut random = 88_172_645_463_325_252_u64;
        let mut next = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let source = source();
        for _ in 0..500 {
            let pieces = (0..next(8)).map(|_| match next(3) {
                0 => {
                    let start = next(257);
                    Piece::Copy(start..start + next(257 - start))
                }
                1 => Piece::Put((0..next(9)).map(|byte| byte as u8).collect()),
                _ => Piece::Zeros(next(9)),
            });
            let plan = plan(pieces.collect());
            let expected = expected(&plan.pieces, &source);
            let mut reader = plan.reader(&source);
            let mut copy: Vec<u8> = Vec::new();
            loop {
                let mut buffer = vec![0xAA; 1 + next(40) as usize];
                let count = reader.read(&mut buffer).unwrap();
                if count == 0 {
                    break;
                }
                copy.extend(&buffer[..count]);
            }
            assert_eq!(copy, expected);
            assert_eq!(plan.len(), expected.len() as u64);
            assert_eq!(plan.is_empty(), expected.is_empty());
        }
    }

    #[test]
    fn an_empty_buffer_reads_nothing_and_loses_nothing() {
        let source = source();
        let plan = plan(vec![Piece::Copy(7..9)]);
        let mut reader = plan.reader(&source);
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        let mut copy = Vec::new();
        reader.read_to_end(&mut copy).unwrap();
        assert_eq!(copy, [7, 8]);
    }

    #[test]
    fn a_source_that_became_shorter_is_an_error_and_not_a_shorter_copy() {
        let plan = plan(vec![Piece::Copy(0..257)]);
        let mut copy = Vec::new();
        let error = plan.reader(&source()).read_to_end(&mut copy).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
