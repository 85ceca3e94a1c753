//! What the façade's calls take and give: plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use crate::brand::Organisation;
use crate::drafts::StoredMedium;
use crate::forms::{Answer, Audience, Earlier, FieldId, FormId, Problem};
use crate::ids::{CaptureId, Fingerprint, MediumId, ReportId};
use crate::media::{Facts, Manifest};
use crate::queue::{ReportState, ReportStatus};

/// A paired organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// Its name.
    pub organisation: String,
    /// The hash of its key, to be compared aloud or on paper.
    pub fingerprint: Fingerprint,
    /// Whether a root that the person trusts stands behind it.
    pub confirmed: bool,
}

impl Pairing {
    pub(super) fn of(organisation: &Organisation) -> Self {
        Self {
            organisation: organisation.name.clone(),
            fingerprint: organisation.fingerprint(),
            confirmed: false,
        }
    }
}

/// A report in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportSummary {
    /// The report.
    pub id: ReportId,
    /// What the list shows; none if the report is damaged.
    pub head: Option<SummaryHead>,
    /// How far it is.
    pub state: ReportState,
}

/// What a list shows of a report that opens.
#[derive(Clone, PartialEq)]
pub struct SummaryHead {
    /// Its form.
    pub form: FormId,
    /// What it is called; none if nothing was said that could name it.
    pub title: Option<String>,
    /// How many questions have an answer.
    pub answered: usize,
    /// How many questions are asked.
    pub total: usize,
    /// When it was begun, Unix ms.
    pub created_at_ms: i64,
    /// When it was last changed, Unix ms.
    pub updated_at_ms: i64,
}

// A title is a child's name.
impl std::fmt::Debug for SummaryHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SummaryHead").field("form", &self.form).finish_non_exhaustive()
    }
}

/// A report whole.
#[derive(Clone, PartialEq)]
pub struct Report {
    /// The report.
    pub id: ReportId,
    /// Its form. If the organisation has taken it back no form has this name any more; then all
    /// that was answered is in `earlier`.
    pub form: FormId,
    /// The fields that are asked, given the answers, in the order shown.
    pub shown: Vec<FieldId>,
    /// Who may see the report, given the permissions that count.
    pub permitted: BTreeSet<Audience>,
    /// What was answered.
    pub answers: BTreeMap<FieldId, Answer>,
    /// What an earlier version of the form asked; shown, and kept.
    pub earlier: Vec<Earlier>,
    /// What was attached, oldest first.
    pub media: Vec<Medium>,
    /// What the person should look at.
    pub problems: Vec<Problem>,
    /// How far it is.
    pub status: ReportStatus,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Report").field("form", &self.form).finish_non_exhaustive()
    }
}

/// A photo, video or recording of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Medium {
    /// Its id.
    pub id: MediumId,
    /// The field that it answers.
    pub field: FieldId,
    /// The usual ending of such a file.
    pub format: String,
    /// The length of the scrubbed copy; of the original where that alone is kept.
    pub bytes: u64,
    /// What is kept of it.
    pub copies: Copies,
    /// What the file told before it was scrubbed. It stays on the phone.
    pub facts: Facts,
    /// What was removed, and what could not be.
    pub manifest: Manifest,
}

/// What is kept of a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// The scrubbed copy alone.
    Scrubbed,
    /// The scrubbed copy, and the untouched original for the police.
    Both,
    /// The untouched original alone: the file can't be cleaned.
    Original,
}

impl From<&StoredMedium> for Medium {
    fn from(stored: &StoredMedium) -> Self {
        let file = stored.files().next();
        Self {
            id: stored.id,
            field: stored.field.clone(),
            format: file.map(|file| file.extension.clone()).unwrap_or_default(),
            bytes: file.map_or(0, |file| file.bytes),
            copies: match (&stored.scrubbed, &stored.original) {
                (_, None) => Copies::Scrubbed,
                (Some(_), Some(_)) => Copies::Both,
                (None, Some(_)) => Copies::Original,
            },
            facts: stored.facts.clone(),
            manifest: stored.manifest.clone(),
        }
    }
}

/// Where a medium comes from. It is read, never copied in clear, and never changed.
pub enum Source {
    /// A file on this device.
    Path(PathBuf),
    /// An open file that can be read at any offset.
    File(File),
    /// Bytes in memory: a recording that was just made.
    Bytes(Vec<u8>),
    /// What was captured before; it leaves the intake.
    Capture(CaptureId),
}

/// Something a photo tells that could answer a question. Only the person makes it an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The question.
    pub field: FieldId,
    /// What the answer would be.
    pub answer: Answer,
}
