//! The key hierarchy: from what the device gives to what seals a cell.

use rusqlite::{Connection, OptionalExtension};
use zeroize::Zeroizing;

use super::blob::BlobKey;
use super::cell::{Cell, CellKey};
use super::{DeviceKey, KeySlot};
use crate::crypto::{derive_secret, make_secret};
use crate::error::{Error, Result};
use crate::ids::{MediumId, ReportId};

/// The secret of one report; everything of the report is sealed under what it derives.
pub struct ReportKey(Zeroizing<[u8; 32]>);

impl ReportKey {
    /// A new random key.
    #[must_use]
    pub fn make() -> Self {
        Self(make_secret())
    }

    /// The key that seals the report's rows.
    #[must_use]
    pub fn cells(&self) -> CellKey {
        CellKey::new(&derive_secret(&self.0, &[b"homeward rows 1"]))
    }

    /// The key of one medium's file.
    #[must_use]
    pub fn blob(&self, medium: MediumId) -> BlobKey {
        BlobKey::new(&derive_secret(&self.0, &[b"homeward blob 1 ", medium.as_bytes()]))
    }
}

/// The keys that are open while the vault is.
pub struct Keys {
    /// Seals the heads of all reports, and wraps their keys.
    vault: CellKey,
    /// Seals the outbox.
    queue: CellKey,
}

impl Keys {
    /// Seals report heads.
    #[must_use]
    pub fn vault(&self) -> &CellKey {
        &self.vault
    }

    /// Seals outbox rows.
    #[must_use]
    pub fn queue(&self) -> &CellKey {
        &self.queue
    }

    /// Wraps `key` for the row of `report`.
    pub fn wrap(&self, report: ReportId, key: &ReportKey) -> Result<Vec<u8>> {
        self.vault.seal(key_cell(&report), key.0.as_slice())
    }

    /// Opens the key in the row of `report`.
    pub fn unwrap(&self, report: ReportId, wrapped: &[u8]) -> Result<ReportKey> {
        let bytes = self.vault.open(key_cell(&report), wrapped)?;
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| Error::Damaged)?;
        Ok(ReportKey(Zeroizing::new(bytes)))
    }
}

/// A report's key does not change while the report lives, so its cell has no version.
fn key_cell(report: &ReportId) -> Cell<'_> {
    Cell { table: "report", id: report.as_bytes(), column: "key", version: 0 }
}

/// Opens the home's keys with the device, or makes them if the home is new.
pub fn open_keys(connection: &mut Connection, device: &dyn DeviceKey) -> Result<Keys> {
    let vault = open_slot(connection, device, Slot::Vault)?;
    let queue = open_slot(connection, device, Slot::Outbox)?;
    let vault = CellKey::new(&derive_secret(&vault, &[b"homeward vault 1"]));
    let queue = CellKey::new(&derive_secret(&queue, &[b"homeward outbox 1"]));
    Ok(Keys { vault, queue })
}

#[derive(Clone, Copy)]
enum Slot {
    Vault,
    Outbox,
}

impl Slot {
    fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Outbox => "outbox",
        }
    }

    fn at(self, generation: u32) -> KeySlot {
        match self {
            Self::Vault => KeySlot::Vault { generation },
            Self::Outbox => KeySlot::Outbox { generation },
        }
    }
}

fn open_slot(
    connection: &mut Connection,
    device: &dyn DeviceKey,
    slot: Slot,
) -> Result<Zeroizing<[u8; 32]>> {
    // Read first: an existing home opens without waiting for a writer.
    if let Some(wrapped) = read_slot(connection, slot)? {
        return open_wrapped(device, slot, &wrapped);
    }
    let transaction = super::db::write(connection)?;
    if let Some(wrapped) = read_slot(&transaction, slot)? {
        return open_wrapped(device, slot, &wrapped);
    }
    let key = make_secret();
    let wrapped = device.wrap(slot.at(0), key.as_slice())?;
    transaction.execute(
        "INSERT INTO keyring (slot, generation, wrapped) VALUES (?1, 0, ?2)",
        (slot.name(), wrapped),
    )?;
    transaction.commit()?;
    Ok(key)
}

/// A key as the device wrapped it.
struct Wrapped {
    generation: u32,
    bytes: Vec<u8>,
}

fn read_slot(connection: &Connection, slot: Slot) -> Result<Option<Wrapped>> {
    let sql = "SELECT generation, wrapped FROM keyring WHERE slot = ?1";
    let row = connection.query_row(sql, [slot.name()], |row| {
        Ok(Wrapped { generation: row.get(0)?, bytes: row.get(1)? })
    });
    Ok(row.optional()?)
}

fn open_wrapped(
    device: &dyn DeviceKey,
    slot: Slot,
    wrapped: &Wrapped,
) -> Result<Zeroizing<[u8; 32]>> {
    let key = Zeroizing::new(device.open(slot.at(wrapped.generation), &wrapped.bytes)?);
    let key: [u8; 32] = key.as_slice().try_into().map_err(|_| Error::Damaged)?;
    Ok(Zeroizing::new(key))
}
