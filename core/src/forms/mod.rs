//! What is asked, and what was answered.
//!
//! A form is data: one JSON format for the built-in forms and for an organisation's own, so that
//! asking something new needs no new app. [`Form`] is a parsed and checked form; [`Answer`] is
//! what a person said to one of its fields.
//!
//! Two rules shape everything here. **Nothing that a person typed is refused or lost**: what does
//! not fit is kept as the words typed, and shown as a [`Problem`]. **No clock is read**: callers
//! say when "now" is, so that the same answers always read the same.

mod answer;
mod answers;
mod book;
mod check;
mod clean;
mod form;
mod ids;
mod kind;
mod moment;
mod own;
mod parse;
mod prefill;
mod typed;
mod values;

pub use answer::Answer;
pub use answers::{Answers, Earlier};
pub use book::FormBook;
pub use check::{
    Problem, ProblemReason, Progress, check, marks_without_photo, progress, title, useless,
};
pub(crate) use clean::lines as clean_lines;
pub use form::{Audience, Condition, Field, Form, Pfif, Purpose, Section, Stage};
pub use ids::{ChoiceId, FieldId, FormId, SectionId};
pub use kind::{Kind, MediaType, Unit};
pub use moment::Moment;
pub(crate) use parse::FORMAT;
pub use parse::{FormError, FormFault};
pub use prefill::{Prefill, prefill, shared_with_sibling};
pub use values::{
    Age, BodyMark, MarkKind, Number, PartialDate, PersonName, Phone, Place, Side, Time, Vehicle,
    Years,
};
