//! Proofs: what a person shows to whoever doubts that the organisation opened the report.
//!
//! A proof is the receipt as the desk signed it and the pack in which the organisation named the
//! signer, so anyone checks it offline who knows the organisation's fingerprint. Its compact form
//! leaves the pack out and fits into a QR code; who checks that one must know the receipt key.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::{Receipt, ReceiptError};
use crate::brand::Pack;
use crate::crypto::{Signature, VerifyKey};
use crate::ids::Fingerprint;
use crate::signed::{Purpose, Signed};

/// The largest proof that is read: a pack and a receipt.
pub const MAX_PROOF_BYTES: usize = 12 << 20;

const FORMAT: &str = "homeward-proof/1";

/// A signed receipt and, in the long form, the pack that names its signer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Proof {
    format: String,
    receipt: Signed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pack: Option<Signed>,
}

/// What a proof shows, once checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What the desk said.
    pub receipt: Receipt,
    /// The key that signed it.
    pub key: VerifyKey,
    /// Who named that key; a compact proof does not say.
    pub named: Option<NamedBy>,
}

/// The organisation that named a receipt key in its pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedBy {
    /// The organisation's name, as it calls itself.
    pub organisation: String,
    /// The organisation's key.
    pub key: VerifyKey,
    /// The hash of that key, which people compare.
    pub fingerprint: Fingerprint,
    /// Who holds the receipt key.
    pub holder: String,
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The bytes are no proof.
    #[error("this is no proof of a receipt: ask for the file that the app exported")]
    NotAProof,
    /// A newer program made it.
    #[error("a newer program made this proof: check it with that one")]
    Newer,
    /// The receipt was changed after it was signed.
    #[error("the receipt in this proof was changed after it was signed")]
    BadReceipt,
    /// The pack was changed after it was signed.
    #[error("the organisation's pack in this proof was changed after it was signed")]
    BadPack,
    /// The pack is another organisation's than the receipt.
    #[error("the receipt speaks for another organisation than the pack in this proof")]
    OtherOrganisation,
    /// The pack does not name the key that signed the receipt.
    #[error("the organisation's pack does not name the key that signed this receipt")]
    NotNamed,
    /// The key that it was compared with is not a key or fingerprint.
    #[error("a key is compared as 64 hex digits: the organisation's fingerprint or key")]
    NotAKey,
    /// The key that it was compared with is neither the organisation's nor the desk's.
    #[error("this proof is not from the holder of that key")]
    OtherKey,
    /// A compact proof was to be compared with an organisation's key.
    #[error(
        "this short proof names no organisation: compare it with the desk's receipt key, or ask for the file"
    )]
    NoPack,
}

impl Proof {
    /// A proof of `signed`, which [`super::OpenedReceipt`] gave, with the pack's file.
    pub fn make(signed: &str, pack: Option<&[u8]>) -> Result<Self, ProofError> {
        let receipt = serde_json::from_str(signed).map_err(|_| ProofError::NotAProof)?;
        let pack = pack.map(serde_json::from_slice).transpose();
        let pack = pack.map_err(|_| ProofError::BadPack)?;
        Ok(Self { format: FORMAT.into(), receipt, pack })
    }

    /// Reads a proof in either form. Nothing is checked yet but its shape.
    pub fn read(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofError::NotAProof);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofError::NotAProof)?;
        if !text.trim_start().starts_with('{') {
            return read_compact(text);
        }
        let found: Head = serde_json::from_str(text).map_err(|_| ProofError::NotAProof)?;
        check_format(&found.format)?;
        serde_json::from_str(text).map_err(|_| ProofError::NotAProof)
    }

    /// The file, JSON.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a proof is made of texts")
    }

    /// The compact form, for a QR code: about 600 bytes and 40 for each part.
    #[must_use]
    pub fn to_compact(&self) -> String {
        let (body, key, signature) = self.receipt.parts();
        format!("{FORMAT} {key} {signature}\n{body}")
    }

    /// Checks every signature, and that the pack names the signer.
    pub fn verify(&self) -> Result<Proven, ProofError> {
        let (receipt, key) = Receipt::read(&self.receipt).map_err(|error| match error {
            ReceiptError::BadSignature => ProofError::BadReceipt,
            _ => ProofError::NotAProof,
        })?;
        let Some(pack) = &self.pack else { return Ok(Proven { receipt, key, named: None }) };
        let bytes = serde_json::to_vec(pack).map_err(|_| ProofError::BadPack)?;
        let pack = Pack::read(&bytes).map_err(|_| ProofError::BadPack)?;
        let fingerprint = pack.organisation.fingerprint();
        if receipt.organisation != fingerprint {
            return Err(ProofError::OtherOrganisation);
        }
        let named = pack.receipt_keys.iter().find(|named| named.key == key);
        let holder = named.ok_or(ProofError::NotNamed)?.holder.clone();
        let (organisation, by) = (pack.organisation.name, pack.organisation.key);
        let named = Some(NamedBy { organisation, key: by, fingerprint, holder });
        Ok(Proven { receipt, key, named })
    }
}

