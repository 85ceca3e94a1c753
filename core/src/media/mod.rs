//! Photos, videos and recordings: what they tell, and a copy that tells no more than it shows.
//!
//! A file is [sniffed](sniff) by its content, never by its name. [`facts`] reads what may help to
//! find the child (when and where it was taken). [`scrub`] walks the container by an allow-list:
//! every byte of the file is explained, and what is not needed to draw the picture does not pass.
//! No pixel is touched and nothing is re-encoded.
//!
//! `scrub` changes nothing itself. It gives a [`Plan`]: ranges to copy and bytes to put, which
//! streams straight into encryption. So a long video needs memory for its metadata only, and no
//! second copy on disk. One walker per container, a file each; this file only chooses.

use std::io;

#[cfg(test)]
mod abuse;
mod adts;
mod assembly;
mod bmff;
mod exif;
mod facts;
mod gif;
mod icc;
mod jpeg;
mod jxl;
mod manifest;
mod plan;
mod png;
mod source;
mod untouched;
mod upright;
mod webp;

pub use facts::{Facts, Position};
pub use manifest::{Manifest, Remaining, RemainingKind, Removed, RemovedKind};
pub use plan::{Piece, Plan, PlanReader};
pub use source::ReadAt;
pub(crate) use untouched::extension_by_content;

/// The containers that Homeward can scrub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG, with or without gain map, motion photo or maker trailer.
    Jpeg,
    /// PNG, still or animated (APNG).
    Png,
    /// WebP: lossy, lossless or animated.
    WebP,
    /// GIF, still or animated.
    Gif,
    /// JPEG XL, in its container or as bare codestream.
    Jxl,
    /// HEIC or HEIF, stills or a sequence.
    Heic,
    /// AVIF, stills or a sequence.
    Avif,
    /// MP4, whole or in fragments.
    Mp4,
    /// A QuickTime film.
    Mov,
    /// 3GP, the MP4 of older phones.
    ThreeGp,
    /// Sound in an MP4 container.
    M4a,
    /// AAC sound without a container.
    Aac,
}

impl Format {
    /// The usual ending of such a file, also the word for it in JSON.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Jxl => "jxl",
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::ThreeGp => "3gp",
            Self::M4a => "m4a",
            Self::Aac => "aac",
        }
    }

    /// What such a file is to the person who adds it.
    #[must_use]
    pub fn shows(self) -> Shows {
        match self {
            Self::Jpeg | Self::Png | Self::WebP | Self::Gif => Shows::Picture,
            Self::Jxl | Self::Heic | Self::Avif => Shows::Picture,
            Self::Mp4 | Self::Mov | Self::ThreeGp => Shows::Film,
            Self::M4a | Self::Aac => Shows::Sound,
        }
    }
}

/// What a file is to the person who adds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A picture, moving or not.
    Picture,
    /// A film.
    Film,
    /// Sound alone.
    Sound,
}

/// Why a file can't be scrubbed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// No container that Homeward knows how to scrub.
    #[error("this kind of file can't be cleaned")]
    Unsupported,
    /// The file contradicts its own format so far that no clean copy can be promised.
    #[error("the file is damaged and can't be cleaned")]
    Malformed,
    /// The file needs more memory, boxes or nesting than any honest file of its format.
    #[error("the file is built in a way that can't be cleaned safely")]
    TooComplex,
    /// The file could not be read.
    #[error("the file can't be read")]
    Io(#[from] io::Error),
}

/// The result of reading media.
pub type Result<T> = std::result::Result<T, MediaError>;

/// How many bytes from the start [`sniff`] looks at.
const SNIFF_LEN: usize = 512;

/// Tells the container of `source` from its first bytes.
pub fn sniff(source: &dyn ReadAt) -> Result<Format> {
    let mut head = [0; SNIFF_LEN];
    let len = source.len().min(SNIFF_LEN as u64) as usize;
    let head = &mut head[..len];
    source.read_exact_at(0, head)?;
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
        _ if head.starts_with(png::SIGNATURE) => Ok(Format::Png),
        _ if webp::is_webp(head) => Ok(Format::WebP),
        _ if gif::is_gif(head) => Ok(Format::Gif),
        _ if jxl::is_jxl(head) => Ok(Format::Jxl),
        _ => match bmff::sniff(head) {
            Some(format) => Ok(format),
            None if adts::is_adts(source)? => Ok(Format::Aac),
            None => Err(MediaError::Unsupported),
        },
    }
}

/// Reads what `source` tells about when, where and with what it was taken. A TIFF, which most raw
/// photos are, is read though it can't be scrubbed.
pub fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let format = match sniff(source) {
        Err(MediaError::Unsupported) => return exif::facts_of_file(source),
        format => format?,
    };
    match format {
        Format::Jpeg => jpeg::facts(source),
        Format::Png => png::facts(source),
        Format::WebP => webp::facts(source),
        Format::Gif => gif::facts(source),
        Format::Jxl => jxl::facts(source),
        Format::Aac => adts::facts(source),
        format => bmff::facts(source, format),
    }
}

/// Plans a copy of `source` that holds nothing but what is needed to draw the picture.
pub fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    match sniff(source)? {
        Format::Jpeg => jpeg::scrub(source),
        Format::Png => png::scrub(source),
        Format::WebP => webp::scrub(source),
        Format::Gif => gif::scrub(source),
        Format::Jxl => jxl::scrub(source),
        Format::Aac => adts::scrub(source),
        format => bmff::scrub(source, format),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_container_that_can_be_cleaned_is_refused_as_unsupported() {
        let files: [&[u8]; 9] = [
            b"II\x2A\0\x08\0\0\0\0\0\0\0\0\0",
            b"MM\0\x2A\0\0\0\x08\0\0\0\0\0\0",
            b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<?xml version='1.0'?><svg/>",
            b"BM\x46\0\0\0\0\0\0\0",
            b"PK\x03\x04picture.jpg",
            b"a picture.jpg",
            b"",
        ];
        for file in files {
            let refused = scrub(&file.to_vec());
            assert!(matches!(refused, Err(MediaError::Unsupported)), "{file:02X?}");
        }
    }
}
