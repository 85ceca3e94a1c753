//! MP4, MOV, 3GP and M4A: the `moov` box, its tracks and their samples (ISO/IEC 14496-12, Apple's
//! QuickTime File Format).
//!
//! Tracks of pictures and of sound stay, with the tables that find their samples. Tracks that
//! record anything else (places, movement, texts, time codes) go, and their samples are zeroed
//! where they lie. Samples of video are walked for notes, header by header; sound is not opened.

use std::ops::Range;

use super::super::{MediaError, ReadAt, RemainingKind, RemovedKind, Result};
use super::boxes::{FourCc, Node, Top, TopBox, read_body, u32_at, version};
use super::canvas::Canvas;
use super::counted::{self, Counts};
use super::entry::{self, Described, Walk};
use super::samples::Samples;
use super::tables::{Merged, Tables};
use super::{edits, leaf, tags};

/// Longest `moov` box. An hour of video with sound has about 5 MiB of tables.
pub(super) const MAX_MOOV: u64 = 24 * 1024 * 1024;
/// Most tracks; phones write up to ten.
const MAX_TRACKS: usize = 64;

/// The kinds of tracks that stay: video, sound, picture sequences, and their transparency.
const HANDLERS: &[FourCc] = &[*b"vide", *b"soun", *b"pict", *b"auxv"];

/// Which boxes may stand in which, apart from those with fields of their own.
const CONTAINERS: &[(FourCc, FourCc)] = &[
    (*b"moov", *b"mvex"),
    (*b"trak", *b"edts"),
    (*b"trak", *b"tapt"),
    (*b"trak", *b"mdia"),
    (*b"mdia", *b"minf"),
    (*b"minf", *b"dinf"),
    (*b"minf", *b"stbl"),
];

/// Which boxes with fields may stand in which box.
const LEAVES: &[(FourCc, &[&[u8]])] = &[
    (*b"moov", &[b"mvhd", b"trak"]),
    (*b"mvex", &[b"mehd", b"trex"]),
    (*b"trak", &[b"tkhd", b"tref"]),
    (*b"edts", &[b"elst"]),
    (*b"tapt", &[b"clef", b"prof", b"enof"]),
    (*b"mdia", &[b"mdhd", b"hdlr"]),
    (*b"minf", &[b"vmhd", b"smhd", b"nmhd", b"hdlr"]),
    (*b"dinf", &[b"dref"]),
    (
        *b"stbl",
        &[
            b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stps", b"stsc", b"stsz", b"stz2",
            b"stco", b"co64", b"sdtp", b"sgpd", b"sbgp",
        ],
    ),
    (*b"traf", &[b"tfhd", b"tfdt", b"trun", b"sdtp", b"sgpd", b"sbgp"]),
];

/// What one track is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track<'a> {
    pub(super) id: u32,
    handler: FourCc,
    node: Node<'a>,
    /// How it is coded, if it stays.
    described: Option<Described>,
    /// Size of samples in fragments that don't say.
    pub(super) default_size: u32,
}

impl Track<'_> {
    /// How its samples are walked; `None` if the track goes.
    pub(super) fn walk(&self) -> Option<Walk> {
        self.described.map(|described| described.walk)
    }
}

