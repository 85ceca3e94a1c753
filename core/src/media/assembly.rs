//! What the walkers of chunked formats share: a window on the source, and the copy being put
//! together.
//!
//! PNG, WebP, GIF and JPEG XL are chains of small headers with long data between them. [`Window`]
//! reads such a chain without a system call per header and without a byte of the long data that
//! nobody asks for. [`Assembly`] collects the pieces of the copy; neighbours melt into one, so an
//! untouched file becomes a plan of one piece however many chunks it has.

use std::ops::Range;

use super::{
    Format, Manifest, MediaError, Piece, Plan, ReadAt, RemainingKind, RemovedKind, Result, exif,
};

/// A file with more chunks, boxes or blocks than this is refused: it would cost more time and
/// memory than an honest one, whose parts are kilobytes (two hours of GIF at 25 frames a second are
/// 360,000 blocks).
pub(super) const MAX_PARTS: u32 = 1 << 19;

/// Reads a source through one buffer, mostly forwards.
pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    len: u64,
    /// Where in the source `bytes` begin.
    start: u64,
    bytes: Vec<u8>,
    size: usize,
}

impl<'a> Window<'a> {
    /// A window of `size` bytes: small to hop from header to header, larger to read everything.
    pub(super) fn new(source: &'a dyn ReadAt, size: usize) -> Self {
        Self { source, len: source.len(), start: 0, bytes: Vec::new(), size }
    }

    /// The length of the source.
    pub(super) fn source_len(&self) -> u64 {
        self.len
    }

    /// Exactly `N` bytes from `at` on; malformed if the source ends before.
    pub(super) fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N]> {
        assert!(N <= self.size, "a header fits the window");
        self.show(at, N)?;
        let from = (at - self.start) as usize;
        self.bytes[from..].first_chunk().copied().ok_or(MediaError::Malformed)
    }

    /// At least one byte from the start of `range`, and at most all of it.
    pub(super) fn some(&mut self, range: Range<u64>) -> Result<&[u8]> {
        self.show(range.start, 1)?;
        let from = (range.start - self.start) as usize;
        let bytes = &self.bytes[from..];
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        Ok(&bytes[..bytes.len().min(wanted)])
    }

    /// All bytes of `range` up to the first `limit`.
    pub(super) fn all(&mut self, range: Range<u64>, limit: usize) -> Result<Vec<u8>> {
        let end = range.end.min(range.start.saturating_add(limit as u64));
        if end > self.len {
            return Err(MediaError::Malformed);
        }
        let count = (end - range.start) as usize;
        if count <= self.size {
            self.show(range.start, count)?;
            let from = (range.start - self.start) as usize;
            return Ok(self.bytes[from..from + count].to_vec());
        }
        let mut bytes = vec![0; count];
        self.source.read_exact_at(range.start, &mut bytes)?;
        Ok(bytes)
    }

    /// Moves the window unless `count` bytes from `at` on lie in it.
    fn show(&mut self, at: u64, count: usize) -> Result<()> {
        let end = at.checked_add(count as u64).ok_or(MediaError::Malformed)?;
        if end > self.len {
            return Err(MediaError::Malformed);
        }
        if at < self.start || end > self.start + self.bytes.len() as u64 {
            let size = (self.len - at).min(self.size as u64) as usize;
            self.bytes.resize(size, 0);
            self.start = at;
            if let Err(error) = self.source.read_exact_at(at, &mut self.bytes) {
                self.bytes.clear();
                return Err(error.into());
            }
        }
        Ok(())
    }
}

/// A scrubbed copy while it is put together.
#[derive(Default)]
pub(super) struct Assembly {
    pieces: Vec<Piece>,
    len: u64,
    /// What does not come into the copy.
    pub(super) manifest: Manifest,
}

