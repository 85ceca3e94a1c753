//! The copy while it is drawn: as long as the source, and zero wherever nobody kept a byte.
//!
//! This is what makes the walkers safe: they say what stays. A box, table or field that a walker
//! forgets is zeroed, not leaked, and nothing ever moves, so no offset in the file needs a change.

use std::ops::Range;

use super::super::{Manifest, MediaError, Piece, Result};
use super::boxes::{FourCc, Node, TopBox};

/// Most stretches that are written anew. Each takes memory in the plan: all together stay below
/// 32 MiB. An hour of video with a strange note on every picture has 216,000.
const MAX_FILLS: usize = 250_000;

/// What stands in place of the source's bytes.
enum Fill {
    Bytes(Vec<u8>),
    Name(FourCc),
    Zeros(u64),
}

impl Fill {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Name(_) => 4,
            Self::Zeros(count) => *count,
        }
    }
}

/// A copy of the same length as its source, and the list of what does not pass.
pub(super) struct Canvas {
    pub(super) manifest: Manifest,
    len: u64,
    kept: Vec<Range<u64>>,
    filled: Vec<(u64, Fill)>,
    overfull: bool,
    /// How many bytes of media data were claimed, counting those twice that were claimed twice.
    claimed: u64,
    /// Whether coded pictures were changed.
    coded: bool,
}

impl Canvas {
    /// A canvas of `len` zeros.
    pub(super) fn new(len: u64) -> Self {
        Self {
            manifest: Manifest::default(),
            len,
            kept: Vec::new(),
            filled: Vec::new(),
            overfull: false,
            claimed: 0,
            coded: false,
        }
    }

    /// Keeps these bytes of the source.
    pub(super) fn keep(&mut self, range: Range<u64>) {
        let range = range.start..range.end.min(self.len);
        if range.is_empty() {
            return;
        }
        match self.kept.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.kept.push(range),
        }
    }

    /// Writes `bytes` at `at`, whatever was or will be kept there.
    pub(super) fn put(&mut self, at: u64, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.fill(at, Fill::Bytes(bytes));
        }
    }

    /// Writes zeros over `range`, whatever was or will be kept there.
    pub(super) fn blank(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.fill(range.start, Fill::Zeros(range.end - range.start));
        }
    }

    /// Writes `bytes` over coded pictures.
    pub(super) fn put_coded(&mut self, at: u64, bytes: Vec<u8>) {
        self.coded = true;
        self.put(at, bytes);
    }

    /// Writes zeros over coded pictures.
    pub(super) fn blank_coded(&mut self, range: Range<u64>) {
        self.coded = true;
        self.blank(range);
    }

    /// Counts bytes of media data as belonging to a track or an item.
    pub(super) fn claim(&mut self, bytes: u64) {
        self.claimed = self.claimed.saturating_add(bytes);
    }

    /// Refuses a file in which pictures overlap, if some were changed: what a change of one does to
    /// the other was not looked at. Needs [`Canvas::settle`] first.
    pub(super) fn check_overlap(&self, media: &[Range<u64>]) -> Result<()> {
        let all: u64 = media.iter().map(|media| media.end - media.start).sum();
        let gaps = media.iter().flat_map(|media| self.gaps(media.clone()));
        let kept = all - gaps.map(|gap| gap.end - gap.start).sum::<u64>();
        if self.coded && self.claimed > kept { Err(MediaError::Malformed) } else { Ok(()) }
    }

    fn fill(&mut self, at: u64, fill: Fill) {
        if self.filled.len() == MAX_FILLS {
            self.overfull = true;
        } else {
            self.filled.push((at, fill));
        }
    }

    /// Keeps a box's header.
    pub(super) fn keep_header(&mut self, node: &Node<'_>) {
        self.keep(node.start..node.body_at());
    }

    /// Makes an empty `free` box of the same length out of a box.
    pub(super) fn free(&mut self, node: &Node<'_>) {
        self.free_at(node.start, node.header as u64);
    }

    /// Makes an empty `free` box of the same length out of a box at the top.
    pub(super) fn free_top(&mut self, found: &TopBox) {
        self.free_at(found.start, found.body - found.start);
    }

    fn free_at(&mut self, start: u64, header: u64) {
        self.keep(start..start + header);
        self.fill(start + 4, Fill::Name(*b"free"));
    }

    /// The parts of `within` that nobody kept, in order. Needs [`Canvas::settle`] first.
    pub(super) fn gaps(&self, within: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = within.start;
        let from = self.kept.partition_point(|kept| kept.end <= within.start);
        for kept in self.kept[from..].iter().take_while(|kept| kept.start < within.end) {
            if kept.start > at {
                gaps.push(at..kept.start);
            }
            at = at.max(kept.end);
        }
        if at < within.end {
            gaps.push(at..within.end);
        }
        gaps
    }

    /// Sorts what is kept and joins what touches.
    pub(super) fn settle(&mut self) {
        self.kept.sort_unstable_by_key(|kept| kept.start);
        self.kept.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
    }

    /// The pieces of the copy, which are together as long as the source.
    pub(super) fn finish(mut self) -> Result<(Vec<Piece>, Manifest)> {
        if self.overfull {
            return Err(MediaError::TooComplex);
        }
        self.settle();
        self.filled.sort_by_key(|(at, _)| *at);
        let mut pieces = Pieces { pieces: Vec::new(), at: 0, kept: self.kept, next: 0 };
        for (at, fill) in self.filled {
            // Two writers of one place: the earlier one wins and the later is not needed.
            if at < pieces.at || at.saturating_add(fill.len()) > self.len {
                continue;
            }
            pieces.advance(at);
            pieces.at += fill.len();
            match fill {
                Fill::Bytes(bytes) => pieces.push(Piece::Put(bytes)),
                Fill::Name(name) => pieces.push(Piece::Put(name.to_vec())),
                Fill::Zeros(count) => pieces.push(Piece::Zeros(count)),
            }
        }
        pieces.advance(self.len);
        Ok((pieces.pieces, self.manifest))
    }
}

