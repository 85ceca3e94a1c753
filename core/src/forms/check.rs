//! Tells the person what is missing or odd, and never stands in the way.
//!
//! A problem is shown beside its field and blocks nothing: a frightened parent may be right and
//! the form wrong. The one thing refused is a report that nobody could act on.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::form::{Field, Form};
use super::ids::FieldId;
use super::kind::{Kind, Unit};
use super::moment::Moment;
use super::values::{Age, BodyMark, Number, Place, Time};

/// Something about one answer that the person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field.
    pub field: FieldId,
    /// What about it.
    pub reason: ProblemReason,
}

/// Why an answer should be looked at, or could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemReason {
    /// Nothing is answered yet, not even "don't know".
    Missing,
    /// The words are kept, but could not be read as a date, time, age or number.
    NotUnderstood,
    /// Not one of the choices; kept as typed.
    NotAChoice,
    /// The time lies ahead.
    InTheFuture,
    /// The later time comes before the earlier one.
    EndBeforeStart,
    /// An age that few children have.
    AgeUnlikely,
    /// A number that is hardly right.
    NumberUnlikely,
    /// A unit that the field does not have.
    UnitUnknown,
    /// Too few or too many digits for a telephone number.
    PhoneUnlikely,
    /// No such place on earth, or the place that broken devices name.
    PlaceUnlikely,
    /// The pin may be more than a kilometre off.
    PlaceVague,
    /// A mark's pin lies outside of the body map.
    PinOutsideMap,
    /// Longer than people will read.
    TooLong,
    /// More files than the field takes.
    TooManyMedia,
    /// "Don't know" is no answer here.
    UnknownNotAnAnswer,
    /// The answer has another shape than this kind of field.
    WrongShape,
    /// The report says nothing that anybody could act on. The only one that stops sending.
    NothingToActOn,
}

/// How far a form is filled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many questions are answered, "don't know" included.
    pub answered: usize,
    /// How many questions are asked.
    pub total: usize,
}

impl ProblemReason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Missing,
        Self::NotUnderstood,
        Self::NotAChoice,
        Self::InTheFuture,
        Self::EndBeforeStart,
        Self::AgeUnlikely,
        Self::NumberUnlikely,
        Self::UnitUnknown,
        Self::PhoneUnlikely,
        Self::PlaceUnlikely,
        Self::PlaceVague,
        Self::PinOutsideMap,
        Self::TooLong,
        Self::TooManyMedia,
        Self::UnknownNotAnAnswer,
        Self::WrongShape,
        Self::NothingToActOn,
    ];

    /// The message that tells the person.
    #[must_use]
    pub fn message_id(self) -> &'static str {
        match self {
            Self::Missing => "problem-missing",
            Self::NotUnderstood => "problem-not-understood",
            Self::NotAChoice => "problem-not-a-choice",
            Self::InTheFuture => "problem-in-the-future",
            Self::EndBeforeStart => "problem-end-before-start",
            Self::AgeUnlikely => "problem-age-unlikely",
            Self::NumberUnlikely => "problem-number-unlikely",
            Self::UnitUnknown => "problem-unit-unknown",
            Self::PhoneUnlikely => "problem-phone-unlikely",
            Self::PlaceUnlikely => "problem-place-unlikely",
            Self::PlaceVague => "problem-place-vague",
            Self::PinOutsideMap => "problem-pin-outside-map",
            Self::TooLong => "problem-too-long",
            Self::TooManyMedia => "problem-too-many-media",
            Self::UnknownNotAnAnswer => "problem-unknown-not-an-answer",
            Self::WrongShape => "problem-wrong-shape",
            Self::NothingToActOn => "problem-nothing-to-act-on",
        }
    }
}

/// What the person should look at, in the order of the form. Fields that are not asked have no
/// problems. `media` says how many files each field has.
#[must_use]
pub fn check(
    form: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    media: &BTreeMap<FieldId, usize>,
    now: Moment,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in form.shown(answers) {
        let mut tell = |reason| problems.push(Problem { field: field.id.clone(), reason });
        let attached = media.get(&field.id).copied().unwrap_or(0);
        if let Kind::Media { max, .. } = field.kind
            && attached > max
        {
            tell(ProblemReason::TooManyMedia);
        }
        match answers.get(&field.id).filter(|answer| !answer.is_empty()) {
            Some(answer) => odd(field, answer, now).into_iter().for_each(tell),
            None if field.expected && attached == 0 => tell(ProblemReason::Missing),
            None => {}
        }
    }
    problems
}

/// Why the report can't be sent yet, if nobody could act on it.
#[must_use]
pub fn useless(
    form: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    media: &BTreeMap<FieldId, usize>,
) -> Option<ProblemReason> {
    let says_something = |field: &FieldId| {
        let answered =
            answers.get(field).is_some_and(|it| *it != Answer::Unknown && !it.is_empty());
        answered || media.get(field).is_some_and(|attached| *attached > 0)
    };
    let useful = form.needs_any_of.is_empty() || form.needs_any_of.iter().any(says_something);
    (!useful).then_some(ProblemReason::NothingToActOn)
}

