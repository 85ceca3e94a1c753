//! ISO base media files: HEIC, HEIF, AVIF, MP4, MOV, 3GP and M4A (ISO/IEC 14496-12).
//!
//! These formats are full of offsets that count from the start of the file, and rewriting them has
//! destroyed many photos elsewhere. So a scrubbed copy is as long as its source and nothing in it
//! moves: a box that goes becomes an empty `free` box of the same length, and media data that no
//! picture and no sound needs becomes zeros. [`canvas`] makes sure of it: a walker says what stays,
//! and whatever it does not name is zero.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `boxes`, `leaf` | headers of boxes; the shape of boxes that hold fields and tables |
//! | `heif`, `stills`, `items`, `property`, `rebuild` | stills: which items are the picture |
//! | `movie`, `tables`, `counted`, `samples`, `fragment` | films and sound: tracks, samples |
//! | `entry`, `extension`, `esds`, `asc` | how a track is coded |
//! | `nal`, `obu`, `codes`, `user_data`, `bits`, `config` | notes inside the coded pictures |
//! | `tags` | what the metadata of films tells, and what it is called when it goes |

use std::ops::Range;

use super::{Facts, Format, Plan, ReadAt, RemovedKind, Result};
use boxes::{FourCc, Node, Top, TopBox, read_body};
use canvas::Canvas;
use window::Window;

mod asc;
mod bits;
mod boxes;
mod canvas;
mod codes;
mod config;
mod counted;
mod edits;
mod entry;
mod esds;
mod extension;
mod fragment;
mod heif;
mod items;
mod leaf;
mod movie;
mod nal;
mod obu;
mod property;
mod rebuild;
mod samples;
mod stills;
mod tables;
mod tags;
mod user_data;
mod window;

#[cfg(test)]
mod film;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod hiding;
#[cfg(test)]
mod tests;

/// Longest index of fragments (`sidx`, `mfra`). A day of fragments of two seconds has 1 MiB.
const MAX_INDEX: u64 = 2 * 1024 * 1024;
/// Longest list of brands.
const MAX_BRANDS: u64 = 256;

/// Brands that readers look for. Others are replaced: four letters are room for a name.
const BRANDS: &[&[u8; 4]] = &[
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"hevm",
    b"hevs",
    b"mif1",
    b"mif2",
    b"mif3",
    b"msf1",
    b"miaf",
    b"MiHB",
    b"MiHE",
    b"MiHA",
    b"MiPr",
    b"MiAn",
    b"MiBu",
    b"MiCm",
    b"avif",
    b"avis",
    b"avio",
    b"MA1A",
    b"MA1B",
    b"av01",
    b"tmap",
    b"heif",
    b"avci",
    b"avcs",
    b"isom",
    b"iso2",
    b"iso3",
    b"iso4",
    b"iso5",
    b"iso6",
    b"iso7",
    b"iso8",
    b"iso9",
    b"isoa",
    b"isob",
    b"isoc",
    b"mp41",
    b"mp42",
    b"mp71",
    b"avc1",
    b"hvc1",
    b"hev1",
    b"dby1",
    b"qt  ",
    b"M4A ",
    b"M4B ",
    b"M4V ",
    b"M4VP",
    b"M4VH",
    b"3gp1",
    b"3gp2",
    b"3gp3",
    b"3gp4",
    b"3gp5",
    b"3gp6",
    b"3gp7",
    b"3gp8",
    b"3gp9",
    b"3gg6",
    b"3gr6",
    b"3gs6",
    b"3ge6",
    b"3gs7",
    b"3ge7",
    b"3gh9",
    b"3g2a",
    b"3g2b",
    b"3g2c",
    b"kddi",
    b"mmp4",
    b"MSNV",
    b"ndsc",
    b"ndsh",
    b"ndsm",
    b"ndsp",
    b"ndss",
    b"ndxc",
    b"ndxh",
    b"ndxm",
    b"ndxp",
    b"ndxs",
    b"XAVC",
    b"dash",
    b"cmfc",
    b"cmf2",
    b"cmff",
    b"cmfl",
    b"cmfs",
    b"msdh",
    b"msix",
    b"lmsg",
    b"hlsf",
    b"piff",
    b"f4v ",
    b"jpeg",
    b"1pic",
    b"pred",
    b"unif",
    b"vvc1",
    b"\0\0\0\0",
    b"MSF1",
    b"hvte",
    b"ster",
];
/// Brands of stills and sequences of them.
const STILLS: &[&[u8; 4]] = &[
    b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"msf1", b"hevc", b"hevx", b"avif",
    b"avis",
];

