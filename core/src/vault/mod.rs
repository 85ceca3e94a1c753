//! The vault: what a person typed, on a phone that may be seized or may die at any moment.
//!
//! ```text
//! device key (Keystore, Secure Enclave)
//!  ├─ slot Vault  ──▶ vault key ──▶ one report key per report ──▶ rows, blobs
//!  └─ slot Outbox ──▶ queue key ──▶ queue rows
//! ```
//!
//! One SQLite file holds the rows ([`db`]). Each sealed cell is AES-256-GCM and bound to its table,
//! row, column and version ([`cell`]), so that no cell opens in another's place. Photos lie beside
//! it as files sealed in chunks ([`blob`]). Only random keys are wrapped, and wrapping is the
//! device's ([`DeviceKey`]): who copies the folder has ciphertext only.
//!
//! Two slots, because uploading must go on while the vault is locked: the queue key opens nothing
//! but where and how a part is sent.

pub mod blob;
pub mod cell;
pub mod db;
mod device;
pub(crate) mod keys;
mod passphrase;

pub use device::{DeviceKey, DeviceKeyError, KeySlot};
pub use passphrase::Passphrase;

use cell::CellKey;
use keys::{QueueKey, VaultKey};

/// The keys of a database whose vault is open.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    /// Opens the reports.
    pub(crate) vault: &'a VaultKey,
    /// Opens the outbox.
    pub(crate) outbox: &'a QueueKey,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(vault: &'a VaultKey, outbox: &'a QueueKey) -> Self {
        Self { vault, outbox }
    }

    /// Seals the outbox's rows.
    pub(crate) fn queue(self) -> CellKey {
        self.outbox.cells()
    }
}

/// What can be done with what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultState {
    /// Everything opens.
    Ready,
    /// The device did not give the key; it may later.
    Locked,
    /// The device has lost the key for ever.
    KeyLost,
    /// What is stored does not open. It is kept as it is.
    Damaged,
    /// A newer version of Homeward wrote it. It is kept as it is.
    FromNewerApp,
}

impl VaultState {
    /// The message that says it.
    #[must_use]
    pub fn message_id(self) -> &'static str {
        match self {
            Self::Ready => "vault-ready",
            Self::Locked => "vault-locked",
            Self::KeyLost => "vault-key-lost",
            Self::Damaged => "vault-damaged",
            Self::FromNewerApp => "vault-from-newer-app",
        }
    }
}
