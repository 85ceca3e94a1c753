//! "Ten minutes ago", "two and a half hours ago", "2-3 hours ago"; ahead of time "in two hours".

use super::{Asked, earlier, loosened, number, whole_day};
use crate::forms::values::Time;

/// Reads how long ago something was, or in how long it will be.
pub(super) fn read(plain: &str, asked: Asked) -> Option<Time> {
    let Asked { now, ahead } = asked;
    if let Some(length) = plain.strip_prefix("in ").filter(|_| ahead) {
        let Length { minutes, unit, .. } = length_of(length)?;
        return now.minutes_earlier(-minutes).filter(|_| unit < DAY).map(Time::At);
    }
    let said = plain.strip_suffix(" ago")?;
    if let Some((short, long)) = two(said) {
        let (from, to) = (now.minutes_earlier(long.minutes)?, now.minutes_earlier(short)?);
        return (long.unit < DAY && from < to).then_some(Time::Between { from, to });
    }
    let Length { minutes, unit, is_vague, .. } = length_of(said)?;
    // Nobody means the minute when saying "three days ago".
    if unit >= DAY {
        let days = u64::try_from(minutes / DAY).ok().filter(|_| minutes % DAY == 0)?;
        let day = earlier(asked.today(), days)?;
        return whole_day(day, now).filter(|_| chrono::Datelike::year(&day) >= 1900);
    }
    let at = now.minutes_earlier(minutes).map(Time::At)?;
    Some(if is_vague { loosened(at, now) } else { at })
}

/// How long.
struct Length {
    minutes: i64,
    /// The smallest unit that was said, in minutes.
    unit: i64,
    /// How many units were said.
    units: usize,
    is_vague: bool,
}

/// "2-3 hours", "two or three hours", "between 10 and 15 minutes": the shorter in minutes, and the
/// longer.
fn two(said: &str) -> Option<(i64, Length)> {
    let (short, long) = match said.strip_prefix("between ") {
        Some(rest) => rest.split_once(" and ")?,
        // "Twenty-five" is one number.
        None => [" to ", " or ", " - ", "–", "-"]
            .iter()
            .find_map(|by| said.split_once(by))
            .filter(|(short, _)| said.contains(' ') && !short.ends_with("ty"))?,
    };
    let long = length_of(long.trim())?;
    let short = number_of(short.trim())? * long.unit as f64;
    (long.units == 1 && long.minutes % long.unit == 0).then_some((short as i64, long))
}

/// "An hour", "1 hour 20 minutes", "two and a half hours", "an hour and a half".
fn length_of(said: &str) -> Option<Length> {
    let mut plain = format!("{said} ");
    for (words, sum) in SUMS {
        plain = plain.replace(words, sum);
    }
    let plain = apart(&plain);
    let (mut minutes, mut count) = (0.0, None::<f64>);
    let (mut unit, mut units) = (None::<i64>, 0);
    for word in plain.split([' ', '-']).filter(|word| !matches!(*word, "" | "and" | "of")) {
        if let Some(more) = word.strip_prefix('+') {
            let more: f64 = more.parse().ok()?;
            match (&mut count, unit) {
                (Some(count), _) => *count += more,
                // "An hour and a half": half of what was said last.
                (None, Some(unit)) => minutes += more * unit as f64,
                (None, None) => return None,
            }
        } else if let Some(number) = number_of(word) {
            count = Some(match count {
                None => number,
                // "Twenty five", never "two three".
                Some(tens) if tens >= 20.0 && tens % 10.0 == 0.0 && is_one_word(word) => {
                    tens + number
                }
                Some(_) => return None,
            });
        } else {
            let (_, length) = UNITS.iter().find(|(names, _)| names.contains(&word))?;
            minutes += count.take()? * *length as f64;
            unit = Some(unit.map_or(*length, |before| before.min(*length)));
            units += 1;
        }
    }
    let is_sane = count.is_none() && minutes < 1e9;
    let is_vague = plain.contains("couple");
    is_sane.then_some(Length { minutes: minutes.round() as i64, unit: unit?, units, is_vague })
}

/// "2h" as two words, and "1,5" as 1.5.
fn apart(plain: &str) -> String {
    let mut apart = String::with_capacity(plain.len());
    for c in plain.chars() {
        let digit_before = apart.ends_with(|before: char| before.is_ascii_digit());
        match c {
            ',' if digit_before => apart.push('.'),
            c if c.is_alphabetic() && digit_before => apart.extend([' ', c]),
            c => apart.push(c),
        }
    }
    apart
}

/// A number in digits, with a fraction perhaps, or as a word.
fn number_of(word: &str) -> Option<f64> {
    if let Some((_, number)) = COUNTS.iter().find(|(name, _)| *name == word) {
        return Some(*number);
    }
    let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let (_, _) = (number(whole, 4)?, number(fraction, 2)?);
    word.parse().ok()
}

/// The hour or count that a word is, if it is a whole number.
pub(super) fn whole(word: &str) -> Option<u32> {
    let is_name =
        |(name, _): &&(&str, f64)| *name == word && !matches!(word, "a" | "an" | "couple");
    let named = COUNTS.iter().find(is_name).map(|(_, number)| *number as u32);
    named.or_else(|| number(word, 2))
}

fn is_one_word(word: &str) -> bool {
    whole(word).is_some_and(|number| number < 10) && !word.starts_with(|c: char| c.is_ascii_digit())
}

const DAY: i64 = 24 * 60;
/// What stands for a part of a unit.
const SUMS: &[(&str, &str)] = &[
    (" and a half ", " +0.5 "),
    (" and a quarter ", " +0.25 "),
    ("three quarters of an ", "0.75 "),
    ("a quarter of an ", "0.25 "),
    ("quarter of an ", "0.25 "),
    ("half an ", "0.5 "),
    ("half a ", "0.5 "),
    ("a half ", "0.5 "),
    ("half ", "0.5 "),
    ("a couple ", "couple "),
];
const UNITS: &[(&[&str], i64)] = &[
    (&["minute", "minutes", "min", "mins"], 1),
    (&["hour", "hours", "h", "hr", "hrs"], 60),
    (&["day", "days"], DAY),
    (&["week", "weeks"], 7 * DAY),
];
const COUNTS: &[(&str, f64)] = &[
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
