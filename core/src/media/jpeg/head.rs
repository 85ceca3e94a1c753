//! What of a JPEG's application segments is needed to draw the picture, rebuilt clean.
//!
//! Four things: JFIF's density and Adobe's transform, both of which also say how colours are
//! coded, the colour profile (ICC.1, annex B.4) and how to turn the picture. All else goes, and is
//! noted by what it was.

use memchr::memmem;

use super::super::{Facts, Manifest, MediaError, RemovedKind, Result, exif, icc};
use super::segment;

const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP11: u8 = 0xEB;
const APP13: u8 = 0xED;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;

const JFIF: &[u8] = b"JFIF\0";
const EXIF: &[u8] = b"Exif\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const ADOBE: &[u8] = b"Adobe";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_MORE: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";

/// The longest colour profile in all its pieces; those of printing presses reach some 3 MB.
const PROFILE_MAX: usize = 4 << 20;

/// What the application segments before the first scan told.
#[derive(Default)]
pub(super) struct Head {
    jfif: Option<[u8; 14]>,
    adobe: Option<[u8; 12]>,
    /// The first Exif block's facts.
    exif: Option<Facts>,
    /// How XMP would turn the picture, which counts where Exif does not say it.
    xmp_orientation: Option<u16>,
    icc: Profile,
    /// Whether a gain map is announced, so that a second picture in the file is one.
    pub(super) gain_map: bool,
}

impl Head {
    /// Reads a segment before the first scan: keeps what the picture needs, notes the rest.
    pub(super) fn take(
        &mut self,
        marker: u8,
        payload: &[u8],
        manifest: &mut Manifest,
    ) -> Result<()> {
        match marker {
            APP0 if self.jfif.is_none() && payload.len() >= 14 && payload.starts_with(JFIF) => {
                self.jfif = payload.first_chunk().map(clean_jfif);
                note(manifest, RemovedKind::Preview, &payload[14..]);
            }
            APP14 if payload.len() >= 12 && payload.starts_with(ADOBE) => {
                // The last one counts, as it does for libjpeg.
                self.adobe = payload.first_chunk().map(clean_adobe);
                note(manifest, RemovedKind::Other, &payload[12..]);
            }
            APP1 if payload.starts_with(EXIF) => self.take_exif(payload, manifest),
            APP2 if payload.starts_with(ICC) => self.icc.take(&payload[ICC.len()..])?,
            _ => {
                self.gain_map |= announces_gain_map(marker, payload);
                if marker == APP1 && payload.starts_with(XMP) && self.xmp_orientation.is_none() {
                    self.xmp_orientation = xmp_orientation(payload);
                }
                note_segment(marker, payload, manifest);
            }
        }
        Ok(())
    }

    fn take_exif(&mut self, payload: &[u8], manifest: &mut Manifest) {
        let tiff = payload.get(6..).unwrap_or_default();
        let first = self.exif.is_none();
        let facts = self.exif.get_or_insert_with(|| exif::read(tiff));
        if !(first && facts.orientation.is_some_and(|value| tiff == exif::orientation_block(value)))
        {
            note_segment(APP1, payload, manifest);
        }
    }

    /// How to turn the picture, if it must be turned.
    fn orientation(&self) -> Option<u16> {
        let exif = self.exif.as_ref().and_then(|facts| facts.orientation);
        exif.or(self.xmp_orientation).filter(|&value| value != 1)
    }

    /// Whether there was Exif.
    pub(super) fn has_facts(&self) -> bool {
        self.exif.is_some()
    }

    /// What the first Exif block told.
    pub(super) fn into_facts(self) -> Option<Facts> {
        self.exif
    }

    /// The segments that stay, clean and in a fixed order.
    pub(super) fn rebuild(mut self, manifest: &mut Manifest) -> Vec<u8> {
        let mut head = Vec::new();
        if let Some(jfif) = self.jfif {
            head.extend(segment(APP0, &jfif));
        }
        if let Some(orientation) = self.orientation() {
            let block = exif::orientation_block(orientation);
            head.extend(segment(APP1, &[EXIF, b"\0", &block].concat()));
        }
        if let Some(adobe) = self.adobe {
            head.extend(segment(APP14, &adobe));
        }
        head.extend(self.icc.rebuild(manifest));
        head
    }
}