impl Proven {
    /// Whether `known` is the fingerprint or key of the organisation, or the desk's receipt key, as
    /// hex.
    pub fn compare(&self, known: &str) -> Result<(), ProofError> {
        let known = HEXLOWER.decode(known.trim().to_ascii_lowercase().as_bytes());
        let known: [u8; 32] =
            known.ok().and_then(|known| known.try_into().ok()).ok_or(ProofError::NotAKey)?;
        if *self.key.as_bytes() == known {
            return Ok(());
        }
        let named = self.named.as_ref().ok_or(ProofError::NoPack)?;
        let same = *named.key.as_bytes() == known || *named.fingerprint.as_bytes() == known;
        same.then_some(()).ok_or(ProofError::OtherKey)
    }
}

/// What is read of a proof first.
#[derive(Deserialize)]
struct Head {
    format: String,
}

fn check_format(format: &str) -> Result<(), ProofError> {
    match format.strip_prefix("homeward-proof/") {
        Some("1") => Ok(()),
        Some(_) => Err(ProofError::Newer),
        None => Err(ProofError::NotAProof),
    }
}

fn read_compact(text: &str) -> Result<Proof, ProofError> {
    let (head, body) = text.split_once('\n').ok_or(ProofError::NotAProof)?;
    let mut words = head.trim_end().split(' ');
    check_format(words.next().unwrap_or_default())?;
    let key: VerifyKey = hex(words.next())?;
    let signature: Signature = hex(words.next())?;
    let receipt = Signed::from_parts(Purpose::Receipt, body.trim_end().into(), key, signature);
    Ok(Proof { format: FORMAT.into(), receipt, pack: None })
}

