//! The elementary stream descriptor of MPEG-4 (ISO/IEC 14496-1 clause 7.2.6).
//!
//! Descriptors nest. Three are needed: the stream, its decoder and the decoder's own settings (plus
//! a constant about synchronisation). Others can hold languages, rights and words: those are zeroed
//! where they stand, with their length kept, by making them of a type that nobody reads.

use std::ops::Range;

use super::super::{MediaError, RemovedKind, Result};
use super::asc;
use super::boxes::Node;
use super::canvas::Canvas;
use super::codes::{self, Video};

const STREAM: u8 = 3;
const DECODER: u8 = 4;
const SETTINGS: u8 = 5;
const SYNC: u8 = 6;
/// A type that MPEG-4 leaves to users and every reader passes over.
const UNUSED: u8 = 0xFE;

/// Longest settings of sound that is not AAC.
const MAX_SETTINGS: usize = 64;
/// Most parts of one kind on one level, so that a row of empty ones takes no time.
const MAX_PARTS: usize = 64;

/// Draws an `esds` box.
pub(super) fn draw(node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
    let mut body = node.body.to_vec();
    let end = clean(&mut body)?;
    body[end..].fill(0);
    let changed = body.iter().zip(node.body).filter(|(new, old)| new != old).count();
    canvas.keep_header(node);
    if changed == 0 {
        canvas.keep(node.body_at()..node.end());
    } else {
        canvas.manifest.remove(RemovedKind::Other, changed as u64);
        canvas.put(node.body_at(), body);
    }
    Ok(())
}

/// The object type: which coding the decoder is for.
pub(super) fn coding(body: &[u8]) -> Result<u8> {
    let (_, stream) = part(body, 4, body.len())?;
    let mut at = stream.start + 3;
    for _ in 0..MAX_PARTS {
        let (kind, inner) = part(body, at, stream.end)?;
        if kind == DECODER {
            return body.get(inner.start).copied().ok_or(MediaError::Malformed);
        }
        at = inner.end;
    }
    Err(MediaError::Malformed)
}

/// Cleans the body in place; gives its end.
fn clean(body: &mut [u8]) -> Result<usize> {
    let (kind, stream) = part(body, 4, body.len())?;
    if kind != STREAM {
        return Err(MediaError::Malformed);
    }
    let flags = *body.get(stream.start + 2).ok_or(MediaError::Malformed)?;
    let mut at = stream.start + 3;
    // The address of a stream elsewhere, and dependence on other streams: not in files of phones.
    if flags & 0xE0 != 0 {
        return Err(MediaError::Unsupported);
    }
    let (mut coding, mut has_sync) = (0, false);
    for _ in 0..MAX_PARTS {
        if at >= stream.end {
            break;
        }
        let (kind, inner) = part(body, at, stream.end)?;
        match kind {
            DECODER if coding == 0 => {
                coding = *body.get(inner.start).ok_or(MediaError::Malformed)?;
                decoder(body, inner.clone(), coding)?;
            }
            // A constant; what could stand instead is not for files.
            SYNC if !has_sync => {
                has_sync = true;
                let tail = (inner.start + 1).min(inner.end)..inner.end;
                body[tail].fill(0);
            }
            _ => blank(body, at, inner.clone()),
        }
        at = inner.end;
    }
    if coding == 0 || at < stream.end { Err(MediaError::Malformed) } else { Ok(stream.end) }
}

/// Cleans the parts of a decoder's descriptor behind its thirteen bytes.
fn decoder(body: &mut [u8], range: Range<usize>, coding: u8) -> Result<()> {
    let mut at = range.start + 13;
    let mut has_settings = false;
    for _ in 0..MAX_PARTS {
        if at >= range.end {
            break;
        }
        let (kind, inner) = part(body, at, range.end)?;
        match kind {
            SETTINGS if !has_settings => {
                has_settings = true;
                settings(&mut body[inner.clone()], coding)?;
            }
            _ => blank(body, at, inner.clone()),
        }
        at = inner.end;
    }
    if at < range.end { Err(MediaError::Malformed) } else { Ok(()) }
}

/// Cleans the decoder's own settings.
fn settings(settings: &mut [u8], coding: u8) -> Result<()> {
    if let Some(video) = Video::of(coding) {
        return codes::clean_headers(settings, video);
    }
    match coding {
        // AAC of MPEG-4 and of MPEG-2.
        0x40 | 0x66..=0x68 => asc::clean(settings),
        // MP3, AC-3, DTS, whose packets say it all.
        0x69 | 0x6B | 0xA5 | 0xA6 | 0xA9 => settings.fill(0),
        _ => {
            let room = MAX_SETTINGS.min(settings.len());
            settings[room..].fill(0);
        }
    }
    Ok(())
}

/// The type of the part at `at`, and where its content is.
fn part(body: &[u8], at: usize, end: usize) -> Result<(u8, Range<usize>)> {
    let kind = *body.get(at).ok_or(MediaError::Malformed)?;
    let mut len = 0;
    for index in 1..=4 {
        let byte = *body.get(at + index).ok_or(MediaError::Malformed)?;
        len = len << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            let start = at + index + 1;
            return match start + len {
                stop if stop <= end => Ok((kind, start..stop)),
                _ => Err(MediaError::Malformed),
            };
        }
    }
    Err(MediaError::Malformed)
}

/// Makes the part at `at` one that says nothing.
fn blank(body: &mut [u8], at: usize, content: Range<usize>) {
    body[at] = UNUSED;
    body[content].fill(0);
}
