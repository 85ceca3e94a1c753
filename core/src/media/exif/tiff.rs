//! Walks the directories of a TIFF block and reads their values (TIFF 6.0, section 2).
//!
//! Offsets may point anywhere, so every read is a checked slice, and only five directories are
//! visited, whatever the block links.

use super::tag;

/// The length of a directory entry: tag, type, count, value or offset.
pub(super) const ENTRY_LEN: usize = 12;

/// A value of at most this length lies in the entry itself.
pub(super) const INLINE_LEN: usize = 4;

/// Longer texts are cut, so that many entries that share one long text cost little.
const TEXT_MAX: usize = 512;

/// The directories that pictures have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Directory {
    Main,
    Exif,
    Gps,
    Interop,
    Preview,
}

/// A TIFF block and its byte order.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Block<'a> {
    /// Shows every entry of the five directories that pictures have, as far as they can be read.
    pub(super) fn visit(bytes: &'a [u8], mut show: impl FnMut(Directory, &Entry<'a>)) {
        let Some(big_endian) = is_big_endian(bytes) else { return };
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
        let len = value_len(short(2)?, long(4)?)?;
        let value = if len <= INLINE_LEN {
            entry.get(8..8 + len)?
        } else {
            let from = usize::try_from(long(8)?).ok()?;
            self.bytes.get(from..)?.get(..len)?
        };
        Some(Entry { tag: short(0)?, format, value, big_endian: self.big_endian })
    }
}

/// How a TIFF that starts with `bytes` writes its numbers; none if it is no TIFF.
pub(super) fn is_big_endian(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [b'M', b'M', 0, 42, ..] => Some(true),
        [b'I', b'I', 42, 0, ..] => Some(false),
        _ => None,
    }
}

/// The length of so many values of a format; none if it is not known.
pub(super) fn value_len(format: u16, count: u32) -> Option<usize> {
    usize::try_from(count).ok()?.checked_mul(Format::of(format)?.len())
}

pub(super) fn u16_of(bytes: [u8; 2], big_endian: bool) -> u16 {
    if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

pub(super) fn u32_of(bytes: [u8; 4], big_endian: bool) -> u32 {
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

/// An entry of a directory, with its values wherever they lie.
pub(super) struct Entry<'a> {
    pub(super) tag: u16,
    format: Format,
    pub(super) value: &'a [u8],
    big_endian: bool,
}

impl Entry<'_> {
    /// The first value as a whole number.
    pub(super) fn integer(&self) -> Option<u32> {
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
    pub(super) fn number(&self, index: usize) -> Option<f64> {
        let value = self.value.get(index * self.format.len()..)?;
        let long = |bytes: &[u8]| Some(u32_of(*bytes.first_chunk()?, self.big_endian));
        let number = match self.format {
            Format::Byte => f64::from(*value.first()?),
            Format::Short => f64::from(u16_of(*value.first_chunk()?, self.big_endian)),
            Format::Long => f64::from(long(value)?),
            Format::Ratio => ratio(long(value)?.into(), long(&value[4..])?.into()),
            Format::SignedRatio => {
                ratio((long(value)? as i32).into(), (long(&value[4..])? as i32).into())
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
    pub(super) fn sexagesimal(&self) -> Option<f64> {
        let part = |index| self.number(index).unwrap_or(0.0);
        Some(self.number(0)? + (part(1) + part(2) / 60.0) / 60.0)
    }

    /// The text up to its first NUL, without blanks around it; none if that leaves nothing.
    pub(super) fn text(&self) -> Option<String> {
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

/// A quotient to ten digits, as ExifTool gives it: its two parts of 32 bits don't know more.
fn ratio(dividend: f64, divisor: f64) -> f64 {
    format!("{:.9e}", dividend / divisor).parse().unwrap_or(f64::NAN)
}
