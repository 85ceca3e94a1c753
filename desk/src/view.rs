//! What a person or a script sees of the casebook: the shapes of `list` and `show`.

use std::collections::BTreeMap;

use homeward_core::forms::{Audience, FieldId};
use homeward_core::receipts::Receipt;
use homeward_core::seal::{MediumEntry, PartKind};
use homeward_core::{PartId, ReportId};
use serde::Serialize;
use serde_json::Value;

use crate::casebook::{Case, CaseState, Casebook, PartState};
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
    /// The media that the answers tell of.
    pub media: Vec<MediumEntry>,
    /// What the phone was told.
    pub receipt: Option<Receipt>,
}

/// All reports, the newest first.
pub fn list(home: &Home) -> Result<Vec<ReportSummary>> {
    Ok(Casebook::open(home)?.cases()?.iter().map(summary).collect())
}

/// One report.
pub fn show(home: &Home, report: &str) -> Result<Report> {
    let case = case(home, report)?;
    Ok(Report {
        summary: summary(&case),
        answers: case.answers(),
        media: case.media().into_iter().cloned().collect(),
        receipt: case.receipt,
    })
}

/// The case of a report that somebody named.
pub(crate) fn case(home: &Home, report: &str) -> Result<Case> {
    let report = report.parse().map_err(|_| Error::NoReport)?;
    Casebook::open(home)?.case(report)?.ok_or(Error::NoReport)
}

fn summary(case: &Case) -> ReportSummary {
    let mut held: Vec<_> = case.parts.iter().collect();
    held.sort_by_key(|held| (held.version, held.kind, held.part, held.sha256));
    let held = held.into_iter().map(|held| PartSummary {
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
        state: case.state(),
        version: case.version(),
        parts: held.chain(missing).collect(),
        received_at_ms: case.received_at_ms(),
        opened_at_ms: case.opened_at_ms,
    }
}
