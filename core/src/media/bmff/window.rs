//! Small reads through one buffer, for walks that look at a few bytes here and there.

use super::super::{MediaError, ReadAt, Result};

/// Enough for the headers in front of a picture's first slice.
const SMALL: usize = 256;
/// How far the buffer grows while one read follows the other closely.
const LARGE: usize = 64 * 1024;

/// A view of a few bytes of the source, which moves to where it is asked to look.
pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    len: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, len: source.len(), start: 0, bytes: Vec::new() }
    }

    /// The `count` bytes at `at`.
    pub(super) fn bytes(&mut self, at: u64, count: usize) -> Result<&[u8]> {
        let wanted_end = at.checked_add(count as u64).ok_or(MediaError::Malformed)?;
        if wanted_end > self.len {
            return Err(MediaError::Malformed);
        }
        let end = self.start + self.bytes.len() as u64;
        if at < self.start || wanted_end > end {
            // Whoever asks again close behind the last read goes through everything: read ahead.
            let near = at >= self.start && at < end + SMALL as u64;
            let ahead = if near { (self.bytes.len() * 4).clamp(SMALL, LARGE) } else { SMALL };
            let room = (self.len - at).min(ahead.max(count) as u64) as usize;
            self.bytes.resize(room, 0);
            self.start = at;
            if let Err(error) = self.source.read_exact_at(at, &mut self.bytes) {
                self.bytes.clear();
                return Err(error.into());
            }
        }
        let from = (at - self.start) as usize;
        Ok(&self.bytes[from..from + count])
    }

    /// Whether every byte of `start..end` is `value`.
    pub(super) fn is_all(&mut self, value: u8, start: u64, end: u64) -> Result<bool> {
        let mut at = start;
        while at < end {
            let count = (end - at).min(LARGE as u64) as usize;
            if self.bytes(at, count)?.iter().any(|&byte| byte != value) {
                return Ok(false);
            }
            at += count as u64;
        }
        Ok(true)
    }
}
