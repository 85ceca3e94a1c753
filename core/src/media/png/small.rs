//! The small chunks that change how pixels look, each with the one length that its type has.
//!
//! Their values are numbers for the screen. A chunk of another length, a second one of the same
//! type, or one that comes too late to count does not pass: it could hold anything.

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

use super::chunk;
use super::header::{Colour, Header};
use crate::media::{Manifest, icc};

/// Whether a chunk of this type and length may stand before the pixels of such a picture.
pub(super) fn passes(kind: [u8; 4], len: u32, header: &Header) -> bool {
    let wanted = match &kind {
        b"gAMA" | b"cICP" => 4,
        b"cHRM" => 32,
        b"sRGB" => 1,
        b"pHYs" => 9,
        b"mDCV" | b"mDCv" => 24,
        b"cLLI" | b"cLLi" => 8,
        b"sBIT" if header.colour == Colour::Palette => 3,
        b"sBIT" => u32::from(header.colour.samples()),
        b"bKGD" => match header.colour {
            Colour::Palette => 1,
            Colour::Grey | Colour::GreyAlpha => 2,
            Colour::Rgb | Colour::Rgba => 6,
        },
        _ => return false,
    };
    len == wanted
}

/// The `PLTE` or `tRNS` that such a picture needs, made of the `data` found; none if it needs none.
/// `entries` is how many colours the palette has or can have.
pub(super) fn colours(
    kind: [u8; 4],
    data: &[u8],
    header: &Header,
    entries: usize,
) -> Option<Vec<u8>> {
    let len = match (&kind, header.colour) {
        (b"PLTE", Colour::Palette) => data.len().min(3 * entries) / 3 * 3,
        (b"tRNS", Colour::Palette) => data.len().min(entries),
        (b"tRNS", Colour::Grey) => 2,
        (b"tRNS", Colour::Rgb) => 6,
        _ => 0,
    };
    if len == 0 {
        return None;
    }
    Some(chunk::chunk(kind, data.get(..len)?))
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
        let mut profile = vec![0; 132];
        profile[3] = 132;
        profile[36..40].copy_from_slice(b"acsp");
        profile[48..52].copy_from_slice(maker);
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
