//! What a part says of itself.

use serde::{Deserialize, Serialize};

use super::keys::report_id;
use crate::crypto::{Signature, SigningKey, VerifyKey, sha256};
use crate::forms::Audience;
use crate::ids::{Digest, Fingerprint, PartId, ReceiptAddress, ReportId};

/// The format label of a part; its last word is the version.
const FORMAT: &str = "homeward-part/1";

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl PartKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::FirstMinute,
        Self::Face,
        Self::Answers,
        Self::Medium,
        Self::Original,
        Self::Reply,
        Self::Recall,
    ];

    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstMinute => "first_minute",
            Self::Face => "face",
            Self::Answers => "answers",
            Self::Medium => "medium",
            Self::Original => "original",
            Self::Reply => "reply",
            Self::Recall => "recall",
        }
    }

    /// Whether it is a file that may wait for a network that costs nothing.
    #[must_use]
    pub fn is_file(self) -> bool {
        matches!(self, Self::Medium | Self::Original)
    }

    /// Whether it waits for the organisation's word once its report was called back: pictures do,
    /// words go on.
    #[must_use]
    pub fn waits_after_recall(self) -> bool {
        matches!(self, Self::Face | Self::Medium | Self::Original)
    }
}

/// The file inside a part that is not `part.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its name, made by us: never the name that the file had on the phone.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

/// `part.json`: what the part is, for whom, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    format: String,
    /// The organisation that the part is for.
    pub organisation: Fingerprint,
    /// Who may open it, sorted.
    pub audiences: Vec<Audience>,
    /// The report that it belongs to.
    pub report: ReportId,
    /// Its own id.
    pub part: PartId,
    /// What it is.
    pub kind: PartKind,
    /// Which version of the report it came with, from 1.
    pub version: u32,
    /// The hash of the statement that led the version before; none in the first.
    pub previous: Option<Digest>,
    /// Whether this is an exercise.
    pub practice: bool,
    /// The file beside it.
    pub content: Content,
    /// Where the receipt is to be left.
    pub receipt_address: ReceiptAddress,
    /// Whom the receipt is to be sealed to, an age recipient.
    pub receipt_recipient: String,
    /// Whom the organisation's questions are to be sealed to, an age recipient. Another than the
    /// receipt's, whose secret the phone uses while it is locked.
    pub question_recipient: String,
    key: VerifyKey,
    signature: Signature,
}

/// What goes into a [`Part`] before it is signed.
pub(crate) struct Unsigned {
    pub(crate) organisation: Fingerprint,
    pub(crate) audiences: Vec<Audience>,
    pub(crate) part: PartId,
    pub(crate) kind: PartKind,
    pub(crate) version: u32,
    pub(crate) previous: Option<Digest>,
    pub(crate) content: Content,
}

impl Unsigned {
    /// Signs the part with its report's keys.
    pub(crate) fn sign(mut self, keys: &super::ReportKeys) -> Part {
        self.audiences.sort_unstable();
        self.audiences.dedup();
        let key: SigningKey = keys.signing_key();
        let mut part = Part {
            format: FORMAT.into(),
            organisation: self.organisation,
            audiences: self.audiences,
            report: keys.report_id(),
            part: self.part,
            kind: self.kind,
            version: self.version,
            previous: self.previous,
            practice: false,
            content: self.content,
            receipt_address: keys.receipt_address(),
            receipt_recipient: keys.receipt_identity().to_public().to_string(),
            question_recipient: keys.question_identity().to_public().to_string(),
            key: key.verify_key(),
            signature: key.sign(&[]),
        };
        part.signature = key.sign(&part.statement());
        part
    }
}

impl Part {
    /// Whether the format is known, the key is the report's, and it signed all that is said here.
    pub(super) fn is_signed(&self) -> bool {
        self.format == FORMAT
            && report_id(&self.key) == self.report
            && self.key.verifies(&self.statement(), &self.signature)
    }

    /// The hash of what was signed; the next version names it as its [`previous`](Self::previous).
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&self.statement())
    }

    /// The signed bytes: every field with its length before it, so that no two parts share them.
    fn statement(&self) -> Vec<u8> {
        let audiences = self.audiences.iter().map(|audience| audience.name());
        let audiences = audiences.collect::<Vec<_>>().join(",");
        let previous = self.previous.map(|digest| digest.to_string()).unwrap_or_default();
        let fields: [&[u8]; 15] = [
            FORMAT.as_bytes(),
            self.organisation.as_bytes(),
            audiences.as_bytes(),
            self.report.as_bytes(),
            self.part.as_bytes(),
            self.kind.as_str().as_bytes(),
            &self.version.to_be_bytes(),
            previous.as_bytes(),
            &[u8::from(self.practice)],
            self.content.name.as_bytes(),
            &self.content.bytes.to_be_bytes(),
            self.content.sha256.as_bytes(),
            self.receipt_address.as_bytes(),
            self.receipt_recipient.as_bytes(),
            self.question_recipient.as_bytes(),
        ];
        let mut statement = Vec::new();
        for field in fields {
            statement.extend_from_slice(&(field.len() as u64).to_be_bytes());
            statement.extend_from_slice(field);
        }
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::ReportKeys;

    fn part() -> Part {
        Unsigned {
            organisation: Fingerprint::from([4; 32]),
            audiences: vec![Audience::Organisation],
            part: PartId::make(),
            kind: PartKind::Reply,
            version: 1,
            previous: None,
            content: Content { name: "reply.json".into(), bytes: 1, sha256: sha256(b"x") },
        }
        .sign(&ReportKeys::make())
    }

    #[test]
    fn the_word_of_a_kind_is_its_word_in_json() {
        for kind in PartKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_part_of_any_kind_is_not_taken_for_another_kind() {
        for kind in PartKind::ALL.into_iter().filter(|kind| *kind != PartKind::Reply) {
            let mut part = part();
            assert!(part.is_signed());
            part.kind = kind;
            assert!(!part.is_signed(), "{}", kind.as_str());
        }
    }

    #[test]
    fn nobody_can_have_the_questions_sealed_to_himself() {
        let mut part = part();
        part.question_recipient = age::x25519::Identity::generate().to_public().to_string();
        assert!(!part.is_signed());
    }
}
