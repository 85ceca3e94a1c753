//! JPEG XL (ISO/IEC 18181-2): a bare codestream, or boxes that hold one.
//!
//! Only the codestream draws the picture, and it says itself which way up it is. So of the boxes
//! none passes but the signature, the file type, the level, and the codestream, whole (`jxlc`) or
//! in parts (`jxlp`). Exif, XMP and JUMBF go, packed (`brob`) or not; so does `jbrd`, which
//! restores the JPEG that the picture was made from with all its comments and application segments,
//! and the gain map. An index of frames (`jxli`) is not needed to draw them.
//!
//! Where the codestream ends only decoding it can tell, and that is not done: bytes that someone
//! put behind a bare one, or inside its box, stay, and so do the names that it may give to layers.
//! The manifest says that the end is not proven.

use std::ops::Range;

use super::assembly::{Assembly, MAX_PARTS, Window};
use super::{Facts, Format, MediaError, Plan, ReadAt, RemainingKind, RemovedKind, Result, exif};

/// Whether `head` is the start of a JPEG XL.
pub(super) fn is_jxl(head: &[u8]) -> bool {
    head.starts_with(&CODESTREAM) || head.starts_with(SIGNATURE)
}

/// Reads the facts in the Exif box. A packed one is not read: it is in Brotli.
pub(super) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let mut window = Window::new(source, WINDOW);
    if window.array(0)? == CODESTREAM {
        return Ok(Facts::default());
    }
    let mut boxes = Boxes::new(window);
    while let Some(found) = boxes.next()? {
        if found.kind == *b"Exif" {
            let data = boxes.window.all(found.data.clone(), EXIF_MAX)?;
            return Ok(tiff(&data).map_or_else(Facts::default, exif::read));
        }
    }
    Ok(Facts::default())
}

/// Plans the clean copy of a JPEG XL.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let mut window = Window::new(source, WINDOW);
    let mut out = Assembly::default();
    if window.array(0)? == CODESTREAM {
        out.copy(0..window.source_len());
        return Ok(finish(out));
    }
    let mut walk = Walk {
        boxes: Boxes::new(window),
        out,
        file_type: false,
        level: false,
        stream: Stream::Awaited,
    };
    while let Some(found) = walk.boxes.next()? {
        walk.take(&found)?;
    }
    walk.finish()
}

/// A container on the way from its first box to its end.
struct Walk<'a> {
    boxes: Boxes<'a>,
    out: Assembly,
    file_type: bool,
    level: bool,
    stream: Stream,
}

/// How much of the codestream has come.
#[derive(PartialEq)]
enum Stream {
    Awaited,
    /// So many parts, not the last one.
    Parts(u32),
    Complete,
}

impl Walk<'_> {
    fn take(&mut self, found: &Found) -> Result<()> {
        let len = found.data.end - found.data.start;
        match &found.kind {
            b"JXL " if found.whole.start == 0 => self.out.copy(found.whole.clone()),
            b"ftyp" if !self.file_type => {
                self.file_type = true;
                let bytes = self.boxes.window.all(found.whole.clone(), FILE_TYPE.len())?;
                self.out.replace(found.whole.clone(), &bytes, FILE_TYPE, RemovedKind::HiddenBytes);
            }
            b"jxll" if !self.level && self.stream == Stream::Awaited && len == 1 => {
                self.level = true;
                self.out.copy(found.whole.clone());
            }
            b"jxlc" if self.stream == Stream::Awaited => {
                self.check_start(found.data.clone())?;
                self.stream = Stream::Complete;
                self.out.copy(found.whole.clone());
            }
            b"jxlp" if self.stream != Stream::Complete => self.part(found)?,
            _ => self.leave_out(found)?,
        }
        Ok(())
    }

    /// Takes a part of the codestream: its number, of which the top bit marks the last, and bytes.
    fn part(&mut self, found: &Found) -> Result<()> {
        if found.data.end - found.data.start < PART_HEAD_LEN {
            return Err(MediaError::Malformed);
        }
        let number = u32::from_be_bytes(self.boxes.window.array(found.data.start)?);
        let expected = match self.stream {
            Stream::Parts(count) => count,
            _ => 0,
        };
        if number & !LAST_PART != expected {
            return Err(MediaError::Malformed);
        }
        if expected == 0 {
            self.check_start(found.data.start + PART_HEAD_LEN..found.data.end)?;
        }
        let is_last = number & LAST_PART != 0;
        self.stream = if is_last { Stream::Complete } else { Stream::Parts(expected + 1) };
        self.out.copy(found.whole.clone());
        Ok(())
    }

    /// Refuses what only claims to be a codestream: it must start as one.
    fn check_start(&mut self, stream: Range<u64>) -> Result<()> {
        // What stands behind the box is not its start.
        let starts = stream.end - stream.start >= CODESTREAM.len() as u64
            && self.boxes.window.array(stream.start)? == CODESTREAM;
        if starts { Ok(()) } else { Err(MediaError::Malformed) }
    }

    fn leave_out(&mut self, found: &Found) -> Result<()> {
        let mut kind = found.kind;
        if kind == *b"brob" && found.data.end - found.data.start >= 4 {
            kind = self.boxes.window.array(found.data.start)?;
        }
        let removed = match &kind {
            b"Exif" => RemovedKind::Exif,
            b"xml " => RemovedKind::Xmp,
            b"jumb" => RemovedKind::Provenance,
            b"jhgm" => RemovedKind::GainMap,
            b"jxlc" | b"jxlp" | b"ftyp" | b"JXL " => RemovedKind::HiddenBytes,
            _ => RemovedKind::Other,
        };
        if found.kind == *b"Exif" {
            let data = self.boxes.window.all(found.data.clone(), EXIF_MAX)?;
            self.out.remove_exif(tiff(&data).unwrap_or_default(), found.whole.clone());
        } else {
            self.out.remove(removed, found.whole.clone());
        }
        self.out.manifest.broken |= removed == RemovedKind::HiddenBytes;
        Ok(())
    }

    fn finish(mut self) -> Result<Plan> {
        if self.stream != Stream::Complete || !self.file_type {
            return Err(MediaError::Malformed);
        }
        let rest = self.boxes.next..self.boxes.window.source_len();
        self.out.manifest.broken |= !rest.is_empty();
        self.out.remove(RemovedKind::HiddenBytes, rest);
        Ok(finish(self.out))
    }
}

