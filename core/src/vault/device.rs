//! The key that the device guards. The core never sees it.

/// What a device key is asked to wrap. A generation is new whenever the old must stop opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySlot {
    /// The vault key.
    Vault {
        /// Counts the keys that this slot has had.
        generation: u32,
    },
    /// The queue key, which must be there while the phone is locked.
    Outbox {
        /// Counts the keys that this slot has had.
        generation: u32,
    },
}

/// Why a device key did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeyError {
    /// Not now: the phone is locked, or the person was not recognised.
    #[error("the device refused the key")]
    Refused,
    /// Never again: the key was lost, as phones do after a new fingerprint or an update.
    #[error("the device has lost the key")]
    Gone,
    /// Something else went wrong.
    #[error("the device key failed")]
    Failed,
}

/// The key in Keystore or Secure Enclave. Called on the thread of the call that needs it.
pub trait DeviceKey: Send + Sync {
    /// Wraps `key` for `slot`, making the slot's key if there is none.
    fn wrap(&self, slot: KeySlot, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError>;

    /// Opens what [`wrap`](Self::wrap) made for the same slot.
    fn open(&self, slot: KeySlot, wrapped: &[u8]) -> Result<Vec<u8>, DeviceKeyError>;

    /// Destroys the slot's key. What it wrapped never opens again.
    fn delete(&self, slot: KeySlot) -> Result<(), DeviceKeyError>;

    /// Destroys every key that [`wrap`](Self::wrap) has made, of whatever slot: a wipe also ends
    /// what lies in files that can't be read any more.
    fn delete_all(&self) -> Result<(), DeviceKeyError>;
}

impl From<DeviceKeyError> for crate::Error {
    fn from(error: DeviceKeyError) -> Self {
        match error {
            DeviceKeyError::Refused => Self::Locked,
            DeviceKeyError::Gone => Self::KeyLost,
            DeviceKeyError::Failed => Self::Unexpected("error-device-key"),
        }
    }
}
