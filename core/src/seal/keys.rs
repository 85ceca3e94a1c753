//! What a report's seed derives: its name, its signature, and where its receipt comes.

use std::fmt;

use bech32::{Bech32, Hrp};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::rand::SystemRandom;
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

/// The age recipient that `text` names, if something can be sealed to it. age reads points of low
/// order, too, and panics when it seals to one: every secret that it shares with them is zero.
#[must_use]
pub fn recipient(text: &str) -> Option<age::x25519::Recipient> {
    let recipient = text.parse().ok()?;
    let (_, point) = bech32::decode(text).ok()?;
    let ours = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new());
    let ours = ours.expect("a running system gives random bytes");
    // ring refuses a shared secret of zero (RFC 7748, section 6.1).
    let shared = agree_ephemeral(ours, &UnparsedPublicKey::new(&X25519, point), |_| ());
    shared.is_ok().then_some(recipient)
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
    fn a_recipient_is_one_that_something_can_be_sealed_to() {
        let prefix = Hrp::parse("age").unwrap();
        let text = |point: &[u8]| bech32::encode::<Bech32>(prefix, point).unwrap();
        let one = ReportKeys::make().receipt_identity().to_public().to_string();
        assert_eq!(recipient(&one).unwrap().to_string(), one);
        assert!(recipient("nobody").is_none());
        // 0, 1, the two of order 8, p - 1, p and p + 1: all points of low order.
        let eight = [
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ];
        let mut low = vec![vec![0; 32], [&[1][..], &[0; 31]].concat()];
        low.extend(eight.map(|hex| data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()));
        low.extend([0xEC, 0xED, 0xEE].map(|last| [&[last][..], &[0xFF; 30], &[0x7F]].concat()));
        for mut point in low {
            assert!(recipient(&text(&point)).is_none(), "{point:02x?}");
            // X25519 takes no notice of the highest bit.
            point[31] |= 0x80;
            assert!(recipient(&text(&point)).is_none(), "{point:02x?}");
        }
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
