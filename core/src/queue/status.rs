//! What the person is told of a report's way: from rows alone, so the same after a restart.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The person called it back. Whether the organisation knows that is the reason's to say.
    Recalled,
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
            Self::Recalled => "state-recalled",
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
    /// By when somebody should have opened something, Unix ms.
    pub deadline_at_ms: Option<i64>,
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
    /// Whether its ciphertext is still on this phone. It goes when a signed receipt lets it go.
    pub on_phone: bool,
    /// How often it was sent again because the organisation did not have it.
    pub sent_again: u32,
}

/// The status of every report that was sealed, whether the vault is open or not.
pub(crate) fn statuses(store: &Store) -> Result<BTreeMap<ReportId, ReportStatus>> {
    let now_ms = store.now().unix_ms;
    let outboxes = store.read_outboxes(|db, key| in_one(db, key, now_ms))?;
    Ok(outboxes.into_iter().flatten().collect())
}

/// The status of the reports in one outbox.
fn in_one(
    connection: &Connection,
    key: &CellKey,
    now_ms: i64,
) -> Result<BTreeMap<ReportId, ReportStatus>> {
    let mut reports: BTreeMap<ReportId, ReportStatus> = BTreeMap::new();
    let receipts = receipts::all(connection)?.into_iter();
    let receipts: BTreeMap<ReportId, _> = receipts
        .filter_map(|row| row.secret(key).ok().map(|secret| (secret.report, (row, secret))))
        .collect();
    let mut late = BTreeSet::new();
    for row in rows::all(connection)? {
        let secret = row.secret(key)?;
        let within_ms = receipts.get(&secret.report).and_then(|(_, receipt)| receipt.within_ms);
        if is_late(&row, &secret, within_ms, now_ms) {
            late.insert(secret.report);
        }
        let report =
            reports.entry(secret.report).or_insert_with(|| ReportStatus::draft(secret.report));
        report.version = report.version.max(secret.report_version);
        report.sent += row.sent;
        report.total += row.bytes;
        report.parts.push(PartStatus::of(row, secret));
    }
    for (id, (row, secret)) in receipts {
        if let Some(report) = reports.get_mut(&id) {
            report.receipt = ReceiptStatus {
                sequence: secret.last.as_ref().map(|receipt| receipt.sequence),
                signed_at_ms: secret.last.as_ref().map(|receipt| receipt.signed_at_ms),
                asked_at_ms: (row.asked_at_ms > 0).then_some(row.asked_at_ms),
                problem: secret.problem,
                deadline_at_ms: secret.deadline_at_ms,
            };
        }
    }
    for report in reports.values_mut() {
        (report.state, report.reason) = summary(&report.parts);
        if report.is_overdue(now_ms) {
            report.reason = Some("nobody-opened".into());
        } else if late.contains(&report.report) && report.is_waited_for() {
            report.reason = Some("part-not-opened".into());
        }
    }
    Ok(reports)
}

/// Whether a part should have been opened by now. A file that is on its way takes its time.
fn is_late(row: &PartRow, secret: &PartSecret, within_ms: Option<i64>, now_ms: i64) -> bool {
    let stands = match row.state {
        PartState::Stored => true,
        PartState::Waiting => !secret.kind.is_file(),
        _ => false,
    };
    let late_at = secret.first_tried_at_ms.zip(within_ms);
    stands && late_at.is_some_and(|(since, within)| now_ms >= since.saturating_add(within))
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

    /// Whether somebody should have opened something by now, and nobody has. A report that was
    /// called back needs nobody to call.
    fn is_overdue(&self, now_ms: i64) -> bool {
        self.is_waited_for()
            && self.receipt.deadline_at_ms.is_some_and(|deadline| now_ms >= deadline)
            && !self.parts.iter().any(|part| part.state == PartState::Opened)
    }

    /// Whether the organisation still has something to open.
    fn is_waited_for(&self) -> bool {
        [ReportState::Waiting, ReportState::Sending, ReportState::Stored].contains(&self.state)
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
            on_phone: !secret.released,
            sent_again: secret.memory.starts.missing,
        }
    }
}

/// One word for all parts: the least of what was reached, and never more.
fn summary(parts: &[PartStatus]) -> (ReportState, Option<String>) {
    if let Some(recall) = parts.iter().rev().find(|part| part.kind == PartKind::Recall) {
        return (ReportState::Recalled, known_of(recall));
    }
    let find = |state| parts.iter().find(|part| part.state == state);
    if let Some(part) = find(PartState::Parked) {
        return (ReportState::Parked, part.reason.clone());
    }
    if let Some(part) = find(PartState::Waiting).or(find(PartState::Held)) {
        let some_left = parts.iter().any(|part| part.sent > 0);
        let state = if some_left { ReportState::Sending } else { ReportState::Waiting };
        return (state, part.reason.clone());
    }
    // What the organisation did not want is not waited for, and proves nothing.
    if find(PartState::Stored).is_none() && find(PartState::Opened).is_some() {
        return (ReportState::Opened, None);
    }
    (ReportState::Stored, None)
}

