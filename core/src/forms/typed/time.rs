//! Times as people type them: "ten minutes ago", "yesterday 18:00", "between 5 and 6 pm".
//!
//! Whatever is relative becomes absolute at once, because "ten minutes ago" means something else
//! ten minutes later. The offset of `now` is kept. Where only a part of a day is known the answer
//! says so, as a time between two.

use chrono::{Days, NaiveDate, NaiveTime};

use super::date;
use crate::forms::moment::Moment;
use crate::forms::values::Time;

/// Reads a time; `plain` is in lower case, with ASCII digits and single spaces.
pub(super) fn read(plain: &str, now: Moment) -> Option<Time> {
    if let Some(at) = Moment::from_rfc3339(&plain.to_uppercase()) {
        return Some(Time::At(at));
    }
    let plain = plain.trim_end_matches('.');
    if matches!(plain, "now" | "just now" | "right now") {
        return now.minutes_earlier(0).map(Time::At);
    }
    for about in ["about ", "around ", "approximately ", "roughly ", "circa ", "ca. ", "~"] {
        if let Some(rest) = plain.strip_prefix(about) {
            return precise(rest.trim_start(), now).map(|time| loosened(time, now));
        }
    }
    precise(plain, now)
}

fn precise(plain: &str, now: Moment) -> Option<Time> {
    ago(plain, now).or_else(|| point(plain, now)).or_else(|| between(plain, now))
}

/// "ten minutes ago", "half an hour ago", "1 hour 20 minutes ago".
fn ago(plain: &str, now: Moment) -> Option<Time> {
    let mut minutes: i64 = 0;
    let mut count: Option<f64> = None;
    for word in plain.strip_suffix(" ago")?.split([' ', '-']) {
        if let Some(number) = count_of(word) {
            // "half an hour": the article after a half adds nothing.
            count =
                Some(count.map_or(number, |before| if number == 1.0 { before } else { number }));
        } else if let Some((_, length)) = UNITS.iter().find(|(names, _)| names.contains(&word)) {
            let length = count.take()? * *length as f64;
            minutes = minutes.checked_add(length as i64)?;
        } else if !matches!(word, "and" | "of") {
            return None;
        }
    }
    if count.is_some() {
        return None;
    }
    // Nobody means the minute when saying "three days ago".
    if minutes >= 2 * DAY && minutes % DAY == 0 {
        let days = Days::new(u64::try_from(minutes / DAY).ok()?);
        return whole_day(now.date().checked_sub_days(days)?, now);
    }
    now.minutes_earlier(minutes).map(Time::At)
}

/// "between 5 and 6 pm", "yesterday 17:00-18:00", "from noon to 13:30".
fn between(plain: &str, now: Moment) -> Option<Time> {
    let bare = plain.trim_start_matches("between ").trim_start_matches("from ");
    let (from, to) = [" and ", " to ", " until ", " till ", " - ", " – ", "-", "–"]
        .iter()
        .find_map(|by| bare.split_once(by))?;
    let (from, to) = (from.trim(), to.trim());
    let ends = ["am", "pm"].into_iter().find(|half| to.ends_with(half));
    let first = point(from, now)
        .or_else(|| point(&format!("{from} {}", ends?), now))
        .or_else(|| point(&format!("{from}:00"), now));
    let (start, _) = first?.span()?;
    // The end belongs to the day of the start, unless it names its own.
    let end = match clock_only(to).or_else(|| clock_only(&format!("{to}:00"))) {
        Some(clock) => {
            let same_day = start.at(start.date().and_time(clock))?;
            let next_day = start.date().checked_add_days(Days::new(1))?;
            if same_day < start { start.at(next_day.and_time(clock))? } else { same_day }
        }
        None => point(to, now)?.span()?.1,
    };
    (start <= end).then_some(Time::Between { from: start, to: end })
}

