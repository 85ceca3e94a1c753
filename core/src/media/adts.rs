//! AAC sound without a container (ADTS, ISO/IEC 13818-7): a row of frames, each with its length.
//!
//! Nothing belongs in front, between or behind the frames. Programs put tags there (ID3, APE) with
//! titles, places and pictures, radio stations between the frames too; only whole frames pass, so
//! none of that does. What a frame holds is coded sound and stays as it is.
//!
//! Where neither a frame nor a tag stands, decoders look for the next frame, and so does this:
//! sound behind damage is heard as before. The file is then said to be broken.

use std::ops::Range;

use super::{Facts, Format, Manifest, MediaError, Piece, Plan};
use super::{ReadAt, RemainingKind, RemovedKind, Result};

/// Length of a frame's header.
const HEADER_LEN: usize = 7;
/// How much is read at a time.
const BLOCK_LEN: usize = 64 * 1024;
/// Most frames; 40 hours of sound have 7 million.
const MAX_FRAMES: u64 = 8_000_000;
/// How far a tag may reach. Those with pictures have a few MiB.
const MAX_TAG: u64 = 16 * 1024 * 1024;
/// Most stretches between which other bytes were found.
const MAX_STRETCHES: usize = 10_000;
/// How many bytes are searched for lost frames, all places together. Damage is a few kilobytes;
/// more is another file, and what stands behind it goes.
const MAX_SEARCHED: u64 = 16 * 1024 * 1024;
/// A frame's length has 13 bits.
const MAX_FRAME: usize = (1 << 13) - 1;
/// The start of a tag, as far as its length is told.
const TAG_HEAD_LEN: usize = 16;

