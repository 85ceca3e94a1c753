//! AAC sound without a container (ADTS, ISO/IEC 13818-7): a row of frames, each with its length.
//!
//! Nothing belongs in front, between or behind the frames. Programs put tags there (ID3, APE) with
//! titles, places and pictures; only whole frames pass, so none of that does. What a frame holds is
//! coded sound and stays as it is.

use std::ops::Range;

use super::{Facts, Format, Manifest, MediaError, Piece, Plan};
use super::{ReadAt, RemainingKind, RemovedKind, Result};

/// Length of a frame's header.
const HEADER_LEN: usize = 7;
/// How much is read at a time.
const BLOCK_LEN: usize = 64 * 1024;
/// Most frames; 40 hours of sound have 7 million.
const MAX_FRAMES: u64 = 8_000_000;
/// How far a tag in front may reach. Those with pictures have a few MiB.
const MAX_TAG: u64 = 16 * 1024 * 1024;
/// Most stretches between which other bytes were found.
const MAX_STRETCHES: usize = 10_000;

/// Sampling rates by their number in a header.
const RATES: [u64; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

/// Whether `source` is a row of AAC frames, perhaps with an ID3 tag in front.
pub(super) fn is_adts(source: &dyn ReadAt) -> Result<bool> {
    let mut frames = Frames::new(source);
    let start = tag_end(source)?;
    let Some(first) = frames.header(start)? else { return Ok(false) };
    // One header is found in noise; two in a row, or one that fills the file, are not.
    let next = start + first.len;
    Ok(next == source.len() || frames.header(next)?.is_some_and(|next| next.kind == first.kind))
}

/// How long it plays; frames tell nothing else.
pub(super) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let walk = Walk::new(source)?;
    let duration_ms = (walk.rate > 0).then(|| walk.samples * 1000 / walk.rate);
    Ok(Facts { duration_ms, ..Facts::default() })
}

/// Plans a copy of the frames and nothing else.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let walk = Walk::new(source)?;
    let mut manifest = Manifest::default();
    let tag = tag_end(source)?;
    if tag > 0 {
        manifest.remove(RemovedKind::Text, tag);
    }
    let kept: u64 = walk.stretches.iter().map(|range| range.end - range.start).sum();
    let hidden = source.len() - kept - tag.min(source.len() - kept);
    if hidden > 0 {
        manifest.remove(RemovedKind::HiddenBytes, hidden);
    }
    manifest.broken = walk.stretches.len() > 1;
    manifest.keep(RemainingKind::Sound);
    let pieces = walk.stretches.into_iter().map(Piece::Copy).collect();
    Ok(Plan { format: Format::Aac, pieces, manifest })
}

/// Where an ID3 tag at the start ends; 0 without one.
fn tag_end(source: &dyn ReadAt) -> Result<u64> {
    let mut head = [0; 10];
    if source.len() < 10 {
        return Ok(0);
    }
    source.read_exact_at(0, &mut head)?;
    let [b'I', b'D', b'3', _, _, flags, size @ ..] = head else { return Ok(0) };
    let size = size.iter().fold(0, |size, &byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Ok((10 + size + footer).min(source.len()).min(MAX_TAG))
}

/// The frames of a file.
struct Walk {
    stretches: Vec<Range<u64>>,
    samples: u64,
    rate: u64,
}

impl Walk {
    fn new(source: &dyn ReadAt) -> Result<Self> {
        let mut frames = Frames::new(source);
        let mut walk = Self { stretches: Vec::new(), samples: 0, rate: 0 };
        let (mut at, mut kind, mut count) = (tag_end(source)?, None, 0);
        while let Some(header) = frames.header(at)? {
            // All frames of a recording are of one kind; another kind is another recording.
            if kind.is_some_and(|kind| kind != header.kind) {
                break;
            }
            count += 1;
            if count > MAX_FRAMES || walk.stretches.len() == MAX_STRETCHES {
                return Err(MediaError::TooComplex);
            }
            kind = Some(header.kind);
            walk.rate = header.rate;
            walk.samples += header.samples;
            let end = at + header.len;
            match walk.stretches.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => walk.stretches.push(at..end),
            }
            at = end;
        }
        if walk.stretches.is_empty() { Err(MediaError::Malformed) } else { Ok(walk) }
    }
}

/// What a frame's header says.
struct Header {
    /// Version, profile, rate and channels, which all frames share.
    kind: [u8; 3],
    len: u64,
    rate: u64,
    samples: u64,
}

/// Reads headers through a buffer.
struct Frames<'a> {
    source: &'a dyn ReadAt,
    /// The source's length: asking a file for it is a call of the system, and frames are many.
    len: u64,
    block: Vec<u8>,
    start: u64,
}

impl<'a> Frames<'a> {
    fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, len: source.len(), block: Vec::new(), start: 0 }
    }

    /// The header at `at`; `None` if there is no whole frame.
    fn header(&mut self, at: u64) -> Result<Option<Header>> {
        let room = self.len.saturating_sub(at);
        if room < HEADER_LEN as u64 {
            return Ok(None);
        }
        if at < self.start || at + HEADER_LEN as u64 > self.start + self.block.len() as u64 {
            self.block.resize(room.min(BLOCK_LEN as u64) as usize, 0);
            self.start = at;
            self.source.read_exact_at(at, &mut self.block)?;
        }
        let head = &self.block[(at - self.start) as usize..][..HEADER_LEN];
        let rate = usize::from(head[2] >> 2 & 15);
        let len = u64::from(head[3] & 3) << 11 | u64::from(head[4]) << 3 | u64::from(head[5] >> 5);
        let is_frame = head[0] == 0xFF && head[1] & 0xF6 == 0xF0 && rate < RATES.len();
        let header_len = if head[1] & 1 == 0 { 9 } else { 7 };
        Ok((is_frame && len >= header_len && len <= room).then(|| Header {
            // Private, originality and copyright bits are left out: they may change.
            kind: [head[1], head[2] & 0xFD, head[3] & 0xC0],
            len,
            rate: RATES[rate],
            samples: 1024 * (u64::from(head[6] & 3) + 1),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let len = payload.len() + HEADER_LEN;
        let head =
            [0xFF, 0xF1, 0x50, 0x80 | (len >> 11) as u8, (len >> 3) as u8, (len << 5) as u8, 0xFC];
        [&head, payload].concat()
    }

    fn scrubbed(file: &[u8]) -> Vec<u8> {
        let file = file.to_vec();
        let plan = scrub(&file).unwrap();
        let mut out = Vec::new();
        plan.reader(&file).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn tags_around_the_frames_do_not_pass() {
        let sound = [frame(b"one"), frame(b"two")].concat();
        let file = [&b"ID3\x04\0\0\0\0\0\x06CANARY"[..], &sound, b"TAGCANARY"].concat();
        assert!(is_adts(&file).unwrap());
        assert_eq!(scrubbed(&file), sound);
        assert_eq!(scrubbed(&sound), sound);
    }

    #[test]
    fn the_duration_follows_from_the_frames() {
        let file = frame(b"x").repeat(441);
        assert_eq!(facts(&file).unwrap().duration_ms, Some(441 * 1024 * 10 / 441));
    }

    #[test]
    fn a_file_cut_anywhere_gives_whole_frames_or_an_error() {
        let file = [frame(b"one"), frame(b"two")].concat();
        for len in 0..file.len() {
            let cut = file[..len].to_vec();
            match scrub(&cut) {
                Ok(plan) => assert_eq!(plan.pieces, [Piece::Copy(0..10)]),
                Err(_) => assert!(len < 10),
            }
        }
    }
}
