//! Receipts: the desk's signed word on what it opened.
//!
//! A receipt is signed by a key that the pack names and sealed to the report's own receipt
//! identity, so the server that hands it out learns nothing. Its sequence never goes backwards.
//!
//! Questions travel beside the signed text, which holds only their hashes: so a proof of the
//! receipt ([`Proof`]) stays small enough for a QR code, and shows nobody what was asked.

mod proof;
mod question;

use std::cell::Cell;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::brand::Pack;
use crate::crypto::{SigningKey, VerifyKey};
use crate::ids::{Digest, Fingerprint, PartId, ReportId};
use crate::seal::{Counter, padded_plaintext};
use crate::signed::{Purpose, Signed};

pub use proof::{MAX_PROOF_BYTES, NamedBy, Proof, ProofError, Proven};
pub use question::{MAX_QUESTION_BYTES, Question, QuestionError, SealedQuestion};

/// The largest receipt that is read.
pub const MAX_RECEIPT_BYTES: u64 = 1 << 20;

const FORMAT: &str = "homeward-receipt/1";

/// What a desk says of one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    format: String,
    /// The organisation that speaks.
    pub organisation: Fingerprint,
    /// The report.
    pub report: ReportId,
    /// Grows with each receipt of the report.
    pub sequence: u32,
    /// When it was signed, Unix ms by the desk's clock.
    pub signed_at_ms: i64,
    /// The parts that were opened and found whole.
    pub opened: Vec<PartId>,
    /// Parts that the desk holds for others and can't open itself.
    pub forwarded: Vec<PartId>,
    /// Parts that the report lists and the desk does not have.
    pub missing: Vec<PartId>,
    /// Parts that were not accepted.
    pub refused: Vec<RefusedPart>,
    /// What the organisation asks and has no answer to yet, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<SealedQuestion>,
    /// Where the desk's log stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_head: Option<LogHead>,
    /// What shall happen to the media that a recall holds on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldAnswer>,
}

/// Where the log of a desk device stood: who has it sees later whether the log was cut or
/// rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// The device: the receipt key that signs its log heads.
    pub desk: VerifyKey,
    /// How many entries the log had.
    pub entries: u64,
    /// The hash of the last one, which covers all before it.
    pub hash: Digest,
}

/// What shall happen to the media that a recall holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldAnswer {
    /// They are still needed.
    Send,
    /// They are not needed any more.
    Drop,
}

/// A receipt that was believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedReceipt {
    /// What it says.
    pub receipt: Receipt,
    /// The document as the desk signed it, a JSON text. [`Proof::make`] takes it.
    pub signed: String,
}

/// What a receipt's age file holds: the signed text and, beside it, the sealed questions in the
/// order in which the text names their hashes.
#[derive(Serialize, Deserialize)]
struct Envelope {
    receipt: Signed,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    questions: Vec<String>,
}

/// A part that a desk did not accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedPart {
    /// Its id.
    pub part: PartId,
    /// Why: a message id.
    pub reason: String,
}

/// Why a receipt is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It does not open with the report's identity, or holds something else.
    #[error("the receipt can't be read")]
    Unreadable,
    /// No key that the organisation's pack names signed it.
    #[error("the receipt was not signed by the organisation")]
    BadSignature,
    /// It speaks of another report or organisation.
    #[error("the receipt is for another report")]
    OtherReport,
}

impl ReceiptError {
    /// The message id that says it.
    #[must_use]
    pub fn message_id(self) -> &'static str {
        match self {
            Self::Unreadable => "receipt-unreadable",
            Self::BadSignature => "receipt-bad-signature",
            Self::OtherReport => "receipt-other-report",
        }
    }
}

impl Receipt {
    /// A receipt that says nothing yet.
    #[must_use]
    pub fn new(organisation: Fingerprint, report: ReportId) -> Self {
        Self {
            format: FORMAT.into(),
            organisation,
            report,
            sequence: 1,
            signed_at_ms: 0,
            opened: Vec::new(),
            forwarded: Vec::new(),
            missing: Vec::new(),
            refused: Vec::new(),
            questions: Vec::new(),
            log_head: None,
            hold: None,
        }
    }

