//! Fragments of a movie: `moof` boxes, each with the tables of the samples behind it
//! (ISO/IEC 14496-12 clause 8.8).

use std::ops::Range;

use super::super::{MediaError, ReadAt, RemovedKind, Result};
use super::boxes::{Node, TopBox, read_body, u32_at, u64_at};
use super::canvas::Canvas;
use super::leaf;
use super::movie::{Drawing, Place, Track, node};
use super::samples::Samples;

/// Longest `moof` box. One of ten seconds at 60 pictures a second has 20 KiB.
const MAX_MOOF: u64 = 1024 * 1024;

/// Draws a `moof` box and keeps the samples that it names.
pub(super) fn draw(
    source: &dyn ReadAt,
    found: &TopBox,
    tracks: &[Track<'_>],
    samples: &mut Samples<'_>,
    canvas: &mut Canvas,
) -> Result<()> {
    let body = read_body(source, found, MAX_MOOF)?;
    let moof = node(found, &body);
    canvas.keep_header(&moof);
    let mut end = moof.start;
    let mut is_numbered = false;
    for child in moof.children(0) {
        let child = child?;
        match &child.kind {
            b"mfhd" if !is_numbered => {
                is_numbered = true;
                leaf::draw(&child, canvas)?;
            }
            b"traf" => end = fragment(&moof, &child, tracks, end, samples, canvas)?,
            _ => leaf::drop_box(&child, RemovedKind::Other, canvas)?,
        }
    }
    Ok(())
}

/// Draws the part of one track; gives the end of its samples.
fn fragment(
    moof: &Node<'_>,
    traf: &Node<'_>,
    tracks: &[Track<'_>],
    before: u64,
    samples: &mut Samples<'_>,
    canvas: &mut Canvas,
) -> Result<u64> {
    let tfhd = traf.child(b"tfhd").ok_or(MediaError::Malformed)?;
    let header = Header::read(moof, &tfhd, before)?;
    let track = tracks.iter().find(|track| track.id == header.track);
    let track = track.ok_or(MediaError::Malformed)?;
    let size = header.size.unwrap_or(track.default_size);
    let mut end = header.base;
    let mut place = Place::default();
    for trun in traf.children(0).flatten().filter(|node| node.kind == *b"trun") {
        for sample in Run::read(&trun, header.base, end, size)? {
            let sample = sample?;
            end = sample.end;
            place.counts.samples += 1;
            match track.walk() {
                Some(walk) => {
                    samples.walk_one(sample.clone(), walk, canvas)?;
                    samples.claim(&sample, canvas);
                    samples.keep(sample, canvas);
                }
                None => samples.lose_one(sample)?,
            }
        }
    }
    if track.walk().is_none() {
        leaf::drop_box(traf, RemovedKind::DataTrack, canvas)?;
        return Ok(end);
    }
    canvas.keep_header(traf);
    Drawing { tracks }.inside(traf, place, canvas)?;
    Ok(end)
}

/// What a `tfhd` box says.
struct Header {
    track: u32,
    /// From where on offsets count.
    base: u64,
    /// Size of samples that have no own.
    size: Option<u32>,
}

impl Header {
    fn read(moof: &Node<'_>, tfhd: &Node<'_>, before: u64) -> Result<Self> {
        let body = tfhd.body;
        let flags = u32_at(body, 0)?;
        let mut at = 8;
        let base = if flags & 1 != 0 {
            at += 8;
            u64_at(body, 8)?
        } else if flags & 0x2_0000 != 0 {
            moof.start
        } else {
            before
        };
        at += if flags & 2 != 0 { 4 } else { 0 };
        at += if flags & 8 != 0 { 4 } else { 0 };
        let size = if flags & 0x10 != 0 { Some(u32_at(body, at)?) } else { None };
        Ok(Self { track: u32_at(body, 4)?, base, size })
    }
}

/// The samples of a `trun` box, one behind the other.
struct Run<'a> {
    body: &'a [u8],
    /// Where the entry of the next sample stands.
    at: usize,
    entry: usize,
    /// Where in an entry its size stands.
    size_at: Option<usize>,
    size: u32,
    left: u32,
    start: u64,
}

impl<'a> Run<'a> {
    fn read(trun: &Node<'a>, base: u64, end: u64, size: u32) -> Result<Self> {
        let body = trun.body;
        let flags = u32_at(body, 0)?;
        let has = |bit: u32| if flags & bit != 0 { 4 } else { 0 };
        let start = if flags & 1 != 0 {
            let offset = u32_at(body, 8)?.cast_signed();
            base.checked_add_signed(i64::from(offset)).ok_or(MediaError::Malformed)?
        } else {
            end
        };
        let entry = has(0x100) + has(0x200) + has(0x400) + has(0x800);
        let size_at = (flags & 0x200 != 0).then_some(has(0x100));
        let left = u32_at(body, 4)?;
        // Without entries nothing bounds the count but the samples' own bytes.
        if entry == 0 && (size == 0 || left > MAX_EQUAL) {
            return Err(MediaError::TooComplex);
        }
        Ok(Self { body, at: 8 + has(1) + has(4), entry, size_at, size, left, start })
    }
}

/// Most samples of one run that all have the same size.
const MAX_EQUAL: u32 = 65_536;

impl Iterator for Run<'_> {
    type Item = Result<Range<u64>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let size = match self.size_at {
            Some(at) => u32_at(self.body, self.at + at),
            None => Ok(self.size),
        };
        self.at += self.entry;
        if self.at > self.body.len() {
            self.left = 0;
            return Some(Err(MediaError::Malformed));
        }
        let start = self.start;
        Some(size.and_then(|size| {
            self.start = start.checked_add(u64::from(size)).ok_or(MediaError::Malformed)?;
            Ok(start..self.start)
        }))
    }
}
