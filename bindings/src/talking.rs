//! What goes back and forth after a report: questions, replies, recalls, receipts.

use homeward_core as core;
use homeward_core::{receipts, seal};

use crate::call::call;
use crate::error::ApiResult;
use crate::hide::hides_value;
use crate::homeward::Homeward;
use crate::names::list;
use crate::sending::SealedReport;

/// What was said between the organisation and the person.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Message {
    /// Who said it.
    pub from: MessageFrom,
    /// The words.
    pub text: String,
    /// When it was said, Unix ms, by the clock of who said it.
    pub at_ms: i64,
}

hides_value!(Message, MessageFrom, RefusedPart);

/// Who said something.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum MessageFrom {
    /// The organisation asked.
    Organisation {
        /// The question's id.
        question: String,
        /// Whether the person has replied to it.
        answered: bool,
    },
    /// The person wrote.
    Person {
        /// The id of the question that it answers; none if the person just wrote.
        question: Option<String>,
    },
}

/// Why a person calls a report back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum RecallReason {
    /// The child is back, or was seen to be safe.
    Found,
    /// The person does not want the report to go on.
    Withdrawn,
    /// It was sent by mistake.
    Mistake,
}

/// What the organisation signed about a report.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Receipt {
    /// Grows with each receipt of the report.
    pub sequence: u32,
    /// When it was signed, Unix ms by the desk's clock.
    pub signed_at_ms: i64,
    /// The ids of the parts that were opened and found whole.
    pub opened: Vec<String>,
    /// Parts that the desk holds for others and can't open itself.
    pub forwarded: Vec<String>,
    /// Parts that the desk does not have. They are sent again.
    pub missing: Vec<String>,
    /// Parts that were not accepted.
    pub refused: Vec<RefusedPart>,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receipt({})", self.sequence)
    }
}

/// A part that the organisation did not accept.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct RefusedPart {
    /// Its id.
    pub part: String,
    /// Why: a message id.
    pub reason: String,
}

/// A QR code: a square of modules, row by row. Leave four light modules around it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct QrModules {
    /// Modules along one side.
    pub side: u32,
    /// Whether each is dark.
    pub dark: Vec<bool>,
}

#[uniffi::export]
impl Homeward {
    /// Keeps a small JPEG of a photo, at most 40,000 bytes, that the phone's own decoder made. The
    /// first photo's leaves right after the first minute, the photo itself follows unchanged.
    /// `Refused` if it is larger or no JPEG.
    pub fn set_face(&self, id: &str, medium: &str, jpeg: Vec<u8>) -> ApiResult<()> {
        call(|| Ok(self.0.set_face(id.parse()?, medium.parse()?, &jpeg)?))
    }

    /// What the organisation asked and the person replied, the oldest first. `Locked` while the
    /// vault is.
    pub fn messages(&self, id: &str) -> ApiResult<Vec<Message>> {
        call(|| Ok(list(self.0.messages(id.parse()?)?)))
    }

    /// Seals a reply for the organisation and queues it; `run` sends it. It answers the last
    /// question that has no reply yet; without one the person just writes. `Refused` if it is empty
    /// or too long, and before anything of the report was sealed.
    pub fn reply(&self, id: &str, text: &str) -> ApiResult<SealedReport> {
        call(|| Ok(self.0.reply(id.parse()?, text)?.into()))
    }

    /// Tells everybody who got anything of the report that the search can end; first in the queue.
    /// A claim: nothing is deleted anywhere, and pictures that have not left are held until the
    /// organisation says what becomes of them.
    pub fn recall(&self, id: &str, why: RecallReason) -> ApiResult<SealedReport> {
        call(|| Ok(self.0.recall(id.parse()?, why.into())?.into()))
    }

    /// The last receipt that was believed, if there is one.
    pub fn receipt(&self, id: &str) -> ApiResult<Option<Receipt>> {
        call(|| Ok(self.0.receipt(id.parse()?)?.map(Into::into)))
    }

    /// The file that proves the receipt to anyone, offline. `Refused` without a receipt.
    pub fn proof(&self, id: &str) -> ApiResult<Vec<u8>> {
        call(|| Ok(self.0.proof(id.parse()?)?))
    }

    /// The same proof as a QR code, for whoever knows the organisation. `Refused` without a
    /// receipt, and for one that names too many parts.
    pub fn proof_qr(&self, id: &str) -> ApiResult<QrModules> {
        call(|| Ok(self.0.proof_qr(id.parse()?)?.into()))
    }
}

impl From<core::Message> for Message {
    fn from(message: core::Message) -> Self {
        let core::Message { from, text, at_ms } = message;
        Self { from: from.into(), text, at_ms }
    }
}

impl From<core::MessageFrom> for MessageFrom {
    fn from(from: core::MessageFrom) -> Self {
        match from {
            core::MessageFrom::Organisation { question, answered } => {
                Self::Organisation { question: question.to_string(), answered }
            }
            core::MessageFrom::Person { question } => {
                Self::Person { question: question.map(|question| question.to_string()) }
            }
        }
    }
}

impl From<RecallReason> for seal::RecallReason {
    fn from(why: RecallReason) -> Self {
        match why {
            RecallReason::Found => Self::Found,
            RecallReason::Withdrawn => Self::Withdrawn,
            RecallReason::Mistake => Self::Mistake,
        }
    }
}

impl From<receipts::Receipt> for Receipt {
    fn from(receipt: receipts::Receipt) -> Self {
        let ids = |parts: Vec<core::PartId>| parts.iter().map(ToString::to_string).collect();
        Self {
            sequence: receipt.sequence,
            signed_at_ms: receipt.signed_at_ms,
            opened: ids(receipt.opened),
            forwarded: ids(receipt.forwarded),
            missing: ids(receipt.missing),
            refused: list(receipt.refused),
        }
    }
}

impl From<receipts::RefusedPart> for RefusedPart {
    fn from(refused: receipts::RefusedPart) -> Self {
        Self { part: refused.part.to_string(), reason: refused.reason }
    }
}

impl From<core::QrModules> for QrModules {
    fn from(code: core::QrModules) -> Self {
        // A QR code has at most 177 modules along a side.
        Self { side: code.side as u32, dark: code.dark }
    }
}