/// Draws the `moov` box and the samples that its tables name.
pub(super) fn draw(source: &dyn ReadAt, top: &Top, canvas: &mut Canvas) -> Result<()> {
    let found = top.boxes.iter().find(|found| found.kind == *b"moov");
    let found = found.ok_or(MediaError::Malformed)?;
    let body = read_body(source, found, MAX_MOOV)?;
    let moov = node(found, &body);
    let tracks = tracks(&moov)?;
    if !tracks.iter().any(|track| track.described.is_some()) {
        return Err(MediaError::Unsupported);
    }
    let drawing = Drawing { tracks: &tracks };
    canvas.keep_header(&moov);
    drawing.inside(&moov, Place::default(), canvas)?;
    let mut samples = Samples::new(source, top);
    tabled(&tracks, &mut samples, canvas)?;
    for found in top.boxes.iter().filter(|found| found.kind == *b"moof") {
        super::fragment::draw(source, found, &tracks, &mut samples, canvas)?;
    }
    samples.finish(canvas)?;
    for track in tracks.iter().filter(|track| track.described.is_some()) {
        let sound = track.handler == *b"soun";
        canvas.manifest.keep(if sound { RemainingKind::Sound } else { RemainingKind::Picture });
        if edits::is_cut(&moov, &track.node) {
            canvas.manifest.keep(RemainingKind::CutOff);
        }
    }
    Ok(())
}

/// Reads what the tracks are.
fn tracks<'a>(moov: &Node<'a>) -> Result<Vec<Track<'a>>> {
    let mut tracks: Vec<Track<'_>> = Vec::new();
    for child in moov.children(0) {
        let child = child?;
        if child.kind == *b"trak" {
            if tracks.len() == MAX_TRACKS {
                return Err(MediaError::TooComplex);
            }
            tracks.push(track(child)?);
        }
    }
    // A picture that only marks a chapter is no part of the film.
    let chapters: Vec<u32> = tracks.iter().flat_map(|track| references(track, b"chap")).collect();
    for track in &mut tracks {
        if HANDLERS.contains(&track.handler) && !chapters.contains(&track.id) {
            track.described = describe(track)?;
        }
    }
    let defaults = moov.child(b"mvex").into_iter().flat_map(|mvex| mvex.children(0).flatten());
    for trex in defaults.filter(|node| node.kind == *b"trex") {
        let (id, size) = (u32_at(trex.body, 4)?, u32_at(trex.body, 16)?);
        for track in tracks.iter_mut().filter(|track| track.id == id) {
            track.default_size = size;
        }
    }
    Ok(tracks)
}

fn track(node: Node<'_>) -> Result<Track<'_>> {
    let tkhd = node.child(b"tkhd").ok_or(MediaError::Malformed)?;
    let id = u32_at(tkhd.body, if version(tkhd.body)? == 0 { 12 } else { 20 })?;
    let hdlr = node.child(b"mdia").and_then(|mdia| mdia.child(b"hdlr"));
    let hdlr = hdlr.ok_or(MediaError::Malformed)?;
    let handler = u32_at(hdlr.body, 8)?.to_be_bytes();
    Ok(Track { id, handler, node, described: None, default_size: 0 })
}

fn stbl<'a>(track: &Track<'a>) -> Option<Node<'a>> {
    track.node.child(b"mdia")?.child(b"minf")?.child(b"stbl")
}

/// How a track is coded. A coding that can't be walked makes the file one that can't be cleaned,
/// except for what only goes along with the pictures.
fn describe(track: &Track<'_>) -> Result<Option<Described>> {
    let stsd = stbl(track).and_then(|stbl| stbl.child(b"stsd")).ok_or(MediaError::Malformed)?;
    match entry::read(&stsd, track.handler) {
        Err(MediaError::Unsupported) if track.handler == *b"auxv" => Ok(None),
        other => other.map(Some),
    }
}

/// The tracks that a track refers to in the way of `kind`.
fn references<'a>(track: &Track<'a>, kind: &FourCc) -> impl Iterator<Item = u32> + use<'a> {
    let node = track.node.child(b"tref").and_then(|tref| tref.child(kind));
    let body = node.map_or(&[][..], |node| node.body);
    body.chunks_exact(4).filter_map(|id| u32_at(id, 0).ok())
}

