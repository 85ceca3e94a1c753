//! Times as people type them: "ten minutes ago", "yesterday 18:00", "between 5 and 6 pm".
//!
//! Whatever is relative becomes absolute at once, because "ten minutes ago" means something else
//! ten minutes later. The offset of `now` is kept. Where only a part of a day is known the answer
//! says so, as a time between two.
//!
//! **Never wrong without a word.** A search begins where this says. "Yesterday 5:30" is in the
//! morning to some and in the afternoon to others, so it stays words, which people read rightly.

mod ago;
mod clock;
mod range;
mod said;
#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate};

use self::said::Said;
use crate::forms::moment::Moment;
use crate::forms::values::Time;

/// Reads a time; `plain` is in lower case, with ASCII digits and single spaces. `ahead` says
/// whether the question is rather about what comes.
pub(super) fn read(plain: &str, ahead: bool, now: Moment) -> Option<Time> {
    if let Some(at) = Moment::from_rfc3339(&plain.to_uppercase()) {
        return Some(Time::At(at));
    }
    let plain = plain.trim_end_matches('.');
    if matches!(plain, "now" | "just now" | "right now") {
        return now.minutes_earlier(0).map(Time::At);
    }
    let plain = plain.replace('~', "about ").replace("ca. ", "about ");
    let words = plain.split(' ').filter(|word| !ABOUT.contains(word));
    let bare = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let is_vague = plain.split(' ').any(|word| ABOUT.contains(&word));
    let time = precise(&bare, Asked { now, ahead })?;
    Some(if is_vague { loosened(time, now) } else { time })
}

/// When it is asked, and whether about what comes.
#[derive(Clone, Copy)]
struct Asked {
    now: Moment,
    ahead: bool,
}

impl Asked {
    fn today(self) -> NaiveDate {
        self.now.date()
    }

    /// Whether this is yet to come. Two clocks are never quite the same.
    fn is_ahead(self, at: Moment) -> bool {
        at.unix_ms > self.now.unix_ms.saturating_add(5 * 60_000)
    }
}

fn precise(plain: &str, asked: Asked) -> Option<Time> {
    ago::read(plain, asked)
        .or_else(|| Said::read(plain, asked)?.time(asked))
        .or_else(|| range::read(plain, asked))
}

fn whole_day(day: NaiveDate, now: Moment) -> Option<Time> {
    days(day, day, now)
}

fn days(first: NaiveDate, last: NaiveDate, now: Moment) -> Option<Time> {
    let from = now.at(first.and_hms_opt(0, 0, 0)?)?;
    Some(until_now(from, now.at(last.and_hms_opt(23, 59, 59)?)?, now))
}

/// What has begun lasts until now at most.
fn until_now(from: Moment, to: Moment, now: Moment) -> Time {
    let now = now.minutes_earlier(0).unwrap_or(now);
    let to = if from.unix_ms <= now.unix_ms && now.unix_ms < to.unix_ms { now } else { to };
    Time::Between { from, to }
}

/// A time that is only about right: within a quarter of the time since, 5 to 60 minutes.
fn loosened(time: Time, now: Moment) -> Time {
    let Time::At(at) = time else { return time };
    let passed = now.unix_ms.saturating_sub(at.unix_ms) / 60_000;
    let within_minutes = u32::try_from((passed / 4).clamp(5, 60)).unwrap_or(60);
    Time::Around { at, within_minutes }
}

fn later(day: NaiveDate, days: u64) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(days))
}

fn earlier(day: NaiveDate, days: u64) -> Option<NaiveDate> {
    day.checked_sub_days(Days::new(days))
}

fn number(text: &str, longest: usize) -> Option<u32> {
    let right = (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    right.then(|| text.parse().ok())?
}

const ABOUT: &[&str] =
    &["about", "around", "approximately", "roughly", "circa", "ca", "nearly", "almost"];
