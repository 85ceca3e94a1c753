//! Photos, videos and recordings: how they come in, and what is known of them.

use homeward_core as core;
use homeward_core::Refusal;
use serde::Serialize;

use crate::answer::Answer;
use crate::error::{ApiError, ApiResult};
use crate::fd;
use crate::hide::hides_value;
use crate::names::list;

/// Where a medium comes from. It is read, never changed, and never copied in clear.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum MediaSource {
    /// A file on this device that the app can open.
    Path {
        /// The file's path.
        path: String,
    },
    /// An open file: on Android what `ParcelFileDescriptor.detachFd` gives. It belongs to the call
    /// from then on and is closed by it, also when the call fails; use the number for nothing else.
    /// Must be seekable.
    Descriptor {
        /// The descriptor's number.
        fd: i32,
    },
    /// Bytes in memory: a recording that was just made. Only for what is small.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// What was captured before (`capture`). It leaves the intake once it is attached.
    Capture {
        /// The capture's id.
        id: String,
    },
}

/// What becomes of the untouched file when a medium is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Original {
    /// It is not kept.
    Drop,
    /// It is kept, sealed, and leaves as a part of its own for the police alone, or for the
    /// organisation where it has no police to seal to. So may also go what can't be cleaned.
    Keep,
}

/// What is kept of a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Copies {
    /// The scrubbed copy alone.
    Scrubbed,
    /// The scrubbed copy, and the untouched original for the police.
    Both,
    /// The untouched original alone: the file can't be cleaned.
    Original,
}

/// A photo, video or recording of a report.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Medium {
    /// Its id.
    pub id: String,
    /// The name of the field that it answers.
    pub field: String,
    /// The usual ending of such a file.
    pub format: String,
    /// The length in bytes of the scrubbed copy; of the original where that alone is kept.
    pub bytes: u64,
    /// What is kept of it.
    pub copies: Copies,
    /// What the file told before it was scrubbed. It stays on the phone.
    pub facts: MediaFacts,
    /// What was removed, one entry per kind.
    pub removed: Vec<Removed>,
    /// What could not be removed: message ids.
    pub remaining: Vec<String>,
    /// Whether the source broke its format's rules: cut short, bytes out of place.
    pub broken: bool,
}

/// Something that was removed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Removed {
    /// What it was: a message id.
    pub kind: String,
    /// How many bytes of the source it took, all places together.
    pub bytes: u64,
}

/// What a file tells of itself. None where it does not say it, or says nothing of use.
#[derive(Clone, Default, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct MediaFacts {
    /// Local time at the place of capture, `YYYY-MM-DDTHH:MM:SS` with sub-seconds if stated.
    pub taken_at: Option<String>,
    /// Offset of that local time from UTC, `+HH:MM`.
    pub offset: Option<String>,
    /// Time of the position fix in UTC, `YYYY-MM-DDTHH:MM:SSZ`.
    pub position_at: Option<String>,
    /// Where it was taken.
    pub position: Option<Position>,
    /// Metres above sea level.
    pub altitude_m: Option<f64>,
    /// Where the camera looked, in degrees clockwise from north.
    pub direction_deg: Option<f64>,
    /// Who made the camera.
    pub make: Option<String>,
    /// Which model it is.
    pub model: Option<String>,
    /// How to turn the picture for display: Exif orientation, 1 to 8.
    pub orientation: Option<u16>,
    /// How long a video or recording plays, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// A place on Earth as a file states it.
#[derive(Clone, Copy, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Position {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Horizontal error in metres, if stated.
    pub accuracy_m: Option<f64>,
}

/// Something a photo tells that could answer a question. Only the person makes it an answer.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Offer {
    /// The name of the field.
    pub field: String,
    /// What the answer would be.
    pub answer: Answer,
}

hides_value!(MediaSource, Medium, MediaFacts, Position, Offer);

impl TryFrom<MediaSource> for core::Source {
    type Error = ApiError;

    fn try_from(source: MediaSource) -> ApiResult<Self> {
        Ok(match source {
            MediaSource::Path { path } => Self::Path(path.into()),
            MediaSource::Descriptor { fd } => {
                Self::File(fd::take(fd).ok_or(Refusal::MediaUnreadable)?)
            }
            MediaSource::Bytes { bytes } => Self::Bytes(bytes),
            MediaSource::Capture { id } => Self::Capture(id.parse()?),
        })
    }
}

impl From<Original> for core::Original {
    fn from(original: Original) -> Self {
        match original {
            Original::Drop => Self::Drop,
            Original::Keep => Self::Keep,
        }
    }
}

impl From<core::Copies> for Copies {
    fn from(copies: core::Copies) -> Self {
        match copies {
            core::Copies::Scrubbed => Self::Scrubbed,
            core::Copies::Both => Self::Both,
            core::Copies::Original => Self::Original,
        }
    }
}

impl From<core::Medium> for Medium {
    fn from(medium: core::Medium) -> Self {
        let core::Medium { id, field, format, bytes, copies, facts, manifest } = medium;
        let core::media::Manifest { removed, remaining, broken } = manifest;
        Self {
            id: id.to_string(),
            field: field.to_string(),
            format,
            bytes,
            copies: copies.into(),
            facts: facts.into(),
            removed: list(removed),
            remaining: remaining.into_iter().map(|it| message_id(it.kind)).collect(),
            broken,
        }
    }
}

impl From<core::media::Removed> for Removed {
    fn from(removed: core::media::Removed) -> Self {
        Self { kind: message_id(removed.kind), bytes: removed.bytes }
    }
}

/// What a manifest's kinds are called wherever they are written is their message id.
fn message_id(kind: impl Serialize) -> String {
    let written = serde_json::to_value(kind).ok();
    written.as_ref().and_then(|written| written.as_str()).unwrap_or("removed-other").to_owned()
}

impl From<core::media::Facts> for MediaFacts {
    fn from(facts: core::media::Facts) -> Self {
        Self {
            taken_at: facts.taken_at,
            offset: facts.offset,
            position_at: facts.position_at,
            position: facts.position.map(Into::into),
            altitude_m: facts.altitude_m,
            direction_deg: facts.direction_deg,
            make: facts.make,
            model: facts.model,
            orientation: facts.orientation,
            duration_ms: facts.duration_ms,
        }
    }
}

impl From<core::media::Position> for Position {
    fn from(position: core::media::Position) -> Self {
        let core::media::Position { latitude, longitude, accuracy_m } = position;
        Self { latitude, longitude, accuracy_m }
    }
}

impl From<core::Offer> for Offer {
    fn from(offer: core::Offer) -> Self {
        Self { field: offer.field.to_string(), answer: offer.answer.into() }
    }
}

#[cfg(test)]
mod tests {
    use homeward_core::media::{RemainingKind, RemovedKind};

    use super::*;

    #[test]
    fn what_was_removed_is_told_by_its_message_id() {
        assert_eq!(message_id(RemovedKind::MakerNote), "removed-maker-note");
        assert_eq!(message_id(RemainingKind::Picture), "remaining-picture");
        assert_eq!(message_id(RemainingKind::UnprovenEnd), "remaining-unproven-end");
        assert_eq!(message_id(RemainingKind::CutOff), "remaining-cut-off");
    }
}
