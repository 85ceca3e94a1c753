//! The boxes inside a sample description: settings of its coding, and how to show or play it.
//!
//! Each stays once, in descriptions of its own coding only, and no longer than its format says.

use std::ops::Range;

use super::super::{MediaError, RemovedKind, Result};
use super::boxes::{FourCc, Node, u16_at, u32_at};
use super::canvas::Canvas;
use super::entry::{DOLBY, SOUND};
use super::{config, esds, leaf, property};

/// Codings of H.264 and HEVC.
const AVC: &[FourCc] = &[*b"avc1", *b"avc3", *b"dva1", *b"dvav"];
const HEVC: &[FourCc] = &[*b"hvc1", *b"hev1", *b"dvh1", *b"dvhe"];

/// Boxes of any video, and of any sound.
const SHOWN: &[&[u8]] = &[
    b"colr", b"pasp", b"clap", b"fiel", b"gama", b"clli", b"mdcv", b"SmDm", b"CoLL", b"amve",
    b"btrt", b"ccst", b"auxi",
];
const PLAYED: &[&[u8]] = &[b"wave", b"chan", b"chnl", b"btrt"];

/// Longest colour profile; those of printing presses reach some 3 MB.
const MAX_PROFILE: usize = 4 * 1024 * 1024;
/// Most channels of sound that are described one by one.
const MAX_CHANNELS: usize = 64;

/// Most boxes of a description of compressed sound; writers leave four or five.
const MAX_PARTS: usize = 16;

/// A sample description as its boxes see it.
#[derive(Clone, Copy)]
pub(super) struct Coding {
    kind: FourCc,
    is_sound: bool,
    channels: usize,
}

impl Coding {
    pub(super) fn of(entry: &Node<'_>, is_sound: bool) -> Self {
        let channels = match u16_at(entry.body, 8) {
            Ok(2) => u32_at(entry.body, 40).unwrap_or(0) as usize,
            _ => u16_at(entry.body, 16).unwrap_or(0).into(),
        };
        Self { kind: entry.kind, is_sound, channels: channels.min(MAX_CHANNELS) }
    }

    /// Whether a box of this kind may stand in the description.
    fn has(self, kind: FourCc) -> bool {
        let own: &[FourCc] = match &kind {
            b"avcC" => AVC,
            b"hvcC" | b"hvcE" | b"lhvC" => HEVC,
            b"av1C" => &[*b"av01"],
            b"vpcC" => &[*b"vp08", *b"vp09"],
            b"d263" => &[*b"s263", *b"h263", *b"H263"],
            b"esds" => &[*b"mp4v", *b"mp4a"],
            b"damr" => &[*b"samr", *b"sawb"],
            b"alac" => &[*b"alac"],
            b"dOps" => &[*b"Opus"],
            b"dfLa" => &[*b"fLaC"],
            b"dac3" => &[*b"ac-3"],
            b"dec3" => &[*b"ec-3"],
            b"pcmC" => &[*b"ipcm", *b"fpcm"],
            kind if DOLBY.contains(kind) => {
                return AVC.contains(&self.kind)
                    || HEVC.contains(&self.kind)
                    || self.kind == *b"av01";
            }
            kind => {
                let any = if self.is_sound { PLAYED } else { SHOWN };
                return any.contains(&kind.as_slice());
            }
        };
        own.contains(&self.kind)
    }
}

/// Draws the boxes of a sample description.
pub(super) fn draw<'a>(
    boxes: impl Iterator<Item = Result<Node<'a>>>,
    coding: Coding,
    canvas: &mut Canvas,
) -> Result<()> {
    let mut seen = Vec::new();
    for node in boxes {
        let node = node?;
        // One description of colours in numbers, and one by a profile.
        let profile = node.kind == *b"colr" && !node.body.starts_with(b"ncl");
        let key = (node.kind, profile);
        if !coding.has(node.kind) || seen.contains(&key) {
            leaf::drop_box(&node, RemovedKind::Other, canvas)?;
            continue;
        }
        seen.push(key);
        extension(&node, coding, canvas)?;
    }
    Ok(())
}

fn extension(node: &Node<'_>, coding: Coding, canvas: &mut Canvas) -> Result<()> {
    let len = match &node.kind {
        b"avcC" | b"hvcC" | b"hvcE" | b"lhvC" | b"av1C" => return configuration(node, canvas),
        b"esds" => return esds::draw(node, canvas),
        b"wave" => return wave(node, coding, canvas),
        b"colr" => return colour(node, canvas),
        b"damr" => return vendor(node, 4..6, 9, canvas),
        b"d263" => return vendor(node, 4..5, 7, canvas),
        _ => len(node, coding)?,
    };
    match len.filter(|&len| len <= node.body.len()) {
        Some(len) => leaf::keep_first(node, len, canvas),
        None => leaf::drop_box(node, RemovedKind::Other, canvas)?,
    }
    Ok(())
}

