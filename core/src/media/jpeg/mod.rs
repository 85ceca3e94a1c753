//! JPEG: passes the frame, the scans and the tables they use, and rebuilds the little else that
//! drawing needs (ITU-T T.81, JFIF 1.02).
//!
//! The walk explains every byte: a marker segment that stays is rebuilt from what was understood
//! of it, scan data are copied up to where a decoder stops, and all else goes: metadata, gain maps
//! and other pictures in the file, videos and makers' blocks after its end. The order of what
//! stays is fixed, so a clean copy scrubs to itself.

use std::ops::Range;

use super::{
    Facts, Format, Manifest, MediaError, Piece, Plan, ReadAt, RemainingKind, RemovedKind, Result,
};

mod bits;
#[cfg(test)]
mod fixture;
mod frame;
mod head;
mod proof;
mod runs;
mod tables;
mod trailer;
mod walk;

use frame::Frame;
use head::Head;
use proof::{Coefficients, Proof};
use tables::{Group, Tables};
use walk::{Segment, Step, Walker, marker};

/// No honest file comes in more pieces: one for each segment and each padded stretch of a scan.
const PIECES_MAX: usize = 16 * 1024;

/// Reads the facts of the picture's first Exif block, which most often stands before the picture.
///
/// Only where there is none are the bytes between scans and the other pictures in the file read.
pub(super) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let mut walker = Walker::at(source, 0)?;
    let mut head = Head::default();
    while let Step::Segment(segment) = walker.step()? {
        if segment.marker != marker::SOS {
            head.take(segment.marker, walker.payload(&segment)?, &mut Manifest::default())?;
        } else if head.has_facts() {
            break;
        } else {
            walker.scan(u64::MAX, |_| Ok(()))?;
        }
    }
    let facts = match head.into_facts() {
        None => trailer::facts(source, walker.at)?,
        facts => facts,
    };
    Ok(facts.unwrap_or_default())
}

/// Plans the copy: a clean head, then frame, tables and scans in their order.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let mut walker = Walker::at(source, 0)?;
    let mut picture = Picture::new();
    picture.manifest.keep(RemainingKind::Picture);
    let whole = loop {
        match walker.step()? {
            Step::Segment(segment) => picture.take(&mut walker, segment)?,
            Step::End => break true,
            Step::Cut => break false,
        }
    };
    if walker.stray > 0 {
        picture.manifest.remove(RemovedKind::HiddenBytes, walker.stray);
    }
    picture.manifest.broken |= !whole || walker.stray > 0;
    let gain_map = picture.head.gain_map;
    trailer::note(source, walker.at, gain_map, &mut picture.manifest)?;
    picture.into_plan()
}

/// A marker segment with `payload`, which is at most as long as one that was read.
fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() + 2) as u16;
    [&[0xFF, marker], &len.to_be_bytes()[..], payload].concat()
}

/// Something that passes, in its place.
enum Part {
    /// Bytes of the source.
    Copy(Range<u64>),
    /// Tables, of which those that a scan uses pass.
    Tables(Group),
}

/// What passes, in order.
#[derive(Default)]
struct Parts(Vec<Part>);

/// What was found of the picture so far.
struct Picture {
    head: Head,
    frame: Option<Frame>,
    tables: Tables,
    coefficients: Coefficients,
    parts: Parts,
    scanned: bool,
    manifest: Manifest,
}

impl Picture {
    fn new() -> Self {
        Self {
            head: Head::default(),
            frame: None,
            tables: Tables::new(),
            coefficients: Coefficients::default(),
            parts: Parts::default(),
            scanned: false,
            manifest: Manifest::default(),
        }
    }

    fn take(&mut self, walker: &mut Walker<'_>, segment: Segment) -> Result<()> {
        let payload = walker.payload(&segment)?;
        match segment.marker {
            marker::SOS => return self.scan(walker, &segment),
            tables::marker::DHT | tables::marker::DQT | tables::marker::DRI => {
                let group = self.tables.define(segment.marker, payload)?;
                self.parts.push(Part::Tables(group))?;
            }
            // All frame headers; of these codes JPG is reserved.
            0xC0..=0xC7 | 0xC9..=0xCF => {
                if self.frame.is_some() {
                    return Err(MediaError::Malformed);
                }
                self.frame = Some(Frame::read(segment.marker, payload)?);
                self.parts.copy(segment.whole)?;
            }
            marker if self.scanned => head::note_segment(marker, payload, &mut self.manifest),
            marker => self.head.take(marker, payload, &mut self.manifest)?,
        }
        Ok(())
    }