fn hex<T: for<'de> Deserialize<'de>>(word: Option<&str>) -> Result<T, ProofError> {
    let word = serde_json::Value::from(word.ok_or(ProofError::NotAProof)?);
    serde_json::from_value(word).map_err(|_| ProofError::NotAProof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::ReceiptKey;
    use crate::brand::tests::pack_with;
    use crate::crypto::{SigningKey, sha256};
    use crate::ids::PartId;
    use crate::receipts::LogHead;
    use crate::seal::ReportKeys;

    /// A version 40 QR code holds this many bytes at its lowest level of correction.
    const QR_BYTES: usize = 2953;

    struct Scene {
        signed: String,
        pack: Vec<u8>,
        fingerprint: Fingerprint,
        desk: SigningKey,
    }

    fn scene() -> Scene {
        scene_naming(&SigningKey::derive(&[6; 32]))
    }

    /// A receipt of 40 parts signed by one desk; the pack names `named`.
    fn scene_naming(named: &SigningKey) -> Scene {
        let identity = age::x25519::Identity::generate();
        let (mut pack, key) = pack_with(&identity, &identity);
        let desk = SigningKey::derive(&[6; 32]);
        pack.receipt_keys.push(ReceiptKey { key: named.verify_key(), holder: "desk 1".into() });
        let fingerprint = pack.organisation.fingerprint();
        let mut receipt = Receipt::new(fingerprint, ReportKeys::make().report_id());
        receipt.opened.extend((0..40).map(|_| PartId::make()));
        let (entries, hash) = (9_000_000, sha256(b"entry"));
        receipt.log_head = Some(LogHead { desk: desk.verify_key(), entries, hash });
        let body = serde_json::to_string(&receipt).unwrap();
        let signed = Signed::make(Purpose::Receipt, body, &desk);
        let signed = serde_json::to_string(&signed).unwrap();
        Scene { signed, pack: pack.sign(&key).unwrap(), fingerprint, desk }
    }

    fn file(scene: &Scene) -> String {
        let proof = Proof::make(&scene.signed, Some(&scene.pack)).unwrap();
        String::from_utf8(proof.to_file()).unwrap()
    }

    fn checked(file: &str) -> Result<Proven, ProofError> {
        Proof::read(file.as_bytes())?.verify()
    }

    #[test]
    fn a_stranger_checks_a_proof_with_the_organisations_fingerprint() {
        let scene = scene();
        let proven = checked(&file(&scene)).unwrap();
        assert_eq!(proven.receipt.opened.len(), 40);
        let named = proven.named.as_ref().unwrap();
        assert_eq!((named.organisation.as_str(), named.holder.as_str()), ("Example", "desk 1"));
        let keys = [scene.fingerprint.to_string(), named.key.to_string(), proven.key.to_string()];
        for known in keys {
            assert_eq!(proven.compare(&known), Ok(()));
            assert_eq!(proven.compare(&known.to_uppercase()), Ok(()));
        }
        assert_eq!(proven.compare(&"00".repeat(32)), Err(ProofError::OtherKey));
        assert_eq!(proven.compare("organisation"), Err(ProofError::NotAKey));
    }

    #[test]
    fn the_compact_form_of_forty_parts_fits_a_qr_code_and_is_checked_with_the_desks_key() {
        let scene = scene();
        let compact = Proof::make(&scene.signed, None).unwrap().to_compact();
        assert!(compact.len() <= QR_BYTES, "{}", compact.len());
        let proven = checked(&compact).unwrap();
        assert_eq!((proven.receipt.opened.len(), &proven.named), (40, &None));
        assert_eq!(proven.compare(&scene.desk.verify_key().to_string()), Ok(()));
        assert_eq!(proven.compare(&scene.fingerprint.to_string()), Err(ProofError::NoPack));
    }

    #[test]
    fn a_changed_receipt_is_told_from_a_changed_pack() {
        let scene = scene();
        let file = file(&scene);
        let changed = file.replace("homeward-receipt/1", "homeward-receipt/2");
        assert_eq!(checked(&changed), Err(ProofError::BadReceipt));
        assert_eq!(
            checked(&file.replace("desk.example", "desk.exampl3")),
            Err(ProofError::BadPack)
        );
        let compact = Proof::make(&scene.signed, None).unwrap().to_compact();
        let changed = compact.replace("\"sequence\":1", "\"sequence\":2");
        assert_eq!(checked(&changed), Err(ProofError::BadReceipt));
    }

    #[test]
    fn a_receipt_by_a_key_that_the_pack_does_not_name_proves_nothing() {
        let scene = scene_naming(&SigningKey::derive(&[7; 32]));
        assert_eq!(checked(&file(&scene)), Err(ProofError::NotNamed));
    }

    #[test]
    fn a_pack_of_another_organisation_proves_nothing() {
        let identity = age::x25519::Identity::generate();
        let (mut pack, _) = pack_with(&identity, &identity);
        let other = SigningKey::derive(&[77; 32]);
        pack.organisation.key = other.verify_key();
        let scene = Scene { pack: pack.sign(&other).unwrap(), ..scene() };
        assert_eq!(checked(&file(&scene)), Err(ProofError::OtherOrganisation));
    }

    #[test]
    fn what_is_no_proof_is_said_and_a_newer_one_is_told_apart() {
        for text in ["", "{}", "photo", "{\"format\":\"homeward-proof/1\"}", "homeward-proof/1\n{}"]
        {
            assert_eq!(checked(text), Err(ProofError::NotAProof), "{text}");
        }
        let newer = file(&scene()).replace("homeward-proof/1", "homeward-proof/2");
        assert_eq!(checked(&newer), Err(ProofError::Newer));
    }
}