/// A day, a part of a day, a clock time, or a day with one of them.
fn point(plain: &str, now: Moment) -> Option<Time> {
    // "2026-11-22T10:00" without an offset: the phone's own is meant.
    let iso = plain.get(..10).is_some_and(|date| date::partial(date).is_some());
    let plain = match plain.get(10..) {
        Some(rest) if iso => format!("{} {}", &plain[..10], rest.trim_start_matches('t')),
        _ => plain.replace(',', " "),
    };
    let words: Vec<&str> =
        plain.split_whitespace().filter(|word| !FILLERS.contains(word)).collect();
    let mut said = Said::default();
    let mut rest: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1).copied().unwrap_or_default();
        if let Some((clock, used)) = clock(word, next) {
            said.set_clock(clock)?;
            at += used;
        } else {
            if !said.take(word, now)? {
                rest.push(word);
            }
            at += 1;
        }
    }
    if !rest.is_empty() {
        let date = date::past_day(&rest.join(" "), now)?;
        if said.day.is_some() {
            return None;
        }
        let (first, last) = (date.first_day()?, date.last_day()?);
        if first != last {
            return said.is_empty().then(|| days(first, last, now))?;
        }
        said.day = Some(first);
    }
    said.time(now)
}

/// What was understood so far.
#[derive(Default)]
struct Said {
    day: Option<NaiveDate>,
    clock: Option<NaiveTime>,
    part: Option<&'static (&'static str, u32, u32)>,
}

impl Said {
    fn is_empty(&self) -> bool {
        self.day.is_none() && self.clock.is_none() && self.part.is_none()
    }

    fn set_clock(&mut self, clock: NaiveTime) -> Option<()> {
        self.clock.replace(clock).is_none().then_some(())
    }

    /// Takes a word that names a day or a part of one; `None` if it contradicts another.
    fn take(&mut self, word: &str, now: Moment) -> Option<bool> {
        let today = now.date();
        let day = match word {
            "today" | "tonight" => Some(today),
            "yesterday" | "last" if self.day.is_none() => today.pred_opt(),
            _ => date::past_weekday(word, now),
        };
        let part = PARTS.iter().find(|(name, ..)| *name == word);
        if let Some(day) = day {
            // "last friday": the name of the day says more than "last".
            let vague = self.day.is_none() || self.day == today.pred_opt();
            self.day = Some(if vague { day } else { return None });
        }
        if let Some(part) = part {
            self.part = Some(if self.part.is_none() { part } else { return None });
        }
        Some(day.is_some() || part.is_some())
    }

    fn time(&self, now: Moment) -> Option<Time> {
        match (self.day, self.clock, self.part) {
            (Some(day), Some(clock), None) => now.at(day.and_time(clock)).map(Time::At),
            (None, Some(clock), None) => last_clock(clock, now).map(Time::At),
            (day, Some(clock), Some((part, ..))) => {
                let late = matches!(*part, "afternoon" | "evening" | "tonight");
                let early = chrono::Timelike::hour(&clock) < 12;
                let clock =
                    if late && early { clock + chrono::TimeDelta::hours(12) } else { clock };
                now.at(day.unwrap_or(now.date()).and_time(clock)).map(Time::At)
            }
            (day, None, Some((_, from, to))) => {
                let day = day.unwrap_or(now.date());
                let from = now.at(day.and_hms_opt(*from, 0, 0)?)?;
                let end = day.checked_add_days(Days::new(u64::from(*to / 24)))?;
                let to = now.at(end.and_hms_opt(*to % 24, 0, 0)?)?;
                Some(until_now(from, to, now))
            }
            (Some(day), None, None) => whole_day(day, now),
            (None, None, None) => None,
        }
    }
}

