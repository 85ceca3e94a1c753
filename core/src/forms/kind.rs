//! The kinds of question a form can ask.

use serde::{Deserialize, Serialize};

use super::form::Audience;
use super::ids::ChoiceId;

/// What sort of answer a field takes, and what the field says about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A line of words.
    Text,
    /// As many words as needed.
    LongText,
    /// A spoken recording.
    Voice,
    /// A person's name, with its other spellings and scripts.
    PersonName,
    /// A date of birth, an age, or a range of ages.
    Age,
    /// When: exactly, between two times, or around one.
    Time {
        /// Whether it may lie ahead, as the time of the next dose does.
        ahead: bool,
    },
    /// Where: a pin with its accuracy, an address, or words.
    Place,
    /// One of several answers.
    Choice {
        /// The answers to choose from, in the order shown.
        choices: Vec<ChoiceId>,
    },
    /// Any number of several answers.
    Many {
        /// The answers to choose from, in the order shown.
        choices: Vec<ChoiceId>,
    },
    /// A number, in a unit if the field has units.
    Number {
        /// The units that can be chosen; the first is meant when none is said.
        units: Vec<Unit>,
    },
    /// A telephone number.
    Phone,
    /// A car, bicycle, boat or other vehicle.
    Vehicle,
    /// Scars, tattoos and other marks, each with its place on the body.
    BodyMarks,
    /// A yes or no to what may be done with the report. Not answered means no.
    Permission {
        /// The audience that a yes lets in, if it is about one.
        permits: Option<Audience>,
    },
    /// Photos, videos, recordings or documents.
    Media {
        /// What may be attached.
        accepts: Vec<MediaType>,
        /// How many are taken at most.
        max: usize,
    },
}

/// A unit of a number, with the values that are likely in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The unit's name, such as `cm`.
    pub id: ChoiceId,
    /// A smaller value is shown as a problem.
    pub min: Option<f64>,
    /// A larger value is shown as a problem.
    pub max: Option<f64>,
}

/// What can be attached to a media field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaType {
    /// A still picture.
    Photo,
    /// A moving picture.
    Video,
    /// A recording of sound.
    Audio,
    /// A photo or scan of a paper.
    Document,
}

impl MediaType {
    /// Everything that can be attached.
    pub const ALL: [Self; 4] = [Self::Photo, Self::Video, Self::Audio, Self::Document];

    /// The word for it in form files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }
}

impl Kind {
    /// The word for this kind in a form file.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::LongText => "long_text",
            Self::Voice => "voice",
            Self::PersonName => "person_name",
            Self::Age => "age",
            Self::Time { .. } => "time",
            Self::Place => "place",
            Self::Choice { .. } => "choice",
            Self::Many { .. } => "many",
            Self::Number { .. } => "number",
            Self::Phone => "phone",
            Self::Vehicle => "vehicle",
            Self::BodyMarks => "body_marks",
            Self::Permission { .. } => "permission",
            Self::Media { .. } => "media",
        }
    }

    /// What may be attached to a field of this kind. Words may always be spoken instead, and a
    /// mark on the body may be shown.
    #[must_use]
    pub fn accepts(&self) -> &[MediaType] {
        match self {
            Self::Media { accepts, .. } => accepts,
            Self::Permission { .. } => &[],
            Self::BodyMarks => &[MediaType::Photo, MediaType::Audio],
            _ => &[MediaType::Audio],
        }
    }

    /// What there is to choose from; empty for kinds without choices.
    #[must_use]
    pub fn choices(&self) -> &[ChoiceId] {
        match self {
            Self::Choice { choices } | Self::Many { choices } => choices,
            _ => &[],
        }
    }

    /// Whether the answer is made only by attaching something.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        matches!(self, Self::Media { .. } | Self::Voice)
    }
}
