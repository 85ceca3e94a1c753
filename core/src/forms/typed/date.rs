//! Dates as people type them.

use chrono::{Datelike, NaiveDate};

use crate::forms::moment::Moment;
use crate::forms::values::PartialDate;

/// A date of birth: "12 March 2019", "2019-05", "12.3.2019", "2019".
pub(super) fn birth(plain: &str, now: Moment) -> Option<PartialDate> {
    let date = partial(plain)?;
    let first = date.first_day()?;
    // A year before 1900 is rather of another calendar: the words are kept instead.
    (first.year() >= 1900 && first <= now.date()).then_some(date)
}

/// A day, or the month or year that is all that is said.
pub(super) fn partial(plain: &str) -> Option<PartialDate> {
    PartialDate::parse(plain).or_else(|| numeric(plain)).or_else(|| named(plain, None))
}

/// A day, perhaps without its year: then the last one that was.
pub(super) fn past_day(plain: &str, now: Moment) -> Option<PartialDate> {
    partial(plain).or_else(|| {
        let this_year = now.date().year();
        let in_year = |year| named(plain, Some(year));
        in_year(this_year)
            .filter(|date| date.first_day().is_some_and(|day| day <= now.date()))
            .or_else(|| in_year(this_year - 1))
    })
}

/// The last day with this name, today included.
pub(super) fn past_weekday(word: &str, now: Moment) -> Option<NaiveDate> {
    let wanted = WEEKDAYS.iter().position(|names| names.contains(&word))?;
    let today = now.date();
    let back = (7 + today.weekday().num_days_from_monday() as usize - wanted) % 7;
    today.checked_sub_days(chrono::Days::new(back as u64))
}

/// Dates in digits. With points the day comes first wherever points are used; with other signs
/// the order differs from country to country, so the date must be clear by itself.
fn numeric(plain: &str) -> Option<PartialDate> {
    let sign = plain.chars().find(|c| matches!(c, '.' | '/' | '-'))?;
    let parts: Option<Vec<u32>> =
        plain.trim_end_matches('.').split(sign).map(|part| number(part.trim())).collect();
    let day = |y: u32, m, d| PartialDate::new(i32::try_from(y).ok()?, Some(m), Some(d));
    match *parts?.as_slice() {
        [y, m, d] if y > 999 => day(y, m, d),
        [d, m, y] if y > 999 && (sign == '.' || d > 12 || d == m) => day(y, m, d),
        [m, d, y] if y > 999 && d > 12 => day(y, m, d),
        [m, y] if y > 999 => PartialDate::new(i32::try_from(y).ok()?, Some(m), None),
        _ => None,
    }
}

/// Dates with the month's name.
fn named(plain: &str, year: Option<i32>) -> Option<PartialDate> {
    let (mut month, mut day, mut said_year) = (None, None, None);
    for word in plain.split([' ', ',', '.', '-', '/']).filter(|it| !it.is_empty()) {
        if matches!(word, "of" | "the") {
            continue;
        }
        let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
        match (month_of(word), number(digits.unwrap_or(word))) {
            (Some(number), _) if month.is_none() => month = Some(number),
            (None, Some(number)) if number > 999 && said_year.is_none() => said_year = Some(number),
            (None, Some(number)) if number <= 31 && day.is_none() => day = Some(number),
            _ => return None,
        }
    }
    let said_year = said_year.and_then(|year| i32::try_from(year).ok());
    let year = match year {
        Some(_) if said_year.is_some() || day.is_none() => return None,
        Some(year) => year,
        None => said_year?,
    };
    PartialDate::new(year, Some(month?), day)
}

fn month_of(word: &str) -> Option<u32> {
    let long_enough = word.len() >= 3 && word.is_ascii();
    let at = MONTHS.iter().position(|month| long_enough && month.starts_with(word));
    at.or((word == "sept").then_some(8)).and_then(|at| u32::try_from(at + 1).ok())
}

fn number(text: &str) -> Option<u32> {
    let right = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    right.then(|| text.parse().ok())?
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [[&str; 3]; 7] = [
    ["monday", "mon", "mon."],
    ["tuesday", "tue", "tues"],
    ["wednesday", "wed", "wed."],
    ["thursday", "thu", "thurs"],
    ["friday", "fri", "fri."],
    ["saturday", "sat", "sat."],
    ["sunday", "sun", "sun."],
];