/// The finished plan. Where the codestream ends nobody has seen, and the manifest says so.
fn finish(out: Assembly) -> Plan {
    let mut plan = out.finish(Format::Jxl);
    plan.manifest.keep(RemainingKind::UnprovenEnd);
    plan
}

/// The TIFF block in the data of an Exif box, which begins with the offset to it.
fn tiff(data: &[u8]) -> Option<&[u8]> {
    let (offset, block) = data.split_first_chunk()?;
    block.get(usize::try_from(u32::from_be_bytes(*offset)).ok()?..)
}

/// Where a box lies.
struct Found {
    kind: [u8; 4],
    whole: Range<u64>,
    data: Range<u64>,
}

/// The boxes of a file, one after another.
struct Boxes<'a> {
    window: Window<'a>,
    next: u64,
    count: u32,
}

impl<'a> Boxes<'a> {
    fn new(window: Window<'a>) -> Self {
        Self { window, next: 0, count: 0 }
    }

    /// The next box; none if no whole one follows.
    fn next(&mut self) -> Result<Option<Found>> {
        let (start, end) = (self.next, self.window.source_len());
        if end - start < 8 {
            return Ok(None);
        }
        let [l0, l1, l2, l3, kind @ ..] = self.window.array::<8>(start)?;
        let (head, len) = match u32::from_be_bytes([l0, l1, l2, l3]) {
            // Up to the end of the file.
            0 => (8, end - start),
            1 if end - start < 16 => return Ok(None),
            1 => (16, u64::from_be_bytes(self.window.array(start + 8)?)),
            len => (8, u64::from(len)),
        };
        if len < head || len > end - start {
            return Ok(None);
        }
        self.count += 1;
        if self.count > MAX_PARTS {
            return Err(MediaError::TooComplex);
        }
        self.next = start + len;
        Ok(Some(Found { kind, whole: start..self.next, data: start + head..self.next }))
    }
}

/// What a codestream starts with.
const CODESTREAM: [u8; 2] = [0xFF, 0x0A];

/// What a container starts with: a box whose data shows whether line ends were changed.
const SIGNATURE: &[u8; 12] = b"\0\0\0\x0CJXL \r\n\x87\n";

/// The file type of every JPEG XL.
const FILE_TYPE: &[u8; 20] = b"\0\0\0\x14ftypjxl \0\0\0\0jxl ";

/// The length of the number of a part.
const PART_HEAD_LEN: u64 = 4;

/// Marks the number of the last part.
const LAST_PART: u32 = 1 << 31;

/// To hop from header to header.
const WINDOW: usize = 1 << 10;

