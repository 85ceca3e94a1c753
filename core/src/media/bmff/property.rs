//! Which properties of an item may stay, and in which form (ISO/IEC 23008-12 clause 6.5, MIAF).
//!
//! Properties are numbered by their place, so one that goes becomes a `free` property of the same
//! length. Of one that stays only the bytes that its format defines are kept.

use super::super::{Manifest, MediaError, Result};
use super::boxes::{Node, array_at, u32_at};
use super::config;

/// Auxiliary pictures that belong to the picture: how transparent it is.
pub(super) const ALPHA: &[&[u8]] = &[
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
    b"urn:mpeg:avc:2015:auxid:1",
];

/// Auxiliary pictures that brighten the picture on screens that can; kept where numbers say how.
const GAIN_MAP: &[&[u8]] =
    &[b"urn:com:apple:photo:2020:aux:hdrgainmap", b"urn:com:samsung:photo:2024:aux:hdrgainmap"];

/// What an auxiliary picture is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Auxiliary {
    Alpha,
    GainMap,
    /// Depth, mattes and whatever else is not drawn.
    Other,
}

/// Most channels of a picture: colours, and room for more than any coding has.
const MAX_CHANNELS: u8 = 8;

/// Reads what an `auxC` property says.
pub(super) fn auxiliary(property: &Node<'_>) -> Auxiliary {
    let name = auxiliary_name(property.body);
    match name {
        _ if ALPHA.contains(&name) => Auxiliary::Alpha,
        _ if GAIN_MAP.contains(&name) => Auxiliary::GainMap,
        _ => Auxiliary::Other,
    }
}

fn auxiliary_name(body: &[u8]) -> &[u8] {
    let text = body.get(4..).unwrap_or_default();
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The body of a property that may stay, of the same length; `None` if it must not. What a colour
/// profile loses is noted here.
pub(super) fn clean(property: &Node<'_>, manifest: &mut Manifest) -> Result<Option<Vec<u8>>> {
    let mut body = property.body.to_vec();
    let len = match &property.kind {
        b"ispe" => 12,
        b"pixi" => match array_at::<5>(&body, 0)?[4] {
            channels @ 0..=MAX_CHANNELS => 5 + usize::from(channels),
            _ => return Ok(None),
        },
        b"irot" | b"imir" | b"a1op" => 1,
        b"a1lx" => {
            if array_at::<1>(&body, 0)?[0] & 1 == 0 {
                7
            } else {
                13
            }
        }
        b"lsel" => 2,
        b"clap" => 32,
        b"pasp" | b"amve" => 8,
        b"clli" => 4,
        b"mdcv" => 24,
        b"cclv" => content_colour_volume(&body)?,
        b"colr" => match config::clean_colour(&mut body, manifest)? {
            true => body.len(),
            false => return Ok(None),
        },
        b"auxC" if auxiliary(property) != Auxiliary::Other => 5 + auxiliary_name(&body).len(),
        b"hvcC" | b"avcC" | b"av1C" => {
            config::clean(property.kind, &mut body)?;
            body.len()
        }
        _ => return Ok(None),
    };
    body.get_mut(len..).ok_or(MediaError::Malformed)?.fill(0);
    Ok(Some(body))
}

/// Length of a content colour volume, whose flags say which numbers follow.
fn content_colour_volume(body: &[u8]) -> Result<usize> {
    let flags = array_at::<1>(body, 0)?[0];
    let parts = [(0x20, 24), (0x10, 4), (0x08, 4), (0x04, 4)];
    Ok(1 + parts.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, len)| len).sum::<usize>())
}

/// Whether a property changes how the picture is drawn in a way that we do not know.
pub(super) fn is_needed(property: &Node<'_>, essential: bool) -> bool {
    // A profile that can't be understood, and so does not pass, no reader understands either.
    let goes = [*b"udes", *b"altt", *b"free", *b"skip", *b"uuid", *b"colr"];
    essential && !goes.contains(&property.kind)
}

/// Whether `payload` is a tone map of ISO 21496-1 and nothing else: versions, flags, and fractions
/// for one or three colours.
pub(super) fn is_tone_map(payload: &[u8]) -> bool {
    let channels = match payload.get(5) {
        Some(flags) if flags & 0x80 != 0 => 3,
        Some(_) => 1,
        None => return false,
    };
    payload[0] == 0
        && u32_at(payload, 1).is_ok_and(|versions| versions == 0)
        && payload.len() == 22 + 40 * channels
}
