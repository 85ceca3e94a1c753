//! Reads what a person typed into one box.
//!
//! A picker is better, and the apps have pickers. But in a shell, in one text box or by a
//! stranger's words on the telephone, an answer comes as "ten minutes ago" or "7-9". Whatever can't
//! be read is kept as the words that it is: reading never fails.

mod date;
mod time;

use super::answer::Answer;
use super::clean;
use super::ids::ChoiceId;
use super::kind::{Kind, Unit};
use super::moment::Moment;
use super::values::{Age, BodyMark, Number, PersonName, Phone, Place, Time, Vehicle, is_on_earth};

/// See [`Answer::from_text`].
pub(super) fn read(kind: &Kind, text: &str, now: Moment) -> Answer {
    let line = clean::line(text);
    let plain = clean::ascii_digits(&line).to_lowercase();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match kind {
        Kind::Text => Answer::Text(line),
        Kind::LongText => Answer::Text(clean::lines(text)),
        // Typed where something was to be attached: kept all the same.
        Kind::Voice | Kind::Media { .. } => Answer::Words(clean::lines(text)),
        Kind::PersonName => Answer::PersonName(PersonName::in_full(&line)),
        Kind::Age => age(&plain, now).map_or(Answer::Words(line), Answer::Age),
        Kind::Time { ahead } => {
            Answer::Time(time::read(&plain, *ahead, now).unwrap_or(Time::Words(line)))
        }
        Kind::Place => {
            Answer::Place(pin(&plain).map_or_else(|| Place::in_words(&line), Place::at_pin))
        }
        Kind::Choice { choices } => Answer::Choice(choice(choices, &line)),
        Kind::Many { choices } => Answer::Many(many(choices, &line)),
        Kind::Number { units } => number(units, &plain).map_or(Answer::Words(line), Answer::Number),
        Kind::Phone => Answer::Phone(Phone::new(&line)),
        Kind::Vehicle => Answer::Vehicle(Vehicle::in_words(&line)),
        Kind::BodyMarks if line.is_empty() => Answer::BodyMarks(Vec::new()),
        Kind::BodyMarks => Answer::BodyMarks(vec![BodyMark::in_words(&line)]),
        Kind::Permission { .. } => {
            permission(&plain).map_or(Answer::Words(line), Answer::Permission)
        }
    }
}

/// "7", "7-9", "7 or 8", "8 months", "12 March 2019", "2019".
fn age(plain: &str, now: Moment) -> Option<Age> {
    let plain =
        plain.trim_start_matches("born").trim_start_matches(" on ").trim_start_matches(" in ");
    let plain = plain.trim();
    if let Some(born) = date::birth(plain, now) {
        return Some(Age::Born(born));
    }
    let bare = plain.trim_end_matches("old").trim_end();
    if let Some(months) = without_unit(bare, &["months", "month"]) {
        return small(months).map(Age::Months);
    }
    let bare = without_unit(bare, &["years", "year", "yrs", "yr", "y"]).unwrap_or(bare);
    if let Some(age) = small(bare) {
        return Some(Age::Years(age));
    }
    let (from, to) = [" or ", " to ", "-", "–", "/"].iter().find_map(|by| bare.split_once(by))?;
    let (from, to) = (small(from.trim())?, small(to.trim())?);
    (from <= to).then_some(Age::Range { from, to })
}

/// "48.1, 11.5", "48,1 11,5", "geo:48.1,11.5".
fn pin(plain: &str) -> Option<(f64, f64)> {
    let plain = plain.trim_start_matches("geo:");
    let (latitude, longitude) = plain
        .split_once(", ")
        .or_else(|| plain.split_once("; "))
        .or_else(|| plain.split_once(' '))
        .or_else(|| plain.split_once(','))
        .or_else(|| plain.split_once(';'))?;
    let pin = (degrees(latitude, 'n', 's')?, degrees(longitude, 'e', 'w')?);
    is_on_earth(pin).then_some(pin)
}

fn degrees(text: &str, positive: char, negative: char) -> Option<f64> {
    let text = text.trim();
    let number = text.trim_end_matches([positive, negative]).trim_end().trim_end_matches('°');
    let value = decimal(number.trim())?;
    Some(if text.ends_with(negative) { -value } else { value })
}

