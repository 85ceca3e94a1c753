//! Speaking instead of typing.

use std::sync::{Arc, Mutex, PoisonError};

use homeward_core::{self as core, Refusal};

use crate::call::call;
use crate::error::ApiResult;
use crate::hide::hides_value;
use crate::homeward::Homeward;
use crate::media::Medium;
use crate::names;

/// A recording under way. Once nobody holds it, or when the process ends, it leaves nothing.
#[derive(uniffi::Object)]
pub struct Recording(Mutex<Option<core::Recording>>);

/// What became of a recording.
#[derive(Clone, PartialEq, uniffi::Enum)]
#[uniffi::export(Debug)]
#[expect(clippy::large_enum_variant, reason = "it crosses once; a box can't")]
pub enum Recorded {
    /// It is attached to its field, without metadata, and sealed.
    Attached {
        /// The recording as the report has it.
        medium: Medium,
    },
    /// The vault has closed meanwhile. It is sealed to the vault, to be attached
    /// (`MediaSource.Capture`) when that opens.
    Captured {
        /// The capture's id.
        capture: String,
    },
}

hides_value!(Recorded);

#[uniffi::export]
impl Homeward {
    /// Begins to record for a field. `Refused` for a field that takes no recording. Works for any
    /// report that can be opened, and for those in a locked vault.
    pub fn record(&self, id: &str, field: &str) -> ApiResult<Arc<Recording>> {
        call(|| {
            let recording = self.0.record(id.parse()?, &names::field(field)?)?;
            Ok(Arc::new(Recording(Mutex::new(Some(recording)))))
        })
    }
}

#[uniffi::export]
impl Recording {
    /// Adds what the microphone gave next: a piece of a sound file (AAC as ADTS, or a file of the
    /// MP4 family), in its order. Never in clear on the disk, and no more of it in memory than
    /// 64 KiB. When this fails all that was added before is still there. `Refused` after `finish`
    /// or `discard`.
    pub fn write(&self, bytes: Vec<u8>) -> ApiResult<()> {
        call(|| {
            let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(recording.as_mut().ok_or(Refusal::RecordingOver)?.write(&bytes)?)
        })
    }

    /// Removes the recording's metadata and attaches it. On disk when this returns. When this fails
    /// the recording is still there, and this can be called again. `Refused` after it worked.
    pub fn finish(&self) -> ApiResult<Recorded> {
        call(|| {
            let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let recorded = recording.as_mut().ok_or(Refusal::RecordingOver)?.finish()?;
            *recording = None;
            Ok(recorded.into())
        })
    }

    /// Throws the recording away. Nothing of it can be read any more.
    pub fn discard(&self) -> ApiResult<()> {
        call(|| {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
            Ok(())
        })
    }
}

impl From<core::Recorded> for Recorded {
    fn from(recorded: core::Recorded) -> Self {
        match recorded {
            core::Recorded::Attached(medium) => Self::Attached { medium: (*medium).into() },
            core::Recorded::Captured(capture) => Self::Captured { capture: capture.to_string() },
        }
    }
}
