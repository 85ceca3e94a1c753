//! A day, a part of a day, a clock time, or a day with one of them.

use chrono::{Datelike, Days, NaiveDate};

use super::clock::{self, Clock, Part, Years};
use super::{Asked, days, earlier, later, until_now, whole_day};
use crate::forms::moment::Moment;
use crate::forms::typed::date;
use crate::forms::values::{PartialDate, Time};

/// What was understood of a time.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) day: Option<NaiveDate>,
    /// How the day was said.
    pub(super) by: By,
    /// A month or a year and nothing more.
    pub(super) month: Option<PartialDate>,
    pub(super) clock: Option<Clock>,
    pub(super) part: Option<Part>,
    /// "This morning" is today's, whatever the hour.
    pub(super) is_this: bool,
}

/// How a day was said.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum By {
    /// Not at all.
    #[default]
    Nothing,
    /// "Yesterday", "last night".
    Word,
    /// "Friday": the last one that was. Today may be one.
    Weekday,
    /// "Last Friday", or a date.
    Date,
}

impl Said {
    /// Reads words of which each must be understood.
    pub(super) fn read(plain: &str, asked: Asked) -> Option<Self> {
        Self::read_in(plain, asked, false)
    }

    /// The same for an end of a range: there "5" is an hour.
    pub(super) fn read_in(plain: &str, asked: Asked, in_range: bool) -> Option<Self> {
        // "2026-11-22T10:00" without an offset: the phone's own is meant, and a clock of 24 hours.
        let iso = plain.get(..10).is_some_and(|date| PartialDate::parse(date).is_some());
        let plain = match plain.get(10..) {
            Some(rest) if iso => format!("{} {}", &plain[..10], rest.trim_start_matches('t')),
            _ => plain.replace(',', " ").replace("day before yesterday", "ereyesterday"),
        };
        let words: Vec<&str> =
            plain.split_whitespace().filter(|word| !FILLERS.contains(word)).collect();
        let mut said = Self::default();
        let rest = said.take_all(&words, asked, iso)?;
        let is_hour = said.clock.is_none() && (in_range || said.part.is_some());
        match *rest.as_slice() {
            [] => {}
            [hour] if is_hour && hour.len() < 3 => {
                said.clock = Some(Clock::bare(hour)?);
            }
            _ => said.take_date(&rest, asked)?,
        }
        Some(said)
    }