    fn scan(&mut self, walker: &mut Walker<'_>, segment: &Segment) -> Result<()> {
        let frame = self.frame.as_mut().ok_or(MediaError::Malformed)?;
        let scan = frame.scan(walker.payload(segment)?)?;
        self.tables.mark(frame, &scan);
        frame.take(&scan)?;
        self.scanned = true;
        self.parts.copy(segment.whole.clone())?;
        let mut proof =
            Proof::new(walker.source, frame, &scan, &self.tables, &mut self.coefficients)?;
        let mut hidden = 0;
        let mut numbers = (0..8).cycle();
        walker.scan(proof.restarts(), |interval| {
            let end = proof.end(&interval.data)?;
            hidden += interval.data.end - end;
            self.parts.copy(interval.data.start..end)?;
            let Some((number, restart)) = interval.restart else { return Ok(()) };
            // Decoders guess differently what is lost where a number is wrong.
            if numbers.next() != Some(number) {
                return Err(MediaError::Malformed);
            }
            self.parts.copy(restart)
        })?;
        walker.stray += hidden;
        Ok(())
    }

    fn into_plan(self) -> Result<Plan> {
        if !self.scanned {
            return Err(MediaError::Malformed);
        }
        let mut manifest = self.manifest;
        let mut bytes = vec![0xFF, marker::SOI];
        bytes.extend(self.head.rebuild(&mut manifest));
        let mut pieces = Vec::new();
        for part in self.parts.0 {
            match part {
                Part::Copy(range) => {
                    if !bytes.is_empty() {
                        pieces.push(Piece::Put(std::mem::take(&mut bytes)));
                    }
                    pieces.push(Piece::Copy(range));
                }
                Part::Tables(group) => {
                    let (segment, unused) = self.tables.rebuild(&group);
                    bytes.extend(segment);
                    if unused > 0 {
                        manifest.remove(RemovedKind::HiddenBytes, unused);
                    }
                }
            }
        }
        bytes.extend([0xFF, marker::EOI]);
        pieces.push(Piece::Put(bytes));
        Ok(Plan { format: Format::Jpeg, pieces, manifest })
    }
}

impl Parts {
    /// Adds bytes of the source, joined to those before them where they follow each other.
    fn copy(&mut self, range: Range<u64>) -> Result<()> {
        match self.0.last_mut() {
            _ if range.is_empty() => Ok(()),
            Some(Part::Copy(last)) if last.end == range.start => {
                last.end = range.end;
                Ok(())
            }
            _ => self.push(Part::Copy(range)),
        }
    }