/// Tells which of these formats begins with `head`.
pub(super) fn sniff(head: &[u8]) -> Option<Format> {
    let kind: FourCc = boxes::array_at(head, 4).ok()?;
    match &kind {
        b"ftyp" => {
            let len = boxes::u32_at(head, 0).ok()? as usize;
            let body = head.get(8..len.clamp(8, head.len()))?;
            let major: FourCc = boxes::array_at(body, 0).ok()?;
            let others = body.get(8..).unwrap_or_default().chunks_exact(4);
            let all = || others.clone().chain(std::iter::once(&major[..]));
            let is_still = all().any(|brand| STILLS.iter().any(|still| still.as_slice() == brand));
            Some(match &major {
                b"avif" | b"avis" => Format::Avif,
                _ if is_still && all().any(|brand| brand == b"avif") => Format::Avif,
                _ if is_still => Format::Heic,
                b"qt  " => Format::Mov,
                b"M4A " | b"M4B " => Format::M4a,
                [b'3', b'g', ..] => Format::ThreeGp,
                _ => Format::Mp4,
            })
        }
        // QuickTime files before 2001 have no brand.
        b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" => Some(Format::Mov),
        _ => None,
    }
}

/// Reads what a file tells about when, where and with what it was taken.
pub(super) fn facts(source: &dyn ReadAt, format: Format) -> Result<Facts> {
    let top = boxes::top(source)?;
    let has_items = top.boxes.iter().any(|found| found.kind == *b"meta");
    match format {
        Format::Heic | Format::Avif if has_items => heif::facts(source, &top),
        _ => tags::facts(source, &top),
    }
}

/// Plans a copy with nothing but what is needed to draw the picture and play the sound.
pub(super) fn scrub(source: &dyn ReadAt, format: Format) -> Result<Plan> {
    let top = boxes::top(source)?;
    let mut canvas = Canvas::new(source.len());
    canvas.manifest.broken = top.cut;
    let has = |kind: &FourCc| top.boxes.iter().any(|found| found.kind == *kind);
    let is_still = matches!(format, Format::Heic | Format::Avif);
    // A sequence may do without items.
    if is_still && (has(b"meta") || !has(b"moov")) {
        heif::draw(source, &top, &mut canvas)?;
    }
    let is_movie = !is_still || has(b"moov");
    if is_movie {
        movie::draw(source, &top, &mut canvas)?;
    } else {
        still_gaps(source, &top, &mut canvas)?;
    }
    canvas.check_overlap(&movie::media_data(&top))?;
    let mut seen = Vec::new();
    let index = Index::of(&top);
    for found in &top.boxes {
        // A second one belongs to a second file that was appended.
        let again = seen.contains(&found.kind);
        match &found.kind {
            b"moov" if !again => {}
            b"meta" if !again && is_still => {}
            b"ftyp" if !again => brands(source, found, &mut canvas)?,
            b"styp" => brands(source, found, &mut canvas)?,
            b"mdat" if top.cut && found.end == source.len() => cut_media(found, &mut canvas),
            b"mdat" => canvas.keep(found.start..found.body),
            b"moof" if is_movie => {}
            b"sidx" | b"mfra" if !again && is_movie => index.draw(source, found, &mut canvas)?,
            _ => drop_top(source, found, &mut canvas)?,
        }
        if matches!(&found.kind, b"ftyp" | b"moov" | b"meta" | b"mfra") {
            seen.push(found.kind);
        }
    }
    junk(source, &top, &mut canvas)?;
    let (pieces, manifest) = canvas.finish()?;
    Ok(Plan { format, pieces, manifest })
}

