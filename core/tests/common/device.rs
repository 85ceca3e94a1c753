//! A device key in memory, which fails as real ones do.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};

/// The keys of a device. They survive the app, as Keystore's do.
#[derive(Default)]
pub struct TestDevice {
    keys: Mutex<HashMap<KeySlot, [u8; 32]>>,
    faults: Mutex<Faults>,
    /// Where the next opening tells that it has begun, and waits to be let go.
    held: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    /// Every call for the vault's slot fails so.
    pub vault: Option<DeviceKeyError>,
    /// Every call for the outbox's slot fails so.
    pub outbox: Option<DeviceKeyError>,
    /// Every call ends in a panic.
    pub panics: bool,
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

    /// A device with the same keys.
    pub fn twin(&self) -> Self {
        Self { keys: Mutex::new(self.keys.lock().unwrap().clone()), ..Self::default() }
    }

    /// Holds the next opening of a key: it says that it has begun, and goes on when it is told to.
    pub fn hold(&self) -> (Receiver<()>, Sender<()>) {
        let ((begun, has_begun), (go_on, may_go_on)) = (channel(), channel());
        *self.held.lock().unwrap() = Some((begun, may_go_on));
        (has_begun, go_on)
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
        let faults = *self.faults.lock().unwrap();
        assert!(!faults.panics, "the device key threw");
        let fault = match slot {
            KeySlot::Vault { .. } => faults.vault,
            KeySlot::Outbox { .. } => faults.outbox,
        };
        fault.map_or(Ok(()), Err)
    }

    fn may_delete(&self) -> Result<(), DeviceKeyError> {
        let mut faults = self.faults.lock().unwrap();
        if faults.deletions == 0 {
            return Ok(());
        }
        faults.deletions -= 1;
        Err(DeviceKeyError::Failed)
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
        let held = self.held.lock().unwrap().take();
        if let Some((begun, may_go_on)) = held {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap();
        }
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
        self.may_delete()?;
        self.keys.lock().unwrap().remove(&slot);
        Ok(())
    }

    fn delete_all(&self) -> Result<(), DeviceKeyError> {
        self.may_delete()?;
        self.lose_all();
        Ok(())
    }
}
