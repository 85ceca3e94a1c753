//! HEIC, HEIF and AVIF: stills, and sequences of them (ISO/IEC 23008-12, AVIF 1.1).
//!
//! A `meta` box lists items and where in the file they lie. The items that are the picture stay
//! where they are; every other byte of the media data becomes zero, and `meta` is written again
//! without the rest. How the picture is turned is a property of it (`irot`, `imir`), which stays,
//! so no Exif needs to. A sequence has a `moov` box too, which the movie's walker cleans.

use std::ops::Range;

use super::super::{Facts, MediaError, ReadAt, RemainingKind, RemovedKind, Result, exif};
use super::boxes::{FourCc, Node, Top, TopBox, read_body};
use super::canvas::Canvas;
use super::nal::{self, Coding, Stream};
use super::stills::{Meta, instruction_len};
use super::window::Window;
use super::{config, movie, obu, rebuild, tags};

/// Longest `meta` box. The largest grids of phones need 64 KiB; profiles add some.
const MAX_META: u64 = 4 * 1024 * 1024;
/// Longest Exif block that is read for its facts; makers' notes have up to some 100 KiB.
const MAX_EXIF: u64 = 4 * 1024 * 1024;
/// Most Exif blocks that are read; a file has one.
const MAX_EXIFS: usize = 4;
/// Longest instruction for a derived image.
const MAX_DERIVED: u64 = 64 * 1024;

/// Reads what the Exif items tell.
pub(super) fn facts(source: &dyn ReadAt, boxes: &Top) -> Result<Facts> {
    let found = boxes.boxes.iter().find(|found| found.kind == *b"meta");
    let found = found.ok_or(MediaError::Malformed)?;
    let body = read_body(source, found, MAX_META)?;
    let node = movie::node(found, &body);
    let meta = Meta::read(&node)?;
    let mut facts = Facts::default();
    let blocks = meta.entries.iter().filter(|entry| entry.kind == *b"Exif");
    for entry in blocks.take(MAX_EXIFS) {
        let read = exif_block(&meta, source, entry.id).map(|block| exif::read(&block));
        match read {
            Ok(read) if read != Facts::default() => {
                facts = read;
                break;
            }
            _ => {}
        }
    }
    if facts.duration_ms.is_none() && boxes.boxes.iter().any(|found| found.kind == *b"moov") {
        facts.duration_ms = tags::facts(source, boxes).ok().and_then(|movie| movie.duration_ms);
    }
    Ok(facts)
}

/// The TIFF block of an Exif item, which stands behind its own offset.
fn exif_block(meta: &Meta<'_>, source: &dyn ReadAt, id: u32) -> Result<Vec<u8>> {
    let mut bytes = meta.bytes(source, id, MAX_EXIF)?;
    let skip = super::boxes::u32_at(&bytes, 0)? as usize;
    let at = skip.checked_add(4).filter(|&at| at <= bytes.len()).unwrap_or(4);
    bytes.drain(..at);
    // Some writers put the JPEG marker's name in front and count it not.
    if bytes.starts_with(b"Exif\0\0") {
        bytes.drain(..6);
    }
    Ok(bytes)
}

/// Draws the `meta` box and the items of the picture.
pub(super) fn draw(source: &dyn ReadAt, boxes: &Top, canvas: &mut Canvas) -> Result<()> {
    let mut metas = boxes.boxes.iter().filter(|found| found.kind == *b"meta");
    let (Some(found), None) = (metas.next(), metas.next()) else {
        return Err(MediaError::Unsupported);
    };
    let body = read_body(source, found, MAX_META)?;
    let node = movie::node(found, &body);
    let meta = Meta::read(&node)?;
    let picture = meta.picture(source)?;
    let mut items = Items {
        source,
        meta: &meta,
        boxes,
        own: found.start..found.end,
        idat: Vec::new(),
        units: nal::Scanner::new(Window::new(source)),
        av1: obu::Scanner::new(Window::new(source)),
    };
    for (&id, &kind) in &picture {
        items.draw(id, kind, canvas)?;
    }
    items.check_overlap(|id| picture.contains_key(&id))?;
    note_removed(&meta, source, |id| picture.contains_key(&id), canvas);
    let idat = items.idat_body(&node);
    let clean = rebuild::meta(&node, &meta, &picture, &idat, canvas)?;
    canvas.keep_header(&node);
    canvas.put(node.body_at(), clean);
    canvas.manifest.keep(RemainingKind::Picture);
    Ok(())
}

/// Notes every item that goes.
fn note_removed(
    meta: &Meta<'_>,
    source: &dyn ReadAt,
    stays: impl Fn(u32) -> bool,
    canvas: &mut Canvas,
) {
    let auxiliaries = meta.auxiliaries();
    let mut exifs = 0;
    for entry in meta.entries.iter().filter(|entry| !stays(entry.id)) {
        let len = meta.location(entry.id).map_or(0, |location| location.len()).min(source.len());
        let kind = Meta::removed_kind(entry, &auxiliaries);
        exifs += usize::from(kind == RemovedKind::Exif);
        let block = if kind == RemovedKind::Exif && exifs <= MAX_EXIFS {
            exif_block(meta, source, entry.id).ok().filter(|block| block.len() as u64 <= len)
        } else {
            None
        };
        let known = block.as_ref().map_or(0, |block| block.len() as u64);
        if let Some(block) = block {
            exif::note(&block, &mut canvas.manifest);
        }
        canvas.manifest.remove(kind, len - known + entry.node.len());
    }
}