/// The length of a box of plain settings; none if it is not what its kind says.
fn len(node: &Node<'_>, coding: Coding) -> Result<Option<usize>> {
    let body = node.body;
    let byte = |at: usize| body.get(at).copied().map_or(0, usize::from);
    let len = match &node.kind {
        b"dfLa" => config::flac(body)?,
        b"vpcC" | b"btrt" => 12,
        // Five bytes, and so many that are reserved.
        b"dvcC" | b"dvvC" | b"dvwC" => 5,
        b"alac" => 28,
        b"pasp" | b"amve" | b"ccst" | b"CoLL" => 8,
        b"clap" => 32,
        b"fiel" => 2,
        b"gama" | b"clli" => 4,
        b"mdcv" => 24,
        b"SmDm" => 28,
        b"dac3" => 3,
        b"pcmC" => 6,
        b"dOps" if byte(10) == 0 => 11,
        b"dOps" => 13 + byte(1),
        b"dec3" => enhanced_ac3(body),
        b"chan" => {
            let count = u32_at(body, 12)? as usize;
            return Ok((count <= coding.channels).then_some(16 + 20 * count));
        }
        // A layout, and up to three bytes for each channel.
        b"chnl" => body.len().min(14 + 3 * coding.channels),
        b"auxi" => {
            let name = body.get(4..).unwrap_or_default();
            let known = property::ALPHA.iter().find(|known| name.starts_with(known));
            return Ok(known.map(|known| 4 + known.len()));
        }
        _ => return Ok(None),
    };
    Ok(Some(len))
}

/// The length of settings of E-AC-3: two bytes, three or four for each of its streams, and two if
/// it has objects.
fn enhanced_ac3(body: &[u8]) -> usize {
    let byte = |at: usize| body.get(at).copied().unwrap_or(0);
    let mut at = 2;
    for _ in 0..=byte(1) & 7 {
        at += if byte(at + 2) >> 1 & 15 == 0 { 3 } else { 4 };
    }
    if byte(at) == 1 { at + 2 } else { at }
}

/// Draws a colour description: numbers, or a profile without its words.
fn colour(node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
    let mut body = node.body.to_vec();
    if body.len() > MAX_PROFILE || !config::clean_colour(&mut body, &mut canvas.manifest)? {
        return leaf::drop_box(node, RemovedKind::Other, canvas);
    }
    keep_clean(node, body, canvas);
    Ok(())
}

/// Draws QuickTime's description of compressed sound.
fn wave(node: &Node<'_>, coding: Coding, canvas: &mut Canvas) -> Result<()> {
    canvas.keep_header(node);
    let mut seen = Vec::new();
    for child in node.children(0) {
        let child = child?;
        let again = seen.contains(&child.kind) || seen.len() == MAX_PARTS;
        match &child.kind {
            _ if again => leaf::drop_box(&child, RemovedKind::Other, canvas)?,
            b"frma" if SOUND.iter().any(|kind| child.body.starts_with(kind)) => {
                leaf::keep_first(&child, 4, canvas);
            }
            b"enda" if child.body.len() >= 2 => leaf::keep_first(&child, 2, canvas),
            // The end of the list.
            b"\0\0\0\0" => leaf::keep_first(&child, 0, canvas),
            b"esds" | b"alac" | b"chan" | b"damr" if coding.has(child.kind) => {
                extension(&child, coding, canvas)?;
            }
            // A short box of the coding's own name, which says nothing.
            b"mp4a" | b"samr" | b"sawb" | b"ac-3" if child.body.len() <= 4 => {
                leaf::keep_first(&child, 0, canvas);
            }
            _ => leaf::drop_box(&child, RemovedKind::Other, canvas)?,
        }
        if !again {
            seen.push(child.kind);
        }
    }
    Ok(())
}

/// Keeps settings of `len` bytes that start with the name of a vendor and a version.
fn vendor(node: &Node<'_>, version: Range<usize>, len: usize, canvas: &mut Canvas) -> Result<()> {
    let end = version.end - 1;
    if node.body.len() < len {
        return Err(MediaError::Malformed);
    }
    leaf::keep_first(node, len, canvas);
    if node.body[..end].iter().any(|&byte| byte != 0) {
        canvas.manifest.remove(RemovedKind::Device, end as u64);
        canvas.blank(node.body_at()..node.body_at() + end as u64);
    }
    Ok(())
}

/// Draws a decoder's configuration without notes.
fn configuration(node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
    let mut body = node.body.to_vec();
    let blanked = config::clean(node.kind, &mut body)?;
    if blanked > 0 {
        canvas.manifest.remove(RemovedKind::Other, blanked);
    }
    keep_clean(node, body, canvas);
    Ok(())
}

/// Keeps a box whose body is `clean` now.
fn keep_clean(node: &Node<'_>, clean: Vec<u8>, canvas: &mut Canvas) {
    canvas.keep_header(node);
    if clean == node.body {
        canvas.keep(node.body_at()..node.end());
    } else {
        canvas.put(node.body_at(), clean);
    }
}
