//! Times and ages, exact or as far as they are known.

use homeward_core::Refusal;
use homeward_core::forms;

use crate::error::{ApiError, ApiResult};
use crate::hide::hides_value;

/// A point in time, and how far local time was ahead of UTC where it was said.
#[derive(Clone, Copy, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub unix_ms: i64,
    /// Minutes that local time is ahead of UTC.
    pub offset_minutes: i32,
}

/// When something was, as far as it is known.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Time {
    /// At this time.
    At {
        /// The time.
        at: Moment,
    },
    /// Not before one time and not after another.
    Between {
        /// Not before.
        from: Moment,
        /// Not after.
        to: Moment,
    },
    /// Within so many minutes before or after a time.
    Around {
        /// The likely time.
        at: Moment,
        /// How far off it may be.
        within_minutes: u32,
    },
    /// Words that could not be read as a time.
    Words {
        /// What was said.
        words: String,
    },
}

/// How old somebody is, as it was said.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Age {
    /// Full years.
    Years {
        /// How many.
        years: u16,
    },
    /// Full months, for the very young.
    Months {
        /// How many.
        months: u16,
    },
    /// From so many to so many years.
    Range {
        /// At least.
        from: u16,
        /// At most.
        to: u16,
    },
    /// Born on this date.
    Born {
        /// As far as it is known: `2019`, `2019-05` or `2019-05-01`.
        date: String,
    },
}

hides_value!(Moment, Time, Age);

impl From<forms::Moment> for Moment {
    fn from(moment: forms::Moment) -> Self {
        let forms::Moment { unix_ms, offset_minutes } = moment;
        Self { unix_ms, offset_minutes }
    }
}

impl From<Moment> for forms::Moment {
    fn from(moment: Moment) -> Self {
        let Moment { unix_ms, offset_minutes } = moment;
        Self { unix_ms, offset_minutes }
    }
}

impl From<forms::Time> for Time {
    fn from(time: forms::Time) -> Self {
        match time {
            forms::Time::At(at) => Self::At { at: at.into() },
            forms::Time::Between { from, to } => Self::Between { from: from.into(), to: to.into() },
            forms::Time::Around { at, within_minutes } => {
                Self::Around { at: at.into(), within_minutes }
            }
            forms::Time::Words(words) => Self::Words { words },
        }
    }
}

impl From<Time> for forms::Time {
    fn from(time: Time) -> Self {
        match time {
            Time::At { at } => Self::At(at.into()),
            Time::Between { from, to } => Self::Between { from: from.into(), to: to.into() },
            Time::Around { at, within_minutes } => Self::Around { at: at.into(), within_minutes },
            Time::Words { words } => Self::Words(words),
        }
    }
}

impl From<forms::Age> for Age {
    fn from(age: forms::Age) -> Self {
        match age {
            forms::Age::Years(years) => Self::Years { years },
            forms::Age::Months(months) => Self::Months { months },
            forms::Age::Range { from, to } => Self::Range { from, to },
            forms::Age::Born(date) => Self::Born { date: date.to_string() },
        }
    }
}

impl TryFrom<Age> for forms::Age {
    type Error = ApiError;

    fn try_from(age: Age) -> ApiResult<Self> {
        Ok(match age {
            Age::Years { years } => Self::Years(years),
            Age::Months { months } => Self::Months(months),
            Age::Range { from, to } => Self::Range { from, to },
            Age::Born { date } => {
                Self::Born(forms::PartialDate::parse(&date).ok_or(Refusal::WrongKind)?)
            }
        })
    }
}
