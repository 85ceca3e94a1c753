//! What a person said to one question.
//!
//! Typed, not JSON: a screen knows which kind of question it asks, and a compiler should tell it
//! when it forgot one. The core cleans and checks the words; here they only change their type.

mod mark;
mod time;

use homeward_core::Refusal;
use homeward_core::forms::{self, ChoiceId};

pub use mark::{BodyMark, MarkKind, Side};
pub use time::{Age, Moment, Time};

use crate::error::{ApiError, ApiResult};
use crate::hide::hides_value;
use crate::names::list;

/// What was answered.
#[derive(Clone, PartialEq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Answer {
    /// The person does not know. Not the same as no answer.
    Unknown,
    /// Words, for text and long text.
    Text {
        /// What was written.
        text: String,
    },
    /// A name.
    PersonName {
        /// The name.
        name: PersonName,
    },
    /// An age or date of birth.
    Age {
        /// The age.
        age: Age,
    },
    /// A time.
    Time {
        /// The time.
        time: Time,
    },
    /// A place.
    Place {
        /// The place.
        place: Place,
    },
    /// One choice. What is not among the choices is kept as it was typed.
    Choice {
        /// The choice's name.
        choice: String,
    },
    /// Several choices. What is not among the choices is kept as it was typed.
    Many {
        /// The choices' names.
        choices: Vec<String>,
    },
    /// A number.
    Number {
        /// How many.
        value: f64,
        /// Of what: a unit's name; none for a plain count.
        unit: Option<String>,
    },
    /// A telephone number.
    Phone {
        /// As it was typed.
        typed: String,
    },
    /// A vehicle.
    Vehicle {
        /// The vehicle.
        vehicle: Vehicle,
    },
    /// Marks on the body.
    BodyMarks {
        /// The marks.
        marks: Vec<BodyMark>,
    },
    /// A permission, given or not.
    Permission {
        /// Whether it is given.
        given: bool,
    },
    /// Words that could not be read as the kind of answer that was asked for; kept, and shown with
    /// a problem.
    Words {
        /// What was typed.
        words: String,
    },
}

/// A name. Any part can be missing: many people have only one name.
#[derive(Clone, Default, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PersonName {
    /// The name as it is said or written as a whole.
    #[uniffi(default)]
    pub full: Option<String>,
    /// Given names.
    #[uniffi(default)]
    pub given: Option<String>,
    /// Family names.
    #[uniffi(default)]
    pub family: Option<String>,
    /// Nicknames, other spellings, other scripts.
    #[uniffi(default)]
    pub other: Vec<String>,
}

/// Where something was, as far as it is known.
#[derive(Clone, Default, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Place {
    /// Degrees north of the equator.
    #[uniffi(default)]
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich.
    #[uniffi(default)]
    pub longitude: Option<f64>,
    /// How far the pin may be off, in metres.
    #[uniffi(default)]
    pub accuracy_m: Option<f64>,
    /// A postal address.
    #[uniffi(default)]
    pub address: Option<String>,
    /// How a person would tell the way.
    #[uniffi(default)]
    pub words: Option<String>,
}

/// A vehicle. Every part is in words: half a plate is better than none.
#[derive(Clone, Default, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Vehicle {
    /// The plate, or the part of it that was seen.
    #[uniffi(default)]
    pub plate: Option<String>,
    /// The country or state of the plate.
    #[uniffi(default)]
    pub plate_from: Option<String>,
    /// Who made it.
    #[uniffi(default)]
    pub make: Option<String>,
    /// Which model, or what sort of vehicle.
    #[uniffi(default)]
    pub model: Option<String>,
    /// Its colour.
    #[uniffi(default)]
    pub colour: Option<String>,
    /// Where it went.
    #[uniffi(default)]
    pub direction: Option<String>,
    /// Anything else.
    #[uniffi(default)]
    pub words: Option<String>,
}

hides_value!(Answer, PersonName, Place, Vehicle);

