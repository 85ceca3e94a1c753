//! How much the server takes: per part and in all.
//!
//! Counted is what lies on the disk: the bytes that came, and for each upload what its files cost
//! beside them. A length that was only announced takes nothing, so that nobody fills the store with
//! words. What is left at the end is for small parts alone: first minutes, answers, faces, recalls.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the server takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest part.
    pub part_bytes: u64,
    /// All parts together, as far as they have come.
    pub store_bytes: u64,
}

impl Limits {
    /// 4 GiB: half an hour of a phone's video.
    pub const PART_BYTES: u64 = 4 << 30;
    /// 64 GiB: some thousand reports with photos.
    pub const STORE_BYTES: u64 = 64 << 30;
}

/// A part up to this length is small: words always are, and the face beside a first minute.
pub(super) const SMALL: u64 = 64 << 10;
/// What an upload takes beside its bytes: its state, and the blocks that files begin.
pub(super) const ENTRY: u64 = 8 << 10;
/// Which part of the store small parts have to themselves: one of this many.
const RESERVE: u64 = 8;

/// The room that is left.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    held: Mutex<u64>,
}

impl Room {
    /// A store of `limit` bytes of which `held` are taken.
    pub(super) fn new(limit: u64, held: u64) -> Self {
        Self { limit, held: Mutex::new(held) }
    }

    /// Whether an upload of `bytes` would fit now.
    pub(super) fn fits(&self, bytes: u64, small: bool) -> bool {
        self.after(*self.lock(), bytes.saturating_add(ENTRY), small).is_some()
    }

    /// Takes room for bytes that come to the disk; false if there is none left for them.
    #[must_use]
    pub(super) fn take(&self, bytes: u64, small: bool) -> bool {
        let mut held = self.lock();
        let after = self.after(*held, bytes, small);
        *held = after.unwrap_or(*held);
        after.is_some()
    }

    /// Gives back the room of bytes that are gone.
    pub(super) fn release(&self, bytes: u64) {
        let mut held = self.lock();
        *held = held.saturating_sub(bytes);
    }

    fn after(&self, held: u64, bytes: u64, small: bool) -> Option<u64> {
        let share = if small { self.limit } else { self.limit - self.limit / RESERVE };
        held.checked_add(bytes).filter(|after| *after <= share)
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_store_is_for_small_parts_alone() {
        let room = Room::new(80, 0);
        assert!(room.take(70, false));
        assert!(!room.take(1, false) && room.take(10, true));
        assert!(!room.take(1, true));
        room.release(20);
        assert!(!room.take(11, false) && room.take(10, false));
    }

    #[test]
    fn an_absurd_length_does_not_overflow_into_room() {
        let room = Room::new(10, 4);
        assert!(!room.take(u64::MAX, true) && !room.fits(u64::MAX, true));
        assert!(room.take(6, true));
    }
}
