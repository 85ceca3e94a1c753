//! What a person said to one question, and its JSON.
//!
//! JSON is the same on disk, inside the seal and in a shell: natural values where there are some
//! (a text is a string, a permission is true or false), objects where there is more to say.
//! "Don't know" is `{"unknown":true}` for every kind, and is not the same as no answer.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::check::ProblemReason;
use super::clean;
use super::ids::ChoiceId;
use super::kind::Kind;
use super::moment::Moment;
use super::typed;
use super::values::{Age, BodyMark, Number, PersonName, Phone, Place, Time, Vehicle};

/// What was answered.
#[derive(Clone, PartialEq)]
pub enum Answer {
    /// The person does not know.
    Unknown,
    /// Words, for the kinds text and long text.
    Text(String),
    /// A name.
    PersonName(PersonName),
    /// An age or date of birth.
    Age(Age),
    /// A time.
    Time(Time),
    /// A place.
    Place(Place),
    /// One choice. What is not among the choices is kept as it was typed.
    Choice(String),
    /// Several choices. What is not among the choices is kept as it was typed.
    Many(Vec<String>),
    /// A number.
    Number(Number),
    /// A telephone number.
    Phone(Phone),
    /// A vehicle.
    Vehicle(Vehicle),
    /// Marks on the body.
    BodyMarks(Vec<BodyMark>),
    /// A permission, given or not.
    Permission(bool),
    /// Words that could not be read as the kind of answer that was asked for.
    Words(String),
}

impl Answer {
    /// Gives the photos of marks on the body other names; a mark whose photo gets none loses it.
    pub(crate) fn name_mark_photos(&mut self, name: impl Fn(&str) -> Option<String>) {
        let Self::BodyMarks(marks) = self else { return };
        for mark in marks.iter_mut() {
            mark.photo = mark.photo.as_deref().and_then(&name);
        }
        marks.retain(|mark| !mark.is_empty());
    }

    /// Reads the JSON of an answer to a field of this kind. Words in it are cleaned of hidden
    /// marks and brought to Unicode NFC.
    ///
    /// # Errors
    /// The JSON has another shape than the kind's answers, or is larger than any answer.
    pub fn from_json(kind: &Kind, value: &Value) -> Result<Self, ProblemReason> {
        if let Some(answer) = for_any_kind(kind, value)? {
            return Ok(answer);
        }
        let answer = match kind {
            Kind::Text => value.as_str().map(|text| Self::Text(clean::line(text))),
            Kind::LongText => value.as_str().map(|text| Self::Text(clean::lines(text))),
            Kind::PersonName => match value {
                Value::String(name) => Some(Self::PersonName(PersonName::in_full(name))),
                _ => read::<PersonName>(value).map(|name| Self::PersonName(name.tidied())),
            },
            Kind::Age => object(value).and_then(Age::from_json).map(Self::Age),
            Kind::Time { .. } => object(value).and_then(Time::from_json).map(Self::Time),
            Kind::Place => read::<Place>(value).map(|place| Self::Place(place.tidied())),
            Kind::Choice { .. } => value.as_str().map(|choice| Self::Choice(clean::line(choice))),
            Kind::Many { .. } => texts(value).map(Self::Many),
            Kind::Number { .. } => number(value).map(Self::Number),
            Kind::Phone => value.as_str().map(|typed| Self::Phone(Phone::new(typed))),
            Kind::Vehicle => read::<Vehicle>(value).map(|it| Self::Vehicle(it.tidied())),
            Kind::BodyMarks => marks(value).map(Self::BodyMarks),
            Kind::Permission { .. } => value.as_bool().map(Self::Permission),
            // These answers are made by attaching something.
            Kind::Voice | Kind::Media { .. } => None,
        };
        answer.ok_or(ProblemReason::WrongShape)
    }

