//! How much the server takes: per part and in all. The second is counted from the lengths that
//! phones announce, so that a store never promises more than it has.

use std::sync::Mutex;

/// What the server takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest part.
    pub part_bytes: u64,
    /// All parts together, begun or complete.
    pub store_bytes: u64,
}

impl Limits {
    /// 4 GiB: half an hour of a phone's video.
    pub const PART_BYTES: u64 = 4 << 30;
    /// 64 GiB: some thousand reports with photos.
    pub const STORE_BYTES: u64 = 64 << 30;
}

/// The room that is left for new uploads.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    held: Mutex<u64>,
}

impl Room {
    pub(super) fn new(limit: u64, held: u64) -> Self {
        Self { limit, held: Mutex::new(held) }
    }

    /// Holds `bytes` for an upload that is to be created. Without a creation they are given back.
    pub(super) fn hold(&self, bytes: u64) -> Option<Held<'_>> {
        let mut held = self.lock();
        let after = held.checked_add(bytes).filter(|after| *after <= self.limit)?;
        *held = after;
        Some(Held { room: self, bytes })
    }

    /// Gives back the room of an upload that is gone.
    pub(super) fn release(&self, bytes: u64) {
        let mut held = self.lock();
        *held = held.saturating_sub(bytes);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Room held for an upload.
#[must_use = "dropping it gives the room back"]
pub(super) struct Held<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Held<'_> {
    /// The upload exists: its room stays taken.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_when_no_upload_came_of_it() {
        let room = Room::new(10, 4);
        drop(room.hold(6).unwrap());
        room.hold(6).unwrap().keep();
        assert!(room.hold(1).is_none());
        room.release(6);
        assert!(room.hold(6).is_some());
    }

    #[test]
    fn an_absurd_length_does_not_overflow_into_room() {
        let room = Room::new(10, 4);
        assert!(room.hold(u64::MAX).is_none());
        assert!(room.hold(6).is_some());
    }
}
