//! Profiles of children, kept ahead of need, and carried to another phone.

use homeward_core as core;
use homeward_core::Error;
use homeward_core::vault::Passphrase;

use crate::call::call;
use crate::error::ApiResult;
use crate::files::{ByteSource, ByteTarget};
use crate::hide::hides_value;
use crate::homeward::Homeward;
use crate::names::list;

/// A profile's answer that should be looked at again.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Reminder {
    /// The profile's id.
    pub profile: String,
    /// The name of the field: a photo, a height.
    pub field: String,
    /// When it was answered last, Unix ms.
    pub answered_at_ms: i64,
}

hides_value!(Reminder);

#[uniffi::export]
impl Homeward {
    /// What of the profiles should be looked at again. None for a child with any report.
    pub fn reminders(&self) -> ApiResult<Vec<Reminder>> {
        call(|| Ok(list(self.0.reminders()?)))
    }

    /// Writes a profile as one age file under a passphrase, for another phone or a second guardian.
    /// On disk when this returns. When this is refused an earlier file of the same name is still
    /// there; one that this left unfinished opens nowhere.
    pub fn export_profile(&self, id: &str, passphrase: &str, to: ByteTarget) -> ApiResult<()> {
        // First of all: a descriptor that was handed over is ours to close.
        let to = to.open();
        call(|| {
            let mut file = to?;
            self.0.export_profile(id.parse()?, &Passphrase::new(passphrase), &mut file)?;
            Ok(file.sync().map_err(Error::from)?)
        })
    }

    /// Reads a profile that another phone exported, as a new profile, and gives its id. `Refused`
    /// for what is no such file, and for a wrong passphrase.
    pub fn import_profile(&self, passphrase: &str, from: ByteSource) -> ApiResult<String> {
        let from = from.open();
        call(|| Ok(self.0.import_profile(&Passphrase::new(passphrase), &mut from?)?.to_string()))
    }
}

impl From<core::Reminder> for Reminder {
    fn from(reminder: core::Reminder) -> Self {
        let core::Reminder { profile, field, answered_at_ms } = reminder;
        Self { profile: profile.to_string(), field: field.to_string(), answered_at_ms }
    }
}
