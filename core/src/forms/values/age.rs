//! How old the child is: a date of birth as far as it is known, an age, or a range of ages.

use chrono::{Datelike, Months, NaiveDate};
use serde_json::{Map, Value, json};

use super::debug_hides_value;
use crate::forms::moment::Moment;

/// How old somebody is, as it was said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Full years.
    Years(u16),
    /// Full months, for the very young.
    Months(u16),
    /// From so many to so many years.
    Range {
        /// At least.
        from: u16,
        /// At most.
        to: u16,
    },
    /// Born on this date.
    Born(PartialDate),
}

/// A date of which the day, or the month and the day, may be unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartialDate {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
}

/// An age in full years, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Years {
    /// At least.
    pub from: u16,
    /// At most.
    pub to: u16,
}

debug_hides_value!(Age);
debug_hides_value!(PartialDate);
debug_hides_value!(Years);

impl Age {
    /// The age at `now`, said at `said`. What was said as a number grows with the time between;
    /// `None` if the date of birth lies after `now`.
    #[must_use]
    pub fn at(self, said: Moment, now: Moment) -> Option<Years> {
        let passed = months_between(said.date(), now.date()).unwrap_or(0);
        let year = |years: u16| u32::from(years) * 12;
        // In months, from the youngest to the oldest that is meant: who is seven may be almost
        // eight.
        let (from, to) = match self {
            Self::Years(age) => (year(age), year(age) + 11),
            Self::Range { from, to } => (year(from), year(to) + 11),
            Self::Months(age) => (age.into(), age.into()),
            Self::Born(date) => {
                let from = months_between(date.last_day()?, now.date()).unwrap_or(0);
                let to = months_between(date.first_day()?, now.date())?;
                return Some(Years { from: full_years(from), to: full_years(to) });
            }
        };
        Some(Years { from: full_years(from + passed), to: full_years(to + passed) })
    }

    /// What was said at `said`, as it would be said at `now`. A date of birth stays the date.
    pub(in crate::forms) fn grown(self, said: Moment, now: Moment) -> Self {
        let passed = months_between(said.date(), now.date()).unwrap_or(0);
        match self {
            Self::Months(age) => {
                Self::Months(age.saturating_add(u16::try_from(passed).unwrap_or(u16::MAX)))
            }
            Self::Years(_) | Self::Range { .. } => match self.at(said, now) {
                Some(Years { from, to }) if from == to => Self::Years(from),
                Some(Years { from, to }) => Self::Range { from, to },
                None => self,
            },
            Self::Born(_) => self,
        }
    }

    /// Reads `{"years":7}`, `{"months":8}`, `{"from":7,"to":8}` or `{"born":"2019-05-01"}`.
    pub(in crate::forms) fn from_json(value: &Map<String, Value>) -> Option<Self> {
        let number = |key| value.get(key)?.as_u64().and_then(|number| u16::try_from(number).ok());
        let keys: Vec<&str> = value.keys().map(String::as_str).collect();
        match keys.as_slice() {
            ["years"] => number("years").map(Self::Years),
            ["months"] => number("months").map(Self::Months),
            ["from", "to"] => {
                let (from, to) = (number("from")?, number("to")?);
                (from <= to).then_some(Self::Range { from, to })
            }
            ["born"] => PartialDate::parse(value["born"].as_str()?).map(Self::Born),
            _ => None,
        }
    }

    pub(in crate::forms) fn to_json(self) -> Value {
        match self {
            Self::Years(age) => json!({ "years": age }),
            Self::Months(age) => json!({ "months": age }),
            Self::Range { from, to } => json!({ "from": from, "to": to }),
            Self::Born(date) => json!({ "born": date.to_string() }),
        }
    }
}

impl PartialDate {
    /// A year, a month of a year, or a day that the calendar has.
    #[must_use]
    pub fn new(year: i32, month: Option<u32>, day: Option<u32>) -> Option<Self> {
        let date = Self { year, month, day };
        let known = (1..=9999).contains(&year) && (day.is_none() || month.is_some());
        (known && date.first_day().is_some()).then_some(date)
    }

