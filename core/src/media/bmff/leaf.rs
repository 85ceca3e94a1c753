//! The boxes that hold fields and tables, and which of their bytes are needed
//! (ISO/IEC 14496-12 clause 8; Apple's QuickTime File Format).
//!
//! For each there is a shape: how long it is by its own counts, which of its bytes hold times,
//! names or nothing, and are zeroed. A box that has no shape here does not stay.

use std::ops::Range;

use super::super::{MediaError, RemovedKind, Result};
use super::boxes::{Node, array_at, u16_at, u32_at, version};
use super::canvas::Canvas;
use super::counted;

/// Which bytes of a box stay.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Length of what the box's format defines; zeros follow.
    pub(super) len: usize,
    /// Times, inside that length.
    times: Option<Range<usize>>,
    /// Other fields to be zeroed, inside that length.
    blank: Vec<Range<usize>>,
    /// Where a language stands.
    language: Option<usize>,
}

/// `und`, packed as ISO/IEC 14496-12 does: which language was spoken is nobody's business.
const NO_LANGUAGE: [u8; 2] = [0x55, 0xC4];

/// Groups of samples that decoders need to seek or to start: how far to roll, and what is a sync.
const GROUPS: &[&[u8]] = &[b"roll", b"prol", b"rap ", b"sync", b"tsas", b"stsa", b"tele"];
/// How far back or ahead a group can roll: seconds of any sound or pictures.
const MAX_ROLL: u16 = 4096;
/// Ways to put a picture on the screen that QuickTime knows, and the colours that its writers name.
const MODES: &[u16] = &[0, 0x20, 0x24, 0x40, 0x100, 0x101, 0x102, 0x103, 0x104];
const OPERATION_COLOURS: &[u16] = &[0, 0x8000, 0xFFFF];

/// Draws a box with fields onto the canvas, or frees it if it has no shape.
pub(super) fn draw(node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
    let Some(shape) = shape(node)? else {
        return drop_box(node, RemovedKind::Other, canvas);
    };
    let at = node.body_at();
    canvas.keep_header(node);
    canvas.keep(at..at + shape.len as u64);
    for range in blanks(node, &shape, canvas) {
        canvas.blank(at + range.start as u64..at + range.end as u64);
    }
    if let Some(language) = shape.language {
        canvas.put(at + language as u64, NO_LANGUAGE.to_vec());
    }
    Ok(())
}

/// The body of a box with fields as it may stay, of the same length.
pub(super) fn clean(node: &Node<'_>, canvas: &mut Canvas) -> Result<Vec<u8>> {
    let shape = shape(node)?.ok_or(MediaError::Malformed)?;
    let mut body = node.body.to_vec();
    for range in blanks(node, &shape, canvas) {
        body[range].fill(0);
    }
    body[shape.len..].fill(0);
    Ok(body)
}

/// Keeps a box with the first `len` bytes of its body, and notes what stood behind them.
pub(super) fn keep_first(node: &Node<'_>, len: usize, canvas: &mut Canvas) {
    let tail = &node.body[len..];
    if tail.iter().any(|&byte| byte != 0) {
        canvas.manifest.remove(RemovedKind::Other, tail.len() as u64);
    }
    canvas.keep(node.start..node.body_at() + len as u64);
}

/// Frees a box and notes it, unless it holds nothing.
pub(super) fn drop_box(node: &Node<'_>, kind: RemovedKind, canvas: &mut Canvas) -> Result<()> {
    if node.body.iter().any(|&byte| byte != 0) {
        canvas.manifest.remove(kind, node.len());
    }
    canvas.free(node);
    Ok(())
}

