//! What a report's seed derives: its name, its signature, and where its receipt comes.

use std::fmt;

use bech32::{Bech32, Hrp};
use zeroize::Zeroizing;

use crate::crypto::{self, SigningKey, VerifyKey, derive_secret, sha256};
use crate::ids::{ReceiptAddress, ReportId};

/// The secrets of one report. Each is derived apart, so that one tells nothing of another.
pub struct ReportKeys {
    seed: Zeroizing<[u8; 32]>,
}

impl ReportKeys {
    /// Keys for a new report.
    #[must_use]
    pub fn make() -> Self {
        Self { seed: crypto::make_secret() }
    }

    /// The keys of the report with this seed.
    #[must_use]
    pub fn derive(seed: [u8; 32]) -> Self {
        Self { seed: Zeroizing::new(seed) }
    }

    /// The seed, to be kept under the report's vault key.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The report's name.
    #[must_use]
    pub fn report_id(&self) -> ReportId {
        report_id(&self.signing_key().verify_key())
    }

    /// The key that signs every part.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::derive(&self.secret(b"sign"))
    }

    /// Where the desk leaves the receipt. Nobody outside the seal can link it to the uploads.
    #[must_use]
    pub fn receipt_address(&self) -> ReceiptAddress {
        let secret = self.secret(b"receipt address");
        ReceiptAddress::from_slice(&secret[..16]).expect("an address has 16 bytes")
    }

    /// The identity that opens the receipt.
    #[must_use]
    pub fn receipt_identity(&self) -> age::x25519::Identity {
        identity(&self.secret(b"receipt identity"))
    }

    /// The identity that opens the organisation's questions. Unlike the receipt's it stays in the
    /// vault, so that a locked phone tells how far a report is and nothing of what was asked.
    #[must_use]
    pub fn question_identity(&self) -> age::x25519::Identity {
        identity(&self.secret(b"question identity"))
    }

    fn secret(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        derive_secret(&self.seed, &[b"homeward report 1 ", purpose])
    }
}

impl fmt::Debug for ReportKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReportKeys(…)")
    }
}

/// The name of the report whose parts `key` verifies: a hash, so nobody else can sign for it.
pub(super) fn report_id(key: &VerifyKey) -> ReportId {
    let labelled = [b"homeward report id 1\n".as_slice(), key.as_bytes()].concat();
    ReportId::from_slice(&sha256(&labelled).as_bytes()[..16]).expect("an id has 16 bytes")
}

/// The X25519 identity with these secret bytes. age takes identities as text only.
fn identity(secret: &[u8; 32]) -> age::x25519::Identity {
    let prefix = Hrp::parse("AGE-SECRET-KEY-").expect("age's own prefix is valid");
    let text = bech32::encode_upper::<Bech32>(prefix, secret).map(Zeroizing::new);
    let text = text.expect("32 bytes fit into Bech32");
    text.parse().expect("any 32 bytes are an X25519 secret")
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_report() {
        let (one, two) = (ReportKeys::derive([5; 32]), ReportKeys::derive([5; 32]));
        assert_eq!(one.report_id(), two.report_id());
        assert_eq!(one.receipt_address(), two.receipt_address());
        assert_eq!(
            one.receipt_identity().to_string().expose_secret(),
            two.receipt_identity().to_string().expose_secret()
        );
    }

    #[test]
    fn no_derived_value_is_another_one() {
        let keys = ReportKeys::derive([5; 32]);
        let identities = [keys.receipt_identity(), keys.question_identity()];
        let [receipt, question] = identities.map(|identity| identity.to_public().to_string());
        assert_ne!(receipt, question);
        assert_ne!(keys.secret(b"sign"), keys.secret(b"receipt identity"));
        assert_ne!(keys.receipt_address().as_bytes(), keys.report_id().as_bytes());
    }
}
