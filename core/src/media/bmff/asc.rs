//! The settings of an AAC decoder (ISO/IEC 14496-3 clause 1.6): where they end, and the comment
//! that a list of loudspeakers may have.

use std::ops::Range;

use super::bits::Bits;

/// Longest settings of codings that are not AAC proper, whose parts are not walked: ALS, ELD, USAC.
const MAX_OTHER: usize = 64;
/// Longest settings of codings that have next to none.
const MAX_SHORT: usize = 8;

/// Zeroes what is no setting.
pub(super) fn clean(settings: &mut [u8]) {
    let (len, comment) = read(settings).unwrap_or((0, 0..0));
    if let Some(comment) = settings.get_mut(comment) {
        comment.fill(0);
    }
    if let Some(tail) = settings.get_mut(len..) {
        tail.fill(0);
    }
}

/// The length of the settings, and where the comment stands.
fn read(settings: &[u8]) -> Option<(usize, Range<usize>)> {
    let mut bits = Bits::new(settings);
    let mut kind = object_type(&mut bits)?;
    skip_rate(&mut bits)?;
    let channels = bits.read(4)?;
    let is_extended = matches!(kind, 5 | 29);
    if is_extended {
        skip_rate(&mut bits)?;
        kind = object_type(&mut bits)?;
        bits.skip(if kind == 22 { 4 } else { 0 })?;
    }
    let comment = match kind {
        1..=4 | 6 | 7 | 17 | 19..=23 => skip_general(&mut bits, kind, channels)?,
        36 | 39 | 42 => return Some((MAX_OTHER, 0..0)),
        _ => return Some((MAX_SHORT, 0..0)),
    };
    let len = bits.bytes();
    if !is_extended && skip_extension(&mut bits).is_some() {
        return Some((bits.bytes(), comment));
    }
    Some((len, comment))
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.read(5)? {
        31 => Some(32 + bits.read(6)?),
        kind => Some(kind),
    }
}

/// Passes over a sampling rate: one of a list, or a number.
fn skip_rate(bits: &mut Bits<'_>) -> Option<()> {
    let rate = bits.read(4)?;
    bits.skip(if rate == 15 { 24 } else { 0 })
}

/// Passes over `GASpecificConfig`; gives where its comment stands.
fn skip_general(bits: &mut Bits<'_>, kind: u32, channels: u32) -> Option<Range<usize>> {
    bits.skip(1)?;
    if bits.flag()? {
        bits.skip(14)?;
    }
    let is_longer = bits.flag()?;
    let comment = if channels == 0 { skip_loudspeakers(bits)? } else { 0..0 };
    bits.skip(if matches!(kind, 6 | 20) { 3 } else { 0 })?;
    if is_longer {
        bits.skip(match kind {
            22 => 16,
            17 | 19 | 20 | 23 => 3,
            _ => 0,
        })?;
        bits.skip(1)?;
    }
    if kind >= 17 {
        bits.skip(2)?;
    }
    Some(comment)
}

/// Passes over `program_config_element`; gives where its comment stands.
fn skip_loudspeakers(bits: &mut Bits<'_>) -> Option<Range<usize>> {
    bits.skip(10)?;
    let counts = [bits.read(4)?, bits.read(4)?, bits.read(4)?, bits.read(2)?, bits.read(3)?];
    let coupled = bits.read(4)?;
    for width in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(width)?;
        }
    }
    let widths = [5, 5, 5, 4, 4];
    let all = counts.iter().zip(widths).map(|(&count, width)| count as usize * width);
    bits.skip(all.sum::<usize>() + 5 * coupled as usize)?;
    bits.align()?;
    let len = bits.read(8)? as usize;
    let start = bits.bytes();
    bits.skip(8 * len)?;
    Some(start..start + len)
}

/// Passes over the extension that older decoders don't see.
fn skip_extension(bits: &mut Bits<'_>) -> Option<()> {
    (bits.read(11)? == 0x2B7).then_some(())?;
    let kind = object_type(bits)?;
    matches!(kind, 5 | 22).then_some(())?;
    if bits.flag()? {
        skip_rate(bits)?;
        bits.skip(if kind == 22 { 4 } else { 0 })?;
        let mut ahead = bits.clone();
        if ahead.read(11) == Some(0x548) && ahead.skip(1).is_some() {
            *bits = ahead;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(settings: &[u8]) -> Vec<u8> {
        let mut bytes = settings.to_vec();
        clean(&mut bytes);
        let once = bytes.clone();
        clean(&mut bytes);
        assert_eq!(bytes, once);
        bytes
    }

    #[test]
    fn settings_that_encoders_write_stay() {
        let known: [&[u8]; 6] = [
            b"\x12\x10",
            b"\x12\x08\x56\xE5\0",
            b"\x13\x88\x56\xE5\xA5\x48\x80",
            b"\x2B\x11\x88\0",
            b"\xEB\x09\x88\0",
            b"\x14\x08\x56\xE5\0",
        ];
        for settings in known {
            assert_eq!(cleaned(settings), settings);
        }
    }

    #[test]
    fn what_stands_behind_goes() {
        for settings in [&b"\x12\x10"[..], b"\x12\x08\x56\xE5\0", b"\x2B\x11\x88\0"] {
            let clean = cleaned(&[settings, b"CANARY"].concat());
            assert_eq!(clean, [settings, &[0; 6]].concat());
        }
        assert_eq!(cleaned(b"")[..], b""[..]);
        assert!(memchr::memmem::find(&cleaned(&b"CANARY".repeat(20)), b"CANARYCANARY").is_none());
    }

    #[test]
    fn the_comment_of_a_list_of_loudspeakers_goes() {
        // AAC LC with one pair in front, and a comment of six bytes.
        let head = [0x12, 0x00, 0x05, 0x04, 0x00, 0x00, 0x20, 6];
        let clean = cleaned(&[&head[..], b"CANARY"].concat());
        assert_eq!(clean, [&head[..], &[0; 6]].concat());
    }
}
