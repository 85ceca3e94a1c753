//! The small chunks that change how pixels look, each with the one length that its type has.
//!
//! Their values are numbers for the screen, and within what a screen or a colour can be. A chunk of
//! another length, with words where numbers should be, a second one of the same type, or one that
//! comes too late to count does not pass: it could hold anything.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::chunk;
use super::header::{Colour, Header};
use crate::media::{Manifest, icc};

/// Whether a chunk of this type with this data may stand before the pixels of such a picture.
pub(super) fn passes(kind: [u8; 4], data: &[u8], header: &Header) -> bool {
    let longs = || data.as_chunks::<4>().0.iter().map(|&bytes| u32::from_be_bytes(bytes));
    let depth = if header.colour == Colour::Palette { 8 } else { header.depth };
    let samples = match header.colour {
        Colour::Palette => 3,
        colour => usize::from(colour.samples()),
    };
    match (&kind, data) {
        (b"gAMA", [_, _, _, _]) => longs().all(|gamma| (1..=GAMMA_MAX).contains(&gamma)),
        // Some spaces have primaries that no eye sees, a little below 0.
        (b"cHRM", data) if data.len() == 32 => {
            longs().all(|place| place.cast_signed().unsigned_abs() <= CHROMATICITY_MAX)
        }
        (b"sRGB", [intent]) => *intent <= 3,
        (b"pHYs", [.., unit]) if data.len() == 9 => {
            *unit <= 1 && longs().all(|points| points <= DENSITY_MAX)
        }
        (b"cICP", [primaries, transfer, matrix, range]) => {
            *primaries <= 22 && *transfer <= 18 && *matrix <= 16 && *range <= 1
        }
        (b"mDCV" | b"mDCv", data) if data.len() == 24 => {
            let (places, light) = data.split_at(16);
            places.as_chunks::<4>().0.iter().all(|&[x0, x1, y0, y1]| {
                let [x, y] = [[x0, x1], [y0, y1]].map(|place| u32::from(u16::from_be_bytes(place)));
                x + y <= SHARES_SUM
            }) && light_passes(light)
        }
        (b"cLLI" | b"cLLi", data) if data.len() == 8 => light_passes(data),
        (b"sBIT", data) => {
            data.len() == samples && data.iter().all(|bits| (1..=depth).contains(bits))
        }
        (b"bKGD", data) => background_passes(data, header),
        _ => false,
    }
}

/// Whether these are brightnesses of a screen.
fn light_passes(data: &[u8]) -> bool {
    data.as_chunks::<4>().0.iter().all(|&light| u32::from_be_bytes(light) <= LIGHT_MAX)
}

/// Whether this is a colour of such a picture. Where each sample has 16 bits any is.
fn background_passes(data: &[u8], header: &Header) -> bool {
    let len = match header.colour {
        Colour::Palette => return data.len() == 1,
        Colour::Grey | Colour::GreyAlpha => 2,
        Colour::Rgb | Colour::Rgba => 6,
    };
    let fits = |&sample: &[u8; 2]| u32::from(u16::from_be_bytes(sample)) >> header.depth == 0;
    data.len() == len && data.as_chunks().0.iter().all(fits)
}

/// How many bytes such a picture needs of the `data` found in `PLTE` or `tRNS`; none if it needs
/// none or they are not there. `entries` is how many colours the palette has or can have.
pub(super) fn colours_len(
    kind: [u8; 4],
    data: &[u8],
    header: &Header,
    entries: usize,
) -> Option<usize> {
    let len = match (&kind, header.colour) {
        (b"PLTE", Colour::Palette) => data.len().min(3 * entries) / 3 * 3,
        (b"tRNS", Colour::Palette) => data.len().min(entries),
        (b"tRNS", Colour::Grey) => 2,
        (b"tRNS", Colour::Rgb) => 6,
        _ => 0,
    };
    (1..=data.len()).contains(&len).then_some(len)
}

/// The colour profile chunk made of the `data` found: a constant name, the profile without words,
/// nothing behind it. None if there is no profile in it.
pub(super) fn profile(data: &[u8], manifest: &mut Manifest) -> Option<Vec<u8>> {
    let name_len = memchr::memchr(0, data)?;
    let stream = data[name_len + 1..].strip_prefix(&[0])?;
    let mut found = vec![0; PROFILE_MAX];
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, len) =
        decompress(&mut DecompressorOxide::new(), stream, &mut found, 0, flags);
    found.truncate(len);
    let mut clean = found.clone();
    if status != TINFLStatus::Done || !icc::clean(&mut clean, manifest) {
        return None;
    }
    let mut data = PROFILE_NAME.to_vec();
    data.extend_from_slice(&[0, 0]);
    if clean == found && read == stream.len() {
        data.extend_from_slice(stream);
    } else {
        data.extend(compress_to_vec_zlib(&clean, PROFILE_LEVEL));
    }
    Some(chunk::chunk(*b"iCCP", &data))
}

/// The longest of the small chunks is `cHRM`; one byte more tells that a chunk is too long.
pub(super) const LEN_MAX: usize = 33;

/// A gamma of 100, in units of a hundred-thousandth; real ones are 0.3 to 3.
const GAMMA_MAX: u32 = 10_000_000;

/// A place of 2 in the diagram of colours, in units of a hundred-thousandth; real ones are 0 to 1.
const CHROMATICITY_MAX: u32 = 200_000;

/// The shares of red, green and blue in a colour make 1, in units of a fifty-thousandth.
const SHARES_SUM: u32 = 50_000;

/// 10,000 candela for each square metre, in units of a ten-thousandth: the most that PQ can say.
const LIGHT_MAX: u32 = 100_000_000;

/// A point of a tenth of a micrometre.
const DENSITY_MAX: u32 = 10_000_000;

/// What every colour profile is called: the name may hold anything, and nobody reads it.
const PROFILE_NAME: &[u8] = b"ICC";

/// Larger colour profiles are dropped: those of displays and cameras are kilobytes, those of
/// printers up to three megabytes.
const PROFILE_MAX: usize = 4 << 20;

const PROFILE_LEVEL: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest profile, which has no tag, with this in a field of its header that needs not
    /// be there.
    fn profile_data(name: &[u8], maker: &[u8; 4], tail: &[u8]) -> Vec<u8> {
        let profile = icc::smallest(maker);
        let mut data = name.to_vec();
        data.extend([0, 0]);
        data.extend(compress_to_vec_zlib(&profile, 6));
        data.extend(tail);
        data
    }

    fn cleaned(data: &[u8]) -> Option<Vec<u8>> {
        profile(data, &mut Manifest::default())
    }

    #[test]
    fn a_profile_loses_its_name_its_words_and_what_follows_it() {
        let clean = cleaned(&profile_data(b"ICC", &[0; 4], b"")).unwrap();
        assert_eq!(cleaned(&profile_data(b"CANARY", &[0; 4], b"")), Some(clean.clone()));
        assert_eq!(cleaned(&profile_data(b"CANARY", &[0; 4], b"CANARY")), Some(clean.clone()));
        assert_eq!(cleaned(&profile_data(b"ICC", b"CNRY", b"")), Some(clean));
    }

    #[test]
    fn what_is_no_profile_does_not_pass_as_one() {
        let mut words = b"ICC\0\0".to_vec();
        words.extend(compress_to_vec_zlib(b"CANARY CANARY CANARY CANARY CANARY CANARY CANARY", 6));
        assert_eq!(cleaned(&words), None);
        assert_eq!(cleaned(b""), None);
        assert_eq!(cleaned(b"ICC\0\0CANARY"), None);
    }
}
