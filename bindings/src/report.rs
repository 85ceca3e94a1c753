//! Reports, in a list and whole.

use std::collections::{BTreeMap, HashMap};

use homeward_core as core;
use homeward_core::forms;

use crate::answer::Answer;
use crate::form::Audience;
use crate::hide::hides_value;
use crate::media::Medium;
use crate::names::{count, list, texts};
use crate::status::{ReportState, ReportStatus};

/// A report in a list.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct ReportSummary {
    /// The report's id.
    pub id: String,
    /// What the list shows; none if the report is damaged. It is kept as it is.
    pub head: Option<SummaryHead>,
    /// How far it is.
    pub state: ReportState,
}

/// What a list shows of a report that opens.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct SummaryHead {
    /// The name of its form.
    pub form: String,
    /// What it is called; none if nothing was said that could name it.
    pub title: Option<String>,
    /// How many questions have an answer.
    pub answered: u32,
    /// How many questions are asked.
    pub total: u32,
    /// When it was begun, Unix ms.
    pub created_at_ms: i64,
    /// When it was last changed, Unix ms.
    pub updated_at_ms: i64,
}

/// A report whole.
#[derive(Clone, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Report {
    /// The report's id.
    pub id: String,
    /// The name of its form. `form` refuses it if the organisation has taken the form back; then
    /// all that was answered is in `earlier`.
    pub form: String,
    /// What was answered, by the name of the field.
    pub answers: HashMap<String, Answer>,
    /// The names of the fields that are asked, given the answers, in the order shown.
    pub shown: Vec<String>,
    /// Who may see the report, given the permissions that count.
    pub permitted: Vec<Audience>,
    /// What an earlier version of the form asked; shown, and kept.
    pub earlier: Vec<EarlierAnswer>,
    /// What was attached, oldest first.
    pub media: Vec<Medium>,
    /// What the person should look at. Nothing of it stands in the way of sending.
    pub problems: Vec<Problem>,
    /// How far it is.
    pub status: ReportStatus,
}

/// An answer to a question that the form no longer asks.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct EarlierAnswer {
    /// The name of the field that was answered.
    pub field: String,
    /// The answer in words, as far as it has any.
    pub words: String,
}

/// Something about one answer that the person should look at.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Problem {
    /// The name of the field.
    pub field: String,
    /// What about it: a message id.
    pub reason: String,
}

hides_value!(ReportSummary, SummaryHead, Report, EarlierAnswer);

impl Report {
    pub(crate) fn of(report: core::Report) -> Self {
        let core::Report { id, form, shown, permitted, answers, earlier, media, problems, status } =
            report;
        Self {
            id: id.to_string(),
            form: form.to_string(),
            shown: texts(&shown),
            permitted: list(permitted),
            answers: by_name(answers),
            earlier: list(earlier),
            media: list(media),
            problems: list(problems),
            status: status.into(),
        }
    }
}

fn by_name(answers: BTreeMap<forms::FieldId, forms::Answer>) -> HashMap<String, Answer> {
    answers.into_iter().map(|(field, answer)| (field.into(), answer.into())).collect()
}

impl From<core::ReportSummary> for ReportSummary {
    fn from(summary: core::ReportSummary) -> Self {
        let core::ReportSummary { id, head, state } = summary;
        Self { id: id.to_string(), head: head.map(Into::into), state: state.into() }
    }
}

impl From<core::SummaryHead> for SummaryHead {
    fn from(head: core::SummaryHead) -> Self {
        let core::SummaryHead { form, title, answered, total, created_at_ms, updated_at_ms } = head;
        Self {
            form: form.to_string(),
            title,
            answered: count(answered),
            total: count(total),
            created_at_ms,
            updated_at_ms,
        }
    }
}

impl From<forms::Earlier> for EarlierAnswer {
    fn from(earlier: forms::Earlier) -> Self {
        Self { words: earlier.words(), field: earlier.field }
    }
}

impl From<forms::Problem> for Problem {
    fn from(problem: forms::Problem) -> Self {
        Self { field: problem.field.to_string(), reason: problem.reason.message_id().into() }
    }
}
