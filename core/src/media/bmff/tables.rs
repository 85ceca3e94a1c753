//! Where the samples of a track lie: sizes, chunks and offsets joined (ISO/IEC 14496-12 clause
//! 8.7).
//!
//! The tables stay where they were read; nothing is copied out of them, so that a video of many
//! hours needs no more memory than its `moov` box.

use std::ops::Range;

use super::super::{MediaError, Result};
use super::boxes::{Node, u32_at, u64_at};
use super::counted::Counts;

/// Most samples of one track that are visited one by one; 38 hours of 60 pictures a second.
const MAX_SAMPLES: u64 = 8_000_000;

/// The sample tables of one track.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tables<'a> {
    /// First chunk, samples in each, description: twelve bytes each.
    runs: &'a [u8],
    /// Offset of each chunk, four or eight bytes each.
    offsets: &'a [u8],
    wide: bool,
    sizes: Sizes<'a>,
    /// Uncompressed sound whose sizes say one byte per sample: bytes of a packet, and its samples.
    packet: Option<(u64, u64)>,
}

/// How long the samples are.
#[derive(Clone, Copy, Debug)]
enum Sizes<'a> {
    /// All the same, and how many.
    Same(u32, u64),
    /// Four, eight, sixteen or thirty-two bits each.
    Each(&'a [u8], usize),
}

/// One run of samples that lie one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Number of its first sample, counted from 0.
    pub(super) first: u64,
    /// How many samples it has.
    pub(super) count: u64,
    pub(super) range: Range<u64>,
}

impl<'a> Tables<'a> {
    /// Reads the tables of a `stbl` box. `packet` tells the length of a packet of sound and how
    /// many samples it has, where the sample description says so.
    pub(super) fn read(stbl: &Node<'a>, packet: Option<(u64, u64)>) -> Result<Self> {
        let table = |kind: &[u8; 4], at: usize, entry: usize| -> Result<Option<&'a [u8]>> {
            let Some(node) = stbl.child(kind) else { return Ok(None) };
            let len = (u32_at(node.body, at)? as usize).checked_mul(entry);
            let end = len.and_then(|len| len.checked_add(at + 4));
            let bytes = end.and_then(|end| node.body.get(at + 4..end));
            bytes.map(Some).ok_or(MediaError::Malformed)
        };
        let (offsets, wide) = match table(b"stco", 4, 4)? {
            Some(offsets) => (offsets, false),
            None => (table(b"co64", 4, 8)?.ok_or(MediaError::Malformed)?, true),
        };
        let runs = ascending(table(b"stsc", 4, 12)?.ok_or(MediaError::Malformed)?);
        let sizes = Sizes::read(stbl)?;
        let packet = packet.filter(|_| matches!(sizes, Sizes::Same(..)));
        Ok(Self { runs, offsets, wide, sizes, packet })
    }

    /// How many samples and chunks there are.
    pub(super) fn counts(self) -> Counts {
        let mut counts = Counts::default();
        for chunk in self.chunks() {
            counts.samples = chunk.first + chunk.count;
            counts.chunks += 1;
        }
        counts
    }

    /// The chunks in the order of the tables.
    pub(super) fn chunks(self) -> Chunks<'a> {
        Chunks { tables: self, chunk: 0, sample: 0, run: 0 }
    }

    /// Whether the chunks lie in the file in their order, as writers leave them.
    pub(super) fn is_sorted(self) -> bool {
        let mut end = 0;
        self.chunks().all(|chunk| {
            let sorted = chunk.range.start >= end;
            end = chunk.range.end;
            sorted
        })
    }

    /// The samples of `chunk`, one by one.
    pub(super) fn samples(self, chunk: &Chunk) -> Result<impl Iterator<Item = Range<u64>>> {
        if chunk.first + chunk.count > MAX_SAMPLES {
            return Err(MediaError::TooComplex);
        }
        let mut at = chunk.range.start;
        let sizes = (chunk.first..chunk.first + chunk.count).map(move |it| self.sizes.of(it));
        Ok(sizes.map(move |size| {
            at += size;
            at - size..at
        }))
    }

    fn offset(&self, chunk: usize) -> Option<u64> {
        if self.wide {
            u64_at(self.offsets, chunk * 8).ok()
        } else {
            u32_at(self.offsets, chunk * 4).ok().map(u64::from)
        }
    }

    /// First chunk (counted from 0) and samples of each chunk of run `run`.
    fn run(&self, run: usize) -> Option<(usize, u64)> {
        let first = u32_at(self.runs, run * 12).ok()?.checked_sub(1)?;
        Some((first as usize, u64::from(u32_at(self.runs, run * 12 + 4).ok()?)))
    }

    fn len_of(&self, first: u64, count: u64) -> u64 {
        match (self.sizes, self.packet) {
            (Sizes::Same(size, _), Some((bytes, samples))) => {
                let packed = count.div_ceil(samples).saturating_mul(bytes);
                packed.max(count.saturating_mul(u64::from(size)))
            }
            (Sizes::Same(size, _), None) => count.saturating_mul(u64::from(size)),
            (Sizes::Each(..), _) => (first..first + count).map(|it| self.sizes.of(it)).sum(),
        }
    }
}