/// Notes a segment that does not pass.
pub(super) fn note_segment(marker: u8, payload: &[u8], manifest: &mut Manifest) {
    let kind = match marker {
        APP1 if payload.starts_with(EXIF) => {
            exif::note(payload.get(6..).unwrap_or_default(), manifest);
            return;
        }
        APP0 if payload.starts_with(b"JFXX") => RemovedKind::Preview,
        APP1 if payload.starts_with(XMP) || payload.starts_with(XMP_MORE) => RemovedKind::Xmp,
        APP2 if payload.starts_with(GAIN_MAP) => RemovedKind::GainMap,
        APP2 if payload.starts_with(b"MPF\0") => RemovedKind::Preview,
        APP11 => RemovedKind::Provenance,
        APP13 => RemovedKind::Iptc,
        COM => RemovedKind::Text,
        APP0..=APP15 => RemovedKind::Other,
        _ => RemovedKind::HiddenBytes,
    };
    note(manifest, kind, payload);
}

/// Whether a second picture in the file is a map of brightness.
pub(super) fn announces_gain_map(marker: u8, payload: &[u8]) -> bool {
    match marker {
        APP1 => {
            payload.starts_with(XMP)
                && (memmem::find(payload, b"hdr-gain-map").is_some()
                    || memmem::find(payload, b"HDRGainMap").is_some())
        }
        APP2 => payload.starts_with(GAIN_MAP),
        _ => false,
    }
}

fn note(manifest: &mut Manifest, kind: RemovedKind, bytes: &[u8]) {
    if !bytes.is_empty() {
        manifest.remove(kind, bytes.len() as u64);
    }
}

/// JFIF without a thumbnail. The density stays: it may give the shape of a pixel.
fn clean_jfif(jfif: &[u8; 14]) -> [u8; 14] {
    let mut clean = *jfif;
    if !matches!(clean[5..7], [1, 0..=2]) {
        clean[5..7].copy_from_slice(&[1, 2]);
    }
    clean[7] = clean[7].min(2);
    clean[12..].fill(0);
    clean
}

/// Adobe's segment with nothing but how colours are coded.
fn clean_adobe(adobe: &[u8; 12]) -> [u8; 12] {
    let mut clean = *b"Adobe\0\x64\0\0\0\0\0";
    clean[11] = adobe[11];
    clean
}

/// `tiff:Orientation` of an XMP packet, as attribute or element.
fn xmp_orientation(packet: &[u8]) -> Option<u16> {
    const NAME: &[u8] = b"tiff:Orientation";
    let after = memmem::find_iter(packet, NAME).map(|at| &packet[at + NAME.len()..]);
    after
        .filter_map(|after| match after {
            [b'=', b'"', digit @ b'1'..=b'8', ..] | [b'>', digit @ b'1'..=b'8', ..] => {
                Some(u16::from(digit - b'0'))
            }
            _ => None,
        })
        .next()
}

/// A colour profile, which comes in numbered pieces.
#[derive(Default)]
struct Profile {
    /// Number, count and bytes of each piece.
    pieces: Vec<Vec<u8>>,
    len: usize,
}

impl Profile {
    fn take(&mut self, piece: &[u8]) -> Result<()> {
        self.len += piece.len();
        if self.len > PROFILE_MAX {
            return Err(MediaError::TooComplex);
        }
        self.pieces.push(piece.to_vec());
        Ok(())
    }

    /// The segments of the profile without its words; none, and a note, if it can't be understood.
    fn rebuild(&mut self, manifest: &mut Manifest) -> Vec<u8> {
        self.pieces.sort_by_key(|piece| piece.first().copied());
        let count = self.pieces.len();
        let whole = (1..).zip(&self.pieces).all(|(number, piece)| {
            piece.len() > 2 && [usize::from(piece[0]), usize::from(piece[1])] == [number, count]
        });
        let mut profile: Vec<u8> = self
            .pieces
            .iter()
            .flat_map(|piece| piece.get(2..).unwrap_or_default())
            .copied()
            .collect();
        if !whole || !icc::clean(&mut profile, manifest) {
            if !self.pieces.is_empty() {
                manifest.remove(RemovedKind::Other, self.len as u64);
            }
            return Vec::new();
        }
        let mut rest = profile.as_slice();
        let pieces = self.pieces.iter().flat_map(|piece| {
            let (bytes, after) = rest.split_at(piece.len() - 2);
            rest = after;
            segment(APP2, &[ICC, &piece[..2], bytes].concat())
        });
        pieces.collect()
    }
}
