//! What the metadata of a film tells, and what it is called when it goes.
//!
//! Four places hold it: Apple's keys (`meta` with `keys` and `ilst`), iTunes' list (`udta/meta`),
//! QuickTime's user data (names with a copyright sign) and 3GPP's (`loci`). The date of the movie's
//! header is taken only when none of them tells one, as ExifTool does; it has no offset, because
//! cameras disagree whether it is UTC.

use super::super::{Facts, Manifest, Position, ReadAt, RemovedKind, Result};
use super::boxes::{FourCc, Node, Top, read_body, u16_at, u32_at, u64_at, version};
use super::movie::{MAX_MOOV, node};

mod values;
pub(super) use values::uuid;
use values::{Place, Stamp, clean_text, date_of_header, iso_6709, loci};

/// Most entries of one list of tags that are read.
const MAX_TAGS: usize = 1024;

/// Reads what the `moov` box tells.
pub(super) fn facts(source: &dyn ReadAt, top: &Top) -> Result<Facts> {
    let Some(found) = top.boxes.iter().find(|found| found.kind == *b"moov") else {
        return Ok(Facts::default());
    };
    let body = read_body(source, found, MAX_MOOV)?;
    let moov = node(found, &body);
    let mut tags = Tags::default();
    let mut facts = Facts::default();
    for child in moov.children(0).flatten() {
        match &child.kind {
            b"mvhd" => header(&child, &mut tags, &mut facts)?,
            b"meta" => tags.keys(&child),
            b"udta" => tags.user_data(&child),
            _ => {}
        }
    }
    if facts.duration_ms.is_none() {
        facts.duration_ms = fragments_duration(&moov, tags.time_scale);
    }
    tags.into_facts(&mut facts);
    Ok(facts)
}

/// Reads date and duration of the movie's header.
fn header(mvhd: &Node<'_>, tags: &mut Tags, facts: &mut Facts) -> Result<()> {
    let (created, scale, duration) = times(mvhd.body)?;
    tags.header = date_of_header(created);
    tags.time_scale = scale;
    facts.duration_ms = milliseconds(duration.unwrap_or(0), scale);
    Ok(())
}

/// What `mvhd` and `mdhd` say first: when it was made, units of time in a second, and its duration
/// in these, if it is known.
pub(super) fn times(body: &[u8]) -> Result<(u64, u32, Option<u64>)> {
    Ok(if version(body)? == 0 {
        (u64::from(u32_at(body, 4)?), u32_at(body, 12)?, wide(u32_at(body, 16)?))
    } else {
        (u64_at(body, 4)?, u32_at(body, 20)?, Some(u64_at(body, 24)?).filter(|&it| it != u64::MAX))
    })
}

/// A duration of 32 bits, in which all ones mean unknown.
fn wide(duration: u32) -> Option<u64> {
    (duration != u32::MAX).then_some(u64::from(duration))
}

pub(super) fn milliseconds(duration: u64, scale: u32) -> Option<u64> {
    let scaled = u128::from(duration) * 1000 / u128::from(scale).max(1);
    u64::try_from(scaled).ok().filter(|&duration| duration > 0 && scale > 0)
}

/// The duration of a movie in fragments.
fn fragments_duration(moov: &Node<'_>, scale: u32) -> Option<u64> {
    let mehd = moov.child(b"mvex")?.child(b"mehd")?;
    let duration = match version(mehd.body).ok()? {
        0 => u64::from(u32_at(mehd.body, 4).ok()?),
        _ => u64_at(mehd.body, 4).ok()?,
    };
    milliseconds(duration, scale)
}

/// What was found where.
#[derive(Default)]
struct Tags {
    time_scale: u32,
    header: Option<Stamp>,
    stamp: Option<Stamp>,
    /// Places, the most trusted first.
    places: [Option<Place>; 3],
    accuracy_m: Option<f64>,
    direction_deg: Option<f64>,
    make: Option<String>,
    model: Option<String>,
}

