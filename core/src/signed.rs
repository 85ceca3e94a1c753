//! Signed documents: a JSON text, the key that signed it, and the signature.
//!
//! The text is signed byte for byte and carried as it is, so no two programs need to agree on one
//! way to write JSON. What is signed starts with the purpose: a signed receipt is never a pack.

use serde::{Deserialize, Serialize};

use crate::crypto::{Signature, SigningKey, VerifyKey};

/// What a document is for. Part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An organisation's brand pack.
    Pack,
    /// A desk's receipt.
    Receipt,
}

impl Purpose {
    /// The label that starts the signed bytes; its last word is the format's version.
    fn label(self) -> &'static str {
        match self {
            Self::Pack => "homeward pack 1",
            Self::Receipt => "homeward receipt 1",
        }
    }
}

/// A document as it is stored and sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What the document is for, in clear for the reader; the signature covers it.
    signed: String,
    body: Body,
    key: VerifyKey,
    signature: Signature,
}

/// The signed text. Its `Debug` does not print it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Body(String);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body(…)")
    }
}

impl Signed {
    /// Signs `body` for `purpose`.
    #[must_use]
    pub fn make(purpose: Purpose, body: String, key: &SigningKey) -> Self {
        let signature = key.sign(&statement(purpose, &body));
        let (signed, key) = (purpose.label().to_owned(), key.verify_key());
        Self { signed, body: Body(body), key, signature }
    }

    /// A document put together again from what [`Signed::parts`] gave.
    pub(crate) fn from_parts(
        purpose: Purpose,
        body: String,
        key: VerifyKey,
        signature: Signature,
    ) -> Self {
        Self { signed: purpose.label().to_owned(), body: Body(body), key, signature }
    }

    /// The text, the key and the signature, unverified.
    pub(crate) fn parts(&self) -> (&str, VerifyKey, Signature) {
        (&self.body.0, self.key, self.signature)
    }

    /// The text, if the key that the document names signed it for `purpose`.
    ///
    /// Whether that key may sign this is the caller's question.
    #[must_use]
    pub fn verify(&self, purpose: Purpose) -> Option<(&str, VerifyKey)> {
        let statement = statement(purpose, &self.body.0);
        let holds =
            self.signed == purpose.label() && self.key.verifies(&statement, &self.signature);
        holds.then_some((self.body.0.as_str(), self.key))
    }
}

fn statement(purpose: Purpose, body: &str) -> Vec<u8> {
    [purpose.label().as_bytes(), b"\n", body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_signed_for_one_purpose_is_nothing_for_another() {
        let key = SigningKey::derive(&[1; 32]);
        let signed = Signed::make(Purpose::Pack, "{}".into(), &key);
        assert_eq!(signed.verify(Purpose::Pack), Some(("{}", key.verify_key())));
        assert_eq!(signed.verify(Purpose::Receipt), None);
    }

    #[test]
    fn one_changed_letter_breaks_the_signature() {
        let key = SigningKey::derive(&[1; 32]);
        let mut signed = Signed::make(Purpose::Pack, "{\"a\":1}".into(), &key);
        signed.body.0 = "{\"a\":2}".into();
        assert_eq!(signed.verify(Purpose::Pack), None);
    }
}
