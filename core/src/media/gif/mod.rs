//! GIF (GIF89a specification, CompuServe 1990).
//!
//! Behind the screen and its palette a GIF is a list of images and extensions. Images pass with
//! nothing but [their pixels](lzw); of palettes the colours that pixels use; of the extensions what
//! times and loops an animation, and the colour profile. Comments, plain text, other applications'
//! blocks (XMP, histories) and what follows the trailer do not.

use std::ops::Range;

use super::assembly::{Assembly, MAX_PARTS, Window};
use super::{Facts, Format, MediaError, Plan, ReadAt, RemovedKind, Result, icc};
use lzw::{Lzw, Used};

mod lzw;
#[cfg(test)]
mod tests;

/// Whether `head` is the start of a GIF.
pub(super) fn is_gif(head: &[u8]) -> bool {
    head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")
}

/// A GIF tells nothing: it has no Exif, and no camera makes one.
pub(super) fn facts(_source: &dyn ReadAt) -> Result<Facts> {
    Ok(Facts::default())
}

/// Plans the clean copy of a GIF.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let mut window = Window::new(source, WINDOW);
    let [.., flags, background, _aspect] = window.array::<SCREEN_LEN>(0)?;
    let palette = Palette::read(&mut window, SCREEN_LEN as u64, flags)?;
    let mut walk = Walk {
        at: palette.range.end,
        window,
        out: Assembly::default(),
        palette,
        used: [false; 256],
        control: None,
        images: 0,
        loops: false,
        has_profile: false,
        palettes_len: 0,
    };
    // Some viewers paint it where no image is.
    walk.used[usize::from(background)] = true;
    for _ in 0..MAX_PARTS {
        if walk.block()? {
            return walk.finish();
        }
    }
    Err(MediaError::TooComplex)
}

/// A GIF on the way from its first block to the trailer.
struct Walk<'a> {
    window: Window<'a>,
    at: u64,
    /// What follows the screen and its palette.
    out: Assembly,
    /// The palette of the images that have none of their own, and which of its colours they use.
    palette: Palette,
    used: Used,
    /// A graphic control, which counts for the image behind it.
    control: Option<Range<u64>>,
    images: u32,
    loops: bool,
    has_profile: bool,
    /// How many bytes the palettes have that were changed.
    palettes_len: usize,
}

