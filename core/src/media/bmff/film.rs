//! A film of one track for the tests, whose boxes a test can replace one by one.

use super::fixtures::{boxed, brands, full, parent, words};

/// A film: how it is coded, its samples, and what a test puts into it.
#[derive(Clone)]
pub(super) struct Film {
    pub(super) handler: [u8; 4],
    /// The box in `stsd`.
    pub(super) entry: Vec<u8>,
    pub(super) samples: Vec<Vec<u8>>,
    /// Boxes that stand in place of those of the same kind, wherever they stand.
    pub(super) instead: Vec<Vec<u8>>,
    /// Boxes behind the others of a parent.
    pub(super) also: Vec<([u8; 4], Vec<u8>)>,
    /// Boxes behind all others.
    pub(super) tail: Vec<u8>,
}

/// A description of video with these boxes.
pub(super) fn picture(kind: &[u8; 4], boxes: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![0; 78];
    fields[7] = 1;
    boxed(kind, &[fields, boxes.concat()].concat())
}

/// A description of sound of two channels with these boxes.
pub(super) fn sound(kind: &[u8; 4], boxes: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![0; 28];
    (fields[7], fields[17], fields[19]) = (1, 2, 16);
    boxed(kind, &[fields, boxes.concat()].concat())
}

impl Film {
    /// A film of such pictures.
    pub(super) fn new(entry: Vec<u8>, samples: &[&[u8]]) -> Self {
        let samples = samples.iter().map(|sample| sample.to_vec()).collect();
        let (instead, also) = (Vec::new(), Vec::new());
        Self { handler: *b"vide", entry, samples, instead, also, tail: Vec::new() }
    }

    /// A recording of such sound.
    pub(super) fn of_sound(entry: Vec<u8>, samples: &[&[u8]]) -> Self {
        Self { handler: *b"soun", ..Self::new(entry, samples) }
    }

    /// The same film with `node` in place of the box of its kind.
    pub(super) fn with(mut self, node: Vec<u8>) -> Self {
        self.instead.push(node);
        self
    }

    /// The same film with `node` behind the other boxes of `parent`.
    pub(super) fn and(mut self, parent: &[u8; 4], node: Vec<u8>) -> Self {
        self.also.push((*parent, node));
        self
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let head = brands(b"isom");
        let offset = head.len() as u32 + 8;
        let data = boxed(b"mdat", &self.samples.concat());
        [head, data, self.moov(offset), self.tail.clone()].concat()
    }

    /// Where the first sample stands in the file.
    pub(super) fn first(&self) -> usize {
        brands(b"isom").len() + 8
    }

    fn moov(&self, offset: u32) -> Vec<u8> {
        let mut track = vec![0; 80];
        track[11] = 1;
        let header =
            if self.handler == *b"soun" { full(b"smhd", &[0; 4]) } else { full(b"vmhd", &[0; 8]) };
        let here = full(b"dref", &[words(&[1]), full_url()].concat());
        let minf = self.filled(
            b"minf",
            vec![header, self.filled(b"dinf", vec![here]), self.filled(b"stbl", self.stbl(offset))],
        );
        let mdhd = full(b"mdhd", &words(&[0, 0, 1000, 200, 0x55C4_0000]));
        let hdlr = full(b"hdlr", &[&[0; 4], &self.handler[..], &[0; 13]].concat());
        let mdia = self.filled(b"mdia", vec![mdhd, hdlr, minf]);
        let trak = self.filled(b"trak", vec![full(b"tkhd", &track), mdia]);
        self.filled(b"moov", vec![full(b"mvhd", &[0; 96]), trak])
    }

    fn stbl(&self, offset: u32) -> Vec<Vec<u8>> {
        let count = self.samples.len() as u32;
        let sizes: Vec<u32> = self.samples.iter().map(|sample| sample.len() as u32).collect();
        vec![
            full(b"stsd", &[words(&[1]), self.entry.clone()].concat()),
            full(b"stts", &words(&[1, count, 100])),
            full(b"stsc", &words(&[1, 1, count, 1])),
            full(b"stsz", &[words(&[0, count]), words(&sizes)].concat()),
            full(b"stco", &words(&[1, offset])),
        ]
    }

    fn filled(&self, kind: &[u8; 4], mut children: Vec<Vec<u8>>) -> Vec<u8> {
        for child in &mut children {
            if let Some(other) = self.instead.iter().find(|other| other[4..8] == child[4..8]) {
                child.clone_from(other);
            }
        }
        let also = self.also.iter().filter(|(parent, _)| parent == kind);
        children.extend(also.map(|(_, node)| node.clone()));
        parent(kind, &children)
    }
}

fn full_url() -> Vec<u8> {
    boxed(b"url ", &[0, 0, 0, 1])
}