impl Tags {
    fn into_facts(self, facts: &mut Facts) {
        if let Some(stamp) = self.stamp.or(self.header) {
            facts.taken_at = Some(stamp.local);
            facts.offset = stamp.offset;
        }
        let mut places = self.places.into_iter().flatten();
        if let Some(place) = places.next() {
            let position = Position { accuracy_m: self.accuracy_m, ..place.position };
            facts.position = Some(position);
            // Some writers state the height in one place only.
            facts.altitude_m = place.altitude_m.or(places.find_map(|place| place.altitude_m));
        }
        facts.direction_deg = self.direction_deg;
        facts.make = self.make;
        facts.model = self.model;
    }

    /// Reads Apple's keys: names in one box, values by number in another.
    fn keys(&mut self, meta: &Node<'_>) {
        let Some((names, list)) = keys_and_list(meta) else { return };
        for item in list.children(0).flatten().take(MAX_TAGS) {
            let number = u32::from_be_bytes(item.kind) as usize;
            let Some(name) = number.checked_sub(1).and_then(|number| names.get(number)) else {
                continue;
            };
            let Some(value) = item.child(b"data").and_then(|data| text(data.body.get(8..)?)) else {
                continue;
            };
            self.key(name, &value);
        }
    }

    fn key(&mut self, name: &[u8], value: &str) {
        match name {
            b"com.apple.quicktime.creationdate" => set(&mut self.stamp, Stamp::parse(value)),
            b"com.apple.quicktime.location.ISO6709" => set(&mut self.places[0], iso_6709(value)),
            b"com.apple.quicktime.location.accuracy.horizontal" => {
                set(&mut self.accuracy_m, value.parse().ok().filter(|&it: &f64| it > 0.0));
            }
            b"com.apple.quicktime.direction.facing" => {
                set(
                    &mut self.direction_deg,
                    value.parse().ok().filter(|it| (0.0..=360.0).contains(it)),
                );
            }
            b"com.apple.quicktime.make" | b"com.android.manufacturer" => {
                set(&mut self.make, clean_text(value));
            }
            b"com.apple.quicktime.model" | b"com.android.model" => {
                set(&mut self.model, clean_text(value));
            }
            _ => {}
        }
    }

    /// Reads the user data of QuickTime, 3GPP and iTunes.
    fn user_data(&mut self, udta: &Node<'_>) {
        for child in udta.children(0).flatten().take(MAX_TAGS) {
            match &child.kind {
                b"loci" => set(&mut self.places[2], loci(child.body)),
                b"meta" => self.list(&child),
                kind => {
                    let len = u16_at(child.body, 0).map_or(0, usize::from);
                    if let Some(value) = child.body.get(4..4 + len).and_then(text) {
                        self.tag(kind, &value);
                    }
                }
            }
        }
    }

    /// Reads iTunes' list, or keys that stand where it should be.
    fn list(&mut self, meta: &Node<'_>) {
        if meta_child(meta, b"keys").is_some() {
            return self.keys(meta);
        }
        let Some(list) = meta_child(meta, b"ilst") else { return };
        for item in list.children(0).flatten().take(MAX_TAGS) {
            if let Some(value) = item.child(b"data").and_then(|data| text(data.body.get(8..)?)) {
                self.tag(&item.kind, &value);
            }
        }
    }

    fn tag(&mut self, kind: &FourCc, value: &str) {
        match kind {
            b"\xA9xyz" => set(&mut self.places[1], iso_6709(value)),
            b"\xA9day" => set(&mut self.stamp, Stamp::parse(value)),
            b"\xA9mak" => set(&mut self.make, clean_text(value)),
            b"\xA9mod" => set(&mut self.model, clean_text(value)),
            _ => {}
        }
    }
}

/// The first value stays.
fn set<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(|text| text.trim_matches(['\0', ' ']).to_owned())
}