    /// The JSON of the answer.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Unknown => json!({ "unknown": true }),
            Self::Text(text) | Self::Choice(text) => json!(text),
            Self::PersonName(name) => json!(name),
            Self::Age(age) => age.to_json(),
            Self::Time(time) => time.to_json(),
            Self::Place(place) => json!(place),
            Self::Many(choices) => json!(choices),
            Self::Number(number) => json!(number),
            Self::Phone(phone) => json!(phone.typed()),
            Self::Vehicle(vehicle) => json!(vehicle),
            Self::BodyMarks(marks) => json!(marks),
            Self::Permission(given) => json!(given),
            Self::Words(words) => json!({ "words": words }),
        }
    }

    /// Reads what a person typed into one box, at `now`. Never fails: what can't be read as the
    /// kind of answer is kept in the person's words.
    #[must_use]
    pub fn from_text(kind: &Kind, text: &str, now: Moment) -> Self {
        typed::read(kind, text, now)
    }

    /// Whether nothing was said at all, not even "don't know".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Choice(text) | Self::Words(text) => text.is_empty(),
            Self::PersonName(name) => name.is_empty(),
            Self::Place(place) => place.is_empty(),
            Self::Many(choices) => choices.is_empty(),
            Self::Phone(phone) => phone.typed().is_empty(),
            Self::Vehicle(vehicle) => vehicle.is_empty(),
            Self::BodyMarks(marks) => marks.iter().all(BodyMark::is_empty),
            Self::Time(Time::Words(words)) => words.is_empty(),
            Self::Unknown | Self::Age(_) | Self::Time(_) | Self::Number(_) => false,
            Self::Permission(_) => false,
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Text(_) => "Text(..)",
            Self::PersonName(_) => "PersonName(..)",
            Self::Age(_) => "Age(..)",
            Self::Time(_) => "Time(..)",
            Self::Place(_) => "Place(..)",
            Self::Choice(_) => "Choice(..)",
            Self::Many(_) => "Many(..)",
            Self::Number(_) => "Number(..)",
            Self::Phone(_) => "Phone(..)",
            Self::Vehicle(_) => "Vehicle(..)",
            Self::BodyMarks(_) => "BodyMarks(..)",
            Self::Permission(_) => "Permission(..)",
            Self::Words(_) => "Words(..)",
        })
    }
}

/// What is read the same for every kind: "don't know", and words in place of the asked answer.
fn for_any_kind(kind: &Kind, value: &Value) -> Result<Option<Answer>, ProblemReason> {
    if longer_than(value, MAX_JSON) {
        return Err(ProblemReason::TooLong);
    }
    let Some(object) = object(value) else { return Ok(None) };
    if object.len() != 1 {
        return Ok(None);
    }
    if object.get("unknown") == Some(&Value::Bool(true)) {
        return match kind {
            Kind::Permission { .. } => Err(ProblemReason::UnknownNotAnAnswer),
            _ => Ok(Some(Answer::Unknown)),
        };
    }
    let takes_words = matches!(
        kind,
        Kind::Age
            | Kind::Number { .. }
            | Kind::Permission { .. }
            | Kind::Voice
            | Kind::Media { .. }
    );
    let words = object.get("words").and_then(Value::as_str).filter(|_| takes_words);
    Ok(words.map(|words| Answer::Words(clean::lines(words))))
}

fn object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    // An array would be read as a struct's fields in order.
    value.is_object().then(|| T::deserialize(value).ok())?
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let mut texts: Vec<String> = Vec::new();
    for text in value.as_array()? {
        let text = clean::line(text.as_str()?);
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    Some(texts)
}

fn number(value: &Value) -> Option<Number> {
    match value.as_f64() {
        Some(value) => Some(Number { value, unit: None::<ChoiceId> }),
        None => read(value),
    }
}

fn marks(value: &Value) -> Option<Vec<BodyMark>> {
    let one = std::slice::from_ref(value);
    let marks = value.as_array().map_or(one, Vec::as_slice);
    let marks: Option<Vec<BodyMark>> = marks.iter().map(read::<BodyMark>).collect();
    Some(marks?.into_iter().map(BodyMark::tidied).filter(|mark| !mark.is_empty()).collect())
}

/// Whether the JSON holds more text than `limit`, without writing it out.
fn longer_than(value: &Value, limit: usize) -> bool {
    fn size(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(size).sum::<usize>() + list.len(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
            _ => 8,
        }
    }
    size(value) > limit
}

