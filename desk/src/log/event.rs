//! What the log tells of. Ids and hashes only: the log may be shown to an auditor, and outlives the
//! reports that are deleted.

use homeward_core::receipts::HoldAnswer;
use homeward_core::seal::PartKind;
use homeward_core::{Digest, PartId, QuestionId, ReportId};
use serde::{Deserialize, Serialize};

/// Something that a desk did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// A part was opened and found whole.
    Opened {
        /// The report that it belongs to.
        report: ReportId,
        /// Its id.
        part: PartId,
        /// What it is.
        kind: PartKind,
        /// The hash of its ciphertext.
        sha256: Digest,
    },
    /// The same part came once more.
    Twin {
        /// The report that it belongs to.
        report: ReportId,
        /// Its id.
        part: PartId,
    },
    /// An upload was not taken, for the first time with this reason.
    Refused {
        /// The hash of its name in the store; the name itself is part of a secret URL.
        upload: Digest,
        /// Why: a message id.
        reason: String,
    },
    /// A receipt was signed.
    Receipt {
        /// The report that it is for.
        report: ReportId,
        /// Its number.
        sequence: u32,
        /// The hash of what it says, without the head of the log.
        says: Digest,
    },
    /// A question was asked.
    Asked {
        /// The report that it is about.
        report: ReportId,
        /// Its id.
        question: QuestionId,
        /// The hash of its age file.
        sha256: Digest,
    },
    /// It was decided what becomes of the media that a recall holds.
    Hold {
        /// The recalled report.
        report: ReportId,
        /// What was decided.
        answer: HoldAnswer,
    },
    /// Files of a report were written out.
    Files {
        /// The report.
        report: ReportId,
        /// Whether as sealed parts.
        sealed: bool,
    },
    /// The identities were written out.
    KeysExported,
    /// A kill left part of an entry, which was cut off.
    Torn {
        /// How many bytes.
        bytes: u64,
    },
}
