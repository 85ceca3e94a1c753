//! PNG and APNG (W3C PNG specification, third edition).
//!
//! A PNG is a chain of chunks. What draws the picture passes: the header, palette and transparency,
//! pixels that [were proved](pixels) to be pixels, the frames of an animation, and the
//! [small chunks](small) about colour. Everything else is words, times, histories or unknown and is
//! left out, also what follows `IEND`: screenshot editors have left the uncropped picture there.
//! The colour profile loses its name, Exif all but the orientation.

use super::assembly::Assembly;
use super::upright::Upright;
use super::{Facts, Format, MediaError, Plan, ReadAt, RemovedKind, Result, exif};
use animation::{ANNOUNCEMENT_LEN, Animation};
use chunk::{Chunk, Chunks, SIGNATURE_LEN};
use header::{Colour, Header};
use palette::Used;
use pixels::Run;
use text::Text;

mod animation;
mod chunk;
mod header;
mod palette;
mod pixels;
mod small;
#[cfg(test)]
mod tests;
mod text;

/// What every PNG starts with.
pub(super) const SIGNATURE: &[u8; SIGNATURE_LEN as usize] = b"\x89PNG\r\n\x1A\n";

/// Reads the facts in all Exif blocks of a PNG. Where two differ the later one counts, but not its
/// orientation; this is how ExifTool reads them.
pub(super) fn facts(source: &dyn ReadAt) -> Result<Facts> {
    let mut chunks = Chunks::new(source, HOP_WINDOW);
    let mut facts = Facts::default();
    let mut unpackable = UNPACKED_WORDS;
    while let Some(chunk) = chunks.next()? {
        let block = match &chunk.kind {
            b"eXIf" => Some(chunks.window.all(chunk.data(), EXIF_MAX)?),
            b"tEXt" | b"zTXt" | b"iTXt" => {
                let data = chunks.window.all(chunk.data(), TEXT_MAX)?;
                let text = Text::parse(chunk.kind, &data);
                text.filter(|text| text.is_block(&mut unpackable)).and_then(|text| text.exif())
            }
            b"IEND" => break,
            _ => None,
        };
        if let Some(block) = block {
            facts = merged(facts, exif::read(tiff(&block)));
        }
    }
    Ok(facts)
}

/// Plans the clean copy of a PNG.
pub(super) fn scrub(source: &dyn ReadAt) -> Result<Plan> {
    let mut walk = Walk::start(source)?;
    while let Some(chunk) = walk.chunks.next()? {
        if chunk.kind == *b"IEND" {
            walk.end(chunk)?;
            return walk.finish();
        }
        walk.chunk(chunk)?;
    }
    walk.end_without_chunk()?;
    walk.finish()
}

/// A PNG on the way from its header to its end.
struct Walk<'a> {
    chunks: Chunks<'a>,
    header: Header,
    out: Assembly,
    /// How many colours the palette has.
    palette_len: usize,
    /// The colours that stand before the pixels that use them, each behind what came before it.
    waiting: Vec<(Assembly, Chunk, Vec<u8>)>,
    used: Used,
    /// The types of the chunks that passed before the pixels; each may come once.
    seen: Vec<[u8; 4]>,
    has_pixels: bool,
    /// How many bytes may still be inflated.
    inflatable: u64,
    animation: Animation,
    upright: Upright,
    /// How many chunks of words may still be unpacked.
    unpackable: u32,
    /// The orientation in an Exif block among the words, which counts if there is no `eXIf`.
    worded_orientation: Option<u16>,
    has_exif: bool,
}

impl<'a> Walk<'a> {
    fn start(source: &'a dyn ReadAt) -> Result<Self> {
        let mut chunks = Chunks::new(source, SCRUB_WINDOW);
        let first = chunks.next()?.ok_or(MediaError::Malformed)?;
        if first.kind != *b"IHDR" || first.len != Header::LEN || !chunks.is_intact(first)? {
            return Err(MediaError::Malformed);
        }
        let header = Header::parse(chunks.window.array(first.data().start)?)?;
        let mut out = Assembly::default();
        out.copy(0..first.whole().end);
        Ok(Self {
            chunks,
            header,
            out,
            palette_len: 0,
            waiting: Vec::new(),
            used: Used::default(),
            seen: Vec::new(),
            has_pixels: false,
            inflatable: MAX_INFLATED,
            animation: Animation::default(),
            upright: Upright::default(),
            unpackable: UNPACKED_WORDS,
            worded_orientation: None,
            has_exif: false,
        })
    }

