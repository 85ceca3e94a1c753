//! Walks a JPEG from marker to marker, in blocks, whatever its size (ITU-T T.81, annex B).
//!
//! It finds the parts and judges none of them. Where decoders are lenient so is it: bytes between
//! segments are counted and skipped, as libjpeg does, so what it finds is what they draw.

use std::ops::Range;

use memchr::memchr;

use super::super::{MediaError, ReadAt, Result};

/// The markers that the walk itself must know.
pub(super) mod marker {
    pub(in super::super) const TEM: u8 = 0x01;
    pub(in super::super) const RST0: u8 = 0xD0;
    pub(in super::super) const RST7: u8 = 0xD7;
    pub(in super::super) const SOI: u8 = 0xD8;
    pub(in super::super) const EOI: u8 = 0xD9;
    pub(in super::super) const SOS: u8 = 0xDA;
}

/// What the walk comes to next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A marker with a length; the scan's data follow one with [`marker::SOS`].
    Segment(Segment),
    /// The end of the image; what follows belongs to no picture.
    End,
    /// The file stops before the image ends.
    Cut,
}

/// A marker segment in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) marker: u8,
    /// From the marker's first byte to the last byte of the payload.
    pub(super) whole: Range<u64>,
    /// What follows the length.
    pub(super) payload: Range<u64>,
}

/// A stretch of a scan's data that is decoded by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    /// Coded bytes, in which 0 follows each 0xFF.
    pub(super) data: Range<u64>,
    /// The restart marker behind it, and its number from 0 to 7.
    pub(super) restart: Option<(u8, Range<u64>)>,
}

/// A walk over one JPEG image.
pub(super) struct Walker<'a> {
    pub(super) source: &'a dyn ReadAt,
    /// The source's length, which a file tells only by a system call.
    len: u64,
    /// Bytes of the source from `block_at` on.
    block: Vec<u8>,
    block_at: u64,
    /// Where the next part starts.
    pub(super) at: u64,
    /// How many bytes so far belonged to no part; padding with 0xFF is not counted.
    pub(super) stray: u64,
}

impl<'a> Walker<'a> {
    /// Starts at `at`, where an image must start.
    pub(super) fn at(source: &'a dyn ReadAt, at: u64) -> Result<Self> {
        let len = source.len();
        let mut walker = Self { source, len, block: Vec::new(), block_at: 0, at, stray: 0 };
        if !walker.bytes(at, 2)?.starts_with(&[0xFF, marker::SOI]) {
            return Err(MediaError::Malformed);
        }
        walker.at += 2;
        Ok(walker)
    }

    /// Goes to the next marker and over its segment.
    pub(super) fn step(&mut self) -> Result<Step> {
        while let Some(marker) = self.marker()? {
            match marker {
                marker::EOI => return Ok(Step::End),
                // A second image inside the first; no decoder goes on here.
                marker::SOI => return Err(MediaError::Malformed),
                // Stuffing and restarts belong into scans.
                0 | marker::TEM | marker::RST0..=marker::RST7 => self.stray += 2,
                _ => return self.segment(marker),
            }
        }
        Ok(Step::Cut)
    }

    /// The payload of `segment`.
    pub(super) fn payload(&mut self, segment: &Segment) -> Result<&[u8]> {
        let len = (segment.payload.end - segment.payload.start) as usize;
        Ok(&self.bytes(segment.payload.start, len)?[..len])
    }

    /// Goes over the data of a scan and shows its intervals, which restart markers part.
    ///
    /// A scan has at most `restarts` restart markers; what follows a further one is not drawn.
    pub(super) fn scan(
        &mut self,
        mut restarts: u64,
        mut show: impl FnMut(Interval) -> Result<()>,
    ) -> Result<()> {
        let mut from = self.at;
        loop {
            let at = self.at;
            let block = self.bytes(at, 2)?;
            let len = entropy_end(block).unwrap_or(block.len());
            // A 0xFF at the end of the block tells nothing without the byte behind it.
            let cut = len + 1 >= block.len();
            self.at += len as u64;
            if cut && self.at + 1 < self.len {
                continue;
            }
            let data = from..self.at;
            self.padding()?;
            let at = self.at;
            match *self.bytes(at, 2)? {
                [0xFF, code @ marker::RST0..=marker::RST7, ..] if restarts > 0 => {
                    restarts -= 1;
                    self.at += 2;
                    from = self.at;
                    let restart = Some((code - marker::RST0, at..at + 2));
                    show(Interval { data, restart })?;
                }
                // Padding may precede markers only.
                [0xFF, 0, ..] => return Err(MediaError::Malformed),
                [_, _, ..] => return show(Interval { data, restart: None }),
                _ => {
                    self.at = self.len;
                    return show(Interval { data, restart: None });
                }
            }
        }
    }