/// Notes the media data of a still that belongs to no item of the picture.
fn still_gaps(source: &dyn ReadAt, top: &Top, canvas: &mut Canvas) -> Result<()> {
    let media = movie::media_data(top);
    let known: u64 = canvas.manifest.removed.iter().map(|removed| removed.bytes).sum();
    canvas.settle();
    let bytes = samples::filled(&media, canvas, &mut Window::new(source))?;
    // What the items noted lies in these gaps too.
    if bytes > known {
        canvas.manifest.remove(RemovedKind::HiddenBytes, bytes - known);
    }
    Ok(())
}

/// Keeps a list of brands, without a version and without brands that nobody looks for.
fn brands(source: &dyn ReadAt, found: &TopBox, canvas: &mut Canvas) -> Result<()> {
    let mut body = read_body(source, found, MAX_BRANDS)?;
    let is_known = |brand: &[u8]| BRANDS.iter().any(|known| known.as_slice() == brand);
    let major: FourCc = boxes::array_at(&body, 0)?;
    let major = if is_known(&major) { major } else { *b"isom" };
    let whole = body.len() / 4 * 4;
    for (index, brand) in body[..whole].chunks_exact_mut(4).enumerate() {
        if index == 0 || (index > 1 && !is_known(brand)) {
            brand.copy_from_slice(&major);
        }
    }
    body[whole..].fill(0);
    // Versions in use are small; one maker writes a date.
    if boxes::u32_at(&body, 4)? > MAX_VERSION {
        body[4..8].fill(0);
    }
    canvas.keep(found.start..found.body);
    canvas.put(found.body, body);
    Ok(())
}

/// Highest version of a brand that says nothing else.
const MAX_VERSION: u32 = 0x1_0000;

/// Makes media data that were cut short say how much there is: what a box claims and does not have
/// makes readers refuse the whole film.
fn cut_media(found: &TopBox, canvas: &mut Canvas) {
    let len = found.end - found.start;
    let header = match (u32::try_from(len), found.body - found.start) {
        (Ok(len), 8) => [&len.to_be_bytes()[..], b"mdat"].concat(),
        _ => [&1_u32.to_be_bytes()[..], b"mdat", &len.to_be_bytes()].concat(),
    };
    canvas.put(found.start, header);
}

/// What an index may point at.
struct Index {
    /// Where fragments start, in order.
    fragments: Vec<u64>,
    /// How many fragments and indexes there are.
    parts: u64,
}

impl Index {
    fn of(top: &Top) -> Self {
        let of_kind = |kind: FourCc| top.boxes.iter().filter(move |found| found.kind == kind);
        let fragments: Vec<_> = of_kind(*b"moof").map(|found| found.start).collect();
        let parts = (fragments.len() + of_kind(*b"sidx").count()) as u64;
        Self { fragments, parts }
    }