/// More than anybody types or speaks to one question, less than what would hurt.
const MAX_JSON: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::super::form::Form;
    use super::super::ids::FormId;
    use super::*;

    fn kind(field: &str) -> &'static Kind {
        let form = Form::built_in(&FormId::new("missing_child").unwrap()).unwrap();
        &form.fields.iter().find(|it| it.id.as_str() == field).unwrap().kind
    }

    fn now() -> Moment {
        Moment::from_rfc3339("2026-11-22T14:30:12+01:00").unwrap()
    }

    #[test]
    fn what_is_typed_has_the_json_that_is_documented() {
        for (field, typed, json) in [
            ("reporter_phone", " +49 170 ١٢٣ ", json!("+49 170 123")),
            ("relation", "Other relative", json!("other_relative")),
            ("relation", "stepmum", json!("stepmum")),
            ("child_name", "\u{202e}Zoe\u{308} Šmid", json!({ "full": "Zoë Šmid" })),
            ("child_age", "7", json!({ "years": 7 })),
            ("child_age", "٧", json!({ "years": 7 })),
            ("child_age", "7-9", json!({ "from": 7, "to": 9 })),
            ("child_age", "7 or 8 years old", json!({ "from": 7, "to": 8 })),
            ("child_age", "8 months", json!({ "months": 8 })),
            ("child_age", "12 March 2019", json!({ "born": "2019-03-12" })),
            ("child_age", "born in May 2019", json!({ "born": "2019-05" })),
            ("child_age", "2019", json!({ "born": "2019" })),
            ("child_age", "in year two", json!({ "words": "in year two" })),
            ("last_seen_time", "ten minutes ago", json!({ "at": "2026-11-22T14:20:12+01:00" })),
            ("last_seen_time", "After school", json!({ "words": "After school" })),
            ("last_seen_place", "48.1, 11.5", json!({ "latitude": 48.1, "longitude": 11.5 })),
            ("last_seen_place", "48,1 -11,5", json!({ "latitude": 48.1, "longitude": -11.5 })),
            ("last_seen_place", "48.1N 11.5W", json!({ "latitude": 48.1, "longitude": -11.5 })),
            ("last_seen_place", "91, 11", json!({ "words": "91, 11" })),
            ("last_seen_place", "at the lake", json!({ "words": "at the lake" })),
            ("clothing", " red\r\nblue ", json!("red\nblue")),
            ("height", "132", json!({ "value": 132, "unit": "cm" })),
            ("height", "1,32 m", json!({ "value": 132, "unit": "cm" })),
            ("height", "4'2\"", json!({ "value": 50, "unit": "in" })),
            ("height", "4 ft 2", json!({ "value": 50, "unit": "in" })),
            ("height", "52.5 inches", json!({ "value": 52.5, "unit": "in" })),
            ("height", "4 ft 2 cm", json!({ "words": "4 ft 2 cm" })),
            ("height", "up to my hip", json!({ "words": "up to my hip" })),
            ("weight", "3 stone 2 lb", json!({ "value": 44, "unit": "lb" })),
            ("vehicle", "red van, M-AB", json!({ "words": "red van, M-AB" })),
            ("body_marks", "scar, left knee", json!([{ "words": "scar, left knee" }])),
            ("permit_partner", "Yes", json!(true)),
            ("permit_partner", "perhaps", json!({ "words": "perhaps" })),
            ("dangers", "medical need, rabies, taken", json!(["medical_need", "rabies", "taken"])),
        ] {
            let answer = Answer::from_text(kind(field), typed, now());
            assert_eq!(answer.to_json(), json, "{field}: {typed}");
            let read = Answer::from_json(kind(field), &json).unwrap();
            assert!(read == answer, "{field}: {typed}");
        }
    }

    #[test]
    fn dont_know_differs_from_no_answer_and_from_no() {
        let unknown = Answer::from_json(kind("sex"), &json!({ "unknown": true })).unwrap();
        assert!(unknown == Answer::Unknown && !unknown.is_empty());
        let permission = Kind::Permission { permits: None };
        assert_eq!(
            Answer::from_json(&permission, &json!({ "unknown": true })),
            Err(ProblemReason::UnknownNotAnAnswer)
        );
        assert!(
            Answer::from_json(&permission, &json!(false)).unwrap() == Answer::Permission(false)
        );
    }

    #[test]
    fn json_of_another_shape_is_refused() {
        for (field, json) in [
            ("clothing", json!(7)),
            ("child_age", json!({ "years": -1 })),
            ("child_age", json!({ "from": 9, "to": 7 })),
            ("child_age", json!({ "born": "2019-02-30" })),
            ("child_age", json!({ "years": 7, "months": 1 })),
            ("last_seen_time", json!("18:00")),
            ("last_seen_time", json!({ "at": "18:00" })),
            ("last_seen_place", json!([48.1, 11.5])),
            ("last_seen_place", json!({ "altitude": 3 })),
            ("dangers", json!("taken")),
            ("photo", json!("photo.jpg")),
        ] {
            let read = Answer::from_json(kind(field), &json);
            assert_eq!(read, Err(ProblemReason::WrongShape), "{field}");
        }
        let long = json!("a".repeat(MAX_JSON + 1));
        assert_eq!(Answer::from_json(kind("clothing"), &long), Err(ProblemReason::TooLong));
    }

    #[test]
    fn debug_shows_no_answer() {
        let answer = Answer::from_text(kind("child_name"), "Canary", now());
        assert_eq!(format!("{answer:?}"), "PersonName(..)");
    }
}