    fn chunk(&mut self, chunk: Chunk) -> Result<()> {
        match &chunk.kind {
            b"IHDR" => Err(MediaError::Malformed),
            b"PLTE" | b"tRNS" if !self.has_pixels => self.colours(chunk),
            b"acTL" if !self.has_pixels => self.announcement(chunk),
            b"iCCP" if !self.has_pixels => self.profile(chunk),
            b"IDAT" => self.pixels(chunk),
            b"fcTL" => self.animation.control(chunk, &self.header, &mut self.chunks, &mut self.out),
            b"fdAT" => self.frame_pixels(chunk),
            b"eXIf" => self.exif(chunk),
            b"tEXt" | b"zTXt" | b"iTXt" => self.words(chunk),
            b"tIME" => self.drop(RemovedKind::Time, chunk),
            b"caBX" => self.drop(RemovedKind::Provenance, chunk),
            _ => self.small(chunk),
        }
    }

    fn drop(&mut self, kind: RemovedKind, chunk: Chunk) -> Result<()> {
        self.out.remove(kind, chunk.whole());
        Ok(())
    }

    fn drop_hidden(&mut self, chunk: Chunk) -> Result<()> {
        self.out.manifest.broken = true;
        self.drop(RemovedKind::HiddenBytes, chunk)
    }

    /// Whether this is the first chunk of its type.
    fn is_first(&mut self, chunk: Chunk) -> bool {
        let is_first = !self.seen.contains(&chunk.kind);
        if is_first {
            self.seen.push(chunk.kind);
        }
        is_first
    }

    fn small(&mut self, chunk: Chunk) -> Result<()> {
        let data = self.chunks.window.all(chunk.data(), small::LEN_MAX)?;
        let passes = !self.has_pixels
            && chunk.len as usize == data.len()
            && small::passes(chunk.kind, &data, &self.header)
            && self.chunks.is_intact(chunk)?
            && self.is_first(chunk);
        if !passes {
            return self.drop(RemovedKind::Other, chunk);
        }
        if let (b"bKGD", Colour::Palette, [index]) = (&chunk.kind, self.header.colour, &data[..]) {
            self.used.mark(*index);
        }
        self.out.copy(chunk.whole());
        Ok(())
    }

    /// Takes the palette or the transparency. Decoders differ about which of two counts and about
    /// a wrong order, so such a file is refused.
    fn colours(&mut self, chunk: Chunk) -> Result<()> {
        if !self.is_first(chunk) {
            return Err(MediaError::Malformed);
        }
        if !self.chunks.is_intact(chunk)? {
            return Err(MediaError::Malformed);
        }
        let mut entries = self.header.max_palette_len();
        if chunk.kind == *b"tRNS" && self.header.colour == Colour::Palette {
            if self.palette_len == 0 {
                return Err(MediaError::Malformed);
            }
            entries = self.palette_len;
        }
        let found = self.chunks.window.all(chunk.data(), COLOURS_MAX)?;
        let Some(needed) = small::colours_len(chunk.kind, &found, &self.header, entries) else {
            return self.drop(RemovedKind::Other, chunk);
        };
        if chunk.kind == *b"PLTE" {
            self.palette_len = needed / 3;
        }
        let clean = found[..needed].to_vec();
        if self.header.colour == Colour::Palette {
            let before = std::mem::take(&mut self.out);
            self.waiting.push((before, chunk, clean));
            return Ok(());
        }
        self.put_colours(chunk, &clean)
    }

    /// Adds the palette or the transparency with this data.
    fn put_colours(&mut self, chunk: Chunk, clean: &[u8]) -> Result<()> {
        let found = self.chunks.window.all(chunk.whole(), COLOURS_MAX + EMPTY_CHUNK_LEN)?;
        let clean = chunk::chunk(chunk.kind, clean);
        self.out.replace(chunk.whole(), &found, &clean, RemovedKind::HiddenBytes);
        Ok(())
    }

