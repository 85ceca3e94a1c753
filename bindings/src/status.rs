//! How far everything is, in words that are never better than the truth.

use homeward_core::seal;
use homeward_core::{queue, vault};

use crate::form::Audience;
use crate::names::list;

/// What can be done with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum VaultState {
    /// Everything opens.
    Ready,
    /// The device did not give the key; it may later.
    Locked,
    /// The device has lost the key for ever.
    KeyLost,
    /// What is stored does not open. It is kept as it is.
    Damaged,
    /// A newer version of the app wrote it. It is kept as it is.
    FromNewerApp,
}

/// How far a report is. "Stored" is no "read", and "read" is no "the police know".
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
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

/// How far a report and each of its parts is.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct ReportStatus {
    /// The report's id.
    pub report: String,
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

// An id may lead to a report.
impl std::fmt::Debug for ReportStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { state, sent, total, .. } = self;
        write!(f, "ReportStatus({state:?}, {sent} of {total})")
    }
}

/// What is known of a report's receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct ReceiptStatus {
    /// The sequence of the last one that was believed.
    pub sequence: Option<u32>,
    /// When the desk signed it, by the desk's own clock, Unix ms.
    pub signed_at_ms: Option<i64>,
    /// When the phone last looked, Unix ms. Show it: it is what "nobody has opened this" rests on.
    pub asked_at_ms: Option<i64>,
    /// Why the last answer was not believed: a message id.
    pub problem: Option<String>,
    /// By when somebody should have opened something, Unix ms.
    pub deadline_at_ms: Option<i64>,
}

/// How far a part is.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PartStatus {
    /// The part's id.
    pub part: String,
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
    /// The length of its ciphertext in bytes.
    pub total: u64,
    /// Whether its ciphertext is still on this phone. It goes when a signed receipt lets it go.
    pub on_phone: bool,
    /// How often it was sent again because the organisation did not have it.
    pub sent_again: u32,
}

impl std::fmt::Debug for PartStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, state, sent, total, .. } = self;
        write!(f, "PartStatus({kind:?}, {state:?}, {sent} of {total})")
    }
}

/// How far a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PartState {
    /// Not all of it is at the server.
    Waiting,
    /// The server has every byte. Nobody may have read it.
    Stored,
    /// The organisation signed that it opened it, or holds it for the police.
    Opened,
    /// Only the person can start it again.
    Parked,
    /// Its report was called back before it left: it waits for the organisation's word.
    Held,
    /// The organisation does not need it any more; it was not sent.
    Dropped,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PartKind {
    /// The ten answers that leave first.
    FirstMinute,
    /// A small copy of the main photo, made by the phone.
    Face,
    /// All answers that an audience may see, and the list of what else there is.
    Answers,
    /// A scrubbed photo, video or recording.
    Medium,
    /// The untouched file that a medium was scrubbed from.
    Original,
    /// What the person answers to the organisation's question, or adds in words.
    Reply,
    /// The person's claim that the search can end.
    Recall,
}

impl From<vault::VaultState> for VaultState {
    fn from(state: vault::VaultState) -> Self {
        match state {
            vault::VaultState::Ready => Self::Ready,
            vault::VaultState::Locked => Self::Locked,
            vault::VaultState::KeyLost => Self::KeyLost,
            vault::VaultState::Damaged => Self::Damaged,
            vault::VaultState::FromNewerApp => Self::FromNewerApp,
        }
    }
}

impl From<queue::ReportState> for ReportState {
    fn from(state: queue::ReportState) -> Self {
        match state {
            queue::ReportState::Draft => Self::Draft,
            queue::ReportState::Waiting => Self::Waiting,
            queue::ReportState::Sending => Self::Sending,
            queue::ReportState::Stored => Self::Stored,
            queue::ReportState::Opened => Self::Opened,
            queue::ReportState::Parked => Self::Parked,
            queue::ReportState::Recalled => Self::Recalled,
        }
    }
}

impl From<queue::PartState> for PartState {
    fn from(state: queue::PartState) -> Self {
        match state {
            queue::PartState::Waiting => Self::Waiting,
            queue::PartState::Stored => Self::Stored,
            queue::PartState::Opened => Self::Opened,
            queue::PartState::Parked => Self::Parked,
            queue::PartState::Held => Self::Held,
            queue::PartState::Dropped => Self::Dropped,
        }
    }
}

impl From<seal::PartKind> for PartKind {
    fn from(kind: seal::PartKind) -> Self {
        match kind {
            seal::PartKind::FirstMinute => Self::FirstMinute,
            seal::PartKind::Face => Self::Face,
            seal::PartKind::Answers => Self::Answers,
            seal::PartKind::Medium => Self::Medium,
            seal::PartKind::Original => Self::Original,
            seal::PartKind::Reply => Self::Reply,
            seal::PartKind::Recall => Self::Recall,
        }
    }
}

impl From<queue::ReportStatus> for ReportStatus {
    fn from(status: queue::ReportStatus) -> Self {
        let queue::ReportStatus { report, state, reason, sent, total, version, receipt, parts } =
            status;
        Self {
            report: report.to_string(),
            state: state.into(),
            reason,
            sent,
            total,
            version,
            receipt: receipt.into(),
            parts: list(parts),
        }
    }
}

impl From<queue::ReceiptStatus> for ReceiptStatus {
    fn from(status: queue::ReceiptStatus) -> Self {
        let queue::ReceiptStatus { sequence, signed_at_ms, asked_at_ms, problem, deadline_at_ms } =
            status;
        Self { sequence, signed_at_ms, asked_at_ms, problem, deadline_at_ms }
    }
}

impl From<queue::PartStatus> for PartStatus {
    fn from(status: queue::PartStatus) -> Self {
        let queue::PartStatus {
            part,
            audiences,
            kind,
            state,
            reason,
            sent,
            in_flight,
            total,
            on_phone,
            sent_again,
        } = status;
        Self {
            part: part.to_string(),
            audiences: list(audiences),
            kind: kind.into(),
            state: state.into(),
            reason,
            sent,
            in_flight,
            total,
            on_phone,
            sent_again,
        }
    }
}
