//! What comes in while the vault is locked, or can be read only once.

use crate::call::call;
use crate::error::ApiResult;
use crate::files::ByteSource;
use crate::homeward::Homeward;
use crate::names::texts;

#[uniffi::export]
impl Homeward {
    /// Takes in a photo, video or recording, sealed to the vault, and gives the id under which it
    /// can be attached later (`MediaSource.Capture`); while the vault is closed and not just
    /// locked, at once to what is reported then. For a share extension, a camera while the vault is
    /// locked, and a stream that can't be read at any place. On disk when this returns; nothing is
    /// ever written in clear.
    pub fn capture(&self, from: ByteSource) -> ApiResult<String> {
        // First of all: a descriptor that was handed over is ours to close.
        let from = from.open();
        call(|| Ok(self.0.capture(&mut from?)?.to_string()))
    }

    /// The ids of what was captured and not attached yet.
    pub fn captures(&self) -> ApiResult<Vec<String>> {
        call(|| Ok(texts(&self.0.captures()?)))
    }
}