/// No more than this is read of an Exif block, which is a few hundred kilobytes at most.
const EXIF_MAX: usize = 2 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::abuse::{CANARY, abuse, facts_of, scrubbed, scrubbed_with_plan, stays_sane};

    const STREAM: &[u8] = &[0xFF, 0x0A, 0x00, 0x10, 0x10, 0x09];

    fn boxed(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32 + 8).to_be_bytes()[..], kind, data].concat()
    }

    fn part(number: u32, data: &[u8]) -> Vec<u8> {
        boxed(b"jxlp", &[&number.to_be_bytes()[..], data].concat())
    }

    fn jxl(boxes: &[Vec<u8>]) -> Vec<u8> {
        [&SIGNATURE[..], FILE_TYPE, &boxes.concat()].concat()
    }

    #[test]
    fn a_clean_picture_stays_as_it_is() {
        for clean in [
            STREAM.to_vec(),
            jxl(&[boxed(b"jxlc", STREAM)]),
            jxl(&[boxed(b"jxll", &[10]), part(0, STREAM), part(1 | LAST_PART, b"more")]),
            // A box that reaches to the end of the file.
            jxl(&[[b"\0\0\0\0jxlc", STREAM].concat()]),
        ] {
            let (copy, plan) = scrubbed_with_plan(&clean).unwrap();
            assert_eq!(copy, clean);
            assert_eq!(plan.pieces.len(), 1);
            assert!(plan.manifest.removed.is_empty() && !plan.manifest.broken);
            let remaining: Vec<_> = plan.manifest.remaining.iter().map(|it| it.kind).collect();
            assert_eq!(remaining, [RemainingKind::Picture, RemainingKind::UnprovenEnd]);
        }
    }

    #[test]
    fn nothing_but_the_codestream_passes() {
        let clean = jxl(&[boxed(b"jxlc", STREAM)]);
        let kinds = [b"Exif", b"xml ", b"jumb", b"brob", b"jbrd", b"jhgm", b"jxli", b"free"];
        for kind in kinds.into_iter().chain([b"jxlc", b"jxlp", b"ftyp", b"JXL ", b"jxll"]) {
            let hidden = boxed(kind, CANARY);
            let behind = jxl(&[boxed(b"jxlc", STREAM), hidden.clone()]);
            assert_eq!(scrubbed(&behind).unwrap(), clean, "{kind:?} behind");
            if !matches!(kind, b"jxlc" | b"jxlp") {
                let before = jxl(&[hidden, boxed(b"jxlc", STREAM)]);
                assert_eq!(scrubbed(&before).unwrap(), clean, "{kind:?} before");
            }
        }
    }

    #[test]
    fn what_is_packed_is_named_by_what_it_is() {
        let packed = boxed(b"brob", b"xml CANARY");
        let plan = scrubbed_with_plan(&jxl(&[boxed(b"jxlc", STREAM), packed])).unwrap().1;
        assert_eq!(plan.manifest.removed[0].kind, RemovedKind::Xmp);
        assert!(!plan.manifest.broken);
    }

    #[test]
    fn parts_must_follow_on_and_begin_as_a_codestream() {
        for parts in [
            [part(1, STREAM), part(2 | LAST_PART, b"")],
            [part(0, STREAM), part(LAST_PART, b"")],
            [part(0, STREAM), part(1, b"")],
            [part(0, CANARY), part(1 | LAST_PART, b"")],
            [part(0, STREAM), boxed(b"jxlc", STREAM)],
        ] {
            assert!(matches!(scrubbed(&jxl(&parts)), Err(MediaError::Malformed)));
        }
    }

    #[test]
    fn a_box_must_hold_the_start_of_its_codestream_itself() {
        let empty = [&boxed(b"jxlc", b"")[..], STREAM].concat();
        let cut = [&part(LAST_PART, &STREAM[..1])[..], &STREAM[1..]].concat();
        for source in [jxl(&[empty]), jxl(&[cut])] {
            assert!(matches!(scrubbed(&source), Err(MediaError::Malformed)));
        }
    }

    #[test]
    fn the_file_type_and_the_end_hold_nothing_else() {
        let clean = jxl(&[boxed(b"jxlc", STREAM)]);
        let file_type = boxed(b"ftyp", b"jxl \0\0\0\0jxl CANARY");
        let source = [&SIGNATURE[..], &file_type, &boxed(b"jxlc", STREAM), CANARY].concat();
        let (copy, plan) = scrubbed_with_plan(&source).unwrap();
        assert_eq!(copy, clean);
        assert!(plan.manifest.broken);
    }

    #[test]
    fn facts_come_from_the_exif_box() {
        let mut block = b"\0\0\0\x02??MM\0\x2A\0\0\0\x08\0\x01".to_vec();
        block.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x05\0\0\0\0\0\0");
        let source = jxl(&[boxed(b"Exif", &block), boxed(b"jxlc", STREAM)]);
        assert_eq!(facts_of(&source).orientation, Some(5));
        assert_eq!(facts_of(STREAM), Facts::default());
    }

    #[test]
    fn abuse_gives_an_error_or_a_clean_copy() {
        let fixture = jxl(&[
            boxed(b"Exif", b"\0\0\0\0MM\0\x2A\0\0\0\x08CANARY"),
            part(0, STREAM),
            boxed(b"jbrd", CANARY),
            part(1 | LAST_PART, b"more"),
            boxed(b"xml ", CANARY),
        ]);
        abuse(&fixture, stays_sane);
    }
}
