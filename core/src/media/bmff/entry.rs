//! Sample descriptions: how a track is coded (ISO/IEC 14496-12 clause 8.5.2, QuickTime).
//!
//! A coding that is not on the list can't be walked, so the file is refused. Of one that is, the
//! sizes and the decoder's configuration stay; names of encoders and vendors do not.

use super::super::{MediaError, RemovedKind, Result};
use super::boxes::{Children, FourCc, Node, u16_at, u32_at};
use super::canvas::Canvas;
use super::codes::Video;
use super::nal::{Coding, Stream};
use super::{config, esds, extension};

/// How the samples of a track are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// Units of H.264 or HEVC.
    Units(Stream),
    /// Units of AV1.
    Av1,
    /// Sections of MPEG-4 Part 2, MPEG-1 or MPEG-2 behind start codes.
    Codes(Video),
    /// Nothing in there but pictures or sound.
    Opaque,
}

/// Video codings, and how they are walked.
const VIDEO: &[FourCc] = &[
    *b"avc1", *b"avc3", *b"dva1", *b"dvav", *b"hvc1", *b"hev1", *b"dvh1", *b"dvhe", *b"av01",
    *b"mp4v", *b"s263", *b"h263", *b"H263", *b"vp08", *b"vp09", *b"apch", *b"apcn", *b"apcs",
    *b"apco", *b"ap4h", *b"ap4x",
];
/// Sound codings.
pub(super) const SOUND: &[FourCc] = &[
    *b"mp4a", *b"samr", *b"sawb", *b"alac", *b"ac-3", *b"ec-3", *b"Opus", *b"fLaC", *b".mp3",
    *b"apac", *b"sowt", *b"twos", *b"lpcm", *b"raw ", *b"in24", *b"in32", *b"fl32", *b"fl64",
    *b"ulaw", *b"alaw", *b"ipcm", *b"fpcm",
];
/// Sound whose samples are all of one length that follows from channels and bits.
const LINEAR: &[FourCc] =
    &[*b"sowt", *b"twos", *b"raw ", *b"in24", *b"in32", *b"fl32", *b"fl64", *b"ulaw", *b"alaw"];

/// Boxes that say that a stream has units of Dolby Vision.
pub(super) const DOLBY: &[FourCc] = &[*b"dvcC", *b"dvvC", *b"dvwC"];

/// Length of a video description before its boxes.
const VIDEO_LEN: usize = 78;

/// What the descriptions of a track say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described {
    pub(super) walk: Walk,
    /// Bytes of a packet of sound and how many samples it has.
    pub(super) packet: Option<(u64, u64)>,
}

/// Reads the descriptions of a track. All must be walked alike.
pub(super) fn read(stsd: &Node<'_>, handler: FourCc) -> Result<Described> {
    let mut found: Option<Described> = None;
    for entry in stsd.children(8) {
        let entry = entry?;
        let described = if handler == *b"soun" { sound(&entry)? } else { video(&entry)? };
        if found.is_some_and(|found| found.walk != described.walk) {
            return Err(MediaError::TooComplex);
        }
        found = Some(described);
    }
    found.ok_or(MediaError::Malformed)
}

fn video(entry: &Node<'_>) -> Result<Described> {
    if !VIDEO.contains(&entry.kind) {
        return Err(MediaError::Unsupported);
    }
    let units = |coding, name: &FourCc| -> Result<Walk> {
        let children = || entry.children(VIDEO_LEN).flatten();
        let dolby = children().any(|child| DOLBY.contains(&child.kind));
        let config = children().find(|child| child.kind == *name).ok_or(MediaError::Malformed)?;
        let prefix = config::unit_prefix(*name, config.body)?;
        Ok(Walk::Units(Stream { coding, prefix, dolby }))
    };
    let walk = match &entry.kind {
        b"avc1" | b"avc3" | b"dva1" | b"dvav" => units(Coding::Avc, b"avcC")?,
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => units(Coding::Hevc, b"hvcC")?,
        b"av01" => Walk::Av1,
        b"mp4v" => Walk::Codes(mpeg(entry)?),
        _ => Walk::Opaque,
    };
    Ok(Described { walk, packet: None })
}