    /// Reads `2019`, `2019-05` or `2019-05-01`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let year = digits(parts.next()?, 4)?;
        let month = parts.next().map(|month| digits(month, 2));
        let day = parts.next().map(|day| digits(day, 2));
        if month == Some(None) || day == Some(None) {
            return None;
        }
        Self::new(i32::try_from(year).ok()?, month.flatten(), day.flatten())
    }

    /// The first day that is meant.
    pub(in crate::forms) fn first_day(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    /// The last day that is meant.
    pub(in crate::forms) fn last_day(self) -> Option<NaiveDate> {
        let first = self.first_day()?;
        match (self.month, self.day) {
            (_, Some(_)) => Some(first),
            (Some(_), None) => first.checked_add_months(Months::new(1))?.pred_opt(),
            (None, None) => NaiveDate::from_ymd_opt(self.year, 12, 31),
        }
    }
}

impl std::fmt::Display for PartialDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().flatten() {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let right = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    right.then(|| text.parse().ok())?
}

/// Full months from one day to a later one.
fn months_between(from: NaiveDate, to: NaiveDate) -> Option<u32> {
    let months = (to.year() - from.year()) * 12 + to.month() as i32 - from.month() as i32;
    // A birthday on 29 February comes on 1 March in other years.
    u32::try_from(months - i32::from(to.day() < from.day())).ok()
}

fn full_years(months: u32) -> u16 {
    u16::try_from(months / 12).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::from_rfc3339(text).unwrap()
    }

    fn at(age: Age, said: &str, now: &str) -> Option<(u16, u16)> {
        let (said, now) = (format!("{said}T12:00:00+01:00"), format!("{now}T12:00:00+01:00"));
        age.at(moment(&said), moment(&now)).map(|years| (years.from, years.to))
    }

    fn born(text: &str) -> Age {
        Age::Born(PartialDate::parse(text).unwrap())
    }

    #[test]
    fn an_age_is_that_of_the_day_of_the_report() {
        let today = "2026-11-22";
        assert_eq!(at(born("2019-11-22"), today, today), Some((7, 7)), "the birthday itself");
        assert_eq!(at(born("2019-11-23"), today, today), Some((6, 6)), "the day before");
        assert_eq!(at(born("2019-11"), today, today), Some((6, 7)));
        assert_eq!(at(born("2019"), today, today), Some((6, 7)));
        assert_eq!(at(born("2026"), today, today), Some((0, 0)));
        assert_eq!(at(born("2027"), today, today), None, "not born yet");
        assert_eq!(at(born("2020-02-29"), today, "2027-02-28"), Some((6, 6)));
        assert_eq!(at(born("2020-02-29"), today, "2027-03-01"), Some((7, 7)));
        assert_eq!(at(Age::Months(23), today, today), Some((1, 1)));
        assert_eq!(at(Age::Range { from: 7, to: 9 }, today, today), Some((7, 9)));
    }

    #[test]
    fn an_age_that_was_said_long_ago_has_grown() {
        assert_eq!(at(Age::Years(7), "2026-01-22", "2026-11-22"), Some((7, 8)));
        assert_eq!(at(Age::Years(7), "2025-11-22", "2026-11-22"), Some((8, 8)));
        assert_eq!(at(Age::Months(8), "2026-01-22", "2026-11-22"), Some((1, 1)));
        assert_eq!(at(Age::Years(7), "2026-11-22", "2020-01-01"), Some((7, 7)), "a clock set back");
        let (said, now) = (moment("2026-01-22T12:00:00Z"), moment("2026-11-22T12:00:00Z"));
        assert!(Age::Months(1).grown(said, now) == Age::Months(11));
        assert!(born("2019").grown(said, now) == born("2019"));
    }

    #[test]
    fn only_days_that_exist_are_dates() {
        for wrong in
            ["2019-02-30", "2019-13", "19-01-01", "2019-1-1", "0000", "2019-", "", "2019-01-01-01"]
        {
            assert!(PartialDate::parse(wrong).is_none(), "{wrong}");
        }
        for right in ["2019", "2019-05", "2020-02-29"] {
            assert_eq!(PartialDate::parse(right).unwrap().to_string(), right);
        }
    }
}
