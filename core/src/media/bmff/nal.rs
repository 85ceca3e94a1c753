//! Walking the units of an H.264 or HEVC stream inside its container.
//!
//! A sample is a row of NAL units, each behind its length (ISO/IEC 14496-15). Only headers are
//! read, and notes (SEI) whole; slices are passed over by their length. A unit or note that is not
//! on the list is blanked in place: its length stays, so nothing moves. It is filled with 0xFF,
//! because a row of zeros inside a unit would look like the start of another one.

use std::ops::Range;

use super::super::{MediaError, RemovedKind, Result};
use super::canvas::Canvas;
use super::user_data;
use super::window::Window;

/// Which video coding a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Avc,
    Hevc,
}

/// How the units of a stream are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) coding: Coding,
    /// How many bytes stand for the length of a unit.
    pub(super) prefix: usize,
    /// Whether the description says that units of Dolby Vision stand among the others.
    pub(super) dolby: bool,
}

/// Most units of one file. Ten hours of 60 pictures a second are 2.2 million.
const MAX_UNITS: u64 = 4_000_000;
/// Longest SEI unit that is read. Those of cameras have some hundred bytes, HDR10+ a few thousand.
const MAX_SEI: u64 = 64 * 1024;

/// Walks streams and writes onto the canvas what must not stay.
pub(super) struct Scanner<'a> {
    window: Window<'a>,
    units: u64,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(window: Window<'a>) -> Self {
        Self { window, units: 0 }
    }

    /// Walks the units of one sample or item, which stands at `range`.
    pub(super) fn sample(
        &mut self,
        range: Range<u64>,
        stream: Stream,
        canvas: &mut Canvas,
    ) -> Result<()> {
        let prefix = stream.prefix;
        let mut at = range.start;
        while range.end - at > prefix as u64 {
            self.units += 1;
            if self.units > MAX_UNITS {
                return Err(MediaError::TooComplex);
            }
            // Header and first bytes together: usually one read for a whole picture.
            let head = self.window.bytes(at, prefix + 1)?;
            let len = head[..prefix].iter().fold(0, |len, &byte| len << 8 | u64::from(byte));
            let first = head[prefix];
            let unit = at + prefix as u64..at + prefix as u64 + len;
            if unit.end > range.end {
                break;
            }
            if len > 0 {
                self.unit(unit.clone(), first, stream, canvas)?;
            }
            at = unit.end;
        }
        // What is left can't be read as units, so no decoder will miss it.
        if at < range.end && !self.window.is_all(0, at, range.end)? {
            canvas.manifest.remove(RemovedKind::HiddenBytes, range.end - at);
            canvas.blank_coded(at..range.end);
            canvas.manifest.broken = true;
        }
        Ok(())
    }

    fn unit(
        &mut self,
        unit: Range<u64>,
        first: u8,
        stream: Stream,
        canvas: &mut Canvas,
    ) -> Result<()> {
        let coding = stream.coding;
        let body = (unit.start + coding.header() as u64).min(unit.end)..unit.end;
        match sort(first, unit.end - unit.start, stream) {
            Sort::Picture => Ok(()),
            Sort::Filler => {
                let last = body.end.saturating_sub(1).max(body.start);
                let ones = self.window.is_all(0xFF, body.start, last)?;
                let ends =
                    last == body.end || [0x80, 0xFF].contains(&self.window.bytes(last, 1)?[0]);
                if ones && ends { Ok(()) } else { self.blank_unit(unit, coding, canvas) }
            }
            Sort::Delimiter => {
                // Which kinds of pictures follow: three bits, and the bit that ends the unit.
                let kind = body.start..body.end.min(body.start + 1);
                let known = kind.is_empty() || self.window.bytes(kind.start, 1)?[0] & 0x1F == 0x10;
                let passes = known && self.window.is_all(0, kind.end, body.end)?;
                if passes { Ok(()) } else { self.blank_unit(unit, coding, canvas) }
            }
            Sort::End if self.window.is_all(0, body.start, body.end)? => Ok(()),
            Sort::End => self.blank_unit(unit, coding, canvas),
            Sort::Unknown => self.blank_unit(unit, coding, canvas),
            Sort::Sei => {
                let len = unit.end - unit.start;
                if len > MAX_SEI {
                    return self.blank_unit(unit, coding, canvas);
                }
                let raw = self.window.bytes(unit.start, len as usize)?;
                let Ok(notes) = notes(raw, coding) else {
                    return self.blank_unit(unit, coding, canvas);
                };
                for note in notes {
                    let len = note.len();
                    canvas.manifest.remove(RemovedKind::Other, len as u64);
                    canvas.put_coded(unit.start + note.start as u64, blank_note(len));
                }
                Ok(())
            }
        }
    }

    /// Turns a unit into filler data of the same length.
    fn blank_unit(&mut self, unit: Range<u64>, coding: Coding, canvas: &mut Canvas) -> Result<()> {
        let len = unit.end - unit.start;
        if len > MAX_SEI * 16 {
            return Err(MediaError::TooComplex);
        }
        canvas.manifest.remove(RemovedKind::HiddenBytes, len);
        canvas.put_coded(unit.start, blank_unit(len as usize, coding));
        Ok(())
    }
}

