//! The key that the device guards, given by the app: Keystore, Keychain or a file.

use std::sync::Arc;

use homeward_core::vault;

use crate::call::call_app;

/// What a device key is asked to wrap. A generation is new whenever the old must stop opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum KeySlot {
    /// The vault key: answers and photos. May ask the person.
    Vault {
        /// Counts the keys that this slot has had.
        generation: u32,
    },
    /// The queue key, with which sealed parts leave while the phone is locked. Never asks.
    Outbox {
        /// Counts the keys that this slot has had.
        generation: u32,
    },
}

/// Why a device key did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum DeviceKeyError {
    /// Not now: the phone is locked, or the person was not recognised.
    #[error("refused")]
    Refused,
    /// Never again: the key is lost, as after a new fingerprint or a restored backup.
    #[error("gone")]
    Gone,
    /// Something else went wrong; also whatever the app throws that is none of these.
    #[error("failed")]
    Failed,
}

/// Wraps the core's keys with a key that never leaves the device.
///
/// Called on the thread of the call that needs it. Must not call back into the core: that is
/// refused.
#[uniffi::export(foreign)]
pub trait DeviceKey: Send + Sync {
    /// Wraps `key` for `slot`, making the slot's key if there is none. 32 bytes go in.
    fn wrap(&self, slot: KeySlot, key: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Opens what `wrap` made for the same slot, and nothing else.
    fn open(&self, slot: KeySlot, wrapped: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Destroys the slot's key. What it wrapped never opens again. No key is no error.
    fn delete(&self, slot: KeySlot) -> Result<(), DeviceKeyError>;

    /// Destroys every key that `wrap` has made, of whatever slot, also in earlier processes. A wipe
    /// calls it first, so that it also ends what lies in files that can't be read any more.
    fn delete_all(&self) -> Result<(), DeviceKeyError>;
}

/// The app's key as the core calls it.
pub(crate) struct AppKey(pub(crate) Arc<dyn DeviceKey>);

impl vault::DeviceKey for AppKey {
    fn wrap(&self, slot: vault::KeySlot, key: &[u8]) -> Result<Vec<u8>, vault::DeviceKeyError> {
        Ok(call_app(|| self.0.wrap(slot.into(), key.to_vec()))?)
    }

    fn open(&self, slot: vault::KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, vault::DeviceKeyError> {
        Ok(call_app(|| self.0.open(slot.into(), wrapped.to_vec()))?)
    }

    fn delete(&self, slot: vault::KeySlot) -> Result<(), vault::DeviceKeyError> {
        Ok(call_app(|| self.0.delete(slot.into()))?)
    }

    fn delete_all(&self) -> Result<(), vault::DeviceKeyError> {
        Ok(call_app(|| self.0.delete_all())?)
    }
}

impl From<vault::KeySlot> for KeySlot {
    fn from(slot: vault::KeySlot) -> Self {
        match slot {
            vault::KeySlot::Vault { generation } => Self::Vault { generation },
            vault::KeySlot::Outbox { generation } => Self::Outbox { generation },
        }
    }
}

impl From<DeviceKeyError> for vault::DeviceKeyError {
    fn from(error: DeviceKeyError) -> Self {
        match error {
            DeviceKeyError::Refused => Self::Refused,
            DeviceKeyError::Gone => Self::Gone,
            DeviceKeyError::Failed => Self::Failed,
        }
    }
}

// The app threw something undeclared. Its text is a stack trace, and is dropped here.
impl From<uniffi::UnexpectedUniFFICallbackError> for DeviceKeyError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}