    /// Signs the receipt and seals it to the report's `recipient` (an age recipient as text).
    pub fn seal(&self, key: &SigningKey, recipient: &str) -> Result<Vec<u8>, ReceiptError> {
        let mut bare = self.clone();
        let questions = bare.questions.iter_mut().map(|asked| std::mem::take(&mut asked.sealed));
        let questions = questions.collect();
        let body = serde_json::to_string(&bare).map_err(|_| ReceiptError::Unreadable)?;
        let envelope = Envelope { receipt: Signed::make(Purpose::Receipt, body, key), questions };
        let json = serde_json::to_vec(&envelope).map_err(|_| ReceiptError::Unreadable)?;
        encrypt(json, recipient).ok_or(ReceiptError::Unreadable)
    }

    /// Opens a receipt and believes it only if `pack` names its signer and it is for `report`.
    pub fn open(
        sealed: &[u8],
        identity: &age::x25519::Identity,
        pack: &Pack,
        report: ReportId,
    ) -> Result<OpenedReceipt, ReceiptError> {
        let plain = decrypt(sealed, identity, MAX_RECEIPT_BYTES).ok_or(ReceiptError::Unreadable)?;
        let Envelope { receipt: document, questions } =
            serde_json::from_slice(&plain).map_err(|_| ReceiptError::Unreadable)?;
        let (mut receipt, key) = Self::read(&document)?;
        if !pack.receipt_keys.iter().any(|named| named.key == key) {
            return Err(ReceiptError::BadSignature);
        }
        if receipt.report != report || receipt.organisation != pack.organisation.fingerprint() {
            return Err(ReceiptError::OtherReport);
        }
        receipt.take_questions(questions).ok_or(ReceiptError::Unreadable)?;
        let signed = serde_json::to_string(&document).map_err(|_| ReceiptError::Unreadable)?;
        Ok(OpenedReceipt { receipt, signed })
    }

    /// What `document` says, and the key that signed it; whose key that is, is the caller's
    /// question.
    fn read(document: &Signed) -> Result<(Self, VerifyKey), ReceiptError> {
        let (body, key) = document.verify(Purpose::Receipt).ok_or(ReceiptError::BadSignature)?;
        let receipt: Self = serde_json::from_str(body).map_err(|_| ReceiptError::Unreadable)?;
        if receipt.format != FORMAT {
            return Err(ReceiptError::Unreadable);
        }
        Ok((receipt, key))
    }

    /// Puts the sealed questions back into the places of their hashes, if they are those.
    fn take_questions(&mut self, questions: Vec<String>) -> Option<()> {
        if questions.len() != self.questions.len() {
            return None;
        }
        for (asked, sealed) in self.questions.iter_mut().zip(questions) {
            asked.sealed = sealed;
            asked.is_whole().then_some(())?;
        }
        Some(())
    }
}

/// What `sealed` holds for `identity`, if it is whole and at most `limit` bytes.
fn decrypt(sealed: &[u8], identity: &age::x25519::Identity, limit: u64) -> Option<Vec<u8>> {
    let decryptor = age::Decryptor::new_buffered(io::BufReader::new(sealed)).ok()?;
    let reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).ok()?;
    let mut plain = Vec::new();
    reader.take(limit).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// Seals a JSON text to `recipient`, an age recipient as text, in one of the sizes that parts have.