impl Assembly {
    /// Takes over these bytes of the source.
    pub(super) fn copy(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        self.len += range.end - range.start;
        match self.pieces.last_mut() {
            Some(Piece::Copy(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Copy(range)),
        }
    }

    /// Adds bytes of our own.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        match self.pieces.last_mut() {
            Some(Piece::Put(last)) => last.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.pieces.push(Piece::Put(bytes.to_vec())),
        }
    }

    /// Leaves these bytes of the source out.
    pub(super) fn remove(&mut self, kind: RemovedKind, range: Range<u64>) {
        if !range.is_empty() {
            self.manifest.remove(kind, range.end - range.start);
        }
    }

    /// Leaves out a part of the source that holds the TIFF `block`, packed in some way. Its bytes
    /// are shared out among the kinds in the block.
    pub(super) fn remove_exif(&mut self, block: &[u8], range: Range<u64>) {
        let bytes = range.end - range.start;
        let mut kinds = Manifest::default();
        exif::note(block, &mut kinds);
        let mut left = bytes;
        for removed in kinds.removed {
            let share = removed.bytes.saturating_mul(bytes) / (block.len() as u64).max(1);
            let share = share.min(left);
            left -= share;
            self.manifest.remove(removed.kind, share);
        }
        self.manifest.remove(RemovedKind::Exif, left);
    }

    /// Puts `bytes` where `found` stood at `range`. They are copied if they are the same; else what
    /// is no longer there counts as removed.
    pub(super) fn replace(
        &mut self,
        range: Range<u64>,
        found: &[u8],
        bytes: &[u8],
        kind: RemovedKind,
    ) {
        if range.end - range.start == bytes.len() as u64 && found == bytes {
            self.copy(range);
        } else {
            self.put(bytes);
            let less = (range.end - range.start).saturating_sub(bytes.len() as u64);
            self.manifest.remove(kind, less.max(1));
        }
    }

    /// How many bytes the copy has so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends what another assembly collected from the same source.
    pub(super) fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Copy(range) => self.copy(range),
                Piece::Put(bytes) => self.put(&bytes),
                Piece::Zeros(_) => unreachable!("no method adds zeros"),
            }
        }
        for removed in other.manifest.removed {
            self.manifest.remove(removed.kind, removed.bytes);
        }
        self.manifest.broken |= other.manifest.broken;
    }

    /// The finished plan of a picture.
    pub(super) fn finish(mut self, format: Format) -> Plan {
        self.manifest.keep(RemainingKind::Picture);
        Plan { format, pieces: self.pieces, manifest: self.manifest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five gigabytes of which byte `n` is `n` modulo 251.
    struct Vast;

    impl ReadAt for Vast {
        fn len(&self) -> u64 {
            5_000_000_000
        }

        fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
            for (byte, at) in buffer.iter_mut().zip(offset..) {
                *byte = (at % 251) as u8;
            }
            Ok(())
        }
    }

    #[test]
    fn a_window_shows_what_is_there_wherever_it_is() {
        let mut window = Window::new(&Vast, 16);
        for at in [0, 3, 15, 4_999_999_996, 12, 4_294_967_294] {
            let want = [at, at + 1, at + 2, at + 3].map(|at| (at % 251) as u8);
            assert_eq!(window.array::<4>(at).unwrap(), want);
            assert_eq!(window.some(at..at + 2).unwrap()[0], want[0]);
            assert_eq!(window.all(at..at + 4, 3).unwrap(), want[..3]);
        }
    }

    #[test]
    fn a_window_ends_where_the_source_ends() {
        let mut window = Window::new(&Vast, 16);
        for at in [4_999_999_997, 5_000_000_000, u64::MAX] {
            assert!(matches!(window.array::<4>(at), Err(MediaError::Malformed)));
        }
        assert!(matches!(window.all(0..u64::MAX, 5).as_deref(), Ok([0, 1, 2, 3, 4])));
        assert!(window.all(4_999_999_999..5_000_000_001, 5).is_err());
    }

    #[test]
    fn neighbours_melt_into_one_piece() {
        let mut out = Assembly::default();
        out.copy(0..3);
        out.copy(3..3);
        out.copy(3..5);
        out.put(b"");
        out.copy(7..8);
        out.put(b"ab");
        let mut behind = Assembly::default();
        behind.put(b"c");
        behind.remove(RemovedKind::Text, 5..7);
        out.append(behind);
        assert_eq!(out.len(), 9);
        let plan = out.finish(Format::Png);
        let pieces = [Piece::Copy(0..5), Piece::Copy(7..8), Piece::Put(b"abc".to_vec())];
        assert_eq!(plan.pieces, pieces);
        assert_eq!(plan.manifest.removed[0].bytes, 2);
    }

    #[test]
    fn the_bytes_of_packed_exif_are_shared_out_among_its_kinds() {
        let block = b"MM\0\x2A\0\0\0\x08\0\x01\x01\x0F\0\x02\0\0\0\x03AB\0\0\0\0\0\0";
        let mut out = Assembly::default();
        out.remove_exif(block, 0..13);
        let removed: Vec<_> = out.manifest.removed.iter().map(|it| (it.kind, it.bytes)).collect();
        assert_eq!(removed, [(RemovedKind::Device, 6), (RemovedKind::Exif, 7)]);
    }

    #[test]
    fn what_is_already_right_is_copied() {
        let mut out = Assembly::default();
        out.replace(0..3, b"abc", b"abc", RemovedKind::Text);
        assert!(out.manifest.removed.is_empty());
        // Only the start of something longer was read.
        out.replace(3..9, b"abc", b"abc", RemovedKind::Text);
        assert_eq!(out.manifest.removed[0].bytes, 3);
    }
}