impl Walk<'_> {
    /// Takes one block; whether it was the last.
    fn block(&mut self) -> Result<bool> {
        if self.at == self.window.source_len() {
            return self.end();
        }
        let start = self.at;
        match self.window.array(start)? {
            [TRAILER] => {
                self.forget_control();
                self.out.copy(start..start + 1);
                self.at += 1;
                return Ok(true);
            }
            [IMAGE] => self.image()?,
            [EXTENSION] => match self.sub_blocks_end(start + 2)? {
                Some(end) => {
                    self.at = end;
                    self.extension(start..end)?;
                }
                None => return self.end(),
            },
            // Some writers end blocks twice.
            [0] => {
                self.at += 1;
                self.hide(start..self.at);
            }
            _ => return Err(MediaError::Malformed),
        }
        Ok(false)
    }

    /// Ends a file that ends without a trailer, or in the middle of an extension.
    fn end(&mut self) -> Result<bool> {
        self.forget_control();
        self.out.put(&[TRAILER]);
        self.out.manifest.broken = true;
        Ok(true)
    }

    fn image(&mut self) -> Result<()> {
        let start = self.at;
        let [_, _, _, _, _, w0, w1, h0, h1, flags] = self.window.array::<IMAGE_LEN>(start)?;
        let [width, height] = [[w0, w1], [h0, h1]].map(|side| u64::from(u16::from_le_bytes(side)));
        let palette = Palette::read(&mut self.window, start + IMAGE_LEN as u64, flags)?;
        let bits_at = palette.range.end;
        let [bits] = self.window.array(bits_at)?;
        let mut lzw = Lzw::new(bits, width * height).ok_or(MediaError::Malformed)?;
        if let Some(control) = self.control.take() {
            self.out.copy(control);
        }
        self.out.copy(start..palette.range.start);
        let before = std::mem::take(&mut self.out);
        self.at = self.pixels(bits_at + 1, &mut lzw)?;
        let pixels = std::mem::replace(&mut self.out, before);
        if palette.colours.is_empty() {
            self.used.iter_mut().zip(lzw.used()).for_each(|(used, &now)| *used |= now);
        } else {
            self.put_palette(&palette, lzw.used())?;
        }
        self.out.copy(bits_at..bits_at + 1);
        self.out.append(pixels);
        self.images += 1;
        Ok(())
    }

    /// Adds a palette of which only the colours stay that are used.
    fn put_palette(&mut self, palette: &Palette, used: &Used) -> Result<()> {
        let mut clean = palette.colours.clone();
        for (colour, &used) in clean.chunks_mut(3).zip(used) {
            if !used {
                colour.fill(0);
            }
        }
        let changed = clean.iter().zip(&palette.colours).filter(|(new, old)| new != old).count();
        if changed == 0 {
            self.out.copy(palette.range.clone());
            return Ok(());
        }
        self.palettes_len += clean.len();
        if self.palettes_len > PALETTES_MAX {
            return Err(MediaError::TooComplex);
        }
        self.out.put(&clean);
        self.out.manifest.remove(RemovedKind::Other, changed as u64);
        Ok(())
    }

    /// Adds the sub-blocks from `start` on as far as they hold pixels; gives where they end.
    fn pixels(&mut self, start: u64, lzw: &mut Lzw) -> Result<u64> {
        let mut at = start;
        let mut last = None;
        // The data from the byte on that holds the end of the last pixel.
        let mut rest = Vec::new();
        loop {
            let [len] = self.window.array(at)?;
            if len == 0 {
                break;
            }
            let mut data = at + 1..at + 1 + u64::from(len);
            while last.is_none() && !data.is_empty() {
                let bytes = self.window.some(data.clone())?;
                data.start += match lzw.feed(bytes)? {
                    Some(used) => {
                        last = Some(Last { block: at, at: data.start + used as u64 - 1 });
                        used as u64 - 1
                    }
                    None => bytes.len() as u64,
                };
            }
            if last.is_some() && rest.len() <= TAIL_MAX {
                rest.extend(self.window.all(data, usize::from(len))?);
            }
            at += 1 + u64::from(len);
        }
        let all = start..at + 1;
        match last {
            Some(last) => self.write_pixels(all, last, &rest, &lzw.tail(rest[0])),
            None => {
                // Viewers paint the rest in some way of theirs.
                lzw.mark_all();
                self.out.manifest.broken = true;
                self.out.copy(all);
            }
        }
        Ok(at + 1)
    }

    /// Adds the sub-blocks in `all`, with `tail` instead of the `rest` from the last pixel on.
    fn write_pixels(&mut self, all: Range<u64>, last: Last, rest: &[u8], tail: &[u8]) {
        if rest == tail {
            self.out.copy(all);
            return;
        }
        let before = last.at - last.block - 1;
        self.out.copy(all.start..last.block);
        // Both are at most a sub-block long.
        match u8::try_from(before + tail.len() as u64) {
            Ok(len) => {
                self.out.put(&[len]);
                self.out.copy(last.block + 1..last.at);
            }
            Err(_) => {
                self.out.put(&[before as u8]);
                self.out.copy(last.block + 1..last.at);
                self.out.put(&[tail.len() as u8]);
            }
        }
        self.out.put(tail);
        self.out.put(&[0]);
        let less = (all.end - last.at - 1).saturating_sub(tail.len() as u64);
        self.out.manifest.remove(RemovedKind::HiddenBytes, less.max(1));
        self.out.manifest.broken = true;
    }

    fn extension(&mut self, range: Range<u64>) -> Result<()> {
        let found = self.window.all(range.clone(), EXTENSION_START_LEN)?;
        match found.as_slice() {
            [_, LABEL_CONTROL, 4, _, _, _, _, 0] => {
                self.forget_control();
                self.control = Some(range);
            }
            [_, LABEL_APPLICATION, 11, name @ ..] => {
                let (name, rest) = name.split_at(name.len().min(11));
                self.application(range, name, rest, &found)?;
            }
            [_, LABEL_TEXT, ..] => {
                // The control before it was for these words.
                self.forget_control();
                self.out.remove(RemovedKind::Text, range);
            }
            [_, LABEL_COMMENT, ..] => self.out.remove(RemovedKind::Text, range),
            [_, LABEL_CONTROL, ..] => self.hide(range),
            _ => self.out.remove(RemovedKind::Other, range),
        }
        Ok(())
    }

    fn application(
        &mut self,
        range: Range<u64>,
        name: &[u8],
        rest: &[u8],
        found: &[u8],
    ) -> Result<()> {
        match (name, rest) {
            (b"NETSCAPE2.0" | b"ANIMEXTS1.0", [3, 1, low, high, ..]) if !self.loops => {
                self.loops = true;
                let mut clean = found[..LOOP_LEN - 5].to_vec();
                clean.extend_from_slice(&[3, 1, *low, *high, 0]);
                let found = &found[..found.len().min(LOOP_LEN)];
                self.out.replace(range, found, &clean, RemovedKind::HiddenBytes);
            }
            (b"ICCRGBG1012", _) if !self.has_profile => {
                self.has_profile = true;
                self.profile(range)?;
            }
            (b"XMP DataXMP", _) => self.out.remove(RemovedKind::Xmp, range),
            (b"C2PA_GIF\x01\0\0", _) => self.out.remove(RemovedKind::Provenance, range),
            _ => self.out.remove(RemovedKind::Other, range),
        }
        Ok(())
    }

    /// Adds the colour profile in the sub-blocks behind the name in `range`, if it is one.
    fn profile(&mut self, range: Range<u64>) -> Result<()> {
        let mut found = Vec::new();
        let blocks = range.start + APPLICATION_HEAD_LEN;
        let mut at = blocks;
        while at < range.end && found.len() <= PROFILE_MAX {
            let [len] = self.window.array(at)?;
            let data = at + 1..at + 1 + u64::from(len);
            at = data.end;
            found.extend(self.window.all(data, usize::from(len))?);
        }
        let mut clean = found.clone();
        if found.len() > PROFILE_MAX || !icc::clean(&mut clean, &mut self.out.manifest) {
            self.out.remove(RemovedKind::Other, range);
            return Ok(());
        }
        if clean == found {
            self.out.copy(range);
            return Ok(());
        }
        self.out.copy(range.start..blocks);
        for block in clean.chunks(usize::from(u8::MAX)) {
            self.out.put(&[block.len() as u8]);
            self.out.put(block);
        }
        self.out.put(&[0]);
        Ok(())
    }

    /// Where the sub-blocks from `at` on end; none if the source ends before.
    fn sub_blocks_end(&mut self, mut at: u64) -> Result<Option<u64>> {
        while at < self.window.source_len() {
            let [len] = self.window.array(at)?;
            at += 1 + u64::from(len);
            if len == 0 {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Leaves out a graphic control without an image behind it.
    fn forget_control(&mut self) {
        if let Some(control) = self.control.take() {
            self.out.remove(RemovedKind::HiddenBytes, control);
        }
    }

    fn hide(&mut self, range: Range<u64>) {
        self.out.manifest.broken = true;
        self.out.remove(RemovedKind::HiddenBytes, range);
    }

    fn finish(mut self) -> Result<Plan> {
        if self.images == 0 {
            return Err(MediaError::Malformed);
        }
        let rest = self.at..self.window.source_len();
        if !rest.is_empty() {
            self.hide(rest);
        }
        let images = std::mem::take(&mut self.out);
        self.out.copy(0..SCREEN_LEN as u64);
        let palette = std::mem::take(&mut self.palette);
        let used = self.used;
        self.put_palette(&palette, &used)?;
        self.out.append(images);
        Ok(self.out.finish(Format::Gif))
    }
}

/// Where the byte lies that holds the end of the last pixel.
struct Last {
    /// The sub-block that it is in.
    block: u64,
    at: u64,
}

/// A palette and where it lies; empty if there is none.
#[derive(Default)]
struct Palette {
    range: Range<u64>,
    colours: Vec<u8>,
}

impl Palette {
    /// Reads the palette at `at` that the flags of a screen or an image announce.
    fn read(window: &mut Window<'_>, at: u64, flags: u8) -> Result<Self> {
        let range = at..at + palette_len(flags);
        let colours = window.all(range.clone(), PALETTE_MAX)?;
        Ok(Self { range, colours })
    }
}

/// The length of the palette that the flags of a screen or an image announce.
fn palette_len(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// To read everything: most of a GIF is sub-blocks of 255 bytes.
const WINDOW: usize = 64 << 10;

/// The longest palette.
const PALETTE_MAX: usize = 3 * 256;

/// Changed palettes are held in memory. An animation has thousands of frames at most, and there is
/// room for 20,000 palettes.
const PALETTES_MAX: usize = 16 << 20;

/// The length of signature and screen.
const SCREEN_LEN: usize = 13;

/// The length of an image descriptor.
const IMAGE_LEN: usize = 10;

/// The length of introducer, label, and name of an application with its length.
const APPLICATION_HEAD_LEN: u64 = 14;

/// The length of the extension that says how often to loop.
const LOOP_LEN: usize = 19;

/// How much of an extension is read to tell what it is.
const EXTENSION_START_LEN: usize = LOOP_LEN;

/// Larger colour profiles are dropped: those of displays and cameras are kilobytes, those of
/// printers up to three megabytes.
const PROFILE_MAX: usize = 4 << 20;

/// The length of the last bits of a pixel and an end code.
const TAIL_MAX: usize = 3;

const IMAGE: u8 = 0x2C;
const EXTENSION: u8 = 0x21;
const TRAILER: u8 = 0x3B;

const LABEL_TEXT: u8 = 0x01;
const LABEL_CONTROL: u8 = 0xF9;
const LABEL_COMMENT: u8 = 0xFE;
const LABEL_APPLICATION: u8 = 0xFF;
