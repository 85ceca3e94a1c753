//! Exif: reads the facts of a block, names what a block held, and builds the one block that stays.
//!
//! Exif is a TIFF file inside another file (TIFF 6.0, Exif 3.0 CIPA DC-008). Six containers carry
//! it, so they share this reader. It is a small one of our own because naming what was removed
//! needs the size of every entry, which readers of values don't tell; it follows ExifTool in what
//! it takes for a fact.

use super::{Facts, Manifest, RemovedKind};

mod collect;
mod file;
mod tag;
mod tiff;

use collect::Tags;
pub(super) use file::{facts as facts_of_file, is_dng};
use tiff::{Block, Directory, ENTRY_LEN, INLINE_LEN};

/// Reads the facts of a TIFF block; none if it can't be read.
pub(super) fn read(tiff: &[u8]) -> Facts {
    let mut tags = Tags::default();
    Block::visit(tiff, |directory, entry| match directory {
        // Writers mix up these two, so they are read as one.
        Directory::Main | Directory::Exif => tags.picture(entry),
        Directory::Gps => tags.gps(entry),
        Directory::Interop | Directory::Preview => {}
    });
    tags.into_facts()
}

/// Notes in `manifest` what a TIFF block held; the sizes add up to the block's length.
pub(super) fn note(tiff: &[u8], manifest: &mut Manifest) {
    let mut left = tiff.len() as u64;
    let mut take = |kind, bytes: u64| {
        // Entries of a hostile block may share their values.
        let bytes = bytes.min(left);
        left -= bytes;
        if bytes > 0 {
            manifest.remove(kind, bytes);
        }
    };
    Block::visit(tiff, |directory, entry| {
        let outside = if entry.value.len() > INLINE_LEN { entry.value.len() } else { 0 };
        take(kind_of(directory, entry.tag), (ENTRY_LEN + outside) as u64);
        if directory == Directory::Preview && entry.tag == tag::PREVIEW_LEN {
            take(RemovedKind::Preview, u64::from(entry.integer().unwrap_or(0)));
        }
    });
    take(RemovedKind::Exif, u64::MAX);
}

/// The smallest TIFF block that says how to turn the picture: one directory with `Orientation`.
pub(super) fn orientation_block(orientation: u16) -> [u8; ORIENTATION_BLOCK_LEN] {
    let mut block = *b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[18..20].copy_from_slice(&orientation.to_be_bytes());
    block
}

/// The length of [`orientation_block`].
const ORIENTATION_BLOCK_LEN: usize = 26;