/// Pieces in the making.
struct Pieces {
    pieces: Vec<Piece>,
    at: u64,
    kept: Vec<Range<u64>>,
    /// The first of `kept` that does not end before `at`.
    next: usize,
}

impl Pieces {
    /// Copies or zeroes everything up to `end`.
    fn advance(&mut self, end: u64) {
        while self.at < end {
            let Some(kept) = self.kept.get(self.next) else {
                self.push(Piece::Zeros(end - self.at));
                self.at = end;
                return;
            };
            let (start, stop) = (kept.start.clamp(self.at, end), kept.end.clamp(self.at, end));
            if kept.end <= end {
                self.next += 1;
            }
            if start > self.at {
                self.push(Piece::Zeros(start - self.at));
            }
            if stop > start {
                self.push(Piece::Copy(start..stop));
            }
            self.at = stop.max(start);
        }
    }

    fn push(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (Some(Piece::Zeros(last)), Piece::Zeros(count)) => *last += count,
            (Some(Piece::Put(last)), Piece::Put(bytes)) => last.extend(bytes),
            (_, piece) => self.pieces.push(piece),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_keeps_is_zero_and_the_length_stays() {
        let mut canvas = Canvas::new(20);
        canvas.keep(12..15);
        canvas.keep(2..6);
        canvas.put(4, vec![7, 7]);
        canvas.blank(13..14);
        let (pieces, _) = canvas.finish().unwrap();
        let expected = [
            Piece::Zeros(2),
            Piece::Copy(2..4),
            Piece::Put(vec![7, 7]),
            Piece::Zeros(6),
            Piece::Copy(12..13),
            Piece::Zeros(1),
            Piece::Copy(14..15),
            Piece::Zeros(5),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn overlapping_ranges_are_kept_once() {
        let mut canvas = Canvas::new(10);
        canvas.keep(4..8);
        canvas.keep(0..6);
        canvas.settle();
        assert_eq!(canvas.gaps(0..10).first(), Some(&(8..10)));
        assert_eq!(canvas.finish().unwrap().0, [Piece::Copy(0..8), Piece::Zeros(2)]);
    }

    #[test]
    fn nothing_is_written_behind_the_end() {
        let mut canvas = Canvas::new(4);
        canvas.put(2, vec![1, 2, 3]);
        canvas.keep(3..9);
        assert_eq!(canvas.finish().unwrap().0, [Piece::Zeros(3), Piece::Copy(3..4)]);
    }
}
