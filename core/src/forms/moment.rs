//! A point in time together with the offset of the clock it was read from.
//!
//! "At six" means six where the phone was. So the offset is kept with the time, and never guessed
//! again from another phone or at the desk.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, Timelike};

/// A point in time, and how far local time was ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub unix_ms: i64,
    /// Minutes that local time is ahead of UTC.
    pub offset_minutes: i32,
}

impl Moment {
    /// Reads `2026-11-22T10:00:00+01:00`.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        let moment = Self {
            unix_ms: time.timestamp_millis(),
            offset_minutes: time.offset().local_minus_utc() / 60,
        };
        // What can be read must be writable again.
        moment.local().map(|_| moment)
    }

    /// Writes `2026-11-22T10:00:00+01:00`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let format = if self.unix_ms.rem_euclid(1000) == 0 {
            SecondsFormat::Secs
        } else {
            SecondsFormat::Millis
        };
        // A time outside of years 0 to 9999 is written as the nearest that has a date.
        let time = self.local().unwrap_or_default();
        time.to_rfc3339_opts(format, false)
    }

    /// The day in local time.
    pub(super) fn date(self) -> NaiveDate {
        self.local().unwrap_or_default().date_naive()
    }

    /// Local time with the offset of `self`.
    pub(super) fn at(self, local: NaiveDateTime) -> Option<Self> {
        let unix_ms = local
            .and_utc()
            .timestamp_millis()
            .checked_sub(i64::from(self.offset_minutes).checked_mul(MINUTE_MS)?)?;
        let moment = Self { unix_ms, ..self };
        moment.local().map(|_| moment)
    }

    /// So many minutes earlier, on the full second.
    pub(super) fn minutes_earlier(self, minutes: i64) -> Option<Self> {
        let unix_ms = self.unix_ms.checked_sub(minutes.checked_mul(MINUTE_MS)?)?;
        let unix_ms = unix_ms.checked_sub(unix_ms.rem_euclid(1000))?;
        let moment = Self { unix_ms, ..self };
        moment.local().map(|_| moment)
    }

    /// Local date and time, if the calendar has it.
    pub(super) fn local(self) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt(self.offset_minutes.checked_mul(60)?)?;
        let time = DateTime::from_timestamp_millis(self.unix_ms)?;
        let local = time.with_timezone(&offset);
        let year = chrono::Datelike::year(&time);
        ((1..=9998).contains(&year) && local.second() < 60).then_some(local)
    }
}

const MINUTE_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_its_offset_on_paper() {
        for text in ["2026-11-22T10:00:00+01:00", "2026-11-22T10:00:00.250-03:30"] {
            assert_eq!(Moment::from_rfc3339(text).unwrap().to_rfc3339(), text);
        }
        let moment = Moment::from_rfc3339("2026-11-22T10:00:00+01:00").unwrap();
        assert_eq!((moment.unix_ms, moment.offset_minutes), (1_795_338_000_000, 60));
    }

    #[test]
    fn an_impossible_moment_neither_panics_nor_is_read() {
        for (unix_ms, offset_minutes) in [(i64::MAX, 0), (i64::MIN, 0), (0, i32::MAX), (0, 90_000)]
        {
            let _ = Moment { unix_ms, offset_minutes }.to_rfc3339();
        }
        assert_eq!(Moment::from_rfc3339("2026-02-30T10:00:00Z"), None);
        assert_eq!(Moment::from_rfc3339("tomorrow"), None);
    }
}