fn kind_of(directory: Directory, tag: u16) -> RemovedKind {
    match (directory, tag) {
        (Directory::Preview, _) => RemovedKind::Preview,
        (Directory::Gps, tag::GPS_VERSION) => RemovedKind::Exif,
        (Directory::Gps, tag::GPS_TIME | tag::GPS_DATE) => RemovedKind::Time,
        (Directory::Gps, _) => RemovedKind::Location,
        (
            _,
            tag::CHANGED
            | tag::TAKEN..=tag::CREATED
            | tag::OFFSET_CHANGED..=tag::OFFSET_CREATED
            | tag::SUBSEC_CHANGED..=tag::SUBSEC_CREATED,
        ) => RemovedKind::Time,
        (
            _,
            tag::MAKE
            | tag::MODEL
            | tag::SOFTWARE
            | tag::HOST
            | tag::UNIQUE_ID
            | tag::OWNER_FIRST..=tag::OWNER_LAST,
        ) => RemovedKind::Device,
        (_, tag::MAKER_NOTE) => RemovedKind::MakerNote,
        (
            _,
            tag::DESCRIPTION
            | tag::ARTIST
            | tag::COPYRIGHT
            | tag::USER_COMMENT
            | tag::XP_FIRST..=tag::XP_LAST,
        ) => RemovedKind::Text,
        (_, tag::XMP) => RemovedKind::Xmp,
        (_, tag::IPTC | tag::PHOTOSHOP) => RemovedKind::Iptc,
        _ => RemovedKind::Exif,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Position;
    use super::*;

    /// A value: type, count, bytes.
    type Value = (u16, u32, Vec<u8>);

    fn text(text: &str) -> Value {
        (2, text.len() as u32 + 1, [text.as_bytes(), b"\0"].concat())
    }

    fn short(value: u16) -> Value {
        (3, 1, value.to_be_bytes().to_vec())
    }

    fn ratios(values: &[(u32, u32)]) -> Value {
        let parts = values.iter().flat_map(|&(above, below)| [above, below]);
        (5, values.len() as u32, parts.flat_map(u32::to_be_bytes).collect())
    }

    /// A big-endian block with a main, an Exif and a GPS directory.
    fn block(main: &[(u16, Value)], exif: &[(u16, Value)], gps: &[(u16, Value)]) -> Vec<u8> {
        let mut block = b"MM\0\x2A\0\0\0\x08".to_vec();
        let len = |entries: &[(u16, Value)]| {
            let outside =
                entries.iter().map(|(_, (_, _, bytes))| bytes.len()).filter(|&len| len > 4);
            (2 + entries.len() * 12 + 4 + outside.sum::<usize>()) as u32
        };
        let links = 2 * 12;
        let exif_at = 8 + len(main) + links;
        let gps_at = exif_at + len(exif);
        let long = |value: u32| (4, 1, value.to_be_bytes().to_vec());
        let mut first = main.to_vec();
        first.extend([(0x8769, long(exif_at)), (0x8825, long(gps_at))]);
        for entries in [&first[..], exif, gps] {
            let outside = block.len() + 2 + entries.len() * 12 + 4;
            let mut values: Vec<u8> = Vec::new();
            block.extend((entries.len() as u16).to_be_bytes());
            for (tag, (kind, count, bytes)) in entries {
                block.extend(tag.to_be_bytes());
                block.extend(kind.to_be_bytes());
                block.extend(count.to_be_bytes());
                if bytes.len() > 4 {
                    block.extend(((outside + values.len()) as u32).to_be_bytes());
                    values.extend(bytes);
                } else {
                    block.extend(bytes);
                    block.resize(block.len() + 4 - bytes.len(), 0);
                }
            }
            block.extend([0; 4]);
            block.extend(values);
        }
        block
    }

    fn place(degrees: u32) -> Value {
        ratios(&[(degrees, 1), (30, 1), (3600, 100)])
    }

    fn full() -> Vec<u8> {
        block(
            &[(0x010F, text("Maker ")), (0x0110, text("Model 7")), (0x0112, short(6))],
            &[
                (0x9003, text("2024:05:06 07:08:09")),
                (0x9004, text("2020:01:01 00:00:00")),
                (0x9011, text("+02:00")),
                (0x9291, text("045")),
                (0x927C, (7, 6, b"secret".to_vec())),
            ],
            &[
                (1, text("S")),
                (2, place(13)),
                (3, text("W")),
                (4, place(22)),
                (5, (1, 1, vec![1])),
                (6, ratios(&[(123, 10)])),
                (7, ratios(&[(5, 1), (8, 1), (95, 10)])),
                (0x11, ratios(&[(775, 10)])),
                (0x1D, text("2024:05:06")),
                (0x1F, ratios(&[(45, 10)])),
            ],
        )
    }

    #[test]
    fn every_fact_is_read_in_either_byte_order() {
        let expected = Facts {
            taken_at: Some("2024-05-06T07:08:09.045".into()),
            offset: Some("+02:00".into()),
            position_at: Some("2024-05-06T05:08:09.5Z".into()),
            position: Some(Position {
                latitude: -(13.0 + (30.0 + 36.0 / 60.0) / 60.0),
                longitude: -(22.0 + (30.0 + 36.0 / 60.0) / 60.0),
                accuracy_m: Some(4.5),
            }),
            altitude_m: Some(-12.3),
            direction_deg: Some(77.5),
            make: Some("Maker".into()),
            model: Some("Model 7".into()),
            orientation: Some(6),
            duration_ms: None,
        };
        assert_eq!(read(&full()), expected);
        let little = b"II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(read(little), Facts { orientation: Some(6), ..Facts::default() });
    }

    #[test]
    fn the_best_time_that_is_one_counts() {
        let time = |taken: &str| {
            let changed = [(0x0132, text("2019:02:03 04:05:06"))];
            read(&block(&changed, &[(0x9003, text(taken))], &[])).taken_at.unwrap()
        };
        assert_eq!(time("2024:05:06 07:08:09"), "2024-05-06T07:08:09");
        assert_eq!(time("2024-05-06T07:08:09"), "2024-05-06T07:08:09");
        for not_one in
            ["0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 00:00:00", "2024:05:06"]
                .into_iter()
                .chain(["2024:02:30 10:00:00", "2023:02:29 10:00:00", "2024:04:31 10:00:00"])
        {
            assert_eq!(time(not_one), "2019-02-03T04:05:06");
        }
        assert_eq!(time("2024:02:29 10:00:00"), "2024-02-29T10:00:00");
    }

    #[test]
    fn a_time_gets_no_offset_of_another_time() {
        let (taken, created, changed) = ((0x9003, 0x9011), (0x9004, 0x9012), (0x0132, 0x9010));
        let read = |moments: &[((u16, u16), &str, &str)], gps: &[(u16, Value)]| {
            let (mut main, mut exif) = (Vec::new(), Vec::new());
            for &((tag, offset_tag), time, offset) in moments {
                let place = if tag == changed.0 { &mut main } else { &mut exif };
                place.push((tag, text(time)));
                exif.push((offset_tag, text(offset)));
            }
            read(&block(&main, &exif, gps)).offset
        };
        let (summer, later) = ("2024:07:06 07:08:09", "2024:12:01 10:00:00");
        for (own, other) in [(taken, created), (taken, changed), (created, changed)] {
            let own_and_other = [(own, summer, "+02:00"), (other, later, "+09:00")];
            assert_eq!(read(&own_and_other, &[]).as_deref(), Some("+02:00"));
            let other_alone = [(own, summer, ""), (other, later, "+09:00")];
            assert_eq!(read(&other_alone, &[]), None);
        }
        assert_eq!(read(&[(changed, later, "+09:00")], &[]).as_deref(), Some("+09:00"));
        let at_once = [(taken, summer, ""), (created, summer, "+02:00")];
        assert_eq!(read(&at_once, &[]).as_deref(), Some("+02:00"));
        // The time of the position tells that the offset was the same.
        for (hour, offset) in [(5, Some("+02:00")), (4, None)] {
            let fix = ratios(&[(hour, 1), (7, 1), (50, 1)]);
            let gps = [(7, fix), (0x1D, text("2024:07:06"))];
            let moments = [(taken, summer, ""), (changed, later, "+02:00")];
            assert_eq!(read(&moments, &gps).as_deref(), offset);
        }
    }

    #[test]
    fn a_place_that_was_withheld_or_can_not_be_is_unknown() {
        let gps = |north: &str, latitude: Value, longitude: Value| {
            let entries = [(1, text(north)), (2, latitude), (3, text("E")), (4, longitude)];
            read(&block(&[], &[], &entries)).position
        };
        assert!(gps("N", place(13), place(22)).is_some());
        let zero = || ratios(&[(0, 1), (0, 1), (0, 1)]);
        let nothing = || ratios(&[(0, 0), (0, 0), (0, 0)]);
        assert_eq!(gps("N", zero(), zero()), None);
        assert_eq!(gps("N", nothing(), place(22)), None);
        assert_eq!(gps("N", place(91), place(22)), None);
        assert_eq!(gps("N", place(13), place(181)), None);
        assert_eq!(gps("", place(13), place(22)), None);
    }

    #[test]
    fn an_orientation_out_of_range_is_unknown() {
        for (value, known) in [(0, None), (1, Some(1)), (8, Some(8)), (9, None)] {
            assert_eq!(read(&block(&[(0x0112, short(value))], &[], &[])).orientation, known);
        }
    }

    #[test]
    fn the_sizes_of_what_is_named_add_up_to_the_block() {
        let mut manifest = Manifest::default();
        let block = full();
        note(&block, &mut manifest);
        let bytes: u64 = manifest.removed.iter().map(|removed| removed.bytes).sum();
        assert_eq!(bytes, block.len() as u64);
        for kind in [
            RemovedKind::Location,
            RemovedKind::Time,
            RemovedKind::Device,
            RemovedKind::MakerNote,
            RemovedKind::Exif,
        ] {
            assert!(manifest.removed.iter().any(|removed| removed.kind == kind), "{kind:?}");
        }
    }

    #[test]
    fn the_block_that_stays_says_how_to_turn_the_picture_and_nothing_else() {
        for orientation in 1..=8 {
            let block = orientation_block(orientation);
            assert_eq!(read(&block), Facts { orientation: Some(orientation), ..Facts::default() });
        }
    }

    #[test]
    fn no_damage_makes_reading_panic_or_sizes_disagree() {
        let whole = full();
        let cuts = (0..whole.len()).map(|len| whole[..len].to_vec());
        let damage = (0..whole.len()).flat_map(|at| {
            [0x01, 0x80, 0xFF].map(|flip| {
                let mut block = whole.clone();
                block[at] ^= flip;
                block
            })
        });
        for block in cuts.chain(damage) {
            let _ = read(&block);
            let mut manifest = Manifest::default();
            note(&block, &mut manifest);
            let bytes: u64 = manifest.removed.iter().map(|removed| removed.bytes).sum();
            assert_eq!(bytes, block.len() as u64);
        }
    }

    #[test]
    fn directories_that_link_each_other_end() {
        let mut block = block(&[], &[], &[]);
        // Exif and GPS directory are the main directory, and the next one is too.
        for at in [18, 30, 34] {
            block[at..at + 4].copy_from_slice(&8_u32.to_be_bytes());
        }
        assert_eq!(read(&block), Facts::default());
    }
}