impl Coding {
    /// Length of a unit's header.
    fn header(self) -> usize {
        match self {
            Self::Avc => 1,
            Self::Hevc => 2,
        }
    }
}

/// What a unit is for.
enum Sort {
    /// Slices and parameter sets: the picture.
    Picture,
    /// The start of a picture.
    Delimiter,
    /// The end of a sequence, which its header says.
    End,
    /// Padding.
    Filler,
    /// Notes.
    Sei,
    /// Not on the list.
    Unknown,
}

/// Longest unit that only tells of the next one, or extends a parameter set.
const MAX_PREFIX: u64 = 16;

fn sort(first: u8, len: u64, stream: Stream) -> Sort {
    match (stream.coding, first & 0x1F, first >> 1 & 0x3F) {
        (Coding::Avc, 6, _) | (Coding::Hevc, _, 39 | 40) => Sort::Sei,
        (Coding::Avc, 9, _) | (Coding::Hevc, _, 35) => Sort::Delimiter,
        (Coding::Avc, 10 | 11, _) | (Coding::Hevc, _, 36 | 37) => Sort::End,
        (Coding::Avc, 12, _) | (Coding::Hevc, _, 38) => Sort::Filler,
        (Coding::Avc, 1..=5 | 7 | 8 | 15 | 19 | 20, _) => Sort::Picture,
        (Coding::Avc, 13 | 14, _) if len <= MAX_PREFIX => Sort::Picture,
        (Coding::Hevc, _, 0..=9 | 16..=21 | 32..=34) => Sort::Picture,
        // Nobody else may use these.
        (Coding::Avc, 28 | 30, _) | (Coding::Hevc, _, 62 | 63) if stream.dolby => Sort::Picture,
        _ => Sort::Unknown,
    }
}

/// The kinds of units that a list of a decoder's configuration may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Parameter sets of H.264, of these kinds.
    Avc(&'static [u8]),
    /// Parameter sets and notes of HEVC.
    Hevc,
}

