//! A device key in a file: what Keystore or Secure Enclave do on a phone.
//!
//! The file lies outside the home, so that who copies the home has not copied the key.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use homeward_core::vault::cell::{Cell, CellKey};
use homeward_core::vault::{DeviceKey, DeviceKeyError, KeySlot};
use ring::rand::{SecureRandom, SystemRandom};

/// Keys by slot, in one JSON file that only its owner reads.
pub(crate) struct FileDeviceKey {
    path: PathBuf,
}

type Keys = BTreeMap<String, [u8; 32]>;

impl FileDeviceKey {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    fn read(&self) -> Result<Keys, DeviceKeyError> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| DeviceKeyError::Failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Keys::new()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(DeviceKeyError::Refused)
            }
            Err(_) => Err(DeviceKeyError::Failed),
        }
    }

    /// Reads, changes and writes the keys; one process at a time.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Keys) -> Result<T, DeviceKeyError>,
    ) -> Result<T, DeviceKeyError> {
        let failed = |_| DeviceKeyError::Failed;
        let lock = private_file(&self.path.with_extension("device-key-lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut keys = self.read()?;
        let done = change(&mut keys)?;
        let json = serde_json::to_vec(&keys).map_err(|_| DeviceKeyError::Failed)?;
        let partial = self.path.with_extension("device-key-partial");
        write_whole(&partial, &json)
            .and_then(|()| fs::rename(&partial, &self.path))
            .map_err(failed)?;
        Ok(done)
    }
}

impl DeviceKey for FileDeviceKey {
    fn wrap(&self, slot: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.change(|keys| {
            let name = name(slot);
            if !keys.contains_key(&name) {
                let mut made = [0; 32];
                SystemRandom::new().fill(&mut made).map_err(|_| DeviceKeyError::Failed)?;
                keys.insert(name.clone(), made);
            }
            let slot_key = CellKey::new(&keys[&name]);
            slot_key.seal(cell(&name), key).map_err(|_| DeviceKeyError::Failed)
        })
    }

    fn open(&self, slot: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        let (keys, name) = (self.read()?, name(slot));
        let slot_key = CellKey::new(keys.get(&name).ok_or(DeviceKeyError::Gone)?);
        let key = slot_key.open(cell(&name), wrapped).map_err(|_| DeviceKeyError::Gone)?;
        Ok(key.to_vec())
    }

    fn delete(&self, slot: KeySlot) -> Result<(), DeviceKeyError> {
        self.change(|keys| {
            keys.remove(&name(slot));
            Ok(())
        })
    }

    fn delete_all(&self) -> Result<(), DeviceKeyError> {
        self.change(|keys| {
            keys.clear();
            Ok(())
        })
    }
}

fn name(slot: KeySlot) -> String {
    match slot {
        KeySlot::Vault { generation } => format!("vault-{generation}"),
        KeySlot::Outbox { generation } => format!("outbox-{generation}"),
    }
}

fn cell(name: &str) -> Cell<'_> {
    Cell { table: "device-key", id: name.as_bytes(), column: "wrapped", version: 1 }
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private_file(path)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_all()
}
