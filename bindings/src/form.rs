//! A form as a screen draws it: sections, fields, and what sort of answer each takes.
//!
//! When a field is asked and what is odd about an answer are the core's to say, and come with the
//! [`Report`](crate::Report).

use std::collections::HashMap;

use homeward_core::forms;

use crate::names::{count, list, texts};

/// What is asked, in the order in which it is asked.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct FormDefinition {
    /// The form's name.
    pub id: String,
    /// Grows with every change of the form.
    pub version: u32,
    /// Whether the form is sent or kept.
    pub purpose: Purpose,
    /// The form's title: a message id.
    pub label: String,
    /// Of these fields at least one must be answered before the form can be sent.
    pub needs_any_of: Vec<String>,
    /// The sections, in the order shown.
    pub sections: Vec<FormSection>,
    /// Every field, in the order shown.
    pub fields: Vec<FormField>,
    /// What is shown for messages that `Texts` lacks, by message id: an organisation's own form
    /// brings its words with it.
    pub words: HashMap<String, String>,
}

/// What a filled form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Purpose {
    /// It is sent to an organisation.
    Report,
    /// It stays on the phone, and fills reports.
    Profile,
}

/// A part of a form, shown as one page.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FormSection {
    /// The section's name.
    pub id: String,
    /// Its title: a message id.
    pub label: String,
}

/// One question.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct FormField {
    /// The field's name.
    pub id: String,
    /// The name of the section it is shown in.
    pub section: String,
    /// What sort of answer it takes.
    pub kind: FieldKind,
    /// When it is asked.
    pub stage: Stage,
    /// Who may see the answer, at most. Empty in a profile, which nobody is sent.
    pub audiences: Vec<Audience>,
    /// Whether "don't know" is an answer.
    pub unknown_allowed: bool,
    /// Whether leaving it out is shown as a problem.
    pub expected: bool,
    /// The question: a message id.
    pub label: String,
    /// What explains the question: a message id.
    pub help: Option<String>,
    /// After so many months a profile's answer should be looked at again.
    pub refresh_months: Option<u32>,
}

/// What sort of answer a field takes. A choice's message id is `choice-` and its name, a unit's
/// `unit-` and its name.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
pub enum FieldKind {
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
        /// The names of the answers, in the order shown.
        choices: Vec<String>,
    },
    /// Any number of several answers.
    Many {
        /// The names of the answers, in the order shown.
        choices: Vec<String>,
    },
    /// A number, in a unit if the field has units.
    Number {
        /// The units to choose from; the first is meant when none is said.
        units: Vec<NumberUnit>,
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
    /// Photos, videos, recordings or documents. Answered by attaching them.
    Media {
        /// What may be attached.
        accepts: Vec<MediaType>,
        /// How many are taken at most.
        max: u32,
    },
}

/// A unit of a number.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct NumberUnit {
    /// The unit's name, such as `cm`.
    pub id: String,
    /// A smaller value is shown as a problem.
    pub min: Option<f64>,
    /// A larger value is shown as a problem.
    pub max: Option<f64>,
}

/// When a field is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Stage {
    /// At once; it leaves ahead of everything else.
    FirstMinute,
    /// In the first hour.
    FirstHour,
    /// Later, or only with the police.
    Later,
    /// Ahead of need, in a profile.
    Prepared,
}

/// Who may see an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Audience {
    /// The organisation that the report is sent to.
    Organisation,
    /// The police.
    Police,
    /// Another organisation, perhaps abroad.
    Partner,
    /// The public, on a poster.
    Poster,
}

/// What can be attached to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
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

impl From<&forms::Form> for FormDefinition {
    fn from(form: &forms::Form) -> Self {
        Self {
            id: form.id.to_string(),
            version: form.version,
            purpose: form.purpose.into(),
            label: format!("form-{}", form.id),
            needs_any_of: texts(&form.needs_any_of),
            sections: list(&form.sections),
            fields: list(&form.fields),
            words: form.words.clone().into_iter().collect(),
        }
    }
}

impl From<forms::Purpose> for Purpose {
    fn from(purpose: forms::Purpose) -> Self {
        match purpose {
            forms::Purpose::Report => Self::Report,
            forms::Purpose::Profile => Self::Profile,
        }
    }
}

impl From<&forms::Section> for FormSection {
    fn from(section: &forms::Section) -> Self {
        Self { id: section.id.to_string(), label: format!("section-{}", section.id) }
    }
}

impl From<&forms::Field> for FormField {
    fn from(field: &forms::Field) -> Self {
        Self {
            id: field.id.to_string(),
            section: field.section.to_string(),
            kind: (&field.kind).into(),
            stage: field.stage.into(),
            audiences: list(field.audiences.iter().copied()),
            unknown_allowed: field.unknown_allowed,
            expected: field.expected,
            label: field.label_id(),
            help: field.help_id(),
            refresh_months: field.refresh_months,
        }
    }
}

impl From<&forms::Kind> for FieldKind {
    fn from(kind: &forms::Kind) -> Self {
        use forms::Kind;
        match kind {
            Kind::Text => Self::Text,
            Kind::LongText => Self::LongText,
            Kind::Voice => Self::Voice,
            Kind::PersonName => Self::PersonName,
            Kind::Age => Self::Age,
            Kind::Time { ahead } => Self::Time { ahead: *ahead },
            Kind::Place => Self::Place,
            Kind::Choice { choices } => Self::Choice { choices: texts(choices) },
            Kind::Many { choices } => Self::Many { choices: texts(choices) },
            Kind::Number { units } => Self::Number { units: list(units) },
            Kind::Phone => Self::Phone,
            Kind::Vehicle => Self::Vehicle,
            Kind::BodyMarks => Self::BodyMarks,
            Kind::Permission { permits } => Self::Permission { permits: permits.map(Into::into) },
            Kind::Media { accepts, max } => {
                Self::Media { accepts: list(accepts.iter().copied()), max: count(*max) }
            }
        }
    }
}

impl From<&forms::Unit> for NumberUnit {
    fn from(unit: &forms::Unit) -> Self {
        Self { id: unit.id.to_string(), min: unit.min, max: unit.max }
    }
}

impl From<forms::Stage> for Stage {
    fn from(stage: forms::Stage) -> Self {
        match stage {
            forms::Stage::FirstMinute => Self::FirstMinute,
            forms::Stage::FirstHour => Self::FirstHour,
            forms::Stage::Later => Self::Later,
            forms::Stage::Prepared => Self::Prepared,
        }
    }
}

impl From<forms::Audience> for Audience {
    fn from(audience: forms::Audience) -> Self {
        match audience {
            forms::Audience::Organisation => Self::Organisation,
            forms::Audience::Police => Self::Police,
            forms::Audience::Partner => Self::Partner,
            forms::Audience::Poster => Self::Poster,
        }
    }
}

impl From<forms::MediaType> for MediaType {
    fn from(media: forms::MediaType) -> Self {
        match media {
            forms::MediaType::Photo => Self::Photo,
            forms::MediaType::Video => Self::Video,
            forms::MediaType::Audio => Self::Audio,
            forms::MediaType::Document => Self::Document,
        }
    }
}
