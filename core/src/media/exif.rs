//! Exif: reads the facts of a block, names what a block held, and builds the one block that stays.
//!
//! Exif is a TIFF file inside another file (TIFF 6.0, Exif 3.0 CIPA DC-008). Six containers carry
//! it, so they share this reader. It is a small one of our own because naming what was removed
//! needs the size of every entry, which readers of values don't tell; it follows ExifTool in what
//! it takes for a fact. A block is hostile: offsets may point anywhere, so every read is a checked
//! slice, and only five directories are visited, whatever the block links.

use super::{Facts, Manifest, Position, RemovedKind};

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

/// The length of a directory entry: tag, type, count, value or offset.
const ENTRY_LEN: usize = 12;

/// A value of at most this length lies in the entry itself.
const INLINE_LEN: usize = 4;

/// Longer texts are cut, so that many entries that share one long text cost little.
const TEXT_MAX: usize = 512;

/// The tags that are read or named, of all directories.
mod tag {
    pub(super) const GPS_VERSION: u16 = 0x00;
    pub(super) const LATITUDE_REF: u16 = 0x01;
    pub(super) const LATITUDE: u16 = 0x02;
    pub(super) const LONGITUDE_REF: u16 = 0x03;
    pub(super) const LONGITUDE: u16 = 0x04;
    pub(super) const ALTITUDE_REF: u16 = 0x05;
    pub(super) const ALTITUDE: u16 = 0x06;
    pub(super) const GPS_TIME: u16 = 0x07;
    pub(super) const DIRECTION: u16 = 0x11;
    pub(super) const GPS_DATE: u16 = 0x1D;
    pub(super) const ACCURACY: u16 = 0x1F;
    pub(super) const DESCRIPTION: u16 = 0x010E;
    pub(super) const MAKE: u16 = 0x010F;
    pub(super) const MODEL: u16 = 0x0110;
    pub(super) const ORIENTATION: u16 = 0x0112;
    pub(super) const SOFTWARE: u16 = 0x0131;
    pub(super) const CHANGED: u16 = 0x0132;
    pub(super) const ARTIST: u16 = 0x013B;
    pub(super) const HOST: u16 = 0x013C;
    pub(super) const PREVIEW_LEN: u16 = 0x0202;
    pub(super) const XMP: u16 = 0x02BC;
    pub(super) const COPYRIGHT: u16 = 0x8298;
    pub(super) const IPTC: u16 = 0x83BB;
    pub(super) const PHOTOSHOP: u16 = 0x8649;
    pub(super) const EXIF_DIRECTORY: u16 = 0x8769;
    pub(super) const GPS_DIRECTORY: u16 = 0x8825;
    pub(super) const TAKEN: u16 = 0x9003;
    pub(super) const CREATED: u16 = 0x9004;
    pub(super) const OFFSET_CHANGED: u16 = 0x9010;
    pub(super) const OFFSET_TAKEN: u16 = 0x9011;
    pub(super) const OFFSET_CREATED: u16 = 0x9012;
    pub(super) const MAKER_NOTE: u16 = 0x927C;
    pub(super) const USER_COMMENT: u16 = 0x9286;
    pub(super) const SUBSEC_CHANGED: u16 = 0x9290;
    pub(super) const SUBSEC_TAKEN: u16 = 0x9291;
    pub(super) const SUBSEC_CREATED: u16 = 0x9292;
    pub(super) const XP_FIRST: u16 = 0x9C9B;
    pub(super) const XP_LAST: u16 = 0x9C9F;
    pub(super) const INTEROP_DIRECTORY: u16 = 0xA005;
    pub(super) const UNIQUE_ID: u16 = 0xA420;
    /// Owner, serial number, lens and, since Exif 3.0, names of people and programs.
    pub(super) const OWNER_FIRST: u16 = 0xA430;
    pub(super) const OWNER_LAST: u16 = 0xA43C;
}

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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directory {
    Main,
    Exif,
    Gps,
    Interop,
    Preview,
}

