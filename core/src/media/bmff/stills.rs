//! Which items of a HEIF file are the picture.
//!
//! The picture is the primary item and every other image that a viewer would offer, with what they
//! are made of: tiles, layers, transparency, and a gain map whose numbers can be read. Everything
//! else goes: Exif, XMP, thumbnails (they may show what was cropped away), depth, mattes, regions.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{MediaError, ReadAt, RemovedKind, Result};
use super::boxes::{self, FourCc, Node};
use super::items::{self, Base, Entry, Location, Reference};
use super::property::{self, Auxiliary};

/// Codings of images that can be walked.
const CODED: &[FourCc] = &[*b"hvc1", *b"av01", *b"avc1"];
/// Images made of other images.
const DERIVED: &[FourCc] = &[*b"grid", *b"iovl", *b"iden", *b"tmap"];
/// Longest tone map that is read; one of three colours has 142 bytes.
const MAX_TONE_MAP: u64 = 256;

/// What the `meta` box of a HEIF file says.
pub(super) struct Meta<'a> {
    pub(super) primary: u32,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) locations: Vec<Location>,
    pub(super) references: Vec<Reference<'a>>,
    pub(super) properties: Vec<Node<'a>>,
    /// The properties of each item: numbers, and whether no reader may pass over them.
    pub(super) associations: BTreeMap<u32, Vec<(u16, bool)>>,
    /// Where the body of `idat` stands in the file, and how long it is.
    pub(super) idat: Option<(u64, u64)>,
}