/// The choice that is meant, or the words.
fn choice(choices: &[ChoiceId], line: &str) -> String {
    let wanted = line.to_lowercase().replace([' ', '-'], "_");
    let found = choices.iter().find(|choice| choice.as_str() == wanted);
    found.map_or_else(|| line.to_owned(), |choice| choice.as_str().to_owned())
}

fn many(choices: &[ChoiceId], line: &str) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for part in line.split([',', ';', '،', '、', '，']).map(str::trim).filter(|it| !it.is_empty())
    {
        let part = choice(choices, part);
        if !chosen.contains(&part) {
            chosen.push(part);
        }
    }
    chosen
}

/// "132 cm", "1.32 m", "4 ft 2 in", "4'2\"", "132".
fn number(units: &[Unit], plain: &str) -> Option<Number> {
    let mut total = 0.0;
    let mut used: Option<ChoiceId> = None;
    let mut rest =
        plain.replace("feet", "ft").replace("foot", "ft").replace('’', "'").replace('″', "\"");
    if units.is_empty() {
        return decimal(&rest).map(|value| Number { value, unit: None });
    }
    // Feet and inches are two numbers of one value.
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
            .unwrap_or(rest.len());
        let value = decimal(rest.get(..end)?)?;
        rest = rest.get(end..)?.trim_start().to_owned();
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let word = rest.get(..end)?.trim().trim_end_matches('.').to_owned();
        rest = rest.get(end..)?.to_owned();
        let (unit, times) = match (word.as_str(), &used) {
            ("", Some(unit)) => (unit.clone(), 1.0),
            (word, _) => unit_of(units, word)?,
        };
        if used.as_ref().is_some_and(|used| *used != unit) {
            return None;
        }
        total += value * times;
        used = Some(unit);
    }
    Some(Number { value: (total * 100.0).round() / 100.0, unit: Some(used?) })
}

/// The unit that a word means, and how many of it one of the word is.
fn unit_of(units: &[Unit], word: &str) -> Option<(ChoiceId, f64)> {
    if word.is_empty() {
        return units.first().map(|unit| (unit.id.clone(), 1.0));
    }
    let (id, times) = UNIT_WORDS
        .iter()
        .find(|(known, ..)| *known == word)
        .map_or((word, 1.0), |(_, id, times)| (*id, *times));
    let unit = units.iter().find(|unit| unit.id.as_str() == id)?;
    Some((unit.id.clone(), times))
}

fn permission(plain: &str) -> Option<bool> {
    match plain {
        "yes" | "y" | "true" => Some(true),
        "no" | "n" | "false" => Some(false),
        _ => None,
    }
}

fn without_unit<'a>(text: &'a str, units: &[&str]) -> Option<&'a str> {
    units.iter().find_map(|unit| text.strip_suffix(unit)).map(str::trim_end)
}

/// An age that a person can have.
fn small(text: &str) -> Option<u16> {
    let right = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    right.then(|| text.parse().ok())?.filter(|number| *number <= 150)
}

/// A decimal number with a point or a comma; never an infinite one.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b','));
    let number: f64 = plain.then(|| text.replacen(',', ".", 1).parse().ok())??;
    number.is_finite().then_some(number)
}

/// Words for units, the unit they are counted in, and how many of it.
const UNIT_WORDS: &[(&str, &str, f64)] = &[
    ("centimetres", "cm", 1.0),
    ("centimeters", "cm", 1.0),
    ("m", "cm", 100.0),
    ("metres", "cm", 100.0),
    ("meters", "cm", 100.0),
    ("'", "in", 12.0),
    ("ft", "in", 12.0),
    ("\"", "in", 1.0),
    ("inches", "in", 1.0),
    ("kilos", "kg", 1.0),
    ("kilograms", "kg", 1.0),
    ("g", "kg", 0.001),
    ("lbs", "lb", 1.0),
    ("pounds", "lb", 1.0),
    ("st", "lb", 14.0),
    ("stone", "lb", 14.0),
];
