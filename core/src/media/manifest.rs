//! What scrubbing took out and what it could not: kinds and sizes, never values.
//!
//! The manifest is shown to the person and travels with the report, so it must not leak what was
//! removed. Each kind is a message id that the texts turn into words a parent understands.

use serde::{Deserialize, Serialize};

/// A kind of thing that was removed; each is a message id, `removed-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RemovedKind {
    /// Where it was taken: GPS in Exif, location boxes, location tracks.
    #[serde(rename = "removed-location")]
    Location,
    /// Times: capture, change, creation, in any block.
    #[serde(rename = "removed-time")]
    Time,
    /// What it was taken with: camera or phone model, serial number, lens, software.
    #[serde(rename = "removed-device")]
    Device,
    /// The maker's own notes, whose contents nobody but the maker knows.
    #[serde(rename = "removed-maker-note")]
    MakerNote,
    /// The rest of an Exif block.
    #[serde(rename = "removed-exif")]
    Exif,
    /// An XMP packet: editing history, people, places.
    #[serde(rename = "removed-xmp")]
    Xmp,
    /// IPTC or Photoshop records: captions, names, places.
    #[serde(rename = "removed-iptc")]
    Iptc,
    /// A smaller picture inside the picture, which may show what was cropped away.
    #[serde(rename = "removed-preview")]
    Preview,
    /// A video or sound hidden inside a photo.
    #[serde(rename = "removed-embedded-video")]
    EmbeddedVideo,
    /// A brightness map for bright screens, which may carry notes of its own.
    #[serde(rename = "removed-gain-map")]
    GainMap,
    /// Words: comments, titles, descriptions, authors.
    #[serde(rename = "removed-text")]
    Text,
    /// A signed history of the file (C2PA).
    #[serde(rename = "removed-provenance")]
    Provenance,
    /// Names and words in a colour profile.
    #[serde(rename = "removed-profile-text")]
    ProfileText,
    /// A track that records place, movement or other things beside the picture.
    #[serde(rename = "removed-data-track")]
    DataTrack,
    /// Bytes before, between or after the parts of the picture.
    #[serde(rename = "removed-hidden-bytes")]
    HiddenBytes,
    /// An application's own block that is not needed to draw the picture.
    #[serde(rename = "removed-other")]
    Other,
}

/// Something that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What it was.
    pub kind: RemovedKind,
    /// How many bytes of the source it took, all places together.
    pub bytes: u64,
}

/// A kind of thing that can't be removed; each is a message id, `remaining-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RemainingKind {
    /// The picture itself: what it shows, and the noise of its sensor.
    #[serde(rename = "remaining-picture")]
    Picture,
    /// The voices and sounds of a recording.
    #[serde(rename = "remaining-sound")]
    Sound,
    /// What somebody may have put behind the picture's data, in a format where only a full decoder
    /// finds their end.
    #[serde(rename = "remaining-unproven-end")]
    UnprovenEnd,
    /// What was cut off a film or a recording and still lies in its file, unseen.
    #[serde(rename = "remaining-cut-off")]
    CutOff,
}

/// Something that stays in the copy because it is the copy, or may be there unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// What stays.
    pub kind: RemainingKind,
}

/// What scrubbing did to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What was removed, one entry per kind, in the order of [`RemovedKind`].
    pub removed: Vec<Removed>,
    /// What could not be removed.
    pub remaining: Vec<Remaining>,
    /// Whether the source broke its format's rules (cut short, bytes out of place).
    pub broken: bool,
}

impl Manifest {
    /// Notes that `bytes` bytes of `kind` do not pass.
    pub fn remove(&mut self, kind: RemovedKind, bytes: u64) {
        match self.removed.binary_search_by_key(&kind, |removed| removed.kind) {
            Ok(at) => self.removed[at].bytes += bytes,
            Err(at) => self.removed.insert(at, Removed { kind, bytes }),
        }
    }

    /// Notes that `kind` stays.
    pub fn keep(&mut self, kind: RemainingKind) {
        if !self.remaining.iter().any(|remaining| remaining.kind == kind) {
            self.remaining.push(Remaining { kind });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_stands_once_in_order_with_all_its_bytes() {
        let mut manifest = Manifest::default();
        for (kind, bytes) in [
            (RemovedKind::Xmp, 5),
            (RemovedKind::Location, 1),
            (RemovedKind::Other, 7),
            (RemovedKind::Xmp, 6),
        ] {
            manifest.remove(kind, bytes);
        }
        let removed = |kind, bytes| Removed { kind, bytes };
        assert_eq!(
            manifest.removed,
            [
                removed(RemovedKind::Location, 1),
                removed(RemovedKind::Xmp, 11),
                removed(RemovedKind::Other, 7)
            ]
        );
    }

    #[test]
    fn what_stays_is_said_once() {
        let mut manifest = Manifest::default();
        for kind in [RemainingKind::Picture, RemainingKind::Sound, RemainingKind::Picture] {
            manifest.keep(kind);
        }
        let kinds: Vec<_> = manifest.remaining.iter().map(|remaining| remaining.kind).collect();
        assert_eq!(kinds, [RemainingKind::Picture, RemainingKind::Sound]);
    }
}