    /// Goes over all but the last of several 0xFF.
    fn padding(&mut self) -> Result<()> {
        loop {
            let at = self.at;
            let block = self.bytes(at, 2)?;
            let run = block.iter().take_while(|&&byte| byte == 0xFF).count();
            let more = run == block.len();
            self.at += run.saturating_sub(1) as u64;
            if !more || run <= 1 {
                return Ok(());
            }
        }
    }

    /// Goes behind the next marker and tells its code.
    fn marker(&mut self) -> Result<Option<u8>> {
        loop {
            let at = self.at;
            let block = self.bytes(at, 2)?;
            if block.len() < 2 {
                return Ok(None);
            }
            let stray = memchr(0xFF, block).unwrap_or(block.len());
            self.at += stray as u64;
            self.stray += stray as u64;
            self.padding()?;
            let at = self.at;
            match *self.bytes(at, 2)? {
                [0xFF, code, ..] if code != 0xFF => {
                    self.at += 2;
                    return Ok(Some(code));
                }
                [_, _, ..] => {}
                _ => return Ok(None),
            }
        }
    }

    fn segment(&mut self, marker: u8) -> Result<Step> {
        let at = self.at;
        let Some(len) = self.bytes(at, 2)?.first_chunk() else { return Ok(Step::Cut) };
        let len = u64::from(u16::from_be_bytes(*len));
        if len < 2 {
            return Err(MediaError::Malformed);
        }
        let end = at + len;
        if end > self.len {
            return Ok(Step::Cut);
        }
        self.at = end;
        Ok(Step::Segment(Segment { marker, whole: at - 2..end, payload: at + 2..end }))
    }

    /// The bytes from `at` on that are at hand: at least `count`, unless the source ends before.
    fn bytes(&mut self, at: u64, count: usize) -> Result<&[u8]> {
        let end = (at + count as u64).min(self.len);
        let block_end = self.block_at + self.block.len() as u64;
        if at < self.block_at || end > block_end || at > block_end {
            let len = (self.len.saturating_sub(at)).min(BLOCK_LEN as u64) as usize;
            self.block.resize(len, 0);
            self.block_at = at;
            self.source.read_exact_at(at, &mut self.block)?;
        }
        Ok(&self.block[(at - self.block_at) as usize..])
    }
}

/// How much is read at once: no less than the longest segment, and small enough for a cache.
const BLOCK_LEN: usize = 128 * 1024;

/// How many bytes of scan data are looked at together.
const STRIDE: usize = 128;

/// Where in `block` scan data end: at a 0xFF that is not stuffed, or at the block's last byte.
fn entropy_end(block: &[u8]) -> Option<usize> {
    let mut len = 0;
    loop {
        while block.get(len..=len + STRIDE).is_some_and(is_quiet) {
            len += STRIDE;
        }
        let stop = len + STRIDE;
        while len < stop {
            len += memchr(0xFF, &block[len..])?;
            if block.get(len + 1) != Some(&0) {
                return Some(len);
            }
            len += 2;
        }
    }
}

/// Whether no 0xFF but stuffed ones start before the last byte. Without branches, so that the
/// compiler makes vectors of it: one 0xFF in 200 bytes is common, too many to search one by one.
fn is_quiet(bytes: &[u8]) -> bool {
    let pairs = bytes.iter().zip(&bytes[1..]);
    pairs.fold(0, |any, (&byte, &next)| any | u8::from((byte == 0xFF) & (next != 0))) == 0
}
