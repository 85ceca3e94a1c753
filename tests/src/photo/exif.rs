//! An Exif block: TIFF inside APP1, little-endian, after Exif 2.32 (CIPA DC-008), section 4.

use chrono::{TimeDelta, Utc};

/// What the block tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Exif {
    /// Who made the camera.
    pub make: String,
    /// Which model it is.
    pub model: String,
    /// Local time, `YYYY:MM:DD HH:MM:SS`.
    pub taken_at: String,
    /// Its offset from UTC, `+HH:MM`.
    pub offset: String,
    /// Degrees north; negative for south.
    pub latitude: f64,
    /// Degrees east; negative for west.
    pub longitude: f64,
    /// What only the maker understands.
    pub maker_note: Vec<u8>,
}

impl Exif {
    /// A photo taken twenty minutes ago by a lake in Munich's Westpark.
    #[must_use]
    pub fn recent() -> Self {
        let taken_at = Utc::now() - TimeDelta::minutes(20);
        let taken_at = taken_at.format("%Y:%m:%d %H:%M:%S").to_string();
        Self { taken_at, offset: "+00:00".into(), ..Self::example() }
    }

    /// The same photo, always taken at the same time.
    #[must_use]
    pub fn example() -> Self {
        Self {
            make: "Example".into(),
            model: "Phone 7".into(),
            taken_at: "2026:11:22 14:05:31".into(),
            offset: "+01:00".into(),
            latitude: 48.123_45,
            longitude: 11.523_45,
            maker_note: b"MAKER\0\0\x01serial 0123456789, battery 61 %".to_vec(),
        }
    }

    /// The whole APP1 segment, with `thumbnail`, a JPEG file, in its second directory.
    #[must_use]
    pub fn app1(&self, thumbnail: &[u8]) -> Vec<u8> {
        let tiff = self.tiff(thumbnail);
        let length = u16::try_from(2 + 6 + tiff.len()).expect("a thumbnail of a few kilobytes");
        [&[0xFF, 0xE1], &length.to_be_bytes()[..], b"Exif\0\0", &tiff].concat()
    }

    /// The eight bytes of each number in which the position is written.
    #[must_use]
    pub fn position_rationals(&self) -> Vec<Vec<u8>> {
        let seconds = [self.latitude, self.longitude].map(|degrees| {
            let [_, _, (over, under)] = dms(degrees);
            rationals(&[(over, under)])
        });
        seconds.to_vec()
    }

    fn tiff(&self, thumbnail: &[u8]) -> Vec<u8> {
        let north = if self.latitude < 0.0 { "S" } else { "N" };
        let east = if self.longitude < 0.0 { "W" } else { "E" };
        let gps = vec![
            Entry::bytes(0, &[2, 3, 0, 0]),
            Entry::text(1, north),
            Entry::rationals(2, &dms(self.latitude)),
            Entry::text(3, east),
            Entry::rationals(4, &dms(self.longitude)),
        ];
        let camera = vec![
            Entry::text(0x9003, &self.taken_at),
            Entry::text(0x9011, &self.offset),
            Entry::undefined(0x927C, &self.maker_note),
        ];
        let first = |camera_at, gps_at| {
            vec![
                Entry::text(0x010F, &self.make),
                Entry::text(0x0110, &self.model),
                Entry::short(0x0112, 6),
                Entry::text(0x0132, &self.taken_at),
                Entry::long(0x8769, camera_at),
                Entry::long(0x8825, gps_at),
            ]
        };
        // A directory's length does not depend on the values of its pointers.
        let start = 8;
        let camera_at = start + size(&first(0, 0));
        let gps_at = camera_at + size(&camera);
        let second_at = gps_at + size(&gps);
        let second = |at, length| vec![Entry::short(0x0103, 6), Entry::long(0x0201, at), length];
        let length = Entry::long(0x0202, u32::try_from(thumbnail.len()).expect("a small picture"));
        let thumbnail_at = second_at + size(&second(0, length.clone()));

        let mut tiff = b"II*\0\x08\0\0\0".to_vec();
        directory(&mut tiff, &first(camera_at, gps_at), second_at);
        directory(&mut tiff, &camera, 0);
        directory(&mut tiff, &gps, 0);
        directory(&mut tiff, &second(thumbnail_at, length), 0);
        tiff.extend(thumbnail);
        tiff
    }
}

/// One entry of a directory.
#[derive(Clone)]
struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    value: Vec<u8>,
}

impl Entry {
    fn of(tag: u16, kind: u16, unit: usize, value: Vec<u8>) -> Self {
        let count = u32::try_from(value.len() / unit).expect("a short value");
        Self { tag, kind, count, value }
    }

    fn bytes(tag: u16, value: &[u8]) -> Self {
        Self::of(tag, 1, 1, value.to_vec())
    }

    fn text(tag: u16, text: &str) -> Self {
        Self::of(tag, 2, 1, [text.as_bytes(), b"\0"].concat())
    }

    fn short(tag: u16, value: u16) -> Self {
        Self::of(tag, 3, 2, value.to_le_bytes().to_vec())
    }

    fn long(tag: u16, value: u32) -> Self {
        Self::of(tag, 4, 4, value.to_le_bytes().to_vec())
    }

    fn rationals(tag: u16, values: &[(u32, u32)]) -> Self {
        Self::of(tag, 5, 8, rationals(values))
    }

    fn undefined(tag: u16, value: &[u8]) -> Self {
        Self::of(tag, 7, 1, value.to_vec())
    }

    /// What does not fit into the entry itself, padded to an even length.
    fn outside(&self) -> u32 {
        let length = u32::try_from(self.value.len()).expect("a short value");
        if length > 4 { length.next_multiple_of(2) } else { 0 }
    }
}

/// The length of a directory with its values.
fn size(entries: &[Entry]) -> u32 {
    let count = u32::try_from(entries.len()).expect("a few entries");
    2 + 12 * count + 4 + entries.iter().map(Entry::outside).sum::<u32>()
}

/// Writes a directory at the end of `tiff`, its values behind it.
fn directory(tiff: &mut Vec<u8>, entries: &[Entry], next: u32) {
    let start = u32::try_from(tiff.len()).expect("a small block");
    let count = u16::try_from(entries.len()).expect("a few entries");
    let mut value_at = start + 2 + 12 * u32::from(count) + 4;
    tiff.extend(count.to_le_bytes());
    for entry in entries {
        tiff.extend(entry.tag.to_le_bytes());
        tiff.extend(entry.kind.to_le_bytes());
        tiff.extend(entry.count.to_le_bytes());
        if entry.outside() == 0 {
            let mut inline = [0; 4];
            inline[..entry.value.len()].copy_from_slice(&entry.value);
            tiff.extend(inline);
        } else {
            tiff.extend(value_at.to_le_bytes());
            value_at += entry.outside();
        }
    }
    tiff.extend(next.to_le_bytes());
    for entry in entries.iter().filter(|entry| entry.outside() > 0) {
        tiff.extend(&entry.value);
        tiff.resize(tiff.len().next_multiple_of(2), 0);
    }
}

/// Degrees, minutes and seconds, to a ten-thousandth of a second.
fn dms(degrees: f64) -> [(u32, u32); 3] {
    let total = (degrees.abs() * 36_000_000.0).round() as u32;
    let (whole, rest) = (total / 36_000_000, total % 36_000_000);
    [(whole, 1), (rest / 600_000, 1), (rest % 600_000, 10_000)]
}

fn rationals(values: &[(u32, u32)]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|(over, under)| [over.to_le_bytes(), under.to_le_bytes()])
        .flatten()
        .collect()
}
