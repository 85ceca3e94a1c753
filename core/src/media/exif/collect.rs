//! Makes facts of the entries of an Exif block, as ExifTool does.
//!
//! Where it differs, it does so on purpose: a time that does not exist, a place without hemisphere,
//! out of range or at exactly 0, 0, and an orientation outside 1 to 8 are not known.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::super::{Facts, Position};
use super::tag;
use super::tiff::Entry;

/// One of the three times of a picture: when it was taken, digitised, changed.
#[derive(Default)]
struct Moment {
    time: Option<String>,
    subsec: Option<String>,
    offset: Option<String>,
}

/// What is collected from the directories. Where an entry stands twice the last one counts.
#[derive(Default)]
pub(super) struct Tags {
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
    /// Takes an entry of the main or the Exif directory.
    pub(super) fn picture(&mut self, entry: &Entry<'_>) {
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

    /// Takes an entry of the GPS directory.
    pub(super) fn gps(&mut self, entry: &Entry<'_>) {
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

    /// What the entries tell.
    pub(super) fn into_facts(self) -> Facts {
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
        for moment in [&self.taken, &self.created, &self.changed] {
            if let Some(time) = moment.time.as_deref().and_then(local_time) {
                facts.offset = self.offset(moment, &time, facts.position_at.as_deref());
                facts.taken_at = Some(time + &fraction(moment.subsec.as_deref()));
                break;
            }
        }
        facts.make = self.make;
        facts.model = self.model;
        facts
    }

    /// The offset from UTC of `moment`, which was at `time`: its own, or another's if both times
    /// are the same or the time of the position confirms it. Pictures are changed months later and
    /// elsewhere.
    fn offset(&self, moment: &Moment, time: &str, position_at: Option<&str>) -> Option<String> {
        let instant = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
        let passed =
            position_at.and_then(|fix| Some(instant(time)? - instant(fix.strip_suffix('Z')?)?));
        let confirms = |offset: &String| match (passed, delta(offset)) {
            (Some(passed), Some(delta)) => (passed - delta).abs() <= SAME_TIME,
            _ => false,
        };
        let own = moment.offset.as_deref().and_then(offset);
        own.or_else(|| {
            [&self.taken, &self.created, &self.changed].into_iter().find_map(|other| {
                let offset = other.offset.as_deref().and_then(offset)?;
                (other.time == moment.time || confirms(&offset)).then_some(offset)
            })
        })
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

/// `YYYY:MM:DD`, with any separators, as `YYYY-MM-DD`, if there is such a day.
fn date(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 10] = bytes.try_into().ok()?;
    let part = |at: usize| two_digits(&bytes[at..at + 2]);
    let (century, decade, month, day) = (part(0)?, part(2)?, part(5)?, part(8)?);
    let separated = !bytes[4].is_ascii_digit() && !bytes[7].is_ascii_digit();
    let year = i32::from(century) * 100 + i32::from(decade);
    let real = NaiveDate::from_ymd_opt(year, month.into(), day.into()).is_some();
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

/// What an offset like `+HH:MM` adds to UTC.
fn delta(offset: &str) -> Option<TimeDelta> {
    let bytes = offset.as_bytes();
    let (hours, minutes) = (two_digits(bytes.get(1..3)?)?, two_digits(bytes.get(4..6)?)?);
    let delta = TimeDelta::minutes(i64::from(hours) * 60 + i64::from(minutes));
    Some(if bytes[0] == b'-' { -delta } else { delta })
}

/// A position is this old at most when it is taken for the time of the picture: offsets differ by a
/// quarter of an hour at least.
const SAME_TIME: TimeDelta = TimeDelta::minutes(7);
