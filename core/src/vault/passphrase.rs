//! The optional passphrase: a second lock, under the device's.
//!
//! Stored is `device.wrap(AEAD(Argon2id(passphrase), vault key))`. So a copied home cannot be
//! guessed at without the device, and a stolen device still has to be guessed at slowly. Argon2id
//! is RFC 9106; its costs are calibrated to about half a second on the phone that sets it.
//!
//! A flipped bit must not turn the right passphrase into a wrong one, which would be counted and in
//! the end destroys the key. So the device also wraps a hash of the recipe, and a count of tries
//! has a check beside it.

use std::cmp::Ordering;
use std::fmt;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use icu_normalizer::ComposingNormalizerBorrowed;
use rusqlite::{Connection, OptionalExtension};
use zeroize::Zeroizing;

use super::cell::{Cell, CellKey};
use super::keys::Secret;
use crate::crypto::{make_bytes, sha256};
use crate::error::{Error, Refusal, Result};
use crate::ids::Digest;

/// What opening the vault should take.
const TARGET: Duration = Duration::from_millis(500);

/// RFC 9106 and OWASP agree on nothing less than 19 MiB; more than 128 MiB may kill an old phone.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = (19 << 10)..=(128 << 10);

/// More passes than this are a trap in a changed file, not a cost that anybody chose.
const PASSES: std::ops::RangeInclusive<u32> = 1..=16;

/// Words that only the person knows.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase as typed. Keyboards write the same letter in several ways, so it is brought
    /// to Unicode NFC.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let normal = ComposingNormalizerBorrowed::new_nfc().normalize(typed);
        Self(Zeroizing::new(normal.into_owned()))
    }
}