/// The ranges to be zeroed that are not zero yet; notes them.
fn blanks(node: &Node<'_>, shape: &Shape, canvas: &mut Canvas) -> Vec<Range<usize>> {
    let is_set = |range: &Range<usize>| node.body[range.clone()].iter().any(|&byte| byte != 0);
    let times = shape.times.iter().filter(|range| is_set(range)).cloned();
    let times: Vec<_> = times.inspect(|range| note(canvas, RemovedKind::Time, range)).collect();
    let other = shape.blank.iter().filter(|range| is_set(range)).cloned();
    let kind = if node.kind == *b"hdlr" { RemovedKind::Text } else { RemovedKind::Other };
    let tail = shape.len..node.body.len();
    if is_set(&tail) {
        note(canvas, kind, &tail);
    }
    times.into_iter().chain(other).collect()
}

fn note(canvas: &mut Canvas, kind: RemovedKind, range: &Range<usize>) {
    canvas.manifest.remove(kind, range.len() as u64);
}

/// The shape of a box; `None` if it is not on the list, an error if it is shorter than it says.
pub(super) fn shape(node: &Node<'_>) -> Result<Option<Shape>> {
    let body = node.body;
    let shape = match &node.kind {
        b"mvhd" => header(body, [100, 112], [4..12, 4..20], &[(10, 26), (24, 72)], None)?,
        b"tkhd" => header(body, [84, 96], [4..12, 4..20], &[(4, 16), (8, 24), (2, 38)], None)?,
        b"mdhd" => header(body, [24, 36], [4..12, 4..20], &[(2, 22)], Some(20))?,
        b"hdlr" => handler(body)?,
        b"vmhd" => {
            let is_known = MODES.contains(&u16_at(body, 4)?)
                && [6, 8, 10].into_iter().all(|at| {
                    u16_at(body, at).is_ok_and(|colour| OPERATION_COLOURS.contains(&colour))
                });
            let blank = (!is_known).then_some(4..12).into_iter().collect();
            Shape { len: 12, blank, ..Shape::default() }
        }
        // How loud left and right are, and two bytes of nothing.
        b"smhd" => Shape { len: 8, blank: std::iter::once(6..8).collect(), ..Shape::default() },
        _ => match len(node)? {
            Some(len) => Shape { len, ..Shape::default() },
            None => return Ok(None),
        },
    };
    if shape.len > body.len() {
        return Err(MediaError::Malformed);
    }
    Ok(Some(shape))
}

/// The shape of a header with times. `blank` holds the lengths and places of unused fields in
/// version 0; in version 1 wider times and durations move them by twelve.
fn header(
    body: &[u8],
    len: [usize; 2],
    times: [Range<usize>; 2],
    blank: &[(usize, usize)],
    language: Option<usize>,
) -> Result<Shape> {
    let version = usize::from(version(body)?);
    let (Some(&len), Some(times)) = (len.get(version), times.get(version)) else {
        return Err(MediaError::Malformed);
    };
    if body.len() < len {
        return Err(MediaError::Malformed);
    }
    // A track's second unused field stands between identifier and duration, before the duration
    // got wider.
    let moved = |at: usize| match (version, at) {
        (0, at) => at,
        (_, 16) => 24,
        (_, at) => at + 12,
    };
    let blank = blank.iter().map(|&(len, at)| moved(at)..moved(at) + len).collect();
    let language = language.map(moved);
    Ok(Shape { len, times: Some(times.clone()), blank, language })
}

/// A handler: what kind of track it is stays, who wrote it and its name do not.
fn handler(body: &[u8]) -> Result<Shape> {
    let component = array_at::<4>(body, 4)?;
    let known = [*b"\0\0\0\0", *b"mhlr", *b"dhlr"].contains(&component);
    let blank = (!known).then_some(4..8).into_iter().collect();
    Ok(Shape { len: 12, blank, ..Shape::default() })
}

