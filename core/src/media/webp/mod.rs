//! WebP (RFC 9649): a RIFF file whose chunks hold one VP8 or VP8L picture, or frames of them.
//!
//! What draws the picture passes: the bitstream, its alpha, the frames of an animation, the colour
//! profile. Everything else goes: Exif but the orientation, XMP, unknown chunks, also inside
//! frames, and bytes behind the end that the RIFF header states. Sizes and the flags of `VP8X` are
//! made anew so that they match what is left. A chunk counts only where libwebp, which nearly every
//! viewer uses, looks at it.
//!
//! Where a bitstream ends inside its chunk only decoding it can tell, and that is not done: bytes
//! that someone put behind it, inside its chunk, stay, and the manifest says that this was not
//! proven. Alpha that is not packed is as long as the picture has pixels.

use super::assembly::{Assembly, Window};
use super::upright::Upright;
use super::{Facts, Format, MediaError, Plan, ReadAt, RemainingKind, RemovedKind, Result};
use super::{exif, icc};
use chunk::{Chunk, Chunks, HEAD_LEN, own_chunk, write_chunk, write_start};

mod chunk;
#[cfg(test)]
mod tests;

/// Whether `head` is the start of a WebP.
pub(super) fn is_webp(head: &[u8]) -> bool {
    head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
}

/// Reads the facts in the Exif chunk of a WebP.
pub(super) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let mut window = Window::new(source, WINDOW);
    let mut chunks = Chunks::of_file(&mut window)?;
    while let Some(chunk) = chunks.next(&mut window)? {
        if chunk.kind == *b"EXIF" {
            return Ok(exif::read(tiff(&window.all(chunk.data(), EXIF_MAX)?)));
        }
    }
    Ok(Facts::default())
}

/// Plans the clean copy of a WebP.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let mut window = Window::new(source, WINDOW);
    let mut chunks = Chunks::of_file(&mut window)?;
    let first = chunks.next(&mut window)?.ok_or(MediaError::Malformed)?;
    let mut out = Assembly::default();
    let body = match &first.kind {
        b"VP8 " | b"VP8L" => {
            let mut body = Assembly::default();
            check_bitstream(&mut window, first)?;
            write_chunk(&mut window, &mut body, first)?;
            while let Some(chunk) = chunks.next(&mut window)? {
                drop_chunk(&mut window, &mut body, chunk)?;
            }
            body
        }
        b"VP8X" => Extended::read(&mut window, &mut chunks, first)?,
        _ => return Err(MediaError::Malformed),
    };
    let mut head = *b"RIFF\0\0\0\0WEBP";
    let size = u32::try_from(body.len() + 4).map_err(|_| MediaError::TooComplex)?;
    head[4..8].copy_from_slice(&size.to_le_bytes());
    if window.array::<HEAD_LEN>(0)? == head {
        out.copy(0..HEAD_LEN as u64);
    } else {
        out.put(&head);
    }
    out.append(body);
    let rest = chunks.next..window.source_len();
    out.manifest.broken |= !rest.is_empty();
    out.remove(RemovedKind::HiddenBytes, rest);
    let mut plan = out.finish(Format::WebP);
    plan.manifest.keep(RemainingKind::UnprovenEnd);
    Ok(plan)
}

/// A file that begins with `VP8X`, which says what else there is.
struct Extended {
    animated: bool,
    flags: u8,
    body: Assembly,
    /// Alpha that stands before its bitstream.
    alpha: Option<Chunk>,
    frames: u32,
    has_picture: bool,
    has_animation_header: bool,
    has_profile: bool,
    has_exif: bool,
    upright: Upright,
}

impl Extended {
    /// Reads all chunks and gives the clean ones, `VP8X` first.
    fn read(window: &mut Window<'_>, chunks: &mut Chunks, first: Chunk) -> Result<Assembly> {
        if first.len < VP8X_LEN {
            return Err(MediaError::Malformed);
        }
        let mut clean: [u8; 8 + VP8X_LEN as usize] = window.array(first.start)?;
        let flags = clean[8];
        let mut file = Self {
            animated: flags & FLAG_ANIMATION != 0,
            flags,
            body: Assembly::default(),
            alpha: None,
            frames: 0,
            has_picture: false,
            has_animation_header: false,
            has_profile: false,
            has_exif: false,
            upright: Upright::default(),
        };
        while let Some(chunk) = chunks.next(window)? {
            file.chunk(window, chunk)?;
        }
        file.forget_alpha(window)?;
        if !file.has_picture {
            return Err(MediaError::Malformed);
        }
        file.put_orientation();

        clean[4..8].copy_from_slice(&VP8X_LEN.to_le_bytes());
        clean[8] = flags & (FLAG_ANIMATION | FLAG_ALPHA)
            | if file.has_profile { FLAG_PROFILE } else { 0 }
            | if file.has_exif { FLAG_EXIF } else { 0 };
        clean[9..12].fill(0);
        let found = window.all(first.whole(), clean.len())?;
        let mut out = Assembly::default();
        if found == clean && first.len == VP8X_LEN {
            out.copy(first.whole());
        } else {
            out.put(&clean);
            out.remove(RemovedKind::HiddenBytes, first.start + clean.len() as u64..first.end);
        }
        out.append(file.body);
        Ok(out)
    }