    /// Adds the colours that waited, as far as pixels use them.
    fn put_waiting(&mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.out);
        for (before, chunk, colours) in std::mem::take(&mut self.waiting) {
            self.out.append(before);
            let entry_len = if chunk.kind == *b"PLTE" { 3 } else { 1 };
            let clean = self.used.only(&colours, entry_len);
            self.put_colours(chunk, &clean)?;
        }
        self.out.append(rest);
        Ok(())
    }

    fn announcement(&mut self, chunk: Chunk) -> Result<()> {
        if chunk.len != ANNOUNCEMENT_LEN
            || !self.is_first(chunk)
            || !self.chunks.is_intact(chunk)?
        {
            return Err(MediaError::Malformed);
        }
        if !self.animation.announce(self.chunks.window.array(chunk.data().start)?) {
            return self.drop_hidden(chunk);
        }
        self.out.copy(chunk.whole());
        Ok(())
    }

    fn profile(&mut self, chunk: Chunk) -> Result<()> {
        // Only the first one is unpacked, or many small bombs would make a large one.
        if !self.is_first(chunk) || !self.chunks.is_intact(chunk)? {
            return self.drop(RemovedKind::Other, chunk);
        }
        let found = self.chunks.window.all(chunk.data(), PROFILE_MAX)?;
        let Some(clean) = small::profile(&found, &mut self.out.manifest) else {
            return self.drop(RemovedKind::Other, chunk);
        };
        let found = chunk::chunk(chunk.kind, &found);
        self.out.replace(chunk.whole(), &found, &clean, RemovedKind::ProfileText);
        Ok(())
    }

    fn pixels(&mut self, chunk: Chunk) -> Result<()> {
        if self.has_pixels {
            return self.drop_hidden(chunk);
        }
        let size = (self.header.width, self.header.height);
        let missing_palette = self.header.colour == Colour::Palette && self.palette_len == 0;
        if missing_palette || self.animation.frame_size().is_some_and(|frame| frame != size) {
            return Err(MediaError::Malformed);
        }
        self.has_pixels = true;
        self.animation.begin_frame(&mut self.out);
        self.run(chunk, size, None)
    }

    fn frame_pixels(&mut self, chunk: Chunk) -> Result<()> {
        match self.animation.frame_size() {
            Some(size) if self.has_pixels => {
                let number = self.animation.begin_frame(&mut self.out);
                self.run(chunk, size, Some(number))
            }
            _ => self.drop_hidden(chunk),
        }
    }

    /// Takes the run of pixels that begins with `chunk`.
    fn run(&mut self, chunk: Chunk, size: (u32, u32), number: Option<u32>) -> Result<()> {
        let wanted = self.header.row_bytes(size.0, size.1);
        self.inflatable = self.inflatable.checked_sub(wanted).ok_or(MediaError::TooComplex)?;
        let rows = (self.header.colour == Colour::Palette)
            .then(|| self.used.rows(&self.header, size.0, size.1));
        let run = Run::read(&mut self.chunks, chunk, wanted, number, rows)?;
        let next = run.write(&mut self.chunks, &mut self.out)?;
        self.animation.go_on(next);
        Ok(())
    }

    fn exif(&mut self, chunk: Chunk) -> Result<()> {
        let found = self.chunks.window.all(chunk.data(), EXIF_MAX)?;
        let block = tiff(&found);
        let orientation = exif::read(block).orientation;
        let first = !self.has_exif;
        self.has_exif = true;
        self.upright.exif(orientation);
        if first && let Some(turn @ 2..) = orientation {
            self.seen.push(*b"eXIf");
            let clean = exif::orientation_block(turn);
            if found == clean && self.chunks.is_intact(chunk)? {
                self.out.copy(chunk.whole());
                return Ok(());
            }
            self.out.put(&chunk::chunk(*b"eXIf", &clean));
        }
        self.out.remove_exif(block, chunk.whole());
        Ok(())
    }

    fn words(&mut self, chunk: Chunk) -> Result<()> {
        let data = self.chunks.window.all(chunk.data(), TEXT_MAX)?;
        let Some(text) = Text::parse(chunk.kind, &data) else {
            return self.drop(RemovedKind::Text, chunk);
        };
        if !text.is_block(&mut self.unpackable) {
            return self.drop(text.kind(), chunk);
        }
        if let Some(packet) = text.xmp() {
            self.upright.xmp(&packet);
        }
        let Some(block) = text.exif() else {
            return self.drop(text.kind(), chunk);
        };
        let orientation = exif::read(&block).orientation;
        self.worded_orientation = self.worded_orientation.or(orientation);
        self.out.remove_exif(&block, chunk.whole());
        Ok(())
    }

    fn end(&mut self, chunk: Chunk) -> Result<()> {
        self.put_orientation();
        let found = self.chunks.window.all(chunk.whole(), EMPTY_CHUNK_LEN)?;
        self.out.replace(
            chunk.whole(),
            &found,
            &chunk::chunk(*b"IEND", b""),
            RemovedKind::HiddenBytes,
        );
        Ok(())
    }

    /// Ends a file that has no `IEND`, or not even a whole chunk where it should be.
    fn end_without_chunk(&mut self) -> Result<()> {
        if !self.animation.is_complete() {
            return Err(MediaError::Malformed);
        }
        self.put_orientation();
        self.out.put(&chunk::chunk(*b"IEND", b""));
        self.out.manifest.broken = true;
        Ok(())
    }

    /// Says which way up the picture is, if only words said it before. Viewers that did not read
    /// those do not look for Exif behind the pixels either.
    fn put_orientation(&mut self) {
        if !self.has_exif {
            self.upright.exif(self.worded_orientation);
        }
        if !self.seen.contains(b"eXIf")
            && let Some(turn) = self.upright.turn()
        {
            self.out.put(&chunk::chunk(*b"eXIf", &exif::orientation_block(turn)));
        }
    }

    fn finish(mut self) -> Result<Plan> {
        if !self.has_pixels {
            return Err(MediaError::Malformed);
        }
        self.put_waiting()?;
        self.animation.forget(&mut self.out);
        let rest = self.chunks.rest();
        self.out.manifest.broken |= !rest.is_empty() || !self.animation.is_complete();
        self.out.remove(RemovedKind::HiddenBytes, rest);
        Ok(self.out.finish(Format::Png))
    }
}

