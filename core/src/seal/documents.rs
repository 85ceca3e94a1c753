//! The documents inside parts: answers, replies, recalls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::part::PartKind;
use crate::forms::{Audience, Earlier, FieldId, FormId, Moment};
use crate::ids::{Digest, PartId, QuestionId};
use crate::media::Manifest;

/// The format label of an answers document.
pub const ANSWERS_FORMAT: &str = "homeward-answers/1";

/// The format label of a reply.
pub const REPLY_FORMAT: &str = "homeward-reply/1";

/// The format label of a recall.
pub const RECALL_FORMAT: &str = "homeward-recall/1";

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

/// `reply.json`: what the person wrote to the organisation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyDocument {
    /// [`REPLY_FORMAT`].
    pub format: String,
    /// The question that it answers; none if the person just wrote.
    pub question: Option<QuestionId>,
    /// The person's words.
    pub text: String,
    /// When it was sealed, Unix ms.
    pub sealed_at_ms: i64,
    /// The phone's offset from UTC then, in minutes.
    pub offset_minutes: i32,
}

impl ReplyDocument {
    /// What the person wrote at `now`.
    #[must_use]
    pub fn new(question: Option<QuestionId>, text: String, now: Moment) -> Self {
        let Moment { unix_ms: sealed_at_ms, offset_minutes } = now;
        Self { format: REPLY_FORMAT.into(), question, text, sealed_at_ms, offset_minutes }
    }
}

impl std::fmt::Debug for ReplyDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplyDocument(…)")
    }
}

/// `recall.json`: the person says that the search can end. A claim, never a closure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallDocument {
    /// [`RECALL_FORMAT`].
    pub format: String,
    /// What the person says.
    pub why: RecallReason,
    /// When it was sealed, Unix ms.
    pub sealed_at_ms: i64,
    /// The phone's offset from UTC then, in minutes.
    pub offset_minutes: i32,
}

impl RecallDocument {
    /// What the person says at `now`.
    #[must_use]
    pub fn new(why: RecallReason, now: Moment) -> Self {
        let Moment { unix_ms: sealed_at_ms, offset_minutes } = now;
        Self { format: RECALL_FORMAT.into(), why, sealed_at_ms, offset_minutes }
    }
}

/// Why a person recalls a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallReason {
    /// The child is back, or was seen to be safe.
    Found,
    /// The person does not want the report to go on.
    Withdrawn,
    /// It was sent by mistake.
    Mistake,
}

impl RecallReason {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::Found, Self::Withdrawn, Self::Mistake];

    /// The word for it, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Withdrawn => "withdrawn",
            Self::Mistake => "mistake",
        }
    }

    /// The reason with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { unix_ms: 1_764_000_000_000, offset_minutes: -180 };

    #[test]
    fn a_reply_is_written_as_the_format_says() {
        let question = QuestionId::from([0xab; 16]);
        let reply = ReplyDocument::new(Some(question), "yes".into(), NOW);
        let expected = serde_json::json!({
            "format": "homeward-reply/1", "question": "ab".repeat(16), "text": "yes",
            "sealed_at_ms": NOW.unix_ms, "offset_minutes": -180,
        });
        assert_eq!(serde_json::to_value(&reply).unwrap(), expected);
        assert_eq!(serde_json::from_value::<ReplyDocument>(expected).unwrap(), reply);
    }

    #[test]
    fn a_recall_is_written_as_the_format_says() {
        for (why, word) in RecallReason::ALL.into_iter().zip(["found", "withdrawn", "mistake"]) {
            let expected = serde_json::json!({
                "format": "homeward-recall/1", "why": word,
                "sealed_at_ms": NOW.unix_ms, "offset_minutes": -180,
            });
            assert_eq!(serde_json::to_value(RecallDocument::new(why, NOW)).unwrap(), expected);
            assert_eq!(RecallReason::from_word(word), Some(why));
        }
        assert_eq!(RecallReason::from_word("lost"), None);
    }

    #[test]
    fn debug_does_not_print_what_the_person_wrote() {
        let reply = ReplyDocument::new(None, "canary".into(), NOW);
        assert!(!format!("{reply:?}").contains("canary"));
    }
}
