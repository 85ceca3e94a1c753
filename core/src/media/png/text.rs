//! Words in a PNG: `tEXt`, `zTXt` and `iTXt` (specification, section 11.3.3).
//!
//! None of them passes. They are read for what they are called, and because ImageMagick and others
//! keep a whole Exif block in hexadecimal under the keyword `Raw profile type exif`.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::media::RemovedKind;

/// A keyword and its text, as bytes.
pub(super) struct Text<'a> {
    keyword: &'a [u8],
    packed: bool,
    body: &'a [u8],
}

impl<'a> Text<'a> {
    /// Splits the data of a chunk of this type; none if it is not a chunk of words.
    pub(super) fn parse(kind: [u8; 4], data: &'a [u8]) -> Option<Self> {
        let (keyword, rest) = split_nul(data)?;
        let (packed, body) = match &kind {
            b"tEXt" => (false, rest),
            b"zTXt" => (true, rest.get(1..)?),
            b"iTXt" => {
                let (_language, rest) = split_nul(rest.get(2..)?)?;
                let (_translated, body) = split_nul(rest)?;
                (data.get(keyword.len() + 1) == Some(&1), body)
            }
            _ => return None,
        };
        Some(Self { keyword, packed, body })
    }

    /// What is lost with it.
    pub(super) fn kind(&self) -> RemovedKind {
        match self.keyword {
            b"XML:com.adobe.xmp" | b"Raw profile type xmp" => RemovedKind::Xmp,
            b"Raw profile type iptc" | b"Raw profile type 8bim" => RemovedKind::Iptc,
            b"Raw profile type exif" | b"Raw profile type APP1" => RemovedKind::Exif,
            b"Creation Time" | b"date:create" | b"date:modify" | b"date:timestamp" => {
                RemovedKind::Time
            }
            b"Software" | b"Source" => RemovedKind::Device,
            _ => RemovedKind::Text,
        }
    }

    /// Whether it claims to be an Exif block or an XMP packet, while `left` more may be unpacked.
    pub(super) fn is_block(&self, left: &mut u32) -> bool {
        let is_block = matches!(self.kind(), RemovedKind::Exif | RemovedKind::Xmp) && *left > 0;
        *left -= u32::from(is_block);
        is_block
    }

    /// The XMP packet, if that is what it is.
    pub(super) fn xmp(&self) -> Option<Vec<u8>> {
        (self.keyword == b"XML:com.adobe.xmp").then(|| self.unpacked())?
    }

    /// The TIFF block in an Exif block in hexadecimal, if that is what it is.
    pub(super) fn exif(&self) -> Option<Vec<u8>> {
        if !matches!(self.keyword, b"Raw profile type exif" | b"Raw profile type APP1") {
            return None;
        }
        let text = self.unpacked()?;
        // A line each: nothing, the name, the length; then the bytes.
        let hex = text.splitn(4, |&byte| byte == b'\n').nth(3)?;
        let digits = hex.iter().filter(|byte| !byte.is_ascii_whitespace());
        let digits: Option<Vec<u8>> =
            digits.map(|&byte| char::from(byte).to_digit(16).map(|digit| digit as u8)).collect();
        let bytes: Vec<u8> = digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        Some(bytes.strip_prefix(b"Exif\0\0").map_or_else(|| bytes.clone(), <[u8]>::to_vec))
    }

    fn unpacked(&self) -> Option<Vec<u8>> {
        if self.packed {
            decompress_to_vec_zlib_with_limit(self.body, UNPACKED_MAX).ok()
        } else {
            Some(self.body.to_vec())
        }
    }
}

fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// Text that inflates to more than this is not read. An Exif block in hexadecimal is a few hundred
/// kilobytes at most.
const UNPACKED_MAX: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    #[test]
    fn an_exif_block_in_hexadecimal_is_found() {
        let hex = b"\nexif\n      14\n457869660000\n4d4d002a\n00000008";
        let mut packed = b"Raw profile type exif\0\0".to_vec();
        packed.extend(compress_to_vec_zlib(hex, 6));
        let exif = Text::parse(*b"zTXt", &packed).unwrap().exif().unwrap();
        assert_eq!(exif, b"MM\0\x2A\0\0\0\x08");
    }

    #[test]
    fn words_that_only_claim_to_be_exif_are_none() {
        for data in [&b"Raw profile type exif\0no lines"[..], b"Raw profile type exif\0\n\n\nxyz"] {
            assert!(Text::parse(*b"tEXt", data).unwrap().exif().is_none());
        }
    }

    #[test]
    fn a_text_bomb_is_not_unpacked() {
        let mut data = b"XML:com.adobe.xmp\0\0".to_vec();
        data.extend(compress_to_vec_zlib(&vec![b' '; UNPACKED_MAX + 1], 9));
        assert!(Text::parse(*b"zTXt", &data).unwrap().xmp().is_none());
    }
}