/// The TIFF block in the data of an Exif chunk. Some writers put the heading of JPEG before it.
fn tiff(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"Exif\0\0").unwrap_or(data)
}

/// What two blocks tell: what the later one does not say, the earlier one does.
fn merged(earlier: Facts, later: Facts) -> Facts {
    Facts {
        offset: if later.taken_at.is_some() { later.offset } else { earlier.offset },
        taken_at: later.taken_at.or(earlier.taken_at),
        position_at: later.position_at.or(earlier.position_at),
        position: later.position.or(earlier.position),
        altitude_m: later.altitude_m.or(earlier.altitude_m),
        direction_deg: later.direction_deg.or(earlier.direction_deg),
        make: later.make.or(earlier.make),
        model: later.model.or(earlier.model),
        orientation: earlier.orientation.or(later.orientation),
        duration_ms: None,
    }
}

/// To hop from header to header.
const HOP_WINDOW: usize = 1 << 10;

/// To read everything.
const SCRUB_WINDOW: usize = 64 << 10;

/// What a picture and its frames may inflate to: 89 million pixels of three bytes, more than any
/// phone saves as PNG. Larger ones would take more than a second to prove.
const MAX_INFLATED: u64 = 256 << 20;

/// No more than this is read of an Exif block, which is a few hundred kilobytes at most.
const EXIF_MAX: usize = 2 << 20;

/// No more than this is read of a chunk of words.
const TEXT_MAX: usize = 2 << 20;

/// No more chunks of words than this are unpacked, or many small bombs would make a large one.
const UNPACKED_WORDS: u32 = 16;

/// No more than this is read of a packed colour profile; a longer one does not pass.
const PROFILE_MAX: usize = 4 << 20;

/// The longest palette.
const COLOURS_MAX: usize = 3 * 256;

/// The length of a chunk without data.
const EMPTY_CHUNK_LEN: usize = 12;
