//! The items of a HEIF file: what its `meta` box says about them (ISO/IEC 23008-12, 14496-12
//! clause 8.11), as plain data.
//!
//! Counts in the file are not believed: a list grows only as far as there are bytes for it.

use super::super::{MediaError, Result};
use super::boxes::{FourCc, Node, array_at, u16_at, u32_at, version};

/// Most items of one file. The largest grids of phones have some hundred tiles.
const MAX_ITEMS: usize = 4096;
/// Most stretches that one item lies in.
const MAX_EXTENTS: u16 = 256;

/// What one `infe` entry says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) id: u32,
    pub(super) kind: FourCc,
    pub(super) hidden: bool,
    /// Whether the item is encrypted.
    pub(super) protected: bool,
    /// Length of what stands in front of the name, from the start of the body.
    pub(super) name_at: usize,
    pub(super) node: Node<'a>,
}

impl Entry<'_> {
    /// Name, type of content and whatever else follows the fixed fields.
    pub(super) fn texts(&self) -> &[u8] {
        &self.node.body[self.name_at..]
    }
}

/// Where an item's bytes are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// The start of the file.
    File,
    /// The start of the `idat` box's body.
    Idat,
    /// Another item, or another file.
    Elsewhere,
}

/// Where one item's bytes are.
#[derive(Clone, Debug)]
pub(super) struct Location {
    pub(super) id: u32,
    pub(super) base: Base,
    /// Offset and length of each stretch.
    pub(super) extents: Vec<(u64, u64)>,
    /// The bytes of the entry in the box's body.
    pub(super) raw: std::ops::Range<usize>,
}

impl Location {
    /// The length of all stretches together.
    pub(super) fn len(&self) -> u64 {
        self.extents.iter().fold(0, |sum, (_, len)| sum.saturating_add(*len))
    }
}

/// A relation from one item to others.
#[derive(Clone, Debug)]
pub(super) struct Reference<'a> {
    pub(super) kind: FourCc,
    pub(super) from: u32,
    pub(super) to: Vec<u32>,
    pub(super) node: Node<'a>,
}

/// Reads the entries of an `iinf` box.
pub(super) fn entries<'a>(iinf: &Node<'a>) -> Result<Vec<Entry<'a>>> {
    let skip = if version(iinf.body)? == 0 { 6 } else { 8 };
    let mut entries = Vec::new();
    for node in iinf.children(skip) {
        let node = node?;
        if entries.len() == MAX_ITEMS {
            return Err(MediaError::TooComplex);
        }
        if node.kind == *b"infe" {
            entries.push(entry(node)?);
        }
    }
    Ok(entries)
}

fn entry(node: Node<'_>) -> Result<Entry<'_>> {
    let body = node.body;
    let (id, at) = match version(body)? {
        2 => (u32::from(u16_at(body, 4)?), 6),
        3 => (u32_at(body, 4)?, 8),
        _ => return Err(MediaError::Unsupported),
    };
    let protected = u16_at(body, at)? != 0;
    let kind = array_at(body, at + 2)?;
    Ok(Entry { id, kind, hidden: body[3] & 1 == 1, protected, name_at: at + 6, node })
}

/// Reads an `iloc` box.
pub(super) fn locations(iloc: &Node<'_>) -> Result<Vec<Location>> {
    let body = iloc.body;
    let version = version(body)?;
    if version > 2 {
        return Err(MediaError::Unsupported);
    }
    let [sizes, more] = array_at(body, 4)?;
    let index_size = if version == 0 { 0 } else { more & 15 };
    let mut reader = Reader { body, at: 6 };
    let count = if version < 2 { u32::from(reader.u16()?) } else { reader.u32()? };
    let mut locations = Vec::new();
    for _ in 0..count {
        if locations.len() == MAX_ITEMS {
            return Err(MediaError::TooComplex);
        }
        let start = reader.at;
        let id = if version < 2 { u32::from(reader.u16()?) } else { reader.u32()? };
        let method = if version == 0 { 0 } else { reader.u16()? & 15 };
        let file = reader.u16()?;
        let base = match (method, file) {
            (0, 0) => Base::File,
            (1, 0) => Base::Idat,
            _ => Base::Elsewhere,
        };
        let offset = reader.number(more >> 4)?;
        let extent_count = reader.u16()?;
        if extent_count > MAX_EXTENTS {
            return Err(MediaError::TooComplex);
        }
        let mut extents = Vec::new();
        for _ in 0..extent_count {
            reader.number(index_size)?;
            let at = offset.checked_add(reader.number(sizes >> 4)?);
            extents.push((at.ok_or(MediaError::Malformed)?, reader.number(sizes & 15)?));
        }
        locations.push(Location { id, base, extents, raw: start..reader.at });
    }
    Ok(locations)
}

/// Reads an `iref` box.
pub(super) fn references<'a>(iref: &Node<'a>) -> Result<Vec<Reference<'a>>> {
    let wide = version(iref.body)? != 0;
    let mut references = Vec::new();
    for node in iref.children(4) {
        let node = node?;
        let mut reader = Reader { body: node.body, at: 0 };
        let from = reader.id(wide)?;
        let count = reader.u16()?;
        let to = (0..count).map(|_| reader.id(wide)).collect::<Result<_>>()?;
        if references.len() == MAX_ITEMS {
            return Err(MediaError::TooComplex);
        }
        references.push(Reference { kind: node.kind, from, to, node });
    }
    Ok(references)
}

/// Which properties one item has.
#[derive(Clone, Debug)]
pub(super) struct Association {
    pub(super) id: u32,
    /// Number of the property, counted from 1, and whether no reader may pass over it.
    pub(super) properties: Vec<(u16, bool)>,
}

/// Reads an `ipma` box.
pub(super) fn associations(ipma: &Node<'_>) -> Result<Vec<Association>> {
    let body = ipma.body;
    let wide_id = version(body)? != 0;
    let wide_index = array_at::<4>(body, 0)?[3] & 1 == 1;
    let mut reader = Reader { body, at: 4 };
    let count = reader.u32()?;
    let mut associations = Vec::new();
    for _ in 0..count {
        if associations.len() == MAX_ITEMS {
            return Err(MediaError::TooComplex);
        }
        let id = reader.id(wide_id)?;
        let count = reader.number(1)?;
        let mut properties = Vec::new();
        for _ in 0..count {
            properties.push(if wide_index {
                let value = reader.u16()?;
                (value & 0x7FFF, value & 0x8000 != 0)
            } else {
                let value = reader.number(1)? as u16;
                (value & 0x7F, value & 0x80 != 0)
            });
        }
        associations.push(Association { id, properties });
    }
    Ok(associations)
}

/// Reads the number of the primary item.
pub(super) fn primary(pitm: &Node<'_>) -> Result<u32> {
    match version(pitm.body)? {
        0 => Ok(u32::from(u16_at(pitm.body, 4)?)),
        _ => u32_at(pitm.body, 4),
    }
}

/// Reads fields one after the other.
struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u16(&mut self) -> Result<u16> {
        self.at += 2;
        u16_at(self.body, self.at - 2)
    }

    fn u32(&mut self) -> Result<u32> {
        self.at += 4;
        u32_at(self.body, self.at - 4)
    }

    fn id(&mut self, wide: bool) -> Result<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    /// A number of `size` bytes, eight at most.
    fn number(&mut self, size: u8) -> Result<u64> {
        if size > 8 {
            return Err(MediaError::Malformed);
        }
        let bytes = self.body.get(self.at..self.at + usize::from(size));
        self.at += usize::from(size);
        let bytes = bytes.ok_or(MediaError::Malformed)?;
        Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }
}