impl Passphrase {
    /// Whether it is nothing that anybody would have to know.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// For a file that age seals under it.
    pub(crate) fn for_age(&self) -> age::secrecy::SecretString {
        self.0.as_str().into()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The row that says how the passphrase becomes a key.
#[derive(Clone)]
pub(super) struct Recipe {
    salt: [u8; 16],
    memory_kib: u32,
    passes: u32,
    /// So many wrong tries end the vault, if the person asked for it.
    pub(super) try_limit: Option<u32>,
}

/// The key that a passphrase becomes. Kept while the vault is open, so that a new vault key can be
/// wrapped without asking again.
pub(super) struct PassphraseKey {
    key: Secret,
    /// Of the recipe that made it.
    recipe: Digest,
}

impl Recipe {
    /// A new recipe, as costly as this device can bear.
    pub(super) fn make(try_limit: Option<u32>) -> Result<Self> {
        let salt = make_bytes();
        let probe = Self { salt, memory_kib: *MEMORY_KIB.start(), passes: 2, try_limit };
        let start = Instant::now();
        probe.derive(&Passphrase::new("calibration"))?;
        let times = TARGET.as_secs_f64() / start.elapsed().as_secs_f64().max(0.001);
        // Memory first: it is what makes guessing dear. What is left goes into passes.
        let wanted = f64::from(probe.memory_kib) * times;
        let memory_kib = (wanted as u32).clamp(*MEMORY_KIB.start(), *MEMORY_KIB.end());
        let left = wanted / f64::from(memory_kib);
        let passes = ((f64::from(probe.passes) * left) as u32).clamp(2, *PASSES.end());
        Ok(Self { memory_kib, passes, ..probe })
    }

    /// Argon2id of `passphrase`.
    pub(super) fn derive(&self, passphrase: &Passphrase) -> Result<PassphraseKey> {
        let params = Params::new(self.memory_kib, self.passes, 1, Some(32));
        let params = params.map_err(|_| Error::Damaged)?;
        let mut key = Secret::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.0.as_bytes(), &self.salt, key.as_mut())
            .map_err(|_| Error::Unexpected("error-passphrase"))?;
        Ok(PassphraseKey { key, recipe: self.digest() })
    }

    /// What the device wraps beside the sealed key: no other recipe is tried on that key.
    fn digest(&self) -> Digest {
        let mut bytes = b"homeward recipe 1".to_vec();
        bytes.extend_from_slice(&self.salt);
        for number in [self.memory_kib, self.passes, self.try_limit.unwrap_or(0)] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        sha256(&bytes)
    }

    /// The sealed key in what the device opened; damaged if it was sealed by another recipe.
    pub(super) fn sealed<'a>(&self, opened: &'a [u8]) -> Result<&'a [u8]> {
        match opened.split_first_chunk::<32>() {
            // Homes of before 0.1.0 had no hash here.
            _ if opened.len() == SEALED_KEY_BYTES => Ok(opened),
            Some((digest, sealed)) if digest == self.digest().as_bytes() => Ok(sealed),
            _ => Err(Error::Damaged),
        }
    }

    /// The stored recipe; none if the vault has no passphrase.
    pub(super) fn read(connection: &Connection) -> Result<Option<Self>> {
        let sql = "SELECT salt, memory_kib, passes, try_limit FROM passphrase";
        let row = connection.query_row(sql, [], |row| {
            let try_limit: Option<u32> = row.get(3)?;
            Ok(Self {
                salt: row.get(0)?,
                memory_kib: row.get(1)?,
                passes: row.get(2)?,
                // Before 0.1.0 it could be set to 0, and then no try was a right one.
                try_limit: try_limit.map(|limit| limit.max(1)),
            })
        });
        let Some(recipe) = row.optional()? else { return Ok(None) };
        if !MEMORY_KIB.contains(&recipe.memory_kib) || !PASSES.contains(&recipe.passes) {
            return Err(Error::Damaged);
        }
        Ok(Some(recipe))
    }

    /// Stores the recipe in place of the one before, or removes it.
    pub(super) fn store(connection: &Connection, recipe: Option<&Self>) -> Result<()> {
        connection.execute("DELETE FROM passphrase", [])?;
        if let Some(recipe) = recipe {
            connection.execute(
                "INSERT INTO passphrase (id, salt, memory_kib, passes, tries, try_limit)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5)",
                (recipe.salt, recipe.memory_kib, recipe.passes, recipe.marked(0), recipe.try_limit),
            )?;
        }
        Ok(())
    }

    /// Counts a try before it is made.
    pub(super) fn count_try(&self, connection: &Connection) -> Result<TriesLeft> {
        let sql = "SELECT tries FROM passphrase";
        let tries = self.unmarked(connection.query_row(sql, [], |row| row.get(0))?);
        let tries = tries.saturating_add(1);
        connection.execute("UPDATE passphrase SET tries = ?1", [self.marked(tries)])?;
        Ok(match self.try_limit.map(|limit| tries.cmp(&limit)) {
            None | Some(Ordering::Less) => TriesLeft::Some,
            Some(Ordering::Equal) => TriesLeft::Last,
            Some(Ordering::Greater) => TriesLeft::Over,
        })
    }

    /// The right passphrase makes the wrong tries before it count for nothing.
    pub(super) fn forget_tries(&self, connection: &Connection) -> Result<()> {
        connection.execute("UPDATE passphrase SET tries = ?1", [self.marked(0)])?;
        Ok(())
    }

    /// A count as it is stored: the lower half of the number, with a check in the upper.
    fn marked(&self, tries: u32) -> i64 {
        let digest = sha256(&[b"homeward tries 1", &self.salt[..], &tries.to_be_bytes()].concat());
        let [a, b, c, d, ..] = *digest.as_bytes();
        i64::from(u32::from_be_bytes([a & 0x7F, b, c, d])) << 32 | i64::from(tries)
    }

    /// A damaged count begins anew. Whoever writes into the file could as well put an old one back,
    /// and who knows the passphrase must not lose everything for a flipped bit.
    fn unmarked(&self, stored: i64) -> u32 {
        // Its lower half. Homes of before 0.1.0 have nothing in the upper.
        let tries = stored as u32;
        if stored == self.marked(tries) || stored == i64::from(tries) { tries } else { 0 }
    }
}

impl PassphraseKey {
    /// Seals the vault key under the passphrase, beside the hash of the recipe.
    pub(super) fn seal(&self, key: &Secret) -> Result<Vec<u8>> {
        let sealed = CellKey::new(&self.key).seal(CELL, key.as_slice())?;
        Ok([self.recipe.as_bytes(), &sealed[..]].concat())
    }

    /// Opens the vault key; a wrong passphrase does not.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<Secret> {
        let wrong = |_| Error::from(Refusal::WrongPassphrase);
        let key = CellKey::new(&self.key).open(CELL, sealed).map_err(wrong)?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| Error::Damaged)?;
        Ok(Secret::new(key))
    }
}

/// A cell that holds a key.
const SEALED_KEY_BYTES: usize = 1 + 12 + 32 + 16;

const CELL: Cell<'_> = Cell { table: "keyring", id: b"vault", column: "passphrase", version: 1 };

/// What a person who typed a passphrase has left, if they set a limit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TriesLeft {
    /// More tries after this one, or no limit.
    Some,
    /// If this one is wrong, the vault ends.
    Last,
    /// A kill came between the last wrong try and the end of the vault.
    Over,
}
