//! Walking the units of an AV1 stream (AV1 specification, clause 5.3).
//!
//! As for H.264, only headers are read. A unit that is not on the list becomes padding of the same
//! length: its type changes, its payload becomes zeros and a last 0x80.

use std::ops::Range;

use super::super::{MediaError, RemovedKind, Result};
use super::canvas::Canvas;
use super::user_data;
use super::window::Window;

const DELIMITER: u8 = 2;
const METADATA: u8 = 5;
const PADDING: u8 = 15;

/// Most units of one file, as for H.264.
const MAX_UNITS: u64 = 4_000_000;
/// Longest unit that is rewritten, since that takes memory in the plan.
const MAX_BLANKED: u64 = 1024 * 1024;
/// Longest metadata unit that is read; brightness curves have some hundred bytes.
const MAX_METADATA: u64 = 4096;

/// A unit: where its first byte, its payload and its end are.
struct Unit {
    first: u8,
    start: u64,
    payload: u64,
    end: u64,
}

impl Unit {
    fn kind(&self) -> u8 {
        self.first >> 3 & 15
    }
}

/// Walks AV1 streams and writes onto the canvas what must not stay.
pub(super) struct Scanner<'a> {
    window: Window<'a>,
    units: u64,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(window: Window<'a>) -> Self {
        Self { window, units: 0 }
    }

    /// Walks the units of one sample or item.
    pub(super) fn sample(&mut self, range: Range<u64>, canvas: &mut Canvas) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            self.units += 1;
            if self.units > MAX_UNITS {
                return Err(MediaError::TooComplex);
            }
            let head = self.window.bytes(at, (range.end - at).min(10) as usize)?;
            let Some(unit) = unit(head, at, range.end) else {
                canvas.manifest.remove(RemovedKind::HiddenBytes, range.end - at);
                canvas.manifest.broken = true;
                canvas.blank_coded(at..range.end);
                return Ok(());
            };
            if !self.may_pass(&unit)? {
                self.blank(&unit, canvas)?;
            }
            at = unit.end;
        }
        Ok(())
    }

    fn may_pass(&mut self, unit: &Unit) -> Result<bool> {
        let len = unit.end - unit.payload;
        match unit.kind() {
            // Headers and tiles of pictures. A list of tiles (8) belongs to pictures elsewhere.
            1 | 3 | 4 | 6 | 7 => Ok(true),
            DELIMITER => Ok(len == 0),
            METADATA if len > MAX_METADATA => Ok(false),
            METADATA => Ok(metadata(self.window.bytes(unit.payload, len as usize)?)),
            PADDING if len == 0 => Ok(true),
            PADDING => Ok(self.window.is_all(0, unit.payload, unit.end - 1)?
                && [0, 0x80].contains(&self.window.bytes(unit.end - 1, 1)?[0])),
            // Zeros are what stands where nothing could be read.
            _ => Ok(len == 0 || self.window.is_all(0, unit.start, unit.end)?),
        }
    }

    fn blank(&self, unit: &Unit, canvas: &mut Canvas) -> Result<()> {
        let len = unit.end - unit.payload;
        if len > MAX_BLANKED {
            return Err(MediaError::TooComplex);
        }
        canvas.manifest.remove(RemovedKind::Other, unit.end - unit.start);
        canvas.put_coded(unit.start, vec![as_padding(unit.first)]);
        if len > 0 {
            canvas.blank_coded(unit.payload..unit.end - 1);
            canvas.put_coded(unit.end - 1, vec![0x80]);
        }
        Ok(())
    }
}

/// Blanks what must not stay among units in memory (a decoder's configuration).
/// Gives how many bytes were blanked.
pub(super) fn clean_units(bytes: &mut [u8]) -> u64 {
    let mut at = 0;
    let mut blanked = 0;
    while at < bytes.len() {
        let Some(unit) = unit(&bytes[at..], at as u64, bytes.len() as u64) else {
            bytes[at..].fill(0);
            return blanked;
        };
        let payload = unit.payload as usize..unit.end as usize;
        let passes = match unit.kind() {
            1 => true,
            METADATA => metadata(&bytes[payload.clone()]),
            _ => payload.is_empty() || bytes[at..payload.end].iter().all(|&byte| byte == 0),
        };
        if !passes {
            let mut blank = vec![0; payload.len()];
            if let Some(last) = blank.last_mut() {
                *last = 0x80;
            }
            if bytes[at] != as_padding(unit.first) || bytes[payload.clone()] != blank {
                blanked += unit.end - unit.start;
            }
            bytes[at] = as_padding(unit.first);
            bytes[payload.clone()].copy_from_slice(&blank);
        }
        at = unit.end as usize;
    }
    blanked
}

fn as_padding(first: u8) -> u8 {
    first & !(15 << 3) | PADDING << 3
}

/// Whether metadata tells of brightness or layers only; time codes and others' notes do not pass.
fn metadata(payload: &[u8]) -> bool {
    let zeros = payload.iter().rev().take_while(|&&byte| byte == 0).count();
    // The bit that ends the unit.
    let Some(numbers) = payload[..payload.len() - zeros].strip_suffix(&[0x80]) else {
        return false;
    };
    match numbers {
        // Light levels; colours and brightness of the screen that it was made on.
        [1, levels @ ..] => levels.len() == 4,
        [2, volume @ ..] => volume.len() == 24,
        // Which layers there are: one of a list of kinds, or described.
        [3, kind, layers @ ..] => layers.is_empty() || (*kind == 14 && layers.len() <= 24),
        [4, note @ ..] => user_data::registered(note),
        _ => false,
    }
}

/// Reads the header of a unit, which ends at `end` at the latest.
fn unit(head: &[u8], start: u64, end: u64) -> Option<Unit> {
    let first = *head.first()?;
    let mut header = if first & 4 == 0 { 1 } else { 2 };
    if first & 0x80 != 0 {
        return None;
    }
    let mut unit_end = end;
    if first & 2 != 0 {
        let (size, bytes) = size(head.get(header..)?)?;
        header += bytes;
        unit_end = start.checked_add(header as u64)?.checked_add(size)?;
    }
    let payload = start + header as u64;
    (payload <= unit_end && unit_end <= end).then_some(Unit {
        first,
        start,
        payload,
        end: unit_end,
    })
}

/// A number of seven bits a byte, lowest first.
fn size(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut size = 0;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        size |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((size, index + 1));
        }
    }
    None
}