/// Replaces what must not stay of a unit in memory (a decoder's configuration).
/// Gives how many bytes were blanked.
pub(super) fn clean_unit(raw: &mut [u8], list: List) -> u64 {
    let Some(&first) = raw.first() else { return 0 };
    let (coding, stays, is_note) = match list {
        List::Avc(kinds) => (Coding::Avc, kinds.contains(&(first & 0x1F)), false),
        List::Hevc => {
            let kind = first >> 1 & 0x3F;
            (Coding::Hevc, (32..=34).contains(&kind), matches!(kind, 39 | 40))
        }
    };
    if stays {
        return 0;
    }
    let notes = if is_note { notes(raw, coding).ok() } else { None };
    let Some(notes) = notes else {
        let blank = blank_unit(raw.len(), coding);
        let changed = raw != blank;
        raw.copy_from_slice(&blank);
        return if changed { blank.len() as u64 } else { 0 };
    };
    let mut blanked = 0;
    for note in notes {
        blanked += note.len() as u64;
        let blank = blank_note(note.len());
        raw[note].copy_from_slice(&blank);
    }
    blanked
}

/// Filler data of `len` bytes.
fn blank_unit(len: usize, coding: Coding) -> Vec<u8> {
    let mut bytes = vec![0xFF; len];
    let header: &[u8] = match coding {
        Coding::Avc => &[12],
        Coding::Hevc => &[38 << 1, 1],
    };
    let header = &header[..header.len().min(len)];
    bytes[..header.len()].copy_from_slice(header);
    if len > header.len() {
        bytes[len - 1] = 0x80;
    }
    bytes
}

/// User data that says nothing, as one or more messages of together `len` bytes.
fn blank_note(len: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF; len];
    let mut at = 0;
    while len - at >= 2 {
        // A message has at most 254 bytes behind its two, so that one byte can say so, and none
        // is left so short that it could not hold the identifier that user data starts with.
        let take = match len - at {
            left @ ..=256 => left,
            left @ ..=384 => left / 2,
            _ => 256,
        };
        bytes[at] = 5;
        bytes[at + 1] = (take - 2) as u8;
        at += take;
    }
    bytes
}

/// The notes of an SEI unit that must not stay, as ranges of its bytes with their headers.
/// An error if the unit can't be read.
fn notes(raw: &[u8], coding: Coding) -> Result<Vec<Range<usize>>> {
    let mut found = Vec::new();
    let mut reader = Unescaped { raw, at: coding.header(), zeros: 0 };
    while !is_trailing(&raw[reader.at.min(raw.len())..]) {
        let start = reader.at;
        let kind = reader.number()?;
        let size = reader.number()?;
        if size > raw.len() as u64 {
            return Err(MediaError::Malformed);
        }
        let payload: Option<Vec<u8>> = (0..size).map(|_| reader.next()).collect();
        let payload = payload.ok_or(MediaError::Malformed)?;
        let is_blank = kind == 5 && payload.iter().all(|&byte| byte == 0xFF);
        reader.skip_escape();
        if !payload.is_empty() && !is_blank && !user_data::may_pass(kind, &payload) {
            found.push(start..reader.at);
        }
    }
    Ok(found)
}

/// Whether only the end of the unit is left: a one, and zeros. One maker's tool leaves a start code
/// behind it, which says nothing either.
fn is_trailing(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [0x80, rest @ ..] => rest.len() < 8 && rest.iter().all(|&byte| byte <= 3),
        _ => false,
    }
}

/// Reads a unit without the bytes that keep it from looking like a start code.
struct Unescaped<'a> {
    raw: &'a [u8],
    at: usize,
    zeros: u8,
}

impl Unescaped<'_> {
    fn next(&mut self) -> Option<u8> {
        self.skip_escape();
        let byte = *self.raw.get(self.at)?;
        self.at += 1;
        self.zeros = if byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        Some(byte)
    }

    fn skip_escape(&mut self) {
        if self.zeros >= 2 && self.raw.get(self.at) == Some(&3) {
            self.at += 1;
            self.zeros = 0;
        }
    }

    /// A number as SEI writes it: 255 for each 255, then the rest.
    fn number(&mut self) -> Result<u64> {
        let mut number = 0;
        loop {
            let byte = self.next().ok_or(MediaError::Malformed)?;
            number += u64::from(byte);
            if byte != 255 {
                return Ok(number);
            }
        }
    }
}
