//! Small JPEGs built in code, for tests.

use super::super::{Manifest, Plan, ReadAt, scrub};
use super::segment;

/// The word that is planted where it must not survive.
pub(super) const CANARY: &[u8] = b"CANARY-e5a1";

pub(super) const SOI: &[u8] = &[0xFF, 0xD8];
pub(super) const EOI: &[u8] = &[0xFF, 0xD9];

/// Quantisation table 0, all ones.
pub(super) fn dqt(id: u8) -> Vec<u8> {
    segment(0xDB, &[&[id], &[1; 64][..]].concat())
}

/// A Huffman table of one code, a single 0 bit: no bits follow (DC), the block ends (AC).
pub(super) fn dht(class: u8, id: u8) -> Vec<u8> {
    let mut table = vec![class << 4 | id, 1];
    table.extend([0; 16]);
    segment(0xC4, &table)
}

/// A frame with `components` grey planes of the same size.
pub(super) fn sof(kind: u8, width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components);
    for id in 1..=components {
        frame.extend([id, 0x11, 0]);
    }
    segment(kind, &frame)
}

/// The header of a scan of one component.
pub(super) fn sos(component: u8, first: u8, last: u8, bits: u8) -> Vec<u8> {
    segment(0xDA, &[1, component, 0, first, last, bits])
}

/// A grey picture of one row of `blocks` blocks: two 0 bits each, filled up with ones.
pub(super) fn data(blocks: usize) -> Vec<u8> {
    let mut data = vec![0; blocks.div_ceil(4)];
    if !blocks.is_multiple_of(4) {
        data[blocks / 4] = 0xFF >> (2 * (blocks % 4));
    }
    data
}

/// The parts of a grey picture of 40 by 8 points, without SOI and EOI.
pub(super) fn parts() -> [Vec<u8>; 6] {
    [dqt(0), sof(0xC0, 40, 8, 1), dht(0, 0), dht(1, 0), sos(1, 0, 63, 0), data(5)]
}

/// That picture as a file.
pub(super) fn plain() -> Vec<u8> {
    picture_with(&[], &[], &[])
}

/// That picture with something before the frame, before its scan and after its data.
pub(super) fn picture_with(first: &[u8], middle: &[u8], last: &[u8]) -> Vec<u8> {
    let [dqt, sof, dc, ac, sos, data] = parts();
    [SOI, first, &dqt, &sof, &dc, &ac, middle, &sos, &data, last, EOI].concat()
}

/// A picture in two scans, with something between them.
pub(super) fn progressive_with(between: &[u8]) -> Vec<u8> {
    let dc_data = [0x07];
    let ac_data = [0x07];
    [
        SOI,
        &dqt(0),
        &sof(0xC2, 40, 8, 1),
        &dht(0, 0),
        &sos(1, 0, 0, 0),
        &dc_data,
        between,
        &dht(1, 0),
        &sos(1, 1, 63, 0),
        &ac_data,
        EOI,
    ]
    .concat()
}

/// A big-endian TIFF block: one directory of `(tag, type, count, value)`.
pub(super) fn tiff(entries: &[(u16, u16, u32, [u8; 4])]) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08".to_vec();
    tiff.extend((entries.len() as u16).to_be_bytes());
    for (tag, kind, count, value) in entries {
        tiff.extend(tag.to_be_bytes());
        tiff.extend(kind.to_be_bytes());
        tiff.extend(count.to_be_bytes());
        tiff.extend(value);
    }
    tiff.extend([0; 4]);
    tiff
}

/// An Exif segment with an orientation and the canary behind the directory.
pub(super) fn exif(orientation: u16) -> Vec<u8> {
    let [high, low] = orientation.to_be_bytes();
    let tiff = tiff(&[(0x0112, 3, 1, [high, low, 0, 0])]);
    segment(0xE1, &[b"Exif\0\0", &tiff[..], CANARY].concat())
}

/// The copy and its manifest.
pub(super) fn scrubbed(source: &[u8]) -> (Vec<u8>, Manifest) {
    let source = source.to_vec();
    let plan = scrub(&source).unwrap();
    (output(&plan, &source), plan.manifest)
}

/// The bytes of the copy.
pub(super) fn output(plan: &Plan, source: &dyn ReadAt) -> Vec<u8> {
    let mut copy = Vec::new();
    std::io::Read::read_to_end(&mut plan.reader(source), &mut copy).unwrap();
    copy
}

/// Whether `bytes` holds the canary.
pub(super) fn sings(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, CANARY).is_some()
}