/// Draws the samples that the tables of the tracks name.
fn tabled(tracks: &[Track<'_>], samples: &mut Samples<'_>, canvas: &mut Canvas) -> Result<()> {
    let (mut stay, mut go) = (Vec::new(), Vec::new());
    for track in tracks {
        let packet = track.described.and_then(|described| described.packet);
        let tables =
            stbl(track).ok_or(MediaError::Malformed).and_then(|stbl| Tables::read(&stbl, packet));
        match (track.walk(), tables) {
            (Some(walk), Ok(tables)) => {
                samples.walk(tables, walk, canvas)?;
                stay.push(tables);
            }
            (Some(_), Err(error)) => return Err(error),
            (None, Ok(tables)) => go.push(tables),
            // Samples that can't be found belong to nobody and are zeroed with the rest.
            (None, Err(_)) => {}
        }
    }
    for range in Merged::new(&stay)? {
        samples.keep(range, canvas);
    }
    if !go.is_empty() {
        samples.lose(Merged::new(&stay)?, Merged::new(&go)?)?;
    }
    Ok(())
}

/// Draws boxes by the lists above.
pub(super) struct Drawing<'a> {
    pub(super) tracks: &'a [Track<'a>],
}

/// Where in a movie a box stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    handler: FourCc,
    packet: Option<(u64, u64)>,
    /// The samples that tables are about.
    pub(super) counts: Counts,
}

/// Boxes of which a parent has many.
const MANY: &[FourCc] = &[*b"trak", *b"trun"];
/// Most boxes that stay in one parent, apart from those.
const MAX_SIBLINGS: usize = 128;

impl Drawing<'_> {
    /// Draws what stands in `parent`. Of boxes that stand once in their parent the first one stays.
    pub(super) fn inside(
        &self,
        parent: &Node<'_>,
        place: Place,
        canvas: &mut Canvas,
    ) -> Result<()> {
        let mut seen = Vec::new();
        for node in parent.children(0) {
            let node = node?;
            let key = counted::key(&node);
            if !stays(parent, &node) {
                dropped(&node, canvas)?;
            } else if MANY.contains(&node.kind) {
                self.draw(parent, &node, place, canvas)?;
            } else if seen.len() == MAX_SIBLINGS || seen.contains(&key) || is_spare(parent, &node) {
                leaf::drop_box(&node, RemovedKind::Other, canvas)?;
            } else {
                seen.push(key);
                self.draw(parent, &node, place, canvas)?;
            }
        }
        Ok(())
    }

    /// Draws a box of the lists.
    fn draw(
        &self,
        parent: &Node<'_>,
        node: &Node<'_>,
        mut place: Place,
        canvas: &mut Canvas,
    ) -> Result<()> {
        match &node.kind {
            b"trak" => self.track(node, canvas),
            b"tref" => self.references(node, canvas),
            b"dref" => data_reference(node, canvas),
            b"stsd" => entry::draw(node, place.handler, canvas),
            b"trex" if !u32_at(node.body, 4).is_ok_and(|id| self.stays(id)) => {
                leaf::drop_box(node, RemovedKind::Other, canvas)
            }
            kind if CONTAINERS.contains(&(parent.kind, *kind)) => {
                if node.kind == *b"stbl" {
                    place.counts = Tables::read(node, place.packet)?.counts();
                    let stsd = node.child(b"stsd").ok_or(MediaError::Malformed)?;
                    place.counts.descriptions = stsd.children(8).count() as u32;
                }
                canvas.keep_header(node);
                self.inside(node, place, canvas)
            }
            _ if matches!(&parent.kind, b"stbl" | b"traf")
                && counted::draw(node, place.counts, canvas)? =>
            {
                Ok(())
            }
            _ => leaf::draw(node, canvas),
        }
    }

    fn track(&self, node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
        let track = self.tracks.iter().find(|track| track.node.start == node.start);
        let track = track.ok_or(MediaError::Malformed)?;
        let Some(described) = track.described else {
            return leaf::drop_box(node, RemovedKind::DataTrack, canvas);
        };
        canvas.keep_header(node);
        let place = Place { handler: track.handler, packet: described.packet, ..Place::default() };
        self.inside(node, place, canvas)
    }

    /// Whether the track with this number stays.
    fn stays(&self, id: u32) -> bool {
        self.tracks.iter().any(|track| track.id == id && track.described.is_some())
    }

    /// Draws relations between tracks that all stay.
    fn references(&self, node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
        canvas.keep_header(node);
        let mut seen = Vec::new();
        for child in node.children(0) {
            let child = child?;
            let mut ids = child.body.chunks_exact(4).map(|id| u32_at(id, 0));
            let all_stay = ids.all(|id| id.is_ok_and(|id| self.stays(id)));
            let is_known = matches!(&child.kind, b"auxl" | b"vdep" | b"fall" | b"folw");
            let is_short = child.body.len() / 4 <= self.tracks.len();
            if is_known && all_stay && is_short && !seen.contains(&child.kind) {
                seen.push(child.kind);
                canvas.keep_header(&child);
                canvas.keep(child.body_at()..child.body_at() + child.body.len() as u64 / 4 * 4);
            } else {
                leaf::drop_box(&child, RemovedKind::Other, canvas)?;
            }
        }
        Ok(())
    }
}

