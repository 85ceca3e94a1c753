//! Receipts: the desk's signed word on what it opened.
//!
//! A receipt is signed by a key that the pack names and sealed to the report's own receipt
//! identity, so the server that hands it out learns nothing. Its sequence never goes backwards.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::brand::Pack;
use crate::crypto::SigningKey;
use crate::ids::{Fingerprint, PartId, ReportId};
use crate::signed::{Purpose, Signed};

/// The largest receipt that is read.
pub const MAX_RECEIPT_BYTES: u64 = 1 << 20;

const FORMAT: &str = "homeward-receipt/1";

/// Receipts are padded to whole steps of this size.
const STEP: usize = 4 << 10;

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
        }
    }

    /// Signs the receipt and seals it to the report's `recipient` (an age recipient as text).
    pub fn seal(&self, key: &SigningKey, recipient: &str) -> Result<Vec<u8>, ReceiptError> {
        let unreadable = |_| ReceiptError::Unreadable;
        let recipient: age::x25519::Recipient =
            recipient.parse().map_err(|_| ReceiptError::Unreadable)?;
        let body = serde_json::to_string(self).map_err(|_| ReceiptError::Unreadable)?;
        let signed = Signed::make(Purpose::Receipt, body, key);
        let mut plain = serde_json::to_vec(&signed).map_err(|_| ReceiptError::Unreadable)?;
        // Spaces after a JSON text change nothing.
        plain.resize(plain.len().next_multiple_of(STEP), b' ');
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor =
            age::Encryptor::with_recipients(recipients).map_err(|_| ReceiptError::Unreadable)?;
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed).map_err(unreadable)?;
        writer.write_all(&plain).and_then(|()| writer.finish()).map_err(unreadable)?;
        Ok(sealed)
    }

    /// Opens a receipt and believes it only if `pack` names its signer and it is for `report`.
    pub fn open(
        sealed: &[u8],
        identity: &age::x25519::Identity,
        pack: &Pack,
        report: ReportId,
    ) -> Result<Self, ReceiptError> {
        let plain = decrypt(sealed, identity).ok_or(ReceiptError::Unreadable)?;
        let signed: Signed =
            serde_json::from_slice(&plain).map_err(|_| ReceiptError::Unreadable)?;
        let (body, key) = signed.verify(Purpose::Receipt).ok_or(ReceiptError::BadSignature)?;
        if !pack.receipt_keys.iter().any(|named| named.key == key) {
            return Err(ReceiptError::BadSignature);
        }
        let receipt: Self = serde_json::from_str(body).map_err(|_| ReceiptError::Unreadable)?;
        if receipt.format != FORMAT {
            return Err(ReceiptError::Unreadable);
        }
        let ours =
            receipt.report == report && receipt.organisation == pack.organisation.fingerprint();
        ours.then_some(receipt).ok_or(ReceiptError::OtherReport)
    }
}

fn decrypt(sealed: &[u8], identity: &age::x25519::Identity) -> Option<Vec<u8>> {
    let decryptor = age::Decryptor::new_buffered(io::BufReader::new(sealed)).ok()?;
    let reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).ok()?;
    let mut plain = Vec::new();
    reader.take(MAX_RECEIPT_BYTES).read_to_end(&mut plain).ok()?;
    Some(plain)
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
        assert_eq!(opened, Ok(receipt));
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
