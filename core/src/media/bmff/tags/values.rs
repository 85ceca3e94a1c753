//! Dates and positions as films write them.

use super::super::super::{Position, RemovedKind};
use super::super::boxes::u32_at;

/// A date as written, with its offset from UTC if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// `YYYY-MM-DDTHH:MM:SS`, with sub-seconds if stated.
    pub(super) local: String,
    /// `+HH:MM`.
    pub(super) offset: Option<String>,
}

/// Seconds from 1904, where QuickTime counts from, to 1970.
const EPOCH_1970: u64 = 2_082_844_800;

impl Stamp {
    /// Reads `YYYY-MM-DDTHH:MM:SS`, perhaps with fractions and `Z`, `+HHMM` or `+HH:MM`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (main, rest) = text.split_at_checked(19)?;
        let shape = b"dddd-dd-ddTdd:dd:dd";
        let fits = main.bytes().zip(shape).all(|(byte, shape)| match shape {
            b'd' => byte.is_ascii_digit(),
            b'T' => byte == b'T' || byte == b' ',
            b'-' => byte == b'-' || byte == b':',
            other => byte == *other,
        });
        if !fits {
            return None;
        }
        let number = |from: usize, to: usize| main[from..to].parse::<u64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let is_date = year > 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !is_date || number(11, 13)? > 23 || number(14, 16)? > 59 || number(17, 19)? > 60 {
            return None;
        }
        let fraction = rest
            .strip_prefix('.')
            .map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
        let (fraction, zone) = rest.split_at(if fraction > 1 { fraction } else { 0 });
        let local =
            format!("{}-{}-{}T{}{fraction}", &main[..4], &main[5..7], &main[8..10], &main[11..]);
        Some(Self { local, offset: offset(zone) })
    }
}

/// `+HH:MM` of a zone.
fn offset(zone: &str) -> Option<String> {
    if zone == "Z" {
        return Some("+00:00".to_owned());
    }
    let sign = zone.chars().next().filter(|sign| ['+', '-'].contains(sign))?;
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let is_zone =
        digits.len() == 4 && zone.len() <= 6 && &digits[..2] <= "14" && &digits[2..] < "60";
    is_zone.then(|| format!("{sign}{}:{}", &digits[..2], &digits[2..]))
}

/// The date of a movie's header, in seconds since 1904. Writers that count from 1970 instead are
/// known by dates before that. Zero is no date.
pub(super) fn date_of_header(seconds: u64) -> Option<Stamp> {
    let unix = seconds.checked_sub(EPOCH_1970).unwrap_or(seconds);
    // Later than the year 9999 is no date but noise.
    if seconds == 0 || unix > 253_402_300_799 {
        return None;
    }
    let (days, second) = (unix / 86_400, unix % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let local = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    Some(Stamp { local, offset: None })
}

/// The date `days` after 1970-01-01, by counting years from March so that leap days come last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// A position, and how high it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) position: Position,
    pub(super) altitude_m: Option<f64>,
}

/// Reads a position of ISO 6709: `+27.1281+100.2508+000.000/`, in degrees, or in degrees and
/// minutes, or with seconds, as the count of digits tells.
pub(super) fn iso_6709(text: &str) -> Option<Place> {
    let end = text.find(['/', 'C']).unwrap_or(text.len());
    let text = &text[..end];
    let mut starts: Vec<usize> = text.match_indices(['+', '-']).map(|(at, _)| at).collect();
    starts.push(text.len());
    let mut parts = starts.windows(2).map(|pair| &text[pair[0]..pair[1]]);
    let latitude = degrees(parts.next()?, 2)?;
    let longitude = degrees(parts.next()?, 3)?;
    place(latitude, longitude, parts.next().and_then(|part| part.parse().ok()))
}

fn degrees(part: &str, width: usize) -> Option<f64> {
    let whole = part.find('.').unwrap_or(part.len()).checked_sub(1)?;
    let number = |from: usize, to: usize| part.get(from..to)?.parse::<f64>().ok();
    let value = match whole.checked_sub(width)? {
        0 => number(1, part.len())?,
        2 => number(1, 1 + width)? + number(1 + width, part.len())? / 60.0,
        4 => {
            let minutes = number(1 + width, 3 + width)? + number(3 + width, part.len())? / 60.0;
            number(1, 1 + width)? + minutes / 60.0
        }
        _ => return None,
    };
    Some(if part.starts_with('-') { -value } else { value })
}

/// Reads a 3GPP location: a language, a name, and fixed-point numbers.
pub(super) fn loci(body: &[u8]) -> Option<Place> {
    let name = body.get(6..)?;
    let skip = if name.starts_with(&[0xFE, 0xFF]) {
        name.chunks_exact(2).position(|pair| pair == [0, 0])? * 2 + 2
    } else {
        name.iter().position(|&byte| byte == 0)? + 1
    };
    let number = |at: usize| {
        let fixed = u32_at(name, skip + 1 + at).ok()?.cast_signed();
        // Five digits are what ExifTool shows of a number that is exact to the fifth.
        Some((f64::from(fixed) / 65_536.0 * 1e5).round() / 1e5)
    };
    place(number(4)?, number(0)?, number(8))
}

/// A position, unless it is out of range or the one that stands for none.
fn place(latitude: f64, longitude: f64, altitude_m: Option<f64>) -> Option<Place> {
    let in_range = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    let is_none = latitude == 0.0 && longitude == 0.0;
    let altitude_m = altitude_m.filter(|altitude| altitude.is_finite());
    let position = Position { latitude, longitude, accuracy_m: None };
    (in_range && !is_none).then_some(Place { position, altitude_m })
}

/// A name without its padding; `None` if nothing is left.
pub(super) fn clean_text(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|letter| !letter.is_control()).take(128).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// What a `uuid` box holds, by its identifier.
pub(in super::super) fn uuid(id: &[u8; 16]) -> RemovedKind {
    match id {
        b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC" => RemovedKind::Xmp,
        b"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81" => {
            RemovedKind::Provenance
        }
        _ => RemovedKind::Other,
    }
}
