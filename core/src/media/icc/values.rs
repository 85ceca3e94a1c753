//! What stays of the value of a tag: the numbers that its type defines, and nothing between them.
//!
//! Which type a tag may have, and how many channels go in and out of it, follows from the profile's
//! colour space. Bytes that are reserved or that no part owns become zero. A number that no colour
//! has means that the value is something else.

use std::ops::Range;

/// What is left of the value of the tag `tag` in a profile whose colours have so many `channels`;
/// none if such a profile does not need the tag, or if its value is not what it should be.
pub(super) fn clean(tag: &[u8; 4], value: &[u8], channels: usize) -> Option<Vec<u8>> {
    match (tag, channels) {
        (b"desc" | b"cprt", _) => silent(value),
        (b"wtpt" | b"bkpt", _) | (b"rXYZ" | b"gXYZ" | b"bXYZ", RGB) => xyz(value),
        (b"rTRC" | b"gTRC" | b"bTRC", RGB) | (b"kTRC", GREY) => curve(value),
        (b"chad", _) => matrix(value),
        (b"cicp", RGB) => code_points(value),
        (b"rig0", _) => value.starts_with(REFERENCE_GAMUT).then(|| REFERENCE_GAMUT.to_vec()),
        (b"A2B0" | b"A2B1" | b"A2B2", _) => table(b"mAB ", value, channels, CONNECTED),
        (b"B2A0" | b"B2A1" | b"B2A2", _) => table(b"mBA ", value, CONNECTED, channels),
        _ => None,
    }
}