    fn push(&mut self, part: Part) -> Result<()> {
        if self.0.len() == PIECES_MAX {
            return Err(MediaError::TooComplex);
        }
        self.0.push(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{facts, icc, scrub};
    use super::fixture::*;
    use super::*;

    fn kinds(manifest: &Manifest) -> Vec<RemovedKind> {
        manifest.removed.iter().map(|removed| removed.kind).collect()
    }

    fn canary_segment(marker: u8) -> Vec<u8> {
        segment(marker, CANARY)
    }

    #[test]
    fn a_clean_picture_comes_back_as_it_is() {
        for source in [plain(), progressive_with(&[])] {
            let (copy, manifest) = scrubbed(&source);
            assert_eq!(copy, source);
            assert_eq!(manifest.removed, []);
            assert!(!manifest.broken);
        }
    }

    #[test]
    fn no_segment_that_draws_nothing_survives_anywhere() {
        let others = (0xE0..=0xFE).chain(0x02..=0xBF).chain([0xC8, 0xDC, 0xDE, 0xDF]);
        for marker in others {
            let canary = canary_segment(marker);
            for source in [
                picture_with(&canary, &[], &[]),
                picture_with(&[], &canary, &[]),
                picture_with(&[], &[], &canary),
            ] {
                let (copy, manifest) = scrubbed(&source);
                assert_eq!(copy, plain(), "{marker:#04x}");
                assert_eq!(manifest.removed.len(), 1, "{marker:#04x}");
            }
            assert_eq!(scrubbed(&progressive_with(&canary)).0, progressive_with(&[]));
        }
    }

    #[test]
    fn known_blocks_lose_all_but_what_draws() {
        let long = |name: &[u8], len: usize| {
            let mut payload = name.to_vec();
            payload.resize(len, 0);
            [&payload, CANARY].concat()
        };
        for (marker, payload) in [
            (0xE0, long(b"JFIF\0\x01\x02", 14)),
            (0xEE, long(b"Adobe\0\x64", 12)),
            (0xE0, long(b"JFXX\0", 6)),
            (0xE2, long(b"MPF\0", 4)),
            (0xE2, long(b"ICC_PROFILE\0\x01\x01", 14)),
        ] {
            let (copy, _) = scrubbed(&picture_with(&segment(marker, &payload), &[], &[]));
            assert!(!sings(&copy), "{marker:#04x}");
            assert_eq!(scrubbed(&copy).0, copy);
        }
    }

    #[test]
    fn how_to_turn_the_picture_stays_and_nothing_else_of_exif() {
        for orientation in 2..=8 {
            let (copy, manifest) = scrubbed(&picture_with(&exif(orientation), &[], &[]));
            assert!(!sings(&copy));
            assert_eq!(facts(&copy).unwrap().orientation, Some(orientation));
            assert_eq!(copy.len(), plain().len() + 36);
            assert_eq!(kinds(&manifest), [RemovedKind::Exif]);
            let (again, manifest) = scrubbed(&copy);
            assert_eq!(again, copy);
            assert_eq!(manifest.removed, []);
        }
        for not_turned in [0, 1, 9] {
            assert_eq!(scrubbed(&picture_with(&exif(not_turned), &[], &[])).0, plain());
        }
    }

    #[test]
    fn xmp_turns_the_picture_only_where_exif_does_not() {
        let xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation=\"6\"/>");
        let (copy, _) = scrubbed(&picture_with(&xmp, &[], &[]));
        assert_eq!(facts(&copy).unwrap().orientation, Some(6));
        let both = [xmp, exif(3)].concat();
        let (copy, _) = scrubbed(&picture_with(&both, &[], &[]));
        assert_eq!(facts(&copy).unwrap().orientation, Some(3));
    }

    #[test]
    fn a_colour_profile_in_two_pieces_stays() {
        let profile = icc::smallest(&[0; 4]);
        let piece = |number: u8, bytes: &[u8]| {
            segment(0xE2, &[b"ICC_PROFILE\0", &[number, 2][..], bytes].concat())
        };
        let pieces = [piece(1, &profile[..20]), piece(2, &profile[20..])].concat();
        let source = picture_with(&pieces, &[], &[]);
        assert_eq!(scrubbed(&source).0, source);
        let half = picture_with(&piece(1, &profile[..20]), &[], &[]);
        assert_eq!(scrubbed(&half).0, plain());
    }

    #[test]
    fn tables_that_no_scan_uses_do_not_pass() {
        let mut hidden = dqt(3);
        hidden[10..][..CANARY.len()].copy_from_slice(CANARY);
        let mut replaced = dqt(0);
        replaced[10..][..CANARY.len()].copy_from_slice(CANARY);
        for unused in [hidden, replaced, dht(1, 2), segment(0xDD, b"CA")] {
            let twice = if unused[1] == 0xDD { segment(0xDD, &[0, 9]) } else { Vec::new() };
            let (copy, manifest) =
                scrubbed(&picture_with(&[unused, twice.clone()].concat(), &[], &[]));
            assert_eq!(copy, picture_with(&twice, &[], &[]));
            assert_eq!(kinds(&manifest), [RemovedKind::HiddenBytes]);
        }
    }

    #[test]
    fn what_stands_after_the_end_goes_and_is_named() {
        let video = [b"\0\0\0\x14ftypisom", CANARY].concat();
        let map = picture_with(&segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0"), &[], &[]);
        for (trailer, named) in [
            (CANARY.to_vec(), vec![RemovedKind::HiddenBytes]),
            (video.clone(), vec![RemovedKind::EmbeddedVideo]),
            (map, vec![RemovedKind::GainMap]),
            (
                [plain(), CANARY.to_vec(), video].concat(),
                vec![RemovedKind::Preview, RemovedKind::EmbeddedVideo, RemovedKind::HiddenBytes],
            ),
        ] {
            let (copy, manifest) = scrubbed(&[plain(), trailer.clone()].concat());
            assert_eq!(copy, plain());
            assert_eq!(kinds(&manifest), named);
            let bytes: u64 = manifest.removed.iter().map(|removed| removed.bytes).sum();
            assert_eq!(bytes, trailer.len() as u64);
        }
    }

    #[test]
    fn a_file_that_is_cut_short_is_closed_and_said_to_be_broken() {
        let source = plain();
        let (copy, manifest) = scrubbed(&source[..source.len() - 2]);
        assert_eq!(copy, source);
        assert!(manifest.broken);
    }

    #[test]
    fn bytes_between_segments_and_padding_go() {
        let (copy, manifest) =
            scrubbed(&picture_with(&[], &[CANARY, &[0xFF; 300_000]].concat(), &[0xFF, 0xFF]));
        assert_eq!(copy, plain());
        assert!(manifest.broken);
        assert_eq!(kinds(&manifest), [RemovedKind::HiddenBytes]);
    }

    #[test]
    fn a_part_of_the_picture_that_comes_twice_is_refused() {
        let [.., sos, data] = parts();
        let twice = picture_with(&[], &[], &[sos, data].concat());
        assert!(matches!(scrub(&twice), Err(MediaError::Malformed)));
        let again = progressive_with(&[super::fixture::sos(1, 0, 0, 0), vec![0]].concat());
        assert!(matches!(scrub(&again), Err(MediaError::Malformed)));
    }

    #[test]
    fn what_has_no_picture_or_one_that_nothing_draws_is_refused() {
        let [dqt, _, dc, ac, sos, data] = parts();
        let without_frame = [SOI, &dqt, &dc, &ac, &sos, &data, EOI].concat();
        let without_scan = [SOI, &dqt, &sof(0xC0, 40, 8, 1), EOI].concat();
        for source in [without_frame, without_scan, SOI.to_vec(), [SOI, EOI].concat()] {
            assert!(scrub(&source).is_err());
        }
        let lossless = [SOI, &dqt, &sof(0xC3, 40, 8, 1), &dc, &ac, &sos, &data, EOI].concat();
        assert!(matches!(scrub(&lossless), Err(MediaError::Unsupported)));
        // Its height would stand behind the scan.
        let dnl = segment(0xDC, &[0, 8]);
        let flat = [SOI, &dqt, &sof(0xC0, 40, 0, 1), &dc, &ac, &sos, &data, &dnl, EOI].concat();
        assert!(matches!(scrub(&flat), Err(MediaError::Unsupported)));
    }

    #[test]
    fn facts_come_from_before_between_or_behind_but_a_place_only_from_the_picture() {
        let turned = Facts { orientation: Some(5), ..Facts::default() };
        let behind = [plain(), picture_with(&exif(5), &[], &[])].concat();
        for source in [picture_with(&exif(5), &[], &[]), progressive_with(&exif(5)), behind] {
            assert_eq!(facts(&source).unwrap(), turned);
        }
    }

    /// A file with the canary in every hiding place at once.
    fn everything() -> Vec<u8> {
        let mut first = exif(6);
        for marker in (0xE0..=0xEF).chain([0xFE, 0xF3]) {
            first.extend(canary_segment(marker));
        }
        let last = [CANARY, &canary_segment(0xFE)].concat();
        [picture_with(&first, CANARY, &last), CANARY.to_vec(), plain()].concat()
    }

    #[test]
    fn no_cut_of_a_file_lets_the_canary_through() {
        let whole = everything();
        for len in 0..whole.len() {
            let source = whole[..len].to_vec();
            if let Ok(plan) = scrub(&source) {
                assert!(!sings(&output(&plan, &source)), "cut at {len}");
            }
        }
    }

    #[test]
    fn any_damage_gives_an_error_or_a_copy_that_scrubs_to_itself() {
        let seeds = [everything(), progressive_with(&exif(2))];
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        for round in 0..6000 {
            let mut source = seeds[round % 2].clone();
            for _ in 0..=next() % 4 {
                let at = (next() % source.len() as u64) as usize;
                match next() % 4 {
                    0 => source[at] ^= 1 << (next() % 8),
                    1 => source[at] = [0, 0xFF, 0xD9, 0xDA, 0xC4, 0xDB][(next() % 6) as usize],
                    2 => drop(source.drain(at..(at + 9).min(source.len() - 1))),
                    _ => source.insert(at, next() as u8),
                }
            }
            let _ = facts(&source);
            let Ok(plan) = scrub(&source) else { continue };
            let copy = output(&plan, &source);
            let again = scrub(&copy).unwrap();
            assert_eq!(output(&again, &copy), copy, "round {round}");
        }
    }
}
