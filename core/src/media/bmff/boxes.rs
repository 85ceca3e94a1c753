//! Reading boxes: the one place that interprets lengths (ISO/IEC 14496-12, clause 4.2).
//!
//! A box is a 32-bit length, four letters, perhaps a 64-bit length, and a body. Lengths come from a
//! stranger: nothing here allocates by one, and a box that leaves its parent is an error.

use super::super::{MediaError, ReadAt, Result};

/// The four letters that name a box, a brand, an item or a codec.
pub(super) type FourCc = [u8; 4];

/// Most boxes at the top of a file. An hour of video in fragments of half a second has 14,400.
const MAX_TOP_BOXES: usize = 65_536;

/// A box at the top of the file; its body stays there until someone reads it.
#[derive(Clone, Debug)]
pub(super) struct TopBox {
    pub(super) kind: FourCc,
    /// Where the header starts.
    pub(super) start: u64,
    /// Where the body starts.
    pub(super) body: u64,
    /// Where the box ends; never behind the file's end.
    pub(super) end: u64,
}

/// The boxes at the top of a file, and where bytes begin that are no box.
pub(super) struct Top {
    pub(super) boxes: Vec<TopBox>,
    /// From here on nothing can be read as a box; the file's length if all is well.
    pub(super) junk: u64,
    /// Whether the last box says that it is longer than the file.
    pub(super) cut: bool,
}

/// Reads the headers of all boxes at the top of `source`.
pub(super) fn top(source: &dyn ReadAt) -> Result<Top> {
    let len = source.len();
    let mut top = Top { boxes: Vec::new(), junk: len, cut: false };
    let mut at = 0;
    while at < len {
        let mut head = [0; 16];
        let have = (len - at).min(16) as usize;
        source.read_exact_at(at, &mut head[..have])?;
        let Some((kind, header, size)) = header(&head[..have], len - at) else {
            top.junk = at;
            break;
        };
        // Media data may be cut short by a dead battery; what there is can still be shown.
        let end = at.saturating_add(size);
        top.cut = end > len;
        if top.cut && kind != *b"mdat" {
            top.junk = at;
            break;
        }
        if top.boxes.len() == MAX_TOP_BOXES {
            return Err(MediaError::TooComplex);
        }
        let end = end.min(len);
        top.boxes.push(TopBox { kind, start: at, body: at + header as u64, end });
        at = end;
    }
    Ok(top)
}

/// Kind, length of the header and length of the box, from its first bytes.
fn header(head: &[u8], room: u64) -> Option<(FourCc, usize, u64)> {
    let kind: FourCc = head.get(4..8)?.try_into().ok()?;
    // Letters, digits, blanks and Apple's copyright sign: junk seldom looks like that.
    if !kind.iter().all(|&letter| letter == 0xA9 || (0x20..0x7F).contains(&letter)) {
        return None;
    }
    let (header, size) = match u32_at(head, 0).ok()? {
        0 => (8, room),
        1 => (16, u64_at(head, 8).ok()?),
        size => (8, u64::from(size)),
    };
    (size >= header as u64).then_some((kind, header, size))
}

/// A box in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    pub(super) kind: FourCc,
    /// Where its header starts in the file.
    pub(super) start: u64,
    /// Length of the header.
    pub(super) header: usize,
    pub(super) body: &'a [u8],
}

impl<'a> Node<'a> {
    /// Where the body starts in the file.
    pub(super) fn body_at(&self) -> u64 {
        self.start + self.header as u64
    }

    /// Where the box ends in the file.
    pub(super) fn end(&self) -> u64 {
        self.body_at() + self.body.len() as u64
    }

    /// The length with the header.
    pub(super) fn len(&self) -> u64 {
        self.end() - self.start
    }

    /// The boxes inside, behind the first `skip` bytes of the body.
    pub(super) fn children(&self, skip: usize) -> Children<'a> {
        let bytes = self.body.get(skip..).unwrap_or_default();
        Children { bytes, at: self.body_at() + skip as u64 }
    }

    /// The first box of `kind` inside.
    pub(super) fn child(&self, kind: &FourCc) -> Option<Node<'a>> {
        self.children(0).flatten().find(|child| child.kind == *kind)
    }
}

/// Walks the boxes of a body. Fewer than eight bytes at the end are no box and are passed over;
/// only a box at the top may have no length.
#[derive(Clone)]
pub(super) struct Children<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl<'a> Children<'a> {
    /// Walks `bytes`, which stand at `at` in the file.
    pub(super) fn of(bytes: &'a [u8], at: u64) -> Self {
        Self { bytes, at }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<Node<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        // QuickTime ends some lists with a zero where a length would be.
        let is_end = |bytes: &[u8]| bytes.starts_with(&[0; 4]) && bytes.iter().all(|&it| it == 0);
        if self.bytes.len() < 8 || is_end(self.bytes) {
            return None;
        }
        let Some((kind, header, size)) = nested_header(self.bytes) else {
            self.bytes = &[];
            return Some(Err(MediaError::Malformed));
        };
        let (this, rest) = self.bytes.split_at(size);
        let node = Node { kind, start: self.at, header, body: &this[header..] };
        self.at += size as u64;
        self.bytes = rest;
        Some(Ok(node))
    }
}

fn nested_header(bytes: &[u8]) -> Option<(FourCc, usize, usize)> {
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let (header, size) = match u32_at(bytes, 0).ok()? {
        1 => (16, usize::try_from(u64_at(bytes, 8).ok()?).ok()?),
        size => (8, usize::try_from(size).ok()?),
    };
    (size >= header && size <= bytes.len()).then_some((kind, header, size))
}

/// Reads the body of `found`, which must not be longer than `most`.
pub(super) fn read_body(source: &dyn ReadAt, found: &TopBox, most: u64) -> Result<Vec<u8>> {
    read(source, found.body, found.end - found.body, most)
}

/// Reads `len` bytes at `at`, if they are there and no more than `most`.
pub(super) fn read(source: &dyn ReadAt, at: u64, len: u64, most: u64) -> Result<Vec<u8>> {
    if len > most {
        return Err(MediaError::TooComplex);
    }
    if at.checked_add(len).is_none_or(|end| end > source.len()) {
        return Err(MediaError::Malformed);
    }
    let mut bytes = vec![0; len as usize];
    source.read_exact_at(at, &mut bytes)?;
    Ok(bytes)
}

/// The big-endian number at `at`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_be_bytes(array_at(bytes, at)?))
}

/// The big-endian number at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_be_bytes(array_at(bytes, at)?))
}

/// The big-endian number at `at`.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Result<u64> {
    Ok(u64::from_be_bytes(array_at(bytes, at)?))
}

/// The `N` bytes at `at`.
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let tail = bytes.get(at..).and_then(|tail| tail.first_chunk::<N>());
    tail.copied().ok_or(MediaError::Malformed)
}

/// The version and flags in front of a full box's fields.
pub(super) fn version(body: &[u8]) -> Result<u8> {
    body.first().copied().ok_or(MediaError::Malformed)
}