/// Whether a box is on one of the lists.
fn stays(parent: &Node<'_>, node: &Node<'_>) -> bool {
    let is_leaf = |(kind, kinds): &(FourCc, &[&[u8]])| {
        *kind == parent.kind && kinds.contains(&node.kind.as_slice())
    };
    CONTAINERS.contains(&(parent.kind, node.kind)) || LEAVES.iter().any(is_leaf)
}

/// Whether a table stands beside another one that says the same and is preferred.
fn is_spare(parent: &Node<'_>, node: &Node<'_>) -> bool {
    match &node.kind {
        b"co64" => parent.child(b"stco").is_some(),
        b"stz2" => parent.child(b"stsz").is_some(),
        _ => false,
    }
}

/// Frees a box that is on no list, and says what it was.
fn dropped(node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
    match &node.kind {
        b"udta" | b"meta" => {
            tags::note(node, &mut canvas.manifest);
            canvas.free(node);
            Ok(())
        }
        b"free" | b"skip" | b"wide" => leaf::drop_box(node, RemovedKind::HiddenBytes, canvas),
        _ => leaf::drop_box(node, RemovedKind::Other, canvas),
    }
}

/// Draws where the samples are: in this file. Names and paths of files do not stay.
fn data_reference(node: &Node<'_>, canvas: &mut Canvas) -> Result<()> {
    canvas.keep_header(node);
    canvas.keep(node.body_at()..node.body_at() + 8);
    for entry in node.children(8) {
        let entry = entry?;
        let is_here = u32_at(entry.body, 0)? & 1 == 1;
        if !is_here || ![*b"url ", *b"urn ", *b"alis"].contains(&entry.kind) {
            return Err(MediaError::Unsupported);
        }
        canvas.keep(entry.start..entry.body_at() + 4);
        if u32_at(entry.body, 0)? != 1 {
            canvas.manifest.remove(RemovedKind::Other, 4);
            canvas.put(entry.body_at(), 1_u32.to_be_bytes().to_vec());
        }
        if entry.body[4..].iter().any(|&byte| byte != 0) {
            canvas.manifest.remove(RemovedKind::Text, entry.body.len() as u64 - 4);
        }
    }
    Ok(())
}

/// A box at the top as a box in memory.
pub(super) fn node<'a>(found: &TopBox, body: &'a [u8]) -> Node<'a> {
    let header = (found.body - found.start) as usize;
    Node { kind: found.kind, start: found.start, header, body }
}

/// The media data of the file.
pub(super) fn media_data(top: &Top) -> Vec<Range<u64>> {
    let mdat = top.boxes.iter().filter(|found| found.kind == *b"mdat");
    mdat.map(|found| found.body..found.end).collect()
}
