//! JPEG: passes the frame, the scans and the tables they use, and rebuilds the little else that
//! drawing needs (ITU-T T.81, JFIF 1.02).
//!
//! The walk explains every byte: a marker segment that stays is rebuilt from what was understood
//! of it, scan data are copied up to where a decoder stops, and all else goes: metadata, gain maps
//! and other pictures in the file, videos and makers' blocks after its end. The order of what
//! stays is fixed, so a clean copy scrubs to itself.

use std::ops::Range;

use super::{
    Facts, Format, Manifest, MediaError, Piece, Plan, ReadAt, RemainingKind, RemovedKind, Result,
};

mod frame;
mod head;
mod tables;
mod trailer;
mod walk;

use frame::Frame;
use head::Head;
use tables::{Group, Tables};
use walk::{Segment, Step, Walker, marker};

/// No honest file comes in more pieces: one for each segment and each padded stretch of a scan.
const PIECES_MAX: usize = 16 * 1024;

/// Reads the facts of the first Exif block before the picture.
pub(super) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let mut walker = Walker::at(source, 0)?;
    let mut head = Head::default();
    while let Step::Segment(segment) = walker.step()? {
        if segment.marker == marker::SOS {
            break;
        }
        head.take(segment.marker, walker.payload(&segment)?, &mut Manifest::default());
    }
    Ok(head.into_facts())
}

/// Plans the copy: a clean head, then frame, tables and scans in their order.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let mut walker = Walker::at(source, 0)?;
    let mut picture = Picture::new();
    picture.manifest.keep(RemainingKind::Picture);
    let whole = loop {
        match walker.step()? {
            Step::Segment(segment) => picture.take(&mut walker, segment)?,
            Step::End => break true,
            Step::Cut => break false,
        }
    };
    if walker.stray > 0 {
        picture.manifest.remove(RemovedKind::HiddenBytes, walker.stray);
    }
    picture.manifest.broken |= !whole || walker.stray > 0;
    let gain_map = picture.head.gain_map;
    trailer::note(source, walker.at, gain_map, &mut picture.manifest)?;
    picture.into_plan()
}

/// A marker segment with `payload`, which is at most as long as one that was read.
fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() + 2) as u16;
    [&[0xFF, marker], &len.to_be_bytes()[..], payload].concat()
}

/// Something that passes, in its place.
enum Part {
    /// Bytes of the source.
    Copy(Range<u64>),
    /// Tables, of which those that a scan uses pass.
    Tables(Group),
}

/// What was found of the picture so far.
struct Picture {
    head: Head,
    frame: Option<Frame>,
    tables: Tables,
    parts: Vec<Part>,
    scanned: bool,
    manifest: Manifest,
}

impl Picture {
    fn new() -> Self {
        Self {
            head: Head::default(),
            frame: None,
            tables: Tables::new(),
            parts: Vec::new(),
            scanned: false,
            manifest: Manifest::default(),
        }
    }

    fn take(&mut self, walker: &mut Walker<'_>, segment: Segment) -> Result<()> {
        let payload = walker.payload(&segment)?;
        match segment.marker {
            marker::SOS => return self.scan(walker, &segment),
            tables::marker::DHT
            | tables::marker::DAC
            | tables::marker::DQT
            | tables::marker::DRI => {
                let group = self.tables.define(segment.marker, payload)?;
                self.push(Part::Tables(group))?;
            }
            // All frame headers; of these codes JPG is reserved.
            0xC0..=0xC7 | 0xC9..=0xCF => {
                if self.frame.is_some() {
                    return Err(MediaError::Malformed);
                }
                self.frame = Some(Frame::read(segment.marker, payload)?);
                self.push(Part::Copy(segment.whole))?;
            }
            marker if self.scanned => head::note_segment(marker, payload, &mut self.manifest),
            marker => self.head.take(marker, payload, &mut self.manifest),
        }
        Ok(())
    }

    fn scan(&mut self, walker: &mut Walker<'_>, segment: &Segment) -> Result<()> {
        let frame = self.frame.as_mut().ok_or(MediaError::Malformed)?;
        let scan = frame.scan(walker.payload(segment)?)?;
        self.tables.mark(frame, &scan);
        frame.take(&scan)?;
        let restarts = match self.tables.restart_interval() {
            0 => 0,
            interval => frame.units(&scan).div_ceil(interval) - 1,
        };
        self.scanned = true;
        self.push(Part::Copy(segment.whole.clone()))?;
        walker.scan(restarts, |range| self.push(Part::Copy(range)))
    }

    /// Adds a part, joined to the one before where both are one stretch of the source.
    fn push(&mut self, part: Part) -> Result<()> {
        match (self.parts.last_mut(), &part) {
            (_, Part::Copy(range)) if range.is_empty() => return Ok(()),
            (Some(Part::Copy(last)), Part::Copy(range)) if last.end == range.start => {
                last.end = range.end;
                return Ok(());
            }
            _ => {}
        }
        if self.parts.len() == PIECES_MAX {
            return Err(MediaError::TooComplex);
        }
        self.parts.push(part);
        Ok(())
    }

    fn into_plan(self) -> Result<Plan> {
        if !self.scanned {
            return Err(MediaError::Malformed);
        }
        let mut manifest = self.manifest;
        let mut bytes = vec![0xFF, marker::SOI];
        bytes.extend(self.head.rebuild(&mut manifest));
        let mut pieces = Vec::new();
        for part in self.parts {
            match part {
                Part::Copy(range) => {
                    if !bytes.is_empty() {
                        pieces.push(Piece::Put(std::mem::take(&mut bytes)));
                    }
                    pieces.push(Piece::Copy(range));
                }
                Part::Tables(group) => {
                    let (segment, unused) = self.tables.rebuild(&group);
                    bytes.extend(segment);
                    if unused > 0 {
                        manifest.remove(RemovedKind::HiddenBytes, unused);
                    }
                }
            }
        }
        bytes.extend([0xFF, marker::EOI]);
        pieces.push(Piece::Put(bytes));
        Ok(Plan { format: Format::Jpeg, pieces, manifest })
    }
}
