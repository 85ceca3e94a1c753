//! Changes that a format's reader does not refuse at once.
//!
//! Half of all changes are libFuzzer's own, to any byte. The other half take a part of the file
//! (a box, a chunk, a segment) and leave it out, double it, change it inside or move it, with all
//! lengths and checksums made right again. Now and then a file begins anew from a seed.

use std::ops::Range;

use libfuzzer_sys::fuzzer_mutate;

/// Changes the `size` bytes in `data`, which has room for `max_size`; gives the new size.
/// `structured` is the change that knows the format.
pub fn with_seeds(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    seeds: &[Vec<u8>],
    structured: Structured,
) -> usize {
    let mut random = Random(u64::from(seed) << 1 | 1);
    let begins = size < 2 || random.below(SEED_EVERY) == 0;
    let mut file = if begins {
        seeds[random.below(seeds.len())].clone()
    } else if random.below(2) == 0 {
        structured(&data[..size], &mut random)
    } else {
        return fuzzer_mutate(data, size, max_size);
    };
    file.truncate(max_size);
    data[..file.len()].copy_from_slice(&file);
    file.len()
}

/// One in so many files begins anew.
const SEED_EVERY: usize = 200;

/// A change that knows a format.
pub type Structured = fn(&[u8], &mut Random) -> Vec<u8>;

/// A xorshift generator: libFuzzer's seed decides.
pub struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        for _ in 0..2 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
        }
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// A part of a file: its head, perhaps parts inside, and bytes.
#[derive(Clone)]
struct Part {
    head: Vec<u8>,
    inside: Vec<Part>,
    bytes: Vec<u8>,
}

/// Leaves out, doubles, moves or changes one of `parts`, or of those inside it.
fn shuffle(parts: &mut Vec<Part>, random: &mut Random) {
    if parts.is_empty() {
        return;
    }
    let at = random.below(parts.len());
    if !parts[at].inside.is_empty() && random.below(4) != 0 {
        return shuffle(&mut parts[at].inside, random);
    }
    let to = random.below(parts.len());
    match random.below(6) {
        0 => drop(parts.remove(at)),
        1 => parts.insert(to, parts[at].clone()),
        2 => parts.swap(at, to),
        _ => {
            let part = &mut parts[at];
            // Lengths inside parts are the parts' own: only bytes of nobody change here.
            alter(&mut part.bytes, random);
        }
    }
}

/// Changes, cuts or lengthens.
fn alter(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len());
    match random.below(4) {
        0 => bytes.truncate(at),
        1 => bytes.extend_from_slice(&b"words and more words"[..random.below(21)]),
        2 if bytes.len() >= at + 4 => {
            let lie = [0, 1, 2, u32::MAX, 0x8000_0000, 0x7FFF_FFFF][random.below(6)];
            bytes[at..at + 4].copy_from_slice(&lie.to_be_bytes());
        }
        _ if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
        _ => {}
    }
}

/// No structure: leaves out, doubles or changes a stretch.
pub fn nothing(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    let from = random.below(file.len());
    let to = from + random.below((file.len() - from).min(64) + 1);
    match random.below(3) {
        0 => drop(file.drain(from..to)),
        1 => {
            let stretch = file[from..to].to_vec();
            file.splice(from..from, stretch);
        }
        _ => alter(&mut file, random),
    }
    file
}

/// JPEG: marker segments; what is between them stays as it is.
pub fn segments(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut rest = file;
    while let Some((part, behind)) = segment(rest) {
        parts.push(part);
        rest = behind;
    }
    shuffle(&mut parts, random);
    let write = |part: Part| match part.head[..] {
        [0xFF, marker] if has_length(marker) => {
            let len = (part.bytes.len() + 2).min(0xFFFF) as u16;
            [&part.head[..], &len.to_be_bytes(), &part.bytes].concat()
        }
        _ => [part.head, part.bytes].concat(),
    };
    let mut out: Vec<u8> = parts.into_iter().flat_map(write).collect();
    out.extend_from_slice(rest);
    out
}

fn segment(bytes: &[u8]) -> Option<(Part, &[u8])> {
    let part = |head: &[u8], bytes: &[u8]| Part {
        head: head.to_vec(),
        inside: Vec::new(),
        bytes: bytes.to_vec(),
    };
    match bytes {
        [0xFF, marker, high, low, ..] if has_length(*marker) => {
            let len = usize::from(u16::from_be_bytes([*high, *low])).max(2);
            let end = (len + 2).min(bytes.len());
            Some((part(&bytes[..2], &bytes[4..end]), &bytes[end..]))
        }
        [0xFF, _, ..] => Some((part(&bytes[..2], &[]), &bytes[2..])),
        [] => None,
        _ => {
            // A lone 0xFF at the end is nobody's, too.
            let end = memchr::memchr(0xFF, &bytes[1..]).map_or(bytes.len(), |at| at + 1);
            Some((part(&[], &bytes[..end]), &bytes[end..]))
        }
    }
}