fn encrypt(mut json: Vec<u8>, recipient: &str) -> Option<Vec<u8>> {
    let recipient = crate::seal::recipient(recipient)?;
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).ok()?;
    let (mut sealed, count) = (Vec::new(), Cell::new(0));
    let mut counter = Counter { inner: &mut sealed, count: &count };
    let mut writer = encryptor.wrap_output(&mut counter).ok()?;
    // Only now is the header's length known. Spaces after a JSON text change nothing.
    let padded = padded_plaintext(count.get(), json.len() as u64);
    json.resize(usize::try_from(padded).ok()?, b' ');
    writer.write_all(&json).and_then(|()| writer.finish()).ok()?;
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::ReceiptKey;
    use crate::brand::tests::pack_with;
    use crate::seal::ReportKeys;

    struct Scene {
        pack: Pack,
        desk: SigningKey,
        keys: ReportKeys,
        receipt: Receipt,
    }

    fn scene() -> Scene {
        let identity = age::x25519::Identity::generate();
        let (mut pack, _) = pack_with(&identity, &identity);
        let desk = SigningKey::derive(&[6; 32]);
        pack.receipt_keys.push(ReceiptKey { key: desk.verify_key(), holder: "desk".into() });
        let keys = ReportKeys::make();
        let mut receipt = Receipt::new(pack.organisation.fingerprint(), keys.report_id());
        receipt.opened.push(PartId::make());
        Scene { pack, desk, keys, receipt }
    }

    fn recipient(keys: &ReportKeys) -> String {
        keys.receipt_identity().to_public().to_string()
    }

    #[test]
    fn the_reporters_phone_reads_what_the_desk_signed() {
        let Scene { pack, desk, keys, receipt } = scene();
        let sealed = receipt.seal(&desk, &recipient(&keys)).unwrap();
        let opened = Receipt::open(&sealed, &keys.receipt_identity(), &pack, keys.report_id());
        assert_eq!(opened.map(|opened| opened.receipt), Ok(receipt));
    }

    fn asking(mut scene: Scene, text: &str) -> (Scene, age::x25519::Identity) {
        let phone = age::x25519::Identity::generate();
        let question = Question::new(text, 5).unwrap();
        let desk = scene.desk.verify_key();
        let hash = crate::crypto::sha256(b"entry");
        scene.receipt.questions.push(question.seal(&phone.to_public().to_string()).unwrap());
        scene.receipt.log_head = Some(LogHead { desk, entries: 7, hash });
        scene.receipt.hold = Some(HoldAnswer::Send);
        (scene, phone)
    }

    #[test]
    fn questions_and_the_head_of_the_log_arrive_with_the_receipt() {
        let (Scene { pack, desk, keys, receipt }, phone) = asking(scene(), "Which school?");
        let sealed = receipt.seal(&desk, &recipient(&keys)).unwrap();
        let opened = Receipt::open(&sealed, &keys.receipt_identity(), &pack, keys.report_id());
        let opened = opened.unwrap();
        assert_eq!(opened.receipt, receipt);
        let question = opened.receipt.questions[0].open(&phone).unwrap();
        assert_eq!((question.text.as_str(), question.asked_at_ms), ("Which school?", 5));
        assert!(!opened.signed.contains(&receipt.questions[0].sealed), "only its hash is signed");
    }

    #[test]
    fn a_question_that_was_exchanged_or_taken_out_is_noticed() {
        let (Scene { pack, desk, keys, receipt }, _) = asking(scene(), "Which school?");
        let (other, _) = asking(scene(), "Where is the key?");
        let sealed = receipt.seal(&desk, &recipient(&keys)).unwrap();
        let plain = decrypt(&sealed, &keys.receipt_identity(), MAX_RECEIPT_BYTES).unwrap();
        for questions in [vec![other.receipt.questions[0].sealed.clone()], vec![]] {
            let mut envelope: Envelope = serde_json::from_slice(&plain).unwrap();
            envelope.questions = questions;
            let plain = serde_json::to_vec(&envelope).unwrap();
            let sealed = encrypt(plain, &recipient(&keys)).unwrap();
            let opened = Receipt::open(&sealed, &keys.receipt_identity(), &pack, keys.report_id());
            assert_eq!(opened, Err(ReceiptError::Unreadable));
        }
    }

    #[test]
    fn a_receipt_of_today_reads_where_it_was_kept_without_the_newer_fields() {
        let Scene { receipt, .. } = scene();
        let json = serde_json::to_value(&receipt).unwrap();
        for newer in ["questions", "log_head", "hold"] {
            assert!(json.get(newer).is_none(), "{newer}");
        }
        assert_eq!(serde_json::from_value::<Receipt>(json).unwrap(), receipt);
    }

    #[test]
    fn a_receipt_signed_by_another_key_is_not_believed() {
        let Scene { pack, keys, receipt, .. } = scene();
        let stranger = SigningKey::derive(&[99; 32]);
        let sealed = receipt.seal(&stranger, &recipient(&keys)).unwrap();
        let opened = Receipt::open(&sealed, &keys.receipt_identity(), &pack, keys.report_id());
        assert_eq!(opened, Err(ReceiptError::BadSignature));
    }

    #[test]
    fn a_receipt_for_another_report_is_not_believed() {
        let Scene { pack, desk, keys, receipt } = scene();
        let sealed = receipt.seal(&desk, &recipient(&keys)).unwrap();
        let other = ReportKeys::make().report_id();
        let opened = Receipt::open(&sealed, &keys.receipt_identity(), &pack, other);
        assert_eq!(opened, Err(ReceiptError::OtherReport));
    }

    #[test]
    fn a_changed_receipt_is_not_read() {
        let Scene { pack, desk, keys, receipt } = scene();
        let mut sealed = receipt.seal(&desk, &recipient(&keys)).unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        let opened = Receipt::open(&sealed, &keys.receipt_identity(), &pack, keys.report_id());
        assert_eq!(opened, Err(ReceiptError::Unreadable));
    }
}
