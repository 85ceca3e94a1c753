//! Speaking instead of typing: record, attach.

use std::sync::Arc;

use super::{Homeward, Medium};
use crate::error::Result;
use crate::forms::FieldId;
use crate::ids::{CaptureId, ReportId};
use crate::recording::{self, Recorder};

/// A recording under way. Dropped, or killed with its process, it leaves nothing.
pub struct Recording(Recorder);

/// What became of a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// It is attached to its field, scrubbed and sealed.
    Attached(Box<Medium>),
    /// The vault has closed meanwhile. It is sealed to the vault, to be attached as
    /// [`Source::Capture`](super::Source::Capture) when that opens.
    Captured(CaptureId),
}

impl Homeward {
    /// Begins to record for a field. Refused for a field that takes no recording. Any report can be
    /// spoken to that can be opened, and those in a locked vault.
    pub fn record(&self, id: ReportId, field: &FieldId) -> Result<Recording> {
        Recorder::begin(Arc::clone(&self.store), id, field).map(Recording)
    }
}

impl Recording {
    /// Adds what the microphone gave next: a piece of a file of one of the sound formats that
    /// [`attach`](Homeward::attach) takes, in its order. Never in clear on the disk, and no more of
    /// it in memory than 64 KiB. When this fails all that was added before is still there.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write(bytes)
    }

    /// Removes the recording's metadata and attaches it. On disk when this returns. When this fails
    /// the recording is still there, and this can be called again.
    pub fn finish(&mut self) -> Result<Recorded> {
        Ok(match self.0.finish()? {
            recording::Recorded::Attached(stored) => {
                Recorded::Attached(Box::new(Medium::from(&*stored)))
            }
            recording::Recorded::Captured(capture) => Recorded::Captured(capture),
        })
    }
}

// What was said is not printed by accident.
impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recording(…)")
    }
}