/// What the organisation knows of a recall: nothing to say only once it has opened it.
fn known_of(recall: &PartStatus) -> Option<String> {
    match recall.state {
        PartState::Opened | PartState::Dropped => None,
        PartState::Stored => Some("recall-stored".into()),
        PartState::Waiting | PartState::Held if recall.reason.is_none() => {
            Some("recall-not-sent".into())
        }
        PartState::Waiting | PartState::Held | PartState::Parked => recall.reason.clone(),
    }
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
            on_phone: true,
            sent_again: 0,
        }
    }

    #[test]
    fn a_recalled_report_says_whether_the_organisation_knows() {
        let of = |state, reason: Option<&str>| {
            let recall = PartStatus {
                kind: PartKind::Recall,
                reason: reason.map(str::to_owned),
                ..part(state, 0)
            };
            summary(&[part(PartState::Opened, 10), recall, part(PartState::Held, 0)])
        };
        let known = |state, reason| {
            let (said, reason) = of(state, reason);
            assert_eq!(said, ReportState::Recalled);
            reason
        };
        assert_eq!(known(PartState::Waiting, None).as_deref(), Some("recall-not-sent"));
        let no_network = Some("waiting-no-network");
        assert_eq!(known(PartState::Waiting, no_network).as_deref(), no_network);
        assert_eq!(known(PartState::Stored, None).as_deref(), Some("recall-stored"));
        assert_eq!(known(PartState::Opened, None), None);
    }

    #[test]
    fn a_report_that_nobody_opened_in_time_says_so_and_one_that_somebody_opened_does_not() {
        let report = |state| {
            let mut report = ReportStatus::draft(ReportId::ZERO);
            report.parts = vec![part(state, 10), part(PartState::Stored, 10)];
            report.state = summary(&report.parts).0;
            report.receipt.deadline_at_ms = Some(1_000);
            report
        };
        assert!(!report(PartState::Stored).is_overdue(999));
        assert!(report(PartState::Stored).is_overdue(1_000));
        assert!(report(PartState::Waiting).is_overdue(1_000));
        assert!(!report(PartState::Opened).is_overdue(1_000));
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

    #[test]
    fn no_two_parts_together_are_further_than_the_lesser() {
        use PartState::{Dropped, Held, Opened, Parked, Stored, Waiting};
        let all = [Waiting, Stored, Opened, Parked, Held, Dropped];
        for (one, two) in all.into_iter().flat_map(|one| all.map(|two| (one, two))) {
            let has = |state| one == state || two == state;
            let (said, _) = summary(&[part(one, 10), part(two, 10)]);
            if said == ReportState::Opened {
                assert!(has(Opened) && !has(Waiting) && !has(Stored) && !has(Held) && !has(Parked));
            }
            if said == ReportState::Stored {
                assert!(!has(Waiting) && !has(Held) && !has(Parked));
            }
            assert_ne!(said, ReportState::Recalled, "nobody called it back");
        }
    }

    /// Whether a sentence of the message claims one of these words. "Nobody has opened it" claims
    /// nothing.
    fn claims(id: &str, words: &[&str]) -> bool {
        let text = crate::texts::Texts::built_in().text(id, &[]).to_lowercase();
        let claims = |sentence: &str| {
            let said: Vec<_> = sentence.split(|c: char| !c.is_alphabetic()).collect();
            !said.contains(&"nobody")
                && !said.contains(&"not")
                && words.iter().any(|word| said.contains(word))
        };
        text.split('.').any(claims)
    }

    #[test]
    fn no_message_says_more_than_its_state() {
        use ReportState::{Draft, Opened, Parked, Recalled, Sending, Stored, Waiting};
        let read = ["opened", "read", "seen", "received", "delivered", "knows", "know", "known"];
        let unread = [Draft, Waiting, Sending, Stored, Parked, Recalled];
        let beside = [
            "nobody-opened",
            "part-not-opened",
            "recall-not-sent",
            "recall-stored",
            "held-recalled",
        ];
        for id in unread.map(ReportState::message_id).into_iter().chain(beside) {
            assert!(!claims(id, &read), "{id} sounds as if somebody had read it");
        }
        for id in [Draft, Waiting, Sending, Parked].map(ReportState::message_id) {
            assert!(!claims(id, &["stored", "arrived", "safe"]), "{id} sounds as if it had left");
        }
        let receipts = ["receipt-opened", "receipt-forwarded", "receipt-missing"];
        let states = unread.map(ReportState::message_id).into_iter().chain([Opened.message_id()]);
        for id in states.chain(beside).chain(receipts) {
            assert!(!claims(id, &["police"]), "{id} sounds as if the police knew");
        }
        assert!(claims(Opened.message_id(), &read) && claims(Stored.message_id(), &["stored"]));
    }
}
