//! What the person is told of a report's way: from rows alone, so the same after a restart.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;

use super::receipts;
use super::rows::{self, PartRow, PartSecret, PartState};
use crate::error::Result;
use crate::forms::Audience;
use crate::ids::{PartId, ReportId};
use crate::seal::PartKind;
use crate::store::Store;
use crate::vault::cell::CellKey;

/// How far a report is. "Stored" is no "read", and "read" is no "the police know".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportState {
    /// On this phone only; nothing was sealed yet.
    Draft,
    /// Sealed, and nothing has left.
    Waiting,
    /// Something has left, and something has not.
    Sending,
    /// The organisation's server has every byte. Nobody may have read it.
    Stored,
    /// The organisation signed that it opened it.
    Opened,
    /// Something was refused; the person must decide.
    Parked,
}

impl ReportState {
    /// The message that says it.
    #[must_use]
    pub fn message_id(self) -> &'static str {
        match self {
            Self::Draft => "state-draft",
            Self::Waiting => "state-waiting",
            Self::Sending => "state-sending",
            Self::Stored => "state-stored",
            Self::Opened => "state-opened",
            Self::Parked => "state-parked",
        }
    }
}

/// How far a report and each of its parts is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportStatus {
    /// The report.
    pub report: ReportId,
    /// How far it is, all parts together.
    pub state: ReportState,
    /// Why it waits or is parked: a message id.
    pub reason: Option<String>,
    /// Ciphertext bytes that the server has acknowledged.
    pub sent: u64,
    /// Ciphertext bytes in all.
    pub total: u64,
    /// The latest version that was sealed; 0 for a draft.
    pub version: u32,
    /// What is known of the receipt.
    pub receipt: ReceiptStatus,
    /// The parts in the order of sealing.
    pub parts: Vec<PartStatus>,
}

/// What is known of a report's receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptStatus {
    /// The sequence of the last one that was believed.
    pub sequence: Option<u32>,
    /// When the desk signed it, by its own clock, Unix ms.
    pub signed_at_ms: Option<i64>,
    /// When the phone last looked, Unix ms.
    pub asked_at_ms: Option<i64>,
    /// Why the last answer was not believed: a message id.
    pub problem: Option<String>,
}

/// How far a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartStatus {
    /// The part.
    pub part: PartId,
    /// Who may open it.
    pub audiences: Vec<Audience>,
    /// What it is.
    pub kind: PartKind,
    /// How far it is.
    pub state: PartState,
    /// Why it waits or is parked: a message id.
    pub reason: Option<String>,
    /// Bytes that the server has acknowledged.
    pub sent: u64,
    /// Bytes that left the phone and are not acknowledged yet; they may still be lost.
    pub in_flight: u64,
    /// Its ciphertext's length.
    pub total: u64,
}

/// The status of every report that was sealed, whether the vault is open or not.
pub(crate) fn statuses(store: &Store) -> Result<BTreeMap<ReportId, ReportStatus>> {
    Ok(store.read_outboxes(in_one)?.into_iter().flatten().collect())
}

/// The status of the reports in one outbox.
pub(super) fn in_one(
    connection: &Connection,
    key: &CellKey,
) -> Result<BTreeMap<ReportId, ReportStatus>> {
    let mut reports: BTreeMap<ReportId, ReportStatus> = BTreeMap::new();
    for row in rows::all(connection)? {
        let secret = row.secret(key)?;
        let report =
            reports.entry(secret.report).or_insert_with(|| ReportStatus::draft(secret.report));
        report.version = report.version.max(secret.report_version);
        report.sent += row.sent;
        report.total += row.bytes;
        report.parts.push(PartStatus::of(row, secret));
    }
    for row in receipts::all(connection)? {
        let Ok(secret) = row.secret(key) else { continue };
        if let Some(report) = reports.get_mut(&secret.report) {
            report.receipt = ReceiptStatus {
                sequence: secret.last.as_ref().map(|receipt| receipt.sequence),
                signed_at_ms: secret.last.as_ref().map(|receipt| receipt.signed_at_ms),
                asked_at_ms: (row.asked_at_ms > 0).then_some(row.asked_at_ms),
                problem: secret.problem,
            };
        }
    }
    for report in reports.values_mut() {
        (report.state, report.reason) = summary(&report.parts);
    }
    Ok(reports)
}

impl ReportStatus {
    /// The status of a report of which nothing was sealed yet.
    #[must_use]
    pub fn draft(report: ReportId) -> Self {
        Self {
            report,
            state: ReportState::Draft,
            reason: None,
            sent: 0,
            total: 0,
            version: 0,
            receipt: ReceiptStatus::default(),
            parts: Vec::new(),
        }
    }
}

impl PartStatus {
    fn of(row: PartRow, secret: PartSecret) -> Self {
        Self {
            part: row.id,
            audiences: secret.audiences,
            kind: secret.kind,
            state: row.state,
            reason: row.reason,
            sent: row.sent,
            in_flight: 0,
            total: row.bytes,
        }
    }
}

/// One word for all parts: the least of what was reached, and never more.
fn summary(parts: &[PartStatus]) -> (ReportState, Option<String>) {
    let find = |state| parts.iter().find(|part| part.state == state);
    let all = |wanted: &[PartState]| parts.iter().all(|part| wanted.contains(&part.state));
    if let Some(part) = find(PartState::Parked) {
        return (ReportState::Parked, part.reason.clone());
    }
    if let Some(part) = find(PartState::Waiting) {
        let some_left = parts.iter().any(|part| part.sent > 0);
        let state = if some_left { ReportState::Sending } else { ReportState::Waiting };
        return (state, part.reason.clone());
    }
    if all(&[PartState::Opened]) {
        return (ReportState::Opened, None);
    }
    (ReportState::Stored, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(state: PartState, sent: u64) -> PartStatus {
        PartStatus {
            part: PartId::make(),
            audiences: vec![Audience::Organisation],
            kind: PartKind::Answers,
            state,
            reason: None,
            sent,
            in_flight: 0,
            total: 10,
        }
    }

    #[test]
    fn a_report_is_never_said_to_be_further_than_its_slowest_part() {
        use PartState::{Opened, Parked, Stored, Waiting};
        let state = |states: &[(PartState, u64)]| {
            let parts: Vec<_> = states.iter().map(|(state, sent)| part(*state, *sent)).collect();
            summary(&parts).0
        };
        assert_eq!(state(&[(Waiting, 0), (Waiting, 0)]), ReportState::Waiting);
        assert_eq!(state(&[(Opened, 10), (Waiting, 0)]), ReportState::Sending);
        assert_eq!(state(&[(Waiting, 3)]), ReportState::Sending);
        assert_eq!(state(&[(Stored, 10), (Opened, 10)]), ReportState::Stored);
        assert_eq!(state(&[(Opened, 10), (Opened, 10)]), ReportState::Opened);
        assert_eq!(state(&[(Opened, 10), (Parked, 0)]), ReportState::Parked);
    }
}