    fn chunk(&mut self, window: &mut Window<'_>, chunk: Chunk) -> Result<()> {
        match &chunk.kind {
            b"ICCP" if !self.has_profile => self.profile(window, chunk),
            b"ALPH" if !self.animated && !self.has_picture => {
                self.forget_alpha(window)?;
                self.alpha = Some(chunk);
                Ok(())
            }
            b"VP8 " | b"VP8L" if !self.animated && !self.has_picture => {
                self.has_picture = true;
                let alpha = self.alpha.take();
                picture(window, &mut self.body, alpha, chunk)
            }
            b"ANIM" if self.animated && !self.has_animation_header => {
                self.has_animation_header = true;
                write_start(window, &mut self.body, chunk, ANIM_LEN)
            }
            b"ANMF" if self.has_animation_header => {
                self.frames += 1;
                self.has_picture = true;
                frame(window, &mut self.body, chunk)
            }
            b"EXIF" => self.exif(window, chunk),
            b"XMP " => {
                if self.flags & FLAG_XMP != 0 {
                    self.upright.xmp(&window.all(chunk.data(), XMP_MAX)?);
                }
                drop_chunk(window, &mut self.body, chunk)
            }
            _ => drop_chunk(window, &mut self.body, chunk),
        }
    }

    fn forget_alpha(&mut self, window: &mut Window<'_>) -> Result<()> {
        match self.alpha.take() {
            Some(alpha) => drop_chunk(window, &mut self.body, alpha),
            None => Ok(()),
        }
    }

    fn profile(&mut self, window: &mut Window<'_>, chunk: Chunk) -> Result<()> {
        let found = window.all(chunk.data(), PROFILE_MAX)?;
        let mut clean = found.clone();
        if chunk.len as usize > PROFILE_MAX || !icc::clean(&mut clean, &mut self.body.manifest) {
            return drop_chunk(window, &mut self.body, chunk);
        }
        self.has_profile = true;
        if found == clean {
            return write_chunk(window, &mut self.body, chunk);
        }
        self.body.put(&own_chunk(*b"ICCP", &clean));
        Ok(())
    }

    fn exif(&mut self, window: &mut Window<'_>, chunk: Chunk) -> Result<()> {
        let found = window.all(chunk.data(), EXIF_MAX)?;
        let block = tiff(&found);
        if self.flags & FLAG_EXIF != 0 && !self.has_exif {
            let orientation = exif::read(block).orientation;
            self.upright.exif(orientation);
            if let Some(turn @ 2..) = orientation {
                self.has_exif = true;
                if found == exif::orientation_block(turn) {
                    return write_chunk(window, &mut self.body, chunk);
                }
                self.body.put(&exif_chunk(turn));
            }
        }
        self.body.remove_exif(block, chunk.whole());
        Ok(())
    }

    /// Says which way up the picture is, if only XMP said it before.
    fn put_orientation(&mut self) {
        if !self.has_exif
            && let Some(turn) = self.upright.turn()
        {
            self.has_exif = true;
            self.body.put(&exif_chunk(turn));
        }
    }
}

/// Adds the bitstream `chunk` with its alpha. VP8L has its own alpha and none beside it.
fn picture(
    window: &mut Window<'_>,
    out: &mut Assembly,
    alpha: Option<Chunk>,
    chunk: Chunk,
) -> Result<()> {
    check_bitstream(window, chunk)?;
    match alpha {
        Some(alpha) if chunk.kind == *b"VP8 " => {
            let len = alpha_len(window, alpha, chunk)?;
            write_start(window, out, alpha, len)?;
        }
        Some(alpha) => drop_chunk(window, out, alpha)?,
        None => {}
    }
    write_chunk(window, out, chunk)
}

/// How many bytes of `alpha` belong to the picture in `chunk`: all, if it is packed or too short.
fn alpha_len(window: &mut Window<'_>, alpha: Chunk, chunk: Chunk) -> Result<u32> {
    let packing = window.all(alpha.data(), 1)?.first().map(|head| head & ALPHA_PACKING);
    let [.., w0, w1, h0, h1] = window.array::<VP8_START_LEN>(chunk.data().start)?;
    // Above the 14 bits of a side stands how to scale it.
    let [width, height] = [[w0, w1], [h0, h1]].map(|it| u32::from(u16::from_le_bytes(it) & 0x3FFF));
    let len = if packing == Some(0) { 1 + width * height } else { alpha.len };
    Ok(len.min(alpha.len))
}

