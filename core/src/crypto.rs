//! The few primitives that the rooms share, all of them ring's: random bytes, SHA-256,
//! HKDF-SHA256 (RFC 5869) and Ed25519 (RFC 8032). `make_` is random, `derive_` is not.

use std::fmt;
use std::io::{self, Write};

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use ring::{digest, hkdf};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::ids::Digest;

/// Random bytes from the operating system.
pub(crate) fn make_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("a running system gives random bytes");
    bytes
}

/// A random 256-bit secret.
pub(crate) fn make_secret() -> Zeroizing<[u8; 32]> {
    Zeroizing::new(make_bytes())
}

/// HKDF-SHA256 without salt: the secret is uniformly random already. `purpose` keeps keys apart.
pub(crate) fn derive_secret(secret: &[u8; 32], purpose: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(secret)
        .expand(purpose, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(derived.as_mut()))
        .expect("32 bytes are one block of HKDF-SHA256");
    derived
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// SHA-256 of a value as JSON: one of names that are texts, and of what JSON can say.
#[must_use]
pub(crate) fn sha256_of_json(value: &impl Serialize) -> Digest {
    sha256(&serde_json::to_vec(value).expect("names are texts, values are JSON"))
}

/// SHA-256 of what comes in pieces.
pub struct Hasher(digest::Context);

impl Default for Hasher {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest::from_slice(self.0.finish().as_ref()).expect("SHA-256 has 32 bytes")
    }
}

/// Hashes and counts what is written through it.
pub(crate) struct Tally<W> {
    inner: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Tally<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::default(), bytes: 0 }
    }

    /// The writer, and the count and hash of what went to it.
    pub(crate) fn finish(self) -> (W, u64, Digest) {
        (self.inner, self.bytes, self.hasher.finish())
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// An Ed25519 key that signs.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// A new random seed, from which [`SigningKey::derive`] makes the key.
    #[must_use]
    pub fn make_seed() -> Zeroizing<[u8; 32]> {
        make_secret()
    }

    /// The key of a 32-byte seed (RFC 8032, 5.1.5).
    #[must_use]
    pub fn derive(seed: &[u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed has 32 bytes"))
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verify_key(&self) -> VerifyKey {
        let bytes = self.0.public_key().as_ref().try_into();
        VerifyKey(bytes.expect("an Ed25519 public key has 32 bytes"))
    }

    /// Signs `statement`, which starts with its purpose label.
    #[must_use]
    pub fn sign(&self, statement: &[u8]) -> Signature {
        let bytes = self.0.sign(statement).as_ref().try_into();
        Signature(bytes.expect("an Ed25519 signature has 64 bytes"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// An Ed25519 key that verifies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyKey([u8; 32]);

impl VerifyKey {
    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `signature` over `statement` was made by this key's owner.
    #[must_use]
    pub fn verifies(&self, statement: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(statement, &signature.0).is_ok()
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

macro_rules! as_hex {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let bytes = HEXLOWER.decode(text.as_bytes()).ok();
                let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a key or signature"))
            }
        }
    };
}
as_hex!(VerifyKey);
as_hex!(Signature);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_statement_and_key_only() {
        let key = SigningKey::derive(&[7; 32]);
        let signature = key.sign(b"statement");
        assert!(key.verify_key().verifies(b"statement", &signature));
        assert!(!key.verify_key().verifies(b"Statement", &signature));
        let other = SigningKey::derive(&[8; 32]);
        assert!(!other.verify_key().verifies(b"statement", &signature));
    }

    #[test]
    fn secrets_of_two_purposes_differ() {
        let secret = [1; 32];
        assert_ne!(*derive_secret(&secret, &[b"a"]), *derive_secret(&secret, &[b"b"]));
    }

    #[test]
    fn sha256_agrees_with_its_standard() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc").to_string(), expected);
    }
}
