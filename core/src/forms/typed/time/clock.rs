//! What a clock shows, as people write and say it.

use chrono::NaiveTime;

use super::ago::whole;
use super::number;

/// A time of the day.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    /// Whether the half of the day is known: "5:30" may be either, "05:30", "17:30" and "5 pm" not.
    pub(super) is_sure: bool,
    /// Only a number, which may be something else.
    pub(super) is_bare: bool,
}

/// A part of a day.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
}

impl Clock {
    fn new(hour: u32, minute: u32, second: u32, is_sure: bool) -> Option<Self> {
        NaiveTime::from_hms_opt(hour, minute, second)?;
        let is_sure = is_sure || !(1..=12).contains(&hour);
        Some(Self { hour, minute, second, is_sure, is_bare: false })
    }

    /// "17" where a time is looked for.
    pub(super) fn bare(word: &str) -> Option<Self> {
        let hour = number(word, 2)?;
        Some(Self { is_bare: true, ..Self::new(hour, 0, 0, false)? })
    }

    /// As it is on a clock of 24 hours.
    pub(super) fn time(self) -> NaiveTime {
        NaiveTime::from_hms_opt(self.hour, self.minute, self.second).unwrap_or_default()
    }

    /// The other time at which a clock of 12 hours shows the same.
    pub(super) fn other(self) -> NaiveTime {
        let hour = (self.hour + 12) % 24;
        NaiveTime::from_hms_opt(hour, self.minute, self.second).unwrap_or_default()
    }

    /// All that it may be.
    pub(super) fn readings(self) -> impl Iterator<Item = NaiveTime> {
        [self.time(), self.other()].into_iter().take(if self.is_sure { 1 } else { 2 })
    }

    /// Between two days, so that it belongs to either.
    pub(super) fn is_midnight(self) -> bool {
        self.is_sure && (self.hour, self.minute) == (0, 0)
    }

    pub(super) fn surely(self) -> Self {
        Self { is_sure: true, ..self }
    }

    pub(super) fn is_twelve(self) -> bool {
        self.hour == 12
    }

    /// Whether people are up at this hour of the morning.
    pub(super) fn is_by_day(self) -> bool {
        self.hour >= 7
    }
}

impl Part {
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "morning" => Self::Morning,
            "afternoon" => Self::Afternoon,
            "evening" => Self::Evening,
            "night" | "tonight" => Self::Night,
            _ => return None,
        })
    }

    /// From which hour to which; past 24 is the next day.
    pub(super) fn hours(self) -> (u32, u32) {
        match self {
            Self::Morning => (5, 12),
            Self::Afternoon => (12, 18),
            Self::Evening => (17, 23),
            Self::Night => (18, 30),
        }
    }

    /// What a clock shows in this part, and how many days after the one that the part is named by:
    /// the night of Friday ends on Saturday. None if the two contradict each other or leave doubt.
    pub(super) fn place(self, clock: Clock) -> Option<(NaiveTime, u64)> {
        let hour = match (self, clock.hour, clock.is_sure) {
            (Self::Morning, 0, true) | (Self::Morning, 1..=11, _) => clock.hour,
            (Self::Afternoon, 12, _) | (Self::Afternoon, 13..=18, _) => clock.hour,
            (Self::Afternoon, 1..=6, false) => clock.hour + 12,
            (Self::Evening, 16..=23, _) => clock.hour,
            (Self::Evening, 4..=11, false) => clock.hour + 12,
            (Self::Night, 18..=23, _) => clock.hour,
            (Self::Night, 6..=11, false) => clock.hour + 12,
            (Self::Night, 12, false) => 24,
            (Self::Night, 0..=6, true) | (Self::Night, 1..=4, false) => clock.hour + 24,
            _ => return None,
        };
        let time = NaiveTime::from_hms_opt(hour % 24, clock.minute, clock.second)?;
        Some((time, u64::from(hour / 24)))
    }
}

/// A clock time at the start of the words, and how many of them it took.
pub(super) fn read(words: &[&str], years: Years) -> Option<(Clock, usize)> {
    spoken(words).or_else(|| written(words, years))
}

/// Which four digits are years.
#[derive(Clone, Copy)]
pub(super) struct Years {
    /// The year that it is.
    pub(super) now: u32,
    /// A day is said in words, so that no number is a year.
    pub(super) none: bool,
}

