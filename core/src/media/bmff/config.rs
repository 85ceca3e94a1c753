//! Decoder configurations and colour: cleaned in place, so that nothing but settings stays.

use super::super::{Manifest, MediaError, RemovedKind, Result, icc};
use super::boxes::{FourCc, array_at, u16_at};
use super::nal::{self, List};

/// Cleans the body of the configuration box `kind`; bytes behind its end become zero.
/// Gives how many bytes of notes were blanked.
pub(super) fn clean(kind: FourCc, body: &mut [u8]) -> Result<u64> {
    let (end, blanked) = match &kind {
        b"hvcC" | b"hvcE" | b"lhvC" => hevc(kind, body)?,
        b"avcC" => avc(body)?,
        b"av1C" => av1(body)?,
        _ => return Err(MediaError::Unsupported),
    };
    body.get_mut(end..).ok_or(MediaError::Malformed)?.fill(0);
    Ok(blanked)
}

/// How many bytes stand for the length of a unit in streams with this configuration.
pub(super) fn unit_prefix(kind: FourCc, body: &[u8]) -> Result<usize> {
    let at = match &kind {
        b"hvcC" => 21,
        b"avcC" => 4,
        _ => return Err(MediaError::Malformed),
    };
    let byte = body.get(at).ok_or(MediaError::Malformed)?;
    Ok(usize::from(byte & 3) + 1)
}

/// Cleans an HEVC configuration (ISO/IEC 14496-15 clause 8.3.3): arrays of parameter sets, and
/// perhaps of notes.
fn hevc(kind: FourCc, body: &mut [u8]) -> Result<(usize, u64)> {
    let mut at = if kind == *b"lhvC" { 5 } else { 22 };
    let arrays = *body.get(at).ok_or(MediaError::Malformed)?;
    at += 1;
    let mut blanked = 0;
    for _ in 0..arrays {
        let count = u16_at(body, at + 1)?;
        at += 3;
        for _ in 0..count {
            let len = usize::from(u16_at(body, at)?);
            let unit = body.get_mut(at + 2..at + 2 + len).ok_or(MediaError::Malformed)?;
            blanked += nal::clean_unit(unit, List::Hevc);
            at += 2 + len;
        }
    }
    Ok((at, blanked))
}

/// Cleans an H.264 configuration (ISO/IEC 14496-15 clause 5.3.3): lists of parameter sets.
fn avc(body: &mut [u8]) -> Result<(usize, u64)> {
    let profile = array_at::<2>(body, 0)?[1];
    let (mut at, mut blanked) = (5, 0);
    for (mask, kinds) in [(0x1F, &[7, 15][..]), (0xFF, &[8])] {
        at = parameter_sets(body, at, mask, kinds, &mut blanked)?;
    }
    // High profiles tell the colour format and may have more parameter sets.
    if [100, 110, 122, 144].contains(&profile) && at + 4 <= body.len() && body[at] & 0xFC == 0xFC {
        at = parameter_sets(body, at + 3, 0xFF, &[13], &mut blanked)?;
    }
    Ok((at, blanked))
}

/// Cleans a list of units of these kinds, whose count stands at `at`; gives its end.
fn parameter_sets(
    body: &mut [u8],
    at: usize,
    mask: u8,
    kinds: &'static [u8],
    blanked: &mut u64,
) -> Result<usize> {
    let count = body.get(at).ok_or(MediaError::Malformed)? & mask;
    let mut at = at + 1;
    for _ in 0..count {
        let end = at + 2 + usize::from(u16_at(body, at)?);
        let unit = body.get_mut(at + 2..end).ok_or(MediaError::Malformed)?;
        *blanked += nal::clean_unit(unit, List::Avc(kinds));
        at = end;
    }
    Ok(at)
}

/// Cleans an AV1 configuration: four bytes, and perhaps a sequence header.
fn av1(body: &mut [u8]) -> Result<(usize, u64)> {
    let units = body.get_mut(4..).ok_or(MediaError::Malformed)?;
    let blanked = super::obu::clean_units(units);
    Ok((body.len(), blanked))
}

/// Cleans a colour description in place: numbers, or an ICC profile, which loses its words.
/// Notes what went; `false` if it must not pass.
pub(super) fn clean_colour(body: &mut [u8], manifest: &mut Manifest) -> Result<bool> {
    let end = match &array_at::<4>(body, 0)? {
        b"nclx" => 11,
        b"nclc" => 10,
        b"prof" | b"rICC" => return Ok(icc::clean(&mut body[4..], manifest)),
        _ => return Ok(false),
    };
    let tail = body.get_mut(end..).ok_or(MediaError::Malformed)?;
    if tail.iter().any(|&byte| byte != 0) {
        manifest.remove(RemovedKind::Other, tail.len() as u64);
        tail.fill(0);
    }
    Ok(true)
}

/// The end of the first block of FLAC settings; the others hold tags and pictures, and go.
pub(super) fn flac(body: &[u8]) -> Result<usize> {
    let [kind, a, b, c] = array_at(body, 4)?;
    match (kind & 0x7F, u32::from_be_bytes([0, a, b, c])) {
        (0, 34) => Ok(4 + 4 + 34),
        _ => Err(MediaError::Malformed),
    }
}