impl<'a> Meta<'a> {
    /// Reads the children of a `meta` box.
    pub(super) fn read(meta: &Node<'a>) -> Result<Self> {
        let mut found = Self {
            primary: 0,
            entries: Vec::new(),
            locations: Vec::new(),
            references: Vec::new(),
            properties: Vec::new(),
            associations: BTreeMap::new(),
            idat: None,
        };
        let mut seen = Vec::new();
        for node in meta.children(4) {
            let node = node?;
            let once = [*b"pitm", *b"iinf", *b"iloc", *b"iref", *b"iprp", *b"idat"];
            if once.contains(&node.kind) {
                if seen.contains(&node.kind) {
                    return Err(MediaError::Malformed);
                }
                seen.push(node.kind);
            }
            match &node.kind {
                b"pitm" => found.primary = items::primary(&node)?,
                b"iinf" => found.entries = items::entries(&node)?,
                b"iloc" => found.locations = items::locations(&node)?,
                b"iref" => found.references = items::references(&node)?,
                b"idat" => found.idat = Some((node.body_at(), node.body.len() as u64)),
                b"iprp" => {
                    for child in node.children(0) {
                        let child = child?;
                        match &child.kind {
                            b"ipco" => {
                                for property in child.children(0) {
                                    found.properties.push(property?);
                                }
                            }
                            b"ipma" => {
                                for own in items::associations(&child)? {
                                    let all = found.associations.entry(own.id).or_default();
                                    all.extend(own.properties);
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// The stretches of the file in which an item lies.
    pub(super) fn stretches(&self, location: &Location) -> Result<Vec<std::ops::Range<u64>>> {
        let (start, len) = match (location.base, self.idat) {
            (Base::File, _) => (0, u64::MAX),
            // An identity image has no bytes, and so they may lie in a box that is not there.
            (Base::Idat, idat) => idat.unwrap_or((0, 0)),
            // Parts of other items, or of other files: no phone writes them, few readers can.
            (Base::Elsewhere, _) => return Err(MediaError::Unsupported),
        };
        let stretch = |&(at, count): &(u64, u64)| {
            let end = at.checked_add(count).filter(|&end| end <= len)?;
            Some(start.checked_add(at)?..start.checked_add(end)?)
        };
        let found: Option<Vec<_>> = location.extents.iter().map(stretch).collect();
        found.ok_or(MediaError::Malformed)
    }

    /// The location of item `id`.
    pub(super) fn location(&self, id: u32) -> Option<&Location> {
        self.locations.iter().find(|location| location.id == id)
    }

    /// Reads the bytes of item `id`, `most` at most.
    pub(super) fn bytes(&self, source: &dyn ReadAt, id: u32, most: u64) -> Result<Vec<u8>> {
        let location = self.location(id).ok_or(MediaError::Malformed)?;
        if location.len() > most {
            return Err(MediaError::TooComplex);
        }
        let mut bytes = Vec::new();
        for stretch in self.stretches(location)? {
            let len = stretch.end - stretch.start;
            bytes.extend(boxes::read(source, stretch.start, len, most)?);
        }
        Ok(bytes)
    }

    /// What the items are that belong to another picture and are none themselves.
    pub(super) fn auxiliaries(&self) -> BTreeMap<u32, Auxiliary> {
        let auxiliary = self.references.iter().filter(|it| it.kind == *b"auxl");
        auxiliary.map(|it| (it.from, self.auxiliary(it.from))).collect()
    }

    fn auxiliary(&self, id: u32) -> Auxiliary {
        let named = self.properties_of(id).find(|node| node.kind == *b"auxC");
        named.map_or(Auxiliary::Other, property::auxiliary)
    }

    /// The properties of item `id`.
    pub(super) fn properties_of(&self, id: u32) -> impl Iterator<Item = &Node<'a>> {
        let own = self.associations.get(&id).into_iter().flatten();
        own.filter_map(|(index, _)| self.property(*index))
    }

    /// The property of number `index`, counted from 1.
    pub(super) fn property(&self, index: u16) -> Option<&Node<'a>> {
        self.properties.get(usize::from(index).checked_sub(1)?)
    }

    /// The items that are the picture, with their kinds.
    pub(super) fn picture(&self, source: &dyn ReadAt) -> Result<BTreeMap<u32, FourCc>> {
        let mut kinds = BTreeMap::new();
        for entry in &self.entries {
            if kinds.insert(entry.id, (entry.kind, entry.hidden, entry.protected)).is_some() {
                return Err(MediaError::Malformed);
            }
        }
        let auxiliaries = self.auxiliaries();
        let previews = self.references.iter().filter(|it| it.kind == *b"thmb");
        let previews: BTreeSet<u32> = previews.map(|it| it.from).collect();
        let parts = self.parts(&auxiliaries);
        let mut todo = vec![self.primary];
        for (&id, (kind, hidden, _)) in &kinds {
            let is_image = CODED.contains(kind) || DERIVED.contains(kind);
            let is_shown = !hidden && !previews.contains(&id) && !auxiliaries.contains_key(&id);
            let is_whole = *kind != *b"tmap" || self.has_clean_tone_map(source, id);
            if is_image && is_shown && is_whole {
                todo.push(id);
            }
        }
        let mut picture = BTreeMap::new();
        while let Some(id) = todo.pop() {
            if picture.contains_key(&id) {
                continue;
            }
            let (kind, _, protected) = *kinds.get(&id).ok_or(MediaError::Malformed)?;
            if protected || !(CODED.contains(&kind) || DERIVED.contains(&kind)) {
                return Err(MediaError::Unsupported);
            }
            picture.insert(id, kind);
            todo.extend(parts.get(&id).into_iter().flatten());
        }
        Ok(picture)
    }

    /// For each image those that it is made of: tiles and layers, and its transparency.
    fn parts(&self, auxiliaries: &BTreeMap<u32, Auxiliary>) -> BTreeMap<u32, Vec<u32>> {
        let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for reference in &self.references {
            if reference.kind == *b"dimg" {
                parts.entry(reference.from).or_default().extend(&reference.to);
            }
            let is_alpha = auxiliaries.get(&reference.from) == Some(&Auxiliary::Alpha);
            if reference.kind == *b"auxl" && is_alpha {
                for &to in &reference.to {
                    parts.entry(to).or_default().push(reference.from);
                }
            }
        }
        parts
    }

    fn has_clean_tone_map(&self, source: &dyn ReadAt, id: u32) -> bool {
        self.bytes(source, id, MAX_TONE_MAP).is_ok_and(|bytes| property::is_tone_map(&bytes))
    }

    /// What an item that does not stay is to the person.
    pub(super) fn removed_kind(
        entry: &Entry<'_>,
        auxiliaries: &BTreeMap<u32, Auxiliary>,
    ) -> RemovedKind {
        let texts = entry.texts();
        let says = |word: &[u8]| memchr::memmem::find(texts, word).is_some();
        match &entry.kind {
            b"Exif" => RemovedKind::Exif,
            b"mime" if says(b"rdf+xml") => RemovedKind::Xmp,
            b"mime" if says(b"c2pa") => RemovedKind::Provenance,
            b"tmap" => RemovedKind::GainMap,
            b"hvc1" | b"av01" | b"avc1" | b"grid" | b"iovl" | b"iden" | b"jpeg" => {
                match auxiliaries.get(&entry.id) {
                    Some(Auxiliary::GainMap) => RemovedKind::GainMap,
                    Some(_) => RemovedKind::Other,
                    None => RemovedKind::Preview,
                }
            }
            _ => RemovedKind::Other,
        }
    }
}

/// The exact length of the instruction for a derived image, as its first bytes tell.
pub(super) fn instruction_len(kind: FourCc, bytes: &[u8], inputs: usize) -> Result<usize> {
    let flags = || bytes.get(1).copied().ok_or(MediaError::Malformed);
    match &kind {
        b"grid" => Ok(4 + if flags()? & 1 == 0 { 4 } else { 8 }),
        b"iovl" => {
            let field = if flags()? & 1 == 0 { 2 } else { 4 };
            Ok(10 + 2 * field + 2 * field * inputs)
        }
        b"tmap" => Ok(bytes.len()),
        _ => Ok(0),
    }
}