/// The length that a box has by its own counts; `None` if it is not on the list.
fn len(node: &Node<'_>) -> Result<Option<usize>> {
    let body = node.body;
    let wide = || version(body).map(|version| version != 0);
    let len = match &node.kind {
        b"clef" | b"prof" | b"enof" => 12,
        b"mfhd" | b"mfro" => 8,
        b"nmhd" => 4,
        b"trex" => 24,
        b"mehd" | b"tfdt" => {
            if wide()? {
                12
            } else {
                8
            }
        }
        b"cslg" => {
            if wide()? {
                44
            } else {
                24
            }
        }
        // Of samples that are all of one size; others are counted.
        b"stsz" => 12,
        b"elst" => table(body, 4, if wide()? { 20 } else { 12 })?,
        b"sgpd" if is_group(body)? => return groups(body),
        b"tfhd" => 8 + fields(body, &[(0, 8), (1, 4), (3, 4), (4, 4), (5, 4)])?,
        b"trun" => {
            let entry = fields(body, &[(8, 4), (9, 4), (10, 4), (11, 4)])?;
            let count = u32_at(body, 4)? as usize;
            8 + fields(body, &[(0, 4), (2, 4)])?
                + entry.checked_mul(count).ok_or(MediaError::Malformed)?
        }
        b"tfra" | b"sidx" => index(node)?,
        _ => return Ok(None),
    };
    Ok(Some(len))
}

/// The length of an index of fragments.
fn index(node: &Node<'_>) -> Result<usize> {
    let body = node.body;
    let wide = version(body)? != 0;
    if node.kind == *b"sidx" {
        let at = if wide { 30 } else { 22 };
        return Ok(at + 2 + 12 * usize::from(u16_at(body, at)?));
    }
    let [_, _, _, sizes] = array_at(body, 8)?;
    let numbers = (sizes >> 4 & 3) + (sizes >> 2 & 3) + (sizes & 3) + 3;
    table(body, 12, usize::from(numbers) + if wide { 16 } else { 8 })
}

/// The length of a table whose count of entries stands at `at`.
fn table(body: &[u8], at: usize, entry: usize) -> Result<usize> {
    let count = u32_at(body, at)? as usize;
    let len = entry.checked_mul(count).and_then(|len| len.checked_add(at + 4));
    len.ok_or(MediaError::Malformed)
}

/// The length of the fields that the flags of a box say are there.
fn fields(body: &[u8], fields: &[(u32, usize)]) -> Result<usize> {
    let flags = u32_at(body, 0)?;
    Ok(fields.iter().filter(|(bit, _)| flags >> bit & 1 == 1).map(|(_, len)| len).sum())
}

pub(super) fn is_group(body: &[u8]) -> Result<bool> {
    Ok(GROUPS.contains(&array_at::<4>(body, 4)?.as_slice()))
}

/// The length of a list of group descriptions; none if they are not those of their type.
fn groups(body: &[u8]) -> Result<Option<usize>> {
    let kind: [u8; 4] = array_at(body, 4)?;
    let version = version(body)?;
    let default = if version == 0 { group_len(kind) } else { u32_at(body, 8)? as usize };
    let mut at = [8, 12, 16][usize::from(version.min(2))];
    let count = u32_at(body, at)?;
    if count > counted::MAX_GROUPS || (version > 1 && u32_at(body, 12)? > count) {
        return Ok(None);
    }
    at += 4;
    for _ in 0..count {
        let len = if version == 1 && default == 0 && group_len(kind) > 0 {
            at += 4;
            u32_at(body, at - 4)? as usize
        } else {
            default
        };
        let is_roll = matches!(&kind, b"roll" | b"prol");
        if len != group_len(kind)
            || (is_roll && u16_at(body, at)?.cast_signed().unsigned_abs() > MAX_ROLL)
        {
            return Ok(None);
        }
        at += len;
    }
    Ok(Some(at))
}

fn group_len(kind: [u8; 4]) -> usize {
    match &kind {
        b"roll" | b"prol" => 2,
        b"stsa" | b"tsas" => 0,
        _ => 1,
    }
}