/// Sampling rates by their number in a header.
const RATES: [u64; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

/// Whether `source` is a row of AAC frames, perhaps with tags among them.
pub(super) fn is_adts(source: &dyn ReadAt) -> Result<bool> {
    let mut frames = Frames::new(source);
    let start = frames.tags_end(0)?;
    let Some(first) = frames.header(start)? else { return Ok(false) };
    // One header is found in noise; two in a row, or one that fills the file, are not.
    frames.goes_on(start + first.len, &first)
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
    if walk.tags > 0 {
        manifest.remove(RemovedKind::Text, walk.tags);
    }
    let kept: u64 = walk.stretches.iter().map(|range| range.end - range.start).sum();
    let hidden = source.len() - kept - walk.tags;
    if hidden > 0 {
        manifest.remove(RemovedKind::HiddenBytes, hidden);
        manifest.broken = true;
    }
    manifest.keep(RemainingKind::Sound);
    let pieces = walk.stretches.into_iter().map(Piece::Copy).collect();
    Ok(Plan { format: Format::Aac, pieces, manifest })
}

/// The length of a tag that starts so; none if it is no tag. A tag may say to be longer than the
/// file.
fn tag_len(head: &[u8]) -> Option<u64> {
    match *head {
        [b'I', b'D', b'3', _, _, flags, s0, s1, s2, s3, ..] => {
            let size = [s0, s1, s2, s3].iter().try_fold(0, |size, &byte| {
                // Seven bits each, so that no length looks like a frame.
                (byte < 0x80).then_some(size << 7 | u64::from(byte))
            })?;
            let footer = if flags & 0x10 != 0 { 10 } else { 0 };
            Some(10 + size + footer)
        }
        [b'A', b'P', b'E', b'T', b'A', b'G', b'E', b'X', _, _, _, _, s0, s1, s2, s3, ..] => {
            Some(32 + u64::from(u32::from_le_bytes([s0, s1, s2, s3])))
        }
        [b'T', b'A', b'G', ..] => Some(128),
        _ => None,
    }
}

/// The frames of a file.
struct Walk {
    stretches: Vec<Range<u64>>,
    samples: u64,
    rate: u64,
    /// How many bytes are tags.
    tags: u64,
}

impl Walk {
    fn new(source: &dyn ReadAt) -> Result<Self> {
        let mut frames = Frames::new(source);
        let mut at = frames.tags_end(0)?;
        let Some(first) = frames.header(at)? else { return Err(MediaError::Malformed) };
        let mut walk = Self { stretches: Vec::new(), samples: 0, rate: first.rate, tags: at };
        let (mut count, mut searchable) = (0, MAX_SEARCHED);
        loop {
            // All frames of a recording are of one kind; another kind is another recording.
            if let Some(header) = frames.header(at)?.filter(|header| header.kind == first.kind) {
                count += 1;
                walk.take(at..at + header.len, &header)?;
                at += header.len;
                if count > MAX_FRAMES {
                    return Err(MediaError::TooComplex);
                }
                continue;
            }
            let end = frames.tags_end(at)?;
            walk.tags += end - at;
            if end == at {
                let Some(next) = frames.search(at, &first, &mut searchable)? else { break };
                at = next;
            } else {
                at = end;
            }
        }
        Ok(walk)
    }

    fn take(&mut self, frame: Range<u64>, header: &Header) -> Result<()> {
        self.samples += header.samples;
        if let Some(last) = self.stretches.last_mut().filter(|last| last.end == frame.start) {
            last.end = frame.end;
        } else if self.stretches.len() == MAX_STRETCHES {
            return Err(MediaError::TooComplex);
        } else {
            self.stretches.push(frame);
        }
        Ok(())
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

    /// At least `len` bytes from `at` on, or all that are left.
    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8]> {
        let room = self.len.saturating_sub(at);
        let end = at + room.min(len as u64);
        if at < self.start || end > self.start + self.block.len() as u64 {
            self.block.resize(room.min(BLOCK_LEN as u64) as usize, 0);
            self.start = at;
            self.source.read_exact_at(at, &mut self.block)?;
        }
        Ok(self.block.get((at - self.start) as usize..).unwrap_or_default())
    }

    /// Where the tags that stand at `at` end; `at` if there is none.
    fn tags_end(&mut self, mut at: u64) -> Result<u64> {
        while let Some(len) = tag_len(self.bytes(at, TAG_HEAD_LEN)?) {
            if len > MAX_TAG {
                break;
            }
            at = (at + len).min(self.len);
        }
        Ok(at)
    }

    /// Whether a recording of frames like `first` goes on at `at`, or the file ends there.
    fn goes_on(&mut self, at: u64, first: &Header) -> Result<bool> {
        let at = self.tags_end(at)?;
        Ok(at == self.len || self.header(at)?.is_some_and(|next| next.kind == first.kind))
    }

    /// The next place behind `at` where frames like `first` follow each other.
    fn search(&mut self, at: u64, first: &Header, left: &mut u64) -> Result<Option<u64>> {
        let mut from = at + 1;
        while *left > 0 && from < self.len {
            let left_in_file = self.len - from;
            // A frame and the header behind it must lie in one block, or both are read anew.
            let bytes = self.bytes(from, 2 * MAX_FRAME)?;
            let is_last = bytes.len() as u64 == left_in_file;
            let searched = if is_last { bytes.len() } else { bytes.len() - 3 * MAX_FRAME / 2 };
            let found: Vec<u64> = memchr::memchr_iter(0xFF, &bytes[..searched])
                .map(|found| from + found as u64)
                .collect();
            for place in found {
                let frame = self.header(place)?.filter(|frame| frame.kind == first.kind);
                if let Some(frame) = frame
                    && self.goes_on(place + frame.len, first)?
                {
                    return Ok(Some(place));
                }
            }
            *left = left.saturating_sub(searched as u64);
            from += searched as u64;
        }
        Ok(None)
    }

    /// The header at `at`; `None` if there is no whole frame.
    fn header(&mut self, at: u64) -> Result<Option<Header>> {
        let room = self.len.saturating_sub(at);
        if room < HEADER_LEN as u64 {
            return Ok(None);
        }
        let head = &self.bytes(at, HEADER_LEN)?[..HEADER_LEN];
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

    use super::super::Removed;
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
    fn sound_behind_a_tag_or_damage_is_not_lost() {
        let (one, two) =
            ([frame(b"one"), frame(b"two")].concat(), [frame(b"3"), frame(b"4")].concat());
        let id3 = b"ID3\x04\0\0\0\0\0\x06CANARY".to_vec();
        let ape = [&b"APETAGEX\xD0\x07\0\0\x06\0\0\0"[..], &[0; 16], b"CANARY"].concat();
        let old = [&b"TAGCANARY"[..], &[0; 119]].concat();
        // The second is the start of a frame that says to be longer than the file.
        let damage = [b"CANARY".to_vec(), frame(&[7; 5000])[..9].to_vec(), vec![0xFF; 70_000]];
        for (between, is_tag) in [id3, ape, old]
            .map(|tag| (tag, true))
            .into_iter()
            .chain(damage.map(|damage| (damage, false)))
        {
            for behind in [&two[..], b""] {
                let file = [&one, &between[..], behind].concat();
                let plan = scrub(&file).unwrap();
                assert_eq!(scrubbed(&file), [&one, behind].concat());
                assert_eq!(plan.manifest.broken, !is_tag);
                let kind = if is_tag { RemovedKind::Text } else { RemovedKind::HiddenBytes };
                assert_eq!(plan.manifest.removed, [Removed { kind, bytes: between.len() as u64 }]);
                let frames = plan.len() / 10 + u64::from(!behind.is_empty());
                assert_eq!(facts(&file).unwrap().duration_ms, Some(frames * 1024 * 10 / 441));
            }
        }
    }

    #[test]
    fn frames_are_found_across_the_ends_of_blocks() {
        let (one, two) = ([frame(b"one"), frame(b"two")].concat(), frame(&[1; 8000]).repeat(2));
        for len in [BLOCK_LEN - MAX_FRAME - 40, BLOCK_LEN - 30, BLOCK_LEN, 3 * BLOCK_LEN + 5] {
            let file = [&one, &b"C".repeat(len)[..], &two].concat();
            assert_eq!(scrubbed(&file), [&one[..], &two].concat());
        }
    }

    #[test]
    fn another_recording_behind_the_first_goes() {
        let other = [0xFF, 0xF1, 0x4C, 0x80, 1, 0x3F, 0xFC, 1, 2].repeat(3);
        let one = [frame(b"one"), frame(b"two")].concat();
        let file = [&one[..], &other, &one].concat();
        assert_eq!(scrubbed(&file), one.repeat(2));
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
