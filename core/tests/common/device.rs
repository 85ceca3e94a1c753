//! A device key in memory, which fails as real ones do.

use std::collections::HashMap;
use std::sync::Mutex;

use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};

/// The keys of a device. They survive the app, as Keystore's do.
#[derive(Default)]
pub struct TestDevice {
    keys: Mutex<HashMap<KeySlot, [u8; 32]>>,
    faults: Mutex<Faults>,
}

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// Every call for the vault's slot fails so.
    pub vault: Option<DeviceKeyError>,
    /// Every call for the outbox's slot fails so.
    pub outbox: Option<DeviceKeyError>,
    /// So many deletions fail from now on.
    pub deletions: u32,
    /// What the vault's slot opens is not what was wrapped.
    pub wrong: Option<Wrong>,
    /// What the outbox's slot opens is not what was wrapped.
    pub wrong_outbox: Option<Wrong>,
}

/// What a broken device gives in place of a key.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    /// Another key of the right length.
    OtherKey,
    /// Bytes that are no key.
    Garbage,
    /// Nothing.
    Empty,
}

impl TestDevice {
    /// From now on the device fails like this; with the default it fails no more.
    pub fn fail(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    /// The slots that have a key.
    pub fn slots(&self) -> Vec<KeySlot> {
        self.keys.lock().unwrap().keys().copied().collect()
    }

    /// Loses every key, as a reset of the phone's lock does.
    pub fn lose_all(&self) {
        self.keys.lock().unwrap().clear();
    }

    /// Loses the keys of the outbox only.
    pub fn lose_outbox(&self) {
        self.keys.lock().unwrap().retain(|slot, _| matches!(slot, KeySlot::Vault { .. }));
    }

    fn refusal(&self, slot: KeySlot) -> Result<(), DeviceKeyError> {
        let faults = self.faults.lock().unwrap();
        let fault = match slot {
            KeySlot::Vault { .. } => faults.vault,
            KeySlot::Outbox { .. } => faults.outbox,
        };
        fault.map_or(Ok(()), Err)
    }

    fn wrong(&self, slot: KeySlot) -> Option<Wrong> {
        let faults = self.faults.lock().unwrap();
        match slot {
            KeySlot::Vault { .. } => faults.wrong,
            KeySlot::Outbox { .. } => faults.wrong_outbox,
        }
    }
}

const CELL: Cell<'_> = Cell { table: "device", id: b"key", column: "wrapped", version: 1 };

impl DeviceKey for TestDevice {
    fn wrap(&self, slot: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.refusal(slot)?;
        let mut keys = self.keys.lock().unwrap();
        let random = age::x25519::Identity::generate().to_public().to_string();
        let made = *homeward_core::crypto::sha256(random.as_bytes()).as_bytes();
        let slot_key = CellKey::new(keys.entry(slot).or_insert(made));
        slot_key.seal(CELL, key).map_err(|_| DeviceKeyError::Failed)
    }

    fn open(&self, slot: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.refusal(slot)?;
        match self.wrong(slot) {
            None => {}
            Some(Wrong::OtherKey) => return Ok(vec![42; 32]),
            Some(Wrong::Garbage) => return Ok(vec![42; 1000]),
            Some(Wrong::Empty) => return Ok(Vec::new()),
        }
        let keys = self.keys.lock().unwrap();
        let slot_key = CellKey::new(keys.get(&slot).ok_or(DeviceKeyError::Gone)?);
        let key = slot_key.open(CELL, wrapped).map_err(|_| DeviceKeyError::Gone)?;
        Ok(key.to_vec())
    }

    fn delete(&self, slot: KeySlot) -> Result<(), DeviceKeyError> {
        {
            let mut faults = self.faults.lock().unwrap();
            if faults.deletions > 0 {
                faults.deletions -= 1;
                return Err(DeviceKeyError::Failed);
            }
        }
        self.keys.lock().unwrap().remove(&slot);
        Ok(())
    }
}