/// Which coding an `mp4v` description means. Pictures that are each a JPEG or PNG are not walked.
fn mpeg(entry: &Node<'_>) -> Result<Video> {
    let mut children = entry.children(VIDEO_LEN).flatten();
    match children.find(|child| child.kind == *b"esds") {
        Some(esds) => Video::of(esds::coding(esds.body)?).ok_or(MediaError::Unsupported),
        None => Ok(Video::Mpeg4),
    }
}

fn sound(entry: &Node<'_>) -> Result<Described> {
    if !SOUND.contains(&entry.kind) {
        return Err(MediaError::Unsupported);
    }
    let body = entry.body;
    let number = |at| u32_at(body, at).map(u64::from);
    let packet = match u16_at(body, 8)? {
        1 => Some((number(36)?, number(28)?)),
        2 => Some((number(56)?, number(60)?)),
        _ if LINEAR.contains(&entry.kind) => {
            let bits = match &entry.kind {
                b"ulaw" | b"alaw" => 8,
                b"in24" => 24,
                b"in32" | b"fl32" => 32,
                b"fl64" => 64,
                _ => u64::from(u16_at(body, 18)?),
            };
            Some((u64::from(u16_at(body, 16)?) * bits.div_ceil(8), 1))
        }
        _ => None,
    };
    let packet = packet.filter(|&(bytes, samples)| bytes > 0 && samples > 0);
    Ok(Described { walk: Walk::Opaque, packet })
}

/// Draws the sample descriptions of a track.
pub(super) fn draw(stsd: &Node<'_>, handler: FourCc, canvas: &mut Canvas) -> Result<()> {
    canvas.keep_header(stsd);
    canvas.keep(stsd.body_at()..stsd.body_at() + 8);
    for entry in stsd.children(8) {
        let entry = entry?;
        let fields = if handler == *b"soun" {
            sound_fields(&entry, canvas)?
        } else {
            video_fields(&entry, canvas)?
        };
        let coding = extension::Coding::of(&entry, handler == *b"soun");
        extension::draw(entry.children(fields), coding, canvas)?;
    }
    Ok(())
}

/// Draws the fields of a video description; gives their length.
fn video_fields(entry: &Node<'_>, canvas: &mut Canvas) -> Result<usize> {
    let body = entry.body.get(..VIDEO_LEN).ok_or(MediaError::Malformed)?;
    let at = entry.body_at();
    canvas.keep_header(entry);
    canvas.keep(at..at + VIDEO_LEN as u64);
    // Vendor and qualities; the name of the encoder.
    for (start, end) in [(0, 6), (12, 24), (42, 74)] {
        if body[start..end].iter().any(|&byte| byte != 0) {
            canvas.manifest.remove(RemovedKind::Device, (end - start) as u64);
            canvas.blank(at + start as u64..at + end as u64);
        }
    }
    Ok(VIDEO_LEN)
}

/// Draws the fields of a sound description; gives their length, which its version tells.
fn sound_fields(entry: &Node<'_>, canvas: &mut Canvas) -> Result<usize> {
    let len = match u16_at(entry.body, 8)? {
        0 => 28,
        1 => 44,
        2 => 64,
        _ => return Err(MediaError::Malformed),
    };
    // ISO files may state a newer version and still have the old fields only.
    let len = if has_boxes_at(entry, len) { len } else { 28 };
    let body = entry.body.get(..len).ok_or(MediaError::Malformed)?;
    let at = entry.body_at();
    canvas.keep_header(entry);
    canvas.keep(at..at + len as u64);
    for (start, end) in [(0, 6), (12, 16)] {
        if body[start..end].iter().any(|&byte| byte != 0) {
            canvas.manifest.remove(RemovedKind::Device, (end - start) as u64);
            canvas.blank(at + start as u64..at + end as u64);
        }
    }
    Ok(len)
}

fn has_boxes_at(entry: &Node<'_>, at: usize) -> bool {
    let Some(rest) = entry.body.get(at..) else { return false };
    rest.len() < 8 || Children::of(rest, 0).all(|child| child.is_ok())
}
