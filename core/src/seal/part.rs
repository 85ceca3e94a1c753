//! What a part says of itself, and the documents inside.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::keys::report_id;
use crate::crypto::{Signature, SigningKey, VerifyKey, sha256};
use crate::forms::{Audience, Earlier, FieldId, FormId};
use crate::ids::{Digest, Fingerprint, PartId, ReceiptAddress, ReportId};
use crate::media::Manifest;

/// The format label of a part; its last word is the version.
const FORMAT: &str = "homeward-part/1";

/// The format label of an answers document.
pub const ANSWERS_FORMAT: &str = "homeward-answers/1";

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The ten answers that leave first.
    FirstMinute,
    /// All answers that an audience may see, and the list of what else there is.
    Answers,
    /// A scrubbed photo, video or recording.
    Medium,
}

impl PartKind {
    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstMinute => "first_minute",
            Self::Answers => "answers",
            Self::Medium => "medium",
        }
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
        let fields: [&[u8]; 14] = [
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
        ];
        let mut statement = Vec::new();
        for field in fields {
            statement.extend_from_slice(&(field.len() as u64).to_be_bytes());
            statement.extend_from_slice(field);
        }
        statement
    }
}

/// `answers.json`: the answers that one audience may see.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswersDocument {
    /// [`ANSWERS_FORMAT`].
    pub format: String,
    /// The form that was filled in.
    pub form: FormId,
    /// The form's version.
    pub form_version: u32,
    /// When it was sealed, Unix ms.
    pub sealed_at_ms: i64,
    /// The phone's offset from UTC then, in minutes.
    pub offset_minutes: i32,
    /// The answers, each in the JSON of its kind.
    pub answers: BTreeMap<FieldId, serde_json::Value>,
    /// What an earlier version of the form asked. For the organisation only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierAnswer>,
    /// The photos, videos and recordings that this audience can open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediumEntry>,
    /// The other parts of this version: those that the audience can open; for the organisation all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ListedPart>,
}

// Answers are not printed by accident.
impl std::fmt::Debug for AnswersDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswersDocument(…)")
    }
}

/// An answer to a question that the form no longer asks.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierAnswer {
    /// The field's name then.
    pub field: String,
    /// The answer, in the JSON of its kind then.
    pub value: serde_json::Value,
}

impl From<&Earlier> for EarlierAnswer {
    fn from(earlier: &Earlier) -> Self {
        Self { field: earlier.field.clone(), value: earlier.value.clone() }
    }
}

impl std::fmt::Debug for EarlierAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EarlierAnswer(…)")
    }
}

/// A medium as the answers tell of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediumEntry {
    /// The part that holds it.
    pub part: PartId,
    /// The file's name inside that part.
    pub name: String,
    /// The field that it answers.
    pub field: FieldId,
    /// What scrubbing took out and what it could not.
    pub manifest: Manifest,
}

/// Another part of the same version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPart {
    /// Its id.
    pub part: PartId,
    /// What it is.
    pub kind: PartKind,
    /// Who may open it.
    pub audiences: Vec<Audience>,
    /// The length of its ciphertext.
    pub bytes: u64,
    /// The hash of its ciphertext.
    pub sha256: Digest,
}