/// The last time that the clock showed this.
fn last_clock(clock: NaiveTime, now: Moment) -> Option<Moment> {
    let today = now.at(now.date().and_time(clock))?;
    if today.unix_ms <= now.unix_ms {
        return Some(today);
    }
    now.at(now.date().pred_opt()?.and_time(clock))
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

/// A clock time at the start of the words, and how many words it took.
fn clock(word: &str, next: &str) -> Option<(NaiveTime, usize)> {
    match word {
        "noon" | "midday" => return Some((NaiveTime::from_hms_opt(12, 0, 0)?, 1)),
        "midnight" => return Some((NaiveTime::from_hms_opt(0, 0, 0)?, 1)),
        _ => {}
    }
    let (digits, half, used) = match (half_of_day(word), half_of_day(next)) {
        (Some((digits, half)), _) if !digits.is_empty() => (digits, Some(half), 1),
        (_, Some(("", half))) => (word, Some(half), 2),
        _ if matches!(next, "h" | "o'clock" | "uhr") => (word, None, 2),
        _ => (word, None, 1),
    };
    let mut parts = digits.split([':', 'h', '.']).map(|part| number(part, 2));
    let hour = parts.next()??;
    let minute = parts.next();
    let second = parts.next();
    if parts.next().is_some() || (minute.is_none() && half.is_none() && used == 1) {
        return None;
    }
    // "18h" has nothing after the sign; "18.3" is no clock time.
    let minute = match minute {
        Some(None) if digits.ends_with('h') => 0,
        Some(minute) => minute?,
        None => 0,
    };
    let second = second.map_or(Some(0), |second| second)?;
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("am") => hour % 12,
        Some(_) => hour % 12 + 12,
        None => hour,
    };
    Some((NaiveTime::from_hms_opt(hour, minute, second)?, used))
}

fn clock_only(text: &str) -> Option<NaiveTime> {
    let (word, next) = text.split_once(' ').unwrap_or((text, ""));
    let words = 1 + usize::from(!next.is_empty());
    clock(word, next).filter(|(_, used)| *used == words).map(|(clock, _)| clock)
}

fn half_of_day(word: &str) -> Option<(&str, &'static str)> {
    ["am", "pm", "a.m", "p.m", "a.m.", "p.m."].into_iter().find_map(|end| {
        let half = if end.starts_with('a') { "am" } else { "pm" };
        word.strip_suffix(end).map(|digits| (digits, half))
    })
}