fn has_length(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF | 0xDA..=0xDD | 0xE0..=0xEF | 0xFE)
}

/// PNG: chunks, with their checksums.
pub fn chunks(file: &[u8], random: &mut Random) -> Vec<u8> {
    const HEAD: usize = 8;
    let mut parts = Vec::new();
    let mut rest = file.get(HEAD..).unwrap_or_default();
    while rest.len() >= 12 {
        let len = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        let end = len.min(rest.len() - 12) + 8;
        let (head, bytes) = (rest[4..8].to_vec(), rest[8..end].to_vec());
        parts.push(Part { head, inside: Vec::new(), bytes });
        rest = &rest[end + 4..];
    }
    shuffle(&mut parts, random);
    let mut out = file[..HEAD.min(file.len())].to_vec();
    for part in parts {
        out.extend((part.bytes.len() as u32).to_be_bytes());
        let body = [part.head, part.bytes].concat();
        out.extend_from_slice(&body);
        out.extend(crc32(&body).to_be_bytes());
    }
    out.extend_from_slice(rest);
    out
}

/// The checksum of PNG (ISO 3309), the slow and short way.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 0 { 0 } else { 0xEDB8_8320 }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// WebP: chunks, and those inside frames.
pub fn riff(file: &[u8], random: &mut Random) -> Vec<u8> {
    const HEAD: usize = 12;
    if file.len() < HEAD {
        return nothing(file, random);
    }
    let (mut parts, rest) = riff_parts(&file[HEAD..]);
    shuffle(&mut parts, random);
    let body = riff_bytes(&parts);
    let len = (body.len() + 4) as u32;
    [&file[..4], &len.to_le_bytes(), &file[8..HEAD], &body, rest].concat()
}

fn riff_parts(mut bytes: &[u8]) -> (Vec<Part>, &[u8]) {
    let mut parts = Vec::new();
    while bytes.len() >= 8 {
        let len = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
        let end = len.min(bytes.len() - 8) + 8;
        let (head, data) = (bytes[..4].to_vec(), &bytes[8..end]);
        parts.push(match data.split_at_checked(16) {
            Some((place, frame)) if head == b"ANMF" => {
                let inside = riff_parts(frame).0;
                Part { head, inside, bytes: place.to_vec() }
            }
            _ => Part { head, inside: Vec::new(), bytes: data.to_vec() },
        });
        bytes = &bytes[(end + end % 2).min(bytes.len())..];
    }
    (parts, bytes)
}

fn riff_bytes(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        let data = [part.bytes.clone(), riff_bytes(&part.inside)].concat();
        out.extend_from_slice(&part.head);
        out.extend((data.len() as u32).to_le_bytes());
        out.extend_from_slice(&data);
        out.resize(out.len().next_multiple_of(2), 0);
    }
    out
}

/// ISO base media and JPEG XL: boxes, and those inside boxes.
pub fn boxes(file: &[u8], random: &mut Random) -> Vec<u8> {
    let (mut parts, rest) = box_parts(file);
    shuffle(&mut parts, random);
    let mut out = box_bytes(&parts);
    out.extend_from_slice(&file[rest]);
    out
}

fn box_parts(bytes: &[u8]) -> (Vec<Part>, Range<usize>) {
    let (mut parts, mut at) = (Vec::new(), 0);
    while let Some([l0, l1, l2, l3, kind @ ..]) = bytes[at..].first_chunk::<8>() {
        let len = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
        if len < 8 || len > bytes.len() - at {
            break;
        }
        let body = &bytes[at + 8..at + len];
        let own = own_bytes(kind).filter(|&own| own <= body.len());
        let (own, inside) = match own {
            Some(own) => (&body[..own], box_parts(&body[own..]).0),
            None => (body, Vec::new()),
        };
        parts.push(Part { head: kind.to_vec(), inside, bytes: own.to_vec() });
        at += len;
    }
    (parts, at..bytes.len())
}

fn box_bytes(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        let body = [part.bytes.clone(), box_bytes(&part.inside)].concat();
        out.extend((body.len() as u32 + 8).to_be_bytes());
        out.extend_from_slice(&part.head);
        out.extend_from_slice(&body);
    }
    out
}

/// How many bytes stand before the boxes in a box of this kind; none if it holds no boxes.
fn own_bytes(kind: &[u8; 4]) -> Option<usize> {
    match kind {
        b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" | b"dinf" | b"edts" | b"udta" | b"mvex"
        | b"moof" | b"traf" | b"iprp" | b"ipco" | b"ilst" | b"mfra" | b"tref" => Some(0),
        b"meta" | b"iref" => Some(4),
        b"iinf" => Some(6),
        b"stsd" | b"dref" | b"keys" => Some(8),
        b"avc1" | b"hvc1" => Some(78),
        _ => None,
    }
}
