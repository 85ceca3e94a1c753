//! Sealed cells: one column of one row, at one version.
//!
//! A sealed cell is `1 ‖ nonce ‖ AES-256-GCM(key, nonce, plaintext, cell)` (NIST SP 800-38D), where
//! the associated data names the table, the row's id, the column and the row's version. A cell
//! copied to another row, or an old one put back, does not open.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::crypto::make_bytes;
use crate::error::{Error, Result};

/// The format's version, the first byte of each sealed cell.
const VERSION: u8 = 1;

/// Where a sealed cell lives. Part of what is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's primary key.
    pub id: &'a [u8],
    /// The column.
    pub column: &'a str,
    /// The row's version, which grows with each write.
    pub version: u64,
}

impl Cell<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let version = self.version.to_be_bytes();
        let fields = [b"homeward cell 1", self.table.as_bytes(), self.id, self.column.as_bytes()];
        let mut data = Vec::new();
        for field in fields.into_iter().chain([version.as_slice()]) {
            data.extend_from_slice(&(field.len() as u64).to_be_bytes());
            data.extend_from_slice(field);
        }
        data
    }
}

/// A key that seals cells. Nonces are random, so one key seals at most some billions of cells.
pub struct CellKey(LessSafeKey);

impl CellKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals `plaintext` for `cell`.
    pub fn seal(&self, cell: Cell<'_>, plaintext: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = make_bytes();
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&nonce);
        // ring seals in place; the plaintext's copy becomes the ciphertext.
        let mut body = plaintext.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce, Aad::from(cell.associated_data()), &mut body)
            .map_err(|_| Error::Unexpected("error-encryption"))?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Seals `value` as JSON, whose text is wiped.
    pub(crate) fn seal_json(&self, cell: Cell<'_>, value: &impl Serialize) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(value).map(Zeroizing::new);
        self.seal(cell, &json.map_err(|_| Error::Unexpected("error-encoding"))?)
    }

    /// Opens what [`seal_json`](Self::seal_json) sealed for the same `cell`.
    pub(crate) fn open_json<T: DeserializeOwned>(
        &self,
        cell: Cell<'_>,
        sealed: &[u8],
    ) -> Result<T> {
        serde_json::from_slice(&self.open(cell, sealed)?).map_err(|_| Error::Damaged)
    }

    /// Opens what was sealed for the same `cell`.
    pub fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let Some((&VERSION, rest)) = sealed.split_first() else {
            return Err(Error::Damaged);
        };
        let Some((nonce, body)) = rest.split_first_chunk::<NONCE_LEN>() else {
            return Err(Error::Damaged);
        };
        let mut bytes = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(cell.associated_data()), &mut bytes);
        let length = opened.map_err(|_| Error::Damaged)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Cell<'_> = Cell { table: "draft", id: b"one", column: "answers", version: 7 };

    #[test]
    fn a_cell_opens_in_its_own_place_only() {
        let key = CellKey::new(&[1; 32]);
        let sealed = key.seal(CELL, b"canary").unwrap();
        assert_eq!(*key.open(CELL, &sealed).unwrap(), b"canary");
        let others = [
            Cell { table: "report", ..CELL },
            Cell { id: b"two", ..CELL },
            Cell { column: "index", ..CELL },
            Cell { version: 6, ..CELL },
        ];
        for other in others {
            assert!(matches!(key.open(other, &sealed), Err(Error::Damaged)), "{other:?}");
        }
        assert!(CellKey::new(&[2; 32]).open(CELL, &sealed).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let key = CellKey::new(&[1; 32]);
        let sealed = key.seal(CELL, b"canary").unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut flipped = sealed.clone();
                flipped[at] ^= 1 << bit;
                assert!(key.open(CELL, &flipped).is_err());
            }
            assert!(key.open(CELL, &sealed[..at]).is_err());
        }
    }

    #[test]
    fn the_same_answer_never_looks_the_same() {
        let key = CellKey::new(&[1; 32]);
        assert_ne!(key.seal(CELL, b"yes").unwrap(), key.seal(CELL, b"yes").unwrap());
    }
}
