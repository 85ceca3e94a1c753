//! Walking the start codes of MPEG-4 Part 2, MPEG-1 and MPEG-2 video (ISO/IEC 14496-2, 13818-2).
//!
//! Such a stream is a row of sections, each behind `00 00 01` and a code. A picture can't hold
//! those three bytes, so a section ends where the next one begins, wherever a sample hides it.
//! Sections that are not on the list (user data above all) and what stands behind the end of a
//! short one become zeros, which may stand in front of any code.

use std::ops::Range;

use memchr::memmem;

use super::super::{MediaError, ReadAt, RemovedKind, Result};
use super::canvas::Canvas;
use super::user_data;
use super::window::Window;

/// Which video coding a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Video {
    /// MPEG-1 and MPEG-2.
    Mpeg2,
    /// MPEG-4 Part 2.
    Mpeg4,
}

/// Most sections of one file. Ten hours of MPEG-2 with one section for each picture and each of 15
/// rows are 16 million; MPEG-4 has one or two for each picture.
const MAX_SECTIONS: u64 = 16_000_000;
/// How much of a sample is looked at at once.
const CHUNK: u64 = 64 * 1024;
const PREFIX: &[u8] = b"\0\0\x01";
const CODE_LEN: u64 = 4;
const USER_DATA: u8 = 0xB2;
/// Longest name of an encoder, with some zeros.
const MAX_NAME: u64 = 32;

impl Video {
    /// The coding with this object type of MPEG-4 systems; none if it is another one.
    pub(super) fn of(object_type: u8) -> Option<Self> {
        match object_type {
            0x20 => Some(Self::Mpeg4),
            0x60..=0x65 | 0x6A => Some(Self::Mpeg2),
            _ => None,
        }
    }

    /// The most bytes that a section has behind its code; none if it must not stay.
    fn room(self, code: u8) -> Option<u64> {
        match (self, code) {
            // An object has no fields; its layer has two matrices of 64 and some fields.
            (Self::Mpeg4, 0..=0x1F) => Some(0),
            (Self::Mpeg4, 0x20..=0x2F) => Some(192),
            // The sequence and its end, a group of pictures, an object of what kind.
            (Self::Mpeg4, 0xB0) => Some(1),
            (Self::Mpeg4, 0xB1) | (Self::Mpeg2, 0xB7) => Some(0),
            (Self::Mpeg4, 0xB3) => Some(3),
            (Self::Mpeg4, 0xB5) => Some(8),
            // The head of a picture, of a sequence with two matrices, four more, a group.
            (Self::Mpeg2, 0) => Some(8),
            (Self::Mpeg2, 0xB3) => Some(136),
            (Self::Mpeg2, 0xB5) => Some(264),
            (Self::Mpeg2, 0xB8) => Some(4),
            // Pictures and slices.
            (Self::Mpeg4, 0xB6) | (Self::Mpeg2, 1..=0xAF) => Some(u64::MAX),
            _ => None,
        }
    }
}

/// Walks streams and writes onto the canvas what must not stay.
pub(super) struct Scanner<'a> {
    window: Window<'a>,
    /// For second looks, which would move the other window.
    glass: Window<'a>,
    sections: u64,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        Self { window: Window::new(source), glass: Window::new(source), sections: 0 }
    }

    /// Walks the sections of one sample.
    pub(super) fn sample(
        &mut self,
        sample: Range<u64>,
        video: Video,
        canvas: &mut Canvas,
    ) -> Result<()> {
        self.walk(sample, video, &mut |hidden| {
            canvas.manifest.remove(RemovedKind::Other, hidden.end - hidden.start);
            canvas.blank_coded(hidden);
        })
    }

    /// Tells `hide` what of `sample` must not stay.
    fn walk(
        &mut self,
        sample: Range<u64>,
        video: Video,
        hide: &mut dyn FnMut(Range<u64>),
    ) -> Result<()> {
        let finder = memmem::Finder::new(PREFIX);
        let (mut start, mut code) = (sample.start, None);
        let mut at = sample.start;
        while at < sample.end {
            let count = (sample.end - at).min(CHUNK);
            let chunk = self.window.bytes(at, count as usize)?;
            for found in finder.find_iter(chunk) {
                // A code that does not stand here wholly stands in the next chunk.
                let Some(&next) = chunk.get(found + PREFIX.len()) else { break };
                self.sections += 1;
                if self.sections > MAX_SECTIONS {
                    return Err(MediaError::TooComplex);
                }
                let end = at + found as u64;
                hidden(&mut self.glass, start..end, code, video)?.into_iter().for_each(&mut *hide);
                (start, code) = (end, Some(next));
            }
            if at + count == sample.end {
                break;
            }
            at += count - PREFIX.len() as u64;
        }
        hidden(&mut self.glass, start..sample.end, code, video)?.into_iter().for_each(hide);
        Ok(())
    }
}