/// Adds a frame of an animation: its place and time, and one picture.
fn frame(window: &mut Window<'_>, out: &mut Assembly, chunk: Chunk) -> Result<()> {
    if chunk.len < FRAME_HEAD_LEN {
        return Err(MediaError::Malformed);
    }
    let mut chunks = Chunks::inside(chunk, FRAME_HEAD_LEN);
    let (mut body, mut alpha, mut has_picture) = (Assembly::default(), None, false);
    while let Some(part) = chunks.next(window)? {
        match &part.kind {
            b"ALPH" if alpha.is_none() && !has_picture => alpha = Some(part),
            b"VP8 " | b"VP8L" if !has_picture => {
                has_picture = true;
                picture(window, &mut body, alpha.take(), part)?;
            }
            _ => drop_chunk(window, &mut body, part)?,
        }
    }
    if !has_picture {
        return Err(MediaError::Malformed);
    }
    body.remove(RemovedKind::HiddenBytes, chunks.next..chunk.data().end);
    let found: [u8; 8 + FRAME_HEAD_LEN as usize] = window.array(chunk.start)?;
    let mut clean = found;
    let len = u32::try_from(body.len()).ok().and_then(|len| len.checked_add(FRAME_HEAD_LEN));
    clean[4..8].copy_from_slice(&len.ok_or(MediaError::TooComplex)?.to_le_bytes());
    clean[8 + FRAME_HEAD_LEN as usize - 1] &= FRAME_FLAGS;
    if found == clean {
        out.copy(chunk.start..chunk.start + clean.len() as u64);
    } else {
        out.put(&clean);
    }
    out.append(body);
    Ok(())
}

/// Refuses what only claims to be a bitstream: it must start as one.
fn check_bitstream(window: &mut Window<'_>, chunk: Chunk) -> Result<()> {
    let start = window.all(chunk.data(), VP8_START_LEN)?;
    let is_bitstream = match (&chunk.kind, start.as_slice()) {
        // A key frame, the start code, and a first partition that fits.
        (b"VP8 ", [t0, t1, t2, 0x9D, 0x01, 0x2A, ..]) => {
            let tag = u32::from_le_bytes([*t0, *t1, *t2, 0]);
            let first_partition = tag >> 5;
            tag & 1 == 0
                && start.len() == VP8_START_LEN
                && first_partition <= chunk.len - VP8_START_LEN as u32
        }
        // The signature, and version 0 in the top three bits behind it.
        (b"VP8L", [0x2F, _, _, _, last, ..]) => last >> 5 == 0,
        _ => false,
    };
    if is_bitstream { Ok(()) } else { Err(MediaError::Malformed) }
}

/// Leaves `chunk` out.
fn drop_chunk(window: &mut Window<'_>, out: &mut Assembly, chunk: Chunk) -> Result<()> {
    let kind = match &chunk.kind {
        b"EXIF" => {
            let found = window.all(chunk.data(), EXIF_MAX)?;
            out.remove_exif(tiff(&found), chunk.whole());
            return Ok(());
        }
        // Some writers end the type with NUL.
        [b'X', b'M', b'P', _] => RemovedKind::Xmp,
        b"C2PA" => RemovedKind::Provenance,
        b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF" => RemovedKind::HiddenBytes,
        _ => RemovedKind::Other,
    };
    out.remove(kind, chunk.whole());
    Ok(())
}

/// A chunk of our own that says which way up the picture is.
fn exif_chunk(orientation: u16) -> Vec<u8> {
    own_chunk(*b"EXIF", &exif::orientation_block(orientation))
}

/// The TIFF block in the data of an Exif chunk. Some writers put the heading of JPEG before it.
fn tiff(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"Exif\0\0").unwrap_or(data)
}

/// To hop from header to header.
const WINDOW: usize = 1 << 10;

/// The lengths of what the chunks with fixed contents hold.
const VP8X_LEN: u32 = 10;
const ANIM_LEN: u32 = 6;

/// The length of what stands before the chunks of a frame.
const FRAME_HEAD_LEN: u32 = 16;

/// The flags of a frame: how to blend and how to dispose of it.
const FRAME_FLAGS: u8 = 0b11;

/// The length of the frame tag, start code and size of VP8.
const VP8_START_LEN: usize = 10;

/// The bits in the head of alpha that say how it is packed; 0 if it is not.
const ALPHA_PACKING: u8 = 0b11;

/// The flags of `VP8X`.
const FLAG_ANIMATION: u8 = 0x02;
const FLAG_XMP: u8 = 0x04;
const FLAG_EXIF: u8 = 0x08;
const FLAG_ALPHA: u8 = 0x10;
const FLAG_PROFILE: u8 = 0x20;

/// No more than this is read of an Exif block, which is a few hundred kilobytes at most.
const EXIF_MAX: usize = 2 << 20;

/// Larger colour profiles are dropped: those of displays and cameras are kilobytes, those of
/// printers up to three megabytes.
const PROFILE_MAX: usize = 4 << 20;

/// No more than this is read of an XMP packet, to find the orientation in it.
const XMP_MAX: usize = 2 << 20;