    /// Keeps an index of fragments. What points at more than there is goes: players find their
    /// way without it.
    fn draw(&self, source: &dyn ReadAt, found: &TopBox, canvas: &mut Canvas) -> Result<()> {
        if self.fragments.is_empty() {
            return drop_top(source, found, canvas);
        }
        let body = read_body(source, found, MAX_INDEX)?;
        let node = movie::node(found, &body);
        if found.kind == *b"sidx" {
            let count_at = if boxes::version(&body)? == 0 { 22 } else { 30 };
            return match u64::from(boxes::u16_at(&body, count_at)?) <= self.parts {
                true => leaf::draw(&node, canvas),
                false => drop_top(source, found, canvas),
            };
        }
        canvas.keep_header(&node);
        let mut seen = Vec::new();
        for child in node.children(0) {
            let child = child?;
            // One for each track, and where it all begins.
            let key = (child.kind, boxes::array_at::<4>(child.body, 4).unwrap_or_default());
            let is_known = match &child.kind {
                b"tfra" => self.holds(&child)?,
                b"mfro" => !seen.iter().any(|(kind, _)| kind == b"mfro"),
                _ => false,
            };
            if is_known && seen.len() < MAX_TRACKS && !seen.contains(&key) {
                seen.push(key);
                leaf::draw(&child, canvas)?;
            } else {
                leaf::drop_box(&child, RemovedKind::Other, canvas)?;
            }
        }
        Ok(())
    }

    /// Whether each entry of a `tfra` box points at a fragment, and there is one for each at most.
    fn holds(&self, tfra: &Node<'_>) -> Result<bool> {
        let Some(shape) = leaf::shape(tfra)? else { return Ok(false) };
        let body = &tfra.body[..shape.len];
        let count = boxes::u32_at(body, 12)? as usize;
        if count == 0 || count > self.fragments.len() {
            return Ok(count == 0);
        }
        let wide = boxes::version(body)? != 0;
        let fragment = |entry: &[u8]| {
            if wide { boxes::u64_at(entry, 8) } else { boxes::u32_at(entry, 4).map(u64::from) }
        };
        let mut entries = body[16..].chunks_exact((body.len() - 16) / count);
        Ok(entries.all(|it| fragment(it).is_ok_and(|at| self.fragments.binary_search(&at).is_ok())))
    }
}

/// Most tracks that an index is about.
const MAX_TRACKS: usize = 64;

/// Frees a box at the top that is not needed, and notes it if it holds anything.
fn drop_top(source: &dyn ReadAt, found: &TopBox, canvas: &mut Canvas) -> Result<()> {
    let len = found.end - found.start;
    let mut head = [0; 16];
    let have = (found.end - found.body).min(16) as usize;
    source.read_exact_at(found.body, &mut head[..have])?;
    let kind = match &found.kind {
        b"uuid" => tags::uuid(&head),
        b"mpvd" => RemovedKind::EmbeddedVideo,
        b"udta" | b"sefd" => RemovedKind::Other,
        b"free" | b"skip" | b"wide" => RemovedKind::HiddenBytes,
        _ => RemovedKind::Other,
    };
    canvas.free_top(found);
    if !is_empty(source, found.body..found.end)? {
        canvas.manifest.remove(kind, len);
    }
    Ok(())
}

/// Whether a stretch holds zeros only. A huge one is taken to hold something.
fn is_empty(source: &dyn ReadAt, range: Range<u64>) -> Result<bool> {
    Ok(range.end - range.start <= MAX_LOOK
        && Window::new(source).is_all(0, range.start, range.end)?)
}

/// Most bytes of one box that are looked at, to tell whether they hold anything.
const MAX_LOOK: u64 = 8 * 1024 * 1024;

/// Makes an empty box of the bytes behind the last box.
fn junk(source: &dyn ReadAt, top: &Top, canvas: &mut Canvas) -> Result<()> {
    let len = source.len() - top.junk;
    if len == 0 {
        return Ok(());
    }
    canvas.manifest.broken = true;
    if !is_empty(source, top.junk..source.len())? {
        canvas.manifest.remove(RemovedKind::HiddenBytes, len);
    }
    let header = match (u32::try_from(len), len) {
        (_, 0..8) => return Ok(()),
        (Ok(len), _) => [&len.to_be_bytes()[..], b"free"].concat(),
        (Err(_), _) => [&1_u32.to_be_bytes()[..], b"free", &len.to_be_bytes()].concat(),
    };
    canvas.put(top.junk, header);
    Ok(())
}