/// The items of the picture while they are drawn.
struct Items<'a, 'b> {
    source: &'a dyn ReadAt,
    meta: &'a Meta<'b>,
    boxes: &'a Top,
    /// Where the `meta` box stands.
    own: Range<u64>,
    /// What of the body of `idat` is needed.
    idat: Vec<Range<u64>>,
    units: nal::Scanner<'a>,
    av1: obu::Scanner<'a>,
}

impl Items<'_, '_> {
    fn draw(&mut self, id: u32, kind: FourCc, canvas: &mut Canvas) -> Result<()> {
        let Some(location) = self.meta.location(id) else {
            // An identity image may have no bytes of its own.
            return if kind == *b"iden" { Ok(()) } else { Err(MediaError::Malformed) };
        };
        let stretches = self.meta.stretches(location)?;
        if let b"grid" | b"iovl" | b"iden" | b"tmap" = &kind {
            let bytes = self.meta.bytes(self.source, id, MAX_DERIVED)?;
            let inputs = self.inputs(id);
            let mut left = instruction_len(kind, &bytes, inputs)?;
            for stretch in stretches {
                let len = (stretch.end - stretch.start).min(left as u64);
                left -= len as usize;
                self.keep(stretch.start..stretch.start + len, canvas)?;
            }
            return if left == 0 { Ok(()) } else { Err(MediaError::Malformed) };
        }
        // Units may not be torn apart: no writer does that, and a walk could not follow.
        let [stretch] = &stretches[..] else {
            return Err(MediaError::Unsupported);
        };
        if stretch.is_empty() || self.own.contains(&stretch.start) {
            return Err(MediaError::Unsupported);
        }
        self.keep(stretch.clone(), canvas)?;
        self.scan(id, kind, stretch.clone(), canvas)
    }

    /// Walks the coded units of an image.
    fn scan(&mut self, id: u32, kind: FourCc, at: Range<u64>, canvas: &mut Canvas) -> Result<()> {
        if kind == *b"av01" {
            return self.av1.sample(at, canvas);
        }
        let (coding, name) = match &kind {
            b"hvc1" => (Coding::Hevc, *b"hvcC"),
            _ => (Coding::Avc, *b"avcC"),
        };
        let property = self.meta.properties_of(id).find(|property| property.kind == name);
        let property = property.ok_or(MediaError::Malformed)?;
        let prefix = config::unit_prefix(name, property.body)?;
        self.units.sample(at, Stream { coding, prefix, dolby: false }, canvas)
    }

    fn inputs(&self, id: u32) -> usize {
        let own = |it: &&super::items::Reference<'_>| it.kind == *b"dimg" && it.from == id;
        self.meta.references.iter().find(own).map_or(0, |it| it.to.len())
    }

    /// Keeps bytes of an item, which must lie in media data or in `idat`.
    fn keep(&mut self, range: Range<u64>, canvas: &mut Canvas) -> Result<()> {
        let idat = self.meta.idat.map_or(0..0, |(start, len)| start..start + len);
        if range.start >= idat.start && range.end <= idat.end && !idat.is_empty() {
            self.idat.push(range);
            return Ok(());
        }
        let holds = |found: &&TopBox| {
            found.kind == *b"mdat" && found.body <= range.start && range.end <= found.end
        };
        if !range.is_empty() && self.boxes.boxes.iter().find(holds).is_none() {
            return Err(MediaError::Malformed);
        }
        canvas.claim(range.end - range.start);
        canvas.keep(range);
        Ok(())
    }

    /// The body of `idat` with what the picture needs, else zeros.
    fn idat_body(&self, node: &Node<'_>) -> Vec<u8> {
        let Some((start, len)) = self.meta.idat else { return Vec::new() };
        let mut body = vec![0; len as usize];
        let from = (start - node.body_at()) as usize;
        for range in &self.idat {
            let (a, b) = ((range.start - start) as usize, (range.end - start) as usize);
            body[a..b].copy_from_slice(&node.body[from + a..from + b]);
        }
        body
    }

    /// Refuses a file in which an item that goes shares bytes with one that stays.
    fn check_overlap(&self, stays: impl Fn(u32) -> bool) -> Result<()> {
        let mut all = Vec::new();
        for location in &self.meta.locations {
            let stays = stays(location.id);
            match self.meta.stretches(location) {
                Ok(found) => all.extend(found.into_iter().map(|it| (it.start, it.end, stays))),
                Err(_) if !stays => {}
                Err(error) => return Err(error),
            }
        }
        all.retain(|(start, end, _)| start < end);
        all.sort_unstable();
        // The furthest end so far, of items that stay and of items that go.
        let mut ends = [0, 0];
        for (start, end, stays) in all {
            if ends[usize::from(!stays)] > start {
                return Err(MediaError::Malformed);
            }
            let own = &mut ends[usize::from(stays)];
            *own = end.max(*own);
        }
        Ok(())
    }
}
