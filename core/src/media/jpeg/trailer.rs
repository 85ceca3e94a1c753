//! What stands after the end of a JPEG's picture: none of it passes, so it is only named.

use memchr::memmem;

use super::super::{Manifest, ReadAt, RemovedKind, Result};
use super::head;
use super::walk::{Step, Walker, marker};

/// How much of the rest is searched at a time.
const BLOCK_LEN: usize = 64 * 1024;

/// No phone appends more pictures; what comes after is named as hidden bytes.
const PICTURES_MAX: usize = 16;

/// Notes what stands from `at` on: other pictures, a video, other bytes.
pub(super) fn note(
    source: &dyn ReadAt,
    mut at: u64,
    mut gain_map: bool,
    manifest: &mut Manifest,
) -> Result<()> {
    for _ in 0..PICTURES_MAX {
        let Some(end) = picture_end(source, at, &mut gain_map)? else { break };
        let kind = if gain_map { RemovedKind::GainMap } else { RemovedKind::Preview };
        manifest.remove(kind, end - at);
        at = end;
    }
    let video = video_start(source, at)?.unwrap_or(source.len());
    for (kind, len) in
        [(RemovedKind::HiddenBytes, video - at), (RemovedKind::EmbeddedVideo, source.len() - video)]
    {
        if len > 0 {
            manifest.remove(kind, len);
        }
    }
    Ok(())
}

/// Where the JPEG that starts at `at` ends, if one does; also whether it is a gain map.
fn picture_end(source: &dyn ReadAt, at: u64, gain_map: &mut bool) -> Result<Option<u64>> {
    let Ok(mut walker) = Walker::at(source, at) else { return Ok(None) };
    while let Ok(step) = walker.step() {
        match step {
            Step::Segment(segment) if segment.marker == marker::SOS => {
                walker.scan(u64::MAX, |_| Ok(()))?;
            }
            Step::Segment(segment) => {
                let payload = walker.payload(&segment)?;
                *gain_map |= head::announces_gain_map(segment.marker, payload);
            }
            Step::End => return Ok(Some(walker.at)),
            Step::Cut => break,
        }
    }
    Ok(None)
}

/// Where a video starts at or after `at`: four bytes before the name of its first box.
fn video_start(source: &dyn ReadAt, mut at: u64) -> Result<Option<u64>> {
    const FIRST_BOX: &[u8] = b"ftyp";
    let mut block = vec![0; BLOCK_LEN];
    while at + 8 <= source.len() {
        let len = (source.len() - at).min(BLOCK_LEN as u64) as usize;
        source.read_exact_at(at, &mut block[..len])?;
        if let Some(found) = memmem::find(&block[4..len], FIRST_BOX) {
            return Ok(Some(at + found as u64));
        }
        // The next block begins with what a name across the border needs.
        at += (len - 7) as u64;
    }
    Ok(None)
}