/// What a draft is called in a list.
#[must_use]
pub fn title(form: &Form, answers: &BTreeMap<FieldId, Answer>) -> Option<String> {
    form.title_from.iter().find_map(|field| match answers.get(field)? {
        Answer::PersonName(name) => name.in_one_line(),
        Answer::Text(text) => Some(text.lines().next()?.to_owned()),
        Answer::Place(place) => place.words.clone().or_else(|| place.address.clone()),
        _ => None,
    })
}

/// How many of the questions that are asked have an answer. Permissions are not counted: leaving
/// them out is an answer.
#[must_use]
pub fn progress(
    form: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    media: &BTreeMap<FieldId, usize>,
) -> Progress {
    let mut progress = Progress::default();
    for field in form.shown(answers) {
        if matches!(field.kind, Kind::Permission { .. }) {
            continue;
        }
        let answered = answers.get(&field.id).is_some_and(|answer| !answer.is_empty());
        let attached = media.get(&field.id).is_some_and(|attached| *attached > 0);
        progress.total += 1;
        progress.answered += usize::from(answered || attached);
    }
    progress
}

/// What is odd about one answer.
fn odd(field: &Field, answer: &Answer, now: Moment) -> Option<ProblemReason> {
    match (&field.kind, answer) {
        (_, Answer::Unknown) => {
            (!field.unknown_allowed).then_some(ProblemReason::UnknownNotAnAnswer)
        }
        (_, Answer::Words(_)) => Some(ProblemReason::NotUnderstood),
        (kind, Answer::Text(text)) => {
            let limit = if *kind == Kind::Text { LONG_LINE } else { LONG_TEXT };
            (text.chars().count() > limit).then_some(ProblemReason::TooLong)
        }
        (_, Answer::Age(age)) => odd_age(*age, now),
        (_, Answer::Time(time)) => odd_time(time, now),
        (_, Answer::Place(place)) => odd_place(place),
        (Kind::Choice { choices }, Answer::Choice(choice)) => {
            let known = choices.iter().any(|known| known.as_str() == choice);
            (!known).then_some(ProblemReason::NotAChoice)
        }
        (Kind::Many { choices }, Answer::Many(chosen)) => {
            let known = |choice: &String| choices.iter().any(|known| known.as_str() == choice);
            (!chosen.iter().all(known)).then_some(ProblemReason::NotAChoice)
        }
        (Kind::Number { units }, Answer::Number(number)) => odd_number(units, number),
        (_, Answer::Phone(phone)) => {
            let digits = phone.digits().chars().filter(char::is_ascii_digit).count();
            (!PHONE_DIGITS.contains(&digits)).then_some(ProblemReason::PhoneUnlikely)
        }
        (_, Answer::BodyMarks(marks)) => {
            let on_map = marks.iter().all(BodyMark::has_pin_on_map);
            (!on_map).then_some(ProblemReason::PinOutsideMap)
        }
        _ => None,
    }
}

fn odd_age(age: Age, now: Moment) -> Option<ProblemReason> {
    match age.at(now, now) {
        None => Some(ProblemReason::InTheFuture),
        Some(years) if years.from > OLDEST => Some(ProblemReason::AgeUnlikely),
        Some(_) => None,
    }
}

fn odd_time(time: &Time, now: Moment) -> Option<ProblemReason> {
    let Some((from, to)) = time.span() else { return Some(ProblemReason::NotUnderstood) };
    if from.unix_ms > to.unix_ms {
        return Some(ProblemReason::EndBeforeStart);
    }
    // Two clocks are never quite the same.
    let ahead = from.unix_ms > now.unix_ms.saturating_add(5 * 60_000);
    ahead.then_some(ProblemReason::InTheFuture)
}

fn odd_place(place: &Place) -> Option<ProblemReason> {
    let has_pin = place.latitude.is_some() || place.longitude.is_some();
    match place.pin() {
        None if has_pin => Some(ProblemReason::PlaceUnlikely),
        // Zero and zero is what a device says that does not know.
        Some((0.0, 0.0)) => Some(ProblemReason::PlaceUnlikely),
        Some(_) if place.accuracy_m.is_some_and(|metres| metres > VAGUE_M) => {
            Some(ProblemReason::PlaceVague)
        }
        _ => None,
    }
}

fn odd_number(units: &[Unit], number: &Number) -> Option<ProblemReason> {
    let Some(said) = number.unit.as_ref().or(units.first().map(|unit| &unit.id)) else {
        return (number.value < 0.0).then_some(ProblemReason::NumberUnlikely);
    };
    let Some(unit) = units.iter().find(|unit| unit.id == *said) else {
        return Some(ProblemReason::UnitUnknown);
    };
    let low = number.value < unit.min.unwrap_or(0.0);
    let high = unit.max.is_some_and(|max| number.value > max);
    (low || high).then_some(ProblemReason::NumberUnlikely)
}

const LONG_LINE: usize = 500;
const LONG_TEXT: usize = 20_000;
const OLDEST: u16 = 21;
const VAGUE_M: f64 = 1_000.0;
/// From the shortest numbers in use to the longest that the telephone network has.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 3..=15;
