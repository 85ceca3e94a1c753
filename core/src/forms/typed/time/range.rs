//! "Between 5 and 6 pm", "yesterday 17:00-18:00", "from noon to 13:30", "monday to wednesday".

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::clock::Clock;
use super::said::{By, Said, last_shown};
use super::{Asked, until_now};
use crate::forms::moment::Moment;
use crate::forms::values::Time;

/// Reads a time between two.
pub(super) fn read(plain: &str, asked: Asked) -> Option<Time> {
    let words = |text: &str| {
        let words = text.split(' ').filter(|word| !matches!(*word, "between" | "from"));
        words.collect::<Vec<_>>().join(" ")
    };
    let is_told = plain.split(' ').any(|word| matches!(word, "between" | "from"));
    SEPARATORS.iter().find_map(|by| {
        let (from, to) = plain.split_once(by)?;
        let from = Said::read_in(&words(from), asked, true)?;
        let to = Said::read_in(to.trim(), asked, true)?;
        let (from, to) = Range { from, to, asked, is_told }.ends()?;
        (from <= to).then(|| until_now(from, to, asked.now))
    })
}

/// The two ends, as far as they were understood.
struct Range {
    from: Said,
    to: Said,
    asked: Asked,
    /// Whether a word said that it is a range.
    is_told: bool,
}

impl Range {
    fn ends(mut self) -> Option<(Moment, Moment)> {
        let (Some(from), Some(to)) = (self.from.clock, self.to.clock) else {
            // "5-6 november" has no hour.
            let is_hour = |said: &Said| said.clock.is_some_and(|clock| clock.is_bare);
            if is_hour(&self.from) || is_hour(&self.to) {
                return None;
            }
            let start = self.from.time(self.asked)?.span()?.0;
            return Some((start, self.to.time(self.asked)?.span()?.1));
        };
        // "5 to 6" may be five minutes to six, "5-6 november" two days. Five minutes to six at
        // night is within "5 to 6 pm".
        let is_bare = from.is_bare && to.is_bare && !self.is_told;
        if is_bare || (from.is_bare && self.to.by == By::Date) {
            return None;
        }
        if self.from.part.is_some() || self.to.part.is_some() {
            self.share();
            let start = self.from.time(self.asked)?.span()?.0;
            return Some((start, self.to.time(self.asked)?.span()?.1));
        }
        match (self.from.day, self.to.day) {
            (Some(_), Some(_)) => {
                let start = self.from.clock_time(from, self.asked)?;
                Some((start, self.to.clock_time(to, self.asked)?))
            }
            (Some(day), None) => self.after(from, to, day),
            (None, Some(day)) => self.before(from, to, day),
            (None, None) => self.last(from, to),
        }
    }

    /// What is said of one end holds for the other: "between 5 and 6 in the evening".
    fn share(&mut self) {
        let (from, to) = (self.from.clone(), self.to.clone());
        for (said, other) in [(&mut self.from, &to), (&mut self.to, &from)] {
            let clock = said.clock;
            if said.part.is_none() && said.day.is_none() {
                *said = Said { clock, ..other.clone() };
            } else if said.part.is_none() {
                said.part = other.part;
            } else if said.day.is_none() {
                (said.day, said.by) = (other.day, other.by);
            }
        }
    }

    /// The day is said with the start, and the end is the first such time after it.
    fn after(&self, from: Clock, to: Clock, day: NaiveDate) -> Option<(Moment, Moment)> {
        let now = self.asked.now;
        let start = match (from.is_sure, to.is_sure) {
            (false, true) => now.at(day.and_time(before(from, to.time())))?,
            _ => self.from.clock_time(from, self.asked)?,
        };
        let begin = start.local()?.time();
        let length = to.readings().map(|end| passed(begin, end)).min()?;
        Some((start, moved(start, length)))
    }

    /// The day is said with the end; over midnight it is in doubt whose it is.
    fn before(&self, from: Clock, to: Clock, day: NaiveDate) -> Option<(Moment, Moment)> {
        let end = self.to.clock_time(to, self.asked)?;
        let time = end.local()?.time();
        let start = moved(end, -passed(before(from, time), time));
        (start.date() == day && end.date() == day).then_some((start, end))
    }

    /// No day is said: the last time that it was over.
    fn last(&self, from: Clock, to: Clock) -> Option<(Moment, Moment)> {
        if self.asked.ahead {
            return None;
        }
        if to.is_sure {
            let end = last_shown(to.time(), self.asked)?;
            return Some((moved(end, -passed(before(from, to.time()), to.time())), end));
        }
        let start = self.from.clock_time(from, self.asked)?;
        let begin = start.local()?.time();
        let length = to.readings().map(|end| passed(begin, end)).min()?;
        let end = moved(start, length);
        if !self.asked.is_ahead(end) {
            return Some((start, end));
        }
        // What has begun and is not over was yesterday.
        let day = TimeDelta::days(1);
        from.is_sure.then_some((moved(start, -day), moved(end, -day)))
    }
}

/// Which reading of a clock is the last before an end.
fn before(from: Clock, end: NaiveTime) -> NaiveTime {
    from.readings().min_by_key(|start| passed(*start, end)).unwrap_or_default()
}

/// From one time to the next such time, never nothing.
fn passed(from: NaiveTime, to: NaiveTime) -> TimeDelta {
    let passed = to.signed_duration_since(from);
    if passed > TimeDelta::zero() { passed } else { passed + TimeDelta::days(1) }
}

fn moved(moment: Moment, by: TimeDelta) -> Moment {
    Moment { unix_ms: moment.unix_ms.saturating_add(by.num_milliseconds()), ..moment }
}

const SEPARATORS: &[&str] = &[" and ", " to ", " until ", " till ", " - ", " – ", "-", "–"];