/// The runs up to the first one that does not begin behind the one before it.
fn ascending(runs: &[u8]) -> &[u8] {
    let first = |run: &[u8]| u32_at(run, 0).unwrap_or(0);
    let mut before = 0;
    let ascends = |run: &&[u8]| {
        let ascends = first(run) > before;
        before = first(run);
        ascends
    };
    &runs[..12 * runs.chunks_exact(12).take_while(ascends).count()]
}

impl<'a> Sizes<'a> {
    fn read(stbl: &Node<'a>) -> Result<Self> {
        let (node, bits) = match stbl.child(b"stsz") {
            Some(node) => (node, 32),
            None => {
                let node = stbl.child(b"stz2").ok_or(MediaError::Malformed)?;
                (node, (u32_at(node.body, 4)? & 0xFF) as usize)
            }
        };
        let count = u64::from(u32_at(node.body, 8)?);
        if bits == 32 && u32_at(node.body, 4)? != 0 {
            return Ok(Self::Same(u32_at(node.body, 4)?, count));
        }
        if ![4, 8, 16, 32].contains(&bits) {
            return Err(MediaError::Malformed);
        }
        let len = usize::try_from((count * bits as u64).div_ceil(8));
        let end = len.ok().and_then(|len| len.checked_add(12)).ok_or(MediaError::Malformed)?;
        Ok(Self::Each(node.body.get(12..end).ok_or(MediaError::Malformed)?, bits))
    }

    fn count(self) -> u64 {
        match self {
            Self::Same(_, count) => count,
            Self::Each(table, bits) => (table.len() * 8 / bits) as u64,
        }
    }

    /// The size of sample `index`; 0 behind the end.
    fn of(self, index: u64) -> u64 {
        let index = index as usize;
        match self {
            Self::Same(size, _) => u64::from(size),
            Self::Each(table, 32) => u32_at(table, index * 4).map_or(0, u64::from),
            Self::Each(table, bits) => {
                let byte = |at: usize| u64::from(table.get(at).copied().unwrap_or(0));
                match bits {
                    4 => byte(index / 2) >> (4 * (1 - index % 2)) & 15,
                    8 => byte(index),
                    _ => byte(index * 2) << 8 | byte(index * 2 + 1),
                }
            }
        }
    }
}

/// Walks the chunks of a track.
pub(super) struct Chunks<'a> {
    tables: Tables<'a>,
    chunk: usize,
    sample: u64,
    run: usize,
}

impl Iterator for Chunks<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let start = self.tables.offset(self.chunk)?;
        while self.tables.run(self.run + 1).is_some_and(|(first, _)| first <= self.chunk) {
            self.run += 1;
        }
        let (_, count) = self.tables.run(self.run)?;
        let count = count.min(self.tables.sizes.count().saturating_sub(self.sample));
        if count == 0 {
            return None;
        }
        let len = self.tables.len_of(self.sample, count);
        let chunk = Chunk { first: self.sample, count, range: start..start.checked_add(len)? };
        self.chunk += 1;
        self.sample += count;
        Some(chunk)
    }
}

/// The chunks of many tracks in the order of the file, joined where they touch.
pub(super) struct Merged<'a> {
    tracks: Vec<std::iter::Peekable<Box<dyn Iterator<Item = Range<u64>> + 'a>>>,
}

/// Most chunks of tracks whose chunks are out of order, since those must be sorted in memory.
const MAX_UNSORTED: usize = 200_000;

impl<'a> Merged<'a> {
    pub(super) fn new(tracks: &[Tables<'a>]) -> Result<Self> {
        let mut merged = Self { tracks: Vec::new() };
        let mut room = MAX_UNSORTED;
        for &track in tracks {
            let ranges: Box<dyn Iterator<Item = Range<u64>> + 'a> = if track.is_sorted() {
                Box::new(track.chunks().map(|chunk| chunk.range))
            } else {
                let mut ranges: Vec<_> =
                    track.chunks().take(room + 1).map(|chunk| chunk.range).collect();
                room = room.checked_sub(ranges.len()).ok_or(MediaError::TooComplex)?;
                ranges.sort_unstable_by_key(|range| range.start);
                Box::new(ranges.into_iter())
            };
            merged.tracks.push(ranges.peekable());
        }
        Ok(merged)
    }

    fn first(&mut self) -> Option<Range<u64>> {
        let starts = self.tracks.iter_mut().enumerate();
        let starts = starts.filter_map(|(at, track)| Some((track.peek()?.start, at)));
        let (_, at) = starts.min()?;
        self.tracks[at].next()
    }
}

impl Iterator for Merged<'_> {
    type Item = Range<u64>;

    fn next(&mut self) -> Option<Range<u64>> {
        let mut range = self.first()?;
        loop {
            let next = self.tracks.iter_mut().filter_map(|track| track.peek()).map(|it| it.start);
            match next.min() {
                Some(start) if start <= range.end => {
                    let next = self.first()?;
                    range.end = range.end.max(next.end);
                }
                _ => return Some(range),
            }
        }
    }
}
