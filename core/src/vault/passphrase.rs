//! The optional passphrase: a second lock, under the device's.
//!
//! Stored is `device.wrap(AEAD(Argon2id(passphrase), vault key))`. So a copied home cannot be
//! guessed at without the device, and a stolen device still has to be guessed at slowly. Argon2id
//! is RFC 9106; its costs are calibrated to about half a second on the phone that sets it.

use std::cmp::Ordering;
use std::fmt;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use icu_normalizer::ComposingNormalizerBorrowed;
use rusqlite::{Connection, OptionalExtension};
use zeroize::Zeroizing;

use super::cell::{Cell, CellKey};
use super::keys::Secret;
use crate::crypto::make_bytes;
use crate::error::{Error, Refusal, Result};

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
}

/// The key that a passphrase becomes. Kept while the vault is open, so that a new vault key can be
/// wrapped without asking again.
pub(super) struct PassphraseKey(Secret);

impl Recipe {
    /// A new recipe, as costly as this device can bear.
    pub(super) fn make() -> Result<Self> {
        let salt = make_bytes();
        let probe = Self { salt, memory_kib: *MEMORY_KIB.start(), passes: 2 };
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
        Ok(PassphraseKey(key))
    }

    /// The stored recipe; none if the vault has no passphrase.
    pub(super) fn read(connection: &Connection) -> Result<Option<Self>> {
        let sql = "SELECT salt, memory_kib, passes FROM passphrase";
        let row = connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((salt, memory_kib, passes)) = row else { return Ok(None) };
        if !MEMORY_KIB.contains(&memory_kib) || !PASSES.contains(&passes) {
            return Err(Error::Damaged);
        }
        Ok(Some(Self { salt, memory_kib, passes }))
    }

    /// Stores the recipe in place of the one before, or removes it.
    pub(super) fn store(
        connection: &Connection,
        recipe: Option<&Self>,
        try_limit: Option<u32>,
    ) -> Result<()> {
        connection.execute("DELETE FROM passphrase", [])?;
        if let Some(recipe) = recipe {
            connection.execute(
                "INSERT INTO passphrase (id, salt, memory_kib, passes, tries, try_limit)
                 VALUES (1, ?1, ?2, ?3, 0, ?4)",
                (recipe.salt, recipe.memory_kib, recipe.passes, try_limit),
            )?;
        }
        Ok(())
    }
}

impl PassphraseKey {
    /// Seals the vault key under the passphrase.
    pub(super) fn seal(&self, key: &Secret) -> Result<Vec<u8>> {
        CellKey::new(&self.0).seal(CELL, key.as_slice())
    }

    /// Opens the vault key; a wrong passphrase does not.
    pub(super) fn open(&self, sealed: &[u8]) -> Result<Secret> {
        let wrong = |_| Error::from(Refusal::WrongPassphrase);
        let key = CellKey::new(&self.0).open(CELL, sealed).map_err(wrong)?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| Error::Damaged)?;
        Ok(Secret::new(key))
    }
}

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

/// Counts a try before it is made.
pub(super) fn count_try(connection: &Connection) -> Result<TriesLeft> {
    connection.execute("UPDATE passphrase SET tries = tries + 1", [])?;
    let sql = "SELECT tries, try_limit FROM passphrase";
    let (tries, limit): (u32, Option<u32>) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match limit.map(|limit| tries.cmp(&limit)) {
        None | Some(Ordering::Less) => TriesLeft::Some,
        Some(Ordering::Equal) => TriesLeft::Last,
        Some(Ordering::Greater) => TriesLeft::Over,
    })
}

/// The right passphrase makes the wrong tries before it count for nothing.
pub(super) fn forget_tries(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE passphrase SET tries = 0", [])?;
    Ok(())
}