/// Which part of a section must not stay.
fn hidden(
    window: &mut Window<'_>,
    section: Range<u64>,
    code: Option<u8>,
    video: Video,
) -> Result<Option<Range<u64>>> {
    let len = section.end - section.start;
    let Some(code) = code else {
        // In front of the first code.
        let head = window.bytes(section.start, len.min(3) as usize)?;
        let is_known = video == Video::Mpeg4 && is_without_codes(head, len);
        let passes = is_known || window.is_all(0, section.start, section.end)?;
        return Ok((!passes).then_some(section));
    };
    if code == USER_DATA && video == Video::Mpeg4 {
        let text = section.start + CODE_LEN..section.end;
        let head = text.start..text.end.min(text.start + MAX_NAME);
        let name = window.bytes(head.start, (head.end - head.start) as usize)?;
        let zeros = name.iter().rev().take_while(|&&byte| byte == 0).count();
        let passes = user_data::is_encoder_name(&name[..name.len() - zeros])
            && window.is_all(0, head.end, text.end)?;
        return Ok((!passes).then_some(section));
    }
    let Some(room) = video.room(code) else { return Ok(Some(section)) };
    let tail = section.start + CODE_LEN.saturating_add(room).min(len)..section.end;
    let passes = window.is_all(0, tail.start, tail.end)?;
    Ok((!passes).then_some(tail))
}

/// Whether a sample is a picture that has no codes: one with the short header of H.263, or the one
/// byte with which some writers say that nothing changed.
fn is_without_codes(head: &[u8], len: u64) -> bool {
    matches!(head, [0, 0, 0x80..=0x83]) || (head == [0x7F] && len == 1)
}

/// Blanks what must not stay among headers in memory (a decoder's settings).
pub(super) fn clean_headers(headers: &mut [u8], video: Video) -> Result<()> {
    let source = headers.to_vec();
    let mut scanner = Scanner::new(&source);
    scanner.walk(0..headers.len() as u64, video, &mut |hidden| {
        headers[hidden.start as usize..hidden.end as usize].fill(0);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &[u8] = b"CANARY";
    const PICTURE: &[u8] = b"\0\0\x01\xB6picture";
    const NAME: &[u8] = b"\0\0\x01\xB2Lavc59.37.100";

    fn note(len: usize) -> Vec<u8> {
        [b"\0\0\x01\xB2", &CANARY.repeat(len / 6 + 1)[..len]].concat()
    }

    /// Cleans `parts` and checks that nothing but zeros stands where no other part stands.
    fn clean(parts: &[&[u8]], stays: &[&[u8]], video: Video) {
        let mut bytes = parts.concat();
        clean_headers(&mut bytes, video).unwrap();
        let once = bytes.clone();
        clean_headers(&mut bytes, video).unwrap();
        assert_eq!(bytes, once, "cleaning twice changes nothing");
        assert!(memmem::find(&bytes, &CANARY[..4]).is_none());
        let mut at = 0;
        for part in stays {
            let found = memmem::find(&bytes[at..], part).unwrap();
            assert!(bytes[at..at + found].iter().all(|&byte| byte == 0));
            at += found + part.len();
        }
        assert!(bytes[at..].iter().all(|&byte| byte == 0), "{:?}", bytes[at..].escape_ascii());
    }

    #[test]
    fn user_data_goes_wherever_it_stands_and_however_long_it_is() {
        let stays = [NAME, PICTURE, PICTURE];
        for len in [1, 6, 28, 1100, 65_530, 65_536, 200_000] {
            let note = note(len);
            clean(&[&note, NAME, PICTURE, PICTURE], &stays, Video::Mpeg4);
            clean(&[NAME, &note, PICTURE, PICTURE], &stays, Video::Mpeg4);
            clean(&[NAME, PICTURE, &note, PICTURE], &stays, Video::Mpeg4);
            clean(&[NAME, PICTURE, PICTURE, &note], &stays, Video::Mpeg4);
        }
        let filler = vec![7; 65_525];
        for cut in 0..16 {
            let long = [PICTURE, &filler[cut..]].concat();
            clean(&[&long, &note(99), PICTURE], &[&long, PICTURE], Video::Mpeg4);
        }
    }

    #[test]
    fn what_is_no_section_of_a_picture_goes() {
        clean(&[CANARY, PICTURE], &[PICTURE], Video::Mpeg4);
        for code in [0xB4, 0xB7, 0xC6, 0xFF] {
            clean(&[&[0, 0, 1, code], CANARY, PICTURE], &[PICTURE], Video::Mpeg4);
        }
        clean(&[b"\0\0\x01\xB1", CANARY], &[b"\0\0\x01\xB1"], Video::Mpeg4);
        let object = b"\0\0\x01\x05\0\0\x01\xB0\xF5";
        clean(&[object, CANARY, PICTURE], &[object, PICTURE], Video::Mpeg4);
    }

    #[test]
    fn a_name_with_words_is_no_name() {
        clean(&[NAME, b" CANARY", PICTURE], &[PICTURE], Video::Mpeg4);
        clean(&[NAME, &[0; 40], CANARY, PICTURE], &[PICTURE], Video::Mpeg4);
    }

    #[test]
    fn pictures_without_codes_stay() {
        for picture in [&b"\0\0\x80\x02picture"[..], b"\x7F"] {
            clean(&[picture], &[picture], Video::Mpeg4);
        }
    }

    #[test]
    fn mpeg_2_has_its_own_list() {
        let stays =
            [&b"\0\0\x01\xB3seq"[..], b"\0\0\x01\0pic", b"\0\0\x01\x01slice", b"\0\0\x01\xAFslice"];
        let parts = [stays[0], &note(2000), stays[1], stays[2], &note(9), stays[3]];
        clean(&parts, &stays, Video::Mpeg2);
        clean(&[NAME, b"CANARY", stays[2]], &stays[2..3], Video::Mpeg2);
    }
}
