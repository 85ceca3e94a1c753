//! The copy while it is drawn: as long as the source, and zero wherever nobody kept a byte.
//!
//! This is what makes the walkers safe: they say what stays. A box, table or field that a walker
//! forgets is zeroed, not leaked, and nothing ever moves, so no offset in the file needs a change.

use std::ops::Range;

use super::super::{Manifest, MediaError, Piece, Result};
use super::boxes::{FourCc, Node, TopBox};

/// Most memory that the canvas and the plan made of it take, of the 64 MiB that a phone can spare;
/// beside it stands a `moov` box of 24 MiB at most. Four hours of 30 pictures a second with a
/// sample to drop behind each take 27 MiB, an hour of 60 with a short strange note on each takes
/// 30.
const MAX_COST: usize = 32 * 1024 * 1024;
/// What a kept stretch takes: itself, and a piece for it and for the gap behind it.
const KEPT_COST: usize = size_of::<Range<u64>>() + 2 * size_of::<Piece>();
/// What a stretch that is written anew takes beside its bytes: itself, what the heap adds, a piece
/// for it and for the rest of the stretch that it cuts in two.
const FILL_COST: usize = size_of::<(u64, Fill)>() + 16 + 2 * size_of::<Piece>();

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

    /// The memory that it takes.
    fn cost(&self) -> usize {
        FILL_COST + if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }
}

/// A copy of the same length as its source, and the list of what does not pass.
pub(super) struct Canvas {
    pub(super) manifest: Manifest,
    len: u64,
    kept: Vec<Range<u64>>,
    filled: Vec<(u64, Fill)>,
    /// The memory that `filled` takes, now and as pieces.
    filled_cost: usize,
    /// Whether something found no more room.
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
            filled_cost: 0,
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
        let has_room = self.has_room(KEPT_COST);
        match self.kept.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if has_room => self.kept.push(range),
            _ => self.overfull = true,
        }
    }

    fn has_room(&self, cost: usize) -> bool {
        self.kept.len() * KEPT_COST + self.filled_cost + cost <= MAX_COST
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
        if self.overfull {
            return Err(MediaError::TooComplex);
        }
        let all: u64 = media.iter().map(|media| media.end - media.start).sum();
        let gaps = media.iter().flat_map(|media| self.gaps(media.clone()));
        let kept = all - gaps.map(|gap| gap.end - gap.start).sum::<u64>();
        if self.coded && self.claimed > kept { Err(MediaError::Malformed) } else { Ok(()) }
    }

    fn fill(&mut self, at: u64, fill: Fill) {
        if self.has_room(fill.cost()) {
            self.filled_cost += fill.cost();
            self.filled.push((at, fill));
        } else {
            self.overfull = true;
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
    pub(super) fn gaps(&self, within: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let from = self.kept.partition_point(|kept| kept.end <= within.start);
        let kept = self.kept[from..].iter().take_while(move |kept| kept.start < within.end);
        let behind = within.end..within.end;
        let mut at = within.start;
        kept.cloned().chain(std::iter::once(behind)).filter_map(move |kept| {
            let gap = at..kept.start;
            at = at.max(kept.end);
            (gap.start < gap.end).then_some(gap)
        })
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
        // All at once: a list that grows is there twice for a moment.
        let most = 2 * (self.kept.len() + self.filled.len()) + 1;
        let pieces = Vec::with_capacity(most);
        let mut pieces = Pieces { pieces, at: 0, kept: self.kept, next: 0 };
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
        assert!(canvas.gaps(0..10).eq(std::iter::once(8..10)));
        assert_eq!(canvas.finish().unwrap().0, [Piece::Copy(0..8), Piece::Zeros(2)]);
    }

    #[test]
    fn gaps_are_told_one_by_one() {
        let mut canvas = Canvas::new(100);
        for at in [70, 10, 30, 32] {
            canvas.keep(at..at + 5);
        }
        canvas.settle();
        let gaps = |within| canvas.gaps(within).collect::<Vec<_>>();
        assert_eq!(gaps(0..100), [0..10, 15..30, 37..70, 75..100]);
        assert_eq!(gaps(12..72), [15..30, 37..70]);
        assert!(gaps(20..25).into_iter().eq(std::iter::once(20..25)));
        assert!(gaps(31..33).is_empty());
    }

    #[test]
    fn what_takes_more_memory_than_a_phone_has_is_refused() {
        let most = (MAX_COST / KEPT_COST) as u64;
        for (more, is_fine) in [(0, true), (1, false)] {
            let mut canvas = Canvas::new(4 * most);
            (0..most + more).for_each(|at| canvas.keep(2 * at..2 * at + 1));
            assert_eq!(canvas.check_overlap(&[]).is_ok(), is_fine);
            assert_eq!(canvas.finish().is_ok(), is_fine);
        }
        let mut canvas = Canvas::new(u64::MAX);
        (0..MAX_COST as u64 >> 20).for_each(|at| canvas.put(at << 20, vec![0; 1 << 20]));
        assert!(matches!(canvas.finish(), Err(MediaError::TooComplex)));
    }

    #[test]
    fn nothing_is_written_behind_the_end() {
        let mut canvas = Canvas::new(4);
        canvas.put(2, vec![1, 2, 3]);
        canvas.keep(3..9);
        assert_eq!(canvas.finish().unwrap().0, [Piece::Zeros(3), Piece::Copy(3..4)]);
    }
}