    /// Takes every word that is a clock, a day or a part of one, and gives the others.
    fn take_all<'a>(&mut self, words: &[&'a str], asked: Asked, iso: bool) -> Option<Vec<&'a str>> {
        let is_day = |word: &&str| {
            day_word(word, asked).is_some()
                || date::past_weekday(word, asked.now).is_some()
                || Part::named(word).is_some()
        };
        let years = Years {
            now: u32::try_from(asked.today().year()).unwrap_or(0),
            none: iso || words.iter().any(is_day),
        };
        let (mut rest, mut is_last, mut at) = (Vec::new(), false, 0);
        while let Some(word) = words.get(at).copied() {
            at += 1;
            if let Some((clock, used)) = clock::read(&words[at - 1..], years) {
                let clock = if iso { clock.surely() } else { clock };
                self.clock.replace(clock).is_none().then_some(())?;
                at += used - 1;
            } else if let Some(part) = Part::named(word) {
                self.is_this |= word == "tonight";
                self.part.replace(part).is_none().then_some(())?;
            } else if let Some(day) = day_word(word, asked) {
                self.set_day(day?, By::Word)?;
            } else if let Some(day) = date::past_weekday(word, asked.now) {
                self.take_weekday(day, is_last, asked)?;
                is_last = false;
            } else if word == "this" {
                self.is_this = true;
            } else if word == "last" && !is_last {
                is_last = true;
            } else {
                rest.push(word);
            }
        }
        if is_last {
            // "Last night" was yesterday's; "last week" is too much to say.
            self.part?;
            self.set_day(earlier(asked.today(), 1)?, By::Word)?;
        }
        Some(rest)
    }

    fn set_day(&mut self, day: NaiveDate, by: By) -> Option<()> {
        self.by = by;
        self.day.replace(day).is_none().then_some(())
    }

    fn take_weekday(&mut self, day: NaiveDate, is_last: bool, asked: Asked) -> Option<()> {
        let today = asked.today();
        // What is due on Friday is due on the next, and nobody says which is meant on a Friday.
        if asked.ahead {
            return None;
        }
        // "This Friday" is one of this week.
        let weeks_day = today.signed_duration_since(day).num_days();
        if self.is_this && weeks_day > i64::from(today.weekday().num_days_from_monday()) {
            return None;
        }
        match is_last {
            true if day == today => self.set_day(earlier(day, 7)?, By::Date),
            true => self.set_day(day, By::Date),
            false => self.set_day(day, By::Weekday),
        }
    }

    fn take_date(&mut self, rest: &[&str], asked: Asked) -> Option<()> {
        let plain = rest.join(" ");
        let date = match asked.ahead {
            // Which year's is no question of what was.
            true => date::partial(&plain)?,
            false => date::past_day(&plain, asked.now)?,
        };
        let (first, last) = (date.first_day()?, date.last_day()?);
        let this_year = asked.today().year();
        if !(1900..=this_year + 1).contains(&first.year()) {
            return None;
        }
        if first == last {
            // "Friday 20 November" is one day, if it is.
            let agrees = self.day.is_none_or(|day| day.weekday() == first.weekday());
            let named = matches!(self.by, By::Nothing | By::Weekday);
            (self.day, self.by) = (Some(first), By::Date);
            return (agrees && named).then_some(());
        }
        // "2026" is twenty-six past eight at night, or a year of which most is over.
        let is_doubtful = plain == this_year.to_string();
        let is_all = self.day.is_none() && self.clock.is_none() && self.part.is_none();
        self.month = Some(date);
        (is_all && !is_doubtful).then_some(())
    }

    /// When that was.
    pub(super) fn time(&self, asked: Asked) -> Option<Time> {
        let now = asked.now;
        if let Some(month) = self.month {
            return days(month.first_day()?, month.last_day()?, now);
        }
        match (self.clock, self.part) {
            (Some(clock), Some(part)) => {
                let (time, next) = part.place(clock)?;
                let at = |day: NaiveDate| now.at(later(day, next)?.and_time(time));
                self.last_that_was(asked, at, |at| *at).map(Time::At)
            }
            (None, Some(part)) => {
                let (from, to) =
                    self.last_that_was(asked, |day| window(part, day, now), |it| it.0)?;
                Some(until_now(from, to, now))
            }
            (Some(clock), None) => self.clock_time(clock, asked).map(Time::At),
            (None, None) => whole_day(self.day?, now),
        }
    }

    /// The last day on which `on` was, of those that are meant; the day itself if none was yet, for
    /// the person to look at.
    fn last_that_was<T>(
        &self,
        asked: Asked,
        on: impl Fn(NaiveDate) -> Option<T>,
        begin: impl Fn(&T) -> Moment,
    ) -> Option<T> {
        let today = asked.today();
        let by_night = asked.now.at(today.and_hms_opt(5, 0, 0)?)?.unix_ms > asked.now.unix_ms;
        let (day, back) = match self.by {
            By::Weekday => (self.day?, Some(7)),
            By::Word if self.day != Some(today) => (self.day?, Some(1)),
            // Before daybreak "this evening" was yesterday's.
            By::Nothing if self.is_this && by_night && self.part != Some(Part::Morning) => {
                (earlier(today, 1)?, None)
            }
            By::Nothing => (today, Some(1).filter(|_| !self.is_this)),
            _ => (self.day?, None),
        };
        let first = on(day)?;
        match back.filter(|_| !asked.ahead && asked.is_ahead(begin(&first))) {
            Some(days) => on(earlier(day, days)?),
            None => Some(first),
        }
    }

    /// A clock time without a part of the day.
    pub(super) fn clock_time(&self, clock: Clock, asked: Asked) -> Option<Moment> {
        let now = asked.now;
        let Some(day) = self.day else {
            return if asked.ahead { next(clock, asked) } else { last(clock, asked) };
        };
        // Is it the midnight with which the day begins, or that with which it ends?
        if clock.is_midnight() && self.by != By::Date {
            return None;
        }
        let at = |time| now.at(day.and_time(time));
        let (first, other) = (at(clock.time())?, at(clock.other())?);
        let is_clear =
            clock.is_sure || clock.is_twelve() || (asked.is_ahead(other) && !asked.ahead);
        let was = self.by != By::Weekday || !asked.is_ahead(first);
        match is_clear {
            true if was => Some(first),
            // "Thursday 18:00" said on a Thursday morning.
            true if clock.is_sure => now.at(earlier(day, 7)?.and_time(clock.time())),
            _ => None,
        }
    }
}

/// The last time that the clock showed this, if the half of the day is clear.
fn last(clock: Clock, asked: Asked) -> Option<Moment> {
    let shown = last_shown(clock.time(), asked)?;
    let other = last_shown(clock.other(), asked)?;
    let is_clear = clock.is_sure || (clock.is_by_day() && other.unix_ms < shown.unix_ms);
    is_clear.then_some(shown)
}

/// The last time that a clock of 24 hours showed this.
pub(super) fn last_shown(time: chrono::NaiveTime, asked: Asked) -> Option<Moment> {
    let today = asked.now.at(asked.today().and_time(time))?;
    if today.unix_ms <= asked.now.unix_ms {
        return Some(today);
    }
    asked.now.at(earlier(asked.today(), 1)?.and_time(time))
}

/// The next time that the clock shows this.
fn next(clock: Clock, asked: Asked) -> Option<Moment> {
    let today = asked.now.at(asked.today().and_time(clock.time())).filter(|_| clock.is_sure)?;
    if today.unix_ms >= asked.now.unix_ms {
        return Some(today);
    }
    asked.now.at(later(asked.today(), 1)?.and_time(clock.time()))
}

fn window(part: Part, day: NaiveDate, now: Moment) -> Option<(Moment, Moment)> {
    let (from, to) = part.hours();
    let end = day.checked_add_days(Days::new(u64::from(to / 24)))?;
    Some((now.at(day.and_hms_opt(from, 0, 0)?)?, now.at(end.and_hms_opt(to % 24, 0, 0)?)?))
}

/// The day that a word names, if it names one; tomorrow only where something may lie ahead.
fn day_word(word: &str, asked: Asked) -> Option<Option<NaiveDate>> {
    match word {
        "today" => Some(Some(asked.today())),
        "yesterday" => Some(earlier(asked.today(), 1)),
        "ereyesterday" => Some(earlier(asked.today(), 2)),
        "tomorrow" if asked.ahead => Some(later(asked.today(), 1)),
        _ => None,
    }
}

const FILLERS: &[&str] = &["at", "on", "in", "the", "of", "during"];
