//! The frames of an APNG: which controls and pixels belong to the animation, under which numbers.
//!
//! `acTL` says how many frames there are. Each has an `fcTL` that says where and how long it is
//! shown, and its pixels in `IDAT` (the first may) or `fdAT`. Readers without animation skip them
//! all, so a frame that was not announced, or a control without pixels, is a place to hide things.

use super::chunk::{self, Chunk, Chunks};
use super::header::Header;
use crate::media::assembly::Assembly;
use crate::media::{MediaError, RemovedKind, Result};

/// What is still to come of an animation.
#[derive(Default)]
pub(super) struct Animation {
    frames_left: u32,
    next_sequence: u32,
    /// A control whose pixels have not come yet.
    pending: Option<Frame>,
}

/// A control and what it says.
struct Frame {
    chunk: Chunk,
    data: [u8; CONTROL_LEN],
    size: (u32, u32),
}

impl Animation {
    /// Takes the data of `acTL`: whether there is an animation at all.
    pub(super) fn announce(&mut self, data: [u8; ANNOUNCEMENT_LEN as usize]) -> bool {
        let [f0, f1, f2, f3, _plays @ ..] = data;
        self.frames_left = u32::from_be_bytes([f0, f1, f2, f3]);
        self.frames_left > 0
    }

    /// Takes an `fcTL`. It passes when its pixels come.
    pub(super) fn control(
        &mut self,
        chunk: Chunk,
        header: &Header,
        chunks: &mut Chunks<'_>,
        out: &mut Assembly,
    ) -> Result<()> {
        self.forget(out);
        if self.frames_left == 0 {
            out.remove(RemovedKind::HiddenBytes, chunk.whole());
            out.manifest.broken = true;
            return Ok(());
        }
        if chunk.len as usize != CONTROL_LEN || !chunks.is_intact(chunk)? {
            return Err(MediaError::Malformed);
        }
        let data: [u8; CONTROL_LEN] = chunks.window.array(chunk.data().start)?;
        let number = |at: usize| {
            u32::from_be_bytes(*data[at..].first_chunk().expect("the control is longer"))
        };
        let [width, height, x, y] = [4, 8, 12, 16].map(number);
        let fits = |at: u32, len: u32, limit: u32| {
            len > 0 && at.checked_add(len).is_some_and(|end| end <= limit)
        };
        let [.., dispose, blend] = data;
        if !fits(x, width, header.width)
            || !fits(y, height, header.height)
            || dispose > 2
            || blend > 1
        {
            return Err(MediaError::Malformed);
        }
        self.pending = Some(Frame { chunk, data, size: (width, height) });
        Ok(())
    }

    /// The width and height of the frame whose pixels should come now.
    pub(super) fn frame_size(&self) -> Option<(u32, u32)> {
        self.pending.as_ref().map(|frame| frame.size)
    }

    /// Adds the control of that frame, since its pixels are here, and gives the next number.
    pub(super) fn begin_frame(&mut self, out: &mut Assembly) -> u32 {
        if let Some(Frame { chunk, mut data, .. }) = self.pending.take() {
            self.frames_left -= 1;
            let found = chunk::chunk(chunk.kind, &data);
            data[..4].copy_from_slice(&self.next_sequence.to_be_bytes());
            let clean = chunk::chunk(chunk.kind, &data);
            out.replace(chunk.whole(), &found, &clean, RemovedKind::HiddenBytes);
            self.next_sequence += 1;
        }
        self.next_sequence
    }

    /// Goes on with the number that the pixels of a frame left.
    pub(super) fn go_on(&mut self, next_sequence: Option<u32>) {
        self.next_sequence = next_sequence.unwrap_or(self.next_sequence);
    }

    /// Leaves out a control that got no pixels.
    pub(super) fn forget(&mut self, out: &mut Assembly) {
        if let Some(frame) = self.pending.take() {
            out.remove(RemovedKind::HiddenBytes, frame.chunk.whole());
            out.manifest.broken = true;
        }
    }

    /// Whether every frame came that was announced.
    pub(super) fn is_complete(&self) -> bool {
        self.frames_left == 0
    }
}

/// The length of the data of `acTL`.
pub(super) const ANNOUNCEMENT_LEN: u32 = 8;

/// The length of the data of `fcTL`.
const CONTROL_LEN: usize = 26;
