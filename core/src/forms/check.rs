//! Tells the person what is missing or odd, and never stands in the way.
//!
//! A problem is shown beside its field and blocks nothing: a frightened parent may be right and
//! the form wrong. The one thing refused is a report that nobody could act on.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::form::{Field, Form, Stage};
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
    /// The time lies further back than what is asked for can be.
    LongAgo,
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
    /// A mark names a photo that is not attached beside it.
    MarkPhotoMissing,
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
    pub const ALL: [Self; 19] = [
        Self::Missing,
        Self::NotUnderstood,
        Self::NotAChoice,
        Self::InTheFuture,
        Self::LongAgo,
        Self::EndBeforeStart,
        Self::AgeUnlikely,
        Self::NumberUnlikely,
        Self::UnitUnknown,
        Self::PhoneUnlikely,
        Self::PlaceUnlikely,
        Self::PlaceVague,
        Self::PinOutsideMap,
        Self::MarkPhotoMissing,
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
            Self::LongAgo => "problem-long-ago",
            Self::EndBeforeStart => "problem-end-before-start",
            Self::AgeUnlikely => "problem-age-unlikely",
            Self::NumberUnlikely => "problem-number-unlikely",
            Self::UnitUnknown => "problem-unit-unknown",
            Self::PhoneUnlikely => "problem-phone-unlikely",
            Self::PlaceUnlikely => "problem-place-unlikely",
            Self::PlaceVague => "problem-place-vague",
            Self::PinOutsideMap => "problem-pin-outside-map",
            Self::MarkPhotoMissing => "problem-mark-photo-missing",
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

/// Marks on the body whose photo is not attached beside them: it was taken off, or never came.
#[must_use]
pub fn marks_without_photo(
    form: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    is_attached: impl Fn(&FieldId, &str) -> bool,
) -> Vec<Problem> {
    let lacks = |field: &&Field| match answers.get(&field.id) {
        Some(Answer::BodyMarks(marks)) => {
            let mut photos = marks.iter().filter_map(|mark| mark.photo.as_deref());
            photos.any(|photo| !is_attached(&field.id, photo))
        }
        _ => false,
    };
    let missing = form.shown(answers).into_iter().filter(lacks);
    let reason = ProblemReason::MarkPhotoMissing;
    missing.map(|field| Problem { field: field.id.clone(), reason }).collect()
}

/// Why the report can't be sent yet, if nobody could act on it. What is attached to any question
/// may say it all, and only what is asked leaves.
#[must_use]
pub fn useless(
    form: &Form,
    answers: &BTreeMap<FieldId, Answer>,
    media: &BTreeMap<FieldId, usize>,
) -> Option<ProblemReason> {
    let says_something = |field: &&Field| {
        let answer = answers.get(&field.id).filter(|it| **it != Answer::Unknown && !it.is_empty());
        answer.is_some() && form.needs_any_of.contains(&field.id)
    };
    let useful = form.needs_any_of.is_empty()
        || media.values().any(|attached| *attached > 0)
        || form.shown(answers).iter().any(says_something);
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
        (Kind::Time { ahead }, Answer::Time(time)) => odd_time(field, time, *ahead, now),
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

fn odd_time(field: &Field, time: &Time, may_lie_ahead: bool, now: Moment) -> Option<ProblemReason> {
    let Some((from, to)) = time.span() else { return Some(ProblemReason::NotUnderstood) };
    if from.unix_ms > to.unix_ms {
        return Some(ProblemReason::EndBeforeStart);
    }
    // Two clocks are never quite the same.
    let ahead = from.unix_ms > now.unix_ms.saturating_add(5 * 60_000);
    if ahead && !may_lie_ahead {
        return Some(ProblemReason::InTheFuture);
    }
    // What leaves first is what has just happened. A photo may be older, but no older than a child.
    let years = if field.stage == Stage::FirstMinute { 1 } else { i64::from(OLDEST) };
    let long_ago = now.unix_ms.saturating_sub(years * YEAR_MS);
    (from.unix_ms < long_ago).then_some(ProblemReason::LongAgo)
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
const YEAR_MS: i64 = 366 * 24 * 3_600_000;
const VAGUE_M: f64 = 1_000.0;
/// From the shortest numbers in use to the longest that the telephone network has.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 3..=15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::forms::ids::FormId;

    fn form(id: &str) -> &'static Form {
        Form::built_in(&FormId::new(id).unwrap()).unwrap()
    }

    fn now() -> Moment {
        Moment::from_rfc3339("2026-11-22T14:30:12+01:00").unwrap()
    }

    fn answer(field: &str, json: &Value) -> BTreeMap<FieldId, Answer> {
        let id = FieldId::new(field).unwrap();
        let kind = &form("missing_child").field(&id).unwrap().kind;
        BTreeMap::from([(id, Answer::from_json(kind, json).unwrap())])
    }

    /// What is said about one answer.
    fn told(field: &str, json: Value) -> Vec<ProblemReason> {
        let problems = check(form("missing_child"), &answer(field, &json), &BTreeMap::new(), now());
        let about = problems.into_iter().filter(|problem| problem.field.as_str() == field);
        about.map(|problem| problem.reason).collect()
    }

    #[test]
    fn an_empty_report_misses_the_first_minute_and_nothing_else() {
        let problems = check(form("missing_child"), &BTreeMap::new(), &BTreeMap::new(), now());
        assert_eq!(problems.len(), 10);
        assert!(problems.iter().all(|problem| problem.reason == ProblemReason::Missing));
    }

    #[test]
    fn dont_know_is_an_answer() {
        assert_eq!(told("child_name", json!({ "unknown": true })), []);
        assert_eq!(told("child_name", json!({})), [ProblemReason::Missing]);
    }

    #[test]
    fn a_recording_answers_a_question() {
        let spoken = BTreeMap::from([(FieldId::new("clothing").unwrap(), 1)]);
        let problems = check(form("missing_child"), &BTreeMap::new(), &spoken, now());
        assert!(!problems.iter().any(|problem| problem.field.as_str() == "clothing"));
    }

    #[test]
    fn odd_answers_are_told_and_kept() {
        use ProblemReason as R;
        for (field, json, reason) in [
            ("relation", json!("stepmum"), R::NotAChoice),
            ("dangers", json!(["taken", "rabies"]), R::NotAChoice),
            ("child_age", json!({ "words": "in year two" }), R::NotUnderstood),
            ("child_age", json!({ "years": 48 }), R::AgeUnlikely),
            ("child_age", json!({ "born": "2027" }), R::InTheFuture),
            ("last_seen_time", json!({ "words": "after school" }), R::NotUnderstood),
            ("last_seen_time", json!({ "at": "2026-11-22T15:30:12+01:00" }), R::InTheFuture),
            ("last_seen_time", json!({ "at": "1835-04-02T10:00:00Z" }), R::LongAgo),
            ("last_seen_time", json!({ "at": "2025-10-22T10:00:00Z" }), R::LongAgo),
            ("photo_time", json!({ "at": "1835-04-02T10:00:00Z" }), R::LongAgo),
            (
                "last_seen_time",
                json!({ "from": "2026-11-22T12:00:00Z", "to": "2026-11-22T11:00:00Z" }),
                R::EndBeforeStart,
            ),
            ("last_seen_place", json!({ "latitude": 0.0, "longitude": 0.0 }), R::PlaceUnlikely),
            ("last_seen_place", json!({ "latitude": 48.0 }), R::PlaceUnlikely),
            ("last_seen_place", json!({ "latitude": 91, "longitude": 0 }), R::PlaceUnlikely),
            (
                "last_seen_place",
                json!({ "latitude": 48, "longitude": 11, "accuracy_m": 3000 }),
                R::PlaceVague,
            ),
            ("reporter_phone", json!("call me"), R::PhoneUnlikely),
            ("height", json!({ "value": 1.32, "unit": "cm" }), R::NumberUnlikely),
            ("height", json!({ "value": 3, "unit": "yards" }), R::UnitUnknown),
            ("body_marks", json!([{ "x": 1.5, "y": 0.1 }]), R::PinOutsideMap),
            ("clothing", json!("a".repeat(20_001)), R::TooLong),
        ] {
            assert_eq!(told(field, json.clone()), [reason], "{field} {json}");
        }
    }

    #[test]
    fn ordinary_answers_are_not_questioned() {
        for (field, json) in [
            ("reporter_phone", json!("+49 (0)170 123 45 67")),
            ("reporter_phone", json!("112")),
            ("child_age", json!({ "born": "2026-11" })),
            ("child_age", json!({ "months": 0 })),
            ("last_seen_time", json!({ "at": "2026-11-22T14:33:00+01:00" })),
            ("last_seen_time", json!({ "at": "2025-12-24T18:00:00+01:00" })),
            ("photo_time", json!({ "at": "2019-06-01T12:00:00+01:00" })),
            ("last_seen_place", json!({ "words": "at the lake" })),
            ("height", json!({ "value": 132, "unit": "cm" })),
            ("height", json!(132)),
            ("dose_by", json!({ "at": "2026-11-23T08:00:00+01:00" })),
        ] {
            assert_eq!(told(field, json.clone()), [], "{field} {json}");
        }
    }

    #[test]
    fn only_a_report_that_says_nothing_is_refused() {
        let report = form("missing_child");
        let none = BTreeMap::new();
        assert_eq!(useless(report, &BTreeMap::new(), &none), Some(ProblemReason::NothingToActOn));
        for (field, json) in [
            ("child_name", json!({ "unknown": true })),
            ("relation", json!("mother")),
            ("permit_poster", json!(true)),
        ] {
            assert!(useless(report, &answer(field, &json), &none).is_some(), "{field}");
        }
        assert_eq!(useless(report, &answer("clothing", &json!("red")), &none), None);
        assert_eq!(useless(report, &answer("reporter_phone", &json!("112")), &none), None);
        for (field, json) in [
            ("what_happened", json!("My daughter Anna, 6, was taken by a man in a red van")),
            ("vehicle", json!({ "plate": "M-AB 123" })),
            ("reporter_email", json!("a@example.org")),
            ("looks_words", json!("a scar on the chin")),
        ] {
            assert_eq!(useless(report, &answer(field, &json), &none), None, "{field}");
        }
        // A recording may say it all, whatever it was asked for.
        for field in ["photo", "attachments", "what_happened", "last_seen_time"] {
            let attached = BTreeMap::from([(FieldId::new(field).unwrap(), 1)]);
            assert_eq!(useless(report, &BTreeMap::new(), &attached), None, "{field}");
        }
        // What is not asked does not leave.
        assert!(useless(report, &answer("suspect_words", &json!("a beard")), &none).is_some());
    }

    #[test]
    fn a_draft_has_a_title_and_a_progress() {
        let report = form("missing_child");
        let name = answer("child_name", &json!({ "given": "Anna", "family": "Šmid" }));
        assert_eq!(title(report, &name).as_deref(), Some("Anna Šmid"));
        assert_eq!(title(report, &BTreeMap::new()), None);
        let empty = progress(report, &BTreeMap::new(), &BTreeMap::new());
        let one = progress(report, &name, &BTreeMap::new());
        assert_eq!((empty.answered, one.answered), (0, 1));
        assert_eq!(empty.total, one.total);
        let police = progress(report, &answer("police_called", &json!("yes")), &BTreeMap::new());
        assert_eq!(police.total, empty.total + 3, "an answer can lead to more questions");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_kept_and_read_again(text in ".{0,40}", at in any::<proptest::sample::Index>()) {
            whatever(&text, at)?;
        }

        #[test]
        fn whatever_looks_like_a_time_or_number_is_kept_and_read_again(
            text in "([0-9]{1,4}|[-:./,'° ]|am|pm|ago|last|yesterday|between|and|to|march|mon|half|an|hour|days|years|old|ft|cm|n|w|t|٧|１){0,8}",
            at in any::<proptest::sample::Index>(),
        ) {
            whatever(&text, at)?;
        }
    }

    /// Typed text never panics, its JSON reads as the same answer, and no check panics on it.
    fn whatever(text: &str, at: proptest::sample::Index) -> Result<(), TestCaseError> {
        for form in Form::all_built_in() {
            let field = at.get(&form.fields);
            let answer = Answer::from_text(&field.kind, text, now());
            let json = answer.to_json();
            let read = Answer::from_json(&field.kind, &json);
            prop_assert!(read.as_ref() == Ok(&answer), "{} {json}", field.id);
            let said = text.chars().any(char::is_alphanumeric);
            prop_assert!(!said || !answer.is_empty(), "{}: {text:?} was lost", field.id);
            let answers = BTreeMap::from([(field.id.clone(), answer)]);
            let _ = check(form, &answers, &BTreeMap::new(), now());
            let _ = title(form, &answers);
        }
        Ok(())
    }
}
