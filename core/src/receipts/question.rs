//! Questions of the organisation: they come in a receipt, each sealed to the report's question
//! identity, which lies in the vault. So a phone that is locked shows the state and no question.

use serde::{Deserialize, Serialize};

use super::{decrypt, encrypt};
use crate::crypto::sha256;
use crate::ids::{Digest, QuestionId};

/// The longest question, in bytes of UTF-8. It is read on a phone.
pub const MAX_QUESTION_BYTES: usize = 2000;

const FORMAT: &str = "homeward-question/1";

/// More than a question can have is a trap.
const MAX_PLAIN: u64 = 16 << 10;

/// What the organisation asks the person who reported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    format: String,
    /// Its name; a reply says which question it answers.
    pub id: QuestionId,
    /// What is asked, as the organisation wrote it.
    pub text: String,
    /// When it was asked, Unix ms by the desk's clock.
    pub asked_at_ms: i64,
}

// A question tells of the report, so it is not printed by accident.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question(…)")
    }
}

/// A question as a receipt carries it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedQuestion {
    /// The question's name.
    pub id: QuestionId,
    /// The hash of the age file: this is what the receipt's signature covers.
    pub sha256: Digest,
    /// The age file, as base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sealed: String,
}

impl std::fmt::Debug for SealedQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedQuestion(…)")
    }
}

/// Why a question can't be asked or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// Nothing is asked, or more than fits.
    #[error("a question has 1 to {MAX_QUESTION_BYTES} bytes")]
    Length,
    /// The report names nobody whom age could seal to.
    #[error("the report can't be asked")]
    NoRecipient,
    /// It does not open with the report's identity, or holds something else.
    #[error("the question can't be read")]
    Unreadable,
}

impl Question {
    /// A new question, asked at `asked_at_ms`.
    pub fn new(text: &str, asked_at_ms: i64) -> Result<Self, QuestionError> {
        let text = text.trim();
        if !(1..=MAX_QUESTION_BYTES).contains(&text.len()) {
            return Err(QuestionError::Length);
        }
        Ok(Self { format: FORMAT.into(), id: QuestionId::make(), text: text.into(), asked_at_ms })
    }

    /// Seals it to the report's question `recipient`, an age recipient as text.
    pub fn seal(&self, recipient: &str) -> Result<SealedQuestion, QuestionError> {
        let json = serde_json::to_vec(self).map_err(|_| QuestionError::Unreadable)?;
        let sealed = encrypt(json, recipient).ok_or(QuestionError::NoRecipient)?;
        let text = data_encoding::BASE64.encode(&sealed);
        Ok(SealedQuestion { id: self.id, sha256: sha256(&sealed), sealed: text })
    }
}

impl SealedQuestion {
    /// Opens it with the report's question identity.
    pub fn open(&self, identity: &age::x25519::Identity) -> Result<Question, QuestionError> {
        let sealed = self.bytes().ok_or(QuestionError::Unreadable)?;
        let plain = decrypt(&sealed, identity, MAX_PLAIN).ok_or(QuestionError::Unreadable)?;
        let question: Question =
            serde_json::from_slice(&plain).map_err(|_| QuestionError::Unreadable)?;
        let same = question.format == FORMAT && question.id == self.id;
        same.then_some(question).ok_or(QuestionError::Unreadable)
    }

    /// Whether it holds the age file that its hash names.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes().is_some()
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let bytes = data_encoding::BASE64.decode(self.sealed.as_bytes()).ok()?;
        (sha256(&bytes) == self.sha256).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(text: &str) -> (SealedQuestion, age::x25519::Identity) {
        let phone = age::x25519::Identity::generate();
        let question = Question::new(text, 0).unwrap();
        (question.seal(&phone.to_public().to_string()).unwrap(), phone)
    }

    #[test]
    fn a_question_opens_for_the_phone_that_it_was_sealed_to_and_no_other() {
        let (question, phone) = sealed("Wo ist die Schule?");
        assert_eq!(question.open(&phone).unwrap().text, "Wo ist die Schule?");
        let other = age::x25519::Identity::generate();
        assert_eq!(question.open(&other), Err(QuestionError::Unreadable));
    }

    #[test]
    fn a_short_question_is_as_long_as_a_long_one() {
        assert_eq!(sealed("?").0.sealed.len(), sealed(&"é".repeat(1000)).0.sealed.len());
    }

    #[test]
    fn a_question_under_another_ones_name_is_not_read() {
        let (mut question, phone) = sealed("Which school?");
        question.id = QuestionId::make();
        assert_eq!(question.open(&phone), Err(QuestionError::Unreadable));
    }

    #[test]
    fn an_empty_or_endless_question_is_refused() {
        for text in [String::new(), " \n".into(), "x".repeat(MAX_QUESTION_BYTES + 1)] {
            assert_eq!(Question::new(&text, 0), Err(QuestionError::Length));
        }
    }

    #[test]
    fn a_recipient_that_age_does_not_know_is_an_error() {
        let question = Question::new("Which school?", 0).unwrap();
        assert_eq!(question.seal("age1nobody"), Err(QuestionError::NoRecipient));
    }
}
