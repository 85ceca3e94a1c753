//! Which bytes of the media data are samples of tracks that stay.

use std::ops::Range;

use super::super::{MediaError, ReadAt, RemovedKind, Result};
use super::boxes::Top;
use super::canvas::Canvas;
use super::entry::Walk;
use super::movie::media_data;
use super::tables::{Merged, Tables};
use super::window::Window;
use super::{codes, nal, obu};

/// Most bytes outside all samples that are looked at, to tell whether they hold anything.
const MAX_LOOK: u64 = 8 * 1024 * 1024;

/// Most samples of one file that are visited; ten hours of 60 pictures a second are 2.2 million.
const MAX_SAMPLES: u64 = 4_000_000;

/// Draws samples.
pub(super) struct Samples<'a> {
    media: Vec<Range<u64>>,
    units: nal::Scanner<'a>,
    av1: obu::Scanner<'a>,
    codes: codes::Scanner<'a>,
    head: Window<'a>,
    kept: u64,
    /// How many samples were visited one by one.
    visited: u64,
    /// Bytes of samples that belong to tracks that go.
    lost: u64,
}

impl<'a> Samples<'a> {
    pub(super) fn new(source: &'a dyn ReadAt, top: &Top) -> Self {
        Self {
            media: media_data(top),
            units: nal::Scanner::new(Window::new(source)),
            av1: obu::Scanner::new(Window::new(source)),
            codes: codes::Scanner::new(source),
            head: Window::new(source),
            kept: 0,
            visited: 0,
            lost: 0,
        }
    }

    /// Keeps samples as far as they lie in media data. A file that was cut short lacks some.
    pub(super) fn keep(&mut self, range: Range<u64>, canvas: &mut Canvas) {
        let found = self.each_part(&range, |part| canvas.keep(part));
        self.kept += found;
        canvas.manifest.broken |= found < range.end - range.start;
    }

    /// Counts samples of a track that stays.
    pub(super) fn claim(&self, range: &Range<u64>, canvas: &mut Canvas) {
        canvas.claim(self.each_part(range, |_| {}));
    }

    /// Visits the parts of `range` that lie in media data; gives their length.
    fn each_part(&self, range: &Range<u64>, mut visit: impl FnMut(Range<u64>)) -> u64 {
        let mut found = 0;
        let first = self.media.partition_point(|media| media.end <= range.start);
        for media in self.media[first..].iter().take_while(|media| media.start < range.end) {
            let part = range.start.max(media.start)..range.end.min(media.end);
            found += part.end - part.start;
            visit(part);
        }
        found
    }

    /// Walks the samples of a track.
    pub(super) fn walk(
        &mut self,
        tables: Tables<'_>,
        walk: Walk,
        canvas: &mut Canvas,
    ) -> Result<()> {
        if walk == Walk::Opaque {
            tables.chunks().for_each(|chunk| self.claim(&chunk.range, canvas));
            return Ok(());
        }
        for chunk in tables.chunks() {
            self.claim(&chunk.range, canvas);
            for sample in tables.samples(&chunk)? {
                self.walk_one(sample, walk, canvas)?;
            }
        }
        Ok(())
    }

    /// Walks one sample, as far as it lies in media data.
    pub(super) fn walk_one(
        &mut self,
        sample: Range<u64>,
        walk: Walk,
        canvas: &mut Canvas,
    ) -> Result<()> {
        self.visit()?;
        let at = self.media.partition_point(|media| media.end <= sample.start);
        let Some(media) = self.media.get(at).filter(|media| media.start <= sample.start) else {
            return Ok(());
        };
        let sample = sample.start..sample.end.min(media.end);
        match walk {
            Walk::Units(stream) => self.units.sample(sample, stream, canvas),
            Walk::Av1 => self.av1.sample(sample, canvas),
            Walk::Codes(video) => self.codes.sample(sample, video, canvas),
            Walk::Opaque => Ok(()),
        }
    }

    /// Notes the samples of tracks that go. A file in which they share bytes with samples that
    /// stay is refused: what the track held would stay.
    pub(super) fn lose(&mut self, stay: Merged<'_>, go: Merged<'_>) -> Result<()> {
        let mut stay = stay.peekable();
        for lost in go {
            while stay.next_if(|kept| kept.end <= lost.start).is_some() {}
            if !lost.is_empty() && stay.peek().is_some_and(|kept| kept.start < lost.end) {
                return Err(MediaError::Malformed);
            }
            self.lost = self.lost.saturating_add(lost.end - lost.start);
        }
        Ok(())
    }

    /// Notes samples of a track that goes.
    pub(super) fn lose_one(&mut self, sample: Range<u64>) -> Result<()> {
        self.lost = self.lost.saturating_add(sample.end - sample.start);
        self.visit()
    }

    fn visit(&mut self) -> Result<()> {
        self.visited += 1;
        if self.visited > MAX_SAMPLES { Err(MediaError::TooComplex) } else { Ok(()) }
    }

    /// Notes what of the media data does not stay.
    pub(super) fn finish(mut self, canvas: &mut Canvas) -> Result<()> {
        if self.kept == 0 {
            return Err(MediaError::Malformed);
        }
        canvas.settle();
        let all: u64 = gaps(&self.media, canvas).map(|gap| gap.end - gap.start).sum();
        // Where tracks that go account for all of it, nothing else needs to be looked for.
        let bytes =
            if all <= self.lost { all } else { filled(&self.media, canvas, &mut self.head)? };
        let lost = self.lost.min(bytes);
        let rest = bytes - lost;
        for (kind, bytes) in [(RemovedKind::DataTrack, lost), (RemovedKind::HiddenBytes, rest)] {
            if bytes > 0 {
                canvas.manifest.remove(kind, bytes);
            }
        }
        Ok(())
    }
}

/// The stretches of media data that nobody keeps. They are not listed, since a film whose data
/// tracks go has one behind each of its chunks.
fn gaps(media: &[Range<u64>], canvas: &Canvas) -> impl Iterator<Item = Range<u64>> {
    media.iter().flat_map(|media| canvas.gaps(media.clone()))
}

/// How many bytes of media data nobody keeps, not counting stretches of zeros. Needs
/// [`Canvas::settle`] first.
pub(super) fn filled(
    media: &[Range<u64>],
    canvas: &Canvas,
    window: &mut Window<'_>,
) -> Result<u64> {
    let (mut bytes, mut looked) = (0, 0);
    for gap in gaps(media, canvas) {
        let len = gap.end - gap.start;
        looked += len;
        // A huge gap is taken to hold something; it is zeroed all the same.
        if looked > MAX_LOOK || !window.is_all(0, gap.start, gap.end)? {
            bytes += len;
        }
    }
    Ok(bytes)
}