/// "Half past four", "20 to 5", "quarter to 5 pm".
fn spoken(words: &[&str]) -> Option<(Clock, usize)> {
    let (minutes, by, mut used) = match *words {
        ["half", "past", ..] => (30, "past", 2),
        ["quarter", by @ ("past" | "to"), ..] => (15, by, 2),
        ["a", "quarter", by @ ("past" | "to"), ..] => (15, by, 3),
        [count, "minutes" | "mins" | "min", by @ ("past" | "to"), ..] => (whole(count)?, by, 3),
        [count, "past", ..] => (whole(count)?, "past", 2),
        // "5 to 6 pm" are hours.
        [count, "to", ..] => (whole(count).filter(|count| (13..=29).contains(count))?, "to", 2),
        _ => return None,
    };
    let hour = *words.get(used)?;
    let next = words.get(used + 1).copied().unwrap_or_default();
    let (hour, half, more) = hour_and_half(hour, next);
    let hour = whole(hour).filter(|hour| (1..=12).contains(hour))?;
    used += more;
    if !(1..=30).contains(&minutes) {
        return None;
    }
    // Twenty to five is four and something, and ten to one is twelve and something.
    let (hour, minutes) = match by {
        "past" => (hour, minutes),
        _ => (if hour == 1 { 12 } else { hour - 1 }, 60 - minutes),
    };
    // Ten to twelve at night is before midnight, so the half that is said is that of the end.
    let half = half.map(|half| match (by, hour, half) {
        ("to", 11, "am") => "pm",
        ("to", 11, _) => "am",
        _ => half,
    });
    Some((Clock::new(in_half(hour, half)?, minutes, 0, half.is_some())?, used))
}

fn written(words: &[&str], years: Years) -> Option<(Clock, usize)> {
    let (word, next) = (*words.first()?, words.get(1).copied().unwrap_or_default());
    match word {
        "noon" | "midday" => return Some((Clock::new(12, 0, 0, true)?, 1)),
        "midnight" => return Some((Clock::new(0, 0, 0, true)?, 1)),
        _ => {}
    }
    let (digits, half, mut used) = hour_and_half(word, next);
    let hours = half.is_none() && matches!(next, "h" | "hrs" | "hours" | "uhr");
    let o_clock = half.is_none() && matches!(next, "o'clock" | "oclock");
    used += usize::from(hours || o_clock);
    if let Some(hour) = whole(digits).filter(|_| half.is_some() || hours || o_clock) {
        return Some((Clock::new(in_half(hour, half)?, 0, 0, half.is_some() || hours)?, used));
    }
    if let Some((hour, minute)) = run_together(digits, half.is_some() || hours, years) {
        let is_sure = half.is_some() || hours || digits.len() == 4;
        return Some((Clock::new(in_half(hour, half)?, minute, 0, is_sure)?, used));
    }
    let mut parts = digits.split([':', 'h', '.']).map(|part| number(part, 2));
    let hour = parts.next()??;
    let minute = parts.next()?;
    let second = parts.next().map_or(Some(0), |second| second)?;
    // "18h" has nothing after the sign; "18.3" is no clock time.
    let minute = match minute {
        None if digits.ends_with('h') => 0,
        minute => minute.filter(|_| is_two_digits(digits))?,
    };
    let is_sure = half.is_some() || hours || digits.starts_with('0') || digits.contains('h');
    let rest = parts.next();
    (rest.is_none()).then_some((Clock::new(in_half(hour, half)?, minute, second, is_sure)?, used))
}

/// Minutes have two digits; "8.5" is no time.
fn is_two_digits(digits: &str) -> bool {
    digits.split([':', 'h', '.']).skip(1).all(|part| part.len() == 2)
}

/// "1530", "0930"; "930" only with more.
fn run_together(digits: &str, is_clock: bool, years: Years) -> Option<(u32, u32)> {
    let value = number(digits, 4)?;
    let long_enough = digits.len() == 4 || (digits.len() == 3 && is_clock);
    // What may be a year is one, unless it lies ahead. This year's is left in doubt.
    let may_be_year = !is_clock && !years.none && (1900..=years.now).contains(&value);
    (long_enough && !may_be_year).then_some((value / 100, value % 100))
}

/// The digits of an hour, the half of the day that is said with it, and how many words that took.
fn hour_and_half<'a>(word: &'a str, next: &str) -> (&'a str, Option<&'static str>, usize) {
    match (half_of_day(word), half_of_day(next)) {
        (Some((digits, half)), _) if !digits.is_empty() => (digits, Some(half), 1),
        (_, Some(("", half))) => (word, Some(half), 2),
        _ => (word, None, 1),
    }
}

fn half_of_day(word: &str) -> Option<(&str, &'static str)> {
    ["am", "pm", "a.m", "p.m", "a.m.", "p.m."].into_iter().find_map(|end| {
        let half = if end.starts_with('a') { "am" } else { "pm" };
        word.strip_suffix(end).map(|digits| (digits, half))
    })
}

/// The hour on a clock of 24.
fn in_half(hour: u32, half: Option<&str>) -> Option<u32> {
    match half {
        Some(_) if !(1..=12).contains(&hour) => None,
        Some("am") => Some(hour % 12),
        Some(_) => Some(hour % 12 + 12),
        None => Some(hour),
    }
}