/// Whether two stretches share bytes.
pub(super) fn across(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

pub(super) fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Whether these are numbers with 16 bits behind the point as colours have them. Words are far
/// larger.
pub(super) fn are_numbers(bytes: &[u8]) -> bool {
    let (numbers, rest) = bytes.as_chunks::<4>();
    rest.is_empty()
        && numbers.iter().all(|&number| i32::from_be_bytes(number).unsigned_abs() <= NUMBER_MAX)
}

/// A text of the same type as `value`, and no longer, that says nothing.
fn silent(value: &[u8]) -> Option<Vec<u8>> {
    let text: &[u8] = match value.first_chunk()? {
        // No character but the closing zero, no Unicode, no script code.
        b"desc" => b"desc\0\0\0\0\0\0\0\x01\0",
        b"text" => b"text\0\0\0\0\0",
        // One record, English: one blank.
        b"mluc" => b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS\0\0\0\x02\0\0\0\x1C\0 ",
        _ => return None,
    };
    value.get(..text.len())?;
    Some(text.to_vec())
}

/// The first `len` bytes of a value: its type, four zeros, the rest.
fn start(value: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut start = value.get(..len)?.to_vec();
    start.get_mut(4..HEAD_LEN)?.fill(0);
    Some(start)
}

fn xyz(value: &[u8]) -> Option<Vec<u8>> {
    let xyz = start(value, HEAD_LEN + 3 * 4)?;
    (xyz.starts_with(b"XYZ ") && are_numbers(&xyz[HEAD_LEN..])).then_some(xyz)
}

fn matrix(value: &[u8]) -> Option<Vec<u8>> {
    let matrix = start(value, HEAD_LEN + 9 * 4)?;
    (matrix.starts_with(b"sf32") && are_numbers(&matrix[HEAD_LEN..])).then_some(matrix)
}

/// Code points of ITU-T H.273: primaries, transfer, matrix, range.
fn code_points(value: &[u8]) -> Option<Vec<u8>> {
    let code_points = start(value, HEAD_LEN + 4)?;
    let known = matches!(code_points[HEAD_LEN..], [0..=22, 0..=18, 0..=16, 0..=1]);
    (code_points.starts_with(b"cicp") && known).then_some(code_points)
}

fn curve(value: &[u8]) -> Option<Vec<u8>> {
    match value.first_chunk()? {
        b"curv" => {
            let count = usize::try_from(long(value, HEAD_LEN)?).ok()?;
            start(value, count.checked_mul(2)?.checked_add(CURVE_HEAD_LEN)?)
        }
        b"para" => {
            let form = *value.get(HEAD_LEN..)?.first_chunk()?;
            let numbers = *[1, 3, 4, 5, 7].get(usize::from(u16::from_be_bytes(form)))?;
            let mut curve = start(value, CURVE_HEAD_LEN + 4 * numbers)?;
            curve[HEAD_LEN + 2..CURVE_HEAD_LEN].fill(0);
            are_numbers(&curve[CURVE_HEAD_LEN..]).then_some(curve)
        }
        _ => None,
    }
}

/// A table that makes colours of so many `outputs` channels of colours of so many `inputs`. One of
/// the newer type is of the given `kind`.
fn table(kind: &[u8; 4], value: &[u8], inputs: usize, outputs: usize) -> Option<Vec<u8>> {
    let channels = [inputs as u8, outputs as u8];
    if value.get(HEAD_LEN..HEAD_LEN + 2)? != channels {
        return None;
    }
    match value.first_chunk()? {
        b"mft1" | b"mft2" => old_table(value, inputs, outputs),
        found if found == kind => new_table(value, inputs, outputs),
        _ => None,
    }
}

/// A matrix, curves, a grid, curves; all of one byte a value, or of two.
fn old_table(value: &[u8], inputs: usize, outputs: usize) -> Option<Vec<u8>> {
    let short = |at: usize| Some(usize::from(u16::from_be_bytes(*value.get(at..)?.first_chunk()?)));
    let points = points(&[*value.get(10)?].repeat(inputs), outputs)?;
    let len = if value.starts_with(b"mft1") {
        points.checked_add(48 + 256 * (inputs + outputs))?
    } else {
        let values = points.checked_add(short(48)? * inputs + short(50)? * outputs)?;
        values.checked_mul(2)?.checked_add(52)?
    };
    let mut table = start(value, len)?;
    table[11] = 0;
    are_numbers(&table[12..48]).then_some(table)
}

/// How many values a grid has with so many points in each direction.
fn points(grid: &[u8], outputs: usize) -> Option<usize> {
    grid.iter().try_fold(outputs, |points, &side| points.checked_mul(side.into()))
}

/// Parts that the value's head names by their offsets, each of which may be missing.
fn new_table(value: &[u8], inputs: usize, outputs: usize) -> Option<Vec<u8>> {
    let is_from_device = value.starts_with(b"mAB ");
    let device = if is_from_device { inputs } else { outputs };
    let mut clean = start(value, TABLE_HEAD_LEN)?;
    clean.resize(value.len(), 0);
    clean[HEAD_LEN + 2..HEAD_LEN + 4].fill(0);
    // No part may lie across another one; several may be the same.
    let head = 0..TABLE_HEAD_LEN;
    let mut taken = Vec::from([head]);
    for (at, part) in [(12, Part::Curves(CONNECTED)), (16, Part::Matrix)].into_iter().chain([
        (20, Part::Curves(CONNECTED)),
        (24, Part::Grid),
        (28, Part::Curves(device)),
    ]) {
        let from = usize::try_from(long(value, at)?).ok()?;
        if from == 0 {
            continue;
        }
        let found = value.get(from..)?;
        let part = match part {
            Part::Curves(count) => curves(found, count)?,
            Part::Matrix => found.get(..12 * 4).filter(|bytes| are_numbers(bytes))?.to_vec(),
            Part::Grid => grid(found, inputs, outputs)?,
        };
        let range = from..from + part.len();
        if taken.iter().any(|other| *other != range && across(other, &range)) {
            return None;
        }
        clean[range.clone()].copy_from_slice(&part);
        taken.push(range);
    }
    Some(clean)
}

/// A part of a table.
enum Part {
    /// So many curves.
    Curves(usize),
    /// Three by three, and three to add.
    Matrix,
    /// Points between which colours are interpolated.
    Grid,
}

/// Curves one after another, each from a multiple of four bytes on.
fn curves(value: &[u8], count: usize) -> Option<Vec<u8>> {
    let mut curves = Vec::new();
    for _ in 0..count {
        curves.resize(curves.len().next_multiple_of(4), 0);
        curves.extend(curve(value.get(curves.len()..)?)?);
    }
    Some(curves)
}

fn grid(value: &[u8], inputs: usize, outputs: usize) -> Option<Vec<u8>> {
    let size = usize::from(*value.get(16).filter(|size| (1..=2).contains(*size))?);
    let len = points(&value[..inputs], outputs)?.checked_mul(size)?.checked_add(GRID_HEAD_LEN)?;
    let mut grid = value.get(..len)?.to_vec();
    grid[inputs..16].fill(0);
    grid[17..GRID_HEAD_LEN].fill(0);
    Some(grid)
}

const RGB: usize = 3;
const GREY: usize = 1;

/// How many channels the space has through which profiles are connected.
const CONNECTED: usize = 3;

/// The only value of `rig0` that there is.
const REFERENCE_GAMUT: &[u8] = b"sig \0\0\0\0prmg";

/// 128: tone curves have slopes of some 13, matrices and colours less.
const NUMBER_MAX: u32 = 128 << 16;

/// The length of the type and the zeros behind it.
const HEAD_LEN: usize = 8;

/// The length of what stands before the numbers of a curve.
const CURVE_HEAD_LEN: usize = 12;

/// The length of what stands before the points of a grid.
const GRID_HEAD_LEN: usize = 20;

/// The length of the head of a table of the newer type.
const TABLE_HEAD_LEN: usize = 32;