/// A child of a `meta` box, which has version and flags in ISO files and none in QuickTime's.
fn meta_child<'a>(meta: &Node<'a>, kind: &FourCc) -> Option<Node<'a>> {
    let skip = if meta.body.get(4..8) == Some(b"hdlr") { 0 } else { 4 };
    meta.children(skip).flatten().find(|child| child.kind == *kind)
}

/// Names of Apple's keys, and the list of their values.
fn keys_and_list<'a>(meta: &Node<'a>) -> Option<(Vec<&'a [u8]>, Node<'a>)> {
    let keys = meta_child(meta, b"keys")?;
    let names = keys.children(8).flatten().take(MAX_TAGS).map(|key| key.body).collect();
    Some((names, meta_child(meta, b"ilst")?))
}

/// Notes what a `udta` or `meta` box held.
pub(super) fn note(node: &Node<'_>, manifest: &mut Manifest) {
    let mut left = node.len();
    let mut take = |kind, bytes: u64| {
        left -= bytes;
        manifest.remove(kind, bytes);
    };
    if node.body.iter().all(|&byte| byte == 0) {
        return;
    }
    if node.kind == *b"udta" {
        for child in node.children(0).flatten() {
            match &child.kind {
                b"meta" => {}
                kind => take(kind_of(kind), child.len()),
            }
            if child.kind == *b"meta" {
                note_list(&child, &mut take);
            }
        }
    } else {
        note_list(node, &mut take);
    }
    if left > 0 {
        manifest.remove(RemovedKind::Other, left);
    }
}

/// Notes the entries of a `meta` box.
fn note_list(meta: &Node<'_>, take: &mut impl FnMut(RemovedKind, u64)) {
    if let Some((names, list)) = keys_and_list(meta) {
        for item in list.children(0).flatten() {
            let number = u32::from_be_bytes(item.kind) as usize;
            let name = number.checked_sub(1).and_then(|number| names.get(number));
            take(kind_of_key(name.copied().unwrap_or_default()), item.len());
        }
    } else if let Some(list) = meta_child(meta, b"ilst") {
        for item in list.children(0).flatten() {
            take(kind_of(&item.kind), item.len());
        }
    }
}

fn kind_of(kind: &FourCc) -> RemovedKind {
    match kind {
        b"\xA9xyz" | b"loci" => RemovedKind::Location,
        b"\xA9day" | b"date" | b"\xA9TIM" | b"yrrc" => RemovedKind::Time,
        b"\xA9mak" | b"\xA9mod" | b"\xA9swr" | b"\xA9too" | b"FIRM" | b"LENS" | b"CAME"
        | b"MUID" | b"GUMI" | b"SNum" | b"manu" | b"modl" => RemovedKind::Device,
        b"GPMF" | b"SETT" | b"HMMT" | b"BCID" | b"smrd" | b"smta" => RemovedKind::MakerNote,
        b"XMP_" => RemovedKind::Xmp,
        b"thmb" | b"covr" => RemovedKind::Preview,
        b"titl" | b"dscp" | b"auth" | b"perf" | b"gnre" | b"cprt" | b"kywd" | b"desc" | b"name" => {
            RemovedKind::Text
        }
        [0xA9, ..] => RemovedKind::Text,
        _ => RemovedKind::Other,
    }
}

fn kind_of_key(name: &[u8]) -> RemovedKind {
    let says = |word: &[u8]| memchr::memmem::find(name, word).is_some();
    match () {
        () if says(b"location") => RemovedKind::Location,
        () if says(b"date") => RemovedKind::Time,
        () if says(b".make") || says(b".model") || says(b".software") || says(b"manufacturer") => {
            RemovedKind::Device
        }
        () if says(b"comment") || says(b"title") || says(b"description") || says(b"author") => {
            RemovedKind::Text
        }
        () => RemovedKind::Other,
    }
}