/// A TIFF block and its byte order.
#[derive(Clone, Copy)]
struct Block<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Block<'a> {
    /// Shows every entry of the five directories that pictures have, as far as they can be read.
    fn visit(bytes: &'a [u8], mut show: impl FnMut(Directory, &Entry<'a>)) {
        let big_endian = match bytes {
            [b'M', b'M', 0, 42, ..] => true,
            [b'I', b'I', 42, 0, ..] => false,
            _ => return,
        };
        let block = Block { bytes, big_endian };
        let (mut exif, mut gps, mut interop) = (None, None, None);
        let next = block.directory(block.main(), |entry| {
            match entry.tag {
                tag::EXIF_DIRECTORY => exif = entry.integer(),
                tag::GPS_DIRECTORY => gps = entry.integer(),
                _ => {}
            }
            show(Directory::Main, entry);
        });
        block.directory(exif, |entry| {
            if entry.tag == tag::INTEROP_DIRECTORY {
                interop = entry.integer();
            }
            show(Directory::Exif, entry);
        });
        block.directory(gps, |entry| show(Directory::Gps, entry));
        block.directory(interop, |entry| show(Directory::Interop, entry));
        block.directory(next, |entry| show(Directory::Preview, entry));
    }

    /// The offset of the main directory.
    fn main(&self) -> Option<u32> {
        Some(u32_of(*self.bytes.get(4..)?.first_chunk()?, self.big_endian))
    }

    /// Shows the entries of the directory at `offset` and gives the offset of the next one.
    fn directory(&self, offset: Option<u32>, mut show: impl FnMut(&Entry<'a>)) -> Option<u32> {
        let at = usize::try_from(offset.filter(|&offset| offset != 0)?).ok()?;
        let (count, table) = self.bytes.get(at..)?.split_first_chunk()?;
        let mut entries = table.chunks_exact(ENTRY_LEN);
        for entry in entries.by_ref().take(usize::from(u16_of(*count, self.big_endian))) {
            if let Some(entry) = self.entry(entry) {
                show(&entry);
            }
        }
        let end = usize::from(u16_of(*count, self.big_endian)) * ENTRY_LEN;
        Some(u32_of(*table.get(end..)?.first_chunk()?, self.big_endian))
    }

    fn entry(&self, entry: &'a [u8]) -> Option<Entry<'a>> {
        let short = |at: usize| Some(u16_of(*entry.get(at..)?.first_chunk()?, self.big_endian));
        let long = |at: usize| Some(u32_of(*entry.get(at..)?.first_chunk()?, self.big_endian));
        let format = Format::of(short(2)?)?;
        let len = usize::try_from(long(4)?).ok()?.checked_mul(format.len())?;
        let value = if len <= INLINE_LEN {
            entry.get(8..8 + len)?
        } else {
            let from = usize::try_from(long(8)?).ok()?;
            self.bytes.get(from..)?.get(..len)?
        };
        Some(Entry { tag: short(0)?, format, value, big_endian: self.big_endian })
    }
}

fn u16_of(bytes: [u8; 2], big_endian: bool) -> u16 {
    if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

fn u32_of(bytes: [u8; 4], big_endian: bool) -> u32 {
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// How the values of an entry are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Byte,
    Text,
    Short,
    Long,
    Ratio,
    SignedRatio,
    Float,
    Double,
    /// Formats that no fact uses; only their size matters.
    Other(usize),
}

impl Format {
    fn of(code: u16) -> Option<Self> {
        Some(match code {
            1 => Self::Byte,
            // UTF-8 came with Exif 3.0.
            2 | 129 => Self::Text,
            3 => Self::Short,
            4 | 13 => Self::Long,
            5 => Self::Ratio,
            6 | 7 => Self::Other(1),
            8 => Self::Other(2),
            9 => Self::Other(4),
            10 => Self::SignedRatio,
            11 => Self::Float,
            12 => Self::Double,
            _ => return None,
        })
    }

    fn len(self) -> usize {
        match self {
            Self::Byte | Self::Text => 1,
            Self::Short => 2,
            Self::Long | Self::Float => 4,
            Self::Ratio | Self::SignedRatio | Self::Double => 8,
            Self::Other(len) => len,
        }
    }
}

struct Entry<'a> {
    tag: u16,
    format: Format,
    value: &'a [u8],
    big_endian: bool,
}

impl Entry<'_> {
    /// The first value as a whole number.
    fn integer(&self) -> Option<u32> {
        match self.format {
            Format::Byte => self.value.first().map(|&byte| u32::from(byte)),
            Format::Short => {
                let bytes = self.value.first_chunk()?;
                Some(u32::from(u16_of(*bytes, self.big_endian)))
            }
            Format::Long => Some(u32_of(*self.value.first_chunk()?, self.big_endian)),
            _ => None,
        }
    }

    /// The value at `index` as a number; what is divided by zero is none.
    fn number(&self, index: usize) -> Option<f64> {
        let value = self.value.get(index * self.format.len()..)?;
        let long = |bytes: &[u8]| Some(u32_of(*bytes.first_chunk()?, self.big_endian));
        let number = match self.format {
            Format::Byte => f64::from(*value.first()?),
            Format::Short => f64::from(u16_of(*value.first_chunk()?, self.big_endian)),
            Format::Long => f64::from(long(value)?),
            Format::Ratio => f64::from(long(value)?) / f64::from(long(&value[4..])?),
            Format::SignedRatio => {
                f64::from(long(value)? as i32) / f64::from(long(&value[4..])? as i32)
            }
            Format::Float => f64::from(f32::from_bits(long(value)?)),
            Format::Double => {
                let bytes = *value.first_chunk()?;
                if self.big_endian { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) }
            }
            Format::Text | Format::Other(_) => return None,
        };
        number.is_finite().then_some(number)
    }

    /// Three numbers, each a sixtieth of the one before, as one: degrees or hours.
    fn sexagesimal(&self) -> Option<f64> {
        let part = |index| self.number(index).unwrap_or(0.0);
        Some(self.number(0)? + (part(1) + part(2) / 60.0) / 60.0)
    }

    /// The text up to its first NUL, without blanks around it; none if that leaves nothing.
    fn text(&self) -> Option<String> {
        // Some writers give texts the type "undefined".
        if !matches!(self.format, Format::Text | Format::Other(1)) {
            return None;
        }
        let text = &self.value[..self.value.len().min(TEXT_MAX)];
        let text = text.split(|&byte| byte == 0).next()?;
        let text = String::from_utf8_lossy(text);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// One of the three times of a picture: when it was taken, digitised, changed.
#[derive(Default)]
struct Moment {
    time: Option<String>,
    subsec: Option<String>,
    offset: Option<String>,
}

/// What is collected from the directories. Where an entry stands twice the last one counts.
#[derive(Default)]
struct Tags {
    taken: Moment,
    created: Moment,
    changed: Moment,
    make: Option<String>,
    model: Option<String>,
    orientation: Option<u16>,
    latitude: (Option<f64>, Option<String>),
    longitude: (Option<f64>, Option<String>),
    altitude: (Option<f64>, Option<u32>),
    direction: Option<f64>,
    accuracy: Option<f64>,
    gps_date: Option<String>,
    gps_hours: Option<f64>,
}

impl Tags {
    fn picture(&mut self, entry: &Entry<'_>) {
        match entry.tag {
            tag::MAKE => self.make = entry.text(),
            tag::MODEL => self.model = entry.text(),
            tag::ORIENTATION => {
                self.orientation = entry
                    .integer()
                    .and_then(|value| u16::try_from(value).ok())
                    .or(self.orientation);
            }
            tag::TAKEN => self.taken.time = entry.text(),
            tag::SUBSEC_TAKEN => self.taken.subsec = entry.text(),
            tag::OFFSET_TAKEN => self.taken.offset = entry.text(),
            tag::CREATED => self.created.time = entry.text(),
            tag::SUBSEC_CREATED => self.created.subsec = entry.text(),
            tag::OFFSET_CREATED => self.created.offset = entry.text(),
            tag::CHANGED => self.changed.time = entry.text(),
            tag::SUBSEC_CHANGED => self.changed.subsec = entry.text(),
            tag::OFFSET_CHANGED => self.changed.offset = entry.text(),
            _ => {}
        }
    }

    fn gps(&mut self, entry: &Entry<'_>) {
        match entry.tag {
            tag::LATITUDE_REF => self.latitude.1 = entry.text(),
            tag::LATITUDE => self.latitude.0 = entry.sexagesimal(),
            tag::LONGITUDE_REF => self.longitude.1 = entry.text(),
            tag::LONGITUDE => self.longitude.0 = entry.sexagesimal(),
            tag::ALTITUDE_REF => self.altitude.1 = entry.integer(),
            tag::ALTITUDE => self.altitude.0 = entry.number(0),
            tag::GPS_TIME => self.gps_hours = entry.sexagesimal(),
            tag::DIRECTION => self.direction = entry.number(0),
            tag::GPS_DATE => self.gps_date = entry.text(),
            tag::ACCURACY => self.accuracy = entry.number(0),
            _ => {}
        }
    }

    fn into_facts(self) -> Facts {
        let mut facts = Facts {
            position_at: self.position_at(),
            direction_deg: self.direction.filter(|degrees| (0.0..=360.0).contains(degrees)),
            orientation: self.orientation.filter(|value| (1..=8).contains(value)),
            ..Facts::default()
        };
        let latitude = signed(&self.latitude, ['N', 'S'], 90.0);
        let longitude = signed(&self.longitude, ['E', 'W'], 180.0);
        let altitude = match self.altitude {
            (Some(metres), Some(0 | 2)) => Some(metres),
            (Some(metres), Some(1 | 3)) => Some(-metres.abs()),
            _ => None,
        };
        match (latitude, longitude) {
            // The place was withheld, and with it what else says zero.
            (Some(0.0), Some(0.0)) => facts.altitude_m = altitude.filter(|&metres| metres != 0.0),
            (Some(latitude), Some(longitude)) => {
                let accuracy_m = self.accuracy.filter(|&metres| metres > 0.0);
                facts.position = Some(Position { latitude, longitude, accuracy_m });
                facts.altitude_m = altitude;
            }
            _ => facts.altitude_m = altitude,
        }
        let offsets = [&self.taken.offset, &self.created.offset, &self.changed.offset];
        let offset = offsets.into_iter().flatten().find_map(|text| offset(text));
        for moment in [&self.taken, &self.created, &self.changed] {
            if let Some(time) = moment.time.as_deref().and_then(local_time) {
                facts.taken_at = Some(time + &fraction(moment.subsec.as_deref()));
                facts.offset = offset;
                break;
            }
        }
        facts.make = self.make;
        facts.model = self.model;
        facts
    }

    fn position_at(&self) -> Option<String> {
        let date = date(self.gps_date.as_deref()?.as_bytes())?;
        let nanos = (self.gps_hours.filter(|hours| (0.0..24.0).contains(hours))? * 3.6e12).round();
        let nanos = nanos as u64;
        let seconds = nanos / 1_000_000_000;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        let fraction = format!(".{:09}", nanos % 1_000_000_000);
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        Some(format!("{date}T{hours:02}:{minutes:02}:{:02}{fraction}Z", seconds % 60))
    }
}

/// A coordinate with the sign of its hemisphere. Without a hemisphere it is no place.
fn signed(
    (degrees, hemisphere): &(Option<f64>, Option<String>),
    [plus, minus]: [char; 2],
    limit: f64,
) -> Option<f64> {
    let degrees = degrees.filter(|degrees| degrees.abs() <= limit)?;
    let letter = hemisphere.as_deref()?.chars().next()?.to_ascii_uppercase();
    if letter == plus { Some(degrees) } else { (letter == minus).then_some(-degrees) }
}

/// `YYYY:MM:DD HH:MM:SS`, with any separators, as `YYYY-MM-DDTHH:MM:SS`.
fn local_time(text: &str) -> Option<String> {
    let bytes = text.as_bytes().get(..19)?;
    let date = date(&bytes[..10])?;
    let part = |at: usize, limit| two_digits(&bytes[at..at + 2]).filter(|&value| value <= limit);
    let separators = [bytes[10], bytes[13], bytes[16]];
    if separators.iter().any(u8::is_ascii_digit) {
        return None;
    }
    // A minute may have 61 seconds.
    let (hours, minutes, seconds) = (part(11, 23)?, part(14, 59)?, part(17, 60)?);
    Some(format!("{date}T{hours:02}:{minutes:02}:{seconds:02}"))
}

/// `YYYY:MM:DD`, with any separators, as `YYYY-MM-DD`; a month or day of zero is no date.
fn date(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 10] = bytes.try_into().ok()?;
    let part = |at: usize| two_digits(&bytes[at..at + 2]);
    let (century, decade, month, day) = (part(0)?, part(2)?, part(5)?, part(8)?);
    let separated = !bytes[4].is_ascii_digit() && !bytes[7].is_ascii_digit();
    let real = (1..=12).contains(&month) && (1..=31).contains(&day);
    (separated && real).then(|| format!("{century:02}{decade:02}-{month:02}-{day:02}"))
}

fn two_digits(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}

/// Sub-seconds, written as digits without a point, as `.123`; nothing if they are no digits.
fn fraction(subsec: Option<&str>) -> String {
    match subsec {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => format!(".{digits}"),
        _ => String::new(),
    }
}

/// An offset from UTC as `+HH:MM`.
fn offset(text: &str) -> Option<String> {
    if text == "Z" {
        return Some("+00:00".to_owned());
    }
    let bytes = text.as_bytes();
    let [sign @ (b'+' | b'-'), _, _, b':', _, _] = bytes else { return None };
    let (hours, minutes) = (two_digits(&bytes[1..3])?, two_digits(&bytes[4..6])?);
    // The farthest clocks of the world are 14 hours from UTC.
    (hours <= 14 && minutes <= 59).then(|| format!("{}{hours:02}:{minutes:02}", char::from(*sign)))
}
