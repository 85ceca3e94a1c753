//! What stands after the end of a JPEG's picture. None of it passes, so it is only named; its Exif
//! is read where the picture itself has none.

use std::ops::Range;

use memchr::memmem;

use super::super::{Facts, Manifest, ReadAt, RemovedKind, Result};
use super::head::Head;
use super::walk::{Step, Walker, marker};

/// How much is searched at a time.
const BLOCK_LEN: usize = 64 * 1024;

/// No phone appends more pictures; what looks like further ones is named as hidden bytes.
const PICTURES_MAX: usize = 16;

/// Notes what stands from `at` on: other pictures, a video, other bytes.
///
/// The picture may have announced a `gain_map`.
pub(super) fn note(
    source: &dyn ReadAt,
    at: u64,
    gain_map: bool,
    manifest: &mut Manifest,
) -> Result<()> {
    let mut other = source.len() - at;
    let mut remove = |kind, range: Range<u64>| {
        other -= range.end - range.start;
        manifest.remove(kind, range.end - range.start);
    };
    let video = video_start(source, at)?;
    if video < source.len() {
        remove(RemovedKind::EmbeddedVideo, video..source.len());
    }
    for picture in pictures(source, at..video)? {
        let is_map = gain_map || picture.gain_map;
        remove(if is_map { RemovedKind::GainMap } else { RemovedKind::Preview }, picture.range);
    }
    if other > 0 {
        manifest.remove(RemovedKind::HiddenBytes, other);
    }
    Ok(())
}

/// The facts of the first picture from `at` on that has some, but for its place: another picture
/// in the file need not have been taken where this one was.
pub(super) fn facts(source: &dyn ReadAt, at: u64) -> Result<Option<Facts>> {
    let pictures = pictures(source, at..video_start(source, at)?)?;
    let facts = pictures.into_iter().find_map(|picture| picture.facts);
    Ok(facts.map(|facts| Facts {
        position: None,
        position_at: None,
        altitude_m: None,
        direction_deg: None,
        ..facts
    }))
}

struct Picture {
    range: Range<u64>,
    gain_map: bool,
    facts: Option<Facts>,
}

/// The whole JPEGs that lie in `range`.
fn pictures(source: &dyn ReadAt, mut range: Range<u64>) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for _ in 0..PICTURES_MAX {
        let Some(start) = find(source, range.clone(), &[0xFF, marker::SOI, 0xFF])? else { break };
        range.start = start + 1;
        if let Some(picture) = picture(source, start)? {
            range.start = picture.range.end.min(range.end);
            pictures.push(picture);
        }
    }
    pictures.retain(|picture| picture.range.end <= range.end);
    Ok(pictures)
}

/// The JPEG that starts at `start`, if it is whole.
fn picture(source: &dyn ReadAt, start: u64) -> Result<Option<Picture>> {
    let mut walker = Walker::at(source, start)?;
    let mut head = Head::default();
    while let Ok(step) = walker.step() {
        match step {
            Step::Segment(segment) if segment.marker == marker::SOS => {
                if walker.scan(u64::MAX, |_| Ok(())).is_err() {
                    break;
                }
            }
            Step::Segment(segment) => {
                let payload = walker.payload(&segment)?;
                head.take(segment.marker, payload, &mut Manifest::default())?;
            }
            Step::End => {
                let gain_map = head.gain_map;
                let range = start..walker.at;
                return Ok(Some(Picture { range, gain_map, facts: head.into_facts() }));
            }
            Step::Cut => break,
        }
    }
    Ok(None)
}

/// Where a video starts at or after `at`, or the end of the file.
fn video_start(source: &dyn ReadAt, at: u64) -> Result<u64> {
    // The name of its first box follows the box's length.
    let found = find(source, at..source.len(), b"ftyp")?;
    Ok(found.map_or(source.len(), |found| found.saturating_sub(4).max(at)))
}

/// Where `needle` first stands in `range`.
fn find(source: &dyn ReadAt, mut range: Range<u64>, needle: &[u8]) -> Result<Option<u64>> {
    let mut block = vec![0; (range.end - range.start).min(BLOCK_LEN as u64) as usize];
    while range.end - range.start >= needle.len() as u64 {
        let len = (range.end - range.start).min(BLOCK_LEN as u64) as usize;
        source.read_exact_at(range.start, &mut block[..len])?;
        if let Some(found) = memmem::find(&block[..len], needle) {
            return Ok(Some(range.start + found as u64));
        }
        // The needle may lie across the border of two blocks.
        range.start += (len - needle.len() + 1) as u64;
    }
    Ok(None)
}
