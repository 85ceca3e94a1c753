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

mod exif;
mod facts;
mod jpeg;
mod manifest;
mod plan;
mod source;

pub use facts::{Facts, Position};
pub use manifest::{Manifest, Remaining, RemainingKind, Removed, RemovedKind};
pub use plan::{Piece, Plan, PlanReader};
pub use source::ReadAt;

/// The containers that Homeward can scrub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG, with or without gain map, motion photo or maker trailer.
    Jpeg,
}

impl Format {
    /// The usual ending of such a file, also the word for it in JSON.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
        }
    }
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
        _ => Err(MediaError::Unsupported),
    }
}

/// Reads what `source` tells about when, where and with what it was taken.
pub fn facts(source: &dyn ReadAt) -> Result<Facts> {
    match sniff(source)? {
        Format::Jpeg => jpeg::facts(source),
    }
}

/// Plans a copy of `source` that holds nothing but what is needed to draw the picture.
pub fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    match sniff(source)? {
        Format::Jpeg => jpeg::scrub(source),
    }
}
