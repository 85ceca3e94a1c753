//! What a person or a script sees of the casebook: the shapes of `list` and `show`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use homeward_core::forms::{Audience, FieldId};
use homeward_core::receipts::{HoldAnswer, Receipt};
use homeward_core::seal::{EarlierAnswer, MediumEntry, PartKind, RecallReason};
use homeward_core::{PartId, QuestionId, ReportId};
use serde::Serialize;
use serde_json::Value;

use crate::casebook::{Case, CaseState, Casebook, Fork, PartState};
use crate::error::{Error, Result};
use crate::home::Home;

/// A report in a list.
#[derive(Serialize)]
pub struct ReportSummary {
    /// The report.
    pub report: ReportId,
    /// The form that was filled in.
    pub form: Option<String>,
    /// What the report is called.
    pub title: Option<String>,
    /// What the reporter says of its end. It closes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter_says: Option<ReporterSays>,
    /// How much of it is there.
    pub state: CaseState,
    /// The newest version of which something is there.
    pub version: u32,
    /// Its parts, held or missing.
    pub parts: Vec<PartSummary>,
    /// When its first part came, Unix ms.
    pub received_at_ms: i64,
    /// When its first part was opened, Unix ms.
    pub opened_at_ms: i64,
}

/// A reporter's claim that the search can end.
#[derive(Serialize)]
pub struct ReporterSays {
    /// What is claimed.
    pub why: RecallReason,
    /// When it was said, Unix ms by the phone's clock.
    pub said_at_ms: i64,
    /// Whether the report went on afterwards: then somebody has to ask.
    pub went_on: bool,
}

/// A question and what came of it.
#[derive(Serialize)]
pub struct Asked {
    /// Its id.
    pub question: QuestionId,
    /// What was asked.
    pub text: String,
    /// When, Unix ms.
    pub asked_at_ms: i64,
    /// Whether a reply names it.
    pub answered: bool,
}

/// What the reporter said in reply.
#[derive(Serialize)]
pub struct Replied {
    /// The question that it answers; none where the reporter added something unasked.
    pub question: Option<QuestionId>,
    /// What was said.
    pub text: String,
    /// When, Unix ms by the phone's clock.
    pub said_at_ms: i64,
}

/// A part in a list.
#[derive(Serialize)]
pub struct PartSummary {
    /// Its id.
    pub part: PartId,
    /// What it is.
    pub kind: PartKind,
    /// Who may open it.
    pub audiences: Vec<Audience>,
    /// The length of its ciphertext.
    pub bytes: u64,
    /// What it is to the desk.
    pub state: PartState,
}

/// A report in full.
#[derive(Serialize)]
pub struct Report {
    /// What a list says of it.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// The answers that the desk may see.
    pub answers: BTreeMap<FieldId, Value>,
    /// Answers to questions that the form did not ask any more.
    pub earlier: Vec<EarlierAnswer>,
    /// The media that the answers tell of.
    pub media: Vec<MediumEntry>,
    /// Versions that were written on from one parent; all are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forks: Vec<Fork>,
    /// What was asked, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Asked>,
    /// What the reporter said in reply, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Replied>,
    /// What the phone was told to do with the media that the recall holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldAnswer>,
    /// What the phone was told.
    pub receipt: Option<Receipt>,
}

/// All reports, the newest first; above them those that do not read.
pub fn list(home: &Home) -> Result<Vec<ReportSummary>> {
    let mut reports = Vec::new();
    let unreadable = Casebook::open(home)?.each(|case| reports.push(summary(&case)))?;
    reports.sort_by_key(|summary| (Reverse(summary.received_at_ms), summary.report));
    let unreadable = unreadable.iter().filter_map(|id| Some(unread(id.parse().ok()?)));
    Ok(unreadable.chain(reports).collect())
}

/// One report.
pub fn show(home: &Home, report: &str) -> Result<Report> {
    let case = case(home, report)?;
    Ok(Report {
        summary: summary(&case),
        answers: case.answers(),
        earlier: case.earlier().into_iter().cloned().collect(),
        media: case.media().into_iter().cloned().collect(),
        forks: case.forks(),
        questions: asked(&case),
        replies: replied(&case),
        hold: case.hold,
        receipt: case.receipt,
    })
}

/// The case of a report that somebody named.
pub(crate) fn case(home: &Home, report: &str) -> Result<Case> {
    let report = report.parse().map_err(|_| Error::NoReport)?;
    Casebook::open(home)?.case(report)?.ok_or(Error::NoReport)
}

fn asked(case: &Case) -> Vec<Asked> {
    let open: Vec<QuestionId> = case.unanswered().iter().map(|it| it.question.id).collect();
    let asked = case.asked.iter().map(|it| &it.question);
    let asked = asked.map(|question| Asked {
        question: question.id,
        text: question.text.clone(),
        asked_at_ms: question.asked_at_ms,
        answered: !open.contains(&question.id),
    });
    asked.collect()
}

fn replied(case: &Case) -> Vec<Replied> {
    let replies = case.replies().into_iter().map(|reply| Replied {
        question: reply.question,
        text: reply.text.clone(),
        said_at_ms: reply.sealed_at_ms,
    });
    replies.collect()
}

fn reporter_says(case: &Case) -> Option<ReporterSays> {
    let recall = *case.recalls().first()?;
    let (why, said_at_ms) = (recall.why, recall.sealed_at_ms);
    Some(ReporterSays { why, said_at_ms, went_on: case.went_on_after_recall() })
}

/// All that can be told of a report whose case does not read.
fn unread(report: ReportId) -> ReportSummary {
    ReportSummary {
        report,
        form: None,
        title: None,
        reporter_says: None,
        state: CaseState::Unreadable,
        version: 0,
        parts: Vec::new(),
        received_at_ms: 0,
        opened_at_ms: 0,
    }
}

fn summary(case: &Case) -> ReportSummary {
    let held = case.parts_in_order().into_iter().map(|held| PartSummary {
        part: held.part,
        kind: held.kind,
        audiences: held.audiences.clone(),
        bytes: held.bytes,
        state: case.part_state(held),
    });
    let missing = case.missing().into_iter().map(|listed| PartSummary {
        part: listed.part,
        kind: listed.kind,
        audiences: listed.audiences.clone(),
        bytes: listed.bytes,
        state: PartState::Missing,
    });
    ReportSummary {
        report: case.report,
        form: case.form().map(str::to_owned),
        title: case.title(),
        reporter_says: reporter_says(case),
        state: case.state(),
        version: case.version(),
        parts: held.chain(missing).collect(),
        received_at_ms: case.received_at_ms(),
        opened_at_ms: case.opened_at_ms,
    }
}