fn number(text: &str, longest: usize) -> Option<u32> {
    let right = (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    right.then(|| text.parse().ok())?
}

fn count_of(word: &str) -> Option<f64> {
    if let Some((_, number)) = COUNTS.iter().find(|(name, _)| *name == word) {
        return Some(*number);
    }
    number(word, 4).map(f64::from)
}

const DAY: i64 = 24 * 60;
const FILLERS: &[&str] = &["at", "on", "in", "the", "this", "of", "about", "around"];
/// Parts of a day, from which hour to which; past 24 is the next day.
const PARTS: &[(&str, u32, u32)] = &[
    ("morning", 5, 12),
    ("afternoon", 12, 18),
    ("evening", 17, 23),
    ("tonight", 18, 24),
    ("night", 18, 30),
];
const UNITS: &[(&[&str], i64)] = &[
    (&["minute", "minutes", "min", "mins"], 1),
    (&["hour", "hours", "h", "hr", "hrs"], 60),
    (&["day", "days"], DAY),
    (&["week", "weeks"], 7 * DAY),
];
const COUNTS: &[(&str, f64)] = &[
    ("half", 0.5),
    ("a", 1.0),
    ("an", 1.0),
    ("one", 1.0),
    ("two", 2.0),
    ("couple", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("fifteen", 15.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("ninety", 90.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 22 November 2026, 14:30:12 at +01:00.
    fn now() -> Moment {
        Moment::from_rfc3339("2026-11-22T14:30:12.345+01:00").unwrap()
    }

    fn json(text: &str) -> String {
        read(text, now()).map_or("words".to_owned(), |time| {
            time.to_json().to_string().replace("+01:00", "").replace('"', "")
        })
    }

    #[test]
    fn what_is_relative_becomes_absolute() {
        for (text, expected) in [
            ("now", "{at:2026-11-22T14:30:12}"),
            ("ten minutes ago", "{at:2026-11-22T14:20:12}"),
            ("10 min ago", "{at:2026-11-22T14:20:12}"),
            ("an hour ago", "{at:2026-11-22T13:30:12}"),
            ("half an hour ago", "{at:2026-11-22T14:00:12}"),
            ("1 hour 20 minutes ago", "{at:2026-11-22T13:10:12}"),
            ("2 hours and 5 minutes ago", "{at:2026-11-22T12:25:12}"),
            ("three days ago", "{from:2026-11-19T00:00:00,to:2026-11-19T23:59:59}"),
            ("yesterday", "{from:2026-11-21T00:00:00,to:2026-11-21T23:59:59}"),
            ("today", "{from:2026-11-22T00:00:00,to:2026-11-22T14:30:12}"),
            ("yesterday 18:00", "{at:2026-11-21T18:00:00}"),
            ("18:00 yesterday", "{at:2026-11-21T18:00:00}"),
            ("yesterday at 6 pm", "{at:2026-11-21T18:00:00}"),
            ("yesterday evening", "{from:2026-11-21T17:00:00,to:2026-11-21T23:00:00}"),
            ("last night", "{from:2026-11-21T18:00:00,to:2026-11-22T06:00:00}"),
            ("this morning", "{from:2026-11-22T05:00:00,to:2026-11-22T12:00:00}"),
            ("this afternoon", "{from:2026-11-22T12:00:00,to:2026-11-22T14:30:12}"),
            ("6 in the evening", "words"),
            ("friday 14:00", "{at:2026-11-20T14:00:00}"),
            ("last friday", "{from:2026-11-20T00:00:00,to:2026-11-20T23:59:59}"),
            ("sunday 9:00", "{at:2026-11-22T09:00:00}"),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn a_bare_clock_time_is_the_last_one_that_was() {
        assert_eq!(json("13:00"), "{at:2026-11-22T13:00:00}");
        assert_eq!(json("at 6pm"), "{at:2026-11-21T18:00:00}");
        assert_eq!(json("noon"), "{at:2026-11-22T12:00:00}");
        assert_eq!(json("12 am"), "{at:2026-11-22T00:00:00}");
        assert_eq!(json("14h05"), "{at:2026-11-22T14:05:00}");
    }

    #[test]
    fn dates_are_read_in_the_usual_ways() {
        for text in [
            "2026-11-20 18:00",
            "2026-11-20t18:00",
            "20.11.2026 18:00",
            "20 november 2026, 18:00",
            "november 20, 2026 at 6 pm",
            "20 nov 18:00",
            "20/11/2026 18:00",
        ] {
            assert_eq!(json(text), "{at:2026-11-20T18:00:00}", "{text}");
        }
        assert_eq!(json("24 december"), "{from:2025-12-24T00:00:00,to:2025-12-24T23:59:59}");
        assert_eq!(json("march 2026"), "{from:2026-03-01T00:00:00,to:2026-03-31T23:59:59}");
    }

    #[test]
    fn a_time_between_two_or_around_one_stays_so() {
        for (text, expected) in [
            ("between 1 and 2 pm", "{from:2026-11-22T13:00:00,to:2026-11-22T14:00:00}"),
            ("13:00-13:30", "{from:2026-11-22T13:00:00,to:2026-11-22T13:30:00}"),
            ("yesterday 23:00 to 1:00", "{from:2026-11-21T23:00:00,to:2026-11-22T01:00:00}"),
            ("from noon until 13:30", "{from:2026-11-22T12:00:00,to:2026-11-22T13:30:00}"),
            ("about an hour ago", "{around:2026-11-22T13:30:12,within_minutes:15}"),
            ("around 13:00", "{around:2026-11-22T13:00:00,within_minutes:22}"),
        ] {
            assert_eq!(json(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_clear_time_stays_words() {
        for text in [
            "",
            "after school",
            "6",
            "03/04/2026",
            "25:00",
            "13 pm",
            "monday tuesday",
            "ago",
            "ten ago",
            "minutes ago",
            "99999999999999 days ago",
            "9999 weeks ago ago",
            "30.02.2026",
        ] {
            assert_eq!(json(text), "words", "{text}");
        }
    }

    #[test]
    fn a_broken_clock_makes_no_text_panic() {
        for unix_ms in [i64::MIN, i64::MIN + 1, -62_135_596_800_000, 253_402_300_799_999, i64::MAX]
        {
            for offset_minutes in [i32::MIN, -1439, 0, 1439, i32::MAX] {
                let now = Moment { unix_ms, offset_minutes };
                for text in
                    ["now", "last night", "monday 9:00", "3 days ago", "about noon", "24 may"]
                {
                    let time = read(text, now).map(|time| time.to_json());
                    let again =
                        time.as_ref().map(|json| Time::from_json(json.as_object().unwrap()));
                    assert!(again.is_none_or(|again| again.is_some()), "{text} {now:?}");
                }
            }
        }
    }
}