impl From<forms::Answer> for Answer {
    fn from(answer: forms::Answer) -> Self {
        match answer {
            forms::Answer::Unknown => Self::Unknown,
            forms::Answer::Text(text) => Self::Text { text },
            forms::Answer::PersonName(name) => Self::PersonName { name: name.into() },
            forms::Answer::Age(age) => Self::Age { age: age.into() },
            forms::Answer::Time(time) => Self::Time { time: time.into() },
            forms::Answer::Place(place) => Self::Place { place: place.into() },
            forms::Answer::Choice(choice) => Self::Choice { choice },
            forms::Answer::Many(choices) => Self::Many { choices },
            forms::Answer::Number(forms::Number { value, unit }) => {
                Self::Number { value, unit: unit.map(Into::into) }
            }
            forms::Answer::Phone(phone) => Self::Phone { typed: phone.typed().into() },
            forms::Answer::Vehicle(vehicle) => Self::Vehicle { vehicle: vehicle.into() },
            forms::Answer::BodyMarks(marks) => Self::BodyMarks { marks: list(marks) },
            forms::Answer::Permission(given) => Self::Permission { given },
            forms::Answer::Words(words) => Self::Words { words },
        }
    }
}

impl TryFrom<Answer> for forms::Answer {
    type Error = ApiError;

    /// Fails for what no calendar and no form has: a date that is none, a unit that is no name.
    fn try_from(answer: Answer) -> ApiResult<Self> {
        Ok(match answer {
            Answer::Unknown => Self::Unknown,
            Answer::Text { text } => Self::Text(text),
            Answer::PersonName { name } => Self::PersonName(name.into()),
            Answer::Age { age } => Self::Age(age.try_into()?),
            Answer::Time { time } => Self::Time(time.into()),
            Answer::Place { place } => Self::Place(place.into()),
            Answer::Choice { choice } => Self::Choice(choice),
            Answer::Many { choices } => Self::Many(choices),
            Answer::Number { value, unit } => {
                let unit = unit.map(|unit| ChoiceId::new(&unit).ok_or(Refusal::WrongKind));
                Self::Number(forms::Number { value, unit: unit.transpose()? })
            }
            Answer::Phone { typed } => Self::Phone(forms::Phone::new(&typed)),
            Answer::Vehicle { vehicle } => Self::Vehicle(vehicle.into()),
            Answer::BodyMarks { marks } => Self::BodyMarks(list(marks)),
            Answer::Permission { given } => Self::Permission(given),
            Answer::Words { words } => Self::Words(words),
        })
    }
}

impl From<forms::PersonName> for PersonName {
    fn from(name: forms::PersonName) -> Self {
        let forms::PersonName { full, given, family, other } = name;
        Self { full, given, family, other }
    }
}

impl From<PersonName> for forms::PersonName {
    fn from(name: PersonName) -> Self {
        let PersonName { full, given, family, other } = name;
        Self { full, given, family, other }
    }
}

impl From<forms::Place> for Place {
    fn from(place: forms::Place) -> Self {
        let forms::Place { latitude, longitude, accuracy_m, address, words } = place;
        Self { latitude, longitude, accuracy_m, address, words }
    }
}

impl From<Place> for forms::Place {
    fn from(place: Place) -> Self {
        let Place { latitude, longitude, accuracy_m, address, words } = place;
        Self { latitude, longitude, accuracy_m, address, words }
    }
}

impl From<forms::Vehicle> for Vehicle {
    fn from(vehicle: forms::Vehicle) -> Self {
        let forms::Vehicle { plate, plate_from, make, model, colour, direction, words } = vehicle;
        Self { plate, plate_from, make, model, colour, direction, words }
    }
}

impl From<Vehicle> for forms::Vehicle {
    fn from(vehicle: Vehicle) -> Self {
        let Vehicle { plate, plate_from, make, model, colour, direction, words } = vehicle;
        Self { plate, plate_from, make, model, colour, direction, words }
    }
}

#[cfg(test)]
mod tests;
