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

/// A walk over one JPEG image.
pub(super) struct Walker<'a> {
    source: &'a dyn ReadAt,
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

    /// Goes over the data of a scan and shows the stretches of it that are not padding.
    ///
    /// A scan has at most `restarts` restart markers; what follows a further one is not drawn.
    pub(super) fn scan(
        &mut self,
        mut restarts: u64,
        mut show: impl FnMut(Range<u64>) -> Result<()>,
    ) -> Result<()> {
        let mut from = self.at;
        loop {
            let at = self.at;
            let block = self.bytes(at, 2)?;
            let (len, end) = entropy_len(block, &mut restarts);
            let next = block.get(len + 1).copied();
            self.at += len as u64;
            match (end, next) {
                (false, _) => {}
                (true, Some(0xFF)) => {
                    show(from..self.at)?;
                    self.padding()?;
                    from = self.at;
                }
                (true, Some(_)) => return show(from..self.at),
                (true, None) if self.at + 1 < self.len => {}
                (true, None) => {
                    show(from..self.at)?;
                    self.at = self.len;
                    return Ok(());
                }
            }
            if self.at >= self.len {
                return show(from..self.at);
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

/// The length of the scan data that `block` starts with, and whether a marker ends them there.
fn entropy_len(block: &[u8], restarts: &mut u64) -> (usize, bool) {
    let mut len = 0;
    while let Some(at) = memchr(0xFF, &block[len..]) {
        len += at;
        match block.get(len + 1) {
            Some(0) => {}
            Some(marker::RST0..=marker::RST7) if *restarts > 0 => *restarts -= 1,
            _ => return (len, true),
        }
        len += 2;
    }
    (block.len(), false)
}
